//! Small parts made one: a mirror that is brought up to date every hour would otherwise have thousands of them after a year, each of
//! which an audit opens.
//!
//! What they hold is copied, one after another and byte for byte, into a part that appears whole, like one that was fetched. Beside it lies the
//! SHA-256 of what was read (`joined`). From then on it stands for them: a part that lies within another one is passed over. They are removed
//! once the large part was read again and is what was read then, unless somebody reads the mirror just now; a later run does it otherwise.
//!
//! None of this is needed for a mirror to be one, so a run does not fail with it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::keep;
use super::place::{Part, Place};
use crate::export::{Walk, mark};
use crate::hash::Hash;

/// So many parts at the end are made one; those before the end as soon as nothing more goes with them.
const TOGETHER: usize = 16;
/// Bytes of one that is made so, at most: what a run may have to write once more.
const BYTES_MAX: u64 = 64 << 20;

/// Makes one of parts that follow each other and have together at most so many entries, wherever that is worth it; removes what was
/// made one before.
pub(super) fn small(place: &mut Place, entries_max: u64) {
    while let Ok(Some(group)) = next(place.parts(), entries_max) {
        let parts = place.parts().get(group.clone()).unwrap_or_default();
        match join(place, parts) {
            Ok(whole) => place.stands_for(group, whole),
            // The disk is full, or a part is not what it should be, which whoever audits it is told.
            Err(_) => {
                let _ = fs::remove_dir_all(place.incoming());
                break;
            }
        }
    }
    // Whoever still reads keeps them from being removed, and so does whatever else goes wrong: a later run does it.
    let _ = clear(place);
}

/// The first parts that are to be made one. Parts are taken from the first one on as far as they go together.
fn next(parts: &[Part], entries_max: u64) -> io::Result<Option<Range<usize>>> {
    let mut start = 0;
    while let Some(first) = parts.get(start) {
        let (mut end, mut to, mut bytes) = (start, first.from, 0);
        for part in parts.iter().skip(start) {
            bytes += part.bytes()?;
            if part.from != to || part.to - first.from > entries_max || bytes > BYTES_MAX {
                break;
            }
            (to, end) = (part.to, end + 1);
        }
        let least = if end < parts.len() { 2 } else { TOGETHER };
        if end - start >= least {
            return Ok(Some(start..end));
        }
        start = end.max(start + 1);
    }
    Ok(None)
}

/// Copies parts that follow each other into one. Each but the first begins with the checkpoint behind the one before it.
fn join(place: &Place, parts: &[Part]) -> io::Result<Part> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    for (part, next) in parts.iter().zip(parts.iter().skip(1)) {
        if !part.goes_on_in(next)? {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    for part in parts {
        if entries(part)? != part.to - part.from {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    let made = Part::new(place.incoming(), first.from, last.to);
    fs::create_dir_all(made.directory())?;
    let mut out = File::create(made.entries())?;
    let entries = copy(parts.iter().map(Part::entries), &mut out)?;
    out.sync_all()?;
    let mut out = File::create(made.blobs())?;
    let blobs = copy(parts.iter().map(Part::blobs).filter(|path| there(path)), &mut out)?;
    out.sync_all()?;
    if out.metadata()?.len() == 0 {
        fs::remove_file(made.blobs())?;
    }
    let mut out = File::create(made.checkpoint())?;
    copy([last.checkpoint()], &mut out)?;
    out.sync_all()?;
    let mut out = File::create(made.joined())?;
    out.write_all(joined(entries, blobs).as_bytes())?;
    out.sync_all()?;
    keep::appear(place, first.from, last.to)
}

/// Removes the parts that others were made of, as far as those are what was read when they were made.
fn clear(place: &mut Place) -> io::Result<()> {
    let Some(_alone) = place.unread() else { return Ok(()) };
    for whole in place.parts().iter().filter(|part| there(&part.joined())) {
        let entries = copy([whole.entries()], &mut io::sink())?;
        let blobs = copy([whole.blobs()].into_iter().filter(|path| there(path)), &mut io::sink())?;
        if fs::read(whole.joined())? != joined(entries, blobs).as_bytes() {
            continue;
        }
        for part in place.within(whole) {
            fs::remove_dir_all(part.directory())?;
        }
        // Nothing is left that it would be needed for.
        fs::remove_file(whole.joined())?;
    }
    place.forget_removed();
    Ok(())
}

/// What is written down of a part that was made of others: SHA-256 of its entries and of its blobs.
fn joined(entries: Hash, blobs: Hash) -> String {
    format!("{entries}\n{blobs}\n")
}

/// Whether there is a file, or something that is none.
fn there(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// How many entries a part has.
fn entries(part: &Part) -> io::Result<u64> {
    let (mut walk, mut content, mut count) = (Walk::new(File::open(part.entries())?), Vec::new(), 0);
    while let Some((mark, _)) = walk.next(&mut content)? {
        count += u64::from(mark == mark::ENTRY);
    }
    Ok(count)
}

/// Copies files, one after another; SHA-256 of what was read.
fn copy(from: impl IntoIterator<Item = PathBuf>, out: &mut dyn Write) -> io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut bytes = vec![0; 1 << 16];
    for path in from {
        let mut file = File::open(path)?;
        loop {
            let read = file.read(&mut bytes)?;
            let bytes = bytes.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            out.write_all(bytes)?;
        }
    }
    Ok(Hash(hasher.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(directory: &Path, sizes: &[u64]) -> Vec<Part> {
        let mut from = 0;
        let made = sizes.iter().map(|size| {
            let part = Part::new(directory.join(from.to_string()), from, from + size);
            fs::create_dir_all(part.directory()).expect("a directory");
            fs::write(part.entries(), vec![0; 10]).expect("written");
            from += size;
            part
        });
        made.collect()
    }

    #[test]
    fn small_parts_that_follow_each_other_are_made_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let grouped = |sizes: &[u64]| next(&parts(directory.path(), sizes), 100).expect("readable");
        assert_eq!(grouped(&[]), None);
        assert_eq!(grouped(&[5; 15]), None, "there may be more");
        assert_eq!(grouped(&[5; 16]), Some(0..16));
        assert_eq!(grouped(&[5; 30]), Some(0..20), "a hundred entries");
        assert_eq!(grouped(&[7; 30]), Some(0..14), "one more is too many");
        assert_eq!(grouped(&[60; 5]), None);
        assert_eq!(grouped(&[60, 40, 60]), Some(0..2));
        assert_eq!(grouped(&[100, 60, 30, 60, 1]), Some(1..3));
        assert_eq!(grouped(&[&[80][..], &[1; 14]].concat()), None);
        assert_eq!(grouped(&[&[80][..], &[1; 15]].concat()), Some(0..16));
        // Bytes count as well.
        let large = parts(directory.path(), &[1; 16]);
        let file = File::create(large[7].entries()).expect("made");
        file.set_len(BYTES_MAX).expect("made");
        assert_eq!(next(&large, 100).expect("readable"), Some(0..7));
        // And so does that nothing is missing in between.
        let mut gap = parts(directory.path(), &[1; 17]);
        gap.remove(3);
        assert_eq!(next(&gap, 100).expect("readable"), Some(0..3));
        assert_eq!(next(&gap[3..], 100).expect("readable"), None);
    }
}
