//! Rechecks what a ledger holds from an export, trusting nothing that its operator says, with code of its own.
//!
//! This crate uses none of the ledger's code. It implements `docs/formats/ledger.md` a second time, from the text, so
//! that an error in the one shows as a disagreement with the other: decoding, hashing, tree, signed checkpoints,
//! receipts and exports. What records mean is judged by the same pure rules that the service runs before it appends.
//!
//! [`audit::audit`] does all of it; [`export::read`] streams through an export and stops at the first wrong record,
//! with a [`Finding`] that names it. [`bundle`] keeps an export for later years. [`chain::read`] checks one stream alone.
//!
//! [`mirror`] keeps a whole log in a directory, and fetches what is new.
//!
//! [`witness::Witness`] is the other half of keeping a log honest: it cosigns only what continues what it saw before.

pub mod audit;
pub mod bundle;
pub mod cbor;
pub mod chain;
pub mod cosign;
pub mod entry;
pub mod export;
pub mod findings;
pub mod hash;
pub mod mirror;
pub mod note;
pub mod receipt;
pub mod report;
pub mod tally;
pub mod tree;
pub mod witness;

mod proofs;
mod replay;
mod state;

pub use findings::{CATALOGUE, Finding, Place, Stopped};
