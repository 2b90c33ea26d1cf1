//! What fits and what does not, where errors point, and what the samples become.

use super::*;
use crate::schema::ENTERPRISE_FINANCIALS;

#[test]
fn products_share_slots_and_what_does_not_fit_is_refused() {
    let altman = "6.56 * (current_assets - current_liabilities) / total_assets + 3.26 * retained_earnings / total_assets \
                  + 6.72 * ebit / total_assets + 1.05 * equity / total_liabilities";
    let safe = format!("{altman} >= 2.6");
    let distress = format!("{altman} >= 1.1");
    let compiled = compiled("", &[("safe", &safe), ("not-distressed", &distress)]);
    let used = compiled
        .program
        .slots
        .iter()
        .filter(|s| s.u.iter().any(|c| *c != 0))
        .count();
    assert_eq!(
        used, 3,
        "equity × total assets is shared, the other differs by its threshold"
    );
    let rule = &compiled.rules()[0];
    assert_eq!((rule.tests.len(), rule.guards.len()), (1, 2));
    assert!(rule.tests[0] >= FIRST_RICH_ROW && rule.guards.iter().all(|g| *g < FIRST_RICH_ROW));

    let ratios = ["cash", "inventory", "ebit", "revenue", "debt"];
    let rules: Vec<(String, String)> = (0..=SLOTS)
        .map(|i| {
            (
                format!("r{i}"),
                format!("{} * {} >= equity * 1 EUR", ratios[i], ratios[(i + 1) % 5]),
            )
        })
        .collect();
    let rules: Vec<(&str, &str)> = rules.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert!(compile(&source("", &rules[..SLOTS])).is_ok());
    assert_eq!(
        compile(&source("", &rules)).map_err(|r| r.code()),
        Err("policy-too-large")
    );
    assert_eq!(refused("cash * revenue * debt >= 0"), "policy-too-large");
    assert_eq!(
        refused("cash / revenue + debt / equity + ebit / inventory >= 1"),
        "policy-too-large"
    );
}

#[test]
fn more_rows_than_there_are_is_refused() {
    let rules: Vec<(String, String)> = (0..33)
        .map(|i| (format!("r{i}"), format!("cash >= {} EUR", i + 1)))
        .collect();
    let rules: Vec<(&str, &str)> = rules.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let all = compile(&source("", &rules[..32])).unwrap();
    assert!(
        all.program.rows.iter().all(|row| !row.is_blank()),
        "plain rows may stand in rich places"
    );
    let text = source("", &rules);
    let one_tier = text.find("[[tiers.tier]]\nname = \"r1\"").unwrap();
    assert_eq!(
        compile(&text[..one_tier]).map_err(|r| r.code()),
        Err("policy-too-large")
    );
    // 9 disjunctions need 9 rich rows.
    let mut rich: Vec<(String, String)> = (0..10)
        .map(|i| (format!("r{i}"), format!("cash >= {} EUR", i + 1)))
        .collect();
    rich.extend((0..9).map(|i| (format!("or{i}"), format!("r{i} or r{}", i + 1))));
    let rich: Vec<(&str, &str)> = rich.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert!(compile(&source("", &rich[..18])).is_ok());
    assert_eq!(
        compile(&source("", &rich)).map_err(|r| r.code()),
        Err("policy-too-large")
    );
}

#[test]
fn the_overflow_budget_holds() {
    assert_eq!(refused("cash >= 68_719_476_735 * debt"), "", "2^36 − 1 fits");
    assert_eq!(refused("cash >= 68_719_476_736 * debt"), "policy-over-budget");
    assert_eq!(refused("cash >= 1.00000000000001 * debt"), "policy-over-budget");
    assert_eq!(refused("cash * revenue >= 16_777_215 * debt * equity"), "");
    assert_eq!(
        refused("cash * revenue >= 16_777_216 * debt * equity"),
        "policy-over-budget"
    );
    assert_eq!(
        refused("cash * (revenue + 16_777_216 * debt) >= equity * 1 EUR"),
        "policy-over-budget"
    );
    assert_eq!(
        refused("1000 * cash * revenue >= 1_267_650_600_228_229_401_496_703_205_376 EUR * 1 EUR"),
        "policy-over-budget"
    );
}

