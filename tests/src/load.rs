//! Load on a service that runs: many callers at once over connections that stay open, what each call took, and what processor time
//! service and callers used meanwhile.
//!
//! - [`line`](mod@line): a connection that stays open, one call after another.
//! - [`bad`]: callers that a service must bear: slow, half-closed, too large, senseless, or wrong.
//! - [`scene`]: a service with requests and enrolments that wait to be answered.
//!
//! `tests/load.rs` looks at whether all answers are right, in small; the bench `service` measures.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub mod bad;
pub mod line;
pub mod scene;

use line::Line;

/// What one call came to.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Which call.
    pub call: usize,
    /// The HTTP status; 0 where the connection broke before a whole answer had come.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// From the first byte sent to the last one received.
    pub took: Duration,
}

/// What many calls came to.
#[derive(Debug, Clone)]
pub struct Load {
    /// Every call's answer, in the order in which callers took them.
    pub answers: Vec<Answered>,
    /// From the first call to the last answer.
    pub elapsed: Duration,
}

impl Load {
    /// Sends all calls over so many connections at once; each sends the next call as soon as it has an answer to its last one.
    ///
    /// # Panics
    /// Where nobody listens.
    pub fn run(address: SocketAddr, calls: &[Vec<u8>], lines: usize) -> Self {
        let next = AtomicUsize::new(0);
        let began = Instant::now();
        let work = || {
            let mut line = Line::open(address).expect("a connection");
            let mut answers = Vec::new();
            loop {
                let call = next.fetch_add(1, Ordering::Relaxed);
                let Some(bytes) = calls.get(call) else { return answers };
                let (answered, whole) = line.timed(call, bytes);
                answers.push(answered);
                if !whole {
                    line = Line::open(address).expect("a connection");
                }
            }
        };
        let answers = thread::scope(|scope| {
            let workers: Vec<_> = (0..lines).map(|_| scope.spawn(work)).collect();
            let answers = workers.into_iter().flat_map(|worker| worker.join().expect("it ran"));
            answers.collect()
        });
        Self {
            answers,
            elapsed: began.elapsed(),
        }
    }

    /// Calls a second.
    pub fn rate(&self) -> f64 {
        self.answers.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// How many answers had another status than this one.
    pub fn others_than(&self, status: u16) -> usize {
        self.answers.iter().filter(|answer| answer.status != status).count()
    }

    /// The time that this part of the calls did not exceed.
    pub fn quantile(&self, part: f64) -> Duration {
        quantile(self.answers.iter().map(|answer| answer.took), part)
    }
}

/// The time that this part of all did not exceed; zero for none.
pub fn quantile(times: impl Iterator<Item = Duration>, part: f64) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let place = (times.len() as f64 * part).ceil() as usize;
    let found = times.get(place.clamp(1, times.len().max(1)) - 1);
    found.copied().unwrap_or_default()
}

/// Processor time of a process so far, in steps of 10 ms; zero where the system does not tell.
pub fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let times = || [5, 1, 4, 2, 3].map(Duration::from_secs).into_iter();
        let found = [0.0, 0.2, 0.5, 0.99, 1.0].map(|part| quantile(times(), part).as_secs());
        assert_eq!(found, [1, 1, 3, 5, 5]);
        assert_eq!(quantile(std::iter::empty(), 0.5), Duration::ZERO);
    }

    #[test]
    fn this_process_has_used_a_processor() {
        let before = processor_time(std::process::id());
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(200) {}
        assert!(processor_time(std::process::id()) > before);
        assert_eq!(processor_time(0), Duration::ZERO);
    }
}
