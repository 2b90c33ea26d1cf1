//! Malformed policies, one a file under `tests/malformed`, each with the whole message beside it: what an author reads is reviewed like
//! code. Files whose names begin with `warn-` compile, and their warnings are what is pinned.
//!
//! `COVENANT_GOLDEN=write` writes the messages anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use covenant_policy::analysis::lint;
use covenant_policy::policy::source;
use covenant_policy::refusal::Refusal;
use covenant_policy::{CATALOGUE, WARNINGS};

/// Codes that no source text is refused with.
const NOT_OF_SOURCES: [&str; 1] = ["policy-bytes-invalid"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/malformed")
}

fn files() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder()).expect("the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<(String, Vec<u8>)> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

/// What an author is told: the codes, and the text.
fn told(name: &str, bytes: &[u8]) -> (Vec<&'static str>, String) {
    let file = format!("{name}.toml");
    let (refusal, warnings) = match source::text(bytes).map(lint) {
        Err(refusal) => (Some(refusal), Vec::new()),
        Ok(lint) => (lint.result.err(), lint.warnings),
    };
    let errors = refusal.map(|refusal| refusal.in_file(&file));
    let mut codes: Vec<&'static str> = Vec::new();
    let mut text = String::new();
    if let Some(refusal) = &errors {
        codes.extend(
            [refusal.code()]
                .into_iter()
                .chain(refusal.others().iter().map(Refusal::code)),
        );
        text += &format!("{refusal}\n");
    }
    for warning in warnings {
        codes.push(warning.entry.code);
        text += &format!("warning {warning}\n");
    }
    (codes, text)
}

#[test]
fn golden_messages() {
    let write = std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write");
    let files = files();
    assert!(files.len() >= 60, "{} files", files.len());
    for (name, bytes) in &files {
        let (codes, text) = told(name, bytes);
        let errors = codes
            .iter()
            .any(|code| CATALOGUE.iter().any(|entry| entry.code == *code));
        assert_eq!(errors, !name.starts_with("warn-"), "{name}: {codes:?}");
        assert!(!codes.is_empty(), "{name} is found fine");
        assert!(
            text.chars().all(|c| c == '\n' || !source::is_unprintable(c)),
            "{name}: {text:?}"
        );
        let path = folder().join(format!("{name}.txt"));
        if write {
            std::fs::write(&path, &text).expect("written");
        }
        let pinned = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            pinned == text,
            "{name}: the message changed; `make golden` rewrites it:\n{text}"
        );
    }
    let pinned = std::fs::read_dir(folder()).expect("the corpus").count();
    assert_eq!(pinned, 2 * files.len(), "a message without its policy");
}

#[test]
fn every_error_says_where() {
    for (name, bytes) in files() {
        let refusal = source::text(&bytes)
            .map(lint)
            .map_or_else(Some, |lint| lint.result.err());
        for refusal in refusal.iter().flat_map(|r| [r].into_iter().chain(r.others())) {
            let spot = refusal.spot().unwrap_or_else(|| panic!("{name}: {refusal}"));
            assert!(spot.line >= 1 && spot.column >= 1, "{name}");
            assert!(
                (spot.end_line, spot.end_column) >= (spot.line, spot.column),
                "{name}: {spot:?}"
            );
        }
    }
}

#[test]
fn every_code_of_a_policy_is_in_the_corpus() {
    let reached: BTreeSet<&str> = files().iter().flat_map(|(name, bytes)| told(name, bytes).0).collect();
    let listed = CATALOGUE.iter().chain(WARNINGS).map(|entry| entry.code);
    let missing: Vec<&str> = listed
        .filter(|code| code.starts_with("policy-") && !NOT_OF_SOURCES.contains(code) && !reached.contains(code))
        .collect();
    assert!(missing.is_empty(), "no malformed policy is refused with {missing:?}");
}

/// Whatever is cut off, doubled or left out of a malformed policy, it is answered, and nothing panics.
#[test]
fn pieces_of_malformed_policies_are_answered() {
    for (name, bytes) in files().iter().filter(|(_, bytes)| bytes.len() < 2_000) {
        for at in (0..bytes.len()).step_by(7) {
            let (head, tail) = bytes.split_at(at);
            for piece in [head, tail, &[tail, head].concat()] {
                if let Ok(text) = source::text(piece) {
                    let answer = covenant_policy::compile(text).map_err(|refusal| refusal.to_string());
                    assert!(
                        answer.is_ok() || answer.is_err_and(|text| text.contains("where")),
                        "{name} at {at}"
                    );
                }
            }
        }
    }
}
