//! What becomes of a submission.

use std::sync::Arc;

use crate::checkpoint::SignedCheckpoint;
use crate::entry::Opening;
use crate::errors::{AppendError, LedgerError};
use crate::receipt::Receipt;
use crate::tree::{self, Patch};

/// What became of a submission.
pub type Outcome = Result<Appended, AppendError>;
/// Who is told. Called on the sequencer's thread, so it must only pass the outcome on.
pub(crate) type Reply = Box<dyn FnOnce(Outcome) + Send>;
/// Who is told that a body was erased.
pub(crate) type Erased = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

/// An entry that is durable, with all that its receipt is made of.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its index.
    pub index: u64,
    /// When it was sequenced, in Unix milliseconds.
    pub time_ms: u64,
    entry: Vec<u8>,
    opening: Opening,
    group: Arc<Group>,
}

/// What the entries of one group share.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) patch: Patch,
    pub(super) checkpoint: Arc<SignedCheckpoint>,
}

/// An accepted submission.
pub(super) struct Accepted {
    pub(super) index: u64,
    pub(super) time_ms: u64,
    pub(super) entry: Vec<u8>,
    pub(super) opening: Opening,
}

impl Accepted {
    /// Once its group is written and published.
    pub(super) fn in_group(self, group: &Arc<Group>) -> Appended {
        Appended {
            index: self.index,
            time_ms: self.time_ms,
            entry: self.entry,
            opening: self.opening,
            group: Arc::clone(group),
        }
    }
}

impl Appended {
    /// The checkpoint that first covers the entry.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.group.checkpoint
    }

    /// The receipt. Reads nothing from the store.
    ///
    /// # Errors
    /// Fails only if the group's part of the tree is incomplete, which would be a fault of this program.
    pub fn receipt(self) -> Result<Receipt, LedgerError> {
        let size = self.group.checkpoint.size();
        let proof = tree::inclusion(&self.group.patch, self.index, size).ok().flatten();
        let proof = proof
            .ok_or_else(|| LedgerError::damaged(format!("entry {}", self.index), "its group does not prove it"))?;
        Ok(Receipt {
            entry: self.entry,
            opening: Some(self.opening),
            proof,
            checkpoint: self.group.checkpoint.note().to_owned(),
        })
    }
}
