//! `covenant policy`: a policy in plain language, explained, compared with another, and what is wrong with one that is being written.

mod author;

use std::path::Path;

use covenant_api::checked_policy::program_hash;
use covenant_api::files;
use covenant_policy::catalogue::POLICY_UNKNOWN_RULE;
use covenant_policy::diff::diff;
use covenant_policy::explain::{Explained, GUARD, Use, explain};
use covenant_policy::program::ROWS;
use covenant_policy::refusal::Refusal;
use covenant_policy::{Compiled, compile, editor, render};
use serde_json::{Value, json};

use super::policy_file::PolicyFile;
use crate::args::Policy;
use crate::output::{Report, Table};

pub(super) fn run(args: &Policy) -> Result<Report, Refusal> {
    match args {
        Policy::Show { file, canonical } => show(file, canonical.as_deref()),
        Policy::Lint { files, deny_warnings } => author::lint(files, *deny_warnings),
        Policy::Explain { file, rule } => explained(file, rule.as_deref()),
        Policy::Diff { old, new } => compared(old, new),
        Policy::Fmt { files, check } => author::fmt(files, *check),
        Policy::Schema => {
            let schema = editor::json_schema();
            let mut report = Report::new(schema.clone());
            report.verbatim(format!("{schema:#}"));
            Ok(report)
        }
    }
}

fn show(file: &Path, canonical: Option<&Path>) -> Result<Report, Refusal> {
    let policy = PolicyFile::read(file)?;
    let compiled = policy.compiled();
    let mut report = rendered(compiled)?;
    let program = program_hash(compiled).to_string();
    let mut fields = vec![("program", program.clone())];
    let mut value = report.json().clone();
    if let Some(map) = value.as_object_mut() {
        map.insert("program".into(), json!(program));
        if let Some((id, signer)) = policy.signed() {
            map.insert("id".into(), json!(id));
            map.insert("signer".into(), json!(signer));
            fields.insert(0, ("id", id.to_string()));
            fields.push(("signed by", signer.to_string()));
        }
    }
    if let Some(out) = canonical {
        files::replace(out, &compiled.canonical_bytes)?;
        fields.push(("canonical bytes", out.display().to_string()));
    }
    report.set_json(value);
    report.line("");
    report.fields(fields);
    Ok(report)
}

/// A policy's plain-language rendering, made from the bytes that are hashed.
pub(super) fn rendered(compiled: &Compiled) -> Result<Report, Refusal> {
    let text = render::render(&compiled.canonical_bytes)?.to_string();
    let mut value = summary(compiled);
    if let Some(map) = value.as_object_mut() {
        map.insert("plain_language".into(), Value::String(text.clone()));
    }
    let mut report = Report::new(value);
    report.verbatim(text);
    Ok(report)
}

/// A source text in plain language.
pub(super) fn show_source(text: &str) -> Result<Report, Refusal> {
    let compiled = compile(text)?;
    let mut report = rendered(&compiled)?;
    let mut value = report.json().clone();
    if let Some(map) = value.as_object_mut() {
        map.insert("type".into(), json!("policy-source"));
    }
    report.set_json(value);
    Ok(report)
}

