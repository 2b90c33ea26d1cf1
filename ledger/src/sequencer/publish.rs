//! The last step of a group: cosigned where a policy demands it, marked, and shown to readers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{Request, Sequencer};
use crate::checkpoint::SignedCheckpoint;
use crate::errors::LedgerError;
use crate::state::{self, Mark};
use crate::store::{Batch, Table};
use crate::witnessing::Tree;

/// After how long witnesses that were silent are asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Sequencer {
    /// The next request, while no group is being written. While a checkpoint waits for its witnesses, they are asked again in between.
    pub(super) fn asked(&mut self, requests: &Receiver<Request>) -> Option<Request> {
        loop {
            if self.waiting.is_none() || self.shared.stopped.get().is_some() {
                return requests.recv().ok();
            }
            // Why not is said to whoever submits next.
            let _ = self.settle();
            if self.waiting.is_none() {
                continue;
            }
            match requests.recv_timeout(ASK_AGAIN) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Publishes what waits, if anything does; the error says why that cannot be done yet.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        let Some(signed) = self.waiting.take() else {
            return Ok(());
        };
        if let Some((asked, reason)) = self.asked.as_ref().filter(|(asked, _)| asked.elapsed() < ASK_AGAIN) {
            let ago = asked.elapsed().as_millis();
            let reason = format!("{reason} (asked {ago} ms ago)");
            self.waiting = Some(signed);
            return Err(reason);
        }
        match self.publish(signed) {
            Ok(published) => published.map(drop),
            Err(error) => {
                self.stop(&error);
                Err(error.to_string())
            }
        }
    }

    /// Has a stored checkpoint cosigned where that is demanded, sets the mark, and shows it to readers. The inner error says why too
    /// few have cosigned it; it waits then.
    pub(super) fn publish(
        &mut self,
        signed: SignedCheckpoint,
    ) -> Result<Result<Arc<SignedCheckpoint>, String>, LedgerError> {
        let checkpoint = match &mut self.witnessing {
            None => signed,
            Some(witnessing) => match witnessing.cosign(&signed, &Tree::of(&self.store), self.signer.key()) {
                Ok(cosigned) => {
                    self.keep(&cosigned)?;
                    cosigned
                }
                Err(reason) => {
                    self.waiting = Some(signed);
                    self.asked = Some((Instant::now(), reason.clone()));
                    self.shared.unwitnessed.store(true, Ordering::Relaxed);
                    return Ok(Err(reason));
                }
            },
        };
        let (size, root) = (checkpoint.size(), *checkpoint.root());
        self.store.set_mark(&Mark { size, root }.encode())?;
        let checkpoint = Arc::new(checkpoint);
        let mut view = self.shared.view.write().unwrap_or_else(PoisonError::into_inner);
        view.checkpoint = Arc::clone(&checkpoint);
        drop(view);
        self.asked = None;
        self.shared.unwitnessed.store(false, Ordering::Relaxed);
        Ok(Ok(checkpoint))
    }

    /// Stores the cosignatures: after a restart, readers see this checkpoint at once.
    fn keep(&self, cosigned: &SignedCheckpoint) -> Result<(), LedgerError> {
        let size = cosigned.size().to_be_bytes();
        let mut batch = Batch::default();
        batch.put(Table::Checkpoints, size, cosigned.note());
        batch.put(Table::Meta, state::META_PUBLISHED, size);
        self.store.commit(batch)
    }
}
