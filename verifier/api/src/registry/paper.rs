//! What a bank files: its own documents, whatever their type, and the body in which each travels to a log's service.

use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::{Document, write_json};
use crate::documents::{
    AttestorGrant, AttestorRevocation, Bank, Decision, Enrolled, Filing, Invitation, PinnedKey, Policy, Request,
};
use crate::refusals::{MALFORMED_DOCUMENT, WRONG_DOCUMENT_TYPE};
use crate::sign::{Signed, Verified};
use crate::types::Hex32;

/// Where a document stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// It begins the bank's stream.
    BeginsBank,
    /// In the bank's stream.
    InBank,
    /// It begins its applicant's stream.
    BeginsApplicant,
    /// In the stream of the applicant of this invitation.
    InApplicant(Hex32),
    /// In the stream of the applicant of this request.
    InRequest(Hex32),
}

/// The body of a submission: a document, its filing, and for a pinned key the key.
#[derive(Serialize)]
struct Submission<'a, T> {
    filing: Signed<Filing>,
    document: Signed<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// The same, read before the document's type is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loose {
    filing: Signed<Filing>,
    document: Value,
    key: Option<String>,
}

macro_rules! papers {
    ($($document:ident $name:ident => $stands:expr;)*) => {
        /// A bank's own document, its signature checked.
        pub(super) enum Paper {
            $($document(Verified<$document>),)*
        }

        impl Paper {
            /// Reads a document, whose type its envelope names.
            pub(super) fn from_json(bytes: &[u8], bank: &Hex32) -> Result<Self, Refusal> {
                let known = [$($document::TYPE),*];
                let found = type_of(bytes)?;
                match found.as_str() {
                    $($document::TYPE => Ok(Self::$document(Signed::from_json(bytes)?.verify(bank)?)),)*
                    _ => {
                        let found: String = found.chars().take(64).collect();
                        let what = format!("a document of type {found:?}");
                        Err(Refusal::new(&WRONG_DOCUMENT_TYPE, what).at("type").expected(known.join(", ")))
                    }
                }
            }

            pub(super) fn id(&self) -> Hex32 {
                match self { $(Self::$document(document) => document.id(),)* }
            }

            pub(super) fn kind(&self) -> &'static str {
                match self { $(Self::$document(_) => $document::TYPE,)* }
            }

            pub(super) fn stands(&self) -> Stands {
                match self { $(Self::$document($name) => $stands,)* }
            }

            /// The body of its submission.
            pub(super) fn submission(&self, filing: &Verified<Filing>, key: Option<&str>) -> Result<Vec<u8>, Refusal> {
                match self {
                    $(Self::$document(document) => {
                        write_json(&Submission { filing: filing.to_signed(), document: document.to_signed(), key })
                    })*
                }
            }
        }
    };
}

papers! {
    Bank _bank => Stands::BeginsBank;
    AttestorGrant _grant => Stands::InBank;
    AttestorRevocation _revocation => Stands::InBank;
    Policy _policy => Stands::InBank;
    PinnedKey _key => Stands::InBank;
    Invitation _invitation => Stands::BeginsApplicant;
    Enrolled enrolled => Stands::InApplicant(enrolled.invitation);
    Request request => Stands::InApplicant(request.invitation);
    Decision decision => Stands::InRequest(decision.request);
}

/// A submission as it was read back.
pub(super) struct Read {
    pub(super) filing: Verified<Filing>,
    pub(super) paper: Paper,
    pub(super) key: Option<String>,
}

/// Reads a submission that this bank wrote: the bytes are exactly those that it would write again.
pub(super) fn read(bytes: &[u8], bank: &Hex32) -> Result<Read, Refusal> {
    let malformed = |what: String| Refusal::new(&MALFORMED_DOCUMENT, what);
    let loose: Loose = serde_json::from_slice(bytes).map_err(|e| malformed(e.to_string()))?;
    let document = serde_json::to_vec(&loose.document).map_err(|e| malformed(e.to_string()))?;
    let paper = Paper::from_json(&document, bank)?;
    let filing = loose.filing.verify(bank)?;
    if filing.document != paper.id() {
        return Err(malformed(format!("the filing is of {}", filing.document)).expected(paper.id().to_string()));
    }
    if paper.submission(&filing, loose.key.as_deref())? != bytes {
        return Err(malformed(
            "the bytes are not those of a filing that this program writes".into(),
        ));
    }
    Ok(Read {
        filing,
        paper,
        key: loose.key,
    })
}

/// What stands in `type`, of an envelope that nobody has looked at yet.
fn type_of(bytes: &[u8]) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Header {
        r#type: String,
    }
    let header: Header =
        serde_json::from_slice(bytes).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, format!("no document: {e}")))?;
    Ok(header.r#type)
}
