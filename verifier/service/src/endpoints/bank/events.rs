//! `GET /v1/events`: what concerns the bank, in log order.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::log::{Record, State as _};
use covenant_api::types::{Hex32, UtcTime};
use covenant_ledger::{Entry, LedgerError, StreamId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::endpoints::answers::{self, Since};
use crate::endpoints::ledger::entitlement::owner;
use crate::http::extract::Query;
use crate::http::{Bank, Problem};
use crate::records::Records;

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    events: Vec<Event>,
    /// Where to go on, also when nothing matched: the first entry that was not looked at.
    next: u64,
}

/// An entry that concerns the bank.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// Its place in the log.
    index: u64,
    /// When the log wrote it down.
    #[schema(value_type = Option<String>)]
    time: Option<UtcTime>,
    /// What was recorded; nothing where it was erased.
    #[schema(value_type = Option<Object>)]
    record: Option<Record>,
}

/// When an entry was written down, to the second.
pub(in crate::endpoints) fn time(entry: &Entry) -> Option<UtcTime> {
    UtcTime::from_unix_seconds(entry.time_ms / 1000)
}

/// The record of an entry, unless it was erased.
pub(in crate::endpoints) fn record(app: &App, entry: &Entry) -> Result<Option<Record>, Problem> {
    match app.log.ledger().body(entry.index) {
        Err(LedgerError::Erased { .. }) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Some(Records(app.log.ledger()).record(entry.index)?)),
    }
}

/// What concerns the bank: its own acts, and what its applicants sent, in log order. A call looks at a bounded number of entries, so a
/// page may be short, or empty, before the log's end: go on at `next` until it is the log's size.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "bank",
    params(Since),
    responses((status = 200, description = "The page", body = EventPage)),
    security(("token" = [])),
)]
pub async fn events(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Query(since): Query<Since>,
) -> Result<Json<EventPage>, Problem> {
    app.blocking(move |app| {
        let limit = answers::limit(app, since.limit)?;
        let from = since.since.map_or(0, |since| since.0);
        let to = from.saturating_add(app.settings.events_scan_max as u64);
        let mut owners: BTreeMap<StreamId, Option<Hex32>> = BTreeMap::new();
        let (mut events, mut next) = (Vec::new(), from);
        for entry in app.log.ledger().range(from, to) {
            let entry = entry?;
            let known = owners.get(&entry.stream).copied();
            let whose = match known {
                Some(whose) => whose,
                None => owner(app.log.ledger(), entry.stream)?,
            };
            owners.insert(entry.stream, whose);
            if whose == Some(bank) {
                if events.len() == limit {
                    break;
                }
                events.push(Event {
                    index: entry.index,
                    time: time(&entry),
                    record: record(app, &entry)?,
                });
            }
            next = entry.index.saturating_add(1);
        }
        Ok(Json(EventPage { events, next }))
    })
    .await
}
