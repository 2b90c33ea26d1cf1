//! A look at RocksDB's own files for two kinds of damage that it does not get over: before it opens them for one, after it has refused them for
//! the other.
//!
//! Its manifest and its write-ahead log are records in blocks of 32 KiB, little-endian: checksum (4 bytes), length (2), type (1), data
//! (`db/log_format.h`). One bit makes a record's type that of a recycled log, which these files never are. RocksDB 10 then takes the
//! record for an older one's rest: at the beginning of a file it reads no further, and anywhere else it reads the same again without end.
//!
//! And a power cut can leave the last record of the last log with some of its blocks only: the file has its new length, which another file's
//! synced write took to the disk, and zeros where the rest is to come. RocksDB takes a record that is cut off for the log's end, but not one
//! that is there and has another checksum. Nobody was told of that batch, since it was not synced.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::errors::LedgerError;

const BLOCK: usize = 32 << 10;
const HEADER: usize = 7;
/// Types of the records that a batch begins with: one that is all of it, and one that others follow.
const FULL: u8 = 1;
const FIRST: u8 = 2;
/// What is added to the type of a record in a recycled log.
const RECYCLED: u8 = 4;

/// Looks at every manifest and write-ahead log in this directory, if it is there.
pub(super) fn look(store: &Path) -> Result<(), LedgerError> {
    let files = match fs::read_dir(store) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files.map_err(|error| LedgerError::io("looking at the database", error))?,
    };
    for file in files {
        let path = file
            .map_err(|error| LedgerError::io("looking at the database", error))?
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let log = path.extension().is_some_and(|extension| extension == "log");
        if !log && !name.starts_with("MANIFEST-") {
            continue;
        }
        let changed = changed(&path).map_err(|error| LedgerError::io(format!("reading {}", path.display()), error))?;
        if let Some(at) = changed {
            let what = format!("byte {at}: the type of the record there was changed");
            return Err(LedgerError::damaged(format!("the database's {name}"), what));
        }
    }
    Ok(())
}

/// Where the first record's type stands that was changed into a recycled log's. A record lies in one block.
fn changed(path: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let mut block = Vec::with_capacity(BLOCK);
    let mut start = 0;
    loop {
        block.clear();
        if file.by_ref().take(BLOCK as u64).read_to_end(&mut block)? == 0 {
            return Ok(None);
        }
        if let Some(at) = changed_in(&block) {
            return Ok(Some(start + at as u64));
        }
        start += BLOCK as u64;
    }
}

/// Whether the write-ahead log is whole but for its last batch, of which blocks are missing: nothing else begins after what is wrong.
pub(super) fn torn_at_the_end(store: &Path) -> io::Result<Option<PathBuf>> {
    let mut logs = Vec::new();
    for file in fs::read_dir(store)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            logs.push(path);
        }
    }
    // Their names are numbers of six digits or more.
    logs.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    let Some(last) = logs.pop() else { return Ok(None) };
    for log in logs {
        if wrong_at(&fs::read(log)?).is_some() {
            return Ok(None);
        }
    }
    let bytes = fs::read(&last)?;
    let torn = wrong_at(&bytes).is_some_and(|at| !begins_after(&bytes, at));
    Ok(torn.then_some(last))
}

/// A record that lies whole at this place, and fits its checksum: its type, and where it ends.
fn record_at(log: &[u8], at: usize) -> Option<(u8, usize)> {
    let [c0, c1, c2, c3, l0, l1, kind] = log.get(at..).and_then(<[u8]>::first_chunk::<HEADER>)?;
    let end = at + HEADER + usize::from(u16::from_le_bytes([*l0, *l1]));
    let data = log.get(at + HEADER..end).filter(|_| end <= at - at % BLOCK + BLOCK)?;
    let written = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
    (*kind > 0 && masked(crc32c(*kind, data)) == written).then_some((*kind, end))
}

/// Where the first record begins that is not whole or does not fit its checksum.
fn wrong_at(log: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < log.len() {
        let left = BLOCK - at % BLOCK;
        if left < HEADER {
            at += left;
            continue;
        }
        match record_at(log, at) {
            Some((_, end)) => at = end,
            None => return Some(at),
        }
    }
    None
}

