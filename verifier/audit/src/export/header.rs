//! The header of an export: whose log it is, how long, and the secret for those who may recompute unique keys.

use std::fmt;

use crate::cbor::{Malformed, Reader};
use crate::findings::{Finding, HEADER, Place};
use crate::hash::{self, Hash};
use crate::note::{KEY_BYTES_MAX, LogKey};

/// The secret under which unique keys are blinded; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Blinding([u8; 32]);

impl Blinding {
    /// What the log shows for this key.
    pub fn blind(&self, key: &[u8]) -> Hash {
        hash::blind(&self.0, key)
    }
}

impl fmt::Debug for Blinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinding(secret)")
    }
}

/// The header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The log's key, as the file says.
    pub key: LogKey,
    /// The number of entries.
    pub size: u64,
    /// The blinding secret, where the export is for a reader of every body.
    pub blinding: Option<Blinding>,
}

impl Header {
    /// Reads the content of a header's record; of a part's, with the entry that it begins with, otherwise 0.
    pub(super) fn read(content: &[u8], offset: u64, part: bool) -> Result<(Self, u64), Finding> {
        let refuse = |what: String| Finding::new(&HEADER, Place::Header, offset, what);
        let (sum, content) = content.split_first_chunk().ok_or_else(|| {
            refuse(format!("{} bytes", content.len())).expected("a hash of 32 bytes, and what it is of")
        })?;
        let own = hash::of(&[content]);
        if own.0 != *sum {
            return Err(refuse(format!("the rest of it has the hash {own}")).expected(Hash(*sum).to_string()));
        }
        let (key, from, size, blinding) = items(content, part).map_err(|malformed| {
            refuse(format!("byte {} of the header does not fit", malformed.at)).expected(malformed.expected)
        })?;
        let key = LogKey::parse(key).map_err(|refusal| {
            let expected = refusal.expected.unwrap_or_else(|| "name+key id+base64".to_owned());
            refuse(format!("the log's key: {}", refusal.what)).expected(expected)
        })?;
        if from > size {
            return Err(refuse(format!("entries from {from} to {size}")).expected("an end behind the beginning"));
        }
        Ok((Self { key, size, blinding }, from))
    }
}

impl Blinding {
    /// The secret that was written down.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The secret, to be written down again.
    pub(crate) fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

fn items(content: &[u8], part: bool) -> Result<(&str, u64, u64, Option<Blinding>), Malformed> {
    let mut input = Reader::new(content);
    let (count, expected) = if part {
        (4, "an array of four items")
    } else {
        (3, "an array of three items")
    };
    if input.array(count, expected)? != count {
        return Err(Malformed { at: 0, expected });
    }
    let key = input.text(KEY_BYTES_MAX, "the log's key")?;
    let from = if part { input.unsigned("the first entry")? } else { 0 };
    let size = input.unsigned("the number of entries")?;
    let blinding = match input.array(1, "an array of the blinding secret, or of nothing")? {
        0 => None,
        _ => Some(Blinding(input.bytes32("a blinding secret of 32 bytes")?)),
    };
    input.end()?;
    Ok((key, from, size, blinding))
}
