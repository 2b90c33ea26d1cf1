//! Verifying proofs, also with what the policy fixes folded in beforehand.
//!
//! The equation is e(A, B) = e(α, β) · e(Σ xᵢICᵢ, γ) · e(C, δ), checked as e(A, B) · e(Σ, −γ) · e(C, −δ) = e(α, β) with one
//! final exponentiation. ark-groth16's verifier does not check the number of public inputs (an extra or a dropped trailing
//! zero verifies), so it is not used.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use ark_bn254::{Bn254, G1Affine, G1Projective};
use ark_ec::pairing::Pairing as _;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use covenant_gadgets::circuit::Field;
use sha2::{Digest as _, Sha256};

use crate::decode::{Proof, field_to_bytes};
pub use crate::errors::VerifyError;
use crate::keys::{KeyId, Lines, VerifyingKey};
use crate::msm::msm;
use crate::statement::Statement;

/// Verifies a proof against all public inputs of the statement.
///
/// # Errors
/// A key of another statement, another number of inputs than the key's, or a proof that does not hold.
pub fn verify<S: Statement>(key: &VerifyingKey, inputs: &[Field], proof: &Proof) -> Result<(), VerifyError> {
    key.expect_statement::<S>()?;
    let sum = fold(&key.points().ic, inputs)?;
    check(key.lines(), sum, proof)
}

/// A verifying key with the policy's inputs folded in: a proof costs the same to verify, whatever the policy holds.
///
/// Always computed from the key and the policy, never read from outside.
pub struct PreparedKey {
    key: VerifyingKey,
    /// IC₀ + Σ xᵢICᵢ over the policy's inputs.
    folded: G1Affine,
    /// How many inputs are folded in.
    policy_inputs: usize,
}

impl PreparedKey {
    /// Folds the first [`Statement::policy_inputs`] public inputs into a key.
    ///
    /// # Errors
    /// A key of another statement, or another number of inputs than the policy's.
    pub fn new<S: Statement>(key: &VerifyingKey, policy_inputs: &[Field]) -> Result<Self, VerifyError> {
        key.expect_statement::<S>()?;
        let expected = S::policy_inputs();
        let Some(ic) = key.points().ic.get(..=expected) else {
            return Err(VerifyError::InputCount {
                expected: key.inputs(),
                found: expected,
            });
        };
        let folded = fold(ic, policy_inputs)?.into_affine();
        // These are computed now rather than with the first proof.
        key.lines();
        key.windows(expected + 1);
        Ok(Self {
            key: key.clone(),
            folded,
            policy_inputs: expected,
        })
    }

    /// Verifies a proof against the public inputs that follow the policy's.
    ///
    /// # Errors
    /// Another number of inputs than remain, or a proof that does not hold.
    pub fn verify(&self, rest: &[Field], proof: &Proof) -> Result<(), VerifyError> {
        self.expect_count(rest)?;
        check(self.key.lines(), self.rest_sum(rest) + self.folded, proof)
    }

    /// Σ xᵢICᵢ over the inputs that remain.
    pub(crate) fn rest_sum(&self, rest: &[Field]) -> G1Projective {
        match self.key.windows(self.policy_inputs + 1) {
            Some(windows) => windows.sum(rest),
            None => msm(self.rest_ic(), rest),
        }
    }

    /// Refuses any number of inputs but the one that remains after the policy's.
    pub(crate) fn expect_count(&self, rest: &[Field]) -> Result<(), VerifyError> {
        let (expected, found) = (self.rest_ic().len(), rest.len());
        if expected == found {
            Ok(())
        } else {
            Err(VerifyError::InputCount { expected, found })
        }
    }

    /// The IC points of the inputs that remain.
    fn rest_ic(&self) -> &[G1Affine] {
        self.key.points().ic.get(self.policy_inputs + 1..).unwrap_or_default()
    }

    /// IC₀ + Σ xᵢICᵢ over the policy's inputs: all that the equation knows of the policy.
    pub(crate) fn folded(&self) -> &G1Affine {
        &self.folded
    }

    /// What is computed once per key.
    pub(crate) fn lines(&self) -> &Lines {
        self.key.lines()
    }

    /// Id of the key that was prepared.
    pub fn key_id(&self) -> KeyId {
        self.key.id()
    }
}

/// IC₀ + Σ xᵢICᵢ, where every point after the first has its input.
pub(crate) fn fold(ic: &[G1Affine], inputs: &[Field]) -> Result<G1Projective, VerifyError> {
    let wrong_count = VerifyError::InputCount {
        expected: ic.len().saturating_sub(1),
        found: inputs.len(),
    };
    match ic.split_first() {
        Some((first, rest)) if rest.len() == inputs.len() => Ok(msm(rest, inputs) + first.into_group()),
        _ => Err(wrong_count),
    }
}

