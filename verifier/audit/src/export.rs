//! Exports of a ledger, read as a stream: whatever can be checked without understanding what is recorded.
//!
//! [`read`] goes through the file once, in the order of its records, and stops at the first that is wrong: framing,
//! form of entries, hash chain, times, streams, unique keys, body hashes, blobs, every checkpoint's signature and
//! root, and the sum at the end. A [`Visitor`] gets what was read. Memory does not grow with the file's bytes, but
//! with its entries: 32 bytes for each, which the checkpoints' roots need, and what tells streams and unique keys
//! apart.
//!
//! Where entry *i*'s hash is not what entry *i+1* names, either may have been changed, so [`settle`] reads on and asks
//! what comes later: the entry after, or the signed root.

use std::io::Read;
use std::ops::ControlFlow;

use covenant_api::refusals::FILE_UNREADABLE;

use crate::entry::Entry;
use crate::findings::{BODY, CHAIN, ENTRY_FORM, ENTRY_INDEX, FORMAT, Finding, HEADER, Place, RECORD, SUM, Stopped};
use crate::hash::{self, Hash};
use crate::note::Checkpoint;

use chain::Chain;
use frames::{Frames, Record, tag};

pub use header::{Blinding, Header};
pub(crate) use index::{Found, blobs};

mod chain;
mod checkpoints;
mod frames;
mod header;
mod index;
mod settle;

/// The first line of an export.
const FIRST_LINE: &[u8] = b"covenant-export/v1\n";

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
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), Stopped> {
        let _ = checkpoint;
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

/// Reads an export to its end.
///
/// # Errors
/// The first thing that is wrong, or what the machine could not read.
pub fn read(input: impl Read, visitor: &mut dyn Visitor) -> Result<Summary, Stopped> {
    let mut pass = begin(input, visitor)?;
    for index in 0..pass.header.size {
        pass.entry(index)?;
    }
    pass.tail()
}

/// Reads the entries of an export that was read to its end before, and stops before the blobs. The last entry's hash,
/// if it is the same, shows that these are the same entries.
///
/// # Errors
/// As [`read`].
pub fn entries(input: impl Read, visitor: &mut dyn Visitor) -> Result<Hash, Stopped> {
    let mut pass = begin(input, visitor)?;
    for index in 0..pass.header.size {
        pass.entry(index)?;
    }
    Ok(pass.chain.last())
}

fn begin<R: Read>(input: R, visitor: &mut dyn Visitor) -> Result<Pass<'_, R>, Stopped> {
    let mut frames = Frames::new(input);
    frames.first_line(FIRST_LINE)?;
    let mut content = Vec::new();
    let record = frames.next(|_| Place::Header, &mut content)?;
    if record.tag != tag::HEADER {
        return Err(record.misplaced(Place::Header, "the header, H").into());
    }
    let header = Header::read(&content, record.offset)?;
    visitor.header(&header)?;
    Ok(Pass::new(frames, header, visitor))
}

/// What is known while reading.
struct Pass<'v, R> {
    frames: Frames<R>,
    header: Header,
    visitor: &'v mut dyn Visitor,
    chain: Chain,
    counts: Counts,
    /// The content of an entry's record, and of the one that follows; kept, so that memory is asked for once.
    entry: Vec<u8>,
    opening: Vec<u8>,
}

#[derive(Default)]
struct Counts {
    bodies: u64,
    withheld: u64,
    erased: u64,
    blobs: u64,
}

impl<'v, R: Read> Pass<'v, R> {
    fn new(frames: Frames<R>, header: Header, visitor: &'v mut dyn Visitor) -> Self {
        Self {
            frames,
            header,
            visitor,
            chain: Chain::default(),
            counts: Counts::default(),
            entry: Vec::new(),
            opening: Vec::new(),
        }
    }

