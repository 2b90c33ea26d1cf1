//! `covenant keys export`: a key in the forms of snarkjs and rapidsnark.

use std::path::Path;

use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::{Policy, Request};
use covenant_api::exchange::prepared_key;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use covenant_api::{files, ids, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::foreign::ForeignKey;
use covenant_proofs::formats::{FormatError, r1cs, zkey::Zkey};
use covenant_proofs::keys::ProvingKey;
use serde_json::json;

use crate::args::Export;
use crate::context::Context;
use crate::keystore::{key_refusal, open, store};
use crate::output::{Report, Table};
use crate::progress::Progress;
use crate::refusals::{AMBIGUOUS_KEY, NOTHING_TO_EXPORT, proof_entry};

/// Writes what was asked for; each file must not be there yet.
pub(super) fn export(context: &Context, args: &Export, keys: Option<&Path>) -> Result<Report, Refusal> {
    let wanted = [&args.zkey, &args.r1cs, &args.verification_key, &args.prepared];
    if wanted.iter().all(|path| path.is_none()) {
        return Err(Refusal::new(&NOTHING_TO_EXPORT, "no file was named"));
    }
    let progress = Progress::spinner("opening the key");
    let key = named(context, args, keys)?;
    let mut written: Vec<(&str, &Path, usize)> = Vec::new();
    if let Some(path) = &args.zkey {
        progress.say("writing the proving key");
        let bytes = Zkey::of(&key).write(Vec::new()).map_err(|e| refused(&e))?;
        written.push(("proving key", path, put(path, &bytes)?));
    }
    if let Some(path) = &args.r1cs {
        let mut bytes = Vec::new();
        r1cs::write(&mut bytes, key.matrices()).map_err(|e| refused(&e))?;
        written.push(("circuit", path, put(path, &bytes)?));
    }
    if let Some(path) = &args.verification_key {
        let bytes = ForeignKey::from(key.verifying()).to_json().map_err(|e| refused(&e))?;
        written.push(("verifying key", path, put(path, &bytes)?));
    }
    if let (Some(path), Some(policy), Some(request), Some(tier)) =
        (&args.prepared, &args.policy, &args.request, &args.tier)
    {
        let request: Signed<Request> = Signed::from_json(&files::read(request, limits::DOCUMENT_BYTES_MAX)?)?;
        let policy: Signed<Policy> = Signed::from_json(&files::read(policy, limits::POLICY_DOCUMENT_BYTES_MAX)?)?;
        // Whoever the bank is: policy and request must be signed by the same one.
        let signer = policy.claimed_signer();
        let (policy, request) = (CheckedPolicy::check(policy.verify(&signer)?)?, request.verify(&signer)?);
        let bytes = prepared_key(key.verifying(), &policy, &request, tier, args.proof)?;
        written.push(("verifying key for this policy and tier", path, put(path, &bytes)?));
    }
    drop(progress);
    Ok(report(&key, &written))
}

fn report(key: &ProvingKey, written: &[(&str, &Path, usize)]) -> Report {
    let id = ids::display(ids::prefix::KEY, &Hex32(key.id().0));
    let development = key.verifying().origin().is_development();
    let rows = written
        .iter()
        .map(|(what, path, bytes)| json!({ "what": what, "file": path, "bytes": bytes }));
    let mut report = Report::new(json!({ "key": id, "development": development, "files": rows.collect::<Vec<_>>() }));
    report.good(format!("{id} is written in the forms of snarkjs."));
    let mut table = Table::new(&["file", "what", ">bytes"]);
    for (what, path, bytes) in written {
        table.row([path.display().to_string(), (*what).to_owned(), bytes.to_string()]);
    }
    report.table(table);
    if written.iter().any(|(what, ..)| *what == "proving key") {
        report.line(
            "The proving key has no transcript: it serves to prove. A ceremony is checked on the file that the ceremony ended in.",
        );
    }
    if development {
        report.warning("A development key: anybody can forge under it. Nothing may rely on it.");
    }
    report
}

/// The key that is meant.
fn named(context: &Context, args: &Export, keys: Option<&Path>) -> Result<ProvingKey, Refusal> {
    let (store, folder) = store(context, keys)?;
    let held = store.list().map_err(|e| key_refusal(&e))?;
    let start = args.key.as_deref().unwrap_or_default();
    let start = start.strip_prefix("key_").unwrap_or(start);
    let fitting: Vec<Hex32> = held
        .iter()
        .filter_map(|manifest| Some(Hex32(manifest.key_id()?.0)))
        .filter(|id| id.to_string().starts_with(start) || ids::display(ids::prefix::KEY, id)[4..].starts_with(start))
        .collect();
    match fitting.as_slice() {
        [id] => open(&store, id, args.allow_development_keys),
        [] => Err(Refusal::new(proof_entry("key-not-found"), "no such key").at(folder.display())),
        several => Err(Refusal::new(&AMBIGUOUS_KEY, format!("{} keys fit", several.len())).at(folder.display())),
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<usize, Refusal> {
    files::create_new(path, bytes)?;
    Ok(bytes.len())
}

fn refused(error: &FormatError) -> Refusal {
    Refusal::new(proof_entry(error.code()), error.to_string())
}
