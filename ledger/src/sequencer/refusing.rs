//! What stands against a submission: a unique key that was taken, or a cell that is not as it is expected.
//!
//! Most cells that entries rest on are the same ones again and again: a key, a grant, a policy. Only this thread changes cells, so it
//! need not ask the store again for the version of one that it has read; [`Versions`] keeps those, within bounds.

use std::collections::BTreeMap;

use quick_cache::unsync::Cache;

use super::Draw;
use crate::draft::{Cell, Expected, Prepared};
use crate::errors::{AppendError, LedgerError};
use crate::state;
use crate::store::Store;

/// Cells whose versions are kept.
const VERSIONS_MAX: usize = 16_384;

/// The versions of cells as the store has them, `None` for one that is not set; of those that were asked for lately.
pub(crate) struct Versions(Cache<Vec<u8>, Option<u64>>);

impl Versions {
    /// Of no cells yet.
    pub(crate) fn new() -> Self {
        Self(Cache::new(VERSIONS_MAX))
    }

    fn of(&mut self, store: &dyn Store, name: &[u8]) -> Result<Option<u64>, LedgerError> {
        if let Some(known) = self.0.get(name) {
            return Ok(*known);
        }
        let version = state::cell(store, name)?.map(|cell| cell.version);
        self.0.insert(name.to_vec(), version);
        Ok(version)
    }

    /// These cells were written.
    pub(super) fn written(&mut self, cells: &BTreeMap<Vec<u8>, Option<Cell>>) {
        for (name, cell) in cells {
            if let Some(mut known) = self.0.get_mut(name.as_slice()) {
                *known = cell.as_ref().map(|cell| cell.version);
            }
        }
    }
}

impl Draw {
    /// Whether something that came before stands against a submission.
    pub(super) fn refuses(
        &self,
        store: &dyn Store,
        versions: &mut Versions,
        prepared: &Prepared,
    ) -> Result<Option<AppendError>, LedgerError> {
        for (digest, position) in &prepared.unique {
            let taken = match self.unique.get(digest) {
                Some(index) => Some(*index),
                None => state::unique(store, digest)?,
            };
            if let Some(index) = taken {
                return Ok(Some(AppendError::UniqueTaken {
                    position: *position,
                    index,
                }));
            }
        }
        for expectation in &prepared.expect {
            let name = &expectation.cell;
            // A value is compared with the cell itself, everything else with its version.
            let (version, same) = match (&expectation.is, self.cells.get(name)) {
                (Expected::Value(value), written) => {
                    let cell = match written {
                        Some(cell) => cell.clone(),
                        None => state::cell(store, name)?,
                    };
                    let same = cell.as_ref().is_some_and(|cell| cell.value == *value);
                    (cell.map(|cell| cell.version), same)
                }
                (expected, written) => {
                    let version = match written {
                        Some(cell) => cell.as_ref().map(|cell| cell.version),
                        None => versions.of(store, name)?,
                    };
                    let is = match expected {
                        Expected::Version(version) => Some(*version),
                        _ => None,
                    };
                    (version, version == is)
                }
            };
            if !same {
                return Ok(Some(AppendError::Expectation {
                    cell: name.escape_ascii().to_string(),
                    version,
                }));
            }
        }
        Ok(None)
    }
}
