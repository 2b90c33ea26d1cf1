//! Field elements and points as they lie in memory: Montgomery form (times 2^256), four little-endian u64 limbs. Our proving
//! keys and the files of snarkjs hold points like this, so that reading them is a copy. A point is x ‖ y, a number of Fq2 is
//! c0 ‖ c1, and the identity is all zeros.

use ark_bn254::{Fq2, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::Affine;
use ark_ff::fields::models::fp::{Fp, MontBackend, MontConfig};
use ark_ff::{BigInt, PrimeField as _};

use crate::decode::all_in_g2;

/// Bytes of a field element.
pub(crate) const FIELD_BYTES: usize = 32;

/// A point in this form. Reading checks that the coordinates are below the modulus and nothing else; see
/// [`check_point`](crate::decode::check_point).
pub(crate) trait Point: AffineRepr + Send + Sync {
    /// Bytes of a point.
    const BYTES: usize;
    /// Reads a point from exactly [`Point::BYTES`] bytes; `None` where a coordinate is not below the modulus.
    fn read(bytes: &[u8]) -> Option<Self>;
    /// Appends a point.
    fn write(&self, out: &mut Vec<u8>);
    /// Whether finite points of the curve all lie in the subgroup.
    fn all_in_subgroup(points: &[Self]) -> bool;
}

impl Point for Affine<g1::Config> {
    const BYTES: usize = 64;

    fn read(bytes: &[u8]) -> Option<Self> {
        let (x, y) = bytes.split_at_checked(FIELD_BYTES)?;
        Some(Self::new_unchecked(field(x)?, field(y)?))
    }

    fn write(&self, out: &mut Vec<u8>) {
        // arkworks' identity on BN254 is (0, 0) as well, which is not on the curve.
        [self.x, self.y].iter().for_each(|f| write_field(out, f));
    }

    fn all_in_subgroup(_: &[Self]) -> bool {
        // The curve has no other points.
        true
    }
}

impl Point for Affine<g2::Config> {
    const BYTES: usize = 128;

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.chunks_exact(FIELD_BYTES).map(field);
        let mut next = || numbers.next().flatten();
        let (x, y) = (Fq2::new(next()?, next()?), Fq2::new(next()?, next()?));
        Some(Self::new_unchecked(x, y))
    }

    fn write(&self, out: &mut Vec<u8>) {
        [self.x.c0, self.x.c1, self.y.c0, self.y.c1]
            .iter()
            .for_each(|f| write_field(out, f));
    }

    fn all_in_subgroup(points: &[Self]) -> bool {
        all_in_g2(points)
    }
}

/// A field element from its limbs; `None` at or above the modulus.
pub(crate) fn field<C: MontConfig<4>>(bytes: &[u8]) -> Option<Fp<MontBackend<C, 4>, 4>> {
    let limbs = limbs(bytes)?;
    (limbs < C::MODULUS).then(|| Fp::new_unchecked(limbs))
}

/// Appends a field element's limbs.
pub(crate) fn write_field<C: MontConfig<4>>(out: &mut Vec<u8>, value: &Fp<MontBackend<C, 4>, 4>) {
    write_limbs(out, &value.0);
}

/// A field element from its canonical little-endian bytes; `None` at or above the modulus.
pub(crate) fn canonical<C: MontConfig<4>>(bytes: &[u8]) -> Option<Fp<MontBackend<C, 4>, 4>> {
    Fp::from_bigint(limbs(bytes)?)
}

/// Appends a field element's canonical little-endian bytes.
pub(crate) fn write_canonical<C: MontConfig<4>>(out: &mut Vec<u8>, value: &Fp<MontBackend<C, 4>, 4>) {
    write_limbs(out, &value.into_bigint());
}

fn limbs(bytes: &[u8]) -> Option<BigInt<4>> {
    if bytes.len() != FIELD_BYTES {
        return None;
    }
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(BigInt::new(limbs))
}

fn write_limbs(out: &mut Vec<u8>, value: &BigInt<4>) {
    value
        .0
        .iter()
        .for_each(|limb| out.extend_from_slice(&limb.to_le_bytes()));
}
