//! How far an audit looks: samples drawn by what witnesses cosigned, runs that go on where an earlier one ended, hashes alone; and
//! checkpoints that were seen elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use covenant_api::documents::{Bundle, Outcome as Decided, Trust};
use covenant_api::types::TierName;
use covenant_audit::audit::known::Known;
use covenant_audit::audit::resume::Resume;
use covenant_audit::audit::{Anchor, Audit, Depth, Options, Outcome, audit};
use covenant_audit::cosign::Policy;
use covenant_audit::export::Input;
use covenant_audit::{Place, hash};
use covenant_ledger::Scope;
use covenant_policy::refusal::Refusal;

use crate::records::House;
use crate::world::{self, witnesses};

fn options(trust: &Trust) -> Options {
    Options {
        anchor: Some(Anchor::new(trust.clone()).expect("a trust file")),
        allow_development: true,
        policy: Some(Policy::read(witnesses::policy().as_bytes()).expect("a policy")),
        ..Options::default()
    }
}

fn run(file: &[u8], options: &Options) -> Result<Audit, Refusal> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log.export");
    fs::write(&path, file).expect("written");
    audit(&path, options, &|file, _| Box::new(file))
}

fn export(house: &House) -> Vec<u8> {
    world::export(&house.ledger, &Scope::everything())
}

/// So many verdicts, of which these have a proof of something else.
fn verdicts(house: &mut House, numbers: std::ops::Range<u64>, bad: &[u64]) -> Vec<u64> {
    let mut indices = Vec::new();
    for number in numbers {
        let customer = house.customer(number);
        let request = house.ask(&customer);
        let honest = house.answer(&customer, &request, 150, "A");
        let bundle = if bad.contains(&number) {
            customer.sign(Bundle {
                tier: TierName::parse("B").expect("a tier"),
                ..honest.unverified().clone()
            })
        } else {
            honest
        };
        let verdict = house.verdict(&bundle);
        indices.push(house.record(&verdict));
        house.decide(&customer, &verdict, Decided::Refused);
    }
    indices
}

#[test]
fn a_sample_is_drawn_by_what_witnesses_cosigned() {
    let mut house = House::witnessed();
    let indices = verdicts(&mut house, 1..7, &[4]);
    let (file, trust) = (export(&house), house.trust());
    let mut found = Vec::new();
    for count in 1..=6 {
        let options = Options {
            depth: Depth::Sample(count),
            ..options(&trust)
        };
        let audit = run(&file, &options).expect("audited");
        let sample = audit.sample.as_ref().expect("a sample");
        assert_eq!((sample.verdicts, sample.drawn, audit.proofs), (6, count, count));
        // As the description says, by anybody: the smallest scores.
        let mut scores: Vec<_> = indices
            .iter()
            .map(|index| {
                let bytes = [
                    &b"covenant-audit-sample-index/v1\n"[..],
                    &sample.seed.0,
                    &index.to_be_bytes(),
                ]
                .concat();
                (hash::of(&[&bytes]), *index)
            })
            .collect();
        scores.sort_unstable();
        let drawn: BTreeSet<u64> = scores
            .iter()
            .take(usize::try_from(count).expect("small"))
            .map(|(_, index)| *index)
            .collect();
        let caught = drawn.contains(&indices[3]);
        let named: Vec<_> = audit
            .findings
            .iter()
            .map(|finding| (finding.code.code, finding.place.entry()))
            .collect();
        if caught {
            assert_eq!(
                (audit.outcome, &named[..]),
                (Outcome::Wrong, &[("audit-proof", Some(indices[3]))][..])
            );
        } else {
            assert_eq!((audit.outcome, &named[..]), (Outcome::Sampled, &[][..]));
        }
        assert!((sample.catches(1) - count as f64 / 6.0).abs() < 1e-12);
        found.push(caught);
    }
    // A larger sample holds the smaller one, and the whole of it holds the bad one.
    assert!(found.is_sorted() && found[5], "{found:?}");
    // Under another checkpoint, the sample is another.
    let seed = |file: &[u8]| {
        let options = Options {
            depth: Depth::Sample(1),
            ..options(&trust)
        };
        run(file, &options).expect("audited").sample.expect("a sample").seed
    };
    let before = seed(&file);
    house.customer(9);
    assert_ne!(seed(&export(&house)), before);
    assert_eq!(seed(&file), before);
}

