//! What level of a pricing grid applied on each day: the two clauses of the grid, applied to what was delivered when.
//!
//! A *test* is one delivery that the contract asks for: the accounts of one period, due on one day. Accounts apply from the day on
//! which they are delivered until those of a later test are. Where a test is past due and nothing was delivered, the clause
//! [`NotDelivered`] says what applies. Where other accounts later take the place of wrong ones, the clause [`FoundWrong`] says whether
//! the days that were charged at the wrong level are recomputed; the difference is given in basis points times days. How much money
//! that is depends on the loan, which is not known here.

use std::collections::BTreeSet;

use crate::compiler::Texts;
use crate::policy::{Clauses, FoundWrong, NotDelivered};
use crate::program::Program;
pub use crate::render::words::basis_points;
use crate::statement::Day;

/// One level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// The margin over the reference rate, in basis points.
    pub margin_bps: i32,
}

/// A pricing grid: its levels, best first, and its clauses. The last level is the worst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    levels: Vec<Level>,
    clauses: Clauses,
}

/// Accounts that were delivered, as the level that they reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub delivered: Day,
    /// The level's index in the grid.
    pub level: usize,
    /// Whether these are other figures than those delivered before, which were wrong. The same figures delivered again, for
    /// another level, correct nothing.
    pub corrects: bool,
}

/// One delivery that the contract asks for, and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The last day on which it is not late.
    pub due: Day,
    /// What was delivered, in the order of days; nothing where nothing was.
    pub deliveries: Vec<Delivery>,
}

/// Why a level applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The accounts of this test say so.
    Delivered(usize),
    /// This test is past due, and nothing was delivered.
    NotDelivered(usize),
}

/// Days in a row on which the same applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// The level that was charged, by what was known on the day.
    pub charged: usize,
    /// The level that is right, by what is known at the end.
    pub right: usize,
    /// Why.
    pub because: Because,
}

/// What applied, day by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// From the first day that the tests say anything about; before it, and where nothing was ever delivered under the clause `keep`,
    /// the contract's opening margin applies.
    pub spans: Vec<Span>,
    /// For each test: (right margin − charged margin) × days, in basis points times days. Above zero, too little was charged.
    pub corrections_bps_days: Vec<i64>,
}

impl Grid {
    /// The grid of a policy; `None` where its tiers are of another kind.
    pub fn of(program: &Program, texts: &Texts) -> Option<Self> {
        let clauses = texts.clauses?;
        let proven = program.tiers.iter().zip(&texts.margins_bps);
        let mut levels: Vec<Level> = proven
            .map(|(tier, margin_bps)| Level {
                name: tier.name.clone(),
                margin_bps: *margin_bps,
            })
            .collect();
        levels.extend(texts.worst.iter().map(|(name, margin_bps)| Level {
            name: name.clone(),
            margin_bps: *margin_bps,
        }));
        (!levels.is_empty()).then_some(Self { levels, clauses })
    }

    /// The levels, best first.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The clauses.
    pub fn clauses(&self) -> Clauses {
        self.clauses
    }

    /// The index of the level that applies where nothing better does.
    pub fn worst(&self) -> usize {
        self.levels.len() - 1
    }

    /// The index of the level of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.levels.iter().position(|level| level.name == name)
    }

    /// What applied on each day up to `until`, that day included. The tests stand in the order in which they are due; levels beyond
    /// the grid count as the worst.
    pub fn course(&self, tests: &[Test], until: Day) -> Course {
        let mut starts = BTreeSet::new();
        for test in tests {
            starts.insert(Day(test.due.0.saturating_add(1)));
            starts.extend(test.deliveries.iter().map(|d| d.delivered));
        }
        let starts: Vec<Day> = starts.into_iter().filter(|day| *day <= until).collect();
        let mut course = Course {
            spans: Vec::new(),
            corrections_bps_days: vec![0; tests.len()],
        };
        for (i, from) in starts.iter().enumerate() {
            let to = starts.get(i + 1).map_or(until, |next| Day(next.0 - 1));
            let Some((charged, right, because)) = self.on(tests, *from) else {
                continue;
            };
            if let Because::Delivered(test) = because
                && let Some(sum) = course.corrections_bps_days.get_mut(test)
            {
                let days = i64::from(to.0 - from.0) + 1;
                *sum += (self.margin(right) - self.margin(charged)) * days;
            }
            match course.spans.last_mut() {
                Some(last)
                    if (last.charged, last.right, last.because) == (charged, right, because)
                        && last.to.0 + 1 == from.0 =>
                {
                    last.to = to;
                }
                _ => course.spans.push(Span {
                    from: *from,
                    to,
                    charged,
                    right,
                    because,
                }),
            }
        }
        course
    }

    /// What was charged on a day, what is right, and why.
    fn on(&self, tests: &[Test], day: Day) -> Option<(usize, usize, Because)> {
        let delivered = |test: &Test| test.deliveries.first().is_some_and(|d| d.delivered <= day);
        let overdue = tests.iter().position(|test| test.due < day && !delivered(test));
        if let Some(test) = overdue
            && self.clauses.not_delivered == NotDelivered::Worst
        {
            return Some((self.worst(), self.worst(), Because::NotDelivered(test)));
        }
        let index = tests.iter().rposition(delivered)?;
        let deliveries = &tests.get(index)?.deliveries;
        let known = deliveries.iter().rposition(|d| d.delivered <= day)?;
        // The last correction takes the place of all that was delivered before it, on every day.
        let right = match self.clauses.found_wrong {
            FoundWrong::FromThen => known,
            FoundWrong::Recompute => known.max(deliveries.iter().rposition(|d| d.corrects).unwrap_or(0)),
        };
        let level = |k: usize| deliveries.get(k).map_or(self.worst(), |d| d.level.min(self.worst()));
        Some((level(known), level(right), Because::Delivered(index)))
    }

    fn margin(&self, level: usize) -> i64 {
        self.levels.get(level).map_or(0, |level| i64::from(level.margin_bps))
    }
}

#[cfg(test)]
mod tests;
