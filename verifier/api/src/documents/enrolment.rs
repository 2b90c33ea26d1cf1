//! An enterprise redeems an invitation: pseudonym and per-bank key under a MAC whose key is the one-time code.
//!
//! Whoever can make the MAC was given the code, outside this channel, by the bank: so pseudonym and key belong to the company
//! that the bank invited. The code has 128 bits; each is redeemed once.

use covenant_policy::refusal::Refusal;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::canonical;
use crate::document::Document;
use crate::ids;
use crate::refusals::WRONG_CODE;
use crate::types::{FieldElement, Hex32, RegistryId, UtcTime};

const CODE_BYTES: usize = 16;
const CODE_LETTERS: usize = 26;
const GROUP_LETTERS: usize = 5;

/// The one-time code: 128 bits. It has no `Debug` and wipes itself.
pub struct Code(Zeroizing<[u8; CODE_BYTES]>);

impl Code {
    /// A new code.
    pub fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        let mut bytes = Zeroizing::new([0; CODE_BYTES]);
        rng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// Reads a code as it was typed: base32 in either case; spaces and hyphens only group it.
    ///
    /// # Errors
    /// `wrong-code` where it is not 26 letters of base32.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong = || {
            Refusal::new(&WRONG_CODE, "not a one-time code").expected("26 letters and digits of base32, in groups of 5")
        };
        if text.len() > 4 * CODE_LETTERS {
            return Err(wrong());
        }
        let letters: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !matches!(c, '-' | ' ' | '\n' | '\r')).collect());
        let lower = Zeroizing::new(letters.to_ascii_lowercase());
        let bytes = Zeroizing::new(ids::base32().decode(lower.as_bytes()).map_err(|_| wrong())?);
        let bytes: [u8; CODE_BYTES] = bytes.as_slice().try_into().map_err(|_| wrong())?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The code as it is printed for delivery, in groups of five. This is the secret itself.
    pub fn reveal(&self) -> Zeroizing<String> {
        let letters = Zeroizing::new(ids::base32().encode(self.0.as_ref()));
        let mut out = Zeroizing::new(String::with_capacity(CODE_LETTERS + CODE_LETTERS / GROUP_LETTERS));
        for (i, letter) in letters.chars().enumerate() {
            if i > 0 && i % GROUP_LETTERS == 0 {
                out.push('-');
            }
            out.push(letter);
        }
        out
    }

    /// The MAC key that the code stands for: HKDF-SHA-256, salted with the invitation's id.
    pub fn redemption_key(&self, invitation: &Hex32) -> RedemptionKey {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are one block of HKDF-SHA-256, far below its limit of 255 blocks, so expanding cannot fail.
        let expanded = Hkdf::<Sha256>::new(Some(&invitation.0), self.0.as_ref())
            .expand(b"covenant/enrolment-mac/v1", key.as_mut());
        debug_assert!(expanded.is_ok());
        RedemptionKey(key)
    }
}

/// What the bank keeps until the invitation is redeemed: it checks the MAC, and does not reveal the code.
pub struct RedemptionKey(Zeroizing<[u8; 32]>);

impl RedemptionKey {
    /// From the bytes kept in the registry.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes to keep.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    fn mac(&self, bytes: &[u8]) -> Result<Hmac<Sha256>, Refusal> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_ref())
            .map_err(|_| Refusal::new(&WRONG_CODE, "the code gives no MAC key"))?;
        mac.update(b"covenant/enrolment/v1\0");
        mac.update(bytes);
        Ok(mac)
    }
}

/// What the MAC covers.
#[derive(Serialize)]
struct Redeemed<'a> {
    invitation: &'a Hex32,
    nym: &'a FieldElement,
    key: &'a Hex32,
}

/// An enterprise's answer to an invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The invitation's id.
    pub invitation: Hex32,
    /// The enterprise's pseudonym towards this bank.
    pub nym: FieldElement,
    /// The enterprise's Ed25519 key towards this bank.
    pub key: Hex32,
    /// HMAC-SHA-256 over the three.
    pub mac: Hex32,
}

impl Document for Enrolment {
    const TYPE: &'static str = "enrolment";
}

impl Enrolment {
    /// Redeems an invitation.
    ///
    /// # Errors
    /// `unencodable`.
    pub fn redeem(invitation: Hex32, nym: FieldElement, key: Hex32, code: &Code) -> Result<Self, Refusal> {
        let bytes = canonical::to_vec(&Redeemed {
            invitation: &invitation,
            nym: &nym,
            key: &key,
        })?;
        let mac = code.redemption_key(&invitation).mac(&bytes)?.finalize().into_bytes();
        Ok(Self {
            invitation,
            nym,
            key,
            mac: Hex32(mac.into()),
        })
    }

    /// Checks the MAC, in constant time.
    ///
    /// # Errors
    /// `wrong-code`.
    pub fn check(&self, key: &RedemptionKey) -> Result<(), Refusal> {
        let bytes = canonical::to_vec(&Redeemed {
            invitation: &self.invitation,
            nym: &self.nym,
            key: &self.key,
        })?;
        key.mac(&bytes)?
            .verify_slice(&self.mac.0)
            .map_err(|_| Refusal::new(&WRONG_CODE, "the enrolment's MAC does not match").at("enrolment: mac"))
    }
}

/// The bank's record that an invitation was redeemed: who its applicant is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolled {
    /// The invitation's id.
    pub invitation: Hex32,
    /// Whom the bank invited.
    pub registry_id: RegistryId,
    /// The applicant's pseudonym.
    pub nym: FieldElement,
    /// The applicant's Ed25519 key towards this bank.
    pub key: Hex32,
    /// When.
    pub enrolled: UtcTime,
}

impl Document for Enrolled {
    const TYPE: &'static str = "enrolled";
}
