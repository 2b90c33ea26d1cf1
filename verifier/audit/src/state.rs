//! What the records so far say, rebuilt from the export: cells in memory, bodies and blobs where they lie in the file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};

use covenant_api::log::{Cell, Plan, Record, State};
use covenant_api::refusals::{FILE_UNREADABLE, LOG_DAMAGED};
use covenant_policy::refusal::Refusal;

use crate::export::{Blob, Input};
use crate::findings::CHANGED;
use crate::hash::{self, Hash};

/// Mark and length before a record's content.
const HEAD_BYTES: u64 = 5;
/// Salt before a body, name before a blob.
const SALT_BYTES: usize = 32;

/// Where a content lies in the file, and its hash.
#[derive(Debug, Clone, Copy)]
struct Span {
    offset: u64,
    length: usize,
    hash: Hash,
}

/// The blobs of an export by name.
#[derive(Debug, Default)]
pub(crate) struct Blobs(BTreeMap<Hash, Span>);

impl Blobs {
    fn new(found: Vec<Blob>) -> Self {
        let span = |(name, length, offset)| {
            let offset = offset + HEAD_BYTES + SALT_BYTES as u64;
            let hash = name;
            (name, Span { offset, length, hash })
        };
        Self(found.into_iter().map(span).collect())
    }

    /// Every name, and where its record begins.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&Hash, u64)> {
        self.0
            .iter()
            .map(|(name, span)| (name, span.offset - HEAD_BYTES - SALT_BYTES as u64))
    }
}

/// A log's working memory, as its records leave it.
pub(crate) struct Replayed {
    file: RefCell<Input>,
    cells: BTreeMap<Vec<u8>, Cell>,
    bodies: Vec<Span>,
    blobs: Blobs,
}

impl Replayed {
    /// The state before the first entry.
    pub(crate) fn new(file: Input, blobs: Vec<Blob>) -> Self {
        Self {
            file: RefCell::new(file),
            cells: BTreeMap::new(),
            bodies: Vec::new(),
            blobs: Blobs::new(blobs),
        }
    }

    /// The next entry is admitted: its body, in a record at this offset, and what it changes.
    pub(crate) fn apply(&mut self, plan: Plan, beside: u64, body_hash: Hash) {
        let version = self.bodies.len() as u64;
        self.bodies.push(Span {
            offset: beside + HEAD_BYTES,
            length: SALT_BYTES + plan.body.len(),
            hash: body_hash,
        });
        for (name, value) in plan.set {
            self.cells.insert(name, Cell { version, value });
        }
    }

    /// The blobs.
    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Reads again what was read before, and compares its hash.
    fn read(&self, span: &Span) -> Result<Vec<u8>, Refusal> {
        let mut bytes = vec![0; span.length];
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(span.offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| Refusal::new(&FILE_UNREADABLE, error.to_string()))?;
        if hash::of(&[&bytes]) == span.hash {
            Ok(bytes)
        } else {
            Err(Refusal::new(
                &CHANGED,
                format!("the bytes from {} are others than before", span.offset),
            ))
        }
    }
}

impl State for Replayed {
    fn cell(&self, name: &[u8]) -> Result<Option<Cell>, Refusal> {
        Ok(self.cells.get(name).cloned())
    }

    fn record(&self, index: u64) -> Result<Record, Refusal> {
        let place = usize::try_from(index).ok();
        let span = place.and_then(|place| self.bodies.get(place));
        let span = span.ok_or_else(|| Refusal::new(&LOG_DAMAGED, format!("there is no record {index} yet")))?;
        Record::from_bytes(self.read(span)?.get(SALT_BYTES..).unwrap_or_default())
    }

    fn blob(&self, sha256: &Hash) -> Result<Vec<u8>, Refusal> {
        let span = self.blobs.0.get(sha256);
        self.read(span.ok_or_else(|| Refusal::new(&LOG_DAMAGED, format!("blob {sha256} is not in the export")))?)
    }
}
