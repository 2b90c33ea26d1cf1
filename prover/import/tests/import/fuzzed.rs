//! The fuzzers' demands on every parser: on the inputs that once broke something, on inputs at the edges of what is read, and on
//! damaged sample books.

use std::fs;
use std::path::Path;

use covenant_import::sample::{Kind, Order};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::damaged::damage;
use crate::generated::{made, order};

#[path = "../../../../fuzz/src/books.rs"]
mod books;
#[path = "../../../../fuzz/src/lists.rs"]
mod lists;

/// A target's name and what it does with bytes.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 11] = [
    ("fec", books::fec),
    ("sie", books::sie),
    ("norway", books::norway),
    ("portugal", books::portugal),
    ("csv", books::csv),
    ("mapping", books::mapping),
    ("text", books::text),
    ("sales", lists::sales),
    ("ubl", lists::ubl),
    ("receivables", lists::receivables),
    ("invoices", lists::invoices),
];

/// The inputs of a folder, for each target that it has any for.
fn replay(folder: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(folder);
    let mut inputs = 0;
    for (name, target) in TARGETS {
        for entry in fs::read_dir(root.join(name)).into_iter().flatten() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
            inputs += 1;
        }
    }
    inputs
}

#[test]
fn inputs_that_once_broke_something() {
    assert!(replay("regressions") > 0);
}

#[test]
fn inputs_at_the_edges() {
    assert!(replay("edges") > 0);
}

#[test]
fn damaged_books_keep_every_demand() {
    let mut rng = ChaCha20Rng::seed_from_u64(20_261_128);
    for (kind, target) in [
        (Kind::Fec, books::fec as fn(&[u8])),
        (Kind::Sie, books::sie),
        (Kind::SaftNo, books::norway),
    ] {
        let (_, bytes) = made(&Order {
            entries: 100,
            year: 2024,
            ..order(kind, 5)
        });
        target(&bytes);
        for _ in 0..100 {
            target(&damage(&bytes, &mut rng));
        }
    }
}
