//! A straight line through the figures: where on it, to the minor unit, something starts or ceases to hold.
//!
//! Along a line every row's difference is a polynomial of degree two at most in the number of steps, so the steps at which a row
//! may change its result are known from its roots. Between two of them nothing changes; looking at each is therefore exact,
//! whatever rows, products and combinations decide, and no monotony is assumed.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

use super::{Evaluation, dot, evaluate_columns};
use crate::program::{COLUMNS, FIGURES, Program, Row};
use crate::render::shape::rounding::floor_div;

/// Columns and by how much each changes with a step; never twice the same column.
pub(crate) type Direction = [(usize, i64)];

/// A point, and the direction in which the figures leave it.
pub(crate) struct Line<'p> {
    program: &'p Program,
    from: [i64; COLUMNS],
    by: [i64; COLUMNS],
    /// The last step that keeps every figure within its range.
    last: i64,
}

impl<'p> Line<'p> {
    /// The line from these columns; it ends where a figure would leave its range, or after `last` steps.
    pub(crate) fn new(program: &'p Program, from: [i64; COLUMNS], direction: &Direction, last: i64) -> Self {
        let mut by = [0; COLUMNS];
        let mut end = i128::from(last.max(0));
        for &(column, step) in direction {
            let Some(now) = from.get(column) else { continue };
            by[column] = step;
            end = end.min(room(program, column, *now, step));
        }
        Self {
            program,
            from,
            by,
            last: i64::try_from(end.max(0)).unwrap_or(i64::MAX),
        }
    }

    /// The last step.
    pub(crate) fn last(&self) -> i64 {
        self.last
    }

    /// The columns after so many steps; `None` beyond the line's end.
    pub(crate) fn at(&self, steps: i64) -> Option<[i64; COLUMNS]> {
        if !(0..=self.last).contains(&steps) {
            return None;
        }
        let mut columns = self.from;
        for (column, step) in columns.iter_mut().zip(&self.by).filter(|(_, step)| **step != 0) {
            *column = column.checked_add(step.checked_mul(steps)?)?;
        }
        Some(columns)
    }

    /// The least number of steps, at least one, after which `holds` is true; exact, see the module's words.
    pub(crate) fn first(&self, holds: impl Fn(&Evaluation) -> bool) -> Option<i64> {
        self.turns().into_iter().find(|steps| {
            let columns = self.at(*steps);
            columns.is_some_and(|columns| holds(&evaluate_columns(self.program, columns)))
        })
    }

    /// Every step at which some row's result may be another than one step before, ascending; there may be more of them.
    fn turns(&self) -> BTreeSet<i64> {
        let mut turns = BTreeSet::new();
        for row in &self.program.rows {
            if row.is_blank() {
                continue;
            }
            let [constant, slope, square] = self.polynomial(row);
            let mut constants = BTreeSet::from([constant.clone()]);
            if row.passes.iter().any(|c| *c != 0) && !(slope.is_zero() && square.is_zero()) {
                // A row that reads figures and pass bits: its constant differs from one turn of earlier rows to the next.
                let bits = turns.iter().filter_map(|steps| self.at(*steps)).map(|columns| {
                    let passes = evaluate_columns(self.program, columns).passes;
                    read_bits(row, &passes)
                });
                let here = evaluate_columns(self.program, self.from).passes;
                let all: Vec<i128> = bits.chain([read_bits(row, &here)]).collect();
                constants = all.into_iter().map(|sum| &constant + sum).collect();
            }
            for constant in &constants {
                turns.extend(whole_turns(constant, &slope, &square, self.last));
            }
        }
        turns
    }

    /// The row's difference after t steps, pass bits apart: [constant, slope, square] for c + s·t + q·t².
    pub(super) fn polynomial(&self, row: &Row) -> [BigInt; 3] {
        let mut sum = [dot(&row.a, &self.from) - row.bound, dot(&row.a, &self.by), BigInt::ZERO];
        for (factor, slot) in row.slots.iter().zip(&self.program.slots).filter(|(c, _)| **c != 0) {
            let (u, v) = (dot(&slot.u, &self.from), dot(&slot.v, &self.from));
            let (du, dv) = (dot(&slot.u, &self.by), dot(&slot.v, &self.by));
            sum[0] += &u * &v * factor;
            sum[1] += (u * &dv + v * &du) * factor;
            sum[2] += du * dv * factor;
        }
        sum
    }
}

/// How many steps keep a figure within its range.
fn room(program: &Program, column: usize, now: i64, step: i64) -> i128 {
    let range = program.schema(column / FIGURES).map(|s| s.range(column % FIGURES));
    let (least, greatest) = range.unwrap_or((now, now));
    let (now, step) = (i128::from(now), i128::from(step));
    match step.signum() {
        1 => (i128::from(greatest) - now) / step,
        -1 => (now - i128::from(least)) / -step,
        _ => i128::MAX,
    }
}

fn read_bits(row: &Row, passes: &[bool]) -> i128 {
    let read = row.passes.iter().zip(passes).filter(|(_, pass)| **pass);
    read.map(|(c, _)| i128::from(*c)).sum()
}

/// Whole numbers from 1 to `last` around the roots of c + s·t + q·t².
fn whole_turns(constant: &BigInt, slope: &BigInt, square: &BigInt, last: i64) -> Vec<i64> {
    let mut near = Vec::new();
    if square.is_zero() {
        if !slope.is_zero() {
            near.push(floor_div(&-constant, slope));
        }
    } else {
        let discriminant: BigInt = slope * slope - square * constant * 4;
        if !discriminant.is_negative() {
            // The root of the discriminant is cut down to a whole number: off by less than 1, and less than 1/2 after the division.
            let root = discriminant.sqrt();
            near.extend([&root, &-&root].map(|root| floor_div(&(root - slope), &(square * 2))));
        }
    }
    let around = near.iter().flat_map(|t| (-1..=2).map(move |off: i64| t + off));
    around
        .filter_map(|t| t.to_i64())
        .filter(|t| (1..=last).contains(t))
        .collect()
}
