//! Reading TOML tables field by field: every field is asked for by name, and what is left over is refused.

use std::collections::BTreeSet;
use std::ops::Range;

use num_rational::BigRational;
use toml::de::{DeTable, DeValue};

use super::{Located, TEXT_BYTES_MAX};
use crate::catalogue as codes;
use crate::expression::{Fault, parse_decimal};

/// A value of the document, and where it stands.
pub(super) type Spanned<'i> = toml::Spanned<DeValue<'i>>;

/// A table whose fields are being read.
pub(super) struct Fields<'t, 'i> {
    path: String,
    span: Range<usize>,
    table: &'t DeTable<'i>,
    asked: BTreeSet<&'static str>,
}

pub(super) fn bad(what: impl Into<String>, span: Range<usize>) -> Fault {
    Fault::new(&codes::POLICY_BAD_VALUE, what, span)
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn new(path: impl Into<String>, table: &'t DeTable<'i>, span: Range<usize>) -> Self {
        Self {
            path: path.into(),
            span,
            table,
            asked: BTreeSet::new(),
        }
    }

    /// The table in `value`.
    pub(super) fn of(path: impl Into<String>, value: &'t Spanned<'i>) -> Result<Self, Fault> {
        let path = path.into();
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self::new(path, table, value.span())),
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

    pub(super) fn get(&mut self, key: &'static str) -> Option<&'t Spanned<'i>> {
        self.asked.insert(key);
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    pub(super) fn require(&mut self, key: &'static str) -> Result<&'t Spanned<'i>, Fault> {
        self.get(key).ok_or_else(|| {
            Fault::new(
                &codes::POLICY_MISSING_FIELD,
                format!("`{}` is missing", self.full(key)),
                self.span.clone(),
            )
            .expected(format!("the field `{key}`"))
        })
    }

    pub(super) fn optional_text(
        &mut self,
        key: &'static str,
        bytes_max: usize,
    ) -> Result<Option<Located<String>>, Fault> {
        let path = self.full(key);
        self.get(key).map(|value| text(&path, value, bytes_max)).transpose()
    }

    pub(super) fn text(&mut self, key: &'static str, bytes_max: usize) -> Result<Located<String>, Fault> {
        let path = self.full(key);
        text(&path, self.require(key)?, bytes_max)
    }

    /// Free text, empty where it is not given.
    pub(super) fn prose(&mut self, key: &'static str) -> Result<String, Fault> {
        Ok(self
            .optional_text(key, TEXT_BYTES_MAX)?
            .map_or_else(String::new, |t| t.value.trim().to_owned()))
    }

    pub(super) fn optional_integer(&mut self, key: &'static str, range: (i64, i64)) -> Result<Option<i64>, Fault> {
        let path = self.full(key);
        self.get(key).map(|value| integer(&path, value, range)).transpose()
    }

    pub(super) fn integer(&mut self, key: &'static str, range: (i64, i64)) -> Result<i64, Fault> {
        let path = self.full(key);
        integer(&path, self.require(key)?, range)
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Result<bool, Fault> {
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
    pub(super) fn array(&mut self, key: &'static str) -> Result<Vec<(String, &'t Spanned<'i>)>, Fault> {
        let path = self.full(key);
        self.get(key)
            .map_or_else(|| Ok(Vec::new()), |value| items(&path, value))
    }

    /// The tables of an array of tables; none where it is not given.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, Fault> {
        self.array(key)?
            .into_iter()
            .map(|(path, value)| Self::of(path, value))
            .collect()
    }

    /// Refuses every field that was not asked for.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self
            .table
            .iter()
            .find(|(key, _)| !self.asked.contains(key.get_ref().as_ref()))
        {
            None => Ok(()),
            Some((key, _)) => {
                let what = format!("there is no field `{}`", self.full(key.get_ref()).escape_debug());
                let known: Vec<_> = self.asked.iter().copied().collect();
                Err(Fault::new(&codes::POLICY_UNKNOWN_FIELD, what, key.span()).expected(known.join(", ")))
            }
        }
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

/// A string without control characters other than line ends and tabs.
pub(super) fn text(path: &str, value: &Spanned<'_>, bytes_max: usize) -> Result<Located<String>, Fault> {
    let DeValue::String(text) = value.get_ref() else {
        return Err(bad(format!("`{path}` is {}", kind(value.get_ref())), value.span()).expected("a string"));
    };
    if text.len() > bytes_max {
        let what = format!("`{path}` has {} bytes", text.len());
        return Err(Fault::new(&codes::POLICY_TOO_LONG, what, value.span()).expected(format!("at most {bytes_max}")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(bad(format!("`{path}` holds a control character"), value.span()).expected("printable text"));
    }
    Ok(Located {
        value: text.to_string(),
        span: value.span(),
    })
}

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
