//! What several verbs need: the vault, figures as tables, pseudonyms.

use std::path::Path;

use covenant_api::types::{FieldElement, Hex32};
use covenant_api::{files, ids, limits};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::{Schema, Unit};
use covenant_policy::statement::{Statement, format_amount};
use covenant_statements::commitments::{self, StatementOpening};

use crate::context::Context;
use crate::output::{Report, Table};
use crate::refusals::NOT_TEXT;
use crate::vault::{HeldStatement, Secrets, Vault, Writer};

/// Opens the vault for reading.
pub(super) fn open(context: &Context) -> Result<Vault, Refusal> {
    let home = context.home()?;
    Vault::expect(home)?;
    Vault::open(home, &context.passphrase()?)
}

/// Opens the vault for writing.
pub(super) fn open_to_write(context: &Context) -> Result<Writer, Refusal> {
    let home = context.home()?;
    Vault::expect(home)?;
    Vault::open_to_write(home, &context.passphrase()?)
}

/// The enterprise's identity.
pub(super) fn eid(secrets: &Secrets) -> Result<FieldElement, Refusal> {
    Ok(FieldElement(commitments::eid(secrets.sk().0)))
}

/// The pseudonym towards a bank.
pub(super) fn nym(secrets: &Secrets, bank: &Hex32) -> Result<FieldElement, Refusal> {
    Ok(FieldElement(commitments::nym(
        secrets.sk().0,
        commitments::bank_field(&bank.0),
    )))
}

/// A statement, opened as an attestor signs it: its assurance is the one that it carries.
pub(super) fn opening(
    secrets: &Secrets,
    held: &HeldStatement,
    statement: Statement,
) -> Result<StatementOpening, Refusal> {
    Ok(StatementOpening {
        statement,
        eid: commitments::eid(secrets.sk().0),
        entity: commitments::entity(held.registry_id.as_str())?,
        salt: secrets.salt(&held.registry_id, &held.stated)?.0,
    })
}

/// A statement's hash.
pub(super) fn hash(opening: &StatementOpening) -> Result<FieldElement, Refusal> {
    Ok(FieldElement(opening.hash(Schema::named(opening.statement.schema)?)))
}

/// An attestor's key as people see it.
pub(super) fn attestor_id(key: &Hex32) -> String {
    ids::display(ids::prefix::ATTESTOR, key)
}

/// An amount, or a count, as people read it.
pub(super) fn shown(statement: &Statement, figure: usize, value: i64) -> String {
    match Schema::named(statement.schema)
        .ok()
        .and_then(|s| s.figures.get(figure))
        .map(|f| f.unit)
    {
        Some(Unit::Money) => format_amount(value, statement.currency),
        _ => value.to_string(),
    }
}

/// The figures, in the schema's order; with the year before beside them where there is one. What the books do not give says
/// so: absent is not zero.
pub(super) fn figures_table(statement: &Statement, prior: Option<&Statement>) -> Result<Table, Refusal> {
    let schema = Schema::named(statement.schema)?;
    let year = |s: &Statement| format!(">{}", s.period.end);
    let mut headings = vec!["figure".to_owned(), year(statement)];
    headings.extend(prior.map(year));
    let mut table = Table::new(&headings.iter().map(String::as_str).collect::<Vec<_>>());
    for (j, figure) in schema.figures.iter().enumerate() {
        let cell = |s: &Statement| match s.figure(j) {
            Some(value) if s.coverage.covers(j) => shown(s, j, value),
            _ => "not covered".to_owned(),
        };
        let mut row = vec![figure.name.to_owned(), cell(statement)];
        row.extend(prior.map(cell));
        table.row(row);
    }
    Ok(table)
}

/// Company, period and the rest, as names and values.
pub(super) fn describe(report: &mut Report, held: &HeldStatement) {
    let stated = &held.stated;
    report.fields([
        ("company", held.registry_id.to_string()),
        ("period", format!("{} to {}", stated.start, stated.end)),
        ("basis", basis(&stated.basis).to_owned()),
        ("currency", stated.currency.to_string()),
        ("restatement", stated.restatement.to_string()),
        ("read from", format!("{} (SHA-256 {})", held.source, held.source_sha256)),
        ("read at", held.imported.to_string()),
    ]);
}

/// A basis in a word.
pub(super) fn basis(basis: &covenant_api::documents::StatementBasis) -> &'static str {
    match basis {
        covenant_api::documents::StatementBasis::Solo => "solo",
        covenant_api::documents::StatementBasis::Consolidated => "consolidated",
    }
}

/// A sentence's first letter in upper case.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The text of a file that was read.
pub(super) fn text<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, Refusal> {
    std::str::from_utf8(bytes)
        .map_err(|e| Refusal::new(&NOT_TEXT, format!("byte {} is not UTF-8", e.valid_up_to())).at(path.display()))
}

/// Reads a file as text.
pub(super) fn read_text(path: &Path, bytes_max: usize) -> Result<String, Refusal> {
    Ok(text(path, &files::read(path, bytes_max)?)?.to_owned())
}

/// Reads a document's bytes.
pub(super) fn read_document(path: &Path) -> Result<Vec<u8>, Refusal> {
    files::read(path, limits::POLICY_DOCUMENT_BYTES_MAX)
}
