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
        write!(f, "\n  advice    {}", self.advice_text())
    }
}

impl std::error::Error for Refusal {}
