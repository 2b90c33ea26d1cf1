//! Where an export's blobs and its last checkpoint lie: found by going from record to record, before anything is checked.
//!
//! Records are replayed before the blobs that they name are reached in the file, and a sample is drawn from the last
//! checkpoint before any proof is looked at. What is found here is believed by nobody: a blob is compared with its name
//! when it is used, a checkpoint's signatures are checked, and [`super::read`] says what is wrong with the file.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::FIRST_LINE;
use super::frames::{SEAL_BYTES, tag};
use crate::hash::Hash;
use crate::note::NOTE_BYTES_MAX;

/// A blob's name, its length without the name, and where its record begins.
pub(crate) type Blob = (Hash, usize, u64);

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The blobs.
    pub(crate) blobs: Vec<Blob>,
    /// The signed notes of the checkpoints, where they were asked for; otherwise the last one.
    pub(crate) notes: Vec<Vec<u8>>,
}

/// Goes through an export, as far as its records can be followed.
pub(crate) fn index(file: impl Read + Seek, every_note: bool) -> io::Result<Index> {
    let mut input = BufReader::new(file);
    let mut at = input.seek(SeekFrom::Start(FIRST_LINE.len() as u64))?;
    let mut found = Index::default();
    loop {
        let mut head = [0; 5];
        if input.read_exact(&mut head).is_err() {
            return Ok(found);
        }
        let [mark, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        let mut rest = i64::from(length);
        let content = length
            .checked_sub(SEAL_BYTES as u32)
            .and_then(|length| usize::try_from(length).ok());
        match (mark, content) {
            (tag::HEADER | tag::ENTRY | tag::BODY | tag::WITHHELD | tag::ERASED, _) => {}
            (tag::BLOB, Some(content)) => {
                let mut name = [0; SEAL_BYTES];
                if input.read_exact(&mut name).is_err() {
                    return Ok(found);
                }
                found.blobs.push((Hash(name), content, at));
                rest -= SEAL_BYTES as i64;
            }
            (tag::CHECKPOINT, Some(content)) if content <= NOTE_BYTES_MAX => {
                let mut note = vec![0; SEAL_BYTES + content];
                if input.read_exact(&mut note).is_err() {
                    return Ok(found);
                }
                if !every_note {
                    found.notes.clear();
                }
                found.notes.push(note.split_off(SEAL_BYTES));
                rest = 0;
            }
            _ => return Ok(found),
        }
        input.seek_relative(rest)?;
        at += 5 + u64::from(length);
    }
}
