//! Times setup, loading, proving and verifying on a synthetic statement of the compliance statement's size: a domain of
//! 2^15, 3,070 public inputs of which the policy fixes all but 13, and wires that are mostly bits.
//!
//! `cargo run --release -p covenant-proofs --example timing`

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use ark_r1cs_std::fields::FieldVar as _;
use covenant_gadgets::circuit::{Circuit, Field, Result, Var, zero};
use covenant_proofs::batch::{self, Item, verify_all};
use covenant_proofs::decode::Proof;
use covenant_proofs::keys::{KeyPolicy, KeyStore, development_with_progress};
use covenant_proofs::prove::prove;
use covenant_proofs::shape::Shape;
use covenant_proofs::statement::Statement;
use covenant_proofs::verify::{PreparedCache, PreparedKey, verify};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

/// Inputs that the policy fixes.
const POLICY: usize = 3_057;
/// Inputs that remain.
const REST: usize = 13;
/// 64-bit numbers taken apart into bits.
const NUMBERS: usize = 310;
/// Rows that square a full-size number.
const SQUARES: usize = 6_000;

/// Bits, products with policy coefficients, and a chain of squares.
struct Synthetic;

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

/// The policy's inputs.
struct Public(Vec<u64>);

/// The value of number `i`.
fn number(i: usize) -> u64 {
    (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where the chain of squares ends.
fn chain_end() -> Field {
    (0..SQUARES).fold(Field::from(3u64), |x, _| x * x + Field::from(1u64))
}

impl Statement for Synthetic {
    const ID: &'static str = "covenant/timing/v1";
    type Public = Public;
    type Witness = ();
    type Violation = Never;

    fn input_names() -> Vec<String> {
        (0..POLICY + REST).map(|i| format!("input-{i}")).collect()
    }

    fn policy_inputs() -> usize {
        POLICY
    }

    fn inputs(public: &Public) -> Vec<Field> {
        let rest = (0..REST).map(|i| {
            if i == 0 {
                chain_end()
            } else {
                chain_end() * Field::from(i as u64)
            }
        });
        public.0.iter().map(|v| -Field::from(*v)).chain(rest).collect()
    }

    fn check(_: &Public, (): &()) -> std::result::Result<(), Never> {
        Ok(())
    }

    fn enforce(circuit: &mut Circuit, inputs: &[Var], values: Option<(&Public, &())>) -> Result<()> {
        let numbers = circuit.rule("bits", |c| {
            (0..NUMBERS)
                .map(|i| {
                    let mut sum = zero();
                    for bit in 0..64 {
                        let wire = c.witness(values.map(|_| Field::from((number(i) >> bit) & 1)))?;
                        wire.mul_equals(&wire, &wire)?;
                        sum += wire * Field::from(1u64 << bit);
                    }
                    Ok(sum)
                })
                .collect::<Result<Vec<Var>>>()
        })?;
        circuit.rule("products", |c| {
            for (i, input) in inputs.iter().take(POLICY).enumerate() {
                let product = values.map(|(p, ())| -Field::from(p.0[i]) * Field::from(number(i % NUMBERS)));
                let wire = c.witness(product)?;
                input.mul_equals(&numbers[i % NUMBERS], &wire)?;
            }
            Ok(())
        })?;
        circuit.rule("squares", |c| {
            let mut last = Var::constant(Field::from(3u64));
            let mut value = Field::from(3u64);
            for _ in 0..SQUARES {
                value = value * value + Field::from(1u64);
                let next = c.witness(values.map(|_| value))?;
                last.mul_equals(&last, &(&next - Var::one()))?;
                last = next;
            }
            last.mul_equals(&Var::one(), &inputs[POLICY])
        })
    }
}

fn timed<T>(what: &str, times: u32, mut run: impl FnMut() -> T) -> T {
    let mut once = || {
        let start = Instant::now();
        let result = run();
        (start.elapsed(), result)
    };
    let before = processor_ms();
    let (mut best, mut result) = once();
    for _ in 1..times {
        let (elapsed, again) = once();
        best = best.min(elapsed);
        result = again;
    }
    let processor = (processor_ms() - before) / u64::from(times);
    println!(
        "{what:<44} {:>9} µs (best of {times}), {processor} ms of processor time",
        best.as_micros()
    );
    result
}

/// Processor time of all threads so far, in steps of 10 ms; 0 where the system does not tell.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2);
    ticks.filter_map(|t| t.parse::<u64>().ok()).sum::<u64>() * 10
}

/// Batches of the same proof over and over, decoded each time.
fn batches(prepared: &Arc<PreparedKey>, rest: &[Field], bytes: &[u8]) -> std::result::Result<(), Box<dyn Error>> {
    for count in [1usize, 16, 64, 256, 1024] {
        let decode = || -> std::result::Result<Vec<Item>, Box<dyn Error + Send + Sync>> {
            let item = |_| Ok(Item::new(prepared.clone(), rest.to_vec(), Proof::from_bytes(bytes)?)?);
            (0..count).into_par_iter().map(item).collect()
        };
        let items = decode().map_err(|e| e.to_string())?;
        timed(&format!("batch of {count}, decoding"), 5, || decode().map(drop)).map_err(|e| e.to_string())?;
        timed(&format!("batch of {count}"), 5, || verify_all(&items))?;
    }
    let mut changed = rest.to_vec();
    changed.swap(1, 2);
    let proof = Proof::from_bytes(bytes)?;
    for bad in [1usize, 4, 16, 64, 1024] {
        let item = |place: usize| {
            let wrong = place.is_multiple_of(1024 / bad);
            let rest = if wrong { &changed[..] } else { rest };
            Item::new(
                prepared.clone(),
                rest.to_vec(),
                Proof::from_bytes(bytes).map_err(|e| e.to_string())?,
            )
            .map_err(|e| e.to_string())
        };
        let items = (0..1024).map(item).collect::<std::result::Result<Vec<_>, String>>()?;
        timed(&format!("batch of 1024, {bad} bad"), 3, || {
            let refused = batch::verify(&items).iter().filter(|v| v.is_err()).count();
            assert_eq!(refused, bad, "as many as were spoilt");
        });
    }
    timed("1024 one by one, all cores", 3, || {
        (0..1024)
            .into_par_iter()
            .filter(|_| prepared.verify(rest, &proof).is_ok())
            .count()
    });
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let policy = KeyPolicy {
        allow_development: true,
    };
    let shape = timed("shape", 1, Shape::of::<Synthetic>)?;
    println!(
        "rows {}, witnesses {}, non-zeros {:?}, domain {}",
        shape.rows, shape.witnesses, shape.non_zeros, shape.domain
    );
    let start = Instant::now();
    let mut report = |stage| println!("  {:>9} µs {stage:?}", start.elapsed().as_micros());
    let key = development_with_progress::<Synthetic>("timing", &mut report)?;
    let folder = tempfile::tempdir()?;
    let store = KeyStore::new(folder.path());
    let manifest = timed("save", 1, || store.save(&key))?;
    println!("proving.bin {} bytes", manifest.proving_bytes);
    let id = key.id();
    let verifying = timed("load verifying key", 5, || store.verifying::<Synthetic>(id, policy))?;
    let key = timed("load proving key", 5, || store.proving::<Synthetic>(id, policy))?;
    timed("import (every point checked)", 1, || {
        store.import::<Synthetic>(&folder.path().join(id.to_string()), policy)
    })?;
    let public = Public((0..POLICY as u64).map(|i| i % 7 * 12_345).collect());
    let proof = timed("prove", 10, || {
        prove::<Synthetic>(&key, &public, &(), &mut ChaCha20Rng::seed_from_u64(1))
    })?;
    let inputs = Synthetic::inputs(&public);
    timed("verify, all inputs", 10, || {
        verify::<Synthetic>(&verifying, &inputs, &proof)
    })?;
    let (fixed, rest) = inputs.split_at(POLICY);
    let prepared = timed("fold the policy (lines included)", 1, || {
        PreparedKey::new::<Synthetic>(&verifying, fixed)
    })?;
    timed("fold the policy again", 5, || {
        PreparedKey::new::<Synthetic>(&verifying, fixed)
    })?;
    timed("verify, prepared", 50, || prepared.verify(rest, &proof))?;
    let bytes = proof.to_bytes();
    timed("decode a proof", 50, || Proof::from_bytes(&bytes))?;
    batches(&Arc::new(prepared), rest, &bytes)?;
    let cache = PreparedCache::new(NonZeroUsize::MIN);
    timed("cache, hit", 20, || cache.get::<Synthetic>(&verifying, fixed).map(drop))?;
    Ok(())
}
