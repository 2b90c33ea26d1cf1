//! Keys, witnesses and proofs of other authors: what a `.zkey`, a `.wtns` and a `verification_key.json` say, proven and verified
//! with the same loops as our own statements. Nothing here is bound to a statement: these are for interoperation and for
//! measuring provers on the same files. A verdict rests on our own statements only; [`wires`] and [`ForeignKey::prepared`] hand those
//! to other programs, whose proofs then go through [`crate::verify`] like any other.

use std::sync::Arc;

use ark_ff::UniformRand as _;
use covenant_gadgets::circuit::Field;
use rand::{CryptoRng, RngCore};
use zeroize::Zeroize as _;

use crate::ceremony::entries;
use crate::decode::Proof;
use crate::errors::{KeyError, VerifyError};
use crate::fft::Transform;
use crate::formats::zkey::{Header, Transcript, Zkey};
use crate::formats::{FormatError, json};
use crate::keys::{Lines, Points, ProvingKey, lint};
use crate::matrices::Matrices;
use crate::prove::{KeyPoints, assemble};
use crate::verify::{check, fold};

mod ark;
mod own;

pub use own::wires;

/// A verifying key of another author, every point of it checked, and linted as our own.
pub struct ForeignKey {
    points: Points,
    lines: Lines,
}

/// Why no proof is made from a key and a witness of other authors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// The witness is not one of this key's circuit.
    #[error("the witness has {found} wires, the key {expected}")]
    Wires {
        /// The key's.
        expected: usize,
        /// The witness's.
        found: usize,
    },
    /// The key's domain does not exist, or the proof just made is not one: the witness breaks the circuit.
    #[error("no proof: the witness breaks the circuit, or the key is damaged")]
    NoProof,
}

impl ForeignKey {
    /// Reads a `verification_key.json`.
    ///
    /// # Errors
    /// Anything but the format; a bad point; a known weakness.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ForeignKeyError> {
        Self::new(json::read_key(bytes)?)
    }

    /// The verifying key inside a proving key.
    ///
    /// # Errors
    /// Where the key is weak, such as one that nobody has contributed to.
    pub fn of(key: &Zkey) -> Result<Self, ForeignKeyError> {
        Self::new(key.verifying_points())
    }

    fn new(points: Points) -> Result<Self, ForeignKeyError> {
        lint(&points)?;
        Ok(Self::linted(points))
    }

    fn linted(points: Points) -> Self {
        let lines = Lines::of(&points);
        Self { points, lines }
    }

    /// The key as `verification_key.json`.
    ///
    /// # Errors
    /// None that a key could cause.
    pub fn to_json(&self) -> Result<Vec<u8>, FormatError> {
        json::write_key(&self.points)
    }

    /// Public inputs, the constant one left out.
    pub fn inputs(&self) -> usize {
        self.points.ic.len() - 1
    }

    /// Verifies a proof.
    ///
    /// # Errors
    /// Another number of inputs than the key's; a proof that does not hold.
    pub fn verify(&self, inputs: &[Field], proof: &Proof) -> Result<(), VerifyError> {
        check(&self.lines, fold(&self.points.ic, inputs)?, proof)
    }
}

/// Why a verifying key of another author is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignKeyError {
    /// Its file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A known weakness.
    #[error("{0}")]
    Weak(String),
}

impl From<KeyError> for ForeignKeyError {
    fn from(error: KeyError) -> Self {
        Self::Weak(error.to_string())
    }
}

/// Proves with a key and a witness of other authors, once; see [`Prover`].
///
/// # Errors
/// As [`Prover::new`] and [`Prover::prove`].
pub fn prove(key: &Zkey, witness: &[Field], rng: &mut (impl RngCore + CryptoRng)) -> Result<Proof, ForeignError> {
    Prover::new(key)?.prove(witness, rng)
}

/// A proving key of another author, its matrices compressed once for many proofs.
pub struct Prover<'a> {
    key: &'a Zkey,
    points: Points,
    lines: Lines,
    matrices: Matrices,
    transform: Arc<Transform>,
}

