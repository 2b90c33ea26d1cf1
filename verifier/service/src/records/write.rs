//! Records what a caller filed: planned by the rules of the log, appended, answered with a receipt.
//!
//! The rules read without a lock, and the ledger decides in log order whether what they read still holds. Where it does not, the
//! record is planned again on what is there now, a bounded number of times.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use covenant_api::log::{self, Record, State, View, Vouched};
use covenant_api::refusals::{ALREADY_RECORDED, REQUEST_USED};
use covenant_api::types::Hex32;
use covenant_api::{document::Document as _, host};
use covenant_ledger::{AppendError, Appended, Draft, Receipt};
use covenant_policy::refusal::Refusal;
use sha2::{Digest as _, Sha256};

use super::{Records, draft};
use crate::app::App;
use crate::http::{Caller, Problem};
use crate::idempotency::{IdempotencyKey, Seen};
use crate::log::Pending;
use crate::metrics::{Metrics, Stage};
use crate::refusals::{INTERNAL_FAULT, OVERLOADED};

/// How often a record is planned when others keep changing what it rests on.
pub const TRIES_MAX: usize = 16;

/// Who asks, under which idempotency key, and the body as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who.
    pub caller: Caller,
    /// The key, if there is one.
    pub key: IdempotencyKey,
    /// The body.
    pub body: Bytes,
}

/// An entry that is durable.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its index.
    pub index: u64,
    /// What it says.
    pub record: Record,
    /// Its receipt.
    pub receipt: Receipt,
    /// Whether it was there before this call.
    pub again: bool,
}

impl Recorded {
    /// The id of the document that the record is about.
    ///
    /// # Errors
    /// `unencodable`.
    pub fn id(&self) -> Result<Hex32, Refusal> {
        match (&self.record, self.record.filing()) {
            (_, Some(filing)) => Ok(filing.unverified().document),
            (Record::LogOpened { document }, _) => document.unverified().id(),
            (Record::Enrolment { document }, _) => document.id(),
            (Record::Verdict { verdict, .. }, _) => verdict.unverified().id(),
            _ => Err(Refusal::new(&INTERNAL_FAULT, "a record without a document")),
        }
    }
}

/// A ledger's records with a blob that is still to be recorded: a key that is being pinned or registered.
pub(super) struct WithBlob<'a> {
    pub(super) records: Records<'a>,
    pub(super) blob: Option<&'a (Hex32, Vec<u8>)>,
}

impl State for WithBlob<'_> {
    fn cell(&self, name: &[u8]) -> Result<Option<log::Cell>, Refusal> {
        self.records.cell(name)
    }

    fn record(&self, index: u64) -> Result<Record, Refusal> {
        self.records.record(index)
    }

    fn blob(&self, sha256: &Hex32) -> Result<Vec<u8>, Refusal> {
        match self.blob {
            Some((name, bytes)) if name == sha256 => Ok(bytes.clone()),
            _ => self.records.blob(sha256),
        }
    }
}

/// The name of a blob: its SHA-256.
pub fn blob_name(bytes: &[u8]) -> Hex32 {
    Hex32(Sha256::digest(bytes).into())
}

/// How far one try came.
pub enum Step<T> {
    /// The same call was done before.
    Done(Box<Recorded>),
    /// It is new, and this far.
    New(T),
}

/// A submission on its way.
pub struct Submitted {
    pending: Pending,
    /// What the draft claimed, to say what was taken.
    unique: Vec<Vec<u8>>,
}

/// What became of a submission.
pub enum Fate {
    /// It is an entry.
    Recorded(Box<Appended>),
    /// What it rested on has changed: try again.
    Changed,
    /// It is not.
    Refused(Problem),
}

impl Submitted {
    /// Hands a draft to the ledger.
    ///
    /// # Errors
    /// When the queue is full, or the ledger has stopped.
    pub fn new(app: &App, draft: Draft) -> Result<Self, Problem> {
        let unique = draft.unique.clone();
        let pending = app.log.submit(draft)?;
        Ok(Self { pending, unique })
    }

    /// Waits until it is decided and durable.
    pub async fn fate(self, metrics: &Metrics) -> Fate {
        let began = Instant::now();
        let outcome = self.pending.outcome().await;
        metrics.stage(Stage::Append, began.elapsed());
        match outcome {
            Ok(appended) => Fate::Recorded(Box::new(appended)),
            Err(AppendError::Expectation { .. }) => Fate::Changed,
            Err(AppendError::UniqueTaken { position, index }) => {
                Fate::Refused(taken(self.unique.get(position), index).into())
            }
            Err(error) => Fate::Refused(error.into()),
        }
    }
}

