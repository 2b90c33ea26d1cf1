//! Several actions that reach a tier together.
//!
//! For one way of passing (a set of rows; combinations and points may allow several ways) the amounts solve a linear program:
//! every row passes, no figure leaves its range, no part outgrows its whole, and the least money is moved in all. Amounts are
//! whole minor units, so the program is solved with room for rounding up; rows with products of figures are taken by their slope
//! and solved again from where that led. What comes out is evaluated as it stands, and then each amount is reduced to the least that
//! still reaches the tier with the others as they are.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _};

use super::{Done, Standing};
use crate::evaluate::evaluate_columns;
use crate::evaluate::line::Line;
use crate::linear::{Form, Outcome, System};
use crate::program::{COLUMNS, Row};
use crate::schema::ENTERPRISE_FINANCIALS;

/// Ways of passing that are tried.
const WAYS_MAX: usize = 64;
/// Steps in the search for them.
const CHOICES_MAX: usize = 20_000;
/// How often rows with products are solved again.
const ROUNDS_MAX: usize = 8;

/// Rows, and whether each is to pass or to fail.
type Way = BTreeMap<usize, bool>;

/// Σ coefficient × amount + constant >= 0, over the amounts of the open actions.
struct Limit {
    slopes: Vec<BigInt>,
    constant: BigInt,
}

