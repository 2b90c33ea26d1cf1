//! SHA-256 as the log uses it: leaves and nodes of the tree (RFC 6962 §2.1), body hashes, and blinded unique keys.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

/// 32 bytes of SHA-256, shown in hexadecimal.
pub use covenant_api::types::Hex32 as Hash;

/// What stands where there is no previous entry.
pub const ZEROS: Hash = Hash([0; 32]);

/// SHA-256 over the parts, one after another.
pub fn of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// The hash of a leaf: of an entry's bytes.
pub fn leaf(entry: &[u8]) -> Hash {
    of(&[&[0], entry])
}

/// The hash of a node over its two children.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    of(&[&[1], &left.0, &right.0])
}

/// What the log shows for a unique key: HMAC-SHA-256 under the log's blinding secret.
pub fn blind(secret: &[u8; 32], key: &[u8]) -> Hash {
    // HMAC takes keys of every length, so there is always one.
    let mac = Hmac::<Sha256>::new_from_slice(secret).map(|mac| mac.chain_update(key).finalize().into_bytes());
    Hash(mac.map_or([0; 32], Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_standards() {
        // RFC 6962 test vectors.
        let hex = |text| Hash::parse(text).unwrap();
        assert_eq!(
            of(&[]),
            hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        );
        assert_eq!(
            leaf(&[]),
            hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
        );
        assert_eq!(
            node(
                &hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
                &hex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
            ),
            hex("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")
        );
        // HMAC pads a short key with zeros, so a key of 20 bytes 0b and 12 zeros is RFC 4231's first.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            blind(&key, b"Hi There"),
            hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        );
    }
}
