//! Our tree, notes, checkpoints and tile names against two other implementations, `tlog_tiles` and `signed_note`, which agree with Go's:
//! on honest inputs, and on the same inputs with something changed. Whatever one accepts the other accepts.
//!
//! `COVENANT_CASES=1000000` is the long form.

use std::convert::Infallible;

use covenant_ledger::checkpoint::CheckpointSigner;
use covenant_ledger::note::Note;
use covenant_ledger::tree::{self, Edge, Nodes};
use covenant_ledger::{Checkpoint, Hash, LogKey, Tile};
use ed25519_dalek::SigningKey;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::HashReader;

/// How many cases, unless `COVENANT_CASES` says so.
const CASES: u64 = 10_000;
/// Leaves of the largest tree.
const LEAVES: u64 = 3_000;

/// A tree as each of the two keeps it.
struct Trees {
    ours: Vec<Vec<Hash>>,
    theirs: Vec<tlog_tiles::Hash>,
}

impl Nodes for Trees {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.ours[level as usize][index as usize])
    }
}

impl HashReader for Trees {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.theirs[*index as usize]).collect())
    }
}

impl Trees {
    fn grown() -> Self {
        let mut trees = Self {
            ours: Vec::new(),
            theirs: Vec::new(),
        };
        let mut edge = Edge::default();
        for leaf in 0..LEAVES {
            let data = leaf.to_be_bytes();
            let Self { ours, theirs: _ } = &mut trees;
            edge.append(Hash::leaf(&data), |node| {
                if ours.len() == node.level as usize {
                    ours.push(Vec::new());
                }
                ours[node.level as usize].push(node.hash);
            });
            let hashes = tlog_tiles::stored_hashes(leaf, &data, &trees).expect("their hashes");
            trees.theirs.extend(hashes);
        }
        trees
    }

    /// The root of the first so many leaves, by both.
    fn root(&self, size: u64) -> Hash {
        let Ok(ours) = tree::root(self, size);
        let theirs = tlog_tiles::tree_hash(size, self).expect("their root");
        assert_eq!(ours.0, theirs.0, "root of {size}");
        ours
    }
}

