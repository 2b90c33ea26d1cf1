//! What a company would have to change to reach a tier that it does not reach: exact, and checked by evaluating the program again.
//!
//! Three answers, each to the minor unit. For a missing rule, by how much one figure *alone* would have to move: a measure of the
//! distance, which no bookkeeper can book. For a rule or for the whole tier, how much of one [`Action`] it takes. And for the tier,
//! a set of actions that reach it together. One unit less of any of them does not.
//!
//! The second statement is another period and stays as it is.

use crate::compiler::{RuleMap, Texts, TierKind};
use crate::program::{FIGURES, Program, Tier};
use crate::refusal::Refusal;
use crate::statement::{Coverage, Statement};

use super::line::{Direction, Line};
use super::{Evaluation, Move, evaluate};

mod actions;
mod scorecard;
mod together;
mod words;

pub use actions::{ACTIONS, Action};
pub use scorecard::{Points, Step};
pub use words::{action_phrase, moves_sentence};

/// So much of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What is done.
    pub action: &'static Action,
    /// How much of it, in minor units.
    pub amount: i64,
}

/// How a rule that a tier misses could be made to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAdvice {
    /// The rule's name.
    pub name: String,
    /// The least move of each single figure of the first statement after which the rule holds, all others unchanged; the least
    /// first.
    pub moves: Vec<Move>,
    /// How much of each single action makes it hold; the least first.
    pub actions: Vec<Done>,
}

/// What it would take to reach a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The tier's index in the program.
    pub tier: usize,
    /// The rules that it demands and that do not hold.
    pub missing: Vec<RuleAdvice>,
    /// The points of a scorecard.
    pub points: Option<Points>,
    /// How much of each single action reaches the tier; the least first.
    pub alone: Vec<Done>,
    /// Several actions that reach the tier together; `None` where none was found, or where one alone is enough.
    pub together: Option<Vec<Done>>,
    /// Whether actions are known for this policy at all: its schema has them, and the books give what they take from.
    pub actions_known: bool,
}

/// What the figures are, for advice: a program, and where it stands.
struct Standing<'a> {
    program: &'a Program,
    texts: &'a Texts,
    evaluation: &'a Evaluation,
    coverage: Coverage,
    /// The actions that are open, with what they change and how far they go.
    open: Vec<Open>,
    keeps: Vec<actions::Keep>,
}

/// An action that these books leave room for.
struct Open {
    action: &'static Action,
    direction: Vec<(usize, i64)>,
    last: i64,
}

/// What it would take to reach a tier. The statements are those that were evaluated.
///
/// # Errors
/// Those of [`evaluate`].
pub fn advise(
    program: &Program,
    texts: &Texts,
    first: &Statement,
    second: Option<&Statement>,
    tier: usize,
) -> Result<Advice, Refusal> {
    let evaluation = evaluate(program, first, second)?;
    let standing = Standing::new(program, texts, &evaluation, first.coverage);
    let reached = |e: &Evaluation| e.tiers.get(tier).is_some_and(|t| t.achieved);
    let alone = standing.alone(&reached);
    let together = if alone.is_empty() && !reached(&evaluation) {
        standing.together(tier)
    } else {
        None
    };
    Ok(Advice {
        tier,
        missing: standing.missing(tier),
        points: standing.points(tier),
        together: together.filter(|done| stands(program, first, second, done, tier)),
        actions_known: !standing.open.is_empty(),
        alone,
    })
}

/// The statement after these actions; `None` where they would not leave a statement.
pub fn after(first: &Statement, done: &[Done]) -> Option<Statement> {
    let mut moved = first.clone();
    for Done { action, amount } in done {
        for (column, sign) in action.direction(first.coverage)? {
            let figure = moved.figures.0.get_mut(column)?;
            *figure = figure.checked_add(sign.checked_mul(*amount)?)?;
        }
    }
    moved.validate().ok().map(|()| moved)
}

/// The whole evaluation of the moved figures says so: the answer does not rest on how it was found.
fn stands(program: &Program, first: &Statement, second: Option<&Statement>, done: &[Done], tier: usize) -> bool {
    let moved = after(first, done).and_then(|moved| evaluate(program, &moved, second).ok());
    moved.is_some_and(|e| e.tiers.get(tier).is_some_and(|t| t.achieved))
}

impl<'a> Standing<'a> {
    fn new(program: &'a Program, texts: &'a Texts, evaluation: &'a Evaluation, coverage: Coverage) -> Self {
        let keeps = actions::keeps(coverage);
        let mut open = Vec::new();
        for action in ACTIONS.iter().filter(|_| actions::applicable(program)) {
            let Some(direction) = action.direction(coverage) else {
                continue;
            };
            let part = action.part_of().and_then(|column| evaluation.columns.get(column));
            let kept = keeps.iter().map(|keep| room(keep, &direction, evaluation));
            let last = kept.chain(part.copied()).min().unwrap_or(i64::MAX);
            let last = Line::new(program, evaluation.columns, &direction, last).last();
            if last > 0 {
                open.push(Open {
                    action,
                    direction,
                    last,
                });
            }
        }
        Self {
            program,
            texts,
            evaluation,
            coverage,
            open,
            keeps,
        }
    }

