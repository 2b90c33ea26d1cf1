use std::collections::BTreeSet;

use super::*;
use crate::testing::{HEAD, PRIOR, SAMPLES, source};

/// Codes of errors and warnings.
fn codes_of(text: &str) -> Vec<&'static str> {
    let lint = lint(text);
    let errors = match &lint.result {
        Ok(_) => Vec::new(),
        Err(refusal) => [
            vec![refusal.code()],
            refusal.others().iter().map(Refusal::code).collect(),
        ]
        .concat(),
    };
    errors
        .into_iter()
        .chain(lint.warnings.iter().map(|w| w.entry.code))
        .collect()
}

fn found(rules: &[(&str, &str)]) -> Vec<&'static str> {
    codes_of(&source("", rules))
}

fn list(rules: &[(&str, &str)], tiers: &[(&str, &[&str])]) -> String {
    let mut text = HEAD.to_owned();
    for (name, require) in rules {
        text += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n");
    }
    text += "[tiers]\nkind = \"decision-list\"\n";
    for (name, requires) in tiers {
        text += &format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = {requires:?}\n");
    }
    text
}

#[test]
fn the_samples_have_no_errors() {
    for text in SAMPLES {
        let lint = lint(text);
        assert!(lint.result.is_ok(), "{}", lint.result.unwrap_err());
        for warning in lint.warnings {
            let known = [codes::ZERO_DENOMINATOR.code, codes::IMPLIED.code];
            assert!(known.contains(&warning.entry.code), "{warning}");
        }
    }
}

#[test]
fn identities_and_ranges_settle_rules() {
    // TA = CA + NCA, and neither is below zero.
    assert_eq!(
        found(&[("a", "total_assets >= current_assets")]),
        ["policy-always-holds"]
    );
    assert_eq!(
        found(&[("a", "current_assets > total_assets")]),
        ["policy-rule-never-passes"]
    );
    assert_eq!(found(&[("a", "cash >= 1 EUR")]), [""; 0]);
    // 0.5 TL >= CL + NCL + 1 contradicts TL = CL + NCL.
    assert_eq!(
        found(&[(
            "a",
            "0.5 * total_liabilities > current_liabilities + non_current_liabilities"
        )]),
        ["policy-rule-never-passes"]
    );
}

#[test]
fn rules_that_say_the_same_through_an_identity_are_found() {
    let rules = [
        ("a", "current_assets + non_current_assets >= 1_000 EUR"),
        ("b", "total_assets >= 1_000 EUR"),
    ];
    assert_eq!(found(&rules), ["policy-same-rule", "policy-tier-never-best"]);
}

#[test]
fn three_rules_exclude_each_other_where_no_two_do() {
    let rules = [
        ("a", "cash >= inventory + 1 EUR"),
        ("b", "inventory >= revenue + 1 EUR"),
        ("c", "revenue >= cash + 1 EUR"),
    ];
    let text = list(&rules, &[("T", &["a", "b", "c"])]);
    assert!(compile(&text).is_ok(), "no pair excludes itself");
    assert_eq!(codes_of(&text), ["policy-contradictory"]);
    assert_eq!(codes_of(&list(&rules, &[("T", &["a", "b"]), ("U", &["c"])])), [""; 0]);
}

#[test]
fn what_a_tier_demands_in_vain_is_named() {
    let rules = [
        ("strict", "current_assets / current_liabilities >= 1.5"),
        ("mild", "current_assets / current_liabilities >= 1.2"),
    ];
    let text = list(&rules, &[("A", &["strict", "mild"]), ("B", &["mild"])]);
    assert_eq!(codes_of(&text), ["policy-zero-denominator", "policy-implied"]);
    let lint = lint(&text);
    assert_eq!(lint.warnings[1].text, "`A` demands `mild`, which its other rules imply");
}

#[test]
fn a_tier_below_several_better_ones_is_never_best() {
    // Whoever reaches C has cash above or below the bound, and so reaches A or B.
    let rules = [
        ("rich", "cash >= 1_000 EUR"),
        ("poor", "cash < 1_000 EUR"),
        ("sells", "revenue >= 1 EUR"),
    ];
    let text = list(&rules, &[("A", &["rich"]), ("B", &["poor"]), ("C", &["sells"])]);
    assert_eq!(codes_of(&text), ["policy-tier-never-best"]);
}

