//! The one writer. A thread takes submissions in order, decides each against everything before it, and writes them in groups:
//!
//! 1. Take what waits, up to a group. While a group is being written the next one gathers, so nobody waits for company.
//! 2. Decide each submission in order, against the store and the group so far: unique keys, then expectations. What is accepted gets
//!    its index, its time, its place in chain and stream; its leaf is appended to the tree.
//! 3. Sign the checkpoint of the new tree, after checking that it continues the last one.
//! 4. Write entries, bodies, nodes, unique keys, streams, cells, blobs, checkpoint and head in one synced batch.
//! 5. Under a policy on witnesses, have enough of them cosign the checkpoint ([`publish`]).
//! 6. Set the mark of what is about to be acknowledged, publish the checkpoint to readers, and only then answer.
//!
//! Any failure stops the writer for good: everybody whose fate is unknown is told so, and nothing is retried. Reopening the ledger
//! finds out what was written.

mod publish;
mod refusing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use quick_cache::unsync::Cache;

use crate::checkpoint::{CheckpointSigner, SignedCheckpoint};
use crate::draft::{Cell, Limits, Prepared};
use crate::entry::{Entry, Opening, StreamId};
use crate::errors::{AppendError, LedgerError};
use crate::hash::Hash;
use crate::receipt::Receipt;
use crate::state::{self, Head, Lookup, StreamHead, View};
use crate::store::{Batch, Store, Table, put_nodes};
use crate::tree::{self, Edge, Patch};
use crate::watch::{GroupWritten, Watch};
use crate::witnessing::Witnessing;

pub(crate) use self::refusing::Versions;

/// Streams whose ends are kept in memory.
pub(crate) const STREAMS_KEPT: usize = 16_384;

/// What the clock says, in Unix milliseconds. The ledger never lets time run backwards, whatever its clock does.
pub trait Clock: Send + Sync {
    /// Unix milliseconds.
    fn now_ms(&self) -> u64;
}

impl<F: Fn() -> u64 + Send + Sync> Clock for F {
    fn now_ms(&self) -> u64 {
        self()
    }
}

/// What became of a submission.
pub type Outcome = Result<Appended, AppendError>;
/// Who is told. Called on the sequencer's thread, so it must only pass the outcome on.
pub(crate) type Reply = Box<dyn FnOnce(Outcome) + Send>;
/// Who is told that a body was erased.
pub(crate) type Erased = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

/// What the sequencer is asked.
pub(crate) enum Request {
    Append(Box<Prepared>, Reply),
    Erase(u64, Erased),
}

/// An entry that is durable, with all that its receipt is made of.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its index.
    pub index: u64,
    /// When it was sequenced, in Unix milliseconds.
    pub time_ms: u64,
    entry: Vec<u8>,
    opening: Opening,
    group: Arc<Group>,
}

/// What the entries of one group share.
#[derive(Debug)]
struct Group {
    patch: Patch,
    checkpoint: Arc<SignedCheckpoint>,
}

impl Appended {
    /// The checkpoint that first covers the entry.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.group.checkpoint
    }

    /// The receipt. Reads nothing from the store.
    ///
    /// # Errors
    /// Fails only if the group's part of the tree is incomplete, which would be a fault of this program.
    pub fn receipt(self) -> Result<Receipt, LedgerError> {
        let size = self.group.checkpoint.size();
        let proof = tree::inclusion(&self.group.patch, self.index, size).ok().flatten();
        let proof = proof
            .ok_or_else(|| LedgerError::damaged(format!("entry {}", self.index), "its group does not prove it"))?;
        Ok(Receipt {
            entry: self.entry,
            opening: Some(self.opening),
            proof,
            checkpoint: self.group.checkpoint.note().to_owned(),
        })
    }
}

/// What the writer shares with everybody else.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) view: RwLock<View>,
    /// Why the writer stopped, once it has.
    pub(crate) stopped: OnceLock<String>,
    /// Bytes of bodies and blobs that wait.
    pub(crate) queued_bytes: AtomicUsize,
    /// Whether entries are stored that too few witnesses have cosigned.
    pub(crate) unwitnessed: AtomicBool,
    /// Who is told of each group.
    pub(crate) watch: Watch,
}

