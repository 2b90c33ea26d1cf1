//! Many points, each times its own scalar, in affine coordinates: all points of a group take the same step at once and share one
//! inversion, so that an addition costs six multiplications instead of eleven to sixteen. Scalars are halved by the curve's
//! endomorphism (Gallant, Lambert, Vanstone, CRYPTO 2001) and written in signed digits (wNAF). This is what a Fourier transform
//! over points and a ceremony's contribution consist of.
//!
//! Times do not depend on secrets more than arkworks' own do; a contribution's secret is used once and forgotten.

mod single;
pub(crate) mod steps;
pub(crate) mod tree;

use std::ops::Range;

use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::Affine;
use ark_ff::{BigInteger as _, PrimeField};
use rayon::prelude::*;

use self::steps::{Pair, Steps, signed};

/// Points that go through the steps together: few enough for the cache, many enough to forget the inversion.
const GROUP: usize = 512;
/// Digits are odd and below 2^this in magnitude, or zero.
const WIDTH: usize = 4;
/// Scalars of at most this many bits, up to sign, are multiplied by apart.
const SMALL_BITS: u32 = 64;
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
            let count = left.len().min(right.len());
            let (left, right) = (&mut left[..count], &mut right[..count]);
            let mut points = [&*left, &*right, &*left].concat();
            let pairs: Vec<Pair> = (0..2 * count)
                .map(|i| Pair {
                    to: (if i < count { i } else { i + count }) as u32,
                    from: (count + i % count) as u32,
                    negative: i >= count,
                })
                .collect();
            Steps::default().add(&mut points, &pairs);
            left.copy_from_slice(&points[..count]);
            right.copy_from_slice(&points[2 * count..]);
        });
}

/// For each list the sum of its points times their scalars. What is multiplied by ±1 is only added; the others go together, small
/// scalars apart from the rest.
pub(crate) fn sums_of_products<C: GLVConfig>(lists: &[Vec<(Affine<C>, C::ScalarField)>]) -> Vec<Affine<C>> {
    let mut points = Vec::with_capacity(lists.iter().map(Vec::len).sum());
    let mut ranges = Vec::with_capacity(lists.len());
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for list in lists {
        let start = points.len() as u32;
        for (point, scalar) in list {
            let (size, negated_size) = (bits(scalar), bits(&-*scalar));
            match size.min(negated_size) {
                1 => {}
                2..=SMALL_BITS => small.push((points.len(), *scalar)),
                _ => large.push((points.len(), *scalar)),
            }
            points.push(signed(*point, negated_size == 1));
        }
        ranges.push(start..points.len() as u32);
    }
    for factors in [small, large] {
        factors
            .chunks(GROUP)
            .for_each(|factors| multiply_some(&mut points, factors));
    }
    tree::sums(&mut Steps::default(), &mut points, &ranges);
    let sum = |range: &Range<u32>| points.get(range.start as usize).filter(|_| !range.is_empty());
    ranges
        .iter()
        .map(|range| sum(range).copied().unwrap_or_default())
        .collect()
}

/// Multiplies the points at these places, at most [`GROUP`].
fn multiply_some<C: GLVConfig>(points: &mut [Affine<C>], factors: &[(usize, C::ScalarField)]) {
    let (mut some, scalars): (Vec<Affine<C>>, Vec<C::ScalarField>) =
        factors.iter().map(|(place, scalar)| (points[*place], *scalar)).unzip();
    multiply_group(&mut some, &scalars);
    for ((place, _), product) in factors.iter().zip(some) {
        points[*place] = product;
    }
}

fn bits<F: PrimeField>(scalar: &F) -> u32 {
    scalar.into_bigint().num_bits()
}

