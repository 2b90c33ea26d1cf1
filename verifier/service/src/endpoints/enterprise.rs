//! What an enterprise does: whoever holds the unguessable id of an invitation or a request.

pub mod batch;
pub mod enrolments;
pub mod invitation;
pub mod invitation_events;
pub mod proofs;
pub mod request;

use axum::http::StatusCode;
use covenant_api::documents::Verdict;
use covenant_api::log::Record;
use covenant_api::sign::Signed;
use covenant_api::types::TierName;
use covenant_ledger::Receipt;
use serde::Serialize;
use utoipa::ToSchema;

use crate::endpoints::answers;
use crate::http::Problem;
use crate::records::write::Recorded;

/// A verdict that stands in the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictAnswer {
    /// The entry's place in the log.
    index: u64,
    /// The tier that was proven.
    #[schema(value_type = String)]
    tier: TierName,
    /// The verdict, signed by the operator.
    #[schema(value_type = Object)]
    verdict: Signed<Verdict>,
    /// The receipt: covenant-receipt/v1, to be checked offline against the log's key alone.
    #[schema(value_type = Object)]
    receipt: Receipt,
}

/// The answer to a bundle.
fn answer(recorded: Recorded) -> Result<(StatusCode, VerdictAnswer), Problem> {
    let status = answers::status(&recorded);
    let Record::Verdict { verdict, .. } = recorded.record else {
        return Err(Problem::internal("a bundle led to another record than a verdict"));
    };
    let answer = VerdictAnswer {
        index: recorded.index,
        tier: verdict.unverified().tier.clone(),
        verdict,
        receipt: recorded.receipt,
    };
    Ok((status, answer))
}
