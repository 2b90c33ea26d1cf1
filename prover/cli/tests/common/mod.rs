//! A scratch directory in which the real program runs, away from anybody's own vault.
#![expect(dead_code, reason = "each test file uses a part of it")]

pub mod scene;
pub mod service;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The instant at which everything here happens.
pub const NOW: &str = "2026-03-31T10:00:00Z";
/// A fixed recovery phrase (BIP39's own test vector of 32 zero bytes).
pub const PHRASE: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
    abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

/// A scratch directory.
pub struct World {
    directory: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not killed"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl World {
    pub fn new() -> Self {
        let world = Self {
            directory: tempfile::tempdir().expect("a scratch directory"),
        };
        world.write("passphrase", "correct horse\n");
        world
    }

    /// A world with a vault restored from [`PHRASE`].
    pub fn with_vault() -> Self {
        let world = Self::new();
        world.write("phrase", PHRASE);
        world.ok(&["init", "--restore", "--phrase-file", "phrase"]);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("read")
    }

    /// Runs the program here, with the passphrase at hand.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_plain(&[&["--passphrase-file", "passphrase"], args].concat())
    }

    /// Runs the program here; no terminal, no passphrase.
    pub fn run_plain(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_covenant"))
            .args(["--home", "home", "--now", NOW])
            .args(args)
            .current_dir(self.directory.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .stdin(std::process::Stdio::null())
            .output()
            .expect("it runs");
        Ran::of(output)
    }

    /// A run that must succeed; its answer in JSON.
    pub fn ok(&self, args: &[&str]) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        serde_json::from_str(&ran.stdout).expect("JSON")
    }

    /// A run that must be refused with this exit code and refusal code.
    pub fn refused(&self, args: &[&str], exit: i32, code: &str) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no JSON: {ran:?}"));
        assert_eq!(
            (ran.code, answer["refused"]["code"].as_str()),
            (exit, Some(code)),
            "{args:?}: {ran:?}"
        );
        answer["refused"].clone()
    }

    /// Writes sample books; their path and registry id.
    pub fn sample(&self, args: &[&str]) -> (String, String) {
        let made = self.ok(&[&["sample", "--out", "books"], args].concat());
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        (text("file"), text("registry_id"))
    }

    /// Every file of the vault with its bytes, to see that nothing was changed.
    pub fn vault(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(self.path("home"))
            .map(|entries| {
                entries
                    .map(|e| e.expect("an entry").path())
                    .filter(|path| path.is_file())
                    .map(|path| (path.clone(), std::fs::read(&path).expect("read")))
                    .collect()
            })
            .unwrap_or_default();
        files.sort();
        files
    }
}

/// The repository's own file of this path.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}
