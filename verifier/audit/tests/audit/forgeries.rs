//! Exports that somebody made anew on purpose, with a right sum at their end: entries removed, exchanged, rewritten.

use covenant_audit::export::{Nobody, Opening, Recorded, Visitor};
use covenant_audit::hash::{self, Hash};
use covenant_audit::{Finding, Place, Stopped};
use covenant_ledger::Scope;

use crate::world::{self, Record, finding, records, sound};

/// An export of so many entries, a checkpoint after each.
fn honest(entries: u64) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, entries);
    world::export(&ledger, &Scope::everything())
}

/// Puts an export together again after its records were changed, with right links and sums.
fn forged(file: &[u8], change: impl Fn(&mut Vec<Record>)) -> Vec<u8> {
    let (first_line, mut records) = records(file);
    change(&mut records);
    world::sealed(&first_line, &records)
}

fn found(file: &[u8], change: impl Fn(&mut Vec<Record>)) -> (Finding, &'static str) {
    let finding = finding(&forged(file, change));
    let code = finding.code.code;
    (finding, code)
}

/// The header of an export of another size.
fn resize(records: &mut [Record], from: u8, to: u8) {
    let header = &mut records[0].bytes;
    let at = header.windows(2).rposition(|w| w == [from, 0x81]).expect("the size");
    header[at] = to;
}

fn of(mark: &'static [u8], number: u64) -> impl Fn(&Record) -> bool {
    move |record| mark.contains(&record.tag) && record.number == number
}

#[test]
fn an_unchanged_copy_holds() {
    let file = honest(12);
    assert_eq!(forged(&file, |_| {}), file);
    let summary = sound(&file, &mut Nobody);
    let counts = (summary.header.size, summary.bodies, summary.withheld, summary.erased);
    assert_eq!(counts, (12, 12, 0, 0));
    assert_eq!(
        (summary.streams, summary.unique, summary.blobs, summary.checkpoints),
        (5, 18, 1, 13)
    );
    assert_eq!(summary.bytes, file.len() as u64);
    assert_eq!(summary.file, hash::of(&[&file]));
    let (first, last) = summary.period.expect("a period");
    assert!(first >= 1_700_000_000_000 && last > first);
}

#[test]
fn an_empty_log_holds() {
    let summary = sound(&honest(0), &mut Nobody);
    assert_eq!(
        (summary.checkpoints, summary.period, summary.root),
        (1, None, hash::of(&[]))
    );
}

#[test]
fn removed_and_exchanged_entries_are_named() {
    let file = honest(12);
    let removed = found(&file, |records| records.retain(|record| !of(b"EB", 5)(record)));
    // The checkpoint behind it says that it was there.
    assert_eq!((removed.0.place.entry(), removed.1), (Some(5), "audit-checkpoint"));
    let removed = found(&file, |records| {
        records.retain(|record| !of(b"EB", 5)(record) && !of(b"C", 6)(record));
    });
    assert_eq!((removed.0.place, removed.1), (Place::Entry(5), "audit-entry-index"));
    let exchanged = found(&file, |records| {
        let [first, second] = [5, 6].map(|number| records.iter().position(of(b"E", number)).expect("an entry"));
        records.swap(first, second);
        records.swap(first + 1, second + 1);
    });
    assert_eq!((exchanged.0.place, exchanged.1), (Place::Entry(5), "audit-entry-index"));
    let twice = found(&file, |records| {
        let at = records.iter().position(of(b"E", 5)).expect("entry 5");
        let again = records[at..at + 2].to_vec();
        records.splice(at..at, again);
    });
    assert_eq!((twice.0.place, twice.1), (Place::Entry(6), "audit-entry-index"));
    let body = found(&file, |records| records.retain(|record| !of(b"B", 5)(record)));
    assert_eq!((body.0.place, body.1), (Place::Entry(5), "audit-record"));
    let hidden = found(&file, |records| {
        let at = records.iter().position(of(b"B", 5)).expect("body 5");
        records[at].bytes = b"W\0\0\0\x01\0".to_vec();
    });
    assert_eq!((hidden.0.place, hidden.1), (Place::Entry(5), "audit-record"));
}

