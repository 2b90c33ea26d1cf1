//! The check of a log that is sound, in one reading of each table from its beginning to its end.
//!
//! The entries say which rows there must be in the tables of nodes, unique keys and look-ups, but not in the order of their keys.
//! So neither side is sorted or kept: each row is hashed under a secret that is drawn for this check, and the hashes are added up, once over
//! the rows that the entries demand and once over those that are there. The sums are equal if the rows are the same (a multiset hash:
//! Clarke, Devadas, van Dijk, Gassend, Suh, "Incremental Multiset Hash Functions and Their Application to Memory Integrity Checking",
//! ASIACRYPT 2003, MSet-Add-Hash); whoever wrote the rows did not know the secret.
//!
//! In memory are some hundred rows, and about 100 bytes for each stream.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use super::{Checkpoints, Summary, finish, rows_after, stream, tables};
use crate::checkpoint::SignedCheckpoint;
use crate::entry::{Entry, StreamId};
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::note::LogKey;
use crate::recovery::follows;
use crate::state::{self, StreamHead, lookup_value, lookups_of};
use crate::store::{NODES_TOGETHER, Store, Table, node_key};
use crate::tree::{Edge, Node};

/// The tables whose rows are summed. What the first one covers must be known before the entries are read.
const SUMMED: [Table; 3] = [Table::Lookups, Table::Nodes, Table::Unique];
/// Entries that are read at once.
const ENTRIES_TOGETHER: usize = 1024;

/// Hashes rows. The secret fills the hash's first block, so that it is taken in once.
struct Prints(Sha256);

impl Prints {
    fn under(secret: &[u8; 32]) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(secret);
        Self(Sha256::new_with_prefix(block))
    }

    fn of(&self, table: Table, key: &[u8], value: &[u8]) -> [u64; 4] {
        let hasher = self
            .0
            .clone()
            .chain_update([table as u8, u8::try_from(key.len()).unwrap_or(u8::MAX)]);
        let digest = hasher.chain_update(key).chain_update(value).finalize();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(digest.as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        words
    }
}

/// Rows of a table, counted and added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Sum {
    rows: u64,
    words: [u64; 4],
}

impl Sum {
    fn add(&mut self, print: [u64; 4]) {
        self.rows += 1;
        for (word, more) in self.words.iter_mut().zip(print) {
            *word = word.wrapping_add(more);
        }
    }
}

/// What the entries say.
#[derive(Default)]
struct Said {
    summary: Summary,
    edge: Edge,
    streams: BTreeMap<StreamId, StreamHead>,
    sums: BTreeMap<Table, Sum>,
    /// Entries whose look-ups the table has.
    covered: u64,
    /// For each level, the nodes of a row that is not full yet.
    rows: Vec<(u64, Vec<u8>)>,
}

/// Checks everything. An error says what is wrong, if not always where.
pub(super) fn all(
    store: &dyn Store,
    checkpoint: &SignedCheckpoint,
    key: &LogKey,
    secret: &[u8; 32],
) -> Result<Summary, LedgerError> {
    let (size, prints) = (checkpoint.size(), Prints::under(secret));
    let (said, there) = thread::scope(|scope| {
        let (covers, covered) = sync_channel(1);
        let prints = &prints;
        let there = scope.spawn(move || SUMMED.map(|table| summed(store, table, size, prints, &covers)));
        let said = said(store, size, key, prints, &covered);
        (said, there.join())
    });
    let said = said?;
    let there = there.map_err(|_| LedgerError::io("checking", "a thread broke down"))?;
    let mut counts = BTreeMap::new();
    let mut beyond = 0;
    for (table, there) in SUMMED.into_iter().zip(there) {
        let (sum, more) = there?;
        let expected = said.sums.get(&table).copied().unwrap_or_default();
        if sum != expected {
            let what = format!(
                "its {} rows are not the {} that the entries demand",
                sum.rows, expected.rows
            );
            return Err(LedgerError::damaged(format!("table {}", table.name()), what));
        }
        counts.insert(table, sum.rows + more);
        beyond += more;
    }
    if beyond > 0 && state::head(store)?.is_some_and(|head| head.size == size) {
        return Err(LedgerError::damaged(
            "the store",
            format!("{beyond} rows go beyond its head"),
        ));
    }
    finish(store, checkpoint, &said.edge, said.summary, &said.streams, &counts)
}

