//! The calls of whoever checks the log.

use std::io::Write;

use covenant_ledger::tree;
use covenant_ledger::{Entry, Hash, LogKey, SignedCheckpoint};
use covenant_policy::refusal::Refusal;
use data_encoding::BASE64;

use super::answers::{ConsistencyAnswer, EntryAnswer, InclusionAnswer};
use super::transport::{TEXT, malformed};
use super::{Client, check};
use crate::receipt::{self, Receipt};
use crate::refusals::LOG_REWOUND;

/// Hashes in a proof (RFC 6962 over at most 2^64 leaves).
const PROOF_HASHES_MAX: usize = 65;

impl Client {
    /// The log's last checkpoint, which this key must have signed.
    ///
    /// # Errors
    /// The ledger's codes where it did not; as [`Client::log_info`].
    pub fn checkpoint(&self, key: &LogKey) -> Result<SignedCheckpoint, Refusal> {
        self.note("/v1/ledger/checkpoint", key)
    }

    /// The checkpoint of exactly this size, where there is one.
    ///
    /// # Errors
    /// `not-found`; the ledger's codes where this key did not sign it; as [`Client::log_info`].
    pub fn checkpoint_at(&self, size: u64, key: &LogKey) -> Result<SignedCheckpoint, Refusal> {
        let path = format!("/v1/ledger/checkpoints/{size}");
        let checkpoint = self.note(&path, key)?;
        if checkpoint.size() == size {
            return Ok(checkpoint);
        }
        Err(malformed(&path, format!("a checkpoint of size {}", checkpoint.size())))
    }

    fn note(&self, path: &str, key: &LogKey) -> Result<SignedCheckpoint, Refusal> {
        let note = self.transport.get(path, TEXT)?;
        let note = String::from_utf8(note).map_err(|_| malformed(path, "not UTF-8"))?;
        receipt::checkpoint(&note, key)
    }

    /// An entry, decoded strictly. That it is in the log, an inclusion proof shows.
    ///
    /// # Errors
    /// `not-in-ledger`; as [`Client::log_info`].
    pub fn entry(&self, index: u64) -> Result<Entry, Refusal> {
        let path = format!("/v1/ledger/entries/{index}");
        let answer: EntryAnswer = self.transport.get_json(&path)?;
        let bytes = BASE64
            .decode(answer.entry.as_bytes())
            .map_err(|_| malformed(&path, "an entry that is not base64"))?;
        let entry = check::entry(&bytes)?;
        if entry.index == index && answer.index == index {
            return Ok(entry);
        }
        Err(malformed(&path, format!("entry {}", entry.index)))
    }

    /// The proof that an entry is in the tree of this size, unchecked: `covenant_ledger::tree::verify_inclusion` takes it.
    ///
    /// # Errors
    /// `proof-beyond-size`; as [`Client::log_info`].
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Refusal> {
        let path = format!("/v1/ledger/inclusion?index={index}&size={size}");
        let answer: InclusionAnswer = self.transport.get_json(&path)?;
        if (answer.index, answer.size) != (index, size) {
            return Err(malformed(&path, "the proof is of something else"));
        }
        hashes(&path, &answer.hashes)
    }

    /// The proof that the tree of the older size is the beginning of that of the newer, unchecked.
    ///
    /// # Errors
    /// `proof-sizes-reversed`, `proof-beyond-size`; as [`Client::log_info`].
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Refusal> {
        let path = format!("/v1/ledger/consistency?old={old}&new={new}");
        let answer: ConsistencyAnswer = self.transport.get_json(&path)?;
        if (answer.old, answer.new) != (old, new) {
            return Err(malformed(&path, "the proof is of something else"));
        }
        hashes(&path, &answer.hashes)
    }

    /// Demands that the newer checkpoint continues the older one: nothing was taken out or changed in between.
    ///
    /// # Errors
    /// `log-rewound` where it does not; as [`Client::log_info`].
    pub fn continues(&self, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Result<(), Refusal> {
        let rewound = |what: String| {
            Refusal::new(&LOG_REWOUND, what)
                .at(self.address())
                .expected(format!("a log that continues its checkpoint of {} entries", old.size()))
        };
        if new.size() < old.size() {
            return Err(rewound(format!("the log shows {} entries", new.size())));
        }
        let proof = if old.size() == 0 || old.size() == new.size() {
            Vec::new()
        } else {
            self.consistency(old.size(), new.size())?
        };
        tree::verify_consistency(old.size(), old.root(), new.size(), new.root(), &proof)
            .map_err(|e| rewound(format!("its {} entries do not continue those: {e}", new.size())))
    }

    /// An entry's receipt, under the log's last checkpoint; with the body for whoever may read it.
    ///
    /// # Errors
    /// `not-in-ledger`, `receipt-mismatch`, the ledger's codes where it does not hold under the pinned key; as
    /// [`Client::log_info`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, Refusal> {
        let receipt: Receipt = self.transport.get_json(&format!("/v1/ledger/receipts/{index}"))?;
        check::receipt(self.trust.as_ref(), &receipt, index)?;
        Ok(receipt)
    }

    /// Writes an export of the log; how many bytes it has. Where it breaks off, a part has been written; a whole one says so at its
    /// end, which its reader checks.
    ///
    /// # Errors
    /// `file-unwritable`; as [`Client::log_info`].
    pub fn export_to(&self, out: &mut dyn Write) -> Result<u64, Refusal> {
        self.transport.stream("/v1/ledger/export", out)
    }
}

fn hashes(path: &str, texts: &[String]) -> Result<Vec<Hash>, Refusal> {
    if texts.len() > PROOF_HASHES_MAX {
        return Err(malformed(path, format!("{} hashes", texts.len())));
    }
    let hash = |text: &String| {
        let bytes = BASE64.decode(text.as_bytes()).ok();
        bytes
            .and_then(|bytes| Hash::from_slice(&bytes))
            .ok_or_else(|| malformed(path, "a hash that is none"))
    };
    texts.iter().map(hash).collect()
}
