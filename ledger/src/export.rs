//! Exports: the log in one file, for auditors, mirrors and backups, written as a stream.
//!
//! ```text
//! file    = "covenant-export/v2" 0A · header · checkpoint? · (entry · body · checkpoint?)* · blob* · end
//! record  = tag (1 byte) · length (4 bytes, big-endian) · content
//! ```
//!
//! Each checkpoint stands behind the last entry that it covers, so that a reader needs no more memory than the tree's edge. Every byte is
//! committed to by the record that it stands in, or by one that follows at once: a reader that keeps to `docs/formats/ledger.md` finds
//! every changed byte, and can name the entry, blob or checkpoint that it belongs to. Reading exports is the auditor's, with code of its own.
//!
//! A mirror, which holds the log's beginning already, fetches it in [`part`]s.

use std::io::{self, Write};
use std::iter::Peekable;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::cbor::Writer;
use crate::check;
use crate::entry::Entry;
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::ledger::Ledger;
use crate::note::LogKey;
use crate::recovery::{checkpoint as stored_checkpoint, stored};
use crate::state;
use crate::store::{Store, StoredNodes, Table};

pub mod part;

/// The first line, without its newline.
pub const FORMAT: &str = "covenant-export/v2";

/// What each record begins with.
mod tag {
    pub(super) const HEADER: u8 = b'H';
    pub(super) const ENTRY: u8 = b'E';
    pub(super) const BODY: u8 = b'B';
    pub(super) const WITHHELD: u8 = b'W';
    pub(super) const ERASED: u8 = b'X';
    pub(super) const BLOB: u8 = b'O';
    pub(super) const CHECKPOINT: u8 = b'C';
    pub(super) const END: u8 = b'Z';
}

/// What of the log a reader is entitled to. Entries and checkpoints are always exported.
pub struct Scope<'a> {
    /// Whether the reader may see this entry's body.
    pub body: &'a dyn Fn(&Entry) -> bool,
    /// Whether the reader may see this blob.
    pub blob: &'a dyn Fn(&Hash) -> bool,
    /// Whether the reader gets the secret that unique keys are blinded under; only for those who may see every body.
    pub blinding: bool,
}

impl Scope<'_> {
    /// Everything: for auditors, and for backups.
    pub const fn everything() -> Self {
        Scope {
            body: &|_| true,
            blob: &|_| true,
            blinding: true,
        }
    }

    /// What anybody may see: entries and checkpoints.
    pub const fn public() -> Self {
        Scope {
            body: &|_| false,
            blob: &|_| false,
            blinding: false,
        }
    }
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Bodies.
    pub bodies: u64,
    /// Blobs.
    pub blobs: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Ledger {
    /// Writes the log as it is now, up to its last checkpoint. Entries that are appended meanwhile are not in it.
    ///
    /// # Errors
    /// Fails when the store is damaged, or `out` cannot be written.
    pub fn export(&self, out: &mut dyn Write, scope: &Scope<'_>) -> Result<Exported, LedgerError> {
        let checkpoint = self.checkpoint();
        let size = checkpoint.size();
        let mut out = Records::new(out);
        out.raw(FORMAT.as_bytes())?;
        out.raw(b"\n")?;
        let mut header = Writer::default();
        header.array(3).text(&self.key().to_string()).unsigned(size);
        self.seal_header(header, scope, &mut out)?;
        let blobs = check::keys(self.store.as_ref(), Table::Blobs).map(|name| {
            Hash::from_slice(&name?).ok_or_else(|| LedgerError::damaged("a blob", "its name is not 32 bytes"))
        });
        self.write_entries(0..size, blobs, scope, out)
    }

    /// What stands behind the header: these entries with what lies beside them, the checkpoints from the first one's place on, those of the
    /// blobs, ascending, that came with the entries, the end.
    fn write_entries(
        &self,
        range: Range<u64>,
        blobs: impl Iterator<Item = Result<Hash, LedgerError>>,
        scope: &Scope<'_>,
        mut out: Records<'_>,
    ) -> Result<Exported, LedgerError> {
        let store = self.store.as_ref();
        let nodes = StoredNodes(store);
        let mut exported = Exported::default();
        let mut signed = Signed::new(store, self.key(), range.start);
        for index in range.clone() {
            signed.at(index, &mut out, &mut exported)?;
            let (entry, _) = stored(store, &nodes, index)?;
            out.record(tag::ENTRY, &[&entry.encode()])?;
            exported.entries += 1;
            match state::body(store, index)? {
                None => {
                    return Err(LedgerError::damaged(
                        format!("the body of entry {index}"),
                        "it is missing",
                    ));
                }
                Some(None) => out.record(tag::ERASED, &[])?,
                Some(Some(opening)) if (scope.body)(&entry) => {
                    if opening.hash() != entry.body_hash {
                        let place = format!("the body of entry {index}");
                        return Err(LedgerError::mismatch(place, &entry.body_hash, &opening.hash()));
                    }
                    out.record(tag::BODY, &[&opening.salt, &opening.body])?;
                    exported.bodies += 1;
                }
                // Not empty, so that the two marks cannot be taken for each other.
                Some(Some(_)) => out.record(tag::WITHHELD, &[&[0]])?,
            }
        }
        signed.at(range.end, &mut out, &mut exported)?;
        for name in blobs {
            let name = name?;
            let first = state::blob(store, &name)?.map(|(first, _)| first);
            if first.is_some_and(|first| range.contains(&first)) && (scope.blob)(&name) {
                out.record(tag::BLOB, &[&name.0, &self.blob(&name)?])?;
                exported.blobs += 1;
            }
        }
        exported.bytes = out.end()?;
        Ok(exported)
    }

    /// Ends a header with the secret or without it, and writes it behind its own hash.
    fn seal_header(&self, mut header: Writer, scope: &Scope<'_>, out: &mut Records<'_>) -> Result<(), LedgerError> {
        if scope.blinding {
            header.array(1).bytes(self.blinding().reveal());
        } else {
            header.array(0);
        }
        let header = header.finish();
        out.record(tag::HEADER, &[&Hash::of(&[&header]).0, &header])
    }
}

