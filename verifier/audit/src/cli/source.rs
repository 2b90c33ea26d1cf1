//! Where an export comes from: a file, or a service, whose export is fetched whole before anything is read.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use covenant_api::client::{Client, Options, Token};
use covenant_api::files;
use covenant_api::limits::DOCUMENT_BYTES_MAX;
use covenant_api::refusals::{FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE};
use covenant_audit::export::Source as _;
use covenant_audit::mirror::Mirror;
use covenant_policy::refusal::Refusal;
use tempfile::NamedTempFile;

use super::args::Asked;

/// An export as a file.
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
    /// Where it was found, for the report.
    pub shown: String,
    /// Removed in the end, where it was fetched and is not to be kept.
    _scratch: Option<NamedTempFile>,
}

/// The export that was asked for.
///
/// # Errors
/// Whatever the service or the disk refuses.
pub fn find(export: &Path, asked: &Asked) -> Result<Source, Refusal> {
    let address = export
        .to_str()
        .filter(|text| text.starts_with("https://") || text.starts_with("http://"));
    match address {
        Some(address) => fetch(address, asked),
        None => Ok(Source {
            path: export.to_owned(),
            shown: export.display().to_string(),
            _scratch: None,
        }),
    }
}

/// The export that a mirror stands for, as a file, where a bundle is to be made of it.
///
/// # Errors
/// Whatever the disk refuses.
pub fn of_mirror(mirror: &Mirror, bundle: &Path) -> Result<Source, Refusal> {
    let unwritable = |error: std::io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at("the export");
    let folder = bundle.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut scratch = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(unwritable)?;
    let unreadable = |error: std::io::Error| Refusal::new(&FILE_UNREADABLE, error.to_string()).at(mirror.shown());
    let mut input = mirror.open().map_err(unreadable)?;
    let mut out = BufWriter::new(scratch.as_file_mut());
    std::io::copy(&mut input, &mut out).map_err(unwritable)?;
    out.flush().map_err(unwritable)?;
    drop(out);
    Ok(Source {
        path: scratch.path().to_owned(),
        shown: mirror.shown(),
        _scratch: Some(scratch),
    })
}

/// A client of the service at this address, with the token in this file.
///
/// # Errors
/// Where there is no token in the file, or the address is none.
pub fn client(address: &str, token_file: Option<&Path>) -> Result<Client, Refusal> {
    let token = token_file.map(token).transpose()?;
    Client::new(
        address,
        Options {
            token,
            ..Options::default()
        },
    )
}

fn fetch(address: &str, asked: &Asked) -> Result<Source, Refusal> {
    let client = client(address, asked.token_file.as_deref())?;
    let keep = asked.keep.as_deref();
    if let Some(path) = keep.filter(|path| path.symlink_metadata().is_ok()) {
        return Err(Refusal::new(&FILE_EXISTS, "the file exists").at(path.display()));
    }
    let unwritable = |error: std::io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at("the export");
    // Beside the file that is to be kept, so that it can be renamed.
    let folder = keep
        .and_then(Path::parent)
        .filter(|folder| !folder.as_os_str().is_empty());
    let scratch = match (keep, folder) {
        (None, _) => NamedTempFile::new(),
        (Some(_), Some(folder)) => NamedTempFile::new_in(folder),
        (Some(_), None) => NamedTempFile::new_in("."),
    };
    let mut scratch = scratch.map_err(unwritable)?;
    let mut out = BufWriter::new(scratch.as_file_mut());
    client.export_to(&mut out)?;
    out.flush().map_err(unwritable)?;
    drop(out);
    let shown = match keep {
        Some(path) => path.display().to_string(),
        None => client.address().to_owned(),
    };
    match keep {
        None => Ok(Source {
            path: scratch.path().to_owned(),
            shown,
            _scratch: Some(scratch),
        }),
        Some(path) => {
            scratch
                .persist_noclobber(path)
                .map_err(|error| unwritable(error.error))?;
            Ok(Source {
                path: path.to_owned(),
                shown,
                _scratch: None,
            })
        }
    }
}

fn token(path: &Path) -> Result<Token, Refusal> {
    let bytes = files::read(path, DOCUMENT_BYTES_MAX)?;
    Token::parse(&String::from_utf8_lossy(&bytes)).map_err(|refusal| refusal.at(path.display()))
}
