//! The stages of a proof, each on its own: opening the key, checking the relation, computing the wires, evaluating the rows,
//! transforming them, and the whole; for the compliance statement and a chain of 2^16. Files are kept in `FILES`, as by
//! `covenant-peers`.

use std::hint::black_box;
use std::path::PathBuf;

use covenant_peers::Error;
use covenant_peers::cases::{self, WithStatement, with_statement};
use covenant_proofs::fft::Transform;
use covenant_proofs::prove::prove;
use covenant_proofs::shape::Assignment;
use covenant_proofs::statement::Statement;
use criterion::{Criterion, criterion_main};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

struct Stages<'a>(&'a mut Criterion, &'a str, PathBuf);

impl WithStatement<()> for Stages<'_> {
    fn call<S: Statement + 'static>(self, claim: impl Fn() -> (S::Public, S::Witness) + 'static) -> Result<(), Error> {
        let Self(c, name, folder) = self;
        cases::prepare(name, &folder)?;
        let (public, witness) = claim();
        let key = cases::open::<S>(&folder)?;
        let wires = Assignment::of::<S>(&public, &witness)?;
        let transform = Transform::of(cases::domain::<S>(&folder)?).ok_or("no domain")?;
        let mut group = c.benchmark_group(name);
        group.sample_size(10);
        group.bench_function("opening the key", |b| b.iter(|| black_box(cases::open::<S>(&folder))));
        group.bench_function("checking the relation", |b| {
            b.iter(|| black_box(S::check(&public, &witness)));
        });
        group.bench_function("computing the wires", |b| {
            b.iter(|| black_box(Assignment::of::<S>(&public, &witness)));
        });
        group.bench_function("evaluating the rows", |b| {
            b.iter(|| black_box(key.matrices().multiply(&wires.values, transform.size())));
        });
        group.bench_function("transforms", |b| {
            let mut rows = key.matrices().multiply(&wires.values, transform.size());
            b.iter(|| black_box(transform.quotient(&mut rows)));
        });
        group.bench_function("all of it", |b| {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            b.iter(|| black_box(prove::<S>(&key, &public, &witness, &mut rng)));
        });
        group.finish();
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "a bench reports")]
fn stages(c: &mut Criterion) {
    println!("{}", covenant_benches::machine());
    let scratch = tempfile::tempdir().expect("scratch space");
    let files = std::env::var_os("FILES").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    for name in ["compliance", "16"] {
        with_statement(name, Stages(c, name, files.join(name))).expect("the case is there");
    }
}

mod group {
    use super::stages;
    criterion::criterion_group!(benches, stages);
}
criterion_main!(group::benches);
