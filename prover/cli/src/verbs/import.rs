//! `covenant import`: an accounting export becomes a statement of figures, with the sheet that explains it.

mod keep;
mod read;
mod series;

use std::path::{Path, PathBuf};

use covenant_api::types::Hex32;
use covenant_api::{files, host};
use covenant_import::{Imported, Mapping, Options, Review, review_books, to_statement};
use covenant_policy::refusal::Refusal;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::policy_file::PolicyFile;
use super::{seen, shared};
use crate::args::Import;
use crate::context::Context;
use crate::output::{Report, Table};
use keep::{Kept, Origin};
use read::FileRead;

pub(super) fn run(context: &Context, args: &Import) -> Result<Report, Refusal> {
    let read = read::read(args)?;
    let mapping = mapping(args, &read)?;
    let options = Options {
        currency: Some(args.currency),
        basis: args.basis,
        period: args.period,
        restatement: args.restatement.unwrap_or(0),
    };
    if args.series {
        return series::run(context, args, &read, &mapping, &options);
    }
    match (&args.review, &args.registry_id) {
        (Some(out), _) => review(args, &read, &mapping, &options, out.as_deref()),
        (None, Some(registry_id)) => {
            let imported = to_statement(&read.books, &mapping, &options)?;
            store(context, args, registry_id, &read, &imported)
        }
        (None, None) => Err(no_company()),
    }
}

/// Clap asks for a company or for a review.
fn no_company() -> Refusal {
    Refusal::new(&crate::refusals::UNKNOWN_STATEMENT, "--registry-id is missing")
}

/// The user's mapping over the national chart, or the chart alone.
fn mapping(args: &Import, read: &FileRead) -> Result<Mapping, Refusal> {
    match &args.map {
        Some(path) => Mapping::from_toml(
            &shared::read_text(path, MAPPING_BYTES_MAX)?,
            &path.display().to_string(),
        ),
        None => Mapping::chart(read.books.format.default_chart()),
    }
}

/// Bytes of a mapping file or of a CSV's declaration.
const MAPPING_BYTES_MAX: usize = 1024 * 1024;

/// SHA-256 of a review sheet's text.
fn sheet_hash(review: &Review) -> Hex32 {
    text_hash(&review.render_text())
}

/// SHA-256 of a text.
fn text_hash(text: &str) -> Hex32 {
    Hex32(Sha256::digest(text.as_bytes()).into())
}

/// Shows the sheet, and stores nothing.
fn review(
    args: &Import,
    read: &FileRead,
    mapping: &Mapping,
    options: &Options,
    out: Option<&Path>,
) -> Result<Report, Refusal> {
    let sheet = review_books(&read.books, mapping, options)?;
    let mut report = Report::new(json!({ "review": sheet, "sha256": sheet_hash(&sheet), "out": out }));
    let made = to_statement(&read.books, mapping, options);
    let prior = made
        .as_ref()
        .ok()
        .and_then(|imported| imported.prior.as_ref())
        .map(|(_, review)| review);
    if let Some(out) = out {
        write_sheets(out, &sheet, prior)?;
    }
    report.verbatim(sheet.render_text());
    if let Some(out) = out {
        report.good(format!("The sheet is in {}, to print and sign.", out.display()));
    }
    match &made {
        Ok(_) => report.line("Nothing was stored: import without --review does that."),
        Err(refusal) => {
            report.warning(format!(
                "These books give no statement yet: [{}] {}",
                refusal.code(),
                refusal.what
            ));
            report.line(refusal.advice_text());
            report.not_met();
        }
    }
    let mut seen_json = Vec::new();
    for path in &args.policy {
        let policy = PolicyFile::read(path)?;
        report.heading(format!("What a bank with the policy {} will see", policy.title()));
        let lines = seen::lines(policy.compiled(), "the bank", None);
        for line in &lines {
            report.line(format!("  {line}"));
        }
        seen_json.push(json!({ "policy": path, "bank_sees": lines }));
    }
    let mut value = report.json().clone();
    if let Some(map) = value.as_object_mut().filter(|_| !seen_json.is_empty()) {
        map.insert("policies".into(), seen_json.into());
        report.set_json(value);
    }
    Ok(report)
}

/// Where the sheet of the year before goes: "sheet.txt" beside "sheet.prior.txt".
fn prior_path(out: &Path) -> PathBuf {
    let extension = out
        .extension()
        .map_or_else(|| "prior".into(), |e| format!("prior.{}", e.to_string_lossy()));
    out.with_extension(extension)
}

