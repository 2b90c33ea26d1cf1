//! Bundles: made once, audited again with the same verdict, and any bit of any file in them found and located.

use std::fs;
use std::path::{Path, PathBuf};

use covenant_api::document::to_json;
use covenant_api::documents::Trust;
use covenant_api::types::{Hex32, UtcTime};
use covenant_audit::audit::{Anchor, Audit, Options, Outcome, audit};
use covenant_audit::bundle::{self, Bundle, Parts};
use covenant_audit::cosign::Policy;
use covenant_audit::report::{Report, Took};
use covenant_audit::{Place, hash};
use covenant_ledger::Scope;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::flips::{Tally, judge};
use crate::records::House;
use crate::world::{self, records, witnesses};

/// A bundle of a real log under witnesses, what it was made with, and what the audit came to.
pub struct Made {
    pub directory: tempfile::TempDir,
    pub trust: Trust,
    pub policy: String,
    pub report: Report,
    pub id: Hex32,
}

impl Made {
    /// A log with verdicts, a registry's documents, and checkpoints that two witnesses have cosigned; with a checkpoint seen elsewhere.
    pub fn new() -> Self {
        let mut house = House::witnessed();
        for (number, assets, tier) in [(1, 150, "A"), (2, 50, "B")] {
            let customer = house.customer(number);
            let request = house.ask(&customer);
            let bundle = house.answer(&customer, &request, assets, tier);
            let verdict = house.verdict(&bundle);
            house.record(&verdict);
            house.decide(&customer, &verdict, covenant_api::documents::Outcome::Approved);
        }
        let directory = tempfile::tempdir().expect("a directory");
        let put = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            fs::write(&path, bytes).expect("written");
            path
        };
        let trust = house.trust();
        let policy = witnesses::policy();
        let export = put("log.export", &world::export(&house.ledger, &Scope::everything()));
        let trust_file = put("trust.json", &to_json(&trust).expect("JSON"));
        let policy_file = put("policy.txt", policy.as_bytes());
        let seen = house.ledger.checkpoint_at(5).expect("a checkpoint");
        let seen = put("seen.note", seen.note().as_bytes());
        let options = options(Some(&trust), &policy);
        let audit = audit(&export, &options, &|file, _| Box::new(file)).expect("audited");
        assert_eq!((audit.outcome, &audit.findings[..]), (Outcome::Sound, &[][..]));
        let report = Report {
            audit,
            source: "log.export".to_owned(),
            trust: Some("trust.json".to_owned()),
            witness_policy: Some("policy.txt".to_owned()),
            known: vec!["seen.note".to_owned()],
            bundle: None,
            at: UtcTime::parse("2026-04-01T08:00:00Z").expect("a time"),
            took: Took::default(),
        };
        let parts = Parts {
            export: &export,
            trust: Some(&trust_file),
            witness_policy: Some(&policy_file),
            known: &[seen],
            report: &report,
        };
        let made = bundle::write(&directory.path().join("bundle"), &parts).expect("a bundle");
        assert!(
            made.recheck
                .ends_with("bundle --trust trust.json --witness-policy policy.txt --allow-development-keys")
        );
        Self {
            trust,
            policy,
            report,
            id: made.id,
            directory,
        }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("bundle")
    }
}

fn options(trust: Option<&Trust>, policy: &str) -> Options {
    Options {
        anchor: trust.map(|trust| Anchor::new(trust.clone()).expect("a trust file")),
        allow_development: true,
        policy: Some(Policy::read(policy.as_bytes()).expect("a policy")),
        ..Options::default()
    }
}

/// What the program does with a bundle.
fn recheck(directory: &Path, trust: Option<&Trust>, policy: &str) -> Audit {
    let bundle = Bundle::open(directory).expect("opened");
    let mut options = options(trust, policy);
    options.known = bundle.known().expect("checkpoints");
    let mut audit = audit(&bundle.export(), &options, &|file, _| Box::new(file)).expect("audited");
    audit.found_beside(bundle.findings(options.anchor.as_ref()));
    audit
}