pub(crate) fn check(lines: &Lines, inputs: G1Projective, proof: &Proof) -> Result<(), VerifyError> {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        return match crate::pairing::groth16(ifma, &lines.fixed, proof, &inputs) {
            Some(value) if value == lines.alpha_beta => Ok(()),
            _ => Err(VerifyError::Invalid),
        };
    }
    let (minus_gamma, minus_delta) = (lines.minus_gamma.clone(), lines.minus_delta.clone());
    let product = Bn254::multi_miller_loop(
        [proof.a, inputs.into_affine(), proof.c],
        [proof.b.into(), minus_gamma, minus_delta],
    );
    match Bn254::final_exponentiation(product) {
        Some(value) if value.0 == lines.alpha_beta => Ok(()),
        _ => Err(VerifyError::Invalid),
    }
}

/// SHA-256 over inputs, each as 32 little-endian bytes.
pub fn digest_of_inputs(inputs: &[Field]) -> [u8; 32] {
    let mut hash = Sha256::new();
    inputs.iter().for_each(|input| hash.update(field_to_bytes(input)));
    hash.finalize().into()
}

/// Prepared keys that were used last, at most a fixed number of them.
pub struct PreparedCache {
    capacity: NonZeroUsize,
    entries: Mutex<Entries>,
}

/// What the cache holds; the clock counts uses.
#[derive(Default)]
struct Entries {
    clock: u64,
    keys: BTreeMap<CacheKey, (u64, Arc<Slot>)>,
}

/// A prepared key, or none while somebody computes it.
type Slot = Mutex<Option<Arc<PreparedKey>>>;

/// The key's id, and [`digest_of_inputs`] of the policy's.
type CacheKey = (KeyId, [u8; 32]);

impl PreparedCache {
    /// An empty cache for `capacity` policies.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    /// The prepared key of a policy, computed where it is not there. When the cache is full, the one used longest ago goes.
    ///
    /// # Errors
    /// As [`PreparedKey::new`].
    pub fn get<S: Statement>(
        &self,
        key: &VerifyingKey,
        policy_inputs: &[Field],
    ) -> Result<Arc<PreparedKey>, VerifyError> {
        self.get_by_digest::<S>(key, digest_of_inputs(policy_inputs), || policy_inputs.to_vec())
    }

    /// As [`PreparedCache::get`], for whoever keeps the digest of a policy's inputs: they are asked for where the prepared key is not
    /// there, and must be those of which this is the [`digest_of_inputs`].
    ///
    /// # Errors
    /// As [`PreparedKey::new`].
    pub fn get_by_digest<S: Statement>(
        &self,
        key: &VerifyingKey,
        digest: [u8; 32],
        policy_inputs: impl FnOnce() -> Vec<Field>,
    ) -> Result<Arc<PreparedKey>, VerifyError> {
        key.expect_statement::<S>()?;
        let name = (key.id(), digest);
        let slot = self.entries().slot(&name, self.capacity);
        let prepare = |inputs: Vec<Field>| PreparedKey::new::<S>(key, &inputs).map(Arc::new);
        if rayon::current_thread_index().is_some() {
            // Whoever waits on a thread of a pool may be given work there that waits for the same. So nobody waits there: what is there
            // is taken, and what is not may be computed by several, with the same result.
            if let Some(known) = slot.try_lock().ok().and_then(|slot| slot.clone()) {
                return Ok(known);
            }
            let made = prepare(policy_inputs());
            match (&made, slot.try_lock()) {
                (Ok(made), Ok(mut slot)) => drop(slot.insert(Arc::clone(made))),
                (Err(_), Ok(slot)) if slot.is_none() => drop(self.entries().keys.remove(&name)),
                _ => {}
            }
            return made;
        }
        // Of several that ask at once, one computes and the others wait, but nobody who asks for another.
        let mut prepared = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*prepared {
            return Ok(Arc::clone(found));
        }
        match prepare(policy_inputs()) {
            Ok(made) => Ok(Arc::clone(prepared.insert(made))),
            Err(error) => {
                self.entries().keys.remove(&name);
                Err(error)
            }
        }
    }

    /// How many prepared keys are held.
    pub fn len(&self) -> usize {
        self.entries().keys.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        // Every change is a single insertion or removal, so a panic elsewhere leaves the map whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// The slot of this name, an empty one where there was none. Where there are too many, the one used longest ago goes.
    fn slot(&mut self, name: &CacheKey, capacity: NonZeroUsize) -> Arc<Slot> {
        self.clock += 1;
        let (used, slot) = self.keys.entry(*name).or_default();
        *used = self.clock;
        let slot = Arc::clone(slot);
        while self.keys.len() > capacity.get() {
            let oldest = self
                .keys
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(name, _)| *name);
            let Some(oldest) = oldest else { break };
            self.keys.remove(&oldest);
        }
        slot
    }
}

#[cfg(test)]
mod tests;
