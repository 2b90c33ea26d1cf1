//! The rules of the log: what a record must fit, what it claims, and what it changes.

use covenant_policy::refusal::Refusal;

use super::cells;
use super::record::Record;
use super::view::{State, View, Vouched};
use crate::documents::{Bundle, StatementBasis, Verdict};
use crate::refusals::{VERDICT_MISMATCH, WRONG_TIME};
use crate::sign::{Signed, Verified};
use crate::types::{FieldElement, Hex32, UtcTime};
use crate::verdict::{Facts as _, Judged, judge};

mod admit;
mod applicant;
mod bank;
mod keys;

/// Enrolments that may answer one invitation: whoever knows the invitation can send one, and only the bank can tell which was
/// made with the code.
pub const ENROLMENTS_MAX: u8 = 8;
/// How far the time in a verdict may lie from the time at which the log wrote it down, in seconds.
pub const VERDICT_DELAY_S_MAX: u64 = 900;
/// How far ahead of the log's clock the time in a bank's document may lie, in seconds: clocks differ.
pub const AHEAD_S_MAX: u64 = 900;

/// What recording a record means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The entry's kind.
    pub kind: &'static str,
    /// The stream that it begins or continues.
    pub stream: Hex32,
    /// What it claims, that nobody may have claimed before, nor ever after.
    pub unique: Vec<Vec<u8>>,
    /// The cells that it rests on, and the version of each.
    pub expect: Vec<(Vec<u8>, Option<u64>)>,
    /// The cells that it sets.
    pub set: Vec<(Vec<u8>, Vec<u8>)>,
    /// The entry's body.
    pub body: Vec<u8>,
    /// Blobs that the body names.
    pub blobs: Vec<Vec<u8>>,
}

/// A plan, and for a verdict the proof that is still to be checked.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The document that was filed, for [`Shelf::keep`](super::Shelf::keep) once it stands in the log.
    pub document: Option<Vouched>,
    /// What was judged: every condition of the verdict but its proofs, which are still to be decoded and checked.
    pub judged: Option<Judged>,
}

/// The part of a plan that each kind of record decides.
struct Effects {
    stream: Hex32,
    unique: Vec<Vec<u8>>,
    set: Vec<(Vec<u8>, Vec<u8>)>,
    blobs: Vec<Vec<u8>>,
    document: Option<Vouched>,
}

impl Effects {
    fn of(stream: Hex32, unique: Vec<u8>) -> Self {
        Self {
            stream,
            unique: vec![unique],
            set: Vec::new(),
            blobs: Vec::new(),
            document: None,
        }
    }

    fn set(mut self, cell: Vec<u8>, value: impl Into<Vec<u8>>) -> Self {
        self.set.push((cell, value.into()));
        self
    }

    fn plan<S: State>(self, view: View<'_, S>, record: &Record) -> Result<Plan, Refusal> {
        Ok(Plan {
            kind: record.kind(),
            stream: self.stream,
            unique: self.unique,
            expect: view.into_read(),
            set: self.set,
            body: record.to_bytes()?,
            blobs: self.blobs,
        })
    }
}

/// What a document claims: that it stands in the log once as its author's word. Two banks may publish the same policy.
pub fn document_claim(author: &Hex32, id: &Hex32) -> Vec<u8> {
    [b"document\0".as_slice(), &author.0, &id.0].concat()
}

/// What a verdict claims: that its request was answered.
pub fn request_claim(id: &Hex32) -> Vec<u8> {
    [b"request-used\0".as_slice(), &id.0].concat()
}

