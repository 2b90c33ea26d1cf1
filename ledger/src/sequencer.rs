//! The one that decides and, beside it, the one that writes. A thread takes submissions in order, decides each against everything before
//! it, and has them written in groups by a second one ([`writer`]):
//!
//! 1. Take what waits, up to a group. While a group is being written the next one gathers and is decided, so nobody waits for company.
//! 2. Decide each submission in order, against the store, the group that is being written and the group so far ([`draw`]): unique keys,
//!    then expectations. What is accepted gets its index, its time, its place in chain and stream; its leaf is appended to the tree.
//! 3. Once the group before is written and published, sign the checkpoint of the new tree, after checking that it continues the last one.
//! 4. Write entries, bodies, nodes, unique keys, streams, cells, blobs, checkpoint and head in one synced batch.
//! 5. Remember where its entries are found ([`crate::lookups`]), and under a policy on witnesses have enough of them cosign the checkpoint
//!    ([`publish`]).
//! 6. Set the mark of what is about to be acknowledged, publish the checkpoint to readers, and only then answer.
//!
//! One batch at a time is on its way to the disk, and nothing is signed before the one before it is published: a crash finds at most one
//! group that nobody was told of. Any failure stops the sequencer for good: everybody whose fate is unknown is told so, what was only
//! decided is refused, and nothing is retried. Reopening the ledger finds out what was written.

mod draw;
mod outcome;
mod publish;
mod refusing;
mod runs;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use crossbeam_channel::{Receiver, select_biased};

use self::draw::{Before, Changes, Draw};
use self::outcome::{Accepted, Erased, Group};
use self::writer::Written;
use crate::checkpoint::{CheckpointSigner, SignedCheckpoint};
use crate::draft::{Limits, Prepared};
use crate::errors::{AppendError, LedgerError};
use crate::lookups::{Added, Lookups};
use crate::state::{Head, View};
use crate::store::{Batch, Store, Table, put_nodes};
use crate::tree::{self, Edge, Patch};
use crate::watch::{GroupWritten, Watch};
use crate::witnessing::Witnessing;

pub(crate) use self::outcome::Reply;
pub use self::outcome::{Appended, Outcome};
pub(crate) use self::refusing::Known;
pub(crate) use self::runs::RunWriter;
pub(crate) use self::writer::Writer;

/// Submissions that are decided in one go while a group is being written: so soon it is noticed that it is.
const DECIDED_BESIDE: usize = 64;

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

/// What the sequencer is asked.
pub(crate) enum Request {
    Append(Box<Prepared>, Reply),
    Erase(u64, Erased),
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

/// The sequencer, owned by its thread.
pub(crate) struct Sequencer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signer: CheckpointSigner,
    pub(crate) limits: Limits,
    /// The log's end with the group that is being written.
    pub(crate) head: Head,
    pub(crate) edge: Edge,
    pub(crate) known: Known,
    pub(crate) writer: Writer,
    pub(crate) lookups: Arc<Lookups>,
    pub(crate) runs: RunWriter,
    /// The group that is being written.
    pub(crate) flight: Option<Flight>,
    /// The next one. Only while one is being written: otherwise it is handed over at once.
    pub(crate) gathered: Option<Gathered>,
    pub(crate) witnessing: Option<Witnessing>,
    /// The last checkpoint, while too few have cosigned it.
    pub(crate) waiting: Option<SignedCheckpoint>,
    /// When the witnesses were last asked in vain, and what was missing.
    pub(crate) asked: Option<(Instant, String)>,
}

/// What is said of each submission of a group, once that may be said.
#[derive(Default)]
struct Answers {
    decisions: Vec<Result<Accepted, AppendError>>,
    replies: Vec<Reply>,
}

/// A group that is decided.
pub(crate) struct Gathered {
    draw: Draw,
    answers: Answers,
    /// Bytes of bodies and blobs.
    bytes: usize,
}

/// A group that is being written.
pub(crate) struct Flight {
    sealed: Sealed,
    answers: Answers,
}

/// What is kept of a group that is signed, beside the batch that it writes.
struct Sealed {
    entries: u64,
    changes: Changes,
    added: Vec<Added>,
    patch: Patch,
    signed: SignedCheckpoint,
}

