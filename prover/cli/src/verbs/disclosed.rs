//! `covenant disclosed`: what each bank's questions, and those of all banks together, have told of every figure. All of it follows from
//! what was asked and answered; the figures themselves are not looked at, except to see which answer one more request would get.

use std::collections::BTreeSet;

use covenant_meter::budget::policies_on;
use covenant_meter::facts::facts;
use covenant_meter::ratios::{columns_read, ratios};
use covenant_meter::{Answer, Belief, Contradiction, Outcome, Range, View, column};
use covenant_policy::evaluate::evaluate_whole;
use covenant_policy::linear::Interval;
use covenant_policy::program::FIGURES;
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use super::policy_file::PolicyFile;
use super::{pick, shared, tiers};
use crate::args::Disclosed;
use crate::context::Context;
use crate::metered::{Metered, ratio_range, sentence};
use crate::output::{Report, Table};
use crate::refusals::DISCLOSURES_CONTRADICT;
use crate::vault::{Budget, Contents, HeldStatement};

pub(super) fn run(context: &Context, args: &Disclosed) -> Result<Report, Refusal> {
    let policy = args.policy.as_deref().map(PolicyFile::read).transpose()?;
    let contents = if sets_budget(args) {
        let mut writer = shared::open_to_write(context)?;
        set_budget(&mut writer.vault.contents.budget, args);
        writer.save(&mut covenant_api::host::rng()?)?;
        writer.vault.contents
    } else {
        shared::open(context)?.contents
    };
    let metered = Metered::of(&contents)?;
    let mut report = Report::new(Value::Null);
    let wanted = |key: &str, name: &str| {
        let said = args.bank.as_deref();
        said.is_none_or(|said| name.eq_ignore_ascii_case(said) || key.starts_with(said))
    };
    let mut views = Vec::new();
    for (place, (key, name)) in metered.banks.iter().enumerate() {
        if wanted(&key.to_string(), name.as_str()) {
            let told = one(
                &mut report,
                &metered,
                name.as_str(),
                Some(place),
                contents.budget.answers,
            )?;
            views.push(json!({ "bank": key, "name": name, "told": told }));
        }
    }
    let together = if args.bank.is_none() && metered.banks.len() > 1 {
        Some(one(
            &mut report,
            &metered,
            "All banks together",
            None,
            contents.budget.answers_together,
        )?)
    } else {
        None
    };
    if views.is_empty() {
        report.line("No bank was told anything yet.");
    }
    say_budget(&mut report, &contents.budget);
    let adds = policy
        .map(|policy| one_more(&mut report, &contents, &metered, &policy, args))
        .transpose()?;
    report.set_json(json!({ "banks": views, "together": together, "budget": contents.budget, "one_more": adds }));
    Ok(report)
}

fn sets_budget(args: &Disclosed) -> bool {
    [args.answers, args.answers_together, args.width, args.width_together]
        .iter()
        .any(Option::is_some)
}

fn set_budget(budget: &mut Budget, args: &Disclosed) {
    budget.answers = args.answers.unwrap_or(budget.answers);
    budget.answers_together = args.answers_together.unwrap_or(budget.answers_together);
    budget.width_percent = args.width.unwrap_or(budget.width_percent);
    budget.width_percent_together = args.width_together.unwrap_or(budget.width_percent_together);
}

fn say_budget(report: &mut Report, budget: &Budget) {
    report.heading("Budget");
    report.fields([
        ("policies on one figure, of one bank", budget.answers.to_string()),
        ("of all banks together", budget.answers_together.to_string()),
        (
            "narrowest range, for one bank",
            format!("{} % of the figure", budget.width_percent),
        ),
        (
            "for all banks together",
            format!("{} % of the figure", budget.width_percent_together),
        ),
    ]);
}

fn contradiction(_: Contradiction) -> Refusal {
    Refusal::new(&DISCLOSURES_CONTRADICT, "no figures fit all answers")
}

