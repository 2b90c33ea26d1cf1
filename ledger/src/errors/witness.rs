//! Why a policy on witnesses is refused, or not met.

/// What is wrong with a policy, or with a checkpoint under it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The text is not a policy.
    #[error("not a witness policy: line {line}: expected {expected}")]
    Policy {
        /// Counted from 1; the number of lines and one where something is missing at the end.
        line: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// The policy is about other logs.
    #[error("the witness policy does not list the log {log}")]
    OtherLog {
        /// The log's key.
        log: String,
    },
    /// Too few have cosigned.
    #[error("the quorum is not reached: {}", said(.cosigned))]
    Quorum {
        /// The names of those who have.
        cosigned: Vec<String>,
    },
    /// The note is refused, or a cosignature in it.
    #[error(transparent)]
    Note(#[from] super::NoteError),
}

impl WitnessError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "witness-policy-malformed",
            Self::OtherLog { .. } => "log-not-in-witness-policy",
            Self::Quorum { .. } => "quorum-not-reached",
            Self::Note(error) => error.code(),
        }
    }
}

fn said(names: &[String]) -> String {
    match names {
        [] => "no witness has cosigned".to_owned(),
        names => format!("cosigned by {} alone", names.join(", ")),
    }
}
