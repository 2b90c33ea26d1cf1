//! `covenant-audit`: rechecks everything that a ledger holds, with code of its own.
//!
//! Arguments are typed, become one act, and what came of it is printed once. Exit codes: 0 sound or done, 1 a finding
//! or a refusal, 2 misuse or a fault of the machine, which says nothing about the log.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::run(cli::args::Args::parse())
}
