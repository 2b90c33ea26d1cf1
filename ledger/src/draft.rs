//! What is submitted to the ledger, the limits that it must keep to, and how it is made ready for the sequencer.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::entry::{Kind, Opening, StreamId, UNIQUE_MAX};
use crate::errors::{AppendError, LedgerError};
use crate::hash::Hash;

/// The largest a body can be made, whatever is configured: a body's length is 32 bits in an export.
const BODY_BYTES_CEILING: usize = 64 << 20;

/// The most entries whose look-ups can be kept in memory, whatever is configured: about 230 bytes each.
const LOOKUPS_ENTRIES_CEILING: u64 = 1 << 20;

/// The limits of a ledger. Each has a default; none can be switched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Submissions that may wait for the sequencer; more are refused as busy.
    pub queue_entries_max: usize,
    /// Bytes of bodies and blobs that may wait for the sequencer; more are refused as busy.
    pub queue_bytes_max: usize,
    /// Entries that are written in one batch.
    pub group_entries_max: usize,
    /// Bytes of bodies and blobs after which a batch takes no more entries.
    pub group_bytes_max: usize,
    /// Bytes of one body.
    pub body_bytes_max: usize,
    /// Bytes of one blob.
    pub blob_bytes_max: usize,
    /// Blobs of one submission.
    pub blobs_max: usize,
    /// Bytes of one unique key before it is blinded.
    pub unique_bytes_max: usize,
    /// Expectations of one submission, and cells that it sets.
    pub cells_max: usize,
    /// Bytes of a cell's name.
    pub cell_name_bytes_max: usize,
    /// Bytes of a cell's value.
    pub cell_value_bytes_max: usize,
    /// Entries at the end of the log that are checked in full when the ledger is opened.
    pub reopen_entries: u64,
    /// Entries whose look-ups are kept in memory before they are written together; up to three times as many are while that goes on.
    pub lookups_entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_entries_max: 4096,
            queue_bytes_max: 64 << 20,
            group_entries_max: 1024,
            group_bytes_max: 16 << 20,
            body_bytes_max: 1 << 20,
            blob_bytes_max: 16 << 20,
            blobs_max: 16,
            unique_bytes_max: 256,
            cells_max: 32,
            cell_name_bytes_max: 128,
            cell_value_bytes_max: 4096,
            reopen_entries: 1024,
            lookups_entries: 65_536,
        }
    }
}

impl Limits {
    /// Checks that the limits fit each other and the formats.
    pub(crate) fn validate(&self) -> Result<(), LedgerError> {
        let rules = [
            ("queue_entries_max", self.queue_entries_max >= 1, "at least 1"),
            ("group_entries_max", self.group_entries_max >= 1, "at least 1"),
            (
                "lookups_entries",
                (1..=LOOKUPS_ENTRIES_CEILING).contains(&self.lookups_entries),
                "from 1 to 1,048,576",
            ),
            (
                "body_bytes_max",
                self.body_bytes_max <= BODY_BYTES_CEILING,
                "at most 64 MiB",
            ),
            (
                "blob_bytes_max",
                self.blob_bytes_max <= BODY_BYTES_CEILING,
                "at most 64 MiB",
            ),
            (
                "queue_bytes_max",
                self.queue_bytes_max >= self.body_bytes_max.saturating_add(self.blob_bytes_max),
                "at least body_bytes_max and blob_bytes_max together",
            ),
        ];
        let broken = rules.iter().find(|(_, holds, _)| !holds);
        broken.map_or(Ok(()), |(setting, _, expected)| {
            Err(LedgerError::Setting {
                setting,
                expected: (*expected).to_owned(),
            })
        })
    }
}

/// The secret under which unique keys are blinded: the log shows HMAC-SHA-256(secret, key), which tells nothing of the key. It is
/// made when the ledger is created and lies in its store; auditors who may read every body get it with their export.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Blinding(pub(crate) [u8; 32]);

impl Blinding {
    /// What stands in the log for this key.
    pub fn blind(&self, key: &[u8]) -> Hash {
        // HMAC takes keys of every length, so the empty MAC is never used.
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).map(|mac| mac.chain_update(key).finalize().into_bytes());
        Hash(mac.map_or([0; 32], Into::into))
    }

    /// The secret, for an auditor's export.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Blinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinding(secret)")
    }
}

/// What a cell must be when the submission is sequenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Not set.
    Absent,
    /// Last set by the entry of this index.
    Version(u64),
    /// Set to this value, by whichever entry.
    Value(Vec<u8>),
}

