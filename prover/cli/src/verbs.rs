//! The verbs, one module each: typed arguments in, a report or a refusal out.

mod accept;
mod attest;
mod ceremony;
mod check;
mod disclosed;
mod figures;
mod import;
mod init;
mod inspect;
mod invoices;
mod keys;
mod pick;
mod policy;
mod policy_file;
mod prove;
mod refusals;
mod sample;
mod seen;
mod shared;
mod submit;
mod tiers;
mod verify;

use covenant_policy::refusal::Refusal;

use crate::args::Verb;
use crate::context::Context;
use crate::output::Report;

/// Does what was asked.
///
/// # Errors
/// What the verb refuses; nothing was changed then.
pub fn run(context: &Context, verb: Verb) -> Result<Report, Refusal> {
    match verb {
        Verb::Init(args) => init::run(context, &args),
        Verb::Import(args) => import::run(context, &args),
        Verb::Invoices(args) => invoices::run(context, &args),
        Verb::Figures(args) => figures::run(context, &args),
        Verb::Attest(args) => attest::run(context, &args),
        Verb::Check(args) => check::run(context, &args),
        Verb::Accept(args) => accept::run(context, &args),
        Verb::Prove(args) => prove::run(context, &args),
        Verb::Disclosed(args) => disclosed::run(context, &args),
        Verb::Submit(args) => submit::run(context, &args),
        Verb::Verify(args) => verify::run(context, &args),
        Verb::Inspect(args) => inspect::run(&args),
        Verb::Keys(args) => keys::run(context, &args),
        Verb::Ceremony(args) => ceremony::run(context, &args),
        Verb::Sample(args) => sample::run(&args),
        Verb::Refusals => Ok(refusals::run()),
        Verb::Policy(args) => policy::run(&args),
    }
}
