//! The sequencer against a model, against stores that fail at every step, and against crowds.

mod beside;
mod faults;
mod model;
mod witnesses;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::draft::{Cell, Draft, Expectation, Expected, StateCell};
use crate::entry::{Entry, Kind, StreamId};
use crate::hash::Hash;
use crate::ledger::{Config, Ledger};
use crate::state;
use crate::store::memory::{Fault, Memory};

fn config(limits: Limits) -> Config {
    Config {
        origin: "example.com/log".to_owned(),
        signing_key: SigningKey::from_bytes(&[3; 32]),
        limits,
        create: true,
        witnessing: None,
    }
}

fn open_with(store: &Memory, limits: Limits, clock: impl Clock + 'static) -> Result<Ledger, LedgerError> {
    let rng = ChaCha20Rng::seed_from_u64(1);
    Ledger::on(Arc::new(store.clone()), config(limits), Arc::new(clock), Box::new(rng))
}

fn open(store: &Memory) -> Result<Ledger, LedgerError> {
    open_with(store, Limits::default(), || 1_700_000_000_000)
}

fn draft(body: &str) -> Draft {
    Draft::new(Kind::new("test").expect("a kind"), StreamId([1; 32]), body)
}

fn unique(body: &str, key: &str) -> Draft {
    Draft {
        unique: vec![key.as_bytes().to_vec()],
        ..draft(body)
    }
}

/// A draft that expects of a cell, and sets it.
fn cell(is: Expected, value: Option<&str>) -> Draft {
    let name = b"attestor/1".to_vec();
    Draft {
        expect: vec![Expectation { cell: name.clone(), is }],
        set: vec![StateCell {
            cell: name,
            value: value.map(|value| value.as_bytes().to_vec()),
        }],
        ..draft("cell")
    }
}

#[test]
fn receipts_verify_against_the_key_alone() {
    let ledger = open(&Memory::default()).expect("open");
    for index in 0..20 {
        let receipt = ledger.append(draft(&format!("body {index}"))).expect("appended");
        let verified = receipt.verify(ledger.key()).expect("verified");
        assert_eq!((verified.entry.index, verified.checkpoint.size()), (index, index + 1));
        let opening = receipt.opening.expect("a body");
        assert_eq!(opening.body, format!("body {index}").into_bytes());
        assert_eq!(ledger.body(index), Ok(opening));
    }
    // Receipts made later, under the last checkpoint.
    for index in 0..20 {
        let verified = ledger
            .receipt(index)
            .expect("a receipt")
            .verify(ledger.key())
            .expect("verified");
        assert_eq!((verified.entry.index, verified.checkpoint.size()), (index, 20));
    }
    assert_eq!(
        ledger
            .check()
            .map(|summary| (summary.entries, summary.streams, summary.checkpoints)),
        Ok((20, 1, 21))
    );
}

#[test]
fn time_never_runs_backwards() {
    let clock = Arc::new(AtomicU64::new(1000));
    let shared = Arc::clone(&clock);
    let store = Memory::default();
    let ledger = open_with(&store, Limits::default(), move || shared.load(Ordering::Relaxed)).expect("open");
    let mut times = Vec::new();
    for now in [1000, 1500, 900, 1600] {
        clock.store(now, Ordering::Relaxed);
        let index = times.len() as u64;
        ledger.append(draft("body")).expect("appended");
        times.push(ledger.entry(index).expect("an entry").time_ms);
    }
    assert_eq!(times, [1000, 1500, 1500, 1600]);
    drop(ledger);
    // Nor across a restart.
    let ledger = open_with(&store.restarted(), Limits::default(), || 7).expect("open");
    ledger.append(draft("body")).expect("appended");
    assert_eq!(ledger.entry(4).map(|entry| entry.time_ms), Ok(1600));
}

