//! One window of a multi-scalar multiplication: the points sorted by their digit, a sum for each digit, and these sums weighed.

use std::ops::Range;

use ark_ec::AffineRepr as _;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{AdditiveGroup as _, Zero as _};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{POINTS_PER_TASK, Term, booth_digit, tree};
use crate::batch_affine::steps::Steps;

/// Buckets that are weighed one after the other, in projective coordinates.
const FEW: usize = 24;
/// Points that are on their way from memory at once.
const AHEAD: usize = 16;

/// Σ dᵢ·Pᵢ for the signed digits dᵢ of `width` bits at bit `start`. Every term's point must be there.
pub(super) fn window_sum<P: SWCurveConfig, const N: usize>(
    points: &[Affine<P>],
    terms: &[Term<[u64; N]>],
    start: usize,
    width: usize,
) -> Projective<P> {
    let count = 1 << (width - 1);
    let sorted = Sorted::new(terms, start, width, count);
    let parts: Vec<Vec<(usize, Affine<P>)>> = sorted
        .tasks()
        .into_par_iter()
        .map_init(Steps::default, |steps, task| add_up(steps, points, &sorted, task))
        .collect();
    let mut buckets = vec![Affine::identity(); count];
    for (bucket, sum) in parts.into_iter().flatten() {
        // A bucket has several sums only where it alone is more than a task.
        let bucket: &mut Affine<P> = &mut buckets[bucket];
        *bucket = if bucket.is_zero() { sum } else { (*bucket + sum).into() };
    }
    weighed(&mut Steps::default(), &buckets)
}

/// Terms in the order of their buckets. They tell the scalars, so they are wiped.
struct Sorted {
    /// Twice the point's index, plus one where it is subtracted.
    entries: Zeroizing<Vec<u32>>,
    /// Where each bucket begins, and where the last ends.
    begins: Zeroizing<Vec<u32>>,
}

impl Sorted {
    fn new<const N: usize>(terms: &[Term<[u64; N]>], start: usize, width: usize, count: usize) -> Self {
        let digits: Zeroizing<Vec<i32>> = Zeroizing::new(
            terms
                .iter()
                .map(|term| {
                    let digit = booth_digit(&term.value, start, width) as i32;
                    if term.negative { -digit } else { digit }
                })
                .collect(),
        );
        // Counted one place further on, then moved there while sorting.
        let mut begins = Zeroizing::new(vec![0u32; count + 2]);
        for digit in digits.iter().filter(|digit| **digit != 0) {
            begins[digit.unsigned_abs() as usize + 1] += 1;
        }
        let mut total = 0;
        for begin in begins.iter_mut() {
            total += *begin;
            *begin = total;
        }
        let mut entries = Zeroizing::new(vec![0; total as usize]);
        for (digit, term) in digits.iter().zip(terms).filter(|(digit, _)| **digit != 0) {
            let place = &mut begins[digit.unsigned_abs() as usize];
            entries[*place as usize] = 2 * term.index + u32::from(*digit < 0);
            *place += 1;
        }
        // Each digit's begin has moved to its end, which is where the next digit's bucket begins.
        begins.truncate(count + 1);
        Self { entries, begins }
    }

    /// Runs of buckets with about as many points as a task should have.
    fn tasks(&self) -> Vec<Range<usize>> {
        let mut tasks = Vec::new();
        let mut first = 0;
        for bucket in 0..self.begins.len() - 1 {
            let points = self.begins[bucket] - self.begins[first];
            let next = self.begins[bucket + 1] - self.begins[bucket];
            if points > 0 && (points + next) as usize > POINTS_PER_TASK {
                tasks.push(first..bucket);
                first = bucket;
            }
        }
        tasks.push(first..self.begins.len() - 1);
        tasks
    }
}

