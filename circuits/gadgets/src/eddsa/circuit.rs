//! One signature in a circuit: 3,074 rows, of which 321 are the hash.
//!
//! The equation is circomlib's, S·Base8 = R + h·8A. Everything about A, R, S and h alone is enforced always; only the equation is
//! gated, so that an absent signature is filled with [`SignatureAssignment::dummy`].
//!
//! **Variable base.** With Q = 4A and the offset point C, the accumulator starts at C + Q and for each of the 254 bits b of h, the
//! highest first, becomes 2·acc + (2b − 1)·Q. It ends as 2^254·C + (2h + 1)·Q = 2^254·C + h·8A + Q.
//! **Fixed base.** With B = Base8/2 in the prime-order group, S·Base8 = Σ (2s_j − 1)·2^j·B + (2^252 − 1)·B. Two bits select one of
//! ±1, ±3 times 4^i·B, the first coordinate linear in s₀·s₁, the second in s₀ and s₁. The accumulator starts at
//! 2^254·C + (2^252 − 1)·B and ends as 2^254·C + S·Base8.
//! **Equation.** The second plus Q equals the first plus R, by complete additions.
//!
//! # Why no Montgomery addition meets its exceptional case
//!
//! A division by zero would leave a slope free, and with it the sum. In these chains the denominators are differences of
//! u-coordinates, zero exactly where two summands are equal or opposite; and the v of the two results, zero exactly at (0, 0),
//! the point of order 2. C has prime order ℓ and comes out of a hash, so its discrete logarithm is unknown.
//!
//! - *Variable base.* Before bit i the accumulator is 2^i·C + k·Q with k odd. An exceptional case says that it is ±Q, or that
//!   2^(i+1)·C + (2k ± 1)·Q is the identity, or that it (at the end) is the point of order 2: always e·C = f·Q up to a point of
//!   order 2, with e a power of two, known e and f. Multiplied by 2 this is a relation between C and 8A.
//! - *Fixed base.* Likewise e·C = f·Base8 for known e, f.
//!
//! Whoever chooses R, S and M, but not A, and reaches such a case, has computed a discrete logarithm: in a reduction that knows
//! A's, he gives C's to Base8. That is the assumption that signatures rest on anyway. An attestor who chose his own A as a multiple of C
//! could reach one, and could then let others sign for him, which he can do with any key by giving it away. 4A itself has Montgomery
//! coordinates because 8A is not the identity (see [`enforce_key_order`]). A bit string h with leading zeros is no special case, which is
//! what the offset is for: without C, k would stay 1. An honest prover meets an exceptional case with probability about 2^-240.
//!
//! A point of small order added to A or R changes nothing: 8A and the factor 2 in 2h·4A remove it from A, and the equation forces R into
//! the prime-order group.

use std::sync::OnceLock;

use ark_ec::CurveGroup as _;
use ark_ff::{Field as _, One as _, PrimeField as _, Zero as _};
use num_bigint::BigUint;

use super::montgomery::{Edwards, Montgomery, Squares, enforce_on_curve, squares};
use super::{PublicKey, SecretKey, Signature};
use crate::baby_jubjub::{BASE8, Point, Scalar, Sum, offset};
use crate::circuit::{Bit, Circuit, Field, Result, RuleName, Var};
use crate::field::modulus;
use crate::poseidon::hash_var;
use crate::range::{bits_var, decompose, enforce_bits_at_most};
use crate::rows::{constant, enforce_not_zero, enforce_product, linear, number, product};

/// Bits of the challenge: all of the field's.
pub const CHALLENGE_BITS: usize = 254;
/// Bits of ℓ.
const SCALAR_BITS: usize = 251;
/// Windows of two bits that hold a scalar.
const WINDOWS: usize = SCALAR_BITS.div_ceil(2);

/// Values of the wires of a signature: A, R and S, and the bits of h. Anything may stand here; the rules judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureAssignment {
    /// A's coordinates.
    pub key: (Field, Field),
    /// R's coordinates.
    pub nonce: (Field, Field),
    /// S.
    pub scalar: Field,
    /// The challenge's bits, lowest first, where they are not to be those of the hash: a hint that a malicious prover may give.
    pub challenge: Option<[bool; CHALLENGE_BITS]>,
}

impl SignatureAssignment {
    /// The wires of this key and signature.
    pub fn new(key: &PublicKey, signature: &Signature) -> Self {
        Self {
            key: key.coordinates(),
            nonce: signature.nonce(),
            scalar: signature.scalar(),
            challenge: None,
        }
    }

    /// What stands where a signature is absent: a key that everybody knows, and its signature of 0.
    pub fn dummy() -> Self {
        static DUMMY: OnceLock<SignatureAssignment> = OnceLock::new();
        *DUMMY.get_or_init(|| {
            let secret = SecretKey::from_seed(b"Covenant: no signature is here..");
            Self::new(&secret.public(), &secret.sign(Field::zero()))
        })
    }
}

