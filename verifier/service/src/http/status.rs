//! Which HTTP status a code answers with: one table, for every code of every part.

use axum::http::StatusCode;

/// Codes that do not answer with 422.
const STATUS: &[(StatusCode, &[&str])] = &[
    (
        StatusCode::BAD_REQUEST,
        &[
            "body-incomplete",
            "header-malformed",
            "idempotency-key-malformed",
            "malformed-document",
            "not-canonical",
            "parameter-malformed",
            "proof-sizes-reversed",
            "unknown-field",
            "unsupported-version",
            "wrong-document-type",
        ],
    ),
    (StatusCode::UNAUTHORIZED, &["token-missing", "token-unknown"]),
    (StatusCode::FORBIDDEN, &["another-banks-data", "role-not-allowed"]),
    (
        StatusCode::NOT_FOUND,
        &[
            "not-found",
            "not-in-ledger",
            "proof-beyond-size",
            "unknown-invitation",
            "unknown-participant",
            "unknown-policy",
            "unknown-request",
        ],
    ),
    (StatusCode::METHOD_NOT_ALLOWED, &["method-not-allowed"]),
    (StatusCode::REQUEST_TIMEOUT, &["body-too-slow"]),
    (
        StatusCode::CONFLICT,
        &[
            "already-decided",
            "already-recorded",
            "applicant-conflict",
            "expectation-failed",
            "invitation-used",
            "request-used",
            "stream-taken",
            "unique-taken",
            "wrong-number",
        ],
    ),
    (
        StatusCode::GONE,
        &["body-erased", "invitation-expired", "request-expired"],
    ),
    (StatusCode::PAYLOAD_TOO_LARGE, &["body-too-large", "document-too-large"]),
    (StatusCode::TOO_MANY_REQUESTS, &["too-many-calls"]),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, &["unsupported-media-type"]),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        &[
            "ledger-busy",
            "ledger-stopped",
            "ledger-unwitnessed",
            "ledger-write-failed",
            "overloaded",
            "request-timed-out",
            "shutting-down",
        ],
    ),
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        &[
            // What is wrong with the machine, its files or the store is not for the caller to put right.
            "file-exists",
            "file-unreadable",
            "file-unwritable",
            "host-fault",
            "internal-fault",
            "ledger-damaged",
            "ledger-io",
            "ledger-locked",
            "ledger-missing",
            "ledger-of-another-format",
            "ledger-of-another-log",
            "ledger-setting",
            "ledger-tail-lost",
            "log-damaged",
            "service-key-exposed",
            "service-key-malformed",
            "tls-invalid",
            "tokens-damaged",
            "unencodable",
        ],
    ),
];

/// The status of a code: 422 where the call is well formed and the answer is no.
pub fn of(code: &str) -> StatusCode {
    STATUS
        .iter()
        .find(|(_, codes)| codes.contains(&code))
        .map_or(StatusCode::UNPROCESSABLE_ENTITY, |(status, _)| *status)
}

/// After how many seconds the same call may go well, for codes that pass by themselves.
pub fn retry_after(code: &str) -> Option<u32> {
    match code {
        "ledger-busy" | "ledger-unwitnessed" | "overloaded" | "request-timed-out" | "too-many-calls" => Some(1),
        "shutting-down" => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::refusals;

    #[test]
    fn the_table_names_codes_that_exist_each_once() {
        let known: BTreeSet<&str> = refusals::all()
            .iter()
            .flat_map(|(_, catalogue)| catalogue.iter().map(|entry| entry.code))
            .collect();
        let mut seen = BTreeSet::new();
        for code in STATUS.iter().flat_map(|(_, codes)| codes.iter()) {
            assert!(known.contains(code), "{code} is in no catalogue");
            assert!(seen.insert(code), "{code} twice");
        }
    }

    #[test]
    fn every_code_of_every_part_has_an_error_status() {
        for (part, catalogue) in refusals::all() {
            for entry in catalogue {
                let status = of(entry.code);
                assert!(
                    status.is_client_error() || status.is_server_error(),
                    "{part}: {}",
                    entry.code
                );
            }
        }
    }

    #[test]
    fn only_what_passes_by_itself_is_worth_repeating() {
        for code in [
            "ledger-busy",
            "ledger-unwitnessed",
            "overloaded",
            "request-timed-out",
            "shutting-down",
        ] {
            assert_eq!(of(code), StatusCode::SERVICE_UNAVAILABLE);
            assert!(retry_after(code).is_some());
        }
        assert_eq!(
            retry_after("ledger-stopped"),
            None,
            "somebody has to put it right first"
        );
        assert_eq!(retry_after("tier-not-reached"), None);
    }
}
