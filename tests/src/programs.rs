//! The programs as built, for tests that run them: found beside the running test, and built where they are missing or older than the
//! sources.
//!
//! Cargo builds a package's programs for its own integration tests only. With `cargo test --workspace`, as in `make test`, they are
//! there already; a test that is run alone builds them here. `COVENANT_PROGRAMS` names a folder of programs to be taken as they are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::repository;

/// Each program, and the package that builds it.
const PROGRAMS: &[(&str, &str)] = &[
    ("covenant", "covenant"),
    ("covenant-audit", "covenant-audit"),
    ("covenant-bank", "covenant-api"),
    ("covenant-verifier", "covenant-verifier"),
];
/// Names a folder of programs.
const PLACE: &str = "COVENANT_PROGRAMS";
/// The rooms whose sources they are made of.
const ROOMS: &[&str] = &["circuits/", "ledger/", "prover/", "verifier/"];

/// The programs' folder, with all of them in it.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The programs, built where they have to be.
    ///
    /// # Panics
    /// Where they cannot be built.
    pub fn built() -> Self {
        if let Some(folder) = std::env::var_os(PLACE) {
            return Self { folder: folder.into() };
        }
        let this = std::env::current_exe().expect("the test knows where it is");
        let folder = this
            .ancestors()
            .nth(2)
            .expect("it lies in a folder of the target directory");
        build(folder);
        Self {
            folder: folder.to_owned(),
        }
    }

    /// A program, ready to be given arguments. Settings of whoever runs the tests do not reach it.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.env("NO_COLOR", "1");
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("COVENANT_") {
                command.env_remove(variable);
            }
        }
        command
    }

    /// What a program printed, which must have ended with exit code 0.
    ///
    /// # Panics
    /// Where it did not, with what it said.
    pub fn done(command: &mut Command) -> String {
        let output = Self::ended(command, 0);
        String::from_utf8(output.stdout).expect("programs print UTF-8")
    }

    /// How a program ended, which must be with this exit code.
    ///
    /// # Panics
    /// Where it was another one, with what it said.
    pub fn ended(command: &mut Command, code: i32) -> Output {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{command:?}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }
}

/// Builds the programs into this folder, unless they are there and newer than every source.
fn build(folder: &Path) {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let modified = |path: PathBuf| std::fs::metadata(path).and_then(|m| m.modified());
    let source = |path: &str| {
        let room = ROOMS.iter().any(|room| path.starts_with(room));
        room && path.contains("/src/") && !path.contains("/tests")
    };
    let newest = repository::tracked()
        .expect("git ls-files")
        .iter()
        .filter(|file| source(&file.path))
        .filter_map(|file| modified(repository::root().join(&file.path)).ok())
        .max()
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let ready = |(program, _): &(&str, &str)| modified(folder.join(program)).is_ok_and(|built| built >= newest);
    if PROGRAMS.iter().all(ready) {
        return;
    }
    let target = folder
        .parent()
        .expect("a profile's folder lies in the target directory");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--locked"]);
    for (_, package) in PROGRAMS {
        cargo.args(["-p", package]);
    }
    cargo.arg("--target-dir").arg(target).current_dir(repository::root());
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "the programs could not be built");
    let released = target.join("release");
    if released != folder {
        for (program, _) in PROGRAMS {
            std::fs::copy(released.join(program), folder.join(program)).expect(program);
        }
    }
}
