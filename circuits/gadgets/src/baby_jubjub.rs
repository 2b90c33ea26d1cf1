//! Baby Jubjub in circomlib's form: 168700·x² + y² = 1 + 168696·x²y² over the scalar field of BN254 (EIP-2494).
//!
//! arkworks' own `ed-on-bn254` is the isomorphic curve with a = 1, whose coordinates differ; its scalar field is the same and is
//! used here. a is a square and d is not, so that the addition law is complete; the group is cyclic of order 8·ℓ.
//! Multiplication is not constant-time: it runs on the signer's own machine, over documents that he chose to sign.

use std::sync::OnceLock;

use ark_ec::twisted_edwards::{MontCurveConfig, TECurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig};
use ark_ff::{Field as _, MontFp, PrimeField as _, Zero as _};
use blake_hash::{Blake512, Digest as _};
use thiserror::Error;

use crate::circuit::Field;
use crate::field::{field_from_bytes, field_from_wide, field_to_bytes};

/// Integers modulo ℓ, the order of the prime-order subgroup.
pub type Scalar = ark_ed_on_bn254::Fr;
/// A point by its two coordinates.
pub type Point = ark_ec::twisted_edwards::Affine<BabyJubjub>;
/// A point in extended coordinates, in which sums are computed.
pub type Sum = ark_ec::twisted_edwards::Projective<BabyJubjub>;

/// The curve's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BabyJubjub;

impl CurveConfig for BabyJubjub {
    type BaseField = Field;
    type ScalarField = Scalar;
    const COFACTOR: &'static [u64] = &[8];
    const COFACTOR_INV: Scalar =
        MontFp!("2394026564107420727433200628387514462817212225638746351800188703329891451411");
}

impl TECurveConfig for BabyJubjub {
    const COEFF_A: Field = MontFp!("168700");
    const COEFF_D: Field = MontFp!("168696");
    /// circomlib's `Base8`: 8 times the generator of the whole group, so a generator of the prime-order subgroup.
    const GENERATOR: Point = Point::new_unchecked(
        MontFp!("5299619240641551281634865583518297030282874472190772894086521144482721001553"),
        MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203"),
    );
    type MontCurveConfig = Self;
}

/// The Montgomery form v² = u³ + 168698·u² + u, at u = (1 + y)/(1 − y), v = u/x.
impl MontCurveConfig for BabyJubjub {
    const COEFF_A: Field = MontFp!("168698");
    const COEFF_B: Field = Field::ONE;
    type TECurveConfig = Self;
}

/// circomlib's `Base8`, the base point of signatures.
pub const BASE8: Point = BabyJubjub::GENERATOR;

/// Why 32 bytes are not a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PointError {
    /// The y-coordinate is the modulus or more.
    #[error("the y-coordinate is not below the field's modulus")]
    NotCanonical,
    /// No point has this y-coordinate, or these coordinates.
    #[error("no point of Baby Jubjub has these coordinates")]
    NotOnCurve,
    /// x = 0 with a negative sign: a second spelling of the same point.
    #[error("the sign bit is set although x is zero")]
    SignOfZero,
}

/// circomlib's packed form: y in 32 little-endian bytes, with the top bit set where x > (p − 1)/2.
pub fn pack_point(point: &Point) -> [u8; 32] {
    let mut bytes = field_to_bytes(&point.y);
    if is_negative(&point.x) {
        bytes[31] |= 0x80;
    }
    bytes
}

/// The point of a packed form; each point has exactly one. The point may lie outside the prime-order subgroup.
pub fn unpack_point(bytes: &[u8; 32]) -> Result<Point, PointError> {
    let mut y_bytes = *bytes;
    let negative = bytes[31] & 0x80 != 0;
    y_bytes[31] &= 0x7f;
    let y = field_from_bytes(&y_bytes).ok_or(PointError::NotCanonical)?;
    let (x, other) = Point::get_xs_from_y_unchecked(y).ok_or(PointError::NotOnCurve)?;
    if x.is_zero() && negative {
        return Err(PointError::SignOfZero);
    }
    Ok(Point::new_unchecked(
        if is_negative(&x) == negative { x } else { other },
        y,
    ))
}

/// The point with these coordinates, if they satisfy the curve's equation.
pub fn point_from_coordinates(x: Field, y: Field) -> Result<Point, PointError> {
    let point = Point::new_unchecked(x, y);
    if point.is_on_curve() {
        Ok(point)
    } else {
        Err(PointError::NotOnCurve)
    }
}

fn is_negative(x: &Field) -> bool {
    x.into_bigint() > Field::MODULUS_MINUS_ONE_DIV_TWO
}

