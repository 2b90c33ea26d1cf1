use std::collections::BTreeSet;

use super::*;

/// One of each variant. The tests beside the code reach them by what they refuse.
fn every_code() -> Vec<&'static str> {
    let expected = "";
    let text = String::new;
    vec![
        EntryError::malformed(0, "").code(),
        EntryError::TooLarge { found: 0 }.code(),
        EntryError::Version { found: 0 }.code(),
        ProofError::BeyondSize { index: 0, size: 0 }.code(),
        ProofError::Reversed { old: 1, new: 0 }.code(),
        ProofError::Length { found: 0 }.code(),
        ProofError::Root.code(),
        NoteError::Malformed { expected }.code(),
        NoteError::Unsigned.code(),
        NoteError::Signature.code(),
        NoteError::Key { expected }.code(),
        CheckpointError::Malformed { expected }.code(),
        CheckpointError::Origin { found: text() }.code(),
        CheckpointError::Inconsistent.code(),
        ReceiptError::Malformed { offset: None, expected }.code(),
        ReceiptError::Opening { index: 0 }.code(),
        AppendError::Draft {
            field: "",
            expected: text(),
            found: text(),
        }
        .code(),
        AppendError::UniqueTaken { position: 0, index: 0 }.code(),
        AppendError::Expectation {
            cell: text(),
            version: None,
        }
        .code(),
        AppendError::Busy.code(),
        AppendError::Unwitnessed { reason: text() }.code(),
        WitnessError::Policy { line: 1, expected }.code(),
        WitnessError::OtherLog { log: text() }.code(),
        WitnessError::Quorum { cosigned: Vec::new() }.code(),
        AppendError::WriteFailed { reason: text() }.code(),
        AppendError::Stopped { reason: text() }.code(),
        LedgerError::Locked {
            directory: PathBuf::new(),
        }
        .code(),
        LedgerError::Missing {
            directory: PathBuf::new(),
        }
        .code(),
        LedgerError::OtherLog {
            found: text(),
            expected: text(),
        }
        .code(),
        LedgerError::OtherFormat {
            found: text(),
            expected: text(),
        }
        .code(),
        LedgerError::damaged("", "").code(),
        LedgerError::TailLost {
            acknowledged: 1,
            found: 0,
        }
        .code(),
        LedgerError::io("", "").code(),
        LedgerError::Setting {
            setting: "",
            expected: text(),
        }
        .code(),
        LedgerError::absent("").code(),
        LedgerError::Erased { index: 0 }.code(),
    ]
}

#[test]
fn the_table_lists_every_code_once_with_advice() {
    let listed: Vec<&str> = CODES.iter().map(|(code, ..)| *code).collect();
    let distinct: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(distinct.len(), listed.len());
    assert_eq!(distinct, every_code().into_iter().collect());
    for (code, meaning, advice) in CODES {
        assert!(
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{code}"
        );
        assert!(meaning.ends_with('.') && advice.ends_with('.'), "{code}");
    }
}

#[test]
fn wrapped_errors_keep_their_codes() {
    assert_eq!(CheckpointError::from(NoteError::Unsigned).code(), "note-unsigned");
    assert_eq!(
        ReceiptError::from(CheckpointError::Inconsistent).code(),
        "checkpoint-inconsistent"
    );
    assert_eq!(ReceiptError::from(ProofError::Root).code(), "proof-root");
    assert_eq!(
        WitnessError::from(NoteError::Signature).code(),
        "note-signature-invalid"
    );
    assert_eq!(LedgerError::from(ProofError::Root).code(), "proof-root");
}
