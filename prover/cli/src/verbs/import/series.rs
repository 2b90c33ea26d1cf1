//! `covenant import --series`: a ledger's entries become twelve months, a statement of its own beside the year's.

use covenant_api::types::RegistryId;
use covenant_api::{files, host};
use covenant_import::{ImportedSeries, Mapping, Options, to_series};
use covenant_policy::refusal::Refusal;
use serde_json::json;

use super::keep::{self, Origin};
use super::read::FileRead;
use super::{no_company, shared, text_hash};
use crate::args::Import;
use crate::context::Context;
use crate::output::Report;

pub(super) fn run(
    context: &Context,
    args: &Import,
    read: &FileRead,
    mapping: &Mapping,
    options: &Options,
) -> Result<Report, Refusal> {
    let series = to_series(&read.books, mapping, options)?;
    match (&args.review, &args.registry_id) {
        (Some(out), _) => {
            let text = series.sheet.render_text();
            let mut report = Report::new(json!({ "series": series.sheet, "sha256": text_hash(&text), "out": out }));
            if let Some(out) = out {
                files::create_new(out, text.as_bytes())?;
            }
            report.verbatim(text);
            if let Some(out) = out {
                report.good(format!("The sheet is in {}, to print and sign.", out.display()));
            }
            report.line("Nothing was stored: import without --review does that.");
            Ok(report)
        }
        (None, Some(registry_id)) => store(context, args, registry_id, read, &series),
        (None, None) => Err(no_company()),
    }
}

/// Keeps the series, and writes its sheet: both or neither.
fn store(
    context: &Context,
    args: &Import,
    registry_id: &RegistryId,
    read: &FileRead,
    series: &ImportedSeries,
) -> Result<Report, Refusal> {
    let text = series.sheet.render_text();
    let mut writer = shared::open_to_write(context)?;
    let origin = Origin {
        registry_id: registry_id.clone(),
        source: read.name.clone(),
        source_sha256: read.sha256,
        review_sheet: text_hash(&text),
        imported: context.now(),
    };
    let kept = keep::keep(&mut writer.vault.contents, &series.statement, origin, args.restatement)?;
    if let Some(out) = &args.sheet {
        files::create_new(out, text.as_bytes())?;
    }
    if let Err(refusal) = writer.save(&mut host::rng()?) {
        args.sheet.iter().try_for_each(|out| files::remove(out))?;
        return Err(refusal);
    }
    let mut report = Report::new(json!({
        "statement": kept.display_id, "hash": kept.id, "known": kept.known, "restatement": series.statement.restatement,
        "file": read.name, "sha256": read.sha256, "lines": read.books.lines, "entries": read.books.entries,
        "review_sheet": text_hash(&text), "sheet": args.sheet, "series": series.sheet,
        "warnings": series.sheet.warnings(),
    }));
    report.good(format!(
        "{}: {} lines with {} entries of {}, {}, month by month.",
        read.name, read.books.lines, read.books.entries, registry_id, series.statement.period
    ));
    report.verbatim(text);
    for warning in series.sheet.warnings() {
        report.warning(warning.text.clone());
    }
    report.good(if kept.known {
        format!("The vault holds these months already, as {}.", kept.display_id)
    } else {
        format!("Kept as {}.", kept.display_id)
    });
    if let Some(out) = &args.sheet {
        report.line(format!(
            "The review sheet, for the accountant and the attestor: {}.",
            out.display()
        ));
    }
    Ok(report)
}
