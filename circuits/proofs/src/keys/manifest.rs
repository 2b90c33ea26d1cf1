//! What a key's folder says about it, for people and programs that list keys without opening them.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::verifying::Origin;
use super::{KeyId, Provenance, ProvingKey, hash_from_hex};

const TYPE: &str = "key-manifest";
const VERSION: u32 = 1;

/// `manifest.json` of a key. Unknown fields are refused. All but sizes and tool is repeated from inside the key, and
/// compared when the key is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always "key-manifest".
    #[serde(rename = "type")]
    pub kind: String,
    /// Always 1.
    pub version: u32,
    /// [`crate::statement::Statement::ID`].
    pub statement: String,
    /// The key id, 64 hexadecimal digits.
    pub key: String,
    /// Hash of the matrices, 64 hexadecimal digits.
    pub matrices_sha256: String,
    /// Rows (constraints).
    pub rows: usize,
    /// Private wires.
    pub witnesses: usize,
    /// Size of the evaluation domain.
    pub domain: usize,
    /// Public inputs, the constant one left out.
    pub public_inputs: usize,
    /// Made from a seed: anyone can forge under it.
    pub development: bool,
    /// The seed of a development key.
    pub seed: Option<String>,
    /// BLAKE2b-512 of a ceremony's transcript, 128 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// What the ceremony left behind; of a development key only where it comes from a rehearsed ceremony.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceremony: Option<Provenance>,
    /// SHA-256 of `proving.bin`, 64 hexadecimal digits.
    pub proving_sha256: String,
    /// Bytes of `proving.bin`.
    pub proving_bytes: u64,
    /// The program that made the key.
    pub tool: String,
}

impl Manifest {
    pub(super) fn of(key: &ProvingKey, proving: &[u8]) -> Self {
        let verifying = key.verifying();
        let (seed, transcript) = of_origin(verifying.origin());
        Self {
            kind: TYPE.to_owned(),
            version: VERSION,
            statement: verifying.statement().to_owned(),
            key: key.id().to_string(),
            matrices_sha256: HEXLOWER.encode(&verifying.matrices_hash()),
            rows: key.matrices().rows(),
            witnesses: key.matrices().witnesses(),
            domain: key.queries.h.len(),
            public_inputs: verifying.inputs(),
            development: verifying.origin().is_development(),
            seed,
            transcript,
            ceremony: None,
            proving_sha256: HEXLOWER.encode(&Sha256::digest(proving)),
            proving_bytes: proving.len() as u64,
            tool: concat!("covenant ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The key's id; `None` where it is not 64 hexadecimal digits.
    pub fn key_id(&self) -> Option<KeyId> {
        hash_from_hex(&self.key).map(KeyId)
    }

    /// Reads a manifest; on failure says what was expected.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text).map_err(|e| e.to_string())?;
        if manifest.kind != TYPE || manifest.version != VERSION {
            return Err(format!(
                "expected type {TYPE} and version {VERSION}, found {} {}",
                manifest.kind, manifest.version
            ));
        }
        Ok(manifest)
    }

    /// Pretty JSON with a final newline.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, String> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| e.to_string())?;
        text.push(b'\n');
        Ok(text)
    }

    /// The first fact in which the manifest contradicts the key, or `None`.
    pub(super) fn contradiction(&self, id: KeyId, verifying: &super::VerifyingKey) -> Option<&'static str> {
        let (seed, transcript) = of_origin(verifying.origin());
        let facts = [
            ("key", self.key == id.to_string()),
            ("statement", self.statement == verifying.statement()),
            (
                "matrices_sha256",
                self.matrices_sha256 == HEXLOWER.encode(&verifying.matrices_hash()),
            ),
            ("public_inputs", self.public_inputs == verifying.inputs()),
            ("development", self.development == verifying.origin().is_development()),
            ("seed", self.seed == seed),
            ("transcript", self.transcript == transcript),
            (
                "ceremony",
                self.ceremony.as_ref().is_none_or(|c| is_of(c, verifying.origin())),
            ),
        ];
        facts.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
    }
}

/// Whether a ceremony ended in a key of this origin. A rehearsal's seed names its transcript.
fn is_of(ceremony: &Provenance, origin: &Origin) -> bool {
    match origin {
        Origin::Development { seed } => *seed == format!("rehearsal {}", ceremony.transcript),
        Origin::Ceremony { transcript } => ceremony.transcript == HEXLOWER.encode(transcript),
    }
}

/// A development key's seed, or a ceremony's transcript.
fn of_origin(origin: &Origin) -> (Option<String>, Option<String>) {
    match origin {
        Origin::Development { seed } => (Some(seed.clone()), None),
        Origin::Ceremony { transcript } => (None, Some(HEXLOWER.encode(transcript))),
    }
}
