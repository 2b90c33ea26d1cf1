//! What is recorded in a log, and what may be: one state machine, run by who writes the log and by who rechecks it.
//!
//! - [`record`]: the body of every entry, each signed by the party whose word it is.
//! - [`view`]: what earlier records say ([`State`] is a log's cells, records and blobs, wherever they are kept), and what of it
//!   was read.
//! - [`memory`]: a state in memory, for who replays.
//! - [`rules`]: from a record and a view to a [`Plan`]: where the record stands, what it claims for once and for all, what must
//!   not have changed meanwhile, and which cells it changes. Nothing here writes, waits, or reads a clock.
//!
//! The log decides in its own order: a plan's expectations are every cell that was read, as it was read, so whatever the rules
//! rested on still holds when the entry is written. Who replays a log makes each plan again and compares.

pub mod cells;
pub mod memory;
pub mod record;
pub mod rules;
pub mod view;

pub use memory::Memory;
pub use record::{Filed, FiledKey, Record};
pub use rules::{Plan, Planned, plan, plan_verdict};
pub use view::{Cell, Cells, RegisteredKey, Retired, Shelf, State, View, Vouched};
