//! The repository as its own tests see it: where it lies, what git tracks, what cargo says about it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// One tracked file.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// The path from the repository's root, with forward slashes.
    pub path: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

impl Tracked {
    /// The file as text; `None` where it is binary.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Every file that git tracks and that exists, in git's order.
///
/// # Errors
/// Where git cannot be run or is not in a repository, and where a tracked file cannot be read.
pub fn tracked() -> io::Result<Vec<Tracked>> {
    // A clone may belong to another user than the one who tests it; git would refuse to list that one.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let mut files = Vec::new();
    for path in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
        match std::fs::read(root().join(path)) {
            Ok(bytes) => files.push(Tracked {
                path: path.to_owned(),
                bytes,
            }),
            // Deleted in the working tree, and not yet in the index.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// What cargo knows about the workspace's own packages, as it prints it (JSON).
///
/// # Errors
/// Where cargo cannot be run or refuses the workspace.
pub fn metadata_json() -> Result<String, cargo_metadata::Error> {
    let output = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .cargo_command()
        .output()?;
    if !output.status.success() {
        return Err(cargo_metadata::Error::CargoMetadata {
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same, parsed.
///
/// # Errors
/// As [`metadata_json`], and where the answer cannot be parsed.
pub fn metadata() -> Result<Metadata, cargo_metadata::Error> {
    MetadataCommand::parse(metadata_json()?)
}
