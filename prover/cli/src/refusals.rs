//! Every code with which this program refuses of its own, and the catalogue of all codes of all crates.

use covenant_api::refusals::{HOST_FAULT, LEDGER, PROOFS};
use covenant_policy::refusal::{Catalogue, Entry};

macro_rules! catalogue {
    ($($name:ident $code:literal: $meaning:literal $advice:literal;)*) => {
        $(#[doc = $meaning] pub static $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };)*

        /// Every code of this crate.
        pub const CATALOGUE: Catalogue = &[$(Entry { code: $code, meaning: $meaning, advice: $advice }),*];
    };
}

catalogue! {
    NO_HOME "no-home": "Nothing says where the vault lies."
        "Give --home DIR.";
    VAULT_MISSING "vault-missing": "There is no vault here."
        "Make one with `covenant init`, or say where it lies with --home.";
    VAULT_EXISTS "vault-exists": "There is a vault here already."
        "Use it, or choose another directory with --home; a vault is never overwritten.";
    VAULT_DAMAGED "vault-damaged": "The vault's contents were changed or cut short."
        "Restore the directory from a backup, or restore the identity with `covenant init --restore` and import the books again.";
    VAULT_BUSY "vault-busy": "Another command is writing to this vault."
        "Wait until it is done, and try again.";
    PHRASE_INVALID "phrase-invalid": "This is no recovery phrase of 24 words."
        "Type the words as they were shown, in their order; the last one is a checksum of the others.";
    FORMAT_UNDECLARED "csv-format-missing": "A CSV's columns and number format are not declared."
        "Give --csv-format FILE; a number format is never guessed.";
    UNKNOWN_STATEMENT "unknown-statement": "The vault holds no such statement."
        "Run `covenant figures` to see the statements held.";
    AMBIGUOUS_STATEMENT "ambiguous-statement": "More than one statement fits."
        "Name one by its id, or by enough of its first letters.";
    RESTATEMENT_UNDECLARED "restatement-undeclared": "The same period was imported before with other figures."
        "If the books were corrected, say so with --restatement N; it is counted, and banks that limit restatements see when there are too many.";
    RESTATEMENT_NUMBER "restatement-number": "This is not the number of the next restatement."
        "Restatements are counted one by one.";
    WRONG_STATEMENT "attestation-of-another-statement": "The attestation is over no statement in this vault."
        "Check that it answers a request that this vault made, and that the assurance was not changed on the way.";
    WRONG_BANK_KEY "wrong-bank-key": "The invitation is signed with another key than the bank's."
        "Do not answer it: ask the bank, by a way that you trust, which key is its own.";
    NOT_INVITED "not-invited": "The vault holds no accepted invitation for this request."
        "Redeem the bank's invitation first with `covenant accept`.";
    WRONG_ADDRESSEE "wrong-addressee": "The document is addressed to another company or pseudonym."
        "Check that it was meant for this vault.";
    REQUEST_NOT_YET_ISSUED "request-not-yet-issued": "The request was issued later than what counts as now."
        "Set this machine's clock, or correct --now.";
    NO_STATEMENT "no-fitting-statement": "No statement in the vault fits what the policy asks for."
        "Import the books of the period asked for, or name a statement with --statement.";
    NOT_ATTESTED "not-attested": "No attestation fits what the policy asks for."
        "Have the statement attested: `covenant attest request`, then `covenant attest add`.";
    ATTESTOR_NOT_ACCEPTED "attestor-not-accepted": "The bank does not accept the attestor who signed the figures."
        "Ask the bank whom it accepts, and have the statement attested by one of them.";
    BEYOND_GRANT "assurance-beyond-grant": "The attestor gave more assurance than the bank grants it."
        "Ask the attestor for an attestation at the granted level, or another attestor.";
    TIER_NOT_REACHED "tier-not-reached": "The books do not reach the tier."
        "Run `covenant check` to see which rules fail, and by what margin.";
    NO_POLICY "no-policy-here": "The folder holds no policy."
        "Name a folder with signed policies (.json) or source texts (.toml), or name the files themselves.";
    DISCLOSURE_BUDGET "disclosure-budget": "The proof would tell more of a figure than the budget allows."
        "Ask the bank for a coarser policy, or for the one that it used before; `covenant disclosed` shows what it knows. To tell it all the same, add --beyond-budget, which is recorded.";
    DISCLOSURES_CONTRADICT "disclosures-contradict": "The answers that the vault remembers cannot all be true of one company."
        "Restore the vault from a backup: its records were changed, or two vaults were mixed.";
    PROVEN_UNSUPPORTED "book-proof-unsupported": "The policy takes figures from a book proof, which this version cannot make."
        "Ask the bank for a policy that takes attested figures.";
    FOREIGN_FILES "foreign-proof-count": "The files named are not as many as the proofs that the tier takes."
        "Repeat --witness-out, or --proof, once for each proof, in the same order.";
    AMBIGUOUS_KEY "ambiguous-key": "More than one key fits."
        "Name one by enough of its first digits: `covenant keys list` shows them.";
    NOTHING_TO_EXPORT "nothing-to-export": "Nothing says what of the key to write."
        "Give at least one of --zkey, --r1cs, --verification-key and --prepared.";
    NOT_TEXT "not-text": "A file that should be text is not UTF-8."
        "Check that this is the right file; if it is, save it again as UTF-8.";
    OTHER_LOG "request-of-another-log": "The request is to be answered in another log than the one that this service keeps."
        "Ask the bank for the address of its service; nothing was sent.";
    UNKNOWN_FILE "unknown-file": "This is no file that Covenant writes."
        "Pass a document, a bundle, a policy's source text, a key or a sealed file.";
}

/// Codes that mean misuse or a fault of the machine (exit code 2), rather than a no to what was asked (exit code 1).
const FAULTS: &[&str] = &[
    "file-exists",
    "file-unreadable",
    "file-unwritable",
    "host-fault",
    "no-home",
    "passphrase-missing",
    "passphrase-unusable",
    "vault-busy",
    "vault-exists",
    "vault-missing",
    "csv-format-missing",
    "ambiguous-key",
    "ambiguous-statement",
    "foreign-proof-count",
    "nothing-to-export",
    "disclosures-contradict",
    "unknown-statement",
    "proof-self-check",
    "circuit-unsatisfied",
    "circuit-mismatch",
    "synthesis-failed",
    "key-not-found",
    "key-io",
    "key-manifest",
    "key-damaged",
    "key-malformed",
    "insecure-url",
    "service-answer-malformed",
    "service-overloaded",
    "service-redirects",
    "service-unreachable",
    "service-url-malformed",
];

/// Whether this code means misuse or a fault.
pub fn is_fault(code: &str) -> bool {
    FAULTS.contains(&code)
}

/// The entry of one of the proof system's codes.
pub fn proof_entry(code: &str) -> &'static Entry {
    // Every code of an error stands in the table, which that crate tests; the fallback keeps this without a panic.
    PROOFS.iter().find(|entry| entry.code == code).unwrap_or(&HOST_FAULT)
}

