//! Secrets at rest: Argon2id (RFC 9106) makes a key of the passphrase, ChaCha20-Poly1305 (RFC 8439) seals.
//!
//! ```text
//! magic "CVNTSEAL" ‖ version 1 ‖ memory KiB (u32 BE) ‖ passes (u32 BE) ‖ lanes (u32 BE) ‖ salt (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! Everything before the ciphertext, and the purpose that the caller names, is authenticated. The costs are bounded on
//! reading, so that a file cannot take all of its reader's memory.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use covenant_policy::refusal::Refusal;
use rand::{CryptoRng, RngCore};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::limits;
use crate::refusals::{PASSPHRASE_UNUSABLE, SEAL_MALFORMED, SEAL_TOO_COSTLY, WRONG_PASSPHRASE};

const MAGIC: &[u8; 8] = b"CVNTSEAL";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = MAGIC.len() + 1 + 12 + SALT_BYTES + NONCE_BYTES;

/// A passphrase. It has no `Debug` and wipes itself.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase as it was typed.
    ///
    /// # Errors
    /// `passphrase-unusable` where it is empty, too long, or more than one line.
    pub fn new(text: String) -> Result<Self, Refusal> {
        let text = Zeroizing::new(text);
        if text.is_empty() || text.len() > limits::PASSPHRASE_BYTES_MAX || text.contains(['\n', '\r', '\0']) {
            let what = if text.is_empty() {
                "an empty passphrase"
            } else {
                "too long, or more than one line"
            };
            return Err(Refusal::new(&PASSPHRASE_UNUSABLE, what));
        }
        Ok(Self(text))
    }

    /// Whether two are the same, in constant time for equal lengths.
    pub fn equals(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// Takes a passphrase from a file's bytes; one line ending at the end does not belong to it.
    ///
    /// # Errors
    /// `passphrase-unusable`.
    pub fn from_file_bytes(bytes: Vec<u8>) -> Result<Self, Refusal> {
        let bytes = Zeroizing::new(bytes);
        let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::new(&PASSPHRASE_UNUSABLE, "not UTF-8"))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        Self::new(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }
}

/// What a passphrase guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// RFC 9106 §4, second recommended option: 64 MiB, 3 passes, 4 lanes.
    pub const STANDARD: Cost = Cost {
        memory_kib: 64 * 1024,
        passes: 3,
        lanes: 4,
    };

    fn check(self) -> Result<Self, Refusal> {
        let bounded = self.memory_kib <= limits::ARGON2_MEMORY_KIB_MAX
            && self.passes <= limits::ARGON2_PASSES_MAX
            && self.lanes <= limits::ARGON2_LANES_MAX;
        if bounded {
            return Ok(self);
        }
        Err(Refusal::new(
            &SEAL_TOO_COSTLY,
            format!("{} KiB, {} passes, {} lanes", self.memory_kib, self.passes, self.lanes),
        )
        .expected(format!(
            "at most {} KiB, {} passes, {} lanes",
            limits::ARGON2_MEMORY_KIB_MAX,
            limits::ARGON2_PASSES_MAX,
            limits::ARGON2_LANES_MAX
        )))
    }

    fn key(self, passphrase: &Passphrase, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, Refusal> {
        let malformed = |e: argon2::Error| Refusal::new(&SEAL_MALFORMED, format!("Argon2id: {e}"));
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(malformed)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.0.as_bytes(), salt, key.as_mut())
            .map_err(malformed)?;
        Ok(key)
    }
}

