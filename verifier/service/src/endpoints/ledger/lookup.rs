//! Looking entries up by what somebody holds: an entry's hash, a commitment, a request's id. Each answer is a receipt, so that it is a
//! proof and not the service's word.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::log::cells;
use covenant_api::types::Hex32;
use covenant_ledger::{Hash, Ledger, LedgerError, Receipt};
use covenant_policy::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use super::entitlement;
use crate::app::App;
use crate::http::extract::Path;
use crate::http::{Caller, Problem, id};
use crate::refusals::of_ledger;

/// Whichever entry is found.
type Find = fn(&Ledger, &Hash) -> Result<Option<u64>, LedgerError>;

async fn find(
    app: &Arc<App>,
    caller: Caller,
    text: &str,
    what: &'static str,
    find: Find,
) -> Result<Json<Receipt>, Problem> {
    let hash = Hash(id::whole(text)?.0);
    app.log
        .blocking(move |ledger| {
            let index = find(ledger, &hash)?.ok_or_else(|| absent(format!("{what} {hash}")))?;
            Ok(Json(entitlement::receipt(ledger, &caller, index)?))
        })
        .await
}

fn absent(what: String) -> Refusal {
    of_ledger(&LedgerError::Absent { what })
}

/// The receipt of the entry that has this hash: SHA-256 of a zero byte and the entry, the hash of its leaf.
#[utoipa::path(
    get,
    path = "/v1/ledger/receipts/by-entry/{hash}",
    tag = "ledger",
    params(("hash" = String, Path, description = "The entry's hash, 64 hexadecimal digits")),
    responses((status = 200, description = "The receipt: covenant-receipt/v1", body = Object, content_type = "application/json")),
    security((), ("token" = [])),
)]
pub async fn by_entry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(hash): Path<String>,
) -> Result<Json<Receipt>, Problem> {
    find(&app, caller, &hash, "entry with the hash", Ledger::by_entry_hash).await
}

/// The receipt of the entry that commits to this: SHA-256 of salt and body.
#[utoipa::path(
    get,
    path = "/v1/ledger/receipts/by-commitment/{hash}",
    tag = "ledger",
    params(("hash" = String, Path, description = "The commitment, 64 hexadecimal digits")),
    responses((status = 200, description = "The receipt: covenant-receipt/v1", body = Object, content_type = "application/json")),
    security((), ("token" = [])),
)]
pub async fn by_commitment(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(hash): Path<String>,
) -> Result<Json<Receipt>, Problem> {
    find(&app, caller, &hash, "entry with the commitment", Ledger::by_commitment).await
}

/// What is on record about a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestReceipts {
    /// The receipts of the request, of its verdict and of the decision, as far as they are there; in log order.
    #[schema(value_type = Vec<Object>)]
    receipts: Vec<Receipt>,
}

/// The receipts of everything that is on record about a request: the request itself, the verdict and the decision.
#[utoipa::path(
    get,
    path = "/v1/requests/{id}/receipts",
    tag = "enterprise",
    params(("id" = String, Path, description = "The request's id, 64 hexadecimal digits")),
    responses((status = 200, description = "The receipts", body = RequestReceipts)),
    security((), ("token" = [])),
)]
pub async fn by_request(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<RequestReceipts>, Problem> {
    let request = id::whole(&text)?;
    app.log
        .blocking(move |ledger| {
            let mut receipts = Vec::new();
            for name in names(&request) {
                let cell = ledger.cell(&name)?;
                // A group's cells are stored a moment before its checkpoint is published.
                if let Some(cell) = cell.filter(|cell| cell.version < ledger.size()) {
                    receipts.push(entitlement::receipt(ledger, &caller, cell.version)?);
                }
            }
            if receipts.is_empty() {
                return Err(absent(format!("request {request}")).into());
            }
            Ok(Json(RequestReceipts { receipts }))
        })
        .await
}

/// The cells that point to a request's entries, in the order in which they are written.
fn names(request: &Hex32) -> [cells::Name; 3] {
    [
        cells::request(request),
        cells::verdict(request),
        cells::decision(request),
    ]
}
