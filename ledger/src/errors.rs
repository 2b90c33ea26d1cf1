//! Every reason for which this crate refuses, as typed errors with stable codes.

mod codes;
mod witness;

use std::path::PathBuf;

pub use codes::CODES;
pub use witness::WitnessError;

/// Why bytes are not deterministic CBOR of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CborError {
    pub(crate) offset: usize,
    pub(crate) expected: &'static str,
}

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not the one encoding of an entry.
    #[error("not an entry: at byte {offset}, expected {expected}")]
    Malformed {
        /// Where the reader stood.
        offset: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// Longer than an entry can be.
    #[error("an entry is at most 65,535 bytes, not {found}")]
    TooLarge {
        /// Bytes given.
        found: usize,
    },
    /// Of another version.
    #[error("the entry is of version {found}; this program reads version 1")]
    Version {
        /// The version given.
        found: u64,
    },
}

impl EntryError {
    pub(crate) const fn malformed(offset: usize, expected: &'static str) -> Self {
        Self::Malformed { offset, expected }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "entry-malformed",
            Self::TooLarge { .. } => "entry-too-large",
            Self::Version { .. } => "entry-version",
        }
    }
}

impl From<CborError> for EntryError {
    fn from(error: CborError) -> Self {
        Self::malformed(error.offset, error.expected)
    }
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No such leaf.
    #[error("a tree of {size} leaves has no leaf {index}")]
    BeyondSize {
        /// The leaf.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger.
    #[error("a tree of {old} leaves is not the beginning of one of {new}")]
    Reversed {
        /// The size said to be older.
        old: u64,
        /// The size said to be newer.
        new: u64,
    },
    /// Too few or too many hashes.
    #[error("a proof of {found} hashes does not fit the tree")]
    Length {
        /// Hashes given.
        found: usize,
    },
    /// Another root.
    #[error("the proof leads to another root")]
    Root,
}

impl ProofError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BeyondSize { .. } => "proof-beyond-size",
            Self::Reversed { .. } => "proof-sizes-reversed",
            Self::Length { .. } => "tree-proof-length",
            Self::Root => "proof-root",
        }
    }
}

/// Why a note, or a key that should sign notes, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a note.
    #[error("not a signed note: expected {expected}")]
    Malformed {
        /// What should be there.
        expected: &'static str,
    },
    /// Not signed by the trusted key.
    #[error("the trusted key has not signed this note")]
    Unsigned,
    /// A signature by the trusted key that is wrong.
    #[error("the trusted key's signature does not fit the text")]
    Signature,
    /// Not a key.
    #[error("not a log's key: expected {expected}")]
    Key {
        /// What should be there.
        expected: &'static str,
    },
}

impl NoteError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "note-malformed",
            Self::Unsigned => "note-unsigned",
            Self::Signature => "note-signature-invalid",
            Self::Key { .. } => "log-key-malformed",
        }
    }
}

/// Why a checkpoint is refused, or not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a checkpoint.
    #[error("not a checkpoint: expected {expected}")]
    Malformed {
        /// What should be there.
        expected: &'static str,
    },
    /// Of another log.
    #[error("the checkpoint is of `{found}`, not of the log whose key is trusted")]
    Origin {
        /// The origin given.
        found: String,
    },
    /// Does not continue the last one.
    #[error("the tree does not continue the one that was signed last")]
    Inconsistent,
    /// The note is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl CheckpointError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "checkpoint-malformed",
            Self::Origin { .. } => "checkpoint-of-another-log",
            Self::Inconsistent => "checkpoint-inconsistent",
            Self::Note(error) => error.code(),
        }
    }
}

/// Why a receipt is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not a receipt.
    #[error("not a receipt: {}expected {expected}", .offset.map_or(String::new(), |offset| format!("at byte {offset}, ")))]
    Malformed {
        /// Where the reader stood, in the file form.
        offset: Option<usize>,
        /// What should be there.
        expected: &'static str,
    },
    /// The body is another.
    #[error("the body is not the one that entry {index} commits to")]
    Opening {
        /// The entry.
        index: u64,
    },
    /// The entry is refused.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The checkpoint is refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The proof is refused.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl ReceiptError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "receipt-malformed",
            Self::Opening { .. } => "receipt-body",
            Self::Entry(error) => error.code(),
            Self::Checkpoint(error) => error.code(),
            Self::Proof(error) => error.code(),
        }
    }
}

impl From<CborError> for ReceiptError {
    fn from(error: CborError) -> Self {
        Self::Malformed {
            offset: Some(error.offset),
            expected: error.expected,
        }
    }
}

