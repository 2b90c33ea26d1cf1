//! `GET /v1/log/keys`: the log's registry of verifying keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::documents::{KeyManifest, RetirementCause};
use covenant_api::ids::{self, prefix};
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::endpoints::answers::{self, Page};
use crate::http::Problem;
use crate::http::extract::Query;
use crate::records::keys::{self, Listed};

/// A page of the registry.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisteredKeyPage {
    keys: Vec<RegisteredKeySummary>,
    /// Where to go on; nothing after the last page.
    #[schema(value_type = Option<String>)]
    next: Option<Hex32>,
}

/// A key of the log's registry.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisteredKeySummary {
    /// Its id, 64 hexadecimal digits.
    #[schema(value_type = String)]
    id: Hex32,
    /// Its id as people see it.
    shown: String,
    /// Whether it comes from a development setup: then what is proven under it shows nothing.
    development: bool,
    /// The entry from which it is active.
    active_from: u64,
    /// The entry from which it is active no longer.
    retired_at: Option<u64>,
    /// Why it was retired: `superseded`, so that open requests can still be answered, or `compromised`, so that they cannot.
    #[schema(value_type = Option<String>)]
    cause: Option<RetirementCause>,
    /// SHA-256 of the key's bytes.
    #[schema(value_type = String)]
    sha256: Hex32,
    /// The manifest, signed by the operator: what `covenant-bank registry pin --manifest` takes.
    #[schema(value_type = Object)]
    manifest: Signed<KeyManifest>,
}

impl RegisteredKeySummary {
    fn of(listed: Listed) -> Self {
        let manifest = listed.manifest();
        Self {
            id: manifest.verifying_key,
            shown: ids::display(prefix::KEY, &manifest.verifying_key),
            development: manifest.development,
            active_from: listed.key.from,
            retired_at: listed.retired.map(|end| end.index),
            cause: listed.retired.map(|end| end.cause),
            sha256: listed.key.blob,
            manifest: manifest.to_signed(),
        }
    }
}

/// The verifying keys of the log's registry by id, with the operator's word for each.
#[utoipa::path(
    get,
    path = "/v1/log/keys",
    tag = "service",
    params(Page),
    responses((status = 200, description = "The page", body = RegisteredKeyPage)),
)]
pub async fn log_keys(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<RegisteredKeyPage>, Problem> {
    app.blocking(move |app| {
        let limit = answers::limit(app, page.limit)?;
        let (listed, next) = keys::list(app.log.ledger(), &app.shelf, page.after.as_ref(), limit)?;
        Ok(Json(RegisteredKeyPage {
            keys: listed.into_iter().map(RegisteredKeySummary::of).collect(),
            next,
        }))
    })
    .await
}
