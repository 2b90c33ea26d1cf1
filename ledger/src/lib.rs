//! An append-only log of opaque entries, for records that must hold up before people who trust neither each other nor the log's
//! operator: every entry stands in a hash chain, in its stream's own chain and in a Merkle tree, whose signed root commits to all.
//!
//! - What one can rely on is a [`Receipt`]: checked offline against the log's key alone.
//! - What may happen only once is a unique key, decided in log order and shown in the log only blinded.
//! - What was acknowledged is durable: entry, indexes, tree and signed checkpoint are one synced write, and answers come after it.
//!
//! The pure parts — [`entry`], [`tree`], [`note`], [`checkpoint`], [`cosignature`], [`witness`],
//! [`tiles`], [`receipt`] — read and write no files, and are all of the crate
//! without its feature `store`. With it, `Ledger` puts them to work on RocksDB, with one writer. The log knows nothing of what is
//! recorded in it.
//!
//! Formats are described in `docs/formats/ledger.md`.

mod cbor;
#[cfg(feature = "store")]
mod check;
#[cfg(feature = "store")]
mod ledger;
#[cfg(feature = "store")]
mod lookups;
#[cfg(feature = "store")]
mod recovery;
#[cfg(feature = "store")]
mod sequencer;
#[cfg(feature = "store")]
mod state;
#[cfg(feature = "store")]
mod store;
#[cfg(feature = "store")]
mod watch;
#[cfg(feature = "store")]
mod witnessing;

pub mod checkpoint;
pub mod cosignature;
#[cfg(feature = "store")]
pub mod draft;
pub mod entry;
pub mod errors;
#[cfg(feature = "store")]
pub mod export;
pub mod hash;
pub mod note;
pub mod receipt;
pub mod tiles;
pub mod tree;
pub mod witness;

#[cfg(feature = "store")]
pub use check::Summary;
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use cosignature::WitnessKey;
#[cfg(feature = "store")]
pub use draft::{Blinding, Cell, Draft, Expectation, Expected, Limits, StateCell};
pub use entry::{Entry, Kind, Opening, StreamId};
pub use errors::{AppendError, LedgerError, WitnessError};
#[cfg(feature = "store")]
pub use export::{Exported, Scope};
pub use hash::Hash;
#[cfg(feature = "store")]
pub use ledger::{Config, Ledger, Ticket};
pub use note::LogKey;
pub use receipt::Receipt;
#[cfg(feature = "store")]
pub use sequencer::{Appended, Clock, Outcome};
pub use tiles::{Layer, Tile};
#[cfg(feature = "store")]
pub use watch::{GroupWritten, Watcher};
pub use witness::WitnessPolicy;
#[cfg(feature = "store")]
pub use witnessing::{Tree, Witnesses, Witnessing};
