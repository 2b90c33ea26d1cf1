//! Random submissions, decided as a model in a few lines decides them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A submission in the model's words: stream, unique keys, an expectation of a cell, and a new value.
type Step = (u8, Vec<u8>, Option<(u8, u8)>, Option<(u8, Option<u8>)>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..4u8,
        proptest::collection::btree_set(0..60u8, 0..3).prop_map(|set| set.into_iter().collect()),
        proptest::option::of((0..3u8, 0..6u8)),
        proptest::option::of((0..3u8, proptest::option::of(0..4u8))),
    );
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Submissions one after the other, in groups of every size, with restarts in between, decide as the model does.
    #[test]
    fn the_ledger_decides_as_the_model(steps in steps(), group in 1usize..9, restart in 1usize..30) {
        let mut store = Memory::default();
        let limits = Limits { group_entries_max: group, ..Limits::default() };
        let mut ledger = open_with(&store, limits.clone(), || 5).expect("open");
        let mut keys: BTreeMap<u8, u64> = BTreeMap::new();
        let mut cells: BTreeMap<u8, (u8, u64)> = BTreeMap::new();
        let mut streams: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        let mut size = 0u64;
        for (round, chunk) in steps.chunks(restart).enumerate() {
            if round > 0 {
                drop(ledger);
                store = store.restarted();
                ledger = open_with(&store, limits.clone(), || 5).expect("reopened");
            }
            // Every other time the disk stands still until all was submitted, so that a group is decided beside the first one's write.
            let store_gate = Arc::clone(&store.gate);
            let gate = (round % 2 == 0).then(|| store_gate.lock().expect("the gate"));
            let mut waiting = Vec::new();
            for (stream, unique, expect, set) in chunk {
                // A value, nothing, the version that it has, or the one after that.
                let version = |name: &u8| cells.get(name).map_or(0, |(_, version)| *version);
                let is = |(name, expected): &(u8, u8)| match expected {
                    3 => Expected::Absent,
                    4 | 5 => Expected::Version(version(name) + u64::from(expected - 4)),
                    value => Expected::Value(vec![*value]),
                };
                let draft = Draft {
                    stream: StreamId([*stream; 32]),
                    unique: unique.iter().map(|key| vec![*key]).collect(),
                    expect: expect.iter().map(|expect| Expectation { cell: vec![expect.0], is: is(expect) }).collect(),
                    set: set.iter().map(|(name, value)| StateCell { cell: vec![*name], value: value.map(|value| vec![value]) }).collect(),
                    ..draft("body")
                };
                let taken = unique.iter().any(|key| keys.contains_key(key));
                let holds = expect.is_none_or(|(name, expected)| match (expected, cells.get(&name)) {
                    (3, cell) => cell.is_none(),
                    (4, cell) => cell.is_some(),
                    (5, _) => false,
                    (value, cell) => cell.is_some_and(|(is, _)| *is == value),
                });
                let expected = if taken { Err("unique-taken") } else if holds { Ok(size) } else { Err("expectation-failed") };
                if expected.is_ok() {
                    unique.iter().for_each(|key| assert_eq!(keys.insert(*key, size), None));
                    if let Some((name, value)) = set {
                        match value {
                            Some(value) => cells.insert(*name, (*value, size)),
                            None => cells.remove(name),
                        };
                    }
                    streams.entry(*stream).or_default().push(size);
                    size += 1;
                }
                waiting.push((ledger.submit(draft).expect("queued"), expected));
            }
            drop(gate);
            for (ticket, expected) in waiting {
                let outcome = ticket.wait();
                prop_assert_eq!(outcome.as_ref().map(|done| done.index).map_err(AppendError::code), expected);
                if let Ok(done) = outcome {
                    let verified = done.receipt().expect("a receipt").verify(ledger.key());
                    prop_assert_eq!(verified.map(|verified| verified.entry.index).ok(), expected.ok());
                }
            }
        }
        let summary = ledger.check().expect("intact");
        prop_assert_eq!((summary.entries, summary.unique, summary.streams), (size, keys.len() as u64, streams.len() as u64));
        for (stream, indices) in streams {
            let found: Vec<u64> = ledger.stream(StreamId([stream; 32]), 0).map(|entry| entry.expect("an entry").index).collect();
            prop_assert_eq!(found, indices);
        }
        for (key, index) in keys {
            prop_assert_eq!(ledger.by_unique(&[key]), Ok(Some(index)));
        }
    }
}
