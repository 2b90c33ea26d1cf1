//! `GET /v1/ledger/inclusion`: the proof that an entry is in a tree.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::hashes;
use crate::app::App;
use crate::http::Problem;
use crate::http::extract::{Number, Query};

/// Which entry in which tree.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Leaf {
    /// The entry.
    #[param(value_type = u64)]
    index: Number,
    /// The tree's size.
    #[param(value_type = u64)]
    size: Number,
}

/// An inclusion proof (RFC 6962 §2.1.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct InclusionProof {
    index: u64,
    size: u64,
    /// From the leaf upwards, in base64.
    hashes: Vec<String>,
}

/// The proof that an entry is in the tree of the first `size` entries.
#[utoipa::path(
    get,
    path = "/v1/ledger/inclusion",
    tag = "ledger",
    params(Leaf),
    responses((status = 200, description = "The proof", body = InclusionProof)),
)]
pub async fn inclusion(State(app): State<Arc<App>>, Query(leaf): Query<Leaf>) -> Result<Json<InclusionProof>, Problem> {
    let (index, size) = (leaf.index.0, leaf.size.0);
    app.log
        .blocking(move |ledger| {
            let hashes = hashes(&ledger.inclusion(index, size)?);
            Ok(Json(InclusionProof { index, size, hashes }))
        })
        .await
}
