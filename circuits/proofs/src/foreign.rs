//! Keys, witnesses and proofs of other authors: what a `.zkey`, a `.wtns` and a `verification_key.json` say, proven and verified
//! with the same loops as our own statements. Nothing here is bound to a statement: these are for interoperation and for
//! measuring provers on the same files, never for a verdict.

use covenant_gadgets::circuit::Field;
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize as _, Zeroizing};

use ark_ff::{UniformRand as _, Zero as _};
use ark_poly::EvaluationDomain as _;

use crate::decode::Proof;
use crate::errors::{KeyError, VerifyError};
use crate::formats::zkey::Zkey;
use crate::formats::{FormatError, json};
use crate::keys::{Lines, Points, lint};
use crate::prove::{KeyPoints, assemble};
use crate::qap;
use crate::verify::{check, fold};

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
        let lines = Lines::of(&points);
        Ok(Self { points, lines })
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

/// Proves with a key and a witness of other authors: the values of all wires, the constant one first. The proof is checked
/// before it is given.
///
/// # Errors
/// A witness of another size, or one that breaks the circuit.
pub fn prove(key: &Zkey, witness: &[Field], rng: &mut (impl RngCore + CryptoRng)) -> Result<Proof, ForeignError> {
    let expected = key.header.wires as usize;
    if witness.len() != expected {
        return Err(ForeignError::Wires {
            expected,
            found: witness.len(),
        });
    }
    let inputs = key.header.public as usize + 1;
    let mut blinding = [Field::rand(rng), Field::rand(rng)];
    let proof = assemble(&key.points(), (witness, inputs), blinding, || quotient(key, witness))?;
    blinding.zeroize();
    let proof = proof.ok_or(ForeignError::NoProof)?;
    let points = key.verifying_points();
    let public = witness.get(1..inputs).unwrap_or_default();
    let sum = fold(&points.ic, public).map_err(|_| ForeignError::NoProof)?;
    check(&Lines::of(&points), sum, &proof).map_err(|_| ForeignError::NoProof)?;
    Ok(proof)
}

/// The scalars of the H query. The rows of the public inputs stand among the key's entries.
fn quotient(key: &Zkey, witness: &[Field]) -> Result<Zeroizing<Vec<Field>>, ForeignError> {
    let size = key.header.domain as usize;
    let domain = qap::Domain::new(size).ok_or(ForeignError::NoProof)?;
    let mut rows = [vec![Field::zero(); size], vec![Field::zero(); size]];
    for entry in &key.entries {
        let value = witness.get(entry.wire as usize).copied().unwrap_or_default();
        if let Some(sum) = rows
            .get_mut(entry.matrix as usize)
            .and_then(|m| m.get_mut(entry.row as usize))
        {
            *sum += entry.coefficient * value;
        }
    }
    let [a, b] = rows;
    qap::quotient_values(&domain, a, b)
        .map(Zeroizing::new)
        .map_err(|_| ForeignError::NoProof)
}

impl Zkey {
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
