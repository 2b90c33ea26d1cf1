//! The shared French ledger against its own tax form: an oracle that nobody here wrote.
//!
//! The form (2144 to 2146, normal agricultural regime) truncates every line to whole euros. A figure compared with one line must
//! equal it after truncation; a figure compared with `n` lines lies within `n` euros of their sum.

use std::collections::BTreeMap;
use std::fs;

use covenant_import::position::{figure as f, figure_name};
use covenant_import::{Mapping, Options, to_statement};
use covenant_policy::statement::Statement;

use crate::data;

const LEDGER: &str = "fec/0000000001FEC20220831.txt";
const FORM: &str = "fec/0000000001FEC20220831-expected.csv";

/// A figure, the lines of the form that it is made of (with a sign), and what they are.
type Comparison = (usize, &'static [(&'static str, i64)], &'static str);

/// Every figure that the form gives.
const COMPARISONS: &[Comparison] = &[
    (f::CURRENT_ASSETS, &[("BP", 1)], "actif circulant, total"),
    (
        f::NON_CURRENT_ASSETS,
        &[("AW", 1), ("AX", -1)],
        "actif immobilisé, brut less amortissements",
    ),
    (f::INVENTORY, &[("AY", 1)], "stocks et en-cours"),
    (f::CASH, &[("BJ", 1)], "disponibilités"),
    (f::TRADE_RECEIVABLES, &[("BC", 1)], "clients et comptes rattachés"),
    (f::TOTAL_ASSETS, &[("CP", 1)], "total général"),
    (
        f::CURRENT_LIABILITIES,
        &[("CN", 1), ("CO", -1)],
        "total des dettes less emprunts",
    ),
    (
        f::NON_CURRENT_LIABILITIES,
        &[("CO", 1)],
        "emprunts auprès des établissements de crédit",
    ),
    (f::TOTAL_LIABILITIES, &[("CN", 1)], "total des dettes"),
    (f::TRADE_PAYABLES, &[("CK", 1)], "fournisseurs et comptes rattachés"),
    (f::FINANCIAL_DEBT, &[("CS", 1)], "emprunts et comptes d'associés"),
    (
        f::REVENUE,
        &[("EA", 1), ("EB", 1), ("EC", 1), ("EE", 1)],
        "ventes, par nature",
    ),
    (
        f::COST_OF_SALES,
        &[("EQ", 1), ("ET", 1)],
        "achats d'approvisionnements, variation de stocks",
    ),
    (f::INTEREST_EXPENSE, &[("FG", 1)], "intérêts et charges assimilées"),
    (f::EQUITY, &[("CG", 1)], "capitaux propres, total"),
    (
        f::RETAINED_EARNINGS,
        &[("CG", 1), ("CA", -1), ("CC", -1)],
        "capitaux propres less capital et primes",
    ),
    (
        f::EBITDA,
        &[("FD", 1), ("EZ", 1)],
        "résultat d'exploitation and dotations aux amortissements",
    ),
    (f::EBIT, &[("FD", 1)], "résultat d'exploitation"),
    (f::NET_INCOME, &[("CE", 1)], "résultat de l'exercice"),
    (f::PROFIT_BEFORE_TAX, &[("FJ", 1)], "résultat courant avant impôts"),
    (f::DEPRECIATION, &[("EZ", 1)], "dotations aux amortissements"),
    (
        f::PERSONNEL_EXPENSE,
        &[("EX", 1), ("EY", 1), ("DG", 1)],
        "salaires, cotisations de l'exploitant, charges sociales",
    ),
];

/// The form's lines in whole euros.
fn form() -> Option<BTreeMap<String, i64>> {
    let text = fs::read_to_string(data::file(FORM)?).unwrap();
    let line = |l: &str| {
        let mut parts = l.split(',').map(str::trim);
        Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?))
    };
    Some(text.lines().filter_map(line).collect())
}

fn statement() -> Option<Statement> {
    let books = data::books(LEDGER)?.unwrap();
    Some(data::import(&books, &Options::default()).unwrap().statement)
}

