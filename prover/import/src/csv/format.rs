//! The declaration of a CSV's format: what a program would otherwise have to guess.

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Currency;
use serde::Deserialize;

use crate::amount::Notation;
use crate::catalogue;
use crate::encoding::Encoding;
use crate::mapping::toml_refusal;

/// A column, by its name in the header or by its number from 1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// The name in the header, letter for letter.
    Name(String),
    /// The place, counted from 1.
    Number(usize),
}

impl Column {
    /// What is wrong with the columns of a declaration, and what was expected.
    pub(crate) fn check<'c>(
        columns: impl IntoIterator<Item = &'c Self>,
        header: bool,
    ) -> Result<(), (String, &'static str)> {
        for column in columns {
            match column {
                Self::Number(0) => return Err(("column number 0".to_owned(), "columns counted from 1")),
                Self::Name(name) if !header => {
                    return Err((
                        format!("column {name:?} has a name but there is no header"),
                        "columns by number",
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Which columns hold what: either `debit` and `credit`, or `balance` (debit positive).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The account's number.
    pub account: Column,
    /// The account's name.
    pub label: Option<Column>,
    /// The customer's or supplier's number, where an account has several rows.
    pub auxiliary: Option<Column>,
    /// Debit balances.
    pub debit: Option<Column>,
    /// Credit balances, as positive numbers.
    pub credit: Option<Column>,
    /// Balances, debit positive.
    pub balance: Option<Column>,
}

/// The format of a CSV trial balance, as its owner declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
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
}

/// What every declaration of a CSV says about its characters.
pub(crate) struct Dialect {
    pub(crate) separator: u8,
    pub(crate) notation: Notation,
    pub(crate) encoding: Encoding,
}

impl Dialect {
    /// The dialect; else what was found and what was expected.
    pub(crate) fn new(
        separator: &str,
        decimal: &str,
        thousands: Option<&str>,
        encoding: &str,
        currency: Currency,
    ) -> Result<Self, (String, &'static str)> {
        let separator = match separator {
            "," => b',',
            ";" => b';',
            "\t" => b'\t',
            "|" => b'|',
            other => return Err((format!("separator {other:?}"), "\",\", \";\", \"\\t\" or \"|\"")),
        };
        let characters: &'static [char] = match decimal {
            "." => &['.'],
            "," => &[','],
            other => return Err((format!("decimal {other:?}"), "\".\" or \",\"")),
        };
        let thousands = match thousands {
            None => None,
            Some(" ") => Some(' '),
            Some("\u{a0}") => Some('\u{a0}'),
            Some("\u{202f}") => Some('\u{202f}'),
            Some("'") => Some('\''),
            Some(".") if decimal != "." => Some('.'),
            Some(",") if decimal != "," => Some(','),
            Some(other) => {
                return Err((
                    format!("thousands {other:?}"),
                    "a space, apostrophe, point or comma other than the decimal",
                ));
            }
        };
        let known = Encoding::named(encoding);
        let encoding = known.ok_or_else(|| {
            (
                format!("encoding {encoding:?}"),
                "utf-8, iso-8859-15, windows-1252, cp437, cp850 or macroman",
            )
        })?;
        Ok(Self {
            separator,
            notation: Notation {
                decimal: characters,
                thousands,
                minor_digits: currency.minor_digits,
            },
            encoding,
        })
    }
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
    columns: Columns,
}

impl CsvFormat {
    /// The `type` of the document.
    pub const TYPE: &'static str = "covenant-csv-format";

    /// Reads a declaration (TOML). `file` names it in messages.
    ///
    /// # Errors
    /// `csv-format-invalid` with the line; `currency-unknown`.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Refusal> {
        let d: Document = toml::from_str(text).map_err(|e| toml_refusal(&catalogue::CSV_FORMAT, &e, text, file))?;
        let wrong =
            |what: String, expected: &str| Refusal::new(&catalogue::CSV_FORMAT, what).at(file).expected(expected);
        if d.kind != Self::TYPE || d.version != 1 {
            return Err(wrong(
                format!("type {:?}, version {}", d.kind, d.version),
                "type = \"covenant-csv-format\", version = 1",
            ));
        }
        let currency = Currency::from_code(&d.currency).map_err(|r| r.at(file))?;
        let dialect = Dialect::new(&d.separator, &d.decimal, d.thousands.as_deref(), &d.encoding, currency)
            .map_err(|(what, expected)| wrong(what, expected))?;
        let format = Self {
            separator: dialect.separator,
            notation: dialect.notation,
            encoding: dialect.encoding,
            currency,
            header: d.header,
            columns: d.columns,
        };
        format
            .check_columns()
            .map_err(|(what, expected)| wrong(what, expected))?;
        Ok(format)
    }

    fn check_columns(&self) -> Result<(), (String, &'static str)> {
        let c = &self.columns;
        match (&c.debit, &c.credit, &c.balance) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => {}
            _ => {
                return Err((
                    "the amount's columns are not clear".to_owned(),
                    "debit and credit, or balance alone",
                ));
            }
        }
        let others = [&c.label, &c.auxiliary, &c.debit, &c.credit, &c.balance];
        Column::check(others.into_iter().flatten().chain([&c.account]), self.header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
type = "covenant-csv-format"
version = 1
separator = ";"
decimal = ","
thousands = "."
encoding = "utf-8"
currency = "EUR"
header = true
[columns]
account = "Konto"
label = 2
balance = "Saldo"
"#;

    #[test]
    fn a_declaration_leaves_nothing_open() {
        let f = CsvFormat::from_toml(GOOD, "f.toml").unwrap();
        assert_eq!(
            (f.separator, f.notation.thousands, f.currency.code),
            (b';', Some('.'), "EUR")
        );
        assert_eq!(f.columns.label, Some(Column::Number(2)));
    }

    #[test]
    fn wrong_declarations_are_refused() {
        let code = |from: &str, to: &str| {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            CsvFormat::from_toml(&text, "f.toml").map_err(|r| r.code())
        };
        for (from, to) in [
            ("separator = \";\"", "separator = \"x\""),
            ("decimal = \",\"", "decimal = \"'\""),
            ("thousands = \".\"", "thousands = \",\""),
            ("utf-8", "ebcdic"),
            ("balance = \"Saldo\"", "debit = \"Soll\""),
            ("label = 2", "label = 0"),
            ("header = true", "header = false"),
            ("label = 2", "name = 2"),
            ("version = 1", "version = 2"),
            ("decimal = \",\"\n", ""),
        ] {
            assert_eq!(code(from, to), Err("csv-format-invalid"), "{to}");
        }
        assert_eq!(code("EUR", "EURO"), Err("currency-unknown"));
        let unknown =
            CsvFormat::from_toml(&GOOD.replace("header = true", "header = true\ncolour = 1"), "f.toml").unwrap_err();
        assert_eq!(unknown.place.as_deref(), Some("f.toml:10"));
    }
}
