//! A bank invites a company to do business: who may become its applicant.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::types::{FieldElement, Hex32, Name, RegistryId, UtcTime};

/// An invitation, signed by the bank. The one-time code is not inside: it is delivered outside this channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The bank's name.
    pub bank_name: Name,
    /// The bank's first Ed25519 key.
    pub bank: Hex32,
    /// Whom the bank invites.
    pub registry_id: RegistryId,
    /// `r`: blinds the subject in proofs, so that only who holds the invitation recognises it.
    pub blinding: FieldElement,
    /// When it was signed.
    pub issued: UtcTime,
    /// Until when it can be redeemed.
    pub expires: UtcTime,
}

impl Document for Invitation {
    const TYPE: &'static str = "invitation";
    const PREFIX: &'static str = prefix::INVITATION;

    fn must_be_signed_by(&self) -> Option<Hex32> {
        Some(self.bank)
    }
}
