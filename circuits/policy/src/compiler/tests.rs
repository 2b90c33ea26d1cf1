//! The traps, one by one, and what the compiler does about each.

use super::*;
use crate::evaluate::{Evaluation, evaluate_columns};
use crate::program::{COLUMNS, FIRST_RICH_ROW, SLOTS};
use crate::testing::{HEAD, PRIOR, compiled, index, refused, source};

fn columns(figures: &[(&str, i64)]) -> [i64; COLUMNS] {
    let mut columns = [0; COLUMNS];
    for (name, value) in figures {
        let (offset, name) = name.strip_prefix("prior.").map_or((0, *name), |rest| (FIGURES, rest));
        columns[offset + index(name)] = *value;
    }
    columns
}

fn evaluated(compiled: &Compiled, figures: &[(&str, i64)]) -> Evaluation {
    evaluate_columns(&compiled.program, columns(figures))
}

/// Whether the one rule of a policy holds.
fn holds(require: &str, figures: &[(&str, i64)]) -> bool {
    evaluated(&compiled(PRIOR, &[("a", require)]), figures).tiers[0].achieved
}

#[test]
fn a_loss_over_negative_equity_is_no_return_on_equity() {
    let roe = "net_income / equity >= 5%";
    assert!(!holds(roe, &[("net_income", -1), ("equity", -100)]));
    assert!(!holds(roe, &[("net_income", 0), ("equity", 0)]));
    assert!(!holds(roe, &[("net_income", 1), ("equity", 0)]));
    assert!(holds(roe, &[("net_income", 5), ("equity", 100)]));
    assert!(!holds(roe, &[("net_income", 4), ("equity", 99)]));
    // The same as a strict bound from above: negative debt-to-EBITDA is not low leverage.
    assert!(!holds("debt / ebitda < 3", &[("debt", 10), ("ebitda", -100)]));
    assert!(!holds("debt / ebitda <= 3", &[("debt", 0), ("ebitda", 0)]));
    assert!(!holds("debt / ebitda < 3", &[("debt", 0), ("ebitda", 0)]));
    assert!(holds("debt / ebitda < 3", &[("debt", 299), ("ebitda", 100)]));
    assert!(!holds("debt / ebitda < 3", &[("debt", 300), ("ebitda", 100)]));
}

#[test]
fn guards_are_left_out_only_where_the_row_proves_them() {
    let guards = |require: &str| compiled(PRIOR, &[("a", require)]).rules()[0].guards.len();
    assert_eq!(guards("debt / ebitda < 3"), 0);
    assert_eq!(guards("debt / ebitda <= 3"), 1);
    assert_eq!(guards("(debt - cash) / ebitda < 3"), 1, "the numerator can be negative");
    assert_eq!(
        guards("(debt + net_income) / revenue < 3"),
        1,
        "the numerator is signed"
    );
    assert_eq!(
        guards("current_assets / current_liabilities >= 1.2"),
        1,
        "0 passes the row"
    );
    assert_eq!(
        guards("current_assets / current_liabilities > 1.2"),
        1,
        "1/0 passes the row"
    );
    assert_eq!(guards("total_liabilities / total_assets < 70%"), 0);
    assert_eq!(
        guards("current_assets / (current_liabilities + 1 EUR) >= 1.2"),
        0,
        "never zero"
    );
    assert_eq!(
        guards("cash / (rounding_difference + 100000 EUR) <= 1"),
        1,
        "no guard rests on the rounding bound"
    );
    assert_eq!(guards("revenue / (total_assets * equity) * cash >= 1"), 2);
    // Cancelling a denominator never cancels its guard.
    assert_eq!(guards("(net_income / equity) * equity >= 5 EUR"), 1);
    assert_eq!(guards("net_income / equity >= ebit / equity"), 1);
    assert!(!holds(
        "(net_income / equity) * equity >= 5 EUR",
        &[("net_income", 600), ("equity", -5)]
    ));
    // The exemption is right at the edge of the ranges, too.
    for (debt, ebitda) in [
        (0, 0),
        (0, 1),
        (0, -1),
        (i64::MAX, 0),
        (i64::MAX, i64::MAX),
        (0, i64::MAX),
        (1, -i64::MAX),
    ] {
        let expected = ebitda > 0 && i128::from(debt) < 3 * i128::from(ebitda);
        assert_eq!(
            holds("debt / ebitda < 3", &[("debt", debt), ("ebitda", ebitda)]),
            expected,
            "{debt} / {ebitda}"
        );
    }
}

