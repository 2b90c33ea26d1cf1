//! Powers of tau, checked: the contributions one after the other, and every point against the ones beside it.

use std::io::{Read, Seek};

use ark_bn254::{Bn254, Fq12, Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::pairing::Pairing as _;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig, CurveGroup as _};
use ark_ff::{Field as _, Zero as _};
use blake2::{Blake2b512, Digest as _};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;

use super::super::hashing::{BEACON_ITERATIONS_LOG2_MAX, Hashed, finish, of_powers_beacon, powers_to_g2};
use super::super::{CeremonyError, Contributed};
use super::contribute::proofs_of;
use super::{before_all, challenge_of, names, response_hash};
use crate::formats::parameters::shown;
use crate::formats::ptau::{FORMAT, FirstPoints, Powers, PowersContribution, Ptau};
use crate::formats::zkey;
use crate::montgomery::Point;
use crate::msm::Scalars;

const STEP: &str = "the powers of tau";

/// Checks powers of tau: that every contribution follows from the one before it and its maker knew the secrets, that the file's points
/// are what the last one left, and that each is the one before times τ. They are sound if one contributor forgot their secrets; a
/// beacon does not count, since its secrets are public.
///
/// # Errors
/// The first step that does not hold, by name; powers that nobody contributed a secret to; faults of reading.
pub fn verify_powers(
    powers: &mut Ptau<impl Read + Seek>,
    rng: &mut (impl RngCore + CryptoRng),
    progress: impl FnMut(u64),
) -> Result<Vec<Contributed>, CeremonyError> {
    let contributed = powers_hold(powers, rng, progress)?;
    if contributed.iter().all(|c| c.beacon.is_some()) {
        return Err(CeremonyError::broken(
            STEP,
            "nobody contributed a secret: everybody can know tau, and forge",
        ));
    }
    Ok(contributed)
}

/// As [`verify_powers`], but powers that nobody contributed to may be a rehearsal's.
pub(in super::super) fn powers_hold(
    powers: &mut Ptau<impl Read + Seek>,
    rng: &mut (impl RngCore + CryptoRng),
    progress: impl FnMut(u64),
) -> Result<Vec<Contributed>, CeremonyError> {
    let contributions = powers.contributions()?;
    let contributed = contributions_hold(&contributions, powers.ceremony_power())?;
    let response = match contributions.last() {
        Some(last) => response_hash(last).ok_or_else(|| CeremonyError::broken(STEP, "a hash that was kept is none"))?,
        None => [0; 64],
    };
    let (first, hash) = points_hold(powers, rng, &response, progress)?;
    if let Some(last) = contributions.last() {
        if first != last.after {
            return Err(CeremonyError::broken(
                STEP,
                "their first points are not those of the last contribution",
            ));
        }
        // Of a file that was cut from a larger one, the hash is over points that are not here; its first points fix all others.
        if powers.power() == powers.ceremony_power() && hash != last.next_challenge {
            return Err(CeremonyError::broken(
                STEP,
                "their hash is not the one that the last contribution names",
            ));
        }
    }
    Ok(contributed)
}

/// Each contribution follows from the one before it. They are independent of each other once the file is read, so they are checked
/// side by side; the first that fails is named.
fn contributions_hold(all: &[PowersContribution], power: u32) -> Result<Vec<Contributed>, CeremonyError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let start = (before_all(), challenge_of(power)?);
    let before = std::iter::once(start).chain(all.iter().map(|c| (c.after, c.next_challenge)));
    let pairs: Vec<_> = (1..).zip(before.zip(all)).collect();
    let faults: Vec<Option<CeremonyError>> = pairs
        .par_iter()
        .map(|(number, ((points, challenge), one))| contribution_holds(*number, points, challenge, one).err())
        .collect();
    if let Some(fault) = faults.into_iter().flatten().next() {
        return Err(fault);
    }
    let contributed = all.iter().map(|c| Contributed {
        name: c.name.clone(),
        hash: response_hash(c).unwrap_or([0; 64]),
        beacon: c.beacon.clone(),
    });
    Ok(contributed.collect())
}

