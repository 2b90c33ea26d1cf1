//! The ledger as handlers use it: read on the blocking pool, written with an answer that is awaited.

use std::sync::Arc;

use covenant_ledger::{AppendError, Appended, Draft, Ledger};
use tokio::sync::oneshot;

use crate::http::Problem;

/// The open ledger, shared.
#[derive(Debug, Clone)]
pub struct Log(Arc<Ledger>);

/// A submission on its way.
#[derive(Debug)]
pub struct Pending {
    outcome: oneshot::Receiver<covenant_ledger::Outcome>,
    ledger: Arc<Ledger>,
}

impl Log {
    /// This ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self(Arc::new(ledger))
    }

    /// The ledger itself. What it holds in memory (checkpoint, size, key) may be asked for anywhere; what it reads from disk is read
    /// in [`Log::blocking`].
    pub fn ledger(&self) -> &Ledger {
        &self.0
    }

    /// Runs what reads from disk or thinks for long on the blocking pool.
    ///
    /// # Errors
    /// What the work says; `internal-fault` where it broke down.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Ledger) -> Result<T, Problem> + Send + 'static,
    {
        let ledger = Arc::clone(&self.0);
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || span.in_scope(|| work(&ledger)))
            .await
            .unwrap_or_else(|error| Err(Problem::internal(error)))
    }

    /// Submits a draft; call it where hashing the draft's blobs may take its time (in [`Log::blocking`]).
    ///
    /// # Errors
    /// Refuses what breaks a limit, when the queue is full, or when the ledger has stopped.
    pub fn submit(&self, draft: Draft) -> Result<Pending, AppendError> {
        let (sender, outcome) = oneshot::channel();
        // Whoever went away does not want to know.
        self.0.submit_with(draft, move |told| drop(sender.send(told)))?;
        Ok(Pending {
            outcome,
            ledger: Arc::clone(&self.0),
        })
    }

    /// Submits a draft and waits until it is decided and durable.
    ///
    /// # Errors
    /// Says why it did not become an entry.
    pub async fn append(&self, draft: Draft) -> Result<Appended, AppendError> {
        self.submit(draft)?.outcome().await
    }
}

impl Pending {
    /// Waits until it is decided and durable.
    ///
    /// # Errors
    /// Says why it did not become an entry.
    pub async fn outcome(self) -> Result<Appended, AppendError> {
        // Without an answer the writer broke down, and nobody knows what became of the submission.
        self.outcome.await.unwrap_or_else(|_| {
            let reason = self.ledger.stopped().unwrap_or("its writer broke down");
            Err(AppendError::WriteFailed {
                reason: reason.to_owned(),
            })
        })
    }
}