/// The five wires of a signature.
#[derive(Clone)]
pub struct SignatureVars {
    /// A's first coordinate.
    pub ax: Var,
    /// A's second coordinate.
    pub ay: Var,
    /// R's first coordinate.
    pub rx: Var,
    /// R's second coordinate.
    pub ry: Var,
    /// S.
    pub s: Var,
    /// [`SignatureAssignment::challenge`].
    challenge: Option<[bool; CHALLENGE_BITS]>,
}

impl SignatureVars {
    /// Allocates the five private wires.
    pub fn witness(circuit: &mut Circuit, assignment: Option<&SignatureAssignment>) -> Result<Self> {
        Ok(Self {
            ax: circuit.witness(assignment.map(|a| a.key.0))?,
            ay: circuit.witness(assignment.map(|a| a.key.1))?,
            rx: circuit.witness(assignment.map(|a| a.nonce.0))?,
            ry: circuit.witness(assignment.map(|a| a.nonce.1))?,
            s: circuit.witness(assignment.map(|a| a.scalar))?,
            challenge: assignment.and_then(|a| a.challenge),
        })
    }

    fn key(&self) -> Edwards {
        Edwards {
            x: self.ax.clone(),
            y: self.ay.clone(),
        }
    }

    fn nonce(&self) -> Edwards {
        Edwards {
            x: self.rx.clone(),
            y: self.ry.clone(),
        }
    }
}

/// The names of the six rules that a verification consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureRules {
    /// A is on the curve.
    pub key_on_curve: RuleName,
    /// 8A is not the identity.
    pub key_order: RuleName,
    /// R is on the curve.
    pub nonce_on_curve: RuleName,
    /// S is below ℓ.
    pub scalar_canonical: RuleName,
    /// h is the hash, and its bits are those of the integer below p.
    pub challenge_canonical: RuleName,
    /// Where enabled, the equation holds.
    pub equation: RuleName,
}

impl Default for SignatureRules {
    fn default() -> Self {
        Self {
            key_on_curve: "attestor-key-on-curve",
            key_order: "attestor-key-order",
            nonce_on_curve: "nonce-on-curve",
            scalar_canonical: "scalar-canonical",
            challenge_canonical: "challenge-canonical",
            equation: "signature-equation",
        }
    }
}

/// [`super::verify`] in a circuit, as six rules. `enabled` must be 0 or 1: where it is 0, only the equation is not required.
pub fn verify_var(
    circuit: &mut Circuit,
    rules: &SignatureRules,
    signature: &SignatureVars,
    message: &Var,
    enabled: &Var,
) -> Result<()> {
    let key = signature.key();
    let squares = circuit.rule(rules.key_on_curve, |c| enforce_on_curve(c, &key))?;
    let quadruple = circuit.rule(rules.key_order, |c| enforce_key_order(c, &key, &squares))?;
    circuit.rule(rules.nonce_on_curve, |c| {
        enforce_on_curve(c, &signature.nonce()).map(drop)
    })?;
    let scalar = circuit.rule(rules.scalar_canonical, |c| scalar_bits(c, &signature.s))?;
    let challenge = circuit.rule(rules.challenge_canonical, |c| challenge_bits(c, signature, message))?;
    circuit.rule(rules.equation, |c| {
        let right = multiply_quadruple(c, &quadruple, &challenge)?.add(c, &signature.nonce())?;
        let left = multiply_base(c, &scalar)?.add(c, &quadruple)?;
        for (left, right) in [(&left.x, &right.x), (&left.y, &right.y)] {
            let difference = linear(c, &[(Field::one(), left), (-Field::one(), right)], Field::zero())?;
            enforce_product(c, &difference, enabled, &constant(0u64))?;
        }
        Ok(())
    })
}

/// 8A ≠ O; gives 4A. 10 rows.
///
/// x(8A) is 2·x(4A)·y(4A) over a non-zero denominator, and the only other point with x = 0 has order 2, which 8A cannot have in a
/// group of order 8ℓ that is cyclic. So 8A ≠ O exactly if x(4A)·y(4A) ≠ 0. This also gives x(4A) ≠ 0, hence y(4A) ≠ ±1.
fn enforce_key_order(circuit: &mut Circuit, key: &Edwards, key_squares: &Squares) -> Result<Edwards> {
    let double = key.double(circuit, key_squares)?;
    let double_squares = squares(circuit, &double)?;
    let quadruple = double.double(circuit, &double_squares)?;
    let both = product(circuit, &quadruple.x, &quadruple.y)?;
    enforce_not_zero(circuit, &both)?;
    Ok(quadruple)
}

/// The bits of S, which is below ℓ.
fn scalar_bits(circuit: &mut Circuit, scalar: &Var) -> Result<Vec<Bit>> {
    let bits = bits_var(circuit, scalar, SCALAR_BITS)?;
    let order: BigUint = Scalar::MODULUS.into();
    enforce_bits_at_most(circuit, &bits, &(order - 1u8))?;
    Ok(bits)
}

