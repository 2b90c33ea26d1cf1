//! The witness against the real ledger: what it cosigns, what it refuses, and that its word is never given for two histories.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_audit::cosign::Policy;
use covenant_audit::note::LogKey;
use covenant_audit::witness::{Answer, Evidence, Witness};
use covenant_ledger::note::Note;
use covenant_ledger::{Hash, Ledger, WitnessKey, WitnessPolicy};
use ed25519_dalek::SigningKey;

use crate::world;

const NAME: &str = "witness.example.org/w1";
const NOW: u64 = 1_800_000_000;

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[77; 32])
}

/// The log's own reading of the witness's key.
fn key() -> WitnessKey {
    WitnessKey::new(NAME, secret().verifying_key()).expect("a name")
}

fn log_key(ledger: &Ledger) -> LogKey {
    LogKey::parse(&ledger.key().to_string()).expect("a key")
}

fn witness(directory: &Path, ledger: &Ledger) -> Witness {
    Witness::open(directory, NAME, secret(), vec![log_key(ledger)]).expect("a witness")
}

fn body(old: u64, proof: &[Hash], note: &str) -> Vec<u8> {
    let mut body = format!("old {old}\n");
    for hash in proof {
        body += &STANDARD.encode(hash);
        body.push('\n');
    }
    (body + "\n" + note).into_bytes()
}

/// The request from one size to another.
fn request(ledger: &Ledger, old: u64, new: u64) -> Vec<u8> {
    let proof = if old == 0 || old == new {
        Vec::new()
    } else {
        ledger.consistency(old, new).expect("a proof")
    };
    body(old, &proof, ledger.checkpoint_at(new).expect("a checkpoint").note())
}

/// Demands that the answer is a cosignature of this checkpoint, by the log's own reading.
fn cosigned(ledger: &Ledger, size: u64, answer: &Answer) -> u64 {
    assert_eq!(answer.status, 200, "{answer:?}");
    let note = ledger.checkpoint_at(size).expect("a checkpoint").note().to_owned() + &answer.body;
    let time = key().cosigned(&Note::parse(&note).expect("a note")).expect("it holds");
    time.expect("it is there")
}

#[test]
fn it_cosigns_what_continues_and_says_where_it_stands() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    world::append(&ledger, 20);
    let place = world.path().join("witness");
    let witness_one = witness(&place, &ledger);
    assert_eq!(witness_one.key().to_string(), key().to_string());
    let add = |old, new| witness_one.add_checkpoint(&request(&ledger, old, new), NOW);
    assert_eq!(cosigned(&ledger, 3, &add(0, 3)), NOW);
    // The same again, and the next.
    cosigned(&ledger, 3, &add(3, 3));
    cosigned(&ledger, 17, &add(3, 17));
    // Elsewhere it says where it stands; also to those who ask with nothing.
    for old in [0, 3, 16] {
        let answer = add(old, 20);
        assert_eq!(
            (answer.status, answer.media_type, answer.body.as_str()),
            (409, "text/x.tlog.size", "17\n")
        );
    }
    assert_eq!(add(16, 16).status, 409, "never a smaller tree");
    cosigned(&ledger, 20, &add(17, 20));
    assert_eq!(
        (witness_one.forks(), witness_one.unproven()),
        (0, 0),
        "an honest log is not blamed"
    );
    // After a restart it stands where it stood, and its last word can be fetched.
    let note = witness_one.last(&covenant_audit::hash::of(&[b"example.com/covenant"]).to_string());
    drop(witness_one);
    let again = witness(&place, &ledger);
    assert_eq!(again.seen()["example.com/covenant"].checkpoint.size, 20);
    assert_eq!(Some(again.seen()["example.com/covenant"].note.clone()), note);
    assert_eq!(again.add_checkpoint(&request(&ledger, 0, 5), NOW).status, 409);
}

#[test]
fn what_is_wrong_has_its_status() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    world::append(&ledger, 8);
    let other = world::open_other(&world.path().join("other"));
    world::append(&other, 8);
    let witness = witness(&world.path().join("witness"), &ledger);
    let status = |body: &[u8]| witness.add_checkpoint(body, NOW).status;
    let good = request(&ledger, 0, 4);
    let text = String::from_utf8(good.clone()).expect("text");
    for malformed in [
        "",
        "old 0\n",
        "old 00\n\n",
        "old -1\n\nx",
        "new 0\n\nx",
        "old 0\nAAAA\n\nx",
        "old 0\n!\n\nx",
        &text.replace("old 0", "old 0 "),
        &text.replace("old 0", "old  0"),
        &text.replace("\n4\n", "\n04\n"),
    ] {
        assert!([400, 403, 404].contains(&status(malformed.as_bytes())), "{malformed:?}");
    }
    assert_eq!(
        status(&body(
            0,
            &vec![Hash::ZERO; 64],
            ledger.checkpoint_at(4).expect("one").note()
        )),
        400
    );
    assert_eq!(
        status(&text.replace("old 0", "old 5").into_bytes()),
        400,
        "old is larger than new"
    );
    // Another log under the same name, and an unknown one.
    assert_eq!(status(&request(&other, 0, 4)), 403);
    assert_eq!(
        status(&text.replace("example.com/covenant", "example.com/unknown").into_bytes()),
        404
    );
    assert_eq!(
        status(&text.replace("\n4\n", "\n5\n").into_bytes()),
        403,
        "the signature is of another text"
    );
    assert_eq!(status(&good), 200);
    // Proofs that show nothing.
    let note = ledger.checkpoint_at(8).expect("a checkpoint").note().to_owned();
    assert_eq!(status(&body(4, &[], &note)), 422);
    assert_eq!(status(&body(4, &[Hash::ZERO], &note)), 422);
    assert_eq!(status(&body(0, &[Hash::ZERO], &note)), 409);
    // A clock that stands before the last cosignature is not believed.
    assert_eq!(witness.add_checkpoint(&request(&ledger, 4, 8), NOW - 1).status, 503);
    assert_eq!(status(&request(&ledger, 4, 8)), 200);
    let second = Witness::open(&world.path().join("witness"), NAME, secret(), vec![log_key(&ledger)]);
    assert_eq!(
        second.map(drop).map_err(|refusal| refusal.code()),
        Err("audit-witness-busy")
    );
}

