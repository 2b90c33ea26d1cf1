//! Mirrors of real ledgers, in this process: what they hold is what a fresh export holds, whatever happens to them and to the log.

use std::cell::Cell;
use std::fs;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use covenant_api::refusals::FILE_UNWRITABLE;
use covenant_audit::audit::{Anchor, Depth, Options, Outcome, audit};
use covenant_audit::cosign::Policy;
use covenant_audit::export::Source as _;
use covenant_audit::hash::Hash;
use covenant_audit::mirror::{How, Mirror, Mirrored, Upstream, run};
use covenant_audit::note::LogKey;
use covenant_ledger::{Ledger, Scope, Tile};
use covenant_policy::refusal::Refusal;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::records::House;
use crate::world::{self, witnesses};

mod joining;

/// How many bits are changed.
fn flips() -> u64 {
    let asked = std::env::var("COVENANT_FLIPS")
        .ok()
        .and_then(|count| count.parse().ok());
    asked.unwrap_or(200)
}

/// A ledger as a service serves it, and what goes wrong on the way.
struct Served<'a> {
    ledger: &'a Ledger,
    whole: bool,
    /// A bit of the next part that is changed.
    flip: Cell<Option<u64>>,
    /// Called while a part is fetched.
    meanwhile: &'a dyn Fn(),
}

impl<'a> Served<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            whole: true,
            flip: Cell::new(None),
            meanwhile: &|| {},
        }
    }
}

fn absent(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(&FILE_UNWRITABLE, error.to_string())
}

impl Upstream for Served<'_> {
    fn note(&self, size: Option<u64>) -> Result<Vec<u8>, Refusal> {
        let signed = match size {
            None => self.ledger.checkpoint().note().to_owned(),
            Some(size) => self.ledger.checkpoint_at(size).map_err(absent)?.note().to_owned(),
        };
        Ok(signed.into_bytes())
    }

    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Refusal> {
        let proof = self.ledger.consistency(old, new).map_err(absent)?;
        Ok(proof.into_iter().map(|hash| Hash(hash.0)).collect())
    }

    fn tile(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        self.ledger.tile(&Tile::parse(name).expect("a tile")).map_err(absent)
    }

    fn part(&self, from: u64, entries_max: u64, out: &mut dyn Write) -> Result<u64, Refusal> {
        (self.meanwhile)();
        let scope = if self.whole {
            Scope::everything()
        } else {
            Scope::public()
        };
        let to = self.ledger.part_end(from, entries_max).map_err(absent)?;
        let mut bytes = Vec::new();
        self.ledger.export_part(&mut bytes, &scope, from, to).map_err(absent)?;
        if let Some(bit) = self.flip.take() {
            let bit = bit as usize % (8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        out.write_all(&bytes).map_err(absent)?;
        Ok(bytes.len() as u64)
    }
}

fn key(ledger: &Ledger) -> LogKey {
    LogKey::parse(&ledger.key().to_string()).expect("a key")
}

fn mirror(served: &Served<'_>, directory: &Path, part_entries: u64) -> Result<Mirrored, Refusal> {
    under(served, directory, part_entries, None)
}

fn under(
    served: &Served<'_>,
    directory: &Path,
    part_entries: u64,
    policy: Option<&Policy>,
) -> Result<Mirrored, Refusal> {
    let how = How {
        directory,
        key: &key(served.ledger),
        policy,
        part_entries,
        progress: &|_, _| {},
    };
    run(served, &how, &mut ChaCha20Rng::seed_from_u64(7))
}

fn good(served: &Served<'_>, directory: &Path, part_entries: u64) -> Mirrored {
    let mirrored = mirror(served, directory, part_entries).expect("no fault");
    assert_eq!(mirrored.wrong, None);
    mirrored
}

/// Appends submissions of their own: one by one, or all at once.
fn grow(ledger: &Ledger, count: u64, together: bool) {
    let size = ledger.checkpoint().size();
    let tickets = (size..size + count).map(|i| {
        let ticket = ledger.submit(world::draft(i)).expect("queued");
        if together {
            return Some(ticket);
        }
        ticket.wait().expect("appended");
        None
    });
    let tickets: Vec<_> = tickets.collect();
    tickets
        .into_iter()
        .flatten()
        .for_each(|ticket| drop(ticket.wait().expect("appended")));
}

/// The code of what is wrong.
fn wrong(mirrored: &Mirrored) -> &'static str {
    let (finding, evidence) = mirrored.wrong.as_ref().expect("a finding");
    let evidence = evidence.as_ref().expect("evidence");
    assert!(evidence.join("finding.json").is_file());
    finding.code.code
}