    fn line(&self, direction: &Direction, last: i64) -> Line<'_> {
        Line::new(self.program, self.evaluation.columns, direction, last)
    }

    /// How much of each single action brings something about; the least first.
    fn alone(&self, holds: &impl Fn(&Evaluation) -> bool) -> Vec<Done> {
        let mut done: Vec<Done> = self
            .open
            .iter()
            .filter_map(|open| {
                let amount = self.line(&open.direction, open.last).first(holds)?;
                Some(Done {
                    action: open.action,
                    amount,
                })
            })
            .collect();
        done.sort_by_key(|done| done.amount);
        done
    }

    /// The least move of each figure that these rows read, alone, that brings something about.
    fn moves(&self, rows: &[usize], holds: &impl Fn(&Evaluation) -> bool) -> Vec<Move> {
        let columns = columns_read(self.program, rows);
        let own = columns.into_iter().filter(|c| *c < FIGURES && self.coverage.covers(*c));
        let mut moves: Vec<Move> = own
            .flat_map(|column| [(column, true), (column, false)])
            .filter_map(|(column, rise)| {
                let step = if rise { 1 } else { -1 };
                let by = self.line(&[(column, step)], i64::MAX).first(holds)?;
                Some(Move {
                    column,
                    rise,
                    by: by.into(),
                })
            })
            .collect();
        moves.sort_by(|a, b| a.by.cmp(&b.by));
        moves
    }

    fn advice_on(&self, rule: &RuleMap) -> RuleAdvice {
        let rows: Vec<usize> = rule.tests.iter().chain(&rule.guards).copied().collect();
        let holds = |e: &Evaluation| rows.iter().all(|row| e.passes.get(*row).copied().unwrap_or(false));
        RuleAdvice {
            name: rule.name.clone(),
            moves: self.moves(&rows, &holds),
            actions: self.alone(&holds),
        }
    }

    /// The rules that a tier cannot do without and that do not hold.
    fn missing(&self, tier: usize) -> Vec<RuleAdvice> {
        let Some(tier) = self.program.tiers.get(tier) else {
            return Vec::new();
        };
        let demanded = demanded_rows(tier, self.texts);
        let failing = |rule: &&RuleMap| {
            let mut rows = rule.tests.iter().chain(&rule.guards);
            let joint = rule.together.is_some_and(|row| demanded.contains(&row));
            let asked = joint || rows.clone().all(|row| demanded.contains(row));
            asked && rows.any(|row| !self.evaluation.passes.get(*row).copied().unwrap_or(false))
        };
        self.texts
            .rules
            .iter()
            .filter(failing)
            .map(|rule| self.advice_on(rule))
            .collect()
    }
}

/// The rows that a tier cannot do without.
fn demanded_rows(tier: &Tier, texts: &Texts) -> Vec<usize> {
    if texts.tier_kind == TierKind::Scorecard && texts.required_weight > 0 {
        let weights = tier.weights.iter().enumerate();
        return weights
            .filter(|(_, w)| **w >= texts.required_weight)
            .map(|(row, _)| row)
            .collect();
    }
    tier.mandatory_rows()
}

/// How far a direction goes before it takes more of a whole than there is.
fn room(keep: &actions::Keep, direction: &Direction, evaluation: &Evaluation) -> i64 {
    let step = keep.step(direction);
    if step >= 0 {
        return i64::MAX;
    }
    let left = keep.value(&evaluation.columns).max(0) / -step;
    i64::try_from(left).unwrap_or(i64::MAX)
}

/// Every column that rows read, also through the pass bits of other rows.
pub(super) fn columns_read(program: &Program, rows: &[usize]) -> Vec<usize> {
    let mut wanted: std::collections::BTreeSet<usize> = rows.iter().copied().collect();
    let mut columns = std::collections::BTreeSet::new();
    // Rows read earlier ones only: from the last to the first, each is seen after whoever reads it.
    for (index, row) in program.rows.iter().enumerate().rev() {
        if !wanted.contains(&index) {
            continue;
        }
        let nonzero = |dense: &[i64]| -> Vec<usize> {
            let entries = dense.iter().enumerate().filter(|(_, c)| **c != 0);
            entries.map(|(place, _)| place).collect()
        };
        columns.extend(nonzero(&row.a));
        for slot in nonzero(&row.slots).into_iter().filter_map(|q| program.slots.get(q)) {
            columns.extend(nonzero(&slot.u));
            columns.extend(nonzero(&slot.v));
        }
        wanted.extend(nonzero(&row.passes));
    }
    columns.into_iter().collect()
}

#[cfg(test)]
mod tests;
