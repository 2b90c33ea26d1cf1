//! What stands against a submission: a unique key that was taken, or a cell that is not as it is expected.
//!
//! Most cells that entries rest on are the same ones again and again: a key, a grant, a policy. Only the sequencer changes cells and
//! streams, so it need not ask the store again for what it has read or written; [`Known`] keeps that, within bounds.

use quick_cache::unsync::Cache;

use super::draw::{Before, Changes, Draw};
use crate::draft::{Expected, Prepared};
use crate::entry::StreamId;
use crate::errors::{AppendError, LedgerError};
use crate::state::{self, StreamHead};
use crate::store::Store;

/// Cells whose versions are kept.
const VERSIONS_MAX: usize = 16_384;
/// Streams whose ends are kept.
const STREAMS_MAX: usize = 16_384;

/// What the store holds of cells and streams that were used lately.
pub(crate) struct Known {
    /// The versions of cells, `None` for one that is not set.
    versions: Cache<Vec<u8>, Option<u64>>,
    /// The ends of streams.
    streams: Cache<StreamId, StreamHead>,
}

impl Known {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            versions: Cache::new(VERSIONS_MAX),
            streams: Cache::new(STREAMS_MAX),
        }
    }

    /// The version of a stored cell.
    fn version(&mut self, store: &dyn Store, name: &[u8]) -> Result<Option<u64>, LedgerError> {
        if let Some(known) = self.versions.get(name) {
            return Ok(*known);
        }
        let version = state::cell(store, name)?.map(|cell| cell.version);
        self.versions.insert(name.to_vec(), version);
        Ok(version)
    }

    /// The end of a stored stream.
    pub(super) fn stream(&self, store: &dyn Store, stream: &StreamId) -> Result<Option<StreamHead>, LedgerError> {
        match self.streams.get(stream) {
            Some(head) => Ok(Some(*head)),
            None => state::stream_head(store, stream),
        }
    }

    /// A group was written.
    pub(super) fn written(&mut self, changes: &Changes) {
        for (name, cell) in &changes.cells {
            if let Some(mut known) = self.versions.get_mut(name.as_slice()) {
                *known = cell.as_ref().map(|cell| cell.version);
            }
        }
        for (stream, head) in &changes.streams {
            self.streams.insert(*stream, *head);
        }
    }
}

impl Draw {
    /// Whether something that came before stands against a submission.
    pub(super) fn refuses(
        &self,
        before: &mut Before<'_>,
        prepared: &Prepared,
    ) -> Result<Option<AppendError>, LedgerError> {
        for (digest, position) in &prepared.unique {
            let unstored = self
                .unstored(before)
                .find_map(|changes| changes.unique.get(digest).copied());
            let taken = match unstored {
                Some(index) => Some(index),
                None => state::unique(before.store, digest)?,
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
            let unstored = self.unstored(before).find_map(|changes| changes.cells.get(name));
            // A value is compared with the cell itself, everything else with its version.
            let (version, same) = match (&expectation.is, unstored) {
                (Expected::Value(value), unstored) => {
                    let cell = match unstored {
                        Some(cell) => cell.clone(),
                        None => state::cell(before.store, name)?,
                    };
                    let same = cell.as_ref().is_some_and(|cell| cell.value == *value);
                    (cell.map(|cell| cell.version), same)
                }
                (expected, unstored) => {
                    let version = match unstored {
                        Some(cell) => cell.as_ref().map(|cell| cell.version),
                        None => before.known.version(before.store, name)?,
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
