//! Where a ceremony's key comes from, as its folder says it: enough to ask every contributor, to compare the powers of tau with
//! the published file, and to find the transcript that `ceremony::verify` checks.

use std::io::{self, Read};

use blake2::{Blake2b512, Digest as _};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::ceremony::{Contributed, Finished};

/// Bytes that are hashed at a time.
const CHUNK_BYTES: usize = 1 << 16;

/// What a ceremony leaves behind, beside the key. Nothing here makes a key sound: whoever relies on it checks the transcript, or
/// relies on somebody who did and signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// BLAKE2b-512 of the file of powers of tau, 128 hexadecimal digits.
    pub powers: String,
    /// BLAKE2b-512 over the first key, which follows from the circuit and the powers of tau; 128 hexadecimal digits.
    pub first_key: String,
    /// BLAKE2b-512 of the transcript, 128 hexadecimal digits.
    pub transcript: String,
    /// The contributions to the powers of tau, in order; none where these are a rehearsal's.
    pub powers_contributions: Vec<Contribution>,
    /// The contributions to the key, in order.
    pub contributions: Vec<Contribution>,
}

/// One contribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contribution {
    /// Who says that it is theirs.
    pub name: Option<String>,
    /// BLAKE2b-512 of the contribution, 128 hexadecimal digits: what its maker published.
    pub hash: String,
    /// The public value that it came from, where it did.
    pub beacon: Option<Beacon>,
}

/// A public value, hashed 2^`iterations_log2` times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// The value in hexadecimal.
    pub value: String,
    /// How often it was hashed, as a power of two.
    pub iterations_log2: u8,
}

impl Provenance {
    /// That of a ceremony that was verified, on powers of tau whose file has this BLAKE2b-512.
    pub fn of(finished: &Finished, powers: [u8; 64]) -> Self {
        Self {
            powers: HEXLOWER.encode(&powers),
            first_key: HEXLOWER.encode(&finished.circuit_hash),
            transcript: HEXLOWER.encode(&finished.transcript),
            powers_contributions: finished.checked.powers.iter().map(Contribution::of).collect(),
            contributions: finished.checked.contributed.iter().map(Contribution::of).collect(),
        }
    }
}

impl Contribution {
    fn of(contributed: &Contributed) -> Self {
        Self {
            name: contributed.name.clone(),
            hash: HEXLOWER.encode(&contributed.hash),
            beacon: contributed.beacon.as_ref().map(|beacon| Beacon {
                value: HEXLOWER.encode(&beacon.value),
                iterations_log2: beacon.iterations_log2,
            }),
        }
    }
}

/// BLAKE2b-512 of everything that a reader gives, such as a file of powers of tau.
///
/// # Errors
/// Faults of reading.
pub fn blake2b(mut reader: impl Read) -> io::Result<[u8; 64]> {
    let (mut hash, mut chunk) = (Blake2b512::new(), vec![0; CHUNK_BYTES]);
    loop {
        match reader.read(&mut chunk)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(chunk.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_hash_of_its_bytes() {
        // RFC 7693, appendix A: BLAKE2b-512("abc").
        let expected = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                        7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
        assert_eq!(HEXLOWER.encode(&blake2b(&b"abc"[..]).unwrap()), expected);
        let long = vec![7; CHUNK_BYTES + 1];
        assert_eq!(
            blake2b(long.as_slice()).unwrap(),
            <[u8; 64]>::from(Blake2b512::digest(&long))
        );
    }
}