/// Why a submission did not become an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The draft breaks a rule or a limit.
    #[error("{field}: expected {expected}, found {found}")]
    Draft {
        /// Which part.
        field: &'static str,
        /// The rule or limit.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A unique key is taken.
    #[error("unique key {position} of the submission was used by entry {index}")]
    UniqueTaken {
        /// Which of the draft's unique keys, counted from 0.
        position: usize,
        /// The entry that holds it.
        index: u64,
    },
    /// A state cell is not as the draft expects.
    #[error("{cell} is not as expected: {}", .version.map_or_else(|| "it is not set".to_owned(), |index| format!("it was last set by entry {index}")))]
    Expectation {
        /// The cell's name.
        cell: String,
        /// The entry that last set the cell; none when it is not set.
        version: Option<u64>,
    },
    /// The queue is full.
    #[error("the queue of submissions is full")]
    Busy,
    /// The log's policy demands cosignatures that cannot be had.
    #[error("not enough witnesses have cosigned the log: {reason}")]
    Unwitnessed {
        /// What is missing.
        reason: String,
    },
    /// The group could not be written for certain.
    #[error("the ledger could not write, and it is not known whether the entry was stored: {reason}")]
    WriteFailed {
        /// The first failure.
        reason: String,
    },
    /// The writer has stopped.
    #[error("the ledger does not write any more: {reason}")]
    Stopped {
        /// The first failure.
        reason: String,
    },
}

impl AppendError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Draft { .. } => "draft-invalid",
            Self::UniqueTaken { .. } => "unique-taken",
            Self::Expectation { .. } => "expectation-failed",
            Self::Busy => "ledger-busy",
            Self::Unwitnessed { .. } => "ledger-unwitnessed",
            Self::WriteFailed { .. } => "ledger-write-failed",
            Self::Stopped { .. } => "ledger-stopped",
        }
    }
}

/// Why a ledger cannot be opened or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Another process has it.
    #[error("{} is open in another process", .directory.display())]
    Locked {
        /// The ledger's directory.
        directory: PathBuf,
    },
    /// There is none, and none is to be made.
    #[error("{} holds no ledger", .directory.display())]
    Missing {
        /// The directory.
        directory: PathBuf,
    },
    /// Another log's.
    #[error("the ledger is {found}, not {expected}")]
    OtherLog {
        /// The key of the ledger in the directory.
        found: String,
        /// The key that was configured.
        expected: String,
    },
    /// Written by another version of the program.
    #[error("the ledger is of the format {found}; this program reads {expected}")]
    OtherFormat {
        /// The format that the store names.
        found: String,
        /// The one that this program reads.
        expected: String,
    },
    /// What is stored contradicts itself.
    #[error("the ledger is damaged at {place}: {what}")]
    Damaged {
        /// Which record.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// Acknowledged entries are missing.
    #[error("the ledger acknowledged {acknowledged} entries but holds {found}")]
    TailLost {
        /// How many were acknowledged.
        acknowledged: u64,
        /// How many are there.
        found: u64,
    },
    /// The store failed.
    #[error("{doing}: {reason}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's words.
        reason: String,
    },
    /// The configuration is not valid.
    #[error("{setting}: expected {expected}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What it must be.
        expected: String,
    },
    /// No such record.
    #[error("the ledger holds no {what}")]
    Absent {
        /// What was asked for.
        what: String,
    },
    /// The body was erased.
    #[error("the body of entry {index} was erased")]
    Erased {
        /// The entry.
        index: u64,
    },
    /// A proof was asked for that does not exist.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl LedgerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "ledger-locked",
            Self::Missing { .. } => "ledger-missing",
            Self::OtherLog { .. } => "ledger-of-another-log",
            Self::OtherFormat { .. } => "ledger-of-another-format",
            Self::Damaged { .. } => "ledger-damaged",
            Self::TailLost { .. } => "ledger-tail-lost",
            Self::Io { .. } => "ledger-io",
            Self::Setting { .. } => "ledger-setting",
            Self::Absent { .. } => "not-in-ledger",
            Self::Erased { .. } => "body-erased",
            Self::Proof(error) => error.code(),
        }
    }
}

#[cfg(feature = "store")]
impl LedgerError {
    pub(crate) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged {
            place: place.into(),
            what: what.into(),
        }
    }

    pub(crate) fn io(doing: impl Into<String>, reason: impl ToString) -> Self {
        Self::Io {
            doing: doing.into(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn absent(what: impl Into<String>) -> Self {
        Self::Absent { what: what.into() }
    }

    /// A record under its key is not what must be there.
    pub(crate) fn mismatch(place: impl Into<String>, expected: &crate::hash::Hash, found: &crate::hash::Hash) -> Self {
        Self::damaged(place, format!("expected the hash {expected}, found {found}"))
    }
}

#[cfg(test)]
mod tests;