impl Shared {
    pub(crate) fn new(checkpoint: SignedCheckpoint, unwitnessed: bool) -> Self {
        Self {
            view: RwLock::new(View {
                checkpoint: Arc::new(checkpoint),
            }),
            stopped: OnceLock::new(),
            queued_bytes: AtomicUsize::new(0),
            unwitnessed: AtomicBool::new(unwitnessed),
            watch: Watch::default(),
        }
    }

    pub(crate) fn checkpoint(&self) -> Arc<SignedCheckpoint> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&view.checkpoint)
    }

    pub(crate) fn refusal(&self) -> AppendError {
        let reason = self.stopped.get().map_or("it is closed", String::as_str);
        AppendError::Stopped {
            reason: reason.to_owned(),
        }
    }
}

/// The writer, owned by its thread.
pub(crate) struct Sequencer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signer: CheckpointSigner,
    pub(crate) limits: Limits,
    pub(crate) head: Head,
    pub(crate) edge: Edge,
    pub(crate) versions: Versions,
    /// The ends of the streams that were written to lately, as the store has them.
    pub(crate) streams: Cache<StreamId, StreamHead>,
    pub(crate) witnessing: Option<Witnessing>,
    /// The last checkpoint, while too few have cosigned it.
    pub(crate) waiting: Option<SignedCheckpoint>,
    /// When the witnesses were last asked in vain, and what was missing.
    pub(crate) asked: Option<(Instant, String)>,
}

/// One group while it is decided: what it changes, so that later submissions see earlier ones.
struct Draw {
    head: Head,
    patch: Patch,
    batch: Batch,
    unique: BTreeMap<Hash, u64>,
    cells: BTreeMap<Vec<u8>, Option<Cell>>,
    streams: BTreeMap<StreamId, StreamHead>,
    blobs: BTreeMap<Hash, ()>,
}

/// An accepted submission.
struct Accepted {
    index: u64,
    time_ms: u64,
    entry: Vec<u8>,
    opening: Opening,
}

/// Records that the writer has ended, however it ended.
struct Stopping(Arc<Shared>);

impl Drop for Stopping {
    fn drop(&mut self) {
        // Only the first reason counts; this one is for a panic, or for closing.
        let reason = if std::thread::panicking() {
            "its writer broke down"
        } else {
            "it is closed"
        };
        let _ = self.0.stopped.set(reason.to_owned());
    }
}

