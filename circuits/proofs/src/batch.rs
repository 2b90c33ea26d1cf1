//! Verifying many proofs at once, of any policies and keys, at a fraction of the price of one by one.
//!
//! Proof i, under key k, holds if e(Aᵢ, Bᵢ) · e(Lᵢ, −γₖ) · e(Cᵢ, −δₖ) = e(αₖ, βₖ), with Lᵢ the sum over all its public inputs.
//! Each equation is raised to its own scalar rᵢ and all are multiplied, so that the terms of one key fall together:
//!
//! Πᵢ e(rᵢAᵢ, Bᵢ) · Πₖ e(Σ rᵢLᵢ, −γₖ) · e(Σ rᵢCᵢ, −δₖ) = Πₖ e(αₖ, βₖ)^(Σ rᵢ)
//!
//! with one final exponentiation. If one equation does not hold, at most one value of its scalar, the others given, lets the
//! product hold: every factor lies in a group of prime order, because the points were decoded strictly. The scalars come from 128
//! uniform bits that are drawn after everything they weigh was fixed (Fiat–Shamir), so whoever looks for a batch with a bad
//! proof that passes has a chance of 2^-128 per try. Nothing is random: whoever has the items can compute all of it again.
//!
//! What the scalars depend on: a transcript `covenant/batch/v2` takes in the number of items and for each one SHA-256 over
//! `covenant/batch-item/v1`, the key's id, the policy's folded point (x ‖ y), the number of remaining inputs as u64, these
//! inputs, and the proof's 128 bytes, all little-endian. Then it gives 16 bytes per item, in order: a and b as u64, little-endian,
//! of the scalar a + bλ, where λ is the cube root of one modulo r that ends in 429964517155 (decimal).

mod miller;
mod weights;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ark_bn254::{Bn254, Fq, Fq2, Fq12, G1Affine, G1Projective, G2Affine, g1};
use ark_ec::CurveGroup as _;
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ec::scalar_mul::glv::GLVConfig as _;
use ark_ff::{CyclotomicMultSubgroup as _, One as _, PrimeField as _, Zero as _};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::decode::{Proof, field_to_bytes, write_g1};
use crate::errors::VerifyError;
use crate::keys::{KeyId, Lines};
use crate::msm::msm;
use crate::numbers::Quadratic;
use crate::transcript::Transcript;
use crate::verify::PreparedKey;

use self::weights::Weight;

/// What an item's digest hashes first.
const ITEM_TAG: &[u8] = b"covenant/batch-item/v1";
/// Items of a part that is not divided further: see [`verify`].
const PART: usize = 16;
/// How many items allow for one combination that fails: see [`verify`].
const PER_FAILURE: usize = 32;
/// Fewer points than this are multiplied in lanes, each by its own scalar; more go into buckets.
#[cfg(target_arch = "x86_64")]
const FEW: usize = 128;
/// Fewest and most proofs whose Miller loops run in step: more share more, fewer keep all threads busy.
const PROOFS_PER_TASK: (usize, usize) = (8, 128);
/// The same in lanes, where an inversion weighs more; both are multiples of the eight that lie side by side.
#[cfg(target_arch = "x86_64")]
const PROOFS_PER_TASK_IN_LANES: (usize, usize) = (8, 256);

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
/// All are combined first. If that does not hold, the batch is halved, and a half that does not hold is halved again, down to
/// parts of 16, whose items are verified one by one. Where the first half holds, the second is known not to without a check.
/// So k bad proofs among n take at most 1 + 2k·log₂(n/16) combinations, which for a single bad one weigh at most three times
/// as much as that of the whole. Whoever sends many bad proofs could make every level fail: after 8 + n/32 combinations that failed, what is
/// not settled is verified one by one, so that the worst case is less than half more than verifying one by one.
pub fn verify(items: &[Item]) -> Vec<Result<(), VerifyError>> {
    search(items).0
}

/// What a search took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    /// Combinations that were checked, and how many of them did not hold.
    combinations: usize,
    failures: usize,
    /// Proofs in these combinations, each as often as it was in one.
    combined: usize,
    /// Proofs that were verified alone.
    alone: usize,
}

/// The verdicts, and what finding them took.
fn search(items: &[Item]) -> (Vec<Result<(), VerifyError>>, Work) {
    let mut search = Search {
        items,
        verdicts: vec![Ok(()); items.len()],
        work: Work::default(),
    };
    if items.len() > 1 && !search.holds(0..items.len()) || items.len() == 1 {
        search.settle(0..items.len());
    }
    (search.verdicts, search.work)
}

