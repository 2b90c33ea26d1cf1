//! Look-ups: which entry has this hash, commits to this, stands at this place of its stream.
//!
//! All of it follows from the entries, so it is not written with them. Rows at random places of a table are most of what an append costs a
//! sorted store, and these are three of an entry's six. What the last entries add is kept in memory, sorted; once it is of some ten
//! thousand entries it is written as one run, ascending by key, by a thread of its own, and only then forgotten here. What a crash
//! takes is made again from the entries when the ledger is opened.
//!
//! The table says itself how many entries it covers ([`Covered`]), in a row that is written after a run's others. Rows of later entries,
//! which a run that was cut short leaves, are not believed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::entry::StreamId;
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::recovery::stored_from;
use crate::state::{self, Covered, LOOKUPS_COVERED, Lookup, LookupKey, lookup_key, lookup_value, lookups_of};
use crate::store::{Store, StoredNodes, Table};
use crate::tree;

/// A look-up that is not in the table yet: its key, and the index that it finds.
pub(crate) type Added = (LookupKey, u64);

/// Entries that are read at once when look-ups are made again.
const ENTRIES_TOGETHER: usize = 1024;

/// What entries that follow each other add, up to the one of index `end`.
#[derive(Debug, Default)]
pub(crate) struct Run {
    rows: BTreeMap<LookupKey, u64>,
    end: u64,
}

impl Run {
    /// The first that is of the same thing as this key, the number at its end aside.
    fn find_from(&self, first: &LookupKey) -> Option<u64> {
        let (key, index) = self.rows.range(*first..).next()?;
        (key.first_chunk::<33>() == first.first_chunk()).then_some(*index)
    }
}

/// The look-ups of one ledger, shared by the sequencer, which adds to them, the thread that writes them, and readers.
pub(crate) struct Lookups {
    store: Arc<dyn Store>,
    /// Entries after which a run is written.
    run_entries: u64,
    inner: RwLock<Inner>,
}

/// What is not in the table, and what is.
#[derive(Debug, Default)]
struct Inner {
    /// Entries that the table covers.
    covered: u64,
    /// Runs that are on their way there, the oldest first.
    full: VecDeque<Arc<Run>>,
    /// What the last entries add.
    growing: Run,
}

impl Inner {
    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.full.iter().map(Arc::as_ref).chain([&self.growing])
    }

    /// Where what grows begins: with which entry.
    fn begun(&self) -> u64 {
        self.full.back().map_or(self.covered, |run| run.end)
    }
}

impl Lookups {
    /// Those of a log of so many entries: what the table does not cover is made anew, and written as far as it is more than is kept in
    /// memory.
    pub(crate) fn open(store: Arc<dyn Store>, size: u64, run_entries: u64) -> Result<Self, LedgerError> {
        let covered = covered(store.as_ref(), size)?;
        let lookups = Self {
            store,
            run_entries,
            inner: RwLock::new(Inner {
                covered,
                ..Inner::default()
            }),
        };
        let mut next = covered;
        while next < size {
            let most = lookups.run_entries.min(size - next).min(ENTRIES_TOGETHER as u64);
            let entries = stored_from(lookups.store.as_ref(), next..next + most)?;
            next += most;
            let added = entries
                .iter()
                .flat_map(|(entry, hash)| lookups_of(entry, hash).map(|key| (key, entry.index)));
            lookups.add(added, next);
            if let Some(run) = lookups.full() {
                lookups.write(&run)?;
            }
        }
        Ok(lookups)
    }

    /// Adds what entries bring that were just stored; with them the log has `end`.
    pub(crate) fn add(&self, added: impl IntoIterator<Item = Added>, end: u64) {
        let mut inner = self.writing();
        inner.growing.rows.extend(added);
        inner.growing.end = end;
    }

    /// What is to be written, once it is of enough entries. It can still be looked up.
    pub(crate) fn full(&self) -> Option<Arc<Run>> {
        let mut inner = self.writing();
        if inner.growing.end.saturating_sub(inner.begun()) < self.run_entries {
            return None;
        }
        let run = Arc::new(std::mem::take(&mut inner.growing));
        inner.growing.end = run.end;
        inner.full.push_back(Arc::clone(&run));
        Some(run)
    }

    /// Writes a run, the oldest one, and forgets it.
    pub(crate) fn write(&self, run: &Run) -> Result<(), LedgerError> {
        let store = self.store.as_ref();
        let covered = Covered {
            size: run.end,
            root: tree::root(&StoredNodes(store), run.end)?,
        };
        let mut rows = run
            .rows
            .iter()
            .map(|(key, index)| (key.as_slice(), lookup_value(key, *index)));
        store.write_run(Table::Lookups, &mut rows, (LOOKUPS_COVERED, covered.encode()))?;
        let mut inner = self.writing();
        inner.covered = run.end;
        inner.full.pop_front();
        Ok(())
    }

    /// The first entry that has this hash, or whose body has. It may be one that readers do not see yet.
    pub(crate) fn by_hash(&self, of: Lookup, hash: &Hash) -> Result<Option<u64>, LedgerError> {
        let first = lookup_key(of, &hash.0, 0);
        self.find(|run| run.find_from(&first), |store| state::lookup_from(store, &first))
    }

    /// The entry at this place of a stream, which readers may not see yet.
    pub(crate) fn by_stream(&self, stream: &StreamId, sequence: u64) -> Result<Option<u64>, LedgerError> {
        let key = lookup_key(Lookup::Stream, &stream.0, sequence);
        self.find(|run| run.rows.get(&key).copied(), |store| state::lookup(store, &key))
    }

    /// Looks in the table, and in what is not there yet. In memory first: what leaves it is in the table before.
    fn find(
        &self,
        in_run: impl Fn(&Run) -> Option<u64>,
        in_table: impl Fn(&dyn Store) -> Result<Option<u64>, LedgerError>,
    ) -> Result<Option<u64>, LedgerError> {
        let (covered, in_memory) = {
            let inner = self.reading();
            (inner.covered, inner.runs().find_map(in_run))
        };
        let first = in_table(self.store.as_ref())?.filter(|index| *index < covered);
        Ok(first.or(in_memory))
    }

    fn reading(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many entries the table covers, once it is sure that they are the beginning of this log.
pub(crate) fn covered(store: &dyn Store, size: u64) -> Result<u64, LedgerError> {
    let covered = state::covered(store)?;
    let place = "what the table of look-ups covers";
    if covered.size > size {
        let what = format!("{} entries, but there are {size}", covered.size);
        return Err(LedgerError::damaged(place, what));
    }
    let root = tree::root(&StoredNodes(store), covered.size)?;
    if root != covered.root {
        return Err(LedgerError::mismatch(place, &root, &covered.root));
    }
    Ok(covered.size)
}

#[cfg(test)]
mod tests;
