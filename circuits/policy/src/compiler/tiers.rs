//! Tiers to weights: a mask for each tier of a decision list or pricing grid, points for a scorecard.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Warning;
use super::rules::Rules;
use super::table::RowId;
use crate::catalogue as codes;
use crate::expression::Fault;
use crate::policy::{Located, Rung, Tiers};
use crate::program::WEIGHT_BITS;

/// A tier before rows have their places.
pub(super) struct TierRows {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    pub(super) weights: BTreeMap<RowId, u32>,
    pub(super) minimum: u32,
}

/// The tiers, and the weight that required rows carry beyond their points (0 where nothing is required).
pub(super) struct Compiled {
    pub(super) tiers: Vec<TierRows>,
    pub(super) required_weight: u32,
}

pub(super) fn compile(tiers: &Tiers, rules: &mut Rules<'_>) -> Result<Compiled, Fault> {
    match tiers {
        Tiers::DecisionList(rungs) | Tiers::PricingGrid { levels: rungs, .. } => {
            let tiers = rungs
                .iter()
                .map(|rung| mask(rung, rules))
                .collect::<Result<Vec<_>, _>>()?;
            warn_of_shadows(&tiers, rules);
            Ok(Compiled {
                tiers,
                required_weight: 0,
            })
        }
        Tiers::Scorecard {
            required,
            points,
            factors,
            grades,
        } => {
            let mut weights: BTreeMap<RowId, u64> = BTreeMap::new();
            for (rule, earned) in points {
                let index = rules.lookup(&rule.value, &rule.span)?;
                let bit = rules.bit(index, &rule.span)?;
                *weights.entry(bit).or_insert(0) += u64::from(*earned);
            }
            for factor in factors {
                for (index, earned) in rules.factor(factor)? {
                    let bit = rules.bit(index, &factor.name.span)?;
                    *weights.entry(bit).or_insert(0) += u64::from(earned);
                }
            }
            scorecard(required, grades, &weights, rules)
        }
    }
}

fn unconditional(rung: &Rung) -> Fault {
    let what = format!("`{}` asks for nothing", rung.name.value);
    Fault::new(&codes::POLICY_UNCONDITIONAL, what, rung.name.span.clone())
        .expected("a requirement, or a minimum of at least 1")
}

/// The rows that these rules need.
fn rows_of(names: &[Located<String>], rules: &mut Rules<'_>) -> Result<BTreeSet<RowId>, Fault> {
    let mut rows = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.value) {
            let what = format!("`{}` is required twice", name.value.escape_debug());
            return Err(Fault::new(&codes::POLICY_DUPLICATE, what, name.span.clone()));
        }
        let index = rules.lookup(&name.value, &name.span)?;
        rows.extend(rules.rules[index].rows());
    }
    Ok(rows)
}

/// All rows of all required rules: ratios and their guards simply join.
fn mask(rung: &Rung, rules: &mut Rules<'_>) -> Result<TierRows, Fault> {
    let rows = rows_of(&rung.requires, rules)?;
    if rows.is_empty() {
        return Err(unconditional(rung));
    }
    let minimum = rows.len() as u32;
    let weights = rows.into_iter().map(|row| (row, 1)).collect();
    Ok(TierRows {
        name: rung.name.value.clone(),
        span: rung.name.span.clone(),
        weights,
        minimum,
    })
}

/// A tier that asks for all that a better one asks for is never anybody's best.
fn warn_of_shadows(tiers: &[TierRows], rules: &mut Rules<'_>) {
    for (i, tier) in tiers.iter().enumerate() {
        let shadow = tiers
            .iter()
            .take(i)
            .find(|better| better.weights.keys().all(|row| tier.weights.contains_key(row)));
        if let Some(better) = shadow {
            let text = format!(
                "`{}` is never the best tier: whoever reaches it reaches `{}`",
                tier.name, better.name
            );
            rules.warnings.push(Warning::new(rules.source, &tier.span, text));
        }
    }
}

/// Required rows weigh W = (all points) + 1 on top of their points: with k of them the minimum is k·W + (the grade's points),
/// which cannot be reached without all of them, since all points together are less than W.
fn scorecard(
    required: &[Located<String>],
    grades: &[Rung],
    points: &BTreeMap<RowId, u64>,
    rules: &mut Rules<'_>,
) -> Result<Compiled, Fault> {
    let total: u64 = points.values().sum();
    let everywhere = rows_of(required, rules)?;
    let mut tiers = Vec::new();
    let mut any_required = false;
    for grade in grades {
        let minimum = u64::from(grade.minimum.unwrap_or(0));
        let mut demanded = rows_of(&grade.requires, rules)?;
        demanded.extend(&everywhere);
        if minimum == 0 && demanded.is_empty() {
            return Err(unconditional(grade));
        }
        if minimum > total {
            let what = format!("`{}` asks for {minimum} points of {total}", grade.name.value);
            return Err(Fault::new(&codes::POLICY_UNATTAINABLE, what, grade.name.span.clone())
                .expected(format!("at most {total}")));
        }
        any_required |= !demanded.is_empty();
        let mut weights = points.clone();
        for row in &demanded {
            *weights.entry(*row).or_insert(0) += total + 1;
        }
        let minimum = minimum + (total + 1) * demanded.len() as u64;
        if weights.values().any(|w| w >> WEIGHT_BITS != 0) {
            let what = format!("`{}` needs weights beyond {WEIGHT_BITS} bits", grade.name.value);
            return Err(Fault::new(&codes::POLICY_OVER_BUDGET, what, grade.name.span.clone())
                .expected(format!("all points together below 2^{}", WEIGHT_BITS - 1)));
        }
        // 32 weights below 2^24 stay below 2^29, and the minimum is at most their sum.
        let weights = weights.into_iter().map(|(row, w)| (row, w as u32)).collect();
        let (name, span) = (grade.name.value.clone(), grade.name.span.clone());
        tiers.push(TierRows {
            name,
            span,
            weights,
            minimum: minimum as u32,
        });
    }
    Ok(Compiled {
        tiers,
        required_weight: if any_required { total as u32 + 1 } else { 0 },
    })
}
