//! A bank, an attestor and enterprises, on files: the registry, verdicts on real proofs, and the command line.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; the lint exempts only the tests themselves"
)]

mod attesting;
mod commands;
mod linked;
mod log;
mod pricing;
mod registry;
mod verdicts;
mod world;
