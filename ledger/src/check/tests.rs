use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::WitnessKey;
use crate::draft::{Draft, Limits, StateCell};
use crate::entry::Kind;
use crate::ledger::{Config, Ledger};
use crate::state::{LOOKUPS_COVERED, looked_up};
use crate::store::NODES_TOGETHER;
use crate::store::memory::Memory;
use crate::witnessing::{Tree, Witnesses, Witnessing};

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[100 + number; 32])
}

fn key(number: u8) -> WitnessKey {
    WitnessKey::new(format!("w.example/{number}"), secret(number).verifying_key()).expect("a name")
}

fn policy() -> WitnessPolicy {
    let text = format!(
        "witness a {}\nwitness b {}\ngroup g all a b\nquorum g\n",
        key(1),
        key(2)
    );
    WitnessPolicy::parse(&text).expect("a policy")
}

struct Both;

impl Witnesses for Both {
    fn cosign(&mut self, checkpoint: &SignedCheckpoint, _: &Tree, _: &dyn Fn(&str) -> bool) -> String {
        let line = |number| key(number).cosign(&checkpoint.checkpoint().text(), 1_700_000_000, &secret(number));
        line(1) + &line(2)
    }
}

fn open(store: &Memory, witnessed: bool) -> Result<Ledger, LedgerError> {
    let config = Config {
        origin: "example.com/log".to_owned(),
        signing_key: SigningKey::from_bytes(&[3; 32]),
        limits: Limits {
            // So that most of it is looked at by the check alone.
            reopen_entries: 3,
            // So that some look-ups are in the store, and some in memory alone.
            lookups_entries: 10,
            ..Limits::default()
        },
        create: witnessed,
        witnessing: witnessed.then(|| Witnessing {
            policy: policy(),
            witnesses: Box::new(Both),
        }),
    };
    let rng = ChaCha20Rng::seed_from_u64(1);
    Ledger::on(
        Arc::new(store.clone()),
        config,
        Arc::new(|| 1_700_000_000_000),
        Box::new(rng),
    )
}

/// A log with everything that a store can hold: streams, unique keys, blobs, cells, an erased body, cosigned checkpoints.
fn filled() -> Memory {
    let store = Memory::default();
    let ledger = open(&store, true).expect("made");
    for i in 0..45u64 {
        let stream = StreamId([u8::try_from(i % 4).expect("small"); 32]);
        let mut draft = Draft::new(Kind::new("test").expect("a kind"), stream, format!("body {i}"));
        draft.unique = (0..i % 3).map(|k| format!("key {i} {k}").into_bytes()).collect();
        if i % 9 == 4 {
            draft.blobs = vec![format!("blob {i}").repeat(3).into_bytes()];
        }
        draft.set = vec![StateCell {
            cell: format!("cell {}", i % 5).into_bytes(),
            value: Some(vec![7; 9]),
        }];
        ledger.append(draft).expect("appended");
    }
    ledger.erase_body(20).expect("erased");
    drop(ledger);
    store.restarted()
}

/// What opening and checking say.
fn examined(store: &Memory) -> Result<Summary, LedgerError> {
    let ledger = open(store, false)?;
    let summary = ledger.check()?;
    // The first one that is cosigned says since when witnesses are asked: if that is another, the count is what shows it.
    if ledger.check_witnessed(&policy())? != summary.checkpoints {
        return Err(LedgerError::damaged("the checkpoint of size 0", "it is not cosigned"));
    }
    Ok(summary)
}

type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn with(rows: Rows, mark: Option<Vec<u8>>) -> Memory {
    let store = Memory::default();
    let mut inner = store.lock();
    (inner.rows, inner.mark) = (rows, mark);
    drop(inner);
    store
}

/// Words of which one must be said, so that whoever reads them knows where to look.
fn places(table: Table, key: &[u8], changed: &[u8], value: &[u8]) -> Vec<String> {
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes).unwrap_or_default();
    let mut places = vec![hex(changed), hex(key)];
    // A changed key may be that of another row, which is then wrong as well.
    for key in [key, changed] {
        match table {
            Table::Entries | Table::Bodies => places.push(format!("entry {}", number(key))),
            Table::Nodes => {
                let first = number(&key[1..]).wrapping_mul(NODES_TOGETHER);
                for node in (0..NODES_TOGETHER).map(|place| first.wrapping_add(place)) {
                    places.push(format!("node {node} of level {}", key[0]));
                    // An entry is not the leaf that stands for it: either may have been changed.
                    places.extend((key[0] == 0).then(|| format!("entry {node}")));
                }
            }
            Table::Checkpoints => places.push(format!("of size {}", number(key))),
            _ => {}
        }
    }
    match table {
        Table::Unique => places.push(format!("entry {}", number(value))),
        Table::Lookups => match looked_up(key, value) {
            Some(index) => {
                places.push(format!("of entry {index}: it is not recorded for look-up"));
                // Another place of the same stream may have been written over.
                let of_stream = key.starts_with(&[state::Lookup::Stream as u8]);
                places.extend(of_stream.then(|| "the place in its stream of entry".to_owned()));
            }
            None => places.push("what the table of look-ups covers".to_owned()),
        },
        Table::Entries | Table::Bodies | Table::Nodes | Table::Checkpoints => {}
        Table::StreamHeads | Table::Blobs => {}
        // What was changed there is missed where its blob lies.
        Table::Brought => places.extend(state::split_brought(key).map(|(_, name)| name.to_string())),
        Table::Meta => places.extend(
            [
                "the head",
                "the format",
                "the log's key",
                "blinding secret",
                "last published",
                "another log",
                "last entry",
                "table checkpoints",
                "the ledger is ",
            ]
            .map(str::to_owned),
        ),
        Table::Cells => unreachable!("cells are compared with the records by those who know the rules"),
    }
    places
}

