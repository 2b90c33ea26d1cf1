//! Powers of tau whose secrets come from a seed: for development keys, tests and rehearsals. With the secrets at hand the
//! Lagrange forms are computed in the field and multiplied out once, which takes seconds where a transform of points takes
//! minutes. The file says of itself that nobody contributed.

use std::io::Write;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{CurveGroup as _, PrimeGroup as _};
use ark_ff::{One as _, UniformRand as _};
use ark_poly::{EvaluationDomain as _, Radix2EvaluationDomain};
use covenant_gadgets::circuit::Field;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use sha2::{Digest as _, Sha256};

use super::CeremonyError;
use crate::formats::ptau::{self, Powers};

/// What the seed is hashed with.
const SEED_TAG: &[u8] = b"covenant/known-powers-of-tau/v1";
/// The largest power made: beyond it, memory runs short before patience does.
const POWER_MAX: u32 = 20;

/// Writes prepared powers of tau of 2^`power`. Whoever knows the seed can forge under every key made from them.
///
/// # Errors
/// A power outside 1 to 20; faults of writing.
pub fn known_powers<W: Write>(seed: &str, power: u32, writer: W) -> Result<W, CeremonyError> {
    if !(1..=POWER_MAX).contains(&power) {
        return Err(CeremonyError::Misuse {
            what: format!("powers of tau of 2^{power}"),
            expected: format!("1 to {POWER_MAX}"),
        });
    }
    let hash = Sha256::new().chain_update(SEED_TAG).chain_update(seed).finalize();
    let mut rng = ChaCha20Rng::from_seed(hash.into());
    let [tau, alpha, beta] = [0; 3].map(|_| Field::rand(&mut rng));
    let count = (2usize << power) - 1;
    let g1 = BatchMulPreprocessing::new(G1Projective::generator(), 8 * count);
    let g2 = BatchMulPreprocessing::new(G2Projective::generator(), 2 * count);
    let times_g1 = |scalars: &[Field]| -> Vec<G1Affine> { g1.batch_mul(scalars) };
    let times_g2 = |scalars: &[Field]| -> Vec<G2Affine> { g2.batch_mul(scalars) };
    let scaled = |scalars: Vec<Field>, by: Field| scalars.into_iter().map(|s| s * by).collect::<Vec<_>>();
    let factor = |powers: Powers| match powers {
        Powers::AlphaTauG1 => alpha,
        Powers::BetaTauG1 => beta,
        Powers::TauG1 | Powers::TauG2 => Field::one(),
    };
    let powers_of_tau = |n: u64| {
        std::iter::successors(Some(Field::one()), |p| Some(*p * tau))
            .take(n as usize)
            .collect()
    };

    let mut out = ptau::create(writer, power, power, 11)?;
    for powers in Powers::ALL {
        let scalars = scaled(powers_of_tau(powers.count(power)), factor(powers));
        match powers {
            Powers::TauG2 => out.point_section(powers.section(), &times_g2(&scalars))?,
            _ => out.point_section(powers.section(), &times_g1(&scalars))?,
        }
    }
    out.point_section(ptau::BETA_G2, &[(G2Projective::generator() * beta).into_affine()])?;
    out.section(ptau::CONTRIBUTIONS, &0u32.to_le_bytes())?;
    for powers in Powers::ALL {
        let mut scalars = Vec::new();
        for domain in 0..=powers.prepared_power(power) {
            let domain = Radix2EvaluationDomain::<Field>::new(1 << domain).ok_or(CeremonyError::NoDomain)?;
            scalars.extend(scaled(domain.evaluate_all_lagrange_coefficients(tau), factor(powers)));
        }
        match powers {
            Powers::TauG2 => out.point_section(powers.prepared_section(), &times_g2(&scalars))?,
            _ => out.point_section(powers.prepared_section(), &times_g1(&scalars))?,
        }
    }
    Ok(out.finish()?)
}

/// As [`known_powers`], in memory.
///
/// # Errors
/// As [`known_powers`].
pub fn known_powers_bytes(seed: &str, power: u32) -> Result<Vec<u8>, CeremonyError> {
    known_powers(seed, power, Vec::new())
}
