//! A store in memory that fails when it is told to, for tests of the sequencer and of recovery.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Batch, Reads, Row, RunRow, Table, Writes};
use crate::errors::LedgerError;

/// What happens to a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, and nothing is stored.
    Lost,
    /// It fails, and yet everything is stored.
    PersistedAnyway,
    /// It succeeds, and setting the mark afterwards fails.
    Mark,
    /// The next read fails.
    Read,
    /// A run of rows fails, and some of them are stored.
    Run,
}

/// What survives.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    inner: Arc<Mutex<Inner>>,
    /// Whoever holds this holds commits up, as a slow disk does.
    pub(crate) gate: Arc<Mutex<()>>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub(crate) mark: Option<Vec<u8>>,
    pub(crate) commits: usize,
    /// Commits that were asked for, whether or not they are held up.
    pub(crate) asked: usize,
    /// The commit, counted from 0, at which the fault strikes.
    pub(crate) fault: Option<(usize, Fault)>,
}

impl Memory {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test panics while it holds the store")
    }

    /// An independent copy without faults: what is found after a restart.
    pub(crate) fn restarted(&self) -> Self {
        let inner = self.lock();
        let copy = Inner {
            rows: inner.rows.clone(),
            mark: inner.mark.clone(),
            ..Inner::default()
        };
        Self {
            inner: Arc::new(Mutex::new(copy)),
            gate: Arc::default(),
        }
    }

    fn strikes(&self, kind: Fault) -> bool {
        let inner = self.lock();
        // The mark is set after the commit that it belongs to.
        let commits = inner.commits.saturating_sub(usize::from(kind == Fault::Mark));
        inner.fault.is_some_and(|(at, fault)| fault == kind && commits >= at)
    }
}

fn fail<T>() -> Result<T, LedgerError> {
    Err(LedgerError::io("testing", "the fault struck"))
}

impl Reads for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        if self.strikes(Fault::Read) {
            return fail();
        }
        Ok(self.lock().rows.get(&(table, key.to_vec())).cloned())
    }

    fn after(&self, table: Table, key: Option<&[u8]>) -> Result<Option<Row>, LedgerError> {
        let from = key.map_or(Bound::Included((table, Vec::new())), |key| {
            Bound::Excluded((table, key.to_vec()))
        });
        let inner = self.lock();
        let next = inner.rows.range((from, Bound::Unbounded)).next();
        Ok(next
            .filter(|((found, _), _)| *found == table)
            .map(|((_, key), value)| (key.clone(), value.clone())))
    }

    fn visit(
        &self,
        table: Table,
        from: &[u8],
        count: usize,
        visitor: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), LedgerError> {
        let inner = self.lock();
        let rows = inner.rows.range((table, from.to_vec())..).take(count);
        let rows = rows.take_while(|((found, _), _)| *found == table);
        rows.for_each(|((_, key), value)| visitor(key, value));
        Ok(())
    }
}

impl Writes for Memory {
    fn commit(&self, mut batch: Batch) -> Result<(), LedgerError> {
        self.lock().asked += 1;
        drop(self.gate.lock().expect("no test panics while it holds the gate"));
        let mut inner = self.lock();
        let fault = inner
            .fault
            .filter(|(at, _)| inner.commits >= *at)
            .map(|(_, fault)| fault);
        inner.commits += 1;
        if fault == Some(Fault::Lost) {
            return fail();
        }
        for (table, changes) in batch.sorted() {
            for (key, value) in changes {
                match value {
                    Some(value) => inner.rows.insert((table, key.to_vec()), value.to_vec()),
                    None => inner.rows.remove(&(table, key.to_vec())),
                };
            }
        }
        if fault == Some(Fault::PersistedAnyway) {
            fail()
        } else {
            Ok(())
        }
    }

    fn write_run<'a>(
        &self,
        table: Table,
        rows: &mut dyn Iterator<Item = RunRow<'a>>,
        last: RunRow<'a>,
    ) -> Result<(), LedgerError> {
        let cut = self.strikes(Fault::Run);
        let mut inner = self.lock();
        let written = rows.step_by(if cut { 2 } else { 1 });
        written.for_each(|(key, value)| drop(inner.rows.insert((table, key.to_vec()), value)));
        if cut {
            return fail();
        }
        inner.rows.insert((table, last.0.to_vec()), last.1);
        Ok(())
    }

    fn purge(&self, _: Table, _: &[u8]) -> Result<(), LedgerError> {
        Ok(())
    }

    fn mark(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.lock().mark.clone())
    }

    fn set_mark(&self, mark: &[u8]) -> Result<(), LedgerError> {
        if self.strikes(Fault::Mark) {
            return fail();
        }
        self.lock().mark = Some(mark.to_vec());
        Ok(())
    }
}
