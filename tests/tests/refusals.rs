//! The error reference is generated from the catalogues of all programs: what a page says and what a program says is the same.

use std::collections::BTreeMap;

use covenant_policy::refusal::{Catalogue, markdown};
use covenant_tests::repository;

const PAGE: &str = "docs/refusals.md";

/// Every catalogue of every crate, under the name of the part that it belongs to.
fn parts() -> Vec<(&'static str, Catalogue)> {
    let mut parts = covenant::refusals::all();
    parts.push(("The service", covenant_verifier::refusals::CATALOGUE));
    parts.push(("The auditor's findings", covenant_audit::CATALOGUE));
    parts
}

#[test]
fn golden_refusals() {
    let page = repository::root().join(PAGE);
    let generated = markdown(&parts());
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write") {
        std::fs::write(&page, &generated).expect("the page is written");
    }
    let kept = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        kept == generated,
        "{PAGE} is not generated from the catalogues: `make golden`"
    );
}

#[test]
fn a_code_means_one_thing() {
    let mut seen = BTreeMap::new();
    let mut twice = Vec::new();
    for (part, catalogue) in parts() {
        for entry in catalogue {
            if let Some(before) = seen.insert(entry.code, part) {
                twice.push(format!("{} in {before} and in {part}", entry.code));
            }
        }
    }
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

#[test]
fn the_service_lists_what_it_can_say() {
    let known: BTreeMap<&str, &str> = parts()
        .into_iter()
        .flat_map(|(_, catalogue)| catalogue)
        .map(|entry| (entry.code, entry.meaning))
        .collect();
    for entry in covenant_verifier::refusals::all()
        .into_iter()
        .flat_map(|(_, catalogue)| catalogue)
    {
        assert_eq!(known.get(entry.code), Some(&entry.meaning), "{}", entry.code);
    }
}
