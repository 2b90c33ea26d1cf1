//! What the service says where it says yes. Every field is known; one that is not refuses the answer.

use covenant_ledger::LogKey;
use covenant_policy::refusal::Refusal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::problem::{self, Problem, Said};
use super::transport::malformed;
use crate::documents::{Bundle, Policy, Request, Verdict};
use crate::log::Record;
use crate::receipt::{self, Receipt};
use crate::refusals::UNENCODABLE;
use crate::sign::Signed;
use crate::types::{Hex32, LogOrigin, Name, TierName, UtcTime};

/// Which log the service keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogInfo {
    /// Its origin.
    pub origin: LogOrigin,
    /// The key that its checkpoints verify under.
    #[serde(deserialize_with = "log_key")]
    pub log_key: LogKey,
    /// The operator's key, which signs verdicts and refusals.
    pub operator: Hex32,
    /// Entries under the last checkpoint.
    pub size: u64,
}

fn log_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogKey, D::Error> {
    let text = String::deserialize(deserializer)?;
    receipt::log_key(&text).map_err(|refusal| D::Error::custom(refusal.what))
}

/// How far a request has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// It can be answered.
    Open,
    /// Nobody answered in time.
    Expired,
    /// A verdict is on record; the bank has not decided.
    Answered,
    /// The bank approved.
    Approved,
    /// The bank refused.
    Refused,
}

/// A request and the policy that it names, as the bank signed them. Whose the signatures are, is for the caller to check.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestAnswer {
    /// The request, of the id that was asked for.
    pub request: Signed<Request>,
    /// The policy, of the id that the request names.
    pub policy: Signed<Policy>,
    /// How far it has got.
    pub state: RequestState,
}

/// A document stands in the log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filed {
    /// Its entry.
    pub index: u64,
    /// The document's id.
    pub id: Hex32,
    /// The entry's receipt, which is of what was sent.
    pub receipt: Receipt,
}

/// A proof was verified, and its verdict stands in the log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proven {
    /// Its entry.
    pub index: u64,
    /// The tier.
    pub tier: TierName,
    /// The verdict.
    pub verdict: Signed<Verdict>,
    /// The entry's receipt, which is of the bundle that was sent and of this verdict.
    pub receipt: Receipt,
}

/// A bank, as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Its first key.
    pub bank: Hex32,
    /// Its name.
    pub name: Name,
    /// The stream of its own acts.
    pub stream: Hex32,
    /// The number of its next filing.
    pub number: u64,
    /// The entry with which it began to take part.
    pub index: u64,
}

/// An entry that concerns a bank.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its place in the log.
    pub index: u64,
    /// When it was written down.
    pub time: Option<UtcTime>,
    /// What was recorded; nothing where it was erased.
    pub record: Option<Record>,
}

/// An entry about an applicant, for whoever holds the invitation's id.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationEvent {
    /// Its place in the log.
    pub index: u64,
    /// When it was written down.
    pub time: Option<UtcTime>,
    /// The kind of its record.
    pub kind: String,
    /// The record's document; nothing where it was erased.
    pub document: Option<Value>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events<E> {
    /// In log order.
    pub events: Vec<E>,
    /// The first index to ask for next, also where nothing matched.
    pub next: u64,
}

/// An event's place in the log.
pub(super) trait Indexed {
    fn index(&self) -> u64;
}

impl Indexed for Event {
    fn index(&self) -> u64 {
        self.index
    }
}

impl Indexed for InvitationEvent {
    fn index(&self) -> u64 {
        self.index
    }
}

/// An entry, and where it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryAnswer {
    pub(super) index: u64,
    pub(super) entry: String,
}

/// An inclusion proof.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InclusionAnswer {
    pub(super) index: u64,
    pub(super) size: u64,
    pub(super) hashes: Vec<String>,
}

/// A consistency proof.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsistencyAnswer {
    pub(super) old: u64,
    pub(super) new: u64,
    pub(super) hashes: Vec<String>,
}

/// A bundle as a line of a batch.
pub(super) fn line(bundle: &Signed<Bundle>) -> Result<String, Refusal> {
    let line = serde_json::to_string(bundle).map_err(|e| Refusal::new(&UNENCODABLE, format!("no JSON form: {e}")))?;
    Ok(line + "\n")
}

/// The answer to one line of a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    line: u64,
    status: u16,
    index: Option<u64>,
    tier: Option<TierName>,
    verdict: Option<Signed<Verdict>>,
    receipt: Option<Receipt>,
    problem: Option<Problem>,
}

/// A bundle's answer, before anything in it is checked.
pub(super) type Judged = Result<Box<Proven>, Box<Said>>;

/// The answers to a batch: one for each line, numbered from 1 in their order.
pub(super) fn batch(path: &str, body: &[u8], sent: usize) -> Result<Vec<Judged>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| malformed(path, "not UTF-8"))?;
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() != sent {
        let what = format!("{} lines", lines.len());
        return Err(malformed(path, what).expected(format!("{sent}, one for each bundle")));
    }
    let numbered = lines.into_iter().zip(1..);
    numbered.map(|(text, number)| one(path, text, number)).collect()
}

fn one(path: &str, text: &str, number: u64) -> Result<Judged, Refusal> {
    let place = format!("{path}, line {number}");
    let line: Line = serde_json::from_str(text).map_err(|e| malformed(&place, e.to_string()))?;
    if line.line != number {
        return Err(malformed(&place, format!("it is numbered {}", line.line)));
    }
    match (line.index, line.tier, line.verdict, line.receipt, line.problem) {
        (Some(index), Some(tier), Some(verdict), Some(receipt), None) if matches!(line.status, 200 | 201) => {
            Ok(Ok(Box::new(Proven {
                index,
                tier,
                verdict,
                receipt,
            })))
        }
        (None, None, None, None, Some(problem)) if problem.status() == line.status => {
            Ok(Err(problem::of(&place, problem)?))
        }
        _ => Err(malformed(&place, "neither a verdict nor a problem")),
    }
}
