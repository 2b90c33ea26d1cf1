//! The one shape in which every part of Covenant says no.
//!
//! A refusal carries a stable kebab-case code, what was found, where, what was expected, and what to do. Each crate lists its
//! codes in a [`Catalogue`]; the error reference under `docs/` is generated from these lists, so that a code is written once.

use std::borrow::Cow;
use std::fmt;

/// One code that a crate can refuse with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable, kebab-case; what programs match on.
    pub code: &'static str,
    /// What this code says, in one sentence.
    pub meaning: &'static str,
    /// What the reader should do about it.
    pub advice: &'static str,
}

/// The codes of one crate.
pub type Catalogue = &'static [Entry];

/// Catalogues as a page of Markdown, each under the name of the part that it belongs to.
pub fn markdown(parts: &[(&str, Catalogue)]) -> String {
    let mut out = String::from(
        "# Refusals\n\n\
         Every code with which a part of Covenant says no. Codes are stable: programs may match on them.\n",
    );
    for (part, catalogue) in parts {
        out += &format!("\n## {part}\n\n| code | meaning | advice |\n|---|---|---|\n");
        for entry in *catalogue {
            let cell = |text: &str| text.replace('|', "\\|");
            out += &format!(
                "| `{}` | {} | {} |\n",
                entry.code,
                cell(entry.meaning),
                cell(entry.advice)
            );
        }
    }
    out
}

/// A piece of a text: lines and columns from 1, columns counted in characters, the end behind the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The first character's line.
    pub line: usize,
    /// The first character's column.
    pub column: usize,
    /// The line in which it ends.
    pub end_line: usize,
    /// The column behind its last character.
    pub end_column: usize,
}

/// What few refusals carry; boxed, so that a `Result` stays small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra {
    spot: Option<Spot>,
    others: Vec<Refusal>,
}

/// A refusal: nothing was changed, and this is why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The catalogue entry: code, meaning, general advice.
    pub entry: &'static Entry,
    /// What was found, concretely ("debit 120.00, credit 119.00").
    pub what: String,
    /// Where: a file with its line and column, a field's path, a rule's name.
    pub place: Option<String>,
    /// What was expected instead.
    pub expected: Option<String>,
    /// Advice sharper than the catalogue's, where there is some.
    pub advice: Option<String>,
    /// The piece of a text that it is about, and what else is wrong; see [`Refusal::spot`] and [`Refusal::others`].
    pub extra: Option<Box<Extra>>,
}

impl Refusal {
    /// A refusal with this code, and what was found.
    pub fn new(entry: &'static Entry, what: impl Into<String>) -> Self {
        Self {
            entry,
            what: what.into(),
            place: None,
            expected: None,
            advice: None,
            extra: None,
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// Says what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Replaces the catalogue's advice with a sharper one.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Says where in a text, for programs that go there.
    #[must_use]
    pub fn in_text(mut self, spot: Spot) -> Self {
        self.extra.get_or_insert_default().spot = Some(spot);
        self
    }

    /// Adds what else is wrong with the same thing.
    #[must_use]
    pub fn and(mut self, others: impl IntoIterator<Item = Self>) -> Self {
        let mut others = others.into_iter().peekable();
        if others.peek().is_some() {
            self.extra.get_or_insert_default().others.extend(others);
        }
        self
    }

    /// Says which file it is about: `FILE:LINE:COLUMN` where that is known, as editors and terminals can follow it.
    #[must_use]
    pub fn in_file(mut self, file: &dyn fmt::Display) -> Self {
        let spot = self
            .spot()
            .map(|s| (format!("line {}, column {}", s.line, s.column), s));
        self.place = Some(match (spot, &self.place) {
            (Some((words, s)), Some(place)) if place.starts_with(&words) => {
                let rest = place.get(words.len()..).unwrap_or_default();
                format!("{file}:{}:{}{rest}", s.line, s.column)
            }
            (_, Some(place)) => format!("{file}: {place}"),
            (_, None) => file.to_string(),
        });
        if let Some(extra) = &mut self.extra {
            let others = std::mem::take(&mut extra.others).into_iter();
            extra.others = others.map(|other| other.in_file(file)).collect();
        }
        self
    }

    /// The piece of the text that it is about, where there is one.
    pub fn spot(&self) -> Option<Spot> {
        self.extra.as_ref().and_then(|extra| extra.spot)
    }

    /// What else is wrong with the same thing.
    pub fn others(&self) -> &[Self] {
        self.extra.as_ref().map_or(&[], |extra| &extra.others)
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.entry.code
    }

    /// The advice that applies.
    pub fn advice_text(&self) -> Cow<'_, str> {
        self.advice
            .as_deref()
            .map_or(Cow::Borrowed(self.entry.advice), Cow::Borrowed)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.entry.code, self.what)?;
        if let Some(place) = &self.place {
            write!(f, "\n  where     {place}")?;
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n  expected  {expected}")?;
        }
        write!(f, "\n  advice    {}", self.advice_text())?;
        self.others().iter().try_for_each(|other| write!(f, "\n\n{other}"))
    }
}

impl std::error::Error for Refusal {}