#[test]
fn a_negative_denominator_can_be_asked_for() {
    // Months of cash runway: only for companies that burn cash.
    let runway = "cash / (-operating_cash_flow / 12) >= 6";
    assert!(holds(runway, &[("cash", 50), ("operating_cash_flow", -100)]));
    assert!(!holds(runway, &[("cash", 49), ("operating_cash_flow", -100)]));
    assert!(!holds(runway, &[("cash", 1000), ("operating_cash_flow", 100)]));
    assert_eq!(refused("cash / (0 - revenue) >= 1"), "policy-division");
    assert_eq!(refused("cash / (revenue - revenue) >= 1"), "policy-division");
    assert_eq!(refused("cash / 0 >= 1"), "policy-division");
    assert_eq!(
        refused("cash / (revenue * equity + cash * cash) >= 1"),
        "policy-division"
    );
}

#[test]
fn thresholds_are_exact_and_strictness_is_kept() {
    let row = |require: &str| {
        let compiled = compiled("", &[("a", require)]);
        let row = compiled.program.rows[compiled.rules()[0].tests[0]].clone();
        (row.a[0], row.a[6], row.bound)
    };
    assert_eq!(row("current_assets / current_liabilities >= 1.2"), (5, -6, 0));
    assert_eq!(row("current_assets / current_liabilities > 1.2"), (5, -6, 1));
    assert_eq!(row("current_assets / current_liabilities <= 1.2"), (-5, 6, 0));
    assert_eq!(row("current_assets > 1.2 * current_liabilities"), (5, -6, 1));
    assert_eq!(row("1.2 <= current_assets / current_liabilities"), (5, -6, 0));
    assert_eq!(row("current_assets >= 50_000.50 EUR"), (1, 0, 5_000_050));
    assert_eq!(row("current_assets > 50000.50"), (1, 0, 5_000_051));
    assert_eq!(row("current_assets < 0.01"), (-1, 0, 0));
    assert_eq!(row("3 * current_assets >= 1 EUR"), (1, 0, 34), "34 cents are needed");
    assert_eq!(row("3 * current_assets > 0.99 EUR"), (1, 0, 34));
    assert_eq!(row("2 * current_assets - 0.015 >= 4 * current_liabilities"), (1, -2, 1));
    let hundred = "current_assets >= 1.2 * current_liabilities";
    assert!(holds(hundred, &[("current_assets", 120), ("current_liabilities", 100)]));
    assert!(!holds(
        hundred,
        &[("current_assets", 119), ("current_liabilities", 100)]
    ));
    assert!(!holds(
        hundred,
        &[("current_assets", 120), ("current_liabilities", 101)]
    ));
}

#[test]
fn currencies_scale_by_their_own_digits() {
    for (currency, bound) in [("JPY", 50_000), ("EUR", 5_000_000), ("BHD", 50_000_000)] {
        let text = source("", &[("a", "cash >= 50_000")]).replace("\"EUR\"", &format!("\"{currency}\""));
        assert_eq!(compile(&text).unwrap().program.rows[0].bound, bound);
    }
    assert_eq!(refused("cash >= 50_000 USD"), "policy-units");
    assert_eq!(refused("cash >= 0.001 EUR"), "amount-invalid");
}

#[test]
fn units_do_not_mix() {
    for wrong in [
        "current_assets >= 1.2 * headcount",
        "current_assets + headcount >= 5",
        "current_assets >= 20%",
        "current_assets / revenue >= 5 EUR",
        "current_assets * revenue >= 5",
        "headcount >= 5 EUR",
        "current_assets / revenue + revenue >= 1",
        "2 * (current_assets / revenue) + revenue >= 1",
        "1 / revenue >= 1",
        "revenue / headcount >= 100_000 EUR",
    ] {
        assert_eq!(refused(wrong), "policy-units", "{wrong}");
    }
    assert!(holds("headcount >= 10", &[("headcount", 10)]));
    assert!(holds(
        "revenue / headcount >= 100_000",
        &[("headcount", 2), ("revenue", 20_000_000)]
    ));
    assert!(!holds(
        "revenue / headcount >= 100_000.00",
        &[("headcount", 2), ("revenue", 19_999_999)]
    ));
    assert!(holds(
        "revenue >= (1 + 5%) * prior.revenue",
        &[("revenue", 105), ("prior.revenue", 100)]
    ));
    assert!(!holds(
        "revenue >= (1 + 5%) * prior.revenue",
        &[("revenue", 104), ("prior.revenue", 100)]
    ));
}

