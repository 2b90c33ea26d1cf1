//! What keeps a sandbox from starting is said before any work is done. The sandbox itself is called, as its guide says, by the test of
//! the guides.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn refused(args: &[&str], scratch: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_covenant-verifier"))
        .args(["sandbox", "--json"])
        .args(args)
        .env("TMPDIR", scratch)
        .env("XDG_DATA_HOME", scratch.join("data"))
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = said["refused"]["code"].as_str().unwrap().to_owned();
    (output.status.code().unwrap(), code)
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().unwrap().next().is_none()
}

#[test]
fn a_port_that_is_taken_is_said_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(&["--listen", &address], scratch.path());
    assert_eq!(said, (2, "listen-failed".to_owned()));
    assert!(is_empty(scratch.path()), "something was left behind");
}

#[test]
fn a_directory_with_a_service_is_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("service");
    let directory = directory.to_str().unwrap();
    let init = ["--directory", directory, "init", "--origin", "example.com/log"];
    let made = Command::new(env!("CARGO_BIN_EXE_covenant-verifier"))
        .args(init)
        .output();
    assert!(made.unwrap().status.success());
    let said = refused(&["--listen", "127.0.0.1:0", "--directory", directory], scratch.path());
    assert_eq!(said, (2, "already-initialised".to_owned()));
    assert!(!Path::new(directory).join("sandbox").exists());
}
