//! `covenant check`: what these books reach under a bank's policy, and how far each rule is from turning. Nothing is signed,
//! nothing is written, nothing leaves this machine.

use covenant_api::ids;
use covenant_api::refusals::to_json;
use covenant_api::types::Hex32;
use covenant_policy::Compiled;
use covenant_policy::evaluate::{RuleOutcome, Whole, evaluate_whole, explain};
use covenant_policy::pricing::{Grid, basis_points};
use covenant_policy::program::{Source, StatementTerms};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Assurance, Day, Statement, check_age, check_assurance};
use serde_json::{Value, json};

use super::policy_file::PolicyFile;
use super::{pick, seen, shared, tiers};
use crate::args::Check;
use crate::context::Context;
use crate::metered;
use crate::output::{Report, Table};
use crate::vault::{Contents, HeldStatement};

mod offers;
mod upward;

use offers::Offer;

pub(super) fn run(context: &Context, args: &Check) -> Result<Report, Refusal> {
    let offers = offers::read(&args.policy)?;
    let vault = shared::open(context)?;
    let as_of = args.as_of.map_or_else(|| context.now().day(), |date| date.day());
    let mut answers = Vec::new();
    for offer in &offers {
        answers.push(one(&vault.contents, args, offer, as_of, offers.len() == 1)?);
    }
    let mut report = Report::new(Value::Null);
    if answers.len() > 1 {
        report.heading(format!("{} policies, as of {as_of}", answers.len()));
        let mut table = Table::new(&["policy", "bank", "best tier", "price", "what stands in the way"]);
        for answer in &answers {
            table.row(answer.summary.clone());
        }
        report.table(table);
    }
    let mut found = Vec::new();
    for answer in answers {
        if !found.is_empty() || offers.len() > 1 {
            report.line("");
        }
        report.append(answer.report);
        found.push(answer.json);
    }
    report.set_json(json!({ "as_of": as_of.to_string(), "policies": found }));
    Ok(report)
}

/// What the books are to one policy: a line of the summary, the text, and the same for programs.
struct Answer {
    summary: [String; 5],
    report: Report,
    json: Value,
}

/// What the policy is held against.
struct Held<'a> {
    first: &'a HeldStatement,
    second: Option<&'a HeldStatement>,
    third: Option<&'a HeldStatement>,
    statements: (Statement, Option<Statement>, Option<Statement>),
}

fn one(contents: &Contents, args: &Check, offer: &Offer, as_of: Day, alone: bool) -> Result<Answer, Refusal> {
    let mut report = Report::new(Value::Null);
    let path = offer.path.display();
    let policy = match &offer.policy {
        Ok(policy) => policy,
        Err(refusal) => {
            report.heading(path.to_string());
            return Ok(refused(report, offer, path.to_string(), refusal));
        }
    };
    let compiled = policy.compiled();
    report.heading(format!("{} ({path})", policy.title()));
    let (held, whole) = match fitting(contents, args, policy) {
        Ok(found) => found,
        // Among several policies, one that these books do not fit is an answer, and not the end.
        Err(refusal) if !alone => return Ok(refused(report, offer, policy.title().to_owned(), &refusal)),
        Err(refusal) => return Err(refusal),
    };
    let used: Vec<String> = [Some(held.first), held.second, held.third]
        .into_iter()
        .flatten()
        .map(HeldStatement::display_id)
        .collect();
    report.line(format!("{}, as of {as_of}.", used.join(" and ")));

    let rules = outcomes(&mut report, compiled, &whole);
    say_rules(&mut report, &rules);
    say_tiers(&mut report, &whole);
    let price = price(compiled, &whole);
    if let Some(price) = &price {
        report.line(format!("The margin is the reference rate + {price}."));
    }
    let obstacles = obstacles(policy, &held, whole.best(), as_of);
    say_obstacles(&mut report, &obstacles);
    let (first, second, third) = &held.statements;
    let next = upward::find(compiled, (first, second.as_ref(), third.as_ref()), &whole)?;
    for upward in &next {
        upward::say(&mut report, upward);
    }
    let seen = match whole.best() {
        Some(best) => seen::lines(compiled, "the bank", Some(best)),
        None => Vec::new(),
    };
    say_seen(&mut report, &seen);
    let tells = tells(contents, policy, &held, &whole)?;
    report.line(match whole.best() {
        Some(_) => format!("Proving it {tells}."),
        None => format!(
            "A bank that asks all the same, and gets no proof, may conclude that no tier is reached; that {tells}."
        ),
    });
    let shown = [Some(held.first), held.second, held.third].map(|held| held.map(HeldStatement::display_id));
    let json = json!({
        "policy": offer.path, "name": compiled.texts.name, "title": policy.title(), "id": policy.signed().map(|(id, _)| id),
        "bank": policy.signed().map(|(_, signer)| signer),
        "statements": shown,
        "best": whole.best(),
        "margin_bps": margin_bps(compiled, &whole),
        "tiers": whole.tiers.iter().map(|t| json!({
            "tier": t.name, "reached": t.achieved, "score": t.score, "minimum": t.minimum,
        })).collect::<Vec<_>>(),
        "rules": rules.iter().map(|(part, rule)| rule_json(compiled, *part, rule)).collect::<Vec<_>>(),
        "next": next.first().map(upward::as_json),
        "next_linked": next.get(1..).unwrap_or_default().iter().map(upward::as_json).collect::<Vec<_>>(),
        "obstacles": obstacles.iter().map(to_json).collect::<Vec<_>>(),
        "bank_sees": seen,
        "tells": tells,
    });
    let in_the_way = obstacles.iter().map(|o| o.what.clone()).collect::<Vec<_>>().join("; ");
    Ok(Answer {
        summary: [
            policy.title().to_owned(),
            bank(policy),
            whole.best().unwrap_or("none").to_owned(),
            price.unwrap_or_default(),
            if in_the_way.is_empty() {
                "nothing".to_owned()
            } else {
                in_the_way
            },
        ],
        report,
        json,
    })
}