/// Two histories under one key: the second gets no word, and what the log signed is kept.
#[test]
fn a_fork_is_refused_and_kept() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    world::append(&ledger, 6);
    // The same key, other salts: another tree.
    let fork = world::open_as(&world.path().join("fork"), 5);
    world::append(&fork, 9);
    let place = world.path().join("witness");
    let witness = witness(&place, &ledger);
    assert_eq!(witness.add_checkpoint(&request(&ledger, 0, 6), NOW).status, 200);
    assert_eq!(witness.add_checkpoint(&request(&fork, 6, 6), NOW).status, 422);
    assert_eq!((witness.forks(), witness.unproven()), (1, 0));
    assert_eq!(witness.add_checkpoint(&request(&fork, 6, 9), NOW).status, 422);
    // Also where the request says another old size than the witness's: the two signed trees are proof enough.
    assert_eq!(witness.add_checkpoint(&request(&fork, 0, 6), NOW).status, 409);
    let kept: Vec<String> = std::fs::read_dir(place.join("evidence"))
        .expect("a folder")
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let both = |notes: &&String| {
        let ours = ledger.checkpoint_at(6).expect("one").note().to_owned();
        notes.starts_with(&ours) && notes.ends_with(fork.checkpoint_at(6).expect("one").note())
    };
    assert_eq!(kept.iter().filter(both).count(), 1);
    // It is not filled with the same evidence again and again.
    assert_eq!((witness.forks(), witness.unproven()), (1, 1));
    for _ in 0..10 {
        witness.add_checkpoint(&request(&fork, 6, 6), NOW);
    }
    assert_eq!((witness.forks(), witness.unproven()), (1, 1));
    assert_eq!(witness.seen()["example.com/covenant"].checkpoint.size, 6);
}

/// Whoever has an honest log's checkpoints can send each with a proof that is none. That blames nobody, and takes no room from a fork.
#[test]
fn proofs_made_up_leave_room_for_the_evidence_of_a_fork() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    world::append(&ledger, 80);
    let fork = world::open_as(&world.path().join("fork"), 5);
    world::append(&fork, 6);
    let place = world.path().join("witness");
    let (tell, told) = mpsc::channel();
    let witness = witness(&place, &ledger).telling(move |evidence| tell.send(evidence.clone()).expect("told"));
    assert_eq!(witness.add_checkpoint(&request(&ledger, 0, 6), NOW).status, 200);
    for size in 7..=80 {
        let note = ledger.checkpoint_at(size).expect("one").note().to_owned();
        let made_up = format!("old 6\n{}\n\n{note}", "A".repeat(43) + "=");
        assert_eq!(
            witness.add_checkpoint(made_up.as_bytes(), NOW).status,
            422,
            "size {size}"
        );
    }
    assert_eq!((witness.forks(), witness.unproven()), (0, 64));
    // The newest are kept, and whoever runs the witness is told of each.
    let told_of: Vec<Evidence> = told.try_iter().collect();
    let kept = |evidence: &&Evidence| evidence.kept.as_ref().is_some_and(|path| path.exists());
    assert_eq!((told_of.len(), told_of.iter().filter(kept).count()), (74, 64));
    assert!(
        told_of
            .iter()
            .rev()
            .take(40)
            .all(|evidence| kept(&evidence) && !evidence.fork)
    );
    assert_eq!(witness.add_checkpoint(&request(&fork, 6, 6), NOW).status, 422);
    assert_eq!((witness.forks(), witness.unproven()), (1, 64));
    let forked = told.try_recv().expect("told");
    assert!(forked.fork && forked.size == 6 && forked.log == "example.com/covenant");
    assert!(forked.kept.is_some_and(|path| path.is_file()) && forked.cosigned.is_file());
    // Nor does it keep the log from going on; and what is cosigned was no fork.
    assert_eq!(witness.add_checkpoint(&request(&ledger, 6, 80), NOW).status, 200);
    assert_eq!((witness.forks(), witness.unproven()), (1, 63));
}

