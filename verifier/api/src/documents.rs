//! The documents that cross a boundary, one module each. `docs/formats/documents.md` describes every field.

mod attestation;
mod attestation_request;
mod bank;
mod bundle;
mod decision;
mod enrolment;
mod filing;
mod grant;
mod invitation;
mod key_manifest;
mod key_retirement;
mod ledger;
mod log_opened;
mod pinned_key;
mod policy;
mod refused;
mod request;
mod secret_key;
mod trust;
mod trusted_log;
mod verdict;

pub use attestation::Attestation;
pub use attestation_request::{AttestationRequest, FigureMap, StatedFigures, StatementBasis};
pub use bank::Bank;
pub use bundle::{Bundle, LinkedProof, Proof};
pub use decision::{Decision, Outcome};
pub use enrolment::{Code, Enrolled, Enrolment, RedemptionKey};
pub use filing::Filing;
pub use grant::{AcceptedAttestor, AttestorGrant, AttestorRevocation};
pub use invitation::Invitation;
pub use key_manifest::{BeaconRecord, CeremonyRecord, ContributionRecord, KeyManifest};
pub use key_retirement::{KeyRetirement, RetirementCause};
pub use ledger::{AttestorLedger, LedgerEntry};
pub use log_opened::{LogOpened, SchemaText};
pub use pinned_key::PinnedKey;
pub use policy::Policy;
pub use refused::Refused;
pub use request::Request;
pub use secret_key::{Role, SecretKey, SecretKeyFile, StoredSecret};
pub use trust::{Trust, TrustedManifest};
pub use trusted_log::TrustedLog;
pub use verdict::{FurtherStatement, Verdict};

#[cfg(test)]
mod tests;
