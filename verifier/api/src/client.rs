//! A blocking client of the service: every call of its interface, over HTTP and TLS.
//!
//! What comes back is decoded strictly, within bounds, and held against what was asked: a receipt must be of what was sent, and where
//! the log's key is pinned ([`Client::pin`]) it must hold under it, and a verdict under the operator's key. Problems (RFC 9457) become
//! refusals with the code that the service gave. Every act carries an idempotency key that is derived from its content, so that
//! sending it again is safe. Redirects are not followed.
//!
//! - `url`: where the service is; https, except on this machine.
//! - `transport`: one call, its limits, and calling again where the service is overloaded.
//! - `problem`: the service's no as a refusal.
//! - `answers`: what it says otherwise.
//! - `bank`, `ledger`: the calls of banks, and of whoever checks the log. Those of an enterprise stand here.

pub mod answers;
mod bank;
mod check;
mod ledger;
mod mirror;
mod problem;
mod transport;
mod url;

#[cfg(test)]
mod tests;

use std::time::Duration;

use covenant_ledger::LogKey;
use covenant_policy::refusal::Refusal;
use zeroize::Zeroizing;

use crate::document;
use crate::documents::{Bundle, Enrolment, Invitation, Trust};
use crate::receipt;
use crate::refusals::{LOG_KEY_CHANGED, MALFORMED_DOCUMENT, TOKEN_MALFORMED};
use crate::sign::Signed;
use crate::types::Hex32;
use answers::{Filed, LogInfo, Proven, RequestAnswer};
use transport::{JSON, NDJSON, Transport};

pub use bank::Filing;
pub use problem::ProofRefused;

/// Bundles that are sent in one batch.
pub const BATCH_MAX: usize = 10_000;

/// A bearer token. It has no `Debug` and wipes itself.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Reads a token as the operator hands it out; white space around it is ignored.
    ///
    /// # Errors
    /// `token-malformed`, which does not repeat it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let token = text.trim();
        let fits = token.len() <= 128
            && token
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if fits && token.strip_prefix("cvt_").is_some_and(|rest| !rest.is_empty()) {
            return Ok(Self(Zeroizing::new(token.to_owned())));
        }
        Err(
            Refusal::new(&TOKEN_MALFORMED, format!("{} characters", token.chars().count()))
                .expected("`cvt_` and small letters and digits"),
        )
    }

    /// The token itself.
    fn reveal(&self) -> &str {
        &self.0
    }
}

/// Whose word on the log counts, obtained elsewhere than from this connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTrust {
    /// The key that the log's checkpoints verify under; its name is the log's origin.
    pub log_key: LogKey,
    /// The operator's key, which signs verdicts and refusals.
    pub operator: Hex32,
}

impl LogTrust {
    /// The log's part of an auditor's root of trust.
    ///
    /// # Errors
    /// `log-key-malformed`.
    pub fn from_document(trust: &Trust) -> Result<Self, Refusal> {
        Ok(Self {
            log_key: receipt::log_key(trust.log_key.as_str())?,
            operator: trust.operator,
        })
    }
}

/// How a client behaves.
#[derive(Clone)]
pub struct Options {
    /// Who calls; a bank or an auditor.
    pub token: Option<Token>,
    /// The log's key and operator, where they are known.
    pub trust: Option<LogTrust>,
    /// The time that one call may take, all in all.
    pub timeout: Duration,
    /// The time that an export may stand still.
    pub stall: Duration,
    /// How often a call that an overloaded service puts off is made again.
    pub retries: u32,
    /// The longest time to wait before that; a service that asks for more is not waited for.
    pub wait_max: Duration,
    /// Bytes of an answer.
    pub answer_bytes_max: u64,
    /// Bytes of an export.
    pub export_bytes_max: u64,
    /// Allows http to other machines: whoever is on the way reads everything, the token included.
    pub allow_insecure: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            trust: None,
            timeout: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            retries: 3,
            wait_max: Duration::from_secs(30),
            answer_bytes_max: 64 << 20,
            export_bytes_max: 1 << 40,
            allow_insecure: false,
        }
    }
}

/// A service, as it is called.
pub struct Client {
    transport: Transport,
    trust: Option<LogTrust>,
}

impl Client {
    /// A client of the service at this address, such as `https://covenant.example.org`. Nothing is sent yet.
    ///
    /// # Errors
    /// `service-url-malformed`, `insecure-url`.
    pub fn new(base_url: &str, options: Options) -> Result<Self, Refusal> {
        let base = url::Base::parse(base_url, options.allow_insecure)?;
        let trust = options.trust.clone();
        Ok(Self {
            transport: Transport::new(base, options)?,
            trust,
        })
    }

    /// The address, in its one spelling.
    pub fn address(&self) -> &str {
        self.transport.base().as_str()
    }

    /// Pins the log: from now on every receipt must hold under this key, and every verdict under the operator's.
    pub fn pin(&mut self, trust: LogTrust) {
        self.trust = Some(trust);
    }