impl Sequencer {
    /// Serves requests until nobody can make any more, or a failure.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        let _stopping = Stopping(Arc::clone(&self.shared));
        while let Some(first) = self.next(requests) {
            let mut group = Vec::new();
            let mut next = Some(first);
            let mut bytes = 0;
            let mut erase = None;
            while let Some(request) = next.take() {
                match request {
                    Request::Append(prepared, reply) => {
                        bytes += prepared.bytes;
                        group.push((prepared, reply));
                    }
                    Request::Erase(index, reply) => {
                        erase = Some((index, reply));
                        break;
                    }
                }
                if group.len() < self.limits.group_entries_max && bytes < self.limits.group_bytes_max {
                    next = requests.try_recv().ok();
                }
            }
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.group(group);
            if let Some((index, reply)) = erase {
                self.erase(index, reply);
            }
        }
    }

    /// Decides and writes one group, and answers everybody in it.
    fn group(&mut self, submissions: Vec<(Box<Prepared>, Reply)>) {
        if submissions.is_empty() {
            return;
        }
        if self.shared.stopped.get().is_some() {
            replies(submissions, |reply| reply(Err(self.shared.refusal())));
            return;
        }
        if let Err(reason) = self.settle() {
            let refusal = AppendError::Unwitnessed { reason };
            replies(submissions, |reply| reply(Err(refusal.clone())));
            return;
        }
        let mut draw = Draw::new(self.head, self.edge.clone());
        let now = self.clock.now_ms();
        let mut decisions = Vec::with_capacity(submissions.len());
        let (prepared, replies): (Vec<_>, Vec<_>) = submissions.into_iter().unzip();
        for prepared in prepared {
            match draw.decide(
                self.store.as_ref(),
                (&mut self.versions, &mut self.streams),
                *prepared,
                now,
            ) {
                Ok(decision) => decisions.push(decision),
                Err(error) => {
                    // Nothing was written, so nobody's fate is unknown.
                    self.stop(&error);
                    break;
                }
            }
        }
        if self.shared.stopped.get().is_some() {
            replies.into_iter().for_each(|reply| reply(Err(self.shared.refusal())));
            return;
        }
        let written = if decisions.iter().any(Result::is_ok) {
            self.write(draw).map(Some)
        } else {
            Ok(None)
        };
        let (group, failure) = match written {
            Ok(Some(Err(reason))) => (None, Some(AppendError::Unwitnessed { reason })),
            Ok(Some(Ok(group))) => (Some(group), None),
            Ok(None) => (None, None),
            Err(error) => {
                self.stop(&error);
                let reason = error.to_string();
                (None, Some(AppendError::WriteFailed { reason }))
            }
        };
        for (decision, reply) in decisions.into_iter().zip(replies) {
            reply(match (decision, &group, &failure) {
                // Even a refusal may rest on an entry of this group, which may not have been stored, or which nobody may be told of.
                (_, _, Some(failure)) => Err(failure.clone()),
                (Err(refusal), _, None) => Err(refusal),
                (Ok(accepted), Some(group), None) => Ok(Appended {
                    index: accepted.index,
                    time_ms: accepted.time_ms,
                    entry: accepted.entry,
                    opening: accepted.opening,
                    group: Arc::clone(group),
                }),
                (Ok(_), None, None) => Err(self.shared.refusal()),
            });
        }
    }

    /// Signs, writes and publishes a group; the inner error says why it is written but not published.
    fn write(&mut self, mut draw: Draw) -> Result<Result<Arc<Group>, String>, LedgerError> {
        let size = draw.head.size;
        let root = draw.patch.edge().root();
        draw.head.root = root;
        draw.head.checkpoints += 1;
        let broken = |what: &str| LedgerError::damaged("the tree's edge", what);
        let consistency = tree::consistency(&draw.patch, self.head.size, size)
            .ok()
            .flatten()
            .ok_or_else(|| broken("it does not prove its own growth"))?;
        let signed = self
            .signer
            .sign(size, root, &consistency)
            .map_err(|error| broken(&error.to_string()))?;
        let Draw {
            head,
            patch,
            mut batch,
            cells,
            streams,
            unique,
            ..
        } = draw;
        put_nodes(&mut batch, self.store.as_ref(), patch.nodes())?;
        let entries = size - self.head.size;
        let began = Instant::now();
        self.store
            .commit(complete(batch, &head, &signed, &cells, &streams, &unique))?;
        let stored = Instant::now();
        self.versions.written(&cells);
        streams
            .iter()
            .for_each(|(stream, head)| self.streams.insert(*stream, *head));
        self.head = head;
        self.edge = patch.edge().clone();
        let published = self.publish(signed)?;
        self.shared.watch.tell(GroupWritten {
            entries,
            synced: stored - began,
            published: stored.elapsed(),
        });
        Ok(published.map(|checkpoint| Arc::new(Group { patch, checkpoint })))
    }

    /// Erases a body: what remains is the entry, which commits to it.
    fn erase(&self, index: u64, reply: Erased) {
        if let Some(reason) = self.shared.stopped.get() {
            return reply(Err(LedgerError::io("erasing a body", reason)));
        }
        if index >= self.head.size {
            return reply(Err(LedgerError::absent(format!("entry {index}"))));
        }
        let mut batch = Batch::default();
        batch.put(Table::Bodies, index.to_be_bytes(), Vec::new());
        let erased = self
            .store
            .commit(batch)
            .and_then(|()| self.store.purge(Table::Bodies, &index.to_be_bytes()));
        if let Err(error) = &erased {
            self.stop(error);
        }
        reply(erased);
    }

    fn stop(&self, error: &LedgerError) {
        // Only the first reason counts.
        let _ = self.shared.stopped.set(error.to_string());
    }
}

/// Answers everybody.
fn replies(submissions: Vec<(Box<Prepared>, Reply)>, answer: impl Fn(Reply)) {
    submissions.into_iter().for_each(|(_, reply)| answer(reply));
}

