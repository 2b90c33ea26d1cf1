//! What comes from outside, decoded strictly: exact lengths, canonical numbers, points on the curve and in the subgroup.
//!
//! A proof is 128 bytes in arkworks' compressed form, A ‖ B ‖ C: a point of G1 is x as 32 little-endian bytes, a point of G2
//! is x = c0 + c1·u as c0 ‖ c1; the last byte's two top bits say which y is meant: 00 the smaller of y and −y, 10 the
//! larger (compared as integers, for G2 by c1 and then c0); 01 would be infinity, which is refused, as is 11.

mod points;
#[cfg(target_arch = "x86_64")]
mod side_by_side;

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, BigInteger as _, PrimeField, Zero};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;

use self::points::Wrong;
pub(crate) use self::points::all_in_g2;
use crate::montgomery::Point;

pub use crate::errors::DecodeError;

/// Flag: the larger y.
const LARGER: u8 = 0b1000_0000;
/// Flag: the point at infinity.
const INFINITY: u8 = 0b0100_0000;
/// Both flags.
const FLAGS: u8 = LARGER | INFINITY;

/// Bytes of an encoded proof.
const LENGTH: usize = 128;

/// Points that are checked side by side, and of which each is checked alone once one is wrong.
const CHECKED_TOGETHER: usize = 256;

/// A Groth16 proof: three points, valid by construction, none of them infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub(crate) a: G1Affine,
    pub(crate) b: G2Affine,
    pub(crate) c: G1Affine,
}

impl Proof {
    /// Bytes of an encoded proof.
    pub const LENGTH: usize = LENGTH;

    /// Reads a proof.
    ///
    /// # Errors
    /// Any length but 128; a point that is not canonical, not on the curve, not in the subgroup, or infinite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrong_length = DecodeError::ProofLength { found: bytes.len() };
        let bytes: &[u8; Self::LENGTH] = bytes.try_into().map_err(|_| wrong_length)?;
        let (a, rest) = bytes.split_at(32);
        let (b, c) = rest.split_at(64);
        Ok(Self {
            a: compressed::<_, _, 32>(a, "the proof's A", fq, points::g1)?,
            b: compressed::<_, _, 64>(b, "the proof's B", fq2, points::g2)?,
            c: compressed::<_, _, 32>(c, "the proof's C", fq, points::g1)?,
        })
    }

    /// Reads many proofs, on all cores, and eight at once where the processor can: the outcomes of [`Proof::from_bytes`], one
    /// by one and in order.
    pub fn many_from_bytes<B: AsRef<[u8]> + Sync>(proofs: &[B]) -> Vec<Result<Self, DecodeError>> {
        #[cfg(target_arch = "x86_64")]
        if let Some(ifma) = crate::lanes::Ifma::detected().filter(|_| proofs.len() > 1) {
            let group = |proofs: &[B]| Self::side_by_side::<crate::lanes::Lanes2, B>(ifma, proofs);
            return proofs.par_chunks(crate::lanes::WIDTH).flat_map_iter(group).collect();
        }
        let each = proofs.par_iter().map(|bytes| Self::from_bytes(bytes.as_ref()));
        each.collect()
    }

    /// As many proofs as lie side by side.
    #[cfg(target_arch = "x86_64")]
    fn side_by_side<Q: crate::numbers::Quadratic, B: AsRef<[u8]>>(
        token: Q::Token,
        proofs: &[B],
    ) -> Vec<Result<Self, DecodeError>> {
        let whole = |bytes: &B| -> [u8; LENGTH] { bytes.as_ref().try_into().unwrap_or([0; LENGTH]) };
        let wholes: Vec<[u8; LENGTH]> = proofs.iter().map(whole).collect();
        let found = side_by_side::proofs::<Q>(token, &wholes);
        // What was not found is read again alone, which says what is wrong with it.
        let each = proofs.iter().zip(found);
        each.map(|(bytes, found)| found.map_or_else(|| Self::from_bytes(bytes.as_ref()), Ok))
            .collect()
    }

    /// The one encoding of this proof.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let (a, rest) = bytes.split_at_mut(32);
        let (b, c) = rest.split_at_mut(64);
        write_fq(a, self.a.x);
        write_fq2(b, self.b.x);
        write_fq(c, self.c.x);
        for (target, larger) in [
            (a, self.a.y > -self.a.y),
            (b, self.b.y > -self.b.y),
            (c, self.c.y > -self.c.y),
        ] {
            if let (Some(last), true) = (target.last_mut(), larger) {
                *last |= LARGER;
            }
        }
        bytes
    }

    /// Puts three points together; `None` where one is infinite, which a verifier refuses.
    pub(crate) fn new(a: G1Affine, b: G2Affine, c: G1Affine) -> Option<Self> {
        (!a.is_zero() && !b.is_zero() && !c.is_zero()).then_some(Self { a, b, c })
    }
}

/// Reads a scalar field element: 32 little-endian bytes below the modulus.
///
/// # Errors
/// Any other length, or a number at or above the modulus.
pub fn field_from_bytes(bytes: &[u8]) -> Result<Field, DecodeError> {
    number(bytes).ok_or(DecodeError::Field)
}

/// The 32 little-endian bytes of a scalar field element.
pub fn field_to_bytes(value: &Field) -> [u8; 32] {
    let mut bytes = [0; 32];
    write_number(&mut bytes, *value);
    bytes
}

/// Reads a point of G1 as x ‖ y, 64 bytes.
pub(crate) fn g1(bytes: &[u8], part: &'static str) -> Result<G1Affine, DecodeError> {
    uncompressed(bytes, part, fq)
}

