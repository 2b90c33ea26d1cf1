//! The arrows between our crates run downward only.
//!
//! The table below is the whole of what a crate may depend on, for normal and build dependencies. A crate that is not in the
//! table fails the test, so that a new room begins with a decision. The tables below it keep outside names in their rooms.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use covenant_tests::repository;
use serde_json::Value;

/// Which of our crates each crate may depend on. `None` means any (the packages that only test and measure).
const ARROWS: &[(&str, Option<&[&str]>)] = &[
    ("covenant-policy", Some(&[])),
    ("covenant-gadgets", Some(&[])),
    ("covenant-proofs", Some(&["covenant-gadgets"])),
    (
        "covenant-statements",
        Some(&["covenant-policy", "covenant-gadgets", "covenant-proofs"]),
    ),
    ("covenant-import", Some(&["covenant-policy"])),
    ("covenant-meter", Some(&["covenant-policy"])),
    ("covenant-ledger", Some(&[])),
    (
        "covenant-api",
        Some(&[
            "covenant-policy",
            "covenant-gadgets",
            "covenant-proofs",
            "covenant-statements",
            // Its formats alone, to check receipts: STORES below.
            "covenant-ledger",
        ]),
    ),
    (
        "covenant-verifier",
        Some(&[
            "covenant-policy",
            "covenant-proofs",
            "covenant-statements",
            "covenant-gadgets",
            "covenant-api",
            "covenant-ledger",
        ]),
    ),
    // The auditor reads what the ledger writes with code of its own: it must not link it.
    (
        "covenant-audit",
        Some(&[
            "covenant-policy",
            "covenant-proofs",
            "covenant-statements",
            "covenant-api",
        ]),
    ),
    (
        "covenant",
        Some(&[
            "covenant-policy",
            "covenant-import",
            "covenant-meter",
            "covenant-api",
            "covenant-statements",
            "covenant-proofs",
        ]),
    ),
    ("covenant-tests", None),
    ("covenant-benches", None),
    ("covenant-peers", None),
];

/// Outside crates that only some of ours may name, for dependencies of every kind: a prefix, and who may.
const CONFINED: &[(&str, &[&str])] = &[
    // Provers are compared with it where they are measured.
    ("ark-groth16", &["covenant-proofs", "covenant-peers"]),
    ("taceo-groth16", &["covenant-peers"]),
    ("merlin", &["covenant-proofs"]),
    // One room knows how records are stored.
    ("rocksdb", &["covenant-ledger"]),
    // arkworks' names change with each release, so they stay where they can be changed together.
    (
        "ark-",
        &[
            "covenant-gadgets",
            "covenant-proofs",
            "covenant-statements",
            "covenant-tests",
            "covenant-benches",
            "covenant-peers",
        ],
    ),
];

/// Who may ask for the ledger's feature `store`, which links RocksDB; all others have its formats alone.
const STORES: &[&str] = &[
    "covenant-verifier",
    "covenant-audit",
    "covenant-tests",
    "covenant-benches",
];

/// The rooms without cryptography.
const UNCRYPTIC: &[&str] = &["covenant-policy", "covenant-import", "covenant-meter"];

/// Outside crates that may be named by anybody but these.
const EXCLUDED: &[(&str, &[&str])] = &[
    // Pure rooms: no network, no threads of their own, no entropy of the operating system.
    (
        "getrandom",
        &[
            "covenant-policy",
            "covenant-gadgets",
            "covenant-proofs",
            "covenant-statements",
            "covenant-import",
            "covenant-meter",
            "covenant-ledger",
        ],
    ),
    // Policies and books are plain integers; who signs, hashes and encrypts is above them.
    // The meter names what it cannot turn into ranges by its hash, to know it again.
    ("sha2", &["covenant-policy", "covenant-import"]),
    ("hmac", UNCRYPTIC),
    ("hkdf", UNCRYPTIC),
    ("argon2", UNCRYPTIC),
    ("chacha20poly1305", UNCRYPTIC),
    ("ed25519-dalek", UNCRYPTIC),
];

/// Everything about the workspace's dependencies that breaks a rule above, one line each.
fn violations(metadata: &Metadata) -> Vec<String> {
    let arrows: BTreeMap<&str, Option<&[&str]>> = ARROWS.iter().copied().collect();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for name in arrows.keys().filter(|name| !ours.contains(*name)) {
        found.push(format!("{name} has arrows but is not in the workspace"));
    }
    for package in &metadata.packages {
        let from = package.name.as_str();
        let Some(allowed) = arrows.get(from) else {
            found.push(format!("{from} has no arrows: decide what it may depend on"));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let inner = to == "covenant" || to.starts_with("covenant-");
            if inner && dependency.kind != DependencyKind::Development && !allowed.is_none_or(|list| list.contains(&to))
            {
                found.push(format!(
                    "{from} -> {to} ({} dependency) is not an arrow",
                    dependency.kind
                ));
            }
            let store =
                dependency.uses_default_features || dependency.features.iter().any(|feature| feature == "store");
            if to == "covenant-ledger" && store && !STORES.contains(&from) {
                found.push(format!("{from} must not link the ledger's store"));
            }
            if !names_allowed(from, to) {
                found.push(format!("{from} must not name {to}"));
            }
        }
    }
    found
}

