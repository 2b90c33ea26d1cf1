//! `GET /v1/ledger/checkpoints/{size}`: an earlier checkpoint.

use std::sync::Arc;

use axum::extract::State;

use crate::app::App;
use crate::http::Problem;
use crate::http::extract::{Number, Path};

/// The checkpoint that was signed for exactly this size. Not every size has one: entries are written in groups.
#[utoipa::path(
    get,
    path = "/v1/ledger/checkpoints/{size}",
    tag = "ledger",
    params(("size" = u64, Path, description = "The number of entries")),
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain")),
)]
pub async fn checkpoint_at(State(app): State<Arc<App>>, Path(size): Path<Number>) -> Result<String, Problem> {
    app.log
        .blocking(move |ledger| Ok(ledger.checkpoint_at(size.0)?.note().to_owned()))
        .await
}
