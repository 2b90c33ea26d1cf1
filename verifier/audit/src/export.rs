//! Exports of a ledger, read as a stream: whatever can be checked without understanding what is recorded.
//!
//! [`read`] goes through the file once, in the order of its records, and stops at the first that is wrong: framing,
//! form of entries, hash chain, times, streams, unique keys, body hashes, blobs, every checkpoint's signature and
//! root, and the sum at the end. A [`Visitor`] gets what was read. Memory grows neither with the file's bytes nor with
//! its entries, but with what must be told apart: 8 bytes for each unique key (`unique`), about 100 for each stream.
//!
//! Where entry *i*'s hash is not what entry *i+1* names, either may have been changed, so `settle` asks what the log
//! signed, or reads on and asks what comes later.

use std::io::{self, Read};
use std::ops::ControlFlow;

use covenant_api::refusals::FILE_UNREADABLE;

use crate::entry::Entry;
use crate::findings::{BODY, CHAIN, ENTRY_FORM, ENTRY_INDEX, FORMAT, Finding, HEADER, Place, RECORD, Stopped, UNIQUE};
use crate::hash::{self, Hash};
use crate::note;

use chain::Chain;
use checkpoints::Seen;
use frames::{Frames, Record, SEAL_BYTES, fault, tag};

pub use checkpoints::Signed;
pub(crate) use frames::{SEAL_BYTES as SEAL, tag as mark};
pub use header::{Blinding, Header};
pub(crate) use index::{Blob, index};
pub use source::{Input, Source};
pub(crate) use walk::Walk;

mod chain;
mod checkpoints;
mod frames;
mod header;
mod index;
pub mod part;
mod settle;
mod source;
mod tail;
mod unique;
mod walk;

/// The first line of an export.
pub(crate) const FIRST_LINE: &[u8] = b"covenant-export/v2\n";

/// What stands beside an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening<'a> {
    /// Salt and body; their hash is the entry's body hash.
    Body {
        /// 32 bytes of salt.
        salt: &'a [u8; 32],
        /// What is recorded.
        body: &'a [u8],
    },
    /// The body was withheld from this reader.
    Withheld,
    /// The body was erased.
    Erased,
}

/// An entry that was read, with what stands beside it. It continues the chain; whether it was changed shows for
/// certain only in what comes after it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The entry.
    pub entry: &'a Entry<'a>,
    /// Its hash.
    pub hash: Hash,
    /// What stands beside it.
    pub opening: Opening<'a>,
    /// Where the entry's record begins in the file.
    pub offset: u64,
    /// Where the record beside it begins.
    pub beside: u64,
}

/// Gets what was read, record by record, and may stop the reading with a finding of its own.
pub trait Visitor {
    /// The header.
    ///
    /// # Errors
    /// Stops the reading.
    fn header(&mut self, header: &Header) -> Result<(), Stopped> {
        let _ = header;
        Ok(())
    }

    /// An entry.
    ///
    /// # Errors
    /// Stops the reading.
    fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), Stopped> {
        let _ = recorded;
        Ok(())
    }

    /// A blob, whose name is the hash of its content.
    ///
    /// # Errors
    /// Stops the reading.
    fn blob(&mut self, name: &Hash, content: &[u8], offset: u64) -> Result<(), Stopped> {
        let _ = (name, content, offset);
        Ok(())
    }

    /// A checkpoint, whose signature and root hold.
    ///
    /// # Errors
    /// Stops the reading.
    fn checkpoint(&mut self, signed: &Signed<'_>) -> Result<(), Stopped> {
        let _ = signed;
        Ok(())
    }
}

/// For those who only want to know whether the export holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Visitor for Nobody {}

