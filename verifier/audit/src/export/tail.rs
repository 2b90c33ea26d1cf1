//! What stands behind the entries: blobs, and the end, which hashes every byte before it.

use std::io::Read;

use super::frames::{SEAL_BYTES, tag};
use super::{Pass, Summary, is_checkpoint};
use crate::findings::{BLOB, CHECKPOINT, Finding, HEADER, Place, SUM, Stopped};
use crate::hash::{self, Hash};
use crate::note;

impl<R: Read> Pass<'_, R> {
    /// Blobs, and the end.
    pub(super) fn tail(&mut self) -> Result<Summary, Stopped> {
        let size = self.header.size;
        if self.hand.tag == tag::ENTRY && !is_checkpoint(&self.content) {
            let what = format!("the header says {size} entries, and more follow");
            return Err(Finding::new(&HEADER, Place::Header, self.hand.offset, what).into());
        }
        let mut last = None;
        while self.hand.tag == tag::BLOB {
            last = Some(self.blob(last)?);
            self.advance()?;
        }
        self.check_waiting()?;
        if self.hand.tag != tag::CHECKPOINT && is_checkpoint(&self.content) {
            let place = self.next_checkpoint(&self.content);
            return Err(self.hand.misplaced(place, "a checkpoint, C").into());
        }
        let root = self.signed_all()?;
        if self.hand.tag != tag::END {
            let number = self.counts.blobs;
            let place = if is_checkpoint(&self.content) {
                self.next_checkpoint(&self.content)
            } else if self.is_end() {
                Place::End
            } else {
                Place::Blob { number, name: None }
            };
            return Err(self.hand.misplaced(place, "a blob, O, or the end, Z").into());
        }
        let sum = self.frames.sum_before();
        if self.content != sum.0 {
            let found = Hash(self.content.as_slice().try_into().unwrap_or_default());
            let finding = Finding::new(&SUM, Place::End, self.hand.offset, format!("the sum {found}"));
            return Err(finding.expected(format!("{sum}, the hash of every byte before")).into());
        }
        let (bytes, file) = self.frames.finish()?;
        Ok(Summary {
            bodies: self.counts.bodies,
            withheld: self.counts.withheld,
            erased: self.counts.erased,
            streams: self.chain.streams(),
            unique: self.chain.keys().count(),
            blobs: self.counts.blobs,
            checkpoints: self.seen.count(),
            last: self.chain.last(),
            root,
            period: self.chain.period(),
            bytes,
            file,
            header: self.header.clone(),
        })
    }

    /// The place of a checkpoint that is the next one.
    pub(super) fn next_checkpoint(&self, content: &[u8]) -> Place {
        Place::Checkpoint {
            number: self.seen.count(),
            size: note::claimed_size(content.get(SEAL_BYTES..).unwrap_or_default()),
        }
    }

    /// Whether the record in hand holds what the end holds.
    fn is_end(&self) -> bool {
        self.content == self.frames.sum_before().0
    }

    /// The root of the last checkpoint, which covers every entry.
    fn signed_all(&self) -> Result<Hash, Finding> {
        let size = self.header.size;
        let last = match self.seen.last() {
            Some((last, root)) if last == size => return Ok(root),
            last => last.map(|(last, _)| last),
        };
        let place = match size.checked_sub(1) {
            None => Place::End,
            Some(end) => Place::Entries(last.unwrap_or(0)..=end),
        };
        let what = last.map_or("no checkpoint".to_owned(), |last| {
            format!("the last checkpoint is of size {last}")
        });
        let finding = Finding::new(&CHECKPOINT, place, self.hand.offset, what);
        Err(finding.expected(format!("a last checkpoint of size {size}")))
    }

    /// One blob; its name.
    fn blob(&mut self, last: Option<Hash>) -> Result<Hash, Stopped> {
        let (record, content) = (&self.hand, &self.content);
        let number = self.counts.blobs;
        let found = |name, what: String| {
            let place = Place::Blob { number, name };
            Finding::new(&BLOB, place, record.offset, what)
        };
        if is_checkpoint(content) {
            return Err(record
                .misplaced(self.next_checkpoint(content), "a checkpoint, C")
                .into());
        }
        if self.is_end() {
            return Err(record.misplaced(Place::End, "the end, Z").into());
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
