//! The Miller loop over many pairs at once: they share the squarings, and the inversions that affine coordinates need.
//!
//! arkworks computes lines in projective coordinates, which need no inversion. With many points in step, one inversion serves
//! all of them (Montgomery's trick), and an affine line, divided by the coordinate y of its point of G1, has a coefficient 1:
//! both lines and the products with them become cheaper. Dividing by elements of proper subfields changes the result only by
//! factors that the final exponentiation removes.

use ark_bn254::{Config, Fq, Fq2, Fq12, Fq12Config, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::bn::BnConfig;
use ark_ff::{AdditiveGroup as _, Field as _, Fp12Config as _, One as _, serial_batch_inversion_and_mul};

/// A pair on its way through the loop.
struct Pair {
    /// The point of G2.
    b: G2Affine,
    /// The multiple of it that the loop has come to.
    t: G2Affine,
    /// 1/y and −x/y of the point of G1.
    line: (Fq, Fq),
}

/// A line through T and another point, before the division.
struct Slope {
    numerator: Fq2,
    other_x: Fq2,
}

/// Π f(Aᵢ, Bᵢ), whose final exponentiation is Π e(Aᵢ, Bᵢ). Infinite points count as absent. Every Bᵢ is in the subgroup: then
/// no step meets a vertical line, because the multiples that it adds differ.
pub(super) fn product(a: &[G1Affine], b: &[G2Affine]) -> Fq12 {
    let present = || a.iter().zip(b).filter(|(a, b)| !a.is_zero() && !b.is_zero());
    // No point of G1 has y = 0: the group's order is odd.
    let mut inverses: Vec<Fq> = present().map(|(a, _)| a.y).collect();
    serial_batch_inversion_and_mul(&mut inverses, &Fq::one());
    let pair = |((a, b), inverse): ((&G1Affine, &G2Affine), Fq)| Pair {
        b: *b,
        t: *b,
        line: (inverse, -a.x * inverse),
    };
    let mut pairs: Vec<Pair> = present().zip(inverses).map(pair).collect();
    let mut f = Fq12::one();
    for digit in Config::ATE_LOOP_COUNT.iter().rev().skip(1) {
        f.square_in_place();
        double(&mut f, &mut pairs);
        match digit {
            1 => add(&mut f, &mut pairs, |b| b),
            -1 => add(&mut f, &mut pairs, |b| -b),
            _ => {}
        }
    }
    add(&mut f, &mut pairs, frobenius);
    add(&mut f, &mut pairs, |b| -frobenius(frobenius(b)));
    f
}

/// T becomes 2T, and f takes in the tangent at T.
fn double(f: &mut Fq12, pairs: &mut [Pair]) {
    step(f, pairs, |Pair { t, .. }| {
        let square = t.x.square();
        let slope = Slope {
            numerator: square.double() + square,
            other_x: t.x,
        };
        (slope, t.y.double())
    });
}

/// T becomes T + Q, with Q made from B, and f takes in the line through both.
fn add(f: &mut Fq12, pairs: &mut [Pair], other: impl Fn(G2Affine) -> G2Affine) {
    step(f, pairs, |Pair { b, t, .. }| {
        let q = other(*b);
        let slope = Slope {
            numerator: t.y - q.y,
            other_x: q.x,
        };
        (slope, t.x - q.x)
    });
}

/// One step for all pairs; `slope` gives a line and the denominator of its slope.
fn step(f: &mut Fq12, pairs: &mut [Pair], slope: impl Fn(&Pair) -> (Slope, Fq2)) {
    let (slopes, mut inverses): (Vec<Slope>, Vec<Fq2>) = pairs.iter().map(slope).unzip();
    serial_batch_inversion_and_mul(&mut inverses, &Fq2::one());
    for ((Pair { t, line, .. }, slope), inverse) in pairs.iter_mut().zip(slopes).zip(inverses) {
        let lambda = slope.numerator * inverse;
        // y_A − λx_A + (λx_T − y_T), divided by y_A: the coefficients of 1, w and vw.
        let (mut c3, mut c4) = (lambda, lambda * t.x - t.y);
        c3.mul_assign_by_fp(&line.1);
        c4.mul_assign_by_fp(&line.0);
        multiply(f, &c3, &c4);
        let x = lambda.square() - t.x - slope.other_x;
        t.y = lambda * (t.x - x) - t.y;
        t.x = x;
    }
}

/// f · (1 + (c₃ + c₄v)w), with w² = v.
fn multiply(f: &mut Fq12, c3: &Fq2, c4: &Fq2) {
    let (mut low, mut high) = (f.c0, f.c1);
    low.mul_by_01(c3, c4);
    high.mul_by_01(c3, c4);
    Fq12Config::mul_fp6_by_nonresidue_in_place(&mut high);
    f.c0 += high;
    f.c1 += low;
}

/// The untwisted Frobenius endomorphism of the twist.
fn frobenius(point: G2Affine) -> G2Affine {
    let (mut x, mut y) = (point.x, point.y);
    x.frobenius_map_in_place(1);
    y.frobenius_map_in_place(1);
    G2Affine::new_unchecked(x * Config::TWIST_MUL_BY_Q_X, y * Config::TWIST_MUL_BY_Q_Y)
}

#[cfg(test)]
mod tests;
