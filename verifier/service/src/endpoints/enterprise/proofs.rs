//! `POST /v1/proofs`: from a bundle to a verdict.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::{VerdictAnswer, answer};
use crate::app::App;
use crate::endpoints::answers::{Answer, Repeatable};
use crate::http::extract::{BundleBody, Raw};
use crate::http::{Caller, Problem};
use crate::idempotency::IdempotencyKey;
use crate::records::verdicts;
use crate::records::write::Call;

/// From a bundle to a verdict: the proof is checked against what the bank has on record, the verdict is signed and recorded, and the
/// answer comes with its receipt. A bundle that is refused changes nothing; the problem holds the operator's signed no.
#[utoipa::path(
    post,
    path = "/v1/proofs",
    tag = "enterprise",
    params(Repeatable),
    request_body(content = Object, description = "A signed document of type bundle", content_type = "application/json"),
    responses(
        (status = 201, description = "The proof holds, and the verdict stands in the log", body = VerdictAnswer),
        (status = 200, description = "It stands there since the same call before", body = VerdictAnswer),
    ),
)]
pub async fn proofs(
    State(app): State<Arc<App>>,
    caller: Caller,
    key: IdempotencyKey,
    Raw { bytes: body, .. }: Raw<BundleBody>,
) -> Result<Answer<VerdictAnswer>, Problem> {
    let (status, answered) = answer(verdicts::submit(&app, Call { caller, key, body }).await?)?;
    Ok((status, Json(answered)))
}
