//! A log under a policy: what its witnesses have not cosigned is not acknowledged, not shown, and not lost.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::cosignature::WitnessKey;
use crate::note::LogKey;
use crate::witness::WitnessPolicy;
use crate::witnessing::{Tree, Witnesses};

const TIME: u64 = 1_700_000_000;

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[100 + number; 32])
}

fn key(number: u8) -> WitnessKey {
    WitnessKey::new(format!("w.example/{number}"), secret(number).verifying_key()).expect("a name")
}

/// Two of three.
fn policy() -> WitnessPolicy {
    let mut text = String::new();
    for number in 0..3 {
        text += &format!("witness w{number} {}\n", key(number));
    }
    WitnessPolicy::parse(&(text + "group g 2 w0 w1 w2\nquorum g\n")).expect("a policy")
}

/// Three witnesses that check what they are shown, of whom some answer.
struct Three {
    answers: Arc<Mutex<Vec<u8>>>,
    nonsense: Arc<AtomicBool>,
    seen: Vec<Option<(u64, Hash)>>,
}

impl Witnesses for Three {
    fn cosign(&mut self, checkpoint: &SignedCheckpoint, tree: &Tree, enough: &dyn Fn(&str) -> bool) -> String {
        let mut lines = String::new();
        let answers = self.answers.lock().expect("the answers").clone();
        for number in answers {
            let seen = &mut self.seen[usize::from(number)];
            let (old, root) = seen.unwrap_or((0, Hash::empty_root()));
            let proof = tree.consistency(old, checkpoint.size()).expect("a proof");
            let consistent = tree::verify_consistency(old, &root, checkpoint.size(), checkpoint.root(), &proof);
            assert_eq!(consistent, Ok(()), "a witness was shown another history");
            *seen = Some((checkpoint.size(), *checkpoint.root()));
            if self.nonsense.load(Ordering::Relaxed) {
                lines += "\u{2014} w.example/0 AAAA\nand more";
                lines += &key(number).cosign("another text\n", TIME, &secret(number));
            } else {
                lines += &key(number).cosign(&checkpoint.checkpoint().text(), TIME, &secret(number));
            }
            if enough(&lines) {
                break;
            }
        }
        lines
    }
}

/// A log whose witnesses can be told to be silent.
struct World {
    store: Memory,
    answers: Arc<Mutex<Vec<u8>>>,
    nonsense: Arc<AtomicBool>,
}

impl World {
    fn new() -> Self {
        Self {
            store: Memory::default(),
            answers: Arc::new(Mutex::new(vec![0, 1, 2])),
            nonsense: Arc::default(),
        }
    }

    fn open(&self) -> Ledger {
        let witnesses = Three {
            answers: Arc::clone(&self.answers),
            nonsense: Arc::clone(&self.nonsense),
            seen: vec![None; 3],
        };
        let config = Config {
            witnessing: Some(Witnessing {
                policy: policy(),
                witnesses: Box::new(witnesses),
            }),
            ..config(Limits::default())
        };
        let rng = Box::new(ChaCha20Rng::seed_from_u64(1));
        Ledger::on(Arc::new(self.store.clone()), config, Arc::new(|| 7), rng).expect("open")
    }

    fn answer(&self, who: &[u8]) {
        *self.answers.lock().expect("the answers") = who.to_vec();
    }
}

