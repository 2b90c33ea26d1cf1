//! From a ceremony's last key to the key that provers and verifiers open.

use std::io::{Read, Seek};

use data_encoding::HEXLOWER;
use rand::{CryptoRng, RngCore};

use super::hashing::{finish as finish_hash, so_far};
use super::{CeremonyError, Checked, verify};
use crate::errors::KeyError;
use crate::formats::ptau::Ptau;
use crate::formats::zkey::Zkey;
use crate::keys::{Origin, ProvingKey, Queries, VerifyingKey};
use crate::matrices::Matrices;
use crate::shape;
use crate::statement::Statement;

/// A key, and who contributed to it.
#[derive(Debug)]
pub struct Finished {
    /// The key, whose id commits to the transcript.
    pub key: ProvingKey,
    /// Who contributed to the powers of tau and to the key.
    pub checked: Checked,
    /// BLAKE2b-512 over the first key.
    pub circuit_hash: [u8; 64],
    /// BLAKE2b-512 over the first key's hash and every contribution.
    pub transcript: [u8; 64],
}

/// The rows of a statement's circuit, as ceremonies take them.
///
/// # Errors
/// Where the circuit cannot be built.
pub fn circuit<S: Statement>() -> Result<Matrices, KeyError> {
    shape::matrices_of::<S>()
        .map(|(matrices, _)| matrices)
        .map_err(KeyError::Synthesis)
}

/// Verifies a ceremony for the statement `S` from its circuit and the powers of tau, and makes its key: one whose origin is the
/// ceremony, or, on powers of tau that nobody contributed to, a development key. All contributions are
/// checked, those to the powers of tau too.
///
/// # Errors
/// As [`verify`]; a weak key.
pub fn finish<S: Statement>(
    key: Zkey,
    powers: &mut Ptau<impl Read + Seek>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Finished, CeremonyError> {
    let matrices = circuit::<S>().map_err(|e| CeremonyError::broken("the circuit", e.to_string()))?;
    let checked = verify(&key, &matrices, powers, rng)?;
    let transcript = finish_hash(so_far(&key.transcript));
    // Powers of tau that nobody contributed a secret to have secrets that somebody knows: a key on them is a rehearsal's.
    let origin = if checked.is_rehearsed() {
        Origin::Development {
            seed: format!("rehearsal {}", HEXLOWER.encode(&transcript)),
        }
    } else {
        Origin::Ceremony { transcript }
    };
    let circuit_hash = key.transcript.circuit_hash;
    let verifying = VerifyingKey::new(origin, S::ID, matrices.hash(), key.verifying_points())
        .map_err(|e| CeremonyError::broken("the key", e.to_string()))?;
    let queries = Queries {
        beta_g1: key.header.beta_g1,
        delta_g1: key.header.delta_g1,
        a: key.a,
        b_g1: key.b_g1,
        b_g2: key.b_g2,
        l: key.l,
        h: key.h,
    };
    let key = ProvingKey {
        verifying,
        matrices,
        queries,
    };
    Ok(Finished {
        key,
        checked,
        circuit_hash,
        transcript,
    })
}
