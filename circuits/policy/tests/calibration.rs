//! Real filings, judged by the sample policies and by exact rational arithmetic written by hand: they agree, company by company.

use std::collections::BTreeMap;
use std::path::Path;

use covenant_policy::calibrate::{Calibrator, Given, completed, judge};
use covenant_policy::compile;
use covenant_policy::program::COLUMNS;
use covenant_policy::schema::ENTERPRISE_FINANCIALS;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};

/// Figure and the columns of the table, of which the first that is filled counts; as in the mapping beside the policies.
const COLUMNS_OF: &[(&str, &[&str])] = &[
    ("current_assets", &["AssetsCurrent"]),
    ("total_assets", &["Assets"]),
    ("current_liabilities", &["LiabilitiesCurrent"]),
    ("total_liabilities", &["Liabilities"]),
    ("cash", &["CashAndCashEquivalentsAtCarryingValue"]),
    ("inventory", &["InventoryNet"]),
    ("trade_receivables", &["AccountsReceivableNetCurrent"]),
    ("trade_payables", &["AccountsPayableCurrent"]),
    ("revenue", &["Revenues_q4", "SalesRevenueNet_q4"]),
    ("interest_expense", &["InterestExpense_q4"]),
    ("ebit", &["OperatingIncomeLoss_q4"]),
    ("net_income", &["NetIncomeLoss_q4"]),
];

/// The cells of one line; a cell in quotation marks may hold commas.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("there is always one").push(c),
        }
    }
    cells
}

/// What a filing gives, in whole dollars as exact numbers.
type Filing = BTreeMap<&'static str, BigRational>;

fn filings(path: &Path) -> Vec<Filing> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines();
    let headings = cells(lines.next().expect("a heading"));
    let place = |name: &str| {
        headings
            .iter()
            .position(|h| h == name)
            .unwrap_or_else(|| panic!("no column {name}"))
    };
    let filing = |line: &str| {
        let row = cells(line);
        let mut filing = Filing::new();
        for (figure, columns) in COLUMNS_OF {
            let Some(cell) = columns
                .iter()
                .map(|c| row[place(c)].as_str())
                .find(|cell| !cell.is_empty())
            else {
                continue;
            };
            let (whole, decimals) = cell.split_once('.').unwrap_or((cell, ""));
            let scale = BigInt::from(10).pow(decimals.len() as u32);
            let value = BigRational::new(format!("{whole}{decimals}").parse().expect("digits"), scale);
            let signed = ENTERPRISE_FINANCIALS
                .range(ENTERPRISE_FINANCIALS.index_of(figure).expect("a figure"))
                .0
                < 0;
            if signed || !value.is_negative() {
                filing.insert(figure, value);
            }
        }
        // Total assets less total liabilities, by the schema's definition of equity.
        if let (Some(assets), Some(liabilities)) = (filing.get("total_assets"), filing.get("total_liabilities")) {
            filing.insert("equity", assets - liabilities);
        }
        filing
    };
    lines.map(filing).collect()
}

fn given(filing: &Filing) -> Given {
    let mut given = [None; COLUMNS];
    for (figure, value) in filing.iter().filter(|(figure, _)| **figure != "equity") {
        let cents = value * BigInt::from(100);
        assert!(cents.is_integer(), "{figure}: fractions of a cent");
        given[ENTERPRISE_FINANCIALS.index_of(figure).expect("a figure")] = i64::try_from(&cents.to_integer()).ok();
    }
    given
}

/// `None` where a figure is missing; within, whether the rule holds.
type ByHand = fn(&dyn Fn(&str) -> Option<BigRational>) -> Option<bool>;

/// a / b against a threshold; a denominator that is not above zero fails.
fn ratio(a: BigRational, b: BigRational, holds: impl Fn(BigRational) -> bool) -> Option<bool> {
    Some(b.is_positive() && holds(a / b))
}

fn q(numerator: i64, denominator: i64) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