impl<'a> Prover<'a> {
    /// Prepares a key.
    ///
    /// # Errors
    /// A key whose domain does not exist.
    pub fn new(key: &'a Zkey) -> Result<Self, ForeignError> {
        let inputs = key.header.public as usize + 1;
        let witnesses = (key.header.wires as usize).saturating_sub(inputs);
        let matrices = Matrices::from_entries(inputs, witnesses, &key.entries).map_err(|_| ForeignError::NoProof)?;
        let transform = Transform::of(key.header.domain as usize).ok_or(ForeignError::NoProof)?;
        let points = key.verifying_points();
        Ok(Self {
            key,
            lines: Lines::of(&points),
            points,
            matrices,
            transform,
        })
    }

    /// Proves with the values of all wires, the constant one first. The proof is checked before it is given.
    ///
    /// # Errors
    /// A witness of another size, or one that breaks the circuit.
    pub fn prove(&self, witness: &[Field], rng: &mut (impl RngCore + CryptoRng)) -> Result<Proof, ForeignError> {
        let mut blinding = [Field::rand(rng), Field::rand(rng)];
        let proof = self.prove_blinded(witness, blinding);
        blinding.zeroize();
        let proof = proof?;
        let public = witness.get(1..self.points.ic.len()).unwrap_or_default();
        let sum = fold(&self.points.ic, public).map_err(|_| ForeignError::NoProof)?;
        check(&self.lines, sum, &proof).map_err(|_| ForeignError::NoProof)?;
        Ok(proof)
    }

    /// The proof for these blinding values r and s, unchecked: for comparing provers, which all give the same one. Whoever
    /// learns r and s, or sees two proofs with the same ones, learns about the witness; so a proof that leaves the machine is
    /// never made with this.
    ///
    /// # Errors
    /// A witness of another size.
    pub fn prove_blinded(&self, witness: &[Field], blinding: [Field; 2]) -> Result<Proof, ForeignError> {
        let expected = self.key.header.wires as usize;
        if witness.len() != expected {
            return Err(ForeignError::Wires {
                expected,
                found: witness.len(),
            });
        }
        let quotient = || {
            // The rows of the public inputs stand among the key's entries.
            let mut rows = self.matrices.multiply(witness, self.transform.size());
            Ok(self.transform.quotient(&mut rows))
        };
        let wires = (witness, self.matrices.inputs());
        assemble(&self.key.points(), wires, blinding, quotient)?.ok_or(ForeignError::NoProof)
    }
}

impl Zkey {
    /// A key of ours in the form that snarkjs and rapidsnark prove with. Its transcript is empty, since a stored key keeps only the
    /// hash of its own: a ceremony is checked on the file that the ceremony ended in.
    pub fn of(key: &ProvingKey) -> Self {
        let (points, queries, matrices) = (key.verifying().points(), &key.queries, key.matrices());
        Self {
            header: Header {
                wires: matrices.wires() as u32,
                public: matrices.inputs() as u32 - 1,
                domain: queries.h.len() as u32,
                alpha_g1: points.alpha,
                beta_g1: queries.beta_g1,
                beta_g2: points.beta,
                gamma_g2: points.gamma,
                delta_g1: queries.delta_g1,
                delta_g2: points.delta,
            },
            ic: points.ic.clone(),
            entries: entries(matrices),
            a: queries.a.clone(),
            b_g1: queries.b_g1.clone(),
            b_g2: queries.b_g2.clone(),
            l: queries.l.clone(),
            h: queries.h.clone(),
            transcript: Transcript {
                circuit_hash: [0; 64],
                contributions: Vec::new(),
            },
        }
    }

    pub(crate) fn points(&self) -> KeyPoints<'_> {
        KeyPoints {
            alpha_g1: self.header.alpha_g1,
            beta_g1: self.header.beta_g1,
            beta_g2: self.header.beta_g2,
            delta_g1: self.header.delta_g1,
            delta_g2: self.header.delta_g2,
            a: &self.a,
            b_g1: &self.b_g1,
            b_g2: &self.b_g2,
            l: &self.l,
            h: &self.h,
        }
    }

    pub(crate) fn verifying_points(&self) -> Points {
        Points {
            alpha: self.header.alpha_g1,
            beta: self.header.beta_g2,
            gamma: self.header.gamma_g2,
            delta: self.header.delta_g2,
            ic: self.ic.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
