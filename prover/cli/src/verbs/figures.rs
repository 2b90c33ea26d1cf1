//! `covenant figures`: the statements held, or one of them in full.

use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use super::shared;
use crate::args::Figures;
use crate::context::Context;
use crate::output::{Report, Table};
use crate::vault::{Contents, HeldStatement};

pub(super) fn run(context: &Context, args: &Figures) -> Result<Report, Refusal> {
    let vault = shared::open(context)?;
    match &args.statement {
        Some(said) => one(vault.contents.statement(Some(said))?),
        None => all(&vault.contents),
    }
}

/// What a program needs to know about a statement that is held.
pub(super) fn statement_json(held: &HeldStatement) -> Value {
    json!({
        "statement": held.display_id(),
        "hash": held.id,
        "registry_id": held.registry_id,
        "figures": held.stated,
        "source": held.source,
        "source_sha256": held.source_sha256,
        "imported": held.imported,
        "attestations": held.attestations,
    })
}

fn all(contents: &Contents) -> Result<Report, Refusal> {
    let statements: Vec<Value> = contents.statements.iter().map(statement_json).collect();
    let mut report = Report::new(json!({ "statements": statements, "eid": shared::eid(&contents.secrets)? }));
    if contents.statements.is_empty() {
        report.line("No statement yet: read the books with `covenant import`.");
        return Ok(report);
    }
    let mut table = Table::new(&[
        "statement",
        "company",
        "period",
        "currency",
        ">restatement",
        ">figures",
        "assurance",
    ]);
    for held in &contents.statements {
        let stated = &held.stated;
        table.row([
            held.display_id(),
            held.registry_id.to_string(),
            format!("{} to {}", stated.start, stated.end),
            stated.currency.to_string(),
            stated.restatement.to_string(),
            stated.figures.0.len().to_string(),
            held.best_assurance().to_string(),
        ]);
    }
    report.table(table);
    Ok(report)
}

fn one(held: &HeldStatement) -> Result<Report, Refusal> {
    let mut report = Report::new(statement_json(held));
    report.heading(format!("Statement {}", held.display_id()));
    shared::describe(&mut report, held);
    report.table(shared::figures_table(&held.statement(held.best_assurance())?, None)?);
    for attestation in &held.attestations {
        report.good(format!(
            "{} by attestor {}",
            shared::capitalised(&covenant_policy::statement::Assurance(attestation.assurance).to_string()),
            shared::attestor_id(&attestation.attestor)
        ));
    }
    if held.attestations.is_empty() {
        report.line("Nobody attests to these figures yet: `covenant attest request`.");
    }
    Ok(report)
}
