//! What is decided while a group is being written: it sees that group, waits for it, and shares nothing of its fate but the end.

use std::sync::MutexGuard;

use super::*;
use crate::ledger::Ticket;

/// A ledger whose disk stands still while the first group of one entry is being written.
struct Held<'m> {
    ledger: Ledger,
    first: Ticket,
    gate: MutexGuard<'m, ()>,
}

fn held(store: &Memory, first: Draft) -> Held<'_> {
    let ledger = open(store).expect("open");
    let gate = store.gate.lock().expect("the gate");
    let before = store.lock().asked;
    let first = ledger.submit(first).expect("queued");
    while store.lock().asked == before {
        thread::yield_now();
    }
    Held { ledger, first, gate }
}

impl Held<'_> {
    /// Submits more, which is decided beside the write, and waits until all of it was taken.
    fn submit(&self, drafts: impl IntoIterator<Item = Draft>) -> Vec<Ticket> {
        let tickets = drafts
            .into_iter()
            .map(|draft| self.ledger.submit(draft).expect("queued"))
            .collect();
        taken(&self.ledger, 0);
        tickets
    }
}

fn outcomes(tickets: Vec<Ticket>) -> Vec<Result<(u64, u64), AppendError>> {
    let told = |ticket: Ticket| ticket.wait().map(|done| (done.index, done.checkpoint().size()));
    tickets.into_iter().map(told).collect()
}

#[test]
fn a_group_sees_the_one_that_is_being_written() {
    let store = Memory::default();
    let mut first = cell(Expected::Absent, Some("granted"));
    first.unique = vec![b"key".to_vec()];
    first.blobs = vec![b"blob".to_vec()];
    let held = held(&store, first);
    let mut again = unique("b", "other");
    again.blobs = vec![b"blob".to_vec()];
    let tickets = held.submit([
        unique("a", "key"),
        again,
        cell(Expected::Absent, Some("granted")),
        cell(Expected::Version(0), Some("revoked")),
        cell(Expected::Value(b"granted".to_vec()), Some("granted")),
        cell(Expected::Value(b"revoked".to_vec()), None),
    ]);
    // Nothing is said of them, nor shown, before the disk moves.
    assert_eq!((held.ledger.size(), store.lock().commits), (0, 1));
    let Held { ledger, first, gate } = held;
    drop(gate);
    assert_eq!(outcomes(vec![first]), [Ok((0, 1))]);
    let failed = |version| {
        Err(AppendError::Expectation {
            cell: "attestor/1".to_owned(),
            version: Some(version),
        })
    };
    let expected = [
        Err(AppendError::UniqueTaken { position: 0, index: 0 }),
        Ok((1, 4)),
        failed(0),
        Ok((2, 4)),
        failed(2),
        Ok((3, 4)),
    ];
    assert_eq!(outcomes(tickets), expected);
    // The chain, the stream, the tree and the blob went on where the group before ended.
    let streams: Vec<_> = (0..4)
        .map(|index| ledger.entry(index).expect("an entry").sequence)
        .collect();
    assert_eq!(streams, [0, 1, 2, 3]);
    assert_eq!(ledger.brought_by(&Hash::of(&[b"blob"])), Ok(Some(0)));
    assert_eq!(ledger.cell(b"attestor/1"), Ok(None));
    let summary = ledger.check().expect("intact");
    assert_eq!((summary.entries, summary.unique, summary.checkpoints), (4, 2, 3));
}

/// A refusal may rest on an entry that is lost after all, so nobody hears of it, and what was accepted after it is not written.
#[test]
fn where_a_write_fails_what_was_decided_beside_it_is_refused_and_not_written() {
    for fault in [Fault::Lost, Fault::PersistedAnyway, Fault::Mark] {
        let store = Memory::default();
        let held = held(&store, unique("first", "key"));
        store.lock().fault = Some((1, fault));
        let tickets = held.submit([unique("second", "key"), unique("third", "more")]);
        drop(held.gate);
        let first = held.first.wait().map(drop).map_err(|error| error.code());
        assert_eq!(first, Err("ledger-write-failed"), "{fault:?}");
        for outcome in outcomes(tickets) {
            assert_eq!(
                outcome.map_err(|error| error.code()),
                Err("ledger-stopped"),
                "{fault:?}"
            );
        }
        drop(held.ledger);
        assert_eq!(store.lock().commits, 2, "{fault:?}");
        let ledger = open(&store.restarted()).expect("reopened");
        assert_eq!(ledger.size(), u64::from(fault != Fault::Lost), "{fault:?}");
        assert_eq!(ledger.by_unique(b"more"), Ok(None));
        ledger.check().expect("intact");
    }
}

