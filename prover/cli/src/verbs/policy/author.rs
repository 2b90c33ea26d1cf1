//! `covenant policy lint` and `fmt`: for whoever writes a policy.

use std::path::{Path, PathBuf};

use covenant_api::refusals::{spot_json, to_json};
use covenant_api::{files, limits};
use covenant_policy::analysis::{self, Lint};
use covenant_policy::compiler::Warning;
use covenant_policy::format::format as laid_out;
use covenant_policy::policy::source;
use covenant_policy::program::ROWS;
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use crate::output::Report;
use crate::progress::Progress;

/// One file is answered as it is, with a refusal where something is wrong; of several each is answered.
pub(super) fn lint(paths: &[PathBuf], deny_warnings: bool) -> Result<Report, Refusal> {
    let progress = Progress::steps("looking at policies", paths.len() as u64);
    let mut answers = Vec::new();
    for (i, path) in paths.iter().enumerate() {
        answers.push((path.as_path(), linted(path)?));
        progress.at(i as u64 + 1);
    }
    drop(progress);
    if let [(path, answer)] = answers.as_slice() {
        let mut report = Report::new(Value::Null);
        let value = say(path, answer, &mut report)?;
        report.set_json(value);
        deny(&mut report, deny_warnings, &answer.warnings);
        return Ok(report);
    }
    let mut report = Report::new(Value::Null);
    let mut values = Vec::new();
    for (path, answer) in &answers {
        report.heading(path.display().to_string());
        let mut value = say(path, answer, &mut report).unwrap_or_else(|refusal| {
            report.verbatim(format!("refused {refusal}"));
            report.not_met();
            json!({ "refused": to_json(&refusal) })
        });
        if let Some(map) = value.as_object_mut() {
            map.insert("file".into(), json!(path.display().to_string()));
        }
        values.push(value);
        deny(&mut report, deny_warnings, &answer.warnings);
    }
    report.set_json(json!({ "files": values }));
    Ok(report)
}

fn deny(report: &mut Report, deny_warnings: bool, warnings: &[Warning]) {
    if deny_warnings && !warnings.is_empty() {
        report.not_met();
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    files::read(path, limits::POLICY_DOCUMENT_BYTES_MAX)
}

fn linted(path: &Path) -> Result<Lint, Refusal> {
    let bytes = read(path)?;
    Ok(match source::text(&bytes) {
        Ok(text) => analysis::lint(text),
        Err(refusal) => Lint {
            result: Err(refusal),
            warnings: Vec::new(),
        },
    })
}

/// Says what was found of a policy that compiles; its JSON.
fn say(path: &Path, answer: &Lint, report: &mut Report) -> Result<Value, Refusal> {
    let compiled = answer
        .result
        .as_ref()
        .map_err(|refusal| refusal.clone().in_file(&path.display()))?;
    report.good(format!("{} compiles.", compiled.texts.title));
    report.fields([
        ("rows used", format!("{} of {ROWS}", super::rows_used(compiled))),
        ("tiers", super::tier_names(compiled).join(", ")),
        ("warnings", answer.warnings.len().to_string()),
    ]);
    for warning in &answer.warnings {
        report.warning(warning.clone().in_file(&path.display()).to_string());
    }
    let mut value = super::summary(compiled);
    if let Some(map) = value.as_object_mut() {
        map.insert("warnings".into(), answer.warnings.iter().map(warning_json).collect());
    }
    Ok(value)
}

/// A warning as programs read it.
pub(super) fn warning_json(warning: &Warning) -> Value {
    json!({
        "code": warning.entry.code, "meaning": warning.entry.meaning, "what": warning.text, "where": warning.place,
        "at": spot_json(warning.spot), "advice": warning.entry.advice,
    })
}

/// Lays out files, or says which are not.
pub(super) fn fmt(paths: &[PathBuf], check: bool) -> Result<Report, Refusal> {
    // Everything is read and laid out before anything is written.
    let mut changed = Vec::new();
    for path in paths {
        let bytes = read(path)?;
        let at = |refusal: Refusal| refusal.in_file(&path.display());
        let text = source::text(&bytes).map_err(at)?;
        let new = laid_out(text).map_err(at)?;
        if new != text {
            changed.push((path, new));
        }
    }
    let names: Vec<String> = changed.iter().map(|(path, _)| path.display().to_string()).collect();
    let mut report = Report::new(json!({ "changed": names, "check": check }));
    for (path, new) in &changed {
        if check {
            report.not_met();
            report.line(format!("{} would change.", path.display()));
        } else {
            files::replace(path, new.as_bytes())?;
            report.line(format!("{} is laid out anew.", path.display()));
        }
    }
    if changed.is_empty() {
        report.good("Nothing to change.");
    }
    Ok(report)
}
