//! `GET /v1/policies/{id}`: one of the bank's policies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::documents::Policy;
use covenant_api::ids::{self, prefix};
use covenant_api::log::{View, cells};
use covenant_api::refusals::UNKNOWN_POLICY;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::extract::Path;
use crate::http::id::Wanted;
use crate::http::{Bank, Problem};
use crate::records::Records;

/// A policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyDetail {
    /// Its id, 64 hexadecimal digits.
    #[schema(value_type = String)]
    id: Hex32,
    /// Its id as people see it.
    shown: String,
    /// The entry that holds it.
    index: u64,
    /// The signed document.
    #[schema(value_type = Object)]
    document: Signed<Policy>,
    /// The policy in plain language, written from the program that proofs are checked against.
    text: String,
}

/// One of the bank's policies, with its text in plain language.
#[utoipa::path(
    get,
    path = "/v1/policies/{id}",
    tag = "bank",
    params(("id" = String, Path, description = "64 hexadecimal digits, or as people see it (pol_…)")),
    responses((status = 200, description = "The policy", body = PolicyDetail)),
    security(("token" = [])),
)]
pub async fn policy(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Path(id): Path<String>,
) -> Result<Json<PolicyDetail>, Problem> {
    let wanted = Wanted::parse(&id, prefix::POLICY)?;
    app.blocking(move |app| {
        let unknown = || Refusal::new(&UNKNOWN_POLICY, id.as_str());
        let found = wanted.among(app.log.ledger(), &cells::of_bank("policy", &bank))?;
        let id = found.ok_or_else(unknown)?;
        let records = Records(app.log.ledger());
        let view = View::new(&records, &app.shelf);
        let cell = view.cell(cells::policy(&bank, &id))?.ok_or_else(unknown)?;
        let policy = view.policy(&bank, &id)?;
        Ok(Json(PolicyDetail {
            id,
            shown: ids::display(prefix::POLICY, &id),
            index: cell.version,
            document: policy.document().to_signed(),
            text: policy.plain_language()?.to_string(),
        }))
    })
    .await
}