#[test]
fn figures_equal_the_tax_form() {
    let (Some(form), Some(statement)) = (form(), statement()) else {
        return;
    };
    assert!(COMPARISONS.len() >= 12);
    for (figure, lines, what) in COMPARISONS {
        let euros: i64 = lines.iter().map(|(code, sign)| sign * form[*code]).sum();
        let cents = statement.figures.0[*figure];
        let codes: Vec<String> = lines
            .iter()
            .map(|(c, s)| format!("{}{c}", if *s < 0 { "−" } else { "+" }))
            .collect();
        println!(
            "{:<30} {:>16} {:>10}  {} ({what})",
            figure_name(*figure),
            cents,
            euros,
            codes.join(" ")
        );
        assert!(statement.coverage.covers(*figure));
        if lines.len() == 1 {
            assert_eq!(cents / 100, euros, "{}", figure_name(*figure));
        } else {
            assert!(
                (cents - euros * 100).abs() < 100 * lines.len() as i64,
                "{}",
                figure_name(*figure)
            );
        }
    }
}

#[test]
fn the_ledger_is_read_to_the_cent() {
    let Some(books) = data::books(LEDGER) else { return };
    let books = books.unwrap();
    assert_eq!(
        (books.lines, books.entries, books.company.registry.as_deref()),
        (5_423, 2_033, Some("0000000001"))
    );
    assert_eq!(books.warnings, []);
    // The control account nets; the statement must not.
    let customers = &books.accounts["411000"];
    assert_eq!(customers.closing, 5_251_724);
    assert_eq!(customers.auxiliaries["C814F9"].closing, -7_913);
    assert_eq!(customers.opening, 5_914_690);
    let imported = data::import(&books, &Options::default()).unwrap();
    let x = imported.statement.figures.0;
    assert_eq!(x[f::TRADE_RECEIVABLES], 5_259_637);
    assert_eq!(x[f::NET_INCOME], 17_320_848);
    assert_eq!(x[f::TOTAL_ASSETS], 150_205_721);
    assert_eq!(x[f::EQUITY], 50_710_848);
    let sheet = &imported.review;
    let credit = sheet.reclassified.iter().find(|r| r.who == "C814F9").unwrap();
    assert_eq!(
        (credit.position, credit.balance.minor),
        ("customer-credit-balances", -7_913)
    );
    assert_eq!(sheet.period.to_string(), "2021-09-01 to 2022-08-31");
    assert!(sheet.unmapped.is_empty() && imported.prior.is_none());
}

#[test]
fn what_a_ledger_cannot_give_is_not_covered() {
    let Some(statement) = statement() else { return };
    for figure in [
        f::DUE_FROM_RELATED_PARTIES,
        f::SCHEDULED_PRINCIPAL,
        f::TAX_PAID,
        f::CAPITAL_EXPENDITURE,
        f::DISTRIBUTIONS,
        f::OPERATING_CASH_FLOW,
        f::HEADCOUNT,
    ] {
        assert!(!statement.coverage.covers(figure), "{}", figure_name(figure));
        assert_eq!(statement.figures.0[figure], 0);
    }
    assert_eq!(statement.coverage.0.count_ones(), 25);
}

