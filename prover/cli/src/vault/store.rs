//! The vault on disk: made once, opened with its passphrase, replaced whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use covenant_api::refusals::FILE_UNWRITABLE;
use covenant_api::seal::{self, Cost, Passphrase};
use covenant_api::{files, limits};
use covenant_policy::refusal::Refusal;
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::contents::{Contents, VERSION, VERSION_MIN};
use crate::refusals::{VAULT_BUSY, VAULT_DAMAGED, VAULT_EXISTS, VAULT_MISSING};

const KEY_FILE: &str = "vault.key";
const DATA_FILE: &str = "vault.data";
const LOCK_FILE: &str = "vault.lock";
const PURPOSE: &str = "covenant/vault-key/v1";
const MAGIC: &[u8; 9] = b"CVNTVAULT";
const DATA_VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = MAGIC.len() + 1 + NONCE_BYTES;

/// An open vault.
pub struct Vault {
    directory: PathBuf,
    key: Zeroizing<[u8; 32]>,
    /// What it holds.
    pub contents: Contents,
}

/// A vault that may be saved: nobody else writes while it lives.
pub struct Writer {
    /// The vault.
    pub vault: Vault,
    _lock: File,
}

impl Vault {
    /// Whether there is a vault.
    pub fn exists(directory: &Path) -> bool {
        directory.join(KEY_FILE).exists() || directory.join(DATA_FILE).exists()
    }

    /// Makes a vault. The key file comes last: a vault that was not finished has none. A data file alone is left in peace
    /// all the same, because its key may lie in a backup.
    ///
    /// # Errors
    /// `vault-exists`, `vault-busy`, `file-unwritable`.
    pub fn create<R: RngCore + CryptoRng>(
        directory: &Path,
        contents: Contents,
        passphrase: &Passphrase,
        cost: Cost,
        rng: &mut R,
    ) -> Result<Writer, Refusal> {
        make_directory(directory)?;
        let lock = lock(directory)?;
        if Self::exists(directory) {
            return Err(Refusal::new(&VAULT_EXISTS, "a vault").at(directory.display()));
        }
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut());
        let sealed = seal::seal(key.as_ref(), PURPOSE, passphrase, cost, rng)?;
        let writer = Writer {
            vault: Self {
                directory: directory.to_owned(),
                key,
                contents,
            },
            _lock: lock,
        };
        writer.save(rng)?;
        files::create_new(&directory.join(KEY_FILE), &sealed)?;
        Ok(writer)
    }

    /// Opens a vault for reading.
    ///
    /// # Errors
    /// `vault-missing`, `wrong-passphrase`, `vault-damaged`, `seal-malformed`, `file-unreadable`.
    pub fn open(directory: &Path, passphrase: &Passphrase) -> Result<Self, Refusal> {
        Self::expect(directory)?;
        let sealed = files::read(&directory.join(KEY_FILE), limits::SECRET_KEY_BYTES_MAX)?;
        let opened = seal::open(&sealed, PURPOSE, passphrase).map_err(|r| r.at(directory.join(KEY_FILE).display()))?;
        let damaged = |what: &str, file: &str| Refusal::new(&VAULT_DAMAGED, what).at(directory.join(file).display());
        let key = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| damaged("not a key of 32 bytes", KEY_FILE))?;
        let key = Zeroizing::new(key);
        let data = files::read(&directory.join(DATA_FILE), limits::SEALED_BYTES_MAX)?;
        let contents = unseal(&key, &data).map_err(|what| damaged(what, DATA_FILE))?;
        Ok(Self {
            directory: directory.to_owned(),
            key,
            contents,
        })
    }

    /// Opens a vault for writing.
    ///
    /// # Errors
    /// Those of [`Vault::open`], `vault-busy`.
    pub fn open_to_write(directory: &Path, passphrase: &Passphrase) -> Result<Writer, Refusal> {
        Self::expect(directory)?;
        let lock = lock(directory)?;
        Ok(Writer {
            vault: Self::open(directory, passphrase)?,
            _lock: lock,
        })
    }

    /// Demands that there is a vault, before anybody is asked for its passphrase.
    ///
    /// # Errors
    /// `vault-missing`.
    pub fn expect(directory: &Path) -> Result<(), Refusal> {
        if directory.join(KEY_FILE).exists() {
            return Ok(());
        }
        Err(Refusal::new(&VAULT_MISSING, "no vault").at(directory.display()))
    }
}

