//! Records: what the body of a log's entry says.
//!
//! A body is a record's compact JSON, which has one spelling: what does not write to the same bytes again is refused.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::documents::{
    AttestorGrant, AttestorRevocation, Bank, Bundle, Decision, Enrolled, Enrolment, Filing, Invitation, KeyManifest,
    KeyRetirement, LogOpened, PinnedKey, Policy, Request, Verdict,
};
use crate::refusals::{NOT_CANONICAL, UNENCODABLE};
use crate::sign::Signed;
use crate::types::Hex32;

/// A document that a bank, or the operator, files: the document, signed, and its filing, signed by the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filed<T> {
    /// Where it is to stand.
    pub filing: Signed<Filing>,
    /// What it says.
    pub document: Signed<T>,
}

/// What is filed about a key together with the key: a bank's pin, the operator's manifest. The key's bytes are a blob beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiledKey<T = PinnedKey> {
    /// Where it is to stand.
    pub filing: Signed<Filing>,
    /// What it says.
    pub document: Signed<T>,
    /// SHA-256 of the key's bytes.
    pub blob: Hex32,
}

/// The body of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "records are read one at a time, and most are of similar size"
)]
pub enum Record {
    /// Entry 0: the operator opens the log.
    LogOpened {
        /// Signed by the operator.
        document: Signed<LogOpened>,
    },
    /// The operator enters a verifying key into the log's registry.
    KeyRegistration(FiledKey<KeyManifest>),
    /// The operator retires a key of the log's registry.
    KeyRetirement(Filed<KeyRetirement>),
    /// A bank takes part.
    Participant(Filed<Bank>),
    /// A bank admits an attestor's key, or changes its grant.
    AttestorGrant(Filed<AttestorGrant>),
    /// A bank strikes an attestor's key.
    AttestorRevocation(Filed<AttestorRevocation>),
    /// A bank publishes a policy.
    Policy(Filed<Policy>),
    /// A bank relies on a verifying key.
    PinnedKey(FiledKey),
    /// A bank invites a company.
    Invitation(Filed<Invitation>),
    /// Somebody redeems an invitation; whether the one-time code was right, the bank decides.
    Enrolment {
        /// Vouched for by its MAC.
        document: Enrolment,
    },
    /// The bank recognises its applicant.
    Enrolled(Filed<Enrolled>),
    /// A bank asks for a proof.
    Request(Filed<Request>),
    /// The applicant's proof, and what the operator found.
    Verdict {
        /// Signed by the applicant. Its proof is bound to this log, this request and its nonce, so it needs no filing.
        bundle: Signed<Bundle>,
        /// Signed by the operator.
        verdict: Signed<Verdict>,
    },
    /// The bank decides.
    Decision(Filed<Decision>),
}

impl Record {
    /// The kind of a log's entry that holds this record.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LogOpened { .. } => LogOpened::TYPE,
            Self::KeyRegistration(_) => "key-registration",
            Self::KeyRetirement(_) => KeyRetirement::TYPE,
            Self::Participant(_) => "participant",
            Self::AttestorGrant(_) => AttestorGrant::TYPE,
            Self::AttestorRevocation(_) => AttestorRevocation::TYPE,
            Self::Policy(_) => Policy::TYPE,
            Self::PinnedKey(_) => PinnedKey::TYPE,
            Self::Invitation(_) => Invitation::TYPE,
            Self::Enrolment { .. } => Enrolment::TYPE,
            Self::Enrolled(_) => Enrolled::TYPE,
            Self::Request(_) => Request::TYPE,
            Self::Verdict { .. } => Verdict::TYPE,
            Self::Decision(_) => Decision::TYPE,
        }
    }

    /// Where the record says that it stands, and as which act of whom; what needs no filing has none.
    pub fn filing(&self) -> Option<&Signed<Filing>> {
        match self {
            Self::LogOpened { .. } | Self::Enrolment { .. } | Self::Verdict { .. } => None,
            Self::KeyRegistration(filed) => Some(&filed.filing),
            Self::KeyRetirement(filed) => Some(&filed.filing),
            Self::Participant(filed) => Some(&filed.filing),
            Self::AttestorGrant(filed) => Some(&filed.filing),
            Self::AttestorRevocation(filed) => Some(&filed.filing),
            Self::Policy(filed) => Some(&filed.filing),
            Self::PinnedKey(filed) => Some(&filed.filing),
            Self::Invitation(filed) => Some(&filed.filing),
            Self::Enrolled(filed) => Some(&filed.filing),
            Self::Request(filed) => Some(&filed.filing),
            Self::Decision(filed) => Some(&filed.filing),
        }
    }

    /// The bytes of the body.
    ///
    /// # Errors
    /// `unencodable`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        serde_json::to_vec(self).map_err(|e| Refusal::new(&UNENCODABLE, format!("no JSON form: {e}")))
    }

    /// Reads a body.
    ///
    /// # Errors
    /// `not-canonical` where the bytes are not exactly a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|e| Refusal::new(&NOT_CANONICAL, format!("not a record: {e}")))?;
        if record.to_bytes()? != bytes {
            return Err(Refusal::new(
                &NOT_CANONICAL,
                "the bytes are not the record's one spelling",
            ));
        }
        Ok(record)
    }
}

/// Documents that records hold, with who signs them.
pub(super) trait Recorded: Document + Clone + Send + Sync + 'static {
    /// The document in a record, if this is what the record holds.
    fn of(record: Record) -> Option<Signed<Self>>;
}

macro_rules! recorded {
    ($($document:ident from $pattern:pat => $found:expr;)*) => {
        $(impl Recorded for $document {
            fn of(record: Record) -> Option<Signed<Self>> {
                match record {
                    $pattern => Some($found),
                    _ => None,
                }
            }
        })*
    };
}

recorded! {
    KeyManifest from Record::KeyRegistration(filed) => filed.document;
    KeyRetirement from Record::KeyRetirement(filed) => filed.document;
    LogOpened from Record::LogOpened { document } => document;
    Bank from Record::Participant(filed) => filed.document;
    AttestorGrant from Record::AttestorGrant(filed) => filed.document;
    AttestorRevocation from Record::AttestorRevocation(filed) => filed.document;
    Policy from Record::Policy(filed) => filed.document;
    PinnedKey from Record::PinnedKey(filed) => filed.document;
    Invitation from Record::Invitation(filed) => filed.document;
    Enrolled from Record::Enrolled(filed) => filed.document;
    Request from Record::Request(filed) => filed.document;
    Verdict from Record::Verdict { verdict, .. } => verdict;
    Decision from Record::Decision(filed) => filed.document;
}