/// Whether another batch begins after this place, wherever the length that stands there says that it would.
fn begins_after(log: &[u8], wrong: usize) -> bool {
    let block_ends = wrong - wrong % BLOCK + BLOCK;
    let begins = |at: usize| matches!(log.get(at + HEADER - 1), Some(&(FULL | FIRST))) && record_at(log, at).is_some();
    if (wrong + 1..block_ends.min(log.len())).any(begins) {
        return true;
    }
    (block_ends..log.len()).step_by(BLOCK).any(|start| {
        let (mut at, mut found) = (start, false);
        while let Some((kind, end)) = record_at(log, at) {
            found |= kind == FULL || kind == FIRST;
            at = end;
        }
        found
    })
}

fn changed_in(block: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some([c0, c1, c2, c3, l0, l1, kind]) = block.get(at..).and_then(<[u8]>::first_chunk::<HEADER>) {
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let data = block.get(at + HEADER..at + HEADER + length)?;
        if (1 + RECYCLED..=4 + RECYCLED).contains(kind) {
            // Its checksum says what it was; where it says something else, this is no record, or RocksDB finds what is wrong with it.
            let written = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
            return (masked(crc32c(*kind - RECYCLED, data)) == written).then_some(at + HEADER - 1);
        }
        at += HEADER + length;
    }
    None
}

/// CRC-32C (RFC 3720, B.4) of a type and its data, bit by bit: it is asked for one record at most.
fn crc32c(kind: u8, data: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())
        })
    };
    !data.iter().fold(step(!0, &kind), step)
}

