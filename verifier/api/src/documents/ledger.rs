//! The attestor's own book: which legal person each secret identity stands for.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::limits;
use crate::refusals::ENTITY_BOUND;
use crate::types::{FieldElement, RegistryId, UtcTime};

/// One identity, bound to one legal person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// The enterprise's secret identity, committed: H(eid, sk).
    pub eid: FieldElement,
    /// The legal person.
    pub registry_id: RegistryId,
    /// When the attestor first signed for it.
    pub since: UtcTime,
}

/// An attestor's ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestorLedger {
    /// The bindings, in the order in which they were made.
    pub entries: Vec<LedgerEntry>,
}

impl Document for AttestorLedger {
    const TYPE: &'static str = "attestor-ledger";
    const BYTES_MAX: usize = limits::LEDGER_BYTES_MAX;
}

impl AttestorLedger {
    /// Binds an identity to a legal person; whether the ledger changed. Nobody passes on somebody else's books: one `eid`
    /// stands for one registry id.
    ///
    /// # Errors
    /// `entity-bound` where the identity stands for another legal person already.
    pub fn bind(&mut self, eid: FieldElement, registry_id: &RegistryId, now: UtcTime) -> Result<bool, Refusal> {
        match self.entries.iter().find(|e| e.eid == eid) {
            Some(entry) if entry.registry_id == *registry_id => Ok(false),
            Some(entry) => Err(
                Refusal::new(&ENTITY_BOUND, format!("the statement is about {registry_id}"))
                    .at("attestation-request: registry_id")
                    .expected(format!("{}, bound since {}", entry.registry_id, entry.since)),
            ),
            None => {
                self.entries.push(LedgerEntry {
                    eid,
                    registry_id: registry_id.clone(),
                    since: now,
                });
                Ok(true)
            }
        }
    }
}
