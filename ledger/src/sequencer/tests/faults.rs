//! Stores that fail at every step, and stores that hold something wrong.

use std::collections::BTreeMap;

use super::*;
use crate::store::META_FORMAT;

/// Whatever a commit does, at whichever group: the writer stops, nothing acknowledged is lost, and the ledger goes on after a restart.
#[test]
fn every_fault_stops_the_writer_and_loses_nothing() {
    for fault in [Fault::Lost, Fault::PersistedAnyway, Fault::Mark, Fault::Read] {
        for at in 1..6 {
            let store = Memory::default();
            let ledger = open(&store).expect("open");
            store.lock().fault = Some((at, fault));
            let mut acknowledged = Vec::new();
            let failure = loop {
                match ledger.append(unique("body", &acknowledged.len().to_string())) {
                    Ok(receipt) => acknowledged.push(receipt),
                    Err(error) => break error,
                }
            };
            let unknown = matches!(failure, AppendError::WriteFailed { .. });
            assert_eq!(unknown, fault != Fault::Read, "{fault:?} at {at}: {failure}");
            assert_eq!(acknowledged.len(), at - 1, "{fault:?} at {at}");
            store.lock().fault = None;
            assert_eq!(
                ledger.append(draft("more")).map_err(|error| error.code()),
                Err("ledger-stopped")
            );
            assert!(
                ledger
                    .stopped()
                    .is_some_and(|reason| reason.contains("the fault struck"))
            );
            // What was acknowledged can still be read.
            assert_eq!(ledger.size(), acknowledged.len() as u64);
            drop(ledger);

            let ledger = open(&store.restarted()).expect("reopened");
            let stored = u64::from(matches!(fault, Fault::PersistedAnyway | Fault::Mark));
            assert_eq!(ledger.size(), acknowledged.len() as u64 + stored, "{fault:?} at {at}");
            for receipt in &acknowledged {
                let entry = receipt.verify(ledger.key()).expect("verified");
                assert_eq!(ledger.entry(entry.entry.index), Ok(entry.entry));
                let proof = ledger
                    .consistency(entry.checkpoint.size(), ledger.size())
                    .expect("a proof");
                let (old, new) = (entry.checkpoint, ledger.checkpoint());
                let consistent = tree::verify_consistency(old.size(), old.root(), new.size(), new.root(), &proof);
                assert_eq!(consistent, Ok(()));
            }
            ledger.append(draft("goes on")).expect("appended");
            ledger.check().expect("intact");
        }
    }
}

/// Each way in which a stored row can be wrong or missing is noticed, at the latest by the full check.
#[test]
fn every_changed_row_is_noticed() {
    let store = Memory::default();
    let limits = || Limits {
        lookups_entries: 2,
        ..Limits::default()
    };
    let open = |store: &Memory| open_with(store, limits(), || 1_700_000_000_000);
    let ledger = open(&store).expect("open");
    for index in 0..5 {
        let mut draft = unique("body", &index.to_string());
        draft.blobs = vec![format!("blob {index}").into_bytes()];
        ledger.append(draft).expect("appended");
    }
    drop(ledger);
    let rows: Vec<_> = store.lock().rows.keys().cloned().collect();
    let tables: BTreeMap<Table, usize> = rows.iter().fold(BTreeMap::new(), |mut counts, (table, _)| {
        *counts.entry(*table).or_default() += 1;
        counts
    });
    assert_eq!(
        tables.len(),
        Table::ALL.len() - 1,
        "every table but the cells has rows: {tables:?}"
    );
    for (table, key) in rows {
        for change in 0..3 {
            let copy = store.restarted();
            {
                let mut inner = copy.lock();
                let value = inner.rows.get_mut(&(table, key.clone())).expect("a row");
                match change {
                    // A look-up says all in its key.
                    0 if value.is_empty() => value.push(1),
                    0 => *value.last_mut().expect("a value") ^= 1,
                    1 => value.push(0),
                    _ => drop(inner.rows.remove(&(table, key.clone()))),
                }
            }
            // A blinding secret of the right length cannot be checked against anything but bodies.
            // Look-ups of which nothing is said are made again.
            let unchecked = match change {
                0 => key == state::META_BLINDING,
                2 => key == state::LOOKUPS_COVERED,
                _ => false,
            };
            let noticed = open(&copy).and_then(|ledger| ledger.check());
            match noticed {
                Ok(_) => assert!(unchecked, "{table:?} {key:?} change {change}"),
                Err(error) => {
                    let expected = if table == Table::Meta && key == state::META_KEY && change != 2 {
                        ["ledger-of-another-log"; 2]
                    } else if table == Table::Meta && key == META_FORMAT && change == 0 {
                        // The last digit of its version is another.
                        ["ledger-of-another-format"; 2]
                    } else if key == state::META_HEAD {
                        ["ledger-damaged", "ledger-tail-lost"]
                    } else {
                        ["ledger-damaged"; 2]
                    };
                    assert!(
                        expected.contains(&error.code()),
                        "{table:?} {key:?} change {change}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_lost_tail_and_a_fork_are_noticed() {
    let store = Memory::default();
    let ledger = open(&store).expect("open");
    (0..3).for_each(|_| drop(ledger.append(draft("body")).expect("appended")));
    let older = store.restarted();
    (0..3).for_each(|_| drop(ledger.append(draft("body")).expect("appended")));
    drop(ledger);
    // An older copy of the store beside the newer mark.
    let mark = store.lock().mark.clone();
    let lost = store.restarted();
    lost.lock().rows.clone_from(&older.lock().rows);
    let refused = open(&lost).map(drop);
    assert_eq!(
        refused,
        Err(LedgerError::TailLost {
            acknowledged: 6,
            found: 3
        })
    );
    // The older copy went on by itself: the newer mark is not of this log.
    let fork = open(&older).expect("open");
    (0..4).for_each(|_| drop(fork.append(draft("another body")).expect("appended")));
    drop(fork);
    older.lock().mark.clone_from(&mark);
    assert_eq!(
        open(&older).map(drop).map_err(|error| error.code()),
        Err("ledger-damaged")
    );
    // A mark that is torn or missing is said to be.
    for mark in [Some(vec![0; 48]), Some(Vec::new()), None] {
        let copy = store.restarted();
        copy.lock().mark = mark;
        assert_eq!(
            open(&copy).map(drop).map_err(|error| error.code()),
            Err("ledger-damaged")
        );
    }
}

#[test]
fn an_unfinished_creation_is_finished() {
    let store = Memory::default();
    drop(open(&store).expect("open"));
    store.lock().mark = None;
    let ledger = open(&store.restarted()).expect("finished");
    ledger.append(draft("body")).expect("appended");
    // Even the first commit may fail.
    let store = Memory::default();
    store.lock().fault = Some((0, Fault::Lost));
    assert_eq!(open(&store).map(drop).map_err(|error| error.code()), Err("ledger-io"));
    open(&store.restarted()).expect("created");
}