/// The sums of a run of buckets that are not empty.
fn add_up<P: SWCurveConfig>(
    steps: &mut Steps<P>,
    points: &[Affine<P>],
    sorted: &Sorted,
    buckets: Range<usize>,
) -> Vec<(usize, Affine<P>)> {
    let mut sums = Vec::with_capacity(buckets.len());
    let (mut copied, mut ranges, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for bucket in buckets {
        let entries = sorted.begins[bucket] as usize..sorted.begins[bucket + 1] as usize;
        for entries in sorted.entries[entries].chunks(POINTS_PER_TASK) {
            if copied.len() + entries.len() > POINTS_PER_TASK && !copied.is_empty() {
                finish(steps, &mut copied, &mut ranges, &mut numbers, &mut sums);
            }
            let begin = copied.len() as u32;
            for entries in entries.chunks(AHEAD) {
                fetch(points, entries);
                copied.extend(entries.iter().map(|e| turned(&points[(e / 2) as usize], e % 2 == 1)));
            }
            ranges.push(begin..copied.len() as u32);
            numbers.push(bucket);
        }
    }
    finish(steps, &mut copied, &mut ranges, &mut numbers, &mut sums);
    sums
}

/// Reads a little of each point, so that all are on their way from memory at once: they lie anywhere.
fn fetch<P: SWCurveConfig>(points: &[Affine<P>], entries: &[u32]) {
    let read = |sum: usize, entry: &u32| {
        let point = &points[(entry / 2) as usize];
        sum + usize::from(point.x.is_zero()) + usize::from(point.y.is_zero())
    };
    std::hint::black_box(entries.iter().fold(0, read));
}

/// A finite point or its negative, without a branch that nobody could predict.
fn turned<P: SWCurveConfig>(point: &Affine<P>, negative: bool) -> Affine<P> {
    Affine::new_unchecked(point.x, [point.y, -point.y][usize::from(negative)])
}

/// Adds up what was copied so far, and begins anew.
fn finish<P: SWCurveConfig>(
    steps: &mut Steps<P>,
    copied: &mut Vec<Affine<P>>,
    ranges: &mut Vec<Range<u32>>,
    numbers: &mut Vec<usize>,
    sums: &mut Vec<(usize, Affine<P>)>,
) {
    tree::sums(steps, copied, ranges);
    sums.extend(
        numbers
            .drain(..)
            .zip(ranges.drain(..))
            .map(|(n, range)| (n, copied[range.start as usize])),
    );
    copied.clear();
}

/// Σ (j + 1)·Bⱼ. The buckets are cut into S runs of L, which step through together: with Rₛ the sum of a run and Tₛ the sum of its
/// buckets weighed within it, the whole is Σ Tₛ + L·Σ s·Rₛ, and the latter is of the same kind with S buckets.
fn weighed<P: SWCurveConfig>(steps: &mut Steps<P>, buckets: &[Affine<P>]) -> Projective<P> {
    if buckets.len() <= FEW {
        let mut running = Projective::<P>::zero();
        let mut total = Projective::<P>::zero();
        for bucket in buckets.iter().rev() {
            running += bucket;
            total += running;
        }
        return total;
    }
    let bits = buckets.len().ilog2() / 3;
    let length = 1 << bits;
    let runs = buckets.len().div_ceil(length);
    // Sums, weighed sums, and the buckets of the place that comes next.
    let mut points = vec![Affine::identity(); 3 * runs];
    let first: Vec<_> = (0..runs).map(|run| tree::pair(run, 2 * runs + run)).collect();
    let second: Vec<_> = (0..runs).map(|run| tree::pair(runs + run, run)).collect();
    for place in (0..length).rev() {
        for run in 0..runs {
            let bucket = buckets.get(run * length + place).copied();
            points[2 * runs + run] = bucket.unwrap_or_else(Affine::identity);
        }
        if place == length - 1 {
            points.copy_within(2 * runs.., 0);
            points.copy_within(2 * runs.., runs);
            continue;
        }
        steps.add(&mut points, &first);
        steps.add(&mut points, &second);
    }
    let mut outer = weighed(steps, &points[1..runs]);
    for _ in 0..bits {
        outer.double_in_place();
    }
    points.truncate(2 * runs);
    outer + tree::sum(steps, points.split_off(runs))
}
