//! The command line: what was asked, done once, said once.

pub mod args;
mod chain;
mod mirror;
mod output;
mod progress;
mod receipt;
mod source;
mod trust;
mod witness;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use covenant_api::document::{Document as _, from_json};
use covenant_api::documents::Trust;
use covenant_api::refusals::FILE_EXISTS;
use covenant_api::types::UtcTime;
use covenant_api::{files, host};
use covenant_audit::audit::known::Known;
use covenant_audit::audit::resume::Resume;
use covenant_audit::audit::{self, Anchor, Depth, Options};
use covenant_audit::bundle::{Bundle, Parts};
use covenant_audit::cosign::{POLICY_BYTES_MAX, Policy};
use covenant_audit::findings::MIRROR_PART;
use covenant_audit::mirror::{Mirror, Place};
use covenant_audit::report::{Report, Took};
use covenant_policy::refusal::Refusal;

use args::{Args, Asked, Verb};
use output::{Fail, Said};
use progress::Bars;
use source::Source;

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    let now = args.now;
    let json = args.json;
    let plain = args.export.is_none() && args.out.is_none() && args.asked == Asked::default();
    if args.verb.is_some() && !plain {
        let message = "an export is audited, or a command is run: not both";
        Args::command().error(ErrorKind::ArgumentConflict, message).exit()
    }
    let done = match args.verb {
        Some(Verb::Export(asked)) => bundle(&asked, now),
        Some(Verb::Receipt(asked)) => receipt::check(&asked),
        Some(Verb::Chain(asked)) => chain::check(&asked),
        Some(Verb::Mirror(asked)) => mirror::run(&asked),
        Some(Verb::Trust(asked)) => trust::write(&asked),
        Some(Verb::Witness(asked)) => witness::run(&asked, json),
        None => match &args.export {
            Some(export) => audit(export, &args.asked, args.out.as_deref(), now, json),
            // clap demands one or the other.
            None => Ok(Said::nothing()),
        },
    };
    output::finish(json, done)
}

/// Audits an export or a bundle.
fn audit(export: &Path, asked: &Asked, out: Option<&Path>, now: Option<UtcTime>, json: bool) -> Result<Said, Fail> {
    let source = source::find(export, asked).map_err(Fail::Fault)?;
    let report = report(asked, &source, Held::find(&source.path)?, now)?;
    let said = Said {
        text: report.text(),
        json: report.json(),
        passed: report.audit.outcome.passed(),
    };
    match out {
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

/// How an export is held.
enum Held {
    File,
    Bundle(Box<Bundle>),
    Mirror(Mirror),
}

impl Held {
    fn find(path: &Path) -> Result<Self, Fail> {
        if Place::is_one(path) {
            // A part that is missing is a finding; a directory that cannot be read is none.
            return Mirror::open(path).map(Self::Mirror).map_err(|refusal| {
                if refusal.entry == &MIRROR_PART {
                    Fail::Refused(refusal)
                } else {
                    Fail::Fault(refusal)
                }
            });
        }
        if path.is_dir() {
            return Bundle::open(path)
                .map(|bundle| Self::Bundle(Box::new(bundle)))
                .map_err(Fail::Fault);
        }
        Ok(Self::File)
    }
}

/// Audits, and says what came of it.
fn report(asked: &Asked, source: &Source, held: Held, now: Option<UtcTime>) -> Result<Report, Fail> {
    let at = now.map_or_else(host::now, Ok).map_err(Fail::Fault)?;
    let mut options = options(asked).map_err(Fail::Fault)?;
    let bars = Bars::new();
    let watch = |file, label| bars.watch(file, label);
    let began = Instant::now();
    let mut bundle = None;
    let audit = match held {
        Held::File => audit::audit(&source.path, &options, &watch).map_err(Fail::Fault)?,
        Held::Mirror(mirror) => {
            let mut audit = audit::audit(&mirror, &options, &watch).map_err(Fail::Fault)?;
            audit.findings.iter_mut().for_each(|finding| mirror.locate(finding));
            audit.found_beside(mirror.findings());
            audit
        }
        Held::Bundle(held) => {
            options.known.extend(held.known().map_err(Fail::Fault)?);
            let mut audit = audit::audit(&held.export(), &options, &watch).map_err(Fail::Fault)?;
            audit.found_beside(held.findings(options.anchor.as_ref()));
            bundle = held.shown();
            audit
        }
    };
    let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    Ok(Report {
        audit,
        source: source.shown.clone(),
        trust: shown(&asked.trust),
        witness_policy: shown(&asked.witness_policy),
        known: asked.known.iter().map(|path| path.display().to_string()).collect(),
        bundle,
        at,
        took: Took {
            seconds: began.elapsed().as_secs_f64(),
            memory_peak_bytes: memory_peak_bytes(),
        },
    })
}

/// The most memory that this process has held, where the system says it (proc(5)).
fn memory_peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kibibytes| kibibytes * 1024)
}

