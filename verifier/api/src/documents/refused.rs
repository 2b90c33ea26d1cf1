//! A verifier's signed no.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::types::{Hex32, Text, UtcTime};

/// That a bundle was refused, signed by the operator: what its sender can show. Nothing of it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// SHA-256 over `covenant/refused/v1`, a zero byte and the bytes that were sent.
    pub sent: Hex32,
    /// The refusal's stable code.
    pub code: Text,
    /// When.
    pub decided: UtcTime,
}

impl Document for Refused {
    const TYPE: &'static str = "refused";
}