fn scorecard(minimum: u32) -> String {
    let rules = [
        ("rich", "cash >= 1_000 EUR"),
        ("fair", "cash between 400 EUR and 600 EUR"),
        ("poor", "cash < 200 EUR"),
    ];
    let mut text = HEAD.to_owned();
    for (name, require) in rules {
        text += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n");
    }
    text += "[tiers]\nkind = \"scorecard\"\n";
    for (name, _) in rules {
        text += &format!("[[tiers.points]]\nrule = \"{name}\"\npoints = 10\n");
    }
    text + &format!("[[tiers.grade]]\nname = \"A\"\nminimum = {minimum}\n")
}

#[test]
fn points_that_exclude_each_other_are_not_added_up() {
    assert_eq!(codes_of(&scorecard(10)), [""; 0]);
    assert!(
        compile(&scorecard(11)).is_ok(),
        "30 points are listed, and no single rule is indispensable"
    );
    assert_eq!(codes_of(&scorecard(11)), ["policy-tier-unattainable"]);
}

#[test]
fn combinations_are_understood() {
    let rules = [
        ("rich", "cash >= 1_000 EUR"),
        ("poor", "cash < 500 EUR"),
        ("both", "rich and poor"),
        ("either", "rich or not rich"),
    ];
    let text = list(&rules, &[("A", &["both"]), ("B", &["either"])]);
    let found: BTreeSet<_> = codes_of(&text).into_iter().collect();
    assert!(
        found.is_superset(&BTreeSet::from(["policy-rule-never-passes"])),
        "{found:?}"
    );
}

#[test]
fn products_are_settled_by_the_ranges_of_their_factors_and_otherwise_left_open() {
    assert_eq!(found(&[("a", "revenue * cash >= inventory * debt")]), [""; 0]);
    assert_eq!(
        found(&[("a", "revenue * cash + revenue * debt < 0")]),
        ["policy-rule-never-passes"]
    );
    // (TA − CA)·cash is never below zero: the first factor is NCA.
    assert_eq!(
        found(&[("a", "(total_assets - current_assets) * cash >= -1 EUR * 1 EUR")]).len(),
        1
    );
}

#[test]
fn the_second_statement_has_its_identities_too() {
    let text = source(PRIOR, &[("a", "prior.total_assets >= prior.current_assets")]);
    assert_eq!(codes_of(&text), ["policy-always-holds"]);
}

#[test]
fn whole_figures_are_used_where_a_row_fails() {
    // Nothing lies between cash <= 5 and cash >= 6 minor units.
    let rules = [
        ("low", "cash <= 0.05 EUR"),
        ("high", "cash >= 0.06 EUR"),
        ("all", "low or high"),
    ];
    let text = list(&rules, &[("A", &["all"])]);
    assert_eq!(codes_of(&text), ["policy-always-holds"]);
}

/// The rules and tiers of a linked proof are looked at too, and each is spoken of where it stands.
#[test]
fn linked_proofs_are_looked_at() {
    let three = include_str!("../../../../policies/three-statements.toml");
    let rules = three.find("[[rule]]").unwrap();
    let with = |added: &str, top: &str| {
        let text = [&three[..rules], added, &three[rules..]].concat();
        text.replace(
            "\"revenue-grows\", \"equity-positive\", \"authority-knows-revenue\"",
            &format!("\"revenue-grows\", \"equity-positive\", \"authority-knows-revenue\"{top}"),
        )
    };
    let line = |text: &str, what: &str| text.lines().position(|line| line.contains(what)).unwrap() + 1;
    // First in the source: what is said of others must not move.
    let first = "[[rule]]\nname = \"first\"\nrequire = \"companion.invoiced_1 >= 100\"\n\n";
    let again = "[[rule]]\nname = \"again\"\nrequire = \"2 * companion.invoiced_1 >= 200\"\n\n";
    let text = with(&[first, again].concat(), ", \"first\", \"again\"");
    let lint = lint(&text);
    assert!(lint.result.is_ok());
    let said: Vec<_> = lint
        .warnings
        .iter()
        .map(|w| (w.entry.code, w.spot.line, w.text.as_str()))
        .collect();
    let again_at = line(&text, "name = \"again\"");
    assert!(
        said.contains(&("policy-same-rule", again_at, "`again` says the same as `first`")),
        "{said:?}"
    );
    // Two rules of the linked proof that exclude each other, in one tier.
    let low = "[[rule]]\nname = \"low\"\nrequire = \"companion.invoiced_1 <= 50\"\n\n";
    let text = with(&[first, low].concat(), ", \"first\", \"low\"");
    let refusal = super::lint(&text).result.unwrap_err();
    assert_eq!(refusal.code(), "policy-contradictory");
    let at = format!("line {},", line(&text, "name = \"AA\""));
    assert!(
        refusal.place.as_ref().is_some_and(|place| place.starts_with(&at)),
        "{refusal:?}"
    );
}
