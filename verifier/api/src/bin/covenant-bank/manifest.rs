//! `covenant-bank manifest`: signs for a verifying key, and checks what somebody signed, against the key and its ceremony.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use covenant_api::documents::{KeyManifest, RetirementCause};
use covenant_api::files::Room;
use covenant_api::ids::{self, prefix};
use covenant_api::refusals::{FILE_UNREADABLE, MALFORMED_DOCUMENT, PROOFS, UNLISTED_KEY};
use covenant_api::sign::{Signed, Verified};
use covenant_api::types::{Hex32, Text};
use covenant_api::{files, host, keys, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::ceremony::{CeremonyError, Finished, finish};
use covenant_proofs::formats::ptau::Ptau;
use covenant_proofs::formats::zkey::Zkey;
use covenant_proofs::keys::provenance::blake2b;
use covenant_proofs::keys::{self as proving, KeyPolicy, VerifyingKey};
use covenant_statements::compliance::Compliance;
use indicatif::ProgressBar;
use serde_json::json;

use crate::args::{Ceremony, CheckManifest, Manifest, Office, SignManifest};
use crate::output::{Report, fields};
use crate::plan::Context;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(200);

/// Signs, or checks.
pub fn run(context: &Context, verb: Manifest) -> Result<Report, Refusal> {
    match verb {
        Manifest::Sign(args) => sign(context, &args),
        Manifest::Check(args) => check(&args),
    }
}

fn sign(context: &Context, args: &SignManifest) -> Result<Report, Refusal> {
    let policy = KeyPolicy {
        allow_development: args.allow_development_keys,
    };
    let (path, json) = (args.folder.join("verifying.bin"), args.folder.join("manifest.json"));
    let key = verifying_key(&path, policy)?;
    let said: proving::Manifest = serde_json::from_slice(&files::read(&json, limits::DOCUMENT_BYTES_MAX)?)
        .map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e.to_string()).at(json.display()))?;
    let manifest = keys::describe(&key, said.ceremony.as_ref(), context.now)?;
    let checked = ceremony(&manifest, &args.ceremony)?;
    let signer = context.secret_key(&args.key)?.signer()?;
    let out = Room::to_replace(&args.out, limits::DOCUMENT_BYTES_MAX)?;
    let signed = signer.sign(manifest)?;
    out.fill(&signed.to_json()?)?;
    let mut text = about(&signed);
    text.push_str(&fields(&[
        ("checked", said_of(true, checked).to_owned()),
        ("written to", args.out.display().to_string()),
    ]));
    if !checked && !signed.development {
        text.push_str(
            "  Nobody checked the ceremony here. Whoever trusts your signature relies on your having done so: --transcript, --powers.\n",
        );
    }
    warn(&mut text, &signed);
    Ok(Report::new(text, answer(&signed, true, checked)))
}

fn check(args: &CheckManifest) -> Result<Report, Refusal> {
    let bytes = files::read(&args.manifest, limits::DOCUMENT_BYTES_MAX)?;
    let manifest: Signed<KeyManifest> = Signed::from_json(&bytes)?;
    let signer = args.signer.unwrap_or_else(|| manifest.claimed_signer());
    let manifest = manifest.verify(&signer)?;
    let policy = KeyPolicy {
        allow_development: args.allow_development_keys,
    };
    if manifest.development && !policy.allow_development {
        let entry = PROOFS.iter().find(|entry| entry.code == "development-key");
        return Err(Refusal::new(
            entry.unwrap_or(&UNLISTED_KEY),
            format!("key {}", manifest.verifying_key),
        ));
    }
    let with_key = args.verifying_key.is_some();
    if let Some(path) = &args.verifying_key {
        keys::expect_described(&manifest, &verifying_key(path, policy)?)?;
    }
    let with_ceremony = ceremony(&manifest, &args.ceremony)?;
    let mut text = about(&manifest);
    text.push_str(&fields(&[
        ("signature", "holds".into()),
        ("checked", said_of(with_key, with_ceremony).to_owned()),
    ]));
    if args.signer.is_none() {
        text.push_str(
            "  Whose key the signer's is, you know better: nothing here says it. Compare it, or give --signer.\n",
        );
    }
    warn(&mut text, &manifest);
    Ok(Report::new(text, answer(&manifest, with_key, with_ceremony)))
}

/// What the manifest was compared with.
fn said_of(key: bool, ceremony: bool) -> &'static str {
    match (key, ceremony) {
        (_, true) => "the key, and its ceremony from the circuit and the powers of tau to the last contribution",
        (true, false) => "the key file; the ceremony was not checked here",
        (false, false) => "the signature alone: no key file and no ceremony was given",
    }
}

