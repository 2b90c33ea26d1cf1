//! TLS on the service's own port, spoken to by curl, which is another implementation than the service's, and by the client.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use covenant_verifier::server::Running;

use crate::world::World;

/// A certificate for 127.0.0.1, signed by itself, and its key, in this folder.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&certificate, made.cert.pem()).unwrap();
    (certificate, key)
}

/// A service under a new certificate; its files lie beside its directory.
fn world() -> (World, PathBuf, PathBuf) {
    let mut world = World::new();
    let (certificate, key) = certificate(world.directory.path());
    world.settings.tls_certificate = Some(certificate.clone());
    world.settings.tls_key = Some(key.clone());
    (world, certificate, key)
}

fn curl(arguments: &[&str]) -> Output {
    Command::new("curl")
        .args(["-sS", "--max-time", "20"])
        .args(arguments)
        .output()
        .unwrap()
}

/// The log's description, asked for by curl with this certificate as the only one it trusts.
fn log_by_curl(server: &Running, certificate: &Path, more: &[&str]) -> Result<String, String> {
    let url = format!("https://{}/v1/log", server.address());
    let trusted = certificate.to_str().unwrap();
    let output = curl(&[&["--cacert", trusted, &url], more].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

#[test]
fn the_service_speaks_tls_and_nothing_else() {
    let (world, ours, _) = world();
    let server = world.start();
    for version in [&[][..], &["--tlsv1.3"], &["--tls-max", "1.2"], &["--http2"]] {
        let said = log_by_curl(&server.0, &ours, version).unwrap();
        assert!(said.contains(crate::world::ORIGIN), "{version:?}: {said}");
    }
    let old = log_by_curl(&server.0, &ours, &["--tls-max", "1.1", "--tlsv1.0"]).unwrap_err();
    assert!(!old.is_empty(), "TLS 1.1 is too old");
    let elsewhere = tempfile::tempdir().unwrap();
    let (another, _) = certificate(elsewhere.path());
    assert!(
        log_by_curl(&server.0, &another, &[]).is_err(),
        "the certificate is the one that was set"
    );

    // Plain HTTP gets no answer of HTTP.
    let output = curl(&[&format!("http://{}/v1/log", server.0.address())]);
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let mut plain = TcpStream::connect(server.0.address()).unwrap();
    plain.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    plain.write_all(b"GET /v1/log HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut said = Vec::new();
    // The connection may also be reset.
    drop(plain.read_to_end(&mut said));
    assert!(!said.starts_with(b"HTTP"), "{:?}", String::from_utf8_lossy(&said));
}

#[test]
fn a_renewed_certificate_is_in_force_without_a_restart() {
    let (world, ours, key) = world();
    let server = world.start();
    let before = world.directory.path().join("before.pem");
    fs::copy(&ours, &before).unwrap();
    log_by_curl(&server.0, &before, &[]).unwrap();
    // What cannot be used changes nothing.
    fs::write(&ours, "half a certificate").unwrap();
    std::thread::sleep(Duration::from_secs(11));
    log_by_curl(&server.0, &before, &[]).unwrap();
    certificate(world.directory.path());
    assert!(key.exists());
    let began = Instant::now();
    while log_by_curl(&server.0, &ours, &[]).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "it is never read again");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(log_by_curl(&server.0, &before, &[]).is_err());
}

#[test]
fn a_handshake_that_never_comes_is_given_up() {
    let (mut world, _, _) = world();
    world.settings.header_timeout_ms = 300;
    let server = world.start();
    let mut silent = TcpStream::connect(server.0.address()).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let began = Instant::now();
    assert_eq!(silent.read(&mut [0; 16]).unwrap_or(0), 0, "it is closed");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
fn certificates_that_cannot_be_used_are_refused_with_their_file() {
    let refused = |change: &dyn Fn(&Path, &Path)| {
        let (world, certificate, key) = world();
        change(&certificate, &key);
        match Running::start(world.settings.clone()) {
            Ok(_) => panic!("it started"),
            Err(refusal) => {
                assert_eq!(refusal.code(), "tls-invalid", "{refusal}");
                refusal.place.unwrap()
            }
        }
    };
    let open = |_: &Path, key: &Path| fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&open).ends_with("key.pem"), "everybody may read the key");
    assert!(refused(&|certificate, _| fs::write(certificate, "").unwrap()).ends_with("certificate.pem"));
    assert!(refused(&|certificate, _| fs::remove_file(certificate).unwrap()).ends_with("certificate.pem"));
    assert!(refused(&|_, key| fs::write(key, "no key").unwrap()).ends_with("key.pem"));
    let anothers = |_: &Path, key: &Path| {
        let elsewhere = tempfile::tempdir().unwrap();
        let (_, other) = certificate(elsewhere.path());
        fs::copy(other, key).unwrap();
    };
    assert!(
        refused(&anothers).ends_with("key.pem"),
        "the key is another certificate's"
    );
}