/// Waits until the writer has asked the witnesses again.
fn settled(ledger: &Ledger) {
    for _ in 0..1000 {
        if !ledger.unwitnessed() {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the witnesses were not asked again");
}

fn cosigners(note: &str, log: &LogKey) -> usize {
    policy().check(note, log).map_or(0, |cosigned| cosigned.len())
}

#[test]
fn a_receipt_bears_its_cosignatures() {
    let world = World::new();
    let ledger = world.open();
    let receipt = ledger.append(draft("body")).expect("appended");
    receipt.verify(ledger.key()).expect("verified");
    assert_eq!(
        cosigners(&receipt.checkpoint, ledger.key()),
        2,
        "the third was not waited for"
    );
    assert_eq!(receipt.checkpoint, ledger.checkpoint().note());
    drop(ledger);
    // They are kept: after a restart nobody has to be asked.
    world.answer(&[]);
    let ledger = world.open();
    assert!(!ledger.unwitnessed());
    assert_eq!(ledger.checkpoint().note(), receipt.checkpoint);
    ledger.check().expect("intact");
}

#[test]
fn nothing_is_acknowledged_or_shown_without_a_quorum() {
    let world = World::new();
    let ledger = world.open();
    settled(&ledger);
    ledger.append(unique("first", "a")).expect("appended");
    for who in [&[][..], &[1]] {
        world.answer(who);
        let refused = ledger.append(unique("second", "b")).expect_err("refused");
        assert_eq!(refused.code(), "ledger-unwitnessed");
        assert!(ledger.unwitnessed() && ledger.stopped().is_none());
        assert_eq!((ledger.size(), ledger.by_unique(b"b")), (1, Ok(None)));
        // At most one group is written that nobody was told of.
        assert_eq!(
            state::head(ledger.store.as_ref())
                .expect("a head")
                .expect("a head")
                .size,
            2
        );
    }
    world.answer(&[1, 2]);
    settled(&ledger);
    // What was not acknowledged became an entry once it could be; it is not accepted a second time.
    assert_eq!((ledger.size(), ledger.by_unique(b"b")), (2, Ok(Some(1))));
    let again = ledger.append(unique("second", "b")).map_err(|error| error.code());
    assert_eq!(again, Err("unique-taken"));
    assert_eq!(
        cosigners(ledger.receipt(1).expect("a receipt").checkpoint.as_str(), ledger.key()),
        2
    );
    ledger.check().expect("intact");
}

/// What was decided beside the write of a group that finds no quorum is refused, and not written: at most one group is.
#[test]
fn what_was_decided_beside_an_uncosigned_group_is_not_written() {
    let world = World::new();
    let ledger = world.open();
    settled(&ledger);
    let gate = world.store.gate.lock().expect("the gate");
    let mut tickets = vec![ledger.submit(unique("first", "a")).expect("queued")];
    taken(&ledger, 0);
    world.answer(&[2]);
    tickets.extend(["a", "b"].map(|key| ledger.submit(unique("second", key)).expect("queued")));
    taken(&ledger, 0);
    drop(gate);
    for ticket in tickets {
        let refused = ticket.wait().map(drop).map_err(|error| error.code());
        assert_eq!(refused, Err("ledger-unwitnessed"));
    }
    let head = state::head(ledger.store.as_ref()).expect("a head").expect("a head");
    assert_eq!((head.size, ledger.size()), (1, 0));
    world.answer(&[0, 2]);
    settled(&ledger);
    assert_eq!((ledger.size(), ledger.by_unique(b"b")), (1, Ok(None)));
    let receipt = ledger.append(unique("second", "b")).expect("appended");
    assert_eq!(receipt.verify(ledger.key()).expect("verified").entry.index, 1);
    ledger.check().expect("intact");
}

#[test]
fn a_log_that_ended_without_its_witnesses_shows_the_rest_once_they_answer() {
    let world = World::new();
    let ledger = world.open();
    settled(&ledger);
    ledger.append(draft("first")).expect("appended");
    world.answer(&[0]);
    assert!(ledger.append(draft("second")).is_err());
    drop(ledger);
    world.answer(&[]);
    let ledger = world.open();
    assert_eq!(ledger.size(), 1, "readers see what was cosigned");
    assert!(ledger.unwitnessed());
    assert_eq!(
        ledger.append(draft("third")).map_err(|error| error.code()),
        Err("ledger-unwitnessed")
    );
    world.answer(&[0, 1, 2]);
    settled(&ledger);
    assert_eq!(ledger.size(), 2);
    assert_eq!(
        ledger
            .append(draft("third"))
            .expect("appended")
            .verify(ledger.key())
            .expect("verified")
            .entry
            .index,
        2
    );
}

#[test]
fn a_policy_over_an_older_log_begins_with_the_empty_tree() {
    let world = World::new();
    let ledger = open(&world.store).expect("open");
    for body in ["one", "two"] {
        ledger.append(draft(body)).expect("appended");
    }
    drop(ledger);
    world.answer(&[]);
    let ledger = world.open();
    assert_eq!(ledger.size(), 0);
    world.answer(&[0, 2]);
    settled(&ledger);
    assert_eq!(ledger.size(), 2);
}

#[test]
fn nonsense_from_witnesses_neither_counts_nor_spoils() {
    let world = World::new();
    let ledger = world.open();
    settled(&ledger);
    world.nonsense.store(true, Ordering::Relaxed);
    assert_eq!(
        ledger.append(draft("first")).map_err(|error| error.code()),
        Err("ledger-unwitnessed")
    );
    world.nonsense.store(false, Ordering::Relaxed);
    settled(&ledger);
    let note = ledger.checkpoint().note().to_owned();
    assert_eq!(cosigners(&note, ledger.key()), 2);
    assert!(!note.contains("AAAA\n"));
}