    /// Which log this is. Where it is pinned, it must be that one.
    ///
    /// # Errors
    /// `log-key-changed`, `service-answer-malformed`, and what every call may be refused with: `service-unreachable`,
    /// `service-overloaded`, `service-redirects`, a code of the service, `service-refused`.
    pub fn log_info(&self) -> Result<LogInfo, Refusal> {
        let info: LogInfo = self.transport.get_json("/v1/log")?;
        if info.log_key.name() != info.origin.as_str() {
            return Err(transport::malformed("/v1/log", "the log's key is of another name")
                .expected(format!("a key of {}", info.origin)));
        }
        let changed = |what: &str, found: String, known: String| {
            Refusal::new(&LOG_KEY_CHANGED, format!("{what} {found}"))
                .at(self.address())
                .expected(known)
        };
        if let Some(trust) = &self.trust {
            if trust.log_key != info.log_key {
                let (found, known) = (info.log_key.to_string(), trust.log_key.to_string());
                return Err(changed("the log has the key", found, known));
            }
            if trust.operator != info.operator {
                let (found, known) = (info.operator.to_string(), trust.operator.to_string());
                return Err(changed("the operator has the key", found, known));
            }
        }
        Ok(info)
    }

    /// The invitation of this id, as the bank signed it. Whose the signature is, is for the caller to check.
    ///
    /// # Errors
    /// `unknown-invitation`; `service-answer-malformed` where the document is another one; as [`Client::log_info`].
    pub fn invitation(&self, id: &Hex32) -> Result<Signed<Invitation>, Refusal> {
        let path = format!("/v1/invitations/{id}");
        let invitation: Signed<Invitation> = self.transport.get_json(&path)?;
        check::is_named(&path, "the invitation", invitation.unverified(), id)?;
        Ok(invitation)
    }

    /// The request of this id, the policy that it names, and how far it has got.
    ///
    /// # Errors
    /// `unknown-request`; `service-answer-malformed` where the documents are others; as [`Client::log_info`].
    pub fn request(&self, id: &Hex32) -> Result<RequestAnswer, Refusal> {
        let path = format!("/v1/requests/{id}");
        let answer: RequestAnswer = self.transport.get_json(&path)?;
        check::is_named(&path, "the request", answer.request.unverified(), id)?;
        let policy = answer.request.unverified().policy;
        check::is_named(&path, "the policy", answer.policy.unverified(), &policy)?;
        Ok(answer)
    }

    /// Sends an enrolment, which the bank will find in its events.
    ///
    /// # Errors
    /// What the log's rules refuse; `receipt-mismatch` where the receipt is of something else, the ledger's codes where it does
    /// not hold; as [`Client::log_info`].
    pub fn post_enrolment(&self, enrolment: &Enrolment) -> Result<Filed, Refusal> {
        let path = "/v1/enrolments";
        let filed: Filed = self.transport.post_json(path, &document::to_json(enrolment)?)?;
        check::enrolment(self.trust.as_ref(), &filed, enrolment)?;
        Ok(filed)
    }

    /// Sends a signed bundle, byte for byte as it is, and gets the verdict.
    ///
    /// # Errors
    /// What the verifier refuses, with its signed refusal; `receipt-mismatch` where the receipt is not of this bundle's verdict, the
    /// ledger's codes where it does not hold, `wrong-signer` and `wrong-signature` for a verdict of somebody else than the
    /// pinned operator; as [`Client::log_info`].
    pub fn post_proof(&self, bundle: &[u8]) -> Result<Proven, ProofRefused> {
        let signed: Signed<Bundle> = Signed::from_json(bundle)?;
        let answer = self.transport.post("/v1/proofs", JSON, bundle, JSON)?;
        let proven: Proven = match answer.json() {
            Ok(proven) => proven,
            Err(refused) => return Err(self.signed_no(&refused, bundle)?),
        };
        check::proven(self.trust.as_ref(), &proven, &signed)?;
        Ok(proven)
    }

    /// Sends many signed bundles in one call; one answer for each, in their order.
    ///
    /// # Errors
    /// What refuses the call as a whole, as [`Client::log_info`]; `malformed-document` for more than [`BATCH_MAX`]. What refuses one
    /// bundle stands in its place.
    pub fn post_proofs(&self, bundles: &[Signed<Bundle>]) -> Result<Vec<Result<Proven, ProofRefused>>, Refusal> {
        let path = "/v1/proofs/batch";
        if bundles.len() > BATCH_MAX {
            let what = format!("{} bundles", bundles.len());
            return Err(Refusal::new(&MALFORMED_DOCUMENT, what).expected(format!("at most {BATCH_MAX} at once")));
        }
        if bundles.is_empty() {
            return Ok(Vec::new());
        }
        let lines = bundles.iter().map(answers::line).collect::<Result<Vec<_>, _>>()?;
        let answer = self.transport.post(path, NDJSON, lines.concat().as_bytes(), NDJSON)?;
        let answered = answers::batch(path, &answer.success()?, bundles.len())?;
        let each = answered.into_iter().zip(bundles).zip(&lines);
        let judged = each.map(|((answered, bundle), line)| match answered {
            Ok(proven) => check::proven(self.trust.as_ref(), &proven, bundle)
                .map(|()| *proven)
                .map_err(ProofRefused::from),
            Err(no) => Err(self
                .signed_no(&no, line.trim_end().as_bytes())
                .unwrap_or_else(ProofRefused::from)),
        });
        Ok(judged.collect())
    }

    /// A refusal with the signed answer that came with it, which must be the pinned operator's, and on these bytes.
    fn signed_no(&self, no: &problem::Said, sent: &[u8]) -> Result<ProofRefused, Refusal> {
        let operator = self.trust.as_ref().map(|trust| trust.operator);
        no.with_answer(sent, operator.as_ref())
    }
}
