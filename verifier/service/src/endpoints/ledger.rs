//! The log for whoever wants to check it: checkpoints and tiles, entries, proofs, receipts, chains and exports. What lies under
//! `/v1/ledger/checkpoint` and `/v1/ledger/tile/` is a log as C2SP `tlog-tiles` describes one.

pub mod chain;
pub mod checkpoint;
pub mod checkpoint_at;
pub mod consistency;
pub mod entitlement;
pub mod entries;
pub mod entry;
pub mod export;
pub mod inclusion;
pub mod lookup;
pub mod part;
pub mod receipt;
pub mod tile;
pub mod tlog_proof;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_ledger::{Entry, Hash};
use serde::Serialize;
use utoipa::ToSchema;

/// An entry of the log. What it commits to lies beside the log and is not in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogEntry {
    /// Its place in the log.
    index: u64,
    /// Its one encoding in base64, the data of its leaf.
    entry: String,
}

impl From<&Entry> for LogEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            index: entry.index,
            entry: STANDARD.encode(entry.encode()),
        }
    }
}

/// Hashes in base64, as in C2SP's proofs.
fn hashes(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(|hash| STANDARD.encode(hash)).collect()
}
