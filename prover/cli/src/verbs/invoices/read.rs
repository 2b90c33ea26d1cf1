//! Reads files of invoices into one list, each as what it is: XML is UBL or a SAF-T (PT) file of sales documents, a list of this program's says so, and the rest is CSV as
//! declared.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use covenant_api::refusals::FILE_UNREADABLE;
use covenant_import::invoices::{BYTES_MAX, Builder, InvoiceList, Options};
use covenant_import::{Format, ReceivablesFormat, receivables, recognise, saft, ubl};
use covenant_policy::refusal::Refusal;

use super::super::shared;
use crate::args::Invoices;
use crate::progress::Progress;
use crate::refusals::FORMAT_UNDECLARED;

/// Bytes of a declaration.
const FORMAT_BYTES_MAX: usize = 1024 * 1024;

/// Reads the files.
///
/// # Errors
/// `file-unreadable`, `csv-format-missing`, and whatever the readers and the list refuse.
pub(super) fn read(args: &Invoices) -> Result<InvoiceList, Refusal> {
    if let [only] = args.files.as_slice()
        && let Some(list) = written_list(only)?
    {
        return Ok(list);
    }
    let format = match &args.csv_format {
        Some(path) => {
            let text = shared::read_text(path, FORMAT_BYTES_MAX)?;
            Some(ReceivablesFormat::from_toml(&text, &path.display().to_string())?)
        }
        None => None,
    };
    let mut builder = Builder::new(Options {
        seller: args.seller.clone(),
        currency: args.currency,
        term_days: args.term,
    });
    let sizes = args.files.iter().map(|file| file.metadata().map_or(0, |m| m.len()));
    let bar = Progress::bytes("reading invoices", sizes.sum());
    let mut before = 0;
    for path in &args.files {
        let mut reader = BufReader::with_capacity(1 << 16, opened(path)?);
        let first = reader.fill_buf().map_err(|e| unreadable(path, &e))?;
        let xml = String::from_utf8_lossy(first)
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with('<');
        let name = name(path);
        let mut progress = |bytes: u64| bar.at(before + bytes);
        if xml {
            let sales = recognise(first, &name) == Ok(Format::SaftPt);
            let documents = if sales {
                saft::documents::read(&mut reader, &name, &mut progress)?.into_documents()
            } else {
                vec![ubl::read(&mut reader, &name, &mut progress)?]
            };
            builder.source(&name);
            for document in documents {
                builder.add(document)?;
            }
        } else {
            let format = format.as_ref().ok_or_else(|| {
                Refusal::new(
                    &FORMAT_UNDECLARED,
                    "the file is not XML, and the format of a CSV is not declared",
                )
                .at(path.display())
            })?;
            receivables::read(&mut reader, &name, format, &mut builder, &mut progress)?;
        }
        before += path.metadata().map_or(0, |m| m.len());
    }
    drop(bar);
    builder.finish()
}

/// A list that was written before; `None` where the file is something else.
fn written_list(path: &Path) -> Result<Option<InvoiceList>, Refusal> {
    let mut file = opened(path)?;
    let mut start = [0; 22];
    let length = file.read(&mut start).map_err(|e| unreadable(path, &e))?;
    if start.get(..length) != Some(b"{\"type\":\"invoice-list\"".as_slice()) {
        return Ok(None);
    }
    let bytes = covenant_api::files::read(path, BYTES_MAX)?;
    InvoiceList::read(&bytes, &name(path)).map(Some)
}

fn opened(path: &Path) -> Result<File, Refusal> {
    File::open(path).map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display())
}

fn name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