/// The bits of h = Poseidon(R.x, R.y, A.x, A.y, M), as an integer below p.
fn challenge_bits(circuit: &mut Circuit, signature: &SignatureVars, message: &Var) -> Result<Vec<Bit>> {
    let SignatureVars { ax, ay, rx, ry, .. } = signature.clone();
    let challenge = hash_var(circuit, &[rx, ry, ax, ay, message.clone()])?;
    let bits = decompose(
        circuit,
        &challenge,
        CHALLENGE_BITS,
        signature.challenge.as_ref().map(|bits| &bits[..]),
    )?;
    enforce_bits_at_most(circuit, &bits, &(modulus() - 1u8))?;
    Ok(bits)
}

/// 2^254·C + (2h + 1)·Q. 6 rows per bit, and 7.
fn multiply_quadruple(circuit: &mut Circuit, quadruple: &Edwards, challenge: &[Bit]) -> Result<Edwards> {
    let base = quadruple.to_montgomery(circuit)?;
    let mut sum = Montgomery::constant(tables().offset).add(circuit, &base)?;
    for bit in challenge.iter().rev() {
        let v = product(circuit, &base.v, &sign(circuit, bit)?)?;
        sum = sum.double_and_add(circuit, &Montgomery { u: base.u.clone(), v })?;
    }
    sum.to_edwards(circuit)
}

/// 2^254·C + S·Base8. 4 rows per two bits, and 2.
fn multiply_base(circuit: &mut Circuit, scalar: &[Bit]) -> Result<Edwards> {
    let tables = tables();
    let mut sum = Montgomery::constant(tables.start);
    for (index, window) in tables.windows.iter().enumerate() {
        let bit = |place: usize| scalar.get(2 * index + place).map_or_else(|| constant(0u64), number);
        let (low, high) = (bit(0), bit(1));
        let term = window.select(circuit, &low, &high)?;
        sum = sum.add(circuit, &term)?;
    }
    sum.to_edwards(circuit)
}

/// 2b − 1. No row.
fn sign(circuit: &Circuit, bit: &Bit) -> Result<Var> {
    linear(circuit, &[(Field::from(2u64), &number(bit))], -Field::one())
}

/// One window of the fixed base: P and 3P in Montgomery coordinates.
struct Window {
    single: (Field, Field),
    triple: (Field, Field),
}

impl Window {
    /// (2·low − 1 + 2·(2·high − 1))·P: −3P, −P, P or 3P. 1 row.
    ///
    /// With signs σ = ±1 for the bits: u is u(3P) where σ₀σ₁ = 1 and u(P) elsewhere; v is the linear form in σ₀ and σ₁ that is
    /// v(3P) at (1, 1) and v(P) at (−1, 1), and odd.
    fn select(&self, circuit: &mut Circuit, low: &Var, high: &Var) -> Result<Montgomery> {
        let (one, two) = (Field::one(), Field::from(2u64));
        let both = product(circuit, low, high)?;
        // σ₀σ₁ = 4·low·high − 2·low − 2·high + 1 is 1 exactly where the bits are equal.
        let rise = self.triple.0 - self.single.0;
        let equal = linear(circuit, &[(two, &both), (-one, low), (-one, high)], one)?;
        let u = linear(circuit, &[(rise, &equal)], self.single.0)?;
        // v = (v3 − v1)/2·σ₀ + (v3 + v1)/2·σ₁
        let (difference, sum) = (self.triple.1 - self.single.1, self.triple.1 + self.single.1);
        let v = linear(circuit, &[(difference, low), (sum, high)], -self.triple.1)?;
        Ok(Montgomery { u, v })
    }
}

/// The constants of both multiplications.
struct Tables {
    /// C.
    offset: (Field, Field),
    /// 2^254·C + (2^252 − 1)·B.
    start: (Field, Field),
    windows: Vec<Window>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let two = Scalar::from(2u64);
        let half = BASE8 * two.inverse().unwrap_or_default();
        let shift = two.pow([2 * WINDOWS as u64]) - Scalar::one();
        let start = offset() * two.pow([CHALLENGE_BITS as u64]) + half * shift;
        let mut points: Vec<Sum> = vec![offset().into(), start];
        let mut single = half;
        for _ in 0..WINDOWS {
            let double = single + single;
            points.extend([single, double + single]);
            single = double + double;
        }
        let coordinates = montgomery(&Sum::normalize_batch(&points));
        let windows = coordinates[2..]
            .chunks_exact(2)
            .map(|pair| Window {
                single: pair[0],
                triple: pair[1],
            })
            .collect();
        Tables {
            offset: coordinates[0],
            start: coordinates[1],
            windows,
        }
    })
}

/// u = (1 + y)/(1 − y), v = u/x, of constant points that are neither the identity nor of order 2; with one inversion.
fn montgomery(points: &[Point]) -> Vec<(Field, Field)> {
    let mut inverses: Vec<Field> = points.iter().flat_map(|p| [Field::one() - p.y, p.x]).collect();
    ark_ff::batch_inversion(&mut inverses);
    let of = |(point, inverses): (&Point, &[Field])| {
        let u = (Field::one() + point.y) * inverses[0];
        (u, u * inverses[1])
    };
    points.iter().zip(inverses.chunks_exact(2)).map(of).collect()
}

#[cfg(test)]
mod tests;
