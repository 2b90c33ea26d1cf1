//! The account mapping file as written: TOML with unknown fields refused, every name with its line.

use covenant_policy::refusal::{Entry, Refusal};
use serde::Deserialize;
use toml::Spanned;

use crate::catalogue;
use crate::clip;

/// A mapping file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "type")]
    pub kind: Spanned<String>,
    pub version: u32,
    /// The chart itself, or in a user's file the chart that it overrides.
    pub chart: Spanned<String>,
    pub title: Option<String>,
    #[serde(default)]
    pub account: Vec<AccountRule>,
    #[serde(default)]
    pub not_covered: Vec<NotCovered>,
    #[serde(default)]
    pub obscured: Vec<Obscured>,
    #[serde(default)]
    pub reclassify: Vec<Reclassify>,
}

/// Which accounts go to which position.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountRule {
    /// Prefixes ("411") and ranges of prefixes ("30-37").
    pub accounts: Vec<Spanned<String>>,
    /// The position, whatever the balance's side.
    pub position: Option<Spanned<String>>,
    /// The position of debit balances.
    pub debit: Option<Spanned<String>>,
    /// The position of credit balances.
    pub credit: Option<Spanned<String>>,
    /// Whether all accounts of the rule are one balance.
    #[serde(default)]
    pub net: bool,
}

/// A figure that the books do not give.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotCovered {
    pub figure: Spanned<String>,
    pub reason: String,
}

/// A figure that the books do not give while a position has a balance.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Obscured {
    pub figure: Spanned<String>,
    pub position: Spanned<String>,
    pub reason: String,
}

/// An amount that somebody declares to belong to another position.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reclassify {
    pub from: Spanned<String>,
    pub to: Spanned<String>,
    pub amount: Spanned<String>,
    pub reason: String,
}

/// The text with its file, to turn places in the text into lines.
pub(super) struct Source<'a> {
    pub text: &'a str,
    pub file: &'a str,
}

impl Source<'_> {
    pub(super) fn place<T>(&self, at: &Spanned<T>) -> String {
        format!("{}:{}", self.file, line_of(self.text, at.span().start))
    }

    pub(super) fn refuse<T>(&self, entry: &'static Entry, what: String, at: &Spanned<T>) -> Refusal {
        Refusal::new(entry, what).at(self.place(at))
    }

    /// Reads the document.
    pub(super) fn document(&self) -> Result<Document, Refusal> {
        let document: Document = toml::from_str(self.text)
            .map_err(|e| toml_refusal(&catalogue::MAPPING_INVALID, &e, self.text, self.file))?;
        if document.kind.get_ref() != super::Mapping::TYPE || document.version != 1 {
            let what = format!(
                "type {:?}, version {}",
                clip(document.kind.get_ref(), 40),
                document.version
            );
            return Err(self
                .refuse(&catalogue::MAPPING_INVALID, what, &document.kind)
                .expected(format!("type = {:?}, version = 1", super::Mapping::TYPE)));
        }
        Ok(document)
    }
}

/// What the TOML reader complains about, with the line.
pub(crate) fn toml_refusal(entry: &'static Entry, error: &toml::de::Error, text: &str, file: &str) -> Refusal {
    let line = error.span().map_or(1, |s| line_of(text, s.start));
    Refusal::new(entry, clip(error.message(), 200)).at(format!("{file}:{line}"))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Every prefix that "411" or "30-37" means.
pub(super) fn prefixes(pattern: &str) -> Option<Vec<String>> {
    let sound = |t: &str| (1..=10).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric());
    let Some((from, to)) = pattern.split_once('-') else {
        return sound(pattern).then(|| vec![pattern.to_owned()]);
    };
    let digits = |t: &str| (1..=6).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(from) || !digits(to) || from.len() != to.len() || from > to {
        return None;
    }
    let (first, last): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
    (last - first <= 9_999).then(|| {
        (first..=last)
            .map(|n| format!("{n:0width$}", width = from.len()))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_prefixes_or_ranges_of_them() {
        assert_eq!(prefixes("411"), Some(vec!["411".to_owned()]));
        assert_eq!(
            prefixes("08-11"),
            Some(["08", "09", "10", "11"].map(str::to_owned).to_vec())
        );
        assert_eq!(prefixes("A1"), Some(vec!["A1".to_owned()]));
        for bad in ["", "4-11", "12-11", "1-", "-1", "1-2-3", "4 1", "000000-999999", "a-b"] {
            assert_eq!(prefixes(bad), None, "{bad}");
        }
    }
}
