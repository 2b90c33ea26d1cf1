//! Cosignatures (C2SP `tlog-cosignature`, Ed25519, type 04): a witness's word that, at some instant, a checkpoint was the largest
//! that it had seen of this log, and continued all before it.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::errors::NoteError;
use crate::note::{self, Note};

/// The signature type of a timestamped cosignature.
const TYPE_COSIGNATURE: u8 = 4;

/// A witness's key. Written and read as C2SP's `name+key id in hex+base64(04 ‖ public key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

impl WitnessKey {
    /// The key of this name.
    ///
    /// # Errors
    /// Refuses a name that is empty, too long, or holds white space, a plus sign or a control character.
    pub fn new(name: impl Into<String>, key: VerifyingKey) -> Result<Self, NoteError> {
        let name = name.into();
        if !note::is_name(&name) {
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
        let (name, key) = note::parse_key(text, TYPE_COSIGNATURE, "a key of type 04 (Ed25519 cosignature)")?;
        Ok(Self { name, key })
    }

    /// The name that it signs under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key.
    pub fn public(&self) -> &VerifyingKey {
        &self.key
    }

    /// The first four bytes of SHA-256(name ‖ 0A ‖ 04 ‖ public key).
    pub fn id(&self) -> [u8; 4] {
        note::key_id(&self.name, TYPE_COSIGNATURE, &self.key)
    }

    /// The time at which this witness cosigned the note, in Unix seconds; `None` where it has not.
    ///
    /// # Errors
    /// Refuses a note that it seems to have cosigned twice, or where its cosignature does not hold.
    pub fn cosigned(&self, note: &Note<'_>) -> Result<Option<u64>, NoteError> {
        let Some(line) = note.line(&self.name, self.id())? else {
            return Ok(None);
        };
        let (time, signature) = line.signature.split_first_chunk().ok_or(NoteError::Signature)?;
        let time = u64::from_be_bytes(*time);
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
        self.key
            .verify_strict(message(note.text, time).as_bytes(), &signature)
            .map_err(|_| NoteError::Signature)?;
        Ok(Some(time))
    }

    /// The signature line for a checkpoint's text at this instant, in Unix seconds.
    pub fn cosign(&self, text: &str, time: u64, secret: &SigningKey) -> String {
        let signature = secret.sign(message(text, time).as_bytes());
        let stamped = [time.to_be_bytes().as_slice(), &signature.to_bytes()].concat();
        note::line_text(&self.name, self.id(), &stamped)
    }
}

/// What a witness signs.
fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&note::key_text(&self.name, TYPE_COSIGNATURE, &self.key))
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::note::LogKey;

    fn witness() -> (WitnessKey, SigningKey) {
        let secret = SigningKey::from_bytes(&[21; 32]);
        (
            WitnessKey::new("witness.example.com/w1", secret.verifying_key()).expect("a name"),
            secret,
        )
    }

    fn log() -> (LogKey, SigningKey) {
        let secret = SigningKey::from_bytes(&[22; 32]);
        (
            LogKey::new("example.com/log", secret.verifying_key()).expect("a name"),
            secret,
        )
    }

    #[test]
    fn a_cosignature_is_read_back_with_its_time() {
        let (key, secret) = witness();
        let (log, log_secret) = log();
        let text = "example.com/log\n1\nAAAA\n";
        let note = log.sign(text, &log_secret);
        assert_eq!(key.cosigned(&Note::parse(&note).expect("a note")), Ok(None));
        let cosigned = note.clone() + &key.cosign(text, 1_679_315_147, &secret);
        let parsed = Note::parse(&cosigned).expect("a note");
        assert_eq!(key.cosigned(&parsed), Ok(Some(1_679_315_147)));
        assert_eq!(parsed.verify(&log), Ok(()));
        assert_eq!(WitnessKey::parse(&key.to_string()), Ok(key.clone()));
        assert!(LogKey::parse(&key.to_string()).is_err(), "a witness is no log");
        // The message is the one of the specification, byte for byte.
        assert_eq!(message(text, 7), "cosignature/v1\ntime 7\nexample.com/log\n1\nAAAA\n");
        let line = parsed.signatures.last().expect("a line");
        assert_eq!((line.signature.len(), line.key_id), (72, key.id()));
        let id = Hash::of(&[b"witness.example.com/w1\n\x04", key.public().as_bytes()]);
        assert_eq!(id.0[..4], key.id());
    }

    #[test]
    fn another_time_text_or_length_is_refused() {
        let (key, secret) = witness();
        let (log, log_secret) = log();
        let text = "example.com/log\n1\nAAAA\n";
        let note = log.sign(text, &log_secret);
        let line = key.cosign(text, 5, &secret);
        let cosigned = |line: &str| {
            let note = format!("{note}{line}");
            key.cosigned(&Note::parse(&note).expect("a note"))
        };
        let mut stamped = note::signature_line(line.trim_end()).expect("a line").signature;
        stamped[7] ^= 1;
        assert_eq!(
            cosigned(&note::line_text(key.name(), key.id(), &stamped)),
            Err(NoteError::Signature)
        );
        for length in [7, 8, 71, 73] {
            stamped.resize(length, 0);
            assert_eq!(
                cosigned(&note::line_text(key.name(), key.id(), &stamped)),
                Err(NoteError::Signature)
            );
        }
        assert_eq!(
            cosigned(&key.cosign("example.com/log\n2\nAAAA\n", 5, &secret)),
            Err(NoteError::Signature)
        );
        assert!(matches!(cosigned(&line.repeat(2)), Err(NoteError::Malformed { .. })));
        // Under another key id it is somebody else's, and ignored.
        assert_eq!(cosigned(&note::line_text(key.name(), [0; 4], &[1; 72])), Ok(None));
    }
}
