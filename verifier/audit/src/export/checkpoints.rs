//! Checkpoints: each is signed by the log, stands behind the entries that it covers, names the checkpoints before it, and
//! has the root of those entries.
//!
//! What each is compared with is kept when it is reached; signatures are checked later, many at once on all processors.

use std::io::Read;

use rayon::prelude::*;

use super::frames::{SEAL_BYTES, tag};
use super::{Pass, is_blob};
use crate::entry::Entry;
use crate::findings::{CHAIN, CHECKPOINT, FORK, Finding, LINK, Place, ROOT, SIGNATURE, Stopped};
use crate::hash::{self, Hash, ZEROS};
use crate::note::{self, Checkpoint, LogKey, Refused};

/// Checkpoints whose signatures are checked together.
const TOGETHER: usize = 1024;

/// A checkpoint's record as it was read, and what it must fit.
struct Note {
    number: u64,
    offset: u64,
    bytes: Vec<u8>,
    /// The link that it should bear, where that is another than it does.
    unlinked: Option<Hash>,
    /// How many entries stand before it, and the root of the tree over them.
    size: u64,
    root: Hash,
    /// Whether the checkpoint before it claims the same size.
    again: bool,
}

impl Note {
    fn found(&self, code: &'static covenant_policy::refusal::Entry, what: impl Into<String>) -> Finding {
        let size = note::claimed_size(&self.bytes);
        let place = Place::Checkpoint {
            number: self.number,
            size,
        };
        Finding::new(code, place, self.offset, what)
    }

    fn open(&self, key: &LogKey) -> Result<Checkpoint, Finding> {
        let checkpoint = Checkpoint::open(&self.bytes, key).map_err(|refused| match refused {
            Refused::Form(expected) => self.found(&CHECKPOINT, "the note is malformed").expected(expected),
            Refused::Origin => self
                .found(&CHECKPOINT, "the checkpoint is of another log")
                .expected(key.origin()),
            Refused::Unsigned => self
                .found(&SIGNATURE, "the log's key has not signed it")
                .expected(key.to_string()),
            Refused::Signature => self.found(&SIGNATURE, "the log's signature does not fit the text"),
        })?;
        self.stands(&checkpoint)?;
        match self.unlinked {
            None => Ok(checkpoint),
            Some(expected) => {
                let what = "the checkpoints up to this one are not those that it names";
                Err(self.found(&LINK, what).expected(format!("the link {expected}")))
            }
        }
    }

    /// It stands behind as many entries as it covers.
    fn stands(&self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        let (signed, here) = (checkpoint.size, self.size);
        match signed.checked_sub(here) {
            Some(0) if self.again => Err(self
                .found(&CHECKPOINT, "another checkpoint of the same size stands before it")
                .expected("at most one of each size")),
            Some(0) => Ok(()),
            None => Err(self
                .found(&CHECKPOINT, format!("it stands behind {here} entries"))
                .expected(format!("its place behind the {signed} that it covers"))),
            // The signature holds, so those entries were there.
            Some(_) => {
                let what = format!("the log signed {signed} entries, and {here} stand before that checkpoint");
                Err(Finding::new(
                    &CHECKPOINT,
                    Place::Entries(here..=signed - 1),
                    self.offset,
                    what,
                ))
            }
        }
    }
}

/// What is known of the checkpoints so far.
#[derive(Default)]
pub(super) struct Seen {
    /// Read, their signatures not checked yet.
    waiting: Vec<Note>,
    /// How many were read.
    read: u64,
    link: Option<Hash>,
    /// The size that the last one claims, unchecked.
    claimed: Option<u64>,
    /// The size of the last one that was checked, and of the last whose root was right.
    last: Option<u64>,
    good: Option<u64>,
    /// The first whose root was not right.
    wrong: Option<Wrong>,
    /// The root of the last one.
    root: Option<Hash>,
    /// How many entries the reading goes on behind, whose root was right.
    behind: Option<u64>,
}

impl Seen {
    /// What goes on behind so many entries, whose checkpoints end with this link.
    pub(super) fn behind(size: u64, link: Hash) -> Self {
        Self {
            link: Some(link),
            good: Some(size),
            behind: Some(size),
            ..Self::default()
        }
    }

    /// How many were read.
    pub(super) fn count(&self) -> u64 {
        self.read
    }

    /// The size that the last one claims, whoever signed it.
    pub(super) fn claimed(&self) -> Option<u64> {
        self.claimed
    }

    /// The size of the last one whose root was right, as far as was checked.
    pub(super) fn good(&self) -> Option<u64> {
        self.good
    }

    /// The size of the last one, and its root.
    pub(super) fn last(&self) -> Option<(u64, Hash)> {
        self.last.zip(self.root)
    }
}

struct Wrong {
    number: u64,
    offset: u64,
    checkpoint: Checkpoint,
    found: Hash,
    /// The last size before it whose root was right.
    good: u64,
    /// A later one, whose root was right again.
    later: Option<u64>,
    /// Whether the entries were read, and their root was right, in an earlier reading.
    before: bool,
}