fn explained(file: &Path, rule: Option<&str>) -> Result<Report, Refusal> {
    let policy = PolicyFile::read(file)?;
    let explanation = explain(policy.compiled());
    let wanted = |name: &str| rule.is_none_or(|rule| rule == name);
    let rules: Vec<&Explained> = explanation.rules.iter().filter(|r| wanted(&r.name)).collect();
    if let (Some(rule), true) = (rule, rules.is_empty()) {
        let known: Vec<&str> = explanation.rules.iter().map(|r| r.name.as_str()).collect();
        let refusal = Refusal::new(
            &POLICY_UNKNOWN_RULE,
            format!("no rule is named `{}`", rule.escape_debug()),
        );
        return Err(refusal.at(file.display()).expected(known.join(", ")));
    }
    let uses = |budget: &[Use]| -> Vec<Value> {
        let parts = budget.iter();
        parts
            .map(|part| json!({ "what": part.name, "used": part.used, "of": part.of }))
            .collect()
    };
    let budgets: Vec<Vec<Value>> = explanation.budgets.iter().map(|budget| uses(budget)).collect();
    let mut report = Report::new(json!({
        "rules": rules.iter().map(|rule| rule_json(rule)).collect::<Vec<_>>(),
        "budget": budgets.first(), "linked_budgets": budgets.get(1..),
    }));
    for rule in &rules {
        let text = rule.to_string();
        report.heading(&rule.name);
        report.verbatim(text.split_once('\n').map_or("", |(_, rest)| rest));
    }
    for (k, budget) in explanation.budgets.iter().enumerate().filter(|_| rule.is_none()) {
        report.heading(match k {
            0 => "What of a proof's budget is used".to_owned(),
            _ => format!("What proof {} uses of its own", k + 1),
        });
        let mut table = Table::new(&["", ">used", ">of"]);
        for part in budget {
            table.row([part.name.to_owned(), part.used.to_string(), part.of.to_string()]);
        }
        report.table(table);
    }
    Ok(report)
}

fn rule_json(rule: &Explained) -> Value {
    let rows = |rows: &[(usize, String)]| -> Vec<Value> {
        rows.iter()
            .map(|(row, formula)| json!({ "row": row, "formula": formula }))
            .collect()
    };
    let slots = rule
        .slots
        .iter()
        .map(|(slot, product)| json!({ "slot": slot, "product": product }));
    let figures = rule
        .figures
        .iter()
        .map(|(label, definition)| json!({ "figure": label, "definition": definition }));
    json!({
        "name": rule.name, "proof": rule.proof, "typed": rule.typed, "means": rule.sentence, "why": rule.why, "tests": rows(&rule.rows),
        "guards": rows(&rule.guards), "guards_why": if rule.guards.is_empty() { None } else { Some(GUARD) },
        "joined_row": rule.together.map(|row| row + 1), "slots": slots.collect::<Vec<_>>(), "figures": figures.collect::<Vec<_>>(),
        "tiers": rule.tiers, "coefficient_bits": rule.coefficient_bits,
    })
}

fn compared(old: &Path, new: &Path) -> Result<Report, Refusal> {
    let (old, new) = (PolicyFile::read(old)?, PolicyFile::read(new)?);
    let changes = diff(old.compiled(), new.compiled());
    let value: Vec<Value> = changes
        .iter()
        .map(|c| json!({ "part": c.part.name(), "name": c.name, "effect": c.effect.name(), "text": c.text }))
        .collect();
    let mut report = Report::new(json!({ "old": old.title(), "new": new.title(), "changes": value }));
    if changes.is_empty() {
        report.good("Nothing changes for a borrower.");
    }
    let mut part = None;
    for change in &changes {
        if part.replace(change.part) != Some(change.part) {
            let heading = change.part.name();
            report.heading(heading.chars().next().map_or_else(String::new, |c| {
                c.to_uppercase().chain(heading.chars().skip(1)).collect()
            }));
        }
        report.line(format!("  {}: {}", change.name, change.effect.name()));
        report.line(format!("      {}", change.text));
    }
    Ok(report)
}

fn rows_used(compiled: &Compiled) -> usize {
    compiled.program.rows.iter().filter(|row| !row.is_blank()).count()
}

fn tier_names(compiled: &Compiled) -> Vec<&str> {
    compiled.program.tiers.iter().map(|t| t.name.as_str()).collect()
}

fn summary(compiled: &Compiled) -> Value {
    json!({
        "name": compiled.texts.name, "title": compiled.texts.title, "tiers": tier_names(compiled), "rows": rows_used(compiled),
        "of_rows": ROWS, "currency": compiled.program.currency.code,
        "warnings": compiled.warnings.iter().map(author::warning_json).collect::<Vec<_>>(),
    })
}