#[test]
fn the_need_mask_lists_what_is_read_and_the_balance_sheet() {
    let compiled = compiled(
        PRIOR,
        &[
            ("a", "headcount >= 1"),
            ("b", "cash * prior.revenue >= prior.ebit * prior.cash"),
        ],
    );
    let mask = |names: &[&str]| names.iter().fold(0u32, |m, n| m | 1 << index(n));
    let sheet = ENTERPRISE_FINANCIALS.always.iter().fold(0u32, |m, j| m | 1 << j);
    assert_eq!(
        compiled.program.statements[0].need,
        sheet | mask(&["headcount", "cash"])
    );
    assert_eq!(
        compiled.program.statements[1].need,
        sheet | mask(&["revenue", "ebit", "cash"])
    );
    let text = source(
        "[second]\nrelation = \"companion\"\nsource = \"proven\"\n",
        &[("a", "companion.revenue >= cash")],
    );
    assert_eq!(compile(&text).unwrap().program.statements[1].need, mask(&["revenue"]));
    assert_eq!(refused("prior.revenue >= cash"), "policy-no-second-statement");
    let unread = compile(&source(PRIOR, &[("a", "cash >= 1")])).unwrap();
    assert!(unread.warnings.iter().any(|w| w.text.contains("no rule reads it")));
}

#[test]
fn errors_show_line_column_and_carets() {
    let text = source("", &[("fine", "cash > 0"), ("a", "cash >= 1.2 * currrent_assets")]);
    let refusal = compile(&text).unwrap_err();
    let line = text.lines().position(|l| l.contains("currrent")).unwrap() + 1;
    let place = refusal.place.clone().unwrap_or_default();
    let mut lines = place.lines();
    assert_eq!(lines.next(), Some(format!("line {line}, column 26").as_str()));
    assert_eq!(
        lines.next(),
        Some(format!("    {line} | require = \"cash >= 1.2 * currrent_assets\"").as_str())
    );
    assert_eq!(
        lines.next().map(|l| l.trim_start_matches([' ', '|']).to_owned()),
        Some("^".repeat(15))
    );
    assert!(refusal.expected.is_some_and(|e| e.contains("current_assets")));
    let refusal = compile(&format!("{HEAD}\nname = 5\n")).unwrap_err();
    assert_eq!(refusal.code(), "policy-syntax");
    assert!(
        refusal
            .place
            .is_some_and(|p| p.starts_with("line 12, column 1") && p.contains('^'))
    );
}

#[test]
fn the_samples_compile() {
    for (text, tiers, quiet) in [
        (crate::testing::WORKING_CAPITAL, 3, 1),
        (crate::testing::SCORECARD, 3, 1),
        (crate::testing::GRID, 3, 0),
        (crate::testing::SCREEN, 3, 1),
        (crate::testing::GROWTH, 2, 0),
    ] {
        let compiled = compile(text).unwrap_or_else(|r| panic!("{r}"));
        assert_eq!(compiled.program.tiers.len(), tiers);
        assert_eq!(compiled.warnings.len(), quiet, "{:?}", compiled.warnings);
        assert!(compiled.program.attestors_from_registry && compiled.program.attestors.is_empty());
    }
}

#[test]
fn the_supplier_screen_reads_only_what_a_ledger_gives() {
    let compiled = compile(crate::testing::SCREEN).unwrap();
    assert!(compiled.rules().len() >= 12);
    for absent in [
        "scheduled_principal",
        "headcount",
        "operating_cash_flow",
        "capital_expenditure",
        "tax_paid",
        "distributions",
    ] {
        assert_eq!(compiled.program.statements[0].need >> index(absent) & 1, 0, "{absent}");
    }
}
