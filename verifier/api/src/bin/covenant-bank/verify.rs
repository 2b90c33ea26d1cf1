//! `covenant-bank verify`: the bank's view of a proof. A tier, and no figures.

use covenant_api::documents::Verdict;
use covenant_api::ids::{self, prefix};
use covenant_api::registry::Registry;
use covenant_api::verdict::verify_bundle;
use covenant_api::{files, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use serde_json::json;

use crate::args::Verify;
use crate::bank::{fill, room};
use crate::output::{Report, fields};
use crate::plan::Context;

/// Judges a bundle, and records the verdict unless told not to.
pub fn run(context: &Context, args: &Verify) -> Result<Report, Refusal> {
    let mut registry = Registry::open(&args.registry)?;
    let bytes = files::read(&args.bundle, limits::BUNDLE_BYTES_MAX)?;
    let keys = KeyPolicy {
        allow_development: args.allow_development_keys,
    };
    let verdict = verify_bundle(&registry, &bytes, context.now, keys)?;
    let Some(key) = &args.key else {
        return Ok(Report::new(
            view(&verdict, "not recorded (--dry-run): the request stays open"),
            answer(&verdict, false),
        ));
    };
    let signer = context.secret_key(key)?.signer()?;
    let out = room(args.out.as_deref())?;
    let verdict = registry.record(&signer, verdict)?;
    fill(out, &verdict)?;
    Ok(Report::new(
        view(&verdict, "signed and recorded: the request is used up"),
        answer(&verdict, true),
    ))
}

fn answer(verdict: &Verdict, recorded: bool) -> serde_json::Value {
    json!({ "verdict": verdict, "recorded": recorded })
}

fn view(verdict: &Verdict, recorded: &str) -> String {
    let restated = match verdict.restated_or_shopped {
        0 => "no other version of these figures seen".into(),
        n => format!("{n} other version(s) of these figures accepted before"),
    };
    let floors: Vec<String> = verdict
        .statements()
        .into_iter()
        .map(|(_, floor)| floor.to_string())
        .collect();
    let mut text = fields(&[
        ("TIER", verdict.tier.to_string()),
        ("company", verdict.registry_id.to_string()),
        ("policy", ids::display(prefix::POLICY, &verdict.policy)),
        ("request", ids::display(prefix::REQUEST, &verdict.request)),
        (
            "period ended",
            format!("between {} and {}", verdict.ends_from, verdict.ends_to),
        ),
        ("as of", verdict.as_of.to_string()),
        ("assurance", format!("at least {}", floors.join(" and "))),
        (
            "attested by",
            format!("one of {} granted attestors", verdict.attestors.len()),
        ),
        ("restated", restated),
        (
            "proof",
            match verdict.further.len() {
                0 => format!("holds under {}", ids::display(prefix::KEY, &verdict.verifying_key)),
                n => format!(
                    "all {} hold under {}",
                    n + 1,
                    ids::display(prefix::KEY, &verdict.verifying_key)
                ),
            },
        ),
        ("figures", "none were disclosed".into()),
        ("decided", verdict.decided.to_string()),
        ("record", recorded.into()),
    ]);
    if verdict.development_key {
        text.push_str(
            "  WARNING: proven under a development key, which anybody can forge: this verdict shows nothing.\n",
        );
    }
    text
}