/// What was read and holds.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The header.
    pub header: Header,
    /// Bodies that were there.
    pub bodies: u64,
    /// Bodies withheld.
    pub withheld: u64,
    /// Bodies erased.
    pub erased: u64,
    /// Streams.
    pub streams: u64,
    /// Unique keys.
    pub unique: u64,
    /// Blobs.
    pub blobs: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// The last entry's hash, which commits to every entry; zeros where there is none.
    pub last: Hash,
    /// The last checkpoint's root.
    pub root: Hash,
    /// The times of the first and the last entry, in Unix milliseconds.
    pub period: Option<(u64, u64)>,
    /// The file's length.
    pub bytes: u64,
    /// The file's SHA-256.
    pub file: Hash,
}

/// Reads an export to its end. `open` gives the file from its beginning, a second time where two unique keys may be the same.
///
/// # Errors
/// The first thing that is wrong, or what the machine could not read.
pub fn read<R: Read>(open: impl Fn() -> io::Result<R>, visitor: &mut dyn Visitor) -> Result<Summary, Stopped> {
    let mut pass = begin(open().map_err(|error| fault(&error))?, visitor, false)?;
    let read = pass.entries().and_then(|()| pass.tail());
    let read = pass.with_checkpoints(read);
    if let Err(Stopped::Fault(_)) = read {
        return read;
    }
    let entries = pass.chain.size();
    match (read, pass.chain.keys().twice(entries, open)?) {
        (Err(Stopped::Found(found)), Some(twice)) if found.offset < twice.offset => Err(Stopped::Found(found)),
        (_, Some(twice)) => Err(twice.into()),
        (read, None) => read,
    }
}

/// Reads the entries of an export that was read to its end before, and stops before the blobs. The last entry's hash,
/// if it is the same, shows that these are the same entries.
///
/// # Errors
/// As [`read`], but for checkpoints and unique keys.
pub fn entries(input: impl Read, visitor: &mut dyn Visitor) -> Result<Hash, Stopped> {
    let mut pass = begin(input, visitor, true)?;
    pass.entries()?;
    Ok(pass.chain.last())
}

fn begin<R: Read>(input: R, visitor: &mut dyn Visitor, again: bool) -> Result<Pass<'_, R>, Stopped> {
    let (pass, _) = opened(input, visitor, FIRST_LINE, again)?;
    pass.visitor.header(&pass.header)?;
    Ok(pass)
}

/// Reads first line and header; of a part, with the entry that it begins with.
fn opened<'v, R: Read>(
    input: R,
    visitor: &'v mut dyn Visitor,
    first_line: &[u8],
    again: bool,
) -> Result<(Pass<'v, R>, u64), Stopped> {
    let mut frames = Frames::new(input);
    frames.first_line(first_line)?;
    let mut content = Vec::new();
    let hand = frames.next(|_, _| Place::Header, &mut content)?;
    if hand.tag != tag::HEADER {
        return Err(hand.misplaced(Place::Header, "the header, H").into());
    }
    let (header, from) = Header::read(&content, hand.offset, first_line == part::FIRST_LINE)?;
    let pass = Pass {
        frames,
        header,
        visitor,
        again,
        chain: Chain::default(),
        seen: Seen::default(),
        counts: Counts::default(),
        hand,
        content,
        entry: Vec::new(),
    };
    Ok((pass, from))
}

/// What is known while reading.
struct Pass<'v, R> {
    frames: Frames<R>,
    header: Header,
    visitor: &'v mut dyn Visitor,
    /// Whether this is the second reading, for which checkpoints and unique keys were compared.
    again: bool,
    chain: Chain,
    seen: Seen,
    counts: Counts,
    /// The record in hand, and its content. Memory is kept, so that it is asked for once.
    hand: Record,
    content: Vec<u8>,
    /// The content of the last entry's record.
    entry: Vec<u8>,
}

#[derive(Default)]
struct Counts {
    bodies: u64,
    withheld: u64,
    erased: u64,
    blobs: u64,
}

