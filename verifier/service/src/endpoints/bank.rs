//! What a bank does, and what it sees: its own, and nothing of any other.

pub mod application;
pub mod applications;
pub mod attestors;
pub mod events;
pub mod filings;
pub mod keys;
pub mod memo;
pub mod participant;
pub mod policies;
pub mod policy;

use covenant_api::log::{Cell, Record, State as _, cells};
use covenant_api::types::Hex32;

use crate::app::App;
use crate::endpoints::answers::{self, Page};
use crate::http::Problem;
use crate::records::Records;

/// A listed cell: what it is about, the cell, and where to go on.
struct Listed {
    items: Vec<(Hex32, Cell)>,
    next: Option<Hex32>,
}

/// A page of a bank's cells of one word.
fn list(app: &App, word: &str, bank: &Hex32, page: &Page) -> Result<Listed, Problem> {
    let limit = answers::limit(app, page.limit)?;
    let records = Records(app.log.ledger());
    let prefix = cells::of_bank(word, bank);
    let last = match &page.after {
        None => prefix.clone(),
        Some(after) => [prefix.as_slice(), &after.0].concat(),
    };
    let mut items = Vec::new();
    for found in app.log.ledger().cells_after(&prefix, &last).take(limit) {
        let (name, cell) = found?;
        records.settled(cell.version)?;
        let id = cells::last_id(&name).ok_or_else(|| Problem::internal("a cell's name without an id"))?;
        let cell = Cell {
            version: cell.version,
            value: cell.value,
        };
        items.push((id, cell));
    }
    // A page that is not full is the last one.
    let next = if items.len() == limit {
        items.last().map(|(id, _)| *id)
    } else {
        None
    };
    Ok(Listed { items, next })
}

/// The record that last set a cell.
fn record_of(app: &App, cell: &Cell) -> Result<Record, Problem> {
    Ok(Records(app.log.ledger()).record(cell.version)?)
}
