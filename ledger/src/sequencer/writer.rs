//! The thread that writes: it takes one batch at a time and says when it is durable, or why it is not. Meanwhile the sequencer decides
//! the next group.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::errors::LedgerError;
use crate::store::{Batch, Store};

/// What became of a batch.
pub(super) struct Written {
    pub(super) outcome: Result<(), LedgerError>,
    /// How long the synced write took.
    pub(super) took: Duration,
}

/// The thread. Whoever drops this waits until it has ended.
pub(crate) struct Writer {
    batches: Option<Sender<Batch>>,
    written: Receiver<Written>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts it.
    pub(crate) fn start(store: Arc<dyn Store>) -> Result<Self, LedgerError> {
        let (batches, asked) = bounded::<Batch>(1);
        let (tell, written) = bounded(1);
        let write = move || {
            for batch in asked {
                let began = Instant::now();
                let outcome = store.commit(batch);
                let took = began.elapsed();
                if tell.send(Written { outcome, took }).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("ledger-writer".to_owned()).spawn(write);
        let thread = thread.map_err(|error| LedgerError::io("starting the writer", error))?;
        Ok(Self {
            batches: Some(batches),
            written,
            thread: Some(thread),
        })
    }

    /// Has a batch written. Only when the one before is.
    pub(super) fn write(&self, batch: Batch) {
        if let Some(batches) = &self.batches {
            // Where the thread broke down, waiting for it says so.
            let _ = batches.send(batch);
        }
    }

    /// Where it says what became of a batch.
    pub(super) fn written(&self) -> &Receiver<Written> {
        &self.written
    }
}

impl Written {
    /// What is taken from the writer's answer; none comes where it broke down.
    pub(super) fn or_broken<E>(answer: Result<Self, E>) -> Self {
        answer.unwrap_or_else(|_| Self {
            outcome: Err(LedgerError::io("writing a batch", "the thread that writes broke down")),
            took: Duration::ZERO,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Where it broke down, whoever waited for its batch was told.
            let _ = thread.join();
        }
    }
}
