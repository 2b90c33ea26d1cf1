//! The service's one secret: a file of 32 random bytes, from which the key that signs checkpoints and the key that signs documents
//! are derived. Whoever has it can sign as this service; whoever loses it cannot continue the log.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use covenant_api::refusals::HOST_FAULT;
use covenant_api::sign::Signer;
use covenant_api::{files, host};
use covenant_policy::refusal::Refusal;
use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::refusals::{SERVICE_KEY_EXPOSED, SERVICE_KEY_MALFORMED};

/// The file's name in the directory.
pub const FILE: &str = "service.key";
/// Bytes of the file: 64 hexadecimal digits and a newline.
const FILE_BYTES: usize = 65;

/// HKDF's info for the key that signs checkpoints.
const LOG: &[u8] = b"covenant/service/log/v1";
/// HKDF's info for the key that signs documents.
const OPERATOR: &[u8] = b"covenant/service/operator/v1";

/// The secret. It has no `Debug` and wipes itself.
pub struct ServiceKey(Zeroizing<[u8; 32]>);

impl ServiceKey {
    /// A new secret in a new file, readable by its owner alone.
    ///
    /// # Errors
    /// `file-exists`, `file-unwritable`, `host-fault`.
    pub fn create(path: &Path) -> Result<Self, Refusal> {
        let secret = Self(host::entropy()?);
        let mut text = Zeroizing::new(HEXLOWER.encode(secret.0.as_ref()));
        text.push('\n');
        files::create_new(path, text.as_bytes())?;
        Ok(secret)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// `service-key-exposed` where others may read it, `service-key-malformed`, `file-unreadable`.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        if let Ok(metadata) = fs::metadata(path) {
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(
                    Refusal::new(&SERVICE_KEY_EXPOSED, format!("the file's mode is {mode:03o}"))
                        .at(path.display())
                        .expected("600"),
                );
            }
        }
        let malformed = || {
            Refusal::new(&SERVICE_KEY_MALFORMED, "the file is not what `init` writes")
                .at(path.display())
                .expected("64 lower-case hexadecimal digits and a newline")
        };
        let bytes = match files::read(path, FILE_BYTES) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(refusal) if refusal.code() == "document-too-large" => return Err(malformed()),
            Err(refusal) => return Err(refusal),
        };
        let digits = bytes.strip_suffix(b"\n").ok_or_else(malformed)?;
        let secret = Zeroizing::new(HEXLOWER.decode(digits).map_err(|_| malformed())?);
        let secret: &[u8; 32] = secret.as_slice().try_into().map_err(|_| malformed())?;
        Ok(Self(Zeroizing::new(*secret)))
    }

    fn derive(&self, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, Refusal> {
        let mut seed = Zeroizing::new([0; 32]);
        // HKDF-SHA-256 gives up to 8,160 bytes, so this does not fail; a key of zeros would be worse than a refusal.
        Hkdf::<Sha256>::new(None, self.0.as_ref())
            .expand(info, seed.as_mut())
            .map_err(|error| Refusal::new(&HOST_FAULT, format!("no key can be derived: {error}")))?;
        Ok(seed)
    }

    /// The key that signs checkpoints.
    ///
    /// # Errors
    /// `host-fault`.
    pub fn log(&self) -> Result<SigningKey, Refusal> {
        Ok(SigningKey::from_bytes(&*self.derive(LOG)?))
    }

    /// The key that signs documents.
    ///
    /// # Errors
    /// `host-fault`.
    pub fn operator(&self) -> Result<Signer, Refusal> {
        Ok(Signer::from_seed(&*self.derive(OPERATOR)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_is_two_keys() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let publics = |key: ServiceKey| {
            let log = key.log().unwrap().verifying_key().to_bytes();
            (log, key.operator().unwrap().public().0)
        };
        let made = publics(ServiceKey::create(&path).unwrap_or_else(|refusal| panic!("{refusal}")));
        let read = publics(ServiceKey::open(&path).unwrap_or_else(|refusal| panic!("{refusal}")));
        assert_eq!(made, read);
        assert_ne!(made.0, made.1);
        assert_eq!(ServiceKey::create(&path).map(|_| ()).unwrap_err().code(), "file-exists");
    }

    #[test]
    fn keys_are_derived_as_the_format_says() {
        // Without a salt HKDF takes zeros (RFC 5869 §2.2).
        let key = ServiceKey(Zeroizing::new([0; 32]));
        let mut expected = [0; 32];
        Hkdf::<Sha256>::new(Some(&[0; 32]), &[0; 32])
            .expand(b"covenant/service/log/v1", &mut expected)
            .unwrap();
        assert_eq!(key.log().unwrap().to_bytes(), expected);
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let code = |bytes: &[u8], mode: u32| {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            ServiceKey::open(&path).map(|_| ()).map_err(|refusal| refusal.code())
        };
        let good = format!("{}\n", "0a".repeat(32));
        assert_eq!(code(good.as_bytes(), 0o600), Ok(()));
        assert_eq!(code(good.as_bytes(), 0o400), Ok(()));
        assert_eq!(code(good.as_bytes(), 0o640), Err("service-key-exposed"));
        assert_eq!(code(good.as_bytes(), 0o604), Err("service-key-exposed"));
        for bad in [
            "",
            "\n",
            good.trim(),
            &good.to_uppercase(),
            &format!("{good}\n"),
            &good[2..],
            "\u{e9}\n",
        ] {
            assert_eq!(code(bad.as_bytes(), 0o600), Err("service-key-malformed"), "{bad:?}");
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(
            ServiceKey::open(&path).map(|_| ()).unwrap_err().code(),
            "file-unreadable"
        );
    }
}
