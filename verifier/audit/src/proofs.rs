//! Recorded proofs, verified in batches against recorded policy and key.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use covenant_api::log::Shelf;
use covenant_api::verdict::Judged;
use covenant_policy::refusal::Refusal;
use covenant_proofs::batch;
use covenant_proofs::keys::VerifyingKey;
use rayon::prelude::*;

use crate::audit::resume::Keep;
use crate::findings::{Finding, PROOF, Place};

/// Proofs of one batch.
const BATCH: usize = 1024;
/// Proofs that are handed over together. Each brings all of its public inputs, some 90 KB, until its policy is folded
/// into the key.
const HANDFUL: usize = 64;

/// A verdict whose proofs are to be verified, everything else about it having been judged.
pub(crate) struct Recheck {
    pub(crate) index: u64,
    pub(crate) offset: u64,
    pub(crate) judged: Judged,
    pub(crate) key: VerifyingKey,
}

/// Verifies proofs while others are still being read: one thread that gives each batch to all processors.
pub(crate) struct Proofs {
    waiting: Vec<Recheck>,
    count: u64,
    send: Option<SyncSender<Handful>>,
    verifier: Option<JoinHandle<Result<Vec<Finding>, Refusal>>>,
}

/// Proofs that are handed over together, and what may be kept once they and all before hold.
struct Handful {
    proofs: Vec<Recheck>,
    keep: Option<Keep>,
}

impl Proofs {
    /// A verifier that keeps prepared policies on this shelf.
    pub(crate) fn new(shelf: Arc<Shelf>) -> Self {
        // A few may wait beside those in hand; then reading waits.
        let (send, receive) = sync_channel(4);
        Self {
            waiting: Vec::new(),
            count: 0,
            send: Some(send),
            verifier: Some(thread::spawn(move || verify(&receive, &shelf))),
        }
    }

    /// One more, of a later entry than those before.
    pub(crate) fn add(&mut self, proof: Recheck) {
        self.count += proof.judged.proofs.len() as u64;
        self.waiting.push(proof);
    }

    /// Whether enough wait to be handed over.
    pub(crate) fn is_handful(&self) -> bool {
        self.waiting.len() >= HANDFUL
    }

    /// Hands over what waits.
    pub(crate) fn hand_over(&mut self, keep: Option<Keep>) {
        let handful = Handful {
            proofs: std::mem::take(&mut self.waiting),
            keep,
        };
        if let Some(send) = &self.send {
            // The other end goes away only with its thread, which `finish` reports.
            let _ = send.send(handful);
        }
    }

    /// How many there were, and what is wrong with them, in the order of the entries. `None` where the verifier failed.
    pub(crate) fn finish(mut self, keep: Option<Keep>) -> Option<Result<(u64, Vec<Finding>), Refusal>> {
        self.hand_over(keep);
        self.send = None;
        let findings = self.verifier.take()?.join().ok()?;
        Some(findings.map(|findings| (self.count, findings)))
    }
}

/// A proof as it is verified: index, offset, item.
type Item = (u64, u64, batch::Item);

fn verify(receive: &Receiver<Handful>, shelf: &Shelf) -> Result<Vec<Finding>, Refusal> {
    let mut findings = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    let mut last = None;
    for Handful { proofs, keep } in receive {
        // What is computed once for each key is computed here, where nobody else waits for it on a thread of the pool.
        let mut keys = BTreeSet::new();
        let first_of_key = proofs.iter().filter(|proof| keys.insert(proof.key.id()));
        first_of_key.for_each(|proof| drop(prepare(proof, shelf)));
        let prepared: Vec<_> = proofs.par_iter().map(|proof| prepare(proof, shelf)).collect();
        for prepared in prepared {
            match prepared {
                Ok(more) => items.extend(more),
                Err(finding) => findings.push(finding),
            }
        }
        last = keep.or(last);
        if items.len() >= BATCH {
            findings.extend(together(&std::mem::take(&mut items)));
        }
        if let Some(keep) = last.as_ref().filter(|_| items.is_empty() && findings.is_empty()) {
            keep.keep(false)?;
        }
    }
    findings.extend(together(&items));
    if let Some(keep) = last.filter(|_| findings.is_empty()) {
        keep.keep(true)?;
    }
    findings.sort_by_key(|finding| finding.offset);
    Ok(findings)
}

/// All proofs of one verdict: each of them must hold.
fn prepare(proof: &Recheck, shelf: &Shelf) -> Result<Vec<Item>, Finding> {
    match proof.judged.items(&proof.key, shelf.prepared()) {
        Ok(items) => Ok(items
            .into_iter()
            .map(|item| (proof.index, proof.offset, item))
            .collect()),
        Err(refusal) => Err(Finding::of_rules(refusal, proof.index, proof.offset)),
    }
}

/// Verifies one batch.
fn together(items: &[Item]) -> Vec<Finding> {
    let batch: Vec<batch::Item> = items.iter().map(|(_, _, item)| item.clone()).collect();
    let verdicts = batch::verify(&batch);
    let wrong = items.iter().zip(verdicts).filter_map(|((index, offset, _), verdict)| {
        let error = verdict.err()?;
        let finding = Finding::new(&PROOF, Place::Entry(*index), *offset, error.to_string());
        Some(finding.expected("a proof that verifies against the recorded policy and key"))
    });
    wrong.collect()
}
