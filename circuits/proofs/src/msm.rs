//! Multi-scalar multiplication, Σ sᵢ·Pᵢ, for what a prover and a verifier meet: many scalars are 0, 1 or small, of either sign.
//!
//! Zeros and infinite points are dropped, ones are added up, and the rest goes through Pippenger's buckets in two groups,
//! scalars of at most 64 bits apart from the full ones, so that small ones cost a quarter. Digits are signed (Booth), which
//! halves the buckets. Points are sorted by bucket and added in pairs in affine coordinates, with one inversion for thousands of
//! additions ([`Steps`]): six multiplications instead of ten, and no two additions of a step depend on each other.
//! arkworks' own function starts a thread pool per call; this one runs on the caller's. How work is divided does not depend on
//! the number of threads.

use ark_ec::short_weierstrass::{Affine, Bucket, Projective, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig};
use ark_ff::{AdditiveGroup as _, PrimeField as _, Zero as _};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;
use zeroize::Zeroize as _;

use crate::batch_affine::steps::{Steps, signed};
use crate::batch_affine::tree;

mod buckets;

/// Points that one parallel task adds up, more or less.
const POINTS_PER_TASK: usize = 1 << 14;
/// From how many points on the windows run in parallel, and in affine coordinates.
const MANY: usize = 256;

/// Scalars sorted by size once, for several sets of points.
#[derive(Default)]
pub(crate) struct Scalars {
    /// Scalars that are ±1.
    units: Vec<Term<()>>,
    /// Scalars of at most 64 bits, up to sign.
    short: Vec<Term<[u64; 1]>>,
    /// All others.
    long: Vec<Term<[u64; 4]>>,
}

/// One term of the sum: which point, its sign, and the scalar's absolute value.
#[derive(Clone, Copy)]
struct Term<T> {
    index: u32,
    negative: bool,
    value: T,
}

impl Drop for Scalars {
    fn drop(&mut self) {
        // They are the witness in another form.
        self.short.iter_mut().for_each(|t| t.value.zeroize());
        self.long.iter_mut().for_each(|t| t.value.zeroize());
    }
}

impl Scalars {
    /// Sorts scalars by size.
    pub(crate) fn new(scalars: &[Field]) -> Self {
        let mut sorted = Self::default();
        for (scalar, index) in scalars.iter().zip(0u32..) {
            if scalar.is_zero() {
                continue;
            }
            let positive = scalar.into_bigint().0;
            let negated = (-*scalar).into_bigint().0;
            // The smaller of s and r − s; comparing the top limbs is enough to tell small ones.
            let negative = positive[3] > negated[3];
            let value = if negative { negated } else { positive };
            match value {
                [1, 0, 0, 0] => sorted.units.push(Term {
                    index,
                    negative,
                    value: (),
                }),
                [low, 0, 0, 0] => sorted.short.push(Term {
                    index,
                    negative,
                    value: [low],
                }),
                _ => sorted.long.push(Term { index, negative, value }),
            }
        }
        sorted
    }

    /// Σ sᵢ·Pᵢ. Points beyond the scalars, and scalars beyond the points, count as absent.
    pub(crate) fn multiply<P>(&self, points: &[Affine<P>]) -> Projective<P>
    where
        P: SWCurveConfig + CurveConfig<ScalarField = Field>,
    {
        let ((units, short), long) = rayon::join(
            || rayon::join(|| sum(points, &self.units), || pippenger(points, &self.short)),
            || pippenger(points, &self.long),
        );
        units + short + long
    }
}

/// Σ sᵢ·Pᵢ.
pub(crate) fn msm<P>(points: &[Affine<P>], scalars: &[Field]) -> Projective<P>
where
    P: SWCurveConfig + CurveConfig<ScalarField = Field>,
{
    Scalars::new(scalars).multiply(points)
}

/// The point of a term; `None` where it is absent or infinite.
fn present<'a, P: SWCurveConfig, T>(points: &'a [Affine<P>], term: &Term<T>) -> Option<&'a Affine<P>> {
    points.get(term.index as usize).filter(|p| !p.is_zero())
}

/// Σ ±Pᵢ.
fn sum<P: SWCurveConfig>(points: &[Affine<P>], terms: &[Term<()>]) -> Projective<P> {
    let partial = |steps: &mut Steps<P>, terms: &[Term<()>]| {
        let used = terms
            .iter()
            .filter_map(|t| present(points, t).map(|p| signed(*p, t.negative)));
        tree::sum(steps, used.collect())
    };
    let chunks = terms.par_chunks(POINTS_PER_TASK);
    chunks.map_init(Steps::default, partial).sum()
}

/// Σ ±vᵢ·Pᵢ by buckets: one window of the scalars' bits after the other, each independent.
fn pippenger<P: SWCurveConfig, const N: usize>(points: &[Affine<P>], terms: &[Term<[u64; N]>]) -> Projective<P> {
    let mut used: Vec<Term<[u64; N]>> = terms.iter().filter(|t| present(points, t).is_some()).copied().collect();
    let Some(bits) = used.iter().map(|term| bit_length(&term.value)).max() else {
        return Projective::zero();
    };
    let width = window_width(used.len(), bits);
    // One bit more than the longest, so that the top digit is not negative.
    let windows = (bits + 1).div_ceil(width);
    let sums: Vec<Projective<P>> = if used.len() < MANY {
        let window = |index| few(points, &used, index * width, width);
        (0..windows).map(window).collect()
    } else {
        let window = |index| buckets::window_sum(points, &used, index * width, width);
        (0..windows).into_par_iter().map(window).collect()
    };
    used.iter_mut().for_each(|term| term.value.zeroize());
    sums.into_iter().rev().fold(Projective::zero(), |mut total, sum| {
        for _ in 0..width {
            total.double_in_place();
        }
        total + sum
    })
}

