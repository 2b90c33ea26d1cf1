//! The documents that cross a boundary, one module each. `docs/formats/documents.md` describes every field.

mod attestation;
mod attestation_request;
mod bank;
mod bundle;
mod enrolment;
mod grant;
mod invitation;
mod ledger;
mod pinned_key;
mod policy;
mod request;
mod secret_key;
mod verdict;

pub use attestation::Attestation;
pub use attestation_request::{AttestationRequest, FigureMap, StatedFigures, StatementBasis};
pub use bank::Bank;
pub use bundle::{Bundle, Proof};
pub use enrolment::{Code, Enrolled, Enrolment, RedemptionKey};
pub use grant::{AcceptedAttestor, AttestorGrant, AttestorRevocation};
pub use invitation::Invitation;
pub use ledger::{AttestorLedger, LedgerEntry};
pub use pinned_key::PinnedKey;
pub use policy::Policy;
pub use request::Request;
pub use secret_key::{Role, SecretKey, SecretKeyFile, StoredSecret};
pub use verdict::Verdict;

#[cfg(test)]
mod tests;
