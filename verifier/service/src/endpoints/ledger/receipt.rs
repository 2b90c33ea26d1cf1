//! `GET /v1/ledger/receipts/{index}`: an entry's receipt.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_ledger::Receipt;

use super::entitlement;
use crate::app::App;
use crate::http::extract::{Number, Path};
use crate::http::{Caller, Problem};

/// An entry's receipt under the last checkpoint: to be checked offline against the log's key alone. It holds the body only for
/// whoever may read it: the bank whose stream it is, and auditors.
#[utoipa::path(
    get,
    path = "/v1/ledger/receipts/{index}",
    tag = "ledger",
    params(("index" = u64, Path, description = "The entry's place in the log")),
    responses((status = 200, description = "The receipt: covenant-receipt/v1", body = Object, content_type = "application/json")),
    security((), ("token" = [])),
)]
pub async fn receipt(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(index): Path<Number>,
) -> Result<Json<Receipt>, Problem> {
    app.log
        .blocking(move |ledger| Ok(Json(entitlement::receipt(ledger, &caller, index.0)?)))
        .await
}
