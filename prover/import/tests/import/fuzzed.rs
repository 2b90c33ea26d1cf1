//! The fuzzers' demands on every parser, on the inputs that once broke something and on damaged sample books.

use std::fs;
use std::path::Path;

use covenant_import::sample::{Kind, Order};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::damaged::damage;
use crate::generated::{made, order};

#[path = "../../../../fuzz/src/books.rs"]
mod demands;

/// A target's name and what it does with bytes.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 5] = [
    ("fec", demands::fec),
    ("sie", demands::sie),
    ("csv", demands::csv),
    ("mapping", demands::mapping),
    ("text", demands::text),
];

#[test]
fn inputs_that_once_broke_something() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(root.join(name)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{name}");
    }
}

#[test]
fn damaged_books_keep_every_demand() {
    let mut rng = ChaCha20Rng::seed_from_u64(20_261_128);
    for (kind, target) in [(Kind::Fec, demands::fec as fn(&[u8])), (Kind::Sie, demands::sie)] {
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
