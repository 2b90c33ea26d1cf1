//! Bundles: an export, and everything that is needed to audit it again years later, in one directory.
//!
//! ```text
//! manifest.json        every other file with its length and SHA-256, who made it, when, with which version of this program
//! log.export           the export
//! known/               checkpoints that were seen elsewhere, as they were given
//! report.txt, .json    what the audit came to when the bundle was made
//! trust.json           what its maker relied on; and witness-policy.txt
//! FORMAT.md            the format of all of it, to write a reader from
//! README.txt           how to check it
//! ```
//!
//! The manifest's id is a hash over all of it. None of the keys inside is believed: who audits a bundle brings a trust file, and is
//! told where the maker relied on others.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use covenant_api::document::{Document as _, from_json};
use covenant_api::documents::Trust;
use covenant_api::files;
use covenant_api::ids;
use covenant_api::refusals::{FILE_EXISTS, FILE_UNREADABLE, FILE_UNWRITABLE};
use covenant_api::types::UtcTime;
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::audit::Anchor;
use crate::audit::known::Known;
use crate::findings::{BUNDLE, BUNDLE_MANIFEST, Finding, NOT_TRUSTED, Place};
use crate::hash::Hash;
use crate::report::Report;

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";
/// The export's name.
pub const EXPORT: &str = "log.export";
const TRUST: &str = "trust.json";
const POLICY: &str = "witness-policy.txt";
/// The folder of checkpoints seen elsewhere.
const KNOWN: &str = "known";
/// What the manifest calls itself.
const FORMAT: &str = "covenant-bundle/v1";
/// The domain of its id.
const DOMAIN: &str = "covenant/bundle/v1";
/// The largest manifest.
const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// The format of what is inside, as this version writes and reads it.
const FORMAT_TEXT: &str = include_str!("../../../docs/formats/ledger.md");

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    bytes: u64,
    sha256: Hash,
}

/// What the manifest says, but for its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    r#type: String,
    program: String,
    version: String,
    made: UtcTime,
    /// What the audit came to then.
    result: String,
    /// The log's key and size; nothing where the export was wrong.
    log: Option<LogNamed>,
    /// In ascending order of names.
    files: Vec<Listed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogNamed {
    key: String,
    size: u64,
    root: Hash,
}

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    contents: Contents,
    id: Hash,
}

impl Manifest {
    fn of(contents: Contents) -> Result<Self, Refusal> {
        let id = ids::hash(DOMAIN, &contents)?;
        Ok(Self { contents, id })
    }

    fn to_bytes(&self) -> Result<Vec<u8>, Refusal> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| Refusal::new(&BUNDLE_MANIFEST, error.to_string()))?;
        Ok(format!("{text}\n").into_bytes())
    }

    /// Reads a manifest, whose bytes are the only ones that mean it.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.contents.r#type != FORMAT {
            return Err(format!("type {:?}, expected {FORMAT}", read.contents.r#type));
        }
        let own = Self::of(read.contents.clone()).map_err(|refusal| refusal.to_string())?;
        if own.id != read.id {
            return Err(format!("it bears the id {}, and has {}", read.id, own.id));
        }
        if read.to_bytes().ok().as_deref() != Some(bytes) {
            return Err("the bytes are not its one spelling".to_owned());
        }
        let names = || read.contents.files.iter().map(|file| file.name.as_str());
        if !names().is_sorted_by(|a, b| a < b) || !names().all(is_name) {
            return Err("its files are out of order, twice there, or of other names than a bundle's".to_owned());
        }
        Ok(read)
    }
}

/// Whether a bundle may hold a file of this name.
fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    match name.split_once('/') {
        Some((folder, name)) => folder == KNOWN && plain(name),
        None => plain(name),
    }
}

/// What goes into a bundle.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The export.
    pub export: &'a Path,
    /// What its maker relies on.
    pub trust: Option<&'a Path>,
    /// The policy on witnesses.
    pub witness_policy: Option<&'a Path>,
    /// Checkpoints that were seen elsewhere.
    pub known: &'a [PathBuf],
    /// What the audit came to.
    pub report: &'a Report,
}

/// A bundle that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The manifest's id.
    pub id: Hash,
    /// How many files, the manifest not counted.
    pub files: usize,
    /// Their bytes together.
    pub bytes: u64,
    /// The command that audits it again.
    pub recheck: String,
}

