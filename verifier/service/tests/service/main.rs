//! A server in this process, and the program, as callers and operators meet them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; the lint exempts only the tests themselves"
)]

mod calls;
mod domain;
mod golden;
mod ledger;
mod lifecycle;
mod program;
mod recheck;
mod sandbox;
mod slow;
mod tiles;
mod tls;
mod witnesses;
mod world;
