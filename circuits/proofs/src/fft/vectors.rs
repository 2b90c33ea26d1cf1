//! The same transforms, eight numbers at once.
//!
//! A domain of n = 8m is eight blocks of m. The first three levels of the way to coefficients, and the last three of the way
//! back, are between the blocks: there lanes hold neighbours. In between each block is a transform of its own, and lane k holds
//! block k: no level ever works inside a vector. Numbers change their places between the two in groups of 64.
//!
//! Inside the blocks the way to coefficients divides a polynomial modulo x^2h − c² into those modulo x^h − c and x^h + c, so that
//! a run of butterflies shares one root; roots in bit-reversed order serve all levels (as in lattice cryptography's transforms).
//! Both ways add a product to a sum or subtract it, so that a number grows by 2p a level at most and nothing is reduced: 25 levels
//! from 6p stay below the 84p that may be multiplied. Where bounds add up differently, at the ends, the comments say so.

use ark_bn254::FrConfig;
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::lanes::{Ifma, Lanes, Packed, Spread, WIDTH, Work};

type Fr = Lanes<FrConfig>;
type Root = Spread<FrConfig>;

/// The smallest domain that is worth it.
pub(super) const SIZE_MIN: usize = 1 << 9;
/// Lanes that one task transforms on its own, level by level.
const ALONE: usize = 64;
/// Butterflies of lanes in one parallel task.
const BUTTERFLIES_PER_TASK: usize = 256;
/// Groups of 64 numbers of one parallel task.
const GROUPS_PER_TASK: usize = 16;

/// Roots for one size.
pub(super) struct Tables {
    size: usize,
    /// Roots between the blocks, for the eight neighbours 8j…: four for the level n/2 apart, two for n/4, one for n/8.
    between: Vec<[Fr; 7]>,
    /// Roots of order m in bit-reversed order, half of them.
    runs: Vec<Root>,
    /// For each level inside a block, from the shortest: 1, ω, ω², … for half a run of it.
    places: Vec<Vec<Root>>,
    /// What takes a coefficient to the coset.
    coset: Vec<Fr>,
}

impl Tables {
    /// From ω^0, ω^1, … of half the domain, and the factors that take the coefficient in each place to the coset.
    pub(super) fn new(ifma: Ifma, roots: &[Field], coset: &[Field]) -> Self {
        let size = coset.len();
        let m = size / WIDTH;
        // ω^8 is the root of order m.
        let own: Vec<&Field> = roots.iter().step_by(WIDTH).collect();
        let bits = own.len().ilog2();
        let reversed = |place: usize| {
            if bits == 0 {
                0
            } else {
                place.reverse_bits() >> (usize::BITS - bits)
            }
        };
        let level = |level| own.iter().step_by(m >> (level + 1)).copied().map(Root::new).collect();
        Self {
            size,
            between: ifma.run(|| between(ifma, roots, m)),
            runs: (0..own.len()).map(|place| Root::new(own[reversed(place)])).collect(),
            places: (0..m.ilog2()).map(level).collect(),
            coset: ifma.run(|| transposed_blocks(ifma, coset, m)),
        }
    }

    /// From the rows' values of A and B, continued to the domain's size, to the values of AB − C on the odd coset, C being the
    /// polynomial of the rows' products.
    pub(super) fn quotient(&self, ifma: Ifma, a: &[Field], b: &[Field]) -> Zeroizing<Vec<Field>> {
        let m = self.size / WIDTH;
        let mut work = [0; 3].map(|_| vec![Fr::zero(ifma); m]);
        self.enter(ifma, [a, b], &mut work);
        work.par_iter_mut().for_each(|values| {
            frequency(ifma, values, 0, &self.runs);
            values
                .par_chunks_mut(BUTTERFLIES_PER_TASK)
                .zip(self.coset.par_chunks(BUTTERFLIES_PER_TASK))
                .for_each(|(values, factors)| {
                    ifma.work(Task::Scale(values, factors));
                });
            time(ifma, values, &self.places);
        });
        let result = self.leave(ifma, &work);
        // They tell the witness.
        work.par_iter_mut().for_each(|values| {
            values.fill(Fr::zero(ifma));
            std::hint::black_box(values);
        });
        result
    }

