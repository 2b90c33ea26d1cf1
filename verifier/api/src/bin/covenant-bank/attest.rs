//! `covenant-bank attest`: an attestor reads the figures, and signs.

use std::io::{BufRead as _, IsTerminal as _};

use covenant_api::attest::CheckedStatement;
use covenant_api::documents::{AttestationRequest, AttestorLedger, Role};
use covenant_api::refusals::NOT_CONFIRMED;
use covenant_api::{document, files, limits};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Unit;
use covenant_policy::statement::{Assurance, format_amount};
use serde_json::json;

use crate::args::Attest;
use crate::keys::shown;
use crate::output::{Report, fields, say, table};
use crate::plan::Context;

/// Checks, shows, asks, binds, signs: in this order, so that nothing is bound that was not confirmed.
pub fn run(context: &Context, args: &Attest) -> Result<Report, Refusal> {
    let request: AttestationRequest = document::from_json(&files::read(&args.request, limits::DOCUMENT_BYTES_MAX)?)?;
    let statement = CheckedStatement::new(&request)?;
    let mut ledger = match args.ledger.exists() {
        true => document::from_json(&files::read(&args.ledger, limits::LEDGER_BYTES_MAX)?)?,
        false => AttestorLedger::default(),
    };
    let changed = ledger.bind(request.eid, &request.registry_id, context.now)?;
    let key = context.secret_key(&args.key)?;
    let signing_key = key.attestor()?;
    let sheet = sheet(&request, &statement, changed);
    if !args.yes {
        confirm(context, &sheet, args.assurance)?;
    }
    if changed {
        files::replace(&args.ledger, &document::to_json(&ledger)?)?;
    }
    let attestation = statement.attest(&signing_key, Assurance(args.assurance));
    files::create_new(&args.out, &document::to_json(&attestation)?)?;
    let lines = [
        ("attested", request.registry_id.to_string()),
        ("assurance", Assurance(args.assurance).to_string()),
        ("by", shown(Role::Attestor, &key.public())),
        ("written to", args.out.display().to_string()),
    ];
    let text = if args.yes {
        format!("{sheet}\n{}", fields(&lines))
    } else {
        fields(&lines)
    };
    Ok(Report::new(
        text,
        json!({ "attestation": attestation, "registry_id": request.registry_id, "bound_now": changed }),
    ))
}

/// What the attestor is about to put its name to.
fn sheet(request: &AttestationRequest, checked: &CheckedStatement, new: bool) -> String {
    let (statement, schema) = (checked.statement(), checked.schema());
    let known = if new {
        "seen for the first time: bound to this company from now on"
    } else {
        "bound to this company"
    };
    let head = fields(&[
        ("company", request.registry_id.to_string()),
        ("identity", known.into()),
        ("period", statement.period.to_string()),
        ("basis", statement.basis.to_string()),
        ("currency", statement.currency.to_string()),
        ("restatement", statement.restatement.to_string()),
        (
            "review sheet",
            request
                .review_sheet
                .map_or("none".into(), |hash| format!("SHA-256 {hash}")),
        ),
    ]);
    let rows = schema
        .figures
        .iter()
        .zip(statement.figures.0)
        .enumerate()
        .map(|(j, (figure, value))| {
            let shown = match (statement.coverage.covers(j), figure.unit) {
                (false, _) => "not covered".into(),
                (true, Unit::Money) => format_amount(value, statement.currency),
                (true, Unit::Count) => value.to_string(),
            };
            vec![figure.name.to_owned(), shown]
        });
    format!("{head}{}\n", table(&["figure", "amount"], rows))
}

fn confirm(context: &Context, sheet: &str, assurance: u8) -> Result<(), Refusal> {
    let unasked = |what: &str| Refusal::new(&NOT_CONFIRMED, what);
    if context.json || !std::io::stdin().is_terminal() {
        return Err(unasked("there is no terminal to ask in").advice("Read the figures, then pass --yes."));
    }
    say(sheet);
    say(&format!(
        "Sign these figures with assurance {}? Type yes:",
        Assurance(assurance)
    ));
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|e| unasked(&e.to_string()))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(unasked("the answer was not yes"))
    }
}
