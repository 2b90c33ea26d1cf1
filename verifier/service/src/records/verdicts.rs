//! From a bundle to a recorded verdict, or to a signed no.
//!
//! A bundle is judged on the blocking pool, all but its proof; the proof is checked in a batch with others; only then is the verdict
//! signed, planned and appended. What was read while judging is not read again, and is expected to be the same when the ledger decides,
//! so that a revocation in between, or another answer to the same request, is never overlooked.

use std::sync::Arc;

use covenant_api::documents::{Bundle, Refused};
use covenant_api::log::{Cells, Record, View, plan_verdict};
use covenant_api::sign::Signed;
use covenant_api::types::Text;
use covenant_api::verdict::{Judged, JudgedProof, Unchecked, judge};
use covenant_api::{host, ids};
use covenant_policy::refusal::Refusal;

use super::write::{Call, Fate, Recorded, Step, Submitted, TRIES_MAX, contended, done_or, recorded, unless_done};
use super::{Records, draft};
use crate::app::App;
use crate::http::Problem;
use crate::idempotency::Seen;
use crate::metrics::Stage;
use crate::refusals::{IDEMPOTENCY_KEY_REUSED, INTERNAL_FAULT};

/// The domain of the hash by which a signed no names what was sent.
const SENT: &str = "covenant/refused/v1";

/// A bundle of which everything holds but the proof.
struct Case {
    bundle: Signed<Bundle>,
    judged: Judged,
    read: Cells,
    seen: Seen,
}

/// Judges the bundle in the call's body and records the verdict.
///
/// # Errors
/// Says why not; a problem that rests on the bundle carries the operator's signed no.
pub async fn submit(app: &Arc<App>, call: Call) -> Result<Recorded, Problem> {
    let body = call.body.clone();
    match attempt(app, call).await {
        Ok(recorded) => {
            if !recorded.again {
                app.metrics.judged(true);
            }
            Ok(recorded)
        }
        Err(problem) if problem.status().is_client_error() && problem.code() != IDEMPOTENCY_KEY_REUSED.code => {
            app.metrics.judged(false);
            Err(sign_no(app, &body, problem))
        }
        Err(problem) => Err(problem),
    }
}

async fn attempt(app: &Arc<App>, call: Call) -> Result<Recorded, Problem> {
    // Proofs that held for these inputs, under the key that the bundle names, hold in the next try too.
    let mut held: Option<Vec<JudgedProof>> = None;
    for _ in 0..TRIES_MAX {
        let asked = call.clone();
        let judging = app.blocking(move |app| {
            unless_done(app, &asked, |seen| {
                app.metrics
                    .timed(Stage::Judge, || judge_all_but_the_proof(app, &asked, seen))
            })
        });
        let (case, proofs) = match judging.await? {
            Step::Done(recorded) => return Ok(*recorded),
            Step::New(open) => open,
        };
        if !held.as_ref().is_some_and(|held| same(held, &case.judged.proofs)) {
            let applicant = case.bundle.claimed_signer();
            app.proofs.check(&applicant, proofs).await??;
            held = Some(case.judged.proofs.clone());
        }
        // What this needs was read while judging, and is in memory.
        let (submitted, record) = app.metrics.timed(Stage::Sign, || sign_and_submit(app, *case))?;
        match submitted.fate(&app.metrics).await {
            Fate::Recorded(appended) => return app.metrics.timed(Stage::Answer, || recorded(*appended, record)),
            Fate::Changed => {}
            Fate::Refused(problem) => return done_or(app, call, problem).await,
        }
    }
    Err(contended().into())
}

/// Whether these are the same proofs of the same inputs.
fn same(some: &[JudgedProof], others: &[JudgedProof]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| one.is(other))
}

/// Everything but the proof.
fn judge_all_but_the_proof(app: &App, call: &Call, seen: Seen) -> Result<(Box<Case>, Vec<Unchecked>), Problem> {
    let bundle = Signed::<Bundle>::from_json(&call.body)?;
    let records = Records(app.log.ledger());
    let view = View::new(&records, &app.shelf);
    let judged = judge(&view, &bundle, host::now()?)?;
    let bank = view.request(&judged.verdict.request)?.signer();
    let key = view.verifying_key(&bank, &judged.verdict.verifying_key)?;
    let proofs = judged.unchecked(&key, app.shelf.prepared())?;
    let read = view.into_cells();
    Ok((
        Box::new(Case {
            bundle,
            judged,
            read,
            seen,
        }),
        proofs,
    ))
}

/// Signs the verdict of a proof that holds, and hands it to the ledger, which looks whether what was judged on has changed.
fn sign_and_submit(app: &App, case: Case) -> Result<(Submitted, Record), Problem> {
    let verdict = app.operator.sign(case.judged.verdict.clone())?;
    let records = Records(app.log.ledger());
    let view = View::resumed(&records, &app.shelf, case.read);
    let plan = plan_verdict(view, &case.judged, &case.bundle, &verdict, host::now()?)?;
    let record = Record::Verdict {
        bundle: case.bundle,
        verdict: verdict.to_signed(),
    };
    let submitted = Submitted::new(app, draft(plan, case.seen)?)?;
    Ok((submitted, record))
}

/// Adds the operator's signed no to a problem.
fn sign_no(app: &App, sent: &[u8], problem: Problem) -> Problem {
    let fault = |what: String| Refusal::new(&INTERNAL_FAULT, what);
    let signed = || {
        let refused = Refused {
            sent: ids::hash_bytes(SENT, sent),
            code: Text::parse(problem.code()).map_err(fault)?,
            decided: host::now()?,
        };
        let signed = app.operator.sign(refused)?.to_signed();
        serde_json::to_value(signed).map_err(|error| fault(error.to_string()))
    };
    match signed() {
        Ok(answer) => problem.with_answer(answer),
        // The no stands; only its signature is missing.
        Err(refusal) => {
            tracing::error!(%refusal, "a refusal could not be signed");
            problem
        }
    }
}
