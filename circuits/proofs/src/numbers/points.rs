//! Points in Jacobian coordinates, (X : Y : Z) for (X/Z², Y/Z³), and the subgroup of the twist.
//!
//! The formulas are not complete: where a sum would need a doubling, or a sum or one of its terms is infinite, Z becomes zero,
//! and it stays zero, because each formula's Z is a product with that of each point that comes in. What relies on this says so.
//!
//! In lanes, X and Y are at most 2·p and Z is at most 4·p.

use ark_bn254::{Config, Fq, Fq2};
use ark_ec::bn::BnConfig as _;
use ark_ff::{Field as _, MontFp};

use super::{Mask, Number, Quadratic};

/// A point of either curve, y² = x³ + b.
#[derive(Clone, Copy)]
pub(crate) struct Jacobian<N> {
    pub(crate) x: N,
    pub(crate) y: N,
    pub(crate) z: N,
}

impl<N: Number> Jacobian<N> {
    /// 2P: three products, four squares.
    #[inline(always)]
    pub(crate) fn double(self) -> Self {
        let a = self.x.square::<2>();
        let b = self.y.square::<2>();
        let c = b.square::<2>();
        let d = self.x.mul::<2>(b).double().double();
        let e = a.double().add(a);
        let x = e.square::<6>().sub::<12>(d.double()).reduced();
        let y = e.mul::<6>(d.sub::<2>(x)).sub::<12>(c.double().double().double());
        Self {
            x,
            y: y.reduced(),
            z: self.y.mul::<2>(self.z).double(),
        }
    }

    /// P + (x, y): eight products, three squares.
    #[inline(always)]
    pub(crate) fn add_affine(self, x: N, y: N) -> Self {
        let zz = self.z.square::<4>();
        let h = x.mul::<2>(zz).sub::<2>(self.x);
        let r = y.mul::<2>(self.z).mul::<2>(zz).sub::<2>(self.y);
        chord(self.x, self.y, h, r, self.z)
    }

    /// P + Q: twelve products, four squares.
    #[inline(always)]
    pub(crate) fn add(self, other: Self) -> Self {
        let (zz, other_zz) = (self.z.square::<4>(), other.z.square::<4>());
        let u = self.x.mul::<2>(other_zz);
        let s = self.y.mul::<2>(other.z).mul::<2>(other_zz);
        let h = other.x.mul::<2>(zz).sub::<2>(u);
        let r = other.y.mul::<2>(self.z).mul::<2>(zz).sub::<2>(s);
        chord(u, s, h, r, self.z.mul::<4>(other.z))
    }

    /// Where both are the same finite point.
    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> Mask {
        let (zz, other_zz) = (self.z.square::<4>(), other.z.square::<4>());
        let x = self.x.mul::<2>(other_zz).sub::<2>(other.x.mul::<2>(zz));
        let y = self.y.mul::<2>(other.z).mul::<2>(other_zz);
        let y = y.sub::<2>(other.y.mul::<2>(self.z).mul::<2>(zz));
        x.zeros() & y.zeros() & !self.z.zeros() & !other.z.zeros()
    }

    /// From one where the mask has a bit, from the other elsewhere.
    #[inline(always)]
    pub(crate) fn select(mask: Mask, yes: Self, no: Self) -> Self {
        Self {
            x: N::select(mask, yes.x, no.x),
            y: N::select(mask, yes.y, no.y),
            z: N::select(mask, yes.z, no.z),
        }
    }
}

/// The third point of the chord through (u, s) and (u + h, s + r), mirrored; all over z, which becomes z·h.
#[inline(always)]
fn chord<N: Number>(u: N, s: N, h: N, r: N, z: N) -> Jacobian<N> {
    let hh = h.square::<4>();
    let hhh = hh.mul::<2>(h);
    let v = u.mul::<2>(hh);
    let x = r.square::<4>().sub::<2>(hhh).sub::<4>(v.double()).reduced();
    let y = r.mul::<4>(v.sub::<2>(x)).sub::<2>(s.mul::<2>(hhh)).reduced();
    Jacobian { x, y, z: z.mul::<4>(h) }
}

/// The signed digits of the curve's parameter x = 4965661367192848881, each −1, 0 or 1, no two neighbours other than 0 (NAF),
/// lowest first.
pub(crate) const DIGITS: [i8; 63] = {
    let mut digits = [0; 63];
    let mut rest = Config::X[0];
    let mut place = 0;
    while rest > 0 {
        if rest & 1 == 1 {
            let digit = 2 - (rest % 4) as i8;
            digits[place] = digit;
            rest = if digit == 1 { rest - 1 } else { rest + 1 };
        }
        rest >>= 1;
        place += 1;
    }
    digits
};

/// ψ, the untwisted Frobenius endomorphism of the twist: (x̄·ξ^((p−1)/3), ȳ·ξ^((p−1)/2)).
#[inline(always)]
fn psi<Q: Quadratic>(token: Q::Token, p: Jacobian<Q>) -> Jacobian<Q> {
    let by_x = Q::splat(token, &Config::TWIST_MUL_BY_Q_X);
    let by_y = Q::splat(token, &Config::TWIST_MUL_BY_Q_Y);
    Jacobian {
        x: p.x.conjugate::<2>().mul::<2>(by_x),
        y: p.y.conjugate::<2>().mul::<2>(by_y),
        z: p.z.conjugate::<4>(),
    }
}

/// ψ², which multiplies x by a number of Fq and negates y.
#[inline(always)]
fn psi_twice<Q: Quadratic>(token: Q::Token, p: Jacobian<Q>) -> Jacobian<Q> {
    Jacobian {
        x: p.x.scale(Q::Base::splat(token, &PSI_TWICE_X)),
        y: p.y.neg::<2>(),
        z: p.z,
    }
}

/// ξ^((p²−1)/3).
const PSI_TWICE_X: Fq = MontFp!("21888242871839275220042445260109153167277707414472061641714758635765020556616");

/// Where a point of the twist lies in the subgroup of order r: (x, y) is on the curve, and finite.
///
/// It does if \[x + 1\]P + ψ(\[x\]P) + ψ²(\[x\]P) = ψ³(\[2x\]P), with x the curve's parameter of 63 bits (El Housni, Guillevic and
/// Piellard, eprint 2022/352, section 4.3). The difference of both sides is an endomorphism: zero on the subgroup and, as the
/// tests show on a point of each of the four other prime orders, injective on the rest, which is cyclic of an order without
/// squares. On the subgroup no sum here meets an exceptional case, since multiples of P by different numbers below r differ;
/// so a sum that does has shown by its Z of zero that P is outside.
#[inline(always)]
pub(crate) fn in_subgroup<Q: Quadratic>(token: Q::Token, x: Q, y: Q) -> Mask {
    let minus_y = y.neg::<2>();
    let z = Q::splat(token, &Fq2::ONE);
    let mut multiple = Jacobian { x, y, z };
    for digit in DIGITS.iter().rev().skip(1) {
        multiple = multiple.double();
        if *digit != 0 {
            let all = if *digit == 1 { 0xff } else { 0 };
            multiple = multiple.add_affine(x, Q::select(all, y, minus_y));
        }
    }
    let left = multiple.add_affine(x, y).add(psi(token, multiple));
    let left = left.add(psi_twice(token, multiple));
    left.equals(psi(token, psi_twice(token, multiple.double())))
}
