//! `covenant-bank export`: a stored proof in the forms of snarkjs, for whoever wants to check it with another program.

use covenant_api::documents::Bundle;
use covenant_api::exchange::{PREPARED, bundle_files};
use covenant_api::refusals::FILE_EXISTS;
use covenant_api::registry::Registry;
use covenant_api::sign::Signed;
use covenant_api::{files, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use serde_json::json;

use crate::args::Export;
use crate::output::{Report, table};

/// Writes a bundle's proofs, their public inputs and the key, and says how to check them.
pub fn run(args: &Export) -> Result<Report, Refusal> {
    if args.out.exists() {
        return Err(Refusal::new(&FILE_EXISTS, "the folder exists").at(args.out.display()));
    }
    let registry = Registry::open(&args.registry)?;
    let signed: Signed<Bundle> = Signed::from_json(&files::read(&args.bundle, limits::BUNDLE_BYTES_MAX)?)?;
    let keys = KeyPolicy {
        allow_development: args.allow_development_keys,
    };
    let key = registry.verifying_key(&signed.unverified().verifying_key, keys)?;
    let written = bundle_files(&registry, &key, &signed)?;
    for (path, bytes) in &written {
        let path = args.out.join(path);
        if let Some(folder) = path.parent() {
            files::create_directory(folder)?;
        }
        files::create_new(&path, bytes)?;
    }
    let rows = written
        .iter()
        .map(|(path, bytes)| vec![path.display().to_string(), bytes.len().to_string()]);
    let mut text = table(&["file", "bytes"], rows);
    text.push_str(&format!(
        "\nThe proof holds by this program. With another one, in {}:\n  snarkjs groth16 verify verification_key.json public.json proof.json\n\
         With the policy folded into the key, in {}, the same command.\n",
        args.out.display(),
        args.out.join(PREPARED).display(),
    ));
    if key.origin().is_development() {
        text.push_str("WARNING: a development key, under which anybody can forge: the proof shows nothing.\n");
    }
    let names: Vec<_> = written.iter().map(|(path, _)| path).collect();
    Ok(Report::new(
        text,
        json!({ "folder": args.out, "files": names, "development_key": key.origin().is_development() }),
    ))
}
