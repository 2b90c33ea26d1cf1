//! Checking in batches: items wait in a bounded queue, one thread takes as many as there are and has them checked together on a pool
//! of its own, and each caller gets its own answer. A batch does not wait for company: whoever comes while one is being checked is in
//! the next. Whoever sends wrong proofs is [checked apart](Proofs).

mod lanes;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use covenant_api::verdict::{Unchecked, decode, place_of_proof};
use covenant_policy::refusal::Refusal;
use covenant_proofs::batch::{self, Item};
use covenant_proofs::errors::VerifyError;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

pub use self::lanes::Proofs;
use crate::http::Problem;
use crate::metrics::{Metrics, Stage};
use crate::refusals::{INTERNAL_FAULT, OVERLOADED, of_verify};

/// What a batch looks like from outside, for the metrics: how long each of its items has waited.
pub type OnBatch = Box<dyn Fn(&[Duration]) + Send>;

/// Fewer proofs than this are verified one by one, side by side on the pool's threads: a combination of so few does not pay.
const TOGETHER_MIN: usize = 4;

/// How large queue and batches may be.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Items that may wait.
    pub queue_max: usize,
    /// Items that are checked together.
    pub batch_max: usize,
    /// Threads of the pool; 0 for one a core.
    pub threads: usize,
}

/// One item, and where its answer goes.
struct Waiting<I, O> {
    item: I,
    answer: oneshot::Sender<O>,
    since: Instant,
}

/// A queue whose items are answered in batches.
pub struct Batcher<I, O> {
    queue: SyncSender<Waiting<I, O>>,
    waiting: Arc<AtomicUsize>,
    queue_max: usize,
}

/// Checks the proofs of many bundles. A bundle's proofs hold where each of them does.
fn verify(bundles: &[Vec<Unchecked>], metrics: &Metrics) -> Vec<Result<(), Refusal>> {
    let all: Vec<Unchecked> = bundles.iter().flatten().cloned().collect();
    let decoded = metrics.timed(Stage::Decode, || decode(&all));
    let items: Vec<Item> = decoded.iter().filter_map(|item| item.as_ref().ok()).cloned().collect();
    let mut verdicts = metrics.timed(Stage::Verify, || check(&items)).into_iter();
    // A verdict that is not there is no yes.
    let mut next = || verdicts.next().unwrap_or(Err(VerifyError::Invalid));
    let mut outcomes = decoded
        .into_iter()
        .map(|item| item.and_then(|_| next().map_err(|error| of_verify(&error))));
    let of_bundle = |bundle: &Vec<Unchecked>| {
        let own: Vec<_> = outcomes.by_ref().take(bundle.len()).collect();
        let mut own = own.into_iter().enumerate();
        own.try_for_each(|(k, outcome)| outcome.map_err(|refusal| refusal.at(place_of_proof(k))))
    };
    bundles.iter().map(of_bundle).collect()
}

/// The verdict on each: by one equation, or one by one where there are few.
fn check(items: &[Item]) -> Vec<Result<(), VerifyError>> {
    if items.len() >= TOGETHER_MIN {
        return batch::verify(items);
    }
    let alone = items.par_iter().map(std::slice::from_ref);
    alone.flat_map_iter(batch::verify).collect()
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Starts the thread. It ends when the last handle is gone.
    ///
    /// # Errors
    /// `internal-fault` where threads cannot be started.
    pub fn start(
        sizes: Sizes,
        on_batch: OnBatch,
        check: impl Fn(&[I]) -> Vec<O> + Send + Sync + 'static,
    ) -> Result<Self, Refusal>
    where
        I: Sync,
    {
        let fault = |error: String| Refusal::new(&INTERNAL_FAULT, format!("no threads to check proofs with: {error}"));
        let pool = ThreadPoolBuilder::new()
            .num_threads(sizes.threads)
            .thread_name(|number| format!("proofs-{number}"))
            .build()
            .map_err(|error| fault(error.to_string()))?;
        let (queue, items) = mpsc::sync_channel(sizes.queue_max);
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        thread::Builder::new()
            .name("proofs".to_owned())
            .spawn(move || run(&items, &left, sizes.batch_max, &pool, &on_batch, &check))
            .map_err(|error| fault(error.to_string()))?;
        Ok(Self {
            queue,
            waiting,
            queue_max: sizes.queue_max,
        })
    }

    /// Whether there is room for more.
    pub fn has_room(&self) -> bool {
        self.waiting() < self.queue_max
    }

    /// Items that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Has one item checked.
    ///
    /// # Errors
    /// `overloaded` when the queue is full; `internal-fault` when checking broke down.
    pub async fn check(&self, item: I) -> Result<O, Problem> {
        let (answer, outcome) = oneshot::channel();
        // Counted before it is sent, so that the thread never takes what was not counted.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.queue.try_send(Waiting {
            item,
            answer,
            since: Instant::now(),
        }) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(match error {
                TrySendError::Full(_) => Refusal::new(&OVERLOADED, "the queue of proofs is full").into(),
                TrySendError::Disconnected(_) => Problem::internal("the thread that checks proofs has ended"),
            });
        }
        outcome
            .await
            .map_err(|_| Problem::internal("checking a batch of proofs broke down"))
    }
}

