//! Every code with which the auditor names what it found, in one table from which the error reference is generated.

use covenant_policy::refusal::{Catalogue, Entry};

macro_rules! catalogue {
    ($($name:ident $code:literal: $meaning:literal $advice:literal;)*) => {
        $(#[doc = $meaning] pub static $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };)*

        /// Every code of this crate.
        pub const CATALOGUE: Catalogue = &[$(Entry { code: $code, meaning: $meaning, advice: $advice }),*];
    };
}

catalogue! {
    // The file
    FORMAT "audit-format": "The file is not an export of a ledger."
        "Check that this is the right file; an export begins with a line that names its format.";
    RECORD "audit-record": "A record of the export has another mark, length or place than the format demands."
        "The file was changed or damaged: fetch the export again, and keep this one.";
    CUT_SHORT "audit-cut-short": "The export ends before its end record."
        "Fetch the export again; if it is cut short again, ask the operator why.";
    HEADER "audit-header": "The export's header is not one, or does not fit what follows."
        "The file was changed or damaged: fetch the export again, and keep this one.";
    SUM "audit-sum": "The hash at the export's end is not that of the bytes before it."
        "The hash itself was changed, or a withheld body was called erased: fetch the export again, and keep this one.";

    // Entries
    ENTRY_FORM "audit-entry-form": "The bytes are not the one encoding of an entry."
        "The entry was changed after it was recorded: fetch the export again, and keep this one as evidence.";
    ENTRY_INDEX "audit-entry-index": "An entry does not stand at its index."
        "Entries were removed, added or exchanged: fetch the export again, and keep this one as evidence.";
    ENTRY_TIME "audit-entry-time": "An entry is earlier than the one before it."
        "The log's operator must explain it: time never decreases in a log.";
    CHAIN "audit-chain": "An entry does not continue the entry before it: the hash chain is broken."
        "An entry was changed after it was recorded: fetch the export again, and keep this one as evidence.";
    STREAM "audit-stream": "An entry does not continue its stream."
        "The log's operator must explain it: an entry of the stream is missing, or stands in another's.";
    UNIQUE "audit-unique-taken": "An entry claims a unique key that an earlier entry holds."
        "The log's operator must explain it: what may happen once was recorded twice.";
    BODY "audit-body": "The body is not the one that its entry commits to."
        "The body, its salt or the entry's body hash was changed: fetch the export again, and keep this as evidence.";

    // Blobs and checkpoints
    BLOB "audit-blob": "A blob is not what its name says, or does not stand in order."
        "The blob was changed: fetch the export again, and keep this one as evidence.";
    CHECKPOINT "audit-checkpoint": "A checkpoint is not one of this log, or does not stand in order."
        "The file was changed or damaged: fetch the export again, and keep this one.";
    SIGNATURE "audit-checkpoint-signature": "The log's key has not signed a checkpoint, or its signature does not hold."
        "The checkpoint was changed, or signed by another key: fetch the export again, and keep this one as evidence.";
    ROOT "audit-root": "The entries do not make the tree that the log signed."
        "Entries were changed after the log had signed them: keep the export as evidence, and compare with receipts.";
    LINK "audit-checkpoint-link": "A checkpoint does not name the checkpoints before it, or is not what its link commits to."
        "A checkpoint was removed, added or exchanged, or a cosignature changed: fetch the export again, and keep this one as evidence.";
    FORK "audit-fork": "The log signed a tree that is not a beginning of its own later tree."
        "The log has shown two histories: keep the export as evidence, and show it to everybody who relies on the log.";

    // What is recorded
    OPENING "audit-opening": "The log's opening names another log or key than the one that signed its checkpoints."
        "The log's operator must explain it: keep the export as evidence.";
    MISPLACED "audit-misplaced": "An entry's kind or stream is not that of the record in it."
        "The log's operator must explain it: the record was written by other rules.";
    CLAIMS "audit-claims": "An entry's unique keys are not those that its record claims."
        "The log's operator must explain it: what may happen once could have been recorded twice.";
    SECRET "audit-blinding-secret": "The blinding secret in the header fits no entry."
        "Ask the operator for an export with the log's own secret; with another, uniqueness cannot be checked.";
    PROOF "audit-proof": "A recorded proof does not verify against its policy and key."
        "The verdict was recorded without a proof: keep the export as evidence, and treat the verdict as void.";
    UNNAMED_BLOB "audit-unnamed-blob": "No record names this blob."
        "Ask the operator what it is: nothing in the log accounts for it.";

    // Trust
    NOT_TRUSTED "audit-not-trusted": "The log's key, its operator or a key's manifest is not the one in the trust file."
        "Check that this is the export of the right log; if it is, somebody else has made it.";
    NOT_ANCHORED "audit-not-anchored": "A participant or verifying key is not in the trust file."
        "Find out from its owner, not from the operator, whether the key is genuine, and add it to the trust file.";
    CHANGED "audit-file-changed": "The export was changed while it was being audited."
        "Copy the export to where nobody writes, and audit the copy.";

    SHORTER "audit-shorter": "The log signed more entries than the export holds."
        "Fetch the export again; if it stays shorter, the log was set back: show the export and the longer checkpoint to everybody who relies on the log.";
    SAMPLE "audit-sample": "No sample can be drawn."
        "A sample is drawn from a last checkpoint that witnesses have cosigned: give --trust and --witness-policy, or audit in full.";
    STATE "audit-state": "The state file is not one, or is of other entries than this log's."
        "Begin anew with another state file; it saves time, and nothing else depends on it.";

    // Bundles
    BUNDLE "audit-bundle": "A file of the bundle is not the one that its manifest lists, or is missing, or is not listed."
        "The bundle was changed or damaged: take another copy, and keep this one.";
    BUNDLE_MANIFEST "audit-bundle-manifest": "The bundle's manifest is not one, or was changed."
        "The bundle was changed or damaged: take another copy, and keep this one.";

    // Mirrors
    MIRROR "audit-mirror": "The directory is not a mirror of this log, or holds other parts of the log than were asked for."
        "Give the directory of this log's mirror, and the same kind of token as when it was begun; or begin another mirror in a new directory.";
    MIRROR_BUSY "audit-mirror-busy": "Another process mirrors into this directory."
        "Wait until it has ended: two at once would fetch everything twice.";
    MIRROR_PART "audit-mirror-part": "A part of the mirror is missing, or is not what was kept."
        "The disk or somebody changed it: keep a copy of the part that is named, remove it from the mirror, and mirror again: it is fetched anew and checked.";
    MIRROR_UNPROVEN "audit-mirror-unproven": "The log does not show that its checkpoint continues the one that was mirrored."
        "Run it again; if it stays so, the log has shown two histories: show both checkpoints, which are in the mirror's evidence, to everybody who relies on the log.";
    MIRROR_OTHER "audit-mirror-other": "The log serves other bytes for an entry than those that were mirrored."
        "Audit the mirror: if it holds, the log's operator must explain it; the bytes are in the mirror's evidence.";

    // Receipts and keys
    RECEIPT_FORM "audit-receipt-form": "The bytes are not a receipt."
        "Fetch the receipt again, byte for byte.";
    RECEIPT_BODY "audit-receipt-body": "The receipt's body is not the one that its entry commits to."
        "The body or its salt was changed: fetch the receipt again.";
    RECEIPT_PROOF "audit-receipt-proof": "The receipt's proof does not lead from its entry to the signed root."
        "The entry, the proof or the checkpoint was exchanged: fetch the receipt again, and keep this one.";
    LOG_KEY "audit-log-key": "The text is not a log's key."
        "A key is written name+key id+base64, as the log's operator publishes it.";
    CHAIN_FORM "audit-chain-form": "The text is not a stream's chain, or not whole."
        "Fetch it again, byte for byte: GET /v1/ledger/streams/ and the stream.";

    // Witnesses
    WITNESS_KEY "audit-witness-key": "The text is not a witness's key or name."
        "A key is written name+key id+base64, as the witness publishes it; a name is a URL without its scheme.";
    WITNESS_POLICY "audit-witness-policy": "The text is not a policy on logs and witnesses (C2SP tlog-policy)."
        "Correct the line that is named.";
    COSIGNATURE "audit-cosignature": "The cosignature of a witness does not hold."
        "It was changed, or the witness's key is another: keep this as evidence, and ask the witness.";
    QUORUM "audit-quorum": "Fewer witnesses have cosigned the checkpoint than the policy demands."
        "Fetch it again under a later checkpoint; if that does not help, ask the log's operator why its witnesses do not cosign.";
    WITNESS_BUSY "audit-witness-busy": "Another process runs the witness in this directory."
        "Stop the other one: two witnesses under one key could cosign two histories.";
    WITNESS_STATE "audit-witness-state": "What the witness cosigned last does not hold."
        "Restore the directory from a backup that lags by nothing; otherwise retire this witness, and begin a new one under a new name.";
    WITNESS_LISTEN "audit-witness-listen": "The witness cannot listen on its address."
        "Check that no other program uses the port, and that the address is one of this machine.";
}

#[cfg(test)]
mod tests {
    use super::CATALOGUE;

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut codes: Vec<_> = CATALOGUE.iter().map(|e| e.code).collect();
        assert!(
            codes
                .iter()
                .all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        );
        assert!(codes.iter().all(|c| c.starts_with("audit-")));
        codes.sort_unstable();
        let total = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), total);
        assert!(
            CATALOGUE
                .iter()
                .all(|e| e.meaning.ends_with('.') && e.advice.ends_with('.'))
        );
    }
}
