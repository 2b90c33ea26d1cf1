//! `GET /v1/ledger/consistency`: the proof that the log was only appended to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hashes;
use crate::app::App;
use crate::http::Problem;
use crate::http::extract::{Number, Query};

/// Which trees.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Trees {
    /// The older tree's size.
    #[param(value_type = u64)]
    old: Number,
    /// The newer tree's size.
    #[param(value_type = u64)]
    new: Number,
}

/// A consistency proof (RFC 6962 §2.1.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsistencyProof {
    old: u64,
    new: u64,
    /// In base64.
    hashes: Vec<String>,
}

/// The proof that the tree of the first `old` entries is the beginning of that of the first `new`.
#[utoipa::path(
    get,
    path = "/v1/ledger/consistency",
    tag = "ledger",
    params(Trees),
    responses((status = 200, description = "The proof", body = ConsistencyProof)),
)]
pub async fn consistency(
    State(app): State<Arc<App>>,
    Query(trees): Query<Trees>,
) -> Result<Json<ConsistencyProof>, Problem> {
    let (old, new) = (trees.old.0, trees.new.0);
    app.log
        .blocking(move |ledger| {
            let hashes = hashes(&ledger.consistency(old, new)?);
            Ok(Json(ConsistencyProof { old, new, hashes }))
        })
        .await
}
