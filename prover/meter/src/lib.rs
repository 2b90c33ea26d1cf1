//! The disclosure meter: what the proofs that an enterprise gave reveal of its figures, and a budget for it. Pure: no vault, no clock, and
//! never a figure of the enterprise; all it reads are the policies that were asked and the tiers that were answered.
//!
//! - [`facts`]: what one answer reveals, as half-spaces over the figures, and as alternatives of which one holds.
//! - [`knowledge`]: all that somebody was told, put together with the schema's ranges and identities: the exact interval of every
//!   figure and ratio.
//! - [`budget`]: what one more answer would add, and whether that is too much.
//!
//! What it promises: every interval contains the true value, whatever was asked and answered, because each fact holds for the true
//! figures and nothing but facts narrows an interval. It does not promise the narrowest one: rows with products, alternatives
//! beyond a limit and the wholeness of several figures together are left out, each of which only widens an interval.

use covenant_policy::program::{FIGURES, Program, STATEMENTS};
use covenant_policy::schema::Schema;

pub mod budget;
pub mod facts;
pub mod knowledge;
pub mod ratios;

pub use budget::{Addition, Budget, Exceeded, addition, silence_tells};
pub use knowledge::{Contradiction, Range, View};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A tier was proven.
    Tier {
        /// Which of the program's tiers.
        tier: usize,
        /// Whether it is the best that the figures reach, as a bank expects where nothing else was agreed: it then infers that no
        /// better tier is reached.
        best: bool,
    },
    /// No proof was given because no tier was reached: a bank may read that out of the silence.
    Silence,
}

/// A request of a bank, and how it ended.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Which bank, by a number of the caller's.
    pub bank: usize,
    /// What was asked.
    pub program: &'a Program,
    /// Over which statements, by their places in the caller's list; none where the program's statement is absent.
    pub statements: [Option<usize>; STATEMENTS],
    /// How it ended.
    pub outcome: Outcome,
}

/// How far a reader goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// What the proofs prove.
    Proven,
    /// That, and what a bank may conclude besides: that a proven tier was the best one, and that silence means no tier.
    Inferred,
}

/// The column of a figure of a statement.
pub fn column(statement: usize, figure: usize) -> usize {
    statement * FIGURES + figure
}

/// The statement and the figure of a column.
pub fn place(column: usize) -> (usize, usize) {
    (column / FIGURES, column % FIGURES)
}

/// The statements' schemas, in the caller's order.
pub type Schemas<'s> = &'s [&'static Schema];

#[cfg(test)]
mod tests;