/// As RocksDB stores a checksum (`util/crc32c.h`).
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::super::rocks::Rocks;
    use super::*;
    use crate::store::{Batch, Reads as _, Writes as _};

    /// RFC 3720, B.4: 32 bytes of zeros, of ones, and ascending.
    #[test]
    fn the_published_sums() {
        let sum = |bytes: &[u8]| crc32c(bytes[0], &bytes[1..]);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(
            (sum(&[0; 32]), sum(&[0xff; 32]), sum(&ascending)),
            (0x8a91_36aa, 0x62a8_ab43, 0x46dd_794e)
        );
    }

    /// What a power cut leaves of the last batch: any of its blocks missing, from one byte on. The batches before it are there.
    #[test]
    fn a_last_batch_of_which_blocks_are_missing_is_the_logs_end() {
        let directory = tempfile::tempdir().unwrap();
        let rocks = Rocks::open(directory.path(), true).unwrap();
        rocks.set_mark(&[1]).unwrap();
        let commit = |number: u8, bytes: usize| {
            let mut batch = Batch::default();
            batch.put(Table::Bodies, [number], vec![number; bytes]);
            rocks.commit(batch).unwrap();
        };
        // The log of a database that is opened and closed again and again, and one that spans several blocks.
        (0..10).for_each(|number| commit(number, 5000));
        let log = || {
            let names = fs::read_dir(directory.path().join("store")).unwrap();
            let mut logs = names.map(|file| file.unwrap().path());
            let log = logs.find(|path| path.extension().is_some_and(|end| end == "log"));
            log.unwrap()
        };
        let before = fs::metadata(log()).unwrap().len() as usize;
        commit(10, 100_000);
        let path = log();
        drop(rocks);
        let honest = fs::read(&path).unwrap();
        assert!(honest.len() > before + 100_000);
        let kept = tempfile::tempdir().unwrap();
        let copy = |from: &Path, to: &Path| {
            let _ = fs::remove_dir_all(to.join("store"));
            let done = std::process::Command::new("cp")
                .arg("-r")
                .arg(from.join("."))
                .arg(to)
                .status();
            assert!(done.unwrap().success());
        };
        copy(directory.path(), kept.path());
        let opened = |bytes: &[u8]| {
            copy(kept.path(), directory.path());
            fs::write(&path, bytes).unwrap();
            Rocks::open(directory.path(), false)
        };
        let zeros = |ranges: &[(usize, usize)]| {
            let mut bytes = honest.clone();
            for (from, to) in ranges {
                bytes[*from..*to].fill(0);
            }
            bytes
        };
        let end = honest.len();
        let torn = [
            zeros(&[(before, end)]),
            zeros(&[(before + 1, end)]),
            zeros(&[(before + 5000, end)]),
            zeros(&[(end - 4, end)]),
            zeros(&[(BLOCK * 2, BLOCK * 2 + 4096)]),
            zeros(&[(before, BLOCK * 2)]),
            zeros(&[(before + 4, before + 6), (BLOCK * 2, BLOCK * 3)]),
            zeros(&[(BLOCK * 3 + HEADER - 1, BLOCK * 3 + HEADER)]),
            zeros(&[(BLOCK * 4 + HEADER - 1, BLOCK * 4 + HEADER)]),
            honest[..end - 1].to_vec(),
            honest[..before + 3].to_vec(),
        ];
        for (number, bytes) in torn.iter().enumerate() {
            let rocks = opened(bytes).unwrap_or_else(|error| panic!("{number}: {error}"));
            (0..10u8).for_each(|number| {
                assert_eq!(rocks.get(Table::Bodies, &[number]), Ok(Some(vec![number; 5000])));
            });
            assert_eq!(rocks.get(Table::Bodies, &[10]), Ok(None), "{number}");
        }
        // Of anything else it is not the end: a record before the last, whatever is wrong with it.
        for at in [0, 4, 6, 7, 3000, before - 1, before / 2] {
            let mut bytes = honest.clone();
            bytes[at] ^= 1;
            let refused = opened(&bytes).map(drop).expect_err("refused");
            assert_eq!(refused.code(), "ledger-damaged", "byte {at}");
            assert_eq!(
                torn_at_the_end(&directory.path().join("store")).unwrap(),
                None,
                "byte {at}"
            );
            assert_eq!(fs::read(&path).unwrap(), bytes, "it is left as it is");
        }
        let rocks = opened(&honest).unwrap();
        assert_eq!(rocks.get(Table::Bodies, &[10]), Ok(Some(vec![10; 100_000])));
    }

    /// Every record of both files, each with its type changed: found before RocksDB reads it, which would never end.
    #[test]
    fn a_record_whose_type_was_changed_is_found_before_it_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let rocks = Rocks::open(directory.path(), true).unwrap();
        for i in 0..20u8 {
            let mut batch = Batch::default();
            batch.put(Table::Bodies, [i], vec![i; 5000]);
            rocks.commit(batch).unwrap();
        }
        rocks.set_mark(&[1]).unwrap();
        drop(rocks);
        let store = directory.path().join("store");
        let names = fs::read_dir(&store).unwrap().map(|file| file.unwrap().path());
        let paths: Vec<_> = names
            .filter(|path| path.to_string_lossy().contains("MANIFEST-") || path.extension().is_some_and(|e| e == "log"))
            .collect();
        assert_eq!(paths.len(), 2);
        for path in paths {
            let honest = fs::read(&path).unwrap();
            let mut found = 0;
            for (block, bytes) in honest.chunks(BLOCK).enumerate() {
                let mut at = 0;
                while let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk::<HEADER>) {
                    let mut damaged = honest.clone();
                    let kind = block * BLOCK + at + HEADER - 1;
                    at += HEADER + usize::from(u16::from_le_bytes([header[4], header[5]]));
                    if header[6] == 4 && block * BLOCK + at == honest.len() {
                        // Without a type the last record is a batch that was torn: tried above.
                        continue;
                    }
                    damaged[kind] ^= RECYCLED;
                    fs::write(&path, damaged).unwrap();
                    let error = Rocks::open(directory.path(), false).map(drop).expect_err("refused");
                    let said = error.to_string();
                    // The last part of a record becomes one of no type, which RocksDB finds by itself.
                    let ours = header[6] < 4;
                    assert!(
                        error.code() == "ledger-damaged" && (!ours || said.contains(&format!("byte {kind}:"))),
                        "{said}"
                    );
                    found += 1;
                }
            }
            assert!(found > 10, "{found} records of {}", path.display());
            fs::write(&path, honest).unwrap();
        }
        let rocks = Rocks::open(directory.path(), false).unwrap();
        assert_eq!(rocks.get(Table::Bodies, &[19]), Ok(Some(vec![19; 5000])));
    }
}
