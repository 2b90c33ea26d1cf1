//! The values that the ledger keeps in its tables, as bytes and back. Numbers are 64 bits, big-endian.

use std::sync::Arc;

use crate::checkpoint::SignedCheckpoint;
use crate::draft::Cell;
use crate::entry::{Entry, Opening, StreamId};
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::store::{Reads, Table};

/// Keys of the table of single values, beside the format's.
pub(crate) const META_KEY: &[u8] = b"key";
pub(crate) const META_BLINDING: &[u8] = b"blinding";
pub(crate) const META_HEAD: &[u8] = b"head";
/// The size of the last checkpoint that was published under a policy on witnesses.
pub(crate) const META_PUBLISHED: &[u8] = b"published";

/// Where the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// The hash of the last entry; zeros in an empty log.
    pub(crate) last: Hash,
    /// The time of the last entry; 0 in an empty log.
    pub(crate) time_ms: u64,
    /// How many checkpoints were signed and stored.
    pub(crate) checkpoints: u64,
}

impl Head {
    pub(crate) fn empty() -> Self {
        Self {
            size: 0,
            root: Hash::empty_root(),
            last: Hash::ZERO,
            time_ms: 0,
            checkpoints: 1,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.size.to_be_bytes().as_slice(), &self.root.0, &self.last.0].concat();
        bytes.extend_from_slice(&self.time_ms.to_be_bytes());
        bytes.extend_from_slice(&self.checkpoints.to_be_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Fields(bytes);
        let head = Self {
            size: input.number()?,
            root: input.hash()?,
            last: input.hash()?,
            time_ms: input.number()?,
            checkpoints: input.number()?,
        };
        input.end(head)
    }
}

/// The last entry of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamHead {
    pub(crate) sequence: u64,
    pub(crate) index: u64,
    pub(crate) hash: Hash,
}

impl StreamHead {
    pub(crate) fn encode(&self) -> Vec<u8> {
        [
            self.sequence.to_be_bytes().as_slice(),
            &self.index.to_be_bytes(),
            &self.hash.0,
        ]
        .concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Fields(bytes);
        let head = Self {
            sequence: input.number()?,
            index: input.number()?,
            hash: input.hash()?,
        };
        input.end(head)
    }
}

/// What was acknowledged, kept beside the store: how many entries, the root of their tree, and a sum against a torn write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

impl Mark {
    fn sum(&self) -> [u8; 8] {
        let Hash([a, b, c, d, e, f, g, h, ..]) =
            Hash::of(&[b"covenant-mark/v1", &self.size.to_be_bytes(), &self.root.0]);
        [a, b, c, d, e, f, g, h]
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        [self.size.to_be_bytes().as_slice(), &self.root.0, &self.sum()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Fields(bytes);
        let mark = Self {
            size: input.number()?,
            root: input.hash()?,
        };
        let sum = input.take::<8>()?;
        input.end(mark).filter(|mark| mark.sum() == sum)
    }
}

/// Reads fixed-width fields off the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn hash(&mut self) -> Option<Hash> {
        self.take().map(Hash)
    }

    fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

/// What readers see: the last checkpoint whose entries are durable.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) checkpoint: Arc<SignedCheckpoint>,
}

/// A number that stands alone as a value or key.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// What a look-up finds an entry by. The numbers stand in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The hash of its leaf.
    Entry = 1,
    /// What it commits to: its body's hash.
    Body = 2,
    /// Its stream, and its place there.
    Stream = 3,
}

/// A look-up's key: what it finds by (one byte), a hash or a stream, and a number. Of a hash the number is the entry's index, so that a body
/// committed to twice under one salt, which only a broken generator makes, is found with each of its entries; of a stream it is the
/// place there.
pub(crate) type LookupKey = [u8; 41];

/// The key of the row that says what the table of look-ups covers: before all others.
pub(crate) const LOOKUPS_COVERED: &[u8] = &[0];

/// Look-ups of one entry.
pub(crate) const LOOKUPS_EACH: u64 = 3;

/// The key of a look-up.
pub(crate) fn lookup_key(of: Lookup, name: &[u8; 32], number: u64) -> LookupKey {
    let mut key = [of as u8; 41];
    let (_, rest) = key.split_at_mut(1);
    let (middle, end) = rest.split_at_mut(32);
    middle.copy_from_slice(name);
    end.copy_from_slice(&number.to_be_bytes());
    key
}

