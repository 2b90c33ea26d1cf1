//! Signed notes (C2SP `signed-note`) with Ed25519 signatures of type 01: the envelope of checkpoints.
//!
//! A note is a text that ends in a newline, an empty line, and signature lines `— name base64(key id ‖ signature)`. Signatures by keys
//! that the reader does not know are ignored; a known key whose signature fails, or that signs twice, refuses the whole note.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519, Signer, SigningKey, VerifyingKey};

use crate::errors::NoteError;
use crate::hash::Hash;

/// The largest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 1 << 16;
/// The most signature lines.
pub const SIGNATURES_MAX: usize = 64;
/// The longest key name, in bytes: what tlog-cosignature allows an origin.
pub const NAME_BYTES_MAX: usize = 255;

/// The signature type of plain Ed25519.
const TYPE_ED25519: u8 = 1;
/// An em dash and a space.
pub(crate) const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// A key that is known to sign notes: what a log, or a witness, is trusted by. Written and read as C2SP's
/// `name+key id in hex+base64(01 ‖ public key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    key: VerifyingKey,
}

impl LogKey {
    /// The key of this name.
    ///
    /// # Errors
    /// Refuses a name that is empty, too long, or holds white space, a plus sign or a control character.
    pub fn new(name: impl Into<String>, key: VerifyingKey) -> Result<Self, NoteError> {
        let name = name.into();
        if !is_name(&name) {
            return Err(NoteError::Key {
                expected: "a name without white space and plus signs",
            });
        }
        Ok(Self { name, key })
    }

    /// Reads the C2SP form.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, key) = parse_key(text, TYPE_ED25519, "a key of type 01 (Ed25519)")?;
        Ok(Self { name, key })
    }

    /// The name that it signs under; for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    pub fn public(&self) -> &VerifyingKey {
        &self.key
    }

    /// The first four bytes of SHA-256(name ‖ 0A ‖ type ‖ public key).
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, TYPE_ED25519, &self.key)
    }

    /// Signs a note's text: the whole note, with this one signature.
    pub(crate) fn sign(&self, text: &str, secret: &SigningKey) -> String {
        let signature = secret.sign(text.as_bytes());
        format!("{text}\n{}", line_text(&self.name, self.id(), &signature.to_bytes()))
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, TYPE_ED25519, &self.key))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A signature line.
pub(crate) fn line_text(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    let line = STANDARD.encode([id.as_slice(), signature].concat());
    format!("{SIGNATURE_PREFIX}{name} {line}\n")
}

/// The first four bytes of SHA-256(name ‖ 0A ‖ type ‖ public key).
pub(crate) fn key_id(name: &str, kind: u8, key: &VerifyingKey) -> [u8; 4] {
    let Hash([a, b, c, d, ..]) = Hash::of(&[name.as_bytes(), b"\n", &[kind], key.as_bytes()]);
    [a, b, c, d]
}

/// A key of this type as C2SP writes it.
pub(crate) fn key_text(name: &str, kind: u8, key: &VerifyingKey) -> String {
    let [a, b, c, d] = key_id(name, kind, key);
    let key = STANDARD.encode([[kind].as_slice(), key.as_bytes()].concat());
    format!("{name}+{a:02x}{b:02x}{c:02x}{d:02x}+{key}")
}

/// The name and public key in such a text.
pub(crate) fn parse_key(
    text: &str,
    kind: u8,
    expected_kind: &'static str,
) -> Result<(String, VerifyingKey), NoteError> {
    let refuse = |expected| NoteError::Key { expected };
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(refuse("name+key id+key"));
    };
    let decoded = STANDARD.decode(encoded).map_err(|_| refuse("a key in base64"))?;
    let public = match decoded.split_first() {
        Some((found, public)) if *found == kind => public,
        _ => return Err(refuse(expected_kind)),
    };
    let public: &[u8; 32] = public.try_into().map_err(|_| refuse("a public key of 32 bytes"))?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| refuse("a point of edwards25519"))?;
    if key.is_weak() {
        return Err(refuse("a key of large order"));
    }
    if !is_name(name) {
        return Err(refuse("a name without white space and plus signs"));
    }
    if key_text(name, kind, &key) != text {
        return Err(refuse(if id.len() == 8 {
            "the key id of this name and key"
        } else {
            "a key id of 8 hex digits"
        }));
    }
    Ok((name.to_owned(), key))
}

/// One signature line, as yet unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine<'a> {
    /// Who is said to have signed.
    pub name: &'a str,
    /// The first four bytes of the decoded line.
    pub key_id: [u8; 4],
    /// The rest.
    pub signature: Vec<u8>,
}

/// A note taken apart, as yet unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// What is signed, with its final newline.
    pub text: &'a str,
    /// The signature lines; at least one.
    pub signatures: Vec<SignatureLine<'a>>,
}

