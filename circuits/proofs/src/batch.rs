//! Verifying many proofs at once, of any policies and keys, at a fraction of the price of one by one.
//!
//! Proof i, under key k, holds if e(Aᵢ, Bᵢ) · e(Lᵢ, −γₖ) · e(Cᵢ, −δₖ) = e(αₖ, βₖ), with Lᵢ the sum over all its public inputs.
//! Each equation is raised to its own scalar rᵢ and all are multiplied, so that the terms of one key fall together:
//!
//! Πᵢ e(rᵢAᵢ, Bᵢ) · Πₖ e(Σ rᵢLᵢ, −γₖ) · e(Σ rᵢCᵢ, −δₖ) = Πₖ e(αₖ, βₖ)^(Σ rᵢ)
//!
//! with one final exponentiation. If one equation does not hold, at most one value of its scalar, the others given, lets the
//! product hold: every factor lies in a group of prime order, because the points were decoded strictly. The scalars have 128
//! uniform bits that are drawn after everything they weigh was fixed (Fiat–Shamir), so whoever looks for a batch with a bad
//! proof that passes has a chance of 2^-128 per try. Nothing is random: whoever has the items can compute all of it again.
//!
//! What the scalars depend on: a transcript `covenant/batch/v1` takes in the number of items and for each one SHA-256 over
//! `covenant/batch-item/v1`, the key's id, the policy's folded point (x ‖ y), the number of remaining inputs as u64, these
//! inputs, and the proof's 128 bytes, all little-endian. Then it gives one scalar per item, in order.

mod miller;

use std::collections::BTreeMap;
use std::sync::Arc;

