//! The first record of every log: who keeps it, and under which definitions of figures.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::refusals::MALFORMED_DOCUMENT;
use crate::types::{Hex32, LogOrigin, Text, UtcTime};

/// A schema's name and the text that circuits hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaText {
    /// Its name and version.
    pub name: Text,
    /// Its canonical text.
    pub text: String,
}

/// What the operator declares when a log is opened, signed with the operator's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogOpened {
    /// The log's origin.
    pub log: LogOrigin,
    /// The key that its checkpoints verify under (C2SP signed-note).
    pub log_key: Text,
    /// The operator's Ed25519 key, which signs verdicts.
    pub operator: Hex32,
    /// The stream of the operator's own records.
    pub stream: Hex32,
    /// The schemas that policies of this log are written over.
    pub schemas: Vec<SchemaText>,
    /// When.
    pub opened: UtcTime,
}

impl Document for LogOpened {
    const TYPE: &'static str = "log-opened";

    fn validate(&self) -> Result<(), Refusal> {
        let named: Vec<&str> = self.schemas.iter().map(|s| s.name.as_str()).collect();
        if !named.is_empty() && named.is_sorted_by(|a, b| a < b) {
            return Ok(());
        }
        Err(
            Refusal::new(&MALFORMED_DOCUMENT, "no schemas, or not in the order of their names")
                .at("log-opened: schemas"),
        )
    }

    fn must_be_signed_by(&self) -> Option<Hex32> {
        Some(self.operator)
    }
}