/// Makes a bundle in a directory that must not exist. It appears whole.
///
/// # Errors
/// `file-exists`, `file-unreadable`, `file-unwritable`.
pub fn write(directory: &Path, parts: &Parts<'_>) -> Result<Made, Refusal> {
    let unwritable = |error: io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(directory.display());
    let folder = directory
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let scratch = TempDir::new_in(folder).map_err(unwritable)?;
    let report = parts.report;
    let recheck = report.repeat_of(&directory.display().to_string());
    let json = format!("{:#}\n", report.json());
    let texts = [
        ("README.txt", readme(report, &recheck)),
        ("FORMAT.md", FORMAT_TEXT.to_owned()),
        ("report.txt", report.text()),
        ("report.json", json),
    ];
    let mut listed = Vec::new();
    for (name, text) in texts {
        listed.push(put(scratch.path(), name, text.as_bytes())?);
    }
    let copy = |name: &str, path: &Path| {
        let file =
            File::open(path).map_err(|error| Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display()))?;
        put(scratch.path(), name, file)
    };
    listed.push(copy(EXPORT, parts.export)?);
    for (name, path) in [(TRUST, parts.trust), (POLICY, parts.witness_policy)] {
        listed.extend(path.map(|path| copy(name, path)).transpose()?);
    }
    if !parts.known.is_empty() {
        fs::create_dir(scratch.path().join(KNOWN)).map_err(unwritable)?;
    }
    for (number, path) in parts.known.iter().enumerate() {
        listed.push(copy(&format!("{KNOWN}/{number:04}"), path)?);
    }
    // The export that was audited is the one that was copied.
    if listed
        .iter()
        .any(|file| file.name == EXPORT && file.sha256 != report.audit.file)
    {
        return Err(Refusal::new(
            &crate::findings::CHANGED,
            "the export changed between audit and copy",
        ));
    }
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    let (files, bytes) = (listed.len(), listed.iter().map(|file| file.bytes).sum());
    let manifest = Manifest::of(contents(report, listed))?;
    put(scratch.path(), MANIFEST, manifest.to_bytes()?.as_slice())?;
    if directory.symlink_metadata().is_ok() {
        return Err(Refusal::new(&FILE_EXISTS, "there is something of this name").at(directory.display()));
    }
    let whole = scratch.keep();
    fs::rename(&whole, directory).map_err(unwritable)?;
    Ok(Made {
        id: manifest.id,
        files,
        bytes,
        recheck,
    })
}

fn contents(report: &Report, files: Vec<Listed>) -> Contents {
    Contents {
        r#type: FORMAT.to_owned(),
        program: "covenant-audit".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made: report.at,
        result: report.audit.outcome.word().to_owned(),
        log: report.audit.summary.as_ref().map(|summary| LogNamed {
            key: summary.header.key.to_string(),
            size: summary.header.size,
            root: summary.root,
        }),
        files,
    }
}

/// Writes one file, and lists it.
fn put(directory: &Path, name: &str, mut content: impl Read) -> Result<Listed, Refusal> {
    let path = directory.join(name);
    let unwritable = |error: io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(path.display());
    let mut file = File::create_new(&path).map_err(unwritable)?;
    let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = content.read(&mut buffer).map_err(unwritable)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        hasher.update(part);
        file.write_all(part).map_err(unwritable)?;
        bytes += read as u64;
    }
    file.sync_all().map_err(unwritable)?;
    Ok(Listed {
        name: name.to_owned(),
        bytes,
        sha256: Hash(hasher.finalize().into()),
    })
}

fn readme(report: &Report, recheck: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "A Covenant log, bundled to be audited again.\n\
         \n\
         Made at {at} by covenant-audit {version}, which found then: {result}\n\
         \n\
         To audit it again, offline, with covenant-audit {version} or a later version that reads covenant-bundle/v1 and\n\
         covenant-export/v2:\n\
         \n    {recheck}\n\
         \n\
         Bring the trust file, and the policy on witnesses if there is one, from where you keep yours. Those in this\n\
         directory say what the bundle's maker relied on; they are compared with yours and never believed.\n\
         \n\
         manifest.json lists every file with its SHA-256. If the program is lost, FORMAT.md describes log.export byte by\n\
         byte: SHA-256, Ed25519 and a reader of CBOR are enough to check everything but the zero-knowledge proofs.\n",
        at = report.at,
        result = report.result(),
    )
}

/// A bundle that was opened: its manifest, if it has one, and what is wrong with its files.
#[derive(Debug)]
pub struct Bundle {
    directory: PathBuf,
    manifest: Option<Manifest>,
    findings: Vec<Finding>,
}

/// What the report says of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: Hash,
    /// Which version of this program made it.
    pub version: String,
    /// When.
    pub made: UtcTime,
    /// What the audit came to then.
    pub result: String,
    /// How many files it lists.
    pub files: usize,
}

