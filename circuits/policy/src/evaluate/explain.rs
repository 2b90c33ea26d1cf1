//! Margins: how far each rule is from failing, or from holding, in the money of a figure that the reader knows.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};

use super::Evaluation;
use super::advice::columns_read;
use super::line::Line;
use crate::compiler::{RuleMap, Texts};
use crate::program::{FIGURES, Program};
use crate::render::sentences::Scene;
use crate::render::shape::rounding::{ceil_div, floor_div};
use crate::render::shape::{Quotient, Shape, shape};
use crate::render::words::{Form, capitalised, decimal, form, listed, rounded, small};

/// How much one figure alone, all others unchanged, can move before a row changes its result (or must move to change it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The column: figure of the first statement, or 32 + figure of the second.
    pub column: usize,
    /// Upwards (`true`) or downwards.
    pub rise: bool,
    /// By how much, in minor units (or heads). A passing row still passes after exactly this; a failing one then passes.
    pub by: BigInt,
}

/// How one rule fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome {
    /// The rule's name.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// What is asked, in a sentence.
    pub sentence: String,
    /// How it stands, one sentence for each of its rows.
    pub details: Vec<String>,
    /// The moves of its first comparison.
    pub moves: Vec<Move>,
    /// How each of its comparisons stands.
    pub measures: Vec<Measure>,
}

/// How one comparison stands, for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Whether it holds.
    pub holds: bool,
    /// The ratio (cut to four decimals) or the amount, where there is one.
    pub value: Option<String>,
    /// What is asked of it.
    pub asked: Option<String>,
    /// How far single figures can move before it fails, or must move for it to hold.
    pub moves: Vec<Move>,
}

/// How each rule fared, in the policy's order.
pub fn explain(program: &Program, texts: &Texts, evaluation: &Evaluation) -> Vec<RuleOutcome> {
    let scene = Scene { program, texts };
    texts
        .rules
        .iter()
        .map(|rule| outcome(&scene, rule, evaluation))
        .collect()
}

fn outcome(scene: &Scene<'_>, rule: &RuleMap, evaluation: &Evaluation) -> RuleOutcome {
    let passed = |row: &usize| evaluation.passes.get(*row).copied().unwrap_or(false);
    let rows = || rule.tests.iter().chain(&rule.guards);
    let guards = scene.guards_of(rule);
    let undefined = rule.guards.iter().any(|row| !passed(row));
    let (mut details, mut measures) = (Vec::new(), Vec::new());
    let gap = scene.gap(&rule.tests);
    if let Some(gap) = &gap {
        let zero = |column: usize| evaluation.columns.get(column).is_some_and(|x| *x == 0);
        let verdict = if rows().all(passed) { "Holds" } else { "Fails" };
        details.push(format!("{verdict}: the longest run is {}.", counted(gap.longest(zero))));
    }
    for &row in &rule.tests {
        if undefined && rule.guards.iter().all(|guard| *guard != row) {
            continue;
        }
        if gap.is_none() {
            details.push(detail(scene, row, &guards, evaluation));
        }
        measures.extend(measure(scene, row, &guards, evaluation));
    }
    for &row in &rule.guards {
        if !passed(&row) {
            details.push(format!(
                "Fails, because it is not the case that {}.",
                scene.clause(row, &[])
            ));
        }
    }
    let first = rule.tests.first().copied().filter(|_| gap.is_none());
    let moves = first
        .filter(|_| !undefined)
        .map_or_else(Vec::new, |row| moves(scene.program, row, evaluation));
    RuleOutcome {
        name: rule.name.clone(),
        holds: rows().all(passed),
        sentence: scene.rule_sentence(rule),
        details,
        moves,
        measures,
    }
}

