//! `GET /v1/applications/{id}`: one application, with its documents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::documents::{Decision, Invitation, Request, Verdict};
use covenant_api::host;
use covenant_api::ids::prefix;
use covenant_api::log::cells;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use serde::Serialize;
use utoipa::ToSchema;

use super::applications::Application;
use crate::app::App;
use crate::http::extract::Path;
use crate::http::id::Wanted;
use crate::http::{Bank, Problem};
use crate::records::applications::{OnRecord, unknown};

/// An application and the signed documents that it consists of.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationDetail {
    application: Application,
    documents: Documents,
}

/// Signed documents.
#[derive(Debug, Serialize, ToSchema)]
pub struct Documents {
    #[schema(value_type = Object)]
    invitation: Signed<Invitation>,
    #[schema(value_type = Object)]
    request: Signed<Request>,
    /// Signed by the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    verdict: Option<Signed<Verdict>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    decision: Option<Signed<Decision>>,
}

/// What the bank has on record about the request that a path names.
pub(super) fn find(app: &App, bank: &Hex32, wanted: &Wanted, text: &str) -> Result<OnRecord, Problem> {
    let found = wanted.among(app.log.ledger(), &cells::of_bank("application", bank))?;
    let id = found.ok_or_else(|| unknown(text))?;
    Ok(OnRecord::of_bank(app, bank, &id)?)
}

/// One application, with its signed documents.
#[utoipa::path(
    get,
    path = "/v1/applications/{id}",
    tag = "bank",
    params(("id" = String, Path, description = "The request's id: 64 hexadecimal digits, or as people see it (req_…)")),
    responses((status = 200, description = "The application", body = ApplicationDetail)),
    security(("token" = [])),
)]
pub async fn application(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Path(id): Path<String>,
) -> Result<Json<ApplicationDetail>, Problem> {
    let wanted = Wanted::parse(&id, prefix::REQUEST)?;
    app.blocking(move |app| {
        let found = find(app, &bank, &wanted, &id)?;
        Ok(Json(ApplicationDetail {
            application: Application::new(&found, host::now()?),
            documents: Documents {
                invitation: found.invitation.document.to_signed(),
                request: found.request.document.to_signed(),
                verdict: found.verdict.map(|verdict| verdict.document.to_signed()),
                decision: found.decision.map(|decision| decision.document.to_signed()),
            },
        }))
    })
    .await
}
