//! Rechecking everything that is stored, as an operator does before trusting a restored directory and a test after every fault.
//!
//! This trusts nothing but the log's key: entries are hashed into a new tree, and that tree is compared with every stored node and
//! every signed checkpoint. It reads from the operator's own store; the independent auditor reads an export with code of its own.

mod sweep;
mod tables;

use std::collections::BTreeMap;
use std::iter::Peekable;

use crate::checkpoint::SignedCheckpoint;
use crate::entry::{Entry, StreamId};
use crate::errors::{LedgerError, WitnessError};
use crate::hash::Hash;
use crate::note::LogKey;
use crate::recovery::{self, follows, indexed, stored};
use crate::state::{self, StreamHead};
use crate::store::{Row, Store, StoredNodes, Table};
use crate::tree::{Edge, Nodes};
use crate::witness::WitnessPolicy;

pub(crate) use tables::{hex, node_place};

/// Rows that are read at once.
const ROWS_TOGETHER: usize = 1024;

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

/// Checks the log up to this checkpoint. While entries are appended, what is beyond it is left out. The secret is any that nobody could
/// know before.
///
/// Every table is read once, from its beginning to its end. Only if that shows something wrong is every row asked for by its key, which
/// takes many times longer, and says which one it is.
pub(crate) fn all(
    store: &dyn Store,
    checkpoint: &SignedCheckpoint,
    key: &LogKey,
    secret: &[u8; 32],
) -> Result<Summary, LedgerError> {
    sweep::all(store, checkpoint, key, secret).map_err(|wrong| located(store, checkpoint, key).err().unwrap_or(wrong))
}

/// The same, row by row: names the first one that is wrong.
fn located(store: &dyn Store, checkpoint: &SignedCheckpoint, key: &LogKey) -> Result<Summary, LedgerError> {
    let size = checkpoint.size();
    let nodes = StoredNodes(store);
    let covered = state::covered(store)?.size;
    let mut summary = Summary::default();
    let mut edge = Edge::default();
    let mut streams: BTreeMap<StreamId, StreamHead> = BTreeMap::new();
    let mut before: Option<(Entry, Hash)> = None;
    let mut signed = Checkpoints::of(store, key);
    for index in 0..=size {
        summary.checkpoints += u64::from(signed.at(index, &edge)?);
        if index == size {
            break;
        }
        let (entry, hash) = stored(store, &nodes, index)?;
        follows(before.as_ref(), &entry)?;
        indexed(store, &entry, &hash, covered)?;
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
    finish(store, checkpoint, &edge, summary, &streams, &BTreeMap::new())
}

/// What is checked once all entries were read: root, streams' ends, blobs, and that each table holds no more than it should. Rows of some
/// tables were counted before.
fn finish(
    store: &dyn Store,
    checkpoint: &SignedCheckpoint,
    edge: &Edge,
    mut summary: Summary,
    streams: &BTreeMap<StreamId, StreamHead>,
    counts: &BTreeMap<Table, u64>,
) -> Result<Summary, LedgerError> {
    let size = checkpoint.size();
    if edge.root() != *checkpoint.root() {
        return Err(LedgerError::mismatch(
            "the tree's root",
            checkpoint.root(),
            &edge.root(),
        ));
    }
    summary.streams = streams.len() as u64;
    for (stream, head) in streams {
        let stored = state::stream_head(store, stream)?;
        if stored != Some(*head) && stored.is_none_or(|stored| stored.index < size) {
            return Err(LedgerError::damaged(
                format!("stream {stream}"),
                "its end is not recorded",
            ));
        }
    }
    tables::counted(store, size, &mut summary)?;
    // The head only grows: if it is still here, nothing was appended meanwhile, and each table holds what it should and no more.
    let unmoved = || state::head(store).map(|head| head.filter(|head| head.size == size));
    if let Some(head) = unmoved()? {
        let whole = tables::whole(store, &head, &summary, streams, counts);
        if unmoved()?.is_some() {
            whole?;
        }
    }
    Ok(summary)
}

/// The stored checkpoints, met in the order of their sizes.
struct Checkpoints<'a> {
    store: &'a dyn Store,
    key: &'a LogKey,
    sizes: Peekable<Box<dyn Iterator<Item = Result<u64, LedgerError>> + 'a>>,
}

