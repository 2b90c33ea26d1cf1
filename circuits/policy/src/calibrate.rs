//! Thresholds seen on real companies: how many of a table pass each rule and reach each tier, and where their ratios lie.
//!
//! A table seldom gives every figure. What it does not give is *not covered*, never zero: a rule that reads such a figure is neither
//! passed nor failed, and a tier is reached or ruled out only where that follows from what is given. A combination or a sum of points
//! can be decided although a part of it is not.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed as _;

use crate::compiler::{RuleMap, Texts};
use crate::program::{COLUMNS, FIGURES, Program, Row, STATEMENTS};
use crate::render::sentences::Scene;
use crate::render::shape::{Shape, shape};
use crate::render::words::{Form, decimal, form, rounded};
use crate::schema::{Identity, Schema};

/// The figures of one company that a table gives, as a program's columns.
pub type Given = [Option<i64>; COLUMNS];

/// Shares of the companies, in percent, at which a rule's values are shown.
pub const QUANTILES: [usize; 5] = [10, 25, 50, 75, 90];

/// What follows from the figures that are given: passed, failed, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Each row.
    pub rows: Vec<Option<bool>>,
    /// Each rule.
    pub rules: Vec<Option<bool>>,
    /// Each tier.
    pub tiers: Vec<Option<bool>>,
}

impl Judged {
    /// The best tier, or that none is reached; the outer nothing where that is not decided.
    pub fn best(&self) -> Option<Option<usize>> {
        let first_open = self.tiers.iter().position(|tier| *tier != Some(false));
        match first_open {
            None => Some(None),
            Some(index) if self.tiers.get(index) == Some(&Some(true)) => Some(Some(index)),
            Some(_) => None,
        }
    }
}

/// How many companies pass a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    /// The rule's name.
    pub name: String,
    /// What is asked of its ratio or amount, where it has one.
    pub asked: Option<String>,
    /// Companies that pass.
    pub holds: usize,
    /// Companies that fail.
    pub fails: usize,
    /// Of those that fail: companies whose denominator is not above zero.
    pub undefined: usize,
    /// Companies of which nothing can be said.
    pub not_covered: usize,
    /// The ratio or amount at each of [`QUANTILES`], by nearest rank over the companies that have one; cut to four decimals.
    pub quantiles: Option<[String; QUANTILES.len()]>,
}

/// How many companies reach a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierCount {
    /// The tier's name.
    pub name: String,
    /// Companies that reach it.
    pub reached: usize,
    /// Companies of which the given figures rule it out.
    pub not_reached: usize,
    /// Companies of which nothing can be said.
    pub not_covered: usize,
    /// Companies whose best tier it is.
    pub best: usize,
}

/// A policy, held against a table of companies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// Companies in the table.
    pub companies: usize,
    /// Of those, companies left out because their sums do not agree.
    pub sums_disagree: usize,
    /// Companies that give every figure the policy needs: they alone could prove anything.
    pub covered: usize,
    /// The rules, in the policy's order.
    pub rules: Vec<RuleCount>,
    /// The tiers, best first.
    pub tiers: Vec<TierCount>,
    /// Companies that certainly reach no tier.
    pub no_tier: usize,
    /// Companies whose best tier is not decided by what is given.
    pub undecided: usize,
}

/// Counts companies one by one.
pub struct Calibrator<'p> {
    scene: Scene<'p>,
    counts: Calibration,
    values: Vec<Vec<BigRational>>,
}

impl<'p> Calibrator<'p> {
    /// A calibration of this policy, without companies yet.
    pub fn new(program: &'p Program, texts: &'p Texts) -> Self {
        let scene = Scene { program, texts };
        let rules = texts.rules.iter().map(|rule| RuleCount {
            name: rule.name.clone(),
            asked: measured(&scene, rule).map(|measure| measure.asked),
            holds: 0,
            fails: 0,
            undefined: 0,
            not_covered: 0,
            quantiles: None,
        });
        let tiers = program.tiers.iter().map(|tier| TierCount {
            name: tier.name.clone(),
            reached: 0,
            not_reached: 0,
            not_covered: 0,
            best: 0,
        });
        Self {
            counts: Calibration {
                companies: 0,
                sums_disagree: 0,
                covered: 0,
                rules: rules.collect(),
                tiers: tiers.collect(),
                no_tier: 0,
                undecided: 0,
            },
            values: vec![Vec::new(); texts.rules.len()],
            scene,
        }
    }