/// How one row of figures stands; nothing for a test of pass bits.
fn measure(scene: &Scene<'_>, index: usize, guards: &[Form], evaluation: &Evaluation) -> Option<Measure> {
    let row = scene.program.rows.get(index)?;
    let (value, asked) = match shape(scene.program, row, guards) {
        Shape::Ratio { form, base, limit } => {
            let below = value(&base, evaluation);
            let ratio = below
                .is_positive()
                .then(|| BigRational::new(value(&form, evaluation), below));
            let asked = scene.factor(&form, &base, &limit.threshold);
            (
                ratio.map(|r| rounded(&r)),
                Some(format!("{} {asked}", limit.comparison())),
            )
        }
        Shape::Amount { form, at_least, number } => {
            let word = if at_least { "at least" } else { "at most" };
            let amount = |n: &BigInt| scene.quantity(&form, n);
            (
                Some(amount(&value(&form, evaluation))),
                Some(format!("{word} {}", amount(&number))),
            )
        }
        Shape::Quotients { terms, limit } => {
            let sum = quotient_value(&terms, evaluation).map(|sum| rounded(&sum));
            (
                sum,
                Some(format!("{} {}", limit.comparison(), decimal(&limit.threshold))),
            )
        }
        Shape::Formula => (None, None),
        Shape::Passes => return None,
    };
    Some(Measure {
        holds: evaluation.passes.get(index).copied().unwrap_or(false),
        value,
        asked,
        moves: moves(scene.program, index, evaluation),
    })
}

/// How one row stands.
fn detail(scene: &Scene<'_>, index: usize, guards: &[Form], evaluation: &Evaluation) -> String {
    let passes = evaluation.passes.get(index).copied().unwrap_or(false);
    let verdict = if passes { "Holds" } else { "Fails" };
    let Some(row) = scene.program.rows.get(index) else {
        return String::new();
    };
    let mut text = match shape(scene.program, row, guards) {
        Shape::Ratio { form, base, limit } => {
            let below = value(&base, evaluation);
            let asked = format!(
                "{} {}",
                limit.comparison(),
                scene.factor(&form, &base, &limit.threshold)
            );
            if below.is_positive() {
                let ratio = BigRational::new(value(&form, evaluation), below);
                format!("{verdict}: the ratio is {}, asked is {asked}", rounded(&ratio))
            } else {
                format!("{verdict}: asked is {asked} times")
            }
        }
        Shape::Amount { form, .. } => {
            format!("{verdict} at {}", scene.quantity(&form, &value(&form, evaluation)))
        }
        Shape::Quotients { terms, limit } => match quotient_value(&terms, evaluation) {
            Some(sum) => {
                let asked = format!("{} {}", limit.comparison(), decimal(&limit.threshold));
                format!("{verdict}: the value is {}, asked is {asked}", rounded(&sum))
            }
            None => verdict.to_owned(),
        },
        Shape::Formula => verdict.to_owned(),
        Shape::Passes => {
            let read: Vec<usize> = (0..row.passes.len()).filter(|k| row.passes[*k] != 0).collect();
            if scene.monthly(&read).is_some() {
                let holding = read
                    .iter()
                    .filter(|k| evaluation.passes.get(**k) == Some(&true))
                    .count();
                return format!("{verdict}: it is so in {} of {}.", holding, counted(read.len()));
            }
            let read = row.passes.iter().enumerate().filter(|(_, c)| **c != 0);
            let standing = read.map(|(k, _)| {
                let holds = evaluation.passes.get(k).copied().unwrap_or(false);
                format!("{} {}", scene.row_name(k), if holds { "holds" } else { "fails" })
            });
            return format!("{verdict}: {}.", listed(&standing.collect::<Vec<_>>(), "and"));
        }
    };
    let moved = moves(scene.program, index, evaluation);
    let parts: Vec<String> = moved.iter().map(|m| move_text(scene, m, passes)).collect();
    if !parts.is_empty() {
        let end = if passes { " before it fails" } else { " to hold" };
        text += &format!(". {}{end}", capitalised(&listed(&parts, "or")));
    }
    format!("{text}.")
}

fn counted(months: usize) -> String {
    match months {
        1 => "1 month".to_owned(),
        n => format!("{n} months"),
    }
}

