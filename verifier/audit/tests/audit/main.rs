//! The auditor, on exports and receipts that the real ledger wrote.

mod flips;
mod forgeries;
mod receipts;
mod world;