/// Adds to a batch what a group writes once.
fn complete(
    mut batch: Batch,
    head: &Head,
    signed: &SignedCheckpoint,
    cells: &BTreeMap<Vec<u8>, Option<Cell>>,
    streams: &BTreeMap<StreamId, StreamHead>,
    unique: &BTreeMap<Hash, u64>,
) -> Batch {
    for (digest, index) in unique {
        batch.put(Table::Unique, digest.0, index.to_be_bytes());
    }
    for (stream, head) in streams {
        batch.put(Table::StreamHeads, stream.0, head.encode());
    }
    for (name, cell) in cells {
        match cell {
            Some(cell) => batch.put(
                Table::Cells,
                name.as_slice(),
                state::numbered(cell.version, &cell.value),
            ),
            None => batch.remove(Table::Cells, name.as_slice()),
        }
    }
    batch.put(Table::Checkpoints, signed.size().to_be_bytes(), signed.note());
    batch.put(Table::Meta, state::META_HEAD, head.encode());
    batch
}

impl Draw {
    fn new(head: Head, edge: Edge) -> Self {
        Self {
            head,
            patch: Patch::new(edge),
            batch: Batch::default(),
            unique: BTreeMap::new(),
            cells: BTreeMap::new(),
            streams: BTreeMap::new(),
            blobs: BTreeMap::new(),
        }
    }

    /// Decides one submission after all before it. The outer error is the store's.
    fn decide(
        &mut self,
        store: &dyn Store,
        (versions, streams): (&mut Versions, &mut Cache<StreamId, StreamHead>),
        prepared: Prepared,
        now_ms: u64,
    ) -> Result<Result<Accepted, AppendError>, LedgerError> {
        if let Some(refusal) = self.refuses(store, versions, &prepared)? {
            return Ok(Err(refusal));
        }
        let known = self
            .streams
            .get(&prepared.stream)
            .or_else(|| streams.get(&prepared.stream));
        let before = match known {
            Some(head) => Some(*head),
            None => state::stream_head(store, &prepared.stream)?,
        };
        let index = self.head.size;
        let entry = Entry {
            index,
            time_ms: now_ms.max(self.head.time_ms),
            kind: prepared.kind,
            stream: prepared.stream,
            sequence: before.map_or(0, |head| head.sequence + 1),
            previous: self.head.last,
            stream_previous: before.map_or(Hash::ZERO, |head| head.hash),
            unique: prepared.unique.iter().map(|(digest, _)| *digest).collect(),
            body_hash: prepared.body_hash,
        };
        for (hash, blob) in prepared.blobs {
            if self.blobs.insert(hash, ()).is_none() && state::blob(store, &hash)?.is_none() {
                self.batch.put(Table::Blobs, hash.0, state::numbered(index, &blob));
            }
        }
        let encoded = entry.encode();
        let hash = Hash::leaf(&encoded);
        self.patch.append(hash);
        self.unique.extend(entry.unique.iter().map(|digest| (*digest, index)));
        for set in prepared.set {
            self.cells
                .insert(set.cell, set.value.map(|value| Cell { version: index, value }));
        }
        let stream_head = StreamHead {
            sequence: entry.sequence,
            index,
            hash,
        };
        self.streams.insert(entry.stream, stream_head);
        let member = state::stream_key(&entry.stream, entry.sequence);
        self.batch.put(Table::StreamEntries, member, index.to_be_bytes());
        for (of, hash) in [(Lookup::Entry, hash), (Lookup::Body, entry.body_hash)] {
            self.batch.put(Table::Lookups, state::lookup_key(of, &hash, index), []);
        }
        self.batch.put(Table::Entries, index.to_be_bytes(), &encoded);
        let opening = [prepared.opening.salt.as_slice(), &prepared.opening.body];
        self.batch.put_parts(Table::Bodies, index.to_be_bytes(), &opening);
        self.head.size += 1;
        self.head.last = hash;
        self.head.time_ms = entry.time_ms;
        Ok(Ok(Accepted {
            index,
            time_ms: entry.time_ms,
            entry: encoded,
            opening: prepared.opening,
        }))
    }
}
