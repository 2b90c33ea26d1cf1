//! `covenant check`: what these books reach under a bank's policy, and how far each rule is from turning. Nothing is signed,
//! nothing is written, nothing leaves this machine.

use std::path::Path;

use covenant_api::refusals::to_json;
use covenant_policy::evaluate::{Evaluation, evaluate, explain};
use covenant_policy::program::Source;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Assurance, Day, Statement, check_age, check_assurance};
use serde_json::{Value, json};

use super::policy_file::PolicyFile;
use super::{pick, seen, shared};
use crate::args::Check;
use crate::context::Context;
use crate::output::Report;
use crate::vault::{Contents, HeldStatement};

pub(super) fn run(context: &Context, args: &Check) -> Result<Report, Refusal> {
    let policies: Vec<(&Path, PolicyFile)> = args
        .policy
        .iter()
        .map(|path| Ok((path.as_path(), PolicyFile::read(path)?)))
        .collect::<Result<_, Refusal>>()?;
    let vault = shared::open(context)?;
    let as_of = args.as_of.map_or_else(|| context.now().day(), |date| date.day());
    let mut report = Report::new(Value::Null);
    let mut answers = Vec::new();
    for (path, policy) in &policies {
        answers.push(one(&mut report, &vault.contents, args, path, policy, as_of)?);
    }
    report.set_json(json!({ "as_of": as_of.to_string(), "policies": answers }));
    Ok(report)
}

/// What the policy is held against.
struct Held<'a> {
    first: &'a HeldStatement,
    second: Option<&'a HeldStatement>,
    statements: (Statement, Option<Statement>),
}

fn one(
    report: &mut Report,
    contents: &Contents,
    args: &Check,
    path: &Path,
    policy: &PolicyFile,
    as_of: Day,
) -> Result<Value, Refusal> {
    let compiled = policy.compiled();
    report.heading(format!("{} ({})", policy.title(), path.display()));
    let (held, evaluation) = match fitting(contents, args, policy) {
        Ok(found) => found,
        // Among several policies, one that these books do not fit is an answer, and not the end.
        Err(refusal) if args.policy.len() > 1 => {
            report.warning(format!("[{}] {}", refusal.code(), refusal.what));
            report.not_met();
            return Ok(json!({ "policy": path, "title": policy.title(), "refused": to_json(&refusal) }));
        }
        Err(refusal) => return Err(refusal),
    };
    let (first, second) = (&held.statements.0, held.statements.1.as_ref());
    let used = held
        .second
        .map_or_else(String::new, |second| format!(" and {}", second.display_id()));
    report.line(format!("{}{used}, as of {as_of}.", held.first.display_id()));

    let rules = explain(&compiled.program, &compiled.texts, &evaluation);
    for rule in &rules {
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
    say_tiers(report, &evaluation);
    let obstacles = obstacles(policy, first, second, as_of);
    for obstacle in &obstacles {
        report.warning(format!(
            "Before this can be proven: [{}] {}",
            obstacle.code(),
            obstacle.what
        ));
        report.line(format!("    {}", obstacle.advice_text()));
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
    Ok(json!({
        "policy": path, "name": compiled.texts.name, "title": policy.title(), "id": policy.signed().map(|(id, _)| id),
        "statements": [Some(held.first.display_id()), held.second.map(HeldStatement::display_id)],
        "best": best(&evaluation),
        "tiers": evaluation.tiers.iter().map(|t| json!({
            "tier": t.name, "reached": t.achieved, "score": t.score, "minimum": t.minimum,
        })).collect::<Vec<_>>(),
        "rules": rules.iter().map(|r| json!({
            "rule": r.name, "holds": r.holds, "sentence": r.sentence, "details": r.details,
        })).collect::<Vec<_>>(),
        "obstacles": obstacles.iter().map(to_json).collect::<Vec<_>>(),
        "bank_sees": seen,
    }))
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
