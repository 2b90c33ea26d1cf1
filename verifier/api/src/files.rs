//! Files: read within bounds, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::Path;

use covenant_policy::refusal::{Entry, Refusal};
use tempfile::NamedTempFile;

use crate::refusals::{DOCUMENT_TOO_LARGE, FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE};

fn fault(entry: &'static Entry, path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(entry, error.to_string()).at(path.display())
}

/// Reads a file of at most `bytes_max` bytes.
///
/// # Errors
/// `file-unreadable`, `document-too-large`.
pub fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let file = File::open(path).map_err(|e| fault(&FILE_UNREADABLE, path, &e))?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells "too large" without reading all of it.
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| fault(&FILE_UNREADABLE, path, &e))?;
    if bytes.len() > bytes_max {
        return Err(
            Refusal::new(&DOCUMENT_TOO_LARGE, format!("more than {bytes_max} bytes"))
                .at(path.display())
                .expected(format!("at most {bytes_max} bytes")),
        );
    }
    Ok(bytes)
}

/// Replaces a file, or makes it: after a crash the old content or the new is there, whole.
///
/// # Errors
/// `file-unwritable`.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    staged(path, bytes)?
        .persist(path)
        .map_err(|e| fault(&FILE_UNWRITABLE, path, &e.error))?;
    sync_directory(path)
}

/// Makes a file that must not exist. Of several who try at once, one succeeds; the file appears whole.
///
/// # Errors
/// `file-exists`, `file-unwritable`.
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    persist_new(staged(path, bytes)?, path)?;
    sync_directory(path)
}

/// Room for a file that is written after something that cannot be undone: a full disk, a missing directory or a file in the way
/// shows before anything has changed.
#[derive(Debug)]
pub struct Room<'a> {
    path: &'a Path,
    file: NamedTempFile,
    replaces: bool,
}

impl<'a> Room<'a> {
    /// Sets `bytes_max` bytes aside for a file that must not exist.
    ///
    /// # Errors
    /// `file-exists`, `file-unwritable`.
    pub fn for_new(path: &'a Path, bytes_max: usize) -> Result<Self, Refusal> {
        if path.symlink_metadata().is_ok() {
            return Err(Refusal::new(&FILE_EXISTS, "the file exists").at(path.display()));
        }
        Self::aside(path, bytes_max, false)
    }

    /// Sets `bytes_max` bytes aside for a file that may exist, and is replaced then.
    ///
    /// # Errors
    /// `file-unwritable`.
    pub fn to_replace(path: &'a Path, bytes_max: usize) -> Result<Self, Refusal> {
        if path.is_dir() {
            return Err(Refusal::new(&FILE_UNWRITABLE, "this is a directory").at(path.display()));
        }
        Self::aside(path, bytes_max, true)
    }

    fn aside(path: &'a Path, bytes_max: usize, replaces: bool) -> Result<Self, Refusal> {
        let file = staged(path, &vec![0; bytes_max])?;
        Ok(Self { path, file, replaces })
    }

    /// Writes the file, whole.
    ///
    /// # Errors
    /// `file-exists` where somebody has made it meanwhile, `file-unwritable`.
    pub fn fill(mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let path = self.path;
        // Over the bytes that were set aside, so that no new ones are needed.
        self.file
            .rewind()
            .and_then(|()| self.file.write_all(bytes))
            .and_then(|()| self.file.as_file().set_len(bytes.len() as u64))
            .and_then(|()| self.file.as_file().sync_all())
            .map_err(|e| fault(&FILE_UNWRITABLE, path, &e))?;
        if self.replaces {
            self.file
                .persist(path)
                .map_err(|e| fault(&FILE_UNWRITABLE, path, &e.error))?;
        } else {
            persist_new(self.file, path)?;
        }
        sync_directory(path)
    }
}

/// Makes a directory and those above it.
///
/// # Errors
/// `file-unwritable`.
pub fn create_directory(path: &Path) -> Result<(), Refusal> {
    fs::create_dir_all(path).map_err(|e| fault(&FILE_UNWRITABLE, path, &e))
}

/// Removes a file; one that is not there is no fault.
///
/// # Errors
/// `file-unwritable`.
pub fn remove(path: &Path) -> Result<(), Refusal> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(fault(&FILE_UNWRITABLE, path, &e)),
        _ => sync_directory(path),
    }
}

fn persist_new(file: NamedTempFile, path: &Path) -> Result<(), Refusal> {
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => {
            Err(Refusal::new(&FILE_EXISTS, "the file exists").at(path.display()))
        }
        Err(e) => Err(fault(&FILE_UNWRITABLE, path, &e.error)),
    }
}

/// A synced temporary file beside `path`, readable by its owner alone (tempfile's mode 0600).
fn staged(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Refusal> {
    let mut file = NamedTempFile::new_in(directory(path)).map_err(|e| fault(&FILE_UNWRITABLE, path, &e))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|e| fault(&FILE_UNWRITABLE, path, &e))?;
    Ok(file)
}

fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A rename is durable once its directory is.
fn sync_directory(path: &Path) -> Result<(), Refusal> {
    let synced = OpenOptions::new()
        .read(true)
        .open(directory(path))
        .and_then(|d| d.sync_all());
    synced.map_err(|e| fault(&FILE_UNWRITABLE, path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_bounded_and_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        assert_eq!(read(&path, 3).unwrap_err().code(), "file-unreadable");
        create_new(&path, b"one").unwrap();
        assert_eq!(create_new(&path, b"two").unwrap_err().code(), "file-exists");
        assert_eq!(read(&path, 3).unwrap(), b"one");
        assert_eq!(read(&path, 2).unwrap_err().code(), "document-too-large");
        replace(&path, b"three").unwrap();
        assert_eq!(read(&path, 9).unwrap(), b"three");
        let nowhere = directory.path().join("b/c");
        assert_eq!(replace(&nowhere, b"").unwrap_err().code(), "file-unwritable");
        assert_eq!(create_new(&nowhere, b"").unwrap_err().code(), "file-unwritable");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            0,
            "nothing is left behind"
        );
    }

    #[test]
    fn room_is_made_before_it_is_needed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        Room::for_new(&path, 100).unwrap().fill(b"one").unwrap();
        assert_eq!(read(&path, 100).unwrap(), b"one");
        assert_eq!(Room::for_new(&path, 100).unwrap_err().code(), "file-exists");
        Room::to_replace(&path, 100).unwrap().fill(b"three").unwrap();
        assert_eq!(read(&path, 100).unwrap(), b"three");
        let refused = Room::to_replace(directory.path(), 100).unwrap_err();
        assert_eq!(refused.code(), "file-unwritable");
        let refused = Room::for_new(&directory.path().join("b/c"), 100).unwrap_err();
        assert_eq!(refused.code(), "file-unwritable");
        let late = directory.path().join("late");
        let room = Room::for_new(&late, 100).unwrap();
        create_new(&late, b"somebody else's").unwrap();
        assert_eq!(room.fill(b"mine").unwrap_err().code(), "file-exists");
        drop(Room::for_new(&directory.path().join("unused"), 100).unwrap());
        let left = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 2, "nothing is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_readable_by_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        create_new(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
