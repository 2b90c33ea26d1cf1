//! A stream's own chain, checked alone, and receipts as tlog-proofs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_audit::chain::{self, Chain};
use covenant_audit::note::LogKey;
use covenant_audit::receipt::Receipt;
use covenant_ledger::{Ledger, StreamId};
use covenant_policy::refusal::Refusal;
use serde_json::json;

use crate::world;

/// The chain of one of the world's streams, as the service writes it.
fn written(ledger: &Ledger, stream: u8, bodies: bool) -> String {
    let (id, checkpoint) = (StreamId([stream; 32]), ledger.checkpoint());
    let mut text =
        json!({ "type": "covenant-chain/v1", "stream": id.to_string(), "checkpoint": checkpoint.note() }).to_string();
    let mut count = 0;
    for entry in ledger.stream(id, 0) {
        let entry = entry.expect("an entry");
        let proof = ledger.inclusion(entry.index, checkpoint.size()).expect("a proof");
        let proof: Vec<String> = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
        let mut line = json!({ "entry": STANDARD.encode(entry.encode()), "proof": proof });
        if bodies {
            let opening = ledger.body(entry.index).expect("a body");
            line["salt"] = STANDARD.encode(opening.salt).into();
            line["body"] = STANDARD.encode(opening.body).into();
        }
        text += &format!("\n{line}");
        count += 1;
    }
    text + &format!("\n{}\n", json!({ "entries": count }))
}

fn read(text: &str, ledger: &Ledger) -> Result<Chain, Refusal> {
    let key = LogKey::parse(&ledger.key().to_string()).expect("a key");
    chain::read(text.as_bytes(), &key, |_, _| {})
}

#[test]
fn a_chain_holds_alone_with_and_without_bodies() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 23);
    for bodies in [false, true] {
        for stream in 0..5 {
            let chain = read(&written(&ledger, stream, bodies), &ledger).expect("it holds");
            assert_eq!(chain.entries, (23 + 4 - u64::from(stream)) / 5);
            assert_eq!(chain.bodies, if bodies { chain.entries } else { 0 });
            assert_eq!((chain.stream.0, chain.checkpoint.size), ([stream; 32], 23));
        }
    }
}

#[test]
fn whatever_is_changed_or_missing_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 23);
    let text = written(&ledger, 1, true);
    let lines: Vec<&str> = text.lines().collect();
    let code = |lines: &[&str]| {
        read(&(lines.join("\n") + "\n"), &ledger)
            .map_err(|refusal| refusal.code())
            .map(drop)
    };
    assert_eq!(code(&lines), Ok(()));
    // Every line left out, doubled, or exchanged with the next.
    for at in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(at);
        assert!(code(&fewer).is_err(), "without line {at}");
        let mut more = lines.clone();
        more.insert(at, lines[at]);
        assert!(code(&more).is_err(), "line {at} twice");
        if at + 1 < lines.len() {
            let mut exchanged = lines.clone();
            exchanged.swap(at, at + 1);
            assert!(code(&exchanged).is_err(), "lines {at} and the next");
        }
    }
    let left_out: Vec<&str> = [&lines[..2], &lines[3..]].concat();
    assert_eq!(code(&left_out), Err("audit-stream"));
    // Another stream's entries under this one's name.
    let other = written(&ledger, 2, true);
    let mixed: Vec<&str> = std::iter::once(lines[0]).chain(other.lines().skip(1)).collect();
    assert_eq!(code(&mixed), Err("audit-stream"));
    // Every byte.
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        assert!(
            read(&changed, &ledger).is_err(),
            "byte {at}: {:?}",
            &changed[at.saturating_sub(20)..(at + 20).min(changed.len())]
        );
    }
}

#[test]
fn a_tlog_proof_is_read_as_the_receipt_that_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(directory.path());
    world::append(&ledger, 11);
    let key = LogKey::parse(&ledger.key().to_string()).expect("a key");
    for index in 0..11 {
        let theirs = ledger.receipt(index).expect("a receipt");
        let text = theirs.tlog_proof().expect("a proof");
        let ours = Receipt::read(text.as_bytes()).expect("a receipt");
        assert_eq!(ours, Receipt::read(&theirs.encode()).expect("a receipt"));
        let shown = ours.verify(&key).expect("it holds");
        assert_eq!((shown.entry.index, shown.checkpoint.size), (index, 11));
    }
    let text = ledger
        .receipt(6)
        .expect("a receipt")
        .tlog_proof()
        .expect("a proof")
        .into_bytes();
    for at in 0..text.len() {
        for mask in [1, 0x20] {
            let mut changed = text.clone();
            changed[at] ^= mask;
            let holds = Receipt::read(&changed).and_then(|receipt| receipt.verify(&key).map(drop));
            assert!(holds.is_err(), "byte {at}");
        }
    }
}
