use super::*;
use crate::compiler::compile;
use crate::testing::{PRIOR, compiled};

fn sentence(require: &str) -> String {
    let compiled = compiled(PRIOR, &[("a", require)]);
    render(&compiled.canonical_bytes).unwrap().rules[0].sentence.clone()
}

#[test]
fn rules_read_as_a_credit_officer_says_them() {
    for (require, expected) in [
        (
            "current_assets / current_liabilities >= 1.2",
            "Current assets are at least 1.2 times current liabilities, and current liabilities are above zero.",
        ),
        (
            "(current_assets - inventory) / current_liabilities >= 1",
            "Current assets less inventory are at least current liabilities, and current liabilities are above zero.",
        ),
        ("debt <= 3 * ebitda", "Financial debt is at most 3 times EBITDA."),
        ("debt / ebitda < 3", "Financial debt is less than 3 times EBITDA."),
        (
            "(debt - cash) / ebitda <= 3",
            "Financial debt less cash is at most 3 times EBITDA, and EBITDA is above zero.",
        ),
        (
            "ebitda / (interest_expense + scheduled_principal) >= 1.25",
            "EBITDA is at least 1.25 times (interest expense plus scheduled principal), and interest expense plus scheduled \
             principal is above zero.",
        ),
        (
            "365 * trade_receivables / revenue <= 90",
            "Trade receivables are at most 90/365 times revenue, and revenue is above zero.",
        ),
        ("equity > 0", "Equity is above zero."),
        ("net_income >= 0", "Net income is not negative."),
        ("net_income < 0", "Net income is below zero."),
        ("tax_paid >= 30_000 EUR", "Tax paid is at least 30,000.00 EUR."),
        (
            "revenue / headcount >= 100_000",
            "Revenue is at least 100,000.00 EUR times headcount, and headcount is above zero.",
        ),
        (
            "headcount between 10 and 1_000",
            "Headcount is at least 10, and headcount is at most 1,000.",
        ),
        (
            "revenue >= 0.9 * prior.revenue",
            "Revenue is at least 0.9 times revenue of the prior period.",
        ),
        (
            "equity - intangible_assets >= 5000",
            "Equity less intangible assets is at least 5,000.00 EUR.",
        ),
        (
            "12 * cash + 6 * operating_cash_flow >= 1000 EUR",
            "2 times cash plus operating cash flow is at least 166.67 EUR.",
        ),
        (
            "365 * trade_receivables / revenue + 365 * inventory / cost_of_sales - 365 * trade_payables / cost_of_sales <= 120",
            "365 × (inventory − trade payables) / cost of sales + 365 × trade receivables / revenue is at most 120, revenue is above \
             zero, and cost of sales is above zero.",
        ),
        (
            "6.56 * (current_assets - current_liabilities) / total_assets + 3.26 * retained_earnings / total_assets \
             + 6.72 * ebit / total_assets + 1.05 * equity / total_liabilities >= 2.6",
            "(6.56 × current assets − 6.56 × current liabilities + 3.26 × retained earnings + 6.72 × EBIT) / total assets + \
             1.05 × equity / total liabilities is at least 2.6, total assets are above zero, and total liabilities are above zero.",
        ),
    ] {
        assert_eq!(sentence(require), expected, "{require}");
    }
}

#[test]
fn combinations_read_as_written() {
    let rules = [
        ("a", "net_income > 0"),
        ("b", "ebit > 0"),
        ("c", "cash > 0"),
        ("r", "cash / revenue >= 1"),
        ("x1", "a or b"),
        ("x2", "a and (b or c)"),
        ("x3", "at least 2 of (a, b, c)"),
        ("x4", "not a"),
        ("x5", "a or r"),
        ("x6", "a and r"),
        ("x7", "(a and c) or b"),
    ];
    let compiled = compiled("", &rules);
    let rendering = render(&compiled.canonical_bytes).unwrap();
    let said: Vec<&str> = rendering.rules.iter().skip(4).map(|r| r.sentence.as_str()).collect();
    assert_eq!(
        said,
        [
            "“a” or “b”.",
            "“a” and (“b” or “c”).",
            "At least 2 of “a”, “b” and “c”.",
            "Not “a”.",
            "“a” or “r”.",
            "All of these hold: “a” and “r”.",
            "“b” or (“a” and “c”).",
        ]
    );
}

