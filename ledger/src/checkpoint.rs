//! Checkpoints (C2SP `tlog-checkpoint`): the log's signed word on how many entries there are and what the tree's root is.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;

use crate::errors::CheckpointError;
use crate::hash::Hash;
use crate::note::{LogKey, Note};
use crate::tree;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; the name of the key that signs.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Hash,
    /// Lines that this format leaves to others; our log writes none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        self.to_string()
    }

    /// Reads the text that is signed.
    ///
    /// # Errors
    /// Says which line is not as it must be.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refuse = |expected| CheckpointError::Malformed { expected };
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(refuse("lines that end in a newline"))?
            .split('\n');
        let origin = lines
            .next()
            .filter(|line| !line.is_empty())
            .ok_or(refuse("an origin"))?;
        let size = lines.next().and_then(decimal).ok_or(refuse("a size in decimal"))?;
        let root = lines
            .next()
            .and_then(|line| STANDARD.decode(line).ok())
            .and_then(|root| Hash::from_slice(&root))
            .ok_or(refuse("a root of 32 bytes in base64"))?;
        if size == 0 && root != Hash::empty_root() {
            return Err(refuse("the empty tree's root at size 0"));
        }
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(refuse("extension lines that are not empty"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions,
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root.0))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A number written in the one way: digits, no sign, no leading zero.
fn decimal(line: &str) -> Option<u64> {
    let one_way = line.bytes().all(|byte| byte.is_ascii_digit()) && (line == "0" || !line.starts_with('0'));
    one_way.then(|| line.parse().ok()).flatten()
}

/// A checkpoint and the note that it was read from, whose signature by the log's key has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Reads a note and checks that this log signed it.
    ///
    /// # Errors
    /// Says whether the note or the checkpoint is malformed, of another log, or not signed by it.
    pub fn open(note: impl Into<String>, key: &LogKey) -> Result<Self, CheckpointError> {
        let note = note.into();
        let parsed = Note::parse(&note)?;
        let checkpoint = Checkpoint::parse(parsed.text)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin {
                found: checkpoint.origin,
            });
        }
        parsed.verify(key)?;
        Ok(Self { checkpoint, note })
    }

    /// The same with these signature lines added, which are not checked here.
    #[cfg(feature = "store")]
    pub(crate) fn with_lines(&self, lines: &str) -> Self {
        Self {
            checkpoint: self.checkpoint.clone(),
            note: format!("{}{lines}", self.note),
        }
    }

    /// What it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root of the tree of that size.
    pub fn root(&self) -> &Hash {
        &self.checkpoint.root
    }

    /// The note: text, empty line, signatures.
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// The log's key, and the last checkpoint that it signed. It signs only what provably continues that one.
pub struct CheckpointSigner {
    key: LogKey,
    secret: SigningKey,
    last: Option<(u64, Hash)>,
}