/// Σ dᵢ·Pᵢ for the signed digits dᵢ of `width` bits at bit `start`, for few points: one after the other into the buckets.
fn few<P: SWCurveConfig, const N: usize>(
    points: &[Affine<P>],
    used: &[Term<[u64; N]>],
    start: usize,
    width: usize,
) -> Projective<P> {
    let mut buckets = vec![Bucket::<P>::ZERO; 1 << (width - 1)];
    for term in used {
        let digit = booth_digit(&term.value, start, width);
        let bucket = digit.unsigned_abs() as usize;
        if let (Some(point), 1..) = (points.get(term.index as usize), bucket) {
            buckets[bucket - 1] += &signed(*point, (digit < 0) != term.negative);
        }
    }
    let mut running = Bucket::<P>::ZERO;
    let mut total = Bucket::<P>::ZERO;
    for bucket in buckets.iter().rev() {
        running += bucket;
        total += &running;
    }
    total.into()
}

/// The signed digit at bit `start`: with v the `width + 1` bits from `start − 1`, ⌈v/2⌉ − 2^width·(top bit of v).
fn booth_digit<const N: usize>(value: &[u64; N], start: usize, width: usize) -> i64 {
    let bits = if start == 0 {
        bits_at(value, 0, width) << 1
    } else {
        bits_at(value, start - 1, width + 1)
    };
    let digit = (bits >> 1) + (bits & 1);
    let borrow = (bits >> width) << width;
    digit as i64 - borrow as i64
}

/// `count` (below 64) bits of a number from bit `start` on; zeros beyond its end.
fn bits_at<const N: usize>(value: &[u64; N], start: usize, count: usize) -> u64 {
    let (limb, shift) = (start / 64, start % 64);
    let low = value.get(limb).map_or(0, |l| l >> shift);
    let high = if shift == 0 {
        0
    } else {
        value.get(limb + 1).map_or(0, |l| l << (64 - shift))
    };
    (low | high) & ((1 << count) - 1)
}

/// How many bits a number has.
fn bit_length<const N: usize>(value: &[u64; N]) -> usize {
    let top = value.iter().enumerate().rev().find(|(_, limb)| **limb != 0);
    top.map_or(0, |(place, limb)| 64 * (place + 1) - limb.leading_zeros() as usize)
}

/// The width with the fewest additions: each window adds every point once and sums its buckets twice, which costs a little more.
fn window_width(points: usize, bits: usize) -> usize {
    let cost = |width: &usize| (bits + 1).div_ceil(*width) * (points + (3 << (width - 1)));
    (2..=16).min_by_key(cost).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use ark_bn254::{G1Projective, G2Projective};
    use ark_ec::CurveGroup as _;
    use ark_ff::{One as _, UniformRand as _};
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha20Rng;

    use super::*;

    fn scalars(rng: &mut ChaCha20Rng, count: usize) -> Vec<Field> {
        let small = |rng: &mut ChaCha20Rng| Field::from(rng.r#gen::<u64>() >> rng.gen_range(0..64));
        (0..count)
            .map(|_| match rng.gen_range(0..8) {
                0 => Field::zero(),
                1 => Field::one(),
                2 => -Field::one(),
                3 => small(rng),
                4 => -small(rng),
                5 => Field::from(rng.r#gen::<u128>()),
                _ => Field::rand(rng),
            })
            .collect()
    }

    fn agrees<P>(rng: &mut ChaCha20Rng)
    where
        P: SWCurveConfig + CurveConfig<ScalarField = Field>,
    {
        for count in [0, 1, 2, 3, 31, 65, 300, 3000] {
            let mut points: Vec<Affine<P>> = (0..count).map(|_| Projective::<P>::rand(rng).into_affine()).collect();
            // Equal, opposite and infinite points are where addition formulas go wrong.
            if count > 30 {
                points[3] = points[2];
                points[5] = -points[4];
                points[6] = Affine::identity();
            }
            let mut scalars = scalars(rng, count);
            if count > 30 {
                let same = scalars[2];
                scalars[3] = same;
                scalars[5] = scalars[4];
            }
            let plain: Projective<P> = points.iter().zip(&scalars).map(|(p, s)| *p * s).sum();
            assert_eq!(msm(&points, &scalars), plain, "{count} points");
        }
    }

    #[test]
    fn agrees_with_the_plain_sum_in_both_groups() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        agrees::<ark_bn254::g1::Config>(&mut rng);
        agrees::<ark_bn254::g2::Config>(&mut rng);
        assert_eq!(msm::<ark_bn254::g1::Config>(&[], &[Field::one()]), G1Projective::zero());
        assert_eq!(msm::<ark_bn254::g2::Config>(&[], &[]), G2Projective::zero());
    }

    #[test]
    fn digits_make_up_the_number() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for width in 2..=16 {
            let value = [rng.r#gen::<u64>()];
            let windows = 65usize.div_ceil(width);
            let sum: i128 = (0..windows)
                .map(|w| i128::from(booth_digit(&value, w * width, width)) << (w * width))
                .sum();
            assert_eq!(sum, i128::from(value[0]), "width {width}");
            assert!((0..windows).all(|w| booth_digit(&value, w * width, width).unsigned_abs() <= 1 << (width - 1)));
        }
    }
}