/// Takes what waits, up to a batch; has it checked; answers.
fn run<I: Send + Sync, O: Send>(
    items: &Receiver<Waiting<I, O>>,
    left: &AtomicUsize,
    batch_max: usize,
    pool: &ThreadPool,
    on_batch: &OnBatch,
    check: &(impl Fn(&[I]) -> Vec<O> + Send + Sync),
) {
    while let Ok(first) = items.recv() {
        let (mut batch, mut answers, mut since) = (vec![first.item], vec![first.answer], vec![first.since]);
        while batch.len() < batch_max {
            let Ok(next) = items.try_recv() else { break };
            batch.push(next.item);
            answers.push(next.answer);
            since.push(next.since);
        }
        left.fetch_sub(batch.len(), Ordering::Relaxed);
        on_batch(&since.iter().map(Instant::elapsed).collect::<Vec<_>>());
        // A batch that breaks down takes nobody else with it: its callers are told, the next batch is checked.
        let outcomes = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool.install(|| check(&batch))));
        for (answer, outcome) in answers.into_iter().zip(outcomes.unwrap_or_default()) {
            // Whoever went away does not want to know.
            drop(answer.send(outcome));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const SIZES: Sizes = Sizes {
        queue_max: 8,
        batch_max: 4,
        threads: 1,
    };

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    /// What doubles, what lets a batch through, and the sizes of the batches so far.
    type Gated = (Arc<Batcher<u32, u32>>, mpsc::Sender<()>, Arc<Mutex<Vec<usize>>>);

    /// Checks only when told to.
    fn gated(sizes: Sizes) -> Gated {
        let (open, gate) = mpsc::channel();
        let gate = Mutex::new(gate);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let on_batch: OnBatch = Box::new(move |waited| sink.lock().unwrap().push(waited.len()));
        let batcher = Batcher::start(sizes, on_batch, move |items: &[u32]| {
            gate.lock().unwrap().recv().unwrap();
            items.iter().map(|item| item * 2).collect()
        });
        (Arc::new(batcher.unwrap()), open, seen)
    }

    #[test]
    fn each_caller_gets_its_own_answer_and_batches_are_bounded() {
        let (batcher, open, seen) = gated(SIZES);
        runtime().block_on(async {
            let mut calls = tokio::task::JoinSet::new();
            for item in 0..8_u32 {
                let batcher = Arc::clone(&batcher);
                calls.spawn(async move { (item, batcher.check(item).await.unwrap()) });
            }
            for _ in 0..8 {
                tokio::task::yield_now().await;
                open.send(()).unwrap();
            }
            while let Some(done) = calls.join_next().await {
                let (item, answer) = done.unwrap();
                assert_eq!(answer, item * 2);
            }
        });
        let seen = seen.lock().unwrap();
        assert_eq!(seen.iter().sum::<usize>(), 8);
        assert!(seen.iter().all(|size| *size <= SIZES.batch_max), "{seen:?}");
        assert!(seen.len() < 8, "nothing was checked together: {seen:?}");
        assert_eq!(batcher.waiting(), 0);
    }

    #[test]
    fn a_full_queue_is_said() {
        let sizes = Sizes { queue_max: 1, ..SIZES };
        let (batcher, open, seen) = gated(sizes);
        runtime().block_on(async {
            let first = tokio::spawn({
                let batcher = Arc::clone(&batcher);
                async move { batcher.check(1).await }
            });
            // The first is being checked once its batch was counted.
            while seen.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            let second = tokio::spawn({
                let batcher = Arc::clone(&batcher);
                async move { batcher.check(2).await }
            });
            while batcher.has_room() {
                tokio::task::yield_now().await;
            }
            assert_eq!(batcher.check(3).await.unwrap_err().code(), "overloaded");
            open.send(()).unwrap();
            open.send(()).unwrap();
            assert_eq!(first.await.unwrap().unwrap(), 2);
            assert_eq!(second.await.unwrap().unwrap(), 4);
        });
    }

    #[test]
    fn a_batch_that_breaks_down_takes_nobody_with_it() {
        let batcher = Batcher::start(SIZES, Box::new(|_| {}), |items: &[u32]| {
            assert!(!items.contains(&13), "unlucky");
            items.to_vec()
        });
        let batcher = batcher.unwrap();
        runtime().block_on(async {
            assert_eq!(batcher.check(13).await.unwrap_err().code(), "internal-fault");
            assert_eq!(batcher.check(14).await.unwrap(), 14);
        });
    }
}
