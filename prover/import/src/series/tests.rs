use super::*;
use crate::position::POSITIONS;

/// Every position is decided: a new one must be thought about here.
#[test]
fn positions_are_money_operating_or_not() {
    let of = |kind: Kind| -> Vec<&str> {
        let named = POSITIONS.iter().filter(|p| Kind::of_position(p) == kind);
        named.map(|p| p.name).collect()
    };
    assert_eq!(of(Kind::Money), ["cash", "bank-overdrafts"]);
    assert_eq!(
        of(Kind::Unknown),
        ["exceptional-income", "exceptional-expenses", "off-balance"]
    );
    assert_eq!(
        of(Kind::Other),
        [
            "intangible-assets",
            "tangible-assets",
            "financial-assets",
            "related-party-loans",
            "deferred-tax-assets",
            "uncalled-capital",
            "deferred-charges",
            "related-party-receivables",
            "called-capital",
            "marketable-securities",
            "share-capital",
            "other-equity",
            "retained-earnings",
            "investment-grants",
            "regulated-provisions",
            "untaxed-reserves",
            "borrowings-long",
            "related-party-debt-long",
            "borrowings-short",
            "related-party-debt",
            "fixed-asset-payables",
            "dividends-payable",
            "appropriations",
            "result-transfer",
        ]
    );
}

#[test]
fn both_sides_of_an_account_count() {
    let mapping = Mapping::chart("fr-pcg").unwrap();
    let kind = |account: &str| Kind::of(mapping.rule(account));
    assert_eq!(kind("512000"), Kind::Money);
    assert_eq!(kind("519000"), Kind::Money);
    assert_eq!(kind("404000"), Kind::Other);
    assert_eq!(kind("456100"), Kind::Other);
    assert_eq!(kind("411000"), Kind::Operating);
    assert_eq!(kind("999"), Kind::Unknown);
    let swedish = Mapping::chart("se-bas").unwrap();
    assert_eq!(Kind::of(swedish.rule("2330")), Kind::Money);
    assert_eq!(Kind::of(swedish.rule("2650")), Kind::Operating);
}

#[test]
fn years_of_twelve_whole_months_only() {
    let first = |start: &str, end: &str| {
        let period = Period::new(start.parse().unwrap(), end.parse().unwrap()).unwrap();
        twelve_months(period, "f").map(dates::month_name).map_err(|r| r.what)
    };
    assert_eq!(first("2023-09-01", "2024-08-31").as_deref(), Ok("2023-09"));
    for (start, end, part) in [
        ("2023-12-01", "2024-12-31", "13 months"),
        ("2024-02-01", "2024-12-31", "11 months"),
        ("2024-01-02", "2025-01-01", "a part of a month"),
        ("2024-01-15", "2024-12-31", "a part of a month"),
    ] {
        assert!(first(start, end).unwrap_err().contains(part), "{start}");
    }
}
