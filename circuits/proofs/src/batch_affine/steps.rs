//! One step of many points at once in affine coordinates, with one inversion for all of them: what sums of many points and
//! multiplications of many points consist of. On eight lanes where the processor can, else one by one with
//! two chains of carries, else in arkworks' arithmetic.

use ark_ec::short_weierstrass::{Affine, SWCurveConfig};

use super::single::OneByOne;
use crate::arithmetic::Plain;

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
        Self(faster().unwrap_or_else(|| Box::new(OneByOne::new(Plain))))
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

/// Steps with instructions that not every processor has, for the curves that have them.
#[cfg(target_arch = "x86_64")]
fn faster<P: SWCurveConfig>() -> Option<Box<dyn Together<P>>> {
    use crate::lanes::{Carries, Ifma, Lanes, Lanes2, Steps as Vectors};
    use ark_bn254::{FqConfig, g1, g2};

    type G1 = Vectors<g1::Config, Lanes<FqConfig>>;
    type G2 = Vectors<g2::Config, Lanes2>;
    if let Some(ifma) = Ifma::detected() {
        return of_either(G1::new(ifma), G2::new(ifma));
    }
    let carries = Carries::detected()?;
    of_either(
        OneByOne::<g1::Config, _>::new(carries),
        OneByOne::<g2::Config, _>::new(carries),
    )
}

/// Of steps over two curves those over the one that is asked for, if it is one of them.
#[cfg(target_arch = "x86_64")]
fn of_either<P: SWCurveConfig, C1: SWCurveConfig, C2: SWCurveConfig>(
    one: impl Together<C1> + 'static,
    two: impl Together<C2> + 'static,
) -> Option<Box<dyn Together<P>>> {
    use std::any::Any;

    let one: Box<dyn Together<C1>> = Box::new(one);
    let two: Box<dyn Together<C2>> = Box::new(two);
    let [one, two]: [Box<dyn Any>; 2] = [Box::new(one), Box::new(two)];
    let found = one.downcast().or_else(|_| two.downcast()).ok();
    found.map(|steps| *steps)
}

#[cfg(not(target_arch = "x86_64"))]
fn faster<P: SWCurveConfig>() -> Option<Box<dyn Together<P>>> {
    None
}

/// A point or its negative.
pub(crate) fn signed<P: SWCurveConfig>(point: Affine<P>, negative: bool) -> Affine<P> {
    if negative { -point } else { point }
}
