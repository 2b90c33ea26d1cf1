//! A trial balance as CSV (RFC 4180 fields, one record a line) whose format is declared, never guessed: separator, decimal and
//! grouping characters, encoding, currency and columns come from a [`CsvFormat`].

use std::io::BufRead;

use covenant_policy::refusal::Refusal;

use crate::amount::{format_amount, parse_amount};
use crate::books::{self, Account, Auxiliary, Books, Company, Format, PeriodEvidence};
use crate::flows::Flows;
use crate::lines::Lines;
use crate::{Progress, catalogue, clip};

mod format;

pub(crate) use format::Dialect;
pub use format::{Column, Columns, CsvFormat};

/// The columns' places, from 0.
struct Places {
    account: usize,
    label: Option<usize>,
    auxiliary: Option<usize>,
    amount: Amount,
}

enum Amount {
    DebitCredit(usize, usize),
    Balance(usize),
}

/// Reads a trial balance. It has no entries, so its period must be stated by the user.
///
/// # Errors
/// Any code of the catalogue that concerns lines, amounts, accounts and the books as a whole; each with its line.
pub fn read<'a>(
    reader: impl BufRead,
    file: &'a str,
    format: &CsvFormat,
    progress: &'a mut Progress<'a>,
) -> Result<Books, Refusal> {
    let mut lines = Lines::new(reader, file, progress);
    let mut places: Option<(Places, Option<usize>)> = None;
    let mut books = empty(file, format);
    while lines.advance()? {
        if lines.number() == 1 && lines.bytes().starts_with(b"\xef\xbb\xbf") {
            lines.skip(3);
        }
        let (text, replaced) = format.encoding.decode(lines.bytes());
        if replaced {
            return Err(Refusal::new(
                &catalogue::WRONG_ENCODING,
                format!("the line is not {}", format.encoding.name()),
            )
            .at(lines.place())
            .expected(format!("{}, as declared", format.encoding.name())));
        }
        if text.trim().is_empty() {
            continue;
        }
        let fields = split(&text, char::from(format.separator))
            .map_err(|what| Refusal::new(&catalogue::MALFORMED_LINE, what).at(lines.place()))?;
        let Some((at, count)) = &mut places else {
            let names = format.header.then_some(fields.as_slice());
            let at = locate(&format.columns, names, &lines.place())?;
            if !format.header {
                row(&fields, &at, format, &mut books, &lines)?;
            }
            places = Some((at, Some(fields.len())));
            continue;
        };
        if count.is_some_and(|c| c != fields.len()) {
            let entry = if lines.terminated() {
                &catalogue::MALFORMED_LINE
            } else {
                &catalogue::TRUNCATED
            };
            return Err(Refusal::new(entry, format!("the line has {} fields", fields.len()))
                .at(lines.place())
                .expected(format!("{} fields, as on the first line", count.unwrap_or(0))));
        }
        row(&fields, at, format, &mut books, &lines)?;
    }
    books.lines = lines.number();
    finish(books)
}

fn empty(file: &str, format: &CsvFormat) -> Books {
    Books {
        format: Format::Csv,
        file: file.to_owned(),
        lines: 0,
        entries: 0,
        company: Company::default(),
        currency: format.currency,
        period: PeriodEvidence {
            doubt: Some("a trial balance does not say which period it covers".to_owned()),
            ..PeriodEvidence::default()
        },
        accounts: Default::default(),
        unallocated: 0,
        prior: None,
        flows: Flows::default(),
        warnings: Vec::new(),
    }
}

fn finish(mut books: Books) -> Result<Books, Refusal> {
    let digits = books.currency.minor_digits;
    for (number, account) in &mut books.accounts {
        control_row(number, account, digits, &books.file)?;
        if account.auxiliaries.keys().all(String::is_empty) {
            account.auxiliaries.clear();
        }
    }
    if books.accounts.is_empty() {
        return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file contains no accounts").at(&books.file));
    }
    let total = books::total(&books.accounts);
    if total != 0 {
        let shown = format_amount(total, books.currency.minor_digits);
        return Err(
            Refusal::new(&catalogue::UNBALANCED_BOOKS, format!("the balances add up to {shown}"))
                .at(&books.file)
                .expected("debit balances equal to credit balances"),
        );
    }
    Ok(books)
}

/// An account with sub-accounts may have a row of its own, which says their sum once more. It counts once, and must tie.
fn control_row(number: &str, account: &mut Account, digits: u8, file: &str) -> Result<(), Refusal> {
    if account.auxiliaries.len() < 2 {
        return Ok(());
    }
    let Some(own) = account.auxiliaries.remove("") else {
        return Ok(());
    };
    let parts: i128 = account.auxiliaries.values().map(|part| i128::from(part.closing)).sum();
    let control = i128::from(own.closing);
    if control != parts {
        let shown = |amount| format_amount(amount, digits);
        return Err(Refusal::new(
            &catalogue::UNTIED,
            format!(
                "account {number} has a row of its own with {}, and its sub-accounts add up to {}",
                shown(control),
                shown(parts)
            ),
        )
        .at(format!("{file}:{} (account {number})", own.line))
        .expected("the same sum, or no row without a sub-account"));
    }
    account.closing -= own.closing;
    Ok(())
}

