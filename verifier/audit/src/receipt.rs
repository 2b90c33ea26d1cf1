//! Receipts: an entry, its body, and the proof that the log signed a tree that holds it; checked offline against the
//! log's key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Deserializer};

use crate::cbor::{Malformed, Reader};
use crate::entry::{ENTRY_BYTES_MAX, Entry};
use crate::findings::{CHECKPOINT, ENTRY_FORM, RECEIPT_BODY, RECEIPT_FORM, RECEIPT_PROOF, SIGNATURE};
use crate::hash::{self, Hash};
use crate::note::{Checkpoint, LogKey, NOTE_BYTES_MAX, Refused};
use crate::tree::{self, PROOF_HASHES_MAX};

/// What a receipt calls itself.
const FORMAT: &str = "covenant-receipt/v1";
/// The first line of a C2SP tlog-proof.
const TLOG_PROOF: &str = "c2sp.org/tlog-proof@v1\n";
/// The longest body in a receipt.
const BODY_BYTES_MAX: usize = 64 << 20;
/// The largest file that is read as a receipt: everything in base64, and a little around it.
pub const RECEIPT_BYTES_MAX: usize = 2 * (BODY_BYTES_MAX + ENTRY_BYTES_MAX + NOTE_BYTES_MAX);

/// A receipt as it was read: its form is right, nothing in it was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    entry: Vec<u8>,
    /// Salt and body.
    opening: Option<Opening>,
    proof: Vec<Hash>,
    checkpoint: String,
}

/// What a receipt shows, once it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The entry.
    pub entry: Entry<'a>,
    /// Its hash.
    pub hash: Hash,
    /// The body, where the receipt has it.
    pub body: Option<&'a [u8]>,
    /// The checkpoint whose tree holds the entry.
    pub checkpoint: Checkpoint,
}

impl Receipt {
    /// Reads a receipt in any of its forms: CBOR, JSON, or a C2SP tlog-proof.
    ///
    /// # Errors
    /// `audit-receipt-form`.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        // A CBOR array of five begins with a byte that no JSON text begins with, and a tlog-proof with a word.
        if bytes.starts_with(TLOG_PROOF.as_bytes()) {
            tlog_proof(bytes)
        } else if bytes.first() == Some(&0x85) {
            cbor(bytes).map_err(|malformed| refuse(format!("byte {} does not fit", malformed.at), malformed.expected))
        } else {
            json(bytes)
        }
    }

    /// The checkpoint's signed note, unchecked.
    pub fn note(&self) -> &str {
        &self.checkpoint
    }

    /// Checks the receipt against the log's key: the entry is one, the body is the entry's, the log signed the
    /// checkpoint, and the proof leads from the entry to its root.
    ///
    /// # Errors
    /// `audit-entry-form`, `audit-receipt-body`, `audit-checkpoint`, `audit-checkpoint-signature`,
    /// `audit-receipt-proof`.
    pub fn verify(&self, key: &LogKey) -> Result<Shown<'_>, Refusal> {
        let entry = Entry::read(&self.entry).map_err(|malformed| {
            Refusal::new(&ENTRY_FORM, format!("byte {} of the entry does not fit", malformed.at))
                .at("receipt: entry")
                .expected(malformed.expected)
        })?;
        if let Some((salt, body)) = &self.opening {
            let found = hash::of(&[salt, body]);
            if found != entry.body_hash {
                return Err(
                    Refusal::new(&RECEIPT_BODY, format!("salt and body have the hash {found}"))
                        .at("receipt: body")
                        .expected(entry.body_hash.to_string()),
                );
            }
        }
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), key).map_err(|refused| {
            let found = |code, what: &str| Refusal::new(code, what).at("receipt: checkpoint");
            match refused {
                Refused::Form(expected) => found(&CHECKPOINT, "the note is malformed").expected(expected),
                Refused::Origin => found(&CHECKPOINT, "the checkpoint is of another log").expected(key.origin()),
                Refused::Unsigned => found(&SIGNATURE, "the log's key has not signed it").expected(key.to_string()),
                Refused::Signature => found(&SIGNATURE, "the log's signature does not fit the text"),
            }
        })?;
        let leaf = hash::leaf(&self.entry);
        match tree::root_from_inclusion(entry.index, checkpoint.size, leaf, &self.proof) {
            Some(root) if root == checkpoint.root => Ok(Shown {
                body: self.opening.as_ref().map(|(_, body)| body.as_slice()),
                hash: leaf,
                entry,
                checkpoint,
            }),
            found => {
                let what = match found {
                    Some(root) => format!("the proof leads to {root}"),
                    None => format!(
                        "a proof of {} hashes for entry {} in a tree of {}",
                        self.proof.len(),
                        entry.index,
                        checkpoint.size
                    ),
                };
                Err(Refusal::new(&RECEIPT_PROOF, what)
                    .at("receipt: proof")
                    .expected(format!("a proof that leads to {}", checkpoint.root)))
            }
        }
    }
}

/// Bodies may be private, so only what the log shows to everybody is shown.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("leaf", &hash::leaf(&self.entry))
            .field("body", &self.opening.is_some())
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}

fn refuse(what: impl Into<String>, expected: &str) -> Refusal {
    Refusal::new(&RECEIPT_FORM, what).at("receipt").expected(expected)
}

