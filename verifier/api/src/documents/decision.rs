//! What a bank decided on a verdict.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::types::{Hex32, Name, Text, UtcTime};

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The bank will do business on these terms.
    Approved,
    /// It will not.
    Refused,
}

/// A decision, signed by the bank. One is made on each verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The request's id.
    pub request: Hex32,
    /// The id of the verdict that it rests on.
    pub verdict: Hex32,
    /// Yes or no.
    pub outcome: Outcome,
    /// Who decided, for the bank.
    pub officer: Name,
    /// What is approved, in the bank's words; nothing where it refuses.
    pub terms: Option<Text>,
    /// Why.
    pub reason: Text,
    /// When.
    pub decided: UtcTime,
}

impl Document for Decision {
    const TYPE: &'static str = "decision";
}
