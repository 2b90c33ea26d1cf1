use super::*;
use crate::saft::norway;

/// A year of one sale on credit, paid in part, and one purchase.
const FILE: &str = include_str!("norwegian.xml");

fn read(text: &str) -> Result<Books, Refusal> {
    norway::read(text.as_bytes(), "f.xml", &mut |_| {})
}

/// What one change does: the code, and on which piece's line.
fn change(from: &str, to: &str) -> (&'static str, String) {
    refused(read(&changed(FILE, from, to)))
}

fn at(piece: &str) -> String {
    format!("f.xml:{}", line_of(FILE, piece))
}

#[test]
fn a_file_becomes_books_and_figures() {
    let books = read(FILE).unwrap();
    assert_eq!((books.lines, books.entries, books.currency.code), (35, 2, "NOK"));
    assert_eq!(books.company.registry.as_deref(), Some("999999999"));
    assert_eq!(books.company.name.as_deref(), Some("Prøve AS"));
    assert_eq!(books.warnings, []);
    let customers = &books.accounts["1500"];
    assert_eq!(
        (customers.debit, customers.credit, customers.closing),
        (125_000, 65_000, 60_000)
    );
    assert_eq!(customers.auxiliaries["2"].closing, -5_000);
    assert_eq!(books.accounts["7"].standard.as_deref(), Some("3000"));
    let imported = to_statement(&books, &Mapping::chart("no-ns4102").unwrap(), &Options::default()).unwrap();
    let x = imported.statement.figures.0;
    assert_eq!(imported.statement.period.to_string(), "2024-01-01 to 2024-12-31");
    assert_eq!(
        (x[f::TRADE_RECEIVABLES], x[f::CASH], x[f::REVENUE]),
        (65_000, 75_050, 125_000)
    );
    assert_eq!((x[f::EQUITY], x[f::CURRENT_LIABILITIES]), (135_050, 5_000));
}

#[test]
fn version_1_30_has_balances_on_several_accounts() {
    let inner = "<n1:AccountID>1500</n1:AccountID><n1:OpeningDebitBalance>0</n1:OpeningDebitBalance><n1:ClosingDebitBalance>650</n1:ClosingDebitBalance>";
    let split = "<n1:BalanceAccount><n1:AccountID>1500</n1:AccountID><n1:ClosingDebitBalance>650</n1:ClosingDebitBalance></n1:BalanceAccount>\
                 <n1:BalanceAccount><n1:AccountID>1920</n1:AccountID><n1:ClosingDebitBalance>750.50</n1:ClosingDebitBalance></n1:BalanceAccount>";
    let text = changed(FILE, inner, split);
    let text = changed(&text, ">1.10<", ">1.30<");
    let books = read(&text).unwrap();
    assert_eq!(books.accounts["1500"].auxiliaries["1"].closing, 65_000);
    assert_eq!(books.accounts["1920"].auxiliaries["1"].closing, 75_050);
    let refusal = read(&changed(
        &text,
        "750.50</n1:ClosingDebitBalance></n1:BalanceAccount>",
        "1</n1:ClosingDebitBalance></n1:BalanceAccount>",
    ));
    assert_eq!(refused(refusal).0, "sub-ledger-untied");
}

#[test]
fn every_total_is_checked_against_what_it_totals() {
    // The control totals.
    let total = at("<n1:NumberOfEntries>");
    assert_eq!(
        change(">2</n1:NumberOfEntries>", ">3</n1:NumberOfEntries>"),
        ("control-total-mismatch", total.clone())
    );
    assert_eq!(
        change(">1900.00<", ">1900.01<"),
        ("control-total-mismatch", total.clone())
    );
    assert_eq!(
        change(">1900</n1:TotalCredit>", ">1899.9999</n1:TotalCredit>"),
        ("control-total-mismatch", total)
    );
    let refusal = read(&changed(FILE, ">1900.00<", ">1900.01<")).unwrap_err();
    assert!(refusal.what.contains("1900.01") && refusal.expected.unwrap().contains("1900.00"));
    // The entries.
    let refusal = read(&changed(FILE, ">1249.995<", ">1249.99<")).unwrap_err();
    assert_eq!(refusal.code(), "unbalanced-entry");
    assert!(refusal.what.contains("0.005"), "{}", refusal.what);
    assert_eq!(refusal.place.unwrap(), "f.xml:24 (entry T1, lines 24 to 27)");
    // The balances.
    assert_eq!(
        change(">750.50<", ">750.51<"),
        ("balance-mismatch", at("<n1:AccountID>1920"))
    );
    // The customers.
    let refusal = read(&changed(
        FILE,
        ">650</n1:ClosingDebitBalance>",
        ">651</n1:ClosingDebitBalance>",
    ))
    .unwrap_err();
    assert_eq!(refusal.code(), "sub-ledger-untied");
    assert!(refusal.what.contains("601.00") && refusal.expected.unwrap().contains("600.00"));
    // All accounts together.
    let other = "<n1:OpeningCreditBalance>100.50</n1:OpeningCreditBalance><n1:ClosingCreditBalance>100.50</n1:ClosingCreditBalance>";
    assert_eq!(change(other, &other.replace("100.50", "100")).0, "unbalanced-books");
}

