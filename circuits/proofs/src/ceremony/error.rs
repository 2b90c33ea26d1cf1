//! Why a step of a ceremony is refused.

use crate::formats::FormatError;

/// Why a step of a ceremony is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// A file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The powers of tau are too few for the circuit.
    #[error("the powers of tau reach 2^{found}, and this circuit needs 2^{needed}")]
    PowersTooFew {
        /// The file's power.
        found: u32,
        /// The power that the circuit needs.
        needed: u32,
    },
    /// A circuit that no domain holds.
    #[error("the circuit has no evaluation domain")]
    NoDomain,
    /// A step of the transcript does not hold.
    #[error("{step}: {what}")]
    Broken {
        /// Which step: "contribution 2 (Example Bank)", "the key".
        step: String,
        /// What does not hold.
        what: String,
    },
    /// What is asked for is not possible.
    #[error("{what}; expected {expected}")]
    Misuse {
        /// What was found.
        what: String,
        /// What was expected.
        expected: String,
    },
}

impl CeremonyError {
    /// The stable code: see [`crate::errors::CODES`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format(error) => error.code(),
            Self::PowersTooFew { .. } => "powers-too-few",
            Self::NoDomain => "circuit-mismatch",
            Self::Broken { .. } => "ceremony-broken",
            Self::Misuse { .. } => "ceremony-misuse",
        }
    }

    pub(super) fn broken(step: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Broken {
            step: step.into(),
            what: what.into(),
        }
    }
}