/// What happens next.
enum Event {
    Asked(Request),
    Written(Written),
    /// Nobody can ask for more.
    Closed,
}

/// Records that the sequencer has ended, however it ended.
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

impl Answers {
    /// Tells everybody the same.
    fn refuse(self, refusal: &AppendError) {
        self.replies.into_iter().for_each(|reply| reply(Err(refusal.clone())));
    }

    /// Tells everybody what was decided, those who were accepted in the group that they are in.
    fn tell(self, group: &Arc<Group>) {
        for (decision, reply) in self.decisions.into_iter().zip(self.replies) {
            reply(decision.map(|accepted| accepted.in_group(group)));
        }
    }

    /// Tells those who were refused where nobody was accepted; gives everything back where somebody was.
    fn all_refused(self) -> Result<(), Self> {
        if self.decisions.iter().any(Result::is_ok) {
            return Err(self);
        }
        let refusals = self.decisions.into_iter().filter_map(Result::err);
        refusals
            .zip(self.replies)
            .for_each(|(refusal, reply)| reply(Err(refusal)));
        Ok(())
    }
}

impl Gathered {
    fn is_full(&self, limits: &Limits) -> bool {
        self.answers.replies.len() >= limits.group_entries_max || self.bytes >= limits.group_bytes_max
    }
}

