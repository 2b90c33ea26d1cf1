//! Sums of points as trees: in each round every sum halves its terms.

use std::ops::Range;

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};

use super::steps::{Pair, Steps};

/// So few points are added one after the other, which costs as much as the inversion of one more round.
const FEW: usize = 16;

/// The sum of all points.
pub(crate) fn sum<P: SWCurveConfig>(steps: &mut Steps<P>, mut points: Vec<Affine<P>>) -> Projective<P> {
    let mut pairs = Vec::with_capacity(points.len() / 2);
    while points.len() > FEW {
        let half = points.len().div_ceil(2);
        pairs.clear();
        pairs.extend((half..points.len()).map(|from| pair(from - half, from)));
        steps.add(&mut points, &pairs);
        points.truncate(half);
    }
    points.iter().map(|p| Projective::from(*p)).sum()
}

/// The sum of the points of each range, which must not overlap, at the range's begin.
pub(crate) fn sums<P: SWCurveConfig>(steps: &mut Steps<P>, points: &mut [Affine<P>], ranges: &[Range<u32>]) {
    let mut left: Vec<Range<u32>> = ranges.to_vec();
    let mut pairs = Vec::with_capacity(points.len() / 2);
    while {
        left.retain(|range| range.len() > 1);
        !left.is_empty()
    } {
        pairs.clear();
        for range in &mut left {
            let half = range.len().div_ceil(2) as u32;
            let middle = range.start + half;
            pairs.extend((middle..range.end).map(|from| pair((from - half) as usize, from as usize)));
            range.end = middle;
        }
        steps.add(points, &pairs);
    }
}

/// One addition.
pub(crate) fn pair(to: usize, from: usize) -> Pair {
    Pair {
        to: to as u32,
        from: from as u32,
        negative: false,
    }
}
