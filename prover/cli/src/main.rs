//! The program `covenant`: reads its arguments, does one thing, says what it did, and exits with 0 (done), 1 (refused) or
//! 2 (misuse or fault).

use std::process::ExitCode;

use clap::Parser as _;
use covenant::args::Args;

fn main() -> ExitCode {
    covenant::run(Args::parse())
}
