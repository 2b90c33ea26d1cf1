//! How often one caller may call: a bucket for each, which fills steadily and holds a minute's calls at most. Only holders of tokens have
//! one, so that there are as many buckets as tokens; strangers are limited by address in the proxy in front.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use covenant_policy::refusal::Refusal;

use super::Caller;
use crate::refusals::TOO_MANY_CALLS;

/// The time over which calls are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Everybody's buckets.
#[derive(Debug)]
pub struct Rates {
    calls_per_minute_max: u32,
    /// Until when each caller's bucket is in use: a call moves it on by its share of a minute.
    full_at: Mutex<BTreeMap<String, Instant>>,
}

impl Rates {
    /// Buckets of this size; none where it is 0.
    pub fn new(calls_per_minute_max: u32) -> Self {
        Self {
            calls_per_minute_max,
            full_at: Mutex::default(),
        }
    }

    /// Counts a call of somebody with a token, at this instant (the generic cell rate algorithm).
    ///
    /// # Errors
    /// `too-many-calls`.
    pub fn count(&self, caller: &Caller, now: Instant) -> Result<(), Refusal> {
        if self.calls_per_minute_max == 0 || *caller == Caller::Nobody {
            return Ok(());
        }
        let share = MINUTE / self.calls_per_minute_max;
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = all.entry(caller.principal()).or_insert(now);
        let next = (*full_at).max(now) + share;
        if next > now + MINUTE {
            let what = format!("more than {} calls in a minute", self.calls_per_minute_max);
            return Err(Refusal::new(&TOO_MANY_CALLS, what).at("the header Authorization"));
        }
        *full_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use covenant_api::types::Hex32;

    use super::*;

    #[test]
    fn a_minutes_calls_may_come_at_once_and_then_as_fast_as_they_are_granted() {
        let rates = Rates::new(60);
        let (start, bank) = (Instant::now(), Caller::Bank(Hex32([1; 32])));
        let at = |seconds: u64| {
            rates
                .count(&bank, start + Duration::from_secs(seconds))
                .map_err(|refusal| refusal.code())
        };
        assert!((0..60).all(|_| at(0) == Ok(())));
        assert_eq!(at(0), Err("too-many-calls"));
        assert_eq!(
            (at(1), at(1)),
            (Ok(()), Err("too-many-calls")),
            "refused calls do not count"
        );
        assert_eq!((at(3), at(3), at(3)), (Ok(()), Ok(()), Err("too-many-calls")));
        assert!((0..60).all(|_| at(1000) == Ok(())));
        assert_eq!(
            at(1000),
            Err("too-many-calls"),
            "no more than a minute's calls are saved up"
        );
    }

    #[test]
    fn callers_are_counted_apart_and_strangers_not() {
        let rates = Rates::new(1);
        let now = Instant::now();
        for caller in [
            Caller::Bank(Hex32([1; 32])),
            Caller::Bank(Hex32([2; 32])),
            Caller::Auditor,
        ] {
            assert!(rates.count(&caller, now).is_ok());
            assert!(rates.count(&caller, now).is_err());
        }
        assert!((0..10).all(|_| rates.count(&Caller::Nobody, now).is_ok()));
        let unlimited = Rates::new(0);
        assert!((0..10).all(|_| unlimited.count(&Caller::Auditor, now).is_ok()));
    }
}
