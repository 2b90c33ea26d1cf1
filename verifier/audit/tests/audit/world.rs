//! Ledgers to export, and where their exports' records lie.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use covenant_audit::export::{self, Nobody, Summary, Visitor};
use covenant_audit::hash;
use covenant_audit::{Finding, Stopped};
use covenant_ledger::{Config, Draft, Kind, Ledger, Limits, Scope, StreamId, Witnessing};
use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

/// A ledger in this directory, whose clock runs.
pub fn open(directory: &Path) -> Ledger {
    open_as(directory, 42)
}

/// A ledger of other salts.
pub fn open_as(directory: &Path, seed: u8) -> Ledger {
    open_with(directory, seed, 42, None)
}

/// A ledger of another key.
pub fn open_other(directory: &Path) -> Ledger {
    open_with(directory, 42, 43, None)
}

/// The same as [`open_as`], under witnesses from now on, once they have cosigned what is there.
pub fn open_witnessed(directory: &Path, seed: u8) -> Ledger {
    let ledger = open_with(directory, seed, 42, Some(witnesses::witnessing()));
    while ledger.unwitnessed() {
        std::thread::yield_now();
    }
    ledger
}

fn open_with(directory: &Path, seed: u8, key: u8, witnessing: Option<Witnessing>) -> Ledger {
    let config = Config {
        origin: "example.com/covenant".to_owned(),
        signing_key: SigningKey::from_bytes(&[key; 32]),
        limits: Limits::default(),
        create: true,
        witnessing,
    };
    let time = AtomicU64::new(1_700_000_000_000);
    let clock = move || time.fetch_add(7, Ordering::Relaxed);
    Ledger::open(directory, config, clock, ChaCha20Rng::from_seed([seed; 32])).expect("a ledger")
}

/// The `i`-th submission: one of five streams and three kinds, up to three unique keys, now and then a blob.
pub fn draft(i: u64) -> Draft {
    let kind = ["request", "verdict", "decision.v1"][i as usize % 3];
    let stream = StreamId([u8::try_from(i % 5).expect("small"); 32]);
    let mut draft = Draft::new(Kind::new(kind).expect("a kind"), stream, format!("body number {i}"));
    draft.unique = (0..i % 4).map(|k| format!("key {i} {k}").into_bytes()).collect();
    if i % 10 == 3 {
        draft.blobs = vec![format!("blob {i}").repeat(9).into_bytes()];
    }
    draft
}

/// Appends one after another: a checkpoint stands after each entry.
pub fn append(ledger: &Ledger, count: u64) {
    for i in 0..count {
        ledger.append(draft(i)).expect("appended");
    }
}

/// Submits all at once: few checkpoints.
pub fn submit(ledger: &Ledger, count: u64) {
    let (told, tell) = mpsc::channel();
    for first in (0..count).step_by(1000) {
        let batch = first..count.min(first + 1000);
        for i in batch.clone() {
            let told = told.clone();
            ledger
                .submit_with(draft(i), move |outcome| told.send(outcome.is_ok()).expect("told"))
                .expect("queued");
        }
        assert!(batch.into_iter().all(|_| tell.recv() == Ok(true)));
    }
}

/// The ledger's export.
pub fn export(ledger: &Ledger, scope: &Scope<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    ledger.export(&mut file, scope).expect("exported");
    file
}

/// Reads an export that must hold.
pub fn sound(file: &[u8], visitor: &mut dyn Visitor) -> Summary {
    export::read(|| Ok(file), visitor).unwrap_or_else(|stopped| panic!("{stopped:?}"))
}

/// Reads an export that must not hold.
pub fn finding(file: &[u8]) -> Finding {
    match export::read(|| Ok(file), &mut Nobody) {
        Err(Stopped::Found(finding)) => *finding,
        other => panic!("no finding: {other:?}"),
    }
}

/// A record of an export.
#[derive(Clone, Debug)]
pub struct Record {
    pub tag: u8,
    pub at: usize,
    /// With mark and length.
    pub bytes: Vec<u8>,
    /// The entry that it is, or stands beside; or its number among the records of its mark.
    pub number: u64,
}

/// Cuts a sound export into its first line and its records.
pub fn records(file: &[u8]) -> (Vec<u8>, Vec<Record>) {
    let start = file.iter().position(|b| *b == b'\n').expect("a first line") + 1;
    let mut at = start;
    let mut records: Vec<Record> = Vec::new();
    while at < file.len() {
        let tag = file[at];
        let length = u32::from_be_bytes(file[at + 1..at + 5].try_into().expect("four bytes")) as usize;
        let of = |mark: u8| records.iter().filter(|record| record.tag == mark).count() as u64;
        let number = if matches!(tag, b'B' | b'W' | b'X') {
            of(b'E') - 1
        } else {
            of(tag)
        };
        records.push(Record {
            tag,
            at,
            bytes: file[at..at + 5 + length].to_vec(),
            number,
        });
        at += 5 + length;
    }
    (file[..start].to_vec(), records)
}

/// Puts an export together from its records again, as somebody would who wants to be believed: every link and sum is made anew.
pub fn sealed(first_line: &[u8], records: &[Record]) -> Vec<u8> {
    let (mut out, mut link) = (first_line.to_vec(), [0; 32]);
    for record in records.iter().filter(|record| record.tag != b'Z') {
        let mut bytes = record.bytes.clone();
        let seal = match record.tag {
            b'H' => Some(hash::of(&[&bytes[37..]]).0),
            b'C' => {
                link = hash::of(&[&link, &bytes[37..]]).0;
                Some(link)
            }
            _ => None,
        };
        if let Some(seal) = seal {
            bytes[5..37].copy_from_slice(&seal);
        }
        out.extend(bytes);
    }
    let sum = hash::of(&[&out]);
    out.extend(b"Z\0\0\0\x20");
    out.extend(sum.0);
    out
}

/// Two witnesses, who cosign whatever they are shown.
pub mod witnesses {
    use covenant_ledger::{SignedCheckpoint, Tree, WitnessKey, WitnessPolicy, Witnesses, Witnessing};
    use ed25519_dalek::SigningKey;

    fn secret(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[100 + number; 32])
    }

    fn key(number: u8) -> WitnessKey {
        WitnessKey::new(format!("w.example/{number}"), secret(number).verifying_key()).expect("a name")
    }

    /// Both of these must have cosigned.
    pub fn policy_of(numbers: &[u8]) -> String {
        let lines = numbers
            .iter()
            .map(|number| format!("witness w{number} {}\n", key(*number)));
        let names: Vec<String> = numbers.iter().map(|number| format!("w{number}")).collect();
        format!(
            "{}group g all {}\nquorum g\n",
            lines.collect::<String>(),
            names.join(" ")
        )
    }

    /// The policy of the two.
    pub fn policy() -> String {
        policy_of(&[1, 2])
    }

    struct Both(u64);

    impl Witnesses for Both {
        fn cosign(&mut self, checkpoint: &SignedCheckpoint, _: &Tree, _: &dyn Fn(&str) -> bool) -> String {
            self.0 += 1;
            let line =
                |number| key(number).cosign(&checkpoint.checkpoint().text(), 1_700_000_000 + self.0, &secret(number));
            line(1) + &line(2)
        }
    }

    /// A log under their policy.
    pub fn witnessing() -> Witnessing {
        Witnessing {
            policy: WitnessPolicy::parse(&policy()).expect("a policy"),
            witnesses: Box::new(Both(0)),
        }
    }
}
