//! What an auditor relies on, obtained elsewhere than from the log's operator.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::refusals::MALFORMED_DOCUMENT;
use crate::types::{Hex32, Text};

/// An auditor's root of trust. An operator could make up a whole log that holds together; it cannot make up these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The key that the log's checkpoints verify under (C2SP signed-note), which holds its origin.
    pub log_key: Text,
    /// The operator's Ed25519 key.
    pub operator: Hex32,
    /// Ids of the verifying keys whose ceremonies were examined.
    pub verifying_keys: Vec<Hex32>,
    /// Manifests of keys that were examined: where the log's registry holds one of these keys, it holds it by this very manifest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<TrustedManifest>,
    /// The first keys of the participants.
    pub participants: Vec<Hex32>,
}

/// A manifest by its id, and the key that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedManifest {
    /// The verifying key's id.
    pub verifying_key: Hex32,
    /// The signed manifest's id.
    pub manifest: Hex32,
}

impl Document for Trust {
    const TYPE: &'static str = "trust";

    fn validate(&self) -> Result<(), Refusal> {
        if !self.manifests.is_sorted_by(|a, b| a.verifying_key < b.verifying_key) {
            return Err(Refusal::new(&MALFORMED_DOCUMENT, "keys twice, or out of order")
                .at("trust: manifests")
                .expected("ascending keys, each once"));
        }
        for (field, list) in [
            ("verifying_keys", &self.verifying_keys),
            ("participants", &self.participants),
        ] {
            if !list.is_sorted_by(|a, b| a < b) {
                return Err(Refusal::new(&MALFORMED_DOCUMENT, "ids twice, or out of order")
                    .at(format!("trust: {field}"))
                    .expected("ascending ids, each once"));
            }
        }
        Ok(())
    }
}
