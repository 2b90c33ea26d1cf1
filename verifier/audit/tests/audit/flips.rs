//! The tamper promise: whichever byte of an export is changed, the auditor says so and names the entry that it belongs
//! to.

use std::fmt;
use std::ops::AddAssign;

use covenant_audit::export::Nobody;
use covenant_audit::{Finding, Place};
use covenant_ledger::Scope;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

use crate::world::{self, Record, finding, records};

/// How findings named what was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In an entry or what stands beside it, and that entry was named alone.
    pub exact: u64,
    /// Likewise, and it was named with others.
    pub among: u64,
    /// In another record, which was named.
    pub other: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.exact += other.exact;
        self.among += other.among;
        self.other += other.other;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} flips in entries named exactly, {} among others, {} in other records named",
            self.exact, self.among, self.other
        )
    }
}

/// Judges one finding: what was changed must be named. `among` says which entries may be named with others.
pub fn judge(flipped: Option<&Record>, at: usize, found: &Finding, among: impl Fn(u64) -> bool) -> Tally {
    let context = || {
        format!(
            "byte {at} of {:?}: {found:?}",
            flipped.map(|r| (char::from(r.tag), r.number))
        )
    };
    let exact = Tally {
        exact: 1,
        ..Tally::default()
    };
    let other = Tally {
        other: 1,
        ..Tally::default()
    };
    let Some(record) = flipped else {
        assert_eq!(found.place, Place::Start, "{}", context());
        return other;
    };
    match (record.tag, &found.place) {
        (b'E' | b'B' | b'W' | b'X', place) => {
            if place.entry() == Some(record.number) {
                return exact;
            }
            let named = place.entries().is_some_and(|entries| entries.contains(&record.number));
            if named && among(record.number) {
                return Tally {
                    among: 1,
                    ..Tally::default()
                };
            }
            panic!("{}", context())
        }
        (b'H', Place::Header) | (b'Z', Place::End) => other,
        (b'O', Place::Blob { number, .. }) | (b'C', Place::Checkpoint { number, .. }) if *number == record.number => {
            other
        }
        _ => panic!("{}", context()),
    }
}

/// Changes each of these bytes with this mask, and judges what the auditor finds.
fn flip(file: &[u8], cases: &[(usize, u8)], among: impl Fn(u64) -> bool + Sync) -> Tally {
    world::sound(file, &mut Nobody);
    let (_, records) = records(file);
    let one = |(at, mask): &(usize, u8)| {
        let mut changed = file.to_vec();
        changed[*at] ^= mask;
        let record = records.iter().rev().find(|record| record.at <= *at);
        judge(record, *at, &finding(&changed), &among)
    };
    cases.par_iter().map(one).reduce(Tally::default, |mut sum, tally| {
        sum += tally;
        sum
    })
}

#[test]
fn every_byte_of_fifty_entries() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 50);
    ledger.erase_body(31).expect("erased");
    let file = world::export(&ledger, &Scope::everything());
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for mask in [Some(1), None] {
        let cases: Vec<_> = (0..file.len())
            .map(|at| (at, mask.unwrap_or_else(|| rng.gen_range(1..=255))))
            .collect();
        let tally = flip(&file, &cases, |_| false);
        println!("50 entries, {} bytes, mask {mask:02x?}: {tally}", file.len());
        assert_eq!(tally.exact + tally.other, file.len() as u64);
    }
}

#[test]
fn every_byte_of_what_anybody_may_see() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 20);
    ledger.erase_body(7).expect("erased");
    let file = world::export(&ledger, &Scope::public());
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let cases: Vec<_> = (0..file.len()).map(|at| (at, rng.gen_range(1..=255))).collect();
    println!(
        "20 public entries, {} bytes: {}",
        file.len(),
        flip(&file, &cases, |_| false)
    );
    // Withheld and erased cannot be taken for each other.
    let (_, records) = records(&file);
    let erased = records
        .iter()
        .find(|record| record.tag == b'X')
        .expect("the erased one");
    assert_eq!(flip(&file, &[(erased.at, b'X' ^ b'W')], |_| false).exact, 1);
}

#[test]
fn ten_thousand_bytes_of_a_larger_log() {
    const ENTRIES: u64 = 4000;
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::submit(&ledger, ENTRIES);
    let file = world::export(&ledger, &Scope::everything());
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let cases: Vec<_> = (0..10_000)
        .map(|_| (rng.gen_range(0..file.len()), rng.gen_range(1..=255)))
        .collect();
    // Few checkpoints: what is changed in the last entry and named by nothing after it is among those since the last
    // good one.
    let tally = flip(&file, &cases, |entry| entry == ENTRIES - 1);
    println!("{ENTRIES} entries, {} bytes, 10,000 random flips: {tally}", file.len());
    assert_eq!(tally.exact + tally.among + tally.other, 10_000);
    assert!(tally.among * 1000 < tally.exact);
    // The last entry itself, byte by byte.
    let (_, records) = records(&file);
    let last = records.iter().filter(|record| record.number == ENTRIES - 1);
    let cases: Vec<_> = last
        .flat_map(|record| (record.at..record.at + record.bytes.len()).map(|at| (at, 1)))
        .collect();
    println!(
        "its last entry, {} bytes: {}",
        cases.len(),
        flip(&file, &cases, |entry| entry == ENTRIES - 1)
    );
}

#[test]
fn a_file_cut_short_or_continued_is_noticed() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 4);
    let file = world::export(&ledger, &Scope::everything());
    for length in 0..file.len() {
        assert_eq!(
            finding(&file[..length]).code.code,
            "audit-cut-short",
            "the first {length} bytes"
        );
    }
    let longer = finding(&[&file[..], b"\0"].concat());
    assert_eq!((longer.place, longer.offset), (Place::End, file.len() as u64));
}
