//! `covenant-bank pricing`: what level of a pricing grid applied on which day, by the bank's own verdicts.

use covenant_api::ids::{self, prefix};
use covenant_api::refusals::UNKNOWN_REFERENCE;
use covenant_api::registry::{Pricing, Registry};
use covenant_api::types::RegistryId;
use covenant_policy::policy::{FoundWrong, NotDelivered};
use covenant_policy::pricing::{Because, Grid, Span, basis_points};
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use crate::args;
use crate::bank::pick;
use crate::output::{Report, fields, table};
use crate::plan::Context;

/// Runs the verb.
pub fn run(context: &Context, args: &args::Pricing) -> Result<Report, Refusal> {
    let registry = Registry::open(&args.registry)?;
    let grids = registry.policies().filter(|p| {
        let compiled = p.compiled();
        Grid::of(&compiled.program, &compiled.texts).is_some()
    });
    let policy = pick(
        "--policy",
        prefix::POLICY,
        args.policy.as_deref(),
        grids.map(|p| p.id()),
    )?;
    let company = company(&registry, args, &policy)?;
    let until = args.until.map_or_else(|| context.now.day(), |date| date.day());
    let pricing = registry.pricing(&policy, company, until)?;
    let mut text = fields(&[
        ("policy", ids::display(prefix::POLICY, &policy)),
        ("company", company.to_string()),
        ("up to", until.to_string()),
        ("not delivered", not_delivered(&pricing.grid)),
        ("found wrong", found_wrong(&pricing.grid)),
    ]);
    if pricing.development_key {
        text.push_str("  WARNING: a verdict rests on a development key, under which anybody can forge proofs.\n");
    }
    text.push_str(&format!("\nAccounts\n{}\n", accounts(&pricing)));
    text.push_str(&format!("\nLevels, day by day\n{}\n", days(&pricing)));
    text.push_str("\nA correction is in basis points times days, above zero where too little was charged. What it is in money follows from\n");
    text.push_str("the loan, which is not known here; nothing is charged or paid by this.\n");
    let json = json!({
        "policy": policy, "company": company, "until": until.to_string(),
        "development_key": pricing.development_key,
        "clauses": {
            "not_delivered": pricing.grid.clauses().not_delivered.name(),
            "found_wrong": pricing.grid.clauses().found_wrong.name(),
        },
        "tests": tests_json(&pricing),
        "spans": pricing.course.spans.iter().map(|span| span_json(&pricing, span)).collect::<Vec<_>>(),
    });
    Ok(Report::new(text, json))
}

fn company<'r>(
    registry: &'r Registry,
    args: &args::Pricing,
    policy: &covenant_api::types::Hex32,
) -> Result<&'r RegistryId, Refusal> {
    let asked = registry.companies_under(policy);
    let mut fitting = asked
        .into_iter()
        .filter(|id| args.company.as_ref().is_none_or(|named| named == *id));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Refusal::new(
            &UNKNOWN_REFERENCE,
            "several companies were asked for proofs under this policy",
        )
        .at("--company")
        .expected("the number of one")),
        (None, _) => Err(Refusal::new(
            &UNKNOWN_REFERENCE,
            "no such company was asked for proofs under this policy",
        )
        .at("--company")),
    }
}

fn not_delivered(grid: &Grid) -> String {
    match grid.clauses().not_delivered {
        NotDelivered::Worst => format!("the worst level, {}, until delivered", level(grid, grid.worst())),
        NotDelivered::Keep => "the level before, until delivered".into(),
    }
}

fn found_wrong(grid: &Grid) -> String {
    match grid.clauses().found_wrong {
        FoundWrong::Recompute => "recomputed from the first day".into(),
        FoundWrong::FromThen => "the new level from its delivery on".into(),
    }
}

fn level(grid: &Grid, index: usize) -> &str {
    grid.levels().get(index).map_or("?", |level| level.name.as_str())
}

fn margin(grid: &Grid, index: usize) -> String {
    let bps = grid.levels().get(index).map_or(0, |level| level.margin_bps);
    format!("reference rate + {}", basis_points(bps))
}

/// One line for each delivery that was asked for.
fn accounts(pricing: &Pricing) -> String {
    let grid = &pricing.grid;
    let rows = pricing
        .tests
        .iter()
        .zip(&pricing.as_of)
        .enumerate()
        .map(|(i, (test, as_of))| {
            let first = test.deliveries.first();
            let late = first
                .filter(|d| d.delivered > test.due)
                .map(|d| format!(" ({} days late)", d.delivered.0 - test.due.0));
            let right = test.deliveries.iter().rev().find(|d| d.corrects);
            let correction = pricing.course.corrections_bps_days.get(i).copied().unwrap_or(0);
            vec![
                as_of.to_string(),
                test.due.to_string(),
                first.map_or("not yet".into(), |d| {
                    format!("{}{}", d.delivered, late.unwrap_or_default())
                }),
                first.map_or(String::new(), |d| level(grid, d.level).to_owned()),
                first.map_or(String::new(), |d| margin(grid, d.level)),
                right.map_or(String::new(), |d| {
                    format!("{}: {}, {}", d.delivered, level(grid, d.level), margin(grid, d.level))
                }),
                if right.is_some() {
                    format!("{correction:+}")
                } else {
                    String::new()
                },
            ]
        });
    table(
        &[
            "as of",
            "due",
            "delivered",
            "level",
            "margin",
            "found wrong",
            "correction",
        ],
        rows,
    )
}

fn days(pricing: &Pricing) -> String {
    let grid = &pricing.grid;
    let rows = pricing.course.spans.iter().map(|span| {
        let recomputed = if span.right == span.charged {
            String::new()
        } else {
            format!("{}, {}", level(grid, span.right), margin(grid, span.right))
        };
        vec![
            span.from.to_string(),
            span.to.to_string(),
            (span.to.0 - span.from.0 + 1).to_string(),
            level(grid, span.charged).to_owned(),
            margin(grid, span.charged),
            recomputed,
            why(pricing, span),
        ]
    });
    table(
        &["from", "to", "days", "level", "margin", "recomputed", "because"],
        rows,
    )
}

fn why(pricing: &Pricing, span: &Span) -> String {
    let of = |test: usize| pricing.as_of.get(test).map_or(String::new(), ToString::to_string);
    match span.because {
        Because::Delivered(test) => format!("accounts as of {}", of(test)),
        Because::NotDelivered(test) => format!("nothing delivered as of {}", of(test)),
    }
}

fn tests_json(pricing: &Pricing) -> Vec<Value> {
    let grid = &pricing.grid;
    let one = |(i, (test, as_of)): (usize, (&covenant_policy::pricing::Test, &covenant_api::types::IsoDate))| {
        json!({
            "as_of": as_of, "due": test.due.to_string(),
            "deliveries": test.deliveries.iter().map(|d| json!({
                "delivered": d.delivered.to_string(), "level": level(grid, d.level), "corrects": d.corrects,
            })).collect::<Vec<_>>(),
            "correction_bps_days": pricing.course.corrections_bps_days.get(i),
        })
    };
    pricing.tests.iter().zip(&pricing.as_of).enumerate().map(one).collect()
}

fn span_json(pricing: &Pricing, span: &Span) -> Value {
    let grid = &pricing.grid;
    let of = |index: usize| {
        grid.levels()
            .get(index)
            .map(|l| json!({ "level": l.name, "margin_bps": l.margin_bps }))
    };
    json!({
        "from": span.from.to_string(), "to": span.to.to_string(), "days": span.to.0 - span.from.0 + 1,
        "charged": of(span.charged), "right": of(span.right), "because": why(pricing, span),
    })
}
