//! Signed documents: Ed25519 over a domain, the document's type and version, and its deterministic CBOR.
//!
//! [`Signed`] is what was read and may be anybody's; [`Verified`] has no public constructor, so that whoever holds one knows
//! that the signature was checked with [`ed25519_dalek::VerifyingKey::verify_strict`] (no small-order keys, no malleable S).
//!
//! ```compile_fail
//! use covenant_api::documents::Policy;
//! fn forge(document: Policy) -> covenant_api::sign::Verified<Policy> {
//!     covenant_api::sign::Verified { document } // private: only a checked signature makes one
//! }
//! ```

use std::ops::Deref;

use covenant_policy::refusal::Refusal;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::document::{Document, Envelope, expect_header, read_envelope, write_json};
use crate::refusals::{INVALID_KEY, WRONG_SIGNATURE, WRONG_SIGNER};
use crate::types::{Bytes64, Hex32};

/// The bytes that are signed: `covenant/sign/TYPE/vVERSION`, a zero byte, the document's deterministic CBOR.
fn message<T: Document>(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = format!("covenant/sign/{}/v{}\0", T::TYPE, T::VERSION).into_bytes();
    bytes.extend_from_slice(encoded);
    bytes
}

/// An Ed25519 key that signs documents. It has no `Debug` and wipes itself.
pub struct Signer(SigningKey);

impl Signer {
    /// The key of this 32-byte seed (RFC 8032's private key).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public key.
    pub fn public(&self) -> Hex32 {
        Hex32(self.0.verifying_key().to_bytes())
    }

    /// Signs a document.
    ///
    /// # Errors
    /// Whatever [`Document::validate`] says; `wrong-signer` where the document names another one; `unencodable`.
    pub fn sign<T: Document>(&self, document: T) -> Result<Verified<T>, Refusal> {
        document.validate()?;
        expect_signer(&document, &self.public())?;
        let encoded = canonical::to_vec(&document)?;
        let signature = Bytes64(self.0.sign(&message::<T>(&encoded)).to_bytes());
        Ok(Verified {
            document,
            signer: self.public(),
            signature,
            id: T::id_of(&encoded),
        })
    }
}

/// A signed document as it was read: its fields are well formed, its signature is not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed<T> {
    r#type: String,
    version: u32,
    document: T,
    signer: Hex32,
    signature: Bytes64,
}

impl<T: DeserializeOwned> Envelope for Signed<T> {
    fn header(&self) -> (&str, u32) {
        (&self.r#type, self.version)
    }
}

impl<T: Document> Signed<T> {
    /// Reads a signed document.
    ///
    /// # Errors
    /// `document-too-large`, `malformed-document`, `unknown-field`, `wrong-document-type`, `unsupported-version`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Refusal> {
        let signed: Self = read_envelope::<T, _>(bytes)?;
        signed.document.validate()?;
        Ok(signed)
    }

    /// The document, which nobody has vouched for yet: good for finding out whose key to expect.
    pub fn unverified(&self) -> &T {
        &self.document
    }

    /// The key that the file names as its signer: good for finding out who claims to have signed.
    pub fn claimed_signer(&self) -> Hex32 {
        self.signer
    }

    /// Envelope and fields are those of a document of this type. Where it was read on its own this is known already; inside a
    /// record it is not.
    fn well_formed(&self) -> Result<(), Refusal> {
        expect_header::<T>(&self.r#type, self.version)?;
        self.document.validate()
    }

    /// Checks that this key signed this document.
    ///
    /// # Errors
    /// `wrong-signer` where the file or the document names another key, `invalid-key` where the key is none, `wrong-signature`;
    /// `wrong-document-type`, `unsupported-version` and what [`Document::validate`] says.
    pub fn verify(self, expected: &Hex32) -> Result<Verified<T>, Refusal> {
        self.well_formed()?;
        if self.signer != *expected {
            return Err(Refusal::new(&WRONG_SIGNER, format!("signed by {}", self.signer))
                .at(format!("{}: signer", T::TYPE))
                .expected(format!("signed by {expected}")));
        }
        expect_signer(&self.document, expected)?;
        let key = verifying_key(expected)?;
        let encoded = canonical::to_vec(&self.document)?;
        key.verify_strict(&message::<T>(&encoded), &Signature::from_bytes(&self.signature.0))
            .map_err(|_| {
                Refusal::new(&WRONG_SIGNATURE, format!("the signature of {expected} does not verify"))
                    .at(format!("{}: signature", T::TYPE))
            })?;
        Ok(Verified {
            document: self.document,
            signer: self.signer,
            signature: self.signature,
            id: T::id_of(&encoded),
        })
    }
}

/// The signer is the one whom the document itself names, where it names one.
fn expect_signer<T: Document>(document: &T, signer: &Hex32) -> Result<(), Refusal> {
    match document.must_be_signed_by() {
        Some(named) if named != *signer => Err(Refusal::new(&WRONG_SIGNER, format!("signed by {signer}"))
            .at(format!("{}: document", T::TYPE))
            .expected(format!("signed by {named}, whom the document names"))),
        _ => Ok(()),
    }
}

/// An Ed25519 public key, decoded strictly.
///
/// # Errors
/// `invalid-key` where the bytes are no point, not the point's one encoding, or a point of small order.
pub fn verifying_key(key: &Hex32) -> Result<VerifyingKey, Refusal> {
    match VerifyingKey::from_bytes(&key.0) {
        Ok(point) if !point.is_weak() && is_reduced(&key.0) => Ok(point),
        _ => Err(Refusal::new(&INVALID_KEY, format!("{key}")).expected("an Ed25519 public key of large order")),
    }
}

/// Whether y is below p = 2^255 - 19. ed25519-dalek takes y >= p for y - p; a key has one spelling. (The other second spelling, a sign
/// where x is zero, is that of a point of small order.)
fn is_reduced(key: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = key;
    *low < 0xed || middle.iter().any(|byte| *byte != 0xff) || high & 0x7f != 0x7f
}

/// A document whose signature was checked, or made here.
#[derive(Debug, Clone)]
pub struct Verified<T> {
    document: T,
    signer: Hex32,
    signature: Bytes64,
    id: Hex32,
}

impl<T: Document> Verified<T> {
    /// The document.
    pub fn document(&self) -> &T {
        &self.document
    }

