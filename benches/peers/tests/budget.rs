//! What a proof may cost, by counts that are the same on every machine: `benches/BUDGET.toml`. Times are measured by
//! `make bench` and `make bench-peers`, and never fail a build.

use covenant_peers::cases;

/// What `benches/BUDGET.toml` says.
fn budget(case: &str) -> toml::Table {
    let text = include_str!("../../BUDGET.toml");
    let all: toml::Table = text.parse().expect("the budget is TOML");
    all[case].as_table().expect("a table for each case").clone()
}

#[test]
fn a_compliance_proof_keeps_its_budget() {
    let folder = tempfile::tempdir().expect("scratch space");
    let case = cases::prepare("compliance", folder.path()).expect("the case can be made");
    let proof = (case.own)().to_bytes();
    let budget = budget("compliance");
    for (name, found) in [
        ("constraints", case.constraints as u64),
        ("public_inputs", case.public as u64),
        ("domain", case.domain as u64),
        ("key_bytes", case.key_bytes),
        ("proof_bytes", proof.len() as u64),
    ] {
        let expected = budget[name].as_integer().expect("a number") as u64;
        assert_eq!(found, expected, "{name}: found, and what benches/BUDGET.toml says");
    }
}
