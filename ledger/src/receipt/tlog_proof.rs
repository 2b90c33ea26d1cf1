//! Receipts as C2SP `tlog-proof` files: for tools of others, which need nothing of ours to check one.
//!
//! The leaf's data is the entry. It stands in the file's extra line with salt and body, as a CBOR array of two, so that the file is
//! the whole receipt; whoever checks it with another tool gives that tool the entry.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Receipt, read_opening, write_opening};
use crate::cbor::{Reader, Writer};
use crate::entry::Entry;
use crate::errors::ReceiptError;
use crate::hash::Hash;
use crate::tree::PROOF_HASHES_MAX;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

impl Receipt {
    /// The `tlog-proof` form.
    ///
    /// # Errors
    /// Refuses when the entry, whose index it names, is malformed.
    pub fn tlog_proof(&self) -> Result<String, ReceiptError> {
        let index = Entry::decode(&self.entry)?.index;
        let mut extra = Writer::default();
        extra.array(2).bytes(&self.entry);
        write_opening(&mut extra, self.opening.as_ref());
        let mut text = format!("{HEADER}\nextra {}\nindex {index}\n", STANDARD.encode(extra.finish()));
        for hash in &self.proof {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", STANDARD.encode(hash.0));
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        Ok(text)
    }

    /// Reads the `tlog-proof` form of a receipt, as yet unchecked.
    ///
    /// # Errors
    /// Refuses what is not exactly the form of a receipt.
    pub fn from_tlog_proof(text: &str) -> Result<Self, ReceiptError> {
        let refuse = |expected| ReceiptError::Malformed { offset: None, expected };
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(refuse("an empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(refuse("the line c2sp.org/tlog-proof@v1"));
        }
        let extra = lines
            .next()
            .and_then(|line| line.strip_prefix("extra "))
            .and_then(|extra| STANDARD.decode(extra).ok())
            .ok_or(refuse("an extra line with the entry, in base64"))?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .ok_or(refuse("an index line"))?;
        let mut proof = Vec::new();
        for line in lines {
            let hash = STANDARD.decode(line).ok().and_then(|hash| Hash::from_slice(&hash));
            proof.push(hash.ok_or(refuse("hashes of 32 bytes in base64"))?);
            if proof.len() > PROOF_HASHES_MAX {
                return Err(refuse("the proof's hashes"));
            }
        }
        let mut input = Reader::new(&extra);
        if input.array(2, "the entry, and salt and body")? != 2 {
            return Err(refuse("the entry, and salt and body"));
        }
        let entry = input.bytes("the entry")?.to_vec();
        let opening = read_opening(&mut input)?;
        input.end()?;
        if Entry::decode(&entry)?.index.to_string() != index {
            return Err(refuse("the entry's index"));
        }
        Ok(Self {
            entry,
            opening,
            proof,
            checkpoint: checkpoint.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::tests::sample;

    #[test]
    fn the_lines_are_those_of_the_specification() {
        let (receipt, _) = sample();
        let text = receipt.tlog_proof().expect("a proof");
        let (head, checkpoint) = text.split_once("\n\n").expect("an empty line");
        let lines: Vec<&str> = head.lines().collect();
        assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
        assert!(lines[1].starts_with("extra "));
        assert_eq!(lines[2], "index 3");
        assert_eq!(lines.len(), 3 + receipt.proof.len());
        assert_eq!(checkpoint, receipt.checkpoint);
    }

    #[test]
    fn it_is_the_whole_receipt() {
        let (receipt, key) = sample();
        for receipt in [receipt.clone(), receipt.without_body()] {
            let read = Receipt::from_tlog_proof(&receipt.tlog_proof().expect("a proof"));
            assert_eq!(read, Ok(receipt));
            read.expect("read").verify(&key).expect("verified");
        }
    }

    #[test]
    fn every_changed_bit_is_refused() {
        let (receipt, key) = sample();
        let text = receipt.tlog_proof().expect("a proof").into_bytes();
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let Ok(changed) = String::from_utf8(changed) else {
                continue;
            };
            let read = Receipt::from_tlog_proof(&changed).and_then(|receipt| receipt.verify(&key));
            assert!(read.is_err(), "bit {} of byte {}: {read:?}", bit % 8, bit / 8);
        }
    }
}
