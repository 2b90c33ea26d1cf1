//! The one place that reads the clock and the operating system's entropy.
//!
//! Everything else takes an instant and a generator as arguments, so that it can be tested and replayed. Programs offer
//! `--now` where a demonstration or a test has to be reproducible; there is no hidden switch.

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
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .ok()
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
    fn the_clock_and_the_entropy_move() {
        // The crate was written in 2026.
        assert!(now().unwrap() > UtcTime::parse("2026-01-01T00:00:00Z").unwrap());
        assert_ne!(*entropy().unwrap(), *entropy().unwrap());
    }
}
