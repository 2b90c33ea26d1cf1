//! One line of a FEC: its fields, its day and its amount.

use std::borrow::Cow;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use super::columns::{AmountColumns, Columns};
use crate::amount::{Notation, parse_fine_amount};
use crate::lines::Lines;
use crate::{books, catalogue, clip, csv, dates};

/// Digits of an amount beyond the cent: some products write four decimals.
pub(super) const EXTRA_DIGITS: u8 = 2;
/// Ten-thousandths of a euro in a cent.
pub(super) const SCALE: i128 = 100;

/// One line's fields. Amounts are in ten-thousandths of a euro.
pub(super) struct Row<'a> {
    pub journal: &'a str,
    pub journal_label: &'a str,
    pub entry: &'a str,
    pub date: Day,
    pub account: &'a str,
    pub account_label: &'a str,
    pub auxiliary: &'a str,
    pub auxiliary_label: &'a str,
    pub debit: i128,
    pub credit: i128,
}

/// The fields of a line, with quotation marks where the header has them.
///
/// # Errors
/// `malformed-line`, `truncated-file`.
pub(super) fn fields<'a, R: BufRead>(
    text: &'a str,
    columns: &Columns,
    lines: &Lines<'_, R>,
) -> Result<Vec<Cow<'a, str>>, Refusal> {
    let separator = char::from(columns.separator);
    let fields: Vec<Cow<'a, str>> = if columns.quoted {
        let split = csv::split(text, separator);
        let split = split.map_err(|what| Refusal::new(&catalogue::MALFORMED_LINE, what).at(lines.place()))?;
        split.into_iter().map(Cow::Owned).collect()
    } else {
        text.split(separator).map(Cow::Borrowed).collect()
    };
    // Programs that trim lines take empty fields at the end with them, and others add some.
    let sound = if fields.len() < columns.count {
        fields.len() >= columns.count_min && lines.terminated()
    } else {
        fields.iter().skip(columns.count).all(|f| f.trim().is_empty())
    };
    if sound {
        return Ok(fields);
    }
    let entry = if lines.terminated() {
        &catalogue::MALFORMED_LINE
    } else {
        &catalogue::TRUNCATED
    };
    Err(Refusal::new(entry, format!("the line has {} fields", fields.len()))
        .at(lines.place())
        .expected(format!("{} fields, as in the header", columns.count)))
}

impl<'a> Row<'a> {
    pub(super) fn read<R: BufRead>(
        fields: &'a [Cow<'a, str>],
        columns: &Columns,
        lines: &Lines<'_, R>,
    ) -> Result<Self, Refusal> {
        let field = |i: usize| fields.get(i).map_or("", |f| f.trim());
        let optional = |i: Option<usize>| i.map_or("", field);
        let at = |column: &str| format!("{}, column {column}", lines.place());
        let date = field(columns.date);
        let date = dates::compact(date).or_else(|| dates::dashed(date)).ok_or_else(|| {
            Refusal::new(&catalogue::BAD_DATE, format!("{:?} is not a date", clip(date, 20)))
                .at(at("EcritureDate"))
                .expected("a day as YYYYMMDD, or with the year first as in 2024-03-15; 03/04/2024 could be two days")
        })?;
        let account = books::account_number(field(columns.account)).ok_or_else(|| {
            Refusal::new(
                &catalogue::BAD_ACCOUNT,
                format!("{:?} is not an account number", clip(field(columns.account), 40)),
            )
            .at(at("CompteNum"))
            .expected("letters and digits, such as 411000")
        })?;
        if field(columns.entry).is_empty() {
            return Err(Refusal::new(&catalogue::MALFORMED_LINE, "the line belongs to no entry")
                .at(at("EcritureNum"))
                .expected("the number of the entry in its journal"));
        }
        let (debit, credit) = amounts(columns.amount, field, at)?;
        Ok(Self {
            journal: field(columns.journal),
            journal_label: optional(columns.journal_label),
            entry: field(columns.entry),
            date,
            account,
            account_label: field(columns.account_label),
            auxiliary: optional(columns.auxiliary),
            auxiliary_label: optional(columns.auxiliary_label),
            debit,
            credit,
        })
    }
}

/// Debit and credit of a line. An empty field counts as nothing only where the other one holds an amount.
fn amounts<'a>(
    columns: AmountColumns,
    field: impl Fn(usize) -> &'a str,
    at: impl Fn(&str) -> String,
) -> Result<(i128, i128), Refusal> {
    let parse = |text: &str, column: &str| amount(text).map_err(|r| r.at(at(column)));
    match columns {
        AmountColumns::DebitCredit(d, c) => match (field(d), field(c)) {
            ("", "") => Err(Refusal::new(&catalogue::BAD_AMOUNT, "debit and credit are both empty")
                .at(at("Debit"))
                .expected("an amount in one of them")),
            (debit, "") => Ok((parse(debit, "Debit")?, 0)),
            ("", credit) => Ok((0, parse(credit, "Credit")?)),
            (debit, credit) => Ok((parse(debit, "Debit")?, parse(credit, "Credit")?)),
        },
        AmountColumns::AmountSide(a, s) => {
            let amount = parse(field(a), "Montant")?;
            match field(s) {
                "D" | "d" | "+1" | "1" | "+" => Ok((amount, 0)),
                "C" | "c" | "-1" | "-" => Ok((0, amount)),
                other => Err(Refusal::new(
                    &catalogue::BAD_AMOUNT,
                    format!("the side of the amount is {:?}", clip(other, 10)),
                )
                .at(at("Sens"))
                .expected("D or C, or +1 or -1")),
            }
        }
    }
}

/// An amount in ten-thousandths: comma or point, at most four decimals. Three decimals after a point look like grouped
/// thousands, which the article forbids, and three after a comma must end in 0: whoever writes fractions of a cent writes four.
fn amount(text: &str) -> Result<i128, Refusal> {
    let decimals = text.rsplit_once([',', '.']).map_or("", |(_, decimals)| decimals);
    if decimals.len() == 3 && (text.contains('.') || !decimals.ends_with('0')) {
        return Err(Refusal::new(
            &catalogue::BAD_AMOUNT,
            format!("{:?} could be thousands or thousandths", clip(text, 40)),
        )
        .expected("two decimals, or four, and no grouping"));
    }
    parse_fine_amount(text, Notation::FEC, EXTRA_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_two_amounts_is_none() {
        let read = |text| amount(text).map_err(|r| r.code());
        assert_eq!(read("12,34"), Ok(123_400));
        assert_eq!(read("-12.3456"), Ok(-123_456));
        assert_eq!(read("1234,560"), Ok(12_345_600));
        assert_eq!(read("0012"), Ok(120_000));
        assert_eq!(read("1,50000"), Ok(15_000));
        for bad in [
            "1.234", "1.230", "1,234", "1,23456", "1.234,00", "1 234,00", "1'234", "", ",",
        ] {
            assert_eq!(read(bad), Err("bad-amount"), "{bad}");
        }
    }
}
