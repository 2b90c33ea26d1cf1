//! The whole transcript of a ceremony, checked from the circuit and the powers of tau.

use std::io::{Read, Seek};

use ark_bn254::{Bn254, Fq12, Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::pairing::Pairing as _;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig, CurveGroup as _};
use ark_ff::{Field as _, UniformRand as _};
use ark_poly::EvaluationDomain as _;
use rand::{CryptoRng, RngCore};

use super::CeremonyError;
use super::hashing::{
    BEACON_ITERATIONS_LOG2_MAX, absorb_contribution, contribution_hash, next_transcript, of_beacon, so_far, to_g2,
};
use super::setup::setup;
use crate::formats::ptau::{Powers, Ptau};
use crate::formats::zkey::{Beacon, Contribution, Transcript, Zkey};
use crate::matrices::Matrices;
use crate::montgomery::Point;
use crate::msm::msm;
use crate::qap;

/// A contribution that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributed {
    /// Who says that it is theirs.
    pub name: Option<String>,
    /// Its hash, to be compared with what its maker published.
    pub hash: [u8; 64],
    /// The public value that it came from, where it did.
    pub beacon: Option<Beacon>,
}

/// Checks a key that a ceremony ended in: the powers of tau among themselves, the first key (computed anew from circuit and
/// powers), each contribution in order, and that nothing but δ, L and H differs from the first key, by exactly the secrets
/// contributed. The key is sound if one contributor forgot their secret; a beacon does not count, since its secret is public.
///
/// # Errors
/// The first step that does not hold, by name; a key that nobody contributed to; faults of reading.
pub fn verify<R: Read + Seek>(
    key: &Zkey,
    matrices: &Matrices,
    powers: &mut Ptau<R>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<Contributed>, CeremonyError> {
    powers_hold(powers, rng)?;
    forms_hold(powers, matrices, rng)?;
    let first = setup(matrices, powers)?;
    if key.transcript.circuit_hash != first.transcript.circuit_hash {
        let what = "its transcript begins with another circuit, or with other powers of tau";
        return Err(CeremonyError::broken("the circuit", what));
    }
    let (delta, contributed) = contributions_hold(&key.transcript)?;
    // A beacon's secret is public: it takes away a choice, and keeps nothing secret.
    if contributed.iter().all(|c| c.beacon.is_some()) {
        return Err(CeremonyError::broken(
            "the key",
            "nobody contributed a secret: everybody can know delta, and forge",
        ));
    }
    same_but_for_delta(key, &first)?;
    let header = &key.header;
    if header.delta_g1 != delta {
        return Err(CeremonyError::broken(
            "the key",
            "its delta in G1 is not the last contribution's",
        ));
    }
    let (one_g1, one_g2) = (G1Affine::generator(), G2Affine::generator());
    if !same_ratio((one_g1, delta), (one_g2, header.delta_g2)) {
        return Err(CeremonyError::broken("the key", "its delta in G2 is not the one in G1"));
    }
    for (name, before, after) in [("L", &first.l, &key.l), ("H", &first.h, &key.h)] {
        let [before, after] = combined(before, after, rng);
        // before = δ · after.
        if !same_ratio((after, before), (one_g2, header.delta_g2)) {
            return Err(CeremonyError::broken(
                "the key",
                format!("{name} is not the first key's over delta"),
            ));
        }
    }
    Ok(contributed)
}

/// Each contribution follows from the ones before it, and its maker knew the secret. Returns δ after the last.
fn contributions_hold(transcript: &Transcript) -> Result<(G1Affine, Vec<Contributed>), CeremonyError> {
    let mut hash = so_far(&Transcript {
        circuit_hash: transcript.circuit_hash,
        contributions: Vec::new(),
    });
    let mut delta = G1Affine::generator();
    let mut contributed = Vec::new();
    for (number, contribution) in (1..).zip(&transcript.contributions) {
        let step = match &contribution.name {
            Some(name) => format!("contribution {number} ({name})"),
            None => format!("contribution {number}"),
        };
        let broken = |what: &str| CeremonyError::broken(step.clone(), what);
        let Contribution { s, sx, spx, .. } = contribution;
        if next_transcript(hash.clone(), s, sx) != contribution.transcript {
            return Err(broken("its transcript is not that of what stands before it"));
        }
        let sp = to_g2(&contribution.transcript);
        if !same_ratio((*s, *sx), (sp, *spx)) {
            return Err(broken("its proof of knowledge does not hold"));
        }
        if !same_ratio((delta, contribution.delta_after), (sp, *spx)) {
            return Err(broken("delta was not multiplied by the secret that is proven"));
        }
        if let Some(beacon) = &contribution.beacon {
            if beacon.iterations_log2 > BEACON_ITERATIONS_LOG2_MAX {
                return Err(broken("its beacon claims more iterations than anybody checks"));
            }
            let (secret, point) = of_beacon(beacon);
            if point != *s || (point * secret).into_affine() != *sx {
                return Err(broken("it does not come from its beacon"));
            }
        }
        absorb_contribution(&mut hash, contribution);
        delta = contribution.delta_after;
        contributed.push(Contributed {
            name: contribution.name.clone(),
            hash: contribution_hash(contribution),
            beacon: contribution.beacon.clone(),
        });
    }
    Ok((delta, contributed))
}

/// Everything that no contribution may touch.
fn same_but_for_delta(key: &Zkey, first: &Zkey) -> Result<(), CeremonyError> {
    let (k, f) = (&key.header, &first.header);
    let parts = [
        (
            "its sizes",
            (k.wires, k.public, k.domain) == (f.wires, f.public, f.domain),
        ),
        ("alpha", k.alpha_g1 == f.alpha_g1),
        ("beta in G1", k.beta_g1 == f.beta_g1),
        ("beta in G2", k.beta_g2 == f.beta_g2),
        ("gamma", k.gamma_g2 == f.gamma_g2),
        ("IC", key.ic == first.ic),
        ("its matrices", key.entries == first.entries),
        ("A", key.a == first.a),
        ("B in G1", key.b_g1 == first.b_g1),
        ("B in G2", key.b_g2 == first.b_g2),
        ("the length of L", key.l.len() == first.l.len()),
        ("the length of H", key.h.len() == first.h.len()),
    ];
    match parts.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(CeremonyError::broken(
            "the key",
            format!("{what}: not as in the first key"),
        )),
        None => Ok(()),
    }
}

