//! The ledger on a disk: reopening, other logs, damage of every file, and races.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use common::{draft, open, open_as, open_crash, open_in_runs};
use covenant_ledger::{AppendError, Draft, Hash, Kind, LedgerError, StreamId};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

fn code(error: &LedgerError) -> &'static str {
    error.code()
}

#[test]
fn a_ledger_is_reopened_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    let receipts: Vec<_> = (0..50u8)
        .map(|i| {
            let mut draft = draft(i % 3, &format!("body {i}"), &format!("key {i}"));
            draft.blobs = vec![format!("blob {}", i % 7).into_bytes()];
            ledger.append(draft).expect("appended")
        })
        .collect();
    let (checkpoint, blinding) = (ledger.checkpoint(), *ledger.blinding().reveal());
    ledger.close();
    for round in 0..3 {
        let ledger = open(directory.path()).expect("reopened");
        assert_eq!(ledger.size(), 50 + round);
        assert_eq!(*ledger.blinding().reveal(), blinding);
        assert_eq!(ledger.checkpoint_at(50).as_ref(), Ok(checkpoint.as_ref()));
        for receipt in &receipts {
            let entry = receipt.verify(ledger.key()).expect("verified").entry;
            assert_eq!(ledger.entry(entry.index).as_ref(), Ok(&entry));
            assert_eq!(ledger.body(entry.index).ok(), receipt.opening);
        }
        assert_eq!(ledger.blob(&Hash::of(&[b"blob 6"])), Ok(b"blob 6".to_vec()));
        let stream: Vec<u64> = ledger
            .stream(StreamId([1; 32]), 10)
            .map(|entry| entry.expect("an entry").index)
            .collect();
        assert_eq!(stream[..3], [31, 34, 37]);
        let summary = ledger.check().expect("intact");
        assert_eq!((summary.blobs, summary.streams), (7, 3 + u64::from(round > 0)));
        ledger
            .append(draft(9, "more", &format!("round {round}")))
            .expect("appended");
    }
}

#[test]
fn another_log_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    open(directory.path()).expect("created").close();
    for (origin, key) in [("example.com/other", [42; 32]), ("example.com/crash", [43; 32])] {
        let refused = open_as(directory.path(), origin, key, true).map(drop);
        assert_eq!(refused.as_ref().map_err(code), Err("ledger-of-another-log"));
    }
    open(directory.path()).expect("unharmed");
}

#[test]
fn a_new_ledger_is_made_only_when_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("not mounted");
    assert_eq!(
        open_crash(&path, false).map(drop).as_ref().map_err(code),
        Err("ledger-missing")
    );
    assert!(!path.exists());
    open(&path)
        .expect("created")
        .append(draft(0, "body", "key"))
        .expect("appended");
    assert_eq!(open_crash(&path, false).map(|ledger| ledger.size()), Ok(1));
    // A ledger whose mark is gone is not taken for none.
    fs::remove_file(path.join("acknowledged")).expect("removed");
    assert_eq!(
        open_crash(&path, false).map(drop).as_ref().map_err(code),
        Err("ledger-damaged")
    );
}

#[test]
fn one_ledger_at_a_time_in_one_process_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    assert_eq!(
        open(directory.path()).map(drop).as_ref().map_err(code),
        Err("ledger-locked")
    );
    ledger.append(draft(0, "body", "key")).expect("unharmed");
    drop(ledger);
    open(directory.path()).expect("free again");
}

#[test]
fn a_directory_that_cannot_be_one_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, "not a directory").expect("written");
    assert_eq!(open(&file).map(drop).as_ref().map_err(code), Err("ledger-io"));
}

#[test]
fn sixty_four_racing_writers_of_one_key_have_one_winner() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    for round in 0..10 {
        let key = format!("round {round}");
        let outcomes: Vec<_> = thread::scope(|scope| {
            let racer = |i: u8| {
                let (ledger, key) = (&ledger, &key);
                scope.spawn(move || ledger.append(draft(i, "mine", key)))
            };
            let racers: Vec<_> = (0..64).map(racer).collect();
            racers
                .into_iter()
                .map(|racer| racer.join().expect("no panic"))
                .collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for refusal in lost {
            assert_eq!(
                refusal,
                Err(AppendError::UniqueTaken {
                    position: 0,
                    index: round
                })
            );
        }
    }
    assert_eq!(
        ledger.check().map(|summary| (summary.entries, summary.unique)),
        Ok((10, 10))
    );
}

#[test]
fn an_erased_body_is_off_the_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = open(directory.path()).expect("created");
    let secret = "a body that the law wants gone, long enough to be searched for in every file";
    ledger.append(draft(0, secret, "a")).expect("appended");
    ledger.append(draft(0, "another", "b")).expect("appended");
    let holds = |files: Vec<PathBuf>| {
        files.into_iter().any(|file| {
            let bytes = fs::read(file).unwrap_or_default();
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        })
    };
    assert!(holds(files(directory.path())), "the search finds what is there");
    ledger.erase_body(0).expect("erased");
    assert_eq!(ledger.body(0), Err(LedgerError::Erased { index: 0 }));
    ledger.close();
    assert!(!holds(files(directory.path())));
    let ledger = open(directory.path()).expect("reopened");
    assert_eq!(ledger.body(0), Err(LedgerError::Erased { index: 0 }));
    ledger.check().expect("intact");
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(directory).expect("readable") {
        let path = item.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).expect("inside"));
        fs::create_dir_all(target.parent().expect("a parent")).expect("created");
        fs::copy(&file, &target).expect("copied");
    }
}

