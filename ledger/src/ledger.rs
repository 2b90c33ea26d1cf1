//! The ledger: one log in one directory, decided on by one thread, the sequencer, and read by any.

mod proofs;

use std::fmt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, TrySendError, bounded};
use ed25519_dalek::SigningKey;
use rand::{CryptoRng, RngCore};

use crate::check::{self, Summary};
use crate::checkpoint::{CheckpointSigner, SignedCheckpoint};
use crate::draft::{Blinding, Cell, Draft, Limits};
use crate::entry::{Entry, Opening};
use crate::errors::{AppendError, LedgerError};
use crate::hash::Hash;
use crate::lookups::Lookups;
use crate::note::LogKey;
use crate::receipt::Receipt;
use crate::recovery;
use crate::sequencer::{Clock, Known, Outcome, Reply, Request, RunWriter, Sequencer, Shared, Writer};
use crate::state;
use crate::store::rocks::Rocks;
use crate::store::{Store, StoredNodes, Table};
use crate::watch::Watcher;
use crate::witness::WitnessPolicy;
use crate::witnessing::Witnessing;

/// How a ledger is opened.
pub struct Config {
    /// The log's name, unique in the world: a URL without its scheme, such as `example.com/covenant`.
    pub origin: String,
    /// The key that signs checkpoints.
    pub signing_key: SigningKey,
    /// What one submission, the queue and one group may hold.
    pub limits: Limits,
    /// Whether a new ledger may be made where there is none. A server that runs every day says no: an empty directory then means that
    /// a disk is not mounted, and a new log under the same key would contradict the old one.
    pub create: bool,
    /// Who must cosign each checkpoint before anything under it is acknowledged; nobody where there is none.
    pub witnessing: Option<Witnessing>,
}

/// The secret key is not shown.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("origin", &self.origin)
            .field("limits", &self.limits)
            .field("create", &self.create)
            .field("witnessing", &self.witnessing)
            .finish_non_exhaustive()
    }
}

/// A ledger that is open. Shared between threads by reference; closed when dropped, after writing what waits.
pub struct Ledger {
    pub(crate) store: Arc<dyn Store>,
    lookups: Arc<Lookups>,
    pub(crate) blinding: Blinding,
    key: LogKey,
    limits: Limits,
    shared: Arc<Shared>,
    salts: Mutex<Box<dyn RngCore + Send>>,
    requests: Option<Sender<Request>>,
    sequencer: Option<JoinHandle<()>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("key", &self.key)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// A submission on its way.
#[derive(Debug)]
pub struct Ticket {
    outcome: Receiver<Outcome>,
    shared: Arc<Shared>,
}

impl Ticket {
    /// Waits for what became of it.
    ///
    /// # Errors
    /// Says why it did not become an entry.
    pub fn wait(self) -> Outcome {
        // Without an answer the writer broke down, which the shared state says.
        self.outcome.recv().unwrap_or_else(|_| {
            let AppendError::Stopped { reason } = self.shared.refusal() else {
                return Err(self.shared.refusal());
            };
            Err(AppendError::WriteFailed { reason })
        })
    }
}

impl Ledger {
    /// Opens the ledger in this directory, or makes one where there is none. `rng` makes salts, and a new ledger's blinding secret.
    ///
    /// # Errors
    /// Says whether another process has the directory, it holds another log, it is damaged, or the configuration is not valid.
    pub fn open(
        directory: &Path,
        config: Config,
        clock: impl Clock + 'static,
        rng: impl RngCore + CryptoRng + Send + 'static,
    ) -> Result<Self, LedgerError> {
        config.limits.validate()?;
        let store = Rocks::open(directory, config.create)?;
        Self::on(Arc::new(store), config, Arc::new(clock), Box::new(rng))
    }

