//! Receipts: what a log answers a submission with, checked offline against the log's key alone.
//!
//! The formats are `covenant-ledger`'s (entry, tree, note, checkpoint, receipt), used without its store. What is added here is what
//! the entry's body says: a [`Record`], of the kind that the entry names.

use std::path::Path;

use covenant_ledger::Entry;
use covenant_ledger::errors::{NoteError, ReceiptError};
use covenant_ledger::witness::POLICY_BYTES_MAX;
use covenant_policy::refusal::Refusal;
use serde::Deserialize;

pub use covenant_ledger::{LogKey, Receipt, SignedCheckpoint, WitnessPolicy};

use crate::files;
use crate::limits;
use crate::log::Record;
use crate::refusals::{DOCUMENT_TOO_LARGE, RECEIPT_MISMATCH, of_ledger};
use crate::types::Hex32;

/// What a receipt proves: that the log, by its signed checkpoint, holds this entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The entry's place in the log.
    pub index: u64,
    /// When the log wrote it down, in Unix milliseconds.
    pub time_ms: u64,
    /// Its kind.
    pub kind: String,
    /// Its stream.
    pub stream: Hex32,
    /// What it says; nothing in a receipt for those who may not read it.
    pub record: Option<Record>,
    /// How many entries the checkpoint is of.
    pub size: u64,
    /// The root of their tree.
    pub root: Hex32,
}

/// A log's key in the C2SP form `name+key id+key`.
///
/// # Errors
/// `log-key-malformed`.
pub fn log_key(text: &str) -> Result<LogKey, Refusal> {
    LogKey::parse(text).map_err(|e: NoteError| of_ledger(e.code(), e.to_string()))
}

/// A policy on witnesses, from its file (C2SP `tlog-policy`).
///
/// # Errors
/// `witness-policy-malformed`; what keeps the file from being read.
pub fn witness_policy(path: &Path) -> Result<WitnessPolicy, Refusal> {
    let bytes = files::read(path, POLICY_BYTES_MAX)?;
    let malformed = |what: String| of_ledger("witness-policy-malformed", what).at(path.display());
    let text = String::from_utf8(bytes).map_err(|e| malformed(e.to_string()))?;
    WitnessPolicy::parse(&text).map_err(|e| malformed(e.to_string()))
}

/// Checks that enough witnesses have cosigned a checkpoint's note, and names them. That the log signed it is checked elsewhere.
///
/// # Errors
/// `quorum-not-reached`, `log-not-in-witness-policy`; the ledger's codes for a note that does not hold.
pub fn cosigned(note: &str, key: &LogKey, policy: &WitnessPolicy) -> Result<Vec<String>, Refusal> {
    let by = policy.check(note, key);
    let by = by.map_err(|e| of_ledger(e.code(), e.to_string()).at("checkpoint"))?;
    Ok(by.into_iter().map(|witness| witness.name).collect())
}

/// A checkpoint that the log of this key signed.
///
/// # Errors
/// The ledger's codes for what does not hold.
pub fn checkpoint(note: &str, key: &LogKey) -> Result<SignedCheckpoint, Refusal> {
    SignedCheckpoint::open(note, key).map_err(|e| of_ledger(e.code(), e.to_string()).at("checkpoint"))
}

/// What a receipt says of itself, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The entry's place in the log.
    pub index: u64,
    /// When the log wrote it down, in Unix milliseconds.
    pub time_ms: u64,
    /// Its kind.
    pub kind: String,
    /// What it says; nothing in a receipt for those who may not read it.
    pub record: Option<Record>,
}

/// What a receipt says of itself: its form is right, and nobody has vouched for it yet.
///
/// # Errors
/// `entry-malformed`; `not-canonical` where the body is not a record.
pub fn claimed(receipt: &Receipt) -> Result<Claimed, Refusal> {
    let entry = Entry::decode(&receipt.entry).map_err(|e| of_ledger(e.code(), e.to_string()).at("receipt: entry"))?;
    let body = receipt.opening.as_ref().map(|opening| opening.body.as_slice());
    Ok(Claimed {
        index: entry.index,
        time_ms: entry.time_ms,
        kind: entry.kind.as_str().to_owned(),
        record: body.map(Record::from_bytes).transpose()?,
    })
}

/// The part of an answer that counts; whatever else stands in it is repeated from the receipt.
#[derive(Deserialize)]
struct Answer {
    r#type: Option<serde::de::IgnoredAny>,
    receipt: Option<Receipt>,
}

/// Reads a receipt, or the receipt inside an answer of the service. Nothing in it is checked yet.
///
/// # Errors
/// `document-too-large`, `receipt-malformed`.
pub fn from_json(bytes: &[u8]) -> Result<Receipt, Refusal> {
    if bytes.len() > limits::RECEIPT_BYTES_MAX {
        return Err(Refusal::new(&DOCUMENT_TOO_LARGE, format!("{} bytes", bytes.len()))
            .at("receipt")
            .expected(format!("at most {} bytes", limits::RECEIPT_BYTES_MAX)));
    }
    let malformed = |what: String| of_ledger(MALFORMED, what).at("receipt");
    let answer: Answer = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
    match (answer.r#type, answer.receipt) {
        (None, Some(receipt)) => Ok(receipt),
        (None, None) => Err(malformed("neither a receipt nor an answer that holds one".into())),
        (Some(_), _) => serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string())),
    }
}

const MALFORMED: &str = "receipt-malformed";

/// Checks a receipt: the log of this key signed a checkpoint whose tree holds the entry, and the body is the one that the entry
/// commits to.
///
/// # Errors
/// The ledger's codes for what does not hold; `not-canonical` where the body is not a record; `receipt-mismatch` where it is of
/// another kind than the entry.
pub fn check(receipt: &Receipt, key: &LogKey) -> Result<Checked, Refusal> {
    let refuse = |e: ReceiptError| of_ledger(e.code(), e.to_string()).at("receipt");
    let verified = receipt.verify(key).map_err(refuse)?;
    let (entry, checkpoint) = (verified.entry, verified.checkpoint);
    let body = receipt.opening.as_ref().map(|opening| opening.body.as_slice());
    let record = body.map(Record::from_bytes).transpose()?;
    let kind = entry.kind.as_str();
    match &record {
        Some(record) if record.kind() != kind => {
            return Err(
                Refusal::new(&RECEIPT_MISMATCH, format!("a record of kind {}", record.kind()))
                    .at("receipt: body")
                    .expected(format!("the entry's kind, {kind}")),
            );
        }
        _ => {}
    }
    Ok(Checked {
        index: entry.index,
        time_ms: entry.time_ms,
        kind: kind.to_owned(),
        stream: Hex32(entry.stream.0),
        record,
        size: checkpoint.size(),
        root: Hex32(checkpoint.root().0),
    })
}
