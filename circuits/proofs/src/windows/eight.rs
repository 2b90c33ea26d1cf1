//! The same sums eight at a time.

use ark_bn254::{Fq, G1Affine, G1Projective};
use ark_ff::AdditiveGroup as _;

use crate::lanes::{Ifma, WIDTH, each};
use crate::numbers::Mask;
use crate::numbers::eight::Eight;
use crate::numbers::points::Jacobian;

/// The sum of all terms; `None` in a case that the formulas do not cover.
pub(super) fn sum(ifma: Ifma, terms: &[G1Affine]) -> Option<G1Projective> {
    let sums = side_by_side(ifma, terms);
    // Z became zero where a lane's sum met one of its terms, up to sign.
    let begun = sums.into_iter().take(terms.len());
    begun.map(|sum| (sum.z != Fq::ZERO).then_some(sum)).sum()
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
                let points = each!(8, place => group.get(place).unwrap_or(&infinite));
                let x = Eight::load(ifma, each!(8, place => &points[place].x));
                let y = Eight::load(ifma, each!(8, place => &points[place].y));
                let first = Jacobian { x, y, z: one };
                let next = Jacobian::select(begun, sum.add_affine(x, y), first);
                sum = Jacobian::select(present, next, sum);
                begun |= present;
            }
            let (x, y, z) = (sum.x.store(), sum.y.store(), sum.z.store());
            each!(8, lane => G1Projective::new_unchecked(x[lane], y[lane], z[lane]))
        },
    )
}
