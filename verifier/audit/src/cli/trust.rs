//! Writing a trust file.

use std::path::Path;

use covenant_api::document::{Document as _, from_json, to_json};
use covenant_api::documents::{KeyManifest, Trust, TrustedManifest};
use covenant_api::files;
use covenant_api::refusals::MALFORMED_DOCUMENT;
use covenant_api::sign::{Signed, verifying_key};
use covenant_api::types::{Hex32, Text};
use covenant_audit::audit::Anchor;
use covenant_policy::refusal::Refusal;
use serde_json::Value;

use super::args::TrustArgs;
use super::output::{Fail, Said};

/// Writes what is to be trusted, once every key is one.
pub fn write(asked: &TrustArgs) -> Result<Said, Fail> {
    let trust = trust(asked).map_err(Fail::Refused)?;
    let bytes = to_json(&trust).map_err(Fail::Refused)?;
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = match &asked.out {
        None => String::from_utf8_lossy(&bytes).into_owned(),
        Some(path) => {
            files::create_new(path, &bytes).map_err(Fail::Fault)?;
            format!("The trust file is in {}.", path.display())
        }
    };
    Ok(Said {
        text,
        json,
        passed: true,
    })
}

fn trust(asked: &TrustArgs) -> Result<Trust, Refusal> {
    let log_key = Text::parse(&asked.log_key).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e).at("--log-key"))?;
    verifying_key(&asked.operator).map_err(|refusal| refusal.at("--operator"))?;
    for key in &asked.participants {
        verifying_key(key).map_err(|refusal| refusal.at("--participant"))?;
    }
    let manifests = asked.manifests.iter().map(|path| manifest(path));
    let mut manifests = manifests.collect::<Result<Vec<_>, _>>()?;
    manifests.sort_unstable();
    manifests.dedup();
    let vouched = manifests.iter().map(|pinned| pinned.verifying_key);
    let trust = Trust {
        log_key,
        operator: asked.operator,
        verifying_keys: ascending(&asked.verifying_keys.iter().copied().chain(vouched).collect::<Vec<_>>()),
        manifests,
        participants: ascending(&asked.participants),
    };
    Anchor::new(trust.clone())?;
    // What is written can be read.
    from_json::<Trust>(&to_json(&trust)?)
}

/// The manifest in a file, whole under the key that it names. Whose key that is, whoever writes the trust file knows.
fn manifest(path: &Path) -> Result<TrustedManifest, Refusal> {
    let signed: Signed<KeyManifest> = Signed::from_json(&files::read(path, KeyManifest::BYTES_MAX)?)?;
    let signer = signed.claimed_signer();
    let manifest = signed.verify(&signer).map_err(|refusal| refusal.at(path.display()))?;
    Ok(TrustedManifest {
        verifying_key: manifest.verifying_key,
        manifest: manifest.id(),
    })
}

fn ascending(keys: &[Hex32]) -> Vec<Hex32> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys
}
