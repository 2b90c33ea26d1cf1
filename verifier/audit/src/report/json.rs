//! The report for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Report, instant};
use crate::audit::Depth;
use crate::export::Summary;
use crate::findings::Finding;
use crate::tally::{RegisteredKey, Tally};

/// What the report says, in one object.
pub(super) fn write(report: &Report) -> Value {
    let audit = &report.audit;
    json!({
        "type": "covenant-audit/v2",
        "version": env!("CARGO_PKG_VERSION"),
        "result": audit.outcome.word(),
        "summary": report.result(),
        "source": report.source,
        "trust": report.trust,
        "audited": report.at.to_string(),
        "file": { "bytes": audit.bytes, "sha256": audit.file.to_string() },
        "log": audit.summary.as_ref().map(log),
        "checks": report.checks().iter().map(|(what, count)| json!({ "what": what, "count": count })).collect::<Vec<_>>(),
        "records": audit.tally.as_ref().map(records),
        "proofs": audit.proofs,
        "depth": match audit.depth {
            Depth::Full => "full",
            Depth::Sample(_) => "sample",
            Depth::Hashes => "hashes",
        },
        "sample": audit.sample.as_ref().map(|sample| json!({
            "asked": sample.asked, "drawn": sample.drawn, "verdicts": sample.verdicts, "seed": sample.seed.to_string(),
            "catches_one": sample.catches(1), "caught_95": sample.caught_from(0.95), "caught_99": sample.caught_from(0.99),
        })),
        "verified_before": audit.verified_before,
        "witnessed": audit.witnessed.as_ref().map(|witnessed| json!({
            "checkpoints": witnessed.checkpoints, "unwitnessed": witnessed.unwitnessed, "since": witnessed.since,
            "last_by": witnessed.last_by,
        })),
        "known_checkpoints": audit.known,
        "bundle": report.bundle.as_ref().map(|bundle| json!({
            "id": bundle.id.to_string(), "version": bundle.version, "made": bundle.made.to_string(), "result": bundle.result,
            "files": bundle.files,
        })),
        "took": { "seconds": report.took.seconds, "memory_peak_bytes": report.took.memory_peak_bytes },
        "first_missing_body": audit.missing,
        "development_keys_allowed": audit.development_allowed,
        "findings": audit.findings.iter().map(finding).collect::<Vec<_>>(),
        "not_anchored": audit.unanchored.iter().map(finding).collect::<Vec<_>>(),
        "not_shown": report.limits(),
        "repeat": report.repeat(),
    })
}

fn log(summary: &Summary) -> Value {
    json!({
        "origin": summary.header.key.origin(),
        "key": summary.header.key.to_string(),
        "size": summary.header.size,
        "root": STANDARD.encode(summary.root.0),
        "from": summary.period.map(|(first, _)| instant(first)),
        "to": summary.period.map(|(_, last)| instant(last)),
        "bodies": summary.bodies,
        "withheld": summary.withheld,
        "erased": summary.erased,
        "blinding_secret": summary.header.blinding.is_some(),
    })
}

fn records(tally: &Tally) -> Value {
    json!({
        "operator": tally.opened.as_ref().map(|opened| json!({
            "key": opened.operator.to_string(),
            "opened": opened.opened.to_string(),
            "schemas": opened.schemas,
        })),
        "kinds": tally.kinds,
        "participants": tally.participants.iter().map(|bank| json!({
            "name": bank.name, "key": bank.key.to_string(), "entry": bank.entry, "acts": bank.acts,
        })).collect::<Vec<_>>(),
        "policies": tally.policies.iter().map(|policy| json!({
            "id": policy.id.to_string(), "bank": policy.bank.to_string(), "entry": policy.entry,
        })).collect::<Vec<_>>(),
        "verifying_keys": tally.keys.iter().map(|key| json!({
            "id": key.id.to_string(), "bank": key.bank.to_string(), "entry": key.entry, "development": key.development,
        })).collect::<Vec<_>>(),
        "key_registry": tally.registry.iter().map(|key| registered(tally, key)).collect::<Vec<_>>(),
        "operator_acts": tally.operator_acts,
        "attestors": tally.attestors.iter().map(|attestor| json!({
            "name": attestor.name, "key": attestor.key.to_string(), "bank": attestor.bank.to_string(),
            "entry": attestor.entry, "standing": attestor.standing,
        })).collect::<Vec<_>>(),
        "verdicts": tally.verdicts.iter().map(|((policy, tier), count)| json!({
            "policy": policy.to_string(), "tier": tier, "count": count,
        })).collect::<Vec<_>>(),
        "development_verdicts": tally.development_verdicts,
        "decisions": tally.decisions.iter().map(|(bank, decisions)| json!({
            "bank": bank.to_string(), "approved": decisions.approved, "refused": decisions.refused,
        })).collect::<Vec<_>>(),
    })
}

/// A key of the log's registry: where it comes from, from which entry to which it was active, how often it was used.
fn registered(tally: &Tally, key: &RegisteredKey) -> Value {
    let (manifest, used) = (&key.manifest, tally.use_of(&key.manifest.verifying_key));
    json!({
        "id": manifest.verifying_key.to_string(), "statement": manifest.statement.as_str(),
        "circuit": manifest.circuit.to_string(), "setup": manifest.setup(), "development": manifest.development,
        "manifest": key.manifest_id.to_string(), "ceremony": manifest.ceremony,
        "active_from": key.from, "retired_at": key.until.map(|(entry, _)| entry),
        "cause": key.until.map(|(_, cause)| cause.name()), "requests": used.requests, "verdicts": used.verdicts,
    })
}

/// A finding.
pub(crate) fn finding(finding: &Finding) -> Value {
    json!({
        "code": finding.code.code,
        "where": finding.place.to_string(),
        "entry": finding.place.entry(),
        "entries": finding.place.entries().map(|entries| [*entries.start(), *entries.end()]),
        "offset": finding.offset,
        "what": finding.what,
        "expected": finding.expected,
        "meaning": finding.code.meaning,
        "advice": finding.code.advice,
    })
}
