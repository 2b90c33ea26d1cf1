//! The service's no: an RFC 9457 problem, read strictly, as a refusal with the code that the service gave.

use std::time::Duration;

use covenant_policy::refusal::{Entry, Refusal};
use serde::Deserialize;
use serde_json::Value;

use super::transport::malformed;
use crate::documents::Refused;
use crate::ids;
use crate::refusals::{CATALOGUE, LEDGER, PROOFS, SERVICE_OVERLOADED, SERVICE_REFUSED};
use crate::sign::Signed;
use crate::types::Hex32;

/// The media type of problems.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";
/// What a code's `type` begins with.
const TYPE_PREFIX: &str = "urn:covenant:refusal:";
/// The domain under which the bytes that were sent are hashed.
const SENT_DOMAIN: &str = "covenant/refused/v1";
/// Letters of the service's own words that are repeated.
const SAID_MAX: usize = 1000;

/// A problem as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Problem {
    r#type: String,
    #[serde(rename = "title")]
    _title: String,
    status: u16,
    detail: String,
    code: String,
    r#where: Option<String>,
    expected: Option<String>,
    advice: String,
    answer: Option<Value>,
}

impl Problem {
    /// The HTTP status that it names.
    pub(super) fn status(&self) -> u16 {
        self.status
    }
}

/// What the service said instead of yes: a refusal, and the signed answer that may come with it.
#[derive(Debug, Clone)]
pub(super) struct Said {
    refusal: Refusal,
    code: String,
    answer: Option<Value>,
}

impl From<Refusal> for Box<Said> {
    fn from(refusal: Refusal) -> Self {
        Self::new(Said {
            code: refusal.code().to_owned(),
            refusal,
            answer: None,
        })
    }
}

impl From<Box<Said>> for Refusal {
    fn from(said: Box<Said>) -> Self {
        said.refusal
    }
}

impl Said {
    /// The refusal with its signed answer, which must be on these bytes and say the same; and the operator's, where that is known.
    pub(super) fn with_answer(&self, sent: &[u8], operator: Option<&Hex32>) -> Result<ProofRefused, Refusal> {
        let Some(answer) = self.answer.clone() else {
            return Ok(self.refusal.clone().into());
        };
        let wrong = |what: String| malformed("the problem's answer", what);
        let answer: Signed<Refused> = serde_json::from_value(answer).map_err(|e| wrong(e.to_string()))?;
        let said = answer.unverified();
        if said.sent != ids::hash_bytes(SENT_DOMAIN, sent) || said.code.as_str() != self.code {
            return Err(wrong("the signed refusal is of something else".into()));
        }
        let signer = answer.claimed_signer();
        answer.clone().verify(operator.unwrap_or(&signer))?;
        Ok(ProofRefused {
            refusal: self.refusal.clone(),
            answer: Some(Box::new(answer)),
        })
    }
}

/// A proof that was refused.
#[derive(Debug, Clone)]
pub struct ProofRefused {
    /// Why.
    pub refusal: Refusal,
    /// The operator's signed word on it, where the service gave one. Its signature holds; by the pinned key, where one is pinned.
    pub answer: Option<Box<Signed<Refused>>>,
}

impl From<Refusal> for ProofRefused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, answer: None }
    }
}

impl From<ProofRefused> for Refusal {
    fn from(refused: ProofRefused) -> Self {
        refused.refusal
    }
}

/// Words of the service as they may be repeated: no control characters, which a terminal would obey, and not too many.
pub(super) fn said(text: &str) -> String {
    let plain = |c: char| if c.is_control() || is_bidi(c) { '\u{fffd}' } else { c };
    text.chars().take(SAID_MAX).map(plain).collect()
}

/// Characters that change the direction of the text around them (Unicode's Bidi_Control).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads a problem.
///
/// # Errors
/// `service-answer-malformed`.
pub(super) fn read(path: &str, status: u16, wait: Option<Duration>, body: &[u8]) -> Result<Box<Said>, Refusal> {
    let problem: Problem = serde_json::from_slice(body).map_err(|e| malformed(path, e.to_string()))?;
    if problem.status != status {
        let what = format!("a problem of status {}", problem.status);
        return Err(malformed(path, what).expected(format!("status {status}, as the answer has")));
    }
    let said = of(path, problem)?;
    match wait {
        Some(wait) if status == 503 => Ok(overloaded(&said, wait).into()),
        _ => Ok(said),
    }
}

/// The service asks to come again: it was called again as often as was allowed.
fn overloaded(said: &Said, wait: Duration) -> Refusal {
    Refusal::new(&SERVICE_OVERLOADED, said.refusal.what.clone())
        .advice(format!("Send the same again in {} seconds or later.", wait.as_secs()))
}

/// A problem as a refusal: by the entry of its code, where this program knows it.
pub(super) fn of(path: &str, problem: Problem) -> Result<Box<Said>, Refusal> {
    let code = problem.code;
    let kebab = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if code.is_empty() || code.len() > 64 || !code.bytes().all(kebab) {
        return Err(malformed(path, "the problem's code is none"));
    }
    if problem.r#type.strip_prefix(TYPE_PREFIX) != Some(code.as_str()) {
        return Err(malformed(path, "the problem's type and code differ").expected(format!("{TYPE_PREFIX}{code}")));
    }
    let detail = said(&problem.detail);
    let mut refusal = match entry(&code) {
        Some(entry) => Refusal::new(entry, detail),
        None => Refusal::new(&SERVICE_REFUSED, format!("[{code}] {detail}")),
    };
    refusal.place = problem.r#where.as_deref().map(said);
    refusal.expected = problem.expected.as_deref().map(said);
    let advice = said(&problem.advice);
    refusal.advice = (advice != refusal.entry.advice).then_some(advice);
    Ok(Box::new(Said {
        refusal,
        code,
        answer: problem.answer,
    }))
}

/// The entry of a code that this program knows.
fn entry(code: &str) -> Option<&'static Entry> {
    let tables: [&'static [Entry]; 5] = [
        CATALOGUE,
        &PROOFS,
        &LEDGER,
        covenant_policy::CATALOGUE,
        covenant_statements::CATALOGUE,
    ];
    tables.into_iter().flatten().find(|entry| entry.code == code)
}
