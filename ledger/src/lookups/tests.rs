use std::collections::BTreeMap;
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::draft::{Draft, Limits};
use crate::entry::{Entry, Kind};
use crate::ledger::{Config, Ledger};
use crate::store::memory::{Fault, Memory};
use crate::store::rocks::Rocks;

const RUN: u64 = 8;

fn open(store: Arc<dyn Store>, lookups_entries: u64) -> Result<Ledger, LedgerError> {
    let config = Config {
        origin: "example.com/log".to_owned(),
        signing_key: SigningKey::from_bytes(&[3; 32]),
        limits: Limits {
            lookups_entries,
            reopen_entries: 1,
            ..Limits::default()
        },
        create: true,
        witnessing: None,
    };
    let rng = ChaCha20Rng::seed_from_u64(1);
    Ledger::on(store, config, Arc::new(|| 1_700_000_000_000), Box::new(rng))
}

fn in_memory(store: &Memory) -> Ledger {
    open(Arc::new(store.clone()), RUN).expect("open")
}

fn append(ledger: &Ledger, number: u64) -> Entry {
    let stream = StreamId([u8::try_from(number % 3).expect("small"); 32]);
    let draft = Draft::new(Kind::new("test").expect("a kind"), stream, format!("body {number}"));
    let receipt = ledger.append(draft).expect("appended");
    Entry::decode(&receipt.entry).expect("an entry")
}

/// Every entry is found by each of its names, and by nothing else.
fn all_found(ledger: &Ledger) {
    let mut streams: BTreeMap<StreamId, u64> = BTreeMap::new();
    for entry in ledger.range(0, u64::MAX) {
        let entry = entry.expect("an entry");
        assert_eq!(ledger.by_entry_hash(&entry.hash()), Ok(Some(entry.index)));
        assert_eq!(ledger.by_commitment(&entry.body_hash), Ok(Some(entry.index)));
        assert_eq!(ledger.by_entry_hash(&entry.body_hash), Ok(None));
        assert_eq!(ledger.by_commitment(&entry.hash()), Ok(None));
        *streams.entry(entry.stream).or_default() += 1;
    }
    for (stream, entries) in streams {
        let found: Vec<_> = ledger
            .stream(stream, 0)
            .map(|entry| entry.expect("an entry").sequence)
            .collect();
        assert_eq!(found, (0..entries).collect::<Vec<_>>());
    }
}

fn covered_by(store: &Memory) -> u64 {
    state::covered(store).expect("readable").size
}

#[test]
fn entries_are_found_in_memory_and_in_the_table_and_across_restarts() {
    let store = Memory::default();
    for restart in 0..4u64 {
        let ledger = in_memory(&store);
        for number in 0..7 {
            append(&ledger, 7 * restart + number);
            all_found(&ledger);
        }
        drop(ledger);
        // What is full is written before the ledger is closed.
        assert_eq!(covered_by(&store), (7 * restart + 7) / RUN * RUN);
    }
    let ledger = in_memory(&store);
    all_found(&ledger);
    assert_eq!(ledger.check().map(|summary| summary.entries), Ok(28));
}

/// Another size of runs, a larger or a smaller one, changes nothing that is found.
#[test]
fn a_log_is_opened_with_runs_of_another_size() {
    let store = Memory::default();
    let ledger = in_memory(&store);
    (0..30).for_each(|number| drop(append(&ledger, number)));
    drop(ledger);
    for (run, covered) in [(100, 24), (2, 30), (1, 30), (100, 30)] {
        let ledger = open(Arc::new(store.clone()), run).expect("open");
        all_found(&ledger);
        ledger.check().expect("intact");
        drop(ledger);
        assert_eq!(covered_by(&store), covered, "runs of {run}");
    }
}

/// A run that is cut short leaves rows that nothing is said of: they are not believed, and are written again.
#[test]
fn a_run_that_fails_stops_the_ledger_and_loses_nothing() {
    let store = Memory::default();
    let ledger = in_memory(&store);
    (0..RUN - 1).for_each(|number| drop(append(&ledger, number)));
    store.lock().fault = Some((0, Fault::Run));
    append(&ledger, RUN - 1);
    let began = Instant::now();
    while ledger.stopped().is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not stop");
        thread::yield_now();
    }
    assert!(
        ledger
            .stopped()
            .is_some_and(|reason| reason.contains("the fault struck"))
    );
    // What it had to write is still found.
    all_found(&ledger);
    drop(ledger);
    let cut = store.restarted();
    let rows = |store: &Memory| {
        store
            .lock()
            .rows
            .range((Table::Lookups, Vec::new())..)
            .take_while(|((table, _), _)| *table == Table::Lookups)
            .count()
    };
    assert_eq!((covered_by(&cut), rows(&cut)), (0, 12));
    // One of them is made to find another entry.
    let wrong = {
        let mut inner = cut.lock();
        let row = inner
            .rows
            .iter_mut()
            .find(|((table, key), _)| *table == Table::Lookups && key[0] == Lookup::Stream as u8);
        let ((_, key), value) = row.expect("a row of a stream");
        *value = 7u64.to_be_bytes().to_vec();
        key.clone()
    };
    let ledger = open(Arc::new(cut.clone()), 100).expect("open");
    all_found(&ledger);
    let found = ledger
        .check()
        .expect_err("a row that no entry accounts for")
        .to_string();
    assert!(found.contains(&crate::check::hex(&wrong)), "{found}");
    drop(ledger);
    assert_eq!(
        cut.lock().rows.get(&(Table::Lookups, wrong)),
        Some(&7u64.to_be_bytes().to_vec())
    );
    let ledger = in_memory(&cut);
    all_found(&ledger);
    ledger.check().expect("intact");
    drop(ledger);
    assert_eq!((covered_by(&cut), rows(&cut)), (RUN, 25));
}

