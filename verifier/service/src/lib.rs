//! `covenant-verifier`: the service that banks and enterprises call. It checks proofs, records verdicts in the ledger, and answers
//! with receipts.
//!
//! - [`settings`]: every limit by its name. [`secrets`], [`tokens`]: the two files that make a server this one, and who may call it.
//! - [`startup`] opens what a server needs; [`server`] accepts connections until it is told to stop.
//! - [`router`] is the table of contents of everything that can be called; [`endpoints`] holds a handler per file.
//! - [`http`]: what all handlers share: bodies within limits, callers, and the one shape in which the service says no.
//! - [`app`], [`log`], [`records`], [`proofs`], [`idempotency`], [`metrics`]: what handlers work with.
//! - [`witnesses`] asks those who must cosign the log before anything in it is acknowledged.
//! - [`sandbox`]: a service that is seeded, to be tried out. [`cli`]: the program's commands.

pub mod app;
pub mod cli;
pub mod endpoints;
pub mod http;
pub mod idempotency;
pub mod log;
pub mod memo;
pub mod metrics;
pub mod openapi;
pub mod proofs;
pub mod records;
pub mod refusals;
pub mod router;
pub mod sandbox;
pub mod secrets;
pub mod server;
pub mod settings;
pub mod startup;
pub mod telemetry;
pub mod tokens;
pub mod witnesses;

pub use app::App;
pub use refusals::CATALOGUE;
pub use settings::Settings;