/// What stands in the way of a proof, and what to do about it.
fn say_obstacles(report: &mut Report, obstacles: &[Refusal]) {
    for obstacle in obstacles {
        report.warning(format!(
            "Before this can be proven: [{}] {}",
            obstacle.code(),
            obstacle.what
        ));
        report.line(format!("    {}", obstacle.advice_text()));
    }
}

/// What the bank would see of a proof.
fn say_seen(report: &mut Report, seen: &[String]) {
    if !seen.is_empty() {
        report.line("");
        report.line("What the bank will see, if you prove the best of them:");
    }
    for line in seen {
        report.line(format!("  {line}"));
    }
}

/// A policy that cannot be read, or that these books do not fit.
fn refused(mut report: Report, offer: &Offer, title: String, refusal: &Refusal) -> Answer {
    report.warning(format!("[{}] {}", refusal.code(), refusal.what));
    report.line(format!("    {}", refusal.advice_text()));
    report.not_met();
    let bank = offer.policy.as_ref().map_or_else(|_| String::new(), bank);
    Answer {
        summary: [
            title.clone(),
            bank,
            "none".to_owned(),
            String::new(),
            refusal.what.clone(),
        ],
        report,
        json: json!({ "policy": offer.path, "title": title, "refused": to_json(refusal) }),
    }
}

fn bank(policy: &PolicyFile) -> String {
    let shown = |signer: &Hex32| ids::display(ids::prefix::BANK, signer);
    policy
        .signed()
        .map_or_else(|| "not signed".to_owned(), |(_, signer)| shown(signer))
}

/// The margin of the best level, or of the one that needs no proof; pricing grids only.
fn margin_bps(compiled: &Compiled, whole: &Whole) -> Option<i32> {
    let grid = Grid::of(&compiled.program, &compiled.texts)?;
    let unproven = compiled.texts.worst.as_ref().map(|_| grid.worst());
    let level = whole.best_index().or(unproven)?;
    grid.levels().get(level).map(|level| level.margin_bps)
}

fn price(compiled: &Compiled, whole: &Whole) -> Option<String> {
    let margin = basis_points(margin_bps(compiled, whole)?);
    Some(match whole.best() {
        Some(_) => margin,
        None => format!("{margin} (no proof needed)"),
    })
}

/// How each rule fared, over all proofs that the policy takes, with the number of the proof.
fn outcomes(report: &mut Report, compiled: &Compiled, whole: &Whole) -> Vec<(usize, RuleOutcome)> {
    let first = explain(&compiled.program, &compiled.texts, &whole.first);
    let mut rules: Vec<(usize, RuleOutcome)> = first.into_iter().map(|rule| (0, rule)).collect();
    for (k, (part, evaluation)) in compiled.further.iter().zip(&whole.further).enumerate() {
        match evaluation {
            Ok(evaluation) => {
                let further = explain(&part.program, &part.texts, evaluation);
                // A rule on the first statement alone may stand in both.
                let known = |rule: &RuleOutcome| compiled.texts.rules.iter().any(|r| r.name == rule.name);
                let further = further.into_iter().filter(|rule| !known(rule));
                rules.extend(further.map(|rule| (k + 1, rule)));
            }
            Err(refusal) => {
                report.warning(format!("The third statement: [{}] {}", refusal.code(), refusal.what));
                report.line(format!("    {}", refusal.advice_text()));
            }
        }
    }
    rules
}