fn move_text(scene: &Scene<'_>, m: &Move, passes: bool) -> String {
    let unit: Form = [(m.column, BigInt::from(1))].into();
    let direction = if m.rise { "rise" } else { "fall" };
    let modal = if passes { "can" } else { "would have to" };
    format!(
        "{} {modal} {direction} by {}",
        scene.names().label(m.column),
        scene.quantity(&unit, &m.by)
    )
}

fn value(form: &Form, evaluation: &Evaluation) -> BigInt {
    form.iter()
        .map(|(column, c)| c * evaluation.columns.get(*column).copied().unwrap_or(0))
        .sum()
}

fn quotient_value(terms: &[Quotient], evaluation: &Evaluation) -> Option<BigRational> {
    terms.iter().try_fold(BigRational::zero(), |sum, term| {
        let below = value(&term.denominator, evaluation);
        let quotient = below
            .is_positive()
            .then(|| BigRational::new(value(&term.numerator, evaluation), below))?;
        Some(sum + quotient * &term.factor)
    })
}

/// The moves of the first figure that helps and the first that hurts; of rows with products, of the two figures that lie nearest.
/// Only as far as the figure's range allows, and none of rows that read pass bits.
fn moves(program: &Program, index: usize, evaluation: &Evaluation) -> Vec<Move> {
    let (Some(row), Some(difference)) = (program.rows.get(index), evaluation.differences.get(index)) else {
        return Vec::new();
    };
    if row.passes.iter().any(|c| *c != 0) {
        return Vec::new();
    }
    if row.slots.iter().any(|c| *c != 0) {
        return nearest(program, index, evaluation);
    }
    let terms = form(&row.a);
    let helps = terms.iter().find(|(_, c)| c.is_positive());
    let hurts = terms.iter().find(|(_, c)| c.is_negative());
    let candidates = helps.into_iter().chain(hurts).map(|(&column, c)| {
        let passes = !difference.is_negative();
        // d >= 0: |c|·by <= d keeps it; d < 0: |c|·by >= −d mends it.
        let by = if passes {
            floor_div(difference, &c.abs())
        } else {
            ceil_div(&-difference, &c.abs())
        };
        Move {
            column,
            rise: c.is_positive() != passes,
            by,
        }
    });
    candidates.filter(|m| possible(program, m, evaluation)).collect()
}

/// The two moves that are the least shares of their figures, of all that turn a row.
fn nearest(program: &Program, index: usize, evaluation: &Evaluation) -> Vec<Move> {
    let now = evaluation.passes.get(index).copied().unwrap_or(false);
    let turned = |e: &Evaluation| e.passes.get(index) != Some(&now);
    let mut found: Vec<(BigInt, Move)> = Vec::new();
    for column in columns_read(program, &[index]) {
        let size = BigInt::from(evaluation.columns.get(column).copied().unwrap_or(0)).abs();
        let turns = [1, -1].into_iter().filter_map(|step| {
            let line = Line::new(program, evaluation.columns, &[(column, step)], i64::MAX);
            Some((line.first(turned)?, step > 0))
        });
        if let Some((steps, rise)) = turns.min() {
            let by = BigInt::from(if now { steps - 1 } else { steps });
            found.push((size, Move { column, rise, by }));
        }
    }
    found.sort_by(|(a, m), (b, n)| (&m.by * b).cmp(&(&n.by * a)).then(m.column.cmp(&n.column)));
    found.into_iter().map(|(_, m)| m).take(2).collect()
}

fn possible(program: &Program, m: &Move, evaluation: &Evaluation) -> bool {
    let now = BigInt::from(evaluation.columns.get(m.column).copied().unwrap_or(0));
    let then = if m.rise { now + &m.by } else { now - &m.by };
    let range = program
        .schema(m.column / FIGURES)
        .map(|schema| schema.range(m.column % FIGURES));
    range
        .zip(small(&then))
        .is_some_and(|((least, greatest), then)| (least..=greatest).contains(&then))
}