#[test]
fn a_bundle_gives_the_same_verdict() {
    let made = Made::new();
    let audit = recheck(&made.path(), Some(&made.trust), &made.policy);
    assert_eq!((audit.outcome, &audit.findings[..]), (Outcome::Sound, &[][..]));
    assert_eq!((audit.proofs, audit.file), (2, made.report.audit.file));
    assert_eq!(audit.known, 1);
    let witnessed = audit.witnessed.expect("witnesses");
    assert_eq!((witnessed.unwitnessed, witnessed.last_by.len()), (0, 2));
    assert_eq!(
        (witnessed.since, Some(witnessed.checkpoints)),
        (Some(0), audit.summary.map(|summary| summary.checkpoints))
    );
    let shown = Bundle::open(&made.path()).expect("opened").shown().expect("a manifest");
    assert_eq!((shown.id, shown.version.as_str()), (made.id, env!("CARGO_PKG_VERSION")));
    assert_eq!((shown.result.as_str(), shown.files), ("sound", 8));
    // Everything that it needs lies in it: the format, how to check, and what it came to.
    for (file, said) in [
        ("README.txt", "covenant-audit"),
        ("FORMAT.md", "covenant-export/v2"),
        ("report.txt", "SOUND"),
        ("report.json", "\"result\": \"sound\""),
        ("manifest.json", "covenant-bundle/v1"),
    ] {
        let text = fs::read_to_string(made.path().join(file)).expect("a text");
        assert!(text.contains(said), "{file}");
    }
}

#[test]
fn keys_inside_are_never_believed() {
    let made = Made::new();
    // Without a trust file of the reader's own, nothing is anchored, whatever lies inside.
    let audit = recheck(&made.path(), None, &made.policy);
    assert_eq!(audit.outcome, Outcome::NotAnchored);
    // With another operator's, log and maker are named.
    let other = Trust {
        operator: Hex32([1; 32]),
        ..made.trust.clone()
    };
    let audit = recheck(&made.path(), Some(&other), &made.policy);
    let found: Vec<_> = audit
        .findings
        .iter()
        .map(|finding| (finding.code.code, finding.place.to_string()))
        .collect();
    let expected = ["file trust.json", "entry 0"].map(|place| ("audit-not-trusted", place.to_owned()));
    assert_eq!((audit.outcome, &found[..]), (Outcome::Wrong, &expected[..]));
    // Another policy's witnesses have cosigned nothing.
    let stranger = witnesses::policy_of(&[7, 8]);
    let audit = recheck(&made.path(), Some(&made.trust), &stranger);
    let found: Vec<_> = audit.findings.iter().map(|finding| finding.code.code).collect();
    assert_eq!(found, ["audit-quorum"]);
}

#[test]
fn files_that_are_missing_exchanged_or_added_are_named() {
    let made = Made::new();
    let names = |directory: &Path| {
        let names = fs::read_dir(directory).expect("a directory");
        names.map(|entry| entry.expect("a file").file_name().into_string().expect("UTF-8"))
    };
    let files: Vec<String> = names(&made.path())
        .filter(|name| name != "known")
        .chain(["known/0000".to_owned()])
        .collect();
    assert_eq!(files.len(), 9);
    let bytes: Vec<Vec<u8>> = files
        .iter()
        .map(|name| fs::read(made.path().join(name)).expect("a file"))
        .collect();
    let named = |what: &str| {
        let bundle = Bundle::open(&made.path()).expect("opened");
        let found: Vec<_> = bundle
            .findings(None)
            .iter()
            .map(|finding| finding.place.clone())
            .collect();
        assert!(!found.is_empty(), "{what}");
        found
    };
    for (at, name) in files.iter().enumerate() {
        let path = made.path().join(name);
        // Missing, empty, cut short, continued, and with what stood in another.
        fs::remove_file(&path).expect("removed");
        assert!(named(name).contains(&Place::File(name.clone())), "{name} is missing");
        let other = &bytes[(at + 1) % bytes.len()];
        let half = &bytes[at][..bytes[at].len() / 2];
        let longer = [&bytes[at][..], b"\n"].concat();
        for content in [&[][..], half, &longer, other] {
            fs::write(&path, content).expect("written");
            assert!(
                named(name).contains(&Place::File(name.clone())),
                "{name}, {} bytes",
                content.len()
            );
        }
        fs::write(&path, &bytes[at]).expect("written");
        assert!(
            Bundle::open(&made.path()).expect("opened").findings(None).is_empty(),
            "{name} is back"
        );
    }
    for name in ["more", "known/0001"] {
        fs::write(made.path().join(name), "more").expect("written");
        assert_eq!(named(name), [Place::File(name.to_owned())]);
        fs::remove_file(made.path().join(name)).expect("removed");
    }
}

