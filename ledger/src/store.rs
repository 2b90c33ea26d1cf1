//! What the ledger needs of a store: tables of keys and values that are read one by one, batches that are written whole and durably,
//! and one small mark beside them. Two traits, so that the sequencer can be tested on a store that fails when it is told to.

#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod rocks;

use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::tree::{Node, Nodes};

/// The tables. All numbers in keys and values are 64 bits, big-endian, so that keys sort by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    /// index → encoded entry
    Entries,
    /// index → salt ‖ body, or nothing once erased
    Bodies,
    /// level (one byte) ‖ index → hash of a complete node
    Nodes,
    /// blinded unique key → index
    Unique,
    /// stream → sequence number ‖ index ‖ hash of its last entry
    StreamHeads,
    /// stream ‖ sequence number → index
    StreamEntries,
    /// name → index of the entry that last set the cell ‖ value
    Cells,
    /// SHA-256 → index of the first entry that brought it ‖ content
    Blobs,
    /// what it is the hash of (one byte) ‖ hash of an entry or body ‖ index → nothing
    Lookups,
    /// size → signed note
    Checkpoints,
    /// the few single values: format, key, blinding, head
    Meta,
}

impl Table {
    /// All of them, with their names in the store.
    pub(crate) const ALL: [(Self, &'static str); 11] = [
        (Self::Entries, "entries"),
        (Self::Bodies, "bodies"),
        (Self::Nodes, "nodes"),
        (Self::Unique, "unique"),
        (Self::StreamHeads, "stream-heads"),
        (Self::StreamEntries, "stream-entries"),
        (Self::Cells, "cells"),
        (Self::Blobs, "blobs"),
        (Self::Lookups, "lookups"),
        (Self::Checkpoints, "checkpoints"),
        (Self::Meta, "meta"),
    ];

    /// Its name in the store, and in error messages.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(table, _)| *table == self)
            .map_or("", |(_, name)| name)
    }
}

/// Changes that are written together or not at all; a value of `None` removes the key.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) changes: Vec<(Table, Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    pub(crate) fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.push((table, key.into(), Some(value.into())));
    }

    pub(crate) fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.changes.push((table, key.into(), None));
    }

    pub(crate) fn node(&mut self, node: &Node) {
        self.put(Table::Nodes, node_key(node.level, node.index), node.hash.0);
    }
}

/// A key and its value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// Reading.
pub(crate) trait Reads {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError>;

    /// The first row after this key, or the first of all.
    fn after(&self, table: Table, key: Option<&[u8]>) -> Result<Option<Row>, LedgerError>;

    /// Shows at most so many rows, from the first whose key is not less than this one on, as they lie in memory.
    fn visit(
        &self,
        table: Table,
        from: &[u8],
        count: usize,
        visitor: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), LedgerError>;

    /// The same rows, copied.
    fn rows(&self, table: Table, from: &[u8], count: usize) -> Result<Vec<Row>, LedgerError> {
        let mut rows = Vec::new();
        self.visit(table, from, count, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
        })?;
        Ok(rows)
    }
}

/// Writing. Only the sequencer's thread writes, and after an error it writes no more.
pub(crate) trait Writes {
    /// Writes all changes, durably: they survive a power cut once this returns.
    fn commit(&self, batch: Batch) -> Result<(), LedgerError>;

    /// Takes the bytes of erased values off the disk, as far as the store can.
    fn purge(&self, table: Table, key: &[u8]) -> Result<(), LedgerError>;

    /// The mark beside the store, if one was ever set.
    fn mark(&self) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Sets the mark. It survives the process, but not always a power cut.
    fn set_mark(&self, mark: &[u8]) -> Result<(), LedgerError>;
}

/// Both.
pub(crate) trait Store: Reads + Writes + Send + Sync {}

impl<T: Reads + Writes + Send + Sync> Store for T {}

/// The key of a complete node.
pub(crate) fn node_key(level: u32, index: u64) -> [u8; 9] {
    let mut key = [0; 9];
    let (first, rest) = key.split_at_mut(1);
    first.copy_from_slice(&level.to_be_bytes()[3..]);
    rest.copy_from_slice(&index.to_be_bytes());
    key
}

/// The stored nodes of the tree.
pub(crate) struct StoredNodes<'a>(pub(crate) &'a dyn Store);

impl Nodes for StoredNodes<'_> {
    type Error = LedgerError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, LedgerError> {
        let place = || format!("node {index} of level {level}");
        let bytes = self.0.get(Table::Nodes, &node_key(level, index))?;
        let bytes = bytes.ok_or_else(|| LedgerError::damaged(place(), "it is missing"))?;
        Hash::from_slice(&bytes).ok_or_else(|| LedgerError::damaged(place(), "it is not 32 bytes"))
    }
}
