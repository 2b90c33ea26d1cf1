//! The whole transcript of a ceremony, checked from the circuit and the powers of tau.

use std::io::{Read, Seek};

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig, CurveGroup as _};
use ark_ff::UniformRand as _;
use ark_poly::EvaluationDomain as _;
use rand::{CryptoRng, RngCore};

use super::CeremonyError;
use super::hashing::{
    BEACON_ITERATIONS_LOG2_MAX, absorb_contribution, contribution_hash, next_transcript, of_beacon, so_far, to_g2,
};
use super::powers::{combined, powers_hold, same_ratio};
use super::setup::{Forms, setup_from};
use crate::formats::parameters::shown;
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

/// Who made a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The contributions to the powers of tau, in order; none where they are a rehearsal's.
    pub powers: Vec<Contributed>,
    /// The contributions to the key, in order.
    pub contributed: Vec<Contributed>,
}

impl Checked {
    /// Whether nobody contributed a secret to the powers of tau, so that somebody or everybody knows them.
    pub fn is_rehearsed(&self) -> bool {
        self.powers.iter().all(|c| c.beacon.is_some())
    }
}

/// Checks a key that a ceremony ended in: the powers of tau, their contributions and points, the first key (computed anew from circuit and
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
) -> Result<Checked, CeremonyError> {
    let contributed_powers = powers_hold(powers, rng, |_| {})?;
    let forms = Forms::read(matrices, powers)?;
    forms_hold(&forms, powers, rng)?;
    let first = setup_from(matrices, &forms, powers)?;
    drop(forms);
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
    Ok(Checked {
        powers: contributed_powers,
        contributed,
    })
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
            Some(name) => format!("contribution {number} ({})", shown(name)),
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

/// The Lagrange forms that the first key is made from are those of the powers: for random ρ, Σ ρᵢ·Lᵢ(τ) = Σ cⱼ·τ^j, where c is the
/// inverse transform of ρ. Forms that were computed here and now, because the file has none, need no check.
fn forms_hold<R: Read + Seek>(
    forms: &Forms,
    powers: &mut Ptau<R>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(), CeremonyError> {
    if !powers.is_prepared() {
        return Ok(());
    }
    let in_g1 = [
        (Powers::TauG1, &forms.tau),
        (Powers::TauG1, &forms.double),
        (Powers::AlphaTauG1, &forms.alpha_tau),
        (Powers::BetaTauG1, &forms.beta_tau),
    ];
    let mut holds = form_holds(&forms.tau_g2, powers, Powers::TauG2, rng)?;
    for (kind, form) in in_g1 {
        holds &= form_holds(form, powers, kind, rng)?;
    }
    if holds {
        return Ok(());
    }
    Err(CeremonyError::broken(
        "the powers of tau",
        "a Lagrange form is not that of the powers: prepare them anew",
    ))
}

fn form_holds<C, R: Read + Seek>(
    form: &[Affine<C>],
    powers: &mut Ptau<R>,
    kind: Powers,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<bool, CeremonyError>
where
    C: SWCurveConfig + CurveConfig<ScalarField = Fr>,
    Affine<C>: Point,
{
    let domain = qap::Domain::new(form.len()).ok_or(CeremonyError::NoDomain)?;
    let plain: Vec<Affine<C>> = powers.powers(kind, 0, form.len() as u64)?;
    let weights: Vec<Fr> = form.iter().map(|_| Fr::rand(rng)).collect();
    Ok(msm(form, &weights) == msm(&plain, &domain.ifft(&weights)))
}
