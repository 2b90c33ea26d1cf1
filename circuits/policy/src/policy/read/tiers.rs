//! How rules become tiers: decision lists, scorecards and pricing grids.

use super::super::fields::{Fields, RULE_NAME, Spanned, bad, decimal, integer, items, text};
use super::super::layout::{self, Field, Kind};
use super::super::source::Faults;
use super::super::{Clauses, Factor, FoundWrong, Located, NotDelivered, Rung, Tiers};
use super::Read;
use crate::catalogue as codes;
use crate::expression::Fault;
use crate::program::WEIGHT_BITS;

pub(super) fn tiers(value: &Spanned<'_>, faults: &mut Faults) -> Option<Tiers> {
    // Any of the tables: the kind is a fixed word of each.
    let any = faults.keep(Fields::of("tiers", &layout::TIERS[0], value))?;
    let word = faults.keep(any.require("kind"))?;
    static KIND: Field = layout::kinds();
    let word = faults.keep(text("tiers.kind", &KIND, word))?;
    let layout = layout::TIERS
        .iter()
        .find(|table| matches!(table.field("kind").kind, Kind::Fixed(kind) if kind == word.value))?;
    let fields = faults.keep(Fields::of("tiers", layout, value))?;
    fields.finish(faults);
    match word.value.as_str() {
        "decision-list" => Some(Tiers::DecisionList(rungs(&fields, "tier", faults))),
        "scorecard" => scorecard(&fields, faults),
        _ => pricing_grid(&fields, faults),
    }
}

fn names(fields: &Fields<'_, '_>, key: &str) -> Read<Vec<Located<String>>> {
    fields
        .array(key)?
        .into_iter()
        .map(|(path, item)| text(&path, &RULE_NAME, item))
        .collect()
}

/// The rungs under `key` that can be read, with distinct names.
fn rungs(fields: &Fields<'_, '_>, key: &str, faults: &mut Faults) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = Vec::new();
    if fields.get(key).is_none() {
        faults.keep(fields.require(key));
        return rungs;
    }
    for table in fields.tables(key, faults) {
        table.finish(faults);
        if let Some(rung) = faults.keep(rung(&table, key)) {
            if rungs.iter().any(|r| r.name.value == rung.name.value) {
                let what = format!("`{}` is named twice", rung.name.value);
                faults.add(Fault::new(&codes::POLICY_DUPLICATE, what, rung.name.span));
            } else {
                rungs.push(rung);
            }
        }
    }
    rungs
}

fn rung(table: &Fields<'_, '_>, key: &str) -> Read<Rung> {
    Ok(Rung {
        name: table.text("name")?,
        requires: names(table, "requires")?,
        minimum: match key {
            "grade" => Some(table.integer("minimum")? as u32),
            _ => None,
        },
        margin_bps: match key {
            "level" => Some(table.integer("margin_bps")? as i32),
            _ => None,
        },
    })
}

fn scorecard(fields: &Fields<'_, '_>, faults: &mut Faults) -> Option<Tiers> {
    let required = faults.keep(names(fields, "required"));
    let mut points: Vec<(Located<String>, u32)> = Vec::new();
    for table in fields.tables("points", faults) {
        table.finish(faults);
        let (rule, earned) = (faults.keep(table.text("rule")), faults.keep(table.integer("points")));
        let (Some(rule), Some(earned)) = (rule, earned) else {
            continue;
        };
        if points.iter().any(|(other, _)| other.value == rule.value) {
            let what = format!("`{}` has points twice", rule.value);
            faults.add(Fault::new(&codes::POLICY_DUPLICATE, what, rule.span));
        } else {
            points.push((rule, earned as u32));
        }
    }
    let mut factors = Vec::new();
    for table in fields.tables("factor", faults) {
        table.finish(faults);
        factors.extend(faults.keep(factor(&table)));
    }
    let grades = rungs(fields, "grade", faults);
    Some(Tiers::Scorecard {
        required: required?,
        points,
        factors,
        grades,
    })
}

fn factor(table: &Fields<'_, '_>) -> Read<Factor> {
    let name = table.text("name")?;
    let expression = table.text("expression")?;
    let at_most = table
        .optional_text("direction")?
        .is_some_and(|text| text.value == "at-most");
    let why = table.prose("why")?;
    table.require("points")?;
    let mut points: Vec<Located<(num_rational::BigRational, u32)>> = Vec::new();
    for (path, item) in table.array("points")? {
        let pair = items(&path, item)?;
        let [(threshold_path, threshold), (earned_path, earned)] = pair.as_slice() else {
            return Err(
                bad(format!("`{path}` has {} items", pair.len()), item.span()).expected("[break point, points]")
            );
        };
        let threshold = decimal(threshold_path, threshold)?;
        let earned = integer(earned_path, earned, (1, (1 << WEIGHT_BITS) - 1))? as u32;
        if let Some(Located {
            value: (before, less), ..
        }) = points.last()
        {
            let ordered = if at_most {
                threshold < *before
            } else {
                threshold > *before
            };
            if !ordered || earned <= *less {
                return Err(bad(format!("`{path}` is out of order"), item.span())
                    .expected("break points from the easiest to the hardest, points growing"));
            }
        }
        points.push(Located {
            value: (threshold, earned),
            span: item.span(),
        });
    }
    if points.is_empty() {
        return Err(
            bad(format!("factor `{}` has no break points", name.value), table.span())
                .expected("points = [[1.0, 5], [1.2, 10]]"),
        );
    }
    Ok(Factor {
        name,
        expression,
        at_most,
        points,
        why,
    })
}

/// The last level may be unconditional: it is what applies where nothing is proven.
fn pricing_grid(fields: &Fields<'_, '_>, faults: &mut Faults) -> Option<Tiers> {
    let last_is_free = faults.keep(fields.boolean("worst_is_unconditional"))?;
    let clauses = faults.keep(clauses(fields))?;
    let mut levels = rungs(fields, "level", faults);
    let worst = if last_is_free { levels.pop() } else { None };
    if let Some(worst) = &worst
        && !worst.requires.is_empty()
    {
        let what = format!("level `{}` is unconditional and has requirements", worst.name.value);
        let fault = bad(what, worst.name.span.clone());
        faults.add(fault.expected("no `requires`, or worst_is_unconditional = false"));
    }
    if levels.is_empty() && faults.is_empty() {
        let fault = bad("the grid has no level to prove", fields.span());
        faults.add(fault.expected("at least one level with requirements"));
    }
    Some(Tiers::PricingGrid { levels, worst, clauses })
}

/// The two customary clauses: what is not said is what is customary.
fn clauses(fields: &Fields<'_, '_>) -> Read<Clauses> {
    let not_delivered = fields.optional_text("not_delivered")?.map(|text| text.value);
    let found_wrong = fields.optional_text("found_wrong")?.map(|text| text.value);
    let known = [NotDelivered::Worst, NotDelivered::Keep];
    let not_delivered = known
        .into_iter()
        .find(|clause| Some(clause.name()) == not_delivered.as_deref());
    let known = [FoundWrong::Recompute, FoundWrong::FromThen];
    let found_wrong = known
        .into_iter()
        .find(|clause| Some(clause.name()) == found_wrong.as_deref());
    Ok(Clauses {
        not_delivered: not_delivered.unwrap_or(Clauses::CUSTOMARY.not_delivered),
        found_wrong: found_wrong.unwrap_or(Clauses::CUSTOMARY.found_wrong),
    })
}
