//! `GET /v1/ledger/tile/{tile}`: the tree and the entries as static pieces (C2SP `tlog-tiles`, under the prefix `/v1/ledger/`).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use covenant_ledger::Tile;
use covenant_policy::refusal::Refusal;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use utoipa::OpenApi;

use super::export::ExportFile;
use crate::app::App;
use crate::http::Problem;
use crate::http::extract::Path;
use crate::refusals::NOT_FOUND;

/// A tile never changes: whoever has it need not ask again.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Bytes of full tiles that are kept in memory.
const CACHE_BYTES: u64 = 32 << 20;
/// Tiles that are expected in it.
const CACHE_TILES: usize = 4096;

/// Weighs tiles by their bytes.
#[derive(Debug, Clone)]
pub struct Bulk;

impl Weighter<Tile, Bytes> for Bulk {
    fn weight(&self, _: &Tile, bytes: &Bytes) -> u64 {
        bytes.len() as u64 + 64
    }
}

/// Full tiles that were read lately.
pub type Tiles = Cache<Tile, Bytes, Bulk>;

/// An empty cache of tiles.
pub fn cache() -> Tiles {
    Cache::with_weighter(CACHE_TILES, CACHE_BYTES, Bulk)
}

/// The description of a route whose parameter has slashes: the router writes it otherwise than OpenAPI does.
#[derive(OpenApi)]
#[openapi(paths(tile))]
pub struct Described;

/// The route, as the router writes it.
pub const ROUTE: &str = "/v1/ledger/tile/{*tile}";

/// A tile of the tree or of the entries (C2SP tlog-tiles). Together with `/v1/ledger/checkpoint` they are the whole public log.
#[utoipa::path(
    get,
    path = "/v1/ledger/tile/{tile}",
    tag = "ledger",
    params(("tile" = String, Path, description = "A level or `entries`, the tile's index in groups of three digits, and `.p/` with the width of a partial tile, such as `0/x001/x234/067` or `entries/000.p/5`")),
    responses((status = 200, description = "The tile", body = ExportFile, content_type = "application/octet-stream")),
)]
pub async fn tile(State(app): State<Arc<App>>, Path(path): Path<String>) -> Result<impl IntoResponse, Problem> {
    let tile = Tile::parse(&path).ok_or_else(|| {
        Refusal::new(&NOT_FOUND, "there can be no tile of this name")
            .at("the path")
            .expected("such as 0/x001/x234/067 or entries/000.p/5")
    })?;
    let bytes = match app.tiles.get(&tile) {
        Some(bytes) => bytes,
        None => {
            let bytes = app
                .log
                .blocking(move |ledger| Ok(Bytes::from(ledger.tile(&tile)?)))
                .await?;
            if tile.is_full() {
                app.tiles.insert(tile, bytes.clone());
            }
            bytes
        }
    };
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, FOREVER)];
    Ok((headers, bytes))
}
