//! Where an export's blobs lie: found by going from record to record, before anything is checked.
//!
//! Records are replayed before the blobs that they name are reached in the file. What is found here is believed by
//! nobody: a blob is compared with its name when it is used, and [`super::read`] says what is wrong with the file.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};

use super::FIRST_LINE;
use super::frames::tag;
use crate::hash::Hash;

/// A blob's name, its length without the name, and where its record begins.
pub(crate) type Found = (Hash, usize, u64);

/// The blobs of an export, as far as its records can be followed.
pub(crate) fn blobs(file: File) -> io::Result<Vec<Found>> {
    let mut input = BufReader::new(file);
    let mut at = input.seek(SeekFrom::Start(FIRST_LINE.len() as u64))?;
    let mut found = Vec::new();
    loop {
        let mut head = [0; 5];
        if input.read_exact(&mut head).is_err() {
            return Ok(found);
        }
        let [mark, length @ ..] = head;
        let length = u32::from_be_bytes(length);
        let mut rest = i64::from(length);
        match mark {
            tag::HEADER | tag::ENTRY | tag::BODY | tag::WITHHELD | tag::ERASED => {}
            tag::BLOB => {
                let mut name = [0; 32];
                let content = length.checked_sub(32).and_then(|length| usize::try_from(length).ok());
                let Some(content) = content.filter(|_| input.read_exact(&mut name).is_ok()) else {
                    return Ok(found);
                };
                found.push((Hash(name), content, at));
                rest -= 32;
            }
            _ => return Ok(found),
        }
        input.seek_relative(rest)?;
        at += 5 + u64::from(length);
    }
}
