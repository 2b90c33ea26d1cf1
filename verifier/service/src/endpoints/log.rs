//! `GET /v1/log`: which log this is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// Which log this is. Take the keys for granted only as far as you trust this connection; an anchor comes by another way.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogDescription {
    /// The log's name, the first line of its checkpoints.
    #[schema(example = "example.com/covenant")]
    origin: String,
    /// The key of its checkpoints, in C2SP's form.
    log_key: String,
    /// The Ed25519 key that signs verdicts and refusals, in hexadecimal.
    operator: String,
    /// The number of entries under the last checkpoint.
    size: u64,
}

/// Which log this is.
#[utoipa::path(
    get,
    path = "/v1/log",
    tag = "service",
    responses((status = 200, description = "The log", body = LogDescription)),
)]
pub async fn log(State(app): State<Arc<App>>) -> Json<LogDescription> {
    let ledger = app.log.ledger();
    Json(LogDescription {
        origin: ledger.key().name().to_owned(),
        log_key: ledger.key().to_string(),
        operator: app.operator.public().to_string(),
        size: ledger.size(),
    })
}
