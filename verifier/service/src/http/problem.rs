//! The one shape in which the service says no: an RFC 9457 problem, made from a refusal. The status comes from one table
//! ([`super::status`]); the cause of what is the service's own fault goes to the log and not to the caller.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use covenant_ledger::{AppendError, LedgerError};
use covenant_policy::refusal::Refusal;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::status;
use crate::refusals::{self, INTERNAL_FAULT};

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What a code's `type` begins with.
const TYPE_PREFIX: &str = "urn:covenant:refusal:";

/// Why a call was refused. Nothing was changed, except where the code's advice says otherwise.
#[derive(Debug, Clone)]
pub struct Problem {
    refusal: Box<Refusal>,
    answer: Option<Box<Value>>,
}

/// What of a problem the layers need: it travels beside the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub &'static str);

/// An RFC 9457 problem: nothing was changed, and this is why.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body9457 {
    /// `urn:covenant:refusal:` and the code.
    #[schema(example = "urn:covenant:refusal:request-expired")]
    pub r#type: String,
    /// What the code says, in one sentence.
    pub title: String,
    /// The HTTP status.
    #[schema(example = 410)]
    pub status: u16,
    /// What was found, concretely.
    pub detail: String,
    /// Stable; what programs match on. `GET /v1/refusals` lists every code.
    #[schema(example = "request-expired")]
    pub code: String,
    /// Where: a field's path, a line and column, a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<String>,
    /// What was expected instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What to do about it.
    pub advice: String,
    /// For a refused proof: the service's signed refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub answer: Option<Value>,
}

impl Problem {
    /// A fault of the service: the cause goes to the log, and the caller learns the request's id from the header.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "internal fault");
        Refusal::new(
            &INTERNAL_FAULT,
            "the service failed; the request's id is in the header x-request-id",
        )
        .into()
    }

    /// Adds the signed answer that goes with a refused proof.
    #[must_use]
    pub fn with_answer(mut self, answer: Value) -> Self {
        self.answer = Some(Box::new(answer));
        self
    }

    /// The refusal.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.refusal.code()
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        status::of(self.code())
    }

    /// The document.
    pub fn body(&self) -> Body9457 {
        let refusal = &self.refusal;
        Body9457 {
            r#type: format!("{TYPE_PREFIX}{}", refusal.code()),
            title: refusal.entry.meaning.to_owned(),
            status: self.status().as_u16(),
            detail: refusal.what.clone(),
            code: refusal.code().to_owned(),
            r#where: refusal.place.clone(),
            expected: refusal.expected.clone(),
            advice: refusal.advice_text().into_owned(),
            answer: self.answer.as_deref().cloned(),
        }
    }
}

impl From<Refusal> for Problem {
    /// What is wrong with the machine may name paths: it goes to the log, and the caller gets an internal fault.
    fn from(refusal: Refusal) -> Self {
        if status::of(refusal.code()) == StatusCode::INTERNAL_SERVER_ERROR && refusal.code() != INTERNAL_FAULT.code {
            return Self::internal(refusal);
        }
        Self {
            refusal: Box::new(refusal),
            answer: None,
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        refusals::of_ledger(&error).into()
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        if let AppendError::WriteFailed { reason } | AppendError::Stopped { reason } = &error {
            // The reason may name files.
            tracing::error!(%reason, "the ledger does not write");
            let what = "the service cannot record anything at present";
            return Refusal {
                what: what.to_owned(),
                ..refusals::of_append(&error)
            }
            .into();
        }
        refusals::of_append(&error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = status::retry_after(self.code()) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(Code(self.code()));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_the_refusal_says() {
        let refusal = Refusal::new(&refusals::BODY_TOO_LARGE, "2 MiB")
            .at("the body")
            .expected("at most 1 MiB");
        let problem = Problem::from(refusal).with_answer(Value::from(7));
        assert_eq!(
            serde_json::to_value(problem.body()).unwrap(),
            serde_json::json!({
                "type": "urn:covenant:refusal:body-too-large",
                "title": refusals::BODY_TOO_LARGE.meaning,
                "status": 413,
                "detail": "2 MiB",
                "code": "body-too-large",
                "where": "the body",
                "expected": "at most 1 MiB",
                "advice": refusals::BODY_TOO_LARGE.advice,
                "answer": 7,
            })
        );
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(response.extensions().get::<Code>(), Some(&Code("body-too-large")));
    }

    #[test]
    fn the_cause_of_a_fault_stays_inside() {
        let error = LedgerError::Io {
            doing: "reading".into(),
            reason: "secret/path".into(),
        };
        let problem = Problem::from(error);
        assert_eq!(problem.code(), "internal-fault");
        assert!(!serde_json::to_string(&problem.body()).unwrap().contains("secret"));
        let stopped = Problem::from(AppendError::Stopped {
            reason: "secret/path".into(),
        });
        assert_eq!((stopped.code(), stopped.status().as_u16()), ("ledger-stopped", 503));
        assert!(!serde_json::to_string(&stopped.body()).unwrap().contains("secret"));
    }

    #[test]
    fn a_busy_ledger_asks_to_come_again() {
        let response = Problem::from(AppendError::Busy).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        let response = Problem::from(Refusal::new(&refusals::TOKEN_MISSING, "none")).into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