/// Adds up the rows of a table that belong to the first `size` entries, and counts those that go beyond.
fn summed(
    store: &dyn Store,
    table: Table,
    size: u64,
    prints: &Prints,
    covers: &SyncSender<u64>,
) -> Result<(Sum, u64), LedgerError> {
    let (mut sum, mut beyond) = (Sum::default(), 0);
    if table == Table::Lookups {
        let mut add = |key: &[u8], value: &[u8]| sum.add(prints.of(table, key, value));
        // Whoever waits for it may have given up.
        let said = |covered| {
            let _ = covers.try_send(covered);
        };
        beyond = tables::look_ups(store, size, said, &mut add)?;
        // Of a table without rows nothing was said.
        let _ = covers.try_send(0);
        return Ok((sum, beyond));
    }
    store.visit(table, &[], usize::MAX, &mut |key, value| {
        // A row of another form is added as it is, and is then one too many.
        let of = match table {
            Table::Nodes => return nodes(key, value, size, prints, &mut sum, &mut beyond),
            _ => state::number(value),
        };
        if of.is_some_and(|index| index >= size) {
            beyond += 1;
        } else {
            sum.add(prints.of(table, key, value));
        }
    })?;
    Ok((sum, beyond))
}

/// The same, of a row of nodes, which may hold some of each.
fn nodes(key: &[u8], row: &[u8], size: u64, prints: &Prints, sum: &mut Sum, beyond: &mut u64) {
    let place = key
        .split_first()
        .and_then(|(level, row)| Some((*level, state::number(row)?)));
    let own = place.map_or(u64::MAX, |(level, row)| {
        let nodes = size.checked_shr(level.into()).unwrap_or(0);
        nodes
            .saturating_sub(row.saturating_mul(NODES_TOGETHER))
            .saturating_mul(32)
    });
    let own = usize::try_from(own).unwrap_or(usize::MAX);
    *beyond += u64::from(own == 0 || own < row.len());
    if own > 0 {
        sum.add(prints.of(Table::Nodes, key, row.get(..own).unwrap_or(row)));
    }
}

/// Reads the first `size` entries with their bodies, and the checkpoints.
fn said(
    store: &dyn Store,
    size: u64,
    key: &LogKey,
    prints: &Prints,
    covered: &Receiver<u64>,
) -> Result<Said, LedgerError> {
    let mut said = Said {
        // Where the table cannot be read, that is said of it.
        covered: covered.recv().unwrap_or(0),
        ..Said::default()
    };
    let mut signed = Checkpoints::of(store, key);
    let mut before: Option<(Entry, Hash)> = None;
    let mut bodies = Vec::new().into_iter();
    let mut entries = rows_after(store, Table::Entries, None);
    for index in 0..size {
        said.summary.checkpoints += u64::from(signed.at(index, &said.edge)?);
        if bodies.len() == 0 {
            bodies = body_hashes(store, index, size)?.into_iter();
        }
        let place = || format!("entry {index}");
        let missing = || LedgerError::damaged(place(), "it is missing");
        let (at, bytes) = entries.next().ok_or_else(missing)??;
        if at != index.to_be_bytes() {
            return Err(missing());
        }
        let entry = Entry::decode(&bytes).map_err(|error| LedgerError::damaged(place(), error.to_string()))?;
        if entry.index != index {
            return Err(LedgerError::damaged(place(), "it says that it is another"));
        }
        follows(before.as_ref(), &entry)?;
        match bodies.next() {
            Some(Some(hash)) if hash != entry.body_hash => {
                return Err(LedgerError::mismatch(
                    format!("the body of entry {index}"),
                    &entry.body_hash,
                    &hash,
                ));
            }
            Some(Some(_)) => said.summary.bodies += 1,
            Some(None) => said.summary.erased += 1,
            None => {
                return Err(LedgerError::damaged(
                    format!("the body of entry {index}"),
                    "it is missing",
                ));
            }
        }
        let hash = Hash::leaf(&bytes);
        said.entry(&entry, hash, prints)?;
        before = Some((entry, hash));
    }
    said.summary.checkpoints += u64::from(signed.at(size, &said.edge)?);
    for level in 0..said.rows.len() {
        said.row_ends(level, prints);
    }
    Ok(said)
}