#[test]
fn without_witnesses_there_is_no_sample() {
    let witnessed = House::witnessed();
    let alone = House::new();
    let sample = |options: Options| Options {
        depth: Depth::Sample(3),
        ..options
    };
    let code = |file: &[u8], options: Options| {
        run(file, &sample(options))
            .map(|_| ())
            .map_err(|refusal| refusal.code())
    };
    let file = export(&witnessed);
    assert_eq!(code(&file, options(&witnessed.trust())), Ok(()));
    let nobody = Options {
        policy: None,
        ..options(&witnessed.trust())
    };
    assert_eq!(code(&file, nobody), Err("audit-sample"));
    let untrusted = Options {
        anchor: None,
        ..options(&witnessed.trust())
    };
    assert_eq!(code(&file, untrusted), Err("audit-sample"));
    assert_eq!(code(&export(&alone), options(&alone.trust())), Err("audit-quorum"));
    let free = Policy::read(b"quorum none\n").expect("a policy");
    let nobody_needed = Options {
        policy: Some(free),
        ..options(&alone.trust())
    };
    assert_eq!(code(&export(&alone), nobody_needed), Err("audit-sample"));
}

/// An audit that keeps its state in this file.
fn resumed(file: &[u8], trust: &Trust, state: &Path) -> Result<Audit, Refusal> {
    let options = Options {
        resume: Some(Arc::new(Resume::open(state)?)),
        ..options(trust)
    };
    run(file, &options)
}

#[test]
fn an_audit_goes_on_where_an_earlier_one_ended() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state.json");
    let mut house = House::witnessed();
    verdicts(&mut house, 1..4, &[]);
    let (first, trust) = (export(&house), house.trust());
    let audit = resumed(&first, &trust, &state).expect("audited");
    assert_eq!(
        (audit.outcome, audit.proofs, audit.verified_before),
        (Outcome::Sound, 3, 0)
    );
    let text = fs::read_to_string(&state).expect("a state");
    assert!(text.contains("\"verdicts\": 3"), "{text}");
    // So few are all verified again; the new ones in any case.
    let later = verdicts(&mut house, 4..6, &[5]);
    let second = export(&house);
    let audit = resumed(&second, &trust, &state).expect("audited");
    assert_eq!(audit.proofs + audit.verified_before, 5);
    assert_eq!(
        (audit.outcome, audit.findings[0].place.entry()),
        (Outcome::Wrong, Some(later[1]))
    );
    // What was found wrong is not kept as verified: it is found again.
    assert_eq!(fs::read_to_string(&state).expect("a state"), text);
    let audit = resumed(&second, &trust, &state).expect("audited");
    assert_eq!(audit.findings[0].place.entry(), Some(later[1]));
    // An earlier export than the one that was seen: the log was set back, or this is an old copy.
    let mut shorter = House::witnessed();
    let audit = resumed(&export(&shorter), &trust, &state).expect("audited");
    assert_eq!(
        (audit.outcome, audit.findings[0].code.code),
        (Outcome::Wrong, "audit-shorter")
    );
    // Another history under the same key: the checkpoint in the state shows it.
    verdicts(&mut shorter, 11..16, &[]);
    let audit = resumed(&export(&shorter), &trust, &state).expect("audited");
    assert_eq!(
        (audit.outcome, audit.findings[0].code.code),
        (Outcome::Wrong, "audit-fork")
    );
}

