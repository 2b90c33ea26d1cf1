//! What the auditor finds wrong, where it stands in the file, and which entry it concerns.

use std::fmt;
use std::ops::RangeInclusive;

use covenant_policy::refusal::{Entry, Refusal};

use crate::hash::Hash;

pub use codes::*;

mod codes;

/// A record of an export, or the few among which the wrong one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The first line.
    Start,
    /// The header.
    Header,
    /// An entry, with its body.
    Entry(u64),
    /// One of several entries, or more of them: what is read does not tell which.
    Entries(RangeInclusive<u64>),
    /// A blob, by its number from 0.
    Blob {
        /// Its number among the blobs.
        number: u64,
        /// The name that it bears.
        name: Option<Hash>,
    },
    /// A checkpoint, by its number from 0.
    Checkpoint {
        /// Its number among the checkpoints.
        number: u64,
        /// The size that it bears.
        size: Option<u64>,
    },
    /// The end of the file.
    End,
    /// Another file than the export, by its name.
    File(String),
}

impl Place {
    /// Either of two neighbours, the later of which is `later`.
    pub(crate) fn neighbours(later: u64) -> Self {
        Self::Entries(later.saturating_sub(1)..=later)
    }

    /// The entry that is wrong, where it is known to be one.
    pub fn entry(&self) -> Option<u64> {
        match self {
            Self::Entry(index) => Some(*index),
            Self::Entries(range) if range.start() == range.end() => Some(*range.start()),
            _ => None,
        }
    }

    /// The entries among which the wrong one is.
    pub fn entries(&self) -> Option<RangeInclusive<u64>> {
        match self {
            Self::Entry(index) => Some(*index..=*index),
            Self::Entries(range) => Some(range.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("the first line"),
            Self::Header => f.write_str("the header"),
            Self::Entry(index) => write!(f, "entry {index}"),
            Self::Entries(range) => match (range.start(), range.end()) {
                (start, end) if start == end => write!(f, "entry {start}"),
                (start, end) if end - start == 1 => write!(f, "entry {start} or entry {end}"),
                (start, end) => write!(f, "among the entries {start} to {end}"),
            },
            Self::Blob { name: Some(name), .. } => write!(f, "blob {name}"),
            Self::Blob { number, name: None } => write!(f, "blob number {number}, from 0"),
            Self::Checkpoint { size: Some(size), .. } => write!(f, "checkpoint of size {size}"),
            Self::Checkpoint { number, size: None } => write!(f, "checkpoint number {number}, from 0"),
            Self::End => f.write_str("the end"),
            Self::File(name) => write!(f, "file {name}"),
        }
    }
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub place: Place,
    /// Where the record at which it showed begins in the file, in bytes.
    pub offset: u64,
    /// The kind of finding.
    pub code: &'static Entry,
    /// What was found, concretely.
    pub what: String,
    /// What was expected.
    pub expected: Option<String>,
}

impl Finding {
    /// A finding.
    pub fn new(code: &'static Entry, place: Place, offset: u64, what: impl Into<String>) -> Self {
        Self {
            place,
            offset,
            code,
            what: what.into(),
            expected: None,
        }
    }

    /// What the rules refuse, as a finding about the entry.
    pub(crate) fn of_rules(refusal: Refusal, index: u64, offset: u64) -> Self {
        let what = match &refusal.place {
            Some(place) => format!("{} ({place})", refusal.what),
            None => refusal.what,
        };
        Self {
            expected: refusal.expected,
            ..Self::new(refusal.entry, Place::Entry(index), offset, what)
        }
    }

    /// Says what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// In the shape in which every part of Covenant says no.
    pub fn refusal(&self) -> Refusal {
        let mut refusal = Refusal::new(self.code, self.what.clone()).at(self);
        refusal.expected.clone_from(&self.expected);
        refusal
    }
}

/// Where, in words.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(_) => self.place.fmt(f),
            place => write!(f, "{place}, byte {}", self.offset),
        }
    }
}

/// Why reading stopped before the end.
#[derive(Debug)]
pub enum Stopped {
    /// Something is wrong with what was read.
    Found(Box<Finding>),
    /// The machine cannot read it: says nothing about the export.
    Fault(Refusal),
}

impl From<Finding> for Stopped {
    fn from(finding: Finding) -> Self {
        Self::Found(Box::new(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_name_entries() {
        let named = |place: Place| (place.to_string(), place.entry(), place.entries());
        assert_eq!(
            named(Place::Entry(17)),
            ("entry 17".to_owned(), Some(17), Some(17..=17))
        );
        assert_eq!(
            named(Place::neighbours(18)),
            ("entry 17 or entry 18".to_owned(), None, Some(17..=18))
        );
        assert_eq!(
            named(Place::Entries(3..=3)),
            ("entry 3".to_owned(), Some(3), Some(3..=3))
        );
        assert_eq!(named(Place::Entries(3..=9)).0, "among the entries 3 to 9");
        let checkpoint = Place::Checkpoint {
            number: 2,
            size: Some(20),
        };
        assert_eq!(named(checkpoint), ("checkpoint of size 20".to_owned(), None, None));
    }
}
