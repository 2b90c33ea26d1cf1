//! Reads an accounting export in whichever format it is, and hashes it on the way.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};

use covenant_api::refusals::FILE_UNREADABLE;
use covenant_api::types::{Hex32, Text};
use covenant_import::{Books, CsvFormat, Format, csv, fec, recognise, saft, sie};
use covenant_policy::refusal::Refusal;
use sha2::{Digest as _, Sha256};

use super::{MAPPING_BYTES_MAX, shared};
use crate::args::{BooksFormat, Import};
use crate::progress::Progress;
use crate::refusals::FORMAT_UNDECLARED;

/// An export that was read.
pub(super) struct FileRead {
    /// What it says.
    pub books: Books,
    /// Its name, without its folder.
    pub name: Text,
    /// SHA-256 of its bytes.
    pub sha256: Hex32,
}

/// Bytes pass through, and are hashed.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Reads the export.
///
/// # Errors
/// `file-unreadable`, `format-unknown`, `csv-format-missing`, and whatever the importer refuses.
pub(super) fn read(args: &Import) -> Result<FileRead, Refusal> {
    let path = &args.file;
    let unreadable = |e: std::io::Error| Refusal::new(&FILE_UNREADABLE, e.to_string()).at(path.display());
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let name = Text::parse(&name).map_err(|e| Refusal::new(&FILE_UNREADABLE, e).at(path.display()))?;
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut reader = BufReader::with_capacity(
        1 << 16,
        Hashing {
            inner: file,
            hash: Sha256::new(),
        },
    );
    let format = match args.format {
        Some(BooksFormat::Fec) => Format::Fec,
        Some(BooksFormat::Sie) => Format::Sie4,
        Some(BooksFormat::SaftNo) => Format::SaftNo,
        Some(BooksFormat::SaftPt) => Format::SaftPt,
        Some(BooksFormat::Csv) => Format::Csv,
        None if args.csv_format.is_some() => Format::Csv,
        None => recognise(reader.fill_buf().map_err(unreadable)?, name.as_str())?,
    };
    let bar = Progress::bytes("reading the books", size);
    let mut progress = |bytes: u64| bar.at(bytes);
    let books = match format {
        Format::Fec => fec::read(&mut reader, name.as_str(), &mut progress),
        Format::Sie4 => sie::read(&mut reader, name.as_str(), &mut progress),
        Format::SaftNo => saft::norway::read(&mut reader, name.as_str(), &mut progress),
        Format::SaftPt => saft::portugal::read(&mut reader, name.as_str(), &mut progress),
        Format::Csv => {
            let declared = args.csv_format.as_ref().ok_or_else(|| {
                Refusal::new(&FORMAT_UNDECLARED, "the format of the CSV is not declared").at(path.display())
            })?;
            let text = shared::read_text(declared, MAPPING_BYTES_MAX)?;
            let declared = CsvFormat::from_toml(&text, &declared.display().to_string())?;
            csv::read(&mut reader, name.as_str(), &declared, &mut progress)
        }
    }?;
    // An importer may stop before the end (SIE has an end mark); the hash is of the whole file.
    std::io::copy(&mut reader, &mut std::io::sink()).map_err(unreadable)?;
    let sha256 = Hex32(reader.into_inner().hash.finalize().into());
    Ok(FileRead { books, name, sha256 })
}
