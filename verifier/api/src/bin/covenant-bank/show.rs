//! `covenant-bank registry show`: all that a bank keeps, once every signature in it was checked.

use std::path::Path;

use covenant_api::documents::{Decision, Outcome, Role};
use covenant_api::ids::{self, prefix};
use covenant_api::registry::{Act, Registry};
use covenant_api::sign::Verified;
use covenant_policy::refusal::Refusal;
use serde_json::json;

use crate::keys::shown;
use crate::output::{Report, fields, table};

/// Opens a registry and lists what is in it.
pub fn registry(directory: &Path) -> Result<Report, Refusal> {
    let registry = Registry::open(directory)?;
    let bank = registry.bank();
    let mut text = fields(&[
        ("bank", bank.name.to_string()),
        ("first key", bank.key.to_string()),
        ("shown as", shown(Role::Bank, &bank.key)),
        ("registry", "every signature holds".into()),
    ]);
    let mut section = |title: &str, headings: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            text.push_str(&format!("\n{title}\n{}\n", table(headings, rows)));
        }
    };
    section("Attestors", &["key", "name", "assurance at most"], attestors(&registry));
    let struck = registry
        .revocations()
        .map(|r| vec![r.attestor.to_string(), r.revoked.to_string(), r.reason.to_string()]);
    section("Struck attestors", &["key", "when", "why"], struck.collect());
    let policies = registry.policies().map(|p| {
        let tiers: Vec<_> = p.program().tiers.iter().map(|t| t.name.as_str()).collect();
        vec![ids::display(prefix::POLICY, &p.id()), tiers.join(", ")]
    });
    section("Policies", &["id", "tiers"], policies.collect());
    let keys = registry.keys().map(|k| {
        let kind = if k.development {
            "development: demonstrations only"
        } else {
            "ceremony"
        };
        let state = match registry.retirement_of(&k.verifying_key) {
            None => "in use".to_owned(),
            Some(end) => format!("retired {} ({})", end.retired, end.cause.name()),
        };
        let signer = registry.manifest_of(&k.verifying_key).map(|m| m.signer().to_string());
        vec![
            ids::display(prefix::KEY, &k.verifying_key),
            k.statement.to_string(),
            kind.into(),
            state,
            signer.unwrap_or_else(|| "none".to_owned()),
        ]
    });
    section(
        "Verifying keys",
        &["id", "statement", "from", "state", "manifest signed by"],
        keys.collect(),
    );
    let invitations = registry.invitations().map(|i| {
        let state = match registry.enrolled(&i.id()) {
            Ok(enrolled) => format!("redeemed {}", enrolled.enrolled),
            Err(_) => format!("open until {}", i.expires),
        };
        vec![i.display_id(), i.registry_id.to_string(), state]
    });
    section("Invitations", &["id", "company", "state"], invitations.collect());
    let requests = registry.requests().map(|r| {
        let state = match registry.verdict_on(&r.id()) {
            Some(verdict) => format!("tier {} on {}", verdict.tier, verdict.decided),
            None => format!("open until {}", r.expires),
        };
        vec![
            r.display_id(),
            ids::display(prefix::POLICY, &r.policy),
            r.as_of.to_string(),
            state,
        ]
    });
    section("Requests", &["id", "policy", "as of", "state"], requests.collect());
    section(
        "Decisions",
        &["request", "outcome", "officer", "when"],
        decisions(&registry),
    );
    let logs = registry
        .trusted_logs()
        .map(|l| vec![l.log.to_string(), l.operator.to_string()]);
    section("Logs relied on", &["log", "operator"], logs.collect());
    for (log, acts) in registry.books() {
        section(&format!("Filed with {log}"), &["number", "document", "id"], filed(acts));
    }
    Ok(Report::new(text, as_json(&registry)))
}

fn attestors(registry: &Registry) -> Vec<Vec<String>> {
    let row = |attestor: String, name: String, max: u8| vec![attestor, name, max.to_string()];
    registry
        .standing_grants()
        .map(|g| row(g.attestor.to_string(), g.name.to_string(), g.assurance_max))
        .collect()
}

fn decisions(registry: &Registry) -> Vec<Vec<String>> {
    let row = |d: &Verified<Decision>| {
        let outcome = match d.outcome {
            Outcome::Approved => "approved",
            Outcome::Refused => "refused",
        };
        let request = ids::display(prefix::REQUEST, &d.request);
        vec![request, outcome.into(), d.officer.to_string(), d.decided.to_string()]
    };
    registry.decisions().map(row).collect()
}

fn filed(acts: &[Act]) -> Vec<Vec<String>> {
    let row = |act: &Act| {
        vec![
            act.filing.number.to_string(),
            act.kind.into(),
            act.filing.document.to_string(),
        ]
    };
    acts.iter().map(row).collect()
}

fn as_json(registry: &Registry) -> serde_json::Value {
    json!({
        "bank": registry.bank().document(),
        "attestors": registry.standing_grants().map(|g| json!(g.document())).collect::<Vec<_>>(),
        "struck": registry.revocations().map(|r| json!(r.document())).collect::<Vec<_>>(),
        "policies": registry.policies().map(|p| json!({
            "id": p.id(),
            "tiers": p.program().tiers.iter().map(|t| t.name.clone()).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "keys": registry.keys().map(|k| json!(k.document())).collect::<Vec<_>>(),
        "manifests": registry.keys().filter_map(|k| registry.manifest_of(&k.verifying_key)).map(|m| json!({
            "id": m.id(), "signer": m.signer(), "document": m.document(),
        })).collect::<Vec<_>>(),
        "retired_keys": registry.keys().filter_map(|k| registry.retirement_of(&k.verifying_key))
            .map(|r| json!(r.document())).collect::<Vec<_>>(),
        "invitations": registry.invitations().map(|i| json!({ "id": i.id(), "document": i.document() })).collect::<Vec<_>>(),
        "enrolments": registry.enrolments().map(|e| json!(e.document())).collect::<Vec<_>>(),
        "requests": registry.requests().map(|r| json!({ "id": r.id(), "document": r.document() })).collect::<Vec<_>>(),
        "verdicts": registry.verdicts().map(|v| json!(v.document())).collect::<Vec<_>>(),
        "decisions": registry.decisions().map(|d| json!(d.document())).collect::<Vec<_>>(),
        "logs": registry.trusted_logs().map(|l| json!(l.document())).collect::<Vec<_>>(),
        "filings": registry.books().flat_map(|(_, acts)| acts).map(|act| json!({
            "kind": act.kind,
            "filing": act.filing.document(),
        })).collect::<Vec<_>>(),
    })
}