impl Bundle {
    /// Opens a bundle, and compares every file with the manifest.
    ///
    /// # Errors
    /// `file-unreadable` where the directory cannot be read.
    pub fn open(directory: &Path) -> Result<Self, Refusal> {
        let mut bundle = Self {
            directory: directory.to_owned(),
            manifest: None,
            findings: Vec::new(),
        };
        let there = names(directory)
            .map_err(|error| Refusal::new(&FILE_UNREADABLE, error.to_string()).at(directory.display()))?;
        let read = files::read(&directory.join(MANIFEST), MANIFEST_BYTES_MAX);
        match read
            .map_err(|refusal| refusal.what)
            .and_then(|bytes| Manifest::read(&bytes))
        {
            Ok(manifest) => bundle.manifest = Some(manifest),
            Err(what) => bundle.find(&BUNDLE_MANIFEST, MANIFEST, what, None),
        }
        let listed = bundle.manifest.as_ref().map(|manifest| manifest.contents.files.clone());
        let Some(listed) = listed else { return Ok(bundle) };
        for file in &listed {
            bundle.compare(file);
        }
        for name in there {
            if name != MANIFEST && !listed.iter().any(|file| file.name == name) {
                bundle.find(&BUNDLE, &name, "the manifest does not list it".to_owned(), None);
            }
        }
        Ok(bundle)
    }

    fn find(
        &mut self,
        code: &'static covenant_policy::refusal::Entry,
        name: &str,
        what: String,
        expected: Option<String>,
    ) {
        let mut finding = Finding::new(code, Place::File(name.to_owned()), 0, what);
        finding.expected = expected;
        self.findings.push(finding);
    }

    fn compare(&mut self, listed: &Listed) {
        let hashed = File::open(self.directory.join(&listed.name)).and_then(|mut file| {
            let mut hasher = Sha256::new();
            let bytes = io::copy(&mut file, &mut hasher)?;
            Ok((bytes, Hash(hasher.finalize().into())))
        });
        let expected = Some(format!("{} bytes with the SHA-256 {}", listed.bytes, listed.sha256));
        match hashed {
            Ok((bytes, sha256)) if (bytes, sha256) == (listed.bytes, listed.sha256) => {}
            Ok((bytes, sha256)) => {
                let what = format!("{bytes} bytes with the SHA-256 {sha256}");
                self.find(&BUNDLE, &listed.name, what, expected);
            }
            Err(error) => self.find(&BUNDLE, &listed.name, error.to_string(), expected),
        }
    }

    /// Where the export lies.
    pub fn export(&self) -> PathBuf {
        self.directory.join(EXPORT)
    }

    /// The checkpoints that were seen elsewhere, as far as they are what the manifest lists.
    ///
    /// # Errors
    /// As [`Known::read`].
    pub fn known(&self) -> Result<Vec<Known>, Refusal> {
        let wrong: BTreeSet<String> = self.findings.iter().map(|finding| finding.place.to_string()).collect();
        let mut known = Vec::new();
        for file in self.manifest.iter().flat_map(|manifest| &manifest.contents.files) {
            let place = Place::File(file.name.clone()).to_string();
            if file.name.starts_with(KNOWN) && !wrong.contains(&place) {
                known.extend(Known::read(&self.directory.join(&file.name))?);
            }
        }
        Ok(known)
    }

    /// What is wrong with its files; and, where there is a trust file, what the maker relied on that is not in it.
    pub fn findings(&self, anchor: Option<&Anchor>) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        let inside = files::read(&self.directory.join(TRUST), Trust::BYTES_MAX)
            .ok()
            .and_then(|bytes| from_json::<Trust>(&bytes).ok());
        if let (Some(anchor), Some(inside)) = (anchor, inside) {
            let keys = |trust: &Trust| format!("log {}, operator {}", trust.log_key, trust.operator);
            if keys(&inside) != keys(&anchor.trust) {
                let what = format!("the bundle's maker relied on {}", keys(&inside));
                let finding = Finding::new(&NOT_TRUSTED, Place::File(TRUST.to_owned()), 0, what);
                findings.push(finding.expected(keys(&anchor.trust)));
            }
        }
        findings
    }

    /// What the report says of it, where it has a manifest.
    pub fn shown(self) -> Option<Shown> {
        let Manifest { contents, id } = self.manifest?;
        Some(Shown {
            id,
            version: contents.version,
            made: contents.made,
            result: contents.result,
            files: contents.files.len(),
        })
    }
}

/// The names of all files, those in folders behind the folder's.
fn names(directory: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            for inner in fs::read_dir(entry.path())? {
                names.insert(format!("{name}/{}", inner?.file_name().to_string_lossy()));
            }
        } else {
            names.insert(name);
        }
    }
    Ok(names)
}
