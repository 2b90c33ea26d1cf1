//! One seed, every secret: HKDF-SHA-256 (RFC 5869) over the BIP39 seed, with one label per purpose.
//!
//! What is derived for something (a statement, a bank, a request) has that thing's full encoding behind its label, so that
//! two things never share a secret and the same books give the same salt again after a restore.

use bip39::Mnemonic;
use covenant_api::canonical;
use covenant_api::documents::StatedFigures;
use covenant_api::sign::Signer;
use covenant_api::types::{FieldElement, Hex32, RegistryId};
use covenant_policy::refusal::Refusal;
use covenant_statements::field;
use hkdf::Hkdf;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::refusals::PHRASE_INVALID;

/// Words in a recovery phrase: 256 bits and their checksum.
pub const PHRASE_WORDS: usize = 24;
const SEED_BYTES: usize = 64;
const SALT: &[u8] = b"covenant/vault/v1";

/// A recovery phrase. It has no `Debug` and wipes itself.
pub struct Phrase(Mnemonic);

impl Phrase {
    /// The phrase of 32 bytes of entropy.
    ///
    /// # Errors
    /// `phrase-invalid`, which cannot happen with 32 bytes.
    pub fn from_entropy(entropy: &[u8; 32]) -> Result<Self, Refusal> {
        Mnemonic::from_entropy(entropy)
            .map(Self)
            .map_err(|e| Refusal::new(&PHRASE_INVALID, e.to_string()))
    }

    /// Reads a phrase as it was typed: words in any case, with any white space between them.
    ///
    /// # Errors
    /// `phrase-invalid`; it does not repeat what was typed.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let expected = format!("{PHRASE_WORDS} words of the English BIP39 list");
        let words: Vec<Zeroizing<String>> = text
            .split_whitespace()
            .take(PHRASE_WORDS + 1)
            .map(|w| Zeroizing::new(w.to_lowercase()))
            .collect();
        if words.len() != PHRASE_WORDS {
            let what = if words.len() > PHRASE_WORDS {
                "too many words".into()
            } else {
                format!("{} words", words.len())
            };
            return Err(Refusal::new(&PHRASE_INVALID, what).expected(expected));
        }
        let mut joined = Zeroizing::new(String::with_capacity(text.len()));
        for (i, word) in words.iter().enumerate() {
            if i > 0 {
                joined.push(' ');
            }
            joined.push_str(word);
        }
        Mnemonic::parse_in_normalized(bip39::Language::English, &joined)
            .map(Self)
            .map_err(|error| {
                // The library's message would repeat words of the phrase; the word's number is enough.
                let what = match error {
                    bip39::Error::UnknownWord(index) => format!("word {} is not on the list", index + 1),
                    bip39::Error::InvalidChecksum => "the checksum does not fit: a word is wrong, or the order".into(),
                    _ => "not a phrase".into(),
                };
                Refusal::new(&PHRASE_INVALID, what).expected(expected)
            })
    }

    /// The words, six to a line. This is the secret itself.
    pub fn reveal(&self) -> Zeroizing<String> {
        // 24 words of at most 8 letters and what separates them, so that the text never moves in memory.
        let mut text = Zeroizing::new(String::with_capacity(PHRASE_WORDS * 9));
        for (i, word) in self.0.words().enumerate() {
            text.push_str(if i == 0 {
                ""
            } else if i % 6 == 0 {
                "\n"
            } else {
                " "
            });
            text.push_str(word);
        }
        text
    }

    /// The seed that the phrase stands for (BIP39, without an extra passphrase).
    pub fn secrets(&self) -> Secrets {
        Secrets(Zeroizing::new(self.0.to_seed_normalized("")))
    }
}

/// Every secret of the enterprise, from one seed. It has no `Debug` and wipes itself.
pub struct Secrets(Zeroizing<[u8; SEED_BYTES]>);

/// What a statement's salt is derived for: another version or period has another salt.
#[derive(Serialize)]
struct SaltFor<'a> {
    schema: &'a str,
    registry_id: &'a RegistryId,
    start: u32,
    end: u32,
    basis: &'a covenant_api::documents::StatementBasis,
    restatement: u16,
}

impl Secrets {
    fn expand<const N: usize>(&self, label: &str, context: &[u8]) -> Zeroizing<[u8; N]> {
        let mut out = Zeroizing::new([0; N]);
        // HKDF-SHA-256 gives up to 8,160 bytes; N is 32 or 64, so expanding cannot fail.
        let expanded = Hkdf::<Sha256>::new(Some(SALT), self.0.as_ref())
            .expand_multi_info(&[label.as_bytes(), &[0], context], out.as_mut());
        debug_assert!(expanded.is_ok());
        out
    }

