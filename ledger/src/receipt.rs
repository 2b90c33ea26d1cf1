//! Receipts: what whoever submitted an entry keeps, and can show to anybody. Entry, body, inclusion proof and signed checkpoint in one
//! piece, checked offline against nothing but the log's key.
//!
//! The file form is deterministic CBOR; the form on the wire is a JSON object. In neither can a byte be changed without the receipt
//! being refused or saying the same (white space in JSON). See `docs/formats/ledger.md`.

mod tlog_proof;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cbor::{Reader, Writer};
use crate::checkpoint::SignedCheckpoint;
use crate::entry::{Entry, Opening};
use crate::errors::ReceiptError;
use crate::hash::Hash;
use crate::note::LogKey;
use crate::tree::{self, PROOF_HASHES_MAX};

/// The first item of the file form, and the JSON form's `type` and `version` together.
pub const FORMAT: &str = "covenant-receipt/v1";

/// A receipt, as yet unchecked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub struct Receipt {
    /// The encoded entry: the data of its leaf.
    pub entry: Vec<u8>,
    /// What its body hash opens to; absent from a receipt for those who may not read it.
    pub opening: Option<Opening>,
    /// The inclusion proof, from the leaf upwards.
    pub proof: Vec<Hash>,
    /// The signed note of the checkpoint.
    pub checkpoint: String,
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The entry.
    pub entry: Entry,
    /// The checkpoint whose tree holds it.
    pub checkpoint: SignedCheckpoint,
}

impl Receipt {
    /// Checks the receipt against the log's key: the entry is well formed, the body is the one it commits to, the log signed the
    /// checkpoint, and the checkpoint's tree holds the entry at its index.
    ///
    /// # Errors
    /// Says which of these does not hold.
    pub fn verify(&self, key: &LogKey) -> Result<Verified, ReceiptError> {
        let entry = Entry::decode(&self.entry)?;
        if self
            .opening
            .as_ref()
            .is_some_and(|opening| opening.hash() != entry.body_hash)
        {
            return Err(ReceiptError::Opening { index: entry.index });
        }
        let checkpoint = SignedCheckpoint::open(self.checkpoint.as_str(), key)?;
        let leaf = Hash::leaf(&self.entry);
        tree::verify_inclusion(&leaf, entry.index, checkpoint.size(), &self.proof, checkpoint.root())?;
        Ok(Verified { entry, checkpoint })
    }

    /// The same receipt without the body, for those who may not read it.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.opening = None;
        self
    }

    /// The file form.
    pub fn encode(&self) -> Vec<u8> {
        let body = self.opening.as_ref().map_or(0, |opening| opening.body.len());
        let mut out = Writer::with_capacity(1024 + self.entry.len() + body + self.proof.len() * 34);
        out.array(5).text(FORMAT).bytes(&self.entry);
        write_opening(&mut out, self.opening.as_ref());
        out.array(self.proof.len());
        for hash in &self.proof {
            out.bytes(&hash.0);
        }
        out.text(&self.checkpoint);
        out.finish()
    }

    /// Reads the file form.
    ///
    /// # Errors
    /// Refuses what is not exactly the encoding of a receipt, and says at which byte.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let refuse = |expected| ReceiptError::Malformed { offset: None, expected };
        let mut input = Reader::new(bytes);
        if input.array(5, "an array of five items")? != 5 {
            return Err(refuse("an array of five items"));
        }
        if input.text("the format's name")? != FORMAT {
            return Err(refuse("the format covenant-receipt/v1"));
        }
        let entry = input.bytes("the entry")?.to_vec();
        let opening = read_opening(&mut input)?;
        let count = input.array(PROOF_HASHES_MAX, "the proof's hashes")?;
        let mut proof = Vec::with_capacity(count);
        for _ in 0..count {
            proof.push(Hash::from_slice(input.bytes("a hash")?).ok_or(refuse("a hash of 32 bytes"))?);
        }
        let checkpoint = input.text("the checkpoint")?.to_owned();
        input.end()?;
        let receipt = Self {
            entry,
            opening,
            proof,
            checkpoint,
        };
        if receipt.encode() != bytes {
            return Err(refuse("the one encoding of this receipt"));
        }
        Ok(receipt)
    }
}

