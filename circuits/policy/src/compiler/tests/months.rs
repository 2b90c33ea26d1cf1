use super::*;
use crate::render::render;

/// A policy over monthly series with one rule; `second` as in [`source`].
fn series(second: &str, rules: &[(&str, &str)]) -> String {
    source(second, rules).replace("enterprise-financials/v1", "monthly-series/v1")
}

fn rows(text: &str) -> Compiled {
    compile(text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn sentence(compiled: &Compiled) -> String {
    let rendering = render(&compiled.canonical_bytes).unwrap();
    rendering
        .rules
        .last()
        .map(|rule| rule.sentence.clone())
        .unwrap_or_default()
}

fn refusal(second: &str, require: &str) -> &'static str {
    compile(&series(second, &[("a", require)])).map_or_else(|r| r.code(), |_| "")
}

#[test]
fn months_are_twelve_comparisons_and_a_count() {
    let short = rows(&series("", &[("a", "months(cash_flow > 0) >= 9")]));
    let names: Vec<(String, String)> = (1..=12)
        .map(|m| (format!("m{m}"), format!("cash_flow_{m} > 0")))
        .collect();
    let list: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let count = format!("at least 9 of ({})", list.join(", "));
    let mut long: Vec<(&str, &str)> = names.iter().map(|(n, r)| (n.as_str(), r.as_str())).collect();
    long.push(("a", &count));
    let long = rows(&series("", &long));
    assert_eq!(short.program.rows, long.program.rows);
    assert_eq!(
        sentence(&short),
        "In at least 9 of the 12 months, operating cash flow is above zero."
    );
    let every = rows(&series("", &[("a", "months(cash_flow > 0) > 11")]));
    assert_eq!(
        sentence(&every),
        "In each of the 12 months, operating cash flow is above zero."
    );
    assert_eq!(every.rules()[0].tests.len(), 12);
}

#[test]
fn months_of_two_years_are_counted_together() {
    let two = rows(&series(
        PRIOR,
        &[("a", "months(invoiced >= 100 EUR, prior.invoiced >= 100 EUR) >= 18")],
    ));
    assert_eq!(
        sentence(&two),
        "In at least 18 of 24 months, counting each of these: invoiced revenue is at least 100.00 EUR or invoiced revenue of \
         the prior period is at least 100.00 EUR."
    );
    let growth = rows(&series(PRIOR, &[("a", "months(invoiced >= prior.invoiced) >= 10")]));
    assert_eq!(growth.program.rows[0].a[0], 1);
    assert_eq!(growth.program.rows[0].a[FIGURES], -1);
}

#[test]
fn gaps_are_windows_of_months() {
    let one = rows(&series("", &[("a", "longest_gap(invoiced) <= 2")]));
    assert_eq!(one.rules()[0].tests.len(), 10);
    assert_eq!(
        sentence(&one),
        "Invoiced revenue is zero for at most 2 months in a row, over the 12 months of the period."
    );
    let both = rows(&series(PRIOR, &[("a", "longest_gap(prior.invoiced, invoiced) < 4")]));
    assert_eq!(both.rules()[0].tests.len(), 21);
    let across = &both.program.rows[both.rules()[0].tests[10]];
    assert_eq!(
        (
            across.a[FIGURES + 10],
            across.a[FIGURES + 11],
            across.a[0],
            across.bound
        ),
        (1, 1, 1, 1)
    );
    let none = rows(&series("", &[("a", "longest_gap(invoiced) <= 0")]));
    assert_eq!(none.rules()[0].tests.len(), 12);
}

#[test]
fn a_companion_has_a_schema_of_its_own() {
    let second = "[second]\nrelation = \"companion\"\nschema = \"monthly-series/v1\"\n";
    let text = source(
        second,
        &[
            ("a", "companion.cash_flow_3 > 0"),
            ("b", "revenue >= companion.invoiced_1"),
        ],
    );
    let mixed = rows(&text);
    assert_eq!(mixed.program.rows[0].a[FIGURES + 22], 1);
    assert_eq!(mixed.program.statements[1].schema, "monthly-series/v1");
    assert_eq!(mixed.program.statements[1].need, 1 << 22 | 1);
    let refused = |text: &str| compile(text).map_or_else(|r| r.code(), |_| "");
    assert_eq!(
        refused(&source(second, &[("a", "cash_flow_3 > 0")])),
        "policy-unknown-figure"
    );
    let prior = second.replace("companion", "prior");
    assert_eq!(refused(&source(&prior, &[("a", "cash > 0")])), "policy-bad-value");
}

#[test]
fn what_cannot_be_counted_is_refused() {
    for require in [
        "months(cash_flow > 0) >= 13",
        "months(cash_flow > 0) >= 0",
        "months(cash_flow > 0) <= 3",
        "months(tax_paid > 0) >= 1",
        "months(cash_flow > 0, cash_flow > 0) >= 1",
        "longest_gap(cash_flow) <= 2",
        "longest_gap(invoiced) <= 12",
        "longest_gap(invoiced) < 0",
        "longest_gap(invoiced) >= 2",
        "longest_gap(invoiced, invoiced) <= 2",
        "longest_gap() <= 2",
    ] {
        assert_eq!(refusal("", require), "policy-expression", "{require}");
    }
    assert_eq!(refusal("", "months(revenue > 0) >= 3"), "policy-unknown-figure");
    assert_eq!(refusal("", "longest_gap(revenue) <= 3"), "policy-unknown-figure");
    assert_eq!(
        refusal("", "longest_gap(prior.invoiced, invoiced) <= 3"),
        "policy-no-second-statement"
    );
    assert_eq!(
        refusal(PRIOR, "longest_gap(invoiced, prior.invoiced) <= 3"),
        "policy-expression"
    );
    assert_eq!(refusal("", "cash_flow > 0"), "policy-unknown-figure");
    assert_eq!(refusal("", "months(cash_flow / invoiced > 0) >= 9"), "policy-too-large");
}
