//! `GET /v1/ledger/entries`: a page of entries.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LogEntry;
use crate::app::App;
use crate::http::Problem;
use crate::http::extract::{Number, Query};
use crate::refusals::PARAMETER_MALFORMED;

/// Which entries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Range {
    /// The first one wanted; 0 where it is left out.
    #[param(value_type = Option<u64>)]
    from: Option<Number>,
    /// The first one no longer wanted. A page ends earlier where it is full, or the log ends.
    #[param(value_type = Option<u64>)]
    to: Option<Number>,
}

/// A page of entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryPage {
    entries: Vec<LogEntry>,
    /// Where to go on.
    next: u64,
}

/// A page of entries, in log order.
#[utoipa::path(
    get,
    path = "/v1/ledger/entries",
    tag = "ledger",
    params(Range),
    responses((status = 200, description = "The page", body = EntryPage)),
)]
pub async fn entries(State(app): State<Arc<App>>, Query(range): Query<Range>) -> Result<Json<EntryPage>, Problem> {
    let from = range.from.map_or(0, |from| from.0);
    let (default, max) = (app.settings.page_default as u64, app.settings.page_max as u64);
    let wanted = match range.to {
        None => default,
        Some(Number(to)) => to.checked_sub(from).ok_or_else(|| {
            Refusal::new(&PARAMETER_MALFORMED, "the range ends before it begins")
                .at("the query: to")
                .expected("at least from")
        })?,
    };
    let to = from.saturating_add(wanted.min(max));
    app.log
        .blocking(move |ledger| {
            let entries = ledger
                .range(from, to)
                .map(|entry| Ok(LogEntry::from(&entry?)))
                .collect::<Result<Vec<_>, Problem>>()?;
            let next = from.saturating_add(entries.len() as u64);
            Ok(Json(EntryPage { entries, next }))
        })
        .await
}
