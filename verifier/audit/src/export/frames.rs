//! The export's records: mark, length and content, each within its bounds, and the hash of every byte.

use std::io::{BufReader, ErrorKind, Read};

use covenant_policy::refusal::Refusal;
use sha2::{Digest as _, Sha256};

use super::{FILE_UNREADABLE, FORMAT, RECORD};
use crate::entry::ENTRY_BYTES_MAX;
use crate::findings::{CUT_SHORT, Finding, Place, Stopped};
use crate::hash::Hash;
use crate::note::{KEY_BYTES_MAX, NOTE_BYTES_MAX};

/// What each record begins with.
pub(crate) mod tag {
    pub(crate) const HEADER: u8 = b'H';
    pub(crate) const ENTRY: u8 = b'E';
    pub(crate) const BODY: u8 = b'B';
    pub(crate) const WITHHELD: u8 = b'W';
    pub(crate) const ERASED: u8 = b'X';
    pub(crate) const BLOB: u8 = b'O';
    pub(crate) const CHECKPOINT: u8 = b'C';
    pub(crate) const END: u8 = b'Z';
}

/// The longest body or blob, its salt or name left out.
const OPAQUE_BYTES_MAX: usize = 64 << 20;
/// What a header or checkpoint begins with: its own hash, or the link to those before it.
pub(crate) const SEAL_BYTES: usize = 32;
/// The longest header: its hash, three items, the longest key, a number, a secret.
const HEADER_BYTES_MAX: usize = SEAL_BYTES + 1 + 3 + KEY_BYTES_MAX + 9 + 1 + 34;
/// Bytes of a record without a proper mark that are looked at, to tell what it was.
const GUESS_BYTES_MAX: usize = 1 << 17;
/// Bytes that are set aside before any of a record's content was read.
const AHEAD_BYTES: usize = 1 << 16;
/// Bytes that are read from the file at once.
const BUFFER_BYTES: usize = 1 << 18;

/// How long a record of this mark may be: at least, at most. `None` where there is no such mark.
pub(super) fn lengths(mark: u8) -> Option<(usize, usize)> {
    Some(match mark {
        tag::HEADER => (SEAL_BYTES + 1, HEADER_BYTES_MAX),
        tag::ENTRY => (1, ENTRY_BYTES_MAX),
        tag::BODY | tag::BLOB => (32, 32 + OPAQUE_BYTES_MAX),
        tag::WITHHELD => (1, 1),
        tag::ERASED => (0, 0),
        tag::CHECKPOINT => (SEAL_BYTES + 1, SEAL_BYTES + NOTE_BYTES_MAX),
        tag::END => (32, 32),
        _ => return None,
    })
}

/// A record's mark, and where it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) tag: u8,
    pub(super) offset: u64,
}

impl Record {
    /// This record does not belong here.
    pub(super) fn misplaced(&self, place: Place, expected: &str) -> Finding {
        let what = format!("a record marked {}", show(self.tag));
        Finding::new(&RECORD, place, self.offset, what).expected(expected)
    }
}

fn show(mark: u8) -> String {
    if mark.is_ascii_graphic() {
        char::from(mark).to_string()
    } else {
        format!("{mark:#04x}")
    }
}

/// Reads records one after another.
pub(super) struct Frames<R> {
    input: BufReader<R>,
    at: u64,
    hasher: Sha256,
    /// The hash of all before the last record of 32 bytes: what the end holds.
    before: Option<Hash>,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER_BYTES, input),
            at: 0,
            hasher: Sha256::new(),
            before: None,
        }
    }

    /// The first line, which names the format.
    pub(super) fn first_line(&mut self, expected: &[u8]) -> Result<(), Stopped> {
        let mut line = vec![0; expected.len()];
        self.exactly(&mut line, 0, || Place::Start)?;
        if line != expected {
            let what = format!("the file begins with {:?}", String::from_utf8_lossy(&line));
            let finding = Finding::new(&FORMAT, Place::Start, 0, what);
            return Err(finding
                .expected(format!("{:?}", String::from_utf8_lossy(expected)))
                .into());
        }
        self.count(&line);
        Ok(())
    }

    /// The next record; its content goes to `content`. `place` says which record is wrong if it is, by its mark (0
    /// where there is none) and by what stands in it, as far as that could be read.
    pub(super) fn next(
        &mut self,
        place: impl Fn(u8, &[u8]) -> Place,
        content: &mut Vec<u8>,
    ) -> Result<Record, Stopped> {
        let offset = self.at;
        let mut head = [0; 5];
        self.exactly(&mut head, offset, || place(0, &[]))?;
        let [mark, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        content.clear();
        let fits = lengths(mark).map(|(least, most)| (least..=most).contains(&length));
        if fits != Some(true) && length <= GUESS_BYTES_MAX {
            // Whatever is there helps to say what it was.
            let _ = (&mut self.input).take(length as u64).read_to_end(content);
        }
        let Some((least, most)) = lengths(mark) else {
            let what = format!("a record marked {}", show(mark));
            let finding = Finding::new(&RECORD, place(mark, content), offset, what);
            return Err(finding.expected("one of the format's marks: H E B W X O C Z").into());
        };
        if fits != Some(true) {
            let what = format!("a record marked {} of {length} bytes", show(mark));
            let finding = Finding::new(&RECORD, place(mark, content), offset, what);
            return Err(finding.expected(format!("{least} to {most} bytes")).into());
        }
        if length <= AHEAD_BYTES {
            content.resize(length, 0);
            self.exactly(content, offset, || place(mark, &[]))?;
        } else {
            // Memory follows what is really there, whatever the length claims.
            let limit = u64::try_from(length).unwrap_or(u64::MAX);
            let read = (&mut self.input)
                .take(limit)
                .read_to_end(content)
                .map_err(|e| fault(&e))?;
            if read < length {
                return Err(cut_short(offset, place(mark, &[])));
            }
        }
        if length == SEAL_BYTES {
            self.before = Some(Hash(self.hasher.clone().finalize().into()));
        }
        self.count(&head);
        self.count(content);
        Ok(Record { tag: mark, offset })
    }

    /// The hash of every byte before the record that was read last, if its content has 32 bytes, as the end's has.
    pub(super) fn sum_before(&self) -> Hash {
        self.before.unwrap_or(crate::hash::ZEROS)
    }

    /// Nothing may follow; the file's length and hash.
    pub(super) fn finish(&mut self) -> Result<(u64, Hash), Stopped> {
        let mut more = [0];
        loop {
            match self.input.read(&mut more) {
                Ok(0) => return Ok((self.at, Hash(self.hasher.clone().finalize().into()))),
                Ok(_) => {
                    let finding = Finding::new(&RECORD, Place::End, self.at, "something follows the end record");
                    return Err(finding.expected("the end of the file").into());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(fault(&error)),
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.at += bytes.len() as u64;
    }

    fn exactly(&mut self, bytes: &mut [u8], offset: u64, place: impl Fn() -> Place) -> Result<(), Stopped> {
        self.input.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut_short(offset, place()),
            _ => fault(&error),
        })
    }
}

fn cut_short(offset: u64, place: Place) -> Stopped {
    Finding::new(&CUT_SHORT, place, offset, "the file ends within or before this record").into()
}

pub(super) fn fault(error: &std::io::Error) -> Stopped {
    Stopped::Fault(Refusal::new(&FILE_UNREADABLE, error.to_string()))
}