impl Wrong {
    /// Which entries it speaks of: if a later root is right, the entries are what the log signed, and this checkpoint
    /// is of others.
    fn finding(&self) -> Finding {
        let Checkpoint { size, root } = self.checkpoint;
        let what = format!(
            "the log signed the root {root} at size {size}; the entries have {}",
            self.found
        );
        let place = Place::Checkpoint {
            number: self.number,
            size: Some(size),
        };
        if self.before {
            let finding = Finding::new(&FORK, place, self.offset, what);
            return finding.expected("the root that it signed at this size before");
        }
        if let Some(later) = self.later {
            let finding = Finding::new(&FORK, place, self.offset, what);
            return finding.expected(format!(
                "the root of the beginning of the tree that it signed at size {later}"
            ));
        }
        let Some(last) = size.checked_sub(1) else {
            return Finding::new(&ROOT, place, self.offset, what);
        };
        let good = self.good.min(last);
        let what = if good == last {
            what
        } else {
            format!(
                "{what}. Each entry names the hash of the one before, so if one alone was changed, it is entry {last}"
            )
        };
        Finding::new(&ROOT, Place::Entries(good..=last), self.offset, what).expected(root.to_string())
    }
}

impl<R: Read> Pass<'_, R> {
    /// The checkpoints in hand, behind as many entries as were read.
    pub(super) fn checkpoints(&mut self) -> Result<(), Stopped> {
        while self.hand.tag == tag::CHECKPOINT {
            if !self.again {
                self.checkpoint()?;
            }
            self.advance()?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), Stopped> {
        let size = self.chain.size();
        // What bears the mark, and is something else.
        if Entry::read(&self.content).is_ok_and(|entry| entry.index == size) {
            return Err(self.hand.misplaced(Place::Entry(size), "an entry, E").into());
        }
        if is_blob(&self.content) {
            let (number, name) = (self.counts.blobs, None);
            return Err(self.hand.misplaced(Place::Blob { number, name }, "a blob, O").into());
        }
        let Some((link, bytes)) = self.content.split_first_chunk::<SEAL_BYTES>() else {
            return Ok(());
        };
        let expected = hash::of(&[&self.seen.link.unwrap_or(ZEROS).0, bytes]);
        let note = Note {
            number: self.seen.read,
            offset: self.hand.offset,
            bytes: bytes.to_vec(),
            unlinked: (expected.0 != *link).then_some(expected),
            size,
            root: self.chain.root(),
            again: self.seen.claimed == Some(size),
        };
        self.seen.read += 1;
        self.seen.link = Some(expected);
        // What does not fit here is said before anything that follows is read.
        self.seen.claimed = note::claimed_size(bytes);
        let doubtful = note.again || note.unlinked.is_some() || self.seen.claimed != Some(size);
        self.seen.waiting.push(note);
        if doubtful || self.seen.waiting.len() == TOGETHER {
            self.check_waiting()?;
        }
        Ok(())
    }

    /// Checks those that wait: signatures on all processors, then roots.
    pub(super) fn check_waiting(&mut self) -> Result<(), Stopped> {
        let notes = std::mem::take(&mut self.seen.waiting);
        let key = &self.header.key;
        let opened: Vec<_> = notes.par_iter().map(|note| note.open(key)).collect();
        for (note, opened) in notes.iter().zip(opened) {
            let checkpoint = opened?;
            self.seen.last = Some(checkpoint.size);
            self.seen.root = Some(note.root);
            self.root(note, checkpoint);
            if self.seen.wrong.is_none() {
                self.visitor.checkpoint(&Signed {
                    checkpoint,
                    note: &note.bytes,
                    number: note.number,
                    offset: note.offset,
                })?;
            }
        }
        Ok(())
    }

    /// Compares a checkpoint's root with that of the entries.
    fn root(&mut self, note: &Note, checkpoint: Checkpoint) {
        let seen = &mut self.seen;
        if note.root == checkpoint.root {
            seen.good = Some(checkpoint.size);
            if let Some(wrong) = &mut seen.wrong {
                wrong.later.get_or_insert(checkpoint.size);
            }
        } else if seen.wrong.is_none() {
            seen.wrong = Some(Wrong {
                number: note.number,
                offset: note.offset,
                checkpoint,
                found: note.root,
                good: seen.good.unwrap_or(0),
                later: None,
                before: seen.behind == Some(checkpoint.size),
            });
        }
    }

    /// What stopped the reading, or a checkpoint before it that is wrong. A broken link of the chain names one entry,
    /// a wrong root perhaps many.
    pub(super) fn with_checkpoints<T>(&mut self, read: Result<T, Stopped>) -> Result<T, Stopped> {
        if let Err(Stopped::Fault(_)) = read {
            return read;
        }
        self.check_waiting()?;
        let Some(wrong) = &self.seen.wrong else {
            return read;
        };
        if let Err(Stopped::Found(found)) = &read
            && found.code.code == CHAIN.code
            && found
                .place
                .entries()
                .is_some_and(|entries| *entries.end() < wrong.checkpoint.size)
        {
            return read;
        }
        Err(wrong.finding().into())
    }
}

/// A checkpoint that holds: signed by the log, with the root of the entries before it.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The signed note, with whatever cosignatures it bears.
    pub note: &'a [u8],
    /// Its number among the checkpoints, from 0.
    pub number: u64,
    /// Where its record begins in the file.
    pub offset: u64,
}
