//! Writing a trust file.

use covenant_api::document::{from_json, to_json};
use covenant_api::documents::Trust;
use covenant_api::files;
use covenant_api::refusals::MALFORMED_DOCUMENT;
use covenant_api::sign::verifying_key;
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
    let trust = Trust {
        log_key,
        operator: asked.operator,
        verifying_keys: ascending(&asked.verifying_keys),
        participants: ascending(&asked.participants),
    };
    Anchor::new(trust.clone())?;
    // What is written can be read.
    from_json::<Trust>(&to_json(&trust)?)
}

fn ascending(keys: &[Hex32]) -> Vec<Hex32> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys
}
