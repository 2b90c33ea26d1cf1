//! `GET /v1/ledger/receipts/{index}/tlog-proof`: a receipt as a file for tools of others.

use std::sync::Arc;

use axum::extract::State;
use covenant_ledger::errors::ReceiptError;

use super::entitlement;
use crate::app::App;
use crate::http::extract::{Number, Path};
use crate::http::{Caller, Problem};

/// An entry's receipt under the last checkpoint as a C2SP tlog-proof. Entry, salt and body stand in its extra line, the latter two only
/// for whoever may read them.
#[utoipa::path(
    get,
    path = "/v1/ledger/receipts/{index}/tlog-proof",
    tag = "ledger",
    params(("index" = u64, Path, description = "The entry's place in the log")),
    responses((status = 200, description = "The proof", body = String, content_type = "text/plain")),
    security((), ("token" = [])),
)]
pub async fn tlog_proof(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(index): Path<Number>,
) -> Result<String, Problem> {
    app.log
        .blocking(move |ledger| {
            let receipt = entitlement::receipt(ledger, &caller, index.0)?;
            receipt
                .tlog_proof()
                .map_err(|error: ReceiptError| Problem::internal(error))
        })
        .await
}
