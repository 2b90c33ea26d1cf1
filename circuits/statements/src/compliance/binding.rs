//! What one proof answers, as one field element: a merlin transcript over everything that must not be exchangeable.

use covenant_gadgets::{circuit::Field, field::field_to_bytes};
use covenant_proofs::{statement::Statement as _, transcript::Transcript};

use super::Compliance;

/// The version of the protocol between enterprise and bank.
pub const PROTOCOL: &str = "covenant/protocol/v1";

/// The parts of a binding. Ids are whole (32 bytes).
#[derive(Debug, Clone)]
pub struct BindingParts<'a> {
    /// The verifying key's id.
    pub key_id: &'a [u8; 32],
    /// The log in which the verdict will stand, or the bank's own name for its files.
    pub log_origin: &'a str,
    /// The policy's id.
    pub policy_id: &'a [u8; 32],
    /// The claimed tier.
    pub tier: &'a str,
    /// The bank.
    pub bank: Field,
    /// The enterprise's pseudonym.
    pub nym: Field,
    /// The enterprise's Ed25519 key towards this bank.
    pub enterprise_key: &'a [u8; 32],
    /// The request's id.
    pub request_id: &'a [u8; 32],
    /// The request's nonce.
    pub nonce: &'a [u8; 32],
    /// When the request expires, seconds since 1970-01-01T00:00Z.
    pub expires_unix_s: u64,
}

/// The binding: a challenge of the transcript, reduced from 64 bytes.
pub fn binding(parts: &BindingParts<'_>) -> Field {
    let mut transcript = Transcript::new("covenant/compliance-binding/v1");
    transcript.absorb("protocol", PROTOCOL.as_bytes());
    transcript.absorb("statement", Compliance::ID.as_bytes());
    transcript.absorb("verifying-key", parts.key_id);
    transcript.absorb("log-origin", parts.log_origin.as_bytes());
    transcript.absorb("policy", parts.policy_id);
    transcript.absorb("tier", parts.tier.as_bytes());
    transcript.absorb("bank", &field_to_bytes(&parts.bank));
    transcript.absorb("nym", &field_to_bytes(&parts.nym));
    transcript.absorb("enterprise-key", parts.enterprise_key);
    transcript.absorb("request", parts.request_id);
    transcript.absorb("nonce", parts.nonce);
    transcript.absorb("expires", &parts.expires_unix_s.to_be_bytes());
    transcript.challenge_field("binding")
}