/// A search for the bad proofs of a batch. A verdict is `Ok` until something says otherwise.
struct Search<'a> {
    items: &'a [Item],
    verdicts: Vec<Result<(), VerifyError>>,
    work: Work,
}

impl Search<'_> {
    /// Finds the verdicts of a part of which nothing is known but that its combination does not hold.
    fn settle(&mut self, part: Range<usize>) {
        if part.len() <= PART || self.spent() {
            return self.one_by_one(part);
        }
        let middle = part.start + part.len() / 2;
        let (left, right) = (part.start..middle, middle..part.end);
        if self.holds(left.clone()) {
            return self.settle(right);
        }
        self.settle(left);
        if self.spent() || !self.holds(right.clone()) {
            self.settle(right);
        }
    }

    /// Whether so many combinations failed that another one is not worth its price.
    fn spent(&self) -> bool {
        self.work.failures > 8 + self.items.len() / PER_FAILURE
    }

    /// Whether a part's combination holds.
    fn holds(&mut self, part: Range<usize>) -> bool {
        let items = self.items.get(part).unwrap_or_default();
        let holds = verify_all(items).is_ok();
        self.work.combinations += 1;
        self.work.combined += items.len();
        self.work.failures += usize::from(!holds);
        holds
    }

    fn one_by_one(&mut self, part: Range<usize>) {
        let (items, verdicts) = (self.items.get(part.clone()), self.verdicts.get_mut(part));
        if let Some((items, verdicts)) = items.zip(verdicts) {
            self.work.alone += items.len();
            let outcomes: Vec<_> = items.par_iter().map(Item::verify).collect();
            verdicts.clone_from_slice(&outcomes);
        }
    }
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
fn scalars(items: &[Item]) -> Vec<Weight> {
    let mut transcript = Transcript::new("covenant/batch/v2");
    transcript.absorb("items", &(items.len() as u64).to_le_bytes());
    for item in items {
        transcript.absorb("item", &item.digest);
    }
    let draw = |_| Weight::new(transcript.challenge_u128("scalar"));
    items.iter().map(draw).collect()
}

/// Whether the items' equations, each raised to its scalar, hold as a product.
fn combination_holds(items: &[Item], weights: &[Weight]) -> bool {
    let weighted: Vec<(&Item, Weight)> = items.iter().zip(weights.iter().copied()).collect();
    let of_keys = || {
        let mut keys: BTreeMap<(KeyId, usize), Vec<(&Item, Weight)>> = BTreeMap::new();
        for (item, weight) in &weighted {
            // A key is always prepared with the same number of inputs; were it not, these would not fall together.
            let name = (item.prepared.key_id(), item.rest.len());
            keys.entry(name).or_default().push((item, *weight));
        }
        let terms = keys.into_par_iter().map(|(_, items)| key_terms(&items));
        terms.reduce(|| (Fq12::one(), Fq12::one()), |a, b| (a.0 * b.0, a.1 * b.1))
    };
    let (proofs, (keys, expected)) = rayon::join(|| proofs_terms(&weighted), of_keys);
    final_exponentiation(&(proofs * keys)) == Some(expected)
}

fn final_exponentiation(f: &Fq12) -> Option<Fq12> {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        return crate::pairing::final_exponentiation(ifma, f);
    }
    Bn254::final_exponentiation(MillerLoopOutput(*f)).map(|value| value.0)
}

/// e(L, −γ) · e(C, −δ) of a key, before the final exponentiation.
fn fixed_product(lines: &Lines, inputs: &G1Projective, cs: &G1Projective) -> Fq12 {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        return crate::pairing::miller_loop(ifma, &lines.fixed, None, inputs, cs);
    }
    let fixed = [lines.minus_gamma.clone(), lines.minus_delta.clone()];
    Bn254::multi_miller_loop([inputs.into_affine(), cs.into_affine()], fixed).0
}