/// Books one row.
fn row<R: BufRead>(
    fields: &[String],
    places: &Places,
    format: &CsvFormat,
    books: &mut Books,
    lines: &Lines<'_, R>,
) -> Result<(), Refusal> {
    let field = |i: usize| fields.get(i).map_or("", |f| f.trim());
    let at = |column: usize| format!("{}, column {}", lines.place(), column + 1);
    let number = books::account_number(field(places.account)).ok_or_else(|| {
        Refusal::new(
            &catalogue::BAD_ACCOUNT,
            format!("{:?} is not an account number", clip(field(places.account), 40)),
        )
        .at(at(places.account))
        .expected("letters and digits, such as 1510; rows of totals do not belong into the file")
    })?;
    let parse = |i: usize| parse_amount(field(i), format.notation).map_err(|r| r.at(at(i)));
    let balance = match places.amount {
        Amount::Balance(i) => parse(i)?,
        Amount::DebitCredit(d, c) => {
            let (debit, credit) = match (field(d), field(c)) {
                (_, "") => (parse(d)?, 0),
                ("", _) => (0, parse(c)?),
                _ => (parse(d)?, parse(c)?),
            };
            debit.checked_sub(credit).ok_or_else(|| {
                Refusal::new(
                    &catalogue::AMOUNT_TOO_LARGE,
                    "debit less credit exceeds 64 bits of minor units",
                )
                .at(at(d))
            })?
        }
    };
    let account = books.accounts.entry(number.to_owned()).or_insert_with(|| Account {
        label: places.label.map_or("", field).to_owned(),
        ..Account::default()
    });
    let key = places.auxiliary.map_or("", field);
    let part = Auxiliary {
        label: places.label.map_or("", field).to_owned(),
        closing: balance,
        line: lines.number(),
    };
    if account.auxiliaries.insert(key.to_owned(), part).is_some() {
        let what = if key.is_empty() {
            format!("account {number}")
        } else {
            format!("account {number}, sub-account {key}")
        };
        return Err(Refusal::new(&catalogue::DUPLICATE_ACCOUNT, format!("{what} has two rows")).at(lines.place()));
    }
    books::add(&mut account.closing, balance).map_err(|r| r.at(lines.place()))
}

/// Finds the declared columns.
fn locate(columns: &Columns, names: Option<&[String]>, place: &str) -> Result<Places, Refusal> {
    let find = |column: &Column| find(column, names, place);
    let optional = |column: &Option<Column>| column.as_ref().map(find).transpose();
    let amount = match (&columns.debit, &columns.credit, &columns.balance) {
        (_, _, Some(balance)) => Amount::Balance(find(balance)?),
        (Some(debit), Some(credit), None) => Amount::DebitCredit(find(debit)?, find(credit)?),
        _ => return Err(Refusal::new(&catalogue::CSV_FORMAT, "no amount column is declared")),
    };
    Ok(Places {
        account: find(&columns.account)?,
        label: optional(&columns.label)?,
        auxiliary: optional(&columns.auxiliary)?,
        amount,
    })
}

/// The place of a declared column, from 0.
pub(crate) fn find(column: &Column, names: Option<&[String]>, place: &str) -> Result<usize, Refusal> {
    let name = match column {
        Column::Number(n) => return Ok(n.saturating_sub(1)),
        Column::Name(name) => name,
    };
    let mut hits = names
        .unwrap_or_default()
        .iter()
        .enumerate()
        .filter(|(_, n)| n.trim() == name);
    match (hits.next(), hits.next()) {
        (Some((i, _)), None) => Ok(i),
        (None, _) => Err(
            Refusal::new(&catalogue::MISSING_COLUMN, format!("there is no column {name:?}"))
                .at(place)
                .expected(format!("a header with {name:?}, as declared")),
        ),
        _ => Err(Refusal::new(
            &catalogue::DUPLICATE_COLUMN,
            format!("the column {name:?} appears twice"),
        )
        .at(place)),
    }
}

/// The fields of one record; quotation marks around a field, doubled inside.
pub(crate) fn split(line: &str, separator: char) -> Result<Vec<String>, &'static str> {
    let mut fields = Vec::with_capacity(8);
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inner) => quoted(inner)?,
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("text follows a closing quotation mark"),
        }
    }
}

fn quoted(inner: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    let mut rest = inner;
    while let Some(at) = rest.find('"') {
        field.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, rest)),
        }
    }
    Err("a quotation mark is not closed on its line")
}

#[cfg(test)]
mod tests;
