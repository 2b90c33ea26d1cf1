//! `covenant check`: what these books reach under a bank's policy, and how far each rule is from turning. Nothing is signed,
//! nothing is written, nothing leaves this machine.

use covenant_api::ids;
use covenant_api::refusals::to_json;
use covenant_api::types::Hex32;
use covenant_policy::Compiled;
use covenant_policy::evaluate::advice::{advise, next_tier};
use covenant_policy::evaluate::{Evaluation, RuleOutcome, evaluate, explain};
use covenant_policy::pricing::{Grid, basis_points};
use covenant_policy::program::Source;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Assurance, Day, Statement, check_age, check_assurance};
use serde_json::{Value, json};

use super::policy_file::PolicyFile;
use super::{pick, seen, shared};
use crate::args::Check;
use crate::context::Context;
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
    statements: (Statement, Option<Statement>),
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
    let (held, evaluation) = match fitting(contents, args, policy) {
        Ok(found) => found,
        // Among several policies, one that these books do not fit is an answer, and not the end.
        Err(refusal) if !alone => return Ok(refused(report, offer, policy.title().to_owned(), &refusal)),
        Err(refusal) => return Err(refusal),
    };
    let (first, second) = (&held.statements.0, held.statements.1.as_ref());
    let used = held
        .second
        .map_or_else(String::new, |second| format!(" and {}", second.display_id()));
    report.line(format!("{}{used}, as of {as_of}.", held.first.display_id()));

    let rules = explain(&compiled.program, &compiled.texts, &evaluation);
    say_rules(&mut report, &rules);
    say_tiers(&mut report, &evaluation);
    let price = price(compiled, &evaluation);
    if let Some(price) = &price {
        report.line(format!("The margin is the reference rate + {price}."));
    }
    let obstacles = obstacles(policy, first, second, as_of);
    for obstacle in &obstacles {
        report.warning(format!(
            "Before this can be proven: [{}] {}",
            obstacle.code(),
            obstacle.what
        ));
        report.line(format!("    {}", obstacle.advice_text()));
    }
    let next = next_tier(&evaluation)
        .map(|tier| advise(&compiled.program, &compiled.texts, first, second, tier))
        .transpose()?;
    if let Some(advice) = &next {
        upward::say(&mut report, compiled, advice);
    }
    let seen = match best(&evaluation) {
        Some(best) => seen::lines(policy.program(), "the bank", Some(best)),
        None => Vec::new(),
    };
    if !seen.is_empty() {
        report.line("");
        report.line("What the bank will see, if you prove the best of them:");
    }
    for line in &seen {
        report.line(format!("  {line}"));
    }
    let json = json!({
        "policy": offer.path, "name": compiled.texts.name, "title": policy.title(), "id": policy.signed().map(|(id, _)| id),
        "bank": policy.signed().map(|(_, signer)| signer),
        "statements": [Some(held.first.display_id()), held.second.map(HeldStatement::display_id)],
        "best": best(&evaluation),
        "margin_bps": margin_bps(compiled, &evaluation),
        "tiers": evaluation.tiers.iter().map(|t| json!({
            "tier": t.name, "reached": t.achieved, "score": t.score, "minimum": t.minimum,
        })).collect::<Vec<_>>(),
        "rules": rules.iter().map(|r| rule_json(compiled, r)).collect::<Vec<_>>(),
        "next": next.as_ref().map(|advice| upward::as_json(compiled, advice)),
        "obstacles": obstacles.iter().map(to_json).collect::<Vec<_>>(),
        "bank_sees": seen,
    });
    let in_the_way = obstacles.iter().map(|o| o.what.clone()).collect::<Vec<_>>().join("; ");
    Ok(Answer {
        summary: [
            policy.title().to_owned(),
            bank(policy),
            best(&evaluation).unwrap_or("none").to_owned(),
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
fn margin_bps(compiled: &Compiled, evaluation: &Evaluation) -> Option<i32> {
    let grid = Grid::of(&compiled.program, &compiled.texts)?;
    let unproven = compiled.texts.worst.as_ref().map(|_| grid.worst());
    let level = evaluation.best.or(unproven)?;
    grid.levels().get(level).map(|level| level.margin_bps)
}

fn price(compiled: &Compiled, evaluation: &Evaluation) -> Option<String> {
    let margin = basis_points(margin_bps(compiled, evaluation)?);
    Some(match evaluation.best {
        Some(_) => margin,
        None => format!("{margin} (no proof needed)"),
    })
}

fn say_rules(report: &mut Report, rules: &[RuleOutcome]) {
    for rule in rules {
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
    let passed = rules.iter().filter(|rule| rule.holds).count();
    report.line("");
    report.line(format!("{passed} of {} rules hold.", rules.len()));
}

fn rule_json(compiled: &Compiled, rule: &RuleOutcome) -> Value {
    json!({
        "rule": rule.name, "holds": rule.holds, "sentence": rule.sentence, "details": rule.details,
        "measures": rule.measures.iter().map(|m| json!({
            "holds": m.holds, "value": m.value, "asked": m.asked, "figures": upward::moves_json(compiled, &m.moves),
        })).collect::<Vec<_>>(),
    })
}

fn best(evaluation: &Evaluation) -> Option<&str> {
    evaluation
        .tiers
        .iter()
        .find(|tier| tier.achieved)
        .map(|tier| tier.name.as_str())
}

fn say_tiers(report: &mut Report, evaluation: &Evaluation) {
    for tier in &evaluation.tiers {
        if tier.achieved {
            report.good(format!("Tier {} is reached.", tier.name));
        } else {
            report.warning(format!("Tier {} is not reached.", tier.name));
        }
    }
    if best(evaluation).is_none() {
        report.line("No tier is reached: there is nothing to prove under this policy, and the bank learns nothing.");
        report.not_met();
    }
}

/// The latest statement that the policy can be held against, with its partner. The refusal is about the latest one.
fn fitting<'a>(contents: &'a Contents, args: &Check, policy: &PolicyFile) -> Result<(Held<'a>, Evaluation), Refusal> {
    let mut refused = None;
    for first in pick::candidates(contents, None, args.statement.as_deref())? {
        let attempt = || {
            let second = pick::partner(contents, policy.program(), first, args.second.as_deref())?;
            let statements = (
                first.statement(first.best_assurance())?,
                second.map(|held| held.statement(held.best_assurance())).transpose()?,
            );
            let evaluation = evaluate(policy.program(), &statements.0, statements.1.as_ref())?;
            Ok((
                Held {
                    first,
                    second,
                    statements,
                },
                evaluation,
            ))
        };
        match attempt() {
            Ok(found) => return Ok(found),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    Err(refused.unwrap_or_else(|| Refusal::new(&crate::refusals::NO_STATEMENT, "the vault holds no statement")))
}

/// What would still stand in the way of a proof, figures apart.
fn obstacles(policy: &PolicyFile, first: &Statement, second: Option<&Statement>, as_of: Day) -> Vec<Refusal> {
    let program = policy.program();
    let mut found: Vec<Refusal> = [
        check_age(program, first, as_of),
        check_assurance(program, first, second),
    ]
    .into_iter()
    .filter_map(Result::err)
    .collect();
    let unattested = |terms: Source, statement: &Statement| {
        terms == Source::Attested && statement.assurance == Assurance::SELF_DECLARED
    };
    let statements = [Some(first), second];
    let nobody = program
        .statements
        .iter()
        .zip(statements)
        .any(|(t, s)| s.is_some_and(|s| unattested(t.source, s)));
    if nobody && !found.iter().any(|r| r.code() == "assurance-too-low") {
        found.push(Refusal::new(
            &crate::refusals::NOT_ATTESTED,
            "nobody attests to these figures yet",
        ));
    }
    found
}
