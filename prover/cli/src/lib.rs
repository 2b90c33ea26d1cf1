//! The enterprise's command line: books in, proofs out, everything on files.
//!
//! Arguments ([`args`]) become one call of a verb ([`verbs`]), which returns what it has to say ([`output::Report`]) or a
//! refusal. Secrets lie in the [`vault`], the logs that were met beside it ([`logs`]); the clock and the entropy of the machine are read in [`context`] and passed on.

pub mod args;
pub mod context;
pub mod keystore;
pub mod logs;
pub mod metered;
pub mod output;
pub mod progress;
pub mod refusals;
pub mod vault;
pub mod verbs;

use std::process::ExitCode;

use args::Args;
use context::Context;
use output::Printer;

pub use refusals::CATALOGUE;

/// Runs the command: 0 done, 1 refused, 2 misuse or fault.
pub fn run(args: Args) -> ExitCode {
    let printer = Printer::new(args.options.json);
    match Context::new(&args.options).and_then(|context| verbs::run(&context, args.verb)) {
        Ok(report) => printer.report(&report),
        Err(refusal) => printer.refusal(&refusal),
    }
}