/// The race of the specification: many requests at once, of which each pair must be decided one after the other.
#[test]
fn racing_requests_never_set_it_back() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    world::append(&ledger, 64);
    let witness = witness(&world.path().join("witness"), &ledger);
    let requests: Vec<Vec<u8>> = (1..=64).map(|size| request(&ledger, 0, size)).collect();
    thread::scope(|scope| {
        for number in 0..8usize {
            let (witness, ledger, requests) = (&witness, &ledger, &requests);
            scope.spawn(move || {
                let mut seen = 0;
                for step in 0..200 {
                    let size = 1 + (number * 37 + step * 11) as u64 % 64;
                    let answer = witness.add_checkpoint(&requests[size as usize - 1], NOW);
                    let at = match answer.status {
                        200 => size,
                        409 => answer.body.trim().parse().expect("a size"),
                        status => panic!("{status}: {}", answer.body),
                    };
                    assert!(at >= seen, "it went back from {seen} to {at}");
                    seen = at;
                    if size > at {
                        witness.add_checkpoint(&request(ledger, at, size), NOW);
                    }
                }
            });
        }
    });
    let size = witness.seen()["example.com/covenant"].checkpoint.size;
    assert!(size > 1);
    let expected = *ledger.checkpoint_at(size).expect("one").root();
    assert_eq!(witness.seen()["example.com/covenant"].checkpoint.root.0, expected.0);
}

#[test]
fn a_damaged_memory_is_not_believed() {
    let world = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&world.path().join("log"));
    world::append(&ledger, 5);
    let place = world.path().join("witness");
    let first = witness(&place, &ledger);
    assert_eq!(first.add_checkpoint(&request(&ledger, 0, 5), NOW).status, 200);
    drop(first);
    let file = std::fs::read_dir(&place)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .find(|path| path.extension().is_some_and(|end| end == "checkpoint"))
        .expect("what it cosigned");
    let whole = std::fs::read(&file).expect("read");
    let opened = || {
        Witness::open(&place, NAME, secret(), vec![log_key(&ledger)])
            .map(drop)
            .map_err(|refusal| refusal.code())
    };
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&file, &changed).expect("written");
        assert_eq!(opened(), Err("audit-witness-state"), "byte {at}");
    }
    // An older checkpoint of the log, without the witness's own word.
    std::fs::write(&file, ledger.checkpoint_at(3).expect("one").note()).expect("written");
    assert_eq!(opened(), Err("audit-witness-state"));
    std::fs::write(&file, &whole).expect("written");
    assert_eq!(opened(), Ok(()));
}

/// The two readings of policies agree: the ledger's, and the auditor's.
#[test]
fn both_readings_of_a_policy_agree() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 2);
    let checkpoint = ledger.checkpoint();
    let secrets: Vec<SigningKey> = (0..4).map(|number| SigningKey::from_bytes(&[number; 32])).collect();
    let keys: Vec<WitnessKey> = (0..4)
        .map(|number| WitnessKey::new(format!("w.example/{number}"), secrets[number].verifying_key()).expect("a name"))
        .collect();
    let mut head = format!("log {}\n", ledger.key());
    for (number, key) in keys.iter().enumerate() {
        head += &format!("witness w{number} {key} https://w{number}.example\n");
    }
    let rests = [
        "quorum none\n",
        "quorum w2\n",
        "group g 2 w0 w1 w2\nquorum g\n",
        "group g all w0 w1\ngroup h any g w3\nquorum h\n",
        "group g any w0 w1 w2 w3\nquorum g\n",
        "",
        "quorum w9\n",
        "quorum w1\nquorum w1\n",
        "group g 3 w0 w1\nquorum g\n",
        "group g all w0 w0\nquorum g\n",
        "group w1 any w0\nquorum w1\n",
        "group none any w0\nquorum none\n",
        "group g any\nquorum none\n",
        "quorum none",
        "log x\nquorum none\n",
        " # said\n\tquorum\tw0 \n",
        "group g 02 w0 w1\nquorum g\n",
        "nonsense\nquorum none\n",
    ];
    let log = log_key(&ledger);
    for rest in rests {
        let text = format!("{head}{rest}");
        let (ours, theirs) = (Policy::read(text.as_bytes()), WitnessPolicy::parse(&text));
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{rest:?}: {ours:?} {theirs:?}");
        let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
            continue;
        };
        for subset in 0..16u32 {
            let mut note = checkpoint.note().to_owned();
            for number in (0..4).filter(|number| subset >> number & 1 == 1) {
                note += &keys[number].cosign(&checkpoint.checkpoint().text(), 5, &secrets[number]);
            }
            let by = |theirs: Vec<covenant_ledger::witness::Cosigned>| {
                theirs.into_iter().map(|by| by.name).collect::<Vec<_>>()
            };
            assert_eq!(
                ours.check(note.as_bytes(), &log).ok(),
                theirs.check(&note, ledger.key()).ok().map(by),
                "{rest:?} cosigned by {subset:04b}"
            );
        }
    }
}
