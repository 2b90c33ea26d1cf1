//! What the log showed that does not fit what was mirrored: kept beside it, for whoever has to be shown.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use covenant_api::refusals::FILE_UNWRITABLE;
use covenant_policy::refusal::Refusal;
use serde_json::json;

use super::keep::FETCHED;
use super::place::Place;
use crate::findings::Finding;
use crate::hash;

/// The most findings whose evidence is kept: the first ones say it all.
const KEPT_MAX: usize = 64;
const FOLDER: &str = "evidence";
/// The folder that evidence is written to before it is called so.
const UNFINISHED: &str = "unfinished";

/// Keeps these files, and the part that was fetched where there is one, under the finding's name; where. The same finding is kept once.
///
/// # Errors
/// `file-unwritable`.
pub(super) fn keep(place: &Place, finding: &Finding, files: &[(&str, &[u8])]) -> Result<Option<PathBuf>, Refusal> {
    let folder = place.directory().join(FOLDER);
    let said = json!({
        "code": finding.code.code,
        "where": finding.to_string(),
        "what": finding.what,
        "expected": finding.expected,
        "meaning": finding.code.meaning,
    });
    let mut parts: Vec<&[u8]> = vec![finding.code.code.as_bytes(), finding.what.as_bytes()];
    parts.extend(files.iter().map(|(_, bytes)| *bytes));
    let mut id = hash::of(&parts).to_string();
    id.truncate(16);
    let kept = folder.join(format!("{}-{id}", finding.code.code));
    let write = || -> io::Result<bool> {
        fs::create_dir_all(&folder)?;
        if kept.exists() {
            return Ok(true);
        }
        if fs::read_dir(&folder)?.count() >= KEPT_MAX {
            return Ok(false);
        }
        let unfinished = folder.join(UNFINISHED);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir(&unfinished)?;
        let finding = format!("{said:#}\n");
        for (name, bytes) in files.iter().copied().chain([("finding.json", finding.as_bytes())]) {
            let path = unfinished.join(name);
            fs::write(&path, bytes)?;
            File::open(path)?.sync_all()?;
        }
        let fetched = place.incoming().join(FETCHED);
        if fetched.exists() {
            fs::rename(fetched, unfinished.join("part"))?;
        }
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, &kept)?;
        File::open(&folder)?.sync_all()?;
        Ok(true)
    };
    let written = write().map_err(|error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(folder.display()))?;
    Ok(written.then_some(kept))
}
