//! Every reason for which this crate refuses, as typed errors with stable codes.

use ark_relations::gr1cs::SynthesisError;

/// The codes, what each means, and what to do about it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "proof-length",
        "A proof is exactly 128 bytes.",
        "Send the proof's bytes as they were made, without wrapping.",
    ),
    (
        "encoding-not-canonical",
        "A number is not below its field's modulus, or a flag is set that must not be.",
        "Re-encode with a library that writes arkworks' canonical form.",
    ),
    (
        "point-not-on-curve",
        "The coordinates are not those of a point of BN254.",
        "The bytes were damaged or made for another curve; fetch or make them again.",
    ),
    (
        "point-not-in-subgroup",
        "The point is on the curve but outside the prime-order subgroup.",
        "No honest prover makes such a point; refuse its sender.",
    ),
    (
        "point-at-infinity",
        "The point is the identity, which no honest prover or key holds.",
        "No honest prover makes such a point; refuse its sender.",
    ),
    (
        "field-not-canonical",
        "A field element is not exactly 32 little-endian bytes below the modulus.",
        "Reduce the number before encoding it.",
    ),
    (
        "input-count",
        "The number of public inputs is not the key's.",
        "Pass every public input of the statement once, in its order; drop no trailing zero.",
    ),
    (
        "proof-invalid",
        "The proof does not hold for these public inputs under this key.",
        "Check request, policy and key; they must be the ones the proof was made for.",
    ),
    (
        "key-of-another-statement",
        "The key belongs to another statement or version.",
        "Open the key whose manifest names this statement.",
    ),
    (
        "statement-violated",
        "The relation does not hold for these values.",
        "See the rule that is named; no proof can be made.",
    ),
    (
        "circuit-mismatch",
        "The key was made for a circuit of another shape.",
        "Make or fetch the key of this version.",
    ),
    (
        "circuit-unsatisfied",
        "The plain relation holds but a constraint does not.",
        "This is a fault of the program: report it with the rule that is named.",
    ),
    (
        "synthesis-failed",
        "The circuit cannot be built or its values cannot be computed.",
        "This is a fault of the program: report it.",
    ),
    (
        "proof-self-check",
        "The proof just made does not verify under its own key.",
        "The key on disk or the machine's memory is damaged; fetch the key again.",
    ),
    (
        "development-key",
        "The key was made from a seed that anyone can know, so anyone can forge proofs under it.",
        "Use a ceremony's key, or allow development keys where nothing is at stake.",
    ),
    (
        "key-not-found",
        "No key of this id is in the store.",
        "Fetch the key, or make a development key.",
    ),
    (
        "key-io",
        "A key file cannot be read or written.",
        "Check the folder's permissions and free space.",
    ),
    (
        "key-manifest",
        "A key's manifest is not a valid key-manifest of version 1.",
        "Fetch the key again, or make it with this version.",
    ),
    (
        "key-damaged",
        "A key file is not the one that its manifest or id names.",
        "Fetch the key again; the file was changed or cut short.",
    ),
    (
        "key-malformed",
        "A key's bytes do not follow its format.",
        "Fetch the key again, or make it with this version.",
    ),
    (
        "file-malformed",
        "A file of circom's or snarkjs' formats does not follow its format.",
        "Make or fetch the file again; see what was found and what belongs there.",
    ),
    (
        "powers-too-few",
        "The powers of tau do not reach the circuit's evaluation domain.",
        "Take a file of powers of tau of at least the power that is named.",
    ),
    (
        "ceremony-broken",
        "A step of a ceremony's transcript does not hold.",
        "Do not use this key; see which step, and go back to the last key that verifies.",
    ),
    (
        "ceremony-misuse",
        "What was asked of a ceremony is not possible.",
        "See what was found and what was expected.",
    ),
    (
        "key-weak",
        "The verifying key has a known weakness.",
        "Do not use this key; ask its maker.",
    ),
];

/// Why bytes from outside are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not 128 bytes.
    #[error("a proof is 128 bytes, not {found}")]
    ProofLength {
        /// Bytes given.
        found: usize,
    },
    /// A coordinate at or above the modulus, or impossible flags.
    #[error("{part} is not canonical: expected coordinates below the modulus and one of three flags")]
    NotCanonical {
        /// Which point.
        part: &'static str,
    },
    /// No such point.
    #[error("{part} is not a point of the curve")]
    NotOnCurve {
        /// Which point.
        part: &'static str,
    },
    /// A point of the twist outside the prime-order subgroup.
    #[error("{part} is a point outside the prime-order subgroup")]
    NotInSubgroup {
        /// Which point.
        part: &'static str,
    },
    /// The identity.
    #[error("{part} is the point at infinity")]
    AtInfinity {
        /// Which point.
        part: &'static str,
    },
    /// A field element of the wrong length or at or above the modulus.
    #[error("a field element is 32 little-endian bytes below the modulus")]
    Field,
}

