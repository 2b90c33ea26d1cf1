//! Additions and doublings of many affine points at once, on lanes: see [`Together`].
//!
//! Eight chains of products run side by side towards one inversion. Coordinates come from arkworks' form without a reduction,
//! below 16·p, and go back canonical. Points that the formulas do not fit are rare and told by a glance at the lowest limb.

use ark_ec::AffineRepr as _;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};

use super::{Ifma, Number, WIDTH};
use crate::batch_affine::steps::{Pair, Together, signed};

/// Room for a step over a curve y² = x³ + b with coordinates in eight lanes of N.
pub struct Steps<P: SWCurveConfig, N> {
    ifma: Ifma,
    /// Of each vector the slopes' denominators, the product of those before it, and which lanes double.
    vectors: Vec<(N, N, u8)>,
    /// Results that need no slope.
    settled: Vec<(u32, Affine<P>)>,
}

impl<P: SWCurveConfig, N: Number<Element = P::BaseField>> Steps<P, N> {
    /// Room for steps.
    pub fn new(ifma: Ifma) -> Self {
        Self {
            ifma,
            vectors: Vec::new(),
            settled: Vec::new(),
        }
    }

    /// Sorts out the lanes that a glance found: results that need no slope are settled, and where both points are the same
    /// the lane doubles. Gives the masks of both.
    #[cold]
    fn settle(&mut self, points: &[Affine<P>], pairs: &[Pair; WIDTH], flagged: u8) -> (u8, u8) {
        let (mut done, mut doubled) = (0, 0);
        for (lane, pair) in pairs.iter().enumerate().filter(|(lane, _)| flagged >> lane & 1 == 1) {
            let point = points[pair.to as usize];
            let other = signed(points[pair.from as usize], pair.negative);
            let result = if point.is_zero() {
                other
            } else if other.is_zero() {
                point
            } else if point.x != other.x {
                continue;
            } else if point.y == other.y {
                doubled |= 1 << lane;
                continue;
            } else {
                Affine::identity()
            };
            done |= 1 << lane;
            self.settled.push((pair.to, result));
        }
        (done, doubled)
    }

    #[inline(always)]
    fn add_all(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        let one = N::one(self.ifma);
        let mut product = one;
        for pairs in pairs.chunks(WIDTH) {
            let pairs = &filled(pairs);
            let [x1, x2] = [
                abscissas::<P, N>(self.ifma, points, pairs, |p| p.to),
                abscissas(self.ifma, points, pairs, |p| p.from),
            ];
            let mut denominator = x2.minus::<16>(x1).reduced();
            let flagged = denominator.may_be_zero() | x1.may_be_zero() | x2.may_be_zero();
            let mut doubled = 0;
            if flagged != 0 {
                let (done, twice) = self.settle(points, pairs, flagged);
                let y1 = N::take(self.ifma, std::array::from_fn(|i| &points[pairs[i].to as usize].y));
                denominator = denominator.select(done, one).select(twice, y1.double().reduced());
                doubled = twice;
            }
            self.vectors.push((denominator, product, doubled));
            product = product.times::<2>(denominator);
        }
        let mut inverse = product.inverse(self.ifma);
        for (pairs, (denominator, before, doubled)) in pairs.chunks(WIDTH).zip(self.vectors.drain(..)).rev() {
            let inverted = inverse.times::<2>(before);
            inverse = inverse.times::<2>(denominator);
            let count = pairs.len();
            let pairs = &filled(pairs);
            let [x1, x2] = [
                abscissas::<P, N>(self.ifma, points, pairs, |p| p.to),
                abscissas(self.ifma, points, pairs, |p| p.from),
            ];
            let y1 = N::take(self.ifma, std::array::from_fn(|i| &points[pairs[i].to as usize].y));
            let y2 = N::take(self.ifma, std::array::from_fn(|i| &points[pairs[i].from as usize].y));
            let negative = (0..WIDTH).fold(0, |mask, i| mask | u8::from(pairs[i].negative) << i);
            let mut numerator = y2.select(negative, y2.negative::<16>()).minus::<16>(y1);
            if doubled != 0 {
                numerator = numerator.select(doubled, tangent(x1));
            }
            let slope = inverted.times::<2>(numerator);
            let (x, y) = chord(slope, x1, y1, x2);
            for (pair, (x, y)) in pairs.iter().zip(x.store().into_iter().zip(y.store())).take(count) {
                points[pair.to as usize] = Affine::new_unchecked(x, y);
            }
        }
    }

