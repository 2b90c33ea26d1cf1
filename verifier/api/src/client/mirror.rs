//! The calls of a mirror, whose answers are read by whoever keeps it: nothing here is decoded or believed.

use std::io::Write;

use covenant_policy::refusal::Refusal;
use data_encoding::BASE64;

use super::Client;
use super::answers::ConsistencyAnswer;
use super::transport::{OCTETS, TEXT, malformed};

impl Client {
    /// The note that is served as the log's last checkpoint; or as that of exactly this size.
    ///
    /// # Errors
    /// `not-in-ledger` where there is none of this size; as [`Client::log_info`].
    pub fn served_note(&self, size: Option<u64>) -> Result<Vec<u8>, Refusal> {
        let path = size.map_or_else(
            || "/v1/ledger/checkpoint".to_owned(),
            |size| format!("/v1/ledger/checkpoints/{size}"),
        );
        self.transport.get(&path, TEXT)
    }

    /// The hashes that are served as the proof that the tree of the older size is the beginning of that of the newer.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn served_consistency(&self, old: u64, new: u64) -> Result<Vec<[u8; 32]>, Refusal> {
        let path = format!("/v1/ledger/consistency?old={old}&new={new}");
        let answer: ConsistencyAnswer = self.transport.get_json(&path)?;
        let hash = |text: &String| BASE64.decode(text.as_bytes()).ok()?.try_into().ok();
        let hashes = answer.hashes.iter().map(hash).collect::<Option<Vec<_>>>();
        hashes.ok_or_else(|| malformed(&path, "a hash that is none"))
    }

    /// What is served under the name of a tile, such as `entries/000`.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn served_tile(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        self.transport.get(&format!("/v1/ledger/tile/{name}"), OCTETS)
    }

    /// Writes the part of the log that begins with this entry, of at most so many if a checkpoint stands there; how many bytes it has.
    ///
    /// # Errors
    /// `not-in-ledger`, `file-unwritable`; as [`Client::log_info`].
    pub fn part_to(&self, from: u64, entries_max: u64, out: &mut dyn Write) -> Result<u64, Refusal> {
        let path = format!("/v1/ledger/export/{from}?entries={entries_max}");
        self.transport.stream(&path, out)
    }
}