    /// One entry, and what stands beside it.
    fn entry(&mut self, index: u64) -> Result<(), Stopped> {
        let place = |_| Place::Entry(index);
        // Taken, so that the entry may borrow its bytes while the reading goes on.
        let mut bytes = std::mem::take(&mut self.entry);
        let record = self.frames.next(place, &mut bytes)?;
        let wrong = |code, what: String| Finding::new(code, Place::Entry(index), record.offset, what);
        if record.tag != tag::ENTRY {
            return Err(self.not_an_entry(index, &record, &bytes).into());
        }
        let entry = Entry::read(&bytes).map_err(|malformed| {
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
            let place = self.settle(&entry, leaf);
            return Err(Finding::new(&CHAIN, place, record.offset, what)
                .expected(expected)
                .into());
        }
        if let ControlFlow::Break(broken) = self.chain.admit(&entry, leaf) {
            return Err(wrong(broken.code, broken.what).expected(broken.expected).into());
        }
        let beside = self.frames.next(place, &mut self.opening)?;
        let opening = opening(&beside, &self.opening, &entry)?;
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
    fn not_an_entry(&self, index: u64, record: &Record, content: &[u8]) -> Finding {
        let is_one = Entry::read(content).is_ok_and(|entry| entry.index == index);
        if is_one || !matches!(record.tag, tag::BLOB | tag::CHECKPOINT | tag::END) {
            return record.misplaced(Place::Entry(index), "an entry, E");
        }
        let what = format!(
            "the header says {} entries, and {index} stand in the file",
            self.header.size
        );
        Finding::new(&HEADER, Place::Header, record.offset, what)
    }

    /// Blobs, checkpoints, and the end.
    fn tail(mut self) -> Result<Summary, Stopped> {
        let mut content = std::mem::take(&mut self.entry);
        let size = self.header.size;
        let mut record = self.frames.next(|tag| at_tail(tag, 0), &mut content)?;
        if record.tag == tag::ENTRY {
            let what = format!("the header says {size} entries, and more follow");
            return Err(Finding::new(&HEADER, Place::Header, record.offset, what).into());
        }
        let mut last = None;
        while record.tag == tag::BLOB {
            let name = self.blob(&record, &content, last)?;
            last = Some(name);
            let number = self.counts.blobs;
            record = self.frames.next(|tag| at_tail(tag, number), &mut content)?;
        }
        let blobs = self.counts.blobs;
        if record.tag == tag::CHECKPOINT && is_blob(&content) {
            let place = Place::Blob {
                number: blobs,
                name: None,
            };
            return Err(record.misplaced(place, "a blob, O").into());
        }
        let (checkpoints, root, end) = self.checkpoints(record, &mut content)?;
        let sum = self.frames.sum_before_end();
        if content != sum.0 {
            let found = Hash(content.as_slice().try_into().unwrap_or_default());
            let finding = Finding::new(&SUM, Place::End, end.offset, format!("the sum {found}"));
            return Err(finding.expected(format!("{sum}, the hash of every byte before")).into());
        }
        let (bytes, file) = self.frames.finish()?;
        Ok(Summary {
            bodies: self.counts.bodies,
            withheld: self.counts.withheld,
            erased: self.counts.erased,
            streams: self.chain.streams(),
            unique: self.chain.unique(),
            blobs,
            checkpoints,
            last: self.chain.last(),
            root,
            period: self.chain.period(),
            bytes,
            file,
            header: self.header,
        })
    }

    /// One blob; its name.
    fn blob(&mut self, record: &Record, content: &[u8], last: Option<Hash>) -> Result<Hash, Stopped> {
        let number = self.counts.blobs;
        let found = |name, what: String| {
            let place = Place::Blob { number, name };
            Finding::new(&crate::findings::BLOB, place, record.offset, what)
        };
        if let Ok(checkpoint) = Checkpoint::open(content, &self.header.key) {
            let size = Some(checkpoint.size);
            return Err(record
                .misplaced(Place::Checkpoint { number: 0, size }, "a checkpoint, C")
                .into());
        }
        let Some((name, blob)) = content.split_first_chunk() else {
            return Err(found(None, format!("{} bytes", content.len()))
                .expected("a name of 32 bytes")
                .into());
        };
        let name = Hash(*name);
        let own = hash::of(&[blob]);
        if own != name {
            return Err(found(Some(name), format!("its content has the hash {own}"))
                .expected(name.to_string())
                .into());
        }
        if last.is_some_and(|last| last >= name) {
            return Err(found(Some(name), "it stands after a greater one, or twice".to_owned())
                .expected("blobs in ascending order")
                .into());
        }
        self.visitor.blob(&name, blob, record.offset)?;
        self.counts.blobs += 1;
        Ok(name)
    }
}

/// What stands beside an entry, once it is what the entry commits to.
fn opening<'a>(record: &Record, content: &'a [u8], entry: &Entry<'_>) -> Result<Opening<'a>, Finding> {
    let place = Place::Entry(entry.index);
    match record.tag {
        tag::WITHHELD => Ok(Opening::Withheld),
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

/// Which record is wrong among blobs, by the mark that it bears.
fn at_tail(mark: u8, number: u64) -> Place {
    match mark {
        tag::CHECKPOINT => Place::Checkpoint { number: 0, size: None },
        tag::END => Place::End,
        _ => Place::Blob { number, name: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(file: &[u8]) -> &'static str {
        match read(file, &mut Nobody) {
            Err(Stopped::Found(finding)) => finding.code.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_export_is_refused() {
        assert_eq!(code(b""), "audit-cut-short");
        assert_eq!(code(b"covenant-exp"), "audit-cut-short");
        assert_eq!(code(b"covenant-export/v2\n"), "audit-format");
        assert_eq!(code(&[0; 4096]), "audit-format");
        let after = |rest: &[u8]| [FIRST_LINE, rest].concat();
        assert_eq!(code(&after(b"")), "audit-cut-short");
        assert_eq!(code(&after(b"H\0\0\0")), "audit-cut-short");
        assert_eq!(code(&after(b"H\0\0\0\x01")), "audit-cut-short");
        assert_eq!(code(&after(b"H\0\0\0\x01\x80")), "audit-header");
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
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::PermissionDenied.into())
            }
        }
        assert!(matches!(read(Broken, &mut Nobody), Err(Stopped::Fault(fault)) if fault.code() == "file-unreadable"));
    }
}