/// The secret key is not shown.
impl fmt::Debug for CheckpointSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointSigner")
            .field("key", &self.key)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl CheckpointSigner {
    /// A signer for the log of this origin.
    ///
    /// # Errors
    /// Refuses an origin that cannot be a key's name.
    pub fn new(origin: &str, secret: SigningKey) -> Result<Self, CheckpointError> {
        let key = LogKey::new(origin, secret.verifying_key())?;
        Ok(Self {
            key,
            secret,
            last: None,
        })
    }

    /// The key that its checkpoints verify under.
    pub fn key(&self) -> &LogKey {
        &self.key
    }

    /// Continues from a checkpoint that was signed before. Only forward.
    ///
    /// # Errors
    /// Refuses one that this key did not sign, or that is older than the last, or contradicts it.
    pub fn resume(&mut self, last: &SignedCheckpoint) -> Result<(), CheckpointError> {
        let last = SignedCheckpoint::open(last.note(), &self.key)?;
        if self
            .last
            .is_some_and(|(size, root)| last.size() < size || last.size() == size && *last.root() != root)
        {
            return Err(CheckpointError::Inconsistent);
        }
        self.last = Some((last.size(), *last.root()));
        Ok(())
    }

    /// Signs the tree of this size and root, given the proof that it continues the last one that was signed.
    ///
    /// # Errors
    /// Refuses to sign when the proof does not hold: two inconsistent checkpoints are never signed.
    pub fn sign(&mut self, size: u64, root: Hash, consistency: &[Hash]) -> Result<SignedCheckpoint, CheckpointError> {
        if let Some((last_size, last_root)) = &self.last {
            tree::verify_consistency(*last_size, last_root, size, &root, consistency)
                .map_err(|_| CheckpointError::Inconsistent)?;
        }
        let checkpoint = Checkpoint {
            origin: self.key.name().to_owned(),
            size,
            root,
            extensions: Vec::new(),
        };
        let note = self.key.sign(&checkpoint.text(), &self.secret);
        self.last = Some((size, root));
        Ok(SignedCheckpoint { checkpoint, note })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::tests::Memory;

    fn signer() -> CheckpointSigner {
        CheckpointSigner::new("example.com/log", SigningKey::from_bytes(&[9; 32])).expect("a name")
    }

    fn grown(size: u64) -> Memory {
        let mut memory = Memory::default();
        (0..size).for_each(|i| memory.append(Hash::leaf(&i.to_be_bytes())));
        memory
    }

    #[test]
    fn a_checkpoint_is_read_back_and_by_others() {
        let mut signer = signer();
        for size in [0, 1, 5] {
            let memory = grown(size);
            let consistency = tree::consistency(&memory, signer.last.map_or(0, |last| last.0), size);
            let signed = signer
                .sign(size, memory.edge.root(), &consistency.unwrap().unwrap())
                .expect("signed");
            assert_eq!(SignedCheckpoint::open(signed.note(), signer.key()), Ok(signed.clone()));
            let theirs =
                tlog_tiles::Checkpoint::from_bytes(signed.checkpoint().text().as_bytes()).expect("a checkpoint");
            assert_eq!(
                (theirs.origin(), theirs.size(), theirs.hash().0),
                ("example.com/log", size, signed.root().0)
            );
        }
    }

    #[test]
    fn malformed_checkpoints_say_what_was_expected() {
        let root = STANDARD.encode([1; 32]);
        let cases = [
            (format!("o\n1\n{root}"), "lines that end in a newline"),
            (format!("\n1\n{root}\n"), "an origin"),
            (format!("o\n01\n{root}\n"), "a size in decimal"),
            (format!("o\n+1\n{root}\n"), "a size in decimal"),
            (format!("o\n\n{root}\n"), "a size in decimal"),
            (format!("o\n18446744073709551616\n{root}\n"), "a size in decimal"),
            ("o\n1\nAAAA\n".to_owned(), "a root of 32 bytes in base64"),
            ("o\n1\n".to_owned(), "a root of 32 bytes in base64"),
            (format!("o\n0\n{root}\n"), "the empty tree's root at size 0"),
            (format!("o\n1\n{root}\n\n"), "extension lines that are not empty"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Checkpoint::parse(&text),
                Err(CheckpointError::Malformed { expected }),
                "{text:?}"
            );
        }
        let extended = format!("o\n1\n{root}\nmore\n");
        assert_eq!(
            Checkpoint::parse(&extended).map(|checkpoint| checkpoint.text()),
            Ok(extended)
        );
    }

    #[test]
    fn another_logs_checkpoint_is_refused() {
        let mut signer = signer();
        let signed = signer.sign(0, Hash::empty_root(), &[]).expect("signed");
        let other = SigningKey::from_bytes(&[9; 32]);
        let other = LogKey::new("example.com/other", other.verifying_key()).expect("a name");
        let refused = SignedCheckpoint::open(signed.note(), &other).map_err(|error| error.code());
        assert_eq!(refused, Err("checkpoint-of-another-log"));
    }

    #[test]
    fn two_inconsistent_checkpoints_are_never_signed() {
        let mut signer = signer();
        let (five, seven) = (grown(5), grown(7));
        let proof = tree::consistency(&seven, 5, 7).unwrap().expect("not reversed");
        let signed_five = signer.sign(5, five.edge.root(), &[]).expect("signed");
        // The same again is no contradiction.
        assert_eq!(signer.sign(5, five.edge.root(), &[]), Ok(signed_five.clone()));
        assert_eq!(
            signer.sign(5, seven.edge.root(), &[]),
            Err(CheckpointError::Inconsistent)
        );
        assert_eq!(
            signer.sign(4, grown(4).edge.root(), &[]),
            Err(CheckpointError::Inconsistent)
        );
        assert_eq!(
            signer.sign(7, seven.edge.root(), &[]),
            Err(CheckpointError::Inconsistent)
        );
        assert_eq!(
            signer.sign(7, five.edge.root(), &proof),
            Err(CheckpointError::Inconsistent)
        );
        let signed_seven = signer.sign(7, seven.edge.root(), &proof).expect("signed");
        assert_eq!(signer.resume(&signed_five), Err(CheckpointError::Inconsistent));
        assert_eq!(signer.resume(&signed_seven), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back(text in "[a-z0-9=/+\n]{0,80}") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.text(), text);
            }
        }

        #[test]
        fn every_checkpoint_is_read_back(origin in "[!-~]{1,30}", size in 1u64.., root: [u8; 32]) {
            let checkpoint = Checkpoint { origin, size, root: Hash(root), extensions: Vec::new() };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint));
        }
    }
}
