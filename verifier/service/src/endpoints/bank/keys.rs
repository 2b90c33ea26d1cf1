//! `GET /v1/keys`: the verifying keys that the bank relies on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::ids::{self, prefix};
use covenant_api::log::{View, cells};
use covenant_api::types::{Hex32, Text, UtcTime};
use serde::Serialize;
use utoipa::ToSchema;

use super::list;
use crate::app::App;
use crate::endpoints::answers::Page;
use crate::http::extract::Query;
use crate::http::{Bank, Problem};
use crate::records::Records;

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyPage {
    keys: Vec<PinnedKeySummary>,
    /// Where to go on; nothing after the last page.
    #[schema(value_type = Option<String>)]
    next: Option<Hex32>,
}

/// A pinned key.
#[derive(Debug, Serialize, ToSchema)]
pub struct PinnedKeySummary {
    /// Its id, 64 hexadecimal digits.
    #[schema(value_type = String)]
    id: Hex32,
    /// Its id as people see it.
    shown: String,
    /// The statement that it verifies.
    #[schema(value_type = String)]
    statement: Text,
    /// Whether it comes from a development setup: then what is proven under it shows nothing.
    development: bool,
    #[schema(value_type = String)]
    pinned: UtcTime,
    /// SHA-256 of the key's bytes.
    #[schema(value_type = String)]
    sha256: Hex32,
    /// The entry that says so.
    index: u64,
}

/// The verifying keys that the bank pinned, by id.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "bank",
    params(Page),
    responses((status = 200, description = "The page", body = KeyPage)),
    security(("token" = [])),
)]
pub async fn keys(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Query(page): Query<Page>,
) -> Result<Json<KeyPage>, Problem> {
    app.blocking(move |app| {
        let listed = list(app, "key", &bank, &page)?;
        let records = Records(app.log.ledger());
        let view = View::new(&records, &app.shelf);
        let keys = listed.items.iter().map(|(id, cell)| {
            let (document, _) = view.pinned(&bank, id)?;
            let sha256 = cells::single(&cell.value).ok_or_else(|| Problem::internal("a key's cell without a blob"))?;
            Ok(PinnedKeySummary {
                id: *id,
                shown: ids::display(prefix::KEY, id),
                statement: document.statement.clone(),
                development: document.development,
                pinned: document.pinned,
                sha256,
                index: cell.version,
            })
        });
        Ok(Json(KeyPage {
            keys: keys.collect::<Result<_, Problem>>()?,
            next: listed.next,
        }))
    })
    .await
}