impl<R: Read> Pass<'_, R> {
    /// Takes the next record in hand, before which as many entries stand as were read.
    fn advance(&mut self) -> Result<(), Stopped> {
        let (here, size) = (self.chain.size(), self.header.size);
        let (checkpoints, blobs) = (self.seen.count(), self.counts.blobs);
        let complete = self.seen_all();
        let place = |mark: u8, content: &[u8]| {
            if mark == tag::CHECKPOINT || is_checkpoint(content) {
                let size = (!complete).then_some(here);
                return Place::Checkpoint {
                    number: checkpoints,
                    size,
                };
            }
            if here < size {
                return Place::Entry(here);
            }
            match mark {
                tag::END => Place::End,
                // The file ends where a blob or the end would begin.
                0 if complete && content.is_empty() => Place::End,
                _ if complete && content.len() == SEAL_BYTES && !is_blob(content) => Place::End,
                // Behind the last entry stands its checkpoint.
                _ if !complete && !is_blob(content) => Place::Checkpoint {
                    number: checkpoints,
                    size: Some(size),
                },
                _ => Place::Blob {
                    number: blobs,
                    name: None,
                },
            }
        };
        self.hand = self.frames.next(place, &mut self.content)?;
        Ok(())
    }

    /// Whether the last checkpoint that was read claims to cover every entry.
    fn seen_all(&self) -> bool {
        self.again || self.seen.claimed() == Some(self.header.size)
    }

    /// The entries, and the checkpoints among them; the record behind them stays in hand.
    fn entries(&mut self) -> Result<(), Stopped> {
        self.advance()?;
        self.checkpoints()?;
        for index in self.chain.size()..self.header.size {
            self.entry(index)?;
            self.advance()?;
            self.checkpoints()?;
        }
        Ok(())
    }

    /// The entry in hand, and what stands beside it.
    fn entry(&mut self, index: u64) -> Result<(), Stopped> {
        let record = self.hand;
        let wrong = |code, what: String| Finding::new(code, Place::Entry(index), record.offset, what);
        if record.tag != tag::ENTRY {
            return Err(self.not_an_entry(index).into());
        }
        // Taken, so that the entry may borrow its bytes while the reading goes on.
        std::mem::swap(&mut self.entry, &mut self.content);
        let bytes = std::mem::take(&mut self.entry);
        let entry = Entry::read(&bytes).map_err(|malformed| {
            if is_checkpoint(&bytes) {
                return record.misplaced(self.next_checkpoint(&bytes), "a checkpoint, C");
            }
            let what = format!("byte {} of the entry does not fit", malformed.at);
            wrong(&ENTRY_FORM, what).expected(malformed.expected)
        })?;
        if entry.index != index {
            let what = format!("an entry of index {}", entry.index);
            return Err(wrong(&ENTRY_INDEX, what).expected(format!("entry {index}")).into());
        }
        let leaf = hash::leaf(&bytes);
        if entry.previous != self.chain.last() {
            let what = format!(
                "entry {index} names {} as the hash of the entry before it",
                entry.previous
            );
            let expected = format!("{}, the hash of what stands there", self.chain.last());
            self.check_waiting()?;
            let place = self.settle(&entry, leaf);
            return Err(Finding::new(&CHAIN, place, record.offset, what)
                .expected(expected)
                .into());
        }
        if let ControlFlow::Break(broken) = self.chain.admit(&entry, leaf, !self.again) {
            return Err(wrong(broken.code, broken.what).expected(broken.expected).into());
        }
        let beside = self.frames.next(|_, _| Place::Entry(index), &mut self.content)?;
        let opening = opening(&beside, &self.content, &entry)?;
        if opening == Opening::Withheld && self.header.blinding.is_some() {
            // Only who may read every body gets the secret.
            return Err(beside
                .misplaced(Place::Entry(index), "a body, B, or the mark that it is erased, X")
                .into());
        }
        match opening {
            Opening::Body { .. } => self.counts.bodies += 1,
            Opening::Withheld => self.counts.withheld += 1,
            Opening::Erased => self.counts.erased += 1,
        }
        self.visitor.entry(&Recorded {
            entry: &entry,
            hash: leaf,
            opening,
            offset: record.offset,
            beside: beside.offset,
        })?;
        self.entry = bytes;
        Ok(())
    }

    /// What is wrong where another record stands than that of an entry.
    fn not_an_entry(&self, index: u64) -> Finding {
        let record = &self.hand;
        if is_checkpoint(&self.content) {
            return record.misplaced(self.next_checkpoint(&self.content), "a checkpoint, C");
        }
        let is_one = Entry::read(&self.content).is_ok_and(|entry| entry.index == index);
        if is_one || !matches!(record.tag, tag::BLOB | tag::END) {
            return record.misplaced(Place::Entry(index), "an entry, E");
        }
        let what = format!(
            "the header says {} entries, and {index} stand in the file",
            self.header.size
        );
        Finding::new(&HEADER, Place::Header, record.offset, what)
    }
}