#[test]
fn points_sit_on_a_row_that_reads_ratio_and_guard() {
    let text = format!(
        "{HEAD}[tiers]\nkind = \"scorecard\"\n[[tiers.factor]]\nname = \"roe\"\nexpression = \"net_income / equity\"\n\
         points = [[0.05, 5], [0.10, 12]]\n[[tiers.grade]]\nname = \"B\"\nminimum = 5\n[[tiers.grade]]\nname = \"C\"\nminimum = 1\n"
    );
    let compiled = compile(&text).unwrap();
    let [five, ten] = compiled.rules() else {
        panic!("{:?}", compiled.rules())
    };
    assert_eq!(
        (five.name.as_str(), ten.name.as_str()),
        ("roe-at-least-0.05", "roe-at-least-0.1")
    );
    assert_eq!(five.guards, ten.guards, "the guard is shared");
    let weights = compiled.program.tiers[0].weights;
    assert_eq!(
        weights[five.tests[0]] + weights[five.guards[0]] + weights[ten.tests[0]],
        0
    );
    let (a, b) = (five.together.unwrap(), ten.together.unwrap());
    assert!(a >= FIRST_RICH_ROW && b >= FIRST_RICH_ROW);
    assert_eq!((weights[a], weights[b], weights.iter().sum::<u32>()), (5, 7, 12));
    assert_eq!(
        evaluated(&compiled, &[("net_income", -1), ("equity", -100)]).tiers[0].score,
        0
    );
    assert_eq!(
        evaluated(&compiled, &[("net_income", 5), ("equity", 100)]).tiers[0].score,
        5
    );
    assert_eq!(
        evaluated(&compiled, &[("net_income", 10), ("equity", 100)]).tiers[0].score,
        12
    );
}

#[test]
fn required_rules_outweigh_all_points() {
    let text = format!(
        "{HEAD}[[rule]]\nname = \"solvent\"\nrequire = \"equity > 0\"\n[[rule]]\nname = \"earns\"\nrequire = \"net_income > 0\"\n\
         [[rule]]\nname = \"cash\"\nrequire = \"cash >= 1 EUR\"\n[tiers]\nkind = \"scorecard\"\nrequired = [\"solvent\"]\n\
         [[tiers.points]]\nrule = \"earns\"\npoints = 60\n[[tiers.points]]\nrule = \"cash\"\npoints = 40\n\
         [[tiers.points]]\nrule = \"solvent\"\npoints = 7\n[[tiers.grade]]\nname = \"A\"\nminimum = 100\nrequires = [\"cash\"]\n\
         [[tiers.grade]]\nname = \"B\"\nminimum = 0\n"
    );
    let compiled = compile(&text).unwrap();
    assert_eq!(compiled.texts.required_weight, 108);
    for bits in 0..8i64 {
        let (solvent, earns, cash) = (bits & 1, bits >> 1 & 1, bits >> 2 & 1);
        let result = evaluated(
            &compiled,
            &[("equity", solvent), ("net_income", earns), ("cash", 100 * cash)],
        );
        let points = 60 * earns + 40 * cash + 7 * solvent;
        assert_eq!(
            result.tiers[0].achieved,
            solvent == 1 && cash == 1 && points >= 100,
            "{bits:03b}"
        );
        assert_eq!(result.tiers[1].achieved, solvent == 1, "{bits:03b}");
    }
}

#[test]
fn combinations_mean_what_they_say() {
    let base = [
        ("a", "net_income > 0"),
        ("b", "ebit > 0"),
        ("c", "cash / revenue >= 1"),
        ("d", "debt / equity <= 1"),
    ];
    let combinations = [
        ("any", "a or b"),
        ("ratio-or", "c or d"),
        ("mixed", "(a and c) or b"),
        ("nor", "not (a or b)"),
        ("two", "at least 2 of (a, b, c)"),
        ("deep", "(a or c) and (b or d)"),
        ("both", "a and d"),
    ];
    let compiled = compiled("", &[base.as_slice(), &combinations].concat());
    for bits in 0..16i64 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| bits >> i & 1 == 1);
        // Where d is false its guard fails, too; where c is false its guard alone passes.
        let figures = [
            ("net_income", i64::from(a)),
            ("ebit", i64::from(b)),
            ("revenue", 5),
            ("cash", 5 * i64::from(c)),
            ("equity", i64::from(d)),
        ];
        let result = evaluated(&compiled, &figures);
        let two = [a, b, c].iter().filter(|x| **x).count() >= 2;
        let expected = [
            a,
            b,
            c,
            d,
            a || b,
            c || d,
            (a && c) || b,
            !(a || b),
            two,
            (a || c) && (b || d),
            a && d,
        ];
        let found: Vec<bool> = result.tiers.iter().map(|t| t.achieved).collect();
        assert_eq!(found, expected, "{bits:04b}");
    }
    assert_eq!(
        compiled.rules().last().unwrap().together,
        None,
        "a conjunction needs no row of its own"
    );
}