/// The stored checkpoints from a size on, each of which is written where its size is reached, and names those before it.
struct Signed<'a> {
    store: &'a dyn Store,
    key: &'a LogKey,
    sizes: Peekable<Box<dyn Iterator<Item = Result<u64, LedgerError>> + 'a>>,
    link: Hash,
}

impl<'a> Signed<'a> {
    fn new(store: &'a dyn Store, key: &'a LogKey, from: u64) -> Self {
        let before = from.checked_sub(1).map(|before| before.to_be_bytes().to_vec());
        let sizes = check::keys_after(store, Table::Checkpoints, before)
            .map(|key| check::number_key(&key?, Table::Checkpoints));
        let sizes: Box<dyn Iterator<Item = _> + 'a> = Box::new(sizes);
        Self {
            store,
            key,
            sizes: sizes.peekable(),
            link: Hash::ZERO,
        }
    }

    /// Writes the checkpoint of this size, where there is one. Is asked for each size, ascending.
    fn at(&mut self, size: u64, out: &mut Records<'_>, exported: &mut Exported) -> Result<(), LedgerError> {
        let due = |found: &Result<u64, LedgerError>| found.as_ref().map_or(true, |found| *found <= size);
        let Some(found) = self.sizes.next_if(due) else {
            return Ok(());
        };
        let signed = stored_checkpoint(self.store, found?, self.key)?;
        let note = signed.note().as_bytes();
        self.link = Hash::of(&[&self.link.0, note]);
        exported.checkpoints += 1;
        out.record(tag::CHECKPOINT, &[&self.link.0, note])
    }
}

/// Writes records, and hashes all that it writes.
struct Records<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256,
    bytes: u64,
}

impl<'a> Records<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            hasher: Sha256::new(),
            bytes: 0,
        }
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|error| failed(&error))
    }

    fn record(&mut self, tag: u8, parts: &[&[u8]]) -> Result<(), LedgerError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).map_err(|_| LedgerError::io("exporting", "a record is too long"))?;
        self.raw(&[tag])?;
        self.raw(&length.to_be_bytes())?;
        parts.iter().try_for_each(|part| self.raw(part))
    }

    /// The last record: the hash of all before it.
    fn end(mut self) -> Result<u64, LedgerError> {
        let sum = self.hasher.clone().finalize();
        self.record(tag::END, &[&sum])?;
        self.out.flush().map_err(|error| failed(&error))?;
        Ok(self.bytes)
    }
}

fn failed(error: &io::Error) -> LedgerError {
    LedgerError::io("writing the export", error)
}
