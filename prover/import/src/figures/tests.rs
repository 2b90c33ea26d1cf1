use std::collections::BTreeMap;

use covenant_policy::statement::{Currency, Period};

use super::*;
use crate::books::{Account, Auxiliary, Company, Format, PeriodEvidence};
use crate::flows::Flows;
use crate::position::figure as f;

fn books(accounts: &[(&str, i64)]) -> Books {
    let period = Period::new("2024-01-01".parse().unwrap(), "2024-12-31".parse().unwrap()).unwrap();
    Books {
        format: Format::Csv,
        file: "t.csv".to_owned(),
        lines: 1,
        entries: 0,
        company: Company::default(),
        currency: Currency::from_code("EUR").unwrap(),
        period: PeriodEvidence {
            stated: Some(period),
            ..PeriodEvidence::default()
        },
        accounts: accounts
            .iter()
            .map(|(n, closing)| {
                (
                    (*n).to_owned(),
                    Account {
                        closing: *closing,
                        label: format!("account {n}"),
                        ..Account::default()
                    },
                )
            })
            .collect(),
        unallocated: 0,
        prior: None,
        flows: Flows::default(),
        warnings: Vec::new(),
    }
}

fn import(books: &Books, options: &Options) -> Result<Imported, Refusal> {
    to_statement(books, &Mapping::chart("generic").unwrap(), options)
}

fn code(books: &Books) -> Result<(), &'static str> {
    import(books, &Options::default()).map(|_| ()).map_err(|r| r.code())
}

const GOOD: &[(&str, i64)] = &[
    ("1000", 500),
    ("1100", 300),
    ("2000", -200),
    ("3000", -400),
    ("4000", -900),
    ("5000", 600),
    ("9000", 100),
];

#[test]
fn figures_are_sums_of_positions() {
    let imported = import(
        &books(GOOD),
        &Options {
            restatement: 2,
            basis: Basis::Consolidated,
            ..Options::default()
        },
    )
    .unwrap();
    let x = imported.statement.figures.0;
    assert_eq!(
        (x[f::TOTAL_ASSETS], x[f::TOTAL_LIABILITIES], x[f::EQUITY]),
        (800, 200, 600)
    );
    assert_eq!(
        (
            x[f::EBIT],
            x[f::PROFIT_BEFORE_TAX],
            x[f::NET_INCOME],
            x[f::INCOME_TAX_EXPENSE]
        ),
        (300, 300, 200, 100)
    );
    assert_eq!(
        (x[f::RETAINED_EARNINGS], x[f::REVENUE], x[f::COST_OF_SALES]),
        (200, 900, 600)
    );
    assert_eq!(
        (imported.statement.restatement, imported.statement.assurance),
        (2, Assurance::SELF_DECLARED)
    );
    let text = imported.review.render_text();
    assert!(text.contains("consolidated, EUR") && text.contains("restatement 2"));
}

#[test]
fn sides_are_decided_for_each_customer_each_account_or_the_whole_rule() {
    let mut b = books(GOOD);
    let part = |closing| Auxiliary {
        closing,
        ..Auxiliary::default()
    };
    b.accounts.get_mut("1100").unwrap().auxiliaries = BTreeMap::from([
        ("a".to_owned(), part(350)),
        ("b".to_owned(), part(-50)),
        ("c".to_owned(), part(0)),
    ]);
    let imported = import(&b, &Options::default()).unwrap();
    let x = imported.statement.figures.0;
    assert_eq!((x[f::TRADE_RECEIVABLES], x[f::CURRENT_LIABILITIES]), (350, 250));
    assert_eq!(imported.review.reclassified.len(), 1);

    let net = |yes: bool| {
        let text = format!(
            "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"generic\"\n[[account]]\naccounts = [\"22\"]\ndebit = \
             \"tax-receivables\"\ncredit = \"tax-payables\"\nnet = {yes}\n"
        );
        let b = books(&[
            ("1000", 100),
            ("2200", -70),
            ("2210", 30),
            ("3000", -60),
            ("4000", 0),
            ("5000", 1),
            ("6900", -1),
        ]);
        to_statement(&b, &Mapping::from_toml(&text, "m").unwrap(), &Options::default())
            .unwrap()
            .statement
            .figures
            .0
    };
    assert_eq!(
        (net(false)[f::CURRENT_ASSETS], net(false)[f::CURRENT_LIABILITIES]),
        (130, 70)
    );
    assert_eq!(
        (net(true)[f::CURRENT_ASSETS], net(true)[f::CURRENT_LIABILITIES]),
        (100, 40)
    );
}

#[test]
fn long_lists_of_reclassified_customers_are_cut() {
    let mut b = books(&[
        ("1000", 1_000),
        ("1100", 9_000),
        ("3000", -9_999),
        ("4000", -2),
        ("5000", 1),
    ]);
    let customers = b.accounts.get_mut("1100").unwrap();
    customers.auxiliaries = (0..300)
        .map(|i| {
            (
                format!("{i:03}"),
                Auxiliary {
                    closing: -1,
                    ..Auxiliary::default()
                },
            )
        })
        .collect();
    customers.auxiliaries.insert(
        "x".to_owned(),
        Auxiliary {
            closing: 9_300,
            ..Auxiliary::default()
        },
    );
    let sheet = import(&b, &Options::default()).unwrap().review;
    assert_eq!((sheet.reclassified.len(), sheet.reclassified_more), (200, 100));
    assert!(sheet.render_text().contains("and 100 more"));
}

