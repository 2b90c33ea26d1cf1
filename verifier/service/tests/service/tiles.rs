//! The log as C2SP's static pieces, and what is found in it by hashes: all of it checks out against the log's key alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_ledger::tree::Edge;
use covenant_ledger::{Entry, Hash, Layer, Receipt, SignedCheckpoint, Tile, tree};
use covenant_verifier::tokens::Role;
use data_encoding::HEXLOWER;

use crate::ledger::{fill, key};
use crate::world::World;

const FOREVER: &str = "public, max-age=31536000, immutable";

#[test]
fn the_whole_log_can_be_rebuilt_from_its_tiles() {
    let world = World::new();
    let server = world.start();
    fill(&server, 600);
    let checkpoint = SignedCheckpoint::open(server.get("/v1/ledger/checkpoint").text(), &key(&server)).unwrap();
    let size = checkpoint.size();
    assert_eq!(size, 601);
    let mut edge = Edge::default();
    let mut leaves = Vec::new();
    for tile in Tile::all(size) {
        let answer = server.get(&format!("/v1/ledger/tile/{tile}"));
        assert_eq!(answer.status, 200, "{tile}");
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert_eq!(answer.header("cache-control"), Some(FOREVER));
        match tile.layer() {
            Layer::Entries => {
                let mut rest = answer.body.as_slice();
                while let Some((length, after)) = rest.split_first_chunk() {
                    let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                    assert_eq!(Entry::decode(entry).unwrap().index, edge.size());
                    edge.append(Hash::leaf(entry), |_| {});
                    rest = after;
                }
            }
            Layer::Hashes(0) => leaves.extend_from_slice(&answer.body),
            Layer::Hashes(_) => assert_eq!(answer.body.len(), 32 * usize::from(tile.width())),
        }
    }
    assert_eq!((edge.size(), edge.root()), (size, *checkpoint.root()));
    let mut again = Edge::default();
    leaves
        .chunks_exact(32)
        .for_each(|leaf| again.append(Hash::from_slice(leaf).unwrap(), |_| {}));
    assert_eq!(again.root(), edge.root());
    // Each hash of the second level is the root of a full tile of the first.
    let second = server.get("/v1/ledger/tile/1/000.p/2").body;
    let mut first = Edge::default();
    leaves[..8192]
        .chunks_exact(32)
        .for_each(|leaf| first.append(Hash::from_slice(leaf).unwrap(), |_| {}));
    assert_eq!(first.root().0, second[..32]);
    // A second time from memory: the same.
    assert_eq!(server.get("/v1/ledger/tile/0/000").body, leaves[..8192]);
    // Partial tiles of earlier sizes are beginnings of the later ones.
    assert_eq!(server.get("/v1/ledger/tile/0/002.p/7").body, leaves[512 * 32..519 * 32]);
}

#[test]
fn tiles_that_are_not_there_are_not_cached() {
    let world = World::new();
    let server = world.start();
    fill(&server, 10);
    for path in [
        "0/000",
        "0/000.p/12",
        "1/000",
        "entries/000",
        "0/001.p/1",
        "9/000",
        "63/x999/999",
    ] {
        let answer = server.get(&format!("/v1/ledger/tile/{path}"));
        assert_eq!(answer.problem(), (404, "not-in-ledger".into()), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for path in [
        "0/0",
        "00/000",
        "64/000",
        "0/000.p/0",
        "0/000.p/256",
        "data/000",
        "0/x000/000",
        "entries/000/",
    ] {
        let answer = server.get(&format!("/v1/ledger/tile/{path}"));
        assert_eq!(answer.problem(), (404, "not-found".into()), "{path}");
    }
    assert_eq!(
        server.get("/v1/ledger/checkpoint").header("cache-control"),
        Some("no-store")
    );
    // A name whose slashes are escaped, as the description's clients write it.
    assert_eq!(server.get("/v1/ledger/tile/0%2F000.p%2F11").status, 200);
}

#[test]
fn an_entry_is_found_by_its_hash_and_by_its_commitment() {
    let world = World::new();
    let server = world.start();
    fill(&server, 9);
    let key = key(&server);
    let (_, auditor) = world.token(Role::Auditor {});
    for index in [0, 4, 9] {
        let receipt: Receipt =
            serde_json::from_slice(&server.get(&format!("/v1/ledger/receipts/{index}")).body).unwrap();
        let entry = Entry::decode(&receipt.entry).unwrap();
        let by = |what: &str, hash: &Hash| format!("/v1/ledger/receipts/by-{what}/{}", HEXLOWER.encode(&hash.0));
        for path in [by("entry", &entry.hash()), by("commitment", &entry.body_hash)] {
            let found: Receipt = serde_json::from_slice(&server.get(&path).body).unwrap();
            assert_eq!(found, receipt);
            assert_eq!(found.verify(&key).unwrap().entry.index, index);
            let whole: Receipt = serde_json::from_slice(&server.get_as(&auditor, &path).body).unwrap();
            assert!(whole.opening.is_some() && whole.verify(&key).is_ok());
        }
        assert_eq!(
            server.get(&by("entry", &entry.body_hash)).problem(),
            (404, "not-in-ledger".into())
        );
        let text = server.get(&format!("/v1/ledger/receipts/{index}/tlog-proof"));
        let proof = Receipt::from_tlog_proof(text.text()).unwrap();
        assert_eq!(proof, receipt);
    }
    for bad in ["", "00", "xyz", &"A".repeat(64)] {
        let answer = server.get(&format!("/v1/ledger/receipts/by-entry/{bad}"));
        assert!([400, 404].contains(&answer.status), "{bad:?}: {}", answer.status);
    }
    let unknown = "0".repeat(64);
    assert_eq!(
        server.get(&format!("/v1/requests/{unknown}/receipts")).problem(),
        (404, "not-in-ledger".into())
    );
}

#[test]
fn a_stream_is_given_with_its_proofs() {
    let world = World::new();
    let server = world.start();
    fill(&server, 5);
    let receipt: Receipt = serde_json::from_slice(&server.get("/v1/ledger/receipts/3").body).unwrap();
    let stream = Entry::decode(&receipt.entry).unwrap().stream;
    let answer = server.get(&format!("/v1/ledger/streams/{stream}"));
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<serde_json::Value> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["type"], "covenant-chain/v1");
    let checkpoint = SignedCheckpoint::open(lines[0]["checkpoint"].as_str().unwrap(), &key(&server)).unwrap();
    let entry = STANDARD.decode(lines[1]["entry"].as_str().unwrap()).unwrap();
    let proof: Vec<Hash> = lines[1]["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| Hash::from_slice(&STANDARD.decode(hash.as_str().unwrap()).unwrap()).unwrap())
        .collect();
    tree::verify_inclusion(&Hash::leaf(&entry), 3, checkpoint.size(), &proof, checkpoint.root()).unwrap();
    assert!(lines[1].get("body").is_none(), "a stranger gets no bodies");
    assert_eq!(lines[2]["entries"], 1);
    let (_, auditor) = world.token(Role::Auditor {});
    assert!(
        server
            .get_as(&auditor, &format!("/v1/ledger/streams/{stream}"))
            .text()
            .contains("\"body\"")
    );
    let nothing = server.get(&format!("/v1/ledger/streams/{}", "77".repeat(32)));
    assert_eq!(nothing.problem(), (404, "not-in-ledger".into()));
}