impl DecodeError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ProofLength { .. } => "proof-length",
            Self::NotCanonical { .. } => "encoding-not-canonical",
            Self::NotOnCurve { .. } => "point-not-on-curve",
            Self::NotInSubgroup { .. } => "point-not-in-subgroup",
            Self::AtInfinity { .. } => "point-at-infinity",
            Self::Field => "field-not-canonical",
        }
    }
}

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Too few or too many public inputs.
    #[error("expected {expected} public inputs, got {found}")]
    InputCount {
        /// What the key takes here.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// The pairing equation does not hold.
    #[error("the proof does not hold for these public inputs under this key")]
    Invalid,
    /// The key is for another statement.
    #[error("the key is for {found}, expected {expected}")]
    OtherStatement {
        /// The statement asked for.
        expected: &'static str,
        /// The key's statement.
        found: String,
    },
}

impl VerifyError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InputCount { .. } => "input-count",
            Self::Invalid => "proof-invalid",
            Self::OtherStatement { .. } => "key-of-another-statement",
        }
    }
}

/// Why no proof was made. `V` is the statement's violation.
#[derive(Debug, thiserror::Error)]
pub enum ProveError<V: std::error::Error + 'static> {
    /// The relation does not hold.
    #[error(transparent)]
    Violation(V),
    /// The key is for another statement.
    #[error("the key is for {found}, expected {expected}")]
    OtherStatement {
        /// The statement asked for.
        expected: &'static str,
        /// The key's statement.
        found: String,
    },
    /// The key's circuit has other sizes.
    #[error("the circuit has {found} {what}, the key was made for {expected}")]
    CircuitMismatch {
        /// What was counted.
        what: &'static str,
        /// The key's count.
        expected: usize,
        /// The circuit's count.
        found: usize,
    },
    /// The key's rows are not the circuit's.
    #[error("the key was made for a circuit with other rows")]
    OtherCircuit,
    /// The plain relation holds, but the circuit does not.
    #[error("row {row}, of rule {rule}, does not hold although the plain relation does")]
    Unsatisfied {
        /// The rule of the first broken row.
        rule: &'static str,
        /// The first broken row.
        row: usize,
    },
    /// The circuit's values could not be computed.
    #[error("the circuit could not be computed: {0}")]
    Synthesis(SynthesisError),
    /// The proof that was made does not verify.
    #[error("the proof just made was refused by its own key: {0}")]
    SelfCheck(VerifyError),
}

impl<V: std::error::Error + 'static> ProveError<V> {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Violation(_) => "statement-violated",
            Self::OtherStatement { .. } => "key-of-another-statement",
            Self::CircuitMismatch { .. } | Self::OtherCircuit => "circuit-mismatch",
            Self::Unsatisfied { .. } => "circuit-unsatisfied",
            Self::Synthesis(_) => "synthesis-failed",
            Self::SelfCheck(_) => "proof-self-check",
        }
    }
}

/// Why a key cannot be made, stored or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A development key where none is allowed.
    #[error("key {id} is a development key (seed {seed:?}), and development keys are not allowed here")]
    Development {
        /// The key's id.
        id: String,
        /// What it was made from.
        seed: String,
    },
    /// Not in the store.
    #[error("no key {id} in {folder}")]
    NotFound {
        /// The key's id.
        id: String,
        /// The store's folder.
        folder: String,
    },
    /// Reading or writing failed.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: String,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The manifest is malformed or contradicts the verifying key.
    #[error("{path}: {what}")]
    Manifest {
        /// The file.
        path: String,
        /// What is wrong, and what was expected.
        what: String,
    },
    /// A file is not the one that is named.
    #[error("{what}: expected SHA-256 {expected}, found {found}")]
    Damaged {
        /// Which file or content.
        what: &'static str,
        /// Expected hash.
        expected: String,
        /// Found hash.
        found: String,
    },
    /// The bytes do not follow the format.
    #[error("the key's bytes are malformed: {what}")]
    Malformed {
        /// What was expected.
        what: &'static str,
    },
    /// A point of the key is not a valid one.
    #[error("the key holds a bad point: {0}")]
    Point(#[from] DecodeError),
    /// A known weakness.
    #[error("the verifying key is weak: {what}")]
    Weak {
        /// Which.
        what: &'static str,
    },
    /// The key is for another statement.
    #[error("the key is for {found}, expected {expected}")]
    OtherStatement {
        /// The statement asked for.
        expected: &'static str,
        /// The key's statement.
        found: String,
    },
    /// The number of public inputs is not the statement's.
    #[error("the key takes {found} public inputs, the statement has {expected}")]
    InputCount {
        /// The statement's.
        expected: usize,
        /// The key's.
        found: usize,
    },
    /// The statement's circuit could not be built.
    #[error("the circuit cannot be built: {0}")]
    Synthesis(SynthesisError),
}

impl KeyError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Development { .. } => "development-key",
            Self::NotFound { .. } => "key-not-found",
            Self::Io { .. } => "key-io",
            Self::Manifest { .. } => "key-manifest",
            Self::Damaged { .. } => "key-damaged",
            Self::Malformed { .. } => "key-malformed",
            Self::Point(e) => e.code(),
            Self::Weak { .. } => "key-weak",
            Self::OtherStatement { .. } => "key-of-another-statement",
            Self::InputCount { .. } => "input-count",
            Self::Synthesis(_) => "synthesis-failed",
        }
    }
}

#[cfg(test)]
mod tests;
