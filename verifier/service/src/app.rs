//! What handlers work with: made once at startup, shared by reference.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use covenant_api::log::Shelf;
use covenant_api::sign::Signer;
use covenant_ledger::Ledger;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use tokio::sync::Semaphore;

use crate::endpoints::ledger::tile::{self, Tiles};
use crate::http::Problem;
use crate::http::rate::Rates;
use crate::http::request_id::RequestIds;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::proofs::{Proofs, Sizes};
use crate::settings::Settings;
use crate::tokens::LiveTokens;

/// A server's parts. Handlers get it as `State<Arc<App>>`.
pub struct App {
    /// Every limit.
    pub settings: Settings,
    /// The ledger.
    pub log: Log,
    /// Who may call as whom.
    pub tokens: LiveTokens,
    /// Signs verdicts and refusals.
    pub operator: Signer,
    /// Has proofs checked in batches.
    pub proofs: Proofs,
    /// Documents, keys and policies that were checked once.
    pub shelf: Shelf,
    /// What is counted.
    pub metrics: Metrics,
    /// Names calls.
    pub request_ids: RequestIds,
    /// A permit for each export that is streamed.
    pub exports: Arc<Semaphore>,
    /// How often each caller has called.
    pub rates: Rates,
    /// Tiles that were read lately.
    pub tiles: Tiles,
    /// A permit for each batch of bundles that is judged.
    pub batches: Arc<Semaphore>,
    stopping: AtomicBool,
}

/// Which keys are accepted.
pub fn key_policy(settings: &Settings) -> KeyPolicy {
    KeyPolicy {
        allow_development: settings.allow_development_keys,
    }
}

impl App {
    /// Puts the parts together and starts the threads that check proofs. `run` is random and tells this run's calls apart.
    ///
    /// # Errors
    /// `internal-fault` where threads cannot be started.
    pub fn new(
        settings: Settings,
        ledger: Ledger,
        tokens: LiveTokens,
        operator: Signer,
        run: u64,
    ) -> Result<Self, Refusal> {
        let metrics = Metrics::new();
        let sizes = Sizes {
            queue_max: settings.proof_queue_max,
            batch_max: settings.proof_batch_max,
            threads: settings.proof_threads,
        };
        let counted = metrics.clone();
        ledger.watch(Box::new(move |group| counted.group(group)));
        Ok(Self {
            proofs: Proofs::start(sizes, &metrics)?,
            shelf: Shelf::new(key_policy(&settings)),
            exports: Arc::new(Semaphore::new(settings.exports_max)),
            rates: Rates::new(settings.calls_per_minute_max),
            tiles: tile::cache(),
            batches: Arc::new(Semaphore::new(settings.batches_max)),
            log: Log::new(ledger),
            tokens,
            operator,
            metrics,
            request_ids: RequestIds::new(run),
            stopping: AtomicBool::new(false),
            settings,
        })
    }

    /// Runs what reads the ledger or thinks for long on the blocking pool.
    ///
    /// # Errors
    /// What the work says; `internal-fault` where it broke down.
    pub async fn blocking<T, F>(self: &Arc<Self>, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    {
        let app = Arc::clone(self);
        self.log.blocking(move |_| work(&app)).await
    }

    /// From now on the service says that it is not ready.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Why the service cannot take work at this moment; `None` where it can.
    pub fn unready(&self) -> Option<&'static str> {
        if self.stopping.load(Ordering::Relaxed) {
            Some("the service is stopping")
        } else if self.log.ledger().stopped().is_some() {
            Some("the ledger does not write any more")
        } else if self.log.ledger().unwitnessed() {
            Some("not enough witnesses have cosigned the log")
        } else if !self.proofs.has_room() {
            Some("the queue of proofs is full")
        } else {
            None
        }
    }
}
