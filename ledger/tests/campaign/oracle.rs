//! The one oracle of all campaigns: what must hold of a ledger after any fault, given what its writer had acknowledged.

use std::collections::BTreeMap;
use std::path::Path;

use covenant_ledger::tree::Edge;
use covenant_ledger::{Hash, Ledger, Tile, tree};

use crate::common;

/// What the writer said it had acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub index: u64,
    pub leaf: String,
    pub size: u64,
    pub root: Hash,
    pub key: String,
}

fn hash(hex: &str) -> Hash {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
    Hash::from_slice(&bytes).expect("32 bytes")
}

/// Reads an acknowledgement.
pub fn acknowledged(line: &str) -> Acknowledged {
    let fields: Vec<&str> = line.split(' ').collect();
    let ["ack", index, leaf, size, root, key] = fields[..] else {
        panic!("not an acknowledgement: {line:?}");
    };
    Acknowledged {
        index: index.parse().expect("a number"),
        leaf: leaf.to_owned(),
        size: size.parse().expect("a number"),
        root: hash(root),
        key: key.to_owned(),
    }
}

/// Everything that was acknowledged is where it was said to be, and the tree continues every one that anybody saw.
pub fn compare(ledger: &Ledger, acknowledged: &[Acknowledged]) {
    let (size, root) = (ledger.size(), *ledger.checkpoint().root());
    let mut seen = BTreeMap::new();
    for said in acknowledged {
        let entry = ledger.entry(said.index).expect("an acknowledged entry");
        assert_eq!(entry.hash().to_string(), said.leaf, "entry {}", said.index);
        assert_eq!(
            ledger.by_entry_hash(&hash(&said.leaf)),
            Ok(Some(said.index)),
            "{}",
            said.leaf
        );
        assert_eq!(ledger.by_commitment(&entry.body_hash), Ok(Some(said.index)));
        assert_eq!(
            ledger.by_unique(said.key.as_bytes()),
            Ok(Some(said.index)),
            "{}",
            said.key
        );
        assert!(said.index < said.size && said.size <= size);
        assert_eq!(
            *seen.entry(said.size).or_insert(said.root),
            said.root,
            "two roots of size {}",
            said.size
        );
    }
    for (old, old_root) in seen {
        let proof = ledger.consistency(old, size).expect("a proof");
        assert_eq!(
            tree::verify_consistency(old, &old_root, size, &root, &proof),
            Ok(()),
            "from {old}"
        );
    }
}

/// The root recomputed from the entries is the one that tiles and signed checkpoint have.
fn tiles(ledger: &Ledger) {
    let size = ledger.size();
    let mut edge = Edge::default();
    for tile in Tile::all(size).filter(|tile| tile.node_level().is_none()) {
        let bytes = ledger.tile(&tile).expect("entries");
        let level0 = format!("{tile}").replace("entries/", "0/");
        let level0 = ledger.tile(&Tile::parse(&level0).expect("a tile")).expect("hashes");
        let mut hashes = level0.chunks_exact(32);
        let mut rest = bytes.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            let leaf = Hash::leaf(entry);
            assert_eq!(hashes.next(), Some(leaf.0.as_slice()), "a leaf of {tile}");
            edge.append(leaf, |_| {});
            rest = after;
        }
        assert_eq!(hashes.next(), None, "{tile}");
    }
    assert_eq!((edge.size(), edge.root()), (size, *ledger.checkpoint().root()));
}

/// Opens the ledger after a fault and demands all of it: what was acknowledged is at its index, indices are dense, the root recomputed
/// from entries is that of tiles and signed checkpoint, the checkpoint continues every one that the writer was shown, the chain is
/// intact, each unique key stands once. How many entries it holds.
pub fn holds(directory: &Path, acknowledged: &[Acknowledged]) -> u64 {
    let ledger = common::open(directory).expect("reopened");
    compare(&ledger, acknowledged);
    // Entries, bodies, nodes, chain, streams, unique keys, look-ups and every stored checkpoint.
    let summary = ledger.check().expect("intact");
    assert_eq!((summary.entries, summary.unique), (ledger.size(), ledger.size()));
    tiles(&ledger);
    ledger.size()
}
