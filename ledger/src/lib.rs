//! An append-only log of opaque entries, for records that must hold up before people who trust neither each other nor the log's
//! operator: every entry stands in a hash chain, in its stream's own chain and in a Merkle tree, whose signed root commits to all.
//!
//! - What one can rely on is a [`Receipt`]: checked offline against the log's key alone.
//! - What may happen only once is a unique key, decided in log order and shown in the log only blinded.
//! - What was acknowledged is durable: entry, indexes, tree and signed checkpoint are one synced write, and answers come after it.
//!
//! The pure parts — [`entry`], [`tree`], [`note`], [`checkpoint`], [`receipt`] — read and write no files and can be used without a
//! store. [`Ledger`] puts them to work on a RocksDB store with one writer. The log knows nothing of what is recorded in it.
//!
//! Formats are described in `docs/formats/ledger.md`.

mod cbor;
mod check;
mod ledger;
mod recovery;
mod sequencer;
mod state;
mod store;

pub mod checkpoint;
pub mod draft;
pub mod entry;
pub mod errors;
pub mod export;
pub mod hash;
pub mod note;
pub mod receipt;
pub mod tree;

pub use check::Summary;
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use draft::{Blinding, Cell, Draft, Expectation, Expected, Limits, StateCell};
pub use entry::{Entry, Kind, Opening, StreamId};
pub use errors::{AppendError, LedgerError};
pub use export::{Exported, Scope};
pub use hash::Hash;
pub use ledger::{Config, Ledger, Ticket};
pub use note::LogKey;
pub use receipt::Receipt;
pub use sequencer::{Appended, Clock, Outcome};
