//! Whose attestations a bank accepts, and up to which assurance; and whose no longer.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::types::{Hex32, Name, Text, UtcTime};

/// The bank, as keeper of its registry, admits an attestor's key.
///
/// The greatest assurance stands inside the attestor's hash among the proof's public inputs: an attestation that claims more
/// does not prove anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestorGrant {
    /// The attestor's Baby Jubjub key, packed as circomlib packs it.
    pub attestor: Hex32,
    /// The attestor's name.
    pub name: Name,
    /// The greatest assurance that the attestor may give (0–255).
    pub assurance_max: u8,
    /// When the grant was signed; a later grant to the same key replaces an earlier one.
    pub issued: UtcTime,
}

impl Document for AttestorGrant {
    const TYPE: &'static str = "attestor-grant";
    const PREFIX: &'static str = prefix::ATTESTOR;
}

/// The bank strikes an attestor's key. A struck key stays struck, whenever its attestations were signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestorRevocation {
    /// The key that is struck.
    pub attestor: Hex32,
    /// Why.
    pub reason: Text,
    /// When.
    pub revoked: UtcTime,
}

impl Document for AttestorRevocation {
    const TYPE: &'static str = "attestor-revocation";
    const PREFIX: &'static str = prefix::ATTESTOR;
}

/// An attestor whose signature counts, as requests and verdicts list it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedAttestor {
    /// The packed key.
    pub attestor: Hex32,
    /// The greatest assurance granted.
    pub assurance_max: u8,
}
