//! The plain evaluation of a program: what the circuit computes, in exact whole numbers, with margins for people.

use num_bigint::BigInt;
use num_traits::{Signed as _, Zero as _};

use crate::catalogue as codes;
use crate::compiler::Compiled;
use crate::program::{COLUMNS, FIGURES, Program, SLOTS};
use crate::refusal::Refusal;
use crate::schema::Schema;
use crate::statement::{Statement, check_terms};

pub mod advice;
mod explain;
mod line;

pub use explain::{Measure, Move, RuleOutcome, explain};

/// How one tier fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierOutcome {
    /// The tier's name.
    pub name: String,
    /// The sum of weights of passing rows.
    pub score: u64,
    /// What it takes.
    pub minimum: u64,
    /// Whether the score reaches it.
    pub achieved: bool,
}

/// What a program says of statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The 64 columns: the figures of both statements.
    pub columns: [i64; COLUMNS],
    /// The product slots.
    pub slots: [BigInt; SLOTS],
    /// Each row's value less its bound; the row passes where this is not negative.
    pub differences: Vec<BigInt>,
    /// The pass bits.
    pub passes: Vec<bool>,
    /// The tiers, in the program's order.
    pub tiers: Vec<TierOutcome>,
    /// The first tier that is achieved.
    pub best: Option<usize>,
}

/// Evaluates a program on statements, as the circuit would.
///
/// Assurance, age and attestation are not looked at, so that an enterprise sees its margins before anybody attests; see
/// [`check_assurance`](crate::statement::check_assurance) and [`check_age`](crate::statement::check_age).
///
/// # Errors
/// Those of [`Program::validate`], [`Statement::validate`] and [`check_terms`], and `figure-not-covered`.
pub fn evaluate(program: &Program, first: &Statement, second: Option<&Statement>) -> Result<Evaluation, Refusal> {
    program.validate()?;
    first.validate().map_err(|r| placed(r, "first statement"))?;
    if let Some(second) = second {
        second.validate().map_err(|r| placed(r, "second statement"))?;
    }
    check_terms(program, first, second)?;
    for (terms, statement) in program.statements.iter().zip([Some(first), second]) {
        if let Some(statement) = statement {
            statement
                .coverage
                .demand(terms.need, Schema::named(statement.schema)?)?;
        }
    }
    let mut columns = [0; COLUMNS];
    let figures = first.figures.0.iter().chain(second.iter().flat_map(|s| &s.figures.0));
    for (column, figure) in columns.iter_mut().zip(figures) {
        *column = *figure;
    }
    Ok(evaluate_columns(program, columns))
}

/// What a policy says of up to three statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The first program's evaluation.
    pub first: Evaluation,
    /// Each further part's evaluation, or why there is none.
    pub further: Vec<Result<Evaluation, Refusal>>,
    /// The tiers, in the policy's order; achieved where every part that the tier demands achieves it. The score is the first
    /// program's.
    pub tiers: Vec<TierOutcome>,
}

impl Whole {
    /// The best tier that is achieved, as its place among the tiers.
    pub fn best_index(&self) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.achieved)
    }

    /// The best tier that is achieved.
    pub fn best(&self) -> Option<&str> {
        self.tiers
            .iter()
            .find(|tier| tier.achieved)
            .map(|tier| tier.name.as_str())
    }
}

/// Evaluates all of a policy: the first, the second and the third statement, as far as the policy asks for them. A third one that is
/// missing or does not fit leaves the tiers that do not demand it.
///
/// # Errors
/// Those of [`evaluate`], on the first program.
pub fn evaluate_whole(compiled: &Compiled, statements: [Option<&Statement>; 3]) -> Result<Whole, Refusal> {
    let [Some(first), second, third] = statements else {
        return Err(Refusal::new(&codes::SECOND_MISSING, "no first statement was given"));
    };
    let evaluation = evaluate(&compiled.program, first, second)?;
    let further: Vec<Result<Evaluation, Refusal>> = compiled
        .further
        .iter()
        .map(|part| evaluate(&part.program, first, third))
        .collect();
    let mut tiers = evaluation.tiers.clone();
    for tier in &mut tiers {
        for (part, evaluation) in compiled.further.iter().zip(&further) {
            let Some(place) = part.program.tiers.iter().position(|own| own.name == tier.name) else {
                continue;
            };
            let reached = evaluation
                .as_ref()
                .is_ok_and(|e| e.tiers.get(place).is_some_and(|t| t.achieved));
            tier.achieved &= reached;
        }
    }
    Ok(Whole {
        first: evaluation,
        further,
        tiers,
    })
}

fn placed(refusal: Refusal, slot: &str) -> Refusal {
    let place = refusal
        .place
        .as_ref()
        .map_or_else(|| slot.to_owned(), |inner| format!("{slot}, {inner}"));
    refusal.at(place)
}

/// The arithmetic alone, on columns that were checked elsewhere.
pub fn evaluate_columns(program: &Program, columns: [i64; COLUMNS]) -> Evaluation {
    let slots: [BigInt; SLOTS] = std::array::from_fn(|q| {
        program
            .slots
            .get(q)
            .map_or(BigInt::ZERO, |s| dot(&s.u, &columns) * dot(&s.v, &columns))
    });
    let mut passes: Vec<bool> = Vec::with_capacity(program.rows.len());
    let mut differences = Vec::with_capacity(program.rows.len());
    for row in &program.rows {
        let products: BigInt = row.slots.iter().zip(&slots).map(|(c, slot)| slot * c).sum();
        let earlier: i128 = row
            .passes
            .iter()
            .zip(&passes)
            .map(|(c, pass)| i128::from(*c) * i128::from(*pass))
            .sum();
        let difference = dot(&row.a, &columns) + products + earlier - row.bound;
        passes.push(!difference.is_negative());
        differences.push(difference);
    }
    let tiers: Vec<TierOutcome> = program
        .tiers
        .iter()
        .map(|tier| {
            let score = tier
                .weights
                .iter()
                .zip(&passes)
                .filter(|(_, pass)| **pass)
                .map(|(w, _)| u64::from(*w))
                .sum();
            let minimum = u64::from(tier.minimum);
            TierOutcome {
                name: tier.name.clone(),
                score,
                minimum,
                achieved: score >= minimum,
            }
        })
        .collect();
    let best = tiers.iter().position(|tier| tier.achieved);
    Evaluation {
        columns,
        slots,
        differences,
        passes,
        tiers,
        best,
    }
}

fn dot(a: &[i64; COLUMNS], x: &[i64; COLUMNS]) -> BigInt {
    let terms = a.iter().zip(x).filter(|(a, _)| !a.is_zero());
    terms.map(|(a, x)| BigInt::from(i128::from(*a) * i128::from(*x))).sum()
}

const _: () = assert!(COLUMNS == 2 * FIGURES);

#[cfg(test)]
mod tests;