/// The store breaks down while a submission is decided: that group is refused, and the one that is being written is what it is.
#[test]
fn where_a_decision_fails_the_group_that_is_being_written_is_acknowledged() {
    let store = Memory::default();
    let held = held(&store, draft("first"));
    store.lock().fault = Some((0, Fault::Read));
    let tickets = held.submit([unique("second", "key")]);
    assert_eq!(
        outcomes(tickets)
            .pop()
            .map(|outcome| outcome.map_err(|error| error.code())),
        Some(Err("ledger-stopped"))
    );
    store.lock().fault = None;
    drop(held.gate);
    assert_eq!(outcomes(vec![held.first]), [Ok((0, 1))]);
    assert_eq!(held.ledger.size(), 1);
    let more = held.ledger.append(draft("more")).map_err(|error| error.code());
    assert_eq!(more, Err("ledger-stopped"));
    drop(held.ledger);
    let ledger = open(&store.restarted()).expect("reopened");
    assert_eq!(ledger.check().map(|summary| summary.entries), Ok(1));
}

/// Erasing waits for its turn: what was submitted before it is written first.
#[test]
fn a_body_is_erased_after_what_was_submitted_before() {
    let store = Memory::default();
    let held = held(&store, draft("first"));
    let tickets = held.submit([draft("second")]);
    let Held { ledger, first, gate } = held;
    thread::scope(|scope| {
        let erasing = scope.spawn(|| ledger.erase_body(1));
        thread::sleep(std::time::Duration::from_millis(20));
        assert!(!erasing.is_finished(), "the disk stands still");
        drop(gate);
        assert_eq!(erasing.join().expect("no panic"), Ok(()));
    });
    assert_eq!(outcomes(vec![first]), [Ok((0, 1))]);
    assert_eq!(outcomes(tickets), [Ok((1, 2))]);
    assert_eq!(ledger.body(1), Err(LedgerError::Erased { index: 1 }));
    ledger.check().expect("intact");
}

/// Closing waits as well.
#[test]
fn what_was_decided_is_written_before_the_ledger_closes() {
    let store = Memory::default();
    let held = held(&store, draft("first"));
    let tickets = held.submit((0..100).map(|index| unique("more", &index.to_string())));
    let Held { ledger, first, gate } = held;
    let closing = thread::spawn(move || drop(ledger));
    drop(gate);
    closing.join().expect("no panic");
    assert_eq!(outcomes(vec![first]), [Ok((0, 1))]);
    assert!(
        outcomes(tickets)
            .into_iter()
            .all(|outcome| outcome.is_ok_and(|(_, size)| size == 101))
    );
    let ledger = open(&store.restarted()).expect("reopened");
    assert_eq!(ledger.check().map(|summary| summary.entries), Ok(101));
}

/// A group that gathers has its limits too: what is beyond them waits in the queue, and is counted there.
#[test]
fn a_group_that_gathers_takes_no_more_than_one_group() {
    let store = Memory::default();
    let limits = Limits {
        group_entries_max: 3,
        ..Limits::default()
    };
    let ledger = open_with(&store, limits, || 5).expect("open");
    let gate = store.gate.lock().expect("the gate");
    let mut tickets = vec![ledger.submit(draft("x")).expect("queued")];
    taken(&ledger, 0);
    tickets.extend((0..5).map(|_| ledger.submit(draft("y")).expect("queued")));
    taken(&ledger, 2);
    thread::sleep(std::time::Duration::from_millis(20));
    assert_eq!(ledger.shared().queued_bytes.load(Ordering::Relaxed), 2);
    drop(gate);
    let sizes: Vec<_> = outcomes(tickets)
        .into_iter()
        .map(|outcome| outcome.expect("appended").1)
        .collect();
    assert_eq!(sizes, [1, 4, 4, 4, 6, 6]);
}