fn warn(text: &mut String, manifest: &KeyManifest) {
    if manifest.development {
        text.push_str("  WARNING: a development key. Anybody can forge proofs under it: demonstrations only.\n");
    }
}

/// A manifest for people.
fn about(manifest: &Verified<KeyManifest>) -> String {
    let mut lines = vec![
        ("key", ids::display(prefix::KEY, &manifest.verifying_key)),
        ("key id", manifest.verifying_key.to_string()),
        ("statement", manifest.statement.to_string()),
        ("circuit", manifest.circuit.to_string()),
        ("setup", manifest.setup().to_owned()),
    ];
    if let Some(ceremony) = &manifest.ceremony {
        lines.push(("powers of tau", ceremony.powers.to_string()));
        lines.push(("transcript", ceremony.transcript.to_string()));
    }
    lines.push(("signed by", manifest.signer().to_string()));
    lines.push(("signed", manifest.signed.to_string()));
    let mut text = fields(&lines);
    let phases = [
        ("contribution to the powers of tau", manifest.powers_contributions()),
        ("contribution to the key", manifest.contributions()),
    ];
    for (what, contributions) in phases {
        for (number, contribution) in (1..).zip(contributions) {
            let (who, hash) = (contribution.who(), contribution.hash);
            text.push_str(&format!("  {what} {number}: {who}\n    {hash}\n"));
        }
    }
    text
}

fn answer(manifest: &Verified<KeyManifest>, key: bool, ceremony: bool) -> serde_json::Value {
    json!({
        "manifest": manifest.document(), "id": manifest.id(), "signer": manifest.signer(),
        "checked": { "verifying_key": key || ceremony, "ceremony": ceremony },
    })
}

fn verifying_key(path: &Path, policy: KeyPolicy) -> Result<VerifyingKey, Refusal> {
    let bytes = files::read(path, limits::VERIFYING_KEY_BYTES_MAX)?;
    keys::open(&bytes, policy).map_err(|refusal| refusal.at(path.display()))
}

/// Verifies the ceremony whose files were given, if they were, and compares.
fn ceremony(manifest: &KeyManifest, files: &Ceremony) -> Result<bool, Refusal> {
    let (Some(transcript), Some(powers)) = (&files.transcript, &files.powers) else {
        return Ok(false);
    };
    let spinner = ProgressBar::new_spinner().with_message("reading the ceremony's last key");
    spinner.enable_steady_tick(TICK);
    let hash = blake2b(open(powers)?).map_err(|e| unreadable(powers, &e))?;
    let key = Zkey::read(open(transcript)?).map_err(|e| broken(&e.into(), transcript))?;
    let mut powers = Ptau::open(open(powers)?).map_err(|e| broken(&e.into(), powers))?;
    spinner.set_message("checking the powers of tau, the first key and every contribution");
    let finished: Finished =
        finish::<Compliance>(key, &mut powers, &mut host::rng()?).map_err(|e| broken(&e, transcript))?;
    spinner.finish_and_clear();
    keys::expect_ceremony(manifest, &finished, hash)?;
    Ok(true)
}

fn open(path: &Path) -> Result<BufReader<File>, Refusal> {
    File::open(path).map(BufReader::new).map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display())
}

fn broken(error: &CeremonyError, path: &Path) -> Refusal {
    let entry = PROOFS.iter().find(|entry| entry.code == error.code());
    Refusal::new(entry.unwrap_or(&MALFORMED_DOCUMENT), error.to_string()).at(path.display())
}

/// `registry retire`.
pub fn retire(
    context: &Context,
    named: Option<&str>,
    cause: RetirementCause,
    reason: Text,
    out: Option<&Path>,
    office: &Office,
) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(office)?;
    let known: Vec<Hex32> = registry.keys().map(|key| key.verifying_key).collect();
    let id = crate::bank::pick("KEY", prefix::KEY, named, known.into_iter())?;
    let out = crate::bank::room(out)?;
    let retirement = registry.retire_key(&signer, &id, cause, reason, context.now)?;
    crate::bank::fill(out, &retirement)?;
    let open = match cause {
        RetirementCause::Superseded => "can still be answered",
        RetirementCause::Compromised => "can be answered no longer; look again at what was judged under it",
    };
    let lines = [
        ("retired", ids::display(prefix::KEY, &id)),
        ("cause", cause.name().to_owned()),
        ("reason", retirement.reason.to_string()),
        ("open requests", open.to_owned()),
    ];
    Ok(Report::new(fields(&lines), json!({ "retired": retirement.document() })))
}
