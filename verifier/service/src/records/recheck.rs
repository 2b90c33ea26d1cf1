//! Rebuilds from the records what decisions rest on, and compares: cells, blinded keys, and which entry brought each blob.
//!
//! None of these is in the log itself. Entries commit to records, and the rules of the log make the rest of them: so they are an index
//! that can be made again, and a bit that is changed there shows as a difference. What the ledger alone can check, it does
//! (`Ledger::check`).

use std::collections::BTreeMap;

use covenant_api::log::{Cell, Planned, Record, Shelf, State, View, plan};
use covenant_api::refusals::LOG_DAMAGED;
use covenant_api::types::{Hex32, UtcTime};
use covenant_ledger::{Entry, Hash, Ledger, LedgerError};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use sha2::{Digest as _, Sha256};

use super::Records;
use crate::idempotency;
use crate::refusals::of_ledger;

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Records that were planned again.
    pub records: u64,
    /// Cells.
    pub cells: u64,
    /// The first entry whose body was erased: nothing could be compared from there on.
    pub erased: Option<u64>,
}

/// Cells as the records so far make them; records and blobs as the ledger has them.
struct Rebuilt<'a> {
    ledger: &'a Ledger,
    cells: BTreeMap<Vec<u8>, Cell>,
}

impl State for Rebuilt<'_> {
    fn cell(&self, name: &[u8]) -> Result<Option<Cell>, Refusal> {
        Ok(self.cells.get(name).cloned())
    }

    fn record(&self, index: u64) -> Result<Record, Refusal> {
        Records(self.ledger).record(index)
    }

    fn blob(&self, sha256: &Hex32) -> Result<Vec<u8>, Refusal> {
        Records(self.ledger).blob(sha256)
    }
}

fn damaged(place: impl Into<String>, what: impl Into<String>) -> Refusal {
    Refusal::new(&LOG_DAMAGED, what).at(place.into())
}

/// Plans every record again, and compares.
///
/// # Errors
/// `log-damaged`, with the entry, cell or blob; what the rules refuse in a record, with the entry.
pub fn recheck(ledger: &Ledger) -> Result<Compared, Refusal> {
    // Which keys count is decided when they are used; here the records are taken as they were.
    let shelf = Shelf::new(KeyPolicy {
        allow_development: true,
    });
    let mut rebuilt = Rebuilt {
        ledger,
        cells: BTreeMap::new(),
    };
    let mut brought: BTreeMap<Hash, u64> = BTreeMap::new();
    let mut compared = Compared::default();
    for index in 0..ledger.size() {
        let entry = ledger.entry(index).map_err(|error| of_ledger(&error))?;
        let opening = match ledger.body(index) {
            Ok(opening) => opening,
            Err(LedgerError::Erased { .. }) => {
                compared.erased = Some(index);
                return Ok(compared);
            }
            Err(error) => return Err(of_ledger(&error)),
        };
        let place = || format!("entry {index}");
        let record = Record::from_bytes(&opening.body).map_err(|refusal| refusal.at(place()))?;
        let time = UtcTime::from_unix_seconds(entry.time_ms / 1000)
            .ok_or_else(|| damaged(place(), format!("its time is {} ms", entry.time_ms)))?;
        let Planned { plan, .. } =
            plan(View::new(&rebuilt, &shelf), &record, time).map_err(|refusal| refusal.at(place()))?;
        same(ledger, &entry, plan.kind, &plan.stream, &plan.unique)?;
        for blob in &plan.blobs {
            brought.entry(Hash(Sha256::digest(blob).into())).or_insert(index);
        }
        for (name, value) in plan.set {
            rebuilt.cells.insert(name, Cell { version: index, value });
        }
        compared.records += 1;
    }
    for (name, index) in &brought {
        let found = ledger.brought_by(name).map_err(|error| of_ledger(&error))?;
        if found != Some(*index) {
            let what = format!("it is recorded as brought by {}", by(found));
            return Err(damaged(format!("blob {name}"), what).expected(format!("entry {index}")));
        }
    }
    compared.cells = cells(ledger, rebuilt.cells)?;
    Ok(compared)
}

fn by(index: Option<u64>) -> String {
    index.map_or("no entry".to_owned(), |index| format!("entry {index}"))
}

/// The entry is the one that the rules make of its record, under the log's secret.
fn same(ledger: &Ledger, entry: &Entry, kind: &str, stream: &Hex32, unique: &[Vec<u8>]) -> Result<(), Refusal> {
    let place = format!("entry {}", entry.index);
    if entry.kind.as_str() != kind || entry.stream.0 != stream.0 {
        return Err(damaged(place, "its kind or stream is not that of its record"));
    }
    let mut keys: Vec<Hash> = unique.iter().map(|key| ledger.blinding().blind(key)).collect();
    keys.sort_unstable();
    if keys != entry.unique {
        let what = "its unique keys are not those that its record claims, under the log's blinding secret";
        return Err(damaged(place, what));
    }
    Ok(())
}

/// Every cell is what the records make of it, and there is no other; those of idempotency keys name an entry. How many there are.
fn cells(ledger: &Ledger, mut rebuilt: BTreeMap<Vec<u8>, Cell>) -> Result<u64, Refusal> {
    let (size, mut count) = (ledger.size(), 0);
    for found in ledger.cells(b"") {
        let (name, cell) = found.map_err(|error| of_ledger(&error))?;
        count += 1;
        if idempotency::is_cell(&name) {
            if cell.version >= size || cell.value.len() != 32 {
                return Err(damaged(shown(&name), "it names no entry, or holds no hash"));
            }
            continue;
        }
        let found = (cell.version, cell.value);
        match rebuilt.remove(&name).map(|cell| (cell.version, cell.value)) {
            Some(expected) if expected == found => {}
            Some((version, _)) => {
                let what = format!(
                    "it is not what the record in entry {version} set; it says entry {}",
                    found.0
                );
                return Err(damaged(shown(&name), what));
            }
            None => return Err(damaged(shown(&name), "no record sets it")),
        }
    }
    match rebuilt.first_key_value() {
        Some((name, cell)) => Err(damaged(
            shown(name),
            format!("it is missing; entry {} set it", cell.version),
        )),
        None => Ok(count),
    }
}

/// A cell's name: its word, and the rest in hexadecimal.
fn shown(name: &[u8]) -> String {
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    let (word, rest) = name.split_at(end);
    let rest: String = rest.iter().skip(1).map(|byte| format!("{byte:02x}")).collect();
    format!("cell {} {rest}", String::from_utf8_lossy(word))
        .trim_end()
        .to_owned()
}
