//! What banks ask and enterprises hold, in integers: figures and schemas, statements, the policy language with its compiler,
//! plain-language rendering, and plain evaluation with margins. No cryptography, no floating point, no I/O, no clock.
//!
//! The way of a policy: TOML source → [`policy::PolicyDocument`] → [`compiler::compile`] → [`program::Program`] and the names
//! and texts beside it → [`canonical`] bytes → [`render`]ing for people, [`evaluate`] for an enterprise's own check.

pub mod analysis;
pub mod calibrate;
pub mod canonical;
pub mod catalogue;
pub mod compiler;
pub mod diff;
pub mod editor;
pub mod evaluate;
pub mod explain;
pub mod expression;
pub mod format;
pub mod linear;
pub mod policy;
pub mod pricing;
pub mod program;
pub mod refusal;
pub mod render;
pub mod schema;
mod spelling;
pub mod statement;

pub use catalogue::{CATALOGUE, WARNINGS};
pub use compiler::{COMPILER_VERSION, Compiled, compile};

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod testing;
