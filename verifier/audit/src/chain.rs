//! One stream's own chain (`covenant-chain/v1`), checked alone: every entry is in the log under one signed checkpoint, and each continues
//! the one before it in the stream. That the stream has no later entry is not shown by it, nor what others have done in the log.

use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_policy::refusal::Refusal;
use serde::Deserialize;

use crate::entry::{ENTRY_BYTES_MAX, Entry};
use crate::findings::{CHAIN_FORM, CHECKPOINT, RECEIPT_BODY, RECEIPT_PROOF, SIGNATURE, STREAM};
use crate::hash::{self, Hash};
use crate::note::{Checkpoint, LogKey, NOTE_BYTES_MAX, Refused};
use crate::tree::{self, PROOF_HASHES_MAX};

/// What the first line calls the format.
const FORMAT: &str = "covenant-chain/v1";
/// The longest body in a chain.
const BODY_BYTES_MAX: usize = 64 << 20;
/// The longest line: entry, salt, body and proof in base64.
const LINE_BYTES_MAX: usize = 2 * (BODY_BYTES_MAX + ENTRY_BYTES_MAX) + NOTE_BYTES_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    r#type: String,
    stream: String,
    checkpoint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    entry: String,
    proof: Vec<String>,
    salt: Option<String>,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: u64,
}

/// What a chain shows, once it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The stream.
    pub stream: Hash,
    /// How many entries it has.
    pub entries: u64,
    /// How many of them with their bodies.
    pub bodies: u64,
    /// The checkpoint whose tree holds them all.
    pub checkpoint: Checkpoint,
    /// Its signed note.
    pub note: String,
}

