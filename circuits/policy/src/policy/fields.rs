//! Reading TOML tables field by field: every field is asked for by name, and what is left over is refused.

use std::ops::Range;

use num_rational::BigRational;
use toml::de::{DeTable, DeValue};

use super::Located;
use super::layout::{Field, Kind, Table, Token};
use super::source::{Faults, is_directional};
use crate::catalogue as codes;
use crate::expression::{EXPRESSION_BYTES_MAX, Fault, parse_decimal};
use crate::program::NAME_BYTES_MAX;
use crate::render::words::listed;
use crate::spelling::nearest;

/// A value of the document, and where it stands.
pub(super) type Spanned<'i> = toml::Spanned<DeValue<'i>>;

/// A table whose fields are being read.
pub(super) struct Fields<'t, 'i> {
    path: String,
    layout: &'static Table,
    span: Range<usize>,
    table: &'t DeTable<'i>,
}

pub(super) fn bad(what: impl Into<String>, span: Range<usize>) -> Fault {
    Fault::new(&codes::POLICY_BAD_VALUE, what, span)
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn new(
        path: impl Into<String>,
        layout: &'static Table,
        table: &'t DeTable<'i>,
        span: Range<usize>,
    ) -> Self {
        Self {
            path: path.into(),
            layout,
            span,
            table,
        }
    }

    /// The table in `value`.
    pub(super) fn of(path: impl Into<String>, layout: &'static Table, value: &'t Spanned<'i>) -> Result<Self, Fault> {
        let path = path.into();
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self::new(path, layout, table, value.span())),
            other => Err(bad(format!("`{path}` is {}", kind(other)), value.span()).expected("a table")),
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Spanned<'i>> {
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    pub(super) fn require(&self, key: &str) -> Result<&'t Spanned<'i>, Fault> {
        self.get(key).ok_or_else(|| {
            let what = format!("`{}` is missing", self.full(key));
            Fault::new(&codes::POLICY_MISSING_FIELD, what, self.span.clone()).expected(format!("the field `{key}`"))
        })
    }

    pub(super) fn optional_text(&self, key: &str) -> Result<Option<Located<String>>, Fault> {
        let field = self.layout.field(key);
        self.get(key)
            .map(|value| text(&self.full(key), field, value))
            .transpose()
    }

    pub(super) fn text(&self, key: &str) -> Result<Located<String>, Fault> {
        text(&self.full(key), self.layout.field(key), self.require(key)?)
    }

    /// Free text, empty where it is not given.
    pub(super) fn prose(&self, key: &str) -> Result<String, Fault> {
        Ok(self
            .optional_text(key)?
            .map_or_else(String::new, |t| t.value.trim().to_owned()))
    }

    pub(super) fn optional_integer(&self, key: &str) -> Result<Option<i64>, Fault> {
        let bounds = bounds(self.layout.field(key));
        self.get(key)
            .map(|value| integer(&self.full(key), value, bounds))
            .transpose()
    }

    pub(super) fn integer(&self, key: &str) -> Result<i64, Fault> {
        let value = self.require(key)?;
        integer(&self.full(key), value, bounds(self.layout.field(key)))
    }

    pub(super) fn boolean(&self, key: &str) -> Result<bool, Fault> {
        match self.get(key) {
            None => Ok(false),
            Some(value) => match value.get_ref() {
                DeValue::Boolean(b) => Ok(*b),
                other => {
                    Err(bad(format!("`{}` is {}", self.full(key), kind(other)), value.span()).expected("true or false"))
                }
            },
        }
    }

    /// The items of an array; none where it is not given.
    pub(super) fn array(&self, key: &str) -> Result<Vec<(String, &'t Spanned<'i>)>, Fault> {
        self.get(key)
            .map_or_else(|| Ok(Vec::new()), |value| items(&self.full(key), value))
    }

    /// The tables of an array of tables that are tables; what is none is a fault.
    pub(super) fn tables(&self, key: &str, faults: &mut Faults) -> Vec<Self> {
        let Kind::Tables(layout, least, most) = self.layout.field(key).kind else {
            return Vec::new();
        };
        let Some(items) = faults.keep(self.array(key)) else {
            return Vec::new();
        };
        if !(least..=most).contains(&items.len()) {
            let what = format!("{} tables [[{}]]", items.len(), self.full(key));
            let fault = if items.len() > most {
                Fault::new(&codes::POLICY_TOO_LARGE, what, self.span()).expected(format!("at most {most}"))
            } else {
                bad(what, self.span()).expected(format!("at least {least}"))
            };
            faults.add(fault);
        }
        let tables = items.into_iter().take(most);
        let tables = tables.filter_map(|(path, value)| faults.keep(Self::of(path, layout, value)));
        tables.collect()
    }

    /// Reports every field that this table does not have.
    pub(super) fn finish(&self, faults: &mut Faults) {
        let known: Vec<&str> = self.layout.fields.iter().map(|field| field.name).collect();
        for (key, _) in self
            .table
            .iter()
            .filter(|(key, _)| !known.contains(&key.get_ref().as_ref()))
        {
            let what = format!("there is no field `{}`", self.full(key.get_ref()));
            let mut fault = Fault::new(&codes::POLICY_UNKNOWN_FIELD, what, key.span()).expected(known.join(", "));
            if let Some(name) = nearest(key.get_ref(), known.iter().copied()) {
                fault = fault.advice(format!("Did you mean `{name}`?"));
            }
            faults.add(fault);
        }
    }
}