impl Standing<'_> {
    /// The amounts, if any were found; of the ways that were tried, the one that moves the least money.
    pub(super) fn together(&self, tier: usize) -> Option<Vec<Done>> {
        let weights = self.program.tiers.get(tier)?;
        let rows = weights.weights.iter().enumerate().filter(|(_, w)| **w > 0);
        let weighted: Vec<(usize, i128)> = rows.map(|(row, w)| (row, i128::from(*w))).collect();
        let found = self
            .threshold(&weighted, i128::from(weights.minimum))
            .into_iter()
            .filter_map(|way| self.solve(&way, tier))
            .map(|amounts| self.reduced(amounts, tier));
        let best = found.min_by_key(|amounts| amounts.iter().map(|a| i128::from(*a)).sum::<i128>())?;
        let done = self.open.iter().zip(best).filter(|(_, amount)| *amount > 0);
        let done = done.map(|(open, amount)| Done {
            action: open.action,
            amount,
        });
        Some(done.collect())
    }

    /// Ways in which `Σ coefficient · pass >= minimum`: what holds now is kept, and of the rest the nearest are added first.
    fn threshold(&self, terms: &[(usize, i128)], minimum: i128) -> Vec<Way> {
        // −w·x = w·(1 − x) − w
        let minimum = minimum + terms.iter().map(|(_, c)| (-c).max(0)).sum::<i128>();
        let holds = |row: usize| self.evaluation.passes.get(row).copied().unwrap_or(false);
        let (kept, mut others): (Vec<(usize, i128)>, Vec<_>) = terms
            .iter()
            .copied()
            .partition(|(row, c)| holds(*row) == c.is_positive());
        let reached: i128 = kept.iter().map(|(_, c)| c.abs()).sum();
        others.sort_by_cached_key(|(row, c)| self.distance(*row, c.is_positive()));
        let (mut choices, mut budget) = (Vec::new(), CHOICES_MAX);
        choose(&others, minimum - reached, &mut Vec::new(), &mut choices, &mut budget);
        let mut ways = Vec::new();
        for choice in choices {
            let literals = kept.iter().chain(&choice).map(|(row, c)| (*row, c.is_positive()));
            let mut joint: Vec<Way> = vec![Way::new()];
            for (row, positive) in literals {
                joint = both(&joint, &self.ways_of(row, positive));
            }
            ways.extend(joint);
            ways.truncate(WAYS_MAX);
        }
        ways
    }

    /// Ways in which one row passes, or fails.
    fn ways_of(&self, index: usize, positive: bool) -> Vec<Way> {
        let Some(row) = self.program.rows.get(index) else {
            return Vec::new();
        };
        let read = row.passes.iter().enumerate().filter(|(_, c)| **c != 0);
        let read: Vec<(usize, i128)> = read.map(|(k, c)| (k, i128::from(*c))).collect();
        if read.is_empty() {
            return vec![Way::from([(index, positive)])];
        }
        if row.a.iter().chain(&row.slots).any(|c| *c != 0) {
            return Vec::new();
        }
        if positive {
            return self.threshold(&read, row.bound);
        }
        // Σ c·pass <= bound − 1
        let turned: Vec<(usize, i128)> = read.iter().map(|(k, c)| (*k, -c)).collect();
        self.threshold(&turned, 1 - row.bound)
    }

    /// How much of the handiest action turns a row; the greatest number where none does.
    fn distance(&self, row: usize, positive: bool) -> i64 {
        let turned = |e: &crate::evaluate::Evaluation| e.passes.get(row) == Some(&positive);
        self.alone(&turned).first().map_or(i64::MAX, |done| done.amount)
    }

    fn solve(&self, way: &Way, tier: usize) -> Option<Vec<i64>> {
        let products = way
            .keys()
            .any(|row| self.row(*row).is_some_and(|r| r.slots.iter().any(|c| *c != 0)));
        let rounds = if products { ROUNDS_MAX } else { 1 };
        let mut amounts = vec![0i64; self.open.len()];
        for _ in 0..rounds {
            // First without room for rounding: where the exact solution is whole, it is the least.
            let found = [false, true].into_iter().find_map(|room| {
                let next = self.optimum(way, &amounts, room)?;
                self.reaches(&next, tier).then_some(next)
            });
            if found.is_some() {
                return found;
            }
            amounts = self.optimum(way, &amounts, true)?;
        }
        None
    }

    fn row(&self, index: usize) -> Option<&Row> {
        self.program.rows.get(index)
    }

    /// The amounts that move the least money, rows with products taken by their slope at `around`.
    fn optimum(&self, way: &Way, around: &[i64], room: bool) -> Option<Vec<i64>> {
        let one = BigRational::from(BigInt::from(1));
        let mut system = System::default();
        let most = BigRational::from(BigInt::from(i64::MAX));
        for k in 0..self.open.len() {
            system.bound(k, Some(BigRational::default()), Some(most.clone()));
        }
        let columns = self.moved(around)?;
        let rows = way
            .iter()
            .map(|(row, positive)| self.row_limit(*row, *positive, &columns, around));
        for limit in rows.collect::<Option<Vec<_>>>()?.into_iter().chain(self.limits()) {
            // Rounding up adds less than one unit to each amount.
            let lost: BigInt = limit.slopes.iter().filter(|s| s.is_negative()).sum();
            let bound = if room { -limit.constant - lost } else { -limit.constant };
            let slopes = limit.slopes.into_iter().map(BigRational::from).enumerate();
            system.at_least(Form::new(slopes), BigRational::from(bound));
        }
        let all = Form::new((0..self.open.len()).map(|k| (k, one.clone())));
        let Outcome::Optimum(optimum) = system.minimise(&all) else {
            return None;
        };
        let amount = |k: usize| {
            optimum
                .point
                .get(&k)
                .map_or(Some(0), |x| x.ceil().to_integer().to_i64())
        };
        (0..self.open.len()).map(amount).collect()
    }

    /// d >= 0 (or d <= −1) as a limit on the amounts, by value and slope at these columns.
    fn row_limit(&self, index: usize, positive: bool, columns: &[i64; COLUMNS], around: &[i64]) -> Option<Limit> {
        let row = self.row(index)?;
        let still = Line::new(self.program, *columns, &[], 0);
        let [mut constant, ..] = still.polynomial(row);
        let mut slopes = Vec::with_capacity(self.open.len());
        for (open, amount) in self.open.iter().zip(around) {
            let [_, slope, _] = Line::new(self.program, *columns, &open.direction, 0).polynomial(row);
            constant -= &slope * *amount;
            slopes.push(slope);
        }
        if !positive {
            constant = -constant - 1;
            slopes = slopes.into_iter().map(|s| -s).collect();
        }
        Some(Limit { slopes, constant })
    }

    /// No figure leaves its range, no part outgrows its whole, and what is a part of something is not more than that.
    fn limits(&self) -> Vec<Limit> {
        let from = &self.evaluation.columns;
        let mut limits = Vec::new();
        let touched: BTreeSet<usize> = self
            .open
            .iter()
            .flat_map(|o| o.direction.iter().map(|(j, _)| *j))
            .collect();
        for column in touched {
            let (least, _) = ENTERPRISE_FINANCIALS.range(column);
            let Some(now) = from.get(column) else { continue };
            let steps = self.open.iter().map(|o| step_of(&o.direction, column));
            limits.push(Limit {
                slopes: steps.map(BigInt::from).collect(),
                constant: BigInt::from(*now) - least,
            });
        }
        for keep in &self.keeps {
            limits.push(Limit {
                slopes: self.open.iter().map(|o| keep.step(&o.direction).into()).collect(),
                constant: keep.value(from).max(0).into(),
            });
        }
        for (k, open) in self.open.iter().enumerate() {
            let Some(whole) = open.action.part_of() else { continue };
            let mut slopes: Vec<BigInt> = self.open.iter().map(|o| step_of(&o.direction, whole).into()).collect();
            if let Some(own) = slopes.get_mut(k) {
                *own -= 1;
            }
            limits.push(Limit {
                slopes,
                constant: from.get(whole).copied().unwrap_or(0).into(),
            });
        }
        limits
    }

    /// The columns after these amounts; `None` where one overflows.
    fn moved(&self, amounts: &[i64]) -> Option<[i64; COLUMNS]> {
        let mut columns = self.evaluation.columns;
        for (open, amount) in self.open.iter().zip(amounts) {
            for (column, sign) in &open.direction {
                let figure = columns.get_mut(*column)?;
                *figure = figure.checked_add(sign.checked_mul(*amount)?)?;
            }
        }
        Some(columns)
    }

    /// Whether these amounts keep every limit and reach the tier.
    fn reaches(&self, amounts: &[i64], tier: usize) -> bool {
        let kept = self.limits().iter().all(|limit| {
            let sum: BigInt = limit.slopes.iter().zip(amounts).map(|(s, a)| s * *a).sum();
            !(sum + &limit.constant).is_negative()
        });
        let evaluation = self
            .moved(amounts)
            .map(|columns| evaluate_columns(self.program, columns));
        kept && evaluation.is_some_and(|e| e.tiers.get(tier).is_some_and(|t| t.achieved))
    }

    /// Reduces each amount to the least that still reaches the tier with the others as they are, until none can be reduced.
    fn reduced(&self, mut amounts: Vec<i64>, tier: usize) -> Vec<i64> {
        loop {
            let before = amounts.clone();
            for k in 0..amounts.len() {
                if let Some(least) = self.least(&amounts, k, tier)
                    && let Some(amount) = amounts.get_mut(k)
                {
                    *amount = least.min(*amount);
                }
            }
            if amounts == before {
                return amounts;
            }
        }
    }

    /// The least amount of one action, the others as they are.
    fn least(&self, amounts: &[i64], k: usize, tier: usize) -> Option<i64> {
        let (open, amount) = (self.open.get(k)?, *amounts.get(k)?);
        let mut least = 0;
        for limit in self.limits() {
            let slope = limit.slopes.get(k)?;
            let others = limit
                .slopes
                .iter()
                .zip(amounts)
                .enumerate()
                .filter(|(other, _)| *other != k);
            let value: BigInt = others.map(|(_, (s, a))| s * *a).sum::<BigInt>() + &limit.constant;
            if value.is_negative() && slope.is_positive() {
                let needed = BigRational::new(-value, slope.clone()).ceil().to_integer().to_i64()?;
                least = least.max(needed);
            }
        }
        if least >= amount {
            return None;
        }
        let mut start = amounts.to_vec();
        *start.get_mut(k)? = least;
        if self.reaches(&start, tier) {
            return Some(least);
        }
        let line = Line::new(self.program, self.moved(&start)?, &open.direction, amount - least);
        let steps = line.first(|e| e.tiers.get(tier).is_some_and(|t| t.achieved))?;
        let mut end = amounts.to_vec();
        *end.get_mut(k)? = least + steps;
        self.reaches(&end, tier).then_some(least + steps)
    }
}