#[test]
fn fractions_are_summed_exactly_and_never_rounded() {
    let text = changed(FILE, ">1250</n1:Amount>", ">1250.001</n1:Amount>");
    let text = changed(&text, ">1249.995<", ">1249.996<");
    let text = changed(&text, ">600.00<", ">600.001<");
    let text = changed(
        &text,
        ">1250</n1:ClosingCreditBalance>",
        ">1250.001</n1:ClosingCreditBalance>",
    );
    let text = changed(
        &text,
        ">650</n1:ClosingDebitBalance>",
        ">650.001</n1:ClosingDebitBalance>",
    );
    let text = text.replace(">1900.00<", ">1900.001<").replace(">1900<", ">1900.001<");
    let refusal = read(&text).unwrap_err();
    assert_eq!(refusal.code(), "fractional-total");
    assert!(refusal.what.contains("650.001"), "{}", refusal.what);
    let large = changed(FILE, ">1.10<", ">1.20<").replace(">1250</n1:Amount>", ">92233720368547758.08</n1:Amount>");
    assert_eq!(refused(read(&large)).0, "amount-too-large");
}

#[test]
fn what_is_prescribed_must_be_there_once() {
    let account = at("<n1:AccountID>1920");
    assert_eq!(
        change("<n1:OpeningDebitBalance>100.50</n1:OpeningDebitBalance>", ""),
        ("missing-element", account.clone())
    );
    assert_eq!(
        change("<n1:ClosingDebitBalance>750.50</n1:ClosingDebitBalance>", ""),
        ("missing-element", account)
    );
    assert_eq!(
        change("<n1:DefaultCurrencyCode>NOK</n1:DefaultCurrencyCode>", "").0,
        "missing-element"
    );
    assert_eq!(
        change("<n1:NumberOfEntries>2</n1:NumberOfEntries>", "").0,
        "missing-element"
    );
    assert_eq!(
        change("<n1:TransactionDate>2024-04-01</n1:TransactionDate>", ""),
        ("missing-element", at("<n1:TransactionID>T2"))
    );
    assert_eq!(
        change(
            "<n1:AccountID>7</n1:AccountID><n1:CreditAmount><n1:Amount>.005",
            "<n1:CreditAmount><n1:Amount>.005"
        ),
        ("missing-element", at(".005"))
    );
    assert_eq!(
        change("<n1:CreditAmount><n1:Amount>.005</n1:Amount></n1:CreditAmount>", ""),
        ("missing-element", at(".005"))
    );
    assert_eq!(change("<n1:Amount>.005</n1:Amount>", "").0, "missing-element");
    let twice = "<n1:Amount>.005</n1:Amount>";
    assert_eq!(change(twice, &twice.repeat(2)), ("missing-element", at(".005")));
    for section in ["GeneralLedgerAccounts", "GeneralLedgerEntries"] {
        let renamed = FILE.replace(section, "Other");
        assert_eq!(refused(read(&renamed)).0, "missing-element", "{section}");
    }
    let entries = &FILE[FILE.find("<n1:GeneralLedgerEntries>").unwrap()..FILE.find("</n1:AuditFile>").unwrap()];
    assert_eq!(
        refused(read(&changed(FILE, entries, &entries.repeat(2)))).0,
        "missing-element"
    );
    let lines = &FILE[FILE.find("<n1:Line><n1:AccountID>1920").unwrap()..FILE.rfind("</n1:Transaction>").unwrap()];
    assert_eq!(change(lines, ""), ("missing-element", at("<n1:TransactionID>T2")));
}

