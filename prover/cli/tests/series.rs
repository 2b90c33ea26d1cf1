//! A ledger month by month: a statement of its own beside the year's, shown, attested and never taken for the year.

mod common;

use common::{World, repository};

#[test]
fn twelve_months_are_a_statement_beside_the_year() {
    let world = World::with_vault();
    let (books, id) = world.sample(&[]);
    let common = ["import", &books, "--registry-id", &id, "--currency", "EUR"];
    let series = [&common[..], &["--series"]].concat();

    let review = world.run(&[&series[..], &["--review"]].concat());
    assert!(review.stdout.contains("A YEAR MONTH BY MONTH"), "{review:?}");
    assert_eq!(world.ok(&["figures"])["statements"], serde_json::json!([]));

    let kept = world.ok(&[&series[..], &["--sheet", "sheet.txt"]].concat());
    assert_eq!(kept["series"]["months"].as_array().map(Vec::len), Some(12));
    assert!(world.read("sheet.txt").contains("The months' revenue adds up to"));
    assert_eq!(world.ok(&series)["known"], true, "the same months again change nothing");

    // A policy over a year's figures is not answered from twelve months.
    let policy = repository("policies/supplier-screen.toml").display().to_string();
    world.refused(&["check", "--policy", &policy], 1, "no-fitting-statement");
    let year = world.ok(&common);
    assert_ne!(year["statement"], kept["statement"]);
    let checked = world.run(&["check", "--policy", &policy, "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&checked.stdout).expect("JSON");
    assert_eq!(answer["policies"][0]["statements"][0], year["statement"], "{checked:?}");

    let name = kept["statement"].as_str().unwrap();
    let shown = world.run(&["figures", name]).stdout;
    assert!(
        shown.contains("invoiced_12") && shown.contains("cash_flow_12"),
        "{shown}"
    );
    world.ok(&["attest", "request", name, "--out", "request.json"]);
    assert!(world.read("request.json").contains("monthly-series/v1"));
}

#[test]
fn a_balance_and_a_long_year_have_no_series() {
    let world = World::with_vault();
    let (books, id) = world.sample(&[]);
    let common = ["import", &books, "--registry-id", &id, "--currency", "EUR", "--series"];
    let long = [&common[..], &["--period", "2025-01-01..2026-01-31"]].concat();
    world.refused(&long, 1, "series-period");
    assert_eq!(world.ok(&["figures"])["statements"], serde_json::json!([]));
}