/// What stands beside an entry, once it is what the entry commits to.
fn opening<'a>(record: &Record, content: &'a [u8], entry: &Entry<'_>) -> Result<Opening<'a>, Finding> {
    let place = Place::Entry(entry.index);
    match record.tag {
        tag::WITHHELD if content == [0] => Ok(Opening::Withheld),
        tag::ERASED => Ok(Opening::Erased),
        tag::BODY => {
            let found = hash::of(&[content]);
            match content.split_first_chunk() {
                Some((salt, body)) if found == entry.body_hash => Ok(Opening::Body { salt, body }),
                _ => Err(Finding::new(
                    &BODY,
                    place,
                    record.offset,
                    format!("salt and body have the hash {found}"),
                )
                .expected(format!("{}, as the entry says", entry.body_hash))),
            }
        }
        _ => Err(record.misplaced(
            place,
            "the entry's body, B, or the mark that it is withheld, W, or erased, X",
        )),
    }
}

/// Whether a record's content is a blob: named by its own hash.
fn is_blob(content: &[u8]) -> bool {
    content
        .split_first_chunk()
        .is_some_and(|(name, blob)| hash::of(&[blob]).0 == *name)
}

/// Whether a record's content looks like a checkpoint behind its link: only to name what is wrong.
fn is_checkpoint(content: &[u8]) -> bool {
    let note = content.get(SEAL_BYTES..).unwrap_or_default();
    note::claimed_size(note).is_some() && note.ends_with(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(file: &[u8]) -> &'static str {
        match read(|| Ok(file), &mut Nobody) {
            Err(Stopped::Found(finding)) => finding.code.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_export_is_refused() {
        assert_eq!(code(b""), "audit-cut-short");
        assert_eq!(code(b"covenant-exp"), "audit-cut-short");
        assert_eq!(code(b"covenant-export/v1\n"), "audit-format");
        assert_eq!(code(&[0; 4096]), "audit-format");
        let after = |rest: &[u8]| [FIRST_LINE, rest].concat();
        assert_eq!(code(&after(b"")), "audit-cut-short");
        assert_eq!(code(&after(b"H\0\0\0")), "audit-cut-short");
        assert_eq!(code(&after(b"H\0\0\0\x40")), "audit-cut-short");
        assert_eq!(code(&after(&[&b"H\0\0\0\x40"[..], &[0; 64]].concat())), "audit-header");
        assert_eq!(code(&after(b"W\0\0\0\0")), "audit-record");
        assert_eq!(code(&after(b"?\0\0\0\0")), "audit-record");
        // Nothing is set aside for a length that the file only claims.
        assert_eq!(code(&after(b"H\xff\xff\xff\xff")), "audit-record");
        assert_eq!(code(&after(b"B\x04\0\0\0")), "audit-cut-short");
    }

    #[test]
    fn a_fault_of_the_machine_is_no_finding() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        assert!(
            matches!(read(|| Ok(Broken), &mut Nobody), Err(Stopped::Fault(fault)) if fault.code() == "file-unreadable")
        );
    }
}