#[test]
fn what_stands_against_a_statement() {
    let with = |extra: &[(&str, i64)]| books(&[GOOD, extra].concat());
    assert_eq!(code(&with(&[("7777", 5), ("8888", -5)])), Err("unmapped-account"));
    assert_eq!(code(&with(&[("7777", 0)])), Ok(()));
    assert_eq!(code(&with(&[("1200", -5), ("1300", 5)])), Err("figure-negative"));
    let refusal = import(&with(&[("1200", -5), ("1300", 5)]), &Options::default()).unwrap_err();
    assert!(refusal.place.unwrap().contains("accounts 1200"));
    assert_eq!(
        code(&books(&[("1000", 5), ("3000", -5), ("4000", 0), ("5000", 0)])),
        Err("closed-books")
    );
    assert_eq!(
        code(&with(&[("1001", i64::MAX), ("3001", -i64::MAX)])),
        Err("amount-too-large")
    );
    let wanted = Options {
        currency: Some(Currency::from_code("SEK").unwrap()),
        ..Options::default()
    };
    assert_eq!(import(&books(GOOD), &wanted).unwrap_err().code(), "books-currency");
}

#[test]
fn books_without_an_income_statement_cover_none() {
    let imported = import(&books(&[("1000", 5), ("3000", -5)]), &Options::default()).unwrap();
    for figure in [f::REVENUE, f::EBITDA, f::NET_INCOME, f::INTEREST_EXPENSE] {
        assert!(!imported.statement.coverage.covers(figure));
    }
    assert!(imported.statement.coverage.covers(f::EQUITY));
}

#[test]
fn a_catch_all_with_a_balance_hides_related_parties() {
    let covers = |extra: &[(&str, i64)]| {
        import(&books(&[GOOD, extra].concat()), &Options::default())
            .unwrap()
            .statement
            .coverage
            .covers(f::DUE_FROM_RELATED_PARTIES)
    };
    assert!(covers(&[]));
    assert!(!covers(&[("1900", 5), ("3001", -5)]));
    assert!(covers(&[("1400", 5), ("3001", -5)]));
}

#[test]
fn commitments_balance_among_themselves() {
    let mapping = Mapping::chart("fr-pcg").unwrap();
    let accounts = |off: &[(&str, i64)]| {
        let base = [("512", 100), ("101", -90), ("707", -30), ("607", 20)];
        to_statement(&books(&[&base[..], off].concat()), &mapping, &Options::default()).map_err(|r| r.code())
    };
    let imported = accounts(&[("801", 50), ("809", -50)]).unwrap();
    assert_eq!(imported.statement.figures.0[f::TOTAL_ASSETS], 100);
    assert_eq!(
        accounts(&[("801", 50), ("101", -140)]).map(|_| ()),
        Err("unbalanced-books")
    );
}

#[test]
fn declared_reclassifications_move_no_more_than_there_is() {
    let moving = |amount: &str| {
        let text = format!(
            "type = \"covenant-account-mapping\"\nversion = 1\nchart = \"generic\"\n[[reclassify]]\nfrom = \"borrowings-long\"\nto = \
             \"borrowings-short\"\namount = \"{amount}\"\nreason = \"schedule\"\n"
        );
        let b = books(&[
            ("1000", 1_000),
            ("2500", -900),
            ("3000", -99),
            ("4000", -2),
            ("5000", 1),
        ]);
        to_statement(&b, &Mapping::from_toml(&text, "m").unwrap(), &Options::default())
    };
    let x = moving("4.00").unwrap().statement.figures.0;
    assert_eq!(
        (
            x[f::NON_CURRENT_LIABILITIES],
            x[f::CURRENT_LIABILITIES],
            x[f::FINANCIAL_DEBT]
        ),
        (500, 400, 900)
    );
    assert!(moving("4").unwrap().review.render_text().contains("schedule"));
    for (amount, code) in [("9.01", "reclassification-invalid"), ("1.001", "bad-amount")] {
        let refusal = moving(amount).unwrap_err();
        assert_eq!((refusal.code(), refusal.place.as_deref()), (code, Some("m:7")));
    }
}

#[test]
fn a_year_before_that_gives_no_statement_is_a_warning() {
    let mut b = books(GOOD);
    let year = Period::new("2023-01-01".parse().unwrap(), "2023-12-31".parse().unwrap()).unwrap();
    let accounts = books(&[("1000", 5), ("7777", -5)]).accounts;
    b.prior = Some(crate::books::PriorYear {
        period: year,
        accounts,
        unallocated: 0,
    });
    let imported = import(&b, &Options::default()).unwrap();
    assert_eq!(imported.prior, None);
    assert_eq!(
        imported.review.warnings.first().map(|w| w.code),
        Some("prior-year-unusable")
    );
    assert!(imported.review.render_text().contains("7777"));
    b.prior.as_mut().unwrap().accounts = books(GOOD).accounts;
    let (prior, sheet) = import(&b, &Options::default()).unwrap().prior.unwrap();
    assert_eq!((prior.period, sheet.prior), (year, true));
}
