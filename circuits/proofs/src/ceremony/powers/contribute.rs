//! One contribution to powers of tau.

use std::io::{Read, Seek, SeekFrom, Write};

use ark_bn254::{Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::CurveGroup as _;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{One as _, UniformRand as _, Zero as _};
use blake2::{Blake2b512, Digest as _};
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize as _, Zeroizing};

use super::super::CeremonyError;
use super::super::blake2b::Blake2b;
use super::super::contribute::{checked_beacon, checked_name};
use super::super::hashing::{Hashed, finish, of_powers_beacon, powers_to_g2};
use super::{before_all, challenge_of, per_chunk, response_hash};
use crate::batch_affine::multiply_each;
use crate::formats::container::ContainerWriter;
use crate::formats::parameters::Beacon;
use crate::formats::ptau::{self, FORMAT, FirstPoints, Powers, PowersContribution, Ptau, SecretProof};
use crate::formats::{FormatError, zkey};
use crate::montgomery::Point;

/// τ, α and β of one contribution, and the random point of each one's proof.
pub(in super::super) struct Secrets {
    pub(in super::super) secrets: Zeroizing<[Fr; 3]>,
    pub(in super::super) points: [G1Affine; 3],
}

/// Adds a contribution whose secrets come from `rng` and are wiped afterwards. Every point is checked before a secret multiplies it.
/// `new` is written, and read once more for its hash. `progress` hears of each point written. Returns the contribution's hash, which
/// its maker should keep and publish.
///
/// # Errors
/// A file that was cut from a larger ceremony; a malformed one; a name that could deceive; faults of reading and writing.
pub fn contribute_powers(
    old: &mut Ptau<impl Read + Seek>,
    new: impl Read + Write + Seek,
    name: Option<&str>,
    rng: &mut (impl RngCore + CryptoRng),
    progress: impl FnMut(u64),
) -> Result<[u8; 64], CeremonyError> {
    let mut secrets = Zeroizing::new([Fr::zero(); 3]);
    for secret in secrets.iter_mut() {
        while secret.is_zero() {
            *secret = Fr::rand(rng);
        }
    }
    let points = [0; 3].map(|_| ark_bn254::G1Projective::rand(rng).into_affine());
    apply(old, new, (name, None), &Secrets { secrets, points }, progress)
}

/// Adds a contribution whose secrets come from a public random value: SHA-256 iterated 2^`iterations_log2` times over it.
///
/// # Errors
/// As [`contribute_powers`]; a value that is empty or longer than 255 bytes, or iterations outside 2^10 to 2^32.
pub fn beacon_powers(
    old: &mut Ptau<impl Read + Seek>,
    new: impl Read + Write + Seek,
    name: Option<&str>,
    beacon: &Beacon,
    progress: impl FnMut(u64),
) -> Result<[u8; 64], CeremonyError> {
    checked_beacon(beacon)?;
    apply(old, new, (name, Some(beacon)), &of_powers_beacon(beacon), progress)
}

fn apply(
    old: &mut Ptau<impl Read + Seek>,
    mut new: impl Read + Write + Seek,
    (name, beacon): (Option<&str>, Option<&Beacon>),
    drawn: &Secrets,
    mut progress: impl FnMut(u64),
) -> Result<[u8; 64], CeremonyError> {
    checked_name(name)?;
    let power = old.power();
    if old.ceremony_power() != power {
        return Err(CeremonyError::Misuse {
            what: format!("powers of tau cut from a ceremony of 2^{}", old.ceremony_power()),
            expected: "the whole file, which contributions are made to".to_owned(),
        });
    }
    let mut contributions = old.contributions()?;
    let (before, challenge) = match contributions.last() {
        Some(last) => (last.after, last.next_challenge),
        None => (before_all(), challenge_of(power)?),
    };
    let proofs = proofs_of(drawn, &challenge);
    let secrets = &drawn.secrets;
    let after = FirstPoints {
        tau_g1: (before.tau_g1 * secrets[0]).into_affine(),
        tau_g2: (before.tau_g2 * secrets[0]).into_affine(),
        alpha_g1: (before.alpha_g1 * secrets[1]).into_affine(),
        beta_g1: (before.beta_g1 * secrets[2]).into_affine(),
        beta_g2: (before.beta_g2 * secrets[2]).into_affine(),
    };

    let mut response = Blake2b::new();
    response.update(&challenge);
    let mut out = ptau::create(&mut new, power, power, 7)?;
    for powers in Powers::ALL {
        let first = match powers {
            Powers::TauG1 | Powers::TauG2 => Fr::one(),
            Powers::AlphaTauG1 => secrets[1],
            Powers::BetaTauG1 => secrets[2],
        };
        let job = Job {
            powers,
            count: powers.count(power),
            first,
            tau: secrets[0],
        };
        match powers {
            Powers::TauG2 => job.multiply::<g2::Config>(old, &mut out, &mut response, &mut progress)?,
            _ => job.multiply::<g1::Config>(old, &mut out, &mut response, &mut progress)?,
        }
    }
    out.point_section(ptau::BETA_G2, &[after.beta_g2])?;
    let mut bytes = Vec::new();
    after.beta_g2.compressed(&mut bytes);
    response.update(&bytes);
    out.finish()?;

    let mut contribution = PowersContribution {
        after,
        proofs,
        unfinished: response.unfinished(),
        next_challenge: [0; 64],
        name: name.map(str::to_owned),
        beacon: beacon.cloned(),
    };
    let hash = response_hash(&contribution).unwrap_or([0; 64]);
    contribution.next_challenge = next_challenge(&mut new, power, &hash)?;
    contributions.push(contribution);
    let mut out = ContainerWriter::resumed(new, FORMAT);
    out.section(ptau::CONTRIBUTIONS, &PowersContribution::write_all(&contributions))?;
    out.finish()?;
    Ok(hash)
}