/// The mirror as the export that it stands for.
fn bytes(directory: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut input = Mirror::open(directory).expect("a mirror").open().expect("readable");
    input.read_to_end(&mut bytes).expect("read");
    bytes
}

fn fresh(ledger: &Ledger, whole: bool) -> Vec<u8> {
    world::export(ledger, &if whole { Scope::everything() } else { Scope::public() })
}

#[test]
fn a_mirror_that_grows_is_the_export_byte_for_byte() {
    let world = tempfile::tempdir().expect("a directory");
    let log = world.path().join("log");
    let (whole, public) = (world.path().join("whole"), world.path().join("public"));
    let mut size = 0;
    for (round, (more, part)) in [(0, 1), (3, 1), (40, 7), (0, 7), (300, 64), (1, 1), (600, 10_000)]
        .into_iter()
        .enumerate()
    {
        // Opened again each time, as after a restart; one by one or at once.
        let ledger = world::open_as(&log, round as u8);
        grow(&ledger, more, round % 2 == 1);
        let before = size;
        size = ledger.checkpoint().size();
        let served = Served::new(&ledger);
        let mirrored = good(&served, &whole, part);
        assert_eq!(
            (mirrored.size, mirrored.new, mirrored.bodies),
            (size, size - before, size > 0)
        );
        assert_eq!(mirrored.again, before.min(256), "earlier entries are asked for again");
        good(
            &Served {
                whole: false,
                ..Served::new(&ledger)
            },
            &public,
            part,
        );
        if size > 0 {
            assert!(bytes(&whole) == fresh(&ledger, true), "round {round}");
            assert!(bytes(&public) == fresh(&ledger, false), "round {round}");
        }
        // Nothing is fetched twice.
        assert_eq!(good(&served, &whole, part).bytes, 0);
    }
    assert_eq!(size, 944);
    // Another kind of token is no way on.
    let ledger = world::open_as(&log, 99);
    grow(&ledger, 1, false);
    let refused = mirror(
        &Served {
            whole: false,
            ..Served::new(&ledger)
        },
        &whole,
        9,
    )
    .expect_err("another token");
    assert_eq!(refused.code(), "audit-mirror");
    let refused = mirror(&Served::new(&ledger), &public, 9).expect_err("another token");
    assert_eq!(refused.code(), "audit-mirror");
    let other = world::open_other(&world.path().join("other"));
    let refused = mirror(&Served::new(&other), &whole, 9).expect_err("another log");
    assert_eq!(refused.code(), "audit-mirror");
}

#[test]
fn a_mirror_of_real_records_is_audited_like_a_fresh_export() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let mut house = House::witnessed();
    let policy = Policy::read(witnesses::policy().as_bytes()).expect("a policy");
    for number in 1..3 {
        let customer = house.customer(number);
        let request = house.ask(&customer);
        let mirrored = under(&Served::new(&house.ledger), &place, 3, Some(&policy)).expect("no fault");
        assert_eq!((mirrored.wrong, mirrored.cosigned.len()), (None, 2));
        let bundle = house.answer(&customer, &request, 150, "A");
        house.record(&house.verdict(&bundle));
    }
    good(&Served::new(&house.ledger), &place, 3);
    let options = Options {
        anchor: Some(Anchor::new(house.trust()).expect("a trust file")),
        allow_development: true,
        policy: Some(policy),
        ..Options::default()
    };
    let path = world.path().join("log.export");
    fs::write(&path, fresh(&house.ledger, true)).expect("written");
    let expected = audit(&path, &options, &|file, _| Box::new(file)).expect("audited");
    let found = audit(&Mirror::open(&place).expect("a mirror"), &options, &|file, _| {
        Box::new(file)
    })
    .expect("audited");
    assert_eq!((expected.outcome, expected.proofs), (Outcome::Sound, 2));
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    // Who demands other witnesses is told, and the mirror keeps what it had.
    house.customer(3);
    let three = Policy::read(witnesses::policy_of(&[1, 3]).as_bytes()).expect("a policy");
    let mirrored = under(&Served::new(&house.ledger), &place, 3, Some(&three)).expect("no fault");
    assert_eq!((wrong(&mirrored), mirrored.new), ("audit-quorum", 0));
}