/// The keys of the look-ups that find an entry of this hash.
pub(crate) fn lookups_of(entry: &Entry, hash: &Hash) -> [LookupKey; LOOKUPS_EACH as usize] {
    [
        lookup_key(Lookup::Entry, &hash.0, entry.index),
        lookup_key(Lookup::Body, &entry.body_hash.0, entry.index),
        lookup_key(Lookup::Stream, &entry.stream.0, entry.sequence),
    ]
}

/// Whether a look-up's key is of a place in a stream.
pub(crate) fn of_stream(key: &LookupKey) -> bool {
    key.first() == Some(&(Lookup::Stream as u8))
}

/// What is stored under a look-up's key: the index, where it does not stand in the key.
pub(crate) fn lookup_value(key: &LookupKey, index: u64) -> Vec<u8> {
    if of_stream(key) {
        index.to_be_bytes().to_vec()
    } else {
        Vec::new()
    }
}

/// The index of the entry that a row of the table finds, if it is a look-up at all.
pub(crate) fn looked_up(key: &[u8], value: &[u8]) -> Option<u64> {
    let key: &LookupKey = key.try_into().ok()?;
    let index = match key.first() {
        Some(of) if *of == Lookup::Stream as u8 => number(value),
        Some(of) if *of == Lookup::Entry as u8 || *of == Lookup::Body as u8 => {
            key.last_chunk().copied().map(u64::from_be_bytes)
        }
        _ => None,
    }?;
    (lookup_value(key, index) == value).then_some(index)
}

/// How many entries the table of look-ups covers, and the root of their tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

impl Covered {
    pub(crate) fn nothing() -> Self {
        Self {
            size: 0,
            root: Hash::empty_root(),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        [self.size.to_be_bytes().as_slice(), &self.root.0].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Fields(bytes);
        let covered = Self {
            size: input.number()?,
            root: input.hash()?,
        };
        input.end(covered)
    }
}

/// The key of the row that says that an entry brought a blob.
pub(crate) fn brought_key(index: u64, name: &Hash) -> [u8; 40] {
    let mut key = [0; 40];
    let (first, rest) = key.split_at_mut(8);
    first.copy_from_slice(&index.to_be_bytes());
    rest.copy_from_slice(&name.0);
    key
}

/// The index and the name in such a key.
pub(crate) fn split_brought(key: &[u8]) -> Option<(u64, Hash)> {
    let (index, name) = key.split_first_chunk()?;
    Some((u64::from_be_bytes(*index), Hash::from_slice(name)?))
}

/// A value that begins with a number: cells and blobs.
pub(crate) fn numbered(number: u64, value: &[u8]) -> Vec<u8> {
    [number.to_be_bytes().as_slice(), value].concat()
}

/// Takes such a value apart.
pub(crate) fn split_numbered(mut bytes: Vec<u8>) -> Option<(u64, Vec<u8>)> {
    let number = u64::from_be_bytes(*bytes.first_chunk()?);
    bytes.drain(..8);
    Some((number, bytes))
}

/// A body with its salt, as stored; nothing once it was erased.
pub(crate) fn opening(bytes: Vec<u8>) -> Option<Option<Opening>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let salt = *bytes.first_chunk()?;
    let body = bytes.get(32..)?.to_vec();
    Some(Some(Opening { salt, body }))
}

fn decoded<S: Reads + ?Sized, T>(
    store: &S,
    table: Table,
    key: &[u8],
    decode: impl FnOnce(Vec<u8>) -> Option<T>,
) -> Result<Option<T>, LedgerError> {
    let Some(bytes) = store.get(table, key)? else {
        return Ok(None);
    };
    match decode(bytes) {
        Some(value) => Ok(Some(value)),
        None => Err(LedgerError::damaged(
            format!("table {}", table.name()),
            "a value has the wrong form",
        )),
    }
}

/// The end of the log, if the store was ever finished.
pub(crate) fn head<S: Reads + ?Sized>(store: &S) -> Result<Option<Head>, LedgerError> {
    decoded(store, Table::Meta, META_HEAD, |bytes| Head::decode(&bytes))
}

