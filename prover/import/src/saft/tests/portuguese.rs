use super::*;
use crate::saft::portugal;

/// An account of the tree: number, category, account above it, and both sides of its balances.
fn account(number: &str, category: &str, above: &str, opening: (&str, &str), closing: (&str, &str)) -> String {
    let code = if above.is_empty() {
        String::new()
    } else {
        format!("<GroupingCode>{above}</GroupingCode>")
    };
    format!(
        "<Account><AccountID>{number}</AccountID><AccountDescription>Conta {number}</AccountDescription>\
         <OpeningDebitBalance>{}</OpeningDebitBalance><OpeningCreditBalance>{}</OpeningCreditBalance>\
         <ClosingDebitBalance>{}</ClosingDebitBalance><ClosingCreditBalance>{}</ClosingCreditBalance>\
         <GroupingCategory>{category}</GroupingCategory>{code}</Account>\n",
        opening.0, opening.1, closing.0, closing.1
    )
}

fn entry(id: &str, kind: &str, lines: &[(&str, &str, &str)]) -> String {
    let mut text = format!(
        "<Transaction><TransactionID>{id}</TransactionID><Period>1</Period><TransactionDate>2024-06-30</TransactionDate>\
         <TransactionType>{kind}</TransactionType><GLPostingDate>2024-06-30</GLPostingDate><Lines>\n"
    );
    for (account, side, amount) in lines {
        text += &format!(
            "<{side}Line><RecordID>1</RecordID><AccountID>{account}</AccountID><{side}Amount>{amount}</{side}Amount></{side}Line>\n"
        );
    }
    text + "</Lines></Transaction>\n"
}

/// Sales of 1,000 to one customer, costs of 400, tax of 100, and the result carried to 818.
fn file() -> String {
    let accounts = [
        account("12", "GR", "", ("50", "0"), ("0", "350")),
        account("121", "GM", "12", ("50.00", "0.00"), ("0.00", "350.00")),
        account("21", "GR", "", ("0", "0"), ("1000", "0")),
        account("211", "GA", "21", ("0", "0"), ("1000", "0")),
        account("2111", "GM", "211", ("0", "0"), ("1000", "0")),
        account("24", "GR", "", ("0", "0"), ("0", "100")),
        account("241", "GM", "24", ("0", "0"), ("0", "100")),
        account("51", "GM", "", ("0", "50"), ("0", "50")),
        account("62", "GM", "", ("0", "0"), ("400", "400")),
        account("71", "GM", "", ("0", "0"), ("1000", "1000")),
        account("8121", "GM", "", ("0", "0"), ("0", "0")),
        account("818", "GM", "", ("0", "0"), ("0", "500")),
        account("91", "AM", "", ("0", "0"), ("77", "0")),
    ]
    .concat();
    let entries = [
        entry("1", "N", &[("2111", "Debit", "1000"), ("71", "Credit", "1000")]),
        entry("2", "N", &[("62", "Debit", "400.0000"), ("121", "Credit", "400")]),
        entry("3", "R", &[("8121", "Debit", "100"), ("241", "Credit", "100")]),
        entry(
            "4",
            "A",
            &[
                ("71", "Debit", "1000"),
                ("62", "Credit", "400"),
                ("8121", "Credit", "100"),
                ("818", "Credit", "500"),
            ],
        ),
    ]
    .concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"Windows-1252\"?>\n<AuditFile xmlns=\"urn:OECD:StandardAuditFile-Tax:PT_1.04_01\">\n\
         <Header><AuditFileVersion>1.04_01</AuditFileVersion><TaxRegistrationNumber>599999993</TaxRegistrationNumber>\
         <CompanyName>Exemplo</CompanyName><FiscalYear>2024</FiscalYear><StartDate>2024-01-01</StartDate><EndDate>2024-12-31</EndDate>\
         <CurrencyCode>EUR</CurrencyCode><DateCreated>2025-03-01</DateCreated></Header>\n\
         <MasterFiles><GeneralLedgerAccounts><TaxonomyReference>S</TaxonomyReference>\n{accounts}</GeneralLedgerAccounts>\n\
         <Customer><CustomerID>C1</CustomerID><AccountID>2111</AccountID><CompanyName>Alfa</CompanyName></Customer>\n\
         <Customer><CustomerID>C2</CustomerID><AccountID>Desconhecido</AccountID><CompanyName>Beta</CompanyName></Customer>\n</MasterFiles>\n\
         <GeneralLedgerEntries><NumberOfEntries>4</NumberOfEntries><TotalDebit>2500</TotalDebit><TotalCredit>2500.00</TotalCredit>\n\
         <Journal><JournalID>1</JournalID><Description>x</Description>\n{entries}</Journal></GeneralLedgerEntries>\n</AuditFile>\n"
    )
}

fn read(text: &str) -> Result<Books, Refusal> {
    portugal::read(text.as_bytes(), "f.xml", &mut |_| {})
}

fn change(from: &str, to: &str) -> &'static str {
    refused(read(&changed(&file(), from, to))).0
}

#[test]
fn the_leaves_become_books_and_the_carried_result_is_set_aside() {
    let books = read(&file()).unwrap();
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
    let text = changed(&file(), "<TransactionType>R<", "<TransactionType>A<");
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
    let above = account("211", "GA", "21", ("0", "0"), ("1000", "0"));
    assert_eq!(change(&above, &above.replace(">1000<", ">999<")), "balance-mismatch");
    assert_eq!(change(&above, ""), "not-listed");
    assert_eq!(
        change(&above, &above.replace("<GroupingCode>21<", "<GroupingCode>211<")),
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
    let renamed = file().replace("GeneralLedgerAccounts", "Other");
    assert_eq!(refused(read(&renamed)).0, "missing-element");
    let renamed = file().replace("GeneralLedgerEntries", "SourceDocuments");
    assert_eq!(refused(read(&renamed)), ("no-ledger", "f.xml".to_owned()));
    let renamed = file().replace("GeneralLedgerEntries", "Other");
    assert_eq!(refused(read(&renamed)).0, "missing-element");
    let renamed = file().replace("PT_1.04_01", "PT_1.03_01");
    assert_eq!(refused(read(&renamed)).0, "xml-namespace");
    // Nothing but cost accounts.
    let aside = file().replace(">GM<", ">AM<");
    let books = refused(read(&aside)).0;
    assert!(matches!(books, "empty-books" | "balance-mismatch"), "{books}");
}
