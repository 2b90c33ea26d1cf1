//! One step of many points at once in affine coordinates, with one inversion for all of them: what sums of many points and
//! multiplications of many points consist of. On eight lanes where the processor can, in arkworks' arithmetic elsewhere.

use std::any::Any;

use ark_ec::AffineRepr as _;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{AdditiveGroup as _, Field as _};

/// Additions that share an inversion: so many that it is forgotten, so few that what is kept for each stays in the cache.
const TOGETHER: usize = 8192;

/// One addition: the point of this index takes up that of the other, or its negative.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    /// The point that becomes the sum.
    pub(crate) to: u32,
    /// What is added.
    pub(crate) from: u32,
    /// Whether it is subtracted instead.
    pub(crate) negative: bool,
}

/// Steps of many points at once.
pub(crate) trait Together<P: SWCurveConfig> {
    /// Additions of at most [`TOGETHER`] pairs. No point that becomes a sum may stand in another pair.
    fn add(&mut self, points: &mut [Affine<P>], pairs: &[Pair]);
    /// Doubles at most [`TOGETHER`] points.
    fn double(&mut self, points: &mut [Affine<P>]);
}

/// Room for steps, kept from one to the next.
pub(crate) struct Steps<P: SWCurveConfig>(Box<dyn Together<P>>);

impl<P: SWCurveConfig> Default for Steps<P> {
    fn default() -> Self {
        Self(on_lanes().unwrap_or_else(|| Box::new(OneByOne::<P>::default())))
    }
}

impl<P: SWCurveConfig> Steps<P> {
    /// Adds in pairs. No point that becomes a sum may stand in another pair.
    pub(crate) fn add(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        pairs.chunks(TOGETHER).for_each(|pairs| self.0.add(points, pairs));
    }

    /// Doubles each point.
    pub(crate) fn double(&mut self, points: &mut [Affine<P>]) {
        points.chunks_mut(TOGETHER).for_each(|points| self.0.double(points));
    }
}

/// Steps on eight lanes, for the curves and the processors that have them.
#[cfg(target_arch = "x86_64")]
fn on_lanes<P: SWCurveConfig>() -> Option<Box<dyn Together<P>>> {
    use crate::lanes::{Ifma, Lanes, Lanes2, Steps as Vectors};
    use ark_bn254::{FqConfig, g1, g2};

    type G1 = Vectors<g1::Config, Lanes<FqConfig>>;
    type G2 = Vectors<g2::Config, Lanes2>;
    let ifma = Ifma::detected()?;
    let g1: Box<dyn Together<g1::Config>> = Box::new(G1::new(ifma));
    let g2: Box<dyn Together<g2::Config>> = Box::new(G2::new(ifma));
    // One of the two has the type that is asked for, if it is a curve of ours.
    let [g1, g2]: [Box<dyn Any>; 2] = [Box::new(g1), Box::new(g2)];
    let found = g1.downcast().or_else(|_| g2.downcast()).ok();
    found.map(|steps| *steps)
}

#[cfg(not(target_arch = "x86_64"))]
fn on_lanes<P: SWCurveConfig>() -> Option<Box<dyn Together<P>>> {
    None
}

/// Arithmetic of arkworks, one element after the other.
struct OneByOne<P: SWCurveConfig> {
    /// The slopes' denominators, then their inverses.
    denominators: Vec<P::BaseField>,
    /// Additions that need a slope: the second point with its sign, and the slope's numerator.
    slopes: Vec<(u32, P::BaseField, P::BaseField)>,
}

impl<P: SWCurveConfig> Default for OneByOne<P> {
    fn default() -> Self {
        Self {
            denominators: Vec::new(),
            slopes: Vec::new(),
        }
    }
}

impl<P: SWCurveConfig> Together<P> for OneByOne<P> {
    fn add(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        self.slopes.clear();
        self.denominators.clear();
        for pair in pairs {
            let other = signed(points[pair.from as usize], pair.negative);
            let point = &mut points[pair.to as usize];
            if point.is_zero() {
                *point = other;
            } else if other.is_zero() {
                continue;
            } else if point.x != other.x {
                self.denominators.push(other.x - point.x);
                self.slopes.push((pair.to, other.x, other.y - point.y));
            } else if point.y == other.y {
                self.denominators.push(point.y.double());
                self.slopes.push((pair.to, other.x, tangent(point)));
            } else {
                *point = Affine::identity();
            }
        }
        ark_ff::batch_inversion(&mut self.denominators);
        for ((index, other, numerator), inverse) in self.slopes.iter().zip(&self.denominators) {
            let point = &mut points[*index as usize];
            *point = chord(point, other, *numerator * inverse);
        }
    }

    fn double(&mut self, points: &mut [Affine<P>]) {
        self.denominators.clear();
        // No point of odd order has y = 0, and the identity is stored as (0, 0): its zero is left out of the inversion.
        self.denominators.extend(points.iter().map(|p| p.y.double()));
        ark_ff::batch_inversion(&mut self.denominators);
        for (point, inverse) in points.iter_mut().zip(&self.denominators) {
            if !point.is_zero() {
                *point = chord(point, &point.x, tangent(point) * inverse);
            }
        }
    }
}

/// A point or its negative.
pub(crate) fn signed<P: SWCurveConfig>(point: Affine<P>, negative: bool) -> Affine<P> {
    if negative { -point } else { point }
}

/// The numerator of the tangent's slope.
fn tangent<P: SWCurveConfig>(point: &Affine<P>) -> P::BaseField {
    let square = point.x.square();
    square.double() + square + P::COEFF_A
}

/// The third point of the line with this slope through a point and another one with abscissa `other`, mirrored.
fn chord<P: SWCurveConfig>(point: &Affine<P>, other: &P::BaseField, slope: P::BaseField) -> Affine<P> {
    let x = slope.square() - point.x - other;
    Affine::new_unchecked(x, slope * (point.x - x) - point.y)
}