/// A point of the prime-order subgroup whose discrete logarithm to [`BASE8`] nobody knows: 8 times the first point whose
/// y-coordinate is BLAKE-512(text ‖ counter), the counter a byte from 0 upward, with the x that is not negative.
fn nothing_up_my_sleeve(text: &'static str) -> Point {
    let mut counter = 0u8;
    loop {
        let digest = Blake512::new().chain(text).chain([counter]).finalize();
        let y = field_from_wide(&digest.into());
        if let Some((x, other)) = Point::get_xs_from_y_unchecked(y) {
            let point = Point::new_unchecked(if is_negative(&x) { other } else { x }, y).mul_by_cofactor();
            if !point.is_zero() {
                return point;
            }
        }
        counter += 1;
    }
}

/// The offset that the circuit's ladders start from: a point whose discrete logarithm nobody knows.
pub fn offset() -> Point {
    static OFFSET: OnceLock<Point> = OnceLock::new();
    *OFFSET.get_or_init(|| nothing_up_my_sleeve("Covenant: the offset of the signature ladders"))
}

#[cfg(test)]
mod tests {
    use ark_ec::CurveGroup as _;
    use ark_ff::{One as _, UniformRand as _};
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::field::modulus;

    /// EIP-2494's generator of the whole group.
    const GENERATOR: Point = Point::new_unchecked(
        MontFp!("995203441582195749578291179787384436505546430278305826713579947235728471134"),
        MontFp!("5472060717959818805561601436314318772137091100104008585924551046643952123905"),
    );

    #[test]
    fn the_curve_is_circomlibs() {
        assert!(BASE8.is_on_curve() && BASE8.is_in_correct_subgroup_assuming_on_curve() && !BASE8.is_zero());
        assert_eq!(GENERATOR.mul_by_cofactor(), BASE8);
        assert!(!GENERATOR.is_in_correct_subgroup_assuming_on_curve());
        assert_eq!(BabyJubjub::COFACTOR_INV * Scalar::from(8u64), Scalar::one());
        let Some(vectors) = crate::test_data::read("zk/poseidon/circomlibjs_0.1.7_vectors.json") else {
            return;
        };
        let curve = &vectors["babyjub"];
        let base: Vec<Field> = curve["Base8"]
            .as_array()
            .unwrap()
            .iter()
            .map(crate::test_data::element)
            .collect();
        assert_eq!(base, [BASE8.x, BASE8.y]);
        assert_eq!(curve["subOrder"].as_str().unwrap(), Scalar::MODULUS.to_string());
        assert_eq!(
            crate::test_data::element(&curve["A"]),
            <BabyJubjub as TECurveConfig>::COEFF_A
        );
        assert_eq!(crate::test_data::element(&curve["D"]), BabyJubjub::COEFF_D);
    }

    /// a square, d and A² − 4 no squares: what makes addition complete, and (0, 0) the only point of order 2.
    #[test]
    fn addition_is_complete() {
        assert!(<BabyJubjub as TECurveConfig>::COEFF_A.legendre().is_qr());
        assert!(BabyJubjub::COEFF_D.legendre().is_qnr());
        let a = <BabyJubjub as MontCurveConfig>::COEFF_A;
        assert!((a.square() - Field::from(4u64)).legendre().is_qnr());
        assert!((a - Field::from(2u64)).legendre().is_qnr(), "no point has u = -1");
    }

    #[test]
    fn packed_points_come_back_and_have_one_spelling() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for _ in 0..50 {
            let point = (GENERATOR * Scalar::rand(&mut rng)).into_affine();
            assert_eq!(unpack_point(&pack_point(&point)), Ok(point));
            let mut negated = pack_point(&point);
            negated[31] ^= 0x80;
            assert_eq!(unpack_point(&negated), Ok(-point));
        }
        let mut identity = [0u8; 32];
        identity[0] = 1;
        assert_eq!(unpack_point(&identity), Ok(Point::zero()));
        identity[31] = 0x80;
        assert_eq!(unpack_point(&identity), Err(PointError::SignOfZero));
        let mut bytes = [0u8; 32];
        bytes.copy_from_slice(&(modulus() + 1u8).to_bytes_le());
        assert_eq!(unpack_point(&bytes), Err(PointError::NotCanonical), "p + 1 is not 1");
        let off = (2u8..).map(|byte| [byte; 1]).find_map(|[byte]| {
            let mut bytes = [0u8; 32];
            bytes[0] = byte;
            unpack_point(&bytes).err()
        });
        assert_eq!(off, Some(PointError::NotOnCurve));
        assert_eq!(
            point_from_coordinates(Field::one(), Field::one()),
            Err(PointError::NotOnCurve)
        );
        assert_eq!(point_from_coordinates(BASE8.x, BASE8.y), Ok(BASE8));
    }

    #[test]
    fn the_offset_is_in_the_subgroup_and_reproducible() {
        let offset = offset();
        assert!(offset.is_on_curve() && offset.is_in_correct_subgroup_assuming_on_curve());
        assert!(!offset.is_zero() && offset != BASE8);
        assert_ne!(offset, nothing_up_my_sleeve("another text"));
    }
}
