//! An export, put together while it is read: from what lies in several files, a header and an end that are made anew.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use covenant_api::types::Hex32;
use sha2::{Digest as _, Sha256};

use super::place::Part;
use crate::export::{Blinding, FIRST_LINE, Input, Walk, mark, part};
use crate::hash::{self, Hash};

/// Bytes of the end: mark, length, sum.
const END_BYTES: usize = 37;

/// Bytes of the whole.
#[derive(Debug)]
enum Piece {
    Made(Vec<u8>),
    File {
        path: PathBuf,
        from: u64,
    },
    /// The end, which hashes every byte before it.
    End,
}

/// Pieces one after another.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Each with where it begins.
    list: Vec<(u64, Piece)>,
    bytes: u64,
}

impl Pieces {
    /// The export that these parts make, which follow each other from the first entry on: what a log exports whose last checkpoint is theirs.
    pub(super) fn whole(key: &str, blinding: Option<&Blinding>, parts: &[Part]) -> io::Result<Self> {
        let size = parts.last().map_or(0, |part| part.to);
        Self::of(FIRST_LINE, header(key, None, size, blinding), parts)
    }

    /// One part alone, as a log would give it, but for the links, which go on.
    pub(super) fn single(key: &str, blinding: Option<&Blinding>, one: &Part) -> io::Result<Self> {
        let header = header(key, Some(one.from), one.to, blinding);
        Self::of(part::FIRST_LINE, header, std::slice::from_ref(one))
    }

    /// Of each part but the last, the checkpoint behind it stands before the next one's entries.
    fn of(first_line: &[u8], header: Vec<u8>, parts: &[Part]) -> io::Result<Self> {
        let mut pieces = Self::default();
        pieces.push([first_line, &record(mark::HEADER, &[&hash::of(&[&header]).0, &header])].concat());
        let mut blobs = Vec::new();
        for part in parts {
            pieces.file(part.entries(), 0, part.entries().metadata()?.len());
            blobs.extend(self::blobs(&part.blobs())?);
        }
        if let Some(last) = parts.last() {
            pieces.file(last.checkpoint(), 0, last.checkpoint().metadata()?.len());
        }
        blobs.sort_by_key(|(name, ..)| *name);
        for (_, path, from, bytes) in blobs {
            pieces.file(path, from, bytes);
        }
        pieces.add(Piece::End, END_BYTES as u64);
        Ok(pieces)
    }

    fn add(&mut self, piece: Piece, bytes: u64) {
        self.list.push((self.bytes, piece));
        self.bytes += bytes;
    }

    fn push(&mut self, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        self.add(Piece::Made(bytes), length);
    }

    fn file(&mut self, path: PathBuf, from: u64, bytes: u64) {
        if bytes > 0 {
            self.add(Piece::File { path, from }, bytes);
        }
    }

    /// The piece in which this byte lies, and how far into it.
    fn at(&self, at: u64) -> Option<(usize, u64, u64)> {
        let number = self.list.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
        let (start, _) = self.list.get(number)?;
        let end = self.list.get(number + 1).map_or(self.bytes, |(next, _)| *next);
        (at < end).then_some((number, at - start, end - at))
    }

    /// The file in which this byte lies, and where.
    pub(super) fn file_at(&self, at: u64) -> Option<(&Path, u64)> {
        let (number, into, _) = self.at(at)?;
        match &self.list.get(number)?.1 {
            Piece::File { path, from } => Some((path, from + into)),
            _ => None,
        }
    }

    /// Opens it at its beginning.
    pub(super) fn open(self: &Arc<Self>) -> Input {
        let reader = Reader {
            pieces: Arc::clone(self),
            at: 0,
            open: None,
            hasher: Sha256::new(),
            hashed: 0,
        };
        Input::new(reader, self.bytes)
    }
}

/// The blobs of a part: name, file, where the record begins, its length.
fn blobs(path: &Path) -> io::Result<Vec<(Hash, PathBuf, u64, u64)>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let (mut walk, mut content, mut found) = (Walk::new(file), Vec::new(), Vec::new());
    while let Some((_, offset)) = walk.next(&mut content)? {
        let name = content.first_chunk().copied().unwrap_or_default();
        found.push((Hash(name), path.to_owned(), offset, 5 + content.len() as u64));
    }
    Ok(found)
}

/// A record.
pub(super) fn record(mark: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![mark];
    // What is made here is some hundred bytes long, or a note of at most 65,536.
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A header's CBOR.
fn header(key: &str, from: Option<u64>, size: u64, blinding: Option<&Blinding>) -> Vec<u8> {
    let mut out = vec![if from.is_some() { 0x84 } else { 0x83 }];
    head(&mut out, 3, key.len() as u64);
    out.extend(key.as_bytes());
    from.into_iter()
        .chain([size])
        .for_each(|number| head(&mut out, 0, number));
    match blinding {
        None => out.push(0x80),
        Some(secret) => {
            out.extend([0x81, 0x58, 32]);
            out.extend(secret.reveal());
        }
    }
    out
}

/// The shortest head of an item (RFC 8949 §3).
fn head(out: &mut Vec<u8>, major: u8, number: u64) {
    let bytes = number.to_be_bytes();
    let skip = match number {
        0..24 => {
            out.push(major << 5 | bytes[7]);
            return;
        }
        24..0x100 => 7,
        0x100..0x1_0000 => 6,
        0x1_0000..0x1_0000_0000 => 4,
        _ => 0,
    };
    let more = match skip {
        7 => 24,
        6 => 25,
        4 => 26,
        _ => 27,
    };
    out.push(major << 5 | more);
    out.extend(bytes.iter().skip(skip));
}

struct Reader {
    pieces: Arc<Pieces>,
    at: u64,
    /// The file in hand, by its piece, and where it stands in it.
    open: Option<(usize, u64, File)>,
    hasher: Sha256,
    /// How many bytes were hashed: as long as nobody jumps, all that were read.
    hashed: u64,
}

impl Reader {
    fn of_file(&mut self, number: usize, path: &Path, at: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let mut file = match self.open.take() {
            Some((open, stands, file)) if open == number && stands == at => file,
            Some((open, _, mut file)) if open == number => {
                file.seek(SeekFrom::Start(at))?;
                file
            }
            _ => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(at))?;
                file
            }
        };
        let read = file.read(bytes)?;
        if read == 0 {
            let what = format!("{} became shorter", path.display());
            return Err(io::Error::new(ErrorKind::UnexpectedEof, what));
        }
        self.open = Some((number, at + read as u64, file));
        Ok(read)
    }
}

impl Read for Reader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let pieces = Arc::clone(&self.pieces);
        let Some((number, into, left)) = pieces.at(self.at) else {
            return Ok(0);
        };
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let bytes = bytes.get_mut(..most).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(0);
        }
        let Some((_, piece)) = pieces.list.get(number) else {
            return Ok(0);
        };
        let copy = |from: &[u8], bytes: &mut [u8]| {
            let from = from.iter().skip(usize::try_from(into).unwrap_or(usize::MAX));
            bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        };
        let read = match piece {
            Piece::Made(made) => {
                copy(made, bytes);
                most
            }
            Piece::File { path, from } => self.of_file(number, path, from + into, bytes)?,
            Piece::End => {
                let sum = Hex32(self.hasher.clone().finalize().into());
                copy(&record(mark::END, &[&sum.0]), bytes);
                self.at += most as u64;
                return Ok(most);
            }
        };
        if self.hashed == self.at {
            self.hasher.update(bytes.get(..read).unwrap_or_default());
            self.hashed += read as u64;
        }
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.pieces.bytes.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
