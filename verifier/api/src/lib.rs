//! What crosses a boundary between enterprise, attestor and bank: documents, their encoding, signatures and verdicts.
//!
//! - [`canonical`], [`types`], [`ids`]: one value, one spelling, one hash.
//! - [`document`], [`sign`], [`documents`]: the files that parties exchange, and who vouches for each.
//! - [`checked_policy`], [`asked`]: what a request asks, as public values, the same for prover and verifier.
//! - [`keys`]: verifying keys, and the signed manifests that say how each was made.
//! - [`attest`], [`registry`], [`verdict`]: what an attestor does, what a bank keeps, and how it judges a proof by that alone.
//! - [`log`]: what a log records, and the rules by which it may; run by the service and, again, by the auditor.
//! - [`receipt`]: what a log answers, checked offline.
//! - [`exchange`]: proofs and keys as other authors' programs read them.
//! - [`client`]: the service, called over the network.
//! - [`seal`], [`files`], [`host`]: secrets at rest, and the only places that touch disk, clock and entropy.

pub mod asked;
pub mod attest;
pub mod canonical;
pub mod checked_policy;
pub mod client;
pub mod document;
pub mod documents;
pub mod exchange;
pub mod files;
pub mod host;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod log;
pub mod receipt;
pub mod refusals;
pub mod registry;
pub mod seal;
pub mod sign;
pub mod types;
pub mod verdict;

pub use refusals::CATALOGUE;
