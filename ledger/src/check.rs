//! Rechecking everything that is stored, as an operator does before trusting a restored directory and a test after every fault.
//!
//! This trusts nothing but the log's key: entries are hashed into a new tree, and that tree is compared with every stored node and
//! every signed checkpoint. It reads from the operator's own store; the independent auditor reads an export with code of its own.

use std::collections::BTreeMap;

use crate::checkpoint::SignedCheckpoint;
use crate::entry::{Entry, StreamId};
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::note::LogKey;
use crate::recovery::{self, follows, indexed, stored};
use crate::state::{self, StreamHead};
use crate::store::{Store, StoredNodes, Table};
use crate::tree::{Edge, Nodes};

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Summary {
    /// Entries.
    pub entries: u64,
    /// Bodies that are there.
    pub bodies: u64,
    /// Bodies that were erased.
    pub erased: u64,
    /// Unique keys.
    pub unique: u64,
    /// Streams.
    pub streams: u64,
    /// Blobs.
    pub blobs: u64,
    /// Checkpoints.
    pub checkpoints: u64,
}

/// Checks the log up to this checkpoint. While entries are appended, what is beyond it is left out.
pub(crate) fn all(store: &dyn Store, checkpoint: &SignedCheckpoint, key: &LogKey) -> Result<Summary, LedgerError> {
    let size = checkpoint.size();
    let nodes = StoredNodes(store);
    let mut summary = Summary::default();
    let mut edge = Edge::default();
    let mut streams: BTreeMap<StreamId, StreamHead> = BTreeMap::new();
    let mut before: Option<(Entry, Hash)> = None;
    let mut signed = keys(store, Table::Checkpoints)
        .map(|key| number_key(&key?, Table::Checkpoints))
        .peekable();
    for index in 0..=size {
        // The checkpoint of each size at which there is one, compared with the tree as rebuilt so far.
        if let Some(at) = signed.next_if(|at| at.as_ref().map_or(true, |at| *at <= index)) {
            let signed = recovery::checkpoint(store, at?, key)?;
            if signed.size() != index || *signed.root() != edge.root() {
                let place = format!("the checkpoint of size {}", signed.size());
                return Err(LedgerError::mismatch(place, &edge.root(), signed.root()));
            }
            summary.checkpoints += 1;
        }
        if index == size {
            break;
        }
        let (entry, hash) = stored(store, &nodes, index)?;
        follows(before.as_ref(), &entry)?;
        indexed(store, &entry)?;
        stream(&mut streams, &entry, hash)?;
        append(&mut edge, &nodes, hash)?;
        summary.entries += 1;
        summary.unique += entry.unique.len() as u64;
        match state::body(store, index)? {
            Some(Some(_)) => summary.bodies += 1,
            _ => summary.erased += 1,
        }
        before = Some((entry, hash));
    }
    if edge.root() != *checkpoint.root() {
        return Err(LedgerError::mismatch(
            "the tree's root",
            checkpoint.root(),
            &edge.root(),
        ));
    }
    let head = state::head(store)?.filter(|head| head.size == size);
    if let Some(head) = head.filter(|head| head.checkpoints != summary.checkpoints) {
        let what = format!("{} were signed, {} are there", head.checkpoints, summary.checkpoints);
        return Err(LedgerError::damaged("the checkpoints", what));
    }
    summary.streams = streams.len() as u64;
    for (stream, head) in streams {
        let stored = state::stream_head(store, &stream)?;
        if stored != Some(head) && stored.is_none_or(|stored| stored.index < size) {
            return Err(LedgerError::damaged(
                format!("stream {stream}"),
                "its end is not recorded",
            ));
        }
    }
    counted(store, size, &mut summary)?;
    Ok(summary)
}

/// An entry continues its stream.
fn stream(streams: &mut BTreeMap<StreamId, StreamHead>, entry: &Entry, hash: Hash) -> Result<(), LedgerError> {
    let place = || format!("entry {}", entry.index);
    let now = StreamHead {
        sequence: entry.sequence,
        index: entry.index,
        hash,
    };
    let (sequence, previous) = match streams.insert(entry.stream, now) {
        Some(last) => (last.sequence + 1, last.hash),
        None => (0, Hash::ZERO),
    };
    if entry.sequence != sequence {
        let what = format!("it is number {} of its stream, expected {sequence}", entry.sequence);
        return Err(LedgerError::damaged(place(), what));
    }
    if entry.stream_previous != previous {
        return Err(LedgerError::mismatch(place(), &previous, &entry.stream_previous));
    }
    Ok(())
}

/// Appends a leaf, and compares the nodes that complete with the stored ones.
fn append(edge: &mut Edge, nodes: &StoredNodes<'_>, leaf: Hash) -> Result<(), LedgerError> {
    let mut complete = Vec::new();
    edge.append(leaf, |node| complete.push(node));
    for node in complete {
        let found = nodes.node(node.level, node.index)?;
        if found != node.hash {
            let place = format!("node {} of level {}", node.index, node.level);
            return Err(LedgerError::mismatch(place, &node.hash, &found));
        }
    }
    Ok(())
}

/// Blobs are what their names say, and no unique key is recorded that no entry holds.
fn counted(store: &dyn Store, size: u64, summary: &mut Summary) -> Result<(), LedgerError> {
    for key in keys(store, Table::Blobs) {
        let name = Hash::from_slice(&key?).ok_or_else(|| LedgerError::damaged("a blob", "its name is not 32 bytes"))?;
        let Some((_, blob)) = state::blob(store, &name)?.filter(|(first, _)| *first < size) else {
            continue;
        };
        let found = Hash::of(&[&blob]);
        if found != name {
            return Err(LedgerError::mismatch("a blob", &name, &found));
        }
        summary.blobs += 1;
    }
    let mut recorded = 0;
    for key in keys(store, Table::Unique) {
        let digest =
            Hash::from_slice(&key?).ok_or_else(|| LedgerError::damaged("a unique key", "it is not 32 bytes"))?;
        recorded += u64::from(state::unique(store, &digest)?.is_some_and(|index| index < size));
    }
    if recorded != summary.unique {
        let what = format!("{recorded} are recorded, entries hold {}", summary.unique);
        return Err(LedgerError::damaged("the unique keys", what));
    }
    let mut hashes = 0;
    for key in keys(store, Table::Lookups) {
        hashes += u64::from(state::lookup_index(&key?)? < size);
    }
    if hashes != 2 * summary.entries {
        let what = format!("{hashes} are recorded for look-up, expected {}", 2 * summary.entries);
        return Err(LedgerError::damaged("the hashes", what));
    }
    Ok(())
}

/// The keys of a table, ascending. Ends after an error.
pub(crate) fn keys(store: &dyn Store, table: Table) -> impl Iterator<Item = Result<Vec<u8>, LedgerError>> {
    keys_after(store, table, None)
}

/// The keys of a table after this one, ascending. Ends after an error.
pub(crate) fn keys_after(
    store: &dyn Store,
    table: Table,
    mut last: Option<Vec<u8>>,
) -> impl Iterator<Item = Result<Vec<u8>, LedgerError>> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        match store.after(table, last.as_deref()) {
            Ok(Some((key, _))) => {
                last = Some(key.clone());
                Some(Ok(key))
            }
            Ok(None) => {
                ended = true;
                None
            }
            Err(error) => {
                ended = true;
                Some(Err(error))
            }
        }
    })
}

/// A key that is a number.
pub(crate) fn number_key(key: &[u8], table: Table) -> Result<u64, LedgerError> {
    state::number(key).ok_or_else(|| LedgerError::damaged(format!("table {}", table.name()), "a key is not a number"))
}
