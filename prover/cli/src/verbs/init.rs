//! `covenant init`: a vault with a fresh recovery phrase, or from an old one.

use std::path::Path;

use covenant_api::seal::Cost;
use covenant_api::{files, host};
use covenant_policy::refusal::Refusal;
use serde_json::json;
use zeroize::Zeroizing;

use super::shared;
use crate::args::Init;
use crate::context::{Context, typed};
use crate::output::Report;
use crate::refusals::VAULT_EXISTS;
use crate::vault::{Contents, Phrase, Vault};

/// Bytes of a file with a recovery phrase.
const PHRASE_FILE_BYTES_MAX: usize = 4096;

pub(super) fn run(context: &Context, args: &Init) -> Result<Report, Refusal> {
    let home = context.home()?;
    if Vault::exists(home) {
        return Err(Refusal::new(&VAULT_EXISTS, "a vault").at(home.display()));
    }
    let phrase = if args.restore {
        restored(args.phrase_file.as_deref())?
    } else {
        Phrase::from_entropy(&*host::entropy()?)?
    };
    let passphrase = context.new_passphrase()?;
    // The phrase is written before the vault: a vault whose phrase nobody has is worse than none.
    if let Some(out) = &args.phrase_out {
        let mut text = Zeroizing::new(phrase.reveal().as_bytes().to_vec());
        text.push(b'\n');
        files::create_new(out, &text)?;
    }
    let contents = Contents::new(phrase.secrets());
    let eid = shared::eid(&contents.secrets)?;
    let made = Vault::create(home, contents, &passphrase, Cost::STANDARD, &mut host::rng()?);
    if let (Err(_), Some(out)) = (&made, &args.phrase_out) {
        files::remove(out)?;
    }
    made?;
    let shown = (!args.restore && args.phrase_out.is_none()).then(|| phrase.reveal());
    let mut report = Report::new(json!({
        "vault": home, "eid": eid, "restored": args.restore, "phrase": shown.as_ref().map(|p| p.as_str()),
    }));
    report.good(format!(
        "The vault lies in {}, sealed under your passphrase.",
        home.display()
    ));
    report.fields([("identity (eid)", eid.to_string())]);
    if args.restore {
        report.line("Every secret is back. Import the same books again: their statements will have the same ids.");
    }
    if let Some(out) = &args.phrase_out {
        report.warning(format!(
            "The recovery phrase is in {}: print it, lock it away, and delete the file.",
            out.display()
        ));
    }
    if let Some(shown) = shown {
        report.heading("Recovery phrase");
        report.verbatim(shown.as_str());
        report.warning(
            "It is shown this once. Write it down: with it, everything can be restored; whoever has it is you.",
        );
    }
    Ok(report)
}

fn restored(file: Option<&Path>) -> Result<Phrase, Refusal> {
    let Some(path) = file else {
        return Phrase::parse(&typed("Recovery phrase (24 words): ")?);
    };
    let bytes = Zeroizing::new(files::read(path, PHRASE_FILE_BYTES_MAX)?);
    Phrase::parse(shared::text(path, &bytes)?).map_err(|r| r.at(path.display()))
}
