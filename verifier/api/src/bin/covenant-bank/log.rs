//! What a bank does with a log: rely on its keys, file documents with it, decide on its verdicts.

use std::path::Path;

use covenant_api::documents::Outcome;
use covenant_api::files::Room;
use covenant_api::ids::{self, prefix};
use covenant_api::receipt::{self, LogKey};
use covenant_api::refusals::UNKNOWN_REFERENCE;
use covenant_api::registry::{Decided, Registry, Resolution};
use covenant_api::types::{Hex32, LogOrigin};
use covenant_api::{files, host, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use serde_json::json;

use crate::args::{Decide, Office, Sign};
use crate::bank::{fill, room};
use crate::output::{Report, fields};
use crate::plan::Context;

/// `log trust`.
pub fn trust(
    context: &Context,
    log_key: &LogKey,
    operator: Hex32,
    out: Option<&Path>,
    office: &Office,
) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(office)?;
    let out = room(out)?;
    let trusted = registry.trust_log(&signer, log_key, operator, context.now)?;
    fill(out, &trusted)?;
    let lines = [
        ("log", trusted.log.to_string()),
        ("log's key", trusted.log_key.to_string()),
        ("operator", trusted.operator.to_string()),
    ];
    Ok(Report::new(fields(&lines), json!({ "trusted": trusted.document() })))
}

/// `sign`.
pub fn sign(context: &Context, args: &Sign) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(&args.office)?;
    let log = the_log(&registry, args.log.as_ref())?;
    let document = files::read(&args.document, limits::POLICY_DOCUMENT_BYTES_MAX)?;
    let (act, body) = registry.file(&signer, &log, &document, args.number, &mut host::rng()?)?;
    // A body that cannot be written here is not lost: the same command gives it again.
    files::replace(&args.out, &body)?;
    let lines = [
        ("filed", format!("{} {}", act.kind, act.filing.document)),
        ("log", log.to_string()),
        ("number", act.filing.number.to_string()),
        ("stream", act.filing.stream.to_string()),
        ("send to", path_of(act.kind).to_owned()),
        ("written to", args.out.display().to_string()),
    ];
    let json = json!({ "filing": act.filing.document(), "kind": act.kind, "path": path_of(act.kind) });
    Ok(Report::new(fields(&lines), json))
}

/// Where the service takes documents of this type.
fn path_of(kind: &str) -> &'static str {
    match kind {
        "bank" => "/v1/participants",
        "attestor-grant" => "/v1/attestors",
        "attestor-revocation" => "/v1/revocations",
        "policy" => "/v1/policies",
        "pinned-key" => "/v1/keys",
        "invitation" => "/v1/invitations",
        "enrolled" => "/v1/applicants",
        "request" => "/v1/requests",
        _ => "/v1/decisions",
    }
}

/// `decide`.
pub fn decide(context: &Context, args: Decide) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(&args.office)?;
    let log = the_log(&registry, args.log.as_ref())?;
    let receipt = receipt::from_json(&files::read(&args.receipt, limits::RECEIPT_BYTES_MAX)?)?;
    let out = Room::to_replace(&args.out, limits::DOCUMENT_BYTES_MAX)?;
    let resolution = Resolution {
        outcome: if args.approve {
            Outcome::Approved
        } else {
            Outcome::Refused
        },
        officer: args.officer,
        terms: args.terms,
        reason: args.reason,
    };
    let keys = KeyPolicy {
        allow_development: args.allow_development_keys,
    };
    let decided = registry.decide(&signer, &log, &receipt, resolution, keys, context.now)?;
    out.fill(&decided.decision.to_json()?)?;
    Ok(report(&decided, &args.out))
}

fn report(decided: &Decided, out: &Path) -> Report {
    let (decision, verdict) = (&decided.decision, &decided.verdict);
    let outcome = match decision.outcome {
        Outcome::Approved => "approved",
        Outcome::Refused => "refused",
    };
    let own = match &decided.doubt {
        None => "the bank's own judgement is the same".to_owned(),
        Some(refusal) => format!(
            "the bank's own judgement differs: {} [{}]",
            refusal.what,
            refusal.code()
        ),
    };
    let mut lines = vec![
        (outcome.to_uppercase(), verdict.registry_id.to_string()),
        ("request".into(), ids::display(prefix::REQUEST, &decision.request)),
        ("tier".into(), verdict.tier.to_string()),
        (
            "verdict".into(),
            format!("entry {}, {}", decided.index, decision.verdict),
        ),
        ("checked".into(), own),
        ("officer".into(), decision.officer.to_string()),
        ("reason".into(), decision.reason.to_string()),
    ];
    lines.extend(decision.terms.as_ref().map(|terms| ("terms".into(), terms.to_string())));
    lines.push(("written to".into(), out.display().to_string()));
    let lines: Vec<(&str, String)> = lines
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    let mut text = fields(&lines);
    if verdict.development_key {
        text.push_str("  WARNING: proven under a development key, which anybody can forge.\n");
    }
    let doubt = decided.doubt.as_ref().map(covenant_api::refusals::to_json);
    Report::new(
        text,
        json!({ "decision": decision.document(), "id": decision.id(), "index": decided.index, "doubt": doubt }),
    )
}

/// The log that was named, or the only one that the bank relies on.
fn the_log(registry: &Registry, named: Option<&LogOrigin>) -> Result<LogOrigin, Refusal> {
    if let Some(log) = named {
        return Ok(log.clone());
    }
    let mut logs = registry.trusted_logs().map(|trusted| &trusted.log);
    match (logs.next(), logs.next()) {
        (Some(log), None) => Ok(log.clone()),
        (None, _) => Err(Refusal::new(&UNKNOWN_REFERENCE, "the bank relies on no log").at("--log")),
        (Some(_), Some(_)) => Err(Refusal::new(&UNKNOWN_REFERENCE, "the bank relies on several logs")
            .at("--log")
            .expected("the origin of one")),
    }
}