/// How the audit is to be made.
fn options(asked: &Asked) -> Result<Options, Refusal> {
    let mut known = Vec::new();
    for path in &asked.known {
        known.extend(Known::read(path)?);
    }
    let depth = match asked.sample {
        _ if asked.hashes_only => Depth::Hashes,
        Some(count) => Depth::Sample(count),
        None => Depth::Full,
    };
    Ok(Options {
        anchor: asked.trust.as_deref().map(anchor).transpose()?,
        allow_development: asked.allow_development_keys,
        policy: asked.witness_policy.as_deref().map(policy).transpose()?,
        known,
        depth,
        resume: asked
            .state
            .as_deref()
            .map(|path| Resume::open(path).map(Arc::new))
            .transpose()?,
    })
}

/// A policy on witnesses, from its file.
fn policy(path: &Path) -> Result<Policy, Refusal> {
    Policy::read(&files::read(path, POLICY_BYTES_MAX)?)
}

/// Audits, and puts all that is needed to audit again into a directory.
fn bundle(asked: &args::Bundle, now: Option<UtcTime>) -> Result<Said, Fail> {
    if asked.out.symlink_metadata().is_ok() {
        let exists = Refusal::new(&FILE_EXISTS, "there is something of this name").at(asked.out.display());
        return Err(Fail::Fault(exists));
    }
    let mirror = match Place::is_one(&asked.export)
        .then(|| Held::find(&asked.export))
        .transpose()?
    {
        Some(Held::Mirror(mirror)) => Some(mirror),
        _ => None,
    };
    let source = match &mirror {
        // What is wrong beside the export that the parts make would not be in the bundle.
        Some(mirror) => match mirror.findings().first() {
            Some(found) => {
                let refused = Refusal::new(&MIRROR_PART, found.what.clone()).at(found.to_string());
                return Err(Fail::Refused(refused));
            }
            None => source::of_mirror(mirror, &asked.out),
        },
        None => source::find(&asked.export, &asked.asked),
    };
    let source = source.map_err(Fail::Fault)?;
    let mut report = report(&asked.asked, &source, Held::File, now)?;
    if let Some(mirror) = &mirror {
        let findings = report.audit.findings.iter_mut();
        findings.for_each(|finding| mirror.locate(finding));
    }
    let parts = Parts {
        export: &source.path,
        trust: asked.asked.trust.as_deref(),
        witness_policy: asked.asked.witness_policy.as_deref(),
        known: &asked.asked.known,
        report: &report,
    };
    let made = covenant_audit::bundle::write(&asked.out, &parts).map_err(Fail::Fault)?;
    let facts = vec![
        ("directory", asked.out.display().to_string()),
        (
            "result",
            format!("{}: {}", report.audit.outcome.word(), report.result()),
        ),
        ("files", made.files.to_string()),
        ("bytes", made.bytes.to_string()),
        ("bundle's id", made.id.to_string()),
        ("recheck", made.recheck),
    ];
    let sentence =
        "The bundle holds all that is needed to audit it again. Write down its id where nobody can change it.";
    Ok(Said {
        passed: report.audit.outcome.passed(),
        ..output::facts(sentence, facts)
    })
}

/// Who has cosigned a checkpoint, where a policy says who must.
fn cosigned(policy: Option<&Path>, note: &str, anchor: &Anchor) -> Result<Option<(&'static str, String)>, Fail> {
    let Some(path) = policy else { return Ok(None) };
    let policy = self::policy(path).map_err(Fail::Fault)?;
    let by = policy.check(note.as_bytes(), &anchor.key).map_err(Fail::Refused)?;
    Ok(Some(("cosigned by", by.join(", "))))
}

/// What is trusted, from its file.
fn anchor(path: &Path) -> Result<Anchor, Refusal> {
    let trust: Trust = from_json(&files::read(path, Trust::BYTES_MAX)?)?;
    Anchor::new(trust)
}
