//! `GET /v1/ledger/checkpoint`: the last signed checkpoint.

use std::sync::Arc;

use axum::extract::State;

use crate::app::App;

/// The last signed checkpoint, as a C2SP signed note. All that it covers is durable.
#[utoipa::path(
    get,
    path = "/v1/ledger/checkpoint",
    tag = "ledger",
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain")),
)]
pub async fn checkpoint(State(app): State<Arc<App>>) -> String {
    app.log.ledger().checkpoint().note().to_owned()
}
