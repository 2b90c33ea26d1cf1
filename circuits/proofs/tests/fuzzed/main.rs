//! The fuzzers' demands on every reader of files by other authors' programs, and on our arithmetic, held on damaged files in the
//! stable toolchain.

use std::fs;
use std::path::Path;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

#[path = "../../../../fuzz/src/arithmetic.rs"]
mod arithmetic;
#[path = "../../../../fuzz/src/formats.rs"]
mod formats;
mod seeds;

/// A target's name and what it does with bytes.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 8] = [
    ("r1cs", formats::r1cs),
    ("wtns", formats::wtns),
    ("ptau", formats::ptau),
    ("zkey", formats::zkey),
    ("json", formats::json),
    ("lanes", arithmetic::lanes),
    ("products", arithmetic::products),
    ("proofs", arithmetic::proofs),
];
/// Numbers at which lengths and counts go wrong.
const EDGES: [u32; 8] = [0, 1, 2, 0x7f, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/// One to three random changes: a byte, an edge where a number may lie, a cut, a doubled or a removed piece.
fn damage(bytes: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..rng.gen_range(1..4) {
        if out.len() < 8 {
            break;
        }
        let at = rng.gen_range(0..out.len() - 4);
        let end = (at + rng.gen_range(1..80)).min(out.len());
        match rng.gen_range(0..6) {
            0 => out[at] = rng.gen_range(0..=255),
            1 => out[at] ^= 1 << rng.gen_range(0..8),
            2 => out[at..at + 4].copy_from_slice(&EDGES[rng.gen_range(0..EDGES.len())].to_le_bytes()),
            3 => out.truncate(at),
            4 => {
                let copy = out[at..end].to_vec();
                out.splice(at..at, copy);
            }
            _ => drop(out.drain(at..end)),
        }
    }
    out
}

#[test]
fn damaged_files_keep_every_demand() {
    let mut rng = ChaCha20Rng::seed_from_u64(20_261_129);
    for (target, name, bytes) in seeds::seeds() {
        let (_, check) = TARGETS.iter().find(|(known, _)| *known == target).unwrap();
        check(&bytes);
        println!("{target}/{name}: {} bytes", bytes.len());
        for _ in 0..150 {
            check(&damage(&bytes, &mut rng));
        }
        // The head of a file decides the most: each of its bytes in turn.
        for at in 0..bytes.len().min(160) {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            check(&changed);
        }
    }
}

#[test]
fn inputs_that_once_broke_something() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for (name, check) in TARGETS {
        for folder in ["regressions", "edges"] {
            for entry in fs::read_dir(root.join(folder).join(name)).into_iter().flatten() {
                check(&fs::read(entry.unwrap().path()).unwrap());
            }
        }
    }
}