#[test]
fn accounts_are_listed_once_and_before_they_are_used() {
    assert_eq!(
        change(
            "<n1:AccountID>1920</n1:AccountID><n1:AccountDescription>",
            "<n1:AccountID>1500</n1:AccountID><n1:AccountDescription>"
        ),
        ("duplicate-account", at("<n1:AccountID>1920"))
    );
    assert_eq!(change("<n1:CustomerID>2<", "<n1:CustomerID>1<").0, "duplicate-account");
    assert_eq!(
        change(
            "<n1:AccountID>1920</n1:AccountID><n1:DebitAmount>",
            "<n1:AccountID>1930</n1:AccountID><n1:DebitAmount>"
        )
        .0,
        "not-listed"
    );
    assert_eq!(
        change(
            "<n1:CustomerID>2</n1:CustomerID><n1:AccountID>1500",
            "<n1:CustomerID>2</n1:CustomerID><n1:AccountID>1501"
        )
        .0,
        "not-listed"
    );
    assert_eq!(change("<n1:AccountID>2000<", "<n1:AccountID>20 00<").0, "bad-account");
}

#[test]
fn amounts_dates_and_versions_are_strict() {
    assert_eq!(
        change(">1249.995<", ">1.249,995<"),
        ("bad-amount", format!("{}, Amount", at("1249.995")))
    );
    assert_eq!(change(">2024-04-01<", ">01.04.2024<"), ("bad-date", at("T2")));
    assert_eq!(change(">2024-04-01<", ">2024-02-30<").0, "bad-date");
    assert_eq!(
        change(">2</n1:NumberOfEntries>", ">two</n1:NumberOfEntries>").0,
        "bad-amount"
    );
    assert_eq!(change(">NOK<", ">KRONER<").0, "currency-unknown");
    assert_eq!(change(">1.10<", ">2.00<").0, "xml-namespace");
    assert_eq!(
        refused(read(&FILE.replace("Financial:NO", "Financial:DK"))).0,
        "xml-namespace"
    );
    assert!(read(&changed(FILE, ">2024-04-01<", ">2024-04-01+02:00<")).is_ok());
}

#[test]
fn the_period_is_the_selection() {
    let period = |from: &str, to: &str| {
        let books = read(&changed(FILE, from, to)).unwrap();
        books
            .period
            .resolve(None, "f.xml")
            .map(|p| p.to_string())
            .map_err(|r| r.code())
    };
    assert_eq!(
        period(">12</n1:PeriodEnd>", ">6</n1:PeriodEnd>"),
        Ok("2024-01-01 to 2024-06-30".to_owned())
    );
    assert_eq!(
        period(">12</n1:PeriodEnd>", ">13</n1:PeriodEnd>"),
        Ok("2024-01-01 to 2024-12-31".to_owned())
    );
    assert_eq!(
        period(">12</n1:PeriodEnd>", ">3</n1:PeriodEnd>"),
        Err("entry-outside-period")
    );
    assert_eq!(period("2025-02-01", "2024-06-01"), Err("period-unclear"));
    let selection = &FILE[FILE.find("<n1:SelectionCriteria>").unwrap()..FILE.find("</n1:Header>").unwrap()];
    assert_eq!(period(selection, ""), Err("period-unclear"));
    let dates = "<n1:SelectionCriteria><n1:SelectionStartDate>2024-01-01</n1:SelectionStartDate><n1:SelectionEndDate>2024-12-31</n1:SelectionEndDate></n1:SelectionCriteria>";
    assert_eq!(period(selection, dates), Ok("2024-01-01 to 2024-12-31".to_owned()));
    // A document of December that was posted in January belongs to January.
    assert_eq!(
        period("2024-03-01", "2023-12-30"),
        Ok("2024-01-01 to 2024-12-31".to_owned())
    );
    assert_eq!(period("2024-04-01", "2023-12-30"), Err("entry-outside-period"));
}

