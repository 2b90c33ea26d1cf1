//! `covenant-bank policy`: signs a policy, or says in plain language what one demands.

use std::path::Path;

use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::Policy;
use covenant_api::files::Room;
use covenant_api::ids::{self, prefix};
use covenant_api::sign::Signed;
use covenant_api::{files, limits};
use covenant_policy::Compiled;
use covenant_policy::policy::source;
use covenant_policy::refusal::Refusal;
use covenant_policy::render::render;
use serde_json::json;

use crate::args::Office;
use crate::output::{Report, fields};
use crate::plan::Context;

/// `policy sign`.
pub fn sign(context: &Context, file: &Path, out: &Path, office: &Office) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(office)?;
    let text = text(file, files::read(file, limits::POLICY_SOURCE_BYTES_MAX)?)?;
    let room = Room::to_replace(out, limits::POLICY_DOCUMENT_BYTES_MAX)?;
    let policy = registry
        .sign_policy(&signer, &text)
        .map_err(|r| r.in_file(&file.display()))?;
    room.fill(&policy.document().to_json()?)?;
    let tiers: Vec<_> = policy.program().tiers.iter().map(|t| t.name.clone()).collect();
    let lines = [
        ("policy", ids::display(prefix::POLICY, &policy.id())),
        ("id", policy.id().to_string()),
        ("tiers", tiers.join(", ")),
        ("written to", out.display().to_string()),
    ];
    Ok(Report::new(
        fields(&lines),
        json!({ "policy": policy.id(), "tiers": tiers }),
    ))
}

/// `policy show`: of a signed policy, or of a source text that nobody has signed yet.
pub fn show(file: &Path) -> Result<Report, Refusal> {
    let bytes = files::read(file, limits::POLICY_DOCUMENT_BYTES_MAX)?;
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
        let signed: Signed<Policy> = Signed::from_json(&bytes)?;
        let signer = signed.claimed_signer();
        let policy = CheckedPolicy::check(signed.verify(&signer)?)?;
        let head = fields(&[
            ("policy", ids::display(prefix::POLICY, &policy.id())),
            ("signed by", ids::display(prefix::BANK, &signer)),
        ]);
        let words = policy.plain_language()?.to_string();
        let json = json!({ "policy": policy.id(), "signer": signer, "text": words });
        return Ok(Report::new(format!("{head}\n{words}"), json));
    }
    let compiled = covenant_policy::compile(&text(file, bytes)?).map_err(|r| r.in_file(&file.display()))?;
    let words = render(&compiled.canonical_bytes)?.to_string();
    Ok(Report::new(
        format!("  not signed\n\n{words}"),
        json!({ "text": words }),
    ))
}

/// A policy, signed or not, compiled.
pub fn compiled_of(file: &Path) -> Result<Compiled, Refusal> {
    let bytes = files::read(file, limits::POLICY_DOCUMENT_BYTES_MAX)?;
    let at = |r: Refusal| r.in_file(&file.display());
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
        let signed: Signed<Policy> = Signed::from_json(&bytes).map_err(at)?;
        let signer = signed.claimed_signer();
        let checked = signed.verify(&signer).and_then(CheckedPolicy::check).map_err(at)?;
        return Ok(checked.compiled().clone());
    }
    covenant_policy::compile(&text(file, bytes)?).map_err(at)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Refusal> {
    source::text(&bytes)
        .map(str::to_owned)
        .map_err(|r| r.in_file(&path.display()))
}