/// Whether the ledger alone cannot know: what the records say is compared by those who understand them
/// (`covenant-verifier check`).
fn needs_the_records(table: Table, key: &[u8], at: usize) -> bool {
    match table {
        Table::Cells => true,
        Table::Meta => key == state::META_BLINDING && at >= key.len(),
        _ => false,
    }
}

fn flips() -> usize {
    std::env::var("COVENANT_FLIPS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1000)
}

/// Whoever can write to the store writes rows that the store takes for good: keys, values, with right sums of its own.
#[test]
fn any_bit_of_any_row_is_found_and_located() {
    let store = filled();
    let sound = examined(&store).expect("an honest ledger");
    assert_eq!((sound.entries, sound.erased, sound.blobs, sound.streams), (45, 1, 5, 4));
    let (rows, mark) = {
        let inner = store.lock();
        (inner.rows.clone(), inner.mark.clone())
    };
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut found: BTreeMap<Table, u64> = BTreeMap::new();
    while found.values().sum::<u64>() < flips() as u64 {
        let (table, name) = Table::ALL[rng.gen_range(0..Table::ALL.len())];
        let of: Vec<_> = rows.iter().filter(|((of, _), _)| *of == table).collect();
        let ((_, key), value) = of[rng.gen_range(0..of.len())];
        let (at, bit) = (rng.gen_range(0..key.len() + value.len()), 1u8 << rng.gen_range(0..8));
        if needs_the_records(table, key, at) {
            continue;
        }
        let mut joined = [&key[..], value].concat();
        joined[at] ^= bit;
        let (changed_key, changed) = joined.split_at(key.len());
        let mut others = rows.clone();
        others.remove(&(table, key.clone()));
        others.insert((table, changed_key.to_vec()), changed.to_vec());
        let context = format!("table {name}, key {}, byte {at}, bit {bit}", hex(key));
        let error = examined(&with(others, mark.clone())).expect_err(&context).to_string();
        let places = places(table, key, changed_key, value);
        assert!(
            places.iter().any(|place| error.contains(place.as_str())),
            "{context}: {error}"
        );
        *found.entry(table).or_default() += 1;
    }
    println!("{found:?}");
    assert_eq!(found.len(), Table::ALL.len() - 1, "every table but the cells");
}

#[test]
fn any_row_that_is_missing_twice_or_exchanged_is_found() {
    let store = filled();
    let (rows, mark) = {
        let inner = store.lock();
        (inner.rows.clone(), inner.mark.clone())
    };
    let of = |table: Table| {
        rows.iter()
            .filter(move |((of, _), _)| *of == table)
            .map(|((_, key), value)| (key, value))
    };
    let refused = |rows: Rows, context: String| {
        examined(&with(rows, mark.clone())).expect_err(&context);
    };
    for (table, name) in Table::ALL.iter().copied().filter(|(table, _)| *table != Table::Cells) {
        let mut last: Option<(&Vec<u8>, &Vec<u8>)> = None;
        for (key, value) in of(table) {
            let context = |how: &str| format!("table {name}, key {}: {how}", hex(key));
            // Look-ups of which nothing is said are made anew.
            if key != LOOKUPS_COVERED {
                let mut fewer = rows.clone();
                fewer.remove(&(table, key.clone()));
                refused(fewer, context("missing"));
            }
            // A copy under a key that nothing has.
            let mut more = rows.clone();
            let mut other = key.clone();
            other[0] ^= 0x40;
            more.insert((table, other), value.clone());
            refused(more, context("twice"));
            let differs = |before: &(&Vec<u8>, &Vec<u8>)| before.1 != value && table != Table::Lookups;
            if let Some((before, its)) = last.filter(differs) {
                let mut exchanged = rows.clone();
                exchanged.insert((table, before.clone()), value.clone());
                exchanged.insert((table, key.clone()), its.clone());
                refused(exchanged, context("exchanged with the one before"));
            }
            last = Some((key, value));
        }
        assert!(last.is_some(), "table {name} has rows");
    }
    examined(&with(rows.clone(), mark.clone())).expect("an honest ledger");
    // Look-ups that are missing altogether, or of which nothing is said, are made again as they were.
    for kept in [false, true] {
        let some = rows.clone().into_iter();
        let some = some.filter(|((table, key), _)| *table != Table::Lookups || kept && key != LOOKUPS_COVERED);
        let healed = with(some.collect(), mark.clone());
        examined(&healed).expect("look-ups made again");
        assert_eq!(healed.lock().rows, rows);
    }
    // The mark beside the store, bit by bit, and missing.
    let whole = mark.clone().expect("a mark");
    for at in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let error = examined(&with(rows.clone(), Some(changed))).expect_err("a changed mark");
        assert!(error.to_string().contains("the mark"), "{error}");
    }
    examined(&with(rows.clone(), None)).expect_err("no mark");
}