#[test]
fn a_unique_key_is_given_once_and_shown_blinded() {
    let ledger = open(&Memory::default()).expect("open");
    ledger.append(unique("first", "request/7")).expect("appended");
    let again = ledger
        .append(unique("second", "request/7"))
        .map_err(|error| (error.code(), error));
    assert_eq!(
        again,
        Err(("unique-taken", AppendError::UniqueTaken { position: 0, index: 0 }))
    );
    let mut two = unique("third", "request/8");
    two.unique.push(b"request/7".to_vec());
    assert_eq!(
        ledger.append(two),
        Err(AppendError::UniqueTaken { position: 1, index: 0 })
    );
    // What was refused claimed nothing.
    ledger.append(unique("fourth", "request/8")).expect("appended");
    assert_eq!(ledger.by_unique(b"request/8"), Ok(Some(1)));
    assert_eq!(ledger.by_unique(b"request/9"), Ok(None));
    let entry = ledger.entry(0).expect("an entry");
    assert_eq!(entry.unique, [ledger.blinding().blind(b"request/7")]);
    assert_ne!(entry.unique, [Hash::of(&[b"request/7"])]);
    // Another ledger blinds the same key otherwise.
    let other = Ledger::on(
        Arc::new(Memory::default()),
        config(Limits::default()),
        Arc::new(|| 0),
        Box::new(ChaCha20Rng::seed_from_u64(2)),
    );
    assert_ne!(other.expect("open").blinding().blind(b"request/7"), entry.unique[0]);
}

#[test]
fn expectations_are_decided_in_log_order() {
    let ledger = open(&Memory::default()).expect("open");
    let failed = |version| {
        Err(AppendError::Expectation {
            cell: "attestor/1".to_owned(),
            version,
        })
    };
    let append = |draft| {
        ledger
            .append(draft)
            .map(|receipt| receipt.verify(ledger.key()).expect("verified").entry.index)
    };
    assert_eq!(append(cell(Expected::Version(0), Some("granted"))), failed(None));
    assert_eq!(append(cell(Expected::Absent, Some("granted"))), Ok(0));
    assert_eq!(append(cell(Expected::Absent, Some("granted"))), failed(Some(0)));
    assert_eq!(
        append(cell(Expected::Value(b"revoked".to_vec()), Some("granted"))),
        failed(Some(0))
    );
    assert_eq!(
        append(cell(Expected::Value(b"granted".to_vec()), Some("revoked"))),
        Ok(1)
    );
    assert_eq!(append(cell(Expected::Version(0), Some("granted"))), failed(Some(1)));
    assert_eq!(
        ledger.cell(b"attestor/1"),
        Ok(Some(Cell {
            version: 1,
            value: b"revoked".to_vec()
        }))
    );
    assert_eq!(append(cell(Expected::Version(1), None)), Ok(2));
    assert_eq!(ledger.cell(b"attestor/1"), Ok(None));
    assert_eq!(append(cell(Expected::Absent, Some("granted"))), Ok(3));
}

/// A clock that holds the writer up while the test holds the lock, so that a group gathers.
fn gate() -> (Arc<Mutex<()>>, impl Clock) {
    let gate = Arc::new(Mutex::new(()));
    let shared = Arc::clone(&gate);
    let clock = move || {
        drop(shared.lock());
        5
    };
    (gate, clock)
}

/// Waits until the writer has taken all that waits up to the clock's gate.
fn taken(ledger: &Ledger, bytes: usize) {
    while ledger.shared().queued_bytes.load(Ordering::Relaxed) > bytes {
        thread::yield_now();
    }
}

