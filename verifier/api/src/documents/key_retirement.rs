//! A verifying key is no longer used.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::types::{Hex32, Text, UtcTime};

/// The end of a verifying key, signed by whoever brought it in: the operator for its log's registry, a bank for its own pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRetirement {
    /// The key's id.
    pub verifying_key: Hex32,
    /// What is known of the key: it decides about requests that are still open.
    pub cause: RetirementCause,
    /// Why, in a sentence.
    pub reason: Text,
    /// When.
    pub retired: UtcTime,
}

/// Why a key is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetirementCause {
    /// Another key took its place. No request can name it any more; what was asked for before can still be answered.
    Superseded,
    /// Somebody may be able to forge under it: nothing more is accepted, neither request nor proof. What was judged before stands,
    /// for people to look at again.
    Compromised,
}

impl RetirementCause {
    /// Its one spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Compromised => "compromised",
        }
    }
}

impl Document for KeyRetirement {
    const TYPE: &'static str = "key-retirement";
    const PREFIX: &'static str = prefix::KEY;
}
