//! Idempotency keys: the same key with the same body gives the same answer again, however often it is sent and whatever crashed in
//! between.
//!
//! A key is a cell of the ledger, set in the same submission as the entry that the call makes: it is there exactly when the entry is,
//! and its version is the entry's index, from which the answer is made again. The cell's name hides principal and key behind a hash,
//! its value is the hash of the body.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use covenant_ledger::{Expectation, Expected, Hash, Ledger, StateCell};
use covenant_policy::refusal::Refusal;

use crate::http::{Caller, Problem};
use crate::refusals::{IDEMPOTENCY_KEY_MALFORMED, IDEMPOTENCY_KEY_REUSED};

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key.
const KEY_BYTES_MAX: usize = 64;
/// What cells of idempotency keys begin with.
const CELL_PREFIX: &[u8] = b"idempotency\0";

/// Whether a cell is that of an idempotency key.
pub fn is_cell(name: &[u8]) -> bool {
    name.starts_with(CELL_PREFIX)
}

/// The key that a call brought, if it did. An extractor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The call was done before, as the entry of this index: answer from there, with 200.
    Replay(u64),
    /// It was not: put these into the draft. Where the call brought no key they are none.
    Fresh {
        /// The key must still be unused when the entry is sequenced.
        expect: Option<Expectation>,
        /// From then on it is used.
        set: Option<StateCell>,
    },
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(HEADER).iter();
        let malformed = |what: &str| {
            Refusal::new(&IDEMPOTENCY_KEY_MALFORMED, what)
                .at("the header Idempotency-Key")
                .expected(format!("one key of 1 to {KEY_BYTES_MAX} visible ASCII characters"))
        };
        let Some(key) = given.next() else {
            return Ok(Self(None));
        };
        if given.next().is_some() {
            return Err(malformed("the header stands there twice").into());
        }
        let bytes = key.as_bytes();
        if bytes.is_empty() || bytes.len() > KEY_BYTES_MAX {
            return Err(malformed(&format!("{} characters", bytes.len())).into());
        }
        match key.to_str() {
            Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self(Some(text.to_owned()))),
            _ => Err(malformed("a character that is not visible ASCII").into()),
        }
    }
}

impl IdempotencyKey {
    /// The key of one line of a batch. No caller's own key holds a space.
    #[must_use]
    pub fn line(&self, number: usize) -> Self {
        Self(self.0.as_ref().map(|key| format!("{key} line {number}")))
    }

    /// Looks the key up. Callers do not share keys; all those without a token are one caller, so they had better use random keys.
    ///
    /// Where an append fails on an expectation, look again before planning again: the same call may have overtaken itself.
    ///
    /// # Errors
    /// `idempotency-key-reused` where the key came with another body before; what the ledger says where it cannot be read.
    pub fn look_up(&self, ledger: &Ledger, caller: &Caller, body: &[u8]) -> Result<Seen, Problem> {
        let Some(key) = &self.0 else {
            return Ok(Seen::Fresh {
                expect: None,
                set: None,
            });
        };
        let name = cell(caller, key);
        let value = Hash::of(&[body]).0.to_vec();
        match ledger.cell(&name)? {
            None => Ok(Seen::Fresh {
                expect: Some(Expectation {
                    cell: name.clone(),
                    is: Expected::Absent,
                }),
                set: Some(StateCell {
                    cell: name,
                    value: Some(value),
                }),
            }),
            Some(found) if found.value == value => Ok(Seen::Replay(found.version)),
            Some(_) => Err(
                Refusal::new(&IDEMPOTENCY_KEY_REUSED, "the key came with another body before")
                    .at("the header Idempotency-Key")
                    .into(),
            ),
        }
    }
}

/// The cell of this caller's key: the length in front keeps principal and key apart.
fn cell(caller: &Caller, key: &str) -> Vec<u8> {
    let principal = caller.principal();
    let length = (principal.len() as u64).to_be_bytes();
    let hash = Hash::of(&[&length, principal.as_bytes(), key.as_bytes()]);
    [CELL_PREFIX, &hash.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, Request};
    use covenant_api::types::Hex32;

    async fn read(values: &[&[u8]]) -> Result<IdempotencyKey, &'static str> {
        let mut request = Request::new(());
        for value in values {
            request
                .headers_mut()
                .append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        let (mut parts, ()) = request.into_parts();
        IdempotencyKey::from_request_parts(&mut parts, &())
            .await
            .map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn keys_are_short_and_visible() {
        assert_eq!(read(&[]).await, Ok(IdempotencyKey(None)));
        assert_eq!(read(&[b"a-1"]).await, Ok(IdempotencyKey(Some("a-1".into()))));
        assert!(read(&[&[b'a'; 64]]).await.is_ok());
        let bad: [&[&[u8]]; 5] = [&[b""], &[&[b'a'; 65]], &[b"a b"], &[b"\xe9"], &[b"a", b"a"]];
        for values in bad {
            assert_eq!(read(values).await, Err("idempotency-key-malformed"), "{values:?}");
        }
    }

    #[test]
    fn callers_do_not_share_keys() {
        let bank = |byte| Caller::Bank(Hex32([byte; 32]));
        assert_eq!(cell(&bank(1), "a"), cell(&bank(1), "a"));
        assert_ne!(cell(&bank(1), "a"), cell(&bank(1), "b"));
        assert_ne!(cell(&bank(1), "a"), cell(&bank(2), "a"));
        assert_ne!(cell(&bank(1), "a"), cell(&Caller::Nobody, "a"));
    }
}