/// Reads a chain line by line, in memory for one line; `each` is told every entry that holds, with its body.
///
/// # Errors
/// `audit-chain-form`, `audit-checkpoint`, `audit-checkpoint-signature`, `audit-receipt-proof`, `audit-receipt-body`, `audit-stream`, each
/// with the line.
pub fn read(
    mut input: impl BufRead,
    key: &LogKey,
    mut each: impl FnMut(&Entry<'_>, Option<&[u8]>),
) -> Result<Chain, Refusal> {
    let mut number = 0;
    let mut next = || {
        number += 1;
        line(&mut input, number).map(|line| (number, line))
    };
    let (at, first) = next()?;
    let head: Head = parse(at, &first)?;
    if head.r#type != FORMAT {
        return Err(refuse(at, format!("type {:?}", head.r#type)).expected(FORMAT));
    }
    let checkpoint = Checkpoint::open(head.checkpoint.as_bytes(), key).map_err(|refused| match refused {
        Refused::Form(expected) => Refusal::new(&CHECKPOINT, "the note is malformed").expected(expected),
        Refused::Origin => Refusal::new(&CHECKPOINT, "the checkpoint is of another log").expected(key.origin()),
        Refused::Unsigned => Refusal::new(&SIGNATURE, "the log's key has not signed it").expected(key.to_string()),
        Refused::Signature => Refusal::new(&SIGNATURE, "the log's signature does not fit the text"),
    })?;
    let mut chain = Chain {
        stream: Hash([0; 32]),
        entries: 0,
        bodies: 0,
        checkpoint,
        note: head.checkpoint,
    };
    let mut last: Option<(u64, Hash)> = None;
    loop {
        let (at, line) = next()?;
        if let Ok(End { entries }) = serde_json::from_slice(&line) {
            if entries != chain.entries || entries == 0 {
                return Err(
                    refuse(at, format!("{} entries stand before it", chain.entries)).expected(entries.to_string())
                );
            }
            let after = input.fill_buf().map_err(|error| refuse(at + 1, error.to_string()))?;
            if !after.is_empty() {
                return Err(refuse(at + 1, "something follows the end"));
            }
            return Ok(chain);
        }
        let link: Link = parse(at, &line)?;
        let bytes = decode(at, "entry", &link.entry)?;
        let entry =
            Entry::read(&bytes).map_err(|malformed| refuse(at, "the entry is none").expected(malformed.expected))?;
        let leaf = hash::leaf(&bytes);
        included(at, &link, &entry, leaf, &chain.checkpoint)?;
        if chain.entries == 0 {
            chain.stream = entry.stream;
        }
        continues(at, &entry, &chain, &head.stream, last)?;
        let body = body(at, &link, &entry)?;
        chain.entries += 1;
        chain.bodies += u64::from(body.is_some());
        last = Some((entry.index, leaf));
        each(&entry, body.as_deref());
    }
}

/// The entry is in the checkpoint's tree.
fn included(at: u64, link: &Link, entry: &Entry<'_>, leaf: Hash, checkpoint: &Checkpoint) -> Result<(), Refusal> {
    if link.proof.len() > PROOF_HASHES_MAX {
        return Err(refuse(at, "too many hashes").expected("at most 65"));
    }
    let hash = |text: &String| {
        let bytes = decode(at, "proof", text)?.try_into();
        bytes
            .map(Hash)
            .map_err(|_| refuse(at, "a hash of another length").expected("32 bytes"))
    };
    let proof = link.proof.iter().map(hash).collect::<Result<Vec<_>, _>>()?;
    if tree::root_from_inclusion(entry.index, checkpoint.size, leaf, &proof) == Some(checkpoint.root) {
        return Ok(());
    }
    let what = format!("the proof of entry {} does not lead to the signed root", entry.index);
    Err(Refusal::new(&RECEIPT_PROOF, what).at(place(at)))
}

/// The entry continues the one before it in the stream.
fn continues(
    at: u64,
    entry: &Entry<'_>,
    chain: &Chain,
    stream: &str,
    last: Option<(u64, Hash)>,
) -> Result<(), Refusal> {
    let broken = |what: String| Err(Refusal::new(&STREAM, what).at(place(at)));
    if entry.stream.to_string() != stream || entry.stream != chain.stream {
        return broken(format!("entry {} is of the stream {}", entry.index, entry.stream));
    }
    if entry.sequence != chain.entries {
        return broken(format!(
            "entry {} is number {} of its stream, not {}",
            entry.index, entry.sequence, chain.entries
        ));
    }
    let (before, previous) = last.unwrap_or((0, Hash([0; 32])));
    if entry.stream_previous != previous || last.is_some() && entry.index <= before {
        return broken(format!("entry {} does not continue the one before it", entry.index));
    }
    Ok(())
}

/// The body that the entry commits to, where it is given.
fn body(at: u64, link: &Link, entry: &Entry<'_>) -> Result<Option<Vec<u8>>, Refusal> {
    let (salt, body) = match (&link.salt, &link.body) {
        (None, None) => return Ok(None),
        (Some(salt), Some(body)) => (decode(at, "salt", salt)?, decode(at, "body", body)?),
        _ => return Err(refuse(at, "one of salt and body").expected("both or neither")),
    };
    if salt.len() == 32 && hash::of(&[&salt, &body]) == entry.body_hash {
        return Ok(Some(body));
    }
    Err(Refusal::new(&RECEIPT_BODY, format!("not that of entry {}", entry.index)).at(place(at)))
}

fn place(line: u64) -> String {
    format!("the chain, line {line}")
}

fn refuse(line: u64, what: impl Into<String>) -> Refusal {
    Refusal::new(&CHAIN_FORM, what).at(place(line))
}

fn decode(at: u64, field: &str, text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD
        .decode(text)
        .map_err(|_| refuse(at, format!("{field} is not base64")).expected("canonical base64"))
}

fn parse<T: for<'a> Deserialize<'a>>(at: u64, line: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(line).map_err(|error| refuse(at, error.to_string()))
}

/// One line, without its line feed.
fn line(input: &mut impl BufRead, number: u64) -> Result<Vec<u8>, Refusal> {
    let mut line = Vec::new();
    let mut limited = std::io::Read::take(input, LINE_BYTES_MAX as u64);
    limited
        .read_until(b'\n', &mut line)
        .map_err(|error| refuse(number, error.to_string()))?;
    if line.pop() != Some(b'\n') {
        return Err(refuse(number, "the line has no end")
            .expected("whole lines, of which the last says how many entries there are"));
    }
    Ok(line)
}