/// The sums lie in front, and behind them for each odd multiple one group of points, then all of these under the endomorphism.
fn multiply_group<C: GLVConfig>(points: &mut [Affine<C>], scalars: &[C::ScalarField]) {
    let count = points.len();
    let digits: Vec<[Vec<i8>; 2]> = scalars
        .iter()
        .map(|scalar| {
            let ((one, k1), (two, k2)) = C::scalar_decomposition(*scalar);
            [signed_digits(k1, one), signed_digits(k2, two)]
        })
        .collect();
    let longest = digits.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let mut steps = Steps::default();
    let multiples = odd_multiples(&mut steps, points);
    let mut all = vec![Affine::<C>::identity(); count];
    all.extend(&multiples);
    all.extend(multiples.iter().map(C::endomorphism_affine));
    let mut pairs = Vec::with_capacity(count);
    for place in (0..longest).rev() {
        steps.double(&mut all[..count]);
        for half in 0..2 {
            pairs.clear();
            pairs.extend(digits.iter().enumerate().filter_map(|(index, digits)| {
                let digit = digits[half].get(place).filter(|digit| **digit != 0)?;
                let group = 1 + half * MULTIPLES + usize::from(digit.unsigned_abs()) / 2;
                Some(Pair {
                    to: index as u32,
                    from: (group * count + index) as u32,
                    negative: *digit < 0,
                })
            }));
            steps.add(&mut all, &pairs);
        }
    }
    points.copy_from_slice(&all[..count]);
}

/// 1, 3, 5, … times each point, one multiple of all after the other.
fn odd_multiples<C: GLVConfig>(steps: &mut Steps<C>, points: &[Affine<C>]) -> Vec<Affine<C>> {
    let count = points.len();
    // Twice the points stand at the end until they are not needed any more.
    let mut all = points.repeat(MULTIPLES + 1);
    steps.double(&mut all[MULTIPLES * count..]);
    for multiple in 1..MULTIPLES {
        all.copy_within((multiple - 1) * count..multiple * count, multiple * count);
        let pairs: Vec<Pair> = (0..count)
            .map(|i| Pair {
                to: (multiple * count + i) as u32,
                from: (MULTIPLES * count + i) as u32,
                negative: false,
            })
            .collect();
        steps.add(&mut all, &pairs);
    }
    all.truncate(MULTIPLES * count);
    all
}

/// The signed digits of a number, lowest first: Σ dᵢ·2^i, each zero or odd and below 2^(WIDTH−1) in magnitude.
fn signed_digits<F: PrimeField>(value: F, positive: bool) -> Vec<i8> {
    let digits = value.into_bigint().find_wnaf(WIDTH).unwrap_or_default();
    digits
        .into_iter()
        .map(|d| if positive { d as i8 } else { -(d as i8) })
        .collect()
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fr, G1Affine, G2Affine, g1, g2};
    use ark_ec::{CurveGroup as _, PrimeGroup as _};
    use ark_ff::{Field as _, One as _, UniformRand as _, Zero as _};
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
    fn every_sum_is_what_arkworks_computes() {
        sums::<g1::Config>(3);
        sums::<g2::Config>(4);
        assert!(sums_of_products::<g1::Config>(&[]).is_empty());
    }

    /// Lists of no, one and many terms, some so long that their factors make several groups; scalars of every kind, and terms that
    /// cancel.
    fn sums<C: GLVConfig<ScalarField = Fr>>(seed: u64) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let kinds = |n: usize, r: Fr| match n % 7 {
            0 => Fr::one(),
            1 => -Fr::one(),
            2 => Fr::from(u64::MAX),
            3 => -Fr::from(3u8),
            4 => Fr::from(1u128 << 64),
            5 => Fr::zero(),
            _ => r,
        };
        let point = |rng: &mut ChaCha20Rng| {
            (ark_ec::short_weierstrass::Projective::<C>::generator() * Fr::rand(rng)).into_affine()
        };
        let mut lists: Vec<Vec<(Affine<C>, Fr)>> = [0, 1, 2, 7, 0, 900, 30]
            .iter()
            .map(|count| {
                let term = |n| {
                    (
                        point(&mut rng),
                        kinds(n, Fr::from(n as u64).square().pow([7, 11, 13, 1])),
                    )
                };
                (0..*count).map(term).collect()
            })
            .collect();
        let (canceled, infinite) = (point(&mut rng), Affine::identity());
        lists.push(vec![(canceled, Fr::one()), (canceled, -Fr::one())]);
        lists.push(vec![(canceled, Fr::from(5u8)), (canceled, Fr::from(5u8))]);
        lists.push(vec![
            (infinite, Fr::from(5u8)),
            (canceled, Fr::one()),
            (infinite, Fr::one()),
        ]);
        let expected: Vec<Affine<C>> = lists
            .iter()
            .map(|list| {
                let products = list.iter().map(|(p, s)| *p * s);
                products.sum::<ark_ec::short_weierstrass::Projective<C>>().into_affine()
            })
            .collect();
        assert!(sums_of_products(&lists) == expected);
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
