//! The contributions to powers of tau, as section 7 of a file holds them.

use std::io::{Read, Seek};

use ark_bn254::{G1Affine, G2Affine};

use super::{CONTRIBUTIONS, FORMAT};
use crate::formats::FormatError;
use crate::formats::container::{Container, Cursor};
use crate::formats::parameters::{self, Beacon};
use crate::formats::zkey::check_one;
use crate::montgomery::Point as _;

/// Bytes of a hash that was not finished: its buffer, its state, and how much it took in.
pub(crate) const UNFINISHED_BYTES: usize = 216;
/// Bytes of all contributions that are read: some 3,000 of them.
const BYTES_MAX: u64 = 4 << 20;

/// One contribution: three secrets by which τ, α and β were multiplied, and the proofs that its maker knew them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowersContribution {
    /// The first points afterwards.
    pub(crate) after: FirstPoints,
    /// The proofs for τ, α and β.
    pub(crate) proofs: [SecretProof; 3],
    /// BLAKE2b-512 over the challenge and all points in compressed form, before the proofs went in.
    pub(crate) unfinished: [u8; UNFINISHED_BYTES],
    /// The next contribution's challenge: BLAKE2b-512 over the finished hash and all points.
    pub next_challenge: [u8; 64],
    /// Who says that they contributed; nothing checks it.
    pub name: Option<String>,
    /// Where the secrets came from a public beacon.
    pub beacon: Option<Beacon>,
}

/// What a contribution changes, by its first points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FirstPoints {
    pub(crate) tau_g1: G1Affine,
    pub(crate) tau_g2: G2Affine,
    pub(crate) alpha_g1: G1Affine,
    pub(crate) beta_g1: G1Affine,
    pub(crate) beta_g2: G2Affine,
}

/// The proof that a secret x was known: s, x·s, and x times the point that challenge, s and x·s hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SecretProof {
    pub(crate) s: G1Affine,
    pub(crate) sx: G1Affine,
    pub(crate) spx: G2Affine,
}

impl PowersContribution {
    pub(super) fn read_all(file: &mut Container<impl Read + Seek>) -> Result<Vec<Self>, FormatError> {
        let bytes = file.all(CONTRIBUTIONS, BYTES_MAX)?;
        let mut cursor = Cursor::new(&bytes, FORMAT, "contributions");
        let count = cursor.u32()?;
        let mut all = Vec::new();
        for number in 1..=count {
            all.push(Self::read(&mut cursor, number)?);
        }
        cursor.end()?;
        Ok(all)
    }

    /// The section's bytes.
    pub(crate) fn write_all(all: &[Self]) -> Vec<u8> {
        let mut bytes = (all.len() as u32).to_le_bytes().to_vec();
        all.iter().for_each(|c| c.write(&mut bytes));
        bytes
    }

    fn read(cursor: &mut Cursor<'_>, number: u32) -> Result<Self, FormatError> {
        let after = FirstPoints {
            tau_g1: cursor.point()?,
            tau_g2: cursor.point()?,
            alpha_g1: cursor.point()?,
            beta_g1: cursor.point()?,
            beta_g2: cursor.point()?,
        };
        let mut pairs = [[G1Affine::default(); 2]; 3];
        for pair in &mut pairs {
            *pair = [cursor.point()?, cursor.point()?];
        }
        let mut proofs = pairs.map(|[s, sx]| SecretProof {
            s,
            sx,
            spx: G2Affine::default(),
        });
        for proof in &mut proofs {
            proof.spx = cursor.point()?;
        }
        check(&after, &proofs, number)?;
        let unfinished = cursor.array()?;
        let next_challenge = cursor.array()?;
        let (name, beacon) = parameters::read(cursor, FORMAT, number)?;
        Ok(Self {
            after,
            proofs,
            unfinished,
            next_challenge,
            name,
            beacon,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let FirstPoints {
            tau_g1,
            tau_g2,
            alpha_g1,
            beta_g1,
            beta_g2,
        } = &self.after;
        tau_g1.write(out);
        tau_g2.write(out);
        alpha_g1.write(out);
        beta_g1.write(out);
        beta_g2.write(out);
        self.proofs.iter().for_each(|p| {
            p.s.write(out);
            p.sx.write(out);
        });
        self.proofs.iter().for_each(|p| p.spx.write(out));
        out.extend_from_slice(&self.unfinished);
        out.extend_from_slice(&self.next_challenge);
        parameters::write(out, self.name.as_deref(), self.beacon.as_ref());
    }
}

/// Every point is on the curve, in the subgroup and not infinite.
fn check(after: &FirstPoints, proofs: &[SecretProof; 3], number: u32) -> Result<(), FormatError> {
    let place = |what: &str| format!("contribution {number}, {what}");
    let g1 = [after.tau_g1, after.alpha_g1, after.beta_g1];
    let in_g1 = proofs.iter().flat_map(|p| [p.s, p.sx]).chain(g1);
    in_g1
        .into_iter()
        .try_for_each(|p| check_one(&p, FORMAT, &place("a point of G1")))?;
    let g2 = [after.tau_g2, after.beta_g2];
    let in_g2 = proofs.iter().map(|p| p.spx).chain(g2);
    in_g2
        .into_iter()
        .try_for_each(|p| check_one(&p, FORMAT, &place("a point of G2")))
}