    /// Counts a company. What the schema's sums fix is filled in first.
    pub fn add(&mut self, given: &Given) {
        let (program, texts) = (self.scene.program, self.scene.texts);
        self.counts.companies += 1;
        let Ok(given) = completed(program, given) else {
            self.counts.sums_disagree += 1;
            return;
        };
        let judged = judge(program, texts, &given);
        self.counts.covered += usize::from(covers(program, &given));
        for (i, rule) in texts.rules.iter().enumerate() {
            let (Some(count), Some(values)) = (self.counts.rules.get_mut(i), self.values.get_mut(i)) else {
                continue;
            };
            let outcome = judged.rules.get(i).copied().flatten();
            *match outcome {
                Some(true) => &mut count.holds,
                Some(false) => &mut count.fails,
                None => &mut count.not_covered,
            } += 1;
            let guarded = |row: &usize| judged.rows.get(*row) == Some(&Some(false));
            count.undefined += usize::from(outcome == Some(false) && rule.guards.iter().any(guarded));
            values.extend(measured(&self.scene, rule).and_then(|measure| measure.value(&given)));
        }
        for (count, outcome) in self.counts.tiers.iter_mut().zip(&judged.tiers) {
            *match outcome {
                Some(true) => &mut count.reached,
                Some(false) => &mut count.not_reached,
                None => &mut count.not_covered,
            } += 1;
        }
        match judged.best() {
            None => self.counts.undecided += 1,
            Some(None) => self.counts.no_tier += 1,
            Some(Some(tier)) => {
                if let Some(count) = self.counts.tiers.get_mut(tier) {
                    count.best += 1;
                }
            }
        }
    }

    /// The counts.
    pub fn finish(mut self) -> Calibration {
        let rules = self.counts.rules.iter_mut().zip(&self.scene.texts.rules);
        for ((count, rule), mut values) in rules.zip(std::mem::take(&mut self.values)) {
            values.sort_unstable();
            let Some(measure) = measured(&self.scene, rule).filter(|_| !values.is_empty()) else {
                continue;
            };
            let shown = QUANTILES.map(|percent| {
                let rank = (values.len() * percent).div_ceil(100).max(1);
                values
                    .get(rank - 1)
                    .map_or_else(String::new, |value| measure.shown(&self.scene, value))
            });
            count.quantiles = Some(shown);
        }
        self.counts
    }
}

/// Fills in what the schema's sums fix. A rounding difference that is not given counts as none, as in every statement.
///
/// # Errors
/// The first sum that does not hold.
pub fn completed(program: &Program, given: &Given) -> Result<Given, &'static Identity> {
    let mut figures = *given;
    for statement in 0..STATEMENTS {
        let Some(schema) = program.schema(statement) else {
            continue;
        };
        // Each pass fills in at least one figure, or is the last.
        for _ in 0..FIGURES {
            let mut filled = schema
                .identities
                .iter()
                .filter_map(|identity| fill(schema, identity, &figures, statement));
            let Some((column, value)) = filled.next() else { break };
            if let Some(figure) = figures.get_mut(column) {
                *figure = Some(value);
            }
        }
        for identity in schema.identities {
            let sum = identity.terms.iter().try_fold(0i128, |sum, (j, c)| {
                let value = known(schema, &figures, statement, *j)?;
                Some(sum + i128::from(*c) * i128::from(value))
            });
            if sum.is_some_and(|sum| sum != 0) {
                return Err(identity);
            }
        }
    }
    Ok(figures)
}

fn known(schema: &Schema, figures: &Given, statement: usize, j: usize) -> Option<i64> {
    let given = figures.get(statement * FIGURES + j).copied().flatten();
    given.or_else(|| (schema.rounding_figure() == Some(j)).then_some(0))
}

/// The one figure of a sum that is not given, and what it must be; nothing where that is out of its range.
fn fill(schema: &Schema, identity: &Identity, figures: &Given, statement: usize) -> Option<(usize, i64)> {
    let mut open = identity
        .terms
        .iter()
        .filter(|(j, _)| known(schema, figures, statement, *j).is_none());
    let (&(column, sign), None) = (open.next()?, open.next()) else {
        return None;
    };
    let rest: i128 = identity
        .terms
        .iter()
        .filter_map(|(j, c)| Some(i128::from(*c) * i128::from(known(schema, figures, statement, *j)?)))
        .sum();
    let value = i64::try_from(-rest * i128::from(sign)).ok()?;
    let (least, greatest) = schema.range(column);
    (least..=greatest)
        .contains(&value)
        .then_some((statement * FIGURES + column, value))
}