#[test]
fn a_state_that_lies_gains_little() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state.json");
    let mut house = House::witnessed();
    verdicts(&mut house, 1..3, &[]);
    let bad = verdicts(&mut house, 3..4, &[3]);
    let (file, trust) = (export(&house), house.trust());
    resumed(&file, &trust, &state).expect("audited");
    assert!(!state.exists(), "nothing is kept of a run that found something at once");
    // Somebody claims that all of it was verified, and even gets the tree right.
    let size = house.ledger.size();
    let checkpoint = house.ledger.checkpoint();
    let claim = |entries: u64, root: String, verdicts: u64| {
        let text = serde_json::json!({
            "type": "covenant-audit-state/v1", "version": env!("CARGO_PKG_VERSION"), "checkpoint": checkpoint.note(),
            "entries": entries, "root": root, "verdicts": verdicts,
        });
        fs::write(&state, text.to_string()).expect("written");
    };
    // Of so few verdicts every one is verified again, and the lie is found.
    claim(size, checkpoint.root().to_string(), 3);
    let audit = resumed(&file, &trust, &state).expect("audited");
    assert_eq!(
        (audit.outcome, audit.findings[0].place.entry()),
        (Outcome::Wrong, Some(bad[0]))
    );
    // A tree that is not this log's is refused; so is what is no state.
    claim(size, hash::of(&[b"another"]).to_string(), 3);
    assert_eq!(
        resumed(&file, &trust, &state)
            .map(|_| ())
            .map_err(|refusal| refusal.code()),
        Err("audit-state")
    );
    claim(size - 1, checkpoint.root().to_string(), 3);
    assert_eq!(
        resumed(&file, &trust, &state)
            .map(|_| ())
            .map_err(|refusal| refusal.code()),
        Err("audit-state")
    );
    for text in ["", "{}", "[]"] {
        fs::write(&state, text).expect("written");
        assert_eq!(
            resumed(&file, &trust, &state)
                .map(|_| ())
                .map_err(|refusal| refusal.code()),
            Err("audit-state")
        );
    }
    // Every bit of an honest one: the verdict is never better than the truth.
    fs::remove_file(&state).expect("removed");
    let mut honest = House::witnessed();
    verdicts(&mut honest, 1..2, &[]);
    resumed(&export(&honest), &honest.trust(), &state).expect("audited");
    let kept = fs::read(&state).expect("a state");
    let mut refused = 0;
    for at in (0..kept.len()).step_by(7) {
        let mut changed = kept.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&state, &changed).expect("written");
        match resumed(&file, &trust, &state) {
            Err(_) => refused += 1,
            Ok(audit) => assert_eq!(audit.outcome, Outcome::Wrong, "byte {at}"),
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_run_that_is_cut_off_has_kept_what_it_verified() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state.json");
    let mut house = House::witnessed();
    let indices = verdicts(&mut house, 1..5, &[]);
    let (file, trust) = (export(&house), house.trust());
    let path = directory.path().join("log.export");
    fs::write(&path, &file).expect("written");
    // The disk fails behind the third verdict, in the second reading.
    let (_, all) = world::records(&file);
    let cut = all
        .iter()
        .find(|record| record.tag == b'E' && record.number == indices[3])
        .expect("an entry")
        .at as u64;
    let options = Options {
        resume: Some(Arc::new(Resume::open(&state).expect("a state"))),
        ..options(&trust)
    };
    let failing = |file: Input, label: &str| -> Box<dyn std::io::Read + Send> {
        use std::io::Read as _;
        if label == "replaying" {
            Box::new(file.take(cut).chain(Broken))
        } else {
            Box::new(file)
        }
    };
    let refusal = audit(&path, &options, &failing).map(|_| ()).expect_err("a broken disk");
    assert_eq!(refusal.code(), "file-unreadable");
    let kept: serde_json::Value = serde_json::from_slice(&fs::read(&state).expect("a state")).expect("JSON");
    assert_eq!(kept["verdicts"], 3);
    let audit = resumed(&file, &trust, &state).expect("audited");
    assert_eq!(
        (audit.outcome, audit.proofs + audit.verified_before),
        (Outcome::Sound, 4)
    );
}