/// What one bank was told, or all banks were.
fn one(
    report: &mut Report,
    metered: &Metered,
    name: &str,
    bank: Option<usize>,
    allowed: u32,
) -> Result<Value, Refusal> {
    report.heading(name);
    let answers = metered.answers(bank);
    let mut table = Table::new(&["when", "bank", "policy", "answer"]);
    let mut requests = Vec::new();
    for asked in metered
        .asked
        .iter()
        .filter(|asked| bank.is_none_or(|bank| asked.bank == bank))
    {
        let policy = &metered.policies[asked.policy].1;
        let answer = match asked.outcome {
            Outcome::Silence => "none: no tier is reached".to_owned(),
            Outcome::Withheld => "none, although a tier is reached".to_owned(),
            Outcome::Tier { tier, best } => {
                let name = policy.program.tiers.get(tier).map_or("", |tier| tier.name.as_str());
                format!("tier {name}{}", if best { ", the best reached" } else { "" })
            }
        };
        let bank = metered.banks.get(asked.bank).map_or("", |(_, name)| name.as_str());
        table.row([
            asked.when.to_string(),
            bank.to_owned(),
            policy.texts.title.clone(),
            answer.clone(),
        ]);
        requests.push(json!({ "when": asked.when, "bank": bank, "policy": policy.texts.name, "answer": answer }));
    }
    report.table(table);
    let told = |belief| answers.iter().map(|answer| facts(answer, belief)).collect::<Vec<_>>();
    let schemas = metered.schemas();
    let mut proven = View::new(&schemas, &told(Belief::Proven)).map_err(contradiction)?;
    let mut inferred = View::new(&schemas, &told(Belief::Inferred)).map_err(contradiction)?;
    let policies = policies_on(&schemas, &answers).map_err(contradiction)?;
    let mut statements = Vec::new();
    let read = answers.iter().flat_map(columns_read);
    for statement in read.map(|column| column / FIGURES).collect::<BTreeSet<_>>() {
        let mut figures = Vec::new();
        let mut table = Table::new(&["figure", "proven", "with what may be inferred", ">policies", ">left"]);
        for figure in 0..FIGURES {
            let (known, likely) = (proven.figure(statement, figure), inferred.figure(statement, figure));
            let count = policies.get(&column(statement, figure)).copied().unwrap_or(0);
            let words = |range: &Range| metered.range(statement, figure, range);
            if words(&likely) == "anything" && count == 0 {
                continue;
            }
            let name = metered.figure(statement, figure);
            let left = allowed.saturating_sub(count);
            table.row([
                name.clone(),
                words(&known),
                words(&likely),
                count.to_string(),
                left.to_string(),
            ]);
            figures.push(json!({
                "figure": name, "proven": ends(&known), "inferred": ends(&likely), "policies": count, "left": left,
            }));
        }
        report.line(format!("Figures of {}:", metered.period(statement)));
        report.table(table);
        statements.push(json!({ "statement": metered.display_id(statement), "figures": figures }));
    }
    let ratios = say_ratios(report, metered, &answers, &mut proven, &mut inferred);
    Ok(json!({ "requests": requests, "statements": statements, "ratios": ratios }))
}

