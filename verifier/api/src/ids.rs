//! 32-byte ids, and how they are shown.
//!
//! An id is SHA-256 over a domain string, a zero byte and deterministic CBOR. What is hashed or signed carries all 32 bytes
//! (in JSON 64 hexadecimal digits); for display alone the first 20 bytes stand in lower-case base32 behind a prefix.

use covenant_policy::refusal::Refusal;
use data_encoding::{Encoding, Specification};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::canonical;
use crate::types::Hex32;

/// The prefixes of displayed ids.
pub mod prefix {
    /// A policy.
    pub const POLICY: &str = "pol_";
    /// A request.
    pub const REQUEST: &str = "req_";
    /// A statement of figures.
    pub const STATEMENT: &str = "stm_";
    /// A verifying key.
    pub const KEY: &str = "key_";
    /// An attestor's key.
    pub const ATTESTOR: &str = "att_";
    /// A bank's key.
    pub const BANK: &str = "bnk_";
    /// An invitation.
    pub const INVITATION: &str = "inv_";
    /// Any other document.
    pub const DOCUMENT: &str = "doc_";
}

/// Bytes of an id that are shown.
const SHOWN_BYTES: usize = 20;

/// SHA-256 over domain ‖ 0x00 ‖ bytes.
pub fn hash_bytes(domain: &str, bytes: &[u8]) -> Hex32 {
    let mut hasher = Sha256::new();
    hasher.update(domain.as_bytes());
    hasher.update([0]);
    hasher.update(bytes);
    Hex32(hasher.finalize().into())
}

/// SHA-256 over domain ‖ 0x00 ‖ deterministic CBOR of the value.
///
/// # Errors
/// `unencodable`.
pub fn hash<T: Serialize>(domain: &str, value: &T) -> Result<Hex32, Refusal> {
    Ok(hash_bytes(domain, &canonical::to_vec(value)?))
}

/// An id as people see it: prefix and 32 letters.
pub fn display(prefix: &str, id: &Hex32) -> String {
    let shown = id.0.get(..SHOWN_BYTES).unwrap_or(&id.0);
    format!("{prefix}{}", base32().encode(shown))
}

/// RFC 4648 base32 in lower case, without padding.
pub fn base32() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    // The specification is a constant of 32 distinct symbols, so this cannot fail; the fallback has the same letters.
    specification.encoding().unwrap_or(data_encoding::BASE32_NOPAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sha_256_over_domain_zero_and_cbor() {
        // printf 'd\0\x61a' | sha256sum
        let expected: [u8; 32] = Sha256::digest(b"d\x00\x61a").into();
        assert_eq!(hash("d", &"a").unwrap(), Hex32(expected));
        assert_ne!(hash("d", &"a").unwrap(), hash("e", &"a").unwrap());
        assert_eq!(hash("d", &1.5).unwrap_err().code(), "unencodable");
    }

    #[test]
    fn ids_are_shown_as_twenty_bytes_of_base32() {
        let mut bytes = [0; 32];
        bytes[19] = 31;
        assert_eq!(
            display(prefix::POLICY, &Hex32(bytes)),
            format!("pol_{}7", "a".repeat(31))
        );
        bytes[20] = 1;
        assert_eq!(
            display(prefix::POLICY, &Hex32(bytes)),
            format!("pol_{}7", "a".repeat(31))
        );
    }
}
