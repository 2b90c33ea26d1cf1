//! The log's registry of verifying keys: what the operator enters into it on its own machine, and what anybody may read of it.
//!
//! No call over the network can enter or retire a key: these records are made by whoever has `service.key` at hand, while the
//! server is stopped.

use std::sync::Arc;

use covenant_api::document::Document;
use covenant_api::documents::{Filing, KeyManifest, KeyRetirement};
use covenant_api::host;
use covenant_api::log::{self, Filed, FiledKey, Record, RegisteredKey, Retired, Shelf, View, cells};
use covenant_api::sign::{Signer, Verified};
use covenant_api::types::Hex32;
use covenant_ledger::Ledger;
use covenant_policy::refusal::Refusal;

use super::write::{WithBlob, blob_name};
use super::{Records, draft};
use crate::app::key_policy;
use crate::idempotency::Seen;
use crate::refusals::{INTERNAL_FAULT, of_append, of_ledger};
use crate::settings::Settings;
use crate::startup::Opened;

/// A key of the registry.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its manifest, its blob, the entry from which it is active.
    pub key: RegisteredKey,
    /// Its end.
    pub retired: Option<Retired>,
}

/// Enters a key into the registry: the entry's index.
///
/// # Errors
/// What the rules of the log say: `manifest-mismatch`, `development-key`, `key-of-another-circuit`, `key-registered`, ...; what the
/// ledger says.
pub fn register(
    settings: &Settings,
    opened: &Opened,
    manifest: &Verified<KeyManifest>,
    key: Vec<u8>,
) -> Result<u64, Refusal> {
    let operator = opened.key.operator()?;
    let record = Record::KeyRegistration(FiledKey {
        filing: filing(settings, &opened.ledger, &operator, manifest)?.to_signed(),
        document: manifest.to_signed(),
        blob: blob_name(&key),
    });
    append(settings, &opened.ledger, &record, Some(key))
}

/// Retires a key of the registry: the entry's index.
///
/// # Errors
/// `unlisted-key`, `key-retired`; what the ledger says.
pub fn retire(settings: &Settings, opened: &Opened, retirement: KeyRetirement) -> Result<u64, Refusal> {
    let operator = opened.key.operator()?;
    let retirement = operator.sign(retirement)?;
    let record = Record::KeyRetirement(Filed {
        filing: filing(settings, &opened.ledger, &operator, &retirement)?.to_signed(),
        document: retirement.to_signed(),
    });
    append(settings, &opened.ledger, &record, None)
}

/// The operator's next act.
fn filing<T: Document>(
    settings: &Settings,
    ledger: &Ledger,
    operator: &Signer,
    document: &Verified<T>,
) -> Result<Verified<Filing>, Refusal> {
    let (records, shelf) = (Records(ledger), Shelf::new(key_policy(settings)));
    let view = View::new(&records, &shelf);
    let opening = view.opened()?;
    operator.sign(Filing {
        log: opening.log.clone(),
        stream: opening.stream,
        number: view.next_operator_number()?,
        document: document.id(),
    })
}

/// Plans a record of the operator's by the rules, and appends it.
///
/// # Errors
/// What the rules and the ledger say.
pub fn append(settings: &Settings, ledger: &Ledger, record: &Record, blob: Option<Vec<u8>>) -> Result<u64, Refusal> {
    let blob = blob.map(|bytes| (blob_name(&bytes), bytes));
    let state = WithBlob {
        records: Records(ledger),
        blob: blob.as_ref(),
    };
    let shelf = Shelf::new(key_policy(settings));
    let planned = log::plan(View::new(&state, &shelf), record, host::now()?)?;
    let fresh = Seen::Fresh {
        expect: None,
        set: None,
    };
    ledger
        .append(draft(planned.plan, fresh)?)
        .map_err(|error| of_append(&error))?;
    // Nobody else writes: the ledger is this process's alone, and no server runs on it.
    Ok(ledger.size().saturating_sub(1))
}

/// The keys of the registry by id, from the first one after `after` on, and where to go on.
///
/// # Errors
/// What the ledger says.
pub fn list(
    ledger: &Ledger,
    shelf: &Shelf,
    after: Option<&Hex32>,
    limit: usize,
) -> Result<(Vec<Listed>, Option<Hex32>), Refusal> {
    let records = Records(ledger);
    let view = View::new(&records, shelf);
    let prefix = cells::all_registered();
    let last = after.map_or_else(|| prefix.clone(), cells::registered);
    let fault = |what: &str| Refusal::new(&INTERNAL_FAULT, what);
    let (mut listed, mut next) = (Vec::new(), None);
    for found in ledger.cells_after(&prefix, &last).take(limit) {
        let (name, _) = found.map_err(|error| of_ledger(&error))?;
        let id = cells::last_id(&name).ok_or_else(|| fault("a cell's name without an id"))?;
        let key = view.registered(&id)?.ok_or_else(|| fault("a key's cell is gone"))?;
        let retired = view.retired(&id)?;
        listed.push(Listed { key, retired });
        next = Some(id);
    }
    // A page that is not full is the last one.
    let full = listed.len() == limit;
    Ok((listed, next.filter(|_| full)))
}

impl Listed {
    /// The manifest.
    pub fn manifest(&self) -> &Arc<Verified<KeyManifest>> {
        &self.key.manifest
    }
}