/// Reads a point of G2 as x ‖ y, each c0 ‖ c1, 128 bytes.
pub(crate) fn g2(bytes: &[u8], part: &'static str) -> Result<G2Affine, DecodeError> {
    uncompressed(bytes, part, fq2)
}

/// Writes a point of G1 as x ‖ y.
pub(crate) fn write_g1(out: &mut Vec<u8>, point: &G1Affine) {
    let mut bytes = [0; 64];
    let (x, y) = bytes.split_at_mut(32);
    write_fq(x, point.x);
    write_fq(y, point.y);
    out.extend_from_slice(&bytes);
}

/// Writes a point of G2 as x ‖ y.
pub(crate) fn write_g2(out: &mut Vec<u8>, point: &G2Affine) {
    let mut bytes = [0; 128];
    let (x, y) = bytes.split_at_mut(64);
    write_fq2(x, point.x);
    write_fq2(y, point.y);
    out.extend_from_slice(&bytes);
}

/// A point of either group from its compressed form of N bytes.
fn compressed<F: Zero, P, const N: usize>(
    bytes: &[u8],
    part: &'static str,
    read: impl Fn(&[u8]) -> Option<F>,
    point: impl Fn(F, bool) -> Result<P, Wrong>,
) -> Result<P, DecodeError> {
    let not_canonical = DecodeError::NotCanonical { part };
    let (bytes, flags) = split_flags::<N>(bytes).ok_or(not_canonical)?;
    let x = read(&bytes).ok_or(not_canonical)?;
    match flags {
        FLAGS => Err(not_canonical),
        INFINITY if x.is_zero() => Err(DecodeError::AtInfinity { part }),
        INFINITY => Err(not_canonical),
        _ => point(x, flags == LARGER).map_err(|wrong| match wrong {
            Wrong::NotOnCurve => DecodeError::NotOnCurve { part },
            Wrong::NotInSubgroup => DecodeError::NotInSubgroup { part },
        }),
    }
}

/// N bytes without the flags in the last one, and these.
fn split_flags<const N: usize>(bytes: &[u8]) -> Option<([u8; N], u8)> {
    let mut bytes: [u8; N] = bytes.try_into().ok()?;
    let last = bytes.last_mut()?;
    let flags = *last & FLAGS;
    *last &= !FLAGS;
    Some((bytes, flags))
}

/// A point of either group from both its coordinates.
fn uncompressed<P: SWCurveConfig>(
    bytes: &[u8],
    part: &'static str,
    read: impl Fn(&[u8]) -> Option<P::BaseField>,
) -> Result<Affine<P>, DecodeError> {
    let (x, y) = bytes.split_at(bytes.len() / 2);
    let (x, y) = read(x).zip(read(y)).ok_or(DecodeError::NotCanonical { part })?;
    let point = Affine::new_unchecked(x, y);
    check_point(&point, part)?;
    Ok(point)
}

/// On the curve, in the subgroup, not infinite.
pub(crate) fn check_point<P: SWCurveConfig>(point: &Affine<P>, part: &'static str) -> Result<(), DecodeError> {
    if point.is_zero() {
        return Err(DecodeError::AtInfinity { part });
    }
    if !point.is_on_curve() {
        return Err(DecodeError::NotOnCurve { part });
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(DecodeError::NotInSubgroup { part });
    }
    Ok(())
}

/// Checks many points as [`check_point`] checks one, but that infinite ones are left out where they may be. Of the points that are
/// wrong, one is named by its place.
pub(crate) fn check_points<P: SWCurveConfig>(
    points: &[Affine<P>],
    part: &'static str,
    infinite: bool,
) -> Result<(), (usize, DecodeError)>
where
    Affine<P>: Point,
{
    let groups = points.par_chunks(CHECKED_TOGETHER).enumerate();
    groups.try_for_each(|(group, points)| {
        let finite: Vec<Affine<P>> = points.iter().filter(|p| !p.is_zero()).copied().collect();
        let present = infinite || finite.len() == points.len();
        if present && finite.iter().all(Affine::is_on_curve) && Affine::all_in_subgroup(&finite) {
            return Ok(());
        }
        let each = points.iter().enumerate().filter(|(_, p)| !(infinite && p.is_zero()));
        let mut checked = each.map(|(place, point)| (place, check_point(point, part)));
        checked.try_for_each(|(place, checked)| checked.map_err(|e| (group * CHECKED_TOGETHER + place, e)))
    })
}

fn fq(bytes: &[u8]) -> Option<Fq> {
    number(bytes)
}

fn fq2(bytes: &[u8]) -> Option<Fq2> {
    let (c0, c1) = bytes.split_at_checked(32)?;
    Some(Fq2::new(number(c0)?, number(c1)?))
}

/// A number below the modulus from exactly 32 little-endian bytes.
fn number<F: PrimeField<BigInt = BigInt<4>>>(bytes: &[u8]) -> Option<F> {
    if bytes.len() != 32 {
        return None;
    }
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    F::from_bigint(BigInt::new(limbs))
}

fn write_number<F: PrimeField<BigInt = BigInt<4>>>(target: &mut [u8], value: F) {
    target.copy_from_slice(&value.into_bigint().to_bytes_le());
}

fn write_fq(target: &mut [u8], value: Fq) {
    write_number(target, value);
}

fn write_fq2(target: &mut [u8], value: Fq2) {
    let (c0, c1) = target.split_at_mut(32);
    write_fq(c0, value.c0);
    write_fq(c1, value.c1);
}

#[cfg(test)]
mod tests;
