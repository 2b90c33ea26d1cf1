//! Deterministic CBOR (RFC 8949 §4.2.1): the bytes that are hashed and signed.
//!
//! Documents travel as JSON, which has many spellings of one value. What is hashed or signed is therefore the typed value's
//! one CBOR encoding: shortest integers, definite lengths, map keys sorted bytewise by their own encoding, no floats, no
//! tags, no duplicate keys. Decoding is strict: what does not re-encode to the same bytes is refused.

mod encode;

use ciborium::Value;
use covenant_policy::refusal::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::encode::Encoder;
use crate::limits;
use crate::refusals::{NOT_CANONICAL, UNENCODABLE};

/// Most documents take no more.
const CAPACITY: usize = 1024;

/// The one encoding of a typed value.
///
/// # Errors
/// `unencodable` where the value holds a float, an integer beyond 64 bits, or two equal map keys.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(CAPACITY);
    value
        .serialize(Encoder(&mut out))
        .map_err(|e| Refusal::new(&UNENCODABLE, e.to_string()))?;
    Ok(out)
}

/// Decodes a typed value from its one encoding.
///
/// # Errors
/// `not-canonical` where the bytes are not CBOR, not the deterministic encoding, or not of this type.
pub fn from_slice<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, Refusal> {
    let refuse = |what: String| Refusal::new(&NOT_CANONICAL, what);
    let value: Value = ciborium::de::from_reader_with_recursion_limit(bytes, limits::CBOR_DEPTH_MAX)
        .map_err(|e| refuse(format!("not CBOR: {e}")))?;
    let typed: T = value
        .deserialized()
        .map_err(|e| refuse(format!("not of the expected type: {e}")))?;
    // The typed value is encoded again, not the generic one, so that an omitted or defaulted field cannot slip through.
    if to_vec(&typed).map_err(|e| refuse(e.what))? != bytes {
        return Err(refuse("the bytes are not the value's one encoding".into()));
    }
    Ok(typed)
}

#[cfg(test)]
pub(crate) mod tests;
