//! What it would take to reach the next tier, as text and as JSON; the reasoning is [`covenant_policy::evaluate::advice`]'s.

use covenant_policy::Compiled;
use covenant_policy::compiler::Texts;
use covenant_policy::evaluate::advice::{
    Advice, Done, Points, RuleAdvice, action_phrase, advise, after, moves_sentence,
};
use covenant_policy::evaluate::{Evaluation, Move, Whole, evaluate_whole};
use covenant_policy::program::{FIGURES, Program};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Statement, amount_to_decimal, format_amount};
use serde_json::{Value, json};

use crate::output::{Report, Table};

/// Single figures, and single actions, that are shown of each rule.
const SHOWN: usize = 3;

/// What the next tier takes of one proof that falls short of it.
pub(super) struct Upward<'c> {
    /// Which of the policy's proofs, counted from 0.
    part: usize,
    program: &'c Program,
    texts: &'c Texts,
    advice: Advice,
    /// The tier takes more than one proof.
    linked: bool,
}

/// What the next tier takes, of each proof that falls short of it. Actions are those that reach the tier in all of its proofs. Of a third
/// statement that is missing or does not fit, what stands against it was said.
///
/// # Errors
/// Those of [`advise`].
pub(super) fn find<'c>(
    compiled: &'c Compiled,
    statements: (&Statement, Option<&Statement>, Option<&Statement>),
    whole: &Whole,
) -> Result<Vec<Upward<'c>>, Refusal> {
    let (first, second, third) = statements;
    let next = whole.best_index().unwrap_or(whole.tiers.len()).checked_sub(1);
    let Some((next, tier)) = next.and_then(|next| Some((next, whole.tiers.get(next)?))) else {
        return Ok(Vec::new());
    };
    let reaches = |done: &[Done]| {
        let moved = after(first, done);
        let whole = moved.and_then(|moved| evaluate_whole(compiled, [Some(&moved), second, third]).ok());
        whole.is_some_and(|whole| whole.tiers.get(next).is_some_and(|tier| tier.achieved))
    };
    let demanded = compiled.demanded(&tier.name);
    let linked = demanded.len() > 1;
    let mut found = Vec::new();
    for (part, demanded) in demanded.into_iter().enumerate() {
        let (beside, evaluation) = match part.checked_sub(1) {
            None => (second, Some(&whole.first)),
            Some(further) => (third, whole.further.get(further).and_then(|part| part.as_ref().ok())),
        };
        let short = |evaluation: &&Evaluation| evaluation.tiers.get(demanded.tier).is_some_and(|t| !t.achieved);
        if evaluation.filter(short).is_none() {
            continue;
        }
        let (program, texts) = (demanded.program, demanded.texts);
        let mut advice = advise(program, texts, first, beside, demanded.tier)?;
        if linked {
            advice.alone.retain(|done| reaches(std::slice::from_ref(done)));
            advice.together = advice.together.filter(|done| reaches(done));
        }
        found.push(Upward {
            part,
            program,
            texts,
            advice,
            linked,
        });
    }
    Ok(found)
}

/// Says what a tier takes.
pub(super) fn say(report: &mut Report, upward: &Upward<'_>) {
    let (program, advice) = (upward.program, &upward.advice);
    let Some(tier) = program.tiers.get(advice.tier) else {
        return;
    };
    report.line("");
    report.heading(match upward.part {
        0 => format!("What {} would take", tier.name),
        _ => format!("What {} would take in the linked proof", tier.name),
    });
    if let Some(points) = &advice.points {
        say_points(report, upward, points, &tier.name);
    }
    for rule in &advice.missing {
        say_rule(report, upward, rule);
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
        (None, true) if advice.actions_known && upward.linked => {
            report.line(format!(
                "No action was found that is enough for {} in all of its proofs; what each lacks is listed.",
                tier.name
            ));
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

fn say_rule(report: &mut Report, upward: &Upward<'_>, rule: &RuleAdvice) {
    report.warning(format!("{} is missing.", rule.name));
    let moves = moves_sentence(upward.program, upward.texts, &rule.moves, SHOWN);
    report.line(format!("    One figure alone: {}", lower_first(&moves)));
    let actions: Vec<String> = rule
        .actions
        .iter()
        .take(SHOWN)
        .map(|done| lower_first(&action_phrase(upward.program, done)))
        .collect();
    if !actions.is_empty() {
        report.line(format!("    One action alone: {}.", actions.join("; or ")));
    }
}

fn say_points(report: &mut Report, upward: &Upward<'_>, points: &Points, tier: &str) {
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
            .map_or("none known".to_owned(), |done| action_phrase(upward.program, done));
        let figure = moves_sentence(upward.program, upward.texts, &step.moves, 1);
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
pub(super) fn as_json(upward: &Upward<'_>) -> Value {
    let (program, advice) = (upward.program, &upward.advice);
    let moves = |moves: &[Move]| moves_json(program, upward.part, moves);
    json!({
        "tier": program.tiers.get(advice.tier).map(|t| t.name.clone()),
        "proof": upward.part + 1,
        "missing": advice.missing.iter().map(|rule| json!({
            "rule": rule.name,
            "figures": moves(&rule.moves),
            "actions": done_json(program, &rule.actions),
        })).collect::<Vec<_>>(),
        "points": advice.points.as_ref().map(|points| json!({
            "now": points.now, "minimum": points.minimum, "total": points.total,
            "steps": points.steps.iter().map(|step| json!({
                "for": step.name, "points": step.points,
                "figures": moves(&step.moves),
                "actions": done_json(program, &step.actions),
            })).collect::<Vec<_>>(),
        })),
        "one_action": done_json(program, &advice.alone),
        "together": advice.together.as_ref().map(|done| done_json(program, done)),
        "actions_known": advice.actions_known,
    })
}

fn done_json(program: &Program, done: &[Done]) -> Vec<Value> {
    let one = |done: &Done| {
        json!({
            "action": done.action.name, "words": done.action.words, "provided": done.action.provided,
            "amount": amount_to_decimal(done.amount, program.currency),
        })
    };
    done.iter().map(one).collect()
}

/// Moves of single figures: the figure's name, whether it rises, and by how many minor units (or heads). A linked proof is about the first
/// and the third statement.
pub(super) fn moves_json(program: &Program, part: usize, moves: &[Move]) -> Vec<Value> {
    let beside = if part == 0 { "second" } else { "third" };
    let one = |m: &Move| {
        let figure = program.figure(m.column);
        json!({
            "statement": if m.column < FIGURES { "first" } else { beside },
            "figure": figure.map(|f| f.name),
            "direction": if m.rise { "rise" } else { "fall" },
            "by_minor_units": m.by.to_string(),
        })
    };
    moves.iter().map(one).collect()
}
