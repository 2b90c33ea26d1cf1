//! One entry of the log: what the tree's leaves are made of. To the log it is opaque: it says when, of which kind, in which stream
//! and after what, and commits to a body that lies beside the log.
//!
//! Its encoding is a deterministic CBOR array of ten items (see `docs/formats/ledger.md`), of which there is exactly one for each
//! entry; its hash is the RFC 6962 leaf hash of those bytes, so the hash chain lies inside the Merkle tree's leaves.

use std::fmt;

use rand::{CryptoRng, RngCore};

use crate::cbor::{Reader, Writer};
use crate::errors::EntryError;
use crate::hash::Hash;

/// The version that this code writes and reads.
pub const VERSION: u64 = 1;
/// The largest entry, in bytes: what a 16-bit length prefix (tlog-tiles) can say.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// The most unique keys of one entry.
pub const UNIQUE_MAX: usize = 32;
/// The longest kind, in bytes.
pub const KIND_BYTES_MAX: usize = 32;

/// Items of the encoded array.
const ITEMS: usize = 10;
/// Bytes that an entry takes beside its unique keys, at most.
const FIXED_BYTES_MAX: usize = 1 + 9 * 4 + (2 + KIND_BYTES_MAX) + 4 * 34 + 2;
const _: () = assert!(FIXED_BYTES_MAX + UNIQUE_MAX * 34 <= ENTRY_BYTES_MAX);

/// The name of a stream: 32 random bytes. Who owns it is said only in bodies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub [u8; 32]);

impl StreamId {
    /// A new stream's name.
    pub fn random<R: RngCore + CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut id = [0; 32];
        rng.fill_bytes(&mut id);
        Self(id)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hash(self.0).fmt(f)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an entry is about, in one short word: 1 to 32 of `a-z`, `0-9`, `-` and `.`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(String);

impl Kind {
    /// This word, if it is a kind.
    pub fn new(word: impl Into<String>) -> Option<Self> {
        let word = word.into();
        let letters = word
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
        let begins = word.starts_with(|first: char| first.is_ascii_lowercase());
        (letters && begins && word.len() <= KIND_BYTES_MAX).then_some(Self(word))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry, of version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, counted from 0.
    pub index: u64,
    /// When it was sequenced, in Unix milliseconds; never less than the previous entry's.
    pub time_ms: u64,
    /// What it is about.
    pub kind: Kind,
    /// The stream that it belongs to.
    pub stream: StreamId,
    /// Its place in the stream, counted from 0.
    pub sequence: u64,
    /// The hash of the entry before it in the log; zeros at index 0.
    pub previous: Hash,
    /// The hash of the entry before it in the stream; zeros at sequence 0.
    pub stream_previous: Hash,
    /// What nobody else may ever claim again, blinded; strictly ascending.
    pub unique: Vec<Hash>,
    /// SHA-256(salt ‖ body).
    pub body_hash: Hash,
}

impl Entry {
    /// The one encoding of this entry.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(FIXED_BYTES_MAX + self.unique.len() * 34);
        out.array(ITEMS)
            .unsigned(VERSION)
            .unsigned(self.index)
            .unsigned(self.time_ms)
            .text(self.kind.as_str())
            .bytes(&self.stream.0)
            .unsigned(self.sequence)
            .bytes(&self.previous.0)
            .bytes(&self.stream_previous.0)
            .array(self.unique.len());
        for key in &self.unique {
            out.bytes(&key.0);
        }
        out.bytes(&self.body_hash.0);
        out.finish()
    }

    /// The entry that these bytes are.
    ///
    /// # Errors
    /// Refuses what is not exactly the encoding of an entry, and says at which byte.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLarge { found: bytes.len() });
        }
        let mut input = Reader::new(bytes);
        if input.array(ITEMS, "an array of ten items")? != ITEMS {
            return Err(EntryError::malformed(0, "an array of ten items"));
        }
        let version = input.unsigned("the version")?;
        if version != VERSION {
            return Err(EntryError::Version { found: version });
        }
        let index = input.unsigned("the index")?;
        let time_ms = input.unsigned("the time")?;
        let at = input.position();
        let kind =
            Kind::new(input.text("the kind")?).ok_or(EntryError::malformed(at, "a kind of a-z, 0-9, - and ."))?;
        let stream = StreamId(digest(&mut input, "a stream id of 32 bytes")?.0);
        let sequence = input.unsigned("the stream's sequence number")?;
        let previous = digest(&mut input, "the previous entry's hash")?;
        let stream_previous = digest(&mut input, "the stream's previous hash")?;
        let keys = input.array(UNIQUE_MAX, "at most 32 unique keys")?;
        let mut unique: Vec<Hash> = Vec::with_capacity(keys);
        for _ in 0..keys {
            let at = input.position();
            let key = digest(&mut input, "a unique key of 32 bytes")?;
            if unique.last().is_some_and(|last| *last >= key) {
                return Err(EntryError::malformed(at, "unique keys in ascending order"));
            }
            unique.push(key);
        }
        let body_hash = digest(&mut input, "the body's hash")?;
        input.end()?;
        let entry = Self {
            index,
            time_ms,
            kind,
            stream,
            sequence,
            previous,
            stream_previous,
            unique,
            body_hash,
        };
        // The reader refuses every other encoding already; comparing costs a microsecond and trusts nothing.
        if entry.encode() != bytes {
            return Err(EntryError::malformed(0, "the one encoding of this entry"));
        }
        Ok(entry)
    }

    /// The RFC 6962 leaf hash of the encoding.
    pub fn hash(&self) -> Hash {
        Hash::leaf(&self.encode())
    }
}

