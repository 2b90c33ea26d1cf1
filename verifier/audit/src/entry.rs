//! Entries: ten items of deterministic CBOR, read strictly.

use crate::cbor::{Malformed, Reader};
use crate::hash::Hash;

/// The largest entry.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// The most unique keys of one entry.
pub const UNIQUE_MAX: usize = 32;
/// The longest kind.
const KIND_BYTES_MAX: usize = 32;
/// The only version so far.
const VERSION: u64 = 1;

/// An entry, as the log shows it to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its place in the log, from 0.
    pub index: u64,
    /// When it was sequenced, in Unix milliseconds.
    pub time: u64,
    /// What it is about.
    pub kind: &'a str,
    /// The stream that it continues or begins.
    pub stream: Hash,
    /// Its place in the stream, from 0.
    pub sequence: u64,
    /// The hash of the entry before it; zeros for the first.
    pub previous: Hash,
    /// The hash of the entry before it in its stream; zeros for the stream's first.
    pub stream_previous: Hash,
    /// What it claims, blinded; strictly ascending.
    pub unique: Vec<Hash>,
    /// SHA-256(salt ‖ body).
    pub body_hash: Hash,
}

impl<'a> Entry<'a> {
    /// Reads an entry; its bytes are the only ones that mean it.
    ///
    /// # Errors
    /// Where the bytes are not exactly the ten items of an entry, in their one encoding.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(Malformed {
                at: ENTRY_BYTES_MAX,
                expected: "at most 65,535 bytes",
            });
        }
        let mut input = Reader::new(bytes);
        if input.array(10, "an array of ten items")? != 10 {
            return Err(Malformed {
                at: 0,
                expected: "an array of ten items",
            });
        }
        if input.unsigned("version 1")? != VERSION {
            return Err(Malformed {
                at: 1,
                expected: "version 1",
            });
        }
        let entry = Self {
            index: input.unsigned("an index")?,
            time: input.unsigned("a time in milliseconds")?,
            kind: kind(&mut input)?,
            stream: Hash(input.bytes32("a stream of 32 bytes")?),
            sequence: input.unsigned("a sequence number")?,
            previous: Hash(input.bytes32("the previous entry's hash of 32 bytes")?),
            stream_previous: Hash(input.bytes32("the stream's previous hash of 32 bytes")?),
            unique: unique(&mut input)?,
            body_hash: Hash(input.bytes32("a body hash of 32 bytes")?),
        };
        input.end()?;
        Ok(entry)
    }
}

fn kind<'a>(input: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    const EXPECTED: &str = "a kind: 1 to 32 of a-z 0-9 - . beginning with a letter";
    let refused = input.refuse(EXPECTED);
    let kind = input.text(KIND_BYTES_MAX, EXPECTED)?;
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if kind.starts_with(|c: char| c.is_ascii_lowercase()) && kind.bytes().all(letters) {
        Ok(kind)
    } else {
        refused
    }
}

fn unique(input: &mut Reader<'_>) -> Result<Vec<Hash>, Malformed> {
    let count = input.array(UNIQUE_MAX, "at most 32 unique keys")?;
    let mut keys: Vec<Hash> = Vec::with_capacity(count);
    for _ in 0..count {
        let refused = input.refuse("unique keys in ascending order, none twice");
        let key = Hash(input.bytes32("a blinded key of 32 bytes")?);
        if keys.last().is_some_and(|last| *last >= key) {
            return refused;
        }
        keys.push(key);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry's bytes, put together by hand after the format's table.
    fn bytes(kind: &[u8], unique: &[[u8; 32]]) -> Vec<u8> {
        let string = |head: &[u8], content: &[u8]| [head, content].concat();
        let mut out = vec![0x8a, 1, 7, 0x19, 0x03, 0xe8, 0x60 + u8::try_from(kind.len()).unwrap()];
        out.extend(kind);
        out.extend(string(&[0x58, 32], &[3; 32]));
        out.push(2);
        out.extend(string(&[0x58, 32], &[4; 32]));
        out.extend(string(&[0x58, 32], &[5; 32]));
        out.push(0x80 + u8::try_from(unique.len()).unwrap());
        unique.iter().for_each(|key| out.extend(string(&[0x58, 32], key)));
        out.extend(string(&[0x58, 32], &[6; 32]));
        out
    }

    #[test]
    fn an_entry_is_read() {
        let bytes = bytes(b"policy", &[[1; 32], [2; 32]]);
        let entry = Entry::read(&bytes).unwrap();
        let expected = Entry {
            index: 7,
            time: 1000,
            kind: "policy",
            stream: Hash([3; 32]),
            sequence: 2,
            previous: Hash([4; 32]),
            stream_previous: Hash([5; 32]),
            unique: vec![Hash([1; 32]), Hash([2; 32])],
            body_hash: Hash([6; 32]),
        };
        assert_eq!(entry, expected);
    }

    #[test]
    fn what_is_not_exactly_an_entry_is_refused() {
        fn expected(bytes: &[u8]) -> Result<Entry<'_>, &'static str> {
            Entry::read(bytes).map_err(|malformed| malformed.expected)
        }
        for kind in [&b"Policy"[..], b"1a", b"", b"a b", b"-a"] {
            assert!(expected(&bytes(kind, &[])).is_err_and(|e| e.starts_with("a kind")));
        }
        for unique in [[[2; 32], [1; 32]], [[1; 32], [1; 32]]] {
            assert!(expected(&bytes(b"a", &unique)).is_err_and(|e| e.contains("ascending")));
        }
        let honest = bytes(b"a", &[]);
        assert!(expected(&honest).is_ok());
        for length in 0..honest.len() {
            assert!(expected(&honest[..length]).is_err());
        }
        assert!(expected(&[&honest[..], &[0]].concat()).is_err_and(|e| e.starts_with("nothing")));
        let mut newer = honest.clone();
        newer[1] = 2;
        assert_eq!(expected(&newer), Err("version 1"));
        let mut nine = honest;
        nine[0] = 0x89;
        assert_eq!(expected(&nine), Err("an array of ten items"));
        assert_eq!(expected(&vec![0; 65_536]), Err("at most 65,535 bytes"));
    }
}