/// A precondition: what one cell must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The cell's name.
    pub cell: Vec<u8>,
    /// What it must be.
    pub is: Expected,
}

/// A change of one cell, made if and when the entry is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateCell {
    /// The cell's name.
    pub cell: Vec<u8>,
    /// Its new value; `None` clears it.
    pub value: Option<Vec<u8>>,
}

/// What a cell is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The index of the entry that last set it.
    pub version: u64,
    /// Its value.
    pub value: Vec<u8>,
}

/// A submission.
///
/// Cells are the ledger's working memory for decisions in log order: who is registered, what is revoked. The log does not commit to
/// them; whoever reads the bodies can rebuild them.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// What the entry is about.
    pub kind: Kind,
    /// The stream that it continues or begins.
    pub stream: StreamId,
    /// What nobody may have claimed before, nor ever after: plain, as the ledger blinds them.
    pub unique: Vec<Vec<u8>>,
    /// What must be true of cells.
    pub expect: Vec<Expectation>,
    /// The cells that it changes.
    pub set: Vec<StateCell>,
    /// What is recorded.
    pub body: Vec<u8>,
    /// Large objects that the body names by their SHA-256.
    pub blobs: Vec<Vec<u8>>,
}

impl Draft {
    /// A submission of a body and nothing else.
    pub fn new(kind: Kind, stream: StreamId, body: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            stream,
            unique: Vec::new(),
            expect: Vec::new(),
            set: Vec::new(),
            body: body.into(),
            blobs: Vec::new(),
        }
    }

    /// Checks the limits and does what needs no order: hashing and blinding.
    pub(crate) fn prepare(self, limits: &Limits, blinding: &Blinding, salt: [u8; 32]) -> Result<Prepared, AppendError> {
        at_most("body, in bytes", self.body.len(), limits.body_bytes_max)?;
        at_most("blobs", self.blobs.len(), limits.blobs_max)?;
        for blob in &self.blobs {
            at_most("blob, in bytes", blob.len(), limits.blob_bytes_max)?;
        }
        at_most("unique keys", self.unique.len(), UNIQUE_MAX)?;
        for key in &self.unique {
            at_most("unique key, in bytes", key.len(), limits.unique_bytes_max)?;
        }
        at_most("expectations", self.expect.len(), limits.cells_max)?;
        at_most("cells set", self.set.len(), limits.cells_max)?;
        for name in self
            .expect
            .iter()
            .map(|expect| &expect.cell)
            .chain(self.set.iter().map(|set| &set.cell))
        {
            at_most("cell name, in bytes", name.len(), limits.cell_name_bytes_max)?;
        }
        for value in self.set.iter().filter_map(|set| set.value.as_ref()) {
            at_most("cell value, in bytes", value.len(), limits.cell_value_bytes_max)?;
        }
        let mut unique: Vec<(Hash, usize)> = self.unique.iter().map(|key| blinding.blind(key)).zip(0..).collect();
        unique.sort_unstable();
        let twice = unique
            .windows(2)
            .any(|pair| matches!(pair, [(first, _), (second, _)] if first == second));
        if twice {
            return Err(draft("unique keys", "each once".to_owned(), "one twice".to_owned()));
        }
        let bytes = self.body.len() + self.blobs.iter().map(Vec::len).sum::<usize>();
        let opening = Opening { salt, body: self.body };
        Ok(Prepared {
            kind: self.kind,
            stream: self.stream,
            unique,
            expect: self.expect,
            set: self.set,
            body_hash: opening.hash(),
            opening,
            blobs: self.blobs.into_iter().map(|blob| (Hash::of(&[&blob]), blob)).collect(),
            bytes,
        })
    }
}

/// Bodies may be private, so only lengths are shown.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("kind", &self.kind)
            .field("stream", &self.stream)
            .field("unique", &self.unique.len())
            .field("body", &self.body.len())
            .field("blobs", &self.blobs.len())
            .finish_non_exhaustive()
    }
}

/// A submission that only waits for its place.
pub(crate) struct Prepared {
    pub(crate) kind: Kind,
    pub(crate) stream: StreamId,
    /// Blinded, ascending, each with its position in the draft.
    pub(crate) unique: Vec<(Hash, usize)>,
    pub(crate) expect: Vec<Expectation>,
    pub(crate) set: Vec<StateCell>,
    pub(crate) opening: Opening,
    pub(crate) body_hash: Hash,
    pub(crate) blobs: Vec<(Hash, Vec<u8>)>,
    /// Bytes of body and blobs.
    pub(crate) bytes: usize,
}

fn draft(field: &'static str, expected: String, found: String) -> AppendError {
    AppendError::Draft { field, expected, found }
}

