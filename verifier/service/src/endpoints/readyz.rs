//! `GET /readyz`: the service takes work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;

/// Whether the service takes work: the ledger writes, the queue of proofs has room, and nobody asked it to stop.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "The service takes work", body = String, content_type = "text/plain"),
        (status = 503, description = "It does not, and why", body = String, content_type = "text/plain"),
    ),
)]
pub async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, String) {
    match app.unready() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}
