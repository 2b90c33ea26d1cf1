//! What somebody vouches for about a verifying key: which circuit it is for, and how it was made.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::refusals::MALFORMED_DOCUMENT;
use crate::types::{Bytes64, Hex32, Text, UtcTime};

/// A verifying key with its origin, signed by whoever vouches for it: the operator of a log in whose registry it stands, or a bank
/// that checked the ceremony itself.
///
/// That a key's own bytes say "ceremony" shows nothing, because anybody can write them. A key counts by its id, and the id by a
/// signature under a document like this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyManifest {
    /// The key's id: its hash.
    pub verifying_key: Hex32,
    /// The statement that it verifies, with its version ("covenant/compliance/v1").
    pub statement: Text,
    /// The circuit's version: SHA-256 of its matrices.
    pub circuit: Hex32,
    /// Public inputs, the constant one left out.
    pub public_inputs: u32,
    /// Whether anybody can forge under it: its secrets come from a seed, or from rehearsed powers of tau.
    pub development: bool,
    /// The seed of a development key.
    pub seed: Option<Text>,
    /// How it was made; of a development key only where a ceremony was rehearsed.
    pub ceremony: Option<CeremonyRecord>,
    /// When this was signed.
    pub signed: UtcTime,
}

/// A ceremony by its hashes, so that whoever has its files can check that they are the ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyRecord {
    /// BLAKE2b-512 of the file of powers of tau.
    pub powers: Bytes64,
    /// BLAKE2b-512 over the first key, which follows from the circuit and the powers of tau.
    pub first_key: Bytes64,
    /// BLAKE2b-512 of the transcript.
    pub transcript: Bytes64,
    /// Who contributed to the powers of tau, in order; nobody where they are a rehearsal's.
    pub powers_contributions: Vec<ContributionRecord>,
    /// Who contributed to the key, in order.
    pub contributions: Vec<ContributionRecord>,
}

/// One contribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContributionRecord {
    /// Who says that it is theirs; a name that is no line of text stands in quotes, with escapes.
    pub name: Option<Text>,
    /// BLAKE2b-512 of the contribution: what its maker published.
    pub hash: Bytes64,
    /// The public value that it came from, where it did: such a contribution keeps nothing secret.
    pub beacon: Option<BeaconRecord>,
}

/// A public random value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeaconRecord {
    /// The value in hexadecimal.
    pub value: Text,
    /// How often it was hashed, as a power of two.
    pub iterations_log2: u8,
}

impl ContributionRecord {
    /// Who contributed, for people.
    pub fn who(&self) -> String {
        match (&self.name, &self.beacon) {
            (Some(name), None) => name.to_string(),
            (name, Some(beacon)) => format!(
                "{}: {}, hashed 2^{} times",
                name.as_ref().map_or("beacon", Text::as_str),
                beacon.value,
                beacon.iterations_log2
            ),
            (None, None) => "(no name)".to_owned(),
        }
    }

    /// Who made these contributions, in a line; "none" where there are none.
    pub fn makers(contributions: &[Self]) -> String {
        if contributions.is_empty() {
            return "none".to_owned();
        }
        let who: Vec<String> = contributions.iter().map(Self::who).collect();
        who.join("; ")
    }
}

impl KeyManifest {
    /// The contributions to the key.
    pub fn contributions(&self) -> &[ContributionRecord] {
        self.ceremony
            .as_ref()
            .map_or(&[], |ceremony| ceremony.contributions.as_slice())
    }

    /// The contributions to the powers of tau.
    pub fn powers_contributions(&self) -> &[ContributionRecord] {
        self.ceremony
            .as_ref()
            .map_or(&[], |ceremony| ceremony.powers_contributions.as_slice())
    }

    /// How the key was made, in a word.
    pub fn setup(&self) -> &'static str {
        match (self.development, &self.ceremony) {
            (true, Some(_)) => "rehearsal",
            (true, None) => "development",
            (false, _) => "ceremony",
        }
    }
}

impl Document for KeyManifest {
    const TYPE: &'static str = "verifying-key-manifest";
    const PREFIX: &'static str = prefix::KEY;

    fn validate(&self) -> Result<(), Refusal> {
        let wrong = |what: &str| Err(Refusal::new(&MALFORMED_DOCUMENT, what).at("verifying-key-manifest"));
        if self.development != self.seed.is_some() {
            return wrong("a development key has a seed, and no other key has one");
        }
        if !self.development && self.contributions().iter().all(|c| c.beacon.is_some()) {
            return wrong("a key of a ceremony needs a contribution whose secret is not public");
        }
        if !self.development && self.powers_contributions().iter().all(|c| c.beacon.is_some()) {
            return wrong("powers of tau need a contribution whose secret is not public");
        }
        Ok(())
    }
}
