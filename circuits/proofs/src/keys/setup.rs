//! Development keys: what comes out of a ceremony of both phases whose two contributors draw their secrets from a seed, so that every
//! machine makes the same key. With the secrets at hand their products are multiplied out once, which takes a second where the
//! ceremony takes minutes; a test plays the ceremony, and finds the same points.
//!
//! Whoever knows the seed can forge. Such keys carry their seed inside ([`Origin::Development`]) and are opened only where
//! [`super::KeyPolicy`] allows it. γ is 1, as in BGM17 and in the ceremonies of snarkjs.

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr as _, CurveGroup as _, PrimeGroup as _};
use ark_ff::{Field as _, One as _, UniformRand as _, Zero as _};
use ark_poly::EvaluationDomain as _;
use ark_relations::gr1cs::SynthesisError;
use covenant_gadgets::circuit::Field;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::KeyError;
use super::proving::{ProvingKey, Queries};
use super::verifying::{Origin, Points, VerifyingKey};
use crate::matrices::Matrices;
use crate::statement::Statement;
use crate::{qap, shape};

/// What the seed of a development key is hashed with.
const SEED_TAG: &[u8] = b"covenant/development-key/v2";
/// Contributors to each phase of a development key's ceremony.
pub(crate) const CONTRIBUTORS: u8 = 2;

/// How far making a key has come; each is reported when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetupStage {
    /// Building the circuit.
    Circuit,
    /// Evaluating the polynomials.
    Polynomials,
    /// Multiplying out the points of G1.
    PointsG1,
    /// Multiplying out the points of G2.
    PointsG2,
    /// Everything is done.
    Done,
}

/// The development key of a statement and a seed: the same bytes on every machine.
///
/// # Errors
/// Where the circuit cannot be built.
pub fn development<S: Statement>(seed: &str) -> Result<ProvingKey, KeyError> {
    development_with_progress::<S>(seed, &mut |_| {})
}

/// As [`development`], reporting each stage as it begins.
///
/// # Errors
/// As [`development`].
pub fn development_with_progress<S: Statement>(
    seed: &str,
    progress: &mut dyn FnMut(SetupStage),
) -> Result<ProvingKey, KeyError> {
    progress(SetupStage::Circuit);
    let (matrices, _) = shape::matrices_of::<S>().map_err(KeyError::Synthesis)?;
    progress(SetupStage::Polynomials);
    let trapdoor = Trapdoor::from_seed(S::ID, seed, &matrices)?;
    let (points, queries) = trapdoor
        .multiply_out(&matrices, progress)
        .map_err(KeyError::Synthesis)?;
    let origin = Origin::Development { seed: seed.to_owned() };
    let verifying = VerifyingKey::new(origin, S::ID, matrices.hash(), points)?;
    progress(SetupStage::Done);
    Ok(ProvingKey {
        verifying,
        matrices,
        queries,
    })
}

/// What a contributor of a development key's ceremony draws from, in the first or the second phase.
pub(crate) fn contributor(statement: &str, seed: &str, phase: u8, number: u8) -> ChaCha20Rng {
    let mut hash = Sha256::new().chain_update(SEED_TAG).chain_update([phase, number]);
    for text in [statement, seed] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    ChaCha20Rng::from_seed(hash.finalize().into())
}

/// What nobody may know of a real key. γ is 1.
struct Trapdoor {
    alpha: Field,
    beta: Field,
    delta: Field,
    tau: Field,
}

impl Trapdoor {
    fn from_seed(statement: &str, seed: &str, matrices: &Matrices) -> Result<Self, KeyError> {
        let domain = qap::domain(matrices).map_err(KeyError::Synthesis)?;
        let [mut alpha, mut beta, mut delta, mut tau] = [Field::one(); 4];
        for number in 0..CONTRIBUTORS {
            // In the order in which a contribution draws.
            let mut first = contributor(statement, seed, 1, number);
            for secret in [&mut tau, &mut alpha, &mut beta] {
                *secret *= Field::rand(&mut first);
            }
            delta *= Field::rand(&mut contributor(statement, seed, 2, number));
        }
        // A place of the domain has probability 2^-238; there the key would be none.
        if !qap::is_outside(&domain, tau) {
            return Err(KeyError::Synthesis(SynthesisError::DivisionByZero));
        }
        Ok(Self {
            alpha,
            beta,
            delta,
            tau,
        })
    }

    fn multiply_out(
        &self,
        matrices: &Matrices,
        progress: &mut dyn FnMut(SetupStage),
    ) -> Result<(Points, Queries), SynthesisError> {
        let Self {
            alpha,
            beta,
            delta,
            tau,
        } = *self;
        let inverse = delta.inverse().ok_or(SynthesisError::DivisionByZero)?;
        let [a, b, c] = qap::polynomials_at(matrices, tau)?;
        let combined: Vec<Field> = a
            .par_iter()
            .zip(&b)
            .zip(&c)
            .map(|((a, b), c)| beta * a + alpha * b + c)
            .collect();
        let (ic, private) = combined.split_at(matrices.inputs());
        let private: Vec<Field> = private.par_iter().map(|l| *l * inverse).collect();
        let h = qap::odd_lagrange(qap::domain(matrices)?.size(), tau, inverse)?;

        progress(SetupStage::PointsG1);
        let g1 = BatchMulPreprocessing::new(G1Projective::generator(), 2 * a.len() + private.len() + h.len());
        let g1 = |scalars: &[Field]| multiply_all(scalars, |used| g1.batch_mul(used), G1Affine::identity());
        let single = g1(&[alpha, beta, delta]);
        let (a_query, b_g1, h, l, ic) = (g1(&a), g1(&b), g1(&h), g1(&private), g1(ic));

        progress(SetupStage::PointsG2);
        let non_zero = b.iter().filter(|b| !b.is_zero()).count();
        let table = BatchMulPreprocessing::new(G2Projective::generator(), non_zero);
        let b_g2 = multiply_all(&b, |used| table.batch_mul(used), G2Affine::identity());

        let [alpha_g1, beta_g1, delta_g1] = <[G1Affine; 3]>::try_from(single).unwrap_or_default();
        let generator = G2Affine::generator();
        let points = Points {
            alpha: alpha_g1,
            beta: (generator * beta).into_affine(),
            gamma: generator,
            delta: (generator * delta).into_affine(),
            ic,
        };
        Ok((
            points,
            Queries {
                beta_g1,
                delta_g1,
                a: a_query,
                b_g1,
                b_g2,
                l,
                h,
            },
        ))
    }
}

/// Multiplies out only the scalars that are not zero: most wires do not occur in B.
fn multiply_all<P: Copy>(scalars: &[Field], multiply: impl Fn(&[Field]) -> Vec<P>, identity: P) -> Vec<P> {
    let used: Vec<Field> = scalars.iter().copied().filter(|s| !s.is_zero()).collect();
    let mut points = multiply(&used).into_iter();
    scalars
        .iter()
        .map(|s| {
            if s.is_zero() {
                identity
            } else {
                points.next().unwrap_or(identity)
            }
        })
        .collect()
}
