//! A folder of keys: `<key id>/{verifying.bin, proving.bin, manifest.json}`.
//!
//! Each file is written beside its place, synced and renamed, the manifest last: a key without a manifest is not there.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::manifest::Manifest;
use super::proving::ProvingKey;
use super::verifying::VerifyingKey;
use super::{KeyError, KeyId, KeyPolicy, Provenance};
use crate::fft::Transform;
use crate::statement::Statement;

const MANIFEST: &str = "manifest.json";
const VERIFYING: &str = "verifying.bin";
const PROVING: &str = "proving.bin";

/// A folder of keys.
#[derive(Clone, Debug)]
pub struct KeyStore {
    folder: PathBuf,
}

impl KeyStore {
    /// The store in this folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Writes a key; one that is there already is written anew.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn save(&self, key: &ProvingKey) -> Result<Manifest, KeyError> {
        self.save_as_made(key, None)
    }

    /// Writes a key together with what its ceremony left behind.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn save_as_made(&self, key: &ProvingKey, ceremony: Option<Provenance>) -> Result<Manifest, KeyError> {
        let folder = self.folder.join(key.id().to_string());
        fs::create_dir_all(&folder).map_err(io("write", &folder))?;
        let proving = key.to_bytes();
        let manifest = Manifest {
            ceremony,
            ..Manifest::of(key, &proving)
        };
        let json = manifest.to_json().map_err(|what| KeyError::Manifest {
            path: show(&folder),
            what,
        })?;
        write(&folder, PROVING, &proving)?;
        write(&folder, VERIFYING, &key.verifying().to_bytes())?;
        write(&folder, MANIFEST, &json)?;
        sync(&self.folder)?;
        Ok(manifest)
    }

    /// The manifests of all keys, by key id.
    ///
    /// # Errors
    /// Where reading fails or a manifest is malformed.
    pub fn list(&self) -> Result<Vec<Manifest>, KeyError> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let mut manifests = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(io("read", &self.folder))? {
            let path = entry.map_err(io("read", &self.folder))?.path().join(MANIFEST);
            if path.exists() {
                manifests.push(read_manifest(&path)?);
            }
        }
        manifests.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(manifests)
    }

    /// The manifests of the keys of one statement.
    ///
    /// # Errors
    /// As [`KeyStore::list`].
    pub fn list_of<S: Statement>(&self) -> Result<Vec<Manifest>, KeyError> {
        Ok(self.list()?.into_iter().filter(|m| m.statement == S::ID).collect())
    }

    /// The manifest of one key.
    ///
    /// # Errors
    /// Where there is no such key, or its manifest is malformed.
    pub fn manifest(&self, id: KeyId) -> Result<Manifest, KeyError> {
        let path = self.folder.join(id.to_string()).join(MANIFEST);
        if !path.exists() {
            return Err(KeyError::NotFound {
                id: id.to_string(),
                folder: show(&self.folder),
            });
        }
        read_manifest(&path)
    }

    /// Opens a verifying key of the statement `S`.
    ///
    /// # Errors
    /// As [`VerifyingKey::from_bytes`]; and where the key is not there or is not the one its id names.
    pub fn verifying<S: Statement>(&self, id: KeyId, policy: KeyPolicy) -> Result<VerifyingKey, KeyError> {
        let manifest = self.manifest(id)?;
        open_verifying::<S>(&self.folder.join(id.to_string()), id, &manifest, policy)
    }

    /// Opens a proving key of the statement `S`. Its file is hashed while it is read in; its points and matrices were checked
    /// when it entered the store, and whatever is wrong with them after all makes a proof that does not verify.
    ///
    /// # Errors
    /// As [`KeyStore::verifying`]; and where the proving key's file is not the one its manifest names.
    pub fn proving<S: Statement>(&self, id: KeyId, policy: KeyPolicy) -> Result<ProvingKey, KeyError> {
        open_proving::<S>(&self.folder.join(id.to_string()), id, &self.manifest(id)?, policy)
    }

    /// Takes a key's folder from elsewhere into the store, checking every point of it.
    ///
    /// # Errors
    /// As [`KeyStore::proving`]; and where a point is off the curve or outside the subgroup.
    pub fn import<S: Statement>(&self, from: &Path, policy: KeyPolicy) -> Result<Manifest, KeyError> {
        let path = from.join(MANIFEST);
        let manifest = read_manifest(&path)?;
        let bad_id = || KeyError::Manifest {
            path: show(&path),
            what: "expected a key id of 64 hexadecimal digits".into(),
        };
        let key = open_proving::<S>(from, manifest.key_id().ok_or_else(bad_id)?, &manifest, policy)?;
        let expected = key.verifying().matrices_hash();
        expect_hash("the key's matrices", expected, key.matrices().hash())?;
        key.validate()?;
        self.save_as_made(&key, manifest.ceremony)
    }
}

fn open_verifying<S: Statement>(
    folder: &Path,
    id: KeyId,
    manifest: &Manifest,
    policy: KeyPolicy,
) -> Result<VerifyingKey, KeyError> {
    let bytes = read(&folder.join(VERIFYING))?;
    expect_hash("the verifying key", id.0, KeyId::of(&bytes).0)?;
    let key = VerifyingKey::from_bytes::<S>(&bytes, policy)?;
    match manifest.contradiction(id, &key) {
        Some(field) => Err(KeyError::Manifest {
            path: show(&folder.join(MANIFEST)),
            what: format!("field {field:?} contradicts the verifying key"),
        }),
        None => Ok(key),
    }
}

fn open_proving<S: Statement>(
    folder: &Path,
    id: KeyId,
    manifest: &Manifest,
    policy: KeyPolicy,
) -> Result<ProvingKey, KeyError> {
    let verifying = open_verifying::<S>(folder, id, manifest, policy)?;
    let bytes = read(&folder.join(PROVING))?;
    // Hashed and read in at the same time; what was read is used only if the hash is right.
    let (hash, key) = rayon::join(
        || Sha256::digest(&bytes),
        || {
            let key = ProvingKey::from_bytes(&bytes, verifying)?;
            // Whoever opens a key proves with it and verifies the proof, and the other core still hashes.
            Transform::prepare(key.queries.h.len());
            key.verifying.lines();
            Ok(key)
        },
    );
    let found = HEXLOWER.encode(&hash);
    if found != manifest.proving_sha256 || bytes.len() as u64 != manifest.proving_bytes {
        let expected = manifest.proving_sha256.clone();
        return Err(KeyError::Damaged {
            what: "the proving key's file",
            expected,
            found,
        });
    }
    key
}

fn expect_hash(what: &'static str, expected: [u8; 32], found: [u8; 32]) -> Result<(), KeyError> {
    if expected == found {
        return Ok(());
    }
    Err(KeyError::Damaged {
        what,
        expected: HEXLOWER.encode(&expected),
        found: HEXLOWER.encode(&found),
    })
}

fn read_manifest(path: &Path) -> Result<Manifest, KeyError> {
    Manifest::from_json(&read(path)?).map_err(|what| KeyError::Manifest { path: show(path), what })
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    fs::read(path).map_err(io("read", path))
}

/// Replaces a file: written beside its place, synced, renamed, and the folder synced.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
    let path = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("write", &path))?;
    file.write_all(bytes).map_err(io("write", &path))?;
    file.as_file().sync_all().map_err(io("write", &path))?;
    file.persist(&path).map_err(|e| io("write", &path)(e.error))?;
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), KeyError> {
    fs::File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(io("write", folder))
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    let path = show(path);
    move |source| KeyError::Io { action, path, source }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
