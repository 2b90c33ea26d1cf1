//! One group while it is decided: what it changes, so that later submissions see earlier ones before any of them is stored.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::Accepted;
use super::refusing::Known;
use crate::checkpoint::SignedCheckpoint;
use crate::draft::{Cell, Prepared};
use crate::entry::{Entry, StreamId};
use crate::errors::{AppendError, LedgerError};
use crate::hash::Hash;
use crate::lookups::Added;
use crate::state::{self, Head, StreamHead, lookups_of};
use crate::store::{Batch, Store, Table};
use crate::tree::{Edge, Patch};

/// What a group changes of all that decisions rest on.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) unique: BTreeMap<Hash, u64>,
    pub(super) cells: BTreeMap<Vec<u8>, Option<Cell>>,
    pub(super) streams: BTreeMap<StreamId, StreamHead>,
    blobs: BTreeSet<Hash>,
}

/// What a group is decided against.
pub(super) struct Before<'a> {
    pub(super) store: &'a dyn Store,
    /// What the store may not show yet: the group that is being written.
    pub(super) unwritten: Option<&'a Changes>,
    pub(super) known: &'a mut Known,
}

/// A group, and the log's end with it.
pub(super) struct Draw {
    pub(super) head: Head,
    pub(super) patch: Patch,
    pub(super) batch: Batch,
    pub(super) changes: Changes,
    /// Where its entries are found.
    pub(super) added: Vec<Added>,
}

impl Draw {
    /// An empty group, after this end of the log.
    pub(super) fn new(head: Head, edge: Edge) -> Self {
        Self {
            head,
            patch: Patch::new(edge),
            batch: Batch::default(),
            changes: Changes::default(),
            added: Vec::new(),
        }
    }

    /// What the store may not show yet, the newest first.
    pub(super) fn unstored<'a>(&'a self, before: &Before<'a>) -> impl Iterator<Item = &'a Changes> + use<'a> {
        [Some(&self.changes), before.unwritten].into_iter().flatten()
    }

    /// Decides one submission after all before it. The outer error is the store's.
    pub(super) fn decide(
        &mut self,
        before: &mut Before<'_>,
        prepared: Prepared,
        now_ms: u64,
    ) -> Result<Result<Accepted, AppendError>, LedgerError> {
        if let Some(refusal) = self.refuses(before, &prepared)? {
            return Ok(Err(refusal));
        }
        let unstored = self
            .unstored(before)
            .find_map(|changes| changes.streams.get(&prepared.stream).copied());
        let ended = match unstored {
            Some(head) => Some(head),
            None => before.known.stream(before.store, &prepared.stream)?,
        };
        let index = self.head.size;
        let entry = Entry {
            index,
            time_ms: now_ms.max(self.head.time_ms),
            kind: prepared.kind,
            stream: prepared.stream,
            sequence: ended.map_or(0, |head| head.sequence + 1),
            previous: self.head.last,
            stream_previous: ended.map_or(Hash::ZERO, |head| head.hash),
            unique: prepared.unique.iter().map(|(digest, _)| *digest).collect(),
            body_hash: prepared.body_hash,
        };
        for (hash, blob) in prepared.blobs {
            let unstored = self.unstored(before).any(|changes| changes.blobs.contains(&hash));
            if !unstored && state::blob(before.store, &hash)?.is_none() {
                self.changes.blobs.insert(hash);
                self.batch.put(Table::Blobs, hash.0, state::numbered(index, &blob));
                self.batch.put(Table::Brought, state::brought_key(index, &hash), []);
            }
        }
        let encoded = entry.encode();
        let hash = Hash::leaf(&encoded);
        self.patch.append(hash);
        let claimed = entry.unique.iter().map(|digest| (*digest, index));
        self.changes.unique.extend(claimed);
        for set in prepared.set {
            let cell = set.value.map(|value| Cell { version: index, value });
            self.changes.cells.insert(set.cell, cell);
        }
        let stream_head = StreamHead {
            sequence: entry.sequence,
            index,
            hash,
        };
        self.changes.streams.insert(entry.stream, stream_head);
        self.added.extend(lookups_of(&entry, &hash).map(|key| (key, index)));
        self.batch.put(Table::Entries, index.to_be_bytes(), &encoded);
        let opening = [prepared.opening.salt.as_slice(), &prepared.opening.body];
        self.batch.put_parts(Table::Bodies, index.to_be_bytes(), &opening);
        self.head.size += 1;
        self.head.last = hash;
        self.head.time_ms = entry.time_ms;
        Ok(Ok(Accepted {
            index,
            time_ms: entry.time_ms,
            entry: encoded,
            opening: prepared.opening,
        }))
    }

    /// Adds to the batch what a group writes once.
    pub(super) fn complete(&mut self, signed: &SignedCheckpoint) {
        let Self {
            head, batch, changes, ..
        } = self;
        for (digest, index) in &changes.unique {
            batch.put(Table::Unique, digest.0, index.to_be_bytes());
        }
        for (stream, head) in &changes.streams {
            batch.put(Table::StreamHeads, stream.0, head.encode());
        }
        for (name, cell) in &changes.cells {
            match cell {
                Some(cell) => batch.put(
                    Table::Cells,
                    name.as_slice(),
                    state::numbered(cell.version, &cell.value),
                ),
                None => batch.remove(Table::Cells, name.as_slice()),
            }
        }
        batch.put(Table::Checkpoints, signed.size().to_be_bytes(), signed.note());
        batch.put(Table::Meta, state::META_HEAD, head.encode());
    }
}
