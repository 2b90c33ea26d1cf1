//! A look at RocksDB's own files before it opens them, for the one kind of damage that it does not get over.
//!
//! Its manifest and its write-ahead log are records in blocks of 32 KiB, little-endian: checksum (4 bytes), length (2), type (1), data
//! (`db/log_format.h`). One bit makes a record's type that of a recycled log, which these files never are. RocksDB 10 then takes the
//! record for an older one's rest: at the beginning of a file it reads no further, and anywhere else it reads the same again without end.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::errors::LedgerError;

const BLOCK: usize = 32 << 10;
const HEADER: usize = 7;
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
                    at += HEADER + usize::from(u16::from_le_bytes([header[4], header[5]]));
                }
            }
            assert!(found > 10, "{found} records of {}", path.display());
            fs::write(&path, honest).unwrap();
        }
        let rocks = Rocks::open(directory.path(), false).unwrap();
        assert_eq!(rocks.get(Table::Bodies, &[19]), Ok(Some(vec![19; 5000])));
    }
}
