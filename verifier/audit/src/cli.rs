//! The command line: what was asked, done once, said once.

pub mod args;
mod chain;
mod output;
mod progress;
mod receipt;
mod source;
mod trust;
mod witness;

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use covenant_api::document::{Document as _, from_json};
use covenant_api::documents::Trust;
use covenant_api::types::UtcTime;
use covenant_api::{files, host};
use covenant_audit::audit::{self, Anchor, Options};
use covenant_audit::cosign::{POLICY_BYTES_MAX, Policy};
use covenant_audit::report::Report;
use covenant_policy::refusal::Refusal;

use args::{Args, Export, Verb};
use output::{Fail, Said};
use progress::Bars;

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    let now = args.now;
    let done = match (args.verb, args.export) {
        (Some(_), Some(_)) => {
            let message = "an export is audited, or a command is run: not both";
            Args::command().error(ErrorKind::ArgumentConflict, message).exit()
        }
        (Some(Verb::Receipt(asked)), None) => receipt::check(&asked),
        (Some(Verb::Chain(asked)), None) => chain::check(&asked),
        (Some(Verb::Trust(asked)), None) => trust::write(&asked),
        (Some(Verb::Witness(asked)), None) => witness::run(&asked, args.json),
        (None, Some(export)) => audit(&export, now, args.json),
        // clap demands one or the other.
        (None, None) => Ok(Said::nothing()),
    };
    output::finish(args.json, done)
}

/// Audits an export.
fn audit(asked: &Export, now: Option<UtcTime>, json: bool) -> Result<Said, Fail> {
    let at = now.map_or_else(host::now, Ok).map_err(Fail::Fault)?;
    let anchor = asked.trust.as_deref().map(anchor).transpose().map_err(Fail::Fault)?;
    let options = Options {
        anchor,
        allow_development: asked.allow_development_keys,
    };
    let source = source::find(asked).map_err(Fail::Fault)?;
    let bars = Bars::new();
    let watch = |file, label| bars.watch(file, label);
    let audit = audit::audit(&source.path, &options, &watch).map_err(Fail::Fault)?;
    let passed = audit.outcome.passed();
    let report = Report {
        audit,
        source: source.shown.clone(),
        trust: asked.trust.as_ref().map(|path| path.display().to_string()),
        at,
    };
    let said = Said {
        text: report.text(),
        json: report.json(),
        passed,
    };
    match &asked.out {
        None => Ok(said),
        Some(path) => {
            let bytes = if json { format!("{:#}\n", said.json) } else { said.text };
            files::create_new(path, bytes.as_bytes()).map_err(Fail::Fault)?;
            let text = format!(
                "{}: {}\nThe report is in {}.",
                report.audit.outcome.word(),
                report.result(),
                path.display()
            );
            Ok(Said { text, ..said })
        }
    }
}

/// Who has cosigned a checkpoint, where a policy says who must.
fn cosigned(policy: Option<&Path>, note: &str, anchor: &Anchor) -> Result<Option<(&'static str, String)>, Fail> {
    let Some(path) = policy else { return Ok(None) };
    let bytes = files::read(path, POLICY_BYTES_MAX).map_err(Fail::Fault)?;
    let policy = Policy::read(&bytes).map_err(Fail::Fault)?;
    let by = policy.check(note.as_bytes(), &anchor.key).map_err(Fail::Refused)?;
    Ok(Some(("cosigned by", by.join(", "))))
}

/// What is trusted, from its file.
fn anchor(path: &Path) -> Result<Anchor, Refusal> {
    let trust: Trust = from_json(&files::read(path, Trust::BYTES_MAX)?)?;
    Anchor::new(trust)
}
