//! Reading the ledger by index, hash and stream, and what of its tree proves it: proofs and tiles.

use super::Ledger;
use crate::entry::{Entry, StreamId};
use crate::errors::{LedgerError, ProofError};
use crate::hash::Hash;
use crate::state::Lookup;
use crate::store::{NODES_TOGETHER, Table, node_key};
use crate::tiles::Tile;
use crate::tree;

impl Ledger {
    /// The entries from index `from` up to, not including, `to`, or the log's end.
    pub fn range(&self, from: u64, to: u64) -> impl Iterator<Item = Result<Entry, LedgerError>> {
        (from..to.min(self.size())).map(|index| self.entry(index))
    }

    /// The entries of a stream, from its sequence number `from` on.
    pub fn stream(&self, stream: StreamId, from: u64) -> impl Iterator<Item = Result<Entry, LedgerError>> {
        let size = self.size();
        (from..).map_while(move |sequence| {
            let index = self.lookups.by_stream(&stream, sequence).transpose()?;
            match index {
                Ok(index) if index >= size => None,
                Ok(index) => Some(self.entry(index)),
                Err(error) => Some(Err(error)),
            }
        })
    }

    /// The proof that entry `index` is in the tree of the first `size`.
    ///
    /// # Errors
    /// Fails when there is no such tree or entry, or the store is damaged.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
        let visible = self.size();
        if size > visible {
            return Err(ProofError::BeyondSize { index, size: visible }.into());
        }
        tree::inclusion(&self.nodes(), index, size)?.ok_or_else(|| ProofError::BeyondSize { index, size }.into())
    }

    /// The proof that the tree of the first `old` entries is the beginning of that of the first `new`.
    ///
    /// # Errors
    /// Fails when there is no such tree, or the store is damaged.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
        let size = self.size();
        if new > size {
            return Err(ProofError::BeyondSize { index: new, size }.into());
        }
        tree::consistency(&self.nodes(), old, new)?.ok_or_else(|| ProofError::Reversed { old, new }.into())
    }

    /// The entry whose leaf has this hash.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn by_entry_hash(&self, hash: &Hash) -> Result<Option<u64>, LedgerError> {
        self.look_up(Lookup::Entry, hash)
    }

    /// The entry that commits to this: SHA-256(salt ‖ body).
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn by_commitment(&self, hash: &Hash) -> Result<Option<u64>, LedgerError> {
        self.look_up(Lookup::Body, hash)
    }

    fn look_up(&self, of: Lookup, hash: &Hash) -> Result<Option<u64>, LedgerError> {
        let index = self.lookups.by_hash(of, hash)?;
        Ok(index.filter(|index| *index < self.size()))
    }

    /// A tile of the tree, or of the entries, as it lies in the store: the rows follow each other there.
    ///
    /// # Errors
    /// Fails when the log is too small to have it, or the store is damaged.
    pub fn tile(&self, tile: &Tile) -> Result<Vec<u8>, LedgerError> {
        let absent = || LedgerError::absent(format!("tile {tile}"));
        let first = tile.first().filter(|_| tile.is_in(self.size())).ok_or_else(absent)?;
        let width = u64::from(tile.width());
        let mut bytes = Vec::with_capacity(usize::from(tile.width()) * 32);
        let mut fault = None;
        let missing = "a row is missing";
        match tile.node_level() {
            Some(level) => {
                // A tile begins with a row; the last row may hold nodes beyond a partial tile.
                let keys = (first..first + width).step_by(NODES_TOGETHER as usize);
                let mut keys = keys.map(|index| node_key(level, index));
                let rows = width.div_ceil(NODES_TOGETHER) as usize;
                let end = width as usize * 32;
                self.store
                    .visit(Table::Nodes, &node_key(level, first), rows, &mut |found, row| {
                        let whole = row.len() == NODES_TOGETHER as usize * 32 || bytes.len() + row.len() >= end;
                        if keys.next().is_none_or(|key| key != found) || !whole {
                            fault = fault.or(Some(missing));
                        }
                        bytes.extend_from_slice(row);
                    })?;
                bytes.truncate(end);
                fault = fault.or((bytes.len() < end).then_some(missing));
            }
            None => {
                let mut places = first..first + width;
                let rows = tile.width().into();
                self.store
                    .visit(Table::Entries, &first.to_be_bytes(), rows, &mut |found, entry| {
                        if places.next().is_none_or(|place| place.to_be_bytes() != found) {
                            fault = fault.or(Some(missing));
                        }
                        match u16::try_from(entry.len()) {
                            Ok(length) => bytes.extend_from_slice(&length.to_be_bytes()),
                            Err(_) => fault = fault.or(Some("an entry is too long")),
                        }
                        bytes.extend_from_slice(entry);
                    })?;
                fault = fault.or((!places.is_empty()).then_some(missing));
            }
        }
        match fault {
            Some(fault) => Err(LedgerError::damaged(format!("tile {tile}"), fault)),
            None => Ok(bytes),
        }
    }
}
