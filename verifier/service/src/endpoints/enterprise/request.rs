//! `GET /v1/requests/{id}`: a request and its policy, for whoever holds the request's id.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::documents::{Policy, Request};
use covenant_api::host;
use covenant_api::sign::Signed;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::Problem;
use crate::http::extract::Path;
use crate::http::id;
use crate::records::applications::{OnRecord, Stage};

/// What a bank asks for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestAnswer {
    /// The request, signed by the bank.
    #[schema(value_type = Object)]
    request: Signed<Request>,
    /// The policy that it names, signed by the bank.
    #[schema(value_type = Object)]
    policy: Signed<Policy>,
    state: RequestState,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// It can be answered.
    Open,
    /// It can no longer be answered.
    Expired,
    /// It was answered, and the bank has not decided yet.
    Answered,
    /// The bank approved.
    Approved,
    /// The bank refused.
    Refused,
}

impl From<Stage> for RequestState {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Asked => Self::Open,
            Stage::Expired => Self::Expired,
            Stage::Answered => Self::Answered,
            Stage::Approved => Self::Approved,
            Stage::Refused => Self::Refused,
        }
    }
}

/// A request with its policy, both signed by the bank, and how far it is.
#[utoipa::path(
    get,
    path = "/v1/requests/{id}",
    tag = "enterprise",
    params(("id" = String, Path, description = "The request's id, 64 hexadecimal digits")),
    responses((status = 200, description = "The request", body = RequestAnswer)),
)]
pub async fn request(State(app): State<Arc<App>>, Path(text): Path<String>) -> Result<Json<RequestAnswer>, Problem> {
    let id = id::whole(&text)?;
    app.blocking(move |app| {
        let found = OnRecord::read(app, &id)?;
        Ok(Json(RequestAnswer {
            request: found.request.document.to_signed(),
            policy: found.policy.document().to_signed(),
            state: found.stage(host::now()?).into(),
        }))
    })
    .await
}
