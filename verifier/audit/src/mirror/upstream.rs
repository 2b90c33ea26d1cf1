//! What is asked of a log.

use std::io::Write;

use covenant_api::client::Client;
use covenant_policy::refusal::Refusal;

use crate::hash::Hash;

/// A log that can be mirrored. Nothing that it says is believed.
pub trait Upstream {
    /// The last checkpoint's note, or that of exactly this size.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn note(&self, size: Option<u64>) -> Result<Vec<u8>, Refusal>;

    /// The proof that the tree of the older size is the beginning of that of the newer.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Refusal>;

    /// A tile, by its name.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn tile(&self, name: &str) -> Result<Vec<u8>, Refusal>;

    /// Writes the part from this entry on, of at most so many if it can be; its bytes.
    ///
    /// # Errors
    /// What keeps it from being read or written.
    fn part(&self, from: u64, entries_max: u64, out: &mut dyn Write) -> Result<u64, Refusal>;
}

impl Upstream for Client {
    fn note(&self, size: Option<u64>) -> Result<Vec<u8>, Refusal> {
        self.served_note(size)
    }

    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Refusal> {
        Ok(self.served_consistency(old, new)?.into_iter().map(Hash).collect())
    }

    fn tile(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        self.served_tile(name)
    }

    fn part(&self, from: u64, entries_max: u64, out: &mut dyn Write) -> Result<u64, Refusal> {
        self.part_to(from, entries_max, out)
    }
}