fn say_ratios(
    report: &mut Report,
    metered: &Metered,
    answers: &[Answer<'_>],
    proven: &mut View,
    inferred: &mut View,
) -> Vec<Value> {
    let mut found = Vec::new();
    let mut table = Table::new(&["ratio", "period", "proven", "with what may be inferred"]);
    for ratio in answers.iter().flat_map(ratios).collect::<BTreeSet<_>>() {
        let known = proven.ratio(&ratio.numerator, &ratio.denominator);
        let likely = inferred.ratio(&ratio.numerator, &ratio.denominator);
        let first = ratio
            .denominator
            .terms()
            .next()
            .map_or(0, |(column, _)| column / FIGURES);
        let name = format!(
            "{} / {}",
            metered.side(&ratio.numerator, first),
            metered.side(&ratio.denominator, first)
        );
        let (known_words, likely_words) = (ratio_range(known.as_ref()), ratio_range(likely.as_ref()));
        if likely_words != "anything" {
            table.row([name.clone(), metered.period(first), known_words, likely_words]);
        }
        let exact = |range: Option<Interval>| range.map(|r| [r.lower, r.upper].map(|end| end.map(|e| e.to_string())));
        found.push(json!({ "ratio": name, "proven": exact(known), "inferred": exact(likely) }));
    }
    if !table.is_empty() {
        report.line("Ratios:");
        report.table(table);
    }
    found
}

fn ends(range: &Range) -> Value {
    json!([range.lower.to_string(), range.upper.to_string()])
}

/// What one more proof under a policy would add.
fn one_more(
    report: &mut Report,
    contents: &Contents,
    metered: &Metered,
    policy: &PolicyFile,
    args: &Disclosed,
) -> Result<Value, Refusal> {
    report.heading(format!("One more proof, under {}", policy.title()));
    let compiled = policy.compiled();
    let first = *pick::candidates(contents, policy.program(), None, None)?
        .first()
        .ok_or_else(|| Refusal::new(&crate::refusals::NO_STATEMENT, "the vault holds no statement"))?;
    let second = pick::partner(contents, policy.program(), first, None)?;
    // Without a third statement there are the tiers that do not ask for it.
    let third = compiled.further.first();
    let third = third.and_then(|part| pick::partner(contents, &part.program, first, None).unwrap_or_default());
    let stated = |held: &HeldStatement| held.statement(held.best_assurance());
    let statements = (
        stated(first)?,
        second.map(stated).transpose()?,
        third.map(stated).transpose()?,
    );
    let of_three = [Some(&statements.0), statements.1.as_ref(), statements.2.as_ref()];
    let whole = evaluate_whole(compiled, of_three)?;
    let best = whole.best();
    let signer = policy.signed().map(|(_, signer)| *signer);
    let named = |(key, name): &(_, covenant_api::types::Name)| {
        let said = args.bank.as_deref();
        signer == Some(*key) || signer.is_none() && said.is_some_and(|said| name.as_str().eq_ignore_ascii_case(said))
    };
    // A bank that was told nothing yet has a number of its own.
    let bank = metered.banks.iter().position(named).unwrap_or(metered.banks.len());
    let ids: Vec<_> = [Some(first), second, third.filter(|_| tiers::third_counts(&whole))]
        .into_iter()
        .flatten()
        .map(|h| h.id)
        .collect();
    let added = metered.addition(bank, compiled, &ids, best.map(|tier| (tier, true)))?;
    let answer = match best {
        Some(tier) => format!("The answer would be tier {tier}"),
        None => "No tier is reached; the silence".to_owned(),
    };
    report.line(format!("{answer}. It {}.", sentence(&added)));
    let mut table = Table::new(&["figure", "period", "known", "known then", ">halvings"]);
    let mut changes = Vec::new();
    for change in &added.changes {
        let words = |range: &Range| metered.range(change.statement, change.figure, range);
        let (name, halvings) = (
            metered.figure(change.statement, change.figure),
            change.before.halvings(&change.after),
        );
        let (before, after) = (words(&change.before), words(&change.after));
        if before != after {
            table.row([
                name.clone(),
                metered.period(change.statement),
                before,
                after,
                halvings.to_string(),
            ]);
        }
        changes.push(json!({
            "figure": name, "before": ends(&change.before), "after": ends(&change.after), "halvings": halvings,
        }));
    }
    if !table.is_empty() {
        report.table(table);
    }
    let refused = added.exceeded.as_ref().map(|exceeded| metered.refusal(bank, exceeded));
    if let Some(refused) = &refused {
        report.warning(format!("[{}] {}", refused.code(), refused.what));
        report.line(format!("    {}", refused.advice_text()));
    }
    Ok(json!({
        "informative": added.informative,
        "unranged": added.unranged,
        "figures": changes,
        "refused": refused.as_ref().map(covenant_api::refusals::to_json),
    }))
}