use ark_bn254::{Bn254, Fq, Fq12, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{CyclotomicMultSubgroup as _, One as _, PrimeField as _, Zero as _};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::decode::{Proof, field_to_bytes, write_g1};
use crate::errors::VerifyError;
use crate::keys::KeyId;
use crate::msm::msm;
use crate::transcript::Transcript;
use crate::verify::PreparedKey;

/// What an item's digest hashes first.
const ITEM_TAG: &[u8] = b"covenant/batch-item/v1";
/// Items of a part that is combined again: see [`verify`].
const PART: usize = 16;
/// Fewest and most proofs whose Miller loops run in step: more share more, fewer keep all threads busy.
const PROOFS_PER_TASK: (usize, usize) = (8, 128);

/// A proof and what it is verified against.
#[derive(Clone)]
pub struct Item {
    prepared: Arc<PreparedKey>,
    rest: Vec<Field>,
    proof: Proof,
    /// Of all the above: what the scalars are drawn from.
    digest: [u8; 32],
}

impl Item {
    /// A proof, the policy's prepared key, and the public inputs that follow the policy's.
    ///
    /// # Errors
    /// Another number of inputs than remain.
    pub fn new(prepared: Arc<PreparedKey>, rest: Vec<Field>, proof: Proof) -> Result<Self, VerifyError> {
        prepared.expect_count(&rest)?;
        let mut folded = Vec::with_capacity(64);
        write_g1(&mut folded, prepared.folded());
        let mut hash = Sha256::new()
            .chain_update(ITEM_TAG)
            .chain_update(prepared.key_id().0)
            .chain_update(folded)
            .chain_update((rest.len() as u64).to_le_bytes());
        rest.iter().for_each(|input| hash.update(field_to_bytes(input)));
        let digest = hash.chain_update(proof.to_bytes()).finalize().into();
        Ok(Self {
            prepared,
            rest,
            proof,
            digest,
        })
    }

    /// The verdict on this proof alone, as [`PreparedKey::verify`].
    fn verify(&self) -> Result<(), VerifyError> {
        self.prepared.verify(&self.rest, &self.proof)
    }
}

/// The verdict on each item, in their order: the ones that [`PreparedKey::verify`] gives, proof by proof.
///
/// All are combined first. If the combination does not hold, parts of 16 items are combined, and the items of a part that
/// does not hold are verified one by one. Halving would find a single culprit at the same price, but whoever sends many bad
/// proofs could then make every level of it fail. A proof on its own costs about six times its share in a combination, and
/// a combination about as much again as such a proof: so the worst case, a bad proof in every part, is about 1.5 times what
/// verifying one by one costs, however long the batch.
pub fn verify(items: &[Item]) -> Vec<Result<(), VerifyError>> {
    let one_by_one = |items: &[Item]| items.par_iter().map(Item::verify).collect();
    if items.len() > 1 && verify_all(items).is_ok() {
        return vec![Ok(()); items.len()];
    }
    if items.len() <= PART {
        return one_by_one(items);
    }
    let part = |items: &[Item]| match verify_all(items) {
        Ok(()) => vec![Ok(()); items.len()],
        Err(_) => one_by_one(items),
    };
    items.par_chunks(PART).flat_map_iter(part).collect()
}

/// Whether all items hold, without saying which does not. An empty batch holds.
///
/// # Errors
/// [`VerifyError::Invalid`] if at least one does not.
pub fn verify_all(items: &[Item]) -> Result<(), VerifyError> {
    if combination_holds(items, &scalars(items)) {
        Ok(())
    } else {
        Err(VerifyError::Invalid)
    }
}

/// One scalar per item, drawn after all of them were taken in.
fn scalars(items: &[Item]) -> Vec<u128> {
    let mut transcript = Transcript::new("covenant/batch/v1");
    transcript.absorb("items", &(items.len() as u64).to_le_bytes());
    for item in items {
        transcript.absorb("item", &item.digest);
    }
    items.iter().map(|_| transcript.challenge_u128("scalar")).collect()
}

/// Whether the items' equations, each raised to its scalar, hold as a product.
fn combination_holds(items: &[Item], scalars: &[u128]) -> bool {
    let weighted: Vec<(&Item, u128)> = items.iter().zip(scalars.iter().copied()).collect();
    let (fewest, most) = PROOFS_PER_TASK;
    let together = items
        .len()
        .div_ceil(2 * rayon::current_num_threads())
        .clamp(fewest, most);
    let of_proofs = || weighted.par_chunks(together).map(proofs_term).product::<Fq12>();
    let of_keys = || {
        let mut keys: BTreeMap<(KeyId, usize), Vec<(&Item, u128)>> = BTreeMap::new();
        for (item, scalar) in &weighted {
            // A key is always prepared with the same number of inputs; were it not, these would not fall together.
            let name = (item.prepared.key_id(), item.rest.len());
            keys.entry(name).or_default().push((item, *scalar));
        }
        let terms = keys.into_par_iter().map(|(_, items)| key_terms(&items));
        terms.reduce(|| (Fq12::one(), Fq12::one()), |a, b| (a.0 * b.0, a.1 * b.1))
    };
    let (proofs, (keys, expected)) = rayon::join(of_proofs, of_keys);
    Bn254::final_exponentiation(MillerLoopOutput(proofs * keys)).is_some_and(|value| value.0 == expected)
}

/// Π e(rᵢAᵢ, Bᵢ), before the final exponentiation.
fn proofs_term(items: &[(&Item, u128)]) -> Fq12 {
    let scaled = items.iter().map(|(item, r)| {
        let limbs = [*r as u64, (*r >> 64) as u64];
        item.proof.a.mul_bigint(limbs)
    });
    let scaled = G1Projective::normalize_batch(&scaled.collect::<Vec<_>>());
    let b: Vec<G2Affine> = items.iter().map(|(item, _)| item.proof.b).collect();
    miller::product(&scaled, &b)
}

/// What the items of one key add: e(Σ rᵢLᵢ, −γ) · e(Σ rᵢCᵢ, −δ) before the final exponentiation, and e(α, β)^(Σ rᵢ).
fn key_terms(items: &[(&Item, u128)]) -> (Fq12, Fq12) {
    let Some((first, _)) = items.first() else {
        return (Fq12::one(), Fq12::one());
    };
    let (ic, lines) = (first.prepared.rest_ic(), first.prepared.lines());
    // Σ rᵢLᵢ = Σⱼ (Σᵢ rᵢxᵢⱼ)·ICⱼ + each policy's folded point times the sum of its scalars.
    let mut inputs = vec![Field::zero(); ic.len()];
    let mut policies: BTreeMap<(Fq, Fq), (G1Affine, Field)> = BTreeMap::new();
    let (mut cs, mut rs) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for (item, r) in items {
        let (r, folded) = (Field::from(*r), *item.prepared.folded());
        inputs.iter_mut().zip(&item.rest).for_each(|(sum, x)| *sum += r * x);
        policies
            .entry((folded.x, folded.y))
            .or_insert((folded, Field::zero()))
            .1 += r;
        cs.push(item.proof.c);
        rs.push(r);
    }
    let (folded, weights): (Vec<_>, Vec<_>) = policies.into_values().unzip();
    let inputs = msm(&[ic, &folded].concat(), &[inputs, weights].concat());
    let fixed = [lines.minus_gamma.clone(), lines.minus_delta.clone()];
    let product = Bn254::multi_miller_loop([inputs.into_affine(), msm(&cs, &rs).into_affine()], fixed);
    let total: Field = rs.iter().sum();
    (product.0, lines.alpha_beta.cyclotomic_exp(total.into_bigint()))
}

#[cfg(test)]
mod tests;
