//! Keys: made from a seed for development, stored in a folder, opened under a policy.
//!
//! A key's id is the hash of everything a verifier relies on: the verifying key's points, the statement, the matrices and
//! where the key came from. So a development key cannot pass for another one by a changed manifest: its id would change.

mod manifest;
pub mod provenance;
mod proving;
mod setup;
mod store;
#[cfg(test)]
mod tests;
mod verifying;

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

pub use crate::errors::KeyError;
pub use manifest::Manifest;
pub use provenance::Provenance;
pub use proving::ProvingKey;
pub(crate) use proving::Queries;
#[cfg(test)]
pub(crate) use setup::{CONTRIBUTORS, contributor};
pub use setup::{SetupStage, development, development_with_progress};
pub use store::KeyStore;
pub(crate) use verifying::{Lines, Points, lint};
pub use verifying::{Origin, VerifyingKey};

/// What a key id hashes first.
const KEY_ID_TAG: &[u8] = b"covenant/key-id/v1";

/// SHA-256 over `covenant/key-id/v1` and the verifying key's canonical bytes ([`VerifyingKey::to_bytes`]), which hold the
/// statement's id, the matrices' hash and the key's origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

impl KeyId {
    fn of(verifying_bytes: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update(KEY_ID_TAG)
                .chain_update(verifying_bytes)
                .finalize()
                .into(),
        )
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    /// Reads 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        hash_from_hex(text).map(Self).ok_or(KeyError::Malformed {
            what: "a key id is 64 lower-case hexadecimal digits",
        })
    }
}

/// 32 bytes from 64 lower-case hexadecimal digits.
fn hash_from_hex(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// What a user accepts when opening a key. There is no default: each program says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// Accept keys made from a seed, under which anyone can forge.
    pub allow_development: bool,
}
