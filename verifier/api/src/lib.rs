//! What crosses a boundary between enterprise, attestor and bank: documents, their encoding, signatures and verdicts.
//!
//! - [`canonical`], [`types`], [`ids`]: one value, one spelling, one hash.
//! - [`document`], [`sign`], [`documents`]: the files that parties exchange, and who vouches for each.
//! - [`seal`], [`files`], [`host`]: secrets at rest, and the only places that touch disk, clock and entropy.

pub mod canonical;
pub mod document;
pub mod documents;
pub mod files;
pub mod host;
pub mod ids;
pub mod limits;
pub mod refusals;
pub mod seal;
pub mod sign;
pub mod types;

pub use refusals::CATALOGUE;
