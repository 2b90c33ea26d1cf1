//! A fault at every system call: the writer runs under strace, which makes the n-th call of a kind fail or kills the process there, for
//! each n until there is none.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common;
use crate::oracle::holds;
use crate::writer::{self, Writer};

/// The calls by which bytes and names reach the disk.
const CALLS: [&str; 12] = [
    "fdatasync",
    "fsync",
    "write",
    "pwrite64",
    "rename",
    "openat",
    "ftruncate",
    "fallocate",
    "unlink",
    "mkdir",
    "lseek",
    "read",
];
/// What happens there.
const FAULTS: [&str; 3] = ["error=EIO", "error=ENOSPC", "signal=KILL"];
/// Entries that the writer appends where nothing breaks it.
const COUNT: u64 = 4;
/// The n beyond which no call of an append lies; a sweep that comes here has met a call that never ends.
const CALLS_MAX: u64 = 4_000;
/// How long a writer may take that was broken: strace slows it down, and machines are shared.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Runs the writer with one fault; whether the fault struck.
fn strike(directory: &Path, call: &str, fault: &str, at: u64) -> bool {
    let log = directory.with_extension("strace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o", &log.display().to_string()])
        .args([
            "-e",
            &format!("trace={call}"),
            "-e",
            &format!("inject={call}:{fault}:when={at}"),
        ])
        .arg(writer::program())
        .args(writer::arguments(directory, 1, at, Some(COUNT)))
        .stderr(Stdio::null());
    let mut writer = Writer::spawn(command);
    let began = Instant::now();
    while writer.child.try_wait().expect("waited").is_none() {
        assert!(began.elapsed() < TIME_MAX, "{call} {fault} at {at}: the writer hangs");
        thread::sleep(Duration::from_millis(2));
    }
    let heard = writer.end();
    holds(directory, &heard);
    // strace marks what it changed, and says whom a signal killed.
    let said = fs::read_to_string(&log).unwrap_or_default();
    said.contains("(INJECTED)") || said.contains("killed by SIGKILL")
}

/// Whether strace can be used here.
fn possible() -> bool {
    let tried = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    tried.is_ok_and(|status| status.success())
}

/// Every n of a call, or one in `step`; how many faults struck.
fn sweep(seed: &Path, call: &str, fault: &str, step: u64) -> u64 {
    let scratch = tempfile::tempdir().expect("a directory");
    let places = (1..CALLS_MAX).step_by(usize::try_from(step).expect("a step"));
    for (struck, at) in (0..).zip(places) {
        let directory = scratch.path().join(at.to_string());
        if seed.exists() {
            let copied = Command::new("cp")
                .arg("-r")
                .arg(seed)
                .arg(&directory)
                .status()
                .expect("cp");
            assert!(copied.success());
        }
        let there = strike(&directory, call, fault, at);
        fs::remove_dir_all(&directory).expect("removed");
        if !there {
            return struck;
        }
    }
    panic!("{call}: there is no end of them");
}

#[test]
fn no_system_call_that_fails_loses_anything() {
    let all = std::env::var("COVENANT_SWEEP").is_ok_and(|value| value == "all");
    if !possible() {
        assert!(!all, "the sweep needs strace, and the right to trace");
        println!("left out: there is no strace");
        return;
    }
    let world = tempfile::tempdir().expect("a directory");
    let (seed, nothing) = (world.path().join("seed"), world.path().join("nothing"));
    let ledger = common::open_in_runs(&seed).expect("created");
    for number in 0..20 {
        ledger
            .append(common::draft(1, "before", &number.to_string()))
            .expect("appended");
    }
    drop(ledger);
    let mut total = 0;
    let calls = if all { &CALLS[..] } else { &CALLS[..3] };
    for call in calls {
        for fault in FAULTS {
            // A ledger that is there, and one that is being made.
            for from in [&seed, &nothing] {
                let struck = sweep(from, call, fault, if all { 1 } else { 9 });
                println!(
                    "{call} {fault}, {}: {struck} faults",
                    if from.exists() { "opened" } else { "made" }
                );
                total += struck;
            }
        }
    }
    println!("{total} faults: 0 acknowledged entries lost, 0 forks, 0 duplicates");
    assert!(total > 20, "hardly a fault struck");
}
