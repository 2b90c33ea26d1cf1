//! The auditor, on exports and receipts that the real ledger wrote.

mod bundles;
mod chains;
mod commands;
mod depth;
mod flips;
mod forgeries;
mod honest;
#[expect(clippy::unwrap_used, reason = "a world of documents that are right by construction")]
mod keys;
mod mirror;
mod receipts;
#[expect(clippy::unwrap_used, reason = "a world of documents that are right by construction")]
mod records;
mod replay;
mod witness;
mod world;