/// Whether every figure is given that the policy needs.
fn covers(program: &Program, given: &Given) -> bool {
    let needed = |statement: usize, j: usize| program.statements.get(statement).is_some_and(|t| t.need >> j & 1 == 1);
    given
        .iter()
        .enumerate()
        .all(|(column, value)| value.is_some() || !needed(column / FIGURES, column % FIGURES))
}

/// What follows from the figures that are given.
pub fn judge(program: &Program, texts: &Texts, given: &Given) -> Judged {
    let mut rows: Vec<Option<bool>> = Vec::with_capacity(program.rows.len());
    for row in &program.rows {
        let outcome = bounds(program, row, given, &rows).and_then(|(least, greatest)| {
            let passes = !least.is_negative();
            (passes || greatest.is_negative()).then_some(passes)
        });
        rows.push(outcome);
    }
    let all = |indices: &mut dyn Iterator<Item = &usize>| {
        let outcomes: Vec<Option<bool>> = indices.map(|row| rows.get(*row).copied().flatten()).collect();
        if outcomes.contains(&Some(false)) {
            Some(false)
        } else {
            outcomes.iter().all(Option::is_some).then_some(true)
        }
    };
    let rule = |rule: &RuleMap| all(&mut rule.tests.iter().chain(&rule.guards));
    let rules = texts.rules.iter().map(rule).collect();
    let tiers = program.tiers.iter().map(|tier| {
        let sum = |counts: fn(&Option<bool>) -> bool| -> u64 {
            let weighted = tier.weights.iter().zip(&rows).filter(|(_, outcome)| counts(outcome));
            weighted.map(|(w, _)| u64::from(*w)).sum()
        };
        let (least, greatest) = (sum(|o| *o == Some(true)), sum(|o| *o != Some(false)));
        let minimum = u64::from(tier.minimum);
        let reached = least >= minimum;
        (reached || greatest < minimum).then_some(reached)
    });
    Judged {
        tiers: tiers.collect(),
        rules,
        rows,
    }
}

/// The least and the greatest difference that a row can have; nothing where it reads a figure that is not given.
fn bounds(program: &Program, row: &Row, given: &Given, rows: &[Option<bool>]) -> Option<(BigInt, BigInt)> {
    let linear = value(&form(&row.a), given)?;
    let mut products = BigInt::ZERO;
    for (slot, factor) in program.slots.iter().zip(&row.slots).filter(|(_, c)| **c != 0) {
        products += value(&form(&slot.u), given)? * value(&form(&slot.v), given)? * factor;
    }
    let figures = linear + products - row.bound;
    let (mut least, mut greatest) = (figures.clone(), figures);
    for (factor, outcome) in row.passes.iter().zip(rows).filter(|(c, _)| **c != 0) {
        if *outcome != Some(false) {
            greatest += (*factor).max(0);
            least += (*factor).min(0);
        }
        if *outcome == Some(true) {
            greatest += (*factor).min(0);
            least += (*factor).max(0);
        }
    }
    Some((least, greatest))
}

fn value(form: &Form, given: &Given) -> Option<BigInt> {
    form.iter().try_fold(BigInt::ZERO, |sum, (column, c)| {
        Some(sum + c * given.get(*column).copied().flatten()?)
    })
}

/// What a rule measures: a ratio or an amount.
struct Measure {
    form: Form,
    base: Option<Form>,
    asked: String,
}

impl Measure {
    fn value(&self, given: &Given) -> Option<BigRational> {
        let above = value(&self.form, given)?;
        let Some(base) = &self.base else {
            return Some(BigRational::from(above));
        };
        let below = value(base, given)?;
        below.is_positive().then(|| BigRational::new(above, below))
    }

    fn shown(&self, scene: &Scene<'_>, value: &BigRational) -> String {
        match self.base {
            Some(_) => rounded(value),
            None => scene.quantity(&self.form, &value.to_integer()),
        }
    }
}

/// The ratio or amount of a rule's first comparison.
fn measured(scene: &Scene<'_>, rule: &RuleMap) -> Option<Measure> {
    let row = scene.program.rows.get(*rule.tests.first()?)?;
    match shape(scene.program, row, &scene.guards_of(rule)) {
        Shape::Ratio { form, base, limit } => Some(Measure {
            asked: format!("{} {}", limit.comparison(), decimal(&limit.threshold)),
            form,
            base: Some(base),
        }),
        Shape::Amount { form, at_least, number } => Some(Measure {
            asked: format!(
                "{} {}",
                if at_least { "at least" } else { "at most" },
                scene.quantity(&form, &number)
            ),
            form,
            base: None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
