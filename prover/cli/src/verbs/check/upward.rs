//! What it would take to reach the next tier, as text and as JSON; the reasoning is [`covenant_policy::evaluate::advice`]'s.

use covenant_policy::Compiled;
use covenant_policy::evaluate::Move;
use covenant_policy::evaluate::advice::{Advice, Done, Points, RuleAdvice, action_phrase, moves_sentence};
use covenant_policy::program::FIGURES;
use covenant_policy::statement::{amount_to_decimal, format_amount};
use serde_json::{Value, json};

use crate::output::{Report, Table};

/// Single figures, and single actions, that are shown of each rule.
const SHOWN: usize = 3;

/// Says what a tier takes.
pub(super) fn say(report: &mut Report, compiled: &Compiled, advice: &Advice) {
    let program = &compiled.program;
    let Some(tier) = program.tiers.get(advice.tier) else {
        return;
    };
    report.line("");
    report.heading(format!("What {} would take", tier.name));
    if let Some(points) = &advice.points {
        say_points(report, compiled, points, &tier.name);
    }
    for rule in &advice.missing {
        say_rule(report, compiled, rule);
    }
    let table = |done: &[Done]| {
        let mut table = Table::new(&["action", ">amount", "provided that"]);
        for d in done {
            table.row([
                d.action.words.to_owned(),
                format_amount(d.amount, program.currency),
                d.action.provided.to_owned(),
            ]);
        }
        table
    };
    report.line("");
    match (&advice.together, advice.alone.is_empty()) {
        (_, false) => {
            report.line(format!("Any one of these alone reaches {}:", tier.name));
            report.table(table(&advice.alone));
        }
        (Some(done), true) => {
            report.line(format!("No single action reaches {}. These together do:", tier.name));
            report.table(table(done));
        }
        (None, true) if advice.actions_known => {
            report.line(format!(
                "No action that this program knows of reaches {}, nor do several together.",
                tier.name
            ));
        }
        (None, true) => {
            report.line("No actions are known for the figures of this policy.");
            return;
        }
    }
    if !advice.alone.is_empty() || advice.together.is_some() {
        report.line("Each amount is the least: one unit less does not. They are reckoned as if done within the period, with all that they");
        report.line("change: a plan for the next accounts, and no reason to change these.");
    }
}

fn say_rule(report: &mut Report, compiled: &Compiled, rule: &RuleAdvice) {
    report.warning(format!("{} is missing.", rule.name));
    let moves = moves_sentence(&compiled.program, &compiled.texts, &rule.moves, SHOWN);
    report.line(format!("    One figure alone: {}", lower_first(&moves)));
    let actions: Vec<String> = rule
        .actions
        .iter()
        .take(SHOWN)
        .map(|done| lower_first(&action_phrase(&compiled.program, done)))
        .collect();
    if !actions.is_empty() {
        report.line(format!("    One action alone: {}.", actions.join("; or ")));
    }
}

fn say_points(report: &mut Report, compiled: &Compiled, points: &Points, tier: &str) {
    let missing = points.minimum.saturating_sub(points.now);
    report.line(format!(
        "{} of {} points are earned; {tier} asks for {}: {}.",
        points.now,
        points.total,
        points.minimum,
        if missing == 0 {
            "no point is missing".to_owned()
        } else {
            format!("{missing} missing")
        },
    ));
    if points.steps.is_empty() {
        return;
    }
    let mut table = Table::new(&[">points", "for", "nearest action", "or one figure alone"]);
    for step in &points.steps {
        let action = step
            .actions
            .first()
            .map_or("none known".to_owned(), |done| action_phrase(&compiled.program, done));
        let figure = moves_sentence(&compiled.program, &compiled.texts, &step.moves, 1);
        table.row([format!("+{}", step.points), step.name.clone(), action, figure]);
    }
    report.table(table);
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // An abbreviation such as EBITDA stays as it is.
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// The same for programs.
pub(super) fn as_json(compiled: &Compiled, advice: &Advice) -> Value {
    let program = &compiled.program;
    json!({
        "tier": program.tiers.get(advice.tier).map(|t| t.name.clone()),
        "missing": advice.missing.iter().map(|rule| json!({
            "rule": rule.name,
            "figures": moves_json(compiled, &rule.moves),
            "actions": done_json(compiled, &rule.actions),
        })).collect::<Vec<_>>(),
        "points": advice.points.as_ref().map(|points| json!({
            "now": points.now, "minimum": points.minimum, "total": points.total,
            "steps": points.steps.iter().map(|step| json!({
                "for": step.name, "points": step.points,
                "figures": moves_json(compiled, &step.moves),
                "actions": done_json(compiled, &step.actions),
            })).collect::<Vec<_>>(),
        })),
        "one_action": done_json(compiled, &advice.alone),
        "together": advice.together.as_ref().map(|done| done_json(compiled, done)),
        "actions_known": advice.actions_known,
    })
}

fn done_json(compiled: &Compiled, done: &[Done]) -> Vec<Value> {
    let one = |done: &Done| {
        json!({
            "action": done.action.name, "words": done.action.words, "provided": done.action.provided,
            "amount": amount_to_decimal(done.amount, compiled.program.currency),
        })
    };
    done.iter().map(one).collect()
}

/// Moves of single figures: the figure's name, whether it rises, and by how many minor units (or heads).
pub(super) fn moves_json(compiled: &Compiled, moves: &[Move]) -> Vec<Value> {
    let one = |m: &Move| {
        let figure = compiled.program.figure(m.column);
        json!({
            "statement": if m.column < FIGURES { "first" } else { "second" },
            "figure": figure.map(|f| f.name),
            "direction": if m.rise { "rise" } else { "fall" },
            "by_minor_units": m.by.to_string(),
        })
    };
    moves.iter().map(one).collect()
}
