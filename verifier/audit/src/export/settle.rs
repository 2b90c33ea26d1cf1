//! Which of two neighbours is wrong, where one does not name the other's hash.
//!
//! If entry *j* names another hash than that of entry *j−1*, then either *j−1* was changed, and *j* names what it was;
//! or *j* was changed in what it names. If the log signed the tree up to *j−1* as it stands, it is *j*. Otherwise what
//! comes later decides: if the entry after *j* names *j*'s hash, *j* is as it was recorded, so *j−1* is not. If *j* is
//! the last entry, the signed root decides: with what *j* names put in the place of *j−1*, the tree has the signed root
//! exactly if *j* is as it was recorded. Where what comes later cannot be read, both are named.

use std::io::Read;

use super::Pass;
use super::frames::{SEAL_BYTES, tag};
use crate::entry::Entry;
use crate::findings::Place;
use crate::hash::{self, Hash};
use crate::note::Checkpoint;

impl<R: Read> Pass<'_, R> {
    /// The wrong one of this entry and the one before it, whose hash it does not name; the rest of the file is used up
    /// for it.
    pub(super) fn settle(&mut self, entry: &Entry<'_>, leaf: Hash) -> Place {
        if entry.index == 0 {
            return Place::Entry(0);
        }
        self.culprit(entry, leaf)
            .map_or(Place::neighbours(entry.index), Place::Entry)
    }

    fn culprit(&mut self, entry: &Entry<'_>, leaf: Hash) -> Option<u64> {
        let later = entry.index;
        if self.seen.good() == Some(later) {
            return Some(later);
        }
        let mut content = Vec::new();
        let beside = self.frames.next(|_, _| Place::Entry(later), &mut content).ok()?;
        if beside.tag == tag::BODY && hash::of(&[&content]) != entry.body_hash {
            return Some(later);
        }
        let as_recorded = if later + 1 < self.header.size {
            let mut record = self.frames.next(|_, _| Place::Entry(later + 1), &mut content).ok()?;
            while record.tag == tag::CHECKPOINT {
                record = self.frames.next(|_, _| Place::Entry(later + 1), &mut content).ok()?;
            }
            let next = Entry::read(&content).ok()?;
            if record.tag != tag::ENTRY || next.index != later + 1 {
                return None;
            }
            next.previous == leaf
        } else {
            self.signed_root()? == self.chain.root_with(&[entry.previous, leaf])
        };
        Some(if as_recorded { later - 1 } else { later })
    }

    /// The root that the log signed for all entries.
    fn signed_root(&mut self) -> Option<Hash> {
        let mut content = Vec::new();
        loop {
            let record = self.frames.next(|_, _| Place::End, &mut content).ok()?;
            if record.tag == tag::CHECKPOINT
                && let Ok(checkpoint) = Checkpoint::open(content.get(SEAL_BYTES..)?, &self.header.key)
                && checkpoint.size == self.header.size
            {
                return Some(checkpoint.root);
            }
        }
    }
}