#[test]
fn one_changed_amount_is_refused_and_a_consistent_change_shows() {
    let Some(path) = data::file(LEDGER) else { return };
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // Line 5000, and a whole entry of two lines elsewhere.
    let (at, line) = lines
        .iter()
        .enumerate()
        .skip(5_000)
        .find(|(_, l)| l.contains("\t0,00\t"))
        .unwrap();
    let changed = text.replacen(line, &line.replacen("\t0,00\t", "\t1,00\t", 1), 1);
    let refusal = data::books_of(changed.as_bytes(), "0000000001FEC20220831.txt").unwrap_err();
    assert_eq!(refusal.code(), "unbalanced-entry");
    let place = refusal.place.unwrap();
    let (first, last) = place
        .split_once("lines ")
        .unwrap()
        .1
        .trim_end_matches(')')
        .split_once(" to ")
        .unwrap();
    assert!(
        (first.parse::<usize>().unwrap()..=last.parse().unwrap()).contains(&(at + 1)),
        "{place}, line {}",
        at + 1
    );

    // The same amount changed on both sides of one entry: the books balance, and the statement is another.
    let field = |l: &str, i: usize| l.split('\t').nth(i).unwrap_or("").to_owned();
    let pair = lines.windows(2).find(|w| {
        field(w[0], 2) == field(w[1], 2)
            && field(w[0], 4).starts_with("512") != field(w[1], 4).starts_with("512")
            && field(w[0], 11) == field(w[1], 12)
            && field(w[0], 11) != "0,00"
            && lines
                .iter()
                .filter(|l| field(l, 0) == field(w[0], 0) && field(l, 2) == field(w[0], 2))
                .count()
                == 2
    });
    let [debit, credit] = pair.unwrap() else {
        panic!("windows of two")
    };
    let amount = field(debit, 11);
    let (a, b) = (
        debit.replacen(&amount, "999999,99", 1),
        credit.replacen(&amount, "999999,99", 1),
    );
    let changed = text.replacen(&format!("{debit}{credit}"), &format!("{a}{b}"), 1);
    assert_ne!(changed, text);
    let before = data::import(
        &data::books_of(text.as_bytes(), "0000000001FEC20220831.txt").unwrap(),
        &Options::default(),
    );
    let after = data::import(
        &data::books_of(changed.as_bytes(), "0000000001FEC20220831.txt").unwrap(),
        &Options::default(),
    );
    assert_ne!(before.unwrap().statement.figures, after.unwrap().statement.figures);
}

#[test]
fn a_users_mapping_covers_related_parties_and_moves_the_current_part_of_loans() {
    let Some(books) = data::books(LEDGER) else { return };
    let books = books.unwrap();
    let mapping = Mapping::from_toml(
        r#"
        type = "covenant-account-mapping"
        version = 1
        chart = "fr-pcg"
        [[account]]
        accounts = ["467010", "467020"]
        debit = "related-party-receivables"
        credit = "related-party-debt"
        [[reclassify]]
        from = "borrowings-long"
        to = "borrowings-short"
        amount = "124818.00"
        reason = "repayments due within a year, from the banks' schedules"
        "#,
        "own.toml",
    )
    .unwrap();
    let plain = data::import(&books, &Options::default()).unwrap().statement.figures.0;
    let imported = to_statement(&books, &mapping, &Options::default()).unwrap();
    let x = imported.statement.figures.0;
    assert!(imported.statement.coverage.covers(f::DUE_FROM_RELATED_PARTIES));
    assert_eq!(x[f::DUE_FROM_RELATED_PARTIES], 20_899_835);
    assert_eq!(x[f::CURRENT_LIABILITIES] - plain[f::CURRENT_LIABILITIES], 12_481_800);
    assert_eq!(
        x[f::NON_CURRENT_LIABILITIES] - plain[f::NON_CURRENT_LIABILITIES],
        -12_481_800
    );
    assert_eq!(x[f::FINANCIAL_DEBT], plain[f::FINANCIAL_DEBT]);
    let text = imported.review.render_text();
    assert!(text.contains("own.toml") && text.contains("from the banks' schedules") && text.contains("(mapping file)"));
}

#[test]
fn the_sheet_is_deterministic_and_complete() {
    let Some(books) = data::books(LEDGER) else { return };
    let books = books.unwrap();
    let sheet = || data::import(&books, &Options::default()).unwrap().review;
    let text = sheet().render_text();
    assert_eq!(text, sheet().render_text());
    println!("{text}");
    for number in books.accounts.keys() {
        assert!(text.contains(number.as_str()), "{number}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 240));
    let json = serde_json::to_value(sheet()).unwrap();
    assert_eq!(json["figures"][4]["amount"], "52596.37");
    assert_eq!(json["period"][0], "2021-09-01");
    assert_eq!(json["identities"].as_array().unwrap().len(), 3);
}
