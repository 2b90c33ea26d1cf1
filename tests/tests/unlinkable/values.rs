//! What somebody holds, taken apart into values that can be compared: every leaf of JSON, whatever words stand in texts, and the bytes
//! behind base64 and hexadecimal, so that the same value is found whatever it is written as.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::types::{FieldElement, IsoDate, UtcTime};
use covenant_ledger::{Entry, Hash};
use covenant_proofs::decode::field_to_bytes;
use serde_json::Value;

/// Shorter values say too little: any two parties share some.
pub const BYTES_MIN: usize = 8;

/// Values, each with the place where it was found first.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    texts: BTreeMap<String, String>,
    bytes: BTreeMap<Vec<u8>, String>,
}

/// A value that two parties hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// The value; bytes in hexadecimal.
    pub value: String,
    /// The first one's place.
    pub here: String,
    /// The other's.
    pub there: String,
}

impl Holdings {
    /// Everything in a JSON value.
    pub fn json(&mut self, place: &str, value: &Value) {
        match value {
            Value::Object(fields) if fields.get("type").is_some_and(|t| t == "covenant-receipt/v1") => {
                self.receipt(place, value);
            }
            Value::Object(fields) => fields
                .iter()
                .for_each(|(name, value)| self.json(&format!("{place}.{name}"), value)),
            Value::Array(items) => items.iter().for_each(|value| self.json(&format!("{place}[]"), value)),
            Value::String(text) => self.text(place, text),
            Value::Number(number) => self.text(place, &number.to_string()),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// A text: as a whole, its words that are no plain words, and what they encode.
    pub fn text(&mut self, place: &str, text: &str) {
        self.one(place, text);
        let part_of_a_value = |c: char| c.is_ascii_alphanumeric() || "+/=_:.-".contains(c);
        for word in text.split(|c| !part_of_a_value(c)) {
            let word = word.trim_matches(['.', ':']);
            if word.bytes().any(|b| b.is_ascii_digit()) {
                self.one(place, word);
            }
        }
    }

    fn one(&mut self, place: &str, text: &str) {
        if text.len() < BYTES_MIN {
            return;
        }
        self.texts.entry(text.to_owned()).or_insert_with(|| place.to_owned());
        if let Some(bytes) = decode(text) {
            self.bytes(place, &bytes);
        }
        if let Some(mut bytes) = element(text) {
            // Others write numbers with the greatest byte first.
            bytes.reverse();
            self.bytes(place, &bytes);
        }
    }

    /// Bytes: what is JSON is taken apart further.
    pub fn bytes(&mut self, place: &str, bytes: &[u8]) {
        if bytes.len() < BYTES_MIN {
            return;
        }
        match serde_json::from_slice(bytes) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => self.json(place, &value),
            _ => drop(self.bytes.entry(bytes.to_vec()).or_insert_with(|| place.to_owned())),
        }
    }

    /// A receipt's salt and body. Entry, checkpoint and inclusion proof are public: see [`Holdings::entry`].
    fn receipt(&mut self, place: &str, receipt: &Value) {
        let decoded = |name: &str| receipt[name].as_str().and_then(|text| STANDARD.decode(text).ok());
        for name in ["salt", "body"] {
            self.bytes(&format!("{place}.{name}"), &decoded(name).expect("the body is given"));
        }
    }

    /// What anybody reads in an entry, beside its place, its time and its predecessor in the log, which chain all entries to each other.
    pub fn entry(&mut self, place: &str, entry: &Entry) {
        self.bytes(&format!("{place}.leaf"), &entry.hash().0);
        self.bytes(&format!("{place}.stream"), &entry.stream.0);
        self.bytes(&format!("{place}.body_hash"), &entry.body_hash.0);
        for unique in &entry.unique {
            self.bytes(&format!("{place}.unique"), &unique.0);
        }
        if entry.stream_previous != Hash::ZERO {
            self.bytes(&format!("{place}.stream_previous"), &entry.stream_previous.0);
        }
    }

    /// These values and those of another.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.texts.extend(other.texts.clone());
        self.bytes.extend(other.bytes.clone());
        self
    }

    /// Whether this text is among them.
    pub fn holds(&self, text: &str) -> bool {
        self.texts.contains_key(text)
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.texts.len() + self.bytes.len()
    }

    /// The values that stand somewhere in these bytes and are not allowed to: as they are, or written in hexadecimal or base64.
    pub fn found_in(&self, haystack: &[u8], allowed: &Self) -> BTreeMap<String, String> {
        let windows: BTreeSet<&[u8]> = haystack.windows(BYTES_MIN).collect();
        let inside = |needle: &[u8]| {
            // Most values have a first window that is nowhere.
            let first = needle.get(..BYTES_MIN).is_some_and(|first| windows.contains(first));
            first && haystack.windows(needle.len()).any(|window| window == needle)
        };
        let mut found = BTreeMap::new();
        for (text, place) in &self.texts {
            if inside(text.as_bytes()) && !allowed.texts.contains_key(text) {
                found.insert(text.clone(), place.clone());
            }
        }
        for (bytes, place) in &self.bytes {
            let written = [
                bytes.clone(),
                hex(bytes).into_bytes(),
                STANDARD.encode(bytes).into_bytes(),
            ];
            if written.iter().any(|form| inside(form)) && !allowed.bytes.contains_key(bytes) {
                found.insert(hex(bytes), place.clone());
            }
        }
        found
    }

    /// Every run of eight bytes in the values that are bytes.
    fn runs(&self) -> impl Iterator<Item = (&[u8], &str)> {
        let all = self.bytes.iter();
        all.flat_map(|(bytes, place)| bytes.windows(BYTES_MIN).map(move |run| (run, place.as_str())))
    }

    /// What both hold and `allowed` does not: texts, and runs of eight bytes.
    pub fn common(&self, other: &Self, allowed: &Self) -> Vec<Common> {
        let texts = self.texts.iter().filter_map(|(text, here)| {
            let there = other.texts.get(text)?;
            let known = allowed.texts.contains_key(text) || is_time(text);
            (!known).then(|| common(text.clone(), here, there))
        });
        let theirs: BTreeMap<&[u8], &str> = other.runs().collect();
        let mut runs: BTreeMap<&[u8], (&str, &str)> = self
            .runs()
            .filter_map(|(run, here)| Some((run, (here, *theirs.get(run)?))))
            .collect();
        for (run, _) in allowed.runs() {
            runs.remove(run);
        }
        let runs = runs
            .into_iter()
            .map(|(run, (here, there))| common(hex(run), here, there));
        texts.chain(runs).collect()
    }
}

fn common(value: String, here: &str, there: &str) -> Common {
    Common {
        value,
        here: here.to_owned(),
        there: there.to_owned(),
    }
}

/// Days and seconds: whoever acts at the same time says the same time.
fn is_time(text: &str) -> bool {
    IsoDate::parse(text).is_ok() || UtcTime::parse(text).is_ok()
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that a text writes: a field's element in decimal, hexadecimal, or base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    element(text)
        .or_else(|| unhex(text))
        .or_else(|| STANDARD.decode(text).ok())
}

fn element(text: &str) -> Option<Vec<u8>> {
    Some(field_to_bytes(&FieldElement::parse(text).ok()?.0).to_vec())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().all(|b| b.is_ascii_hexdigit()) && text.len().is_multiple_of(2);
    let pairs = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    digits.then(|| pairs.collect()).flatten()
}
