//! `GET /metrics`: what Prometheus collects.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::App;
use crate::metrics::MEDIA_TYPE;

/// Counters and histograms. They hold routes, statuses and codes: no ids, names or figures.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "The metrics, in OpenMetrics text", body = String, content_type = "application/openmetrics-text")),
)]
pub async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let ledger = app.log.ledger();
    let text = app
        .metrics
        .text(ledger.size(), ledger.stopped().is_some(), app.proofs.waiting());
    ([(CONTENT_TYPE, MEDIA_TYPE)], text)
}
