//! The policies on offer: files that were named, and every policy in folders that were named.

use std::path::{Path, PathBuf};

use covenant_api::{files, limits};
use covenant_policy::refusal::Refusal;

use crate::refusals::NO_POLICY;
use crate::verbs::policy_file::PolicyFile;
use covenant_api::refusals::FILE_UNREADABLE;

/// Files that one folder may hold.
const FILES_MAX: usize = 10_000;

/// A policy that was named or found, or why it cannot be read.
pub(super) struct Offer {
    pub(super) path: PathBuf,
    pub(super) policy: Result<PolicyFile, Refusal>,
}

/// Reads what was named. A file that is no policy is an answer among several; the only one is refused.
///
/// # Errors
/// Those of [`PolicyFile::read`] where one file was named alone; `no-policy-here`, `file-unreadable`.
pub(super) fn read(named: &[PathBuf]) -> Result<Vec<Offer>, Refusal> {
    let mut paths = Vec::new();
    for path in named {
        if path.is_dir() {
            paths.extend(policies_in(path)?);
        } else {
            paths.push(path.clone());
        }
    }
    let alone = paths.len() == 1;
    let mut offers = Vec::new();
    for path in paths {
        let policy = PolicyFile::read(&path);
        if let (true, Err(refusal)) = (alone, &policy) {
            return Err(refusal.clone());
        }
        offers.push(Offer { path, policy });
    }
    Ok(offers)
}

/// The policies in a folder, by name: signed ones and source texts. Other files are left alone.
fn policies_in(folder: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let unreadable = |e: std::io::Error| Refusal::new(&FILE_UNREADABLE, e.to_string()).at(folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.take(FILES_MAX) {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() && is_policy(&path) {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(
            Refusal::new(&NO_POLICY, format!("no file in {} is a policy", folder.display())).at(folder.display()),
        );
    }
    Ok(found)
}

/// Whether a file says of itself that it is a policy; whether it is a good one shows when it is read.
fn is_policy(path: &Path) -> bool {
    let Ok(bytes) = files::read(path, limits::POLICY_DOCUMENT_BYTES_MAX) else {
        return false;
    };
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|v| v["type"] == "policy"),
        Some("toml") => String::from_utf8_lossy(&bytes).lines().any(|line| {
            let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            line.starts_with("type=\"policy\"")
        }),
        _ => false,
    }
}
