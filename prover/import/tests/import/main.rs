//! The importers on real files (where COVENANT_DATA names their folder), on generated books, and on damaged ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail loudly and say what they skip"
)]

mod customers;
mod damaged;
mod data;
mod french_ledger;
mod fuzzed;
mod generated;
mod imports;
mod invoice_files;
mod saft_files;
mod series;
mod swedish_files;
mod variants;
