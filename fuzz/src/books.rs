//! The importers, the account mapping, amounts and dates.

use covenant_import::amount::{Notation, format_amount, parse_amount, parse_fine_amount};
use covenant_import::series::to_series;
use covenant_import::{Books, CsvFormat, Mapping, Options, dates, review_books, to_statement};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Period};

/// A file's name that gives the period.
const NAME: &str = "123456789FEC20241231.txt";

/// A refusal says what and what to do.
pub(super) fn spoken<T>(result: Result<T, Refusal>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(refusal) => {
            assert!(!refusal.code().is_empty() && !refusal.what.is_empty() && !refusal.advice_text().is_empty());
            None
        }
    }
}

/// A French ledger.
pub fn fec(bytes: &[u8]) {
    read(&|| covenant_import::fec::read(bytes, NAME, &mut |_| {}));
}

/// A Swedish file.
pub fn sie(bytes: &[u8]) {
    read(&|| covenant_import::sie::read(bytes, "f.se", &mut |_| {}));
}

/// A Norwegian file.
pub fn norway(bytes: &[u8]) {
    read(&|| covenant_import::saft::norway::read(bytes, "f.xml", &mut |_| {}));
}

/// The ledger of a Portuguese file.
pub fn portugal(bytes: &[u8]) {
    read(&|| covenant_import::saft::portugal::read(bytes, "f.xml", &mut |_| {}));
}

/// A declaration and, after a zero byte, the table that it declares.
pub fn csv(bytes: &[u8]) {
    let at = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (declared, table) = bytes.split_at(at);
    let text = String::from_utf8_lossy(declared);
    if let Some(format) = spoken(CsvFormat::from_toml(&text, "f.toml")) {
        let table = table.get(1..).unwrap_or_default();
        read(&|| covenant_import::csv::read(table, "f.csv", &format, &mut |_| {}));
    }
}

/// An account mapping over a chart, on accounts of every class.
pub fn mapping(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(mapping) = spoken(Mapping::from_toml(&text, "m.toml")) else {
        return;
    };
    assert_eq!(Ok(&mapping), Mapping::from_toml(&text, "m.toml").as_ref());
    for account in ["101", "411000", "4457", "512", "607", "707", "1930", "9999", "A-1"] {
        if let Some(rule) = mapping.rule(account) {
            assert!(std::ptr::eq(rule.position(0), rule.debit) && std::ptr::eq(rule.position(-1), rule.credit));
        }
    }
}

/// Amounts and dates.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (thousands, decimal) in [
        (None, &['.'][..]),
        (None, &[',', '.']),
        (Some(' '), &[',']),
        (Some('.'), &[',']),
    ] {
        for minor_digits in [0, 2, 3] {
            let notation = Notation {
                decimal,
                thousands,
                minor_digits,
            };
            if let Some(amount) = spoken(parse_amount(&text, notation)) {
                let written = format_amount(i128::from(amount), minor_digits).replace('.', &decimal[0].to_string());
                assert_eq!(parse_amount(&written, notation), Ok(amount), "{written}");
                let fine = parse_fine_amount(&text, notation, 2).map(|a| a / 100);
                assert_eq!(fine, Ok(i128::from(amount)));
            }
        }
    }
    for day in [dates::compact(&text), dates::dashed(&text)].into_iter().flatten() {
        assert_eq!(dates::compact(&dates::digits(day)), Some(day));
        assert!(dates::month_start(day) <= day && day <= dates::month_end(day));
    }
    for currency in ["EUR", "JPY", "BHD"] {
        let Ok(currency) = Currency::from_code(currency) else {
            continue;
        };
        if let Some(amount) = spoken(covenant_policy::statement::parse_amount(&text, currency)) {
            let written = covenant_policy::statement::amount_to_decimal(amount, currency);
            assert_eq!(
                covenant_policy::statement::parse_amount(&written, currency),
                Ok(amount),
                "{written}"
            );
        }
    }
}

/// What holds of every file that is read, and of all that is made from it.
fn read(again: &dyn Fn() -> Result<Books, Refusal>) {
    let first = again();
    assert!(first == again(), "two readings of one file differ");
    let Some(books) = spoken(first) else { return };
    let total: i128 = books.accounts.values().map(|a| i128::from(a.closing)).sum();
    assert_eq!(
        total + i128::from(books.unallocated),
        0,
        "accepted books do not balance"
    );
    for (number, account) in &books.accounts {
        let parts: i128 = account.auxiliaries.values().map(|p| i128::from(p.closing)).sum();
        assert!(
            account.auxiliaries.is_empty() || parts == i128::from(account.closing),
            "{number}"
        );
    }
    moved(&books);
    let Some(mapping) = spoken(Mapping::chart(books.format.default_chart())) else {
        return;
    };
    let period = ["2024-01-01", "2024-12-31"].map(str::parse);
    let period = match period {
        [Ok(start), Ok(end)] => Period::new(start, end).ok(),
        _ => None,
    };
    for period in [None, period] {
        let options = Options {
            period,
            ..Options::default()
        };
        if let Some(review) = spoken(review_books(&books, &mapping, &options)) {
            assert_eq!(review.render_text(), review.render_text());
        }
        if let Some(imported) = spoken(to_statement(&books, &mapping, &options)) {
            assert_eq!(imported.statement.validate(), Ok(()));
            assert!(imported.prior.is_none_or(|(prior, _)| prior.validate() == Ok(())));
        }
        if let Some(series) = spoken(to_series(&books, &mapping, &options)) {
            assert_eq!(series.statement.validate(), Ok(()));
            assert!(series.sheet.render_text().contains("SIGNATURES"));
        }
    }
}

/// The entries explain every balance.
fn moved(books: &Books) {
    if books.flows.whole().is_err() {
        return;
    }
    let mut moved = std::collections::BTreeMap::<&str, i128>::new();
    for (_, number, amount) in books.flows.months() {
        *moved.entry(number).or_default() += amount;
    }
    for (number, account) in &books.accounts {
        let change = i128::from(account.closing) - i128::from(account.opening);
        let found = moved.get(number.as_str()).copied().unwrap_or(0);
        assert_eq!(found, change * books.flows.scale(), "{number}");
    }
}
