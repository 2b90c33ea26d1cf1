//! What a bank and an attestor do with Covenant, on files: keys, registry, policies, invitations, requests, attestations and
//! verdicts. No private key of theirs ever reaches a service.
//!
//! Arguments are typed ([`args`]), become one act ([`plan`]), and the act's outcome is printed once ([`output`]).

mod args;
mod attest;
mod bank;
mod calibrate;
mod export;
mod keys;
mod log;
mod manifest;
mod output;
mod plan;
mod policy;
mod pricing;
mod show;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let json = args.json;
    output::finish(json, plan::run(args))
}