/// The rules of the supplier screen that the table covers at all.
const SCREEN: &[(&str, ByHand)] = &[
    ("current-ratio", |f| {
        ratio(f("current_assets")?, f("current_liabilities")?, |r| r >= q(6, 5))
    }),
    ("quick-ratio", |f| {
        ratio(f("current_assets")? - f("inventory")?, f("current_liabilities")?, |r| {
            r >= q(9, 10)
        })
    }),
    ("cash-ratio", |f| {
        ratio(f("cash")?, f("current_liabilities")?, |r| r >= q(1, 5))
    }),
    ("debt-to-assets", |f| {
        ratio(f("total_liabilities")?, f("total_assets")?, |r| r <= q(3, 5))
    }),
    ("debt-to-assets-moderate", |f| {
        ratio(f("total_liabilities")?, f("total_assets")?, |r| r <= q(3, 4))
    }),
    ("equity-positive", |f| Some(f("equity")? > BigRational::zero())),
    ("equity-ratio", |f| {
        ratio(f("equity")?, f("total_assets")?, |r| r >= q(2, 5))
    }),
    ("interest-cover", |f| {
        Some(f("ebit")? >= q(2, 1) * f("interest_expense")?)
    }),
    ("net-margin", |f| {
        ratio(f("net_income")?, f("revenue")?, |r| r >= q(3, 100))
    }),
    ("return-on-assets", |f| {
        ratio(f("net_income")?, f("total_assets")?, |r| r >= q(1, 50))
    }),
    ("collection-days", |f| {
        ratio(q(365, 1) * f("trade_receivables")?, f("revenue")?, |r| r <= q(90, 1))
    }),
    ("revenue-size", |f| Some(f("revenue")? >= q(500_000, 1))),
];

#[test]
fn every_filing_is_judged_as_by_hand_and_the_counts_add_up() {
    let Some(data) = std::env::var_os("COVENANT_DATA") else {
        println!("skipped: COVENANT_DATA is not set");
        return;
    };
    let filings = filings(&Path::new(&data).join("sec/sec_2010q2_wide.csv"));
    assert_eq!(filings.len(), 501);
    let source = include_str!("../../../policies/supplier-screen.toml");
    let compiled = compile(source).unwrap_or_else(|r| panic!("{r}"));
    let names: Vec<&str> = compiled.rules().iter().map(|rule| rule.name.as_str()).collect();
    let (mut decided, mut missing) = (0, 0);
    for filing in &filings {
        let whole = completed(&compiled.program, &given(filing)).unwrap_or_else(|identity| panic!("{}", identity.name));
        let judged = judge(&compiled.program, &compiled.texts, &whole);
        let figure = |name: &str| filing.get(name).cloned();
        for (name, by_hand) in SCREEN {
            let place = names.iter().position(|other| other == name).expect("a rule");
            let found = judged.rules[place];
            match by_hand(&figure) {
                Some(expected) => {
                    assert_eq!(found, Some(expected), "{name}: {filing:?}");
                    decided += 1;
                }
                // With the denominator alone known to be zero a rule has failed, whatever else is missing.
                None => {
                    assert_ne!(found, Some(true), "{name}: {filing:?}");
                    missing += 1;
                }
            }
        }
    }
    assert!(
        decided > 2_000 && missing > 2_000,
        "{decided} decided, {missing} not covered"
    );

    for source in [
        source,
        include_str!("../../../policies/balance-sheet-screen.toml"),
        include_str!("../../../policies/working-capital-decision-list.toml"),
        include_str!("../../../policies/small-enterprise-scorecard.toml"),
        include_str!("../../../policies/leverage-pricing-grid.toml"),
    ] {
        let compiled = compile(source).unwrap_or_else(|r| panic!("{r}"));
        let mut calibrator = Calibrator::new(&compiled.program, &compiled.texts);
        for filing in &filings {
            calibrator.add(&given(filing));
        }
        let counts = calibrator.finish();
        assert_eq!((counts.companies, counts.sums_disagree), (501, 0));
        for rule in &counts.rules {
            assert_eq!(rule.holds + rule.fails + rule.not_covered, 501, "{}", rule.name);
            assert!(rule.undefined <= rule.fails);
        }
        let best: usize = counts.tiers.iter().map(|tier| tier.best).sum();
        assert_eq!(best + counts.no_tier + counts.undecided, 501);
        for tier in &counts.tiers {
            assert_eq!(tier.reached + tier.not_reached + tier.not_covered, 501, "{}", tier.name);
            assert!(tier.best <= tier.reached);
        }
    }
}