#[test]
fn books_that_begin_within_a_year_give_no_statement() {
    let text = changed(
        FILE,
        "<n1:GroupingCode>3000</n1:GroupingCode><n1:OpeningDebitBalance>0</n1:OpeningDebitBalance><n1:ClosingCreditBalance>1250<",
        "<n1:GroupingCode>3000</n1:GroupingCode><n1:OpeningCreditBalance>10</n1:OpeningCreditBalance><n1:ClosingCreditBalance>1260<",
    );
    let other = "<n1:OpeningCreditBalance>100.50</n1:OpeningCreditBalance><n1:ClosingCreditBalance>100.50</n1:ClosingCreditBalance>";
    let text = changed(&text, other, &other.replace("100.50", "90.50"));
    let refusal = to_statement(
        &read(&text).unwrap(),
        &Mapping::chart("no-ns4102").unwrap(),
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!(refusal.code(), "mid-year-books");
    assert!(refusal.what.contains("-10.00"), "{}", refusal.what);
}

#[test]
fn elements_of_others_are_passed_over_and_cuts_are_noticed() {
    let text = changed(
        FILE,
        "<n1:MasterFiles>",
        "<x:Y xmlns:x='urn:x'><x:Amount>1</x:Amount></x:Y><n1:Unknown><n1:AccountID>?</n1:AccountID></n1:Unknown><n1:MasterFiles>",
    );
    assert_eq!(read(&text).map(|b| b.accounts), read(FILE).map(|b| b.accounts));
    let end = FILE.trim_end().len();
    for cut in (0..end).filter(|c| FILE.is_char_boundary(*c)) {
        assert!(
            matches!(
                refused(read(&FILE[..cut])).0,
                "truncated-file" | "empty-books" | "xml-malformed"
            ),
            "{cut}"
        );
    }
    // An encoding that lies garbles names and is a warning.
    let latin = crate::encoding::Encoding::Windows1252.encode(FILE).into_owned();
    let books = norway::read(&latin[..], "f.xml", &mut |_| {}).unwrap();
    assert_eq!(
        (books.warnings[0].code, books.warnings[0].line),
        ("encoding-lies", Some(5))
    );
}

/// The sale in March, the payment in April; accounts by their standard numbers, for 7 says nothing.
#[test]
fn entries_become_months() {
    let books = read(FILE).unwrap();
    let series = to_series(&books, &Mapping::chart("no-ns4102").unwrap(), &Options::default()).unwrap();
    let of = |month: usize| {
        let line = &series.sheet.months[month];
        (line.booked.minor, line.operating.map(|amount| amount.minor))
    };
    assert_eq!(
        [of(1), of(2), of(3)],
        [(0, Some(0)), (125_000, Some(0)), (0, Some(65_000))]
    );
    // Dated into another month by its document; what was posted later does not move it.
    let later = changed(FILE, ">2024-03-02<", ">2024-05-02<");
    let series = to_series(
        &read(&later).unwrap(),
        &Mapping::chart("no-ns4102").unwrap(),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(series.sheet.months[2].booked.minor, 125_000);
}

/// A line is a customer's where it names one whom the master files list; a supplier beside does not change that.
#[test]
fn only_a_listed_customer_owns_a_line() {
    let line = "<n1:Line><n1:AccountID>1500</n1:AccountID><n1:Analysis>";
    let with = |ids: &str| {
        let named = format!("<n1:Line><n1:AccountID>1500</n1:AccountID>{ids}<n1:Analysis>");
        read(&changed(FILE, line, &named))
    };
    let found = |ids: &str| {
        let books = with(ids).unwrap();
        let owners: Vec<String> = books.flows.shares().map(|(_, _, who, _)| who.to_owned()).collect();
        let invoices = books.flows.unnamed().filter(|(with, ..)| with.contains(&"7"));
        (owners, invoices.filter(|(_, own, _)| *own == "1500").count())
    };
    let id = |kind: &str, id: &str| format!("<n1:{kind}ID>{id}</n1:{kind}ID>");
    let (customer, supplier) = (id("Customer", "1"), id("Supplier", "77"));
    let alfa = (vec!["1".to_owned()], 0);
    assert_eq!(found(&customer), alfa);
    assert_eq!(found(&format!("{customer}{supplier}")), alfa);
    assert_eq!(found(&format!("{supplier}{customer}")), alfa);
    for nobody in [
        String::new(),
        supplier.clone(),
        id("Supplier", "1"),
        id("Customer", "99"),
    ] {
        assert_eq!(found(&nobody), (Vec::new(), 1), "{nobody}");
    }
    for twice in [format!("{customer}{customer}"), format!("{supplier}{supplier}")] {
        assert_eq!(refused(with(&twice)).0, "missing-element");
    }
}