/// Writes the sheets, all or none; what was written.
fn write_sheets(out: &Path, sheet: &Review, prior: Option<&Review>) -> Result<Vec<PathBuf>, Refusal> {
    files::create_new(out, sheet.render_text().as_bytes())?;
    let mut written = vec![out.to_owned()];
    if let Some(prior) = prior {
        let path = prior_path(out);
        if let Err(refusal) = files::create_new(&path, prior.render_text().as_bytes()) {
            take_back(&written)?;
            return Err(refusal);
        }
        written.push(path);
    }
    Ok(written)
}

/// Removes what was written before something else was refused.
fn take_back(written: &[PathBuf]) -> Result<(), Refusal> {
    written.iter().try_for_each(|path| files::remove(path))
}

/// Stores the statement, and the year before where the books give it.
fn store(
    context: &Context,
    args: &Import,
    registry_id: &covenant_api::types::RegistryId,
    read: &FileRead,
    imported: &Imported,
) -> Result<Report, Refusal> {
    let mut writer = shared::open_to_write(context)?;
    let contents = &mut writer.vault.contents;
    let origin = |review: &Review| Origin {
        registry_id: registry_id.clone(),
        source: read.name.clone(),
        source_sha256: read.sha256,
        review_sheet: sheet_hash(review),
        imported: context.now(),
    };
    let kept = keep::keep(
        contents,
        &imported.statement,
        origin(&imported.review),
        args.restatement,
    )?;
    let prior_kept = match &imported.prior {
        Some((statement, review)) => Some(keep::keep_prior(contents, statement, origin(review))?),
        None => None,
    };
    let written = match &args.sheet {
        Some(out) => write_sheets(out, &imported.review, imported.prior.as_ref().map(|(_, review)| review))?,
        None => Vec::new(),
    };
    if let Err(refusal) = writer.save(&mut host::rng()?) {
        take_back(&written)?;
        return Err(refusal);
    }
    report(args, registry_id.as_str(), read, imported, &kept, prior_kept.as_ref())
}

fn report(
    args: &Import,
    registry_id: &str,
    read: &FileRead,
    imported: &Imported,
    kept: &Kept,
    prior: Option<&Kept>,
) -> Result<Report, Refusal> {
    let (statement, review) = (&imported.statement, &imported.review);
    let mut report = Report::new(json!({
        "statement": kept.display_id, "hash": kept.id, "known": kept.known, "restatement": statement.restatement,
        "prior": prior.map(|k| json!({ "statement": k.display_id, "hash": k.id, "known": k.known })),
        "file": read.name, "sha256": read.sha256, "lines": read.books.lines, "entries": read.books.entries,
        "review_sheet": sheet_hash(review), "sheet": args.sheet, "figures": review.figures, "warnings": review.warnings,
    }));
    let entries = if read.books.entries == 0 {
        String::new()
    } else {
        format!(" with {} entries", read.books.entries)
    };
    report.good(format!(
        "{}: {} lines{entries} of {}, {}.",
        read.name, read.books.lines, registry_id, statement.period
    ));
    let prior_statement = imported.prior.as_ref().map(|(statement, _)| statement);
    report.table(shared::figures_table(statement, prior_statement)?);
    let mut missing = Table::new(&["not covered, and never read as 0", "why"]);
    for figure in review.figures.iter().filter(|f| !f.covered) {
        missing.row([figure.name, figure.reason.as_deref().unwrap_or("")]);
    }
    if !missing.is_empty() {
        report.line("");
        report.table(missing);
    }
    report.line("");
    for warning in &review.warnings {
        let line = warning.line.map_or_else(String::new, |line| format!(" (line {line})"));
        report.warning(format!("{}{line}", warning.text));
    }
    if let Some(said) = review
        .company
        .registry
        .as_deref()
        .filter(|said| !registry_id.ends_with(said))
    {
        report.warning(format!(
            "The file says that it is of company {said}; you say {registry_id}."
        ));
    }
    report.good(if kept.known {
        format!("The vault holds these figures already, as {}.", kept.display_id)
    } else {
        format!("Kept as {}.", kept.display_id)
    });
    if let Some(prior) = prior {
        let held = if prior.differs {
            "other figures of that year are held and stay"
        } else {
            "kept"
        };
        report.line(format!("The year before is {} ({held}).", prior.display_id));
    }
    if let Some(out) = &args.sheet {
        report.line(format!(
            "The review sheet, for the accountant and the attestor: {}.",
            out.display()
        ));
    }
    Ok(report)
}
