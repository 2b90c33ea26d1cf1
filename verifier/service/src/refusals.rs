//! Every code with which the service refuses of its own, and what the ledger says as refusals.

use covenant_api::refusals::{LEDGER, PROOFS};
use covenant_ledger::{AppendError, LedgerError};
use covenant_policy::refusal::{Catalogue, Entry, Refusal};
use covenant_proofs::errors::VerifyError;

macro_rules! catalogue {
    ($($name:ident $code:literal: $meaning:literal $advice:literal;)*) => {
        $(#[doc = $meaning] pub static $name: Entry = Entry { code: $code, meaning: $meaning, advice: $advice };)*

        /// Every code of this crate.
        pub const CATALOGUE: Catalogue = &[$(Entry { code: $code, meaning: $meaning, advice: $advice }),*];
    };
}

catalogue! {
    // Calls
    NOT_FOUND "not-found": "There is nothing under this path."
        "Check the path; GET /v1/openapi.json lists every path.";
    METHOD_NOT_ALLOWED "method-not-allowed": "The path does not answer this method."
        "Use a method that the Allow header names.";
    UNSUPPORTED_MEDIA_TYPE "unsupported-media-type": "The body is of another media type than the path takes."
        "Set Content-Type to the type named.";
    BODY_TOO_LARGE "body-too-large": "The body is larger than the path takes."
        "Send less; the operator sets the limit.";
    BODY_TOO_SLOW "body-too-slow": "The body did not arrive in time."
        "Send it again over a better connection.";
    BODY_INCOMPLETE "body-incomplete": "The connection broke before the body was complete."
        "Send it again.";
    PARAMETER_MALFORMED "parameter-malformed": "A parameter in the path or the query cannot be read."
        "Write numbers in plain decimal digits and ids in lower case; use no parameter twice.";
    HEADER_MALFORMED "header-malformed": "A header cannot be read."
        "Correct the header named.";
    IDEMPOTENCY_KEY_MALFORMED "idempotency-key-malformed": "The idempotency key is not 1 to 64 visible ASCII characters."
        "Use a random value, such as a UUID.";
    IDEMPOTENCY_KEY_REUSED "idempotency-key-reused": "The idempotency key was used before with another body."
        "Use a new key for each new act; repeat a key only with the same body.";

    // Callers
    TOKEN_MISSING "token-missing": "The path needs a token, and none was given."
        "Send Authorization: Bearer with the token that the operator made for you.";
    TOKEN_UNKNOWN "token-unknown": "The token is not one of this service, or was revoked."
        "Check that it was copied whole; ask the operator for a new one.";
    ROLE_NOT_ALLOWED "role-not-allowed": "The token's role may not do this."
        "Use the token of the role named.";
    ANOTHER_BANKS_DATA "another-banks-data": "The filing is another bank's than the token."
        "Use the token that was made for the bank that signed the filing.";

    // Work
    OVERLOADED "overloaded": "The service has as much work as it takes."
        "Try again after the seconds that Retry-After names; nothing was changed.";
    TOO_MANY_CALLS "too-many-calls": "The token was used more often than its holder may call."
        "Call less often; the seconds to wait are in Retry-After, and the operator sets the limit.";
    REQUEST_TIMED_OUT "request-timed-out": "The answer was not ready in time."
        "What was asked may still happen: repeat it with the same Idempotency-Key to learn what became of it.";
    SHUTTING_DOWN "shutting-down": "The service is stopping."
        "Try again in a moment; nothing was changed.";
    INTERNAL_FAULT "internal-fault": "The service failed."
        "Tell the operator the request id; the cause is in the service's log.";

    // The operator
    CONFIG_INVALID "config-invalid": "The configuration is not valid."
        "Correct the setting named; `covenant-verifier config` prints every setting and its value.";
    LISTEN_FAILED "listen-failed": "The service cannot listen on its address."
        "Check that no other program uses the port, and that the address is one of this machine.";
    TLS_INVALID "tls-invalid": "The TLS certificate or its key cannot be used."
        "Name PEM files: the certificate with its chain, and its key, which not everybody may read (chmod 640).";
    SERVICE_KEY_MALFORMED "service-key-malformed": "The service's key file does not hold a key."
        "Restore service.key from a backup; a new key would begin a new log.";
    SERVICE_KEY_EXPOSED "service-key-exposed": "Others than its owner may read the service's key file."
        "Run chmod 600 on it; if others may have read it, begin a new log.";
    ALREADY_INITIALISED "already-initialised": "The directory holds a service already."
        "Use it, or choose another directory; nothing is overwritten.";
    TOKENS_DAMAGED "tokens-damaged": "The file of tokens is not what this program writes."
        "Restore tokens.json from a backup, or remove it and make new tokens; until then no token is accepted.";
    TOKENS_FULL "tokens-full": "There are as many tokens as the file may hold."
        "Revoke those that nobody uses.";
    UNKNOWN_TOKEN_ID "unknown-token-id": "There is no token of this id."
        "Run `covenant-verifier token list`.";
}

/// Every catalogue whose codes the service may answer with, under the name of the part that it belongs to.
pub fn all() -> Vec<(&'static str, Catalogue)> {
    vec![
        ("The service", CATALOGUE),
        ("Documents, records and verdicts", covenant_api::CATALOGUE),
        ("Policies, statements and figures", covenant_policy::CATALOGUE),
        ("The compliance statement", covenant_statements::CATALOGUE),
        ("Keys and proofs", &PROOFS),
        ("The ledger", &LEDGER),
    ]
}

/// The ledger's entry of this code.
fn ledger_entry(code: &str) -> &'static Entry {
    // Every error of the ledger stands in its table, as its own tests see to; the fallback keeps this without a panic.
    LEDGER
        .iter()
        .find(|entry| entry.code == code)
        .unwrap_or(&INTERNAL_FAULT)
}

/// What the ledger says when it cannot be opened or read.
pub fn of_ledger(error: &LedgerError) -> Refusal {
    Refusal::new(ledger_entry(error.code()), error.to_string())
}

/// What the proof system says about a proof.
pub fn of_verify(error: &VerifyError) -> Refusal {
    let entry = PROOFS.iter().find(|entry| entry.code == error.code());
    // Every error of the proof system has an entry, as its own tests see to.
    Refusal::new(entry.unwrap_or(&INTERNAL_FAULT), error.to_string())
}

/// The ledger's writer has ended. Why may name files, and stands in the service's log.
pub fn stopped() -> Refusal {
    Refusal::new(
        ledger_entry("ledger-stopped"),
        "the service cannot record anything at present",
    )
}

/// What the ledger says when a submission did not become an entry.
pub fn of_append(error: &AppendError) -> Refusal {
    Refusal::new(ledger_entry(error.code()), error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use covenant_ledger::errors::CODES;

    use super::*;

    #[test]
    fn codes_are_kebab_case_with_meaning_and_advice() {
        for entry in CATALOGUE {
            assert!(
                entry.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                entry.code
            );
            assert!(
                entry.meaning.ends_with('.') && entry.advice.ends_with('.'),
                "{}",
                entry.code
            );
        }
    }

    #[test]
    fn codes_are_unique_across_all_parts() {
        let mut seen = BTreeMap::new();
        for (part, catalogue) in all() {
            for entry in catalogue {
                if let Some(before) = seen.insert(entry.code, part) {
                    panic!("{} in {before} and in {part}", entry.code);
                }
            }
        }
    }

    #[test]
    fn every_code_of_the_ledger_has_its_entry() {
        for (code, ..) in CODES {
            assert_eq!(ledger_entry(code).code, *code);
        }
    }
}
