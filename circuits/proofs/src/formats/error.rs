//! Why a file of another author's format is refused.

use std::io;

use crate::errors::DecodeError;

/// Why a file is refused: which format it was read as, where, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The bytes do not follow the format.
    #[error("{format}: {what}; expected {expected}")]
    Malformed {
        /// The format, such as "zkey".
        format: &'static str,
        /// Where, and what was found.
        what: String,
        /// What belongs there.
        expected: String,
    },
    /// A point or a number is not what it should be.
    #[error("{format}: {place}: {error}")]
    Decode {
        /// The format.
        format: &'static str,
        /// Which point or number.
        place: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The file cannot be read or written.
    #[error("{format}: {what}")]
    Io {
        /// The format.
        format: &'static str,
        /// The system's words.
        what: String,
    },
}

impl FormatError {
    pub(crate) fn malformed(format: &'static str, what: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Malformed {
            format,
            what: what.into(),
            expected: expected.into(),
        }
    }

    pub(crate) fn io(format: &'static str, error: &io::Error) -> Self {
        Self::Io {
            format,
            what: error.to_string(),
        }
    }

    /// The stable code: see [`crate::errors::CODES`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "file-malformed",
            Self::Decode { error, .. } => error.code(),
            Self::Io { .. } => "key-io",
        }
    }
}
