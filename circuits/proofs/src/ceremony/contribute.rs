//! One contribution: δ times a secret, L and H over it, and the proof that the secret was known.
//!
//! The old key is read and the new one written piece by piece, so that a contribution needs little memory whatever the circuit.

use std::io::{Read, Seek, Write};

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{Field as _, UniformRand as _, Zero as _};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroize as _;

use super::CeremonyError;
use super::hashing::{BEACON_ITERATIONS_LOG2_MAX, contribution_hash, next_transcript, of_beacon, so_far, to_g2};
use crate::batch_affine::multiply_all;
use crate::formats::parameters::{is_plain, shown};
use crate::formats::zkey::{self, Beacon, Contribution, Header, Transcript};

/// Bytes of a name that a contribution may carry; snarkjs cuts longer ones.
const NAME_BYTES_MAX: usize = 64;

/// Adds a contribution whose secret comes from `rng` and is wiped afterwards. `progress` hears of each point of L and H done.
/// Returns the contribution's hash, which its maker should keep and publish.
///
/// # Errors
/// A key that is malformed or whose δ is not the last contribution's; a name of more than 64 bytes; faults of reading and
/// writing.
pub fn contribute(
    old: impl Read + Seek,
    new: impl Write,
    name: Option<&str>,
    rng: &mut (impl RngCore + CryptoRng),
    progress: impl FnMut(u64),
) -> Result<[u8; 64], CeremonyError> {
    let mut secret = Fr::rand(rng);
    while secret.is_zero() {
        secret = Fr::rand(rng);
    }
    let s = G1Projective::rand(rng).into_affine();
    let done = apply(old, new, name, None, (secret, s), progress);
    secret.zeroize();
    done
}

/// Adds the last contribution, whose secret comes from a public random value: SHA-256 iterated 2^`iterations_log2` times over it.
/// It takes from everybody the choice of the final key.
///
/// # Errors
/// As [`contribute`]; a value that is empty or longer than 255 bytes, or iterations outside 2^10 to 2^32.
pub fn beacon(
    old: impl Read + Seek,
    new: impl Write,
    name: Option<&str>,
    beacon: Beacon,
    progress: impl FnMut(u64),
) -> Result<[u8; 64], CeremonyError> {
    checked_beacon(&beacon)?;
    let drawn = of_beacon(&beacon);
    apply(old, new, name, Some(beacon), drawn, progress)
}

/// A beacon whose iterations somebody will check.
pub(super) fn checked_beacon(beacon: &Beacon) -> Result<(), CeremonyError> {
    let iterations = 10..=BEACON_ITERATIONS_LOG2_MAX;
    if (1..=255).contains(&beacon.value.len()) && iterations.contains(&beacon.iterations_log2) {
        return Ok(());
    }
    Err(CeremonyError::Misuse {
        what: format!("{} bytes, 2^{} iterations", beacon.value.len(), beacon.iterations_log2),
        expected: format!("1 to 255 bytes, and 2^10 to 2^{BEACON_ITERATIONS_LOG2_MAX} iterations"),
    })
}

/// A name that reads as what it is: nothing in it hides, moves or fakes text beside it.
pub(super) fn checked_name(name: Option<&str>) -> Result<(), CeremonyError> {
    match name {
        Some(name) if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !is_plain(name) => Err(CeremonyError::Misuse {
            what: format!("a name of {} bytes: {}", name.len(), shown(name)),
            expected: "1 to 64 bytes of visible text".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn apply(
    old: impl Read + Seek,
    new: impl Write,
    name: Option<&str>,
    beacon: Option<Beacon>,
    (secret, s): (Fr, G1Affine),
    mut progress: impl FnMut(u64),
) -> Result<[u8; 64], CeremonyError> {
    checked_name(name)?;
    let mut old = zkey::open(old)?;
    let mut header = Header::read(&mut old)?;
    header.check_points()?;
    let mut transcript = Transcript::read(&mut old)?;
    let last = transcript
        .contributions
        .last()
        .map_or_else(G1Affine::generator, |c| c.delta_after);
    if header.delta_g1 != last {
        return Err(CeremonyError::broken(
            "the key",
            "its delta is not the last contribution's",
        ));
    }

    let mut inverse = secret.inverse().unwrap_or_default();
    header.delta_g1 = (header.delta_g1 * secret).into_affine();
    header.delta_g2 = (header.delta_g2 * secret).into_affine();
    let sx = (s * secret).into_affine();
    let hash = next_transcript(so_far(&transcript), &s, &sx);
    let contribution = Contribution {
        delta_after: header.delta_g1,
        s,
        sx,
        spx: (to_g2(&hash) * secret).into_affine(),
        transcript: hash,
        name: name.map(str::to_owned),
        beacon,
    };
    let own_hash = contribution_hash(&contribution);
    transcript.contributions.push(contribution);

    let inputs = u64::from(header.public) + 1;
    let mut out = zkey::create(new)?;
    header.write(&mut out)?;
    for section in 3..=7 {
        out.copy(&mut old, section)?;
    }
    for (section, name, count) in [
        (8, "L", u64::from(header.wires) - inputs),
        (9, "H", u64::from(header.domain)),
    ] {
        old.expect_length(section, name, count * zkey::G1_BYTES)?;
        out.begin(section, count * zkey::G1_BYTES)?;
        old.points_by::<G1Affine>(section, 0, count, |_, points| {
            // A point off the curve, times the secret, would tell the secret to whoever put it there.
            zkey::check_all(points, zkey::FORMAT, name, true)?;
            let mut points = points.to_vec();
            multiply_all(&mut points, inverse);
            out.points(&points)?;
            progress(points.len() as u64);
            Ok(())
        })?;
    }
    inverse.zeroize();
    transcript.write(&mut out)?;
    out.finish()?;
    Ok(own_hash)
}
