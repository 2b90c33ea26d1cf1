//! Many points, each times its own scalar, in affine coordinates: all points of a group take the same step at once and share one
//! inversion, so that an addition costs six multiplications instead of eleven to sixteen. Scalars are halved by the curve's
//! endomorphism (Gallant, Lambert, Vanstone, CRYPTO 2001) and written in signed digits (wNAF). This is what a Fourier transform
//! over points and a ceremony's contribution consist of.
//!
//! Times do not depend on secrets more than arkworks' own do; a contribution's secret is used once and forgotten.

use ark_ec::AffineRepr as _;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{AdditiveGroup as _, BigInteger as _, Field as _, PrimeField};
use rayon::prelude::*;

/// Points that go through the steps together: few enough for the cache, many enough to forget the inversion.
const GROUP: usize = 512;
/// Digits are odd and below 2^this in magnitude, or zero.
const WIDTH: usize = 4;
/// Multiples of each point that are kept: 1, 3, 5, 7.
const MULTIPLES: usize = 1 << (WIDTH - 2);

/// Multiplies each point by its scalar, in place. As many scalars as points; the rest of either is left alone.
pub(crate) fn multiply_each<C: GLVConfig>(points: &mut [Affine<C>], scalars: &[C::ScalarField]) {
    points
        .par_chunks_mut(GROUP)
        .zip(scalars.par_chunks(GROUP))
        .for_each(|(points, scalars)| multiply_group(points, scalars));
}

/// Multiplies all points by one scalar, in place.
pub(crate) fn multiply_all<C: GLVConfig>(points: &mut [Affine<C>], scalar: C::ScalarField) {
    points.par_chunks_mut(GROUP).for_each(|points| {
        let scalars = vec![scalar; points.len()];
        multiply_group(points, &scalars);
    });
}

/// Replaces each pair by its sum and its difference.
pub(crate) fn sums_and_differences<C: GLVConfig>(left: &mut [Affine<C>], right: &mut [Affine<C>]) {
    left.par_chunks_mut(GROUP)
        .zip(right.par_chunks_mut(GROUP))
        .for_each(|(left, right)| {
            let mut scratch = Scratch::default();
            let negated: Vec<Affine<C>> = right.iter().map(|p| -*p).collect();
            let mut difference = left.to_vec();
            scratch.add(left, right.iter().copied().enumerate());
            scratch.add(&mut difference, negated.into_iter().enumerate());
            right.copy_from_slice(&difference);
        });
}

fn multiply_group<C: GLVConfig>(points: &mut [Affine<C>], scalars: &[C::ScalarField]) {
    let digits: Vec<[Vec<i8>; 2]> = scalars
        .iter()
        .map(|scalar| {
            let ((one, k1), (two, k2)) = C::scalar_decomposition(*scalar);
            [signed_digits(k1, one), signed_digits(k2, two)]
        })
        .collect();
    let longest = digits.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let mut scratch = Scratch::default();
    let multiples = scratch.odd_multiples(points);
    let mut sums = vec![Affine::<C>::identity(); points.len()];
    for place in (0..longest).rev() {
        scratch.double(&mut sums);
        for half in 0..2 {
            let terms = digits.iter().enumerate().filter_map(|(index, digits)| {
                let digit = *digits[half].get(place)?;
                let multiple = *multiples.get(usize::from(digit.unsigned_abs()) / 2)?.get(index)?;
                let multiple = if half == 1 {
                    C::endomorphism_affine(&multiple)
                } else {
                    multiple
                };
                (digit != 0).then_some((index, if digit < 0 { -multiple } else { multiple }))
            });
            scratch.add(&mut sums, terms);
        }
    }
    points.copy_from_slice(&sums);
}

/// The signed digits of a number, lowest first: Σ dᵢ·2^i, each zero or odd and below 2^(WIDTH−1) in magnitude.
fn signed_digits<F: PrimeField>(value: F, positive: bool) -> Vec<i8> {
    let digits = value.into_bigint().find_wnaf(WIDTH).unwrap_or_default();
    digits
        .into_iter()
        .map(|d| if positive { d as i8 } else { -(d as i8) })
        .collect()
}

/// Room for the slopes' denominators, kept from step to step.
struct Scratch<C: GLVConfig> {
    denominators: Vec<C::BaseField>,
    places: Vec<(usize, Affine<C>)>,
}