/// The powers of tau are powers of one τ, in both groups, and α and β are the same throughout.
fn powers_hold<R: Read + Seek>(
    powers: &mut Ptau<R>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(), CeremonyError> {
    let broken = |what: &str| CeremonyError::broken("the powers of tau", what);
    let count = 1u64 << powers.power();
    let tau_g1: Vec<G1Affine> = powers.powers(Powers::TauG1, 0, 2 * count - 1)?;
    let tau_g2: Vec<G2Affine> = powers.powers(Powers::TauG2, 0, count)?;
    let alpha: Vec<G1Affine> = powers.powers(Powers::AlphaTauG1, 0, count)?;
    let beta: Vec<G1Affine> = powers.powers(Powers::BetaTauG1, 0, count)?;
    let beta_g2 = powers.beta_g2()?;
    for (name, points) in [("tau", &tau_g1), ("alpha tau", &alpha), ("beta tau", &beta)] {
        crate::formats::zkey::check_all(points, name, false)?;
    }
    crate::formats::zkey::check_all(&tau_g2, "tau in G2", false)?;
    crate::formats::zkey::check_one(&beta_g2, "beta in G2")?;

    let (one_g1, one_g2) = (G1Affine::generator(), G2Affine::generator());
    let (Some(&tau1), Some(&tau2)) = (tau_g1.get(1), tau_g2.get(1)) else {
        return Err(broken("there are too few"));
    };
    if tau_g1.first() != Some(&one_g1) || tau_g2.first() != Some(&one_g2) {
        return Err(broken("they do not begin with the generators"));
    }
    let in_step_g1 = |points: &[G1Affine], rng: &mut _| {
        let (Some((_, later)), Some((_, earlier))) = (points.split_first(), points.split_last()) else {
            return false;
        };
        let [earlier, later] = combined(earlier, later, rng);
        same_ratio((earlier, later), (one_g2, tau2))
    };
    for (name, points) in [("tau in G1", &tau_g1), ("alpha", &alpha), ("beta", &beta)] {
        if !in_step_g1(points, rng) {
            return Err(broken(&format!("{name}: not each is the one before times tau")));
        }
    }
    let (Some((_, later)), Some((_, earlier))) = (tau_g2.split_first(), tau_g2.split_last()) else {
        return Err(broken("there are too few"));
    };
    let [earlier, later] = combined(earlier, later, rng);
    if !same_ratio((one_g1, tau1), (earlier, later)) {
        return Err(broken("tau in G2: not each is the one before times tau"));
    }
    match beta.first() {
        Some(first) if same_ratio((one_g1, *first), (one_g2, beta_g2)) => {}
        _ => return Err(broken("beta in G2 is not the one in G1")),
    }
    Ok(())
}

/// The Lagrange forms that the first key is made from are those of the powers: for random ρ, Σ ρᵢ·Lᵢ(τ) = Σ cⱼ·τ^j, where c is the
/// inverse transform of ρ.
fn forms_hold<R: Read + Seek>(
    powers: &mut Ptau<R>,
    matrices: &Matrices,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(), CeremonyError> {
    let domain = qap::domain(matrices).map_err(|_| CeremonyError::NoDomain)?;
    let power = domain.size().ilog2();
    if powers.power() <= power {
        return Err(CeremonyError::PowersTooFew {
            found: powers.power(),
            needed: power + 1,
        });
    }
    let all = [
        (Powers::TauG1, power),
        (Powers::TauG1, power + 1),
        (Powers::AlphaTauG1, power),
        (Powers::BetaTauG1, power),
        (Powers::TauG2, power),
    ];
    for (kind, power) in all {
        let holds = match kind {
            Powers::TauG2 => form_holds::<g2::Config, R>(powers, kind, power, rng)?,
            _ => form_holds::<g1::Config, R>(powers, kind, power, rng)?,
        };
        if !holds {
            return Err(CeremonyError::broken(
                "the powers of tau",
                "a Lagrange form is not that of the powers: prepare them anew",
            ));
        }
    }
    Ok(())
}

fn form_holds<C, R: Read + Seek>(
    powers: &mut Ptau<R>,
    kind: Powers,
    power: u32,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<bool, CeremonyError>
where
    C: GLVConfig<ScalarField = Fr>,
    Affine<C>: Point,
{
    let domain = qap::Domain::new(1 << power).ok_or(CeremonyError::NoDomain)?;
    let form: Vec<Affine<C>> = powers.lagrange(kind, power)?;
    let plain: Vec<Affine<C>> = powers.powers(kind, 0, 1 << power)?;
    let weights: Vec<Fr> = form.iter().map(|_| Fr::rand(rng)).collect();
    Ok(msm(&form, &weights) == msm(&plain, &domain.ifft(&weights)))
}

/// Whether b = x·a and d = x·c for one x: e(a, d) = e(b, c).
fn same_ratio((a, b): (G1Affine, G1Affine), (c, d): (G2Affine, G2Affine)) -> bool {
    let infinite = a.is_zero() || b.is_zero() || c.is_zero() || d.is_zero();
    !infinite && Bn254::multi_pairing([a, -b], [d, c]).0 == Fq12::ONE
}

/// Both lists, combined by the same random scalars of 128 bits.
fn combined<C>(before: &[Affine<C>], after: &[Affine<C>], rng: &mut (impl RngCore + CryptoRng)) -> [Affine<C>; 2]
where
    C: SWCurveConfig + CurveConfig<ScalarField = Fr>,
{
    let scalars: Vec<Fr> = before
        .iter()
        .map(|_| Fr::from(u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())))
        .collect();
    [before, after].map(|points| Projective::into_affine(msm(points, &scalars)))
}