    /// Who signed it.
    pub fn signer(&self) -> Hex32 {
        self.signer
    }

    /// Its id, all 32 bytes.
    pub fn id(&self) -> Hex32 {
        self.id
    }

    /// Its id as people see it.
    pub fn display_id(&self) -> String {
        crate::ids::display(T::PREFIX, &self.id)
    }

    /// The document, without its signature.
    pub fn into_document(self) -> T {
        self.document
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// `unencodable`.
    pub fn to_json(&self) -> Result<Vec<u8>, Refusal> {
        write_json(&Signed {
            r#type: T::TYPE.into(),
            version: T::VERSION,
            document: &self.document,
            signer: self.signer,
            signature: self.signature,
        })
    }
}

impl<T: Document + Clone> Verified<T> {
    /// The signed document as it travels, to be put into a larger whole.
    pub fn to_signed(&self) -> Signed<T> {
        Signed {
            r#type: T::TYPE.into(),
            version: T::VERSION,
            document: self.document.clone(),
            signer: self.signer,
            signature: self.signature,
        }
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        text: String,
    }

    impl Document for Note {
        const TYPE: &'static str = "note";
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Memo {
        text: String,
    }

    impl Document for Memo {
        const TYPE: &'static str = "memo";
    }

    fn signed() -> (Signer, Vec<u8>) {
        let signer = Signer::from_seed(&[7; 32]);
        let json = signer.sign(Note { text: "hello".into() }).unwrap().to_json().unwrap();
        (signer, json)
    }

    fn verify(json: &[u8], key: &Hex32) -> Result<Verified<Note>, Refusal> {
        Signed::from_json(json)?.verify(key)
    }

    #[test]
    fn what_was_signed_verifies() {
        let (signer, json) = signed();
        let note = verify(&json, &signer.public()).unwrap();
        assert_eq!(note.document(), &Note { text: "hello".into() });
        assert_eq!(note.to_json().unwrap(), json);
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let (signer, json) = signed();
        let text = String::from_utf8(json).unwrap();
        let start = text.find("\"signature\": \"").unwrap() + 14;
        for i in 0..128 {
            let mut bytes = text.clone().into_bytes();
            bytes[start + i] = if bytes[start + i] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                verify(&bytes, &signer.public()).unwrap_err().code(),
                "wrong-signature",
                "digit {i}"
            );
        }
        let changed = text.replace("hello", "hallo");
        assert_eq!(
            verify(changed.as_bytes(), &signer.public()).unwrap_err().code(),
            "wrong-signature"
        );
    }

    #[test]
    fn another_key_is_refused() {
        let (signer, json) = signed();
        let other = Signer::from_seed(&[8; 32]).public();
        assert_eq!(verify(&json, &other).unwrap_err().code(), "wrong-signer");
        let renamed = String::from_utf8(json)
            .unwrap()
            .replace(&signer.public().to_string(), &other.to_string());
        assert_eq!(
            verify(renamed.as_bytes(), &other).unwrap_err().code(),
            "wrong-signature"
        );
    }

    #[test]
    fn a_signature_holds_for_one_type_of_document() {
        let (signer, json) = signed();
        let memo = String::from_utf8(json).unwrap().replace("\"note\"", "\"memo\"");
        let memo: Signed<Memo> = Signed::from_json(memo.as_bytes()).unwrap();
        assert_eq!(memo.verify(&signer.public()).unwrap_err().code(), "wrong-signature");
    }

    #[test]
    fn weak_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(verifying_key(&Hex32(identity)).unwrap_err().code(), "invalid-key");
        // y = 2^255 - 1 is a second spelling of y = 18; y = 2 is on no point of the curve.
        assert_eq!(verifying_key(&Hex32([0xff; 32])).unwrap_err().code(), "invalid-key");
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(verifying_key(&Hex32(no_point)).unwrap_err().code(), "invalid-key");
        assert_eq!(
            verifying_key(&Signer::from_seed(&[7; 32]).public()).map(|k| k.is_weak()),
            Ok(false)
        );
    }

    #[test]
    fn a_key_is_the_points_own_encoding() {
        // y from p - 19 to 2^255 - 1 and from 0 to 18, of which some are on the curve, with either sign.
        let mut points = 0;
        for (low, rest) in (0xda..=0xff).map(|low| (low, 0xff)).chain((0..=18).map(|low| (low, 0))) {
            for sign in [0, 0x80] {
                let mut key = [rest; 32];
                key[0] = low;
                key[31] = key[31] & 0x7f | sign;
                let Ok(point) = VerifyingKey::from_bytes(&key) else {
                    continue;
                };
                points += 1;
                let own = point.to_edwards().compress().to_bytes() == key;
                assert_eq!(verifying_key(&Hex32(key)).is_ok(), own && !point.is_weak(), "{key:?}");
            }
        }
        assert!(points > 30, "{points} points");
    }
}