/// Plans any record. `time` is the log's clock: now for who writes, the entry's own for who replays.
///
/// A verdict is judged again, all but its proofs, and must be the one in the record.
///
/// # Errors
/// Says which rule the record breaks.
pub fn plan<S: State>(view: View<'_, S>, record: &Record, time: UtcTime) -> Result<Planned, Refusal> {
    let mut effects = match record {
        Record::Verdict { bundle, verdict } => {
            let operator = view.opened()?.operator;
            let verdict = verdict.clone().verify(&operator)?;
            let judged = judge(&view, bundle, verdict.decided)?;
            let plan = plan_verdict(view, &judged, bundle, &verdict, time)?;
            return Ok(Planned {
                plan,
                document: Some(Vouched::new(verdict)),
                judged: Some(judged),
            });
        }
        Record::LogOpened { document } => bank::log_opened(&view, document, time)?,
        Record::KeyRegistration(filed) => keys::registration(&view, filed, time)?,
        Record::KeyRetirement(filed) => keys::retirement(&view, filed, time)?,
        Record::Participant(filed) => bank::participant(&view, filed, time)?,
        Record::AttestorGrant(filed) => bank::attestor_grant(&view, filed, time)?,
        Record::AttestorRevocation(filed) => bank::attestor_revocation(&view, filed, time)?,
        Record::Policy(filed) => bank::policy(&view, filed)?,
        Record::PinnedKey(filed) => keys::pinned(&view, filed, time)?,
        Record::Invitation(filed) => applicant::invitation(&view, filed, time)?,
        Record::Enrolment { document } => applicant::enrolment(&view, document)?,
        Record::Enrolled(filed) => applicant::enrolled(&view, filed, time)?,
        Record::Request(filed) => applicant::request(&view, filed, time)?,
        Record::Decision(filed) => applicant::decision(&view, filed, time)?,
    };
    Ok(Planned {
        document: effects.document.take(),
        plan: effects.plan(view, record)?,
        judged: None,
    })
}

/// Plans a verdict that was judged through this view.
///
/// # Errors
/// `verdict-mismatch` where the verdict says something else than was judged; `wrong-time`.
pub fn plan_verdict<S: State>(
    view: View<'_, S>,
    judged: &Judged,
    bundle: &Signed<Bundle>,
    verdict: &Verified<Verdict>,
    time: UtcTime,
) -> Result<Plan, Refusal> {
    if *verdict.document() != judged.verdict {
        return Err(Refusal::new(&VERDICT_MISMATCH, "the verdict differs from what the bundle shows").at("verdict"));
    }
    if time.unix_seconds().abs_diff(verdict.decided.unix_seconds()) > VERDICT_DELAY_S_MAX {
        return Err(wrong_time("verdict: decided", verdict.decided, time));
    }
    let request = verdict.request;
    let (_, stream) = view.invitation(&view.request(&request)?.invitation)?;
    let mut effects = Effects::of(stream, request_claim(&request)).set(cells::verdict(&request), []);
    for (tag, versions) in new_versions(&view, verdict)? {
        effects = effects.set(cells::versions(&tag), cells::write_versions(&versions));
    }
    let record = Record::Verdict {
        bundle: bundle.clone(),
        verdict: verdict.to_signed(),
    };
    effects.plan(view, &record)
}

/// A period tag, and the versions accepted under it: link and basis of each.
type Accepted = (FieldElement, Vec<(FieldElement, StatementBasis)>);

/// The versions under each of a verdict's tags that has one more with this verdict. Where figures are proven again that were accepted
/// before, nothing changes, so that many requests for the same figures can be answered at once.
fn new_versions<S: State>(view: &View<'_, S>, verdict: &Verdict) -> Result<Vec<Accepted>, Refusal> {
    let mut seen: Vec<(Accepted, bool)> = Vec::new();
    for (tag, link, basis) in verdict.versions() {
        let place = match seen.iter().position(|((t, _), _)| *t == tag) {
            Some(place) => place,
            None => {
                seen.push(((tag, view.versions(&tag)?), false));
                seen.len() - 1
            }
        };
        if let Some(((_, versions), changed)) = seen.get_mut(place)
            && !versions.contains(&(link, basis))
        {
            versions.push((link, basis));
            *changed = true;
        }
    }
    let changed = seen.into_iter().filter(|(_, changed)| *changed);
    Ok(changed.map(|(accepted, _)| accepted).collect())
}

fn wrong_time(place: &str, found: UtcTime, time: UtcTime) -> Refusal {
    Refusal::new(&WRONG_TIME, format!("it says {found}, and the log's clock {time}")).at(place)
}