fn bounds(field: &Field) -> (i64, i64) {
    match field.kind {
        Kind::Integer(least, greatest) => (least, greatest),
        _ => (0, 0),
    }
}

/// The bytes that a string field may have.
fn bytes_max(field: &Field) -> usize {
    match field.kind {
        Kind::Line(max) | Kind::Prose(max) => max,
        Kind::Expression => EXPRESSION_BYTES_MAX,
        _ => NAME_BYTES_MAX,
    }
}

/// The items of an array, each with its path.
pub(super) fn items<'t, 'i>(path: &str, value: &'t Spanned<'i>) -> Result<Vec<(String, &'t Spanned<'i>)>, Fault> {
    match value.get_ref() {
        DeValue::Array(array) => Ok(array
            .iter()
            .enumerate()
            .map(|(i, item)| (format!("{path}[{i}]"), item))
            .collect()),
        other => Err(bad(format!("`{path}` is {}", kind(other)), value.span()).expected("a list")),
    }
}

/// A string as its field takes it, without control characters other than line ends.
pub(super) fn text(path: &str, field: &Field, value: &Spanned<'_>) -> Result<Located<String>, Fault> {
    let DeValue::String(text) = value.get_ref() else {
        return Err(bad(format!("`{path}` is {}", kind(value.get_ref())), value.span()).expected("a string"));
    };
    let bytes_max = bytes_max(field);
    if text.len() > bytes_max {
        let what = format!("`{path}` has {} bytes", text.len());
        return Err(Fault::new(&codes::POLICY_TOO_LONG, what, value.span()).expected(format!("at most {bytes_max}")));
    }
    // A text of several lines has the line ends of its file.
    let text = text.replace("\r\n", "\n");
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(bad(format!("`{path}` holds a control character"), value.span()).expected("printable text"));
    }
    if text.chars().any(is_directional) {
        let what = format!("`{path}` holds a character that turns the direction of writing");
        return Err(bad(what, value.span()).expected("text that reads as it is written"));
    }
    match field.kind {
        Kind::Fixed(word) if text != word => {
            return Err(bad(format!("`{path}` is \"{text}\""), value.span()).expected(format!("\"{word}\"")));
        }
        Kind::Word(words) if !words.contains(&text.as_str()) => {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let what = format!("`{path}` is \"{text}\"");
            return Err(bad(what, value.span()).expected(listed(&words, "or")));
        }
        Kind::Name if !is_name(&text) => {
            return Err(bad(format!("`{text}` is no name"), value.span())
                .expected("lower-case letters, digits and hyphens, such as current-ratio"));
        }
        Kind::Line(_) if text.trim().is_empty() || text.contains('\n') => {
            return Err(bad(format!("`{path}` is empty or has several lines"), value.span()).expected("one line"));
        }
        _ => {}
    }
    Ok(Located {
        value: text,
        span: value.span(),
    })
}

/// A name of lower-case letters, digits and single hyphens that no expression reads as a word of its own.
fn is_name(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let reserved = ["and", "or", "not", "at", "least", "of", "between"];
    text.split('-').all(word) && !reserved.contains(&text) && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// The field of a rule's name in a list.
pub(super) static RULE_NAME: Field = Field {
    name: "rule",
    kind: Kind::Token(Token::Rule),
    presence: super::layout::Presence::Required,
    meaning: "The name of a rule.",
};

/// A decimal integer within bounds, both included.
pub(super) fn integer(path: &str, value: &Spanned<'_>, (least, greatest): (i64, i64)) -> Result<i64, Fault> {
    let expected = format!("a whole number from {least} to {greatest}");
    let DeValue::Integer(integer) = value.get_ref() else {
        return Err(bad(format!("`{path}` is {}", kind(value.get_ref())), value.span()).expected(expected));
    };
    match i64::from_str_radix(integer.as_str(), integer.radix()) {
        Ok(n) if (least..=greatest).contains(&n) => Ok(n),
        _ => Err(bad(format!("`{path}` is {}", integer.as_str()), value.span()).expected(expected)),
    }
}

/// An exact decimal, read from the source's own digits (a TOML float's text is never turned into a float), or from a string.
pub(super) fn decimal(path: &str, value: &Spanned<'_>) -> Result<BigRational, Fault> {
    let text = match value.get_ref() {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        DeValue::Float(float) => float.as_str(),
        DeValue::String(text) => text.as_ref(),
        _ => "",
    };
    let (digits, percent) = text.strip_suffix('%').map_or((text, false), |digits| (digits, true));
    let value_of =
        parse_decimal(digits.trim_end()).map(|v| if percent { v / num_bigint::BigInt::from(100) } else { v });
    value_of.ok_or_else(|| {
        bad(format!("`{path}` is {}", kind(value.get_ref())), value.span())
            .expected("an exact decimal such as 1.2 or \"20%\"")
    })
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Float(float) => format!("the number {}", float.as_str()),
        other => format!("of the type {}", other.type_str()),
    }
}
