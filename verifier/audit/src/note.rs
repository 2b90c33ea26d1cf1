//! Signed notes (C2SP signed-note) and the checkpoints in them (C2SP tlog-checkpoint), checked against one log's key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_policy::refusal::Refusal;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::findings::LOG_KEY;
use crate::hash::{self, Hash};

/// The largest note.
pub const NOTE_BYTES_MAX: usize = 1 << 16;
/// The most signatures of a note.
const SIGNATURES_MAX: usize = 64;
/// The longest name of a key.
const NAME_BYTES_MAX: usize = 255;
/// The longest key in writing: its name, its id, and 33 bytes in base64.
pub const KEY_BYTES_MAX: usize = NAME_BYTES_MAX + 10 + 44;
/// Ed25519, among the types of signatures.
const ED25519: u8 = 1;

/// A log's public key, under the log's origin as its name.
#[derive(Clone, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl LogKey {
    /// Reads a key as its log's operator publishes it: `name+key id+base64(01 ‖ public key)`.
    ///
    /// # Errors
    /// `audit-log-key`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |expected: &str| Refusal::new(&LOG_KEY, "the text is not a log's key").expected(expected);
        let (name, key) = vkey(text, ED25519).map_err(|expected| refuse(&expected))?;
        Ok(Self {
            id: key_id(&name, ED25519, key.as_bytes()),
            name,
            key,
        })
    }

    /// The log's origin.
    pub fn origin(&self) -> &str {
        &self.name
    }
}

/// As it is published.
impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&vkey_text(&self.name, ED25519, &self.key))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({self})")
    }
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

pub(crate) fn is_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(forbidden)
}

/// The first four bytes of SHA-256(name ‖ 0A ‖ type ‖ key).
pub(crate) fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let [a, b, c, d, ..] = hash::of(&[name.as_bytes(), b"\n", &[kind], public]).0;
    [a, b, c, d]
}

/// A key of this type in writing.
pub(crate) fn vkey_text(name: &str, kind: u8, key: &VerifyingKey) -> String {
    let material = STANDARD.encode([&[kind][..], key.as_bytes()].concat());
    format!("{name}+{}+{material}", hex(key_id(name, kind, key.as_bytes())))
}

/// Reads a key of this type; what was expected, where it is none.
pub(crate) fn vkey(text: &str, kind: u8) -> Result<(String, VerifyingKey), String> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("name+key id+base64".to_owned());
    };
    if !is_name(name) {
        return Err("a name of 1 to 255 bytes without spaces and control characters".to_owned());
    }
    let material = STANDARD.decode(material).unwrap_or_default();
    let public = match material.split_first() {
        Some((found, public)) if *found == kind => public,
        _ => return Err(format!("an Ed25519 key (type {kind:02}) in base64")),
    };
    let public = public
        .try_into()
        .map_err(|_| "an Ed25519 key of 32 bytes, after its type".to_owned())?;
    // The same strictness as everywhere: on the curve, one spelling, not of small order.
    let key = covenant_api::sign::verifying_key(&Hash(public))
        .map_err(|_| "an Ed25519 key: on the curve, of large order".to_owned())?;
    let own = hex(key_id(name, kind, &public));
    if own != id {
        return Err(format!("the key id {own} of this name and key"));
    }
    Ok((name.to_owned(), key))
}

/// Why a note or checkpoint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The text is not a signed note, or not a checkpoint; what was expected.
    Form(&'static str),
    /// The log's key has not signed it.
    Unsigned,
    /// The log's signature does not fit the text.
    Signature,
    /// The checkpoint is of another log.
    Origin,
}

/// A checkpoint that the log signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Opens a checkpoint's signed note.
    ///
    /// # Errors
    /// Where the note is none, the log has not signed it once, its signature does not hold, or the text is not a
    /// checkpoint of this log.
    pub fn open(note: &[u8], key: &LogKey) -> Result<Self, Refused> {
        read(open(note, key)?, key)
    }
}

