//! Two lanes to the checking of proofs. One wrong proof makes an equation over many fail, and finding it takes several more; meanwhile
//! everybody else's waits. So an applicant whose proof did not hold is remembered, and its next ones are checked by themselves, on a
//! thread of their own, for a minute. The verdicts are the same in both lanes.

use std::time::{Duration, Instant};

use covenant_api::types::Hex32;
use covenant_api::verdict::Unchecked;
use covenant_policy::refusal::Refusal;
use covenant_proofs::errors::VerifyError;
use quick_cache::sync::Cache;

use super::{Batcher, Sizes, verify};
use crate::http::Problem;
use crate::metrics::Metrics;

/// For how long after a wrong proof.
const DOUBT: Duration = Duration::from_secs(60);
/// Applicants that are remembered; of more, some are forgotten.
const DOUBTED_MAX: usize = 4096;
/// Bundles of theirs that may wait; more are told to come again.
const APART_MAX: usize = 256;

/// The queue of bundles' proofs: a lane checks all of one bundle's, and says why not and which where they do not hold.
type Lane = Batcher<Vec<Unchecked>, Result<(), Refusal>>;

/// Checks bundles' proofs, many together or one apart.
pub struct Proofs {
    together: Lane,
    apart: Lane,
    doubts: Doubts,
}

/// When applicants last sent a proof that did not hold, by their key.
struct Doubts(Cache<Hex32, Instant>);

impl Doubts {
    fn about(&self, applicant: &Hex32, now: Instant) -> bool {
        let wrong = self.0.get(applicant);
        wrong.is_some_and(|wrong| now.saturating_duration_since(wrong) < DOUBT)
    }

    /// Why an applicant's proof was refused. What is no proof at all costs nobody else anything.
    fn learn(&self, applicant: &Hex32, refusal: &Refusal, now: Instant) {
        if refusal.code() == VerifyError::Invalid.code() {
            self.0.insert(*applicant, now);
        }
    }
}

impl Proofs {
    /// Starts both lanes: in one, the proofs of a batch are decoded side by side and checked in one equation; in the other a bundle at a
    /// time.
    ///
    /// # Errors
    /// `internal-fault` where threads cannot be started.
    pub fn start(sizes: Sizes, metrics: &Metrics) -> Result<Self, Refusal> {
        let lane = |sizes: Sizes| {
            let (counted, timed) = (metrics.clone(), metrics.clone());
            let on_batch = Box::new(move |waited: &[_]| counted.batch(waited));
            Batcher::start(sizes, on_batch, move |bundles: &[Vec<Unchecked>]| {
                verify(bundles, &timed)
            })
        };
        let alone = Sizes {
            queue_max: APART_MAX,
            batch_max: 1,
            threads: 1,
        };
        Ok(Self {
            together: lane(sizes)?,
            apart: lane(alone)?,
            doubts: Doubts(Cache::new(DOUBTED_MAX)),
        })
    }

    /// Whether there is room for more.
    pub fn has_room(&self) -> bool {
        self.together.has_room()
    }

    /// Bundles that wait.
    pub fn waiting(&self) -> usize {
        self.together.waiting() + self.apart.waiting()
    }

    /// Has a bundle's proofs checked, which this applicant signed.
    ///
    /// # Errors
    /// Outside, `overloaded` when the queue is full, and `internal-fault` when checking broke down; inside, those of a malformed proof
    /// and `proof-invalid`.
    pub async fn check(&self, applicant: &Hex32, proofs: Vec<Unchecked>) -> Result<Result<(), Refusal>, Problem> {
        let lane = if self.doubts.about(applicant, Instant::now()) {
            &self.apart
        } else {
            &self.together
        };
        let outcome = lane.check(proofs).await?;
        if let Err(refusal) = &outcome {
            self.doubts.learn(applicant, refusal, Instant::now());
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusals::of_verify;

    #[test]
    fn an_applicant_is_doubted_for_a_minute_after_a_wrong_proof() {
        let doubts = Doubts(Cache::new(DOUBTED_MAX));
        let (one, other, now) = (Hex32([1; 32]), Hex32([2; 32]), Instant::now());
        let about = |applicant, after| doubts.about(applicant, now + Duration::from_secs(after));
        let other_number = VerifyError::InputCount { expected: 1, found: 0 };
        doubts.learn(&one, &of_verify(&other_number), now);
        assert!(!about(&one, 0));
        doubts.learn(&one, &of_verify(&VerifyError::Invalid), now);
        assert_eq!([about(&one, 0), about(&one, 59), about(&one, 60)], [true, true, false]);
        assert!(!about(&other, 0));
    }
}