/// Seals `plaintext` under a passphrase. `purpose` says what it is, and must be the same on opening.
///
/// # Errors
/// `seal-too-costly` where `cost` is beyond what [`open`] would grant; `seal-malformed` where it is no cost of Argon2id.
pub fn seal<R: RngCore + CryptoRng>(
    plaintext: &[u8],
    purpose: &str,
    passphrase: &Passphrase,
    cost: Cost,
    rng: &mut R,
) -> Result<Vec<u8>, Refusal> {
    let cost = cost.check()?;
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut nonce);
    let mut out = Vec::with_capacity(HEADER_BYTES + plaintext.len() + TAG_BYTES);
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    for number in [cost.memory_kib, cost.passes, cost.lanes] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&salt);
    out.extend_from_slice(&nonce);
    let key = cost.key(passphrase, &salt)?;
    let aad = associated(&out, purpose);
    let sealed = ChaCha20Poly1305::new(Key::from_slice(key.as_ref()))
        .encrypt(
            Nonce::from_slice(&nonce),
            Payload {
                msg: plaintext,
                aad: &aad,
            },
        )
        .map_err(|_| Refusal::new(&SEAL_MALFORMED, "the plaintext is too long to seal"))?;
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// `seal-malformed`, `seal-too-costly`, `wrong-passphrase`.
pub fn open(sealed: &[u8], purpose: &str, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let malformed = |what: &str| Refusal::new(&SEAL_MALFORMED, what);
    if sealed.len() > limits::SEALED_BYTES_MAX + HEADER_BYTES + TAG_BYTES {
        return Err(malformed("longer than anything that Covenant seals"));
    }
    let (header, ciphertext) = sealed
        .split_at_checked(HEADER_BYTES)
        .ok_or_else(|| malformed("shorter than a seal's header"))?;
    let mut rest = header;
    if take::<8>(&mut rest) != Some(*MAGIC) {
        return Err(malformed("the first bytes are not CVNTSEAL"));
    }
    if take::<1>(&mut rest) != Some([VERSION]) {
        return Err(malformed("a version that this program does not know"));
    }
    let mut number = || {
        take::<4>(&mut rest)
            .map(u32::from_be_bytes)
            .ok_or_else(|| malformed("truncated"))
    };
    let cost = Cost {
        memory_kib: number()?,
        passes: number()?,
        lanes: number()?,
    }
    .check()?;
    let salt = take::<SALT_BYTES>(&mut rest).ok_or_else(|| malformed("truncated"))?;
    let nonce = take::<NONCE_BYTES>(&mut rest).ok_or_else(|| malformed("truncated"))?;
    let key = cost.key(passphrase, &salt)?;
    let aad = associated(header, purpose);
    ChaCha20Poly1305::new(Key::from_slice(key.as_ref()))
        .decrypt(
            Nonce::from_slice(&nonce),
            Payload {
                msg: ciphertext,
                aad: &aad,
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| Refusal::new(&WRONG_PASSPHRASE, "the seal does not open"))
}

/// Takes `N` bytes off the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// Header and purpose; the header's length is fixed, so the two cannot run into each other.
fn associated(header: &[u8], purpose: &str) -> Vec<u8> {
    [header, purpose.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn phrase(text: &str) -> Passphrase {
        Passphrase::new(text.into()).unwrap()
    }

    fn sealed() -> Vec<u8> {
        seal(
            b"secret",
            "test",
            &phrase("open sesame"),
            CHEAP,
            &mut ChaCha20Rng::from_seed([1; 32]),
        )
        .unwrap()
    }

    fn code(sealed: &[u8], purpose: &str, passphrase: &str) -> &'static str {
        open(sealed, purpose, &phrase(passphrase))
            .map(|_| ())
            .unwrap_err()
            .code()
    }

    #[test]
    fn keys_are_what_they_were() {
        // As argon2 0.5.3 made them, one lane after the other: what was sealed then opens now.
        for (memory_kib, passes, lanes, expected) in [
            (
                64,
                3,
                4,
                "d4db550b32c4e3dc2bec6b9bad168f506a21842c82983f606d1db480e291a0b4",
            ),
            (
                32,
                2,
                1,
                "7a3ee6b93d28d151a78b76d0a8dc41bb46d5376cbf0c8bcaeea39646de15c38e",
            ),
        ] {
            let cost = Cost {
                memory_kib,
                passes,
                lanes,
            };
            let key = cost.key(&phrase("correct horse"), &[2; SALT_BYTES]).unwrap();
            assert_eq!(data_encoding::HEXLOWER.encode(&*key), expected);
        }
    }

    #[test]
    fn opens_with_its_passphrase_and_purpose_only() {
        let sealed = sealed();
        assert_eq!(
            open(&sealed, "test", &phrase("open sesame")).unwrap().as_slice(),
            b"secret"
        );
        assert_eq!(code(&sealed, "test", "open sesame "), "wrong-passphrase");
        assert_eq!(code(&sealed, "other", "open sesame"), "wrong-passphrase");
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let sealed = sealed();
        for i in 0..sealed.len() {
            // Costs stay small: the high bytes of a cost would make it too costly, which is refused as such.
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            let expected: &[&str] = match i {
                0..=8 => &["seal-malformed"],
                9..=20 => &["wrong-passphrase", "seal-too-costly", "seal-malformed"],
                _ => &["wrong-passphrase"],
            };
            assert!(expected.contains(&code(&changed, "test", "open sesame")), "byte {i}");
        }
        for length in 0..HEADER_BYTES {
            assert_eq!(code(&sealed[..length], "test", "open sesame"), "seal-malformed");
        }
        assert_eq!(
            code(&sealed[..sealed.len() - 1], "test", "open sesame"),
            "wrong-passphrase"
        );
    }

    #[test]
    fn costs_are_bounded_on_reading() {
        let mut greedy = sealed();
        greedy[9..13].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(code(&greedy, "test", "open sesame"), "seal-too-costly");
        let rng = &mut ChaCha20Rng::from_seed([1; 32]);
        let cost = Cost { passes: 17, ..CHEAP };
        assert_eq!(
            seal(b"", "test", &phrase("p"), cost, rng).unwrap_err().code(),
            "seal-too-costly"
        );
        let cost = Cost { passes: 0, ..CHEAP };
        assert_eq!(
            seal(b"", "test", &phrase("p"), cost, rng).unwrap_err().code(),
            "seal-malformed"
        );
    }

    #[test]
    fn a_passphrase_is_one_line() {
        let from = |bytes: &[u8]| Passphrase::from_file_bytes(bytes.to_vec());
        assert_eq!(from(b"word\r\n").unwrap().0.as_str(), "word");
        assert_eq!(from(b"two words ").unwrap().0.as_str(), "two words ");
        for bytes in [&b""[..], b"\n", b"a\nb", b"\xff", &[b'a'; 1025]] {
            assert_eq!(from(bytes).map(|_| ()).unwrap_err().code(), "passphrase-unusable");
        }
    }
}
