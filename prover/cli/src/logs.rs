//! The logs that this machine has met: whose checkpoints it has seen, under which key, and how far each had got.
//!
//! A service's log is trusted by its key. Where nobody said which key that is, the first one that the service showed counts from then on
//! (trust on first use): another key, or a log that does not continue the last checkpoint seen, is refused.
//!
//! They are kept in `logs.json` beside the vault and not inside it: keys and checkpoints are public, each checkpoint carries the log's
//! signature, and submitting then needs no passphrase. Whoever can change this file can change the program as well.

use std::path::{Path, PathBuf};

use covenant_api::document::{self, Document};
use covenant_api::files;
use covenant_api::receipt::{self, LogKey, SignedCheckpoint};
use covenant_api::types::{Hex32, Text, UtcTime};
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::vault;

const FILE: &str = "logs.json";

/// A log that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLog {
    /// The service's address.
    pub service: String,
    /// The key of its checkpoints, in C2SP's form; it holds the origin.
    pub log_key: Text,
    /// The operator's key.
    pub operator: Hex32,
    /// The last checkpoint seen: a signed note.
    pub checkpoint: String,
    /// When.
    pub seen: UtcTime,
}

impl KnownLog {
    /// The key.
    ///
    /// # Errors
    /// `log-key-malformed`.
    pub fn key(&self) -> Result<LogKey, Refusal> {
        receipt::log_key(self.log_key.as_str())
    }

    /// The last checkpoint seen, whose signature is checked again.
    ///
    /// # Errors
    /// The ledger's codes.
    pub fn last(&self) -> Result<SignedCheckpoint, Refusal> {
        receipt::checkpoint(&self.checkpoint, &self.key()?)
    }
}

/// The logs that were met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLogs {
    /// In the order of their services.
    pub logs: Vec<KnownLog>,
}

impl Document for KnownLogs {
    const TYPE: &'static str = "known-logs";
    const BYTES_MAX: usize = 1024 * 1024;

    fn validate(&self) -> Result<(), Refusal> {
        self.logs.iter().try_for_each(|log| log.last().map(drop))
    }
}

/// The file in the vault's directory.
pub struct LogFile(PathBuf);

impl LogFile {
    /// The file of this directory.
    pub fn of(home: &Path) -> Self {
        Self(home.join(FILE))
    }

    /// What it holds; nothing where there is none.
    ///
    /// # Errors
    /// Those of [`document::from_json`], `file-unreadable`, and the ledger's codes where a checkpoint does not hold.
    pub fn read(&self) -> Result<KnownLogs, Refusal> {
        if !self.0.exists() {
            return Ok(KnownLogs::default());
        }
        let bytes = files::read(&self.0, KnownLogs::BYTES_MAX)?;
        document::from_json(&bytes).map_err(|r| r.at(self.0.display()))
    }

    /// Keeps a log in mind: instead of what was known of this service, and of the same log where its checkpoint is older.
    ///
    /// # Errors
    /// As [`Self::read`]; `file-unwritable`.
    pub fn remember(&self, log: KnownLog) -> Result<(), Refusal> {
        // Read again: another command may have gone further meanwhile.
        let mut known = self.read()?;
        let (key, last) = (log.key()?, log.last()?);
        let mut kept = Vec::new();
        let mut newest = log;
        let mut size = last.size();
        for earlier in known.logs {
            let (same_key, earlier_size) = (earlier.key()? == key, earlier.last()?.size());
            if same_key && earlier_size > size {
                (newest.checkpoint, size) = (earlier.checkpoint.clone(), earlier_size);
            }
            let replaced = earlier.service == newest.service || (!same_key && earlier.key()?.name() == key.name());
            if !replaced {
                kept.push(earlier);
            }
        }
        kept.push(newest);
        kept.sort_by(|a, b| a.service.cmp(&b.service));
        known.logs = kept;
        if let Some(directory) = self.0.parent() {
            vault::make_directory(directory)?;
        }
        files::replace(&self.0, &document::to_json(&known)?)
    }
}
