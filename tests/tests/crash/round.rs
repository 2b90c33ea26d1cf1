//! A round of calls that ends with the service being killed: what is sent, what is on its way, and when to strike.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use covenant_tests::service::wire::Answer;
use rand::Rng as _;
use rand_chacha::ChaCha20Rng;

/// Calls that must be on their way when it is killed.
pub const IN_FLIGHT_MIN: usize = 8;
/// The longest time until it is killed, from the beginning of a round or from an answer.
const FUSE_MAX: Duration = Duration::from_millis(40);
const FUSE_AFTER_ANSWERS_MAX: Duration = Duration::from_millis(5);
/// The most answers that are waited for before that.
const ANSWERS_MAX: usize = 20;

/// When it is killed: so long after so many answers.
#[derive(Clone, Copy)]
pub struct Fuse {
    /// Answers to wait for.
    pub answers: usize,
    /// The time after that.
    pub time: Duration,
}

impl Fuse {
    /// One time in two at any moment, mostly before anything is answered; otherwise shortly after some answers, when others are on their
    /// way to the disk.
    pub fn random(rng: &mut ChaCha20Rng) -> Self {
        let (answers, time_max) = match rng.gen_range(0..2) {
            0 => (0, FUSE_MAX),
            _ => (rng.gen_range(1..=ANSWERS_MAX), FUSE_AFTER_ANSWERS_MAX),
        };
        Self {
            answers,
            time: rng.gen_range(Duration::ZERO..time_max),
        }
    }
}

/// A round, as its connections share it.
pub struct Round {
    /// Bundles that are to be sent.
    pub waiting: VecDeque<usize>,
    /// Calls of which all has left and the answer has not come.
    pub in_flight: usize,
    /// Whether it is over.
    killed: bool,
    /// What was answered, by bundle.
    pub answers: Vec<(usize, Answer)>,
    /// What was answered to the decision on a bundle's verdict.
    pub decided: Option<(usize, Answer)>,
}

impl Round {
    /// A round in which these bundles are sent, in this order.
    pub fn new(bundles: Vec<usize>) -> Mutex<Self> {
        Mutex::new(Self {
            waiting: bundles.into(),
            in_flight: 0,
            killed: false,
            answers: Vec::new(),
            decided: None,
        })
    }
}

/// The round, for a moment.
pub fn lock(round: &Mutex<Round>) -> MutexGuard<'_, Round> {
    round.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next bundle to send.
pub fn next(round: &Mutex<Round>) -> Option<usize> {
    let mut round = lock(round);
    if round.killed { None } else { round.waiting.pop_front() }
}

/// Waits for the fuse to burn down and for enough calls to be on their way, and kills; how many were on their way. Where the bundles
/// run out before, it kills with fewer.
pub fn light_the_fuse(round: &Mutex<Round>, fuse: Fuse, kill: impl Fn()) -> usize {
    let mut lit = None;
    loop {
        let mut round = lock(round);
        if round.answers.len() >= fuse.answers {
            lit = lit.or_else(|| Some(Instant::now()));
        }
        let burnt = lit.is_some_and(|lit: Instant| lit.elapsed() >= fuse.time);
        let spent = round.waiting.is_empty() && round.in_flight < IN_FLIGHT_MIN;
        if spent || burnt && round.in_flight >= IN_FLIGHT_MIN {
            kill();
            round.killed = true;
            return round.in_flight;
        }
        drop(round);
        thread::sleep(Duration::from_micros(100));
    }
}