fn at_most(field: &'static str, found: usize, max: usize) -> Result<(), AppendError> {
    if found > max {
        return Err(draft(field, format!("at most {max}"), found.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change<'a> = &'a dyn Fn(&mut Draft);

    fn refused(change: Change<'_>) -> (&'static str, String, String) {
        let mut draft = Draft::new(Kind::new("test").expect("a kind"), StreamId([0; 32]), "body");
        change(&mut draft);
        match draft
            .prepare(&Limits::default(), &Blinding([1; 32]), [0; 32])
            .map(|prepared| prepared.bytes)
        {
            Err(AppendError::Draft { field, expected, found }) => (field, expected, found),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn each_limit_is_kept() {
        let cell = |name: usize| StateCell {
            cell: vec![0; name],
            value: Some(Vec::new()),
        };
        let expectation = |name: usize| Expectation {
            cell: vec![0; name],
            is: Expected::Absent,
        };
        let cases: [(Change<'_>, &str, usize); 10] = [
            (&|draft| draft.body = vec![0; (1 << 20) + 1], "body, in bytes", 1 << 20),
            (&|draft| draft.blobs = vec![Vec::new(); 17], "blobs", 16),
            (
                &|draft| draft.blobs = vec![vec![0; (16 << 20) + 1]],
                "blob, in bytes",
                16 << 20,
            ),
            (
                &|draft| draft.unique = (0..33).map(|i| vec![i]).collect(),
                "unique keys",
                32,
            ),
            (&|draft| draft.unique = vec![vec![0; 257]], "unique key, in bytes", 256),
            (&|draft| draft.expect = vec![expectation(1); 33], "expectations", 32),
            (&|draft| draft.set = vec![cell(1); 33], "cells set", 32),
            (&|draft| draft.set = vec![cell(129)], "cell name, in bytes", 128),
            (
                &|draft| draft.expect = vec![expectation(129)],
                "cell name, in bytes",
                128,
            ),
            (
                &|draft| {
                    draft.set = vec![StateCell {
                        cell: Vec::new(),
                        value: Some(vec![0; 4097]),
                    }]
                },
                "cell value, in bytes",
                4096,
            ),
        ];
        for (change, field, max) in cases {
            let (found_field, expected, _) = refused(change);
            assert_eq!((found_field, expected), (field, format!("at most {max}")));
        }
        let twice = refused(&|draft| draft.unique = vec![b"a".to_vec(), b"b".to_vec(), b"a".to_vec()]);
        assert_eq!(twice, ("unique keys", "each once".to_owned(), "one twice".to_owned()));
    }

    /// RFC 4231, test case 2's construction with a key of 32 bytes: computed with Python's hmac module.
    #[test]
    fn blinding_is_hmac_sha_256() {
        let digest = Blinding([0x0b; 32]).blind(b"Hi There");
        assert_eq!(
            digest.to_string(),
            "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"
        );
    }

    #[test]
    fn limits_fit_each_other() {
        let setting = |limits: Limits| limits.validate().map_err(|error| error.to_string());
        assert_eq!(setting(Limits::default()), Ok(()));
        let refused = |limits| setting(limits).expect_err("refused");
        let limits = Limits::default;
        assert!(
            refused(Limits {
                queue_entries_max: 0,
                ..limits()
            })
            .starts_with("queue_entries_max: ")
        );
        assert!(
            refused(Limits {
                group_entries_max: 0,
                ..limits()
            })
            .starts_with("group_entries_max: ")
        );
        for lookups_entries in [0, (1 << 20) + 1, u64::MAX] {
            let other = Limits {
                lookups_entries,
                ..limits()
            };
            assert!(refused(other).starts_with("lookups_entries: "));
        }
        assert!(
            refused(Limits {
                body_bytes_max: usize::MAX,
                ..limits()
            })
            .starts_with("body_bytes_max: ")
        );
        assert!(
            refused(Limits {
                blob_bytes_max: usize::MAX,
                ..limits()
            })
            .starts_with("blob_bytes_max: ")
        );
        assert!(
            refused(Limits {
                queue_bytes_max: 1,
                ..limits()
            })
            .starts_with("queue_bytes_max: ")
        );
    }

    #[test]
    fn secrets_and_bodies_are_not_shown() {
        let draft = Draft::new(Kind::new("test").expect("a kind"), StreamId([0; 32]), "private words");
        assert!(!format!("{draft:?}{:?}", Blinding([0x61; 32])).contains("97"));
        assert!(!format!("{draft:?}").contains("private"));
    }
}
