//! Which keys a bank relies on in a log.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::refusals::MALFORMED_DOCUMENT;
use crate::types::{Hex32, LogOrigin, Text, UtcTime};

/// A log as a bank knows it, signed by the bank: what receipts and verdicts are checked against. A later one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedLog {
    /// The log's origin.
    pub log: LogOrigin,
    /// The key that its checkpoints verify under (C2SP signed-note), which holds the origin.
    pub log_key: Text,
    /// The operator's Ed25519 key, which signs verdicts.
    pub operator: Hex32,
    /// Since when.
    pub trusted: UtcTime,
}

impl Document for TrustedLog {
    const TYPE: &'static str = "trusted-log";

    fn validate(&self) -> Result<(), Refusal> {
        let key = crate::receipt::log_key(self.log_key.as_str())?;
        if key.name() == self.log.as_str() {
            return Ok(());
        }
        Err(
            Refusal::new(&MALFORMED_DOCUMENT, format!("the key is of the log {}", key.name()))
                .at("trusted-log: log_key")
                .expected(format!("a key of {}", self.log)),
        )
    }
}
