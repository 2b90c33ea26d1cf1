//! The statements that Covenant proves, each in one folder with the same files: public values, witness, the relation in plain
//! Rust (`check`), the same rules as constraints (`enforce`), and the forgeries that each rule must catch.

pub mod commitments;
pub mod compliance;

// The vocabulary of the public and private values, for upper rooms that must not reach below this one.
pub use covenant_gadgets::circuit::Field;
pub use covenant_gadgets::{eddsa, field};

/// The refusal codes of this crate.
pub const CATALOGUE: covenant_policy::refusal::Catalogue = compliance::CATALOGUE;