    /// Opens the ledger in this store.
    pub(crate) fn on(
        store: Arc<dyn Store>,
        config: Config,
        clock: Arc<dyn Clock>,
        mut rng: Box<dyn RngCore + Send>,
    ) -> Result<Self, LedgerError> {
        let mut signer =
            CheckpointSigner::new(&config.origin, config.signing_key).map_err(|error| LedgerError::Setting {
                setting: "origin",
                expected: error.to_string(),
            })?;
        let mut fresh = Blinding([0; 32]);
        rng.fill_bytes(&mut fresh.0);
        let found = recovery::open(
            store.as_ref(),
            &mut signer,
            config.create.then_some(fresh),
            config.limits.reopen_entries,
        )?;
        let key = signer.key().clone();
        // Under a policy, readers see what was cosigned; the writer sees to the rest first.
        let policy = config.witnessing.as_ref().map(|witnessing| &witnessing.policy);
        let cosigned = policy.is_none_or(|policy| policy.check(found.checkpoint.note(), &key).is_ok());
        let (published, waiting) = match policy.filter(|_| !cosigned) {
            None => (found.checkpoint, None),
            Some(policy) => (
                recovery::published(store.as_ref(), &key, policy)?,
                Some(found.checkpoint),
            ),
        };
        let lookups = Lookups::open(Arc::clone(&store), found.head.size, config.limits.lookups_entries)?;
        let lookups = Arc::new(lookups);
        let shared = Arc::new(Shared::new(published, waiting.is_some()));
        let (requests, queue) = bounded(config.limits.queue_entries_max);
        let sequencer = Sequencer {
            store: Arc::clone(&store),
            shared: Arc::clone(&shared),
            clock,
            signer,
            limits: config.limits.clone(),
            head: found.head,
            edge: found.edge,
            known: Known::new(),
            writer: Writer::start(Arc::clone(&store))?,
            lookups: Arc::clone(&lookups),
            runs: RunWriter::start(Arc::clone(&lookups), Arc::clone(&shared))?,
            flight: None,
            gathered: None,
            witnessing: config.witnessing,
            waiting,
            asked: None,
        };
        let sequencer = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || sequencer.run(&queue))
            .map_err(|error| LedgerError::io("starting the sequencer", error))?;
        Ok(Self {
            store,
            lookups,
            blinding: found.blinding,
            key,
            limits: config.limits,
            shared,
            salts: Mutex::new(rng),
            requests: Some(requests),
            sequencer: Some(sequencer),
        })
    }

    /// Writes what waits, and closes the ledger.
    pub fn close(self) {
        drop(self);
    }

    // --- writing ---

    /// Submits, waits until the entry is durable, and returns its receipt.
    ///
    /// # Errors
    /// Says why it did not become an entry.
    pub fn append(&self, draft: Draft) -> Result<Receipt, AppendError> {
        let appended = self.submit(draft)?.wait()?;
        appended.receipt().map_err(|error| AppendError::WriteFailed {
            reason: error.to_string(),
        })
    }

    /// Submits, without waiting.
    ///
    /// # Errors
    /// Refuses what breaks a limit, when the queue is full, or when the ledger has stopped.
    pub fn submit(&self, draft: Draft) -> Result<Ticket, AppendError> {
        let (sender, outcome) = mpsc::sync_channel(1);
        // Whoever dropped the ticket does not want to know.
        self.submit_with(draft, move |told| drop(sender.send(told)))?;
        Ok(Ticket {
            outcome,
            shared: Arc::clone(&self.shared),
        })
    }

