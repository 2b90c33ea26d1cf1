//! Opening a registry: every file is read, its signature checked, and its name compared with what it holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use covenant_policy::refusal::Refusal;

use super::{
    ATTESTORS, BANK, DECISIONS, ENROLMENTS, INVITATIONS, KEYS, LOGS, MANIFESTS, POLICIES, REQUESTS, RETIREMENTS,
    REVOCATIONS, Registry, VERDICTS, filings, keys,
};
use crate::checked_policy::CheckedPolicy;
use crate::document::Document;
use crate::documents::{
    AttestorGrant, AttestorRevocation, Bank, Decision, Enrolled, KeyRetirement, PinnedKey, Policy, TrustedLog, Verdict,
};
use crate::refusals::{FILE_UNREADABLE, NOT_A_REGISTRY, REGISTRY_DAMAGED};
use crate::sign::{Signed, Verified};
use crate::types::Hex32;
use crate::{files, limits};

impl Registry {
    /// Opens a registry, and checks all of it.
    ///
    /// # Errors
    /// `not-a-registry`, `registry-damaged`, `file-unreadable`, and whatever a document in it refuses.
    pub fn open(directory: &Path) -> Result<Self, Refusal> {
        if !directory.join(BANK).is_file() {
            return Err(Refusal::new(&NOT_A_REGISTRY, format!("there is no {BANK}")).at(directory.display()));
        }
        let bytes = files::read(&directory.join(BANK), Bank::BYTES_MAX)?;
        let bank: Signed<Bank> = Signed::from_json(&bytes).map_err(|r| place(r, &directory.join(BANK)))?;
        let key = bank.unverified().key;
        let bank = bank.verify(&key).map_err(|r| place(r, &directory.join(BANK)))?;
        let part = |name: &str| directory.join(name);
        let documents: BTreeMap<Hex32, Verified<Policy>> = load(&part(POLICIES), &key, Verified::id)?;
        let mut policies = BTreeMap::new();
        for (id, document) in documents {
            let policy =
                CheckedPolicy::check(document).map_err(|r| place(r, &part(POLICIES).join(format!("{id}.json"))))?;
            policies.insert(id, Arc::new(policy));
        }
        let pinned = load(&part(KEYS), &key, |k: &Verified<PinnedKey>| k.document().verifying_key)?;
        Ok(Self {
            grants: load(&part(ATTESTORS), &key, |g: &Verified<AttestorGrant>| {
                g.document().attestor
            })?,
            revocations: load(&part(REVOCATIONS), &key, |r: &Verified<AttestorRevocation>| {
                r.document().attestor
            })?,
            policies,
            manifests: keys::load_manifests(&part(MANIFESTS), &pinned)?,
            keys: pinned,
            retirements: load_where_there_is_one(&part(RETIREMENTS), &key, |r: &Verified<KeyRetirement>| {
                r.document().verifying_key
            })?,
            invitations: load(&part(INVITATIONS), &key, Verified::id)?,
            enrolments: load(&part(ENROLMENTS), &key, |e: &Verified<Enrolled>| {
                e.document().invitation
            })?,
            requests: load(&part(REQUESTS), &key, Verified::id)?,
            verdicts: load(&part(VERDICTS), &key, |v: &Verified<Verdict>| v.document().request)?,
            decisions: load(&part(DECISIONS), &key, |d: &Verified<Decision>| d.document().request)?,
            logs: load(&part(LOGS), &key, |l: &Verified<TrustedLog>| {
                filings::log_id(&l.document().log)
            })?,
            books: filings::load(directory, &key)?,
            directory: directory.to_owned(),
            bank,
        })
    }
}

/// As [`load`], of a directory that a registry gets with its first document.
fn load_where_there_is_one<T: Document>(
    directory: &Path,
    key: &Hex32,
    name: impl Fn(&Verified<T>) -> Hex32,
) -> Result<BTreeMap<Hex32, Verified<T>>, Refusal> {
    if directory.is_dir() {
        load(directory, key, name)
    } else {
        Ok(BTreeMap::new())
    }
}

/// Reads every document of one directory.
fn load<T: Document>(
    directory: &Path,
    key: &Hex32,
    name: impl Fn(&Verified<T>) -> Hex32,
) -> Result<BTreeMap<Hex32, Verified<T>>, Refusal> {
    let unreadable = |e: std::io::Error| Refusal::new(&FILE_UNREADABLE, e.to_string()).at(directory.display());
    let mut documents = BTreeMap::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // Keys lie beside their records; a name with a leading dot is a write that was cut short.
        let ours = path.extension().is_some_and(|e| e == "json");
        if !ours || path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if documents.len() == limits::REGISTRY_FILES_MAX {
            return Err(damaged(
                directory,
                "too many files",
                format!("at most {}", limits::REGISTRY_FILES_MAX),
            ));
        }
        let bytes = files::read(&path, T::BYTES_MAX)?;
        let document = Signed::<T>::from_json(&bytes)
            .and_then(|s| s.verify(key))
            .map_err(|r| place(r, &path))?;
        let id = name(&document);
        if path.file_stem().and_then(|s| s.to_str()) != Some(id.to_string().as_str()) {
            return Err(damaged(
                &path,
                format!("the file holds {} {id}", T::TYPE),
                "the one that its name says",
            ));
        }
        documents.insert(id, document);
    }
    Ok(documents)
}

pub(super) fn damaged(path: &Path, what: impl Into<String>, expected: impl Into<String>) -> Refusal {
    Refusal::new(&REGISTRY_DAMAGED, what)
        .at(path.display())
        .expected(expected)
}

/// Puts the file's name before the place inside it.
pub(super) fn place(mut refusal: Refusal, path: &Path) -> Refusal {
    refusal.place = Some(match refusal.place.take() {
        Some(inside) => format!("{}: {inside}", path.display()),
        None => path.display().to_string(),
    });
    refusal
}
