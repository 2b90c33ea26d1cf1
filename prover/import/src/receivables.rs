//! A list of receivables as CSV, one document a line, whose format is declared, never guessed.
//!
//! As with a trial balance, separator, number and date notation, encoding, currency and columns come from a declaration, here a
//! [`ReceivablesFormat`].

use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use crate::amount::parse_amount;
use crate::csv::{Column, find, split};
use crate::invoices::{Amounts, Builder, Document, Exclusion, IdSort, Kind, Party, PartyId, ReferenceTo, Settlement};
use crate::lines::Lines;
use crate::{Progress, catalogue, clip};

mod format;

pub use format::{Columns, Negative, ReceivablesFormat};

/// The columns' places, from 0.
struct Places {
    number: usize,
    kind: Option<usize>,
    debtor: Option<usize>,
    name: Option<usize>,
    country: Option<usize>,
    issued: usize,
    due: Option<usize>,
    amount: usize,
    tax: Option<usize>,
    open: Option<usize>,
    settled: Option<usize>,
    disputed: Option<usize>,
    cancelled: Option<usize>,
    reference: Option<usize>,
}

impl Places {
    fn of(columns: &Columns, names: Option<&[String]>, place: &str) -> Result<Self, Refusal> {
        let find = |column: &Column| find(column, names, place);
        let optional = |column: &Option<Column>| column.as_ref().map(find).transpose();
        Ok(Self {
            number: find(&columns.number)?,
            kind: optional(&columns.kind)?,
            debtor: optional(&columns.debtor)?,
            name: optional(&columns.name)?,
            country: optional(&columns.country)?,
            issued: find(&columns.issued)?,
            due: optional(&columns.due)?,
            amount: find(&columns.amount)?,
            tax: optional(&columns.tax)?,
            open: optional(&columns.open)?,
            settled: optional(&columns.settled)?,
            disputed: optional(&columns.disputed)?,
            cancelled: optional(&columns.cancelled)?,
            reference: optional(&columns.reference)?,
        })
    }
}

/// One line's fields.
struct Row<'a> {
    fields: &'a [String],
    place: String,
    line: u64,
    format: &'a ReceivablesFormat,
}

/// Reads a file into a list that is being made.
///
/// # Errors
/// The codes of lines and declared columns, `bad-amount`, `bad-date`, `invoice-field-invalid`, and whatever the builder refuses.
pub fn read<'a>(
    reader: impl BufRead,
    file: &'a str,
    format: &ReceivablesFormat,
    builder: &mut Builder,
    progress: &'a mut Progress<'a>,
) -> Result<(), Refusal> {
    builder.source(file);
    let mut lines = Lines::new(reader, file, progress);
    let mut places: Option<(Places, usize)> = None;
    while lines.advance()? {
        if lines.number() == 1 && lines.bytes().starts_with(b"\xef\xbb\xbf") {
            lines.skip(3);
        }
        let (text, replaced) = format.encoding.decode(lines.bytes());
        if replaced {
            let name = format.encoding.name();
            return Err(
                Refusal::new(&catalogue::WRONG_ENCODING, format!("the line is not {name}"))
                    .at(lines.place())
                    .expected(format!("{name}, as declared")),
            );
        }
        if text.trim().is_empty() {
            continue;
        }
        let fields = split(&text, char::from(format.separator))
            .map_err(|what| Refusal::new(&catalogue::MALFORMED_LINE, what).at(lines.place()))?;
        let (at, count) = match &places {
            Some(places) => places,
            None => {
                let names = format.header.then_some(fields.as_slice());
                let at = Places::of(&format.columns, names, &lines.place())?;
                places = Some((at, fields.len()));
                if format.header {
                    continue;
                }
                match &places {
                    Some(places) => places,
                    None => continue,
                }
            }
        };
        if *count != fields.len() {
            let entry = if lines.terminated() {
                &catalogue::MALFORMED_LINE
            } else {
                &catalogue::TRUNCATED
            };
            return Err(Refusal::new(entry, format!("the line has {} fields", fields.len()))
                .at(lines.place())
                .expected(format!("{count} fields, as on the first line")));
        }
        let row = Row {
            fields: &fields,
            place: lines.place(),
            line: lines.number(),
            format,
        };
        builder.add(row.document(at)?)?;
    }
    Ok(())
}

