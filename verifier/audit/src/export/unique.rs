//! Whether a unique key stands twice, in eight bytes of memory for each.
//!
//! While reading, each key is kept as 64 bits of a hash under a key that is drawn anew for each audit, so that nobody can
//! choose keys that agree there. Equal keys agree. Where two agree at the end, the entries are read again, and only
//! those keys are compared whole.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};

use rayon::slice::ParallelSliceMut as _;

use super::frames::{Frames, fault, tag};
use super::{FIRST_LINE, UNIQUE};
use crate::entry::Entry;
use crate::findings::{Finding, Place, Stopped};
use crate::hash::Hash;

/// The keys so far, as short hashes.
#[derive(Default)]
pub(super) struct Keys {
    short: Vec<u64>,
    hasher: RandomState,
}

impl Keys {
    /// Takes in an entry's keys.
    pub(super) fn take(&mut self, keys: &[Hash]) {
        self.short.extend(keys.iter().map(|key| self.hasher.hash_one(key.0)));
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.short.len() as u64
    }

    /// The first entry that holds a key of an earlier one, among the first so many entries. The file is read again only
    /// where short hashes agree.
    pub(super) fn twice<R: Read>(
        &mut self,
        entries: u64,
        open: impl Fn() -> io::Result<R>,
    ) -> Result<Option<Finding>, Stopped> {
        let mut short = std::mem::take(&mut self.short);
        short.par_sort_unstable();
        let agree: BTreeSet<u64> = short
            .windows(2)
            .filter_map(|pair| pair.first().filter(|first| Some(*first) == pair.get(1)).copied())
            .collect();
        drop(short);
        if agree.is_empty() {
            return Ok(None);
        }
        self.compare(entries, &agree, open().map_err(|error| fault(&error))?)
    }

    fn compare(&self, entries: u64, agree: &BTreeSet<u64>, input: impl Read) -> Result<Option<Finding>, Stopped> {
        let mut frames = Frames::new(input);
        frames.first_line(FIRST_LINE)?;
        let mut held: BTreeMap<Hash, u64> = BTreeMap::new();
        let (mut content, mut index) = (Vec::new(), 0);
        while index < entries {
            let record = frames.next(|_, _| Place::Entry(index), &mut content)?;
            if record.tag != tag::ENTRY {
                continue;
            }
            // These entries were read before; if they changed meanwhile, the second reading says so.
            let Ok(entry) = Entry::read(&content) else {
                return Ok(None);
            };
            for key in &entry.unique {
                if !agree.contains(&self.hasher.hash_one(key.0)) {
                    continue;
                }
                if let Some(earlier) = held.insert(*key, entry.index) {
                    let what = format!("the blinded key {key} is that of entry {earlier}");
                    let finding = Finding::new(&UNIQUE, Place::Entry(entry.index), record.offset, what);
                    return Ok(Some(finding.expected("a key that no earlier entry holds")));
                }
            }
            index += 1;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_hashes_of_equal_keys_agree_and_of_others_hardly() {
        let mut keys = Keys::default();
        let of = |i: u64| crate::hash::of(&[&i.to_be_bytes()]);
        (0..10_000).for_each(|i| keys.take(&[of(i)]));
        keys.take(&[of(77)]);
        assert_eq!(keys.count(), 10_001);
        keys.short.sort_unstable();
        let equal = keys.short.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert_eq!(equal, 1);
    }
}
