//! `GET /v1/ledger/entries/{index}`: one entry.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::LogEntry;
use crate::app::App;
use crate::http::Problem;
use crate::http::extract::{Number, Path};

/// One entry.
#[utoipa::path(
    get,
    path = "/v1/ledger/entries/{index}",
    tag = "ledger",
    params(("index" = u64, Path, description = "The entry's place in the log")),
    responses((status = 200, description = "The entry", body = LogEntry)),
)]
pub async fn entry(State(app): State<Arc<App>>, Path(index): Path<Number>) -> Result<Json<LogEntry>, Problem> {
    app.log
        .blocking(move |ledger| Ok(Json(LogEntry::from(&ledger.entry(index.0)?))))
        .await
}
