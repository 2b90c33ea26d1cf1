//! Exports, read back by a reader written from the format's description with other libraries, which trusts only the log's key.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use ciborium::Value;
use common::{draft, open, open_in_runs};
use covenant_ledger::{Entry, Hash, Ledger, LogKey, Scope, SignedCheckpoint};
use sha2::{Digest, Sha256};

/// What was read.
#[derive(Debug, PartialEq, Eq)]
struct Bundle {
    blinding: Option<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    bodies: BTreeMap<u64, Vec<u8>>,
    erased: BTreeSet<u64>,
    blobs: Vec<Vec<u8>>,
    checkpoints: Vec<u64>,
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// The tree's root by RFC 6962's definition.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

type Result<T> = std::result::Result<T, String>;

/// Cuts the file into records; `sum` says whether the hash at the end is to be checked.
fn records<'a>(file: &'a [u8], sum: bool) -> Result<Vec<(u8, &'a [u8])>> {
    let mut rest = file.strip_prefix(b"covenant-export/v2\n").ok_or("the first line")?;
    let mut found: Vec<(u8, &'a [u8])> = Vec::new();
    while !rest.is_empty() {
        let before = file.len() - rest.len();
        let (head, after) = rest.split_at_checked(5).ok_or("a record's head")?;
        let length = u32::from_be_bytes(head[1..].try_into().expect("4 bytes"));
        let (content, after) = after.split_at_checked(length as usize).ok_or("a record's length")?;
        if found.last().is_some_and(|(tag, _)| *tag == b'Z') {
            return Err("something after the end".to_owned());
        }
        if head[0] == b'Z' && (content.len() != 32 || sum && content != sha256(&[&file[..before]])) {
            return Err("the sum".to_owned());
        }
        found.push((head[0], content));
        rest = after;
    }
    Ok(found)
}

fn cbor(bytes: &[u8]) -> Result<Vec<Value>> {
    let value: Value = ciborium::from_reader(bytes).map_err(|error| error.to_string())?;
    let mut again = Vec::new();
    ciborium::into_writer(&value, &mut again).map_err(|error| error.to_string())?;
    if again != bytes {
        return Err("not deterministic".to_owned());
    }
    value.into_array().map_err(|_| "not an array".to_owned())
}

fn read(file: &[u8], key: &LogKey, sum: bool) -> Result<Bundle> {
    let mut records = records(file, sum)?.into_iter().peekable();
    let header = records.next().filter(|(tag, _)| *tag == b'H').ok_or("the header")?;
    let (sum, header) = header.1.split_at_checked(32).ok_or("the header's sum")?;
    if sum != sha256(&[header]) {
        return Err("the header's sum".to_owned());
    }
    let header = cbor(header)?;
    let [Value::Text(named), Value::Integer(size), Value::Array(blinding)] = &header[..] else {
        return Err("the header's form".to_owned());
    };
    if *named != key.to_string() {
        return Err("another log".to_owned());
    }
    let size = u64::try_from(*size).map_err(|_| "the size")?;
    let blinding = match &blinding[..] {
        [] => None,
        [Value::Bytes(secret)] if secret.len() == 32 => Some(secret.clone()),
        _ => return Err("the blinding".to_owned()),
    };
    let mut bundle = Bundle {
        blinding,
        entries: Vec::new(),
        bodies: BTreeMap::new(),
        erased: BTreeSet::new(),
        blobs: Vec::new(),
        checkpoints: Vec::new(),
    };
    let mut leaves = Vec::new();
    let mut link = [0; 32];
    for index in 0..=size {
        if let Some((_, content)) = records.next_if(|(tag, _)| *tag == b'C') {
            let (linked, note) = content.split_at_checked(32).ok_or("a checkpoint's link")?;
            link = sha256(&[&link, note]);
            let note = str::from_utf8(note).map_err(|error| error.to_string())?;
            let signed = SignedCheckpoint::open(note, key).map_err(|error| error.to_string())?;
            if linked != link || signed.size() != index || signed.root().0 != root(&leaves) {
                return Err(format!("the checkpoint of size {}", signed.size()));
            }
            bundle.checkpoints.push(index);
        }
        if index == size {
            break;
        }
        let (b'E', bytes) = records.next().ok_or("an entry")? else {
            return Err(format!("entry {index}"));
        };
        let items = cbor(bytes).map_err(|error| format!("entry {index}: {error}"))?;
        let previous = leaves.last().copied().unwrap_or([0; 32]);
        if items.get(1) != Some(&Value::from(index)) || items.get(6) != Some(&Value::Bytes(previous.to_vec())) {
            return Err(format!("entry {index}: its place"));
        }
        let Some(Value::Bytes(commitment)) = items.get(9) else {
            return Err(format!("entry {index}: its body hash"));
        };
        leaves.push(sha256(&[&[0], bytes]));
        bundle.entries.push(bytes.to_vec());
        match records.next().ok_or("a body")? {
            (b'B', opening) if sha256(&[opening]) == commitment[..] && opening.len() >= 32 => {
                bundle.bodies.insert(index, opening[32..].to_vec());
            }
            (b'W', [0]) => {}
            (b'X', []) => drop(bundle.erased.insert(index)),
            _ => return Err(format!("the body of entry {index}")),
        }
    }
    let mut last: Option<Vec<u8>> = None;
    while let Some((_, content)) = records.next_if(|(tag, _)| *tag == b'O') {
        let (name, blob) = content.split_at_checked(32).ok_or("a blob")?;
        if sha256(&[blob]) != name || last.is_some_and(|last| *last >= *name) {
            return Err("a blob".to_owned());
        }
        last = Some(name.to_vec());
        bundle.blobs.push(blob.to_vec());
    }
    if bundle.checkpoints.last() != Some(&size)
        || !matches!(records.next(), Some((b'Z', _)))
        || records.next().is_some()
    {
        return Err("the end".to_owned());
    }
    Ok(bundle)
}

fn filled(ledger: &Ledger) {
    for i in 0..12u8 {
        let mut draft = draft(i % 3, &format!("body {i}"), &format!("key {i}"));
        draft.blobs = vec![vec![i % 5; 40]];
        ledger.append(draft).expect("appended");
    }
    ledger.erase_body(4).expect("erased");
}

fn export(ledger: &Ledger, scope: &Scope<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    let exported = ledger.export(&mut file, scope).expect("exported");
    assert_eq!(exported.bytes, file.len() as u64);
    file
}

#[test]
fn an_export_holds_everything_and_is_read_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open_in_runs(directory.path()).expect("created");
    let empty = read(&export(&ledger, &Scope::everything()), ledger.key(), true).expect("an empty log");
    assert_eq!((empty.entries.len(), empty.checkpoints), (0, vec![0]));
    filled(&ledger);
    let bundle = read(&export(&ledger, &Scope::everything()), ledger.key(), true).expect("read");
    let secret = bundle.blinding.expect("the secret");
    assert_eq!(secret, ledger.blinding().reveal());
    assert_eq!(bundle.checkpoints, (0..=12).collect::<Vec<u64>>());
    assert_eq!(bundle.erased, BTreeSet::from([4]));
    assert_eq!(
        (bundle.entries.len(), bundle.bodies.len(), bundle.blobs.len()),
        (12, 11, 5)
    );
    for (index, bytes) in (0..).zip(&bundle.entries) {
        assert_eq!(ledger.entry(index).map(|entry| entry.encode()).as_ref(), Ok(bytes));
    }
    for (index, body) in bundle.bodies {
        assert_eq!(body, format!("body {index}").into_bytes());
    }
}

