//! Checkpoints: each is signed by the log, stands in order, and has the root of the entries up to its size.

use std::io::Read;

use rayon::prelude::*;

use super::frames::{Record, tag};
use super::{Pass, is_blob};
use crate::findings::{CHECKPOINT, FORK, Finding, Place, ROOT, SIGNATURE, Stopped};
use crate::hash::Hash;
use crate::note::{self, Checkpoint, LogKey, Refused};
use crate::tree::Frontier;

/// Checkpoints whose signatures are checked together, on all processors.
const TOGETHER: usize = 1024;

/// A checkpoint's record as it was read.
struct Note {
    number: u64,
    offset: u64,
    bytes: Vec<u8>,
}

impl Note {
    fn open(&self, key: &LogKey) -> Result<Checkpoint, Finding> {
        Checkpoint::open(&self.bytes, key).map_err(|refused| {
            let size = note::claimed_size(&self.bytes);
            let place = Place::Checkpoint {
                number: self.number,
                size,
            };
            let found = |code, what: &str| Finding::new(code, place.clone(), self.offset, what);
            match refused {
                Refused::Form(_) if is_blob(&self.bytes) => found(&super::RECORD, "a blob that is marked C"),
                Refused::Form(expected) => found(&CHECKPOINT, "the note is malformed").expected(expected),
                Refused::Origin => found(&CHECKPOINT, "the checkpoint is of another log").expected(key.origin()),
                Refused::Unsigned => found(&SIGNATURE, "the log's key has not signed it").expected(key.to_string()),
                Refused::Signature => found(&SIGNATURE, "the log's signature does not fit the text"),
            }
        })
    }
}

/// What is known of the checkpoints so far.
#[derive(Default)]
struct Seen {
    count: u64,
    frontier: Frontier,
    /// The size of the last one, and of the last whose root was right.
    last: Option<u64>,
    good: Option<u64>,
    /// The first whose root was not right.
    wrong: Option<Wrong>,
    root: Option<Hash>,
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
    /// Every checkpoint, beginning with the record in hand; their number, the last root, and the end's record, whose
    /// content is left in `content`.
    pub(super) fn checkpoints(&mut self, first: Record, content: &mut Vec<u8>) -> Result<(u64, Hash, Record), Stopped> {
        let mut seen = Seen::default();
        let end = self.every_checkpoint(&mut seen, first, content);
        // A wrong root stands before whatever stopped the reading.
        if let Some(wrong) = &seen.wrong {
            return Err(wrong.finding().into());
        }
        let end = end?;
        let size = self.header.size;
        match (seen.last, seen.root) {
            (Some(last), Some(root)) if last == size => Ok((seen.count, root, end)),
            (last, _) => {
                let from = last.unwrap_or(0);
                let place = if size == 0 {
                    Place::End
                } else {
                    Place::Entries(from..=size - 1)
                };
                let what = last.map_or("no checkpoint".to_owned(), |last| {
                    format!("the last checkpoint is of size {last}")
                });
                let finding = Finding::new(&CHECKPOINT, place, end.offset, what);
                Err(finding.expected(format!("a last checkpoint of size {size}")).into())
            }
        }
    }

    fn every_checkpoint(&mut self, seen: &mut Seen, first: Record, content: &mut Vec<u8>) -> Result<Record, Stopped> {
        let mut notes: Vec<Note> = Vec::new();
        let mut record = first;
        let mut number = 0;
        while record.tag == tag::CHECKPOINT {
            notes.push(Note {
                number,
                offset: record.offset,
                bytes: content.clone(),
            });
            number += 1;
            if notes.len() == TOGETHER {
                self.together(seen, &notes)?;
                notes.clear();
            }
            let complete = notes.last().and_then(|note| note::claimed_size(&note.bytes)) == Some(self.header.size);
            let next = self.frames.next(
                |mark| match mark {
                    tag::END => Place::End,
                    _ if complete => Place::End,
                    _ => Place::Checkpoint { number, size: None },
                },
                content,
            );
            match next {
                Ok(next) => record = next,
                Err(stopped) => {
                    // What was read before comes first.
                    self.together(seen, &notes)?;
                    return Err(stopped);
                }
            }
        }
        self.together(seen, &notes)?;
        if record.tag == tag::END {
            Ok(record)
        } else {
            let place = Place::Checkpoint { number, size: None };
            Err(record.misplaced(place, "a checkpoint, C, or the end, Z").into())
        }
    }

    /// Checks some checkpoints: signatures on all processors, then order and roots.
    fn together(&mut self, seen: &mut Seen, notes: &[Note]) -> Result<(), Stopped> {
        let key = &self.header.key;
        let opened: Vec<_> = notes.par_iter().map(|note| note.open(key)).collect();
        for (note, opened) in notes.iter().zip(opened) {
            let checkpoint = opened?;
            let Checkpoint { size, root } = checkpoint;
            let place = Place::Checkpoint {
                number: note.number,
                size: Some(size),
            };
            if seen.last.is_some_and(|last| last >= size) {
                let what = "it stands after one that is as large or larger";
                let finding = Finding::new(&CHECKPOINT, place, note.offset, what);
                return Err(finding.expected("checkpoints in ascending order").into());
            }
            if size > self.header.size {
                let missing = Place::Entries(self.header.size..=size - 1);
                let what = format!(
                    "the log signed {size} entries, and the export holds {}",
                    self.header.size
                );
                return Err(Finding::new(&CHECKPOINT, missing, note.offset, what).into());
            }
            seen.count += 1;
            seen.last = Some(size);
            self.root(seen, note, checkpoint);
            if seen.root == Some(root) && seen.wrong.is_none() {
                self.visitor.checkpoint(&checkpoint)?;
            }
        }
        Ok(())
    }

    /// Compares a checkpoint's root with that of the entries.
    fn root(&self, seen: &mut Seen, note: &Note, checkpoint: Checkpoint) {
        let leaves = usize::try_from(seen.frontier.size())
            .ok()
            .zip(usize::try_from(checkpoint.size).ok())
            .and_then(|(from, to)| self.chain.leaves().get(from..to));
        for leaf in leaves.unwrap_or_default() {
            seen.frontier.push(*leaf);
        }
        let found = seen.frontier.root();
        seen.root = Some(found);
        if found == checkpoint.root {
            seen.good = Some(checkpoint.size);
            if let Some(wrong) = &mut seen.wrong {
                wrong.later.get_or_insert(checkpoint.size);
            }
        } else if seen.wrong.is_none() {
            seen.wrong = Some(Wrong {
                number: note.number,
                offset: note.offset,
                checkpoint,
                found,
                good: seen.good.unwrap_or(0),
                later: None,
            });
        }
    }
}
