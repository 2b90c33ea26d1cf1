//! A part, from as it was fetched to as it is kept: a directory that appears whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use covenant_api::files;
use covenant_api::refusals::FILE_UNWRITABLE;
use covenant_policy::refusal::Refusal;

use super::pieces::record;
use super::place::{Part, Place};
use crate::export::{SEAL, Walk, mark, part};
use crate::hash::{self, Hash};

/// The part as it came, in the directory where it is made.
pub(super) const FETCHED: &str = "fetched";

/// Makes the directory for a part, and the file that it is fetched into.
///
/// # Errors
/// `file-unwritable`.
pub(super) fn begin(place: &Place) -> Result<File, Refusal> {
    let incoming = place.incoming();
    let unwritable = |error: io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(incoming.display());
    match fs::create_dir(&incoming) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unwritable(error)),
        _ => {}
    }
    File::create(incoming.join(FETCHED)).map_err(unwritable)
}

/// Keeps the part that was fetched and checked, whose checkpoints go on behind this link: written, synced, renamed. The link behind it.
///
/// # Errors
/// `file-unwritable`.
pub(super) fn finish(place: &Place, from: u64, to: u64, link: Hash) -> Result<(Part, Hash), Refusal> {
    let incoming = place.incoming();
    let made = || -> io::Result<(Part, Hash)> {
        let made = Part::new(incoming.clone(), from, to);
        let link = write(&incoming.join(FETCHED), &made, link)?;
        fs::remove_file(incoming.join(FETCHED))?;
        Ok((appear(place, from, to)?, link))
    };
    made().map_err(|error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(place.of(from, to).display()))
}

/// Gives a part that was made its name: from now on it is one of the mirror, whatever happens.
///
/// # Errors
/// What the disk refuses; it is not one of the mirror then.
pub(super) fn appear(place: &Place, from: u64, to: u64) -> io::Result<Part> {
    let (incoming, kept) = (place.incoming(), place.of(from, to));
    File::open(&incoming)?.sync_all()?;
    fs::rename(&incoming, &kept)?;
    File::open(kept.parent().unwrap_or(&kept))?.sync_all()?;
    Ok(Part::new(kept, from, to))
}

/// Divides the records among the part's files. Links are made anew, so that they are those of the whole log.
fn write(fetched: &Path, made: &Part, mut link: Hash) -> io::Result<Hash> {
    let mut input = File::open(fetched)?;
    io::Seek::seek(&mut input, io::SeekFrom::Start(part::FIRST_LINE.len() as u64))?;
    let mut walk = Walk::new(input);
    let mut entries = BufWriter::new(File::create(made.entries())?);
    let mut blobs: Option<BufWriter<File>> = None;
    let mut content = Vec::new();
    // A checkpoint waits for what follows: the last one is kept apart.
    let mut waiting: Option<Vec<u8>> = None;
    while let Some((mark, _)) = walk.next(&mut content)? {
        match mark {
            mark::HEADER | mark::END => {}
            mark::BLOB => {
                let out = match &mut blobs {
                    Some(out) => out,
                    none => none.insert(BufWriter::new(File::create(made.blobs())?)),
                };
                out.write_all(&record(mark, &[&content]))?;
            }
            mark::CHECKPOINT => waiting = Some(content.split_off(SEAL.min(content.len()))),
            _ => {
                if let Some(note) = waiting.take() {
                    link = hash::of(&[&link.0, &note]);
                    entries.write_all(&record(mark::CHECKPOINT, &[&link.0, &note]))?;
                }
                entries.write_all(&record(mark, &[&content]))?;
            }
        }
    }
    let mut checkpoint = File::create(made.checkpoint())?;
    checkpoint.write_all(&behind(link, &waiting.unwrap_or_default()))?;
    checkpoint.sync_all()?;
    for out in [Some(entries), blobs].into_iter().flatten() {
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    }
    Ok(link)
}

/// The record of the checkpoint behind a part.
fn behind(link: Hash, note: &[u8]) -> Vec<u8> {
    record(mark::CHECKPOINT, &[&hash::of(&[&link.0, note]).0, note])
}

/// Writes the checkpoint behind a part anew, whose entries' last link is this one: with the cosignatures that it has got since.
///
/// # Errors
/// `file-unwritable`.
pub(super) fn checkpoint(part: &Part, link: Hash, note: &[u8]) -> Result<(), Refusal> {
    files::replace(&part.checkpoint(), &behind(link, note))
}

/// The link of the last checkpoint among a part's entries.
///
/// # Errors
/// What keeps it from being read.
pub(super) fn link_of(part: &Part, before: Hash) -> io::Result<Hash> {
    let (mut walk, mut content, mut link) = (Walk::new(File::open(part.entries())?), Vec::new(), before);
    while let Some((mark, _)) = walk.next(&mut content)? {
        if mark == mark::CHECKPOINT {
            link = Hash(content.first_chunk().copied().unwrap_or_default());
        }
    }
    Ok(link)
}
