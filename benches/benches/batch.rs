//! Batches of compliance proofs, from their 128 bytes to the verdicts, beside prepared verification one by one; and what bad
//! proofs in a batch cost. One process, one key, all cores, so that the figures of one run can be compared with each other.

use std::hint::black_box;
use std::sync::Arc;

use covenant_proofs::{
    batch::{self, Item},
    decode::Proof,
    prove::prove,
    statement::Statement as _,
    verify::PreparedKey,
};
use covenant_statements::compliance::Compliance;
use covenant_tests::company::{claim, key, policy_with_rules};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_main};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

/// Different proofs; a larger batch takes them again and again, which saves no work anywhere.
const DIFFERENT: usize = 32;
/// Sizes of batches.
const SIZES: [usize; 5] = [1, 16, 64, 256, 1024];
/// How many proofs of the largest batch are bad, evenly spread.
const BAD: [usize; 5] = [0, 1, 4, 64, 1024];

#[expect(clippy::print_stdout, reason = "a bench reports")]
fn batches(c: &mut Criterion) {
    println!("{}", covenant_benches::machine());
    let key = key();
    let (public, witness) = claim(&policy_with_rules(32), "A", &[], &[]);
    let inputs = Compliance::inputs(&public);
    let (policy, rest) = inputs.split_at(Compliance::policy_inputs());
    let prepared = PreparedKey::new::<Compliance>(key.verifying(), policy).expect("the policy's inputs fit");
    let prepared = Arc::new(prepared);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let different: Vec<[u8; 128]> = (0..DIFFERENT)
        .map(|_| prove::<Compliance>(&key, &public, &witness, &mut rng).expect("the company reaches the tier"))
        .map(|proof| proof.to_bytes())
        .collect();
    let proof = |place: usize| Proof::from_bytes(&different[place % DIFFERENT]).expect("it was encoded here");
    let item =
        |place| Item::new(prepared.clone(), rest.to_vec(), proof(place)).expect("the inputs are the statement's");

    let mut group = c.benchmark_group("decode and verify");
    group.sample_size(20);
    group.throughput(Throughput::Elements(1));
    group.bench_function("prepared, one proof", |b| {
        b.iter(|| black_box(prepared.verify(rest, &proof(0))));
    });
    group.throughput(Throughput::Elements(64));
    group.bench_function("prepared, 64 proofs one by one on all cores", |b| {
        let one = |place| prepared.verify(rest, &proof(place));
        b.iter(|| black_box((0..64).into_par_iter().map(one).collect::<Vec<_>>()));
    });
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new("batch", size), |b| {
            b.iter(|| {
                let items: Vec<Item> = (0..size).into_par_iter().map(item).collect();
                let verdicts = batch::verify(&items);
                assert!(verdicts.iter().all(Result::is_ok));
            });
        });
    }
    group.finish();

    let mut group = c.benchmark_group("verify a decoded batch");
    group.sample_size(10);
    let largest = SIZES.into_iter().max().unwrap_or_default();
    group.throughput(Throughput::Elements(largest as u64));
    for bad in BAD {
        let mut items: Vec<Item> = (0..largest).into_par_iter().map(item).collect();
        let mut wrong = rest.to_vec();
        wrong.swap(0, 1);
        for place in (0..bad).map(|n| n * largest / bad) {
            items[place] = Item::new(prepared.clone(), wrong.clone(), proof(place)).expect("as many inputs");
        }
        group.bench_function(format!("{largest} proofs, {bad} bad"), |b| {
            b.iter(|| {
                let refused = batch::verify(&items).iter().filter(|verdict| verdict.is_err()).count();
                assert_eq!(refused, bad);
            });
        });
    }
    group.finish();
}

mod group {
    use super::batches;
    criterion::criterion_group!(benches, batches);
}
criterion_main!(group::benches);
