//! `covenant-verifier export`: the whole log in one file.

use std::io::BufWriter;
use std::path::Path;

use covenant_api::refusals::{FILE_EXISTS, FILE_UNWRITABLE};
use covenant_ledger::Scope;
use covenant_policy::refusal::Refusal;
use indicatif::ProgressBar;
use serde_json::json;
use tempfile::NamedTempFile;

use super::output::{Failure, Report, fields};
use crate::refusals::of_ledger;
use crate::settings::Settings;
use crate::startup;

pub fn run(settings: &Settings, out: &Path) -> Result<Report, Failure> {
    let unwritable = |error: std::io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(out.display());
    if out.symlink_metadata().is_ok() {
        return Err(Refusal::new(&FILE_EXISTS, "the file exists").at(out.display()).into());
    }
    let opened = startup::open(settings)?;
    let folder = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // It appears under its name once it is whole.
    let file = NamedTempFile::new_in(folder).map_err(unwritable)?;
    let progress = ProgressBar::new_spinner();
    let mut writer = progress.wrap_write(BufWriter::new(file.as_file()));
    let exported = opened
        .ledger
        .export(&mut writer, &Scope::everything())
        .map_err(|error| of_ledger(&error).at(out.display()))?;
    drop(writer);
    progress.finish_and_clear();
    file.as_file().sync_all().map_err(unwritable)?;
    file.persist_noclobber(out).map_err(|error| unwritable(error.error))?;
    let text = fields(&[
        ("written to", out.display().to_string()),
        ("entries", exported.entries.to_string()),
        ("bodies", exported.bodies.to_string()),
        ("blobs", exported.blobs.to_string()),
        ("checkpoints", exported.checkpoints.to_string()),
        ("bytes", exported.bytes.to_string()),
    ]);
    Ok(Report::new(
        text,
        json!({
            "out": out,
            "entries": exported.entries,
            "bodies": exported.bodies,
            "blobs": exported.blobs,
            "checkpoints": exported.checkpoints,
            "bytes": exported.bytes,
        }),
    ))
}
