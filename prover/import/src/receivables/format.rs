//! The declaration of a list of receivables: what a program would otherwise have to guess.

use std::collections::BTreeMap;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day};
use serde::Deserialize;

use crate::amount::Notation;
use crate::catalogue;
use crate::csv::{Column, Dialect};
use crate::encoding::Encoding;
use crate::invoices::{Exclusion, Kind};
use crate::mapping::toml_refusal;

/// Which columns hold what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The document's number.
    pub number: Column,
    /// What it is, in the words of `kinds`.
    pub kind: Option<Column>,
    /// The debtor's number; this or `name`.
    pub debtor: Option<Column>,
    /// The debtor's name.
    pub name: Option<Column>,
    /// The debtor's country.
    pub country: Option<Column>,
    /// The day of issue.
    pub issued: Column,
    /// The due date.
    pub due: Option<Column>,
    /// What is to be paid.
    pub amount: Column,
    /// The tax in it.
    pub tax: Option<Column>,
    /// What is open when the file is made.
    pub open: Option<Column>,
    /// The day on which it was paid in full; empty where it was not.
    pub settled: Option<Column>,
    /// Whether the debtor disputes it.
    pub disputed: Option<Column>,
    /// Whether it was cancelled.
    pub cancelled: Option<Column>,
    /// The invoice that it refers to.
    pub reference: Option<Column>,
}

/// What a negative amount means where no column says the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Negative {
    /// A credit note.
    CreditNote,
    /// An invoice that corrects another.
    Correction,
}

/// The format of a list of receivables, as its owner declares it.
#[derive(Debug, Clone)]
pub struct ReceivablesFormat {
    /// Between fields.
    pub separator: u8,
    /// How numbers are written.
    pub notation: Notation,
    /// The file's encoding.
    pub encoding: Encoding,
    /// The currency of every amount.
    pub currency: Currency,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The columns.
    pub columns: Columns,
    pub(super) dates: Dates,
    pub(super) negative: Option<Negative>,
    pub(super) credit_notes_positive: bool,
    pub(super) kinds: Kinds,
    yes: Vec<String>,
    no: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    separator: String,
    decimal: String,
    thousands: Option<String>,
    encoding: String,
    currency: String,
    header: bool,
    dates: String,
    negative: Option<Negative>,
    credit_notes: Option<Sign>,
    #[serde(default)]
    yes: Vec<String>,
    #[serde(default)]
    no: Vec<String>,
    #[serde(default)]
    kinds: BTreeMap<String, Vec<String>>,
    columns: Columns,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Sign {
    Positive,
    Negative,
}

/// The words of the column of kinds: what the document is, or why it does not count.
#[derive(Debug, Clone, Default)]
pub(super) struct Kinds(BTreeMap<String, Result<Kind, Exclusion>>);

impl Kinds {
    pub(super) fn of(&self, word: &str) -> Option<Result<Kind, Exclusion>> {
        self.0.get(word).copied()
    }

    pub(super) fn words(&self) -> String {
        let words: Vec<String> = self.0.keys().take(20).map(|word| format!("{word:?}")).collect();
        words.join(", ")
    }

    fn declared(kinds: BTreeMap<String, Vec<String>>) -> Result<Self, (String, &'static str)> {
        let mut known = BTreeMap::new();
        for (name, words) in kinds {
            let role = match name.as_str() {
                "invoice" => Ok(Kind::Invoice),
                "credit-note" => Ok(Kind::CreditNote),
                "correction" => Ok(Kind::Correction),
                "cancelled" => Err(Exclusion::Cancelled),
                "factored" => Err(Exclusion::Factored),
                "no-claim" => Err(Exclusion::NoClaim),
                other => {
                    return Err((
                        format!("kind {other:?}"),
                        "invoice, credit-note, correction, cancelled, factored or no-claim",
                    ));
                }
            };
            for word in words {
                if known.insert(word.clone(), role).is_some() {
                    return Err((format!("the word {word:?} stands for two kinds"), "each word once"));
                }
            }
        }
        Ok(Self(known))
    }
}

/// How days are written.
#[derive(Debug, Clone)]
pub(super) struct Dates {
    pattern: String,
    parts: Vec<DatePart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DatePart {
    Year,
    /// Month, and whether it always has two digits.
    Month(bool),
    Day(bool),
    Literal(char),
}

impl Dates {
    /// `YYYY`, `MM` or `M`, `DD` or `D`, each once, with points, slashes, hyphens or nothing between them.
    fn new(pattern: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let (part, used) = if rest.starts_with("YYYY") {
                (DatePart::Year, 4)
            } else if rest.starts_with("MM") {
                (DatePart::Month(true), 2)
            } else if rest.starts_with("DD") {
                (DatePart::Day(true), 2)
            } else {
                match first {
                    'M' => (DatePart::Month(false), 1),
                    'D' => (DatePart::Day(false), 1),
                    '.' | '/' | '-' => (DatePart::Literal(first), 1),
                    _ => return None,
                }
            };
            parts.push(part);
            rest = rest.get(used..)?;
        }
        let count = |wanted: fn(&DatePart) -> bool| parts.iter().filter(|part| wanted(part)).count();
        let once = count(|p| matches!(p, DatePart::Year)) == 1
            && count(|p| matches!(p, DatePart::Month(_))) == 1
            && count(|p| matches!(p, DatePart::Day(_))) == 1;
        // What may have one digit or two needs something that ends it.
        let loose = |p: &DatePart| matches!(p, DatePart::Month(false) | DatePart::Day(false));
        let ended = parts.windows(2).all(|pair| match pair {
            [a, b] => !loose(a) || matches!(b, DatePart::Literal(_)),
            _ => true,
        });
        (once && ended).then(|| Self {
            pattern: pattern.to_owned(),
            parts,
        })
    }

    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    pub(super) fn parse(&self, text: &str) -> Option<Day> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = text;
        for part in &self.parts {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (used, value) = match part {
                DatePart::Literal(c) => {
                    rest = rest.strip_prefix(*c)?;
                    continue;
                }
                DatePart::Year => (4, &mut year),
                DatePart::Month(true) => (2, &mut month),
                DatePart::Day(true) => (2, &mut day),
                DatePart::Month(false) => (digits.min(2), &mut month),
                DatePart::Day(false) => (digits.min(2), &mut day),
            };
            if used == 0 || digits < used {
                return None;
            }
            *value = rest.get(..used)?.parse().ok()?;
            rest = rest.get(used..)?;
        }
        rest.is_empty()
            .then(|| Day::from_civil(year, month, day).ok())
            .flatten()
    }
}