fn cases() -> u64 {
    let named = std::env::var("COVENANT_CASES").ok();
    named.map_or(CASES, |text| text.parse().expect("COVENANT_CASES is a number"))
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

/// Changes a proof, in one case of two.
fn disturb(proof: &mut Vec<Hash>, rng: &mut ChaCha20Rng) {
    match rng.gen_range(0..8) {
        0 if !proof.is_empty() => {
            let at = rng.gen_range(0..proof.len());
            proof[at].0[rng.gen_range(0..32)] ^= 1 << rng.gen_range(0..8);
        }
        1 => drop(proof.pop()),
        2 => proof.push(Hash([rng.r#gen(); 32])),
        3 if proof.len() > 1 => {
            let at = rng.gen_range(1..proof.len());
            proof.swap(at - 1, at);
        }
        _ => {}
    }
}

fn inclusion(trees: &Trees, rng: &mut ChaCha20Rng) {
    let size = rng.gen_range(1..=LEAVES);
    let index = rng.gen_range(0..size);
    let Ok(Some(mut proof)) = tree::inclusion(trees, index, size) else {
        panic!("no proof of {index} in {size}");
    };
    let other = tlog_tiles::prove_record(size, index, trees).expect("their proof");
    assert_eq!(proof.iter().map(theirs).collect::<Vec<_>>(), other, "{index} in {size}");
    disturb(&mut proof, rng);
    // Another place, size or root, now and then.
    let index = if rng.gen_ratio(1, 8) {
        rng.gen_range(0..LEAVES)
    } else {
        index
    };
    let (at, root) = (rng.gen_range(1..=LEAVES), trees.root(size));
    let size = if rng.gen_ratio(1, 8) { at } else { size };
    let leaf = trees.ours[0][rng.gen_range(0..4).min(index as usize)];
    let leaf = if rng.gen_ratio(1, 8) {
        leaf
    } else {
        trees.ours[0][index as usize]
    };
    let ours = tree::verify_inclusion(&leaf, index, size, &proof, &root).is_ok();
    let proof = proof.iter().map(theirs).collect();
    let other = index < size && tlog_tiles::check_record(&proof, size, theirs(&root), index, theirs(&leaf)).is_ok();
    assert_eq!(ours, other, "{index} in {size}");
}

fn consistency(trees: &Trees, rng: &mut ChaCha20Rng) {
    let new = rng.gen_range(1..=LEAVES);
    let old = rng.gen_range(1..=new);
    let Ok(Some(mut proof)) = tree::consistency(trees, old, new) else {
        panic!("no proof from {old} to {new}");
    };
    let other = tlog_tiles::prove_tree(new, old, trees).expect("their proof");
    assert_eq!(proof.iter().map(theirs).collect::<Vec<_>>(), other, "{old} to {new}");
    let (old_root, new_root) = (trees.root(old), trees.root(new));
    disturb(&mut proof, rng);
    let old = if rng.gen_ratio(1, 8) {
        rng.gen_range(1..=new)
    } else {
        old
    };
    let ours = tree::verify_consistency(old, &old_root, new, &new_root, &proof).is_ok();
    let proof = proof.iter().map(theirs).collect();
    let other = tlog_tiles::check_tree(&proof, new, theirs(&new_root), old, theirs(&old_root)).is_ok();
    assert_eq!(ours, other, "{old} to {new}");
}

/// A note with something in it changed, in most cases.
fn changed(note: &str, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut bytes = note.as_bytes().to_vec();
    let at = rng.gen_range(0..bytes.len());
    match rng.gen_range(0..8) {
        0 => bytes[at] ^= 1 << rng.gen_range(0..8),
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, *b"\n +=\xe2A0\t".get(rng.gen_range(0..8)).expect("a byte")),
        3 => bytes.extend_from_slice("\u{2014} other AAAAAAAA\n".as_bytes()),
        4 => bytes.extend_from_slice("\u{2014} other AAAAAA==\n".as_bytes()),
        5 => bytes.truncate(at),
        _ => {}
    }
    bytes
}

fn notes(note: &str, key: &LogKey, verifiers: &VerifierList, rng: &mut ChaCha20Rng) {
    let bytes = changed(note, rng);
    let ours =
        std::str::from_utf8(&bytes).is_ok_and(|text| Note::parse(text).and_then(|note| note.verify(key)).is_ok());
    let other = signed_note::Note::from_bytes(&bytes).is_ok_and(|note| note.verify(verifiers).is_ok());
    assert_eq!(ours, other, "{:?}", String::from_utf8_lossy(&bytes));
}

fn checkpoints(text: &str, rng: &mut ChaCha20Rng) {
    let bytes = changed(text, rng);
    let ours = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| Checkpoint::parse(text).ok());
    let other = tlog_tiles::Checkpoint::from_bytes(&bytes).ok();
    let said = String::from_utf8_lossy(&bytes);
    match (ours, other) {
        (Some(ours), Some(other)) => {
            assert_eq!(
                (ours.origin.as_str(), ours.size, ours.root.0),
                (other.origin(), other.size(), other.hash().0)
            );
        }
        (None, None) => {}
        (ours, other) => panic!("{said:?}: we {}, they {}", ours.is_some(), other.is_some()),
    }
}

fn tiles(rng: &mut ChaCha20Rng) {
    let digits = b"0123456789xp./";
    let group = |rng: &mut ChaCha20Rng| format!("{:03}", rng.gen_range(0..1000));
    let mut path = format!("{}/", rng.gen_range(0..70));
    for _ in 0..rng.gen_range(0..3) {
        path += &format!("x{}/", group(rng));
    }
    path += &group(rng);
    if rng.gen_bool(0.5) {
        path += &format!(".p/{}", rng.gen_range(0..300));
    }
    if rng.gen_bool(0.5) {
        let at = rng.gen_range(0..path.len());
        let digit = char::from(digits[rng.gen_range(0..digits.len())]);
        path.replace_range(at..=at, &digit.to_string());
    }
    let ours = Tile::parse(&path).is_some();
    // At levels and widths that no tile can have they break down instead of saying no.
    let level = path.split_once('/').and_then(|(level, _)| level.parse::<u8>().ok());
    let width = path.split_once(".p/").map(|(_, width)| width.parse::<u16>());
    let possible = width.is_none_or(|width| width.is_ok_and(|width| (1..256).contains(&width)));
    if !possible || level.is_some_and(|level| level > 63) {
        assert!(!ours, "{path}");
        return;
    }
    let other = tlog_tiles::Tile::from_path(&format!("tile/8/{path}")).is_ok();
    assert_eq!(ours, other, "{path}");
}

#[test]
fn we_agree_with_two_other_implementations() {
    let trees = Trees::grown();
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut signer = CheckpointSigner::new("example.com/log", SigningKey::from_bytes(&[5; 32])).expect("a name");
    let signed = signer.sign(LEAVES, trees.root(LEAVES), &[]).expect("signed");
    let verifier = StandardVerifier::new(&signer.key().to_string()).expect("a key");
    let verifiers = VerifierList::new(vec![Box::new(verifier)]);
    let text = signed.checkpoint().text();
    let mut kinds = [0u64; 5];
    for case in 0..cases() {
        // Each case has a generator of its own, so that one that fails can be repeated alone.
        let mut rng = ChaCha20Rng::seed_from_u64(rng.next_u64() ^ case);
        let kind = rng.gen_range(0..kinds.len());
        kinds[kind] += 1;
        match kind {
            0 => inclusion(&trees, &mut rng),
            1 => consistency(&trees, &mut rng),
            2 => notes(signed.note(), signer.key(), &verifiers, &mut rng),
            3 => checkpoints(&text, &mut rng),
            _ => tiles(&mut rng),
        }
    }
    println!("inclusion, consistency, notes, checkpoints, tiles: {kinds:?}");
    assert!(kinds.iter().all(|count| *count > 0));
}