#[test]
fn a_negated_ratio_is_refused_even_without_a_guard_row() {
    for ratio in ["debt / ebitda <= 3", "debt / ebitda < 3"] {
        for combination in ["not r", "not (p or r)", "not both", "p or not both"] {
            let rules = [
                ("r", ratio),
                ("p", "net_income > 0"),
                ("both", "p and r"),
                ("n", combination),
            ];
            assert_eq!(
                compile(&source("", &rules)).map_err(|r| r.code()),
                Err("policy-negated-ratio"),
                "{combination}"
            );
        }
    }
}

#[test]
fn dead_contradictory_and_duplicate_rules_are_found() {
    for never in [
        "cash < 0",
        "cash <= -1 EUR",
        "total_assets > 100_000_000_000_000_000 EUR",
        "0 >= cash + 0.01",
    ] {
        assert_eq!(refused(never), "policy-rule-never-passes", "{never}");
    }
    assert_eq!(refused("cash between 5 EUR and 4 EUR"), "policy-rule-never-passes");
    assert_eq!(
        refused("net_income / equity + ebit / (-equity) >= 0"),
        "policy-rule-never-passes"
    );
    assert_eq!(refused("5 >= 4"), "policy-expression");
    assert_eq!(refused("cash >= cash"), "policy-expression");
    let always = compiled("", &[("a", "cash >= 0")]);
    assert!(always.warnings.iter().any(|w| w.text.contains("always holds")));
    let twins = compiled(
        "",
        &[
            ("a", "current_assets / current_liabilities >= 1.2"),
            ("b", "current_assets / current_liabilities >= 6/5"),
        ],
    );
    assert!(
        twins.warnings.iter().any(|w| w.text == "`b` says the same as `a`"),
        "{:?}",
        twins.warnings
    );
    assert_eq!(twins.rules()[0].tests, twins.rules()[1].tests);
    let mut text = source("", &[("low", "ebit <= 5 * debt"), ("high", "2 * ebit > 10 * debt")]);
    assert!(compile(&text).is_ok());
    text += "[[tiers.tier]]\nname = \"both\"\nrequires = [\"low\", \"high\"]\n";
    assert_eq!(compile(&text).map_err(|r| r.code()), Err("policy-contradictory"));
    text = source("", &[("a", "cash >= 5"), ("b", "cash >= 6")]).replace("requires = [\"b\"]", "requires = [\"a\"]");
    let warnings = compile(&text).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|w| w.text.starts_with("`b` is never the best tier")),
        "{warnings:?}"
    );
    assert!(
        warnings.iter().any(|w| w.text.starts_with("`b` decides nothing")),
        "{warnings:?}"
    );
}

#[test]
fn equality_and_between_are_two_rows() {
    assert!(holds("cash == revenue", &[("cash", 5), ("revenue", 5)]));
    assert!(!holds("cash == revenue", &[("cash", 5), ("revenue", 6)]));
    assert!(!holds("cash == revenue", &[("cash", 6), ("revenue", 5)]));
    assert_eq!(refused("cash / revenue == 1"), "policy-equality");
    assert_eq!(refused("cash * revenue == debt * debt"), "policy-equality");
    let between = "current_assets / current_liabilities between 1.0 and 2.0";
    for (assets, expected) in [(99, false), (100, true), (200, true), (201, false)] {
        assert_eq!(
            holds(between, &[("current_assets", assets), ("current_liabilities", 100)]),
            expected
        );
    }
    assert!(!holds(between, &[]));
    assert_eq!(compiled("", &[("a", between)]).rules()[0].guards.len(), 1);
}

mod fit;
mod months;
mod parts;
