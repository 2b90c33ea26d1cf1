//! The compliance statement: making a proof, folding a policy, verifying with the prepared key. One process, one key, so that
//! the figures of one run can be compared with each other; `make bench` runs it and the README's table is made from a run.

use std::hint::black_box;

use covenant_policy::compiler::compile;
use covenant_proofs::{decode::Proof, prove::prove, statement::Statement as _, verify::PreparedKey, verify::verify};
use covenant_statements::compliance::Compliance;
use covenant_tests::company::{claim, key, policy_with_rules, proof};
use criterion::{Criterion, criterion_main};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

const RULES: [usize; 2] = [1, 32];

#[expect(clippy::print_stdout, reason = "a bench reports")]
fn proving(c: &mut Criterion) {
    println!("{}", covenant_benches::machine());
    let key = key();
    let mut group = c.benchmark_group("prove");
    group.sample_size(10);
    for rules in RULES {
        let (public, witness) = claim(&policy_with_rules(rules), "A", &[], &[]);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        group.bench_function(format!("{rules} rules"), |b| {
            b.iter(|| black_box(prove::<Compliance>(&key, &public, &witness, &mut rng)));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("verify");
    for rules in RULES {
        let (public, witness) = claim(&policy_with_rules(rules), "A", &[], &[]);
        let (inputs, proof) = proof(&key, &public, &witness);
        let (policy, rest) = inputs.split_at(Compliance::policy_inputs());
        let prepared = PreparedKey::new::<Compliance>(key.verifying(), policy).expect("the policy's inputs fit");
        assert_eq!(prepared.verify(rest, &proof), Ok(()));
        group.bench_function(format!("prepared, {rules} rules"), |b| {
            b.iter(|| black_box(prepared.verify(rest, &proof)));
        });
        group.bench_function(format!("cold fold, {rules} rules"), |b| {
            b.iter(|| black_box(PreparedKey::new::<Compliance>(key.verifying(), policy)));
        });
        group.bench_function(format!("unprepared, {rules} rules"), |b| {
            b.iter(|| black_box(verify::<Compliance>(key.verifying(), &inputs, &proof)));
        });
        let bytes = proof.to_bytes();
        group.bench_function(format!("decoding the proof, {rules} rules"), |b| {
            b.iter(|| black_box(Proof::from_bytes(&bytes)));
        });
    }
    group.finish();
}

fn compiling(c: &mut Criterion) {
    for rules in RULES {
        let source = policy_with_rules(rules);
        c.bench_function(&format!("compile a policy of {rules} rules"), |b| {
            b.iter(|| black_box(compile(&source)))
        });
    }
}

mod group {
    use super::{compiling, proving};
    criterion::criterion_group!(benches, compiling, proving);
}
criterion_main!(group::benches);