/// Whether this crate of ours may name that outside crate.
fn names_allowed(from: &str, to: &str) -> bool {
    let confined = CONFINED
        .iter()
        .find(|(prefix, _)| to == *prefix || prefix.ends_with('-') && to.starts_with(prefix));
    confined.is_none_or(|(_, may)| may.contains(&from))
        && !EXCLUDED
            .iter()
            .any(|(name, may_not)| *name == to && may_not.contains(&from))
}

#[test]
fn the_arrows_hold() {
    let metadata = repository::metadata().expect("cargo metadata");
    let found = violations(&metadata);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Cargo's own description of the workspace with one more dependency: `from` depends on `to`.
fn with_edge(from: &str, to: &str, kind: Option<&str>) -> Metadata {
    let mut json: Value = serde_json::from_str(&repository::metadata_json().expect("cargo metadata")).expect("JSON");
    let edge = serde_json::json!({
        "name": to, "source": null, "req": "*", "kind": kind, "rename": null, "optional": false,
        "uses_default_features": true, "features": [], "target": null, "registry": null,
    });
    let packages = json["packages"].as_array_mut().expect("packages");
    let package = packages
        .iter_mut()
        .find(|package| package["name"] == from)
        .expect("a package of this name");
    package["dependencies"].as_array_mut().expect("dependencies").push(edge);
    MetadataCommand::parse(json.to_string()).expect("metadata")
}

#[test]
fn a_forbidden_arrow_is_caught() {
    let forbidden = [
        ("covenant-policy", "covenant-gadgets"),
        ("covenant-gadgets", "covenant-policy"),
        ("covenant-proofs", "covenant-policy"),
        ("covenant-statements", "covenant-api"),
        ("covenant-import", "covenant-statements"),
        ("covenant-api", "covenant-import"),
        ("covenant-api", "covenant"),
        ("covenant-ledger", "covenant-api"),
        ("covenant", "covenant-gadgets"),
    ];
    for (from, to) in forbidden {
        for kind in [None, Some("build")] {
            let found = violations(&with_edge(from, to, kind));
            assert!(
                found.iter().any(|line| line.starts_with(&format!("{from} -> {to} "))),
                "{from} -> {to} ({kind:?}) was not caught: {found:?}"
            );
        }
    }
}

#[test]
fn a_name_outside_its_room_is_caught() {
    let store = violations(&with_edge("covenant-api", "covenant-ledger", None));
    let expected = "covenant-api must not link the ledger's store".to_owned();
    assert!(store.contains(&expected), "with default features: {store:?}");
    let cases = [
        ("covenant-api", "ark-groth16", Some("dev")),
        ("covenant-statements", "ark-groth16", None),
        ("covenant-tests", "ark-groth16", None),
        ("covenant", "merlin", None),
        ("covenant-api", "ark-ff", None),
        ("covenant-policy", "ark-bn254", Some("build")),
        ("covenant-import", "ed25519-dalek", None),
        ("covenant-statements", "getrandom", None),
    ];
    for (from, to, kind) in cases {
        let found = violations(&with_edge(from, to, kind));
        let expected = format!("{from} must not name {to}");
        assert!(found.contains(&expected), "not caught: {expected}: {found:?}");
    }
}

#[test]
fn a_permitted_edge_is_not_caught() {
    let permitted = [
        ("covenant-tests", "covenant-import", None),
        ("covenant-benches", "ark-ff", None),
        ("covenant-import", "covenant-policy", Some("build")),
        ("covenant-import", "covenant-statements", Some("dev")),
        ("covenant-proofs", "ark-groth16", None),
    ];
    let before = violations(&repository::metadata().expect("cargo metadata"));
    for (from, to, kind) in permitted {
        assert_eq!(
            violations(&with_edge(from, to, kind)),
            before,
            "{from} -> {to} ({kind:?})"
        );
    }
}

#[test]
fn a_crate_without_arrows_is_caught_and_so_is_an_arrow_without_a_crate() {
    let json = repository::metadata_json()
        .expect("cargo metadata")
        .replace("\"covenant-import\"", "\"covenant-newcomer\"");
    let found = violations(&MetadataCommand::parse(json).expect("metadata"));
    assert!(
        found.contains(&"covenant-newcomer has no arrows: decide what it may depend on".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"covenant-import has arrows but is not in the workspace".to_owned()),
        "{found:?}"
    );
}
