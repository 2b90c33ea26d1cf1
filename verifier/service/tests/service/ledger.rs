//! The log as anybody reads it: what is served is what the ledger holds, and checks out.

use crate::world::{Server, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_ledger::{Draft, Entry, Hash, Kind, LogKey, Receipt, Scope, SignedCheckpoint, StreamId, tree};
use covenant_verifier::tokens::Role;
use serde_json::Value;

/// Appends entries of no meaning, one by one, so that every size has its checkpoint.
pub fn fill(server: &Server, entries: u64) {
    let app = server.0.app().unwrap();
    for number in 0..entries {
        let mut draft = Draft::new(
            Kind::new("test").unwrap(),
            StreamId([number as u8; 32]),
            number.to_be_bytes(),
        );
        draft.blobs.push(format!("blob {number}").into_bytes());
        app.log.ledger().append(draft).unwrap();
    }
}

pub fn key(server: &Server) -> LogKey {
    LogKey::parse(server.get("/v1/log").json()["log_key"].as_str().unwrap()).unwrap()
}

fn entry(json: &Value) -> Vec<u8> {
    STANDARD.decode(json["entry"].as_str().unwrap()).unwrap()
}

fn hashes(json: &Value) -> Vec<Hash> {
    let texts = json["hashes"].as_array().unwrap().iter();
    texts
        .map(|text| Hash::from_slice(&STANDARD.decode(text.as_str().unwrap()).unwrap()).unwrap())
        .collect()
}

#[test]
fn checkpoints_entries_and_proofs_fit_together() {
    let world = World::new();
    let server = world.start();
    fill(&server, 20);
    let key = key(&server);
    let open = |path: &str| SignedCheckpoint::open(server.get(path).text(), &key).unwrap();
    let last = open("/v1/ledger/checkpoint");
    assert_eq!(last.size(), 21);
    let earlier = open("/v1/ledger/checkpoints/5");
    assert_eq!(earlier.size(), 5);
    for index in [0, 4, 20] {
        let json = server.get(&format!("/v1/ledger/entries/{index}")).json();
        let bytes = entry(&json);
        assert_eq!(
            (json["index"].as_u64(), Entry::decode(&bytes).unwrap().index),
            (Some(index), index)
        );
        let proof = hashes(
            &server
                .get(&format!("/v1/ledger/inclusion?index={index}&size=21"))
                .json(),
        );
        tree::verify_inclusion(&Hash::leaf(&bytes), index, 21, &proof, last.root()).unwrap();
        let receipt: Receipt =
            serde_json::from_slice(&server.get(&format!("/v1/ledger/receipts/{index}")).body).unwrap();
        assert_eq!(receipt.opening, None);
        assert_eq!(receipt.verify(&key).unwrap().entry.index, index);
    }
    let proof = hashes(&server.get("/v1/ledger/consistency?old=5&new=21").json());
    tree::verify_consistency(5, earlier.root(), 21, last.root(), &proof).unwrap();
}

#[test]
fn pages_go_on_to_the_end() {
    let world = World::with(|settings| {
        settings.page_default = 3;
        settings.page_max = 5;
    });
    let server = world.start();
    fill(&server, 10);
    let page = |query: &str| {
        let json = server.get(&format!("/v1/ledger/entries{query}")).json();
        let indexes: Vec<u64> = json["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["index"].as_u64().unwrap())
            .collect();
        (indexes, json["next"].as_u64().unwrap())
    };
    assert_eq!(page(""), (vec![0, 1, 2], 3));
    assert_eq!(page("?from=3"), (vec![3, 4, 5], 6));
    assert_eq!(
        page("?from=3&to=100"),
        (vec![3, 4, 5, 6, 7], 8),
        "no page is larger than page_max"
    );
    assert_eq!(page("?from=8&to=100"), (vec![8, 9, 10], 11));
    assert_eq!(page("?from=11"), (vec![], 11));
    assert_eq!(page("?from=4&to=4"), (vec![], 4));
    assert_eq!(page("?from=18446744073709551615"), (vec![], u64::MAX));
}

#[test]
fn an_export_is_the_ledgers_own() {
    let world = World::new();
    let server = world.start();
    fill(&server, 300);
    let export = |scope: &Scope<'_>| {
        let mut bytes = Vec::new();
        server.0.app().unwrap().log.ledger().export(&mut bytes, scope).unwrap();
        bytes
    };
    let public = server.get("/v1/ledger/export");
    assert_eq!(public.header("content-type"), Some("application/octet-stream"));
    assert!(public.body == export(&Scope::public()));
    let (_, auditor) = world.token(Role::Auditor {});
    let everything = server.get_as(&auditor, "/v1/ledger/export").body;
    assert!(everything == export(&Scope::everything()));
    assert!(everything.len() > public.body.len());
    let (_, bank) = world.token(Role::Bank {
        bank: covenant_api::types::Hex32([7; 32]),
    });
    assert!(server.get_as(&bank, "/v1/ledger/export").body == export(&Scope::public()));
}

#[test]
fn exports_that_nobody_reads_do_not_pile_up() {
    let world = World::with(|settings| {
        settings.exports_max = 1;
        settings.export_stall_ms = 500;
    });
    let server = world.start();
    // More than the connection and the channel hold.
    let app = server.0.app().unwrap();
    for number in 0..24_u8 {
        let draft = Draft::new(
            Kind::new("test").unwrap(),
            StreamId([number; 32]),
            vec![number; 1 << 20],
        );
        app.log.ledger().append(draft).unwrap();
    }
    drop(app);
    let (_, auditor) = world.token(Role::Auditor {});
    let call = format!("GET /v1/ledger/export HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {auditor}\r\n\r\n");
    let stalled = server.raw(call.as_bytes());
    // Its first byte says that it holds the place.
    let mut first = [0];
    std::io::Read::read_exact(&mut &stalled, &mut first).unwrap();
    let began = std::time::Instant::now();
    // The second is told to come again while the first one holds its place, and gets through once that was given up.
    let mut refused = 0;
    loop {
        let answer = server.get("/v1/ledger/export");
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.problem(), (503, "overloaded".into()));
        assert_eq!(answer.header("retry-after"), Some("1"));
        refused += 1;
        assert!(began.elapsed().as_secs() < 30);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(refused > 0);
    // What arrived of the first does not end as if it were whole.
    let mut bytes = Vec::new();
    let ended = std::io::Read::read_to_end(&mut &stalled, &mut bytes);
    assert!(ended.is_err() || !bytes.ends_with(b"0\r\n\r\n"));
}
