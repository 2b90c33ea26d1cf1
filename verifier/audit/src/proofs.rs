//! Recorded proofs, verified in batches against recorded policy and key.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use covenant_proofs::batch;

use crate::findings::{Finding, PROOF, Place};

/// Proofs of one batch.
const BATCH: usize = 1024;

/// A recorded proof.
struct Recorded {
    index: u64,
    offset: u64,
    item: batch::Item,
}

/// Verifies proofs while others are still being read: one thread that gives each batch to all processors.
pub(crate) struct Proofs {
    waiting: Vec<Recorded>,
    count: u64,
    send: Option<SyncSender<Vec<Recorded>>>,
    verifier: Option<JoinHandle<Vec<Finding>>>,
}

impl Proofs {
    pub(crate) fn new() -> Self {
        // One batch may wait beside the one that is being verified; then reading waits.
        let (send, receive) = sync_channel(1);
        Self {
            waiting: Vec::new(),
            count: 0,
            send: Some(send),
            verifier: Some(thread::spawn(move || verify(&receive))),
        }
    }

    /// The proof in the entry of this index.
    pub(crate) fn add(&mut self, index: u64, offset: u64, item: batch::Item) {
        self.count += 1;
        self.waiting.push(Recorded { index, offset, item });
        if self.waiting.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.waiting);
        if let Some(send) = &self.send {
            // The other end goes away only with its thread, which `finish` reports.
            let _ = send.send(batch);
        }
    }

    /// How many there were, and what is wrong with them, in the order of the entries. `None` where the verifier failed.
    pub(crate) fn finish(mut self) -> Option<(u64, Vec<Finding>)> {
        self.flush();
        self.send = None;
        let findings = self.verifier.take()?.join().ok()?;
        Some((self.count, findings))
    }
}

fn verify(receive: &Receiver<Vec<Recorded>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for proofs in receive {
        let items: Vec<batch::Item> = proofs.iter().map(|proof| proof.item.clone()).collect();
        for (proof, verdict) in proofs.iter().zip(batch::verify(&items)) {
            if let Err(error) = verdict {
                let place = Place::Entry(proof.index);
                findings.push(
                    Finding::new(&PROOF, place, proof.offset, error.to_string())
                        .expected("a proof that verifies against the recorded policy and key"),
                );
            }
        }
    }
    findings
}