/// The size that a note seems to be of, whoever signed it: only to name what is wrong.
pub fn claimed_size(note: &[u8]) -> Option<u64> {
    let mut lines = note.split(|byte| *byte == b'\n').skip(1);
    lines
        .next()
        .and_then(|size| str::from_utf8(size).ok())
        .and_then(decimal)
}

/// A signature line: name, key id, signature.
pub(crate) type Line<'a> = (&'a str, [u8; 4], Vec<u8>);

/// A note's text and signature lines, unchecked.
pub(crate) fn split(note: &[u8]) -> Result<(&str, Vec<Line<'_>>), Refused> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(Refused::Form("a note of at most 65,536 bytes"));
    }
    let note = str::from_utf8(note).map_err(|_| Refused::Form("UTF-8"))?;
    if note.contains(|c: char| c < ' ' && c != '\n') {
        return Err(Refused::Form("no control characters but line feeds"));
    }
    let (text, signatures) = note
        .rsplit_once("\n\n")
        .ok_or(Refused::Form("a text, an empty line, signatures"))?;
    // The text keeps its last line feed.
    let text = note.get(..=text.len()).unwrap_or_default();
    let signatures = signatures
        .strip_suffix('\n')
        .ok_or(Refused::Form("a line feed at the end"))?;
    let lines = signatures.split('\n').map(signature).collect::<Result<Vec<_>, _>>()?;
    if lines.len() > SIGNATURES_MAX {
        return Err(Refused::Form("at most 64 signatures"));
    }
    Ok((text, lines))
}

/// The one signature of this key among a note's lines.
pub(crate) fn own<'a>(lines: &'a [Line<'_>], name: &str, id: [u8; 4]) -> Result<Option<&'a [u8]>, Refused> {
    let mut own = lines.iter().filter(|line| line.0 == name && line.1 == id);
    let first = own.next();
    if own.next().is_some() {
        return Err(Refused::Form("one signature of each key"));
    }
    Ok(first.map(|(_, _, signature)| signature.as_slice()))
}

/// The signed text of a note, once the log's signature holds.
fn open<'a>(note: &'a [u8], key: &LogKey) -> Result<&'a str, Refused> {
    let (text, lines) = split(note)?;
    let signature = own(&lines, &key.name, key.id)?.ok_or(Refused::Unsigned)?;
    let signature = Signature::from_slice(signature).map_err(|_| Refused::Signature)?;
    key.key
        .verify_strict(text.as_bytes(), &signature)
        .map_err(|_| Refused::Signature)?;
    Ok(text)
}

/// A signature line's name, key id and signature.
fn signature(line: &str) -> Result<(&str, [u8; 4], Vec<u8>), Refused> {
    let malformed = Refused::Form("a signature line: — name base64");
    let (name, encoded) = line
        .strip_prefix("— ")
        .and_then(|rest| rest.split_once(' '))
        .ok_or(malformed)?;
    let decoded = STANDARD.decode(encoded).map_err(|_| malformed)?;
    match decoded.split_first_chunk() {
        Some((id, signature)) if is_name(name) && !signature.is_empty() => Ok((name, *id, signature.to_vec())),
        _ => Err(malformed),
    }
}

fn read(text: &str, key: &LogKey) -> Result<Checkpoint, Refused> {
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    if lines.next() != Some(key.origin()) {
        return Err(Refused::Origin);
    }
    let size = lines
        .next()
        .and_then(decimal)
        .ok_or(Refused::Form("a size in decimal on the second line"))?;
    let root = lines
        .next()
        .and_then(|line| STANDARD.decode(line).ok())
        .and_then(|root| root.try_into().ok())
        .ok_or(Refused::Form("a root of 32 bytes in base64 on the third line"))?;
    if lines.any(str::is_empty) {
        return Err(Refused::Form("no empty line"));
    }
    Ok(Checkpoint { size, root: Hash(root) })
}

/// A number as one writes it: digits, and no zero in front.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
