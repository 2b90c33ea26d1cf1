//! `covenant sample`: the books of a company that does not exist, in any format that can be imported, at any size.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind};
use std::path::Path;

use covenant_api::files;
use covenant_api::refusals::{FILE_EXISTS, FILE_UNWRITABLE};
use covenant_import::sample::{Kind, Order, Profile, Sample as Made, generate};
use covenant_policy::refusal::Refusal;
use serde_json::json;

use crate::args::{Sample, SampleFormat, SampleProfile};
use crate::output::Report;
use crate::progress::Progress;

/// The file while it is written; its name is known once it is.
const UNFINISHED: &str = ".covenant-sample";

pub(super) fn run(args: &Sample) -> Result<Report, Refusal> {
    let order = Order {
        seed: args.seed,
        kind: match args.format {
            SampleFormat::Fec => Kind::Fec,
            SampleFormat::Sie => Kind::Sie,
            SampleFormat::SaftNo => Kind::SaftNo,
            SampleFormat::Csv => Kind::Csv,
        },
        entries: args.entries,
        profile: match args.profile {
            SampleProfile::Healthy => Profile::Healthy,
            SampleProfile::Stretched => Profile::Stretched,
            SampleProfile::Failing => Profile::Failing,
        },
        year: args.year,
    };
    files::create_directory(&args.out)?;
    let unfinished = args.out.join(UNFINISHED);
    let made = write(&order, &unfinished).and_then(|made| {
        let path = args.out.join(&made.file_name);
        place(&unfinished, &path)?;
        Ok((made, path))
    });
    // Once it is in its place this removes the second name of the file, and otherwise what was not finished.
    files::remove(&unfinished)?;
    let (made, path) = made?;
    let declaration = match &made.csv_format {
        Some(text) => {
            let declaration = path.with_extension("format.toml");
            if let Err(refusal) = files::create_new(&declaration, text.as_bytes()) {
                files::remove(&path)?;
                return Err(refusal);
            }
            Some(declaration)
        }
        None => None,
    };
    let registry_id = registry_id(order.kind, &made.registry);
    let mut report = Report::new(json!({
        "file": path, "csv_format": declaration, "company": made.company, "registry_id": registry_id,
        "period": [made.period.start.to_string(), made.period.end.to_string()], "lines": made.lines, "entries": made.entries,
        "currency": currency(order.kind),
    }));
    report.good(format!(
        "{}: {} lines, {} entries.",
        path.display(),
        made.lines,
        made.entries
    ));
    report.fields([
        ("company", format!("{} (invented)", made.company)),
        ("registry id", registry_id),
        ("period", made.period.to_string()),
        ("currency", currency(order.kind).to_owned()),
    ]);
    if let Some(declaration) = declaration {
        report.fields([("format declared in", declaration.display().to_string())]);
    }
    Ok(report)
}

fn write(order: &Order, path: &Path) -> Result<Made, Refusal> {
    let fault = |e: std::io::Error| Refusal::new(&FILE_UNWRITABLE, e.to_string()).at(path.display());
    let file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(fault)?;
    let progress = Progress::spinner("writing sample books");
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let made = generate(order, &mut out)?;
    drop(progress);
    out.into_inner()
        .map_err(|e| fault(e.into_error()))?
        .sync_all()
        .map_err(fault)?;
    Ok(made)
}

/// Gives the finished file its name, unless that is taken.
fn place(unfinished: &Path, path: &Path) -> Result<(), Refusal> {
    std::fs::hard_link(unfinished, path).map_err(|e| {
        let entry = if e.kind() == ErrorKind::AlreadyExists {
            &FILE_EXISTS
        } else {
            &FILE_UNWRITABLE
        };
        Refusal::new(entry, e.to_string()).at(path.display())
    })
}

/// The invented company in the register of its country.
fn registry_id(kind: Kind, registry: &str) -> String {
    let register = match kind {
        Kind::Fec => "FR-SIREN",
        Kind::Sie => "SE-ORGNR",
        Kind::SaftNo => "NO-ORGNR",
        Kind::Csv => "SAMPLE",
    };
    format!("{register}:{registry}")
}

fn currency(kind: Kind) -> &'static str {
    match kind {
        Kind::Fec | Kind::Csv => "EUR",
        Kind::Sie => "SEK",
        Kind::SaftNo => "NOK",
    }
}