impl<'a> Checkpoints<'a> {
    fn of(store: &'a dyn Store, key: &'a LogKey) -> Self {
        let sizes = keys(store, Table::Checkpoints).map(|key| number_key(&key?, Table::Checkpoints));
        let sizes: Box<dyn Iterator<Item = _>> = Box::new(sizes);
        Self {
            store,
            key,
            sizes: sizes.peekable(),
        }
    }

    /// Compares the checkpoint of this size, where there is one, with the tree of so many entries.
    fn at(&mut self, size: u64, edge: &Edge) -> Result<bool, LedgerError> {
        let Some(at) = self.sizes.next_if(|at| at.as_ref().map_or(true, |at| *at <= size)) else {
            return Ok(false);
        };
        let signed = recovery::checkpoint(self.store, at?, self.key)?;
        if signed.size() != size || *signed.root() != edge.root() {
            let place = format!("the checkpoint of size {}", signed.size());
            return Err(LedgerError::mismatch(place, &edge.root(), signed.root()));
        }
        Ok(true)
    }
}

/// Checks cosignatures up to this checkpoint; how many checkpoints bear enough.
pub(crate) fn witnessed(
    store: &dyn Store,
    last: &SignedCheckpoint,
    key: &LogKey,
    policy: &WitnessPolicy,
) -> Result<u64, LedgerError> {
    let mut enough = 0;
    for at in keys(store, Table::Checkpoints) {
        let size = number_key(&at?, Table::Checkpoints)?;
        if size > last.size() {
            break;
        }
        let signed = recovery::checkpoint(store, size, key)?;
        match policy.check(signed.note(), key) {
            Ok(_) => enough += 1,
            Err(WitnessError::Quorum { .. }) if enough == 0 => {}
            Err(error) => {
                let place = format!("the checkpoint of size {size}");
                return Err(LedgerError::damaged(place, error.to_string()));
            }
        }
    }
    Ok(enough)
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
            let place = node_place(node.level, node.index);
            return Err(LedgerError::mismatch(place, &node.hash, &found));
        }
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
    last: Option<Vec<u8>>,
) -> impl Iterator<Item = Result<Vec<u8>, LedgerError>> {
    rows_after(store, table, last).map(|row| row.map(|(key, _)| key))
}

/// The rows of a table after this key, ascending, some at a time. Ends after an error.
fn rows_after(
    store: &dyn Store,
    table: Table,
    last: Option<Vec<u8>>,
) -> impl Iterator<Item = Result<Row, LedgerError>> {
    // Blobs are large, and cells are asked for one by one.
    let together = if matches!(table, Table::Blobs | Table::Cells) {
        1
    } else {
        ROWS_TOGETHER
    };
    // The least key that is greater than another is that key and a zero byte.
    let after = |last: Vec<u8>| [last.as_slice(), &[0]].concat();
    let mut from = Some(last.map_or_else(Vec::new, after));
    let mut rows: std::vec::IntoIter<Row> = Vec::new().into_iter();
    std::iter::from_fn(move || {
        if rows.len() == 0 {
            rows = match store.rows(table, &from.take()?, together) {
                Ok(found) => found.into_iter(),
                Err(error) => return Some(Err(error)),
            };
            from = rows.as_slice().last().map(|(key, _)| after(key.clone()));
        }
        rows.next().map(Ok)
    })
}

/// A key that is a number.
pub(crate) fn number_key(key: &[u8], table: Table) -> Result<u64, LedgerError> {
    state::number(key).ok_or_else(|| LedgerError::damaged(format!("table {}", table.name()), "a key is not a number"))
}

#[cfg(test)]
mod tests;
