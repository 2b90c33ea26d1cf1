//! What the ledger needs of a store: tables of keys and values that are read one by one, batches that are written whole and durably,
//! and one small mark beside them. Two traits, so that the sequencer can be tested on a store that fails when it is told to.

mod framing;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod rocks;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
    /// level (one byte) ‖ index of a row → the hashes of up to [`NODES_TOGETHER`] complete nodes that follow each other in a level
    Nodes,
    /// blinded unique key → index
    Unique,
    /// stream → sequence number ‖ index ‖ hash of its last entry
    StreamHeads,
    /// name → index of the entry that last set the cell ‖ value
    Cells,
    /// SHA-256 → index of the first entry that brought it ‖ content
    Blobs,
    /// index of an entry ‖ SHA-256 of a blob that it was the first to bring → nothing
    Brought,
    /// what is looked up by (one byte) ‖ hash of an entry or body ‖ index → nothing; the same ‖ stream ‖ sequence number → index; and one row
    /// that says how many entries all of it is of. Made from the entries, and written after them (`lookups.rs`)
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
        (Self::Cells, "cells"),
        (Self::Blobs, "blobs"),
        (Self::Brought, "brought"),
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

/// What the store's format is called.
pub(crate) const FORMAT: &str = "covenant-ledger/v4";
/// The key of the table of single values under which that stands.
pub(crate) const META_FORMAT: &[u8] = b"format";

/// Refuses another format than ours, if that is what was found.
pub(crate) fn other_format(found: Option<Vec<u8>>) -> Result<(), LedgerError> {
    let found = found.and_then(|found| String::from_utf8(found).ok());
    let version = |found: &str| found.strip_prefix("covenant-ledger/v")?.parse::<u32>().ok();
    match found {
        Some(found) if found == FORMAT => Ok(()),
        Some(found) if version(&found).is_some() => Err(LedgerError::OtherFormat {
            found,
            expected: FORMAT.to_owned(),
        }),
        _ => Err(LedgerError::damaged("the format", format!("it is not {FORMAT}"))),
    }
}

/// Changes that are written together or not at all; a value of `None` removes the key. They lie in one piece of memory, and are written
/// table by table and ascending by key, which is what a sorted store takes fastest.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    changes: BTreeMap<Table, Vec<Change>>,
}

/// One change: where its key and its value begin among the bytes, and where they end.
#[derive(Clone, Copy, Debug)]
struct Change {
    key: usize,
    value: usize,
    end: usize,
    removes: bool,
}

impl Batch {
    pub(crate) fn put(&mut self, table: Table, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.put_parts(table, key, &[value.as_ref()]);
    }

    /// The same, of a value in several parts.
    pub(crate) fn put_parts(&mut self, table: Table, key: impl AsRef<[u8]>, value: &[&[u8]]) {
        self.change(table, key.as_ref(), value, false);
    }

    pub(crate) fn remove(&mut self, table: Table, key: impl AsRef<[u8]>) {
        self.change(table, key.as_ref(), &[], true);
    }

    fn change(&mut self, table: Table, name: &[u8], parts: &[&[u8]], removes: bool) {
        let key = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let value = self.bytes.len();
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        let end = self.bytes.len();
        self.changes.entry(table).or_default().push(Change {
            key,
            value,
            end,
            removes,
        });
    }

    /// Bytes of all keys and values.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The changes of each table, ascending by key; of the same key, in the order in which they were made.
    pub(crate) fn sorted(&mut self) -> impl Iterator<Item = (Table, impl Iterator<Item = (&[u8], Option<&[u8]>)>)> {
        let bytes = self.bytes.as_slice();
        let part = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
        self.changes.iter_mut().map(move |(table, changes)| {
            changes.sort_by_key(|change| part(change.key, change.value));
            let changes = changes.iter().map(move |change| {
                let value = (!change.removes).then(|| part(change.value, change.end));
                (part(change.key, change.value), value)
            });
            (*table, changes)
        })
    }
}

/// A row that is made while a run is written.
pub(crate) type RunRow<'a> = (&'a [u8], Vec<u8>);

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

/// Writing. One commit at a time and one run beside it. After a commit that failed none is tried again, nor is a run after one that did: the
/// sequencer sees to that.
pub(crate) trait Writes {
    /// Writes all changes, durably: they survive a power cut once this returns.
    fn commit(&self, batch: Batch) -> Result<(), LedgerError>;

    /// Puts rows into a table that nothing else writes to, ascending by key, and the last one after all others: all of them are durable once
    /// this returns, and the last one never is without the others. May go on beside a commit.
    fn write_run<'a>(
        &self,
        table: Table,
        rows: &mut dyn Iterator<Item = RunRow<'a>>,
        last: RunRow<'a>,
    ) -> Result<(), LedgerError>;

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

/// Nodes of one row. A row grows until it has so many: fewer and larger rows are less to write and to merge, and quicker to read as a
/// tile, while one entry alone rewrites half a kilobyte at most for each level that it completes.
pub(crate) const NODES_TOGETHER: u64 = 16;