#[test]
fn tiers_and_notes_of_the_samples() {
    let of = |text: &str| render(&compile(text).unwrap().canonical_bytes).unwrap();
    let grid = of(crate::testing::GRID);
    let margins: Vec<Option<&str>> = grid.tiers.iter().map(|t| t.margin.as_deref()).collect();
    assert_eq!(margins[0], Some("reference rate + 1.25 %"));
    assert_eq!(
        grid.tiers[3].takes,
        "no proof is needed; this level applies where nothing better is proven."
    );
    assert_eq!(
        grid.tiers[0].takes,
        "all of these must hold: “leverage-below-1-5” and “interest-cover”."
    );
    assert!(
        grid.notes
            .iter()
            .any(|n| n.contains("Not delivered when due: the worst level, “IV”"))
    );
    assert!(grid.notes.iter().any(|n| n.contains("recomputed from the day")));
    let card = of(crate::testing::SCORECARD);
    assert_eq!(
        card.tiers[0].takes,
        "at least 80 of 100 points, and in any case “equity-positive”."
    );
    assert_eq!(card.points.iter().map(|(_, p)| p).sum::<u32>(), 100);
    assert!(card.points.contains(&("“liquidity-at-least-1.33”".to_owned(), 4)));
    let list = of(crate::testing::WORKING_CAPITAL);
    assert_eq!(
        list.tiers[2].takes,
        "all of these must hold: “current-ratio”, “debt-to-assets-a”, “debt-service” and “interest-cover”."
    );
    let text = list.to_string();
    assert!(
        text.contains("Current assets: Assets expected to be turned into cash"),
        "definitions stand beside the rule"
    );
    assert!(text.contains("row 3: 5 × current assets − 6 × current liabilities ≥ 0"));
    assert!(text.contains("attested, at least as reviewed, restated at most once, over 350 to 380 days"));
}

#[test]
fn the_clauses_of_a_grid_are_read_hashed_and_said() {
    let grid = crate::testing::GRID;
    let customary = compile(grid).unwrap();
    let silent = grid
        .replace("not_delivered = \"worst\"\n", "")
        .replace("found_wrong = \"recompute\"\n", "");
    assert_eq!(
        compile(&silent).unwrap().canonical_bytes,
        customary.canonical_bytes,
        "what is not said is what is customary"
    );
    let other = grid
        .replace("not_delivered = \"worst\"", "not_delivered = \"keep\"")
        .replace("found_wrong = \"recompute\"", "found_wrong = \"from-then-on\"");
    let other = compile(&other).unwrap();
    assert_ne!(other.canonical_bytes, customary.canonical_bytes);
    let notes = render(&other.canonical_bytes).unwrap().notes;
    assert_eq!(
        notes[2],
        "Not delivered when due: the level before stays until delivered."
    );
    assert_eq!(
        notes[3],
        "Later found wrong: the new level applies from the day on which the right accounts are delivered."
    );
    let wrong = compile(&grid.replace("found_wrong = \"recompute\"", "found_wrong = \"forgive\"")).unwrap_err();
    assert_eq!(
        (wrong.code(), wrong.what.as_str()),
        ("policy-bad-value", "`tiers.found_wrong` is \"forgive\"")
    );
    assert_eq!(wrong.expected.as_deref(), Some("recompute or from-then-on"));
    let elsewhere = crate::testing::SCREEN.replace(
        "kind = \"decision-list\"",
        "kind = \"decision-list\"\nfound_wrong = \"recompute\"",
    );
    assert_eq!(
        compile(&elsewhere).map(|_| ()).map_err(|r| r.code()),
        Err("policy-unknown-field")
    );
}

#[test]
fn changed_rows_change_the_words() {
    let compiled = compiled("", &[("a", "current_assets / current_liabilities >= 1.2")]);
    let mut program = compiled.program.clone();
    program.rows[0].a[6] = -7;
    let bytes = canonical::encode(&program, &compiled.texts, &[]);
    assert_eq!(
        render(&bytes).unwrap().rules[0].sentence,
        "Current assets are at least 1.4 times current liabilities, and current liabilities are above zero."
    );
}