/// Every catalogue, under the name of the part that it belongs to.
pub fn all() -> Vec<(&'static str, Catalogue)> {
    vec![
        ("Policies, statements and figures", covenant_policy::CATALOGUE),
        ("Reading accounting exports", covenant_import::CATALOGUE),
        ("The compliance statement", covenant_statements::CATALOGUE),
        ("Keys and proofs", &PROOFS),
        ("Logs and receipts", &LEDGER),
        (
            "Documents, the bank's registry and its verdicts",
            covenant_api::CATALOGUE,
        ),
        ("The command line and the vault", CATALOGUE),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn codes_are_unique_across_all_crates() {
        let mut seen = BTreeMap::new();
        let mut twice = Vec::new();
        for (part, catalogue) in all() {
            for entry in catalogue {
                assert!(
                    entry.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                    "{}",
                    entry.code
                );
                if let Some(before) = seen.insert(entry.code, part) {
                    twice.push(format!("{} in {before} and in {part}", entry.code));
                }
            }
        }
        assert!(twice.is_empty(), "{}", twice.join("\n"));
    }

    /// The refusals of this crate are reached by its tests, which name them.
    #[test]
    fn every_code_has_a_test() {
        let tests = [
            include_str!("../tests/books.rs"),
            include_str!("../tests/disclosed.rs"),
            include_str!("../tests/documents.rs"),
            include_str!("../tests/foreign.rs"),
            include_str!("../tests/journey.rs"),
            include_str!("../tests/submit.rs"),
            include_str!("../tests/vault.rs"),
            include_str!("context.rs"),
            include_str!("metered/tests.rs"),
        ]
        .concat();
        let missing: Vec<_> = CATALOGUE
            .iter()
            .map(|e| e.code)
            .filter(|c| !tests.contains(&format!("\"{c}\"")))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_fault_is_a_code() {
        let known: Vec<&str> = all().into_iter().flat_map(|(_, c)| c).map(|e| e.code).collect();
        for fault in FAULTS {
            assert!(known.contains(fault), "{fault}");
        }
    }
}