/// Π e(rᵢAᵢ, Bᵢ), before the final exponentiation, on all cores.
fn proofs_terms(items: &[(&Item, Weight)]) -> Fq12 {
    let threads = rayon::current_num_threads();
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        let (fewest, most) = PROOFS_PER_TASK_IN_LANES;
        let together = items
            .len()
            .div_ceil(threads)
            .next_multiple_of(fewest)
            .clamp(fewest, most);
        let term = |items: &[_]| proofs_term::<crate::lanes::Lanes2>(ifma, items);
        return items.par_chunks(together).map(term).product();
    }
    let (fewest, most) = PROOFS_PER_TASK;
    let together = items.len().div_ceil(2 * threads).clamp(fewest, most);
    let term = |items: &[_]| proofs_term::<Fq2>((), items);
    items.par_chunks(together).map(term).product()
}

/// Π e(rᵢAᵢ, Bᵢ), before the final exponentiation, as many at once as there are lanes.
fn proofs_term<Q: Quadratic>(token: Q::Token, items: &[(&Item, Weight)]) -> Fq12 {
    let a: Vec<G1Affine> = items.iter().map(|(item, _)| item.proof.a).collect();
    let b: Vec<G2Affine> = items.iter().map(|(item, _)| item.proof.b).collect();
    let weights: Vec<Weight> = items.iter().map(|(_, weight)| *weight).collect();
    let lines = weights::scaled::<Q::Base>(token, &a, &weights);
    miller::product::<Q>(token, &lines, &b)
}

/// e(α, β)^(a + bλ).
fn power(alpha_beta: &Fq12, a: u128, b: u128) -> Fq12 {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        return crate::pairing::power(ifma, alpha_beta, a, b);
    }
    let exponent = Field::from(a) + Field::from(b) * g1::Config::LAMBDA;
    alpha_beta.cyclotomic_exp(exponent.into_bigint())
}

/// Σ rᵢCᵢ. With rᵢ = aᵢ + bᵢλ it is Σ aᵢCᵢ + bᵢφ(Cᵢ), with scalars of 64 bits.
fn weighted_sum(points: &[G1Affine], weights: &[Weight]) -> G1Projective {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected().filter(|_| points.len() < FEW) {
        return weights::sum_of_few::<crate::numbers::eight::Eight>(ifma, points, weights);
    }
    let both = |c: &G1Affine| [*c, g1::Config::endomorphism_affine(c)];
    let halves = |weight: &Weight| [Field::from(weight.a), Field::from(weight.b)];
    let points: Vec<_> = points.iter().flat_map(both).collect();
    msm(&points, &weights.iter().flat_map(halves).collect::<Vec<_>>())
}

/// What the items of one key add: e(Σ rᵢLᵢ, −γ) · e(Σ rᵢCᵢ, −δ) before the final exponentiation, and e(α, β)^(Σ rᵢ).
fn key_terms(items: &[(&Item, Weight)]) -> (Fq12, Fq12) {
    let Some((first, _)) = items.first() else {
        return (Fq12::one(), Fq12::one());
    };
    // Σ rᵢLᵢ = Σⱼ (Σᵢ rᵢxᵢⱼ)·ICⱼ + each policy's folded point times the sum of its scalars, half by half.
    let mut inputs = vec![Field::zero(); first.rest.len()];
    let mut policies: BTreeMap<(Fq, Fq), (G1Affine, [u128; 2])> = BTreeMap::new();
    let mut total = [0u128; 2];
    for (item, weight) in items {
        let (r, folded) = (weight.field(), *item.prepared.folded());
        inputs.iter_mut().zip(&item.rest).for_each(|(sum, x)| *sum += r * x);
        let (_, of_policy) = policies.entry((folded.x, folded.y)).or_insert((folded, [0; 2]));
        for sums in [of_policy, &mut total] {
            // Sums of numbers of 64 bits: no batch is so large that they pass 128.
            sums[0] += u128::from(weight.a);
            sums[1] += u128::from(weight.b);
        }
    }
    let both = |(folded, [a, b]): (G1Affine, [u128; 2])| {
        [
            (folded, Field::from(a)),
            (g1::Config::endomorphism_affine(&folded), Field::from(b)),
        ]
    };
    let (folded, of_policies): (Vec<_>, Vec<_>) = policies.into_values().flat_map(both).unzip();
    let inputs = first.prepared.rest_sum(&inputs) + msm(&folded, &of_policies);
    let (cs, weights): (Vec<_>, Vec<_>) = items.iter().map(|(item, weight)| (item.proof.c, *weight)).unzip();
    let lines = first.prepared.lines();
    (
        fixed_product(lines, &inputs, &weighted_sum(&cs, &weights)),
        power(&lines.alpha_beta, total[0], total[1]),
    )
}

#[cfg(test)]
mod tests;
