//! Who keeps a registry: the bank's name and its first key, signed by that key.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::types::{Hex32, Name, UtcTime};

/// A bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// The bank's name, as applicants know it.
    pub name: Name,
    /// The bank's first Ed25519 key, from which circuits derive the bank's field element.
    pub key: Hex32,
    /// When the registry was made.
    pub issued: UtcTime,
}

impl Document for Bank {
    const TYPE: &'static str = "bank";
    const PREFIX: &'static str = prefix::BANK;

    fn must_be_signed_by(&self) -> Option<Hex32> {
        Some(self.key)
    }
}
