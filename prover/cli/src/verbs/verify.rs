//! `covenant verify`: judges a bundle as the bank does, against the bank's own registry. Nothing is recorded.

use std::time::Instant;

use covenant_api::registry::Registry;
use covenant_api::verdict::verify_bundle;
use covenant_api::{files, ids, limits};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Assurance;
use covenant_proofs::keys::KeyPolicy;
use serde_json::json;

use super::shared;
use crate::args::Verify;
use crate::context::Context;
use crate::output::Report;

pub(super) fn run(context: &Context, args: &Verify) -> Result<Report, Refusal> {
    let bundle = files::read(&args.bundle, limits::BUNDLE_BYTES_MAX)?;
    let registry = Registry::open(&args.registry)?;
    let started = Instant::now();
    let policy = KeyPolicy {
        allow_development: args.allow_development_keys,
    };
    let verdict = verify_bundle(&registry, &bundle, context.now(), policy)?;
    let milliseconds = started.elapsed().as_millis();
    let mut report = Report::new(json!({ "verdict": verdict, "milliseconds": milliseconds }));
    report.good(format!(
        "The proof holds: {} reaches tier {}.",
        verdict.registry_id, verdict.tier
    ));
    let floors: Vec<String> = verdict
        .statements()
        .iter()
        .map(|(basis, floor)| format!("{}, at least {}", shared::basis(basis), Assurance(*floor)))
        .collect();
    report.fields([
        ("policy", ids::display(ids::prefix::POLICY, &verdict.policy)),
        ("tier", verdict.tier.to_string()),
        ("company", verdict.registry_id.to_string()),
        ("pseudonym", verdict.nym.to_string()),
        (
            "period ends",
            format!("from {} to {}", verdict.ends_from, verdict.ends_to),
        ),
        ("figures", floors.join("\n")),
        ("as of", verdict.as_of.to_string()),
        ("attestors", format!("one of {}", verdict.attestors.len())),
        ("other versions seen", verdict.restated_or_shopped.to_string()),
        ("judged in", format!("{milliseconds} ms")),
    ]);
    report.line("No figure is in the bundle: this is all there is to see.");
    if verdict.development_key {
        report.warning("Proven under a development key: anybody could have made this proof. It proves nothing.");
    }
    Ok(report)
}
