//! The program's commands. Typed arguments become one act, whose outcome is printed once; exit codes are 0 for done, 1 for a no to
//! what was asked, 2 for misuse or a fault.

mod args;
mod check;
mod export;
mod init;
mod keys;
mod output;
mod sandbox;
mod serve;
mod token;

use std::process::ExitCode;

use clap::Parser as _;
use serde_json::json;

use crate::openapi;
use crate::settings;
use args::{Args, Verb};
use output::{Failure, Report};

/// The program.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let as_json = args.json;
    output::finish(as_json, act(args))
}

fn act(args: Args) -> Result<Report, Failure> {
    if matches!(args.verb, Verb::Openapi) {
        return Ok(Report::verbatim(openapi::json()));
    }
    if matches!(args.verb, Verb::Sandbox { .. }) {
        return sandbox::run(&args);
    }
    let settings = settings::load(&args.overrides())?;
    match args.verb {
        Verb::Init { .. } => init::run(&settings),
        Verb::Serve { .. } => serve::run(settings, args.json),
        Verb::Key(verb) => keys::run(&settings, verb),
        Verb::Token(verb) => token::run(&settings, verb),
        Verb::Export { out } => export::run(&settings, &out),
        Verb::Check => check::run(&settings),
        Verb::Config => {
            let text = settings.to_toml()?;
            Ok(Report::new(text, json!(settings)))
        }
        Verb::Openapi => Ok(Report::verbatim(openapi::json())),
        Verb::Sandbox { .. } => sandbox::run(&args),
    }
}
