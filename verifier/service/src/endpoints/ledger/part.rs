//! `GET /v1/ledger/export/{from}`: what a mirror does not hold yet, part by part.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use covenant_ledger::Scope;
use serde::Deserialize;

use super::export::{ExportFile, stream};
use crate::app::App;
use crate::http::extract::{Number, Path, Query};
use crate::http::{Caller, Problem};

/// The most entries of a part, where a checkpoint stands that soon.
const ENTRIES_MAX: u64 = 32_768;

/// How long a part may be.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Length {
    /// The most entries, at most 32,768; more only where no checkpoint stands before.
    #[param(value_type = Option<u64>)]
    entries: Option<Number>,
}

/// The part of the log from this entry on (`covenant-export-part/v1`), which begins and ends where a checkpoint stands. As in an export,
/// an auditor gets everything, anybody else entries and checkpoints without bodies.
#[utoipa::path(
    get,
    path = "/v1/ledger/export/{from}",
    tag = "ledger",
    params(("from" = u64, Path, description = "The first entry: 0, or the size of a checkpoint"), Length),
    responses((status = 200, description = "The part", body = ExportFile, content_type = "application/octet-stream")),
    security((), ("token" = [])),
)]
pub async fn part(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(from): Path<Number>,
    Query(length): Query<Length>,
) -> Result<impl IntoResponse, Problem> {
    let from = from.0;
    let most = length.entries.map_or(ENTRIES_MAX, |entries| entries.0.min(ENTRIES_MAX));
    let to = app.log.blocking(move |ledger| Ok(ledger.part_end(from, most)?)).await?;
    let everything = caller == Caller::Auditor;
    let body = stream(&app, move |ledger, out| {
        let scope = if everything {
            Scope::everything()
        } else {
            Scope::public()
        };
        Ok(ledger.export_part(out, &scope, from, to)?.entries)
    })?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], body))
}
