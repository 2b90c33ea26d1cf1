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
    /// Of each vector the slopes' denominators and the product of those before it.
    vectors: Vec<(N, N)>,
    /// Of each vector the lanes that double; empty where none does.
    doubled: Vec<u8>,
    /// Results that need no slope.
    settled: Vec<(u32, Affine<P>)>,
}

impl<P: SWCurveConfig, N: Number<Element = P::BaseField>> Steps<P, N> {
    /// Room for steps.
    pub fn new(ifma: Ifma) -> Self {
        Self {
            ifma,
            vectors: Vec::new(),
            doubled: Vec::new(),
            settled: Vec::new(),
        }
    }

    /// Sorts out the lanes that a glance found: results that need no slope are settled, and where both points are the same
    /// the lane doubles. Gives the masks of both.
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

    /// The product of all denominators x₂ − x₁, and whether a point may be infinite. If it may, or if a product is zero, some pair
    /// needs another formula, and [`Self::careful`] finds which.
    #[inline(always)]
    fn quick(&mut self, points: &[Affine<P>], pairs: &[Pair]) -> (N, bool) {
        let mut product = N::one(self.ifma);
        let mut flagged = 0;
        for pairs in pairs.chunks(WIDTH) {
            let (to, from) = sides(points, &filled(pairs));
            let x1 = N::take(self.ifma, each!(8, i => &to[i].x));
            let x2 = N::take(self.ifma, each!(8, i => &from[i].x));
            // The infinite point is stored as (0, 0).
            flagged |= x1.may_be_zero() | x2.may_be_zero();
            let denominator = x2.minus::<16>(x1);
            self.vectors.push((denominator, product));
            product = product.times::<5>(denominator);
        }
        (product, flagged != 0)
    }

    /// The same where some pairs are equal, opposite or infinite points, each vector looked at.
    #[inline(always)]
    fn careful(&mut self, points: &[Affine<P>], pairs: &[Pair]) -> N {
        let one = N::one(self.ifma);
        let mut product = one;
        for pairs in pairs.chunks(WIDTH) {
            let pairs = &filled(pairs);
            let (to, from) = sides(points, pairs);
            let x1 = N::take(self.ifma, each!(8, i => &to[i].x));
            let x2 = N::take(self.ifma, each!(8, i => &from[i].x));
            let mut denominator = x2.minus::<16>(x1).reduced();
            let flagged = denominator.may_be_zero() | x1.may_be_zero() | x2.may_be_zero();
            let mut doubled = 0;
            if flagged != 0 {
                let (done, twice) = self.settle(points, pairs, flagged);
                let y1 = N::take(self.ifma, each!(8, i => &to[i].y));
                denominator = denominator.select(done, one).select(twice, y1.double().reduced());
                doubled = twice;
            }
            self.vectors.push((denominator, product));
            self.doubled.push(doubled);
            product = product.times::<5>(denominator);
        }
        product
    }

    #[inline(always)]
    fn add_all(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        let (mut product, flagged) = self.quick(points, pairs);
        if flagged || product.zeros() != 0 {
            self.vectors.clear();
            product = self.careful(points, pairs);
        }
        let mut inverse = product.inverse(self.ifma);
        for (place, pairs) in pairs.chunks(WIDTH).enumerate().rev() {
            let (denominator, before) = &self.vectors[place];
            let inverted = inverse.times::<5>(*before);
            inverse = inverse.times::<5>(*denominator);
            let pairs = &filled(pairs);
            let (to, from) = sides(points, pairs);
            let x1 = N::take(self.ifma, each!(8, i => &to[i].x));
            let x2 = N::take(self.ifma, each!(8, i => &from[i].x));
            let y1 = N::take(self.ifma, each!(8, i => &to[i].y));
            let y2 = N::take(self.ifma, each!(8, i => &from[i].y));
            let mut negative = 0;
            for (lane, pair) in pairs.iter().enumerate() {
                negative |= u8::from(pair.negative) << lane;
            }
            let mut numerator = y2.select(negative, y2.negative::<16>()).minus::<16>(y1);
            if let Some(doubled) = self.doubled.get(place).filter(|doubled| **doubled != 0) {
                numerator = numerator.select(*doubled, tangent(x1));
            }
            let slope = inverted.times::<2>(numerator);
            let (x, y) = chord(slope, x1, y1, x2);
            let (x, y) = (x.store(), y.store());
            // Where the last pair stands several times, it is written several times.
            for lane in 0..WIDTH {
                points[pairs[lane].to as usize] = Affine::new_unchecked(x[lane], y[lane]);
            }
        }
    }

    #[inline(always)]
    fn double_all(&mut self, points: &mut [Affine<P>]) {
        let one = N::one(self.ifma);
        let mut product = one;
        for points in points.chunks(WIDTH) {
            let last = points.len() - 1;
            let y = N::take(self.ifma, each!(8, i => &points[i.min(last)].y));
            let mut infinite = 0;
            for lane in 0..WIDTH {
                infinite |= u8::from(points[lane.min(last)].is_zero()) << lane;
            }
            let denominator = y.double().select(infinite, one);
            self.vectors.push((denominator, product));
            self.doubled.push(infinite);
            product = product.times::<5>(denominator);
        }
        let mut inverse = product.inverse(self.ifma);
        for (place, points) in points.chunks_mut(WIDTH).enumerate().rev() {
            let (denominator, before) = &self.vectors[place];
            let inverted = inverse.times::<5>(*before);
            inverse = inverse.times::<5>(*denominator);
            let last = points.len() - 1;
            let x1 = N::take(self.ifma, each!(8, i => &points[i.min(last)].x));
            let y1 = N::take(self.ifma, each!(8, i => &points[i.min(last)].y));
            let (x, y) = chord(inverted.times::<2>(tangent(x1)), x1, y1, x1);
            let (x, y) = (x.store(), y.store());
            for (lane, point) in points.iter_mut().enumerate() {
                if self.doubled[place] >> lane & 1 == 0 {
                    *point = Affine::new_unchecked(x[lane], y[lane]);
                }
            }
        }
    }
}

impl<P: SWCurveConfig, N: Number<Element = P::BaseField>> Together<P> for Steps<P, N> {
    fn add(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        self.vectors.clear();
        self.doubled.clear();
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
        self.doubled.clear();
        self.ifma.run(
            #[inline(always)]
            || self.double_all(points),
        );
    }
}

/// Eight pairs; where there are fewer, the last again, which computes the same once more.
#[inline(always)]
fn filled(pairs: &[Pair]) -> [Pair; WIDTH] {
    match pairs.first_chunk() {
        Some(all) => *all,
        None => each!(8, i => pairs[i.min(pairs.len() - 1)]),
    }
}

/// The points on both sides of eight pairs.
#[inline(always)]
fn sides<'a, P: SWCurveConfig>(
    points: &'a [Affine<P>],
    pairs: &[Pair; WIDTH],
) -> ([&'a Affine<P>; WIDTH], [&'a Affine<P>; WIDTH]) {
    (
        each!(8, i => &points[pairs[i].to as usize]),
        each!(8, i => &points[pairs[i].from as usize]),
    )
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
    let x = slope.square::<3>().minus_both::<32>(x1, x2).reduced();
    let y = slope.times::<3>(x1.minus::<2>(x)).minus::<16>(y1).reduced();
    (x, y)
}
