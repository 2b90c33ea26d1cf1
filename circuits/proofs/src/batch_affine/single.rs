//! Steps one number after the other: additions and doublings of many affine points that share an inversion.
//!
//! Two chains of products run towards the inversion, since each product of a chain waits for the one before.

use ark_ec::AffineRepr as _;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{AdditiveGroup as _, Field as _, Zero as _};

use super::steps::{Pair, Together, signed};
use crate::arithmetic::Arithmetic;

/// What a sum needs a slope for.
struct Slope<F> {
    pair: Pair,
    /// Whether the point is added to itself.
    doubles: bool,
    denominator: F,
    /// The product of those before it in its chain.
    before: F,
}

/// Room for steps.
pub(super) struct OneByOne<P: SWCurveConfig, A> {
    arithmetic: A,
    slopes: Vec<Slope<P::BaseField>>,
}

impl<P: SWCurveConfig, A: Arithmetic<P::BaseField>> OneByOne<P, A> {
    pub(super) fn new(arithmetic: A) -> Self {
        Self {
            arithmetic,
            slopes: Vec::new(),
        }
    }

    /// Takes up a sum, unless it needs no slope.
    #[inline(always)]
    fn begin(&mut self, points: &mut [Affine<P>], pair: &Pair, chains: &mut [P::BaseField; 2]) {
        let other = points[pair.from as usize];
        let point = &mut points[pair.to as usize];
        let mut denominator = self.arithmetic.minus(&other.x, &point.x);
        let mut doubles = false;
        // The infinite point is stored as (0, 0).
        if denominator.is_zero() || point.x.is_zero() || other.x.is_zero() {
            let other = signed(other, pair.negative);
            if point.is_zero() {
                *point = other;
                return;
            } else if other.is_zero() {
                return;
            } else if denominator.is_zero() {
                if point.y != other.y {
                    *point = Affine::identity();
                    return;
                }
                doubles = true;
                denominator = point.y.double();
            }
        }
        self.push(*pair, doubles, denominator, chains);
    }

    #[inline(always)]
    fn push(&mut self, pair: Pair, doubles: bool, denominator: P::BaseField, chains: &mut [P::BaseField; 2]) {
        let chain = &mut chains[self.slopes.len() % 2];
        let before = *chain;
        *chain = self.arithmetic.times(&before, &denominator);
        self.slopes.push(Slope {
            pair,
            doubles,
            denominator,
            before,
        });
    }

    /// Finishes all sums that were taken up, from the last to the first.
    fn finish(&mut self, points: &mut [Affine<P>], [even, odd]: [P::BaseField; 2]) {
        let on = self.arithmetic;
        // No denominator is zero.
        let inverse = on.times(&even, &odd).inverse().unwrap_or_default();
        let mut inverses = [on.times(&inverse, &odd), on.times(&inverse, &even)];
        for (place, slope) in self.slopes.iter().enumerate().rev() {
            let chain = &mut inverses[place % 2];
            let inverse = on.times(chain, &slope.before);
            *chain = on.times(chain, &slope.denominator);
            let other = points[slope.pair.from as usize];
            let point = &mut points[slope.pair.to as usize];
            let (numerator, other) = if slope.doubles {
                (tangent(on, point), point.x)
            } else {
                let y = signed(other, slope.pair.negative).y;
                (on.minus(&y, &point.y), other.x)
            };
            let slope = on.times(&inverse, &numerator);
            let x = on.minus(&on.minus(&on.square(&slope), &point.x), &other);
            let y = on.minus(&on.times(&slope, &on.minus(&point.x, &x)), &point.y);
            *point = Affine::new_unchecked(x, y);
        }
        self.slopes.clear();
    }
}

impl<P: SWCurveConfig, A: Arithmetic<P::BaseField>> Together<P> for OneByOne<P, A> {
    fn add(&mut self, points: &mut [Affine<P>], pairs: &[Pair]) {
        let mut chains = [P::BaseField::ONE; 2];
        for pair in pairs {
            self.begin(points, pair, &mut chains);
        }
        self.finish(points, chains);
    }

    fn double(&mut self, points: &mut [Affine<P>]) {
        let mut chains = [P::BaseField::ONE; 2];
        for (point, index) in points.iter().zip(0u32..) {
            let pair = Pair {
                to: index,
                from: index,
                negative: false,
            };
            // No point of odd order has y = 0.
            if !point.is_zero() {
                self.push(pair, true, self.arithmetic.plus(&point.y, &point.y), &mut chains);
            }
        }
        self.finish(points, chains);
    }
}

/// The numerator of the tangent's slope.
#[inline(always)]
fn tangent<P: SWCurveConfig>(on: impl Arithmetic<P::BaseField>, point: &Affine<P>) -> P::BaseField {
    let square = on.square(&point.x);
    on.plus(&on.plus(&square, &square), &square) + P::COEFF_A
}

#[cfg(test)]
mod tests {
    use ark_bn254::{g1, g2};
    use ark_ec::{CurveGroup as _, PrimeGroup as _};

    use super::*;
    use crate::arithmetic::Plain;

    /// Sums, differences, doublings, opposite and infinite points, in every order, together in one step.
    fn check<P: SWCurveConfig>(arithmetic: impl Arithmetic<P::BaseField>) {
        let generator = ark_ec::short_weierstrass::Projective::<P>::generator();
        let multiples = (0..7u64).map(|n| (generator * P::ScalarField::from(n)).into_affine());
        let some: Vec<Affine<P>> = multiples.flat_map(|point| [point, -point]).collect();
        for count in [1, 2, 3, 2 * some.len() * some.len()] {
            let all = some.iter().flat_map(|a| some.iter().map(move |b| (*a, *b)));
            let all: Vec<_> = all
                .flat_map(|(a, b)| [(a, b, false), (a, b, true)])
                .take(count)
                .collect();
            let mut points: Vec<Affine<P>> = all.iter().flat_map(|(a, b, _)| [*a, *b]).collect();
            let pairs: Vec<Pair> = (0..)
                .zip(&all)
                .map(|(index, (_, _, negative))| Pair {
                    to: 2 * index,
                    from: 2 * index + 1,
                    negative: *negative,
                })
                .collect();
            let mut steps = OneByOne::<P, _>::new(arithmetic);
            steps.add(&mut points, &pairs);
            for ((a, b, negative), sum) in all.iter().zip(points.chunks(2)) {
                assert_eq!(sum[0], (*a + signed(*b, *negative)).into_affine());
                assert_eq!(sum[1], *b, "what is added stays");
            }
            let before = points.clone();
            steps.double(&mut points);
            for (before, after) in before.iter().zip(&points) {
                assert_eq!(*after, (*before + before).into_affine());
            }
        }
    }

    #[test]
    fn steps_are_arkworks_sums_whatever_the_arithmetic() {
        check::<g1::Config>(Plain);
        check::<g2::Config>(Plain);
        #[cfg(target_arch = "x86_64")]
        if let Some(carries) = crate::lanes::Carries::detected() {
            check::<g1::Config>(carries);
            check::<g2::Config>(carries);
        }
    }
}