/// The key of the row that holds a complete node.
pub(crate) fn node_key(level: u32, index: u64) -> [u8; 9] {
    let mut key = [0; 9];
    let (first, rest) = key.split_at_mut(1);
    first.copy_from_slice(&level.to_be_bytes()[3..]);
    rest.copy_from_slice(&(index / NODES_TOGETHER).to_be_bytes());
    key
}

/// A node in its row.
fn in_row(row: &[u8], index: u64) -> Option<&[u8; 32]> {
    let place = usize::try_from(index % NODES_TOGETHER).ok()?;
    let (hashes, rest) = row.as_chunks::<32>();
    hashes.get(place).filter(|_| rest.is_empty())
}

/// Adds rows of new nodes to a batch: those of each level follow the ones that are stored.
pub(crate) fn put_nodes<S: Reads + ?Sized>(
    batch: &mut Batch,
    store: &S,
    nodes: impl Iterator<Item = Node>,
) -> Result<(), LedgerError> {
    let mut rows: BTreeMap<[u8; 9], Vec<u8>> = BTreeMap::new();
    for node in nodes {
        let key = node_key(node.level, node.index);
        let row = match rows.entry(key) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(row) if node.index.is_multiple_of(NODES_TOGETHER) => row.insert(Vec::new()),
            Entry::Vacant(row) => row.insert(store.get(Table::Nodes, &key)?.unwrap_or_default()),
        };
        if row.len() as u64 != node.index % NODES_TOGETHER * 32 {
            let place = format!("node {} of level {}", node.index, node.level);
            return Err(LedgerError::damaged(place, "those before it are missing from its row"));
        }
        row.extend_from_slice(&node.hash.0);
    }
    rows.iter().for_each(|(key, row)| batch.put(Table::Nodes, key, row));
    Ok(())
}

/// The stored nodes of the tree.
pub(crate) struct StoredNodes<'a>(pub(crate) &'a dyn Store);

impl Nodes for StoredNodes<'_> {
    type Error = LedgerError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, LedgerError> {
        let place = || format!("node {index} of level {level}");
        let row = self.0.get(Table::Nodes, &node_key(level, index))?;
        let row = row.ok_or_else(|| LedgerError::damaged(place(), "it is missing"))?;
        let hash = in_row(&row, index).copied().map(Hash);
        hash.ok_or_else(|| LedgerError::damaged(place(), "it is missing from its row"))
    }
}

#[cfg(test)]
mod tests {
    use super::memory::Memory;
    use super::*;

    #[test]
    fn a_batch_is_written_table_by_table_and_by_key() {
        let mut batch = Batch::default();
        batch.put(Table::Unique, [2], [20]);
        batch.put(Table::Entries, [9], [90]);
        batch.put_parts(Table::Unique, [1], &[&[10], &[11]]);
        batch.remove(Table::Unique, [3]);
        batch.put(Table::Unique, [2], []);
        let written: Vec<_> = batch
            .sorted()
            .flat_map(|(table, changes)| {
                changes.map(move |(key, value)| (table, key.to_vec(), value.map(<[u8]>::to_vec)))
            })
            .collect();
        let expected = [
            (Table::Entries, vec![9], Some(vec![90])),
            (Table::Unique, vec![1], Some(vec![10, 11])),
            (Table::Unique, vec![2], Some(vec![20])),
            (Table::Unique, vec![2], Some(vec![])),
            (Table::Unique, vec![3], None),
        ];
        assert_eq!(written, expected);
        assert_eq!(batch.bytes(), 5 + 4);
    }

    /// Groups of every size end up as the same rows, each node where it is looked for.
    #[test]
    fn rows_of_nodes_grow_from_group_to_group() {
        let store = Memory::default();
        let hash = |index: u64| Hash::leaf(&index.to_be_bytes());
        let mut from = 0;
        for count in [1, 1, 13, 1, 16, 5, 40] {
            let nodes = (from..from + count).map(|index| Node {
                level: 0,
                index,
                hash: hash(index),
            });
            let mut batch = Batch::default();
            put_nodes(&mut batch, &store, nodes).expect("they follow");
            store.commit(batch).expect("stored");
            from += count;
        }
        let stored = StoredNodes(&store);
        (0..from).for_each(|index| assert_eq!(stored.node(0, index).expect("there"), hash(index)));
        assert!(stored.node(0, from).is_err() && stored.node(1, 0).is_err());
        assert_eq!(store.lock().rows.len() as u64, from.div_ceil(NODES_TOGETHER));
        // One is missing in between.
        let node = Node {
            level: 0,
            index: from + 1,
            hash: hash(0),
        };
        let refused = put_nodes(&mut Batch::default(), &store, [node].into_iter());
        assert!(refused.expect_err("a gap").to_string().contains("missing from its row"));
    }
}
