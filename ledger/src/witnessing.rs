//! Witnessing: under a policy, a checkpoint counts only once enough witnesses have cosigned it. Until then nothing that it covers is
//! acknowledged or shown, and nothing more is written.
//!
//! What a group wrote stays in the store when its witnesses are silent; the writer asks them again until they answer, and publishes
//! then. So a log never holds more than one group that nobody was told of.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::checkpoint::SignedCheckpoint;
use crate::errors::{LedgerError, ProofError};
use crate::hash::Hash;
use crate::note::{LogKey, Note};
use crate::store::{Store, StoredNodes};
use crate::tree;
use crate::witness::WitnessPolicy;

/// Asks witnesses for cosignatures.
pub trait Witnesses: Send {
    /// The signature lines of those who cosigned this checkpoint, waiting until `enough` says so of the lines so far, or for as long as
    /// it takes to give up. Called on the sequencer's thread.
    fn cosign(&mut self, checkpoint: &SignedCheckpoint, tree: &Tree, enough: &dyn Fn(&str) -> bool) -> String;
}

/// A policy, and those who are asked under it.
pub struct Witnessing {
    /// Who must have cosigned.
    pub policy: WitnessPolicy,
    /// Who asks them.
    pub witnesses: Box<dyn Witnesses>,
}

impl fmt::Debug for Witnessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witnessing")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// The stored tree, for proofs to witnesses: each of them may have seen another size. It keeps no ledger open: a witness may hang for
/// longer than the ledger lives.
#[derive(Clone)]
pub struct Tree(Weak<dyn Store>);

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tree")
    }
}

impl Tree {
    pub(crate) fn of(store: &Arc<dyn Store>) -> Self {
        Self(Arc::downgrade(store))
    }

    /// The proof that the tree of the first `old` entries is the beginning of that of the first `new`, which must be stored.
    ///
    /// # Errors
    /// Fails when there is no such tree, the store is damaged, or the ledger was closed.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, LedgerError> {
        let store = self.0.upgrade();
        let store = store.ok_or_else(|| LedgerError::io("proving to a witness", "the ledger is closed"))?;
        let nodes = StoredNodes(store.as_ref());
        tree::consistency(&nodes, old, new)?.ok_or_else(|| ProofError::Reversed { old, new }.into())
    }
}

impl Witnessing {
    /// The checkpoint with the cosignatures that hold; `Err` with the reason where they do not make the quorum.
    pub(crate) fn cosign(
        &mut self,
        signed: &SignedCheckpoint,
        tree: &Tree,
        log: &LogKey,
    ) -> Result<SignedCheckpoint, String> {
        let Self { policy, witnesses } = self;
        let with = |lines: &str| signed.with_lines(&sound(policy, signed, lines));
        let enough = |lines: &str| policy.check(with(lines).note(), log).is_ok();
        let cosigned = if enough("") {
            with("")
        } else {
            with(&witnesses.cosign(signed, tree, &enough))
        };
        match policy.check(cosigned.note(), log) {
            Ok(_) => Ok(cosigned),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Of these lines, those by which a witness of the policy cosigned the checkpoint, one each: a witness that answers nonsense must not
/// spoil the note for the others.
fn sound(policy: &WitnessPolicy, signed: &SignedCheckpoint, lines: &str) -> String {
    let mut kept = String::new();
    for witness in policy.witnesses() {
        let own = lines.split_inclusive('\n').find(|line| {
            let note = signed.with_lines(line);
            let cosigned = Note::parse(note.note()).ok().map(|note| witness.key.cosigned(&note));
            line.ends_with('\n') && matches!(cosigned, Some(Ok(Some(_))))
        });
        let already = Note::parse(signed.note()).is_ok_and(|note| witness.key.cosigned(&note) != Ok(None));
        if let Some(line) = own.filter(|_| !already) {
            kept.push_str(line);
        }
    }
    kept
}
