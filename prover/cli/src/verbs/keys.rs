//! `covenant keys`: makes development keys, lists what is there, and writes it in the forms of other programs.

mod export;

use std::time::Instant;

use covenant_api::ids;
use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::{KeyError, Manifest, SetupStage, development_with_progress};
use covenant_proofs::shape::Shape;
use covenant_proofs::statement::Statement as _;
use covenant_statements::compliance::Compliance;
use serde_json::{Value, json};

use crate::args::{Keys, KeysVerb};
use crate::context::Context;
use crate::keystore::{DEVELOPMENT_SEED, key_refusal, store};
use crate::output::{Report, Table};
use crate::progress::Progress;

pub(super) fn run(context: &Context, args: &Keys) -> Result<Report, Refusal> {
    match &args.verb {
        None | Some(KeysVerb::List) => list(context, args),
        Some(KeysVerb::Make { .. }) => make(context, args),
        Some(KeysVerb::Export(what)) => export::export(context, what, args.keys.as_deref()),
    }
}

/// A key's id as people see it.
fn display(manifest: &Manifest) -> String {
    manifest.key_id().map_or_else(
        || manifest.key.clone(),
        |id| ids::display(ids::prefix::KEY, &Hex32(id.0)),
    )
}

fn manifest_json(manifest: &Manifest) -> Value {
    json!({
        "key": manifest.key, "id": display(manifest), "statement": manifest.statement, "rows": manifest.rows,
        "domain": manifest.domain, "public_inputs": manifest.public_inputs, "development": manifest.development,
        "proving_bytes": manifest.proving_bytes,
    })
}

fn list(context: &Context, args: &Keys) -> Result<Report, Refusal> {
    let (store, folder) = store(context, args.keys.as_deref())?;
    let manifests = store.list().map_err(|e| key_refusal(&e))?;
    let keys: Vec<Value> = manifests.iter().map(manifest_json).collect();
    let mut report = Report::new(json!({ "folder": folder, "keys": keys }));
    if manifests.is_empty() {
        report.line(format!(
            "No keys in {}: `covenant keys make --development`.",
            folder.display()
        ));
        return Ok(report);
    }
    let mut table = Table::new(&["key", "statement", ">rows", ">public inputs", ">MB", "origin"]);
    for manifest in &manifests {
        table.row([
            display(manifest),
            manifest.statement.clone(),
            manifest.rows.to_string(),
            manifest.public_inputs.to_string(),
            manifest.proving_bytes.div_ceil(1_000_000).to_string(),
            if manifest.development {
                "development: anybody can forge"
            } else {
                "ceremony"
            }
            .to_owned(),
        ]);
    }
    report.table(table);
    Ok(report)
}

fn make(context: &Context, args: &Keys) -> Result<Report, Refusal> {
    let (store, folder) = store(context, args.keys.as_deref())?;
    let held = store.list_of::<Compliance>().map_err(|e| key_refusal(&e))?;
    if let Some(manifest) = held.iter().find(|m| m.seed.as_deref() == Some(DEVELOPMENT_SEED)) {
        // The same seed gives the same key; whether the file is whole is found out when it is opened. Another version of
        // the circuit has another hash, and its key is made beside the old one.
        let shape = Shape::of::<Compliance>().map_err(|e| key_refusal(&KeyError::Synthesis(e)))?;
        if manifest.matrices_sha256 == Hex32(shape.matrices).to_string() {
            return Ok(made(manifest, &folder, None));
        }
    }
    let started = Instant::now();
    let progress = Progress::steps("making keys", SetupStage::Done as u64);
    let key = development_with_progress::<Compliance>(DEVELOPMENT_SEED, &mut |stage| {
        progress.at(stage as u64);
        progress.say(match stage {
            SetupStage::Circuit => "building the circuit",
            SetupStage::Polynomials => "evaluating polynomials",
            SetupStage::PointsG1 => "multiplying points of G1",
            SetupStage::PointsG2 => "multiplying points of G2",
            SetupStage::Done => "done",
        });
    })
    .map_err(|e| key_refusal(&e))?;
    let manifest = store.save(&key).map_err(|e| key_refusal(&e))?;
    drop(progress);
    Ok(made(&manifest, &folder, Some(started.elapsed().as_millis())))
}

fn made(manifest: &Manifest, folder: &std::path::Path, milliseconds: Option<u128>) -> Report {
    let mut report = Report::new(json!({
        "folder": folder, "key": manifest_json(manifest), "made": milliseconds.is_some(),
    }));
    match milliseconds {
        Some(ms) => report.good(format!("Made {} in {ms} ms.", display(manifest))),
        None => report.good(format!("{} is here already.", display(manifest))),
    }
    report.fields([
        ("statement", Compliance::ID.to_owned()),
        ("key id", manifest.key.clone()),
        ("rows", manifest.rows.to_string()),
        ("folder", folder.join(&manifest.key).display().to_string()),
    ]);
    report.warning(
        "A development key: its secrets are public, so anybody can forge proofs under it. Nothing may rely on it.",
    );
    report
}