    /// Loads A and B, multiplies for C, and goes through the levels between the blocks.
    fn enter(&self, ifma: Ifma, [a, b]: [&[Field]; 2], work: &mut [Vec<Fr>; 3]) {
        let m = self.size / WIDTH;
        let [work_a, work_b, work_c] = work;
        let chunk = WIDTH * GROUPS_PER_TASK;
        work_a
            .par_chunks_mut(chunk)
            .zip(work_b.par_chunks_mut(chunk))
            .zip(work_c.par_chunks_mut(chunk))
            .zip(self.between.par_chunks(GROUPS_PER_TASK))
            .enumerate()
            .for_each(|(task, (((out_a, out_b), out_c), between))| {
                let mut out = [out_a, out_b, out_c];
                ifma.work(Task::Enter([a, b], m, task * chunk, &mut out, between));
            });
    }

    /// Goes through the levels between the blocks, and puts AB − C together. Both transforms negated the indices, so the values
    /// come out in reverse order, with the one at 0 first.
    fn leave(&self, ifma: Ifma, [a, b, c]: &[Vec<Fr>; 3]) -> Zeroizing<Vec<Field>> {
        let m = self.size / WIDTH;
        let mut values = Zeroizing::new(vec![Field::from(0u64); self.size + 1]);
        // values[1 + i] is the one at n − 1 − i, so that values[n] is the one at 0.
        let chunk = WIDTH * GROUPS_PER_TASK;
        let mut tasks: Vec<Vec<&mut [Field]>> = (0..m.div_ceil(chunk)).map(|_| Vec::with_capacity(WIDTH)).collect();
        for block in values[1..].chunks_exact_mut(m).rev() {
            // The block's numbers lie in reverse.
            for (task, piece) in tasks.iter_mut().zip(block.rchunks_mut(chunk)) {
                task.push(piece);
            }
        }
        tasks
            .into_par_iter()
            .zip(self.between.par_chunks(GROUPS_PER_TASK))
            .enumerate()
            .for_each(|(task, (mut out, between))| {
                let start = task * chunk;
                let piece = start..start + WIDTH * between.len();
                let pieces = [&a[piece.clone()], &b[piece.clone()], &c[piece]];
                ifma.work(Task::Leave(pieces, &mut out, between));
            });
        let zeroth = values[self.size];
        values[0] = zeroth;
        values.truncate(self.size);
        values
    }
}