impl<'a> Note<'a> {
    /// Takes a note apart.
    ///
    /// # Errors
    /// Says which part is not as it must be.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        let refuse = |expected| NoteError::Malformed { expected };
        if note.len() > NOTE_BYTES_MAX {
            return Err(refuse("at most 65,536 bytes"));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(refuse("no control characters"));
        }
        let empty_line = note
            .rfind("\n\n")
            .ok_or(refuse("an empty line before the signatures"))?;
        let (text, signatures) = note.split_at(empty_line + 1);
        let lines = signatures
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'))
            .ok_or(refuse("signature lines that end in a newline"))?;
        let signatures = lines.split('\n').map(signature_line).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(refuse("at most 64 signatures"));
        }
        Ok(Self { text, signatures })
    }

    /// Checks that this key signed the text, exactly once.
    ///
    /// # Errors
    /// Says whether the key has not signed, has signed twice, or its signature is wrong.
    pub fn verify(&self, key: &LogKey) -> Result<(), NoteError> {
        let line = self.line(&key.name, key.id())?.ok_or(NoteError::Unsigned)?;
        let signature = Ed25519::from_slice(&line.signature).map_err(|_| NoteError::Signature)?;
        key.key
            .verify_strict(self.text.as_bytes(), &signature)
            .map_err(|_| NoteError::Signature)
    }

    /// The one signature line of this key, if there is any.
    pub(crate) fn line(&self, name: &str, id: [u8; 4]) -> Result<Option<&SignatureLine<'a>>, NoteError> {
        let mut by_key = self
            .signatures
            .iter()
            .filter(|line| line.name == name && line.key_id == id);
        let line = by_key.next();
        if by_key.next().is_some() {
            return Err(NoteError::Malformed {
                expected: "one signature of each key",
            });
        }
        Ok(line)
    }
}

pub(crate) fn signature_line(line: &str) -> Result<SignatureLine<'_>, NoteError> {
    let refuse = |expected| NoteError::Malformed { expected };
    let (name, encoded) = line
        .strip_prefix(SIGNATURE_PREFIX)
        .and_then(|rest| rest.split_once(' '))
        .ok_or(refuse("a line `\u{2014} name base64`"))?;
    if !is_name(name) {
        return Err(refuse("a name without white space and plus signs"));
    }
    let decoded = STANDARD.decode(encoded).map_err(|_| refuse("a signature in base64"))?;
    match decoded.split_first_chunk() {
        Some((key_id, signature)) if !signature.is_empty() => Ok(SignatureLine {
            name,
            key_id: *key_id,
            signature: signature.to_vec(),
        }),
        _ => Err(refuse("a key id and a signature")),
    }
}