#[test]
fn readers_get_what_they_may_see() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    filled(&ledger);
    let public = export(&ledger, &Scope::public());
    let bundle = read(&public, ledger.key(), true).expect("read");
    assert_eq!(
        (
            bundle.entries.len(),
            bundle.bodies.len(),
            bundle.blobs.len(),
            bundle.blinding
        ),
        (12, 0, 0, None)
    );
    let shown = |words: &[u8]| public.windows(words.len()).any(|window| window == words);
    assert!(!shown(b"body ") && !shown(b"key ") && !shown(ledger.blinding().reveal()));
    let mine = Scope {
        body: &|entry: &Entry| entry.stream.0 == [1; 32],
        blob: &|hash: &Hash| *hash == Hash::of(&[&[2; 40]]),
        blinding: false,
    };
    let bundle = read(&export(&ledger, &mine), ledger.key(), true).expect("read");
    // Entry 4 is of this stream too, but was erased.
    assert_eq!(bundle.bodies.into_keys().collect::<Vec<_>>(), [1, 7, 10]);
    assert_eq!(bundle.blobs, [vec![2; 40]]);
}

#[test]
fn every_changed_byte_is_noticed() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    filled(&ledger);
    let file = export(&ledger, &Scope::everything());
    read(&file, ledger.key(), true).expect("read");
    for at in 0..file.len() {
        for flip in [1, 0x20, 0xff] {
            let mut changed = file.clone();
            changed[at] ^= flip;
            assert!(read(&changed, ledger.key(), true).is_err(), "byte {at}");
            // Even without the sum at the end, but for that sum itself.
            let found = read(&changed, ledger.key(), false);
            assert!(at >= file.len() - 32 || found.is_err(), "byte {at}: {found:?}");
        }
    }
    for length in 0..file.len() {
        assert!(
            read(&file[..length], ledger.key(), true).is_err(),
            "the first {length} bytes"
        );
    }
    let longer = [file.as_slice(), b"\0"].concat();
    assert!(read(&longer, ledger.key(), true).is_err());
}

#[test]
fn a_writer_that_fails_is_reported() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    filled(&ledger);
    for room in [0, 10, 100, 1000] {
        let refused = ledger
            .export(&mut Full(room), &Scope::everything())
            .map_err(|error| error.code());
        assert_eq!(refused, Err("ledger-io"));
    }
}