    /// A field element from 64 bytes, so that its bias is below 2^-250.
    fn element(&self, label: &str, context: &[u8]) -> FieldElement {
        FieldElement(field::field_from_wide(&self.expand::<64>(label, context)))
    }

    /// The secret key, behind every pseudonym.
    pub fn sk(&self) -> FieldElement {
        self.element("covenant/sk/v1", &[])
    }

    /// The salt that hides a statement's figures in its hash.
    ///
    /// # Errors
    /// `unencodable`.
    pub fn salt(&self, registry_id: &RegistryId, stated: &StatedFigures) -> Result<FieldElement, Refusal> {
        let context = canonical::to_vec(&SaltFor {
            schema: stated.schema.as_str(),
            registry_id,
            start: stated.start.day().0,
            end: stated.end.day().0,
            basis: &stated.basis,
            restatement: stated.restatement,
        })?;
        Ok(self.element("covenant/salt/v1", &context))
    }

    /// What blinds the link of statement `slot` to a book proof, in the answer to one request.
    pub fn link_blinding(&self, request: &Hex32, slot: u8) -> FieldElement {
        let mut context = request.0.to_vec();
        context.push(slot);
        self.element("covenant/link-blinding/v1", &context)
    }

    /// The Ed25519 key towards one bank, by the bank's first key.
    pub fn bank_signer(&self, bank: &Hex32) -> Signer {
        Signer::from_seed(&self.expand("covenant/bank-key/v1", &bank.0))
    }
}

impl Serialize for Secrets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hex = Zeroizing::new(String::with_capacity(2 * SEED_BYTES));
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        serializer.serialize_str(&hex)
    }
}

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let wrong = || de::Error::custom("the seed is not 128 hexadecimal digits");
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        if text.len() != 2 * SEED_BYTES || !text.is_ascii() {
            return Err(wrong());
        }
        for (byte, pair) in seed.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The last vector of the BIP39 reference (Trezor's list has another with an extra passphrase; this one has none).
    const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
        abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

    #[test]
    fn the_same_phrase_gives_the_same_secrets() {
        let phrase = Phrase::from_entropy(&[0; 32]).unwrap();
        assert_eq!(
            phrase.reveal().split_whitespace().collect::<Vec<_>>(),
            WORDS.split_whitespace().collect::<Vec<_>>()
        );
        let again = Phrase::parse(&WORDS.to_uppercase().replace(' ', "\n ")).unwrap();
        assert_eq!(again.secrets().0, phrase.secrets().0);
        // BIP39's seed for this phrase and no passphrase, as other implementations give it.
        assert_eq!(phrase.secrets().0[..4], [0x40, 0x8b, 0x28, 0x5c]);
    }

    #[test]
    fn a_wrong_phrase_is_refused_without_repeating_it() {
        for (text, what) in [
            ("", "0 words"),
            ("abandon", "1 words"),
            (
                &WORDS.replace("art", "abandon"),
                "the checksum does not fit: a word is wrong, or the order",
            ),
            (&WORDS.replace("art", "secretword"), "word 24 is not on the list"),
            (&format!("{WORDS} art"), "too many words"),
        ] {
            let refusal = Phrase::parse(text).err().unwrap();
            assert_eq!((refusal.code(), refusal.what.as_str()), ("phrase-invalid", what));
        }
    }

    #[test]
    fn purposes_do_not_share_secrets() {
        let secrets = Phrase::from_entropy(&[1; 32]).unwrap().secrets();
        let (a, b) = (Hex32([1; 32]), Hex32([2; 32]));
        let elements = [
            secrets.sk(),
            secrets.link_blinding(&a, 0),
            secrets.link_blinding(&a, 1),
            secrets.link_blinding(&b, 0),
        ];
        for (i, x) in elements.iter().enumerate() {
            assert!(!x.is_zero());
            assert!(elements[..i].iter().all(|y| y != x));
        }
        assert_ne!(secrets.bank_signer(&a).public(), secrets.bank_signer(&b).public());
        let text = serde_json::to_string(&secrets).unwrap();
        assert_eq!(serde_json::from_str::<Secrets>(&text).unwrap().sk(), secrets.sk());
        for wrong in [
            "\"00\"",
            "\"é\"",
            &text.replace('"', "\"+"),
            &text.replacen('"', "\"x", 1),
        ] {
            assert!(serde_json::from_str::<Secrets>(wrong).is_err());
        }
    }
}