impl Sequencer {
    /// Serves requests until nobody can make any more.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        let _stopping = Stopping(Arc::clone(&self.shared));
        loop {
            match self.next(requests) {
                Event::Asked(request) => self.take(request, requests),
                Event::Written(written) => self.landed(written),
                Event::Closed => break,
            }
        }
        self.finish();
    }

    /// What happens next: while a group is being written, the end of that comes before more requests.
    fn next(&mut self, requests: &Receiver<Request>) -> Event {
        if self.flight.is_none() {
            return self.asked(requests).map_or(Event::Closed, Event::Asked);
        }
        let written = self.writer.written();
        if self
            .gathered
            .as_ref()
            .is_some_and(|gathered| gathered.is_full(&self.limits))
        {
            return Event::Written(Written::or_broken(written.recv()));
        }
        select_biased! {
            recv(written) -> answer => Event::Written(Written::or_broken(answer)),
            recv(requests) -> request => request.map_or(Event::Closed, Event::Asked),
        }
    }

    /// Takes a request, and what waits behind it, as far as there is room.
    fn take(&mut self, first: Request, requests: &Receiver<Request>) {
        let most = match &self.flight {
            None => self.limits.group_entries_max,
            Some(_) => self.limits.group_entries_max.min(DECIDED_BESIDE),
        };
        let (mut entries, mut bytes) = match &self.gathered {
            None => (0, 0),
            Some(gathered) => (gathered.answers.replies.len(), gathered.bytes),
        };
        let (mut run, mut taken) = (Vec::new(), 0);
        let mut next = Some(first);
        let mut erase = None;
        while let Some(request) = next.take() {
            match request {
                Request::Append(prepared, reply) => {
                    entries += 1;
                    bytes += prepared.bytes;
                    taken += prepared.bytes;
                    run.push((prepared, reply));
                }
                Request::Erase(index, reply) => {
                    erase = Some((index, reply));
                    break;
                }
            }
            if run.len() < most && entries < self.limits.group_entries_max && bytes < self.limits.group_bytes_max {
                next = requests.try_recv().ok();
            }
        }
        self.shared.queued_bytes.fetch_sub(taken, Ordering::Relaxed);
        self.gather(run);
        if self.flight.is_none() {
            self.hand_over();
        }
        if let Some((index, reply)) = erase {
            self.finish();
            self.erase(index, reply);
        }
    }

    /// Decides submissions, into the group that gathers.
    fn gather(&mut self, run: Vec<(Box<Prepared>, Reply)>) {
        if run.is_empty() {
            return;
        }
        let refusal = if self.shared.stopped.get().is_some() {
            Some(self.shared.refusal())
        } else {
            self.settle().err().map(|reason| AppendError::Unwitnessed { reason })
        };
        if let Some(refusal) = refusal {
            run.into_iter().for_each(|(_, reply)| reply(Err(refusal.clone())));
            return;
        }
        let now = self.clock.now_ms();
        let mut gathered = self.gathered.take().unwrap_or_else(|| Gathered {
            draw: Draw::new(self.head, self.edge.clone()),
            answers: Answers::default(),
            bytes: 0,
        });
        let mut failed = None;
        for (prepared, reply) in run {
            gathered.bytes += prepared.bytes;
            gathered.answers.replies.push(reply);
            if failed.is_some() {
                continue;
            }
            let mut before = Before {
                store: self.store.as_ref(),
                unwritten: self.flight.as_ref().map(|flight| &flight.sealed.changes),
                known: &mut self.known,
            };
            match gathered.draw.decide(&mut before, *prepared, now) {
                Ok(decision) => gathered.answers.decisions.push(decision),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            None => self.gathered = Some(gathered),
            Some(error) => {
                // Nothing of the group was written, so nobody's fate is unknown.
                self.stop(&error);
                gathered.answers.refuse(&self.shared.refusal());
            }
        }
    }

    /// Hands over what is gathered to be written, once nothing else is.
    fn hand_over(&mut self) {
        let Some(Gathered { draw, answers, .. }) = self.gathered.take() else {
            return;
        };
        let Err(answers) = answers.all_refused() else { return };
        match self.seal(draw) {
            Ok((batch, sealed)) => {
                self.writer.write(batch);
                self.flight = Some(Flight { sealed, answers });
            }
            Err(error) => {
                // It was not written.
                self.stop(&error);
                answers.refuse(&self.shared.refusal());
            }
        }
    }

    /// Signs a group, and makes the batch of all that it writes.
    fn seal(&mut self, mut draw: Draw) -> Result<(Batch, Sealed), LedgerError> {
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
        put_nodes(&mut draw.batch, self.store.as_ref(), draw.patch.nodes())?;
        draw.complete(&signed);
        let sealed = Sealed {
            entries: size - self.head.size,
            changes: draw.changes,
            added: draw.added,
            patch: draw.patch,
            signed,
        };
        self.head = draw.head;
        self.edge = sealed.patch.edge().clone();
        Ok((draw.batch, sealed))
    }

    /// A group is written, or is not: publishes it, hands over the next one, and answers everybody in it.
    fn landed(&mut self, Written { outcome, took }: Written) {
        let Some(Flight { sealed, answers }) = self.flight.take() else {
            return;
        };
        let began = Instant::now();
        let published = outcome.and_then(|()| {
            self.known.written(&sealed.changes);
            self.lookups.add(sealed.added, sealed.signed.size());
            self.publish(sealed.signed)
        });
        match published {
            Ok(Ok(checkpoint)) => {
                self.shared.watch.tell(GroupWritten {
                    entries: sealed.entries,
                    synced: took,
                    published: began.elapsed(),
                });
                // The next one is on its way before this one's answers are.
                self.hand_over();
                let patch = sealed.patch;
                answers.tell(&Arc::new(Group { patch, checkpoint }));
            }
            // Even a refusal may rest on an entry of this group, which may not have been stored, or which nobody may be told of.
            Ok(Err(reason)) => {
                let refusal = AppendError::Unwitnessed { reason };
                answers.refuse(&refusal);
                self.drop_gathered(&refusal);
            }
            Err(error) => {
                self.stop(&error);
                let reason = error.to_string();
                answers.refuse(&AppendError::WriteFailed { reason });
                self.drop_gathered(&self.shared.refusal());
            }
        }
        // Once everybody was answered: where two runs are on their way already, this waits for the first.
        if let Some(run) = self.lookups.full() {
            self.runs.write(run);
        }
    }

    /// Refuses what was decided and not written.
    fn drop_gathered(&mut self, refusal: &AppendError) {
        if let Some(gathered) = self.gathered.take() {
            gathered.answers.refuse(refusal);
        }
    }

    /// Waits until all that is decided is written.
    fn finish(&mut self) {
        while self.flight.is_some() {
            let written = Written::or_broken(self.writer.written().recv());
            self.landed(written);
        }
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
