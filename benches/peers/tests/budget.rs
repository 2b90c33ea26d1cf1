//! What a proof and its verification may cost, by counts that are the same on every machine: `benches/BUDGET.toml`. Times are
//! measured by `make bench` and `make bench-peers`, and never fail a build.
//!
//! One test, since whatever else this process did meanwhile would be counted too.

use std::alloc::System;

use covenant_peers::cases;
use covenant_proofs::foreign::ForeignKey;
use covenant_proofs::measure::force_scalar;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What `benches/BUDGET.toml` says.
fn budget(case: &str) -> toml::Table {
    let text = include_str!("../../BUDGET.toml");
    let all: toml::Table = text.parse().expect("the budget is TOML");
    all[case].as_table().expect("a table for each case").clone()
}

/// Allocations and bytes allocated, of the second time: the first fills caches.
fn allocated(action: impl Fn()) -> [u64; 2] {
    action();
    let region = Region::new(COUNTING);
    action();
    let change = region.change();
    [change.allocations as u64, change.bytes_allocated as u64]
}

#[test]
fn a_compliance_proof_keeps_its_budget() {
    let folder = tempfile::tempdir().expect("scratch space");
    let case = cases::prepare("compliance", folder.path()).expect("the case can be made");
    let proof = (case.own)();
    let budget = budget("compliance");
    let said = |name: &str| budget[name].as_integer().expect("a number") as u64;
    for (name, found) in [
        ("constraints", case.constraints as u64),
        ("public_inputs", case.public as u64),
        ("domain", case.domain as u64),
        ("key_bytes", case.key_bytes),
        ("proof_bytes", proof.to_bytes().len() as u64),
    ] {
        assert_eq!(found, said(name), "{name}: found, and what benches/BUDGET.toml says");
    }

    // From here on there is one thread, so that nothing depends on who takes which task.
    let alone = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build();
    let _alone = alone.expect("this thread is in no pool yet");
    let key = ForeignKey::of(&case.zkey).expect("the key is sound");
    let public = &case.witness[1..=case.public];
    let percent = said("allowed_percent");
    let mut over = Vec::new();
    for (path, scalar) in [("vectors", false), ("scalar", true)] {
        force_scalar(scalar);
        if !scalar && !covenant_proofs::measure::has_vectors() {
            continue;
        }
        let proving = allocated(|| _ = (case.own)());
        let verifying = allocated(|| key.verify(public, &proof).expect("the proof holds"));
        for (what, [count, bytes]) in [("proving", proving), ("verifying", verifying)] {
            for (unit, found) in [("allocations", count), ("allocated_bytes", bytes)] {
                let name = format!("{what}_{unit}_{path}");
                println!("{name} = {found}");
                if found * 100 > said(&name) * percent {
                    over.push(format!(
                        "{name}: found {found}, benches/BUDGET.toml says {}",
                        said(&name)
                    ));
                }
            }
        }
    }
    force_scalar(false);
    assert!(over.is_empty(), "{over:#?}");
}
