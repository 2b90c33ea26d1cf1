//! An attestor's word on a statement of figures.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::types::{Bytes64, FieldElement, Hex32};

/// An attestation. Its signature is EdDSA over Baby Jubjub, because it is verified inside the circuit; the document itself
/// carries no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The statement's hash, with the assurance below inside it.
    pub statement: FieldElement,
    /// The assurance that the attestor gives.
    pub assurance: u8,
    /// The attestor's packed Baby Jubjub key.
    pub attestor: Hex32,
    /// R packed, then S, as circomlib packs a signature.
    pub signature: Bytes64,
}

impl Document for Attestation {
    const TYPE: &'static str = "attestation";
}
