//! The thread that writes runs of look-ups, beside everything else. Where one cannot be written the ledger stops, as for any write.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, bounded};

use super::Shared;
use crate::errors::LedgerError;
use crate::lookups::{Lookups, Run};

/// Runs that wait while one is being written. Whoever fills another one then waits too, so memory holds three runs and no more.
const WAITING_MAX: usize = 1;

/// The thread. Whoever drops this waits until what was handed to it is written.
pub(crate) struct RunWriter {
    runs: Option<Sender<Arc<Run>>>,
    thread: Option<JoinHandle<()>>,
}

/// Stops the ledger, also where the thread breaks down.
struct Ending(Arc<Shared>);

impl Ending {
    fn stop(&self, reason: String) {
        // Only the first reason counts.
        let _ = self.0.stopped.set(reason);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if thread::panicking() {
            self.stop("the writer of its look-ups broke down".to_owned());
        }
    }
}

impl RunWriter {
    /// Starts it.
    pub(crate) fn start(lookups: Arc<Lookups>, shared: Arc<Shared>) -> Result<Self, LedgerError> {
        let (runs, full) = bounded::<Arc<Run>>(WAITING_MAX);
        let write = move || {
            let ending = Ending(shared);
            for run in full {
                if let Err(error) = lookups.write(&run) {
                    ending.stop(error.to_string());
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("ledger-lookups".to_owned()).spawn(write);
        let thread = thread.map_err(|error| LedgerError::io("starting the writer of look-ups", error))?;
        Ok(Self {
            runs: Some(runs),
            thread: Some(thread),
        })
    }

    /// Has a run written.
    pub(super) fn write(&self, run: Arc<Run>) {
        if let Some(runs) = &self.runs {
            // Where the thread ended the ledger has stopped, and the run is made again when it is opened.
            let _ = runs.send(run);
        }
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        self.runs = None;
        if let Some(thread) = self.thread.take() {
            // Where it broke down, what it had to write is made again when the ledger is opened.
            let _ = thread.join();
        }
    }
}
