//! kill −9: a process that appends from eight threads is killed at some instant, again and again. What it acknowledged is there.

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use covenant_ledger::{AppendError, Hash, Ledger, LedgerError, tree};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// How often the writer is killed.
const KILLS: u64 = 24;
const THREADS: &str = "8";

/// What the writer said it had acknowledged.
#[derive(Clone, Debug)]
struct Acknowledged {
    index: u64,
    leaf: String,
    size: u64,
    root: Hash,
    key: String,
}

fn hash(hex: &str) -> Hash {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
    Hash::from_slice(&bytes).expect("32 bytes")
}

fn acknowledged(line: &str) -> Acknowledged {
    let fields: Vec<&str> = line.split(' ').collect();
    let ["ack", index, leaf, size, root, key] = fields[..] else {
        panic!("not an acknowledgement: {line:?}");
    };
    Acknowledged {
        index: index.parse().expect("a number"),
        leaf: leaf.to_owned(),
        size: size.parse().expect("a number"),
        root: hash(root),
        key: key.to_owned(),
    }
}

/// Cargo builds the example with the tests, and puts it beside them.
fn writer(directory: &Path, run: u64) -> Child {
    let beside = std::env::current_exe().expect("this program");
    let program: PathBuf = beside
        .ancestors()
        .nth(2)
        .expect("the profile's folder")
        .join("examples/crash_writer");
    assert!(
        program.exists(),
        "not built: cargo test --release -p covenant-ledger --examples"
    );
    Command::new(program)
        .args([directory.as_os_str(), THREADS.as_ref(), run.to_string().as_ref()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer starts")
}

/// Lets a writer run, kills it, and returns what it acknowledged. A line that is cut off was not said.
fn run_and_kill(directory: &Path, run: u64, after: Duration) -> Vec<Acknowledged> {
    let mut child = writer(directory, run);
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let reading = thread::spawn(move || {
        let mut lines = Vec::new();
        for line in output.split(b'\n') {
            lines.push(String::from_utf8(line.expect("readable")).expect("text"));
        }
        lines
    });
    thread::sleep(after);
    child.kill().expect("killed");
    child.wait().expect("ended");
    let mut lines = reading.join().expect("read");
    // `split` does not tell whether the last line ended; a whole one has all its fields and a key, but may lack its last digits.
    lines.pop();
    lines.iter().map(|line| acknowledged(line)).collect()
}

/// Everything that was acknowledged is where it was said to be, and the tree continues every one that anybody saw.
fn compare(ledger: &Ledger, acknowledged: &[Acknowledged]) {
    let (size, root) = (ledger.size(), *ledger.checkpoint().root());
    let mut seen = BTreeMap::new();
    for said in acknowledged {
        let entry = ledger.entry(said.index).expect("an acknowledged entry");
        assert_eq!(entry.hash().to_string(), said.leaf, "entry {}", said.index);
        assert_eq!(
            ledger.by_unique(said.key.as_bytes()),
            Ok(Some(said.index)),
            "{}",
            said.key
        );
        assert!(said.index < said.size && said.size <= size);
        assert_eq!(
            *seen.entry(said.size).or_insert(said.root),
            said.root,
            "two roots of size {}",
            said.size
        );
    }
    for (old, old_root) in seen {
        let proof = ledger.consistency(old, size).expect("a proof");
        assert_eq!(
            tree::verify_consistency(old, &old_root, size, &root, &proof),
            Ok(()),
            "from {old}"
        );
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let mut all = Vec::new();
    let mut before = 0;
    for run in 0..KILLS {
        let new = run_and_kill(directory.path(), run, Duration::from_millis(rng.gen_range(60..400)));
        let ledger = common::open(directory.path()).expect("reopened");
        compare(&ledger, &new);
        let summary = ledger.check().expect("intact");
        assert_eq!((summary.entries, summary.unique), (ledger.size(), ledger.size()));
        let stored = ledger.size() - before;
        println!(
            "kill {run}: acknowledged {}, lost 0, in flight and stored {}, log {}",
            new.len(),
            stored - new.len() as u64,
            ledger.size()
        );
        before = ledger.size();
        all.extend(new);
    }
    assert!(all.len() > 100, "the writer hardly wrote: {}", all.len());
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
}

#[test]
fn a_second_process_is_kept_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut child = writer(directory.path(), 0);
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
