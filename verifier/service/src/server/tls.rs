//! TLS 1.2 and 1.3 on the service's own port, where a certificate is set. The files are read again when they change, so that a renewed
//! certificate needs no restart; one that cannot be used is said in the log, and the one before goes on.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use covenant_policy::refusal::Refusal;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::refusals::TLS_INVALID;
use crate::settings::Settings;

/// The one protocol that is spoken inside.
const ALPN: &[u8] = b"http/1.1";

/// By what a file is known to be another.
type Stamp = Option<(u64, i64, i64, u64)>;

/// The certificate and its key, as they are in force.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    inner: Mutex<InForce>,
}

struct InForce {
    stamps: [Stamp; 2],
    config: Arc<ServerConfig>,
}

impl Tls {
    /// What the settings say; `None` where they set no certificate.
    ///
    /// # Errors
    /// `tls-invalid`.
    pub fn from(settings: &Settings) -> Result<Option<Self>, Refusal> {
        let (Some(certificate), Some(key)) = (&settings.tls_certificate, &settings.tls_key) else {
            return Ok(None);
        };
        let stamps = [stamp(certificate), stamp(key)];
        let config = Arc::new(load(certificate, key)?);
        Ok(Some(Self {
            certificate: certificate.clone(),
            key: key.clone(),
            inner: Mutex::new(InForce { stamps, config }),
        }))
    }

    /// What accepts connections at this moment.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.inner().config))
    }

    /// Reads the files again where they are others; whether that was so. They may be half written: what cannot be used changes nothing,
    /// and is read again once it changes.
    ///
    /// # Errors
    /// `tls-invalid`.
    pub fn renew(&self) -> Result<bool, Refusal> {
        let stamps = [stamp(&self.certificate), stamp(&self.key)];
        if self.inner().stamps == stamps {
            return Ok(false);
        }
        self.inner().stamps = stamps;
        let config = Arc::new(load(&self.certificate, &self.key)?);
        self.inner().config = config;
        Ok(true)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, InForce> {
        // Every change is a single assignment, so a panic elsewhere leaves it whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
}

fn load(certificate: &Path, key: &Path) -> Result<ServerConfig, Refusal> {
    let invalid = |path: &Path| {
        let place = path.display().to_string();
        move |what: String| Refusal::new(&TLS_INVALID, what).at(place)
    };
    let (of_certificate, of_key) = (invalid(certificate), invalid(key));
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| invalid(certificate)(error.to_string()))?;
    if chain.is_empty() {
        return Err(of_certificate("no certificate in it".to_owned()));
    }
    let mode = std::fs::metadata(key).map(|found| found.mode()).unwrap_or_default();
    if mode & 0o007 != 0 {
        return Err(of_key(format!("everybody may read it: mode {:o}", mode & 0o777)));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| invalid(key)(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| of_certificate(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| of_key(error.to_string()))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}