/// The end of a stream.
pub(crate) fn stream_head<S: Reads + ?Sized>(store: &S, stream: &StreamId) -> Result<Option<StreamHead>, LedgerError> {
    decoded(store, Table::StreamHeads, &stream.0, |bytes| StreamHead::decode(&bytes))
}

/// The entry that holds a blinded unique key.
pub(crate) fn unique<S: Reads + ?Sized>(store: &S, digest: &Hash) -> Result<Option<u64>, LedgerError> {
    decoded(store, Table::Unique, &digest.0, |bytes| number(&bytes))
}

/// What the table of look-ups covers.
pub(crate) fn covered<S: Reads + ?Sized>(store: &S) -> Result<Covered, LedgerError> {
    let covered = decoded(store, Table::Lookups, LOOKUPS_COVERED, |bytes| Covered::decode(&bytes))?;
    Ok(covered.unwrap_or_else(Covered::nothing))
}

/// The index that the first look-up from this one on finds that is of the same thing, the number at its end aside.
pub(crate) fn lookup_from<S: Reads + ?Sized>(store: &S, first: &LookupKey) -> Result<Option<u64>, LedgerError> {
    let rows = store.rows(Table::Lookups, first, 1)?;
    let own = rows
        .first()
        .filter(|(key, _)| key.first_chunk::<33>() == first.first_chunk());
    own.map(|(key, value)| found(key, value)).transpose()
}

/// The index that a look-up finds.
pub(crate) fn lookup<S: Reads + ?Sized>(store: &S, key: &LookupKey) -> Result<Option<u64>, LedgerError> {
    let value = store.get(Table::Lookups, key)?;
    value.map(|value| found(key, &value)).transpose()
}

fn found(key: &[u8], value: &[u8]) -> Result<u64, LedgerError> {
    looked_up(key, value).ok_or_else(|| LedgerError::damaged("table lookups", "a row has the wrong form"))
}

/// The size of the last checkpoint that was published under a policy on witnesses.
pub(crate) fn published<S: Reads + ?Sized>(store: &S) -> Result<Option<u64>, LedgerError> {
    decoded(store, Table::Meta, META_PUBLISHED, |bytes| number(&bytes))
}

/// A cell.
pub(crate) fn cell<S: Reads + ?Sized>(store: &S, name: &[u8]) -> Result<Option<Cell>, LedgerError> {
    decoded(store, Table::Cells, name, |bytes| {
        split_numbered(bytes).map(|(version, value)| Cell { version, value })
    })
}

/// A body: absent, erased, or there.
pub(crate) fn body<S: Reads + ?Sized>(store: &S, index: u64) -> Result<Option<Option<Opening>>, LedgerError> {
    decoded(store, Table::Bodies, &index.to_be_bytes(), opening)
}

/// A blob and the first entry that brought it.
pub(crate) fn blob<S: Reads + ?Sized>(store: &S, hash: &Hash) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
    decoded(store, Table::Blobs, &hash.0, split_numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_form() {
        let head = Head {
            size: 3,
            root: Hash([1; 32]),
            last: Hash([2; 32]),
            time_ms: 4,
            checkpoints: 2,
        };
        let stream = StreamHead {
            sequence: 1,
            index: 2,
            hash: Hash([3; 32]),
        };
        let mark = Mark {
            size: 3,
            root: Hash([1; 32]),
        };
        assert_eq!(Head::decode(&head.encode()), Some(head));
        assert_eq!(StreamHead::decode(&stream.encode()), Some(stream));
        assert_eq!(Mark::decode(&mark.encode()), Some(mark));
        for extra in [0, 1] {
            let change = |mut bytes: Vec<u8>| {
                if extra == 0 {
                    bytes.truncate(bytes.len() - 1)
                } else {
                    bytes.push(0)
                }
                bytes
            };
            assert_eq!(Head::decode(&change(head.encode())), None);
            assert_eq!(StreamHead::decode(&change(stream.encode())), None);
            assert_eq!(Mark::decode(&change(mark.encode())), None);
        }
        for at in 0..mark.encode().len() {
            let mut bytes = mark.encode();
            bytes[at] ^= 1;
            assert_eq!(Mark::decode(&bytes), None, "byte {at}");
        }
        assert_eq!(opening(Vec::new()), Some(None));
        assert_eq!(opening(vec![0; 31]), None);
        assert_eq!(split_numbered(vec![0; 7]), None);
    }
}