    #[inline(always)]
    fn double_all(&mut self, points: &mut [Affine<P>]) {
        let one = N::one(self.ifma);
        let mut product = one;
        for points in points.chunks(WIDTH) {
            let last = points.len() - 1;
            let y = N::take(self.ifma, std::array::from_fn(|i| &points[i.min(last)].y));
            let infinite = (0..WIDTH).fold(0, |mask, i| mask | u8::from(points[i.min(last)].is_zero()) << i);
            let denominator = y.double().reduced().select(infinite, one);
            self.vectors.push((denominator, product, infinite));
            product = product.times::<2>(denominator);
        }
        let mut inverse = product.inverse(self.ifma);
        for (points, (denominator, before, infinite)) in points.chunks_mut(WIDTH).zip(self.vectors.drain(..)).rev() {
            let inverted = inverse.times::<2>(before);
            inverse = inverse.times::<2>(denominator);
            let last = points.len() - 1;
            let x1 = N::take(self.ifma, std::array::from_fn(|i| &points[i.min(last)].x));
            let y1 = N::take(self.ifma, std::array::from_fn(|i| &points[i.min(last)].y));
            let (x, y) = chord(inverted.times::<2>(tangent(x1)), x1, y1, x1);
            let results = x.store().into_iter().zip(y.store()).enumerate();
            for (point, (lane, (x, y))) in points.iter_mut().zip(results) {
                if infinite >> lane & 1 == 0 {
                    *point = Affine::new_unchecked(x, y);
                }
            }
        }
    }
}

impl<P: SWCurveConfig, N: Number<Element = P::BaseField>> Together<P> for Steps<P, N> {
    fn add(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        self.vectors.clear();
        self.ifma.run(
            #[inline(always)]
            || self.add_all(points, pairs),
        );
        for (index, result) in self.settled.drain(..) {
            points[index as usize] = result;
        }
    }

    fn double(&mut self, points: &mut [Affine<P>]) {
        self.vectors.clear();
        self.ifma.run(
            #[inline(always)]
            || self.double_all(points),
        );
    }
}

/// Eight pairs; where there are fewer, the last again, which computes the same once more.
#[inline(always)]
fn filled(pairs: &[Pair]) -> [Pair; WIDTH] {
    let last = pairs.len() - 1;
    std::array::from_fn(|i| pairs[i.min(last)])
}

/// The abscissas of the points on one side of eight pairs.
#[inline(always)]
fn abscissas<P: SWCurveConfig, N: Number<Element = P::BaseField>>(
    ifma: Ifma,
    points: &[Affine<P>],
    pairs: &[Pair; WIDTH],
    side: impl Fn(&Pair) -> u32,
) -> N {
    N::take(ifma, std::array::from_fn(|i| &points[side(&pairs[i]) as usize].x))
}

/// 3·x², for x below 16·p.
#[inline(always)]
fn tangent<N: Number>(x: N) -> N {
    let square = x.reduced().square::<2>();
    square.double().plus(square)
}

/// The sum of two points below 16·p on a line of this slope.
#[inline(always)]
fn chord<N: Number>(slope: N, x1: N, y1: N, x2: N) -> (N, N) {
    let x = slope.square::<3>().minus::<16>(x1).minus::<16>(x2).reduced();
    let y = slope.times::<3>(x1.minus::<2>(x)).minus::<16>(y1).reduced();
    (x, y)
}