fn contribution_holds(
    number: u32,
    before: &FirstPoints,
    challenge: &[u8; 64],
    one: &PowersContribution,
) -> Result<(), CeremonyError> {
    let step = match &one.name {
        Some(name) => format!("contribution {number} to the powers of tau ({})", shown(name)),
        None => format!("contribution {number} to the powers of tau"),
    };
    let broken = |what: String| CeremonyError::broken(step.clone(), what);
    let bases: [G2Affine; 3] = std::array::from_fn(|k| {
        let proof = &one.proofs[k];
        powers_to_g2(k as u8, challenge, &proof.s, &proof.sx)
    });
    for ((name, proof), base) in names().into_iter().zip(&one.proofs).zip(&bases) {
        if !same_ratio((proof.s, proof.sx), (*base, proof.spx)) {
            return Err(broken(format!("its proof of knowledge of {name} does not hold")));
        }
    }
    let after = &one.after;
    let [tau, alpha, beta] = &one.proofs;
    let follows = [
        ("tau in G1", (before.tau_g1, after.tau_g1), (bases[0], tau.spx)),
        ("tau in G2", (tau.s, tau.sx), (before.tau_g2, after.tau_g2)),
        ("alpha", (before.alpha_g1, after.alpha_g1), (bases[1], alpha.spx)),
        ("beta in G1", (before.beta_g1, after.beta_g1), (bases[2], beta.spx)),
        ("beta in G2", (beta.s, beta.sx), (before.beta_g2, after.beta_g2)),
    ];
    for (name, in_g1, in_g2) in follows {
        if !same_ratio(in_g1, in_g2) {
            return Err(broken(format!(
                "{name} was not multiplied by the secret that is proven"
            )));
        }
    }
    if let Some(beacon) = &one.beacon {
        if beacon.iterations_log2 > BEACON_ITERATIONS_LOG2_MAX {
            return Err(broken("its beacon claims more iterations than anybody checks".into()));
        }
        if proofs_of(&of_powers_beacon(beacon), challenge) != one.proofs {
            return Err(broken("it does not come from its beacon".into()));
        }
    }
    Ok(())
}

/// Each point is on its curve and in its group, and the one before times τ; α and β are the same throughout. Returns the first points,
/// and BLAKE2b-512 over `response` and all points.
fn points_hold(
    powers: &mut Ptau<impl Read + Seek>,
    rng: &mut (impl RngCore + CryptoRng),
    response: &[u8; 64],
    mut progress: impl FnMut(u64),
) -> Result<(FirstPoints, [u8; 64]), CeremonyError> {
    let broken = |what: &str| CeremonyError::broken(STEP, what);
    let (one_g1, one_g2) = (G1Affine::generator(), G2Affine::generator());
    let mut hash = Blake2b512::new();
    hash.update(response);
    let tau = steps::<g1::Config>(powers, Powers::TauG1, rng, &mut hash, &mut progress)?;
    let tau_g2 = steps::<g2::Config>(powers, Powers::TauG2, rng, &mut hash, &mut progress)?;
    let alpha = steps::<g1::Config>(powers, Powers::AlphaTauG1, rng, &mut hash, &mut progress)?;
    let beta = steps::<g1::Config>(powers, Powers::BetaTauG1, rng, &mut hash, &mut progress)?;
    let beta_g2 = powers.beta_g2()?;
    zkey::check_one(&beta_g2, FORMAT, "beta in G2")?;
    let mut bytes = Vec::new();
    beta_g2.uncompressed(&mut bytes);
    hash.update(&bytes);

    if tau.first[0] != one_g1 || tau_g2.first[0] != one_g2 {
        return Err(broken("they do not begin with the generators"));
    }
    for (name, steps) in [("tau in G1", &tau), ("alpha", &alpha), ("beta", &beta)] {
        if !same_ratio((steps.earlier, steps.later), (one_g2, tau_g2.first[1])) {
            return Err(broken(&format!("{name}: not each is the one before times tau")));
        }
    }
    if !same_ratio((one_g1, tau.first[1]), (tau_g2.earlier, tau_g2.later)) {
        return Err(broken("tau in G2: not each is the one before times tau"));
    }
    if !same_ratio((one_g1, beta.first[0]), (one_g2, beta_g2)) {
        return Err(broken("beta in G2 is not the one in G1"));
    }
    let first = FirstPoints {
        tau_g1: tau.first[1],
        tau_g2: tau_g2.first[1],
        alpha_g1: alpha.first[0],
        beta_g1: beta.first[0],
        beta_g2,
    };
    Ok((first, finish(hash)))
}