/// The hashes of the bodies from this entry's on, some at a time; of what was erased, nothing. Ends before one that is missing.
fn body_hashes(store: &dyn Store, from: u64, size: u64) -> Result<Vec<Option<Hash>>, LedgerError> {
    let count = ENTRIES_TOGETHER.min(usize::try_from(size - from).unwrap_or(usize::MAX));
    let mut hashes = Vec::with_capacity(count);
    let mut places = from..size;
    store.visit(Table::Bodies, &from.to_be_bytes(), count, &mut |key, stored| {
        if places.next().is_some_and(|place| place.to_be_bytes() == key) {
            // Salt and body lie one after the other, as they are hashed.
            hashes.push((!stored.is_empty()).then(|| Hash::of(&[stored])));
        } else {
            places = 0..0;
        }
    })?;
    Ok(hashes)
}

impl Said {
    fn entry(&mut self, entry: &Entry, hash: Hash, prints: &Prints) -> Result<(), LedgerError> {
        stream(&mut self.streams, entry, hash)?;
        self.summary.entries += 1;
        self.summary.unique += entry.unique.len() as u64;
        let index = entry.index.to_be_bytes();
        let mut demand = |table, key: &[u8], value: &[u8]| {
            self.sums.entry(table).or_default().add(prints.of(table, key, value));
        };
        for digest in &entry.unique {
            demand(Table::Unique, &digest.0, &index);
        }
        for key in lookups_of(entry, &hash).iter().filter(|_| entry.index < self.covered) {
            demand(Table::Lookups, key, &lookup_value(key, entry.index));
        }
        let mut edge = std::mem::take(&mut self.edge);
        edge.append(hash, |node| self.node(&node, prints));
        self.edge = edge;
        Ok(())
    }

    fn node(&mut self, node: &Node, prints: &Prints) {
        let level = node.level as usize;
        if self.rows.len() == level {
            self.rows.push((0, Vec::new()));
        }
        let full = self.rows.get_mut(level).is_some_and(|(last, row)| {
            *last = node.index;
            row.extend_from_slice(&node.hash.0);
            node.index % NODES_TOGETHER == NODES_TOGETHER - 1
        });
        if full {
            self.row_ends(level, prints);
        }
    }

    /// A row of nodes is full, or the last one of its level.
    fn row_ends(&mut self, level: usize, prints: &Prints) {
        let Some((last, row)) = self.rows.get_mut(level).filter(|(_, row)| !row.is_empty()) else {
            return;
        };
        let key = node_key(u32::try_from(level).unwrap_or(u32::MAX), *last);
        let print = prints.of(Table::Nodes, &key, row);
        row.clear();
        self.sums.entry(Table::Nodes).or_default().add(print);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_of_rows_in_any_order_and_under_one_secret() {
        let prints = Prints::under(&[1; 32]);
        let rows: Vec<(&[u8], &[u8])> = vec![(b"a", b"1"), (b"b", b"2"), (b"ab", b"")];
        let sum = |prints: &Prints, rows: &[(&[u8], &[u8])]| {
            let mut sum = Sum::default();
            rows.iter()
                .for_each(|(key, value)| sum.add(prints.of(Table::Unique, key, value)));
            sum
        };
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        assert_eq!(sum(&prints, &rows), sum(&prints, &reversed));
        let others: [&[(&[u8], &[u8])]; 4] = [
            // A row less, a row twice, a value changed, a byte that goes over from key to value.
            &[(b"a", b"1"), (b"b", b"2")],
            &[(b"a", b"1"), (b"a", b"1"), (b"ab", b"")],
            &[(b"a", b"1"), (b"b", b"3"), (b"ab", b"")],
            &[(b"a", b"1"), (b"b", b"2"), (b"a", b"b")],
        ];
        for other in others {
            assert_ne!(sum(&prints, &rows), sum(&prints, other));
        }
        assert_ne!(sum(&prints, &rows), sum(&Prints::under(&[2; 32]), &rows));
        let (one, another) = (
            prints.of(Table::Unique, b"a", b"1"),
            prints.of(Table::Lookups, b"a", b"1"),
        );
        assert_ne!(one, another);
    }
}