fn step_of(direction: &[(usize, i64)], column: usize) -> i64 {
    direction
        .iter()
        .find(|(other, _)| *other == column)
        .map_or(0, |(_, step)| *step)
}

/// Sets of terms whose magnitudes reach `missing` and no longer do without any one; the terms at the front come first.
fn choose(
    terms: &[(usize, i128)],
    missing: i128,
    taken: &mut Vec<(usize, i128)>,
    found: &mut Vec<Vec<(usize, i128)>>,
    budget: &mut usize,
) {
    if found.len() >= WAYS_MAX || *budget == 0 {
        return;
    }
    *budget -= 1;
    if missing <= 0 {
        if taken.iter().all(|(_, c)| missing + c.abs() > 0) {
            found.push(taken.clone());
        }
        return;
    }
    let rest: i128 = terms.iter().map(|(_, c)| c.abs()).sum();
    let Some((first, others)) = terms.split_first().filter(|_| rest >= missing) else {
        return;
    };
    taken.push(*first);
    choose(others, missing - first.1.abs(), taken, found, budget);
    taken.pop();
    choose(others, missing, taken, found, budget);
}

/// Every way of the one with every way of the other; those that ask a row both to pass and to fail fall away.
fn both(one: &[Way], other: &[Way]) -> Vec<Way> {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    let agree = pairs.filter(|(a, b)| b.iter().all(|(row, bit)| a.get(row).is_none_or(|own| own == bit)));
    let joined = agree.map(|(a, b)| a.iter().chain(b).map(|(row, bit)| (*row, *bit)).collect());
    joined.take(WAYS_MAX).collect()
}
