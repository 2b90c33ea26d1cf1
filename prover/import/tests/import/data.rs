//! Where the real files are, and the shortest way from a file to a statement.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use covenant_import::{Books, Format, Imported, Mapping, Options, fec, recognise, saft, sie, to_statement};
use covenant_policy::refusal::Refusal;

/// The path of a real file; `None`, with a line that says so, where the folder is not named.
pub fn file(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("COVENANT_DATA") else {
        println!("skipped: COVENANT_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(name))
}

/// Reads books from bytes, as the format that they show.
pub fn books_of(bytes: &[u8], name: &str) -> Result<Books, Refusal> {
    match recognise(&bytes[..bytes.len().min(1_000)], name)? {
        Format::Fec => fec::read(bytes, name, &mut |_| {}),
        Format::SaftNo => saft::norway::read(bytes, name, &mut |_| {}),
        Format::SaftPt => saft::portugal::read(bytes, name, &mut |_| {}),
        _ => sie::read(bytes, name, &mut |_| {}),
    }
}

/// Reads a real file, through a buffered reader as the command line does.
pub fn books(name: &str) -> Option<Result<Books, Refusal>> {
    let path = file(name)?;
    let short = path.file_name().and_then(|n| n.to_str()).unwrap().to_owned();
    let reader = BufReader::new(File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    let mut bytes = 0;
    let mut progress = |n| bytes = n;
    let books = if name.ends_with(".txt") {
        fec::read(reader, &short, &mut progress)
    } else {
        sie::read(reader, &short, &mut progress)
    };
    if books.is_ok() {
        assert_eq!(bytes, path.metadata().unwrap().len());
    }
    Some(books)
}

/// The statement under the national chart.
pub fn import(books: &Books, options: &Options) -> Result<Imported, Refusal> {
    to_statement(books, &Mapping::chart(books.format.default_chart())?, options)
}