/// What a claim that was taken before says about the record.
fn taken(claim: Option<&Vec<u8>>, index: u64) -> Refusal {
    if claim.is_some_and(|claim| claim.starts_with(b"request-used\0")) {
        return Refusal::new(&REQUEST_USED, format!("it was answered in entry {index}"))
            .at("bundle: request")
            .expected("a request without a verdict");
    }
    Refusal::new(&ALREADY_RECORDED, format!("in entry {index}"))
}

/// Records something, once.
///
/// # Errors
/// What the rules of the log say; `idempotency-key-reused`; when the ledger does not write.
pub async fn record(app: &Arc<App>, call: Call, record: Record, blob: Option<Vec<u8>>) -> Result<Recorded, Problem> {
    let record = Arc::new(record);
    let blob = Arc::new(blob.map(|bytes| (blob_name(&bytes), bytes)));
    for _ in 0..TRIES_MAX {
        let (asked, planned, bytes) = (call.clone(), Arc::clone(&record), Arc::clone(&blob));
        let step = app
            .blocking(move |app| unless_done(app, &asked, |seen| plan(app, &planned, bytes.as_ref().as_ref(), seen)));
        let (submitted, document) = match step.await? {
            Step::Done(recorded) => return Ok(*recorded),
            Step::New(planned) => planned,
        };
        match submitted.fate(&app.metrics).await {
            Fate::Recorded(appended) => {
                if let Some(document) = document {
                    app.shelf.keep(appended.index, document);
                }
                return app
                    .metrics
                    .timed(Stage::Answer, || recorded(*appended, Record::clone(&record)));
            }
            Fate::Changed => {}
            Fate::Refused(problem) => return done_or(app, call, problem).await,
        }
    }
    Err(contended().into())
}

/// The refusal where others kept changing what a record rests on.
pub fn contended() -> Refusal {
    Refusal::new(&OVERLOADED, "others keep changing what this rests on")
}

fn plan(
    app: &App,
    record: &Record,
    blob: Option<&(Hex32, Vec<u8>)>,
    seen: Seen,
) -> Result<(Submitted, Option<Vouched>), Problem> {
    let state = WithBlob {
        records: Records(app.log.ledger()),
        blob,
    };
    let planned = log::plan(View::new(&state, &app.shelf), record, host::now()?)?;
    Ok((Submitted::new(app, draft(planned.plan, seen)?)?, planned.document))
}

/// Looks the call's key up, and does the work where it is new. A refusal may rest on this very call having overtaken itself, so the
/// key is looked up once more before anybody is refused.
///
/// # Errors
/// What the work says; `idempotency-key-reused`.
pub fn unless_done<T>(
    app: &App,
    call: &Call,
    work: impl FnOnce(Seen) -> Result<T, Problem>,
) -> Result<Step<T>, Problem> {
    let look_up = || call.key.look_up(app.log.ledger(), &call.caller, &call.body);
    let done = |index| Ok(Step::Done(Box::new(replay(app, index)?)));
    let refused = match look_up()? {
        Seen::Replay(index) => return done(index),
        fresh @ Seen::Fresh { .. } => match work(fresh) {
            Ok(far) => return Ok(Step::New(far)),
            Err(problem) => problem,
        },
    };
    match look_up()? {
        Seen::Replay(index) => done(index),
        Seen::Fresh { .. } => Err(refused),
    }
}

/// A refusal of the ledger's, unless the call's key is in the log by now.
///
/// # Errors
/// The problem, or `idempotency-key-reused`.
pub async fn done_or(app: &Arc<App>, call: Call, problem: Problem) -> Result<Recorded, Problem> {
    let step = app.blocking(move |app| unless_done(app, &call, |_| Err::<Infallible, _>(problem)));
    match step.await? {
        Step::Done(recorded) => Ok(*recorded),
        Step::New(never) => match never {},
    }
}

/// An entry that was just written.
///
/// # Errors
/// `internal-fault` where its receipt cannot be made.
pub fn recorded(appended: Appended, record: Record) -> Result<Recorded, Problem> {
    let index = appended.index;
    let receipt = appended.receipt()?;
    Ok(Recorded {
        index,
        record,
        receipt,
        again: false,
    })
}

/// An entry that was written before, with a receipt under the last checkpoint.
fn replay(app: &App, index: u64) -> Result<Recorded, Problem> {
    let records = Records(app.log.ledger());
    records.settled(index)?;
    let record = records.record(index)?;
    let receipt = app.log.ledger().receipt(index)?;
    Ok(Recorded {
        index,
        record,
        receipt,
        again: true,
    })
}