#[test]
fn entries_removed_at_the_end_are_missed() {
    let file = honest(12);
    let cut = |records: &mut Vec<Record>| records.retain(|record| !of(b"EB", 11)(record));
    let (finding, code) = found(&file, cut);
    assert_eq!((finding.place.entry(), code), (Some(11), "audit-checkpoint"));
    let (finding, code) = found(&file, |records| {
        cut(records);
        records.retain(|record| !of(b"C", 12)(record));
    });
    assert_eq!((finding.place, code), (Place::Header, "audit-header"));
    let counted = |records: &mut Vec<Record>| {
        cut(records);
        resize(records, 12, 11);
    };
    let (finding, code) = found(&file, counted);
    assert_eq!((finding.place.entries(), code), (Some(11..=11), "audit-checkpoint"));
    // With the checkpoint removed too, it is the honest export of an earlier day: only a later checkpoint or receipt
    // shows more.
    let earlier = forged(&file, |records| {
        counted(records);
        records.retain(|record| !of(b"C", 12)(record));
    });
    assert_eq!(sound(&earlier, &mut Nobody).header.size, 11);
    let more = found(&file, |records| resize(records, 12, 11));
    assert_eq!((more.0.place, more.1), (Place::Header, "audit-header"));
    let unsigned = found(&file, |records| {
        records.retain(|record| record.tag != b'C' || record.number < 9);
    });
    assert_eq!(
        (unsigned.0.place.entries(), unsigned.1),
        (Some(8..=11), "audit-checkpoint")
    );
    let never = found(&file, |records| records.retain(|record| record.tag != b'C'));
    assert_eq!((never.0.place.entries(), never.1), (Some(0..=11), "audit-checkpoint"));
}

/// Changes an entry's time, and rewrites whatever names it, as somebody who owns the store would.
fn rewrite(records: &mut [Record], from: u64) {
    let mut hashes: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for record in records.iter_mut().filter(|record| record.tag == b'E') {
        let before = hash::leaf(&record.bytes[5..]);
        for (old, new) in &hashes {
            let places: Vec<usize> = (0..record.bytes.len() - 31)
                .filter(|at| record.bytes[*at..*at + 32] == old[..])
                .collect();
            for at in places {
                record.bytes[at..at + 32].copy_from_slice(new);
            }
        }
        if record.number == from {
            // array, version, index, then the time's nine bytes: its last.
            record.bytes[5 + 3 + 8] ^= 1;
        }
        let after = hash::leaf(&record.bytes[5..]);
        if before != after {
            hashes.push((before.0.to_vec(), after.0.to_vec()));
        }
    }
}

#[test]
fn a_rewritten_tail_is_found_by_the_first_root_that_covers_it() {
    let file = honest(12);
    for from in 0..12 {
        let (finding, code) = found(&file, |records| rewrite(records, from));
        assert_eq!((finding.place.entry(), code), (Some(from), "audit-root"), "from {from}");
    }
    // Where the log signed only now and then, the entries since are named.
    let few = |records: &mut Vec<Record>| {
        records.retain(|record| record.tag != b'C' || [4, 9, 12].contains(&record.number));
    };
    let (finding, code) = found(&file, |records| {
        few(records);
        rewrite(records, 6);
    });
    assert_eq!((finding.place.entries(), code), (Some(4..=8), "audit-root"));
    assert!(finding.what.contains("entry 8"), "{}", finding.what);
    sound(&forged(&file, few), &mut Nobody);
}

#[test]
fn a_broken_link_is_laid_at_the_right_door() {
    let file = honest(12);
    // The last 32 bytes before the stream's hash, the keys and the body hash are what an entry names; its time is
    // another thing.
    for index in 1..12 {
        let entry = |records: &mut Vec<Record>, at: usize| {
            let place = records.iter().position(of(b"E", index)).expect("an entry");
            records[place].bytes[at] ^= 1;
        };
        let time = 5 + 3 + 8;
        let (finding, code) = found(&file, |records| entry(records, time));
        let expected = if index == 11 { "audit-root" } else { "audit-chain" };
        assert_eq!(
            (finding.place.entry(), code),
            (Some(index), expected),
            "time of {index}"
        );
        let (_, all) = records(&file);
        let bytes = &all
            .iter()
            .find(|record| of(b"E", index)(record))
            .expect("an entry")
            .bytes;
        let before = &all
            .iter()
            .find(|record| of(b"E", index - 1)(record))
            .expect("an entry")
            .bytes;
        let named = hash::leaf(&before[5..]);
        let previous = bytes
            .windows(32)
            .position(|window| window == named.0)
            .expect("what it names");
        let (finding, code) = found(&file, |records| entry(records, previous));
        assert_eq!(
            (finding.place.entry(), code),
            (Some(index), "audit-chain"),
            "what {index} names"
        );
    }
    // When the file ends there, the last checkpoint that holds decides; without one, both are named.
    for (signed, expected, code) in [
        (true, "entry 5", "audit-root"),
        (false, "entry 5 or entry 6", "audit-chain"),
    ] {
        let file = forged(&file, |records| {
            records.retain(|record| record.tag != b'C' || record.number == 12 || signed);
        });
        let (_, all) = records(&file);
        let end = all.iter().find(|record| of(b"B", 6)(record)).expect("body 6");
        let mut cut = file[..end.at].to_vec();
        let entry = all.iter().find(|record| of(b"E", 5)(record)).expect("entry 5");
        cut[entry.at + 5 + 3 + 8] ^= 1;
        let finding = finding(&cut);
        assert_eq!(
            (finding.place.to_string().as_str(), finding.code.code),
            (expected, code)
        );
    }
}