impl<C: GLVConfig> Default for Scratch<C> {
    fn default() -> Self {
        Self {
            denominators: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl<C: GLVConfig> Scratch<C> {
    /// 1, 3, 5, … times each point.
    fn odd_multiples(&mut self, points: &[Affine<C>]) -> Vec<Vec<Affine<C>>> {
        let mut doubled = points.to_vec();
        self.double(&mut doubled);
        let mut multiples = vec![points.to_vec()];
        while multiples.len() < MULTIPLES {
            let mut next = multiples.last().cloned().unwrap_or_default();
            self.add(&mut next, doubled.iter().copied().enumerate());
            multiples.push(next);
        }
        multiples
    }

    /// Doubles each point.
    fn double(&mut self, points: &mut [Affine<C>]) {
        self.denominators.clear();
        // No point of odd order has y = 0, and the identity is stored as (0, 0): its zero is left out of the inversion.
        self.denominators.extend(points.iter().map(|p| p.y.double()));
        ark_ff::batch_inversion(&mut self.denominators);
        for (point, inverse) in points.iter_mut().zip(&self.denominators) {
            if !point.is_zero() {
                let square = point.x.square();
                *point = chord(point, &point.x, (square.double() + square + C::COEFF_A) * inverse);
            }
        }
    }

    /// Adds to some of the points, each at most once.
    fn add(&mut self, points: &mut [Affine<C>], terms: impl Iterator<Item = (usize, Affine<C>)>) {
        self.places.clear();
        self.denominators.clear();
        for (index, term) in terms {
            let Some(point) = points.get_mut(index) else { continue };
            if term.is_zero() {
                continue;
            }
            if point.is_zero() {
                *point = term;
            } else if point.x == term.x {
                // Equal or opposite: rare, and not worth a step of its own.
                *point = (*point + term).into();
            } else {
                self.places.push((index, term));
                self.denominators.push(term.x - point.x);
            }
        }
        ark_ff::batch_inversion(&mut self.denominators);
        for ((index, term), inverse) in self.places.iter().zip(&self.denominators) {
            if let Some(point) = points.get_mut(*index) {
                *point = chord(point, &term.x, (term.y - point.y) * inverse);
            }
        }
    }
}

/// The third point of the line with this slope through a point and another one with abscissa `other`, mirrored.
fn chord<C: GLVConfig>(point: &Affine<C>, other: &C::BaseField, slope: C::BaseField) -> Affine<C> {
    let x = slope.square() - point.x - other;
    Affine::new_unchecked(x, slope * (point.x - x) - point.y)
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fr, G1Affine, G2Affine, g1, g2};
    use ark_ec::{CurveGroup as _, PrimeGroup as _};
    use ark_ff::{One as _, UniformRand as _, Zero as _};
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    fn check<C: GLVConfig<ScalarField = Fr>>(seed: u64, count: usize) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut points: Vec<Affine<C>> = (0..count)
            .map(|_| (ark_ec::short_weierstrass::Projective::<C>::generator() * Fr::rand(&mut rng)).into_affine())
            .collect();
        let mut scalars: Vec<Fr> = (0..count).map(|_| Fr::rand(&mut rng)).collect();
        // What goes wrong first: zero, one, −1, the endomorphism's own factor and its neighbours, small numbers, the identity.
        let edges = [
            Fr::zero(),
            Fr::one(),
            -Fr::one(),
            C::LAMBDA,
            C::LAMBDA + Fr::one(),
            -C::LAMBDA,
            Fr::from(2u8),
            Fr::from(16u8),
        ];
        scalars.iter_mut().zip(edges).for_each(|(s, edge)| *s = edge);
        points[9] = Affine::identity();
        points[10] = points[11];
        let expected: Vec<Affine<C>> = points
            .iter()
            .zip(&scalars)
            .map(|(p, s)| (*p * s).into_affine())
            .collect();
        let mut found = points.clone();
        multiply_each(&mut found, &scalars);
        assert!(found == expected);

        let mut found = points.clone();
        multiply_all(&mut found, scalars[20]);
        assert!(
            found
                == points
                    .iter()
                    .map(|p| (*p * scalars[20]).into_affine())
                    .collect::<Vec<_>>()
        );

        let (mut left, mut right) = (points.clone(), points.clone());
        right.rotate_left(1);
        left[0] = right[0];
        left[1] = -right[1];
        left[2] = Affine::identity();
        let pairs: Vec<_> = left.iter().copied().zip(right.iter().copied()).collect();
        sums_and_differences(&mut left, &mut right);
        for (index, (a, b)) in pairs.into_iter().enumerate() {
            assert!(
                left[index] == (a + b).into_affine() && right[index] == (a - b).into_affine(),
                "{index}"
            );
        }
    }

    #[test]
    fn every_product_is_what_arkworks_computes() {
        check::<g1::Config>(1, 700);
        check::<g2::Config>(2, 600);
        let mut none: Vec<G1Affine> = vec![];
        multiply_each(&mut none, &[]);
        multiply_all::<g2::Config>(&mut Vec::<G2Affine>::new(), Fr::one());
    }
}