/// How many bits: some hundreds, or as many as `COVENANT_FLIPS` says.
pub fn flips() -> usize {
    std::env::var("COVENANT_FLIPS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(400)
}

#[test]
fn any_bit_of_any_file_is_found_and_located() {
    let made = Made::new();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for name in [
        "log.export",
        "manifest.json",
        "trust.json",
        "witness-policy.txt",
        "report.json",
        "report.txt",
        "README.txt",
        "FORMAT.md",
        "known/0000",
    ] {
        files.push((name.to_owned(), fs::read(made.path().join(name)).expect("a file")));
    }
    let (_, all) = records(&files[0].1);
    let mut rng = ChaCha20Rng::seed_from_u64(20);
    // Half of the bits in any file, half in the export, where most of the bytes are.
    let cases: Vec<(usize, usize, u8)> = (0..flips())
        .map(|case| {
            let file = if case % 2 == 0 {
                0
            } else {
                rng.gen_range(0..files.len())
            };
            // The key's blob is most of the export: every other bit of it elsewhere.
            let bytes = match (file, case % 4) {
                (0, 0) => all.iter().find(|record| record.tag == b'O').expect("a blob").at,
                _ => files[file].1.len(),
            };
            (file, rng.gen_range(0..bytes), 1 << rng.gen_range(0..8))
        })
        .collect();
    let one = |(file, at, mask): &(usize, usize, u8)| {
        let scratch = tempfile::tempdir().expect("a directory");
        fs::create_dir(scratch.path().join("known")).expect("made");
        for (number, (name, bytes)) in files.iter().enumerate() {
            let path = scratch.path().join(name);
            if number == *file {
                let mut changed = bytes.clone();
                changed[*at] ^= mask;
                fs::write(path, changed).expect("written");
            } else {
                fs::write(path, bytes).expect("written");
            }
        }
        let audit = recheck(scratch.path(), Some(&made.trust), &made.policy);
        let name = &files[*file].0;
        let context = || format!("byte {at} of {name}, bit {mask}: {:?}", audit.findings);
        assert_eq!(audit.outcome, Outcome::Wrong, "{}", context());
        let named = audit
            .findings
            .iter()
            .any(|finding| finding.place == Place::File(name.clone()));
        assert!(named, "{}", context());
        if *file != 0 {
            return Tally::default();
        }
        // And in the export, the record.
        let record = all.iter().rev().find(|record| record.at <= *at);
        let inside = audit
            .findings
            .iter()
            .find(|finding| !matches!(finding.place, Place::File(_)));
        judge(record, *at, inside.unwrap_or_else(|| panic!("{}", context())), |_| {
            false
        })
    };
    // Threads of our own: each audit hands its proofs to the pool and waits for them.
    let tally = std::thread::scope(|scope| {
        let halves = cases.chunks(cases.len().div_ceil(2));
        let running: Vec<_> = halves
            .map(|half| scope.spawn(|| half.iter().map(one).collect::<Vec<_>>()))
            .collect();
        let mut sum = Tally::default();
        for half in running {
            half.join()
                .expect("no panic")
                .into_iter()
                .for_each(|tally| sum += tally);
        }
        sum
    });
    let inside = cases.iter().filter(|(file, ..)| *file == 0).count();
    println!("{} bits, {inside} of them in the export: {tally}", cases.len());
    assert_eq!(tally.exact + tally.other, inside as u64);
    assert!(inside > cases.len() / 2 && inside < cases.len(), "both kinds of files");
    assert!(tally.exact > 0 && tally.other > 0, "both kinds of records");
    assert_eq!(made.report.audit.file, hash::of(&[&files[0].1]));
}