#[test]
fn another_history_that_the_log_signed_is_a_fork() {
    let file = honest(12);
    let directory = tempfile::tempdir().expect("a directory");
    let other = world::open_as(directory.path(), 43);
    world::append(&other, 12);
    let note = |size| {
        other
            .checkpoint_at(size)
            .expect("a checkpoint")
            .note()
            .as_bytes()
            .to_vec()
    };
    let swap = |records: &mut Vec<Record>, size: u64| {
        let at = records.iter().position(of(b"C", size)).expect("a checkpoint");
        let note = note(size);
        let length = u32::try_from(32 + note.len()).expect("short").to_be_bytes();
        records[at].bytes = [&b"C"[..], &length, &[0; 32], &note].concat();
    };
    let (finding, code) = found(&file, |records| swap(records, 7));
    let place = Place::Checkpoint {
        number: 7,
        size: Some(7),
    };
    assert_eq!((finding.place, code), (place, "audit-fork"));
    let (finding, code) = found(&file, |records| swap(records, 12));
    assert_eq!((finding.place.entry(), code), (Some(11), "audit-root"));
}

#[test]
fn blobs_and_checkpoints_out_of_order_are_named() {
    let file = honest(40);
    let swap = |mark: &'static [u8]| {
        move |records: &mut Vec<Record>| {
            let [first, second] = [1, 2].map(|number| records.iter().position(of(mark, number)).expect("a record"));
            records.swap(first, second);
        }
    };
    let (finding, code) = found(&file, swap(b"O"));
    assert!(
        matches!(finding.place, Place::Blob { number: 2, .. }) && code == "audit-blob",
        "{finding:?}"
    );
    // A checkpoint too early says that an entry is missing before it.
    let (finding, code) = found(&file, swap(b"C"));
    assert_eq!((finding.place.entry(), code), (Some(1), "audit-checkpoint"));
    let again = |records: &mut Vec<Record>| {
        let at = records.iter().position(of(b"C", 1)).expect("a record");
        records.insert(at + 3, records[at].clone());
    };
    let (finding, code) = found(&file, again);
    let place = Place::Checkpoint {
        number: 2,
        size: Some(1),
    };
    assert_eq!((finding.place, code), (place, "audit-checkpoint"));
    let marked = |mark: &'static [u8], number, as_mark| {
        move |records: &mut Vec<Record>| {
            let at = records.iter().position(of(mark, number)).expect("a record");
            records[at].bytes[0] = as_mark;
        }
    };
    let (finding, code) = found(&file, marked(b"O", 1, b'C'));
    assert!(
        matches!(finding.place, Place::Blob { number: 1, .. }) && code == "audit-record",
        "{finding:?}"
    );
    let (finding, code) = found(&file, marked(b"C", 0, b'O'));
    assert!(
        matches!(finding.place, Place::Checkpoint { number: 0, .. }) && code == "audit-record",
        "{finding:?}"
    );
}