impl Writer {
    /// Replaces the contents on disk.
    ///
    /// # Errors
    /// `file-unwritable`.
    pub fn save<R: RngCore + CryptoRng>(&self, rng: &mut R) -> Result<(), Refusal> {
        let Vault {
            directory,
            key,
            contents,
        } = &self.vault;
        let path = directory.join(DATA_FILE);
        let fault = |what: String| Refusal::new(&FILE_UNWRITABLE, what).at(path.display());
        // Sized first and then written in place, so that no half-grown copy of the secrets stays behind in memory.
        let mut size = Counter(0);
        serde_json::to_writer(&mut size, contents).map_err(|e| fault(e.to_string()))?;
        let mut plain = Zeroizing::new(Vec::with_capacity(size.0));
        serde_json::to_writer(&mut *plain, contents).map_err(|e| fault(e.to_string()))?;
        if plain.len() + HEADER_BYTES + 16 > limits::SEALED_BYTES_MAX {
            return Err(fault(format!(
                "the contents have {} bytes, more than a vault may hold",
                plain.len()
            )));
        }
        let mut data = Vec::with_capacity(HEADER_BYTES + plain.len() + 16);
        data.extend_from_slice(MAGIC);
        data.push(DATA_VERSION);
        let mut nonce = [0; NONCE_BYTES];
        rng.fill_bytes(&mut nonce);
        data.extend_from_slice(&nonce);
        let sealed = XChaCha20Poly1305::new(Key::from_slice(key.as_ref()))
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: &plain,
                    aad: &data,
                },
            )
            .map_err(|_| fault("the contents are too long to seal".into()))?;
        data.extend_from_slice(&sealed);
        files::replace(&path, &data)
    }
}

fn unseal(key: &[u8; 32], data: &[u8]) -> Result<Contents, &'static str> {
    let (header, sealed) = data.split_at_checked(HEADER_BYTES).ok_or("cut short")?;
    let rest = header.strip_prefix(MAGIC).ok_or("the first bytes are not CVNTVAULT")?;
    let nonce = rest
        .strip_prefix(&[DATA_VERSION])
        .ok_or("a version that this program does not know")?;
    let plain = XChaCha20Poly1305::new(Key::from_slice(key))
        .decrypt(
            XNonce::from_slice(nonce),
            Payload {
                msg: sealed,
                aad: header,
            },
        )
        .map(Zeroizing::new)
        .map_err(|_| "its bytes were changed or cut short")?;
    parse(&plain)
}

/// The contents; those of an earlier version in this version's form.
pub(super) fn parse(plain: &[u8]) -> Result<Contents, &'static str> {
    let mut contents: Contents = serde_json::from_slice(plain).map_err(|_| "its contents have another form")?;
    if !(VERSION_MIN..=VERSION).contains(&contents.version) {
        return Err("its contents have another version");
    }
    contents.version = VERSION;
    Ok(contents)
}

/// Makes the directory for its owner alone.
pub(crate) fn make_directory(directory: &Path) -> Result<(), Refusal> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(directory)
        .map_err(|e| Refusal::new(&FILE_UNWRITABLE, e.to_string()).at(directory.display()))
}

/// Takes the lock, which the operating system gives back however the program ends.
fn lock(directory: &Path) -> Result<File, Refusal> {
    let path = directory.join(LOCK_FILE);
    let fault = |e: std::io::Error| Refusal::new(&FILE_UNWRITABLE, e.to_string()).at(path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refusal::new(&VAULT_BUSY, "locked by another command").at(path.display())),
        Err(TryLockError::Error(e)) => Err(fault(e)),
    }
}

/// Counts bytes.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