impl ReceivablesFormat {
    /// The `type` of the document.
    pub const TYPE: &'static str = "covenant-receivables-format";

    /// Reads a declaration (TOML). `file` names it in messages.
    ///
    /// # Errors
    /// `csv-format-invalid` with the line; `currency-unknown`.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Refusal> {
        let d: Document = toml::from_str(text).map_err(|e| toml_refusal(&catalogue::CSV_FORMAT, &e, text, file))?;
        let wrong = |(what, expected): (String, &'static str)| {
            Refusal::new(&catalogue::CSV_FORMAT, what).at(file).expected(expected)
        };
        if d.kind != Self::TYPE || d.version != 1 {
            return Err(wrong((
                format!("type {:?}, version {}", d.kind, d.version),
                "type = \"covenant-receivables-format\", version = 1",
            )));
        }
        let currency = Currency::from_code(&d.currency).map_err(|r| r.at(file))?;
        let dialect =
            Dialect::new(&d.separator, &d.decimal, d.thousands.as_deref(), &d.encoding, currency).map_err(wrong)?;
        let dates = Dates::new(&d.dates).ok_or_else(|| {
            wrong((
                format!("dates {:?}", d.dates),
                "YYYY, MM or M, and DD or D, such as \"YYYY-MM-DD\", \"DD.MM.YYYY\" or \"M/D/YYYY\"",
            ))
        })?;
        let format = Self {
            separator: dialect.separator,
            notation: dialect.notation,
            encoding: dialect.encoding,
            currency,
            header: d.header,
            dates,
            negative: d.negative,
            credit_notes_positive: d.credit_notes == Some(Sign::Positive),
            kinds: Kinds::declared(d.kinds).map_err(wrong)?,
            yes: d.yes,
            no: d.no,
            columns: d.columns,
        };
        format.check(d.credit_notes.is_some()).map_err(wrong)?;
        Ok(format)
    }

    /// A word of a column of flags; nothing where it is empty and no word is.
    pub(super) fn flag(&self, word: &str) -> Result<Option<bool>, String> {
        let is = |words: &[String]| words.iter().any(|w| w == word);
        match (is(&self.yes), is(&self.no)) {
            (true, _) => Ok(Some(true)),
            (_, true) => Ok(Some(false)),
            _ if word.is_empty() => Ok(None),
            _ => Err(format!("{} or {}", self.yes.join(", "), self.no.join(", "))),
        }
    }

    fn check(&self, sign_declared: bool) -> Result<(), (String, &'static str)> {
        let c = &self.columns;
        let wrong = |what: &str, expected: &'static str| Err((what.to_owned(), expected));
        if c.debtor.is_none() && c.name.is_none() {
            return wrong("no column says who owes", "a column `debtor`, `name`, or both");
        }
        let flags = c.disputed.is_some() || c.cancelled.is_some();
        if flags && (self.yes.is_empty() || self.no.is_empty() || self.yes.iter().any(|word| self.no.contains(word))) {
            return wrong(
                "the words of the flags are not clear",
                "`yes` and `no`, each with its own words",
            );
        }
        if c.kind.is_some() != sign_declared || c.kind.is_some() == self.kinds.0.is_empty() {
            return wrong(
                "a column `kind`, a table `kinds` and `credit_notes` belong together",
                "all three, or none; credit_notes = \"negative\" or \"positive\"",
            );
        }
        if c.kind.is_some() && self.negative.is_some() {
            return wrong("`negative` says what the column `kind` says", "one of the two");
        }
        let who = [&c.kind, &c.debtor, &c.name, &c.country];
        let what = [&c.due, &c.tax, &c.open, &c.settled];
        let marks = [&c.disputed, &c.cancelled, &c.reference];
        let others = who.into_iter().chain(what).chain(marks).flatten();
        Column::check(others.chain([&c.number, &c.issued, &c.amount]), self.header)
    }
}