/// Whether a key may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(forbidden)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signed_note::{StandardVerifier, VerifierList};

    use super::*;

    /// The example of the documentation of Go's `sumdb/note` package.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const BY_PETER: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const BY_ENOCH: &str = "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn peter() -> LogKey {
        LogKey::parse(PETER).expect("a key")
    }

    fn ours() -> (LogKey, SigningKey) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        (
            LogKey::new("example.com/log", secret.verifying_key()).expect("a name"),
            secret,
        )
    }

    /// What the other implementation says of a note, with one trusted key.
    fn oracle(note: &str, key: &LogKey) -> bool {
        let verifier = StandardVerifier::new(&key.to_string()).expect("a key");
        let verifiers = VerifierList::new(vec![Box::new(verifier)]);
        signed_note::Note::from_bytes(note.as_bytes()).is_ok_and(|note| note.verify(&verifiers).is_ok())
    }

    fn we(note: &str, key: &LogKey) -> Result<(), NoteError> {
        Note::parse(note)?.verify(key)
    }

    #[test]
    fn the_published_example_verifies() {
        assert_eq!(peter().to_string(), PETER);
        let note = format!("{TEXT}\n{BY_PETER}");
        assert_eq!(Note::parse(&note).expect("a note").text, TEXT);
        assert_eq!(we(&note, &peter()), Ok(()));
        assert_eq!(we(&format!("{TEXT}\n{BY_ENOCH}{BY_PETER}"), &peter()), Ok(()));
        assert_eq!(we(&format!("{TEXT}\n{BY_ENOCH}"), &peter()), Err(NoteError::Unsigned));
        assert_eq!(
            we(&format!("{TEXT}!\n\n{BY_PETER}"), &peter()),
            Err(NoteError::Signature)
        );
    }

    #[test]
    fn what_we_sign_others_verify() {
        let (key, secret) = ours();
        let note = key.sign("example.com/log\n0\n", &secret);
        assert_eq!(we(&note, &key), Ok(()));
        assert!(oracle(&note, &key));
        assert_eq!(LogKey::parse(&key.to_string()), Ok(key));
    }

    #[test]
    fn every_changed_byte_refuses_the_note() {
        let (key, secret) = ours();
        let note = key.sign("example.com/log\n12\nroot\n", &secret);
        for at in 0..note.len() {
            for flip in [1u8, 2, 0x20, 0x80] {
                let mut changed = note.clone().into_bytes();
                changed[at] ^= flip;
                if let Ok(changed) = String::from_utf8(changed) {
                    let refused = we(&changed, &key).expect_err("changed");
                    assert!(CODES_OF_NOTES.contains(&refused.code()), "{refused}");
                }
            }
        }
    }

    const CODES_OF_NOTES: [&str; 3] = ["note-malformed", "note-unsigned", "note-signature-invalid"];

    #[test]
    fn malformed_notes_say_what_was_expected() {
        let cases = [
            (format!("{TEXT}{BY_PETER}"), "an empty line before the signatures"),
            (
                format!("{TEXT}\n{}", BY_PETER.trim_end()),
                "signature lines that end in a newline",
            ),
            (format!("{TEXT}\n"), "signature lines that end in a newline"),
            (format!("\t{TEXT}\n{BY_PETER}"), "no control characters"),
            (
                format!("{TEXT}\n- PeterNeumann AAAA\n"),
                "a line `\u{2014} name base64`",
            ),
            (
                format!("{TEXT}\n\u{2014} a+b AAAAAAA=\n"),
                "a name without white space and plus signs",
            ),
            (format!("{TEXT}\n\u{2014} a AAAAAAB\n"), "a signature in base64"),
            (format!("{TEXT}\n\u{2014} a AAAAAAB=\n"), "a signature in base64"),
            (format!("{TEXT}\n\u{2014} a AAAAAA==\n"), "a key id and a signature"),
            (format!("{TEXT}\n{}", BY_PETER.repeat(65)), "at most 64 signatures"),
            (
                format!("{}\n\n{BY_PETER}", "x".repeat(NOTE_BYTES_MAX)),
                "at most 65,536 bytes",
            ),
        ];
        for (note, expected) in cases {
            assert_eq!(Note::parse(&note), Err(NoteError::Malformed { expected }));
        }
        let twice = we(&format!("{TEXT}\n{BY_PETER}{BY_PETER}"), &peter());
        assert_eq!(
            twice,
            Err(NoteError::Malformed {
                expected: "one signature of each key"
            })
        );
    }

    #[test]
    fn malformed_keys_say_what_was_expected() {
        let weak = format!(
            "a+00000000+{}",
            STANDARD.encode([[1].as_slice(), &[1], &[0; 31]].concat())
        );
        let cases = [
            ("PeterNeumann", "name+key id+key"),
            ("PeterNeumann+c74f20a3+ARpc2QcU!", "a key in base64"),
            (
                "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                "a key of type 01 (Ed25519)",
            ),
            ("PeterNeumann+c74f20a3+ARpc", "a public key of 32 bytes"),
            (&weak, "a key of large order"),
            (
                &PETER.replace("c74f20a3", "c74f20a4"),
                "the key id of this name and key",
            ),
            (
                &PETER.replace("c74f20a3", "C74F20A3"),
                "the key id of this name and key",
            ),
            (&PETER.replace("c74f20a3", "c74"), "a key id of 8 hex digits"),
            (
                &PETER.replace("Peter", "Peter "),
                "a name without white space and plus signs",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(LogKey::parse(text), Err(NoteError::Key { expected }), "{text}");
        }
        let off_curve = (0..=255u8)
            .map(|first| STANDARD.encode([[1, first].as_slice(), &[0x5a; 31]].concat()))
            .find_map(|key| match LogKey::parse(&format!("a+00000000+{key}")) {
                Err(NoteError::Key { expected }) => (expected == "a point of edwards25519").then_some(expected),
                _ => None,
            });
        assert_eq!(off_curve, Some("a point of edwards25519"));
    }

    proptest! {
        /// Whatever we accept, the other implementation accepts; what is refused never panics.
        #[test]
        fn we_are_no_laxer_than_the_other_implementation(
            text in "[a-z\u{e9} \n]{0,40}",
            lines in proptest::collection::vec("\u{2014} [a-z]{1,4} [A-Za-z0-9+/]{0,12}={0,2}", 0..3),
            sign in any::<bool>(),
        ) {
            let (key, secret) = ours();
            let text = format!("{text}\n");
            let mut note = if sign { key.sign(&text, &secret) } else { format!("{text}\n") };
            for line in lines {
                note.push_str(&line);
                note.push('\n');
            }
            match we(&note, &key) {
                Ok(()) => prop_assert!(oracle(&note, &key)),
                Err(refused) => prop_assert!(CODES_OF_NOTES.contains(&refused.code())),
            }
        }
    }
}
