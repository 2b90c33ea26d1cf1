//! Tiers to weights: a mask for each tier of a decision list or pricing grid, points for a scorecard.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::rules::Rules;
use super::table::RowId;
use crate::catalogue as codes;
use crate::expression::Fault;
use crate::policy::source::Faults;
use crate::policy::{Factor, Located, Rung, Tiers};
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

pub(super) fn compile(tiers: &Tiers, rules: &mut Rules<'_>, alone: bool, faults: &mut Faults) -> Compiled {
    match tiers {
        Tiers::DecisionList(rungs) | Tiers::PricingGrid { levels: rungs, .. } => {
            let mut tiers = Vec::new();
            for rung in rungs {
                tiers.extend(faults.keep(mask(rung, rules)));
            }
            if alone {
                warn_of_shadows(&tiers, rules);
            }
            Compiled {
                tiers,
                required_weight: 0,
            }
        }
        Tiers::Scorecard {
            required,
            points,
            factors,
            grades,
        } => {
            let mut weights: BTreeMap<RowId, u64> = BTreeMap::new();
            let mut complete = true;
            for (rule, earned) in points {
                let bit = rules
                    .lookup(&rule.value, &rule.span)
                    .and_then(|index| rules.bit(index, &rule.span));
                match bit {
                    Ok(bit) => *weights.entry(bit).or_insert(0) += u64::from(*earned),
                    Err(fault) => (complete, ()) = (false, faults.add(fault)),
                }
            }
            for factor in factors {
                match steps(factor, rules) {
                    Ok(steps) => steps
                        .into_iter()
                        .for_each(|(bit, earned)| *weights.entry(bit).or_insert(0) += u64::from(earned)),
                    Err(fault) => (complete, ()) = (false, faults.add(fault)),
                }
            }
            scorecard(required, grades, &weights, complete, rules, faults)
        }
    }
}

/// A factor's rows, and the points that each adds.
fn steps(factor: &Factor, rules: &mut Rules<'_>) -> Result<Vec<(RowId, u32)>, Fault> {
    let steps = rules.factor(factor)?;
    steps
        .into_iter()
        .map(|(index, earned)| Ok((rules.bit(index, &factor.name.span)?, earned)))
        .collect()
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
            rules.warn(&codes::NEVER_BEST, &tier.span, text);
        }
    }
}

/// Required rows weigh W = (all points) + 1 on top of their points: with k of them the minimum is k·W + (the grade's points),
/// which cannot be reached without all of them, since all points together are less than W. Where points are missing
/// (`complete` is false), what grades ask for is not compared with them.
fn scorecard(
    required: &[Located<String>],
    grades: &[Rung],
    points: &BTreeMap<RowId, u64>,
    complete: bool,
    rules: &mut Rules<'_>,
    faults: &mut Faults,
) -> Compiled {
    let total: u64 = points.values().sum();
    let everywhere = faults.keep(rows_of(required, rules)).unwrap_or_default();
    let mut tiers = Vec::new();
    let mut any_required = false;
    for grade in grades {
        let Some(mut demanded) = faults.keep(rows_of(&grade.requires, rules)) else {
            continue;
        };
        demanded.extend(&everywhere);
        any_required |= !demanded.is_empty();
        if complete {
            tiers.extend(faults.keep(graded(grade, &demanded, points, total)));
        }
    }
    Compiled {
        tiers,
        required_weight: if any_required { total as u32 + 1 } else { 0 },
    }
}

fn graded(
    grade: &Rung,
    demanded: &BTreeSet<RowId>,
    points: &BTreeMap<RowId, u64>,
    total: u64,
) -> Result<TierRows, Fault> {
    let (name, span) = (&grade.name.value, &grade.name.span);
    let minimum = u64::from(grade.minimum.unwrap_or(0));
    if minimum == 0 && demanded.is_empty() {
        return Err(unconditional(grade));
    }
    if minimum > total {
        let what = format!("`{name}` asks for {minimum} points of {total}");
        return Err(Fault::new(&codes::POLICY_UNATTAINABLE, what, span.clone()).expected(format!("at most {total}")));
    }
    let mut weights = points.clone();
    for row in demanded {
        *weights.entry(*row).or_insert(0) += total + 1;
    }
    let minimum = minimum + (total + 1) * demanded.len() as u64;
    if weights.values().any(|w| w >> WEIGHT_BITS != 0) {
        let what = format!("`{name}` needs weights beyond {WEIGHT_BITS} bits");
        return Err(Fault::new(&codes::POLICY_OVER_BUDGET, what, span.clone())
            .expected(format!("all points together below 2^{}", WEIGHT_BITS - 1)));
    }
    // 32 weights below 2^24 stay below 2^29, and the minimum is at most their sum.
    Ok(TierRows {
        name: name.clone(),
        span: span.clone(),
        weights: weights.into_iter().map(|(row, w)| (row, w as u32)).collect(),
        minimum: minimum as u32,
    })
}
