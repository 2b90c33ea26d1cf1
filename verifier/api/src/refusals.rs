//! Every code with which this crate refuses, in one table from which the error reference is generated.

use covenant_ledger::errors::CODES as LEDGER_CODES;
use covenant_policy::refusal::{Catalogue, Entry, Refusal, Spot};
use covenant_proofs::errors::{CODES, DecodeError, KeyError, VerifyError};

macro_rules! catalogue {
    ($($name:ident $code:literal: $meaning:literal $advice:literal;)*) => {
        $(#[doc = $meaning] pub static $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };)*

        /// Every code of this crate.
        pub const CATALOGUE: Catalogue = &[$(Entry { code: $code, meaning: $meaning, advice: $advice }),*];
    };
}

catalogue! {
    // Encoding and documents
    UNENCODABLE "unencodable": "The value has no deterministic CBOR encoding."
        "Use integers of at most 64 bits, and no key twice.";
    NOT_CANONICAL "not-canonical": "The bytes are not the one encoding of a value of this type."
        "Ask the sender for the bytes as Covenant wrote them.";
    DOCUMENT_TOO_LARGE "document-too-large": "The document is larger than its type allows."
        "Check that this is the right file.";
    MALFORMED_DOCUMENT "malformed-document": "The document is not valid JSON of its type, or a value in it is not written in its one form."
        "Correct the field named, or ask the sender for the document again.";
    UNKNOWN_FIELD "unknown-field": "The document has a field that its type does not know."
        "Remove the field, or use a program that knows this version of the document.";
    WRONG_DOCUMENT_TYPE "wrong-document-type": "This is another type of document."
        "Pass the document that the command asks for.";
    UNSUPPORTED_VERSION "unsupported-version": "The document has a version that this program does not know."
        "Use a program that knows this version.";
    INVALID_KEY "invalid-key": "A public key is not a valid key."
        "Ask the key's owner for it again.";
    WRONG_SIGNER "wrong-signer": "The document names another signer than the one whose word is needed."
        "Ask for a document signed by the party named.";
    WRONG_SIGNATURE "wrong-signature": "The signature does not belong to this document and key."
        "The document was changed or damaged after it was signed: ask the signer for it again.";

    // The host, files and secrets
    HOST_FAULT "host-fault": "The machine's clock or entropy cannot be used."
        "Set the clock, or give --now; without entropy no secret can be made.";
    FILE_UNREADABLE "file-unreadable": "A file cannot be read."
        "Check the path and its permissions.";
    FILE_UNWRITABLE "file-unwritable": "A file cannot be written."
        "Check the path, its permissions and the free space.";
    FILE_EXISTS "file-exists": "The file exists already, and is not overwritten."
        "Choose another name, or move the old file away.";
    WRONG_PASSPHRASE "wrong-passphrase": "The passphrase does not open the file, or the file was changed."
        "Try the passphrase again; if it is right, restore the file from a backup.";
    PASSPHRASE_MISSING "passphrase-missing": "The file is sealed under a passphrase, and none was given."
        "Give --passphrase-file FILE, or run the command in a terminal to be asked.";
    PASSPHRASE_UNUSABLE "passphrase-unusable": "The passphrase is empty, too long, or not UTF-8."
        "Choose a passphrase of 1 to 1024 bytes on one line.";
    SEAL_MALFORMED "seal-malformed": "This is not a sealed file of a known version."
        "Restore the file from a backup.";
    SEAL_TOO_COSTLY "seal-too-costly": "The sealed file asks for more memory or passes than this program grants."
        "The file was not written by Covenant, or was changed: restore it from a backup.";
    WRONG_KEY_ROLE "wrong-key-role": "The secret key belongs to another role."
        "Banks sign with a bank's key, attestors with an attestor's.";
    KEY_MISMATCH "key-mismatch": "The secret key is not the one whose public key stands in the file."
        "Restore the key file from a backup.";

    // The registry
    NOT_A_REGISTRY "not-a-registry": "The directory is not a bank's registry."
        "Make one with `covenant-bank registry new`.";
    REGISTRY_DAMAGED "registry-damaged": "A file of the registry is not what its name says."
        "Restore the registry from a backup; nothing in it is used until it is whole.";
    UNKNOWN_POLICY "unknown-policy": "The registry has no such policy."
        "Sign the policy first with `covenant-bank policy sign`.";
    POLICY_MISMATCH "policy-mismatch": "The policy's source text does not compile to the program that was signed."
        "Use the compiler version that the document names, or ask the bank to sign the policy again.";
    UNKNOWN_INVITATION "unknown-invitation": "The registry has no such invitation."
        "Check that the enrolment answers an invitation of this bank.";
    INVITATION_EXPIRED "invitation-expired": "The invitation has expired."
        "Ask the bank for a new invitation.";
    INVITATION_USED "invitation-used": "The invitation has been redeemed already."
        "Each invitation is redeemed once: ask the bank for a new one.";
    WRONG_CODE "wrong-code": "The enrolment was not made with the invitation's one-time code."
        "Type the code as it was delivered, and enrol again.";
    APPLICANT_CONFLICT "applicant-conflict": "The company is enrolled under another pseudonym, or the pseudonym for another company."
        "Let the company restore its identity from its recovery phrase: a fresh pseudonym would lose its count of restatements.";
    NOT_ENROLLED "not-enrolled": "No applicant has redeemed this invitation."
        "Record the applicant's enrolment first with `covenant-bank enrol`.";
    UNKNOWN_ATTESTOR "unknown-attestor": "The registry has no standing grant for this attestor's key."
        "Grant the key with `covenant-bank attestor grant`, or take it off the policy.";
    ATTESTOR_REVOKED "attestor-revoked": "The attestor's key has been struck from the registry."
        "A struck key stays struck: ask the attestor for a new key.";
    UNKNOWN_VERIFYING_KEY "unknown-verifying-key": "The registry has not pinned this verifying key."
        "Pin the key with `covenant-bank registry pin`.";
    UNLISTED_KEY "unlisted-key": "The key stands neither in the log's registry nor in a signed manifest."
        "Check its ceremony and pin it with a manifest that you or somebody you trust signed; for a log, ask the operator to register it.";
    MANIFEST_MISMATCH "manifest-mismatch": "The manifest says something else than the key, or the ceremony, that it was given with."
        "Use neither: get key and manifest again, and compare the key's id with its makers over another channel.";
    KEY_RETIRED "key-retired": "The verifying key was retired."
        "Ask under a key that is in use; what was judged before under this one can still be checked.";

    NOT_IN_REGISTRY "not-in-registry": "The registry does not hold this document."
        "Give a document that this registry's bank made, as it was written last; one that was replaced cannot be filed any more.";
    NOT_FILED "not-filed": "What this document follows from was not filed with this log."
        "File in this order with `covenant-bank sign`: the bank itself, then an invitation, then what follows from it.";
    UNKNOWN_LOG "unknown-log": "The registry does not say which keys this log has."
        "Get the log's key and its operator's by a way that you trust, and run `covenant-bank log trust`.";
    NO_PRICING_GRID "no-pricing-grid": "The policy has no pricing grid."
        "Name a policy whose tiers are of the kind pricing-grid.";
    UNKNOWN_REFERENCE "unknown-reference": "An option names nothing in the registry, or leaves open which one is meant."
        "Run `covenant-bank registry show` and give the id of one.";

    // Attesting
    UNKNOWN_FIGURE "unknown-figure": "The schema has no figure of this name."
        "Use the schema's own names; they are listed in the documentation.";
    STATEMENT_MISMATCH "statement-mismatch": "The statement's hash is not that of the figures shown."
        "The request was changed or made by another version: ask the enterprise for it again.";
    ENTITY_BOUND "entity-bound": "This secret identity is bound to another legal person in the attestor's ledger."
        "One enterprise identity stands for one legal person; find out who is asking.";
    NOT_CONFIRMED "not-confirmed": "The attestor did not confirm the figures."
        "Nothing was signed.";

    // The verdict
    UNKNOWN_REQUEST "unknown-request": "The registry has no such request."
        "Check that the bundle answers a request of this bank.";
    REQUEST_EXPIRED "request-expired": "The request has expired."
        "Ask the bank for a new request, and prove again.";
    REQUEST_USED "request-used": "The request has been answered already."
        "A proof answers one request, once: ask the bank for a new request.";
    WRONG_POLICY "wrong-policy": "The bundle answers another policy than the request's."
        "Prove again with the policy that the request names.";
    WRONG_KEY "wrong-key": "The bundle was proven under another verifying key than the request's."
        "Prove again with the key that the request names.";
    ATTESTORS_CHANGED "attestors-changed": "An attestor that the request counts on has been struck, or its grant changed."
        "Ask the bank for a new request, and prove again with an attestation that still counts.";
    WRONG_APPLICANT "wrong-applicant": "The bundle comes from another applicant than the one asked."
        "The request must be answered by the enterprise that redeemed the invitation.";
    LINKED_PROOF_MISSING "linked-proof-missing": "The policy or the tier takes a linked proof that the bundle does not hold."
        "Make the bundle again with `covenant prove`; figures from a book need that book's proof beside them.";
    LINKED_PROOF_UNEXPECTED "linked-proof-unexpected": "The bundle holds more proofs than the tier takes."
        "Make the bundle again with `covenant prove`.";
    TOO_MANY_RESTATEMENTS "too-many-restatements": "The period has been proven with more different figures than the policy allows."
        "Explain the restatements to the bank.";

    // The log
    LOG_DAMAGED "log-damaged": "The log does not hold what its own index says."
        "Stop the service, run `covenant-verifier check`, and restore the log from an export or a backup.";
    LOG_ALREADY_OPEN "log-already-open": "The log was opened already."
        "A log is opened once, by its first record.";
    KEY_REGISTERED "key-registered": "The key stands in the log's registry already."
        "A key is registered once, and not again after it was retired: make a new one.";
    UNKNOWN_PARTICIPANT "unknown-participant": "The bank does not take part in this log."
        "File the bank's own document first: it makes the bank a participant.";
    FILING_MISMATCH "filing-mismatch": "The filing does not belong to this document, or its document cannot be filed again."
        "File the document with `covenant-bank sign`, and send both as it writes them.";
    WRONG_LOG "wrong-log": "The document was filed with another log."
        "File it with this log: `covenant-bank sign --log ORIGIN`.";
    WRONG_NUMBER "wrong-number": "The filing's number is not the bank's next one in this log."
        "Send what was filed before it first; where a filing was refused, file the next document under its number with --number.";
    WRONG_STREAM "wrong-stream": "The document was filed in another stream than the one that it belongs to."
        "File it again with `covenant-bank sign`, which knows the streams of its registry.";
    STREAM_TAKEN "stream-taken": "The stream that the filing would begin has an owner."
        "File it again under its number: `covenant-bank sign --number N` draws a new stream.";
    WRONG_TIME "wrong-time": "A time in the document does not fit the log's clock."
        "Check both clocks, and sign the document again.";
    TOO_MANY_ENROLMENTS "too-many-enrolments": "The invitation was answered too often."
        "Send the enrolment to the bank by another way, or ask it for a new invitation.";
    REQUEST_MISMATCH "request-mismatch": "The request does not fit what the bank has on record."
        "Make it again with `covenant-bank request`, from the registry that this log was filed from.";
    VERDICT_MISMATCH "verdict-mismatch": "The verdict is not the one that the bundle, judged again, leads to."
        "Keep the record: whoever signed it vouched for something that does not follow.";
    UNKNOWN_VERDICT "unknown-verdict": "The decision does not rest on the verdict that is on record."
        "Decide on the verdict of the receipt: `covenant-bank decide`.";
    ALREADY_DECIDED "already-decided": "The bank decided on this request already."
        "A decision is made once; for another one, ask for a new proof.";
    ALREADY_RECORDED "already-recorded": "This document stands in the log already."
        "Nothing is to be done; its entry is named.";
    RECEIPT_MISMATCH "receipt-mismatch": "The receipt holds, but it is not of what it was given for."
        "Pass the receipt of the record that the command asks for, from the log that it names.";

    // A service, as its client meets it
    SERVICE_URL_MALFORMED "service-url-malformed": "The service's address cannot be used."
        "Give scheme, host and perhaps a port and a path, and nothing else.";
    INSECURE_URL "insecure-url": "The address sends everything in the clear to another machine."
        "Use https; http is for a service on this machine.";
    TOKEN_MALFORMED "token-malformed": "This is not a token."
        "Copy the token whole, as the operator handed it out.";
    SERVICE_UNREACHABLE "service-unreachable": "The service does not answer."
        "Check the address and the connection, and send the same again: nothing is recorded twice.";
    SERVICE_OVERLOADED "service-overloaded": "The service has too much to do, and asks to come again."
        "Send the same again later: nothing is recorded twice.";
    SERVICE_REDIRECTS "service-redirects": "The service sends its caller elsewhere, which is not followed."
        "Ask the bank or the operator for the service's address.";
    SERVICE_ANSWER_MALFORMED "service-answer-malformed": "The answer is not one that the service gives."
        "Check that the address is that of a Covenant service of this version, and that nothing on the way changes its answers.";
    SERVICE_REFUSED "service-refused": "The service refuses, with a code that this program does not know."
        "Read the code and what is said beside it; a newer version of this program may know it.";
    LOG_KEY_CHANGED "log-key-changed": "The log has another key than the one that is known."
        "Rely on nothing that it says: ask the bank or the operator, by a way that you trust, which key is right.";
    LOG_REWOUND "log-rewound": "The log does not continue what it showed before."
        "Keep what you have of it, and show it to the bank and to an auditor: entries were taken out or changed.";
}

/// Another table of codes as catalogue entries.
macro_rules! entries {
    ($codes:expr) => {{
        let mut entries = [Entry {
            code: "",
            meaning: "",
            advice: "",
        }; $codes.len()];
        let mut i = 0;
        while i < $codes.len() {
            let (code, meaning, advice) = $codes[i];
            entries[i] = Entry { code, meaning, advice };
            i += 1;
        }
        entries
    }};
}

/// The codes of the proof system, for refusals that pass on what it says.
pub static PROOFS: [Entry; CODES.len()] = entries!(CODES);

/// The ledger's codes, for refusals that pass on what it says about receipts and keys of logs.
pub static LEDGER: [Entry; LEDGER_CODES.len()] = entries!(LEDGER_CODES);

/// A refusal with a code of a table. Every error of the proof system and of the ledger stands in theirs; their own tests see to
/// that.
fn of_table(table: &'static [Entry], code: &str, what: impl Into<String>) -> Refusal {
    let entry = table.iter().find(|entry| entry.code == code);
    Refusal::new(entry.unwrap_or(&MALFORMED_DOCUMENT), what)
}

/// A refusal with one of the proof system's codes.
pub(crate) fn of_proofs(code: &'static str, what: impl Into<String>) -> Refusal {
    of_table(&PROOFS, code, what)
}

/// A refusal with one of the ledger's codes.
pub(crate) fn of_ledger(code: &'static str, what: impl Into<String>) -> Refusal {
    of_table(&LEDGER, code, what)
}

/// What the proof system says about bytes.
pub(crate) fn of_decode(error: &DecodeError) -> Refusal {
    of_proofs(error.code(), error.to_string())
}

/// What the proof system says about a key.
pub(crate) fn of_key(error: &KeyError) -> Refusal {
    of_proofs(error.code(), error.to_string())
}

/// What the proof system says about a proof.
pub(crate) fn of_verify(error: &VerifyError) -> Refusal {
    of_proofs(error.code(), error.to_string())
}

/// A refusal as programs read it: every field is there, and what was not said is null. One that is about a piece of a text also
/// says its lines and columns, and one that does not come alone lists the `others`.
pub fn to_json(refusal: &Refusal) -> serde_json::Value {
    let mut json = serde_json::json!({
        "code": refusal.code(),
        "meaning": refusal.entry.meaning,
        "what": refusal.what,
        "where": refusal.place,
        "expected": refusal.expected,
        "advice": refusal.advice_text(),
    });
    if let (Some(map), Some(spot)) = (json.as_object_mut(), refusal.spot()) {
        map.insert("at".into(), spot_json(spot));
    }
    if let (Some(map), false) = (json.as_object_mut(), refusal.others().is_empty()) {
        map.insert("others".into(), refusal.others().iter().map(to_json).collect());
    }
    json
}

/// A piece of a text: lines and columns from 1, the end behind the last character.
pub fn spot_json(spot: Spot) -> serde_json::Value {
    serde_json::json!({
        "line": spot.line, "column": spot.column, "end_line": spot.end_line, "end_column": spot.end_column,
    })
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, FILE_EXISTS, Refusal, to_json};

    #[test]
    fn a_refusal_reads_as_json() {
        let bare = to_json(&Refusal::new(&FILE_EXISTS, "the file exists"));
        let expected = serde_json::json!({
            "code": "file-exists", "meaning": FILE_EXISTS.meaning, "what": "the file exists", "where": null,
            "expected": null, "advice": FILE_EXISTS.advice,
        });
        assert_eq!(bare, expected);
        let full = Refusal::new(&FILE_EXISTS, "the file exists")
            .at("a")
            .expected("none")
            .advice("Move it.");
        let full = to_json(&full);
        let said = ["where", "expected", "advice"].map(|field| full[field].as_str());
        assert_eq!(said, [Some("a"), Some("none"), Some("Move it.")]);
    }

    #[test]
    fn codes_are_kebab_case_and_unique() {
        let mut codes: Vec<_> = CATALOGUE.iter().map(|e| e.code).collect();
        assert!(
            codes
                .iter()
                .all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        );
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