    /// Submits, and calls back once it is decided. The call comes from the sequencer's thread, so it should only pass the outcome on (to
    /// an async runtime's oneshot channel, say); if the writer breaks down it is dropped without being called.
    ///
    /// # Errors
    /// Refuses what breaks a limit, when the queue is full, or when the ledger has stopped; then nobody is called.
    pub fn submit_with(&self, draft: Draft, reply: impl FnOnce(Outcome) + Send + 'static) -> Result<(), AppendError> {
        let mut salt = [0; 32];
        self.randomness(&mut salt);
        let prepared = draft.prepare(&self.limits, &self.blinding, salt)?;
        let bytes = prepared.bytes;
        let queued = self.shared.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let sent = if queued.saturating_add(bytes) > self.limits.queue_bytes_max {
            Err(AppendError::Busy)
        } else {
            self.send(Request::Append(Box::new(prepared), Box::new(reply) as Reply))
        };
        if sent.is_err() {
            self.shared.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        sent
    }

    /// Erases a body, where the law demands it. The entry stays and still commits to it; chain, tree and receipts are unchanged. Blobs
    /// are not erased: they hold what is public to all readers of bodies.
    ///
    /// # Errors
    /// Fails when there is no such entry, or the store cannot be written, which stops the ledger.
    pub fn erase_body(&self, index: u64) -> Result<(), LedgerError> {
        let (sender, outcome) = mpsc::sync_channel(1);
        let reply = move |told| drop(sender.send(told));
        let io = |reason: String| LedgerError::io("erasing a body", reason);
        self.send(Request::Erase(index, Box::new(reply)))
            .map_err(|error| io(error.to_string()))?;
        outcome
            .recv()
            .unwrap_or_else(|_| Err(io(self.shared.refusal().to_string())))
    }

    fn randomness(&self, bytes: &mut [u8]) {
        let mut salts = self.salts.lock().unwrap_or_else(PoisonError::into_inner);
        salts.fill_bytes(bytes);
    }

    fn send(&self, request: Request) -> Result<(), AppendError> {
        if self.shared.stopped.get().is_some() {
            return Err(self.shared.refusal());
        }
        let requests = self.requests.as_ref().ok_or_else(|| self.shared.refusal())?;
        requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => AppendError::Busy,
            TrySendError::Disconnected(_) => self.shared.refusal(),
        })
    }

    /// Whether entries are stored that too few witnesses have cosigned. Until they do nothing is acknowledged.
    pub fn unwitnessed(&self) -> bool {
        self.shared.unwitnessed.load(Ordering::Relaxed)
    }

    /// Has somebody told of each group from now on; `false` where somebody is told already.
    pub fn watch(&self, watcher: Watcher) -> bool {
        self.shared.watch.set(watcher)
    }

    /// Why the writer stopped, if it has. A ledger that has stopped can still be read.
    pub fn stopped(&self) -> Option<&str> {
        self.shared.stopped.get().map(String::as_str)
    }

    // --- reading ---

    /// The key that its checkpoints verify under.
    pub fn key(&self) -> &LogKey {
        &self.key
    }

    /// The limits it was opened with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The last signed checkpoint. All that it covers is durable.
    pub fn checkpoint(&self) -> Arc<SignedCheckpoint> {
        self.shared.checkpoint()
    }

    /// The number of entries that readers see.
    pub fn size(&self) -> u64 {
        self.checkpoint().size()
    }

    fn visible(&self, index: u64) -> Result<(), LedgerError> {
        if index < self.size() {
            return Ok(());
        }
        Err(LedgerError::absent(format!("entry {index}")))
    }

    /// An entry.
    ///
    /// # Errors
    /// Fails when there is none of this index, or it is damaged.
    pub fn entry(&self, index: u64) -> Result<Entry, LedgerError> {
        self.visible(index)?;
        recovery::stored(self.store.as_ref(), &self.nodes(), index).map(|(entry, _)| entry)
    }

    /// What an entry's body hash opens to.
    ///
    /// # Errors
    /// Fails when there is no such entry, its body was erased, or it is damaged.
    pub fn body(&self, index: u64) -> Result<Opening, LedgerError> {
        let entry = self.entry(index)?;
        let place = || format!("the body of entry {index}");
        let opening = state::body(self.store.as_ref(), index)?
            .ok_or_else(|| LedgerError::damaged(place(), "it is missing"))?
            .ok_or(LedgerError::Erased { index })?;
        if opening.hash() != entry.body_hash {
            return Err(LedgerError::mismatch(place(), &entry.body_hash, &opening.hash()));
        }
        Ok(opening)
    }

    /// A blob by its SHA-256.
    ///
    /// # Errors
    /// Fails when there is none, or it is damaged.
    pub fn blob(&self, hash: &Hash) -> Result<Vec<u8>, LedgerError> {
        let absent = || LedgerError::absent(format!("blob {hash}"));
        let (first, blob) = state::blob(self.store.as_ref(), hash)?.ok_or_else(absent)?;
        if first >= self.size() {
            return Err(absent());
        }
        let found = Hash::of(&[&blob]);
        if found != *hash {
            return Err(LedgerError::mismatch("a blob", hash, &found));
        }
        Ok(blob)
    }

    /// The entry that holds this unique key, given plain.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn by_unique(&self, key: &[u8]) -> Result<Option<u64>, LedgerError> {
        let index = state::unique(self.store.as_ref(), &self.blinding.blind(key))?;
        Ok(index.filter(|index| *index < self.size()))
    }

    /// A cell as it was last written.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn cell(&self, name: &[u8]) -> Result<Option<Cell>, LedgerError> {
        state::cell(self.store.as_ref(), name)
    }

    /// The cells whose names begin like this, by name.
    pub fn cells(&self, prefix: &[u8]) -> impl Iterator<Item = Result<(Vec<u8>, Cell), LedgerError>> {
        let exact = self.cell(prefix).transpose().map(|cell| Ok((prefix.to_vec(), cell?)));
        exact.into_iter().chain(self.cells_after(prefix, prefix))
    }

    /// The cells whose names begin like this, by name, from the first one after `last`: a page of a list begins there.
    pub fn cells_after(
        &self,
        prefix: &[u8],
        last: &[u8],
    ) -> impl Iterator<Item = Result<(Vec<u8>, Cell), LedgerError>> {
        check::keys_after(self.store.as_ref(), Table::Cells, Some(last.to_vec()))
            .take_while(|name| name.as_ref().map_or(true, |name| name.starts_with(prefix)))
            .filter_map(
                |name| match name.and_then(|name| Ok(self.cell(&name)?.map(|cell| (name, cell)))) {
                    Ok(found) => found.map(Ok),
                    Err(error) => Some(Err(error)),
                },
            )
    }

    /// A receipt for an entry under the last checkpoint; without the body where that was erased.
    ///
    /// # Errors
    /// Fails when there is no such entry, or the store is damaged.
    pub fn receipt(&self, index: u64) -> Result<Receipt, LedgerError> {
        let checkpoint = self.checkpoint();
        let entry = self.entry(index)?.encode();
        let opening = match self.body(index) {
            Ok(opening) => Some(opening),
            Err(LedgerError::Erased { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Receipt {
            entry,
            opening,
            proof: self.inclusion(index, checkpoint.size())?,
            checkpoint: checkpoint.note().to_owned(),
        })
    }

    /// A checkpoint that was signed for exactly this size.
    ///
    /// # Errors
    /// Fails when none was, or it is damaged.
    pub fn checkpoint_at(&self, size: u64) -> Result<SignedCheckpoint, LedgerError> {
        let absent = || LedgerError::absent(format!("checkpoint of size {size}"));
        if size > self.size() || self.store.get(Table::Checkpoints, &size.to_be_bytes())?.is_none() {
            return Err(absent());
        }
        recovery::checkpoint(self.store.as_ref(), size, &self.key)
    }

    /// The sizes for which checkpoints were signed, ascending, up to the last one that readers see.
    pub fn checkpoint_sizes(&self) -> impl Iterator<Item = Result<u64, LedgerError>> {
        let last = self.size();
        check::keys(self.store.as_ref(), Table::Checkpoints)
            .map(|key| check::number_key(&key?, Table::Checkpoints))
            .take_while(move |size| size.as_ref().is_ok_and(|size| *size <= last) || size.is_err())
    }

    /// The secret under which unique keys are blinded.
    pub fn blinding(&self) -> &Blinding {
        &self.blinding
    }

    /// Rechecks everything that is stored: every entry, body, index, node, blob and checkpoint.
    ///
    /// # Errors
    /// Names the first record that is damaged.
    pub fn check(&self) -> Result<Summary, LedgerError> {
        let mut secret = [0; 32];
        self.randomness(&mut secret);
        check::all(self.store.as_ref(), &self.checkpoint(), &self.key, &secret)
    }

    /// Checks the cosignatures of every stored checkpoint: those of the policy's witnesses must hold, and from the first checkpoint that
    /// enough of them have cosigned on, each must have enough. How many have.
    ///
    /// # Errors
    /// Names the first checkpoint of which that is not true.
    pub fn check_witnessed(&self, policy: &WitnessPolicy) -> Result<u64, LedgerError> {
        check::witnessed(self.store.as_ref(), &self.checkpoint(), &self.key, policy)
    }

    /// The entry that first brought a blob.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn brought_by(&self, hash: &Hash) -> Result<Option<u64>, LedgerError> {
        Ok(state::blob(self.store.as_ref(), hash)?.map(|(first, _)| first))
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn nodes(&self) -> StoredNodes<'_> {
        StoredNodes(self.store.as_ref())
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // The sequencer ends once nobody can ask it for more.
        self.requests = None;
        // A callback may hold the last reference; the sequencer's thread cannot wait for itself, and ends right after.
        let elsewhere = |sequencer: &JoinHandle<()>| sequencer.thread().id() != thread::current().id();
        if let Some(sequencer) = self.sequencer.take().filter(elsewhere) {
            // One that broke down has said so already.
            let _ = sequencer.join();
        }
    }
}