/// A ledger of which a part lies in table files and a part in the write-ahead log.
fn filled() -> (tempfile::TempDir, covenant_ledger::Summary) {
    let directory = tempfile::tempdir().expect("a directory");
    for round in 0..2 {
        // First into table files, look-ups as well; then into the write-ahead log.
        let open = [open_in_runs, open][round];
        let ledger = open(directory.path()).expect("open");
        for i in 0..20 {
            let kind = Kind::new("test").expect("a kind");
            let mut draft = Draft::new(kind, StreamId([i; 32]), vec![i; 300]);
            draft.unique = vec![format!("{round}/{i}").into_bytes()];
            draft.blobs = vec![vec![i; 500]];
            ledger.append(draft).expect("appended");
        }
    }
    // Only a copy is opened from here on: opening moves everything into table files.
    let copied = tempfile::tempdir().expect("a directory");
    copy(directory.path(), copied.path());
    let summary = open(copied.path()).and_then(|ledger| ledger.check()).expect("intact");
    (directory, summary)
}

/// Damages a copy, and says what opening and checking it says.
fn damaged(original: &Path, damage: impl FnOnce(&Path)) -> Result<covenant_ledger::Summary, LedgerError> {
    let directory = tempfile::tempdir().expect("a directory");
    copy(original, directory.path());
    damage(directory.path());
    open(directory.path()).and_then(|ledger| ledger.check())
}

#[test]
fn damage_is_noticed_or_harmless_wherever_it_strikes() {
    let (original, intact) = filled();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut verdicts: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    for file in files(original.path()) {
        let name = file.strip_prefix(original.path()).expect("inside").to_owned();
        let length = usize::try_from(fs::metadata(&file).expect("readable").len()).expect("small");
        for _ in 0..length.min(12) {
            let (at, bit) = (rng.gen_range(0..length), rng.gen_range(0..8));
            let found = damaged(original.path(), |copy| {
                let mut bytes = fs::read(copy.join(&name)).expect("readable");
                bytes[at] ^= 1 << bit;
                fs::write(copy.join(&name), bytes).expect("written");
            });
            let verdict = match found {
                Ok(summary) => {
                    assert_eq!(summary, intact, "{} byte {at} bit {bit}", name.display());
                    "harmless"
                }
                Err(error) => {
                    let expected = ["ledger-damaged", "ledger-tail-lost", "ledger-io"];
                    assert!(
                        expected.contains(&error.code()),
                        "{} byte {at} bit {bit}: {error}",
                        name.display()
                    );
                    error.code()
                }
            };
            let kind = name
                .extension()
                .unwrap_or(name.as_os_str())
                .to_string_lossy()
                .into_owned();
            *verdicts.entry((kind, verdict)).or_default() += 1;
        }
    }
    println!("{verdicts:#?}");
    let of = |kind: &str, verdict| verdicts.get(&(kind.to_owned(), verdict)).copied().unwrap_or(0);
    // Where entries lie, most bits matter; the rest are RocksDB's own statistics and reserves.
    assert!(
        of("log", "ledger-damaged") + of("log", "ledger-tail-lost") >= 8,
        "{verdicts:?}"
    );
    assert!(of("sst", "ledger-damaged") >= 8, "{verdicts:?}");
    assert_eq!(of("acknowledged", "harmless"), 0);
}

#[test]
fn missing_and_shortened_files_are_noticed() {
    let (original, intact) = filled();
    for file in files(original.path()) {
        let name = file.strip_prefix(original.path()).expect("inside").to_owned();
        let text = name.to_string_lossy().into_owned();
        // Locks, RocksDB's notes and the copy of its options are not read; its identity is written anew.
        let unread = ["lock", "store/LOCK", "store/IDENTITY"].contains(&text.as_str())
            || text.starts_with("store/LOG")
            || text.starts_with("store/OPTIONS");
        let removed = damaged(original.path(), |copy| {
            fs::remove_file(copy.join(&name)).expect("removed")
        });
        let shortened = damaged(original.path(), |copy| {
            let path = copy.join(&name);
            let bytes = fs::read(&path).expect("readable");
            fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        });
        for found in [removed, shortened] {
            match found {
                Ok(summary) => {
                    let empty = fs::metadata(&file).expect("readable").len() == 0;
                    assert!(unread || empty, "{text}: nothing was noticed");
                    assert_eq!(summary, intact);
                }
                Err(error) => {
                    let expected = ["ledger-damaged", "ledger-tail-lost", "ledger-io"];
                    assert!(expected.contains(&error.code()) && !unread, "{text}: {error}");
                }
            }
        }
    }
}

/// A write-ahead log that is cut short looks like the end of a power cut, but what was acknowledged is missing.
#[test]
fn a_write_ahead_log_cut_short_is_a_lost_tail() {
    let (original, intact) = filled();
    let log = |directory: &Path| {
        let logs = files(directory)
            .into_iter()
            .filter(|file| file.extension().is_some_and(|end| end == "log"));
        logs.max_by_key(|file| fs::metadata(file).map_or(0, |data| data.len()))
            .expect("a write-ahead log")
    };
    let length = fs::metadata(log(original.path())).expect("readable").len();
    for cut in [1, 100, length / 2, length] {
        let found = damaged(original.path(), |copy| {
            let file = fs::OpenOptions::new().write(true).open(log(copy)).expect("opened");
            file.set_len(length - cut).expect("cut");
        });
        let Err(LedgerError::TailLost { acknowledged, found }) = found else {
            panic!("not noticed: {found:?}");
        };
        assert_eq!(acknowledged, intact.entries);
        assert!(found < acknowledged);
    }
}
