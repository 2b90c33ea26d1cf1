//! `covenant-verifier key`: the log's registry of verifying keys, kept by the operator.

use std::path::Path;

use covenant_api::documents::{ContributionRecord, KeyManifest, KeyRetirement, RetirementCause};
use covenant_api::ids::{self, prefix};
use covenant_api::log::Shelf;
use covenant_api::refusals::MALFORMED_DOCUMENT;
use covenant_api::sign::{Signed, Signer, Verified};
use covenant_api::types::{Hex32, Text};
use covenant_api::{files, host, keys, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::Manifest;
use serde_json::{Value, json};

use super::args::{CauseName, KeyVerb};
use super::output::{Failure, Report, fields};
use crate::app::key_policy;
use crate::records::keys::{self as registry, Listed};
use crate::secrets::ServiceKey;
use crate::settings::Settings;
use crate::startup;

/// Keys that one listing shows; a registry of more is none that people keep.
const LISTED_MAX: usize = 10_000;

pub fn run(settings: &Settings, verb: KeyVerb) -> Result<Report, Failure> {
    match verb {
        KeyVerb::Sign { folder, out, .. } => sign(settings, &folder, &out).map_err(Failure::No),
        KeyVerb::Register {
            folder, manifest, out, ..
        } => register(settings, &folder, manifest.as_deref(), out.as_deref()),
        KeyVerb::Retire { key, cause, reason } => retire(settings, key, cause, reason),
        KeyVerb::List => list(settings),
    }
}

/// The key in a folder, and what there is to sign about it.
fn described(settings: &Settings, folder: &Path) -> Result<(Vec<u8>, KeyManifest), Refusal> {
    let (path, said) = (folder.join("verifying.bin"), folder.join("manifest.json"));
    let bytes = files::read(&path, limits::VERIFYING_KEY_BYTES_MAX)?;
    let key = keys::open(&bytes, key_policy(settings)).map_err(|refusal| refusal.at(path.display()))?;
    let manifest: Manifest = serde_json::from_slice(&files::read(&said, limits::DOCUMENT_BYTES_MAX)?)
        .map_err(|error| Refusal::new(&MALFORMED_DOCUMENT, error.to_string()).at(said.display()))?;
    let manifest = keys::describe(&key, manifest.ceremony.as_ref(), host::now()?)?;
    Ok((bytes, manifest))
}

fn operator(settings: &Settings) -> Result<Signer, Refusal> {
    ServiceKey::open(&startup::expect_key(settings)?)?.operator()
}

fn sign(settings: &Settings, folder: &Path, out: &Path) -> Result<Report, Refusal> {
    let (_, manifest) = described(settings, folder)?;
    let signed = operator(settings)?.sign(manifest)?;
    files::create_new(out, &signed.to_json()?)?;
    let mut lines = about(&signed);
    lines.push(("written to", out.display().to_string()));
    Ok(Report::new(
        with_warning(fields(&lines), &signed),
        json!({ "manifest": signed.document(), "id": signed.id(), "signer": signed.signer() }),
    ))
}

fn register(settings: &Settings, folder: &Path, signed: Option<&Path>, out: Option<&Path>) -> Result<Report, Failure> {
    let (bytes, manifest) = described(settings, folder).map_err(Failure::No)?;
    let operator = operator(settings)?;
    let manifest = match signed {
        None => operator.sign(manifest)?,
        Some(path) => {
            let signed = Signed::<KeyManifest>::from_json(&files::read(path, limits::DOCUMENT_BYTES_MAX)?);
            signed
                .and_then(|signed| signed.verify(&operator.public()))
                .map_err(Failure::No)?
        }
    };
    let opened = startup::open(settings)?;
    let index = registry::register(settings, &opened, &manifest, bytes).map_err(Failure::No)?;
    if let Some(out) = out {
        files::replace(out, &manifest.to_json()?)?;
    }
    let mut lines = vec![("registered", format!("entry {index}: active from there on"))];
    lines.extend(about(&manifest));
    Ok(Report::new(
        with_warning(fields(&lines), &manifest),
        json!({ "index": index, "manifest": manifest.document(), "id": manifest.id() }),
    ))
}

fn retire(settings: &Settings, key: Hex32, cause: CauseName, reason: Text) -> Result<Report, Failure> {
    let opened = startup::open(settings)?;
    let retirement = KeyRetirement {
        verifying_key: key,
        cause: cause.into(),
        reason,
        retired: host::now()?,
    };
    let index = registry::retire(settings, &opened, retirement.clone()).map_err(Failure::No)?;
    let lines = [
        ("retired", ids::display(prefix::KEY, &key)),
        ("entry", index.to_string()),
        ("cause", retirement.cause.name().to_owned()),
        (
            "open requests",
            match retirement.cause {
                RetirementCause::Superseded => "can still be answered".to_owned(),
                RetirementCause::Compromised => "can be answered no longer".to_owned(),
            },
        ),
    ];
    Ok(Report::new(
        fields(&lines),
        json!({ "index": index, "retirement": retirement }),
    ))
}

fn list(settings: &Settings) -> Result<Report, Failure> {
    let opened = startup::open(settings)?;
    let shelf = Shelf::new(key_policy(settings));
    let (listed, _) = registry::list(&opened.ledger, &shelf, None, LISTED_MAX)?;
    let text = if listed.is_empty() {
        "No key is registered: `covenant-verifier key register`.".to_owned()
    } else {
        let each = listed.iter().map(|listed| {
            let mut lines = about(listed.manifest());
            lines.push(("active", period(listed)));
            fields(&lines)
        });
        each.collect::<Vec<_>>().join("\n")
    };
    let keys: Vec<Value> = listed.iter().map(to_json).collect();
    Ok(Report::new(text, json!({ "keys": keys })))
}

fn period(listed: &Listed) -> String {
    let from = listed.key.from;
    match &listed.retired {
        None => format!("from entry {from}"),
        Some(end) => format!("from entry {from} to entry {}: {}", end.index, end.cause.name()),
    }
}

fn to_json(listed: &Listed) -> Value {
    json!({
        "id": listed.manifest().verifying_key, "manifest": listed.manifest().document(),
        "active_from": listed.key.from, "retired_at": listed.retired.map(|end| end.index),
        "cause": listed.retired.map(|end| end.cause),
    })
}

/// A manifest for people.
fn about(manifest: &Verified<KeyManifest>) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("key", ids::display(prefix::KEY, &manifest.verifying_key)),
        ("key id", manifest.verifying_key.to_string()),
        ("statement", manifest.statement.to_string()),
        ("setup", manifest.setup().to_owned()),
    ];
    if manifest.ceremony.is_some() {
        lines.push((
            "powers of tau by",
            ContributionRecord::makers(manifest.powers_contributions()),
        ));
        lines.push(("key by", ContributionRecord::makers(manifest.contributions())));
    }
    lines
}

fn with_warning(mut text: String, manifest: &KeyManifest) -> String {
    if manifest.development {
        text.push_str("WARNING: a development key. Anybody can forge proofs under it: demonstrations only.\n");
    }
    text
}