struct Broken;

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn every_checkpoint_ever_seen_is_compared() {
    let mut house = House::witnessed();
    house.customer(1);
    let earlier = export(&house);
    house.customer(2);
    let (later, trust) = (export(&house), house.trust());
    let directory = tempfile::tempdir().expect("a directory");
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    };
    let with = |file: &[u8], known: &[&Path]| {
        let mut options = options(&trust);
        for path in known {
            options.known.extend(Known::read(path)?);
        }
        run(file, &options)
    };
    // An earlier export, a note, receipts in each form: all are contained.
    let old = put("old.export", &earlier);
    let note = put(
        "note",
        house.ledger.checkpoint_at(3).expect("a checkpoint").note().as_bytes(),
    );
    let receipt = house.ledger.receipt(2).expect("a receipt");
    let cbor = put("receipt", &receipt.encode());
    let proof = put("receipt.tlog-proof", receipt.tlog_proof().expect("a proof").as_bytes());
    let audit = with(&later, &[&old, &note, &cbor, &proof]).expect("audited");
    let sizes = 1 + world::records(&earlier)
        .1
        .iter()
        .filter(|record| record.tag == b'E')
        .count() as u64;
    assert_eq!((audit.outcome, audit.known), (Outcome::Sound, sizes + 3));
    // Another history of the same key: each checkpoint that is not a beginning of this one is named, with the file.
    let mut other = House::witnessed();
    let same = other.ledger.size();
    other.customer(3);
    let forked = put("forked.export", &export(&other));
    let audit = with(&later, &[&forked]).expect("audited");
    assert_eq!(audit.outcome, Outcome::Wrong);
    assert_eq!(
        audit.findings.len() as u64,
        other.ledger.size() - same,
        "{:?}",
        audit.findings
    );
    for finding in &audit.findings {
        assert_eq!(finding.code.code, "audit-fork");
        assert!(
            matches!(&finding.place, Place::File(name) if name.ends_with("forked.export")),
            "{finding:?}"
        );
    }
    // More than the export holds.
    let all = put("all.export", &later);
    let audit = with(&earlier, &[&all]).expect("audited");
    assert_eq!(
        (audit.outcome, audit.findings[0].code.code),
        (Outcome::Wrong, "audit-shorter")
    );
    // Of another log, and nothing at all.
    let stranger = House::new();
    drop(stranger);
    let directory = tempfile::tempdir().expect("a directory");
    let unrelated = world::open_other(directory.path());
    world::append(&unrelated, 2);
    let unrelated = put("unrelated", unrelated.checkpoint().note().as_bytes());
    let code = |known: &Path| with(&later, &[known]).map(|_| ()).map_err(|refusal| refusal.code());
    assert_eq!(code(&unrelated), Err("audit-checkpoint"));
    assert_eq!(code(&put("nothing", b"nothing")), Err("audit-receipt-form"));
}

#[test]
fn hashes_alone_are_not_the_whole_audit() {
    let mut house = House::witnessed();
    verdicts(&mut house, 1..2, &[1]);
    let options = Options {
        depth: Depth::Hashes,
        ..options(&house.trust())
    };
    let audit = run(&export(&house), &options).expect("audited");
    assert_eq!(
        (audit.outcome, audit.proofs, audit.tally.is_none()),
        (Outcome::Incomplete, 0, true)
    );
}

#[test]
fn cosignatures_are_checked_on_every_checkpoint() {
    let house = House::witnessed();
    let (file, trust) = (export(&house), house.trust());
    let (first_line, all) = world::records(&file);
    for number in [1, 3] {
        let mut records = all.clone();
        let checkpoint = records
            .iter_mut()
            .find(|record| record.tag == b'C' && record.number == number)
            .expect("a checkpoint");
        // A digit of the last line's base64, which is the second witness's.
        let at = checkpoint.bytes.len() - 12;
        checkpoint.bytes[at] = if checkpoint.bytes[at] == b'A' { b'B' } else { b'A' };
        let audit = run(&world::sealed(&first_line, &records), &options(&trust)).expect("audited");
        let found: Vec<_> = audit
            .findings
            .iter()
            .map(|finding| (finding.code.code, finding.place.to_string()))
            .collect();
        assert_eq!(found, [("audit-cosignature", format!("checkpoint of size {number}"))]);
    }
    // A last checkpoint that too few have cosigned: nobody should have relied on it.
    let mut records = all.clone();
    let last = records
        .iter_mut()
        .rev()
        .find(|record| record.tag == b'C')
        .expect("a checkpoint");
    let text = String::from_utf8(last.bytes[37..].to_vec()).expect("a text");
    let shorter: String = text.split_inclusive('\n').take(text.lines().count() - 1).collect();
    let length = u32::try_from(32 + shorter.len()).expect("short").to_be_bytes();
    last.bytes = [&b"C"[..], &length, &[0; 32], shorter.as_bytes()].concat();
    let audit = run(&world::sealed(&first_line, &records), &options(&trust)).expect("audited");
    assert_eq!(
        audit
            .findings
            .iter()
            .map(|finding| finding.code.code)
            .collect::<Vec<_>>(),
        ["audit-quorum"]
    );
}