/// Salt and body, or an empty array.
fn write_opening(out: &mut Writer, opening: Option<&Opening>) {
    match opening {
        Some(opening) => out.array(2).bytes(&opening.salt).bytes(&opening.body),
        None => out.array(0),
    };
}

fn read_opening(input: &mut Reader<'_>) -> Result<Option<Opening>, ReceiptError> {
    let refuse = |expected| ReceiptError::Malformed { offset: None, expected };
    match input.array(2, "the salt and body, or nothing")? {
        0 => Ok(None),
        2 => Ok(Some(Opening {
            salt: input
                .bytes("the salt")?
                .try_into()
                .map_err(|_| refuse("a salt of 32 bytes"))?,
            body: input.bytes("the body")?.to_vec(),
        })),
        _ => Err(refuse("the salt and body, or nothing")),
    }
}

/// Bodies may be private, so only their length is shown.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("leaf", &Hash::leaf(&self.entry))
            .field("opening", &self.opening)
            .field("proof", &self.proof)
            .field("checkpoint", &self.checkpoint)
            .finish()
    }
}

/// The JSON form; binary values in base64.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    r#type: String,
    entry: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    proof: Vec<String>,
    checkpoint: String,
}

impl From<Receipt> for Json {
    fn from(receipt: Receipt) -> Self {
        let (salt, body) = receipt
            .opening
            .map(|opening| (STANDARD.encode(opening.salt), STANDARD.encode(opening.body)))
            .unzip();
        Self {
            r#type: FORMAT.to_owned(),
            entry: STANDARD.encode(receipt.entry),
            salt,
            body,
            proof: receipt.proof.iter().map(|hash| STANDARD.encode(hash.0)).collect(),
            checkpoint: receipt.checkpoint,
        }
    }
}

impl TryFrom<Json> for Receipt {
    type Error = ReceiptError;

