//! A policy as the bank publishes it: the source text that people read, and the hash of the program that it compiles to.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::ids::prefix;
use crate::limits;
use crate::refusals::MALFORMED_DOCUMENT;
use crate::types::{Hex32, Text};

/// A policy, signed by the bank.
///
/// Its id (the document's) commits to source text, compiler version and program. Whoever reads it compiles the source again
/// and refuses another program, so that text and program cannot say different things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The compiler's version.
    pub compiler: Text,
    /// The policy's source text (TOML), byte for byte.
    pub source: String,
    /// SHA-256 over `covenant/program/v1`, a zero byte and the program's canonical bytes.
    pub program: Hex32,
}

impl Document for Policy {
    const TYPE: &'static str = "policy";
    const PREFIX: &'static str = prefix::POLICY;
    const BYTES_MAX: usize = limits::POLICY_DOCUMENT_BYTES_MAX;

    fn validate(&self) -> Result<(), Refusal> {
        if self.source.len() <= limits::POLICY_SOURCE_BYTES_MAX {
            return Ok(());
        }
        Err(Refusal::new(
            &MALFORMED_DOCUMENT,
            format!("a source text of {} bytes", self.source.len()),
        )
        .at("policy: source")
        .expected(format!("at most {} bytes", limits::POLICY_SOURCE_BYTES_MAX)))
    }
}