/// What an entry's body hash opens to: the body, and the salt that keeps a short body from being guessed.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// Thirty-two random bytes.
    pub salt: [u8; 32],
    /// What was recorded.
    pub body: Vec<u8>,
}

impl Opening {
    /// SHA-256(salt ‖ body).
    pub fn hash(&self) -> Hash {
        Hash::of(&[&self.salt, &self.body])
    }
}

/// Bodies may be private, so only their length is shown.
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} bytes)", self.body.len())
    }
}

fn digest(input: &mut Reader<'_>, expected: &'static str) -> Result<Hash, EntryError> {
    let at = input.position();
    Hash::from_slice(input.bytes(expected)?).ok_or(EntryError::malformed(at, expected))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Entry> {
        let hashes = proptest::collection::btree_set(any::<[u8; 32]>(), 0..=UNIQUE_MAX);
        let words = "[a-z][a-z0-9.-]{0,31}";
        (any::<[u64; 3]>(), words, any::<[[u8; 32]; 4]>(), hashes).prop_map(|(numbers, word, digests, unique)| Entry {
            index: numbers[0],
            time_ms: numbers[1],
            kind: Kind::new(word).expect("a kind"),
            stream: StreamId(digests[0]),
            sequence: numbers[2],
            previous: Hash(digests[1]),
            stream_previous: Hash(digests[2]),
            unique: unique.into_iter().map(Hash).collect(),
            body_hash: Hash(digests[3]),
        })
    }

    fn sample() -> Entry {
        Entry {
            index: 7,
            time_ms: 1_700_000_000_000,
            kind: Kind::new("verdict").expect("a kind"),
            stream: StreamId([1; 32]),
            sequence: 2,
            previous: Hash([2; 32]),
            stream_previous: Hash([3; 32]),
            unique: vec![Hash([4; 32]), Hash([5; 32])],
            body_hash: Hash([6; 32]),
        }
    }

    proptest! {
        #[test]
        fn an_entry_is_read_back(entry in entries()) {
            let bytes = entry.encode();
            prop_assert!(bytes.len() <= ENTRY_BYTES_MAX);
            prop_assert_eq!(Entry::decode(&bytes), Ok(entry));
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_read_only_as_their_own_encoding(bytes: Vec<u8>) {
            if let Ok(entry) = Entry::decode(&bytes) {
                prop_assert_eq!(entry.encode(), bytes);
            }
        }
    }

    #[test]
    fn every_changed_bit_is_refused_or_another_entry() {
        let entry = sample();
        let bytes = entry.encode();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Entry::decode(&changed) {
                assert_ne!(other, entry, "bit {bit}");
                assert_ne!(other.hash(), entry.hash(), "bit {bit}");
            }
        }
        for length in 0..bytes.len() {
            assert_eq!(
                Entry::decode(&bytes[..length]).map_err(|error| error.code()),
                Err("entry-malformed")
            );
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(
            Entry::decode(&longer),
            Err(EntryError::malformed(bytes.len(), "the end"))
        );
    }

    #[test]
    fn what_is_no_entry_is_refused_by_name() {
        let refused = |change: &dyn Fn(&mut Entry)| {
            let mut entry = sample();
            change(&mut entry);
            Entry::decode(&entry.encode()).expect_err("not an entry")
        };
        let unsorted = refused(&|entry| entry.unique.reverse());
        assert!(matches!(
            unsorted,
            EntryError::Malformed {
                expected: "unique keys in ascending order",
                ..
            }
        ));
        let repeated = refused(&|entry| entry.unique = vec![Hash([4; 32]); 2]);
        assert!(matches!(
            repeated,
            EntryError::Malformed {
                expected: "unique keys in ascending order",
                ..
            }
        ));
        let many = refused(&|entry| entry.unique = (0..33).map(|i| Hash([i; 32])).collect());
        assert!(matches!(
            many,
            EntryError::Malformed {
                expected: "at most 32 unique keys",
                ..
            }
        ));
        let kind = refused(&|entry| entry.kind = Kind("Verdict".to_owned()));
        assert!(matches!(
            kind,
            EntryError::Malformed {
                expected: "a kind of a-z, 0-9, - and .",
                ..
            }
        ));
        let mut version = sample().encode();
        version[1] = 2;
        assert_eq!(Entry::decode(&version), Err(EntryError::Version { found: 2 }));
        let large = Entry::decode(&vec![0; ENTRY_BYTES_MAX + 1]);
        assert_eq!(
            large,
            Err(EntryError::TooLarge {
                found: ENTRY_BYTES_MAX + 1
            })
        );
    }

    #[test]
    fn kinds_are_short_words() {
        let long = "a".repeat(KIND_BYTES_MAX + 1);
        for word in ["", "A", "1a", "-a", "a b", "a_b", "é", long.as_str()] {
            assert_eq!(Kind::new(word), None, "{word:?}");
        }
        for word in ["a", "verdict", "policy-v1", "bank.key-2", &long[1..]] {
            assert_eq!(Kind::new(word).map(|kind| kind.to_string()), Some(word.to_owned()));
        }
    }

    /// The hash was computed by a few lines of Python from `docs/formats/ledger.md`.
    #[test]
    fn the_encoding_is_pinned() {
        let bytes = sample().encode();
        let head = [0x8a, 0x01, 0x07, 0x1b, 0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0, 0x67];
        assert_eq!(&bytes[..head.len()], &head);
        assert_eq!(&bytes[head.len()..head.len() + 9], b"verdict\x58\x20");
        assert_eq!(bytes.len(), 226);
        assert_eq!(
            sample().hash().to_string(),
            "5f4f209f5e03878c18e19b6b38b0c1b8e4fafd3ab29448722d63adf83e2d7e36"
        );
    }
}
