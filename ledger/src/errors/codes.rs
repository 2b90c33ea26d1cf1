//! The table of codes, from which the reference of refusals is made.

/// The codes, what each means, and what to do about it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "entry-malformed",
        "The bytes are not the one encoding of an entry.",
        "Fetch the entry again; it was changed, or made by another program.",
    ),
    (
        "entry-too-large",
        "An entry is at most 65,535 bytes.",
        "Fetch the entry again; no log writes one this large.",
    ),
    (
        "entry-version",
        "The entry is of a version that this program does not read.",
        "Use a newer version of this program.",
    ),
    (
        "proof-beyond-size",
        "The tree has no leaf of this index.",
        "Ask for a proof in a later tree, or for an earlier entry.",
    ),
    (
        "proof-sizes-reversed",
        "Consistency is shown from a smaller tree to a larger one.",
        "Exchange the two sizes.",
    ),
    (
        "tree-proof-length",
        "The proof does not have the number of hashes that its tree demands.",
        "Fetch the proof again; it was cut short, or made for another tree.",
    ),
    (
        "proof-root",
        "The proof leads to another root.",
        "Keep it: if the log signed this root, it is evidence. Fetch it again to exclude damage on the way.",
    ),
    (
        "note-malformed",
        "The text is not a signed note.",
        "Fetch it again, byte for byte; white space counts.",
    ),
    (
        "note-unsigned",
        "The trusted key has not signed this note.",
        "Check that the log's key is the one you trust.",
    ),
    (
        "note-signature-invalid",
        "The signature does not fit the text.",
        "Fetch the note again; one of the two was changed.",
    ),
    (
        "log-key-malformed",
        "The text is not a log's key.",
        "A key is written name+key id+base64, as the log's operator publishes it.",
    ),
    (
        "checkpoint-malformed",
        "The note's text is not a checkpoint.",
        "Fetch it again, byte for byte; white space counts.",
    ),
    (
        "checkpoint-of-another-log",
        "The checkpoint's origin is not the trusted key's name.",
        "Check that the log's key is the one you trust.",
    ),
    (
        "checkpoint-inconsistent",
        "The tree does not continue the one that was signed last.",
        "Do not sign: the store or the program is damaged. Check the ledger.",
    ),
    (
        "receipt-malformed",
        "The bytes are not a receipt.",
        "Fetch the receipt again, byte for byte.",
    ),
    (
        "receipt-body",
        "The body is not the one that the entry commits to.",
        "Fetch the receipt again; the body or its salt was changed.",
    ),
    (
        "draft-invalid",
        "The submission breaks a rule or a limit of the ledger.",
        "Keep to the limit that is named.",
    ),
    (
        "unique-taken",
        "An earlier entry holds this unique key.",
        "It was used before: see the entry that is named.",
    ),
    (
        "expectation-failed",
        "Something that the submission relies on has changed.",
        "Read the state again and decide anew.",
    ),
    (
        "ledger-busy",
        "The queue of submissions is full.",
        "Try again in a moment; nothing was changed.",
    ),
    (
        "ledger-unwitnessed",
        "The log's policy demands more cosignatures than its witnesses give at present, so nothing is acknowledged.",
        "Try again later with the same idempotency key: what was sent may already be recorded, and is acknowledged once \
         enough witnesses have cosigned it.",
    ),
    (
        "witness-policy-malformed",
        "The text is not a policy on logs and witnesses (C2SP tlog-policy).",
        "Correct the line that is named: log, witness, group and one quorum.",
    ),
    (
        "log-not-in-witness-policy",
        "The policy on witnesses is about other logs.",
        "Use the policy that lists this log, or one without log lines.",
    ),
    (
        "quorum-not-reached",
        "Fewer witnesses have cosigned the checkpoint than the policy demands.",
        "Fetch it again under a later checkpoint; if that does not help, ask the log's operator why its witnesses do not cosign.",
    ),
    (
        "ledger-write-failed",
        "The group of entries that this one was in could not be written for certain.",
        "Reopen the ledger, then see whether the entry is there before submitting again.",
    ),
    (
        "ledger-stopped",
        "The ledger does not write any more, after a failure or because it is closing.",
        "See the first failure; put it right, and reopen the ledger. Nothing was changed.",
    ),
    (
        "ledger-locked",
        "Another process has this ledger open.",
        "Stop the other process; a ledger has one writer.",
    ),
    (
        "ledger-missing",
        "The directory holds no ledger, and none is to be made.",
        "Check that the disk is mounted and the directory is the right one; a new ledger is made only when asked for.",
    ),
    (
        "ledger-of-another-log",
        "The directory holds the ledger of another origin or key.",
        "Check the configured directory, origin and signing key.",
    ),
    (
        "ledger-of-another-format",
        "The store was written by another version of the program.",
        "Nothing is wrong with it: start the version that wrote it. A newer version says in its changelog how its log is carried over.",
    ),
    (
        "ledger-damaged",
        "What is stored contradicts itself.",
        "Keep a copy of the directory, and restore the ledger from a backup or a mirror.",
    ),
    (
        "ledger-tail-lost",
        "Entries that were acknowledged are not in the store.",
        "Keep a copy of the directory, and restore the ledger from a backup or a mirror.",
    ),
    (
        "ledger-io",
        "The store cannot be read or written.",
        "Check the disk, its free space and the directory's permissions.",
    ),
    (
        "ledger-setting",
        "The ledger's configuration is not valid.",
        "Correct the setting that is named.",
    ),
    (
        "not-in-ledger",
        "The ledger holds nothing of this name.",
        "Check the index or the hash.",
    ),
    (
        "body-erased",
        "The body was erased; the entry still commits to it.",
        "Ask those who may have kept it; the entry's hash shows whether it is the same.",
    ),
];