/// A log comes under witnesses after it was mirrored: the same checkpoint is kept as they cosigned it.
#[test]
fn cosignatures_that_come_later_are_mirrored() {
    let world = tempfile::tempdir().expect("a directory");
    let (log, place) = (world.path().join("log"), world.path().join("mirror"));
    let policy = Policy::read(witnesses::policy().as_bytes()).expect("a policy");
    let ledger = world::open_as(&log, 1);
    grow(&ledger, 20, true);
    good(&Served::new(&ledger), &place, 9);
    drop(ledger);
    let ledger = world::open_witnessed(&log, 2);
    let before = bytes(&place);
    let mirrored = under(&Served::new(&ledger), &place, 9, Some(&policy)).expect("no fault");
    assert_eq!((mirrored.wrong, mirrored.new, mirrored.cosigned.len()), (None, 0, 2));
    assert!(bytes(&place) != before && bytes(&place) == fresh(&ledger, true));
    // What follows goes on from there, and nothing is written for nothing.
    for more in [3, 0] {
        grow(&ledger, more, false);
        let mirrored = under(&Served::new(&ledger), &place, 9, Some(&policy)).expect("no fault");
        assert_eq!((mirrored.wrong, mirrored.new, mirrored.cosigned.len()), (None, more, 2));
        assert!(bytes(&place) == fresh(&ledger, true));
        assert_eq!(Mirror::open(&place).expect("a mirror").findings(), []);
    }
}

#[test]
fn a_changed_bit_on_the_way_is_found_and_not_kept() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    let place = world.path().join("mirror");
    grow(&ledger, 20, false);
    let served = Served::new(&ledger);
    good(&served, &place, 9);
    let before = bytes(&place);
    grow(&ledger, 20, false);
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    for _ in 0..flips() {
        let bit = rng.r#gen();
        served.flip.set(Some(bit));
        let mirrored = mirror(&served, &place, 40).expect("no fault");
        let (finding, _) = mirrored
            .wrong
            .as_ref()
            .unwrap_or_else(|| panic!("bit {bit} was not noticed"));
        assert!(finding.code.code.starts_with("audit-"));
        assert_eq!((mirrored.size, mirrored.new), (20, 0));
        assert!(bytes(&place) == before, "bit {bit}");
    }
    assert!(
        fs::read_dir(place.join("evidence")).expect("evidence").count() <= 64,
        "evidence is bounded"
    );
    good(&served, &place, 40);
    assert!(bytes(&place) == fresh(&ledger, true));
}

/// Every file of a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

#[test]
fn a_changed_bit_in_a_part_is_found_named_and_mended() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    let place = world.path().join("mirror");
    grow(&ledger, 30, false);
    let served = Served::new(&ledger);
    good(&served, &place, 8);
    // The bodies are no records of the service's, which the second reading says of the first; the first reading finds the rest.
    let options = Options {
        depth: Depth::Hashes,
        ..Options::default()
    };
    let judge = || -> Vec<String> {
        let mirror = match Mirror::open(&place) {
            Ok(mirror) => mirror,
            Err(refusal) => return vec![refusal.code().to_owned()],
        };
        let mut audit = audit(&mirror, &options, &|file, _| Box::new(file)).expect("audited");
        audit.findings.iter_mut().for_each(|finding| mirror.locate(finding));
        audit.found_beside(mirror.findings());
        audit
            .findings
            .iter()
            .map(|finding| format!("{finding}: {}", finding.what))
            .collect()
    };
    assert!(judge().is_empty(), "{:?}", judge());
    let mut rng = ChaCha20Rng::seed_from_u64(12);
    let parts = files(&place.join("log"));
    let last = parts.last().and_then(|path| path.parent()).expect("a part");
    assert!(parts.iter().any(|path| path.ends_with("blobs")));
    for round in 0..flips() {
        let path = &parts[rng.gen_range(0..parts.len())];
        let kept = fs::read(path).expect("readable");
        let mut changed = kept.clone();
        let bit = rng.gen_range(0..8 * changed.len());
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(path, &changed).expect("written");
        let found = judge();
        assert!(!found.is_empty(), "{} bit {bit} was not noticed", path.display());
        if round % 10 == 0 {
            // The part is removed, and fetched anew.
            fs::remove_dir_all(path.parent().expect("a part")).expect("removed");
            if !path.starts_with(last) {
                let refused = Mirror::open(&place).map(drop).expect_err("a part is missing");
                assert_eq!(refused.code(), "audit-mirror-part");
            }
            good(&served, &place, 8);
            assert!(bytes(&place) == fresh(&ledger, true));
        } else {
            // Without a state every part is read again, and this one is found.
            fs::remove_file(place.join("state")).expect("removed");
            let mirrored = mirror(&served, &place, 8).expect("no fault");
            let (finding, _) = mirrored
                .wrong
                .as_ref()
                .unwrap_or_else(|| panic!("{} bit {bit}", path.display()));
            assert_eq!(finding.code.code, "audit-mirror-part", "{} bit {bit}", path.display());
            fs::write(path, &kept).expect("written");
            good(&served, &place, 8);
        }
    }
    // What is written down beside the parts saves time, and nothing rests on it.
    let state = place.join("state");
    let kept = fs::read(&state).expect("readable");
    for bit in (0..8 * kept.len()).step_by(97) {
        let mut changed = kept.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(&state, &changed).expect("written");
        assert_eq!(good(&served, &place, 8).bytes, 0);
        assert_eq!(fs::read(&state).expect("readable"), kept);
    }
}