#[test]
fn a_visitor_gets_everything_and_may_stop() {
    #[derive(Default)]
    struct Listener {
        seen: Vec<(u64, Vec<u8>)>,
        blobs: Vec<Hash>,
        checkpoints: u64,
        stop_at: Option<u64>,
    }
    impl Visitor for Listener {
        fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), Stopped> {
            let Opening::Body { body, .. } = recorded.opening else {
                panic!("a body");
            };
            let index = recorded.entry.index;
            self.seen.push((index, body.to_vec()));
            if self.stop_at == Some(index) {
                let code = &covenant_audit::findings::BODY;
                return Err(Finding::new(code, Place::Entry(index), recorded.offset, "mine").into());
            }
            Ok(())
        }
        fn blob(&mut self, name: &Hash, content: &[u8], _: u64) -> Result<(), Stopped> {
            assert_eq!(hash::of(&[content]), *name);
            self.blobs.push(*name);
            Ok(())
        }
        fn checkpoint(&mut self, signed: &covenant_audit::export::Signed<'_>) -> Result<(), Stopped> {
            assert_eq!(
                (signed.checkpoint.size, signed.number),
                (self.checkpoints, self.checkpoints)
            );
            self.checkpoints += 1;
            Ok(())
        }
    }
    let file = honest(14);
    let mut listener = Listener::default();
    sound(&file, &mut listener);
    let bodies: Vec<_> = (0..14).map(|i| (i, format!("body number {i}").into_bytes())).collect();
    assert_eq!(
        (listener.seen, listener.blobs.len(), listener.checkpoints),
        (bodies, 2, 15)
    );
    let mut listener = Listener {
        stop_at: Some(6),
        ..Listener::default()
    };
    let stopped = covenant_audit::export::read(|| Ok(&file[..]), &mut listener);
    assert!(matches!(stopped, Err(Stopped::Found(finding)) if finding.what == "mine"));
    assert_eq!(listener.seen.len(), 7);
}

#[test]
fn the_secret_recomputes_what_the_log_shows() {
    struct Check(Option<covenant_audit::export::Blinding>);
    impl Visitor for Check {
        fn header(&mut self, header: &covenant_audit::export::Header) -> Result<(), Stopped> {
            self.0.clone_from(&header.blinding);
            Ok(())
        }
        fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), Stopped> {
            let i = recorded.entry.index;
            let secret = self.0.as_ref().expect("the secret");
            let mut keys: Vec<_> = (0..i % 4)
                .map(|k| secret.blind(format!("key {i} {k}").as_bytes()))
                .collect();
            keys.sort();
            assert_eq!(recorded.entry.unique, keys);
            Ok(())
        }
    }
    let summary = sound(&honest(9), &mut Check(None));
    assert_eq!(format!("{:?}", summary.header.blinding), "Some(Blinding(secret))");
}

/// Every record of an export taken out, doubled, or exchanged with another of its kind, by somebody who makes links and sums anew. What is
/// left out and not missed is a checkpoint before the last: the export is then that of a log that signed less often, and whoever holds the
/// checkpoint can still compare it.
#[test]
fn every_record_that_is_missing_twice_or_elsewhere_is_found() {
    let file = honest(24);
    let (first_line, all) = records(&file);
    let sums = |records: &[Record]| {
        // As an accident leaves it: links and sums as they were.
        [
            first_line.clone(),
            records.iter().flat_map(|record| record.bytes.clone()).collect(),
        ]
        .concat()
    };
    let mut tried = 0;
    for (at, record) in all.iter().enumerate() {
        let mut fewer = all.clone();
        fewer.remove(at);
        let mut more = all.clone();
        more.insert(at, record.clone());
        let mut changes = vec![("taken out", fewer), ("doubled", more)];
        if let Some(other) = all.iter().skip(at + 1).position(|other| other.tag == record.tag) {
            let mut exchanged = all.clone();
            exchanged.swap(at, at + 1 + other);
            changes.push(("exchanged", exchanged));
        }
        for (how, changed) in changes {
            let context = format!("{} {} {how}", char::from(record.tag), record.number);
            tried += 1;
            let accident = finding(&sums(&changed));
            let located = match (record.tag, &accident.place) {
                (b'H', Place::Header | Place::Entry(0)) | (b'Z', Place::End) | (b'C', Place::Checkpoint { .. }) => true,
                (b'O', Place::Blob { .. } | Place::End) => true,
                (_, place) => place.entries().is_some_and(|entries| {
                    *entries.start() <= record.number + 1 && *entries.end() + 5 >= record.number
                }),
            };
            assert!(located, "{context}: {accident:?}");
            if record.tag == b'Z' {
                continue;
            }
            let sealed = world::sealed(&first_line, &changed);
            let unnoticed = matches!(record.tag, b'C' | b'O') && how == "taken out" && record.number != 24;
            match covenant_audit::export::read(|| Ok(&sealed[..]), &mut Nobody) {
                Ok(_) => assert!(unnoticed, "{context}"),
                Err(Stopped::Found(_)) => assert!(!unnoticed, "{context}"),
                Err(fault) => panic!("{context}: {fault:?}"),
            }
        }
    }
    assert!(tried > 3 * 60, "{tried} changes");
}