fn cbor(bytes: &[u8]) -> Result<Receipt, Malformed> {
    let mut input = Reader::new(bytes);
    let five = input.refuse("an array of five items, the first covenant-receipt/v1");
    if input.array(5, "an array of five items")? != 5 || input.text(FORMAT.len(), "covenant-receipt/v1")? != FORMAT {
        return five;
    }
    let entry = input.bytes(ENTRY_BYTES_MAX, "an entry")?.to_vec();
    let opening = opening(&mut input)?;
    let count = input.array(PROOF_HASHES_MAX, "at most 65 hashes")?;
    let proof = (0..count)
        .map(|_| input.bytes32("a hash of 32 bytes").map(Hash))
        .collect::<Result<_, _>>()?;
    let checkpoint = input.text(NOTE_BYTES_MAX, "a signed note")?.to_owned();
    input.end()?;
    Ok(Receipt {
        entry,
        opening,
        proof,
        checkpoint,
    })
}

/// Salt and body.
type Opening = ([u8; 32], Vec<u8>);

/// Salt and body, or nothing.
fn opening(input: &mut Reader<'_>) -> Result<Option<Opening>, Malformed> {
    let neither = input.refuse("salt and body, or nothing");
    match input.array(2, "salt and body, or nothing")? {
        0 => Ok(None),
        2 => Ok(Some((
            input.bytes32("a salt of 32 bytes")?,
            input.bytes(BODY_BYTES_MAX, "a body")?.to_vec(),
        ))),
        _ => neither,
    }
}

/// The form of C2SP's tlog-proof, whose extra line holds entry, salt and body.
fn tlog_proof(bytes: &[u8]) -> Result<Receipt, Refusal> {
    let text = str::from_utf8(bytes).map_err(|_| refuse("the proof is not text", "UTF-8"))?;
    let (head, checkpoint) = text
        .split_once("\n\n")
        .ok_or_else(|| refuse("no empty line", "an empty line before the checkpoint"))?;
    let mut lines = head.split('\n').skip(1);
    let mut field = |name: &str| {
        let line = lines.next().and_then(|line| line.strip_prefix(name)).map(str::to_owned);
        line.ok_or_else(|| refuse(format!("no line `{name}…`"), "the lines extra and index"))
    };
    let (extra, index) = (field("extra ")?, field("index ")?);
    let extra = STANDARD
        .decode(extra)
        .map_err(|_| refuse("extra is not base64", "canonical base64"))?;
    let proof = lines
        .map(|line| STANDARD.decode(line).ok()?.try_into().ok().map(Hash))
        .collect::<Option<Vec<_>>>()
        .filter(|proof| proof.len() <= PROOF_HASHES_MAX)
        .ok_or_else(|| refuse("the proof's lines", "at most 65 hashes of 32 bytes in base64"))?;
    let mut input = Reader::new(&extra);
    let read = |input: &mut Reader<'_>| {
        let two = input.refuse("an array of two: the entry, and salt and body");
        if input.array(2, "an array of two items")? != 2 {
            return two;
        }
        let entry = input.bytes(ENTRY_BYTES_MAX, "an entry")?.to_vec();
        let opening = opening(input)?;
        input.end()?;
        Ok((entry, opening))
    };
    let (entry, opening) = read(&mut input).map_err(|malformed: Malformed| {
        refuse(
            format!("byte {} of extra does not fit", malformed.at),
            malformed.expected,
        )
    })?;
    // What does not read as an entry is found when the receipt is checked.
    if Entry::read(&entry).is_ok_and(|entry| entry.index.to_string() != index) {
        return Err(refuse(format!("index {index}"), "the entry's index"));
    }
    Ok(Receipt {
        entry,
        opening,
        proof,
        checkpoint: checkpoint.to_owned(),
    })
}

/// The JSON form, field by field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    r#type: String,
    entry: String,
    #[serde(default, deserialize_with = "present")]
    salt: Option<String>,
    #[serde(default, deserialize_with = "present")]
    body: Option<String>,
    proof: Vec<String>,
    checkpoint: String,
}

/// A field that stands there is a text; null would be a second way to leave it out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

fn json(bytes: &[u8]) -> Result<Receipt, Refusal> {
    let json: Json = serde_json::from_slice(bytes).map_err(|error| {
        refuse(
            error.to_string(),
            "a receipt: type, entry, salt, body, proof, checkpoint",
        )
    })?;
    if json.r#type != FORMAT {
        return Err(refuse(format!("type {:?}", json.r#type), "covenant-receipt/v1"));
    }
    let decode = |field: &str, text: &str| {
        STANDARD
            .decode(text)
            .map_err(|_| refuse(format!("{field} is not base64"), "canonical base64"))
    };
    let hash = |field: &str, text: &str| {
        let bytes = decode(field, text)?.try_into();
        bytes.map_err(|_| refuse(format!("{field} has another length"), "32 bytes"))
    };
    let opening = match (&json.salt, &json.body) {
        (None, None) => None,
        (Some(salt), Some(body)) => Some((hash("salt", salt)?, decode("body", body)?)),
        _ => return Err(refuse("one of salt and body", "both or neither")),
    };
    if json.proof.len() > PROOF_HASHES_MAX {
        return Err(refuse(
            format!("a proof of {} hashes", json.proof.len()),
            "at most 65 hashes",
        ));
    }
    Ok(Receipt {
        entry: decode("entry", &json.entry)?,
        opening,
        proof: json
            .proof
            .iter()
            .map(|text| hash("proof", text).map(Hash))
            .collect::<Result<_, _>>()?,
        checkpoint: json.checkpoint,
    })
}