#[test]
fn a_log_that_forked_or_was_set_back_is_found_and_the_mirror_keeps_what_it_had() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    grow(&ledger, 30, false);
    good(&Served::new(&ledger), &place, 8);
    let before = bytes(&place);
    // Other salts, the same key: another history, shorter, as long, and longer.
    let fork = world::open_as(&world.path().join("fork"), 9);
    grow(&fork, 20, false);
    let told = |ledger: &Ledger| wrong(&mirror(&Served::new(ledger), &place, 8).expect("no fault"));
    assert_eq!(told(&fork), "audit-shorter");
    grow(&fork, 10, false);
    assert_eq!(told(&fork), "audit-fork");
    grow(&fork, 10, false);
    assert_eq!(
        told(&fork),
        "audit-fork",
        "it has another checkpoint of the mirrored size"
    );
    // The last two are the same proof, which is kept once.
    let evidence = files(&place.join("evidence"));
    let shown = evidence.iter().filter(|path| path.ends_with("shown.checkpoint"));
    assert_eq!(shown.count(), 2);
    // One whose groups were others has none of that size: it cannot show that it continues.
    let groups = world::open_as(&world.path().join("groups"), 10);
    grow(&groups, 400, true);
    if groups.checkpoint_at(30).is_err() {
        assert_eq!(told(&groups), "audit-mirror-unproven");
    }
    // Even where its parts are gone, and its state: a checkpoint of theirs is remembered.
    let parts = fs::read_dir(place.join("log"))
        .expect("parts")
        .map(|part| part.expect("a part").path());
    let mut parts: Vec<_> = parts.collect();
    parts.sort();
    fs::remove_dir_all(&parts[1]).expect("removed");
    fs::remove_file(place.join("state")).expect("removed");
    assert_eq!(told(&fork), "audit-fork");
    good(&Served::new(&ledger), &place, 8);
    assert!(bytes(&place) == before);
    // A log that is asked for one entry and serves another.
    struct Other<'a>(Served<'a>);
    impl Upstream for Other<'_> {
        fn note(&self, size: Option<u64>) -> Result<Vec<u8>, Refusal> {
            self.0.note(size)
        }
        fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Refusal> {
            self.0.consistency(old, new)
        }
        fn tile(&self, name: &str) -> Result<Vec<u8>, Refusal> {
            let mut tile = self.0.tile(name)?;
            tile[400] ^= 1;
            Ok(tile)
        }
        fn part(&self, from: u64, entries_max: u64, out: &mut dyn Write) -> Result<u64, Refusal> {
            self.0.part(from, entries_max, out)
        }
    }
    let how = How {
        directory: &place,
        key: &key(&ledger),
        policy: None,
        part_entries: 8,
        progress: &|_, _| {},
    };
    let mirrored = run(&Other(Served::new(&ledger)), &how, &mut ChaCha20Rng::seed_from_u64(1)).expect("no fault");
    assert_eq!(wrong(&mirrored), "audit-mirror-other");
}

#[test]
fn two_at_once_are_one_too_many() {
    let world = tempfile::tempdir().expect("a directory");
    let place = world.path().join("mirror");
    let ledger = world::open(&world.path().join("log"));
    grow(&ledger, 10, false);
    let refused = Cell::new(0);
    let again = || {
        let second = mirror(&Served::new(&ledger), &place, 5).expect_err("another has it");
        assert_eq!(second.code(), "audit-mirror-busy");
        refused.set(refused.get() + 1);
    };
    good(
        &Served {
            meanwhile: &again,
            ..Served::new(&ledger)
        },
        &place,
        5,
    );
    assert_eq!(refused.get(), 2);
    assert!(bytes(&place) == fresh(&ledger, true));
}
