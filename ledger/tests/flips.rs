//! Bits of the ledger's files themselves, as a disk loses them: each is found when the ledger is opened or checked, or stands where nothing
//! that is kept does.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{draft, open, open_crash, open_in_runs};
use covenant_ledger::{Ledger, LedgerError, Scope};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

/// How many bits: some, or as many as `COVENANT_FLIPS` says.
fn flips() -> usize {
    std::env::var("COVENANT_FLIPS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(150)
}

/// Everything that is kept, in bytes that can be compared.
#[derive(PartialEq, Eq)]
struct Kept {
    export: Vec<u8>,
    cells: Vec<(Vec<u8>, u64, Vec<u8>)>,
}

/// Opens a ledger that must be there, checks it, and reads all that it keeps.
fn examine(directory: &Path) -> Result<Kept, LedgerError> {
    let ledger = open_crash(directory, false)?;
    ledger.check()?;
    for entry in ledger.range(0, u64::MAX) {
        let entry = entry?;
        assert_eq!(ledger.by_entry_hash(&entry.hash())?, Some(entry.index));
        assert_eq!(ledger.by_commitment(&entry.body_hash)?, Some(entry.index));
        assert_eq!(ledger.stream(entry.stream, entry.sequence).next(), Some(Ok(entry)));
    }
    let mut export = Vec::new();
    ledger.export(&mut export, &Scope::everything())?;
    let cells = ledger
        .cells(b"")
        .map(|cell| cell.map(|(name, cell)| (name, cell.version, cell.value)));
    Ok(Kept {
        export,
        cells: cells.collect::<Result<_, _>>()?,
    })
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The ledger's files: entries in table files, and later ones in the write-ahead log.
fn filled(directory: &Path) {
    let append = |ledger: &Ledger, range: std::ops::Range<u8>| {
        for i in range {
            let mut draft = draft(i % 5, &format!("body {i}"), &format!("key {i}"));
            if i % 7 == 3 {
                draft.blobs = vec![vec![i; 300]];
            }
            draft.set = vec![covenant_ledger::StateCell {
                cell: vec![i % 6],
                value: Some(vec![i; 20]),
            }];
            ledger.append(draft).expect("appended");
        }
    };
    // Closed, this one moves everything to table files.
    append(&open_in_runs(directory).expect("made"), 0..60);
    append(&open(directory).expect("opened"), 60..90);
}

#[test]
fn any_bit_of_any_file_is_found_or_changes_nothing_that_is_kept() {
    let source = tempfile::tempdir().expect("a directory");
    filled(source.path());
    let mut paths = Vec::new();
    files(source.path(), &mut paths);
    let contents: Vec<(PathBuf, Vec<u8>)> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(source.path()).expect("inside").to_owned();
            (name, fs::read(path).expect("a file"))
        })
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    let copy = |changed: Option<(usize, usize, u8)>| {
        let scratch = tempfile::tempdir().expect("a directory");
        fs::create_dir(scratch.path().join("store")).expect("made");
        for (number, (name, bytes)) in contents.iter().enumerate() {
            let mut bytes = bytes.clone();
            if let Some((_, at, bit)) = changed.filter(|(file, ..)| *file == number) {
                bytes[at] ^= bit;
            }
            fs::write(scratch.path().join(name), bytes).expect("written");
        }
        scratch
    };
    let honest = examine(copy(None).path()).expect("an honest ledger");
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    // By kind of file: found, and without effect.
    let mut tally: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for case in 0..flips() {
        let file = rng.gen_range(0..contents.len());
        let (name, bytes) = &contents[file];
        let (at, bit) = (rng.gen_range(0..bytes.len()), 1 << rng.gen_range(0..8));
        let kind = name
            .extension()
            .or(name.file_name())
            .map(|kind| kind.to_string_lossy().into_owned());
        let kind = kind
            .unwrap_or_default()
            .split('-')
            .next()
            .unwrap_or_default()
            .to_owned();
        let counts = tally.entry(kind).or_default();
        match examine(copy(Some((file, at, bit))).path()) {
            Err(error) => {
                assert!(!matches!(error, LedgerError::Locked { .. }), "case {case}: {error}");
                // It says where: a table or file of the store, the mark, an entry.
                assert!(error.to_string().len() > 10, "case {case}: {error}");
                counts.0 += 1;
            }
            Ok(kept) => {
                assert!(
                    kept == honest,
                    "case {case}: byte {at} of {}, bit {bit}, went unnoticed",
                    name.display()
                );
                counts.1 += 1;
            }
        }
    }
    for (kind, (found, without)) in &tally {
        println!("{kind}: {found} found, {without} where nothing that is kept stands");
    }
    let found = |kind: &str| tally.get(kind).map_or(0, |(found, _)| *found);
    assert!(
        found("sst") > 0 && found("log") > 0,
        "bits of tables and of the write-ahead log: {tally:?}"
    );
    // The mark has no spare bit.
    assert!(
        tally.get("acknowledged").is_none_or(|(_, without)| *without == 0),
        "{tally:?}"
    );
}
