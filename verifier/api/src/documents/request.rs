//! A bank asks its applicant for a proof: one policy, one day, one answer.

use serde::{Deserialize, Serialize};

use super::grant::AcceptedAttestor;
use crate::document::Document;
use crate::ids::prefix;
use crate::types::{FieldElement, Hex32, IsoDate, LogOrigin, Text, UtcTime};

/// A request, signed by the bank. Its id is the document's; the nonce makes it unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The policy's id.
    pub policy: Hex32,
    /// The invitation's id.
    pub invitation: Hex32,
    /// The applicant's pseudonym towards this bank.
    pub nym: FieldElement,
    /// The statement to prove ("covenant/compliance/v1").
    pub statement: Text,
    /// The verifying key's id.
    pub verifying_key: Hex32,
    /// The attestors that count: those of the policy that the bank's registry grants. If one of them is struck, the request
    /// can no longer be answered.
    pub attestors: Vec<AcceptedAttestor>,
    /// The log in which the verdict will be recorded; `offline` where there is none.
    pub log_origin: LogOrigin,
    /// The day from which ages count.
    pub as_of: IsoDate,
    /// 32 random bytes.
    pub nonce: Hex32,
    /// When it was signed.
    pub issued: UtcTime,
    /// Until when it can be answered.
    pub expires: UtcTime,
}

impl Document for Request {
    const TYPE: &'static str = "request";
    const PREFIX: &'static str = prefix::REQUEST;
}
