//! What each entry must fit: time and stream of the entries before it. The hash chain itself is compared in [`super`],
//! since two entries may be to blame for it; unique keys are collected here, and compared in [`super::unique`].

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::part::Edge;

use covenant_policy::refusal::Entry as Code;

use super::unique::Keys;
use crate::entry::Entry;
use crate::findings::{ENTRY_TIME, STREAM};
use crate::hash::{Hash, ZEROS};
use crate::tree::Frontier;

/// A rule that an entry breaks.
pub(super) struct Broken {
    pub(super) code: &'static Code,
    pub(super) what: String,
    pub(super) expected: String,
}

/// The entries so far.
#[derive(Default)]
pub(super) struct Chain {
    size: u64,
    /// The tree of all entries but the last.
    edge: Frontier,
    /// The last entry's hash.
    last: Option<Hash>,
    first_time: u64,
    time: u64,
    /// Each stream's next sequence number, and the hash of its last entry.
    streams: BTreeMap<Hash, (u64, Hash)>,
    /// Whether these are not known, because the reading began in the middle.
    amid: bool,
    keys: Keys,
}

impl Chain {
    /// What goes on behind these entries.
    pub(super) fn behind(edge: &Edge) -> Self {
        Self {
            size: edge.size(),
            edge: edge.tree.clone(),
            last: edge.last,
            time: edge.time,
            amid: true,
            ..Self::default()
        }
    }

    /// Where the entries so far end.
    pub(super) fn edge(&self) -> Edge {
        Edge {
            tree: self.edge.clone(),
            last: self.last,
            time: self.time,
        }
    }

    /// The last entry's hash, which the next one names.
    pub(super) fn last(&self) -> Hash {
        self.last.unwrap_or(ZEROS)
    }

    /// How many entries there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    pub(super) fn root(&self) -> Hash {
        self.last
            .map_or_else(|| self.edge.root(), |last| self.root_with(&[last]))
    }

    /// The root of the tree in which the last entry's hash is exchanged for these.
    pub(super) fn root_with(&self, leaves: &[Hash]) -> Hash {
        let mut edge = self.edge.clone();
        for leaf in leaves {
            edge.push(*leaf);
        }
        edge.root()
    }

    pub(super) fn streams(&self) -> u64 {
        self.streams.len() as u64
    }

    /// The unique keys so far.
    pub(super) fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// The first and the last time.
    pub(super) fn period(&self) -> Option<(u64, u64)> {
        (self.size > 0).then_some((self.first_time, self.time))
    }

    /// Takes the next entry in, whose index and previous hash are right; with its keys, where they are to be compared.
    pub(super) fn admit(&mut self, entry: &Entry<'_>, leaf: Hash, keys: bool) -> ControlFlow<Broken> {
        if entry.time < self.time {
            return broken(
                &ENTRY_TIME,
                format!("its time is {} ms", entry.time),
                format!("at least {} ms, the time of the entry before it", self.time),
            );
        }
        if let ControlFlow::Break(broken) = self.in_stream(entry, leaf) {
            return ControlFlow::Break(broken);
        }
        if keys && !self.amid {
            self.keys.take(&entry.unique);
        }
        if self.size == 0 {
            self.first_time = entry.time;
        }
        self.time = entry.time;
        if let Some(last) = self.last.replace(leaf) {
            self.edge.push(last);
        }
        self.size += 1;
        ControlFlow::Continue(())
    }

    /// The entry continues its stream, where streams are known.
    fn in_stream(&mut self, entry: &Entry<'_>, leaf: Hash) -> ControlFlow<Broken> {
        if self.amid {
            return ControlFlow::Continue(());
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
        self.streams.insert(entry.stream, (next.saturating_add(1), leaf));
        ControlFlow::Continue(())
    }
}

fn broken(code: &'static Code, what: String, expected: String) -> ControlFlow<Broken> {
    ControlFlow::Break(Broken { code, what, expected })
}