/// All points of a sequence but the last, and all but the first, combined by the same random scalars; and the first two points.
struct Steps<C: SWCurveConfig> {
    earlier: Affine<C>,
    later: Affine<C>,
    first: [Affine<C>; 2],
}

fn steps<C>(
    powers: &mut Ptau<impl Read + Seek>,
    kind: Powers,
    rng: &mut (impl RngCore + CryptoRng),
    hash: &mut Blake2b512,
    progress: &mut impl FnMut(u64),
) -> Result<Steps<C>, CeremonyError>
where
    C: SWCurveConfig + CurveConfig<ScalarField = Fr>,
    Affine<C>: Point + Hashed,
{
    let count = kind.count(powers.power());
    let (mut earlier, mut later) = (Projective::<C>::zero(), Projective::<C>::zero());
    let mut first = [Affine::<C>::identity(); 2];
    // The last point of a piece is the first one of the next piece's steps.
    let mut joined: Vec<Affine<C>> = Vec::new();
    let mut bytes = Vec::new();
    powers.powers_by::<Affine<C>>(kind, 0, count, |at, points| {
        zkey::check_all(points, FORMAT, "the powers", false)?;
        if at == 0 {
            first.iter_mut().zip(points).for_each(|(to, from)| *to = *from);
        }
        bytes.clear();
        points.iter().for_each(|p| p.uncompressed(&mut bytes));
        hash.update(&bytes);
        joined.extend_from_slice(points);
        if let (Some((last, all_but_last)), Some((_, all_but_first))) = (joined.split_last(), joined.split_first()) {
            let [sum, next] = sums(all_but_last, all_but_first, rng);
            earlier += sum;
            later += next;
            joined = vec![*last];
        }
        progress(points.len() as u64);
        Ok(())
    })?;
    Ok(Steps {
        earlier: earlier.into_affine(),
        later: later.into_affine(),
        first,
    })
}

/// Whether b = x·a and d = x·c for one x: e(a, d) = e(b, c).
pub(in super::super) fn same_ratio((a, b): (G1Affine, G1Affine), (c, d): (G2Affine, G2Affine)) -> bool {
    let infinite = a.is_zero() || b.is_zero() || c.is_zero() || d.is_zero();
    !infinite && Bn254::multi_pairing([a, -b], [d, c]).0 == Fq12::ONE
}

/// Both lists, combined by the same random scalars of 128 bits.
pub(in super::super) fn combined<C>(
    before: &[Affine<C>],
    after: &[Affine<C>],
    rng: &mut (impl RngCore + CryptoRng),
) -> [Affine<C>; 2]
where
    C: SWCurveConfig + CurveConfig<ScalarField = Fr>,
{
    sums(before, after, rng).map(Projective::into_affine)
}

fn sums<C>(before: &[Affine<C>], after: &[Affine<C>], rng: &mut (impl RngCore + CryptoRng)) -> [Projective<C>; 2]
where
    C: SWCurveConfig + CurveConfig<ScalarField = Fr>,
{
    let scalars: Vec<Fr> = before
        .iter()
        .map(|_| Fr::from(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())))
        .collect();
    let scalars = Scalars::new(&scalars);
    let (before, after) = rayon::join(|| scalars.multiply(before), || scalars.multiply(after));
    [before, after]
}
