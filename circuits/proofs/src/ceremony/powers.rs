//! The first phase of a ceremony: powers of tau, which serve every circuit up to a size.
//!
//! - [`new_powers`]: τ = α = β = 1, the same for everybody.
//! - [`contribute_powers`], [`beacon_powers`]: multiply τ, α and β by secrets, and prove that these were known.
//! - [`verify_powers`]: every contribution, and every point of the file.
//!
//! Files and hashes are those of snarkjs 0.7.6 (`powersoftau new|contribute|beacon|verify`), which follow Bowe, Gabizon and Miers
//! (eprint 2017/1050) and the perpetual powers of tau. A file is read and written in pieces, so that memory does not grow with it.

mod contribute;
mod verify;

use std::io::Write;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use blake2::{Blake2b512, Digest as _};

pub(super) use contribute::Secrets;
pub use contribute::{beacon_powers, contribute_powers};
pub use verify::verify_powers;
pub(super) use verify::{combined, powers_hold, same_ratio};

use super::CeremonyError;
use super::hashing::{Hashed as _, finish};
use crate::formats::container::CHUNK_BYTES;
use crate::formats::ptau::{self, FirstPoints, Powers, PowersContribution};
use crate::montgomery::Point;

/// The largest power that is made here, and whose first challenge is computed: it hashes 6 GB.
const POWER_MAX: u32 = 24;
/// The power of the perpetual powers of tau, which the published files were cut from.
const PERPETUAL: u32 = 28;
/// [`first_challenge`] for [`PERPETUAL`], which hashes 100 GB: computed once.
const PERPETUAL_CHALLENGE: &str = "93da91920d5a54a8a0fde55cd9dc3a10c4f3eef768b62c0948741370864254b4c1920f3f29d4ebc0ef3acecf2e2db63a755713d77e1ed77347a56fbc317c7a93";

/// Writes powers of tau that nobody has contributed to. `progress` hears of each point written.
///
/// # Errors
/// A power outside 1 to 24; faults of writing.
pub fn new_powers<W: Write>(power: u32, writer: W, mut progress: impl FnMut(u64)) -> Result<W, CeremonyError> {
    if !(1..=POWER_MAX).contains(&power) {
        return Err(CeremonyError::Misuse {
            what: format!("powers of tau of 2^{power}"),
            expected: format!("1 to {POWER_MAX}"),
        });
    }
    let mut out = ptau::create(writer, power, power, 7)?;
    for powers in Powers::ALL {
        let count = powers.count(power);
        out.begin(powers.section(), count * powers.point_bytes())?;
        let per_chunk = CHUNK_BYTES as u64 / powers.point_bytes();
        let mut left = count;
        while left > 0 {
            let here = per_chunk.min(left);
            match powers {
                Powers::TauG2 => out.points(&vec![G2Affine::generator(); here as usize])?,
                _ => out.points(&vec![G1Affine::generator(); here as usize])?,
            }
            left -= here;
            progress(here);
        }
    }
    out.point_section(ptau::BETA_G2, &[G2Affine::generator()])?;
    out.section(ptau::CONTRIBUTIONS, &PowersContribution::write_all(&[]))?;
    Ok(out.finish()?)
}

/// Points of all four sequences.
pub fn points_of_powers(power: u32) -> u64 {
    Powers::ALL.iter().map(|p| p.count(power)).sum()
}

/// The points before the first contribution.
fn before_all() -> FirstPoints {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    FirstPoints {
        tau_g1: g1,
        tau_g2: g2,
        alpha_g1: g1,
        beta_g1: g1,
        beta_g2: g2,
    }
}

/// The challenge of the first contribution: BLAKE2b-512 over the hash of nothing and the points of [`new_powers`]. `None` beyond what
/// is worth computing: a file could claim a ceremony whose first challenge takes minutes.
fn first_challenge(power: u32) -> Option<[u8; 64]> {
    if power == PERPETUAL {
        let known = data_encoding::HEXLOWER.decode(PERPETUAL_CHALLENGE.as_bytes());
        return known.ok()?.try_into().ok();
    }
    if power > POWER_MAX {
        return None;
    }
    let mut hash = Blake2b512::new();
    hash.update(Blake2b512::digest([]));
    for powers in Powers::ALL {
        let mut piece = Vec::new();
        match powers {
            Powers::TauG2 => G2Affine::generator().uncompressed(&mut piece),
            _ => G1Affine::generator().uncompressed(&mut piece),
        }
        let count = powers.count(power);
        let pieces = piece.repeat(count.min(4096) as usize);
        for _ in 0..count / 4096 {
            hash.update(&pieces);
        }
        (0..count % 4096).for_each(|_| hash.update(&piece));
    }
    let mut last = Vec::new();
    G2Affine::generator().uncompressed(&mut last);
    hash.update(&last);
    Some(finish(hash))
}

fn challenge_of(power: u32) -> Result<[u8; 64], CeremonyError> {
    first_challenge(power).ok_or_else(|| CeremonyError::Misuse {
        what: format!("a ceremony of 2^{power}"),
        expected: format!("at most 2^{POWER_MAX}, or the 2^{PERPETUAL} of the perpetual powers of tau"),
    })
}

/// The hash of a contribution by which its maker knows it again: over the points and the proofs. `None` where the state that the file
/// keeps is none.
fn response_hash(contribution: &PowersContribution) -> Option<[u8; 64]> {
    let mut hash = super::blake2b::Blake2b::resumed(&contribution.unfinished)?;
    let mut bytes = Vec::new();
    for proof in &contribution.proofs {
        proof.s.uncompressed(&mut bytes);
        proof.sx.uncompressed(&mut bytes);
    }
    contribution.proofs.iter().for_each(|p| p.spx.uncompressed(&mut bytes));
    hash.update(&bytes);
    Some(hash.finish())
}

/// The number of a secret: τ, α, β in this order.
fn names() -> [&'static str; 3] {
    ["tau", "alpha", "beta"]
}

/// How a point's bytes are numbered in chunks.
fn per_chunk<P: Point>() -> u64 {
    (CHUNK_BYTES / P::BYTES) as u64
}
