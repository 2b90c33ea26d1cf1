//! EdDSA with Poseidon over Baby Jubjub, as circomlibjs signs and circomlib's `EdDSAPoseidonVerifier` verifies.
//!
//! A signature (R, S) of M under A holds when S·Base8 = R + 8·h·A with h = Poseidon(R.x, R.y, A.x, A.y, M). Keys are admitted in
//! the prime-order subgroup only, S below its order; the equation then leaves R no small-order part either.

pub mod circuit;
mod montgomery;

use std::fmt;

use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::PrimeField as _;
use blake_hash::{Blake512, Digest as _};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

pub use self::circuit::{SignatureAssignment, SignatureRules, SignatureVars, verify_var};
use crate::baby_jubjub::{
    BASE8, BabyJubjub, Point, PointError, Scalar, pack_point, point_from_coordinates, unpack_point,
};
use crate::circuit::Field;
use crate::field::{field_from_bytes, field_to_bytes};
use crate::poseidon;

/// A secret key: 32 random bytes. Wiped from memory when dropped; it has no `Debug`.
pub struct SecretKey {
    seed: Zeroizing<[u8; 32]>,
}

/// A public key: a point of the prime-order subgroup, not its identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(Point);

/// A signature: a point of the curve, and a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature {
    r8: Point,
    s: Scalar,
}

/// Why a public key is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The bytes or coordinates are not a point.
    #[error("not a public key: {0}")]
    Point(#[from] PointError),
    /// The identity, under which anything is signed.
    #[error("not a public key: the point is the identity")]
    Identity,
    /// A point with a small-order part: several keys would accept the same signatures.
    #[error("not a public key: the point is outside the prime-order subgroup")]
    OutsideSubgroup,
}

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// R is not a point.
    #[error("the signature's first half is not a point: {0}")]
    Nonce(#[from] PointError),
    /// S is not below the subgroup order: a second signature made from the first.
    #[error("the signature's scalar is not below the subgroup order")]
    ScalarNotCanonical,
    /// The equation does not hold: another message, another key, or no signature.
    #[error("the signature does not belong to this key and message")]
    Equation,
}

impl SecretKey {
    /// The key of these 32 bytes, which must come from a good generator.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            seed: Zeroizing::new(*seed),
        }
    }

    /// The pruned scalar s (a multiple of 8) modulo ℓ, and the 32 bytes that nonces are derived from.
    fn expand(&self) -> (Zeroizing<Scalar>, Zeroizing<[u8; 32]>) {
        let digest: Zeroizing<[u8; 64]> = Zeroizing::new(Blake512::digest(&self.seed[..]).into());
        let (mut scalar, mut nonce) = (Zeroizing::new([0u8; 32]), Zeroizing::new([0u8; 32]));
        scalar.copy_from_slice(&digest[..32]);
        nonce.copy_from_slice(&digest[32..]);
        scalar[0] &= 0xf8;
        scalar[31] = scalar[31] & 0x7f | 0x40;
        (Zeroizing::new(Scalar::from_le_bytes_mod_order(&scalar[..])), nonce)
    }

    /// The public key (s/8)·Base8.
    pub fn public(&self) -> PublicKey {
        let (scalar, _) = self.expand();
        PublicKey((BASE8 * (*scalar * <BabyJubjub as ark_ec::CurveConfig>::COFACTOR_INV)).into_affine())
    }

    /// Signs one field element, deterministically.
    pub fn sign(&self, message: Field) -> Signature {
        let (scalar, nonce_key) = self.expand();
        let digest = Blake512::new()
            .chain(&nonce_key[..])
            .chain(field_to_bytes(&message))
            .finalize();
        let mut nonce = Scalar::from_le_bytes_mod_order(&digest);
        let r8 = (BASE8 * nonce).into_affine();
        let challenge = challenge(&r8, &self.public(), message);
        let s = nonce + to_scalar(&challenge) * *scalar;
        nonce.zeroize();
        Signature { r8, s }
    }
}

impl PublicKey {
    /// The key of circomlib's 32 packed bytes.
    pub fn from_packed(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        Self::from_point(unpack_point(bytes)?)
    }

    /// The key with these coordinates.
    pub fn from_coordinates(x: Field, y: Field) -> Result<Self, KeyError> {
        Self::from_point(point_from_coordinates(x, y)?)
    }

    fn from_point(point: Point) -> Result<Self, KeyError> {
        if point.is_zero() {
            return Err(KeyError::Identity);
        }
        if !point.is_in_correct_subgroup_assuming_on_curve() {
            return Err(KeyError::OutsideSubgroup);
        }
        Ok(Self(point))
    }

    /// circomlib's packed form.
    pub fn packed(&self) -> [u8; 32] {
        pack_point(&self.0)
    }

    /// x and y.
    pub fn coordinates(&self) -> (Field, Field) {
        (self.0.x, self.0.y)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.0.x, self.0.y)
    }
}

impl Signature {
    /// The signature of circomlibjs' 64 packed bytes: R packed, then S little-endian.
    pub fn from_packed(bytes: &[u8; 64]) -> Result<Self, SignatureError> {
        let (mut r8, mut s) = ([0u8; 32], [0u8; 32]);
        r8.copy_from_slice(&bytes[..32]);
        s.copy_from_slice(&bytes[32..]);
        let r8 = unpack_point(&r8)?;
        // ℓ < p: a number that is no canonical element is no canonical scalar.
        let s = field_from_bytes(&s).ok_or(SignatureError::ScalarNotCanonical)?;
        Self::from_parts((r8.x, r8.y), s)
    }

    /// The signature with these coordinates of R and this S, as an integer below p.
    pub fn from_parts((x, y): (Field, Field), s: Field) -> Result<Self, SignatureError> {
        let r8 = point_from_coordinates(x, y)?;
        let s = Scalar::from_bigint(s.into_bigint()).ok_or(SignatureError::ScalarNotCanonical)?;
        Ok(Self { r8, s })
    }

    /// circomlibjs' packed form.
    pub fn packed(&self) -> [u8; 64] {
        let mut bytes = [0u8; 64];
        bytes[..32].copy_from_slice(&pack_point(&self.r8));
        bytes[32..].copy_from_slice(&field_to_bytes(&self.scalar()));
        bytes
    }

    /// R: x and y.
    pub fn nonce(&self) -> (Field, Field) {
        (self.r8.x, self.r8.y)
    }

    /// S, as an element of the field that circuits compute in.
    pub fn scalar(&self) -> Field {
        // ℓ < p, so that this never wraps.
        Field::from(self.s.into_bigint())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature(({}, {}), {})", self.r8.x, self.r8.y, self.s)
    }
}

/// Verifies a signature: S·Base8 = R + 8·h·A.
pub fn verify(key: &PublicKey, message: Field, signature: &Signature) -> Result<(), SignatureError> {
    let challenge = to_scalar(&challenge(&signature.r8, key, message));
    let expected = key.0 * (challenge * Scalar::from(8u64)) + signature.r8;
    if BASE8 * signature.s == expected {
        Ok(())
    } else {
        Err(SignatureError::Equation)
    }
}

/// h = Poseidon(R.x, R.y, A.x, A.y, M).
fn challenge(r8: &Point, key: &PublicKey, message: Field) -> Field {
    poseidon::hash(&[r8.x, r8.y, key.0.x, key.0.y, message])
}

/// The integer in [0, p) modulo ℓ.
fn to_scalar(value: &Field) -> Scalar {
    Scalar::from_le_bytes_mod_order(&field_to_bytes(value))
}

#[cfg(test)]
mod tests;
