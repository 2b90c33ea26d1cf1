//! Small parts that are put together: what the mirror stands for stays what it is, whatever interrupts it and whoever reads meanwhile.

use super::*;

/// How many parts there are.
fn parts(directory: &Path) -> usize {
    fs::read_dir(directory.join("log")).expect("parts").count()
}

/// A directory as it is, elsewhere.
fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.expect("cp").success());
}

/// A log that is mirrored after every entry is kept in few parts, and is the export all the same: nothing is fetched again, every part
/// holds when it is read anew, and what comes later goes on behind them.
#[test]
fn small_parts_are_put_together() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    let served = Served::new(&ledger);
    let (mut most, mut fewer) = (0, 0);
    for round in 0..100u64 {
        grow(&ledger, 1, false);
        let before = if round == 0 { 0 } else { parts(&place) };
        assert_eq!(good(&served, &place, 40).new, 1);
        let now = parts(&place);
        fewer += u32::from(now < before);
        most = most.max(now);
        assert!(bytes(&place) == fresh(&ledger, true), "round {round}");
        if round % 9 == 0 {
            fs::remove_file(place.join("state")).expect("removed");
            assert_eq!(good(&served, &place, 40).bytes, 0);
        }
    }
    assert!(most <= 20 && fewer > 3, "{most} parts, fewer than before {fewer} times");
    assert_eq!(Mirror::open(&place).expect("a mirror").findings(), []);
}

/// A mirror of fifteen runs, and the same after one more during which it was read: the large part has appeared, and those that it was
/// made of are still there, as they are after a kill.
fn joined_while_read(ledger: &Ledger, place: &Path) -> Vec<u8> {
    let served = Served::new(ledger);
    for _ in 0..15 {
        grow(ledger, 1, false);
        good(&served, place, 100);
    }
    let before = fresh(ledger, true);
    let reader = Mirror::open(place).expect("a mirror");
    grow(ledger, 1, false);
    good(&served, place, 100);
    assert_eq!(parts(place), 17, "the large one, and those that it is made of");
    let mut read = Vec::new();
    reader.open().expect("readable").read_to_end(&mut read).expect("read");
    assert!(read == before, "whoever reads is not disturbed");
    read
}

const LARGE: &str = "log/00000000000000000000-00000000000000000016";

/// Killed after the large part has appeared, while the small ones are removed, or while the large one is written.
#[test]
fn putting_parts_together_can_be_interrupted() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    joined_while_read(&ledger, &place);
    let kept = world.path().join("kept");
    copy(&place, &kept);
    let small = |number: u64| place.join(format!("log/{number:020}-{:020}", number + 1));
    for removed in [0, 1, 7, 16] {
        fs::remove_dir_all(&place).expect("removed");
        copy(&kept, &place);
        (0..removed).for_each(|number| fs::remove_dir_all(small(number)).expect("removed"));
        copy(&kept.join(LARGE), &place.join("log/incoming"));
        assert!(bytes(&place) == fresh(&ledger, true));
        assert_eq!(good(&Served::new(&ledger), &place, 100).bytes, 0);
        assert_eq!(parts(&place), 1, "{removed} were removed");
        assert!(bytes(&place) == fresh(&ledger, true));
    }
}

/// The small parts are not removed for a large one that is not what was read of them, or of which nothing says so; without it they are
/// the mirror.
#[test]
fn nothing_is_removed_for_a_part_that_is_damaged() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    joined_while_read(&ledger, &place);
    let kept = world.path().join("kept");
    copy(&place, &kept);
    let damages: [&dyn Fn(&Path); 5] = [
        &|large| fs::remove_file(large.join("joined")).expect("removed"),
        &|large| fs::write(large.join("joined"), "").expect("written"),
        &|large| fs::write(large.join("entries"), "").expect("written"),
        &|large| {
            let mut bytes = fs::read(large.join("entries")).expect("readable");
            bytes[500] ^= 1;
            fs::write(large.join("entries"), bytes).expect("written");
        },
        &|large| fs::remove_file(large.join("blobs")).expect("removed"),
    ];
    for (number, damage) in damages.iter().enumerate() {
        fs::remove_dir_all(&place).expect("removed");
        copy(&kept, &place);
        damage(&place.join(LARGE));
        // What it says itself is of no use to whoever looks at the parts again, or at none of them.
        let run = mirror(&Served::new(&ledger), &place, 100);
        assert!(run.is_ok(), "{number}: {run:?}");
        assert_eq!(parts(&place), 17, "{number}");
        fs::remove_dir_all(place.join(LARGE)).expect("removed");
        assert_eq!(good(&Served::new(&ledger), &place, 100).bytes, 0, "{number}");
        assert_eq!(parts(&place), 1, "{number}");
        assert!(bytes(&place) == fresh(&ledger, true), "{number}");
    }
}

/// Parts that lie across each other, as an older copy of one beside those of today, are named; nothing is put together nor removed.
#[test]
fn parts_that_lie_across_each_other_are_left_alone() {
    let world = tempfile::tempdir().expect("a directory");
    let (place, other) = (world.path().join("mirror"), world.path().join("other"));
    let ledger = world::open(&world.path().join("log"));
    let served = Served::new(&ledger);
    for (step, directory) in [(10, &place), (6, &other), (10, &place), (30, &other)] {
        grow(&ledger, step, false);
        good(&served, directory, 10);
    }
    let across = "log/00000000000000000016-00000000000000000026";
    assert!(other.join(across).is_dir() && !place.join(across).exists());
    copy(&other.join(across), &place.join("log"));
    let there = files(&place.join("log"));
    for _ in 0..2 {
        good(&served, &place, 10);
        assert!(there.iter().all(|path| path.exists()));
        let refused = Mirror::open(&place).map(drop).expect_err("across");
        assert_eq!(refused.code(), "audit-mirror-part");
        assert!(refused.to_string().contains("lies across"), "{refused}");
    }
    fs::remove_dir_all(place.join(across)).expect("removed");
    assert_eq!(good(&served, &place, 10).bytes, 0);
    assert!(bytes(&place) == fresh(&ledger, true));
}

/// A disk that takes no copy: the run is what it is without.
#[test]
fn a_run_does_not_fail_because_parts_cannot_be_put_together() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    let served = Served::new(&ledger);
    for _ in 0..15 {
        grow(&ledger, 1, false);
        good(&served, &place, 100);
    }
    // Something stands where the blobs of one of them lie.
    let blobs = place.join("log/00000000000000000003-00000000000000000004/blobs");
    let kept = fs::read(&blobs).ok();
    let _ = fs::remove_file(&blobs);
    fs::create_dir(&blobs).expect("made");
    grow(&ledger, 1, false);
    assert_eq!(good(&served, &place, 100).new, 1);
    assert_eq!(parts(&place), 16, "and nothing that was begun");
    fs::remove_dir(&blobs).expect("removed");
    kept.into_iter()
        .for_each(|bytes| fs::write(&blobs, bytes).expect("written"));
    assert_eq!(good(&served, &place, 100).new, 0);
    assert_eq!(parts(&place), 1);
    assert!(bytes(&place) == fresh(&ledger, true));
}

/// Whoever reads a mirror reads it to its end, whatever is put together meanwhile.
#[test]
fn nothing_is_removed_under_a_reader() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    joined_while_read(&ledger, &place);
    assert!(bytes(&place) == fresh(&ledger, true));
    good(&Served::new(&ledger), &place, 100);
    assert_eq!(parts(&place), 1);
    assert!(bytes(&place) == fresh(&ledger, true));
}
