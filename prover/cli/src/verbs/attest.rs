//! `covenant attest`: asks an attestor for a signature over a statement, and keeps what comes back.

use std::path::Path;

use covenant_api::attest::check_attestation;
use covenant_api::documents::{Attestation, AttestationRequest};
use covenant_api::{document, files, host};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Assurance;
use serde_json::json;

use super::shared;
use crate::args::Attest;
use crate::context::Context;
use crate::output::Report;
use crate::refusals::WRONG_STATEMENT;
use crate::vault::Contents;

pub(super) fn run(context: &Context, args: &Attest) -> Result<Report, Refusal> {
    match args {
        Attest::Request { statement, out } => request(context, statement.as_deref(), out),
        Attest::Add { file } => add(context, file),
    }
}

fn request(context: &Context, said: Option<&str>, out: &Path) -> Result<Report, Refusal> {
    let vault = shared::open(context)?;
    let contents = &vault.contents;
    let held = contents.statement(said)?;
    let opening = shared::opening(&contents.secrets, held, held.statement(Assurance::SELF_DECLARED)?)?;
    let request = AttestationRequest {
        registry_id: held.registry_id.clone(),
        eid: shared::eid(&contents.secrets)?,
        statement: held.stated.clone(),
        salt: covenant_api::types::FieldElement(opening.salt),
        statement_hash: shared::hash(&opening)?,
        review_sheet: held.review_sheet,
    };
    files::create_new(out, &document::to_json(&request)?)?;
    let mut report = Report::new(json!({ "statement": held.display_id(), "hash": request.statement_hash, "out": out }));
    report.good(format!(
        "{} asks for an attestation of {}.",
        out.display(),
        held.display_id()
    ));
    shared::describe(&mut report, held);
    report.warning("The file shows the figures: give it to the attestor, and to nobody else.");
    Ok(report)
}

fn add(context: &Context, file: &Path) -> Result<Report, Refusal> {
    let attestation: Attestation = document::from_json(&shared::read_document(file)?)?;
    let mut writer = shared::open_to_write(context)?;
    let index = check(&writer.vault.contents, &attestation).map_err(|r| r.at(file.display()))?;
    let contents = &mut writer.vault.contents;
    let known = contents.statements.get_mut(index).is_some_and(|held| {
        let known = held.attestations.contains(&attestation);
        if !known {
            held.attestations.push(attestation.clone());
        }
        known
    });
    if !known {
        writer.save(&mut host::rng()?)?;
    }
    let held = writer.vault.contents.statements.get(index);
    let id = held.map(|h| h.display_id()).unwrap_or_default();
    let level = Assurance(attestation.assurance);
    let mut report = Report::new(json!({
        "statement": id, "attestor": attestation.attestor, "assurance": attestation.assurance, "known": known,
    }));
    let attestor = shared::attestor_id(&attestation.attestor);
    report.good(format!(
        "{id} is now {level}: the signature of attestor {attestor} holds."
    ));
    if known {
        report.line("This attestation was kept already.");
    }
    Ok(report)
}

/// The statement that the attestation is over, once its signature holds.
fn check(contents: &Contents, attestation: &Attestation) -> Result<usize, Refusal> {
    check_attestation(attestation)?;
    for (index, held) in contents.statements.iter().enumerate() {
        let statement = held.statement(Assurance(attestation.assurance))?;
        if shared::hash(&shared::opening(&contents.secrets, held, statement)?)? == attestation.statement {
            return Ok(index);
        }
    }
    Err(Refusal::new(
        &WRONG_STATEMENT,
        format!("no statement has the hash {}", attestation.statement),
    ))
}