#[test]
fn within_one_group_later_submissions_see_earlier_ones() {
    let (gate, clock) = gate();
    let ledger = open_with(&Memory::default(), Limits::default(), clock).expect("open");
    let closed = gate.lock().expect("the gate");
    // The first is taken alone and waits at the gate; the others become the next group.
    let mut tickets = vec![ledger.submit(draft("x")).expect("queued")];
    taken(&ledger, 0);
    let drafts = [
        unique("a", "key"),
        unique("b", "key"),
        cell(Expected::Absent, Some("granted")),
        cell(Expected::Absent, Some("granted")),
        cell(Expected::Version(2), Some("revoked")),
        cell(Expected::Value(b"granted".to_vec()), None),
    ];
    tickets.extend(drafts.map(|draft| ledger.submit(draft).expect("queued")));
    drop(closed);
    let outcomes: Vec<_> = tickets
        .into_iter()
        .map(|ticket| ticket.wait().map(|done| (done.index, done.checkpoint().size())))
        .collect();
    let failed = |version| {
        Err(AppendError::Expectation {
            cell: "attestor/1".to_owned(),
            version: Some(version),
        })
    };
    let expected = [
        Ok((0, 1)),
        Ok((1, 4)),
        Err(AppendError::UniqueTaken { position: 0, index: 1 }),
        Ok((2, 4)),
        failed(2),
        Ok((3, 4)),
        failed(3),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(
        ledger.check().map(|summary| (summary.entries, summary.unique)),
        Ok((4, 1))
    );
}

#[test]
fn a_full_queue_says_busy_and_changes_nothing() {
    let (gate, clock) = gate();
    let limits = Limits {
        queue_entries_max: 2,
        queue_bytes_max: 100,
        body_bytes_max: 60,
        blob_bytes_max: 40,
        ..Limits::default()
    };
    let ledger = open_with(&Memory::default(), limits, clock).expect("open");
    let closed = gate.lock().expect("the gate");
    let mut tickets = vec![ledger.submit(draft("x")).expect("queued")];
    taken(&ledger, 0);
    let body = "y".repeat(60);
    tickets.push(ledger.submit(draft(&body)).expect("queued"));
    assert_eq!(
        ledger.submit(draft(&body)).map(drop),
        Err(AppendError::Busy),
        "too many bytes"
    );
    tickets.push(ledger.submit(draft("z")).expect("queued"));
    assert_eq!(
        ledger.submit(draft("z")).map(drop),
        Err(AppendError::Busy),
        "too many entries"
    );
    drop(closed);
    for ticket in tickets {
        ticket.wait().expect("appended");
    }
    assert_eq!(ledger.size(), 3);
    ledger.append(draft(&body)).expect("room again");
}

#[test]
fn sixty_four_racing_writers_of_one_key_have_one_winner() {
    let ledger = open(&Memory::default()).expect("open");
    let outcomes: Vec<_> = thread::scope(|scope| {
        let racers: Vec<_> = (0..64)
            .map(|i| {
                scope.spawn({
                    let ledger = &ledger;
                    move || ledger.append(unique(&i.to_string(), "invoice"))
                })
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().expect("no panic"))
            .collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let lost = Err(AppendError::UniqueTaken { position: 0, index: 0 });
    assert_eq!(outcomes.into_iter().filter(|outcome| *outcome == lost).count(), 63);
    assert_eq!(ledger.size(), 1);
}

#[test]
fn an_erased_body_leaves_the_chain() {
    let store = Memory::default();
    let ledger = open(&store).expect("open");
    let receipts: Vec<_> = (0..3)
        .map(|_| ledger.append(draft("private")).expect("appended"))
        .collect();
    ledger.erase_body(1).expect("erased");
    ledger.erase_body(1).expect("erased already");
    assert_eq!(ledger.body(1), Err(LedgerError::Erased { index: 1 }));
    assert_eq!(ledger.erase_body(3).map_err(|error| error.code()), Err("not-in-ledger"));
    assert_eq!(ledger.receipt(1).map(|receipt| receipt.opening), Ok(None));
    let summary = ledger.check().expect("intact");
    assert_eq!((summary.bodies, summary.erased), (2, 1));
    for receipt in receipts {
        receipt.verify(ledger.key()).expect("verified");
    }
    drop(ledger);
    open(&store.restarted())
        .and_then(|ledger| ledger.check())
        .expect("intact");
}

#[test]
fn what_is_not_there_is_said_to_be_absent() {
    let ledger = open(&Memory::default()).expect("open");
    ledger.append(draft("body")).expect("appended");
    let code = |error: LedgerError| error.code();
    assert_eq!(ledger.entry(1).map_err(code), Err("not-in-ledger"));
    assert_eq!(ledger.body(1).map_err(code), Err("not-in-ledger"));
    assert_eq!(ledger.blob(&Hash::ZERO).map_err(code), Err("not-in-ledger"));
    assert_eq!(ledger.checkpoint_at(2).map_err(code), Err("not-in-ledger"));
    assert_eq!(ledger.inclusion(1, 1).map_err(code), Err("proof-beyond-size"));
    assert_eq!(ledger.inclusion(0, 2).map_err(code), Err("proof-beyond-size"));
    assert_eq!(ledger.consistency(0, 2).map_err(code), Err("proof-beyond-size"));
    assert_eq!(ledger.consistency(1, 0).map_err(code), Err("proof-sizes-reversed"));
    assert_eq!(ledger.range(0, 9).count(), 1);
    assert_eq!(ledger.checkpoint_sizes().collect::<Result<Vec<_>, _>>(), Ok(vec![0, 1]));
}

#[test]
fn cells_are_listed_by_prefix() {
    let ledger = open(&Memory::default()).expect("open");
    let mut draft = draft("cells");
    let names = ["bank/", "bank/1", "bank/2", "attestor/1", "bank0"];
    draft.set = names
        .map(|name| StateCell {
            cell: name.into(),
            value: Some(b"x".to_vec()),
        })
        .to_vec();
    ledger.append(draft).expect("appended");
    let listed = |prefix: &str| {
        let cells = ledger
            .cells(prefix.as_bytes())
            .map(|cell| String::from_utf8(cell.expect("a cell").0).expect("text"));
        cells.collect::<Vec<_>>()
    };
    assert_eq!(listed("bank/"), ["bank/", "bank/1", "bank/2"]);
    assert_eq!(listed("bank/1"), ["bank/1"]);
    assert_eq!(listed("").len(), 5);
    assert_eq!(listed("c").len(), 0);
}

#[test]
fn the_last_reference_may_end_in_a_callback() {
    let (gate, clock) = gate();
    let ledger = Arc::new(open_with(&Memory::default(), Limits::default(), clock).expect("open"));
    let closed = gate.lock().expect("the gate");
    let (sender, told) = std::sync::mpsc::channel();
    let last = Arc::clone(&ledger);
    let reply = move |outcome: Outcome| {
        drop(last);
        sender.send(outcome.map(|done| done.index)).expect("somebody waits");
    };
    ledger.submit_with(draft("body"), reply).expect("queued");
    drop(ledger);
    drop(closed);
    assert_eq!(told.recv(), Ok(Ok(0)));
}

#[test]
fn an_origin_must_be_a_name() {
    let config = Config {
        origin: "two words".to_owned(),
        ..config(Limits::default())
    };
    let rng = Box::new(ChaCha20Rng::seed_from_u64(1));
    let refused = Ledger::on(Arc::new(Memory::default()), config, Arc::new(|| 0), rng);
    assert_eq!(refused.map(drop).map_err(|error| error.code()), Err("ledger-setting"));
}

#[test]
fn a_clock_that_breaks_down_stops_the_ledger() {
    let ledger = open_with(&Memory::default(), Limits::default(), || panic!("the clock broke")).expect("open");
    let refused = ledger.append(draft("body")).map_err(|error| error.code());
    assert_eq!(refused, Err("ledger-write-failed"));
    while ledger.stopped().is_none() {
        thread::yield_now();
    }
    assert_eq!(
        ledger.append(draft("body")).map_err(|error| error.code()),
        Err("ledger-stopped")
    );
}

#[test]
fn entries_are_found_by_their_hashes() {
    let ledger = open(&Memory::default()).expect("open");
    for index in 0..5 {
        let entry = ledger.append(draft(&index.to_string())).expect("appended").entry;
        let entry = Entry::decode(&entry).expect("an entry");
        assert_eq!(ledger.by_entry_hash(&entry.hash()), Ok(Some(index)));
        assert_eq!(ledger.by_commitment(&entry.body_hash), Ok(Some(index)));
        // A commitment is no entry, and the other way round.
        assert_eq!(ledger.by_entry_hash(&entry.body_hash), Ok(None));
        assert_eq!(ledger.by_commitment(&entry.hash()), Ok(None));
    }
    for nothing in [Hash::ZERO, Hash([0xff; 32])] {
        assert_eq!(
            (ledger.by_entry_hash(&nothing), ledger.by_commitment(&nothing)),
            (Ok(None), Ok(None))
        );
    }
}
