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
//! beyond a limit and the wholeness of several figures together are left out, each of which only widens an interval. What is left out
//! of intervals ([`unranged`]) counts against the budget like everything else that is told.

use std::collections::BTreeSet;

use covenant_policy::program::{FIGURES, Program, Relation, STATEMENTS, Tier};
use covenant_policy::schema::Schema;

pub mod budget;
pub mod facts;
pub mod knowledge;
pub mod ratios;
mod sums;
pub mod unranged;

pub use budget::{Addition, Budget, Exceeded, addition, silence_tells};
pub use knowledge::{Contradiction, Range, View};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A tier was proven.
    Tier {
        /// Which of the first part's tiers.
        tier: usize,
        /// Whether it is the best that the figures reach, as a bank expects where nothing else was agreed: it then infers that no
        /// better tier is reached.
        best: bool,
    },
    /// No proof was given because no tier was reached: a bank may read that out of the silence.
    Silence,
    /// No proof was given although a tier is reached: it would have exceeded the budget, or another one was insisted on. A bank hears
    /// the same silence, and one that knows the budget concludes: one of the tiers that would exceed it, or none.
    Withheld,
}

/// One of the proofs that a policy takes: a proof looks at two statements, so that a policy of three takes two that are linked.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What it proves.
    pub program: &'a Program,
    /// Over which statements, by their places in the caller's list; none where there is none, or it is not known which.
    pub statements: [Option<usize>; STATEMENTS],
}

impl Part<'_> {
    /// Whether it is known which figures the program was held against. Where the enterprise had no third statement, nothing follows
    /// for figures from a tier that asks for one.
    fn is_known(&self) -> bool {
        let [first, second] = self.statements;
        first.is_some() && (second.is_some() || self.program.relation == Relation::None)
    }
}

/// A request of a bank, and how it ended.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Which bank, by a number of the caller's.
    pub bank: usize,
    /// What was asked: all parts of a policy, also those that the proven tier does not take. Every tier takes the first one.
    pub parts: Vec<Part<'a>>,
    /// How it ended.
    pub outcome: Outcome,
}

impl<'a> Answer<'a> {
    /// An answer of one proof.
    pub fn of_one(
        bank: usize,
        program: &'a Program,
        statements: [Option<usize>; STATEMENTS],
        outcome: Outcome,
    ) -> Self {
        let parts = vec![Part { program, statements }];
        Self { bank, parts, outcome }
    }

    /// The policy's tiers, the best first, as the first part has them.
    fn tiers(&self) -> &'a [Tier] {
        self.parts.first().map_or(&[], |part| &part.program.tiers)
    }

    /// The parts that a tier takes, by number, with what it asks of each.
    fn taken<'s>(&'s self, tier: &'s str) -> impl Iterator<Item = (usize, &'s Part<'a>, &'a Tier)> {
        let parts = self.parts.iter().enumerate();
        parts.filter_map(move |(number, part)| {
            let own = part.program.tiers.iter().find(|own| own.name == tier)?;
            Some((number, part, own))
        })
    }

    /// Whether it is known which figures decide on a tier.
    fn is_decided(&self, tier: &Tier) -> bool {
        self.taken(&tier.name).all(|(_, part, _)| part.is_known())
    }

    /// The statements, each once.
    fn statements(&self) -> BTreeSet<usize> {
        let parts = self.parts.iter();
        parts.flat_map(|part| part.statements).flatten().collect()
    }

    /// What is asked, part by part.
    fn programs(&self) -> Vec<&'a Program> {
        self.parts.iter().map(|part| part.program).collect()
    }
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