impl Row<'_> {
    fn document(&self, at: &Places) -> Result<Document, Refusal> {
        let written = self.amount(at.amount)?;
        let (kind, excluded, type_code) = self.kind(at, written)?;
        // Credit notes may be written with either sign, but a column of kinds makes the sign redundant: then both must agree.
        let payable = match kind {
            Kind::CreditNote if at.kind.is_some() && self.format.credit_notes_positive => -written,
            _ => written,
        };
        let sign = if payable == written { 1 } else { -1 };
        let tax = at.tax.filter(|column| !self.field(*column).is_empty());
        let amounts = Amounts {
            tax: tax.map(|column| self.amount(column)).transpose()?.map(|tax| sign * tax),
            ..Amounts::payable_only(payable)
        };
        let cancelled = at.cancelled.map(|column| self.flag(column)).transpose()?.flatten();
        let excluded = excluded.or((cancelled == Some(true)).then_some(Exclusion::Cancelled));
        let reference = at
            .reference
            .map(|column| self.field(column))
            .filter(|text| !text.is_empty());
        Ok(Document {
            number: self.field(at.number).to_owned(),
            kind,
            type_code,
            seller: None,
            debtor: self.debtor(at),
            currency: self.format.currency,
            issued: self
                .day(at.issued)?
                .ok_or_else(|| self.refuse(at.issued, "no day of issue"))?,
            due: at.due.map(|column| self.day(column)).transpose()?.flatten(),
            amounts,
            settlements: self.settlements(at, payable, sign)?,
            disputed: at.disputed.map(|column| self.flag(column)).transpose()?.flatten(),
            payee: None,
            references: reference
                .map(|text| (ReferenceTo::Invoice, text.to_owned()))
                .into_iter()
                .collect(),
            excluded,
            line: self.line,
        })
    }

    /// What the document is: by its column of kinds where there is one, else by its sign.
    fn kind(&self, at: &Places, amount: i64) -> Result<(Kind, Option<Exclusion>, Option<String>), Refusal> {
        let Some(column) = at.kind else {
            return match self.format.negative {
                _ if amount >= 0 => Ok((Kind::Invoice, None, None)),
                Some(Negative::CreditNote) => Ok((Kind::CreditNote, None, None)),
                Some(Negative::Correction) => Ok((Kind::Correction, None, None)),
                None => Err(self
                    .refuse(at.amount, format!("{:?} is negative", clip(self.field(at.amount), 40)))
                    .expected("amounts of zero or more, or `negative` in the declaration")),
            };
        };
        let word = self.field(column);
        let code = (!word.is_empty()).then(|| word.to_owned());
        match self.format.kinds.of(word) {
            Some(Ok(kind)) => Ok((kind, None, code)),
            Some(Err(excluded)) => Ok((
                if amount < 0 { Kind::CreditNote } else { Kind::Invoice },
                Some(excluded),
                code,
            )),
            None => {
                let what = format!("{:?} is no declared kind", clip(word, 40));
                Err(self
                    .refuse(column, what)
                    .expected(format!("one of {}", self.format.kinds.words())))
            }
        }
    }

    fn debtor(&self, at: &Places) -> Party {
        let text = |column: Option<usize>| column.map_or("", |c| self.field(c));
        let country = text(at.country);
        Party {
            name: text(at.name).to_owned(),
            country: (!country.is_empty()).then(|| country.to_owned()),
            ids: PartyId::new(IdSort::Customer, None, text(at.debtor))
                .into_iter()
                .collect(),
        }
    }

    /// What was settled: in full on the day of the column `settled`, or all but what the column `open` says.
    fn settlements(&self, at: &Places, payable: i64, sign: i64) -> Result<Option<Vec<Settlement>>, Refusal> {
        let day = at.settled.map(|column| self.day(column)).transpose()?;
        let open = at.open.filter(|column| !self.field(*column).is_empty());
        let open = open
            .map(|column| self.amount(column))
            .transpose()?
            .map(|open| sign * open);
        let amount = match (day.flatten(), open) {
            (Some(_), None) => Some(i128::from(payable)),
            (_, Some(open)) => Some(i128::from(payable) - i128::from(open)),
            (None, None) if at.settled.is_some() => Some(0),
            (None, None) => None,
        };
        let Some(amount) = amount else { return Ok(None) };
        let amount = i64::try_from(amount).map_err(|_| self.too_large())?;
        let settlement = Settlement {
            day: day.flatten(),
            amount,
        };
        Ok(Some(if amount == 0 { Vec::new() } else { vec![settlement] }))
    }

    fn too_large(&self) -> Refusal {
        Refusal::new(
            &catalogue::AMOUNT_TOO_LARGE,
            "the amount less what is open does not fit 64 bits",
        )
        .at(&self.place)
    }

    fn field(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", |field| field.trim())
    }

    fn amount(&self, column: usize) -> Result<i64, Refusal> {
        parse_amount(self.field(column), self.format.notation).map_err(|r| r.at(self.at(column)))
    }

    /// A day; `None` where the field is empty.
    fn day(&self, column: usize) -> Result<Option<Day>, Refusal> {
        let text = self.field(column);
        if text.is_empty() {
            return Ok(None);
        }
        let day = self.format.dates.parse(text);
        day.map(Some).ok_or_else(|| {
            Refusal::new(&catalogue::BAD_DATE, format!("{:?}", clip(text, 40)))
                .at(self.at(column))
                .expected(format!("a day written {}", self.format.dates.pattern()))
        })
    }

    fn flag(&self, column: usize) -> Result<Option<bool>, Refusal> {
        let word = self.field(column);
        self.format.flag(word).map_err(|expected| {
            self.refuse(
                column,
                format!("{:?} is no declared word for yes or no", clip(word, 40)),
            )
            .expected(expected)
        })
    }

    fn refuse(&self, column: usize, what: impl Into<String>) -> Refusal {
        Refusal::new(&catalogue::INVOICE_FIELD, what).at(self.at(column))
    }

    fn at(&self, column: usize) -> String {
        format!("{}, column {}", self.place, column + 1)
    }
}

#[cfg(test)]
mod tests;