fn say_rules(report: &mut Report, rules: &[(usize, RuleOutcome)]) {
    for (_, rule) in rules {
        let text = format!("{}: {}", rule.name, rule.sentence);
        if rule.holds {
            report.good(text)
        } else {
            report.warning(text)
        }
        for detail in &rule.details {
            report.line(format!("    {detail}"));
        }
    }
    let passed = rules.iter().filter(|(_, rule)| rule.holds).count();
    report.line("");
    report.line(format!("{passed} of {} rules hold.", rules.len()));
}

fn rule_json(compiled: &Compiled, part: usize, rule: &RuleOutcome) -> Value {
    let program = compiled
        .parts()
        .nth(part)
        .map_or(&compiled.program, |(program, _)| program);
    json!({
        "rule": rule.name, "holds": rule.holds, "sentence": rule.sentence, "details": rule.details,
        "measures": rule.measures.iter().map(|m| json!({
            "holds": m.holds, "value": m.value, "asked": m.asked, "figures": upward::moves_json(program, part, &m.moves),
        })).collect::<Vec<_>>(),
    })
}

fn say_tiers(report: &mut Report, whole: &Whole) {
    for tier in &whole.tiers {
        if tier.achieved {
            report.good(format!("Tier {} is reached.", tier.name));
        } else {
            report.warning(format!("Tier {} is not reached.", tier.name));
        }
    }
    if whole.best().is_none() {
        report.line("No tier is reached: there is nothing to prove under this policy.");
        report.not_met();
    }
}

/// The latest statement that the policy can be held against, with its partner. The refusal is about the latest one.
fn fitting<'a>(contents: &'a Contents, args: &Check, policy: &PolicyFile) -> Result<(Held<'a>, Whole), Refusal> {
    let mut refused = None;
    for first in pick::candidates(contents, policy.program(), None, args.statement.as_deref())? {
        let attempt = || {
            let second = pick::partner(contents, policy.program(), first, args.second.as_deref())?;
            // Without a third statement there are the tiers that do not ask for it.
            let third = match policy.compiled().further.first() {
                Some(part) => match pick::partner(contents, &part.program, first, args.third.as_deref()) {
                    Err(refusal) if args.third.is_some() => return Err(refusal),
                    found => found.unwrap_or_default(),
                },
                None => None,
            };
            let stated = |held: &HeldStatement| held.statement(held.best_assurance());
            let statements = (
                stated(first)?,
                second.map(stated).transpose()?,
                third.map(stated).transpose()?,
            );
            let of_three = [Some(&statements.0), statements.1.as_ref(), statements.2.as_ref()];
            let whole = evaluate_whole(policy.compiled(), of_three)?;
            Ok((
                Held {
                    first,
                    second,
                    third,
                    statements,
                },
                whole,
            ))
        };
        match attempt() {
            Ok(found) => return Ok(found),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    Err(refused.unwrap_or_else(|| Refusal::new(&crate::refusals::NO_STATEMENT, "the vault holds no statement")))
}

/// What proving the best tier would tell the bank that it does not know yet, or not answering where there is none; a sentence that lacks
/// its subject.
fn tells(contents: &Contents, policy: &PolicyFile, held: &Held<'_>, whole: &Whole) -> Result<String, Refusal> {
    let third = held.third.filter(|_| tiers::third_counts(whole));
    let used = [Some(held.first), held.second, third].into_iter().flatten();
    let ids: Vec<_> = used.map(|held| held.id).collect();
    let bank = policy.signed().map(|(_, signer)| *signer);
    metered::preview(
        contents,
        bank,
        policy.compiled(),
        &ids,
        whole.best().map(|tier| (tier, true)),
    )
}

/// What would still stand in the way of a proof of this tier, figures apart.
fn obstacles(policy: &PolicyFile, held: &Held<'_>, tier: Option<&str>, as_of: Day) -> Vec<Refusal> {
    let (first, second, third) = &held.statements;
    let mut found: Vec<Refusal> = check_age(policy.program(), first, as_of).err().into_iter().collect();
    let demanded = tier.map_or_else(Vec::new, |tier| policy.compiled().demanded(tier));
    let mut programs = vec![(policy.program(), second)];
    programs.extend(demanded.iter().skip(1).map(|linked| (linked.program, third)));
    let mut nobody = false;
    for (program, second) in programs {
        if let Err(refusal) = check_assurance(program, first, second.as_ref())
            && !found.contains(&refusal)
        {
            found.push(refusal);
        }
        let unattested = |terms: &StatementTerms, statement: &Statement| {
            terms.source == Source::Attested && statement.assurance == Assurance::SELF_DECLARED
        };
        let statements = [Some(first), second.as_ref()];
        nobody |= (program.statements.iter().zip(statements)).any(|(t, s)| s.is_some_and(|s| unattested(t, s)));
    }
    if nobody && !found.iter().any(|r| r.code() == "assurance-too-low") {
        found.push(Refusal::new(
            &crate::refusals::NOT_ATTESTED,
            "nobody attests to these figures yet",
        ));
    }
    found
}