    fn try_from(json: Json) -> Result<Self, ReceiptError> {
        let refuse = |expected| ReceiptError::Malformed { offset: None, expected };
        let decode = |text: &str, expected| STANDARD.decode(text).map_err(|_| refuse(expected));
        if json.r#type != FORMAT {
            return Err(refuse("the type covenant-receipt/v1"));
        }
        let opening = match (json.salt, json.body) {
            (Some(salt), Some(body)) => Some(Opening {
                salt: decode(&salt, "a salt in base64")?
                    .try_into()
                    .map_err(|_| refuse("a salt of 32 bytes"))?,
                body: decode(&body, "a body in base64")?,
            }),
            (None, None) => None,
            _ => return Err(refuse("the salt and body, or nothing")),
        };
        if json.proof.len() > PROOF_HASHES_MAX {
            return Err(refuse("the proof's hashes"));
        }
        let hash =
            |text: &String| Hash::from_slice(&decode(text, "a hash in base64")?).ok_or(refuse("a hash of 32 bytes"));
        Ok(Self {
            entry: decode(&json.entry, "an entry in base64")?,
            opening,
            proof: json.proof.iter().map(hash).collect::<Result<_, _>>()?,
            checkpoint: json.checkpoint,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::CheckpointSigner;
    use crate::entry::{Kind, StreamId};
    use crate::tree::tests::Memory;

    /// A receipt for entry 3 of 6.
    pub(super) fn sample() -> (Receipt, LogKey) {
        let opening = Opening {
            salt: [8; 32],
            body: b"{\"tier\":\"A\"}".to_vec(),
        };
        let entry = Entry {
            index: 3,
            time_ms: 1_700_000_000_000,
            kind: Kind::new("verdict").expect("a kind"),
            stream: StreamId([1; 32]),
            sequence: 0,
            previous: Hash([2; 32]),
            stream_previous: Hash::ZERO,
            unique: vec![Hash([4; 32])],
            body_hash: opening.hash(),
        };
        let mut memory = Memory::default();
        for index in 0..6 {
            memory.append(if index == 3 { entry.hash() } else { Hash::leaf(&[index]) });
        }
        let mut signer = CheckpointSigner::new("example.com/log", SigningKey::from_bytes(&[5; 32])).expect("a name");
        let receipt = Receipt {
            entry: entry.encode(),
            opening: Some(opening),
            proof: tree::inclusion(&memory, 3, 6).unwrap().expect("a leaf"),
            checkpoint: signer
                .sign(6, memory.edge.root(), &[])
                .expect("signed")
                .note()
                .to_owned(),
        };
        (receipt, signer.key().clone())
    }

    #[test]
    fn a_receipt_verifies_and_is_read_back_in_both_forms() {
        let (receipt, key) = sample();
        for receipt in [receipt.clone(), receipt.without_body()] {
            let verified = receipt.verify(&key).expect("verified");
            assert_eq!((verified.entry.index, verified.checkpoint.size()), (3, 6));
            assert_eq!(Receipt::decode(&receipt.encode()), Ok(receipt.clone()));
            let json = serde_json::to_string(&receipt).expect("JSON");
            assert_eq!(serde_json::from_str::<Receipt>(&json).expect("a receipt"), receipt);
        }
    }

    #[test]
    fn every_changed_bit_of_the_file_form_is_refused() {
        let (receipt, key) = sample();
        for bytes in [receipt.encode(), receipt.without_body().encode()] {
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let read = Receipt::decode(&changed).and_then(|receipt| receipt.verify(&key));
                assert!(read.is_err(), "bit {bit} of byte {}: {:?}", bit / 8, read);
            }
            for length in 0..bytes.len() {
                assert_eq!(
                    Receipt::decode(&bytes[..length]).map_err(|error| error.code()),
                    Err("receipt-malformed")
                );
            }
        }
    }

    #[test]
    fn each_part_is_checked() {
        let (receipt, key) = sample();
        let refused = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = receipt.clone();
            change(&mut receipt);
            receipt.verify(&key).expect_err("changed").code()
        };
        assert_eq!(refused(&|receipt| receipt.entry[0] = 0), "entry-malformed");
        assert_eq!(
            refused(&|receipt| receipt.opening.as_mut().expect("a body").body.push(0)),
            "receipt-body"
        );
        assert_eq!(
            refused(&|receipt| receipt.opening.as_mut().expect("a body").salt[0] ^= 1),
            "receipt-body"
        );
        assert_eq!(refused(&|receipt| receipt.proof[0] = Hash::ZERO), "proof-root");
        assert_eq!(refused(&|receipt| receipt.proof.truncate(1)), "tree-proof-length");
        assert_eq!(
            refused(&|receipt| receipt.checkpoint = receipt.checkpoint.replace("\n6\n", "\n3\n")),
            "note-signature-invalid"
        );
        assert_eq!(refused(&|receipt| receipt.checkpoint.clear()), "note-malformed");
        let other = LogKey::new("example.com/log", SigningKey::from_bytes(&[6; 32]).verifying_key()).expect("a name");
        assert_eq!(
            receipt.verify(&other).map_err(|error| error.code()),
            Err("note-unsigned")
        );
        let early = {
            let mut signer =
                CheckpointSigner::new("example.com/log", SigningKey::from_bytes(&[5; 32])).expect("a name");
            let note = signer.sign(2, Hash::ZERO, &[]).expect("signed").note().to_owned();
            refused(&|receipt| receipt.checkpoint.clone_from(&note))
        };
        assert_eq!(early, "proof-beyond-size");
    }

    #[test]
    fn json_is_read_strictly() {
        let (receipt, _) = sample();
        let json = serde_json::to_value(&receipt).expect("JSON");
        let refused = |field: &str, value: serde_json::Value| {
            let mut json = json.clone();
            json[field] = value;
            serde_json::from_value::<Receipt>(json)
                .expect_err("changed")
                .to_string()
        };
        assert!(refused("more", 1.into()).contains("unknown field"));
        assert!(refused("type", "covenant-receipt/v2".into()).contains("the type covenant-receipt/v1"));
        assert!(refused("salt", serde_json::Value::Null).contains("the salt and body, or nothing"));
        assert!(refused("salt", "AAAA".into()).contains("a salt of 32 bytes"));
        assert!(refused("body", "AB==".into()).contains("a body in base64"));
        assert!(refused("entry", "A".into()).contains("an entry in base64"));
        assert!(refused("proof", vec!["AAAA"].into()).contains("a hash of 32 bytes"));
        assert!(refused("proof", vec!["AAAA"; 66].into()).contains("the proof's hashes"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            if let Ok(receipt) = Receipt::decode(&bytes) {
                prop_assert_eq!(receipt.encode(), bytes);
            }
        }
    }
}
