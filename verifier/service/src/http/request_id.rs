//! A name for each call, by which caller and operator can talk about it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderName;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one call: a random beginning that is the server's own since it started, and a number that counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    run: u64,
    number: u64,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{:x}", self.run, self.number)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes the ids of one run of the server.
#[derive(Debug)]
pub struct RequestIds {
    run: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that begin like this.
    pub fn new(run: u64) -> Self {
        Self {
            run,
            next: AtomicU64::new(0),
        }
    }

    /// The next one.
    pub fn next(&self) -> RequestId {
        RequestId {
            run: self.run,
            number: self.next.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_can_be_read_aloud() {
        let ids = RequestIds::new(0xab);
        assert_eq!(ids.next().to_string(), "00000000000000ab-0");
        assert_eq!(ids.next().to_string(), "00000000000000ab-1");
    }
}
