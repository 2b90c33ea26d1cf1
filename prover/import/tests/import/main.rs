//! The importers on real files (where COVENANT_DATA names their folder), on generated books, and on damaged ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail loudly and say what they skip"
)]

mod damaged;
mod data;
mod french_ledger;
mod generated;
mod swedish_files;
