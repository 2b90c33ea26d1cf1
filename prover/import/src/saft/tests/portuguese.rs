use super::*;
use crate::saft::portugal;

/// Sales of 1,000 to one customer, costs of 400, tax of 100, and the result carried to 818.
const FILE: &str = include_str!("portuguese.xml");

fn read(text: &str) -> Result<Books, Refusal> {
    portugal::read(text.as_bytes(), "f.xml", &mut |_| {})
}

fn change(from: &str, to: &str) -> &'static str {
    refused(read(&changed(FILE, from, to))).0
}

#[test]
fn the_leaves_become_books_and_the_carried_result_is_set_aside() {
    let books = read(FILE).unwrap();
    assert_eq!((books.entries, books.currency.code), (4, "EUR"));
    assert_eq!(
        books.accounts.keys().collect::<Vec<_>>(),
        ["121", "2111", "241", "51", "62", "71", "8121", "818"]
    );
    assert_eq!(
        (books.accounts["71"].closing, books.accounts["818"].closing),
        (-100_000, 0)
    );
    assert_eq!(books.accounts["2111"].auxiliaries["C1"].label, "Alfa");
    assert_eq!(books.warnings[0].code, "result-entries-set-aside");
    let imported = to_statement(&books, &Mapping::chart("pt-snc").unwrap(), &Options::default()).unwrap();
    let x = imported.statement.figures.0;
    assert_eq!(
        (x[f::REVENUE], x[f::EBIT], x[f::INCOME_TAX_EXPENSE]),
        (100_000, 60_000, 10_000)
    );
    assert_eq!(
        (x[f::NET_INCOME], x[f::EQUITY], x[f::FINANCIAL_DEBT]),
        (50_000, 55_000, 35_000)
    );
    assert_eq!((x[f::TRADE_RECEIVABLES], x[f::TOTAL_ASSETS]), (100_000, 100_000));
    assert_eq!(imported.statement.period.to_string(), "2024-01-01 to 2024-12-31");
}

/// An entry that calls itself one of the result and touches the balance sheet (the year's tax) stays.
#[test]
fn tax_is_never_set_aside() {
    let text = changed(FILE, "<TransactionType>R<", "<TransactionType>A<");
    let books = read(&text).unwrap();
    assert_eq!(
        (books.accounts["241"].closing, books.accounts["8121"].closing),
        (-10_000, 10_000)
    );
}

#[test]
fn every_total_is_checked_against_what_it_totals() {
    assert_eq!(change(">2500<", ">2500.0001<"), "control-total-mismatch");
    assert_eq!(change("Entries>4<", "Entries>5<"), "control-total-mismatch");
    assert_eq!(change(">400.0000<", ">400.01<"), "unbalanced-entry");
    assert_eq!(change(">50.00<", ">51<"), "balance-mismatch");
    // An account above others.
    let above = FILE
        .split_inclusive('\n')
        .find(|line| line.contains("<AccountID>211<"))
        .unwrap();
    assert_eq!(change(above, &above.replace(">1000<", ">999<")), "balance-mismatch");
    assert_eq!(change(above, ""), "not-listed");
    assert_eq!(
        change(above, &above.replace("<GroupingCode>21<", "<GroupingCode>211<")),
        "not-listed"
    );
}

#[test]
fn what_is_prescribed_must_be_there() {
    assert_eq!(change("<CurrencyCode>EUR</CurrencyCode>", ""), "missing-element");
    assert_eq!(change(">EUR<", ">USD<"), "books-currency");
    assert_eq!(change("<StartDate>2024-01-01</StartDate>", ""), "missing-element");
    assert_eq!(change("<AccountID>91</AccountID>", ""), "missing-element");
    assert_eq!(change("<GroupingCategory>AM</GroupingCategory>", ""), "missing-element");
    assert_eq!(change(">AM<", ">ZZ<"), "malformed-line");
    let renamed = FILE.replace("GeneralLedgerAccounts", "Other");
    assert_eq!(refused(read(&renamed)).0, "missing-element");
    let renamed = FILE.replace("GeneralLedgerEntries", "SourceDocuments");
    assert_eq!(refused(read(&renamed)), ("no-ledger", "f.xml".to_owned()));
    let renamed = FILE.replace("GeneralLedgerEntries", "Other");
    assert_eq!(refused(read(&renamed)).0, "missing-element");
    let renamed = FILE.replace("PT_1.04_01", "PT_1.03_01");
    assert_eq!(refused(read(&renamed)).0, "xml-namespace");
    // An entry on the sum of others, and one that carries the result across to cost accounting.
    let account = FILE
        .split_inclusive('\n')
        .find(|line| line.contains("<AccountID>62<"))
        .unwrap();
    assert_eq!(change(account, &account.replace(">GM<", ">GR<")), "malformed-line");
    let cost = FILE.replace(account, &account.replace(">GM<", ">AM<"));
    let books = read(&cost).unwrap();
    assert_eq!(books.accounts.values().map(|a| a.closing).sum::<i64>(), 0);
    // Nothing but cost accounts.
    let aside = FILE.replace(">GM<", ">AM<");
    let books = refused(read(&aside)).0;
    assert!(matches!(books, "empty-books" | "balance-mismatch"), "{books}");
}

/// The entry that carries the result is in no month: after it the year would have no revenue.
#[test]
fn entries_become_months() {
    let series = |text: &str| {
        to_series(
            &read(text).unwrap(),
            &Mapping::chart("pt-snc").unwrap(),
            &Options::default(),
        )
        .unwrap()
    };
    let june = |text: &str| {
        let line = &series(text).sheet.months[5];
        (line.booked.minor, line.operating.map(|amount| amount.minor))
    };
    assert_eq!(june(FILE), (100_000, Some(-40_000)));
    assert_eq!(
        series(FILE)
            .sheet
            .months
            .iter()
            .filter(|month| month.booked.minor != 0)
            .count(),
        1
    );
    let march = changed(
        FILE,
        "<TransactionID>1</TransactionID><Period>1</Period><TransactionDate>2024-06-30",
        "<TransactionID>1</TransactionID><Period>1</Period><TransactionDate>2024-03-31",
    );
    assert_eq!(june(&march), (0, Some(-40_000)));
    assert_eq!(series(&march).sheet.months[2].booked.minor, 100_000);
}
