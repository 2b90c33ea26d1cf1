//! Fault campaigns: a process that appends is broken in every way that there is, and after each fault one oracle looks at what it left.
//! `make test` runs a short form of each; `make campaign` the long one, which sets these:
//!
//! - `COVENANT_KILLS`: how often the writer is killed by kill −9;
//! - `COVENANT_SWEEP`: `all` for a fault at every system call of an append and of opening, otherwise at some;
//! - `COVENANT_POWER_CUTS`: how many power cuts there are; they need root, loop devices and an XFS with reflink.

#[path = "campaign/oracle.rs"]
mod oracle;
#[path = "campaign/power.rs"]
mod power;
#[path = "campaign/sweep.rs"]
mod sweep;
#[path = "campaign/writer.rs"]
mod writer;

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use covenant_ledger::{AppendError, LedgerError};
use oracle::{acknowledged, compare, holds};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use writer::Writer;

/// How often the writer is killed, unless `COVENANT_KILLS` says so.
const KILLS: u64 = 24;
/// After how many kills a new ledger is begun: the oracle reads all of it each time.
const KILLS_OF_ONE: u64 = 24;
const THREADS: u64 = 8;

/// A number that the long form sets.
fn asked(name: &str) -> Option<u64> {
    let named = std::env::var(name).ok();
    named.map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// One ledger that is killed so often; how many entries were acknowledged.
#[expect(clippy::print_stdout, reason = "a campaign reports")]
fn kill_one(rng: &mut ChaCha20Rng, kills: u64) -> usize {
    let directory = tempfile::tempdir().expect("a directory");
    let mut all = Vec::new();
    let mut before = 0;
    for run in 0..kills {
        let writer = Writer::start(directory.path(), THREADS, run);
        // One time in four at any moment, which may be while it opens; otherwise while it appends.
        if rng.gen_range(0..4) > 0 {
            writer.speaks();
        }
        thread::sleep(Duration::from_millis(rng.gen_range(0..250)));
        let new = writer.kill();
        let size = holds(directory.path(), &new);
        println!(
            "kill {run}: acknowledged {}, lost 0, in flight and stored {}, log {size}",
            new.len(),
            size - before - new.len() as u64,
        );
        before = size;
        all.extend(new);
    }
    // Whatever was ever acknowledged is there, under a checkpoint that continues every one that was ever shown.
    let ledger = common::open(directory.path()).expect("reopened");
    compare(&ledger, &all);
    // Submitted again, nothing is accepted twice.
    for said in all.iter().step_by(all.len() / 100 + 1) {
        let again = ledger
            .append(common::draft(1, "again", &said.key))
            .map(|receipt| receipt.entry);
        let taken = AppendError::UniqueTaken {
            position: 0,
            index: said.index,
        };
        assert_eq!(again, Err(taken));
    }
    all.len()
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let kills = asked("COVENANT_KILLS").unwrap_or(KILLS);
    let (mut left, mut total) = (kills, 0);
    while left > 0 {
        let now = left.min(KILLS_OF_ONE);
        total += kill_one(&mut rng, now);
        left -= now;
    }
    println!("{kills} kills: {total} entries acknowledged, 0 lost, 0 forks, 0 duplicates");
    assert!(
        total > 4 * usize::try_from(kills).expect("a number"),
        "the writer hardly wrote: {total}"
    );
}
#[test]
fn a_second_process_is_kept_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(writer::program())
        .args(writer::arguments(directory.path(), THREADS, 0, None))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer starts");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut first = String::new();
    output.read_line(&mut first).expect("an acknowledgement");
    let refused = common::open(directory.path()).map(drop);
    let locked = LedgerError::Locked {
        directory: directory.path().to_owned(),
    };
    assert_eq!(refused, Err(locked));
    child.kill().expect("killed");
    child.wait().expect("ended");
    // Death releases the lock, and what was acknowledged is there.
    let ledger = common::open(directory.path()).expect("reopened");
    compare(&ledger, &[acknowledged(first.trim_end())]);
}

/// What a torn write leaves of the mark: cut short, or half old and half new. Opening says so, and harms nothing.
#[test]
fn a_torn_mark_is_refused_and_not_taken_for_another() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("acknowledged");
    let ledger = common::open(directory.path()).expect("created");
    ledger.append(common::draft(1, "body", "first")).expect("appended");
    let old = fs::read(&path).expect("a mark");
    ledger.append(common::draft(1, "body", "second")).expect("appended");
    drop(ledger);
    let new = fs::read(&path).expect("a mark");
    for at in 0..new.len() {
        for torn in [
            new[..at].to_vec(),
            [&old[..at], &new[at..]].concat(),
            [&new[..at], &old[at..]].concat(),
        ] {
            fs::write(&path, &torn).expect("written");
            match common::open(directory.path()) {
                // An older mark is the truth too: what it names is there.
                Ok(ledger) => assert!(torn == old || torn == new, "{at}: {} entries", ledger.size()),
                Err(error) => assert_eq!(error.code(), "ledger-damaged", "{at}"),
            }
        }
    }
    fs::write(&path, &new).expect("written");
    assert_eq!(holds(directory.path(), &[]), 2);
}

/// A disk that comes back as it was some time ago is not opened as if nothing were missing.
#[test]
fn a_store_that_was_set_back_is_noticed() {
    let directory = tempfile::tempdir().expect("a directory");
    let copy = |from: &Path, to: &Path| {
        let done = Command::new("cp").arg("-r").arg(from).arg(to).status().expect("cp");
        assert!(done.success());
    };
    let (log, before) = (directory.path().join("log"), directory.path().join("before"));
    let ledger = common::open(&log).expect("created");
    ledger.append(common::draft(1, "body", "first")).expect("appended");
    drop(ledger);
    copy(&log.join("store"), &before);
    let ledger = common::open(&log).expect("reopened");
    ledger.append(common::draft(1, "body", "second")).expect("appended");
    drop(ledger);
    fs::remove_dir_all(log.join("store")).expect("removed");
    copy(&before, &log.join("store"));
    let lost = LedgerError::TailLost {
        acknowledged: 2,
        found: 1,
    };
    assert_eq!(common::open(&log).map(drop), Err(lost));
}
