//! `covenant policy`: a policy in plain language, and what is wrong with one that is being written.

use covenant_policy::program::ROWS;
use covenant_policy::refusal::Refusal;
use covenant_policy::{Compiled, compile, render};
use serde_json::{Value, json};

use super::policy_file::PolicyFile;
use crate::args::Policy;
use crate::output::Report;

pub(super) fn run(args: &Policy) -> Result<Report, Refusal> {
    match args {
        Policy::Show { file } => {
            let policy = PolicyFile::read(file)?;
            let mut report = rendered(policy.compiled())?;
            let mut value = summary(policy.compiled());
            if let (Some((id, signer)), Some(map)) = (policy.signed(), value.as_object_mut()) {
                map.insert("id".into(), json!(id));
                map.insert("signer".into(), json!(signer));
            }
            report.set_json(value);
            Ok(report)
        }
        Policy::Lint { file } => {
            let policy = PolicyFile::read(file)?;
            let compiled = policy.compiled();
            let rows = rows_used(compiled);
            let mut report = Report::new(summary(compiled));
            report.good(format!("{} compiles.", compiled.texts.title));
            report.fields([
                ("rows used", format!("{rows} of {ROWS}")),
                ("tiers", tier_names(compiled).join(", ")),
                ("warnings", compiled.warnings.len().to_string()),
            ]);
            for warning in &compiled.warnings {
                report.warning(format!("{}\n{}", warning.text, warning.place));
            }
            Ok(report)
        }
    }
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

fn rows_used(compiled: &Compiled) -> usize {
    compiled.program.rows.iter().filter(|row| !row.is_blank()).count()
}

fn tier_names(compiled: &Compiled) -> Vec<&str> {
    compiled.program.tiers.iter().map(|t| t.name.as_str()).collect()
}

fn summary(compiled: &Compiled) -> Value {
    let warnings: Vec<Value> = compiled
        .warnings
        .iter()
        .map(|w| json!({ "what": w.text, "where": w.place }))
        .collect();
    json!({
        "name": compiled.texts.name, "title": compiled.texts.title, "tiers": tier_names(compiled), "rows": rows_used(compiled),
        "currency": compiled.program.currency.code, "warnings": warnings,
    })
}
