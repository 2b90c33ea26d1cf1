//! What is computed once per key: the lines of γ and δ, and multiples of the points that public inputs multiply.

use ark_bn254::{Config, Fq, Fq2, G1Affine, G1Projective, G2Affine};
use ark_ec::bn::BnConfig;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{AdditiveGroup as _, Field as _, PrimeField as _};
use covenant_gadgets::circuit::Field;

use crate::lanes::{Ifma, WIDTH};
use crate::numbers::Mask;
use crate::numbers::eight::Eight;
use crate::numbers::points::Jacobian;

/// λ and λx − y of a line through (x, y) with slope λ: y_P − λx_P + (λx − y), for a point P of G1, is y_P times
/// 1 − λ(x_P/y_P)·w + (λx − y)(1/y_P)·w³.
pub(super) type Line = (Fq2, Fq2);

/// The lines of −γ and −δ, in the order in which the loop meets them.
pub(crate) struct Fixed(Vec<(Line, Line)>);

impl Fixed {
    /// For finite points of the subgroup.
    pub(crate) fn of(gamma: &G2Affine, delta: &G2Affine) -> Self {
        Self(lines(gamma).into_iter().zip(lines(delta)).collect())
    }

    /// How many steps the loop takes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The lines of a step.
    pub(super) fn lines(&self, step: usize) -> (&Line, &Line) {
        let (gamma, delta) = &self.0[step];
        (gamma, delta)
    }
}

fn lines(point: &G2Affine) -> Vec<Line> {
    let mut multiple = *point;
    let mut lines = Vec::with_capacity(90);
    let mut step = |other: Option<G2Affine>| {
        let (x, y) = (multiple.x, multiple.y);
        let (numerator, denominator, other_x) = match other {
            None => (x.square() * Fq2::from(3u64), y.double(), x),
            Some(other) => (y - other.y, x - other.x, other.x),
        };
        // Never zero: the multiples that are added differ, and the group's order is odd.
        let lambda = numerator * denominator.inverse().unwrap_or_default();
        lines.push((lambda, lambda * x - y));
        let third = lambda.square() - x - other_x;
        multiple = G2Affine::new_unchecked(third, lambda * (x - third) - y);
    };
    for digit in Config::ATE_LOOP_COUNT.iter().rev().skip(1) {
        step(None);
        match digit {
            1 => step(Some(*point)),
            -1 => step(Some(-*point)),
            _ => {}
        }
    }
    let frobenius = |p: G2Affine| {
        let (mut x, mut y) = (p.x, p.y);
        x.frobenius_map_in_place(1);
        y.frobenius_map_in_place(1);
        G2Affine::new_unchecked(x * Config::TWIST_MUL_BY_Q_X, y * Config::TWIST_MUL_BY_Q_Y)
    };
    step(Some(frobenius(*point)));
    step(Some(-frobenius(frobenius(*point))));
    lines
}

/// Bits of a window, and windows of a scalar.
const WIDTH_BITS: usize = 4;
const WINDOWS: usize = 64;
/// Multiples that are kept for each window: 1 to 8.
const MULTIPLES: usize = 1 << (WIDTH_BITS - 1);
/// Points of which multiples are kept, at most: 32 KiB each.
const POINTS_MAX: usize = 64;

/// Of each point 1, 2, …, 8 times 16^w for every w, so that a sum of products is a sum of some of them.
pub(crate) struct Windows(Vec<G1Affine>);

impl Windows {
    /// For a few points; `None` where there are more.
    pub(crate) fn of(points: &[G1Affine]) -> Option<Self> {
        if points.len() > POINTS_MAX {
            return None;
        }
        let mut multiples = Vec::with_capacity(points.len() * WINDOWS * MULTIPLES);
        for point in points {
            let mut base = point.into_group();
            for _ in 0..WINDOWS {
                let mut multiple = base;
                for _ in 0..MULTIPLES {
                    multiples.push(multiple);
                    multiple += base;
                }
                base = multiples.last().copied().unwrap_or_default().double();
            }
        }
        Some(Self(G1Projective::normalize_batch(&multiples)))
    }

    /// Σ sᵢPᵢ; `None` in a case that the formulas do not cover, which a sum of other products has to.
    pub(crate) fn sum(&self, ifma: Ifma, scalars: &[Field]) -> Option<G1Projective> {
        let terms = self.terms(scalars);
        let sums = side_by_side(ifma, &terms);
        let mut total = G1Projective::default();
        for (place, sum) in sums.into_iter().enumerate().take(terms.len()) {
            // Z became zero where a lane's sum met one of its terms, up to sign.
            if sum.z == Fq::ZERO {
                return None;
            }
            debug_assert!(place < WIDTH);
            total += sum;
        }
        Some(total)
    }

    /// The multiples whose sum it is: by signed digits from −7 to 8 in each window.
    fn terms(&self, scalars: &[Field]) -> Vec<G1Affine> {
        let mut terms = Vec::with_capacity(scalars.len() * WINDOWS);
        for (scalar, multiples) in scalars.iter().zip(self.0.chunks(WINDOWS * MULTIPLES)) {
            let limbs = scalar.into_bigint().0;
            let mut carry = 0;
            for (window, multiples) in multiples.chunks(MULTIPLES).enumerate() {
                let bits = limbs[window / 16] >> (WIDTH_BITS * (window % 16)) & 15;
                let digit = bits as usize + carry;
                // The top window of a number below r is at most 3, so that no carry leaves it.
                carry = usize::from(digit > MULTIPLES);
                if digit > MULTIPLES && digit < 16 {
                    terms.push(-multiples[15 - digit]);
                } else if carry == 0 && digit > 0 {
                    terms.push(multiples[digit - 1]);
                }
            }
        }
        terms
    }
}

/// The terms' sums, lane by lane: the sum of all of them together is that of all terms.
#[inline(never)]
fn side_by_side(ifma: Ifma, terms: &[G1Affine]) -> [G1Projective; WIDTH] {
    let infinite = G1Affine::identity();
    ifma.run(
        #[inline(always)]
        || {
            let (zero, one) = (Eight::zero(ifma), Eight::one(ifma));
            let mut sum = Jacobian {
                x: zero,
                y: one,
                z: zero,
            };
            let mut begun: Mask = 0;
            for group in terms.chunks(WIDTH) {
                let present: Mask = 0xff >> (WIDTH - group.len());
                let [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(
                    #[inline(always)]
                    |place: usize| group.get(place).unwrap_or(&infinite),
                );
                let x = Eight::load(ifma, [&a.x, &b.x, &c.x, &d.x, &e.x, &f.x, &g.x, &h.x]);
                let y = Eight::load(ifma, [&a.y, &b.y, &c.y, &d.y, &e.y, &f.y, &g.y, &h.y]);
                let first = Jacobian { x, y, z: one };
                let next = Jacobian::select(begun, sum.add_affine(x, y), first);
                sum = Jacobian::select(present, next, sum);
                begun |= present;
            }
            let (x, y, z) = (sum.x.store(), sum.y.store(), sum.z.store());
            std::array::from_fn(|lane| G1Projective::new_unchecked(x[lane], y[lane], z[lane]))
        },
    )
}
