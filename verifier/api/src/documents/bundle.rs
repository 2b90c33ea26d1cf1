//! An enterprise's answer to a request: the proof, and the few public values that the bank cannot know.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::limits;
use crate::types::{Base64, FieldElement, Hex32, TierName};

/// A Groth16 proof over BN254: A, B and C, compressed (32 + 64 + 32 bytes).
pub type Proof = Base64<{ limits::PROOF_BYTES }>;

/// A bundle, signed with the enterprise's per-bank key.
///
/// Everything else that the proof is checked against (policy, attestors, key, window, subject) comes from the bank's own
/// registry. What is repeated here is compared with it, and never used in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The request's id.
    pub request: Hex32,
    /// The policy's id.
    pub policy: Hex32,
    /// The verifying key's id.
    pub verifying_key: Hex32,
    /// The tier that the proof claims.
    pub tier: TierName,
    /// The enterprise's pseudonym towards this bank.
    pub nym: FieldElement,
    /// For each statement, the same for every version of one period's figures; 0 for an absent statement.
    pub period_tags: [FieldElement; 2],
    /// For each statement, another for other figures or dates; 0 for an absent statement.
    pub statement_links: [FieldElement; 2],
    /// For each statement that comes from a book proof, what joins it to that proof; 0 otherwise.
    pub proven_links: [FieldElement; 2],
    /// The proof.
    pub proof: Proof,
    /// A proof for each further statement that the tier demands, in the policy's order; left out where one proof is all it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<LinkedProof>,
}

/// A proof over the bundle's first statement and one further statement, under the same request, binding and pseudonym.
///
/// It does not repeat the first statement's tag and link: the verifier puts in those of the bundle, so that a proof about other
/// figures does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedProof {
    /// The further statement's period tag.
    pub period_tag: FieldElement,
    /// The further statement's link.
    pub statement_link: FieldElement,
    /// What joins it to a book proof; 0 otherwise.
    pub proven_link: FieldElement,
    /// The proof.
    pub proof: Proof,
}

impl Document for Bundle {
    const TYPE: &'static str = "bundle";
    const BYTES_MAX: usize = limits::BUNDLE_BYTES_MAX;
}
