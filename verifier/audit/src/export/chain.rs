//! What each entry must fit: time, stream and unique keys of the entries before it. The hash chain itself is compared
//! in [`super`], since two entries may be to blame for it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use covenant_policy::refusal::Entry as Code;

use crate::entry::Entry;
use crate::findings::{ENTRY_TIME, STREAM, UNIQUE};
use crate::hash::{Hash, ZEROS};

/// A rule that an entry breaks.
pub(super) struct Broken {
    pub(super) code: &'static Code,
    pub(super) what: String,
    pub(super) expected: String,
}

/// The entries so far.
#[derive(Default)]
pub(super) struct Chain {
    leaves: Vec<Hash>,
    first_time: u64,
    time: u64,
    /// Each stream's next sequence number, and the hash of its last entry.
    streams: BTreeMap<Hash, (u64, Hash)>,
    /// Which entry claimed each key.
    unique: BTreeMap<Hash, u64>,
}

impl Chain {
    /// The last entry's hash, which the next one names.
    pub(super) fn last(&self) -> Hash {
        self.leaves.last().copied().unwrap_or(ZEROS)
    }

    /// The hash of every entry so far.
    pub(super) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    pub(super) fn streams(&self) -> u64 {
        self.streams.len() as u64
    }

    pub(super) fn unique(&self) -> u64 {
        self.unique.len() as u64
    }

    /// The first and the last time.
    pub(super) fn period(&self) -> Option<(u64, u64)> {
        (!self.leaves.is_empty()).then_some((self.first_time, self.time))
    }

    /// Takes the next entry in, whose index and previous hash are right.
    pub(super) fn admit(&mut self, entry: &Entry<'_>, leaf: Hash) -> ControlFlow<Broken> {
        if entry.time < self.time {
            return broken(
                &ENTRY_TIME,
                format!("its time is {} ms", entry.time),
                format!("at least {} ms, the time of the entry before it", self.time),
            );
        }
        let (next, last) = self.streams.get(&entry.stream).copied().unwrap_or((0, ZEROS));
        if entry.sequence != next {
            return broken(
                &STREAM,
                format!("number {} of stream {}", entry.sequence, entry.stream),
                format!("number {next}"),
            );
        }
        if entry.stream_previous != last {
            return broken(
                &STREAM,
                format!(
                    "it names {} as the hash of the entry before it in its stream",
                    entry.stream_previous
                ),
                last.to_string(),
            );
        }
        for key in &entry.unique {
            if let Some(earlier) = self.unique.insert(*key, entry.index) {
                return broken(
                    &UNIQUE,
                    format!("the blinded key {key} is that of entry {earlier}"),
                    "a key that no earlier entry holds".to_owned(),
                );
            }
        }
        if self.leaves.is_empty() {
            self.first_time = entry.time;
        }
        self.time = entry.time;
        self.streams.insert(entry.stream, (next.saturating_add(1), leaf));
        self.leaves.push(leaf);
        ControlFlow::Continue(())
    }
}

fn broken(code: &'static Code, what: String, expected: String) -> ControlFlow<Broken> {
    ControlFlow::Break(Broken { code, what, expected })
}
