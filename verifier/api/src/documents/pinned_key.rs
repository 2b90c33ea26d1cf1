//! A verifying key that the bank relies on.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::types::{Hex32, Text, UtcTime};

/// A pinned verifying key, signed by the bank. The key itself lies beside this document and must hash to the id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedKey {
    /// The key's id: its hash.
    pub verifying_key: Hex32,
    /// The statement that it verifies ("covenant/compliance/v1").
    pub statement: Text,
    /// Whether it comes from a development setup, as its manifest says.
    pub development: bool,
    /// The id of the signed manifest by which the bank relies on it; only a development key may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Hex32>,
    /// When.
    pub pinned: UtcTime,
}

impl Document for PinnedKey {
    const TYPE: &'static str = "pinned-key";
    const PREFIX: &'static str = prefix::KEY;
}
