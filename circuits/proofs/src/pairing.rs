//! Groth16's equation for one proof with the coefficients of numbers of Fq12 side by side in [lanes](crate::lanes): the Miller
//! loops of three pairs in step, and one final exponentiation.
//!
//! The lines of γ and δ are computed once per key, in affine coordinates, and divided by the y of the point of G1, so that one of
//! their three coefficients is 1 (see the batch's Miller loop). B is another point each time; its lines are arkworks', in
//! projective coordinates.

mod fixed;
mod twelve;

use ark_bn254::{Config, Fq, Fq12, G1Affine, G1Projective};
use ark_ec::bn::{BnConfig, G2Prepared};
use ark_ff::{AdditiveGroup as _, Field as _, Zero as _};

pub(crate) use self::fixed::Fixed;
use self::twelve::Twelve;
use crate::decode::Proof;
use crate::lanes::Ifma;
use crate::numbers::inverse::inverse;

/// f(A, B) · f(L, −γ) · f(C, −δ), raised to the final exponent: e(α, β) where the proof holds.
pub(crate) fn groth16(ifma: Ifma, fixed: &Fixed, proof: &Proof, inputs: &G1Projective) -> Option<Fq12> {
    let b: G2Prepared<Config> = proof.b.into();
    let a = Some((&b, &proof.a)).filter(|_| !b.infinity);
    final_exponentiation(ifma, &miller_loop(ifma, fixed, a, inputs, &proof.c.into()))
}

/// Before the final exponentiation: f(L, −γ) · f(C, −δ), and f(A, B) where there is such a pair.
pub(crate) fn miller_loop(
    ifma: Ifma,
    fixed: &Fixed,
    first: Option<(&G2Prepared<Config>, &G1Affine)>,
    gamma: &G1Projective,
    delta: &G1Projective,
) -> Fq12 {
    // With (X : Y : Z) for x = X/Z² and y = Y/Z³, both 1/y = Z³/Y and x/y = XZ/Y are zero for the infinite point; no finite
    // point has Y = 0, and arkworks' infinite one has Y = 1.
    let inverse = inverse(&(gamma.y * delta.y)).unwrap_or_default();
    let over = |p: &G1Projective, inverse: Fq| {
        let z = p.z * inverse;
        (-p.x * z, z * p.z.square())
    };
    let (gamma_x, gamma_y) = over(gamma, inverse * delta.y);
    let (delta_x, delta_y) = over(delta, inverse * gamma.y);
    let (a_x, a_y) = first.map_or((Fq::ZERO, Fq::ZERO), |(_, a)| (a.x, a.y));
    let factors = [gamma_x, gamma_y, delta_x, delta_y, a_y, a_x, Fq::ONE, Fq::ZERO];
    let factors = twelve::load_factors(ifma, &factors);
    let mut f = Twelve::one(ifma);
    let mut places = 0..fixed.len();
    let mut lines = |f: &mut Twelve| {
        let Some(place) = places.next() else { return };
        let (gamma, delta) = fixed.lines(place);
        let (c0, c1, c2) = first.map_or_else(Default::default, |(b, _)| b.ell_coeffs[place]);
        let zero = Default::default();
        let all = [&gamma.0, &gamma.1, &delta.0, &delta.1, &c0, &c1, &c2, &zero];
        f.times_lines(ifma, all, &factors, first.is_some());
    };
    for (step, digit) in Config::ATE_LOOP_COUNT.iter().rev().skip(1).enumerate() {
        if step > 0 {
            f = f.square();
        }
        lines(&mut f);
        if *digit != 0 {
            lines(&mut f);
        }
    }
    lines(&mut f);
    lines(&mut f);
    f.store()
}

/// f^((p¹² − 1)/r · 2x(6x² + 3x + 1)), as arkworks: `None` for zero.
pub(crate) fn final_exponentiation(ifma: Ifma, f: &Fq12) -> Option<Fq12> {
    if f.is_zero() {
        return None;
    }
    // f^((p⁶ − 1)(p² + 1)).
    let mut conjugate = *f;
    conjugate.conjugate_in_place();
    let easy = Twelve::load(ifma, &(conjugate * f.inverse()?));
    let r = easy.frobenius(ifma, 2).times(&easy);
    // The hard part, by Fuentes-Castañeda, Knapp and Rodríguez-Henríquez, "Faster hashing to G2" (SAC 2011); the names of
    // the powers are arkworks'.
    let power = |y: &Twelve| y.power_of_x().conjugate();
    let y0 = power(&r);
    let y1 = y0.cyclotomic_square();
    let y3 = y1.cyclotomic_square().times(&y1);
    let y4 = power(&y3);
    let y6 = power(&y4.cyclotomic_square()).conjugate();
    let y8 = y6.times(&y4).times(&y3.conjugate());
    let y9 = y8.times(&y1);
    let y11 = y8.times(&y4).times(&r);
    let y13 = y9.frobenius(ifma, 1).times(&y11);
    let y14 = y8.frobenius(ifma, 2).times(&y13);
    let y15 = r.conjugate().times(&y9).frobenius(ifma, 3);
    Some(y15.times(&y14).store())
}

/// e^(a + bλ) for e of order r, where λ = p⁴ modulo r is the cube root of one by which the curve's endomorphism multiplies.
pub(crate) fn power(ifma: Ifma, e: &Fq12, a: u128, b: u128) -> Fq12 {
    let of_a = Twelve::load(ifma, e);
    let of_b = of_a.frobenius(ifma, 4);
    let both = of_a.times(&of_b);
    let mut power = Twelve::one(ifma);
    for bit in (0..u128::BITS - (a | b).leading_zeros()).rev() {
        power = power.cyclotomic_square();
        match (a >> bit & 1, b >> bit & 1) {
            (0, 0) => {}
            (_, 0) => power = power.times(&of_a),
            (0, _) => power = power.times(&of_b),
            _ => power = power.times(&both),
        }
    }
    power.store()
}

#[cfg(test)]
mod tests;
