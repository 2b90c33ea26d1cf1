//! What is on record about a request: an application, as the bank sees it.

use std::sync::Arc;

use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::{Decision, Invitation, Outcome, Request, Verdict};
use covenant_api::log::{Record, State as _, View, cells};
use covenant_api::refusals::LOG_DAMAGED;
use covenant_api::sign::Verified;
use covenant_api::types::{Hex32, UtcTime};
use covenant_ledger::Ledger;
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Records;
use crate::app::App;

/// A document with its place in the log.
#[derive(Debug, Clone)]
pub struct Entered<T> {
    /// The entry's index.
    pub index: u64,
    /// The document.
    pub document: Arc<Verified<T>>,
}

/// How far an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The bank asked, and waits for the proof.
    Asked,
    /// No proof came in time.
    Expired,
    /// There is a verdict, and no decision yet.
    Answered,
    /// The bank approved.
    Approved,
    /// The bank refused.
    Refused,
}

/// Everything on record about one request.
#[derive(Debug, Clone)]
pub struct OnRecord {
    /// The bank that asked.
    pub bank: Hex32,
    /// What was asked.
    pub request: Entered<Request>,
    /// Who was asked.
    pub invitation: Entered<Invitation>,
    /// The applicant's stream.
    pub stream: Hex32,
    /// By which policy.
    pub policy: Arc<CheckedPolicy>,
    /// What was shown.
    pub verdict: Option<Entered<Verdict>>,
    /// What the bank decided.
    pub decision: Option<Entered<Decision>>,
}

impl OnRecord {
    /// Reads it.
    ///
    /// # Errors
    /// `unknown-request`; faults of the store.
    pub fn read(app: &App, request: &Hex32) -> Result<Self, Refusal> {
        let records = Records(app.log.ledger());
        let view = View::new(&records, &app.shelf);
        let document = view.request(request)?;
        let bank = document.signer();
        let (invitation, stream) = view.invitation(&document.invitation)?;
        let policy = view.policy(&bank, &document.policy)?;
        let verdict = match view.verdict(request)? {
            None => None,
            Some(document) => Some(entered(&view, cells::verdict(request), document)?),
        };
        Ok(Self {
            bank,
            invitation: entered(&view, cells::invitation(&document.invitation), invitation)?,
            request: entered(&view, cells::request(request), document)?,
            stream,
            policy,
            verdict,
            decision: decision(&view, &bank, request)?,
        })
    }

    /// As [`OnRecord::read`], for a bank: another bank's request is as good as none.
    ///
    /// # Errors
    /// `unknown-request`; faults of the store.
    pub fn of_bank(app: &App, bank: &Hex32, request: &Hex32) -> Result<Self, Refusal> {
        let found = Self::read(app, request)?;
        if found.bank == *bank {
            return Ok(found);
        }
        Err(unknown(&request.to_string()))
    }

    /// How far it is at this time.
    pub fn stage(&self, now: UtcTime) -> Stage {
        match (&self.decision, &self.verdict) {
            (Some(decision), _) if decision.document.outcome == Outcome::Approved => Stage::Approved,
            (Some(_), _) => Stage::Refused,
            (None, Some(_)) => Stage::Answered,
            (None, None) if now > self.request.document.expires => Stage::Expired,
            (None, None) => Stage::Asked,
        }
    }
}

/// The refusal for a request that there is not, or not for this caller: both read the same.
pub fn unknown(id: &str) -> Refusal {
    Refusal::new(&covenant_api::refusals::UNKNOWN_REQUEST, id)
}

type LedgerView<'a> = View<'a, Records<'a>>;

/// A document beside the index that its cell names.
fn entered<T>(view: &LedgerView<'_>, cell: Vec<u8>, document: Arc<Verified<T>>) -> Result<Entered<T>, Refusal> {
    let cell = view.cell(cell)?;
    let index = cell
        .ok_or_else(|| Refusal::new(&LOG_DAMAGED, "a document without its cell"))?
        .version;
    Ok(Entered { index, document })
}

fn decision(view: &LedgerView<'_>, bank: &Hex32, request: &Hex32) -> Result<Option<Entered<Decision>>, Refusal> {
    let Some(cell) = view.cell(cells::decision(request))? else {
        return Ok(None);
    };
    let index = cell.version;
    match view.record(index)? {
        Record::Decision(filed) => Ok(Some(Entered {
            index,
            document: Arc::new(filed.document.verify(bank)?),
        })),
        other => Err(misplaced(index, &other, "decision")),
    }
}

/// The refusal where an entry holds another record than its cell says.
fn misplaced(index: u64, found: &Record, expected: &str) -> Refusal {
    let what = format!("entry {index} holds a record of kind {}", found.kind());
    Refusal::new(&LOG_DAMAGED, what).expected(expected)
}

/// A bank as it took part, if it does.
///
/// # Errors
/// Faults of the store.
pub fn participant(ledger: &Ledger, bank: &Hex32) -> Result<Option<Verified<covenant_api::documents::Bank>>, Refusal> {
    let records = Records(ledger);
    let Some(cell) = records.cell(&cells::participant(bank))? else {
        return Ok(None);
    };
    match records.record(cell.version)? {
        Record::Participant(filed) => filed.document.verify(bank).map(Some),
        other => Err(misplaced(cell.version, &other, "participant")),
    }
}
