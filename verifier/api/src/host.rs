//! The one place that reads the clock and the operating system's entropy.
//!
//! Everything else takes an instant and a generator as arguments, so that it can be tested and replayed. Programs offer
//! `--now` where a demonstration or a test has to be reproducible; there is no hidden switch.

use std::time::{SystemTime, UNIX_EPOCH};

use covenant_policy::refusal::Refusal;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use crate::refusals::HOST_FAULT;
use crate::types::UtcTime;

/// The instant that the system clock shows.
///
/// # Errors
/// `host-fault` where the clock stands before 1970 or after 9999.
pub fn now() -> Result<UtcTime, Refusal> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    let now = SystemTime::now();
    instant(now)
}

/// The milliseconds since 1970 that the system clock shows: what a log's entries are timed with. A clock before 1970 shows 0.
pub fn now_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn instant(clock: SystemTime) -> Result<UtcTime, Refusal> {
    let since = clock.duration_since(UNIX_EPOCH).ok();
    since
        .and_then(|since| UtcTime::from_unix_seconds(since.as_secs()))
        .ok_or_else(|| Refusal::new(&HOST_FAULT, "the system clock stands outside 1970 to 9999"))
}

/// 32 bytes of the operating system's entropy.
///
/// # Errors
/// `host-fault` where the operating system gives none.
pub fn entropy() -> Result<Zeroizing<[u8; 32]>, Refusal> {
    let mut seed = Zeroizing::new([0; 32]);
    #[expect(clippy::disallowed_methods, reason = "the one place that reads entropy")]
    getrandom::fill(seed.as_mut()).map_err(|e| Refusal::new(&HOST_FAULT, format!("no entropy: {e}")))?;
    Ok(seed)
}

/// A generator seeded with the operating system's entropy.
///
/// # Errors
/// `host-fault`.
pub fn rng() -> Result<ChaCha20Rng, Refusal> {
    Ok(ChaCha20Rng::from_seed(*entropy()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_outside_the_calendar_is_a_fault() {
        use std::time::Duration;
        for clock in [
            UNIX_EPOCH - Duration::from_secs(1),
            UNIX_EPOCH + Duration::from_secs(253_402_300_800),
        ] {
            assert_eq!(instant(clock).unwrap_err().code(), "host-fault");
        }
        assert_eq!(instant(UNIX_EPOCH).map(UtcTime::unix_seconds), Ok(0));
    }

    #[test]
    fn the_clock_and_the_entropy_move() {
        // The crate was written in 2026.
        assert!(now().unwrap() > UtcTime::parse("2026-01-01T00:00:00Z").unwrap());
        assert!(now_ms() / 1000 >= now().unwrap().unix_seconds() - 1);
        assert_ne!(*entropy().unwrap(), *entropy().unwrap());
    }
}
