//! `POST /v1/enrolments`: an invitation is redeemed.

use std::sync::Arc;

use axum::extract::State;
use covenant_api::document;
use covenant_api::documents::Enrolment;
use covenant_api::log::Record;

use crate::app::App;
use crate::endpoints::answers::{Answer, Filed, Repeatable, filed};
use crate::http::extract::{DocumentBody, Raw};
use crate::http::{Caller, Problem};
use crate::idempotency::IdempotencyKey;
use crate::records::write::{Call, record};

/// An invitation is redeemed: pseudonym and key, under the one-time code's MAC. Whether the code was right, the bank decides; it hears of
/// the enrolment among its events.
#[utoipa::path(
    post,
    path = "/v1/enrolments",
    tag = "enterprise",
    params(Repeatable),
    request_body(content = Object, description = "A document of type enrolment", content_type = "application/json"),
    responses(
        (status = 201, description = "It stands in the log", body = Filed),
        (status = 200, description = "It stands there since the same call before", body = Filed),
    ),
)]
pub async fn enrolments(
    State(app): State<Arc<App>>,
    caller: Caller,
    key: IdempotencyKey,
    Raw { bytes: body, .. }: Raw<DocumentBody>,
) -> Result<Answer<Filed>, Problem> {
    let document: Enrolment = document::from_json(&body)?;
    filed(record(&app, Call { caller, key, body }, Record::Enrolment { document }, None).await?)
}