/// The proofs that the secrets were known when this challenge was answered.
pub(in super::super) fn proofs_of(drawn: &Secrets, challenge: &[u8; 64]) -> [SecretProof; 3] {
    std::array::from_fn(|k| {
        let (secret, s) = (drawn.secrets[k], drawn.points[k]);
        let sx = (s * secret).into_affine();
        let spx = (powers_to_g2(k as u8, challenge, &s, &sx) * secret).into_affine();
        SecretProof { s, sx, spx }
    })
}

/// A sequence of points to be multiplied: point i by first · τ^i.
struct Job {
    powers: Powers,
    count: u64,
    first: Fr,
    tau: Fr,
}

impl Job {
    fn multiply<C: GLVConfig<ScalarField = Fr>>(
        mut self,
        old: &mut Ptau<impl Read + Seek>,
        out: &mut ContainerWriter<impl Write>,
        response: &mut Blake2b,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), CeremonyError>
    where
        Affine<C>: Point + Hashed,
    {
        out.begin(self.powers.section(), self.count * Affine::<C>::BYTES as u64)?;
        let mut bytes = Vec::new();
        let (powers, count) = (self.powers, self.count);
        old.powers_by::<Affine<C>>(powers, 0, count, |_, points| {
            // A point off the curve, or of a small order, times a secret would tell of the secret.
            zkey::check_all(points, FORMAT, "the powers", false)?;
            let mut points = points.to_vec();
            let mut scalars = Zeroizing::new(Vec::with_capacity(points.len()));
            for _ in 0..points.len() {
                scalars.push(self.first);
                self.first *= self.tau;
            }
            multiply_each(&mut points, &scalars);
            bytes.clear();
            points.iter().for_each(|p| p.compressed(&mut bytes));
            response.update(&bytes);
            out.points(&points)?;
            progress(points.len() as u64);
            Ok(())
        })?;
        self.first.zeroize();
        self.tau.zeroize();
        Ok(())
    }
}

/// BLAKE2b-512 over the contribution's hash and all points, read back. Leaves the file at its end.
fn next_challenge(file: &mut (impl Read + Seek), power: u32, response: &[u8; 64]) -> Result<[u8; 64], CeremonyError> {
    let io = |e: std::io::Error| FormatError::io(FORMAT, &e);
    let mut hash = Blake2b512::new();
    hash.update(response);
    let mut at = ptau::FIRST_SECTION;
    for powers in Powers::ALL {
        at += 12;
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        let count = powers.count(power);
        match powers {
            Powers::TauG2 => absorb::<G2Affine>(file, count, &mut hash)?,
            _ => absorb::<G1Affine>(file, count, &mut hash)?,
        }
        at += count * powers.point_bytes();
    }
    file.seek(SeekFrom::Start(at + 12)).map_err(io)?;
    absorb::<G2Affine>(file, 1, &mut hash)?;
    file.seek(SeekFrom::End(0)).map_err(io)?;
    Ok(finish(hash))
}

fn absorb<P: Point + Hashed>(file: &mut impl Read, count: u64, hash: &mut Blake2b512) -> Result<(), FormatError> {
    let mut left = count;
    let (mut bytes, mut out) = (Vec::new(), Vec::new());
    while left > 0 {
        let here = per_chunk::<P>().min(left);
        bytes.resize(here as usize * P::BYTES, 0);
        file.read_exact(&mut bytes).map_err(|e| FormatError::io(FORMAT, &e))?;
        out.clear();
        for point in bytes.chunks_exact(P::BYTES) {
            let point =
                P::read(point).ok_or_else(|| FormatError::malformed(FORMAT, "what was just written", "points"))?;
            point.uncompressed(&mut out);
        }
        hash.update(&out);
        left -= here;
    }
    Ok(())
}