/// The table of another log, or one that says it covers more than there is, is not opened.
#[test]
fn a_table_that_covers_another_log_is_refused() {
    let store = Memory::default();
    let ledger = in_memory(&store);
    (0..RUN).for_each(|number| drop(append(&ledger, number)));
    drop(ledger);
    let said = state::covered(&store).expect("readable");
    for other in [
        Covered { size: RUN + 1, ..said },
        Covered { size: RUN - 1, ..said },
        Covered {
            root: Hash::ZERO,
            ..said
        },
    ] {
        let copy = store.restarted();
        let row = (Table::Lookups, LOOKUPS_COVERED.to_vec());
        copy.lock().rows.insert(row, other.encode());
        let refused = open(Arc::new(copy), RUN).map(drop).expect_err("refused");
        assert_eq!(refused.code(), "ledger-damaged");
        assert!(
            refused.to_string().contains("what the table of look-ups covers"),
            "{refused}"
        );
    }
}

/// Readers ask while runs are written under them: what was acknowledged is found at every moment.
#[test]
fn readers_find_what_is_acknowledged_while_runs_are_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let store: Arc<dyn Store> = Arc::new(Rocks::open(directory.path(), true).expect("a store"));
    let ledger = open(store, 3).expect("open");
    let (told, heard) = mpsc::channel::<Entry>();
    thread::scope(|scope| {
        let ledger = &ledger;
        scope.spawn(move || {
            let mut entries = Vec::new();
            while let Ok(entry) = heard.recv() {
                entries.push(entry);
                for entry in entries.iter().rev().take(12) {
                    assert_eq!(ledger.by_entry_hash(&entry.hash()), Ok(Some(entry.index)));
                    assert_eq!(ledger.by_commitment(&entry.body_hash), Ok(Some(entry.index)));
                    let place = ledger.stream(entry.stream, entry.sequence).next();
                    assert_eq!(place, Some(Ok(entry.clone())));
                }
            }
            assert_eq!(entries.len(), 300);
        });
        let (ended, end) = mpsc::channel::<()>();
        // And beside both of them everything is checked again and again.
        scope.spawn(move || {
            while end.try_recv() != Err(TryRecvError::Disconnected) {
                ledger.check().expect("intact");
            }
        });
        (0..300).for_each(|number| told.send(append(ledger, number)).expect("a reader"));
        drop((told, ended));
    });
    ledger.check().expect("intact");
    drop(ledger);
    let store: Arc<dyn Store> = Arc::new(Rocks::open(directory.path(), false).expect("a store"));
    assert_eq!(covered(store.as_ref(), 300), Ok(300));
    all_found(&open(store, 3).expect("open"));
}

/// A body that is committed to twice under one salt is found with the first of its entries, wherever either is.
#[test]
fn the_first_of_two_is_found() {
    let hash = Hash([7; 32]);
    let key = |index| (lookup_key(Lookup::Body, &hash.0, index), index);
    let store = Memory::default();
    let ledger = in_memory(&store);
    (0..12).for_each(|number| drop(append(&ledger, number)));
    drop(ledger);
    let lookups = Lookups::open(Arc::new(store), 12, 4).expect("open");
    lookups.add([key(12)], 13);
    assert_eq!(lookups.by_hash(Lookup::Body, &hash), Ok(Some(12)));
    lookups.add([key(13)], 16);
    assert_eq!(lookups.by_hash(Lookup::Body, &hash), Ok(Some(12)));
    assert_eq!(lookups.by_hash(Lookup::Entry, &hash), Ok(None));
    let run = lookups.full().expect("four entries");
    assert!(lookups.full().is_none());
    lookups.add([key(16)], 17);
    assert_eq!(lookups.by_hash(Lookup::Body, &hash), Ok(Some(12)));
    // The tree has no more than twelve: the run cannot be written, and stays.
    assert!(lookups.write(&run).is_err());
    assert_eq!(lookups.by_hash(Lookup::Body, &hash), Ok(Some(12)));
}