/// What runs with the instructions; one of the functions below each.
enum Task<'a, 'b> {
    Enter([&'a [Field]; 2], usize, usize, &'a mut [&'b mut [Fr]; 3], &'a [[Fr; 7]]),
    Leave([&'a [Fr]; 3], &'a mut [&'b mut [Field]], &'a [[Fr; 7]]),
    Scale(&'a mut [Fr], &'a [Fr]),
    Frequency(&'a mut [Fr], usize, &'a [Root]),
    Run(&'a mut [Fr], &'a mut [Fr], &'a Root),
    Time(&'a mut [Fr], &'a [Vec<Root>]),
    Butterflies(&'a mut [Fr], &'a mut [Fr], &'a [Root]),
}

impl Work for Task<'_, '_> {
    #[inline(always)]
    fn run(self, ifma: Ifma) {
        match self {
            Self::Enter(rows, m, start, out, roots) => enter(ifma, rows, m, start, out, roots),
            Self::Leave(pieces, out, roots) => leave(ifma, pieces, out, roots),
            Self::Scale(values, factors) => scale(values, factors),
            Self::Frequency(values, place, roots) => frequency_alone(ifma, values, place, roots),
            Self::Run(left, right, root) => run(ifma, left, right, root),
            Self::Time(values, roots) => time_alone(ifma, values, roots),
            Self::Butterflies(left, right, roots) => butterflies(ifma, left, right, roots),
        }
    }
}

/// The roots of all levels between the blocks.
///
/// Here as in all functions below: loops instead of closures, which would be compiled without the instructions.
#[inline(always)]
fn between(ifma: Ifma, roots: &[Field], m: usize) -> Vec<[Fr; 7]> {
    let mut all = vec![[Fr::zero(ifma); 7]; m / WIDTH];
    for (j, levels) in all.iter_mut().enumerate() {
        let at = WIDTH * j;
        let (far, near) = levels.split_at_mut(4);
        for (k, level) in far.iter_mut().enumerate() {
            *level = gather(ifma, roots, k * m + at, 1);
        }
        for (k, level) in near.iter_mut().enumerate().take(2) {
            *level = gather(ifma, roots, 2 * (k * m + at), 2);
        }
        levels[6] = gather(ifma, roots, 4 * at, 4);
    }
    all
}

/// Numbers of eight blocks of m, block k in lane k.
#[inline(always)]
fn transposed_blocks(ifma: Ifma, values: &[Field], m: usize) -> Vec<Fr> {
    let mut lanes = vec![Fr::zero(ifma); m];
    for (place, lane) in lanes.iter_mut().enumerate() {
        *lane = gather(ifma, values, place, m);
    }
    lanes
}

/// Eight numbers, `step` apart.
#[inline(always)]
fn gather(ifma: Ifma, values: &[Field], at: usize, step: usize) -> Fr {
    let mut numbers = [&values[at]; WIDTH];
    for (slot, number) in numbers.iter_mut().enumerate() {
        *number = &values[at + slot * step];
    }
    Fr::load(ifma, numbers)
}

/// Some groups of [`Tables::enter`], of which the first begins at `start` in each block.
#[inline(always)]
fn enter(ifma: Ifma, rows: [&[Field]; 2], m: usize, start: usize, out: &mut [&mut [Fr]; 3], between: &[[Fr; 7]]) {
    for (group, roots) in between.iter().enumerate() {
        let at = start + WIDTH * group;
        let mut numbers = [[Fr::zero(ifma); WIDTH]; 3];
        for k in 0..WIDTH {
            let (Some(a), Some(b)) = (
                rows[0][k * m + at..].first_chunk::<WIDTH>(),
                rows[1][k * m + at..].first_chunk::<WIDTH>(),
            ) else {
                continue;
            };
            let (a, b) = (Fr::load(ifma, a.each_ref()), Fr::load(ifma, b.each_ref()));
            numbers[0][k] = a;
            numbers[1][k] = b;
            numbers[2][k] = a.times(b);
        }
        for which in 0..3 {
            let out = &mut out[which][WIDTH * group..WIDTH * (group + 1)];
            apart(ifma, &mut numbers[which], roots, out);
        }
    }
}

/// Some groups of [`Tables::leave`]; `out` has the places in each block, in reverse.
#[inline(always)]
fn leave(ifma: Ifma, pieces: [&[Fr]; 3], out: &mut [&mut [Field]], between: &[[Fr; 7]]) {
    for (group, roots) in between.iter().enumerate() {
        let mut numbers = [[Fr::zero(ifma); WIDTH]; 3];
        for which in 0..3 {
            let lanes = &pieces[which][WIDTH * group..WIDTH * (group + 1)];
            together(ifma, lanes, roots, &mut numbers[which]);
        }
        for (k, out) in out.iter_mut().enumerate() {
            let [a, b, c] = [numbers[0][k], numbers[1][k], numbers[2][k]];
            // Each is below 8p: 1.02p and three levels of 2p.
            let stored = a.times(b).minus::<8>(c).store();
            let end = out.len() - WIDTH * group;
            for slot in 0..WIDTH {
                out[end - 1 - slot] = stored[slot];
            }
        }
    }
}

/// Levels between the blocks on the way to coefficients; lane k of `out` holds block k afterwards.
#[inline(always)]
fn apart(ifma: Ifma, rows: &mut [Fr; WIDTH], roots: &[Fr; 7], out: &mut [Fr]) {
    // What is subtracted is below 1.02p, a sum of two such, or of four.
    for (k, root) in roots.iter().enumerate().take(4) {
        cross(rows, k, k + 4, *root);
    }
    for k in [0, 1, 4, 5] {
        cross(rows, k, k + 2, roots[4 + k % 2]);
    }
    for k in [0, 2, 4, 6] {
        cross(rows, k, k + 1, roots[6]);
    }
    let mut packed = [[[0; 4]; WIDTH]; WIDTH];
    for k in 0..WIDTH {
        rows[k].reduced().pack(packed[k].each_mut());
    }
    transposed(ifma, &packed, out);
}

/// A sum, and a difference times a root.
#[inline(always)]
fn cross(rows: &mut [Fr; WIDTH], left: usize, right: usize, root: Fr) {
    let (l, r) = (rows[left], rows[right]);
    rows[left] = l.plus(r);
    rows[right] = l.minus::<5>(r).times(root);
}

/// Levels between the blocks on the way back, from eight neighbours of each block in the lanes of `values`.
#[inline(always)]
fn together(ifma: Ifma, values: &[Fr], roots: &[Fr; 7], rows: &mut [Fr; WIDTH]) {
    let mut packed = [[[0; 4]; WIDTH]; WIDTH];
    for k in 0..WIDTH {
        values[k].reduced().pack(packed[k].each_mut());
    }
    transposed(ifma, &packed, rows);
    for k in [0, 2, 4, 6] {
        turn(rows, k, k + 1, roots[6]);
    }
    for k in [0, 1, 4, 5] {
        turn(rows, k, k + 2, roots[4 + k % 2]);
    }
    for (k, root) in roots.iter().enumerate().take(4) {
        turn(rows, k, k + 4, *root);
    }
}

/// The sum and the difference with a product.
#[inline(always)]
fn turn(rows: &mut [Fr; WIDTH], left: usize, right: usize, root: Fr) {
    let (l, r) = (rows[left], rows[right].times(root));
    rows[left] = l.plus(r);
    rows[right] = l.minus::<2>(r);
}

/// Number j of row i goes to row j, lane i. The rows are below 1.02p.
#[inline(always)]
fn transposed(ifma: Ifma, rows: &[[Packed; WIDTH]; WIDTH], out: &mut [Fr]) {
    for slot in 0..WIDTH {
        let mut column = [&[0; 4]; WIDTH];
        for k in 0..WIDTH {
            column[k] = &rows[k][slot];
        }
        out[slot] = Fr::unpack_below(ifma, column, 1020);
    }
}

#[inline(always)]
fn scale(values: &mut [Fr], factors: &[Fr]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value = value.times(*factor);
    }
}

/// From values in natural order to those at the roots in bit-reversed order, for the run at `place` of its level.
fn frequency(ifma: Ifma, values: &mut [Fr], place: usize, roots: &[Root]) {
    if values.len() <= ALONE {
        return ifma.work(Task::Frequency(values, place, roots));
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let root = &roots[place];
    left.par_chunks_mut(BUTTERFLIES_PER_TASK)
        .zip(right.par_chunks_mut(BUTTERFLIES_PER_TASK))
        .for_each(|(left, right)| ifma.work(Task::Run(left, right, root)));
    rayon::join(
        || frequency(ifma, left, 2 * place, roots),
        || frequency(ifma, right, 2 * place + 1, roots),
    );
}

#[inline(always)]
fn frequency_alone(ifma: Ifma, values: &mut [Fr], place: usize, roots: &[Root]) {
    let (mut half, mut first) = (values.len() / 2, place);
    while half > 0 {
        for (block, root) in values.chunks_exact_mut(2 * half).zip(&roots[first..]) {
            let (left, right) = block.split_at_mut(half);
            run(ifma, left, right, root);
        }
        half /= 2;
        first *= 2;
    }
}

/// Butterflies that share one root.
#[inline(always)]
fn run(ifma: Ifma, left: &mut [Fr], right: &mut [Fr], root: &Root) {
    let root = root.lanes(ifma);
    for (l, r) in left.iter_mut().zip(right) {
        let turned = r.times(root);
        *r = l.minus::<2>(turned);
        *l = l.plus(turned);
    }
}

/// From bit-reversed order to values in natural order.
fn time(ifma: Ifma, values: &mut [Fr], roots: &[Vec<Root>]) {
    if values.len() <= ALONE {
        return ifma.work(Task::Time(values, roots));
    }
    let level = &roots[(values.len() / 2).ilog2() as usize];
    let (left, right) = values.split_at_mut(values.len() / 2);
    rayon::join(|| time(ifma, left, roots), || time(ifma, right, roots));
    left.par_chunks_mut(BUTTERFLIES_PER_TASK)
        .zip(right.par_chunks_mut(BUTTERFLIES_PER_TASK))
        .zip(level.par_chunks(BUTTERFLIES_PER_TASK))
        .for_each(|((left, right), roots)| ifma.work(Task::Butterflies(left, right, roots)));
}

#[inline(always)]
fn time_alone(ifma: Ifma, values: &mut [Fr], roots: &[Vec<Root>]) {
    let mut half = 1;
    for level in roots {
        if half == values.len() {
            break;
        }
        for block in values.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            butterflies(ifma, left, right, level);
        }
        half *= 2;
    }
}

/// Butterflies with a root each.
#[inline(always)]
fn butterflies(ifma: Ifma, left: &mut [Fr], right: &mut [Fr], roots: &[Root]) {
    for ((l, r), root) in left.iter_mut().zip(right).zip(roots) {
        let turned = r.times(root.lanes(ifma));
        *r = l.minus::<2>(turned);
        *l = l.plus(turned);
    }
}
