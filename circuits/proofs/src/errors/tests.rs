use std::collections::BTreeSet;

use super::*;
use crate::ceremony::CeremonyError;
use crate::formats::FormatError;

/// One of each error, so that none is without an entry in the table.
fn all_codes() -> Vec<&'static str> {
    let part = "a point";
    let decode = [
        DecodeError::ProofLength { found: 1 },
        DecodeError::NotCanonical { part },
        DecodeError::NotOnCurve { part },
        DecodeError::NotInSubgroup { part },
        DecodeError::AtInfinity { part },
        DecodeError::Field,
    ];
    let (found, text) = (String::new, String::new);
    let verify = [
        VerifyError::InputCount { expected: 1, found: 2 },
        VerifyError::Invalid,
        VerifyError::OtherStatement {
            expected: "",
            found: found(),
        },
    ];
    let prove = [
        ProveError::Violation(std::fmt::Error),
        ProveError::OtherStatement {
            expected: "",
            found: found(),
        },
        ProveError::CircuitMismatch {
            what: "",
            expected: 1,
            found: 2,
        },
        ProveError::OtherCircuit,
        ProveError::Unsatisfied { rule: "", row: 0 },
        ProveError::Synthesis(SynthesisError::Unsatisfiable),
        ProveError::SelfCheck(VerifyError::Invalid),
    ];
    let keys = [
        KeyError::Development {
            id: text(),
            seed: text(),
        },
        KeyError::NotFound {
            id: text(),
            folder: text(),
        },
        KeyError::Io {
            action: "read",
            path: text(),
            source: std::io::ErrorKind::NotFound.into(),
        },
        KeyError::Manifest {
            path: text(),
            what: text(),
        },
        KeyError::Damaged {
            what: "",
            expected: text(),
            found: text(),
        },
        KeyError::Malformed { what: "" },
        KeyError::Point(DecodeError::Field),
        KeyError::Weak { what: "" },
        KeyError::OtherStatement {
            expected: "",
            found: text(),
        },
        KeyError::InputCount { expected: 1, found: 2 },
        KeyError::Synthesis(SynthesisError::Unsatisfiable),
    ];
    let formats = [
        FormatError::malformed("zkey", "", ""),
        FormatError::io("zkey", &std::io::ErrorKind::NotFound.into()),
    ];
    let ceremony = [
        CeremonyError::PowersTooFew { found: 1, needed: 2 },
        CeremonyError::NoDomain,
        CeremonyError::Broken {
            step: text(),
            what: text(),
        },
        CeremonyError::Misuse {
            what: text(),
            expected: text(),
        },
    ];
    let mut codes: Vec<_> = decode.iter().map(DecodeError::code).collect();
    codes.extend(verify.iter().map(VerifyError::code));
    codes.extend(prove.iter().map(ProveError::code));
    codes.extend(keys.iter().map(KeyError::code));
    codes.extend(formats.iter().map(FormatError::code));
    codes.extend(ceremony.iter().map(CeremonyError::code));
    codes
}

#[test]
fn the_table_lists_every_code_once_and_no_other() {
    let listed: Vec<&str> = CODES.iter().map(|(code, _, _)| *code).collect();
    let unique: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(unique.len(), listed.len());
    assert_eq!(unique, all_codes().into_iter().collect());
    for (code, meaning, advice) in CODES {
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        assert!(meaning.ends_with('.') && advice.ends_with('.'), "{code}");
    }
}
