//! For equal randomness our proof is ark-groth16's, byte by byte: random circuits, their keys from ark-groth16's own generator,
//! random witnesses with many zeros, ones and small numbers, and every circuit proven twice at the same time as well.

use ark_bn254::Bn254;
use ark_ff::{One as _, UniformRand as _, Zero as _};
use ark_groth16::Groth16;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, Matrix, SynthesisError, Variable,
};
use covenant_gadgets::circuit::Field;
use covenant_proofs::foreign::Prover;
use covenant_proofs::formats::zkey::Zkey;
use covenant_proofs::qap::CircomReduction;

use crate::inside::bytes;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

type Ark = Groth16<Bn254, CircomReduction>;

/// A satisfied constraint system.
struct Random {
    inputs: usize,
    /// The constant one, the public inputs, the witnesses.
    wires: Vec<Field>,
    /// A, B and C, row by row.
    abc: [Matrix<Field>; 3],
}

impl Random {
    fn new(rng: &mut ChaCha20Rng, large: bool) -> Self {
        let inputs = rng.gen_range(1..6);
        let count = inputs + rng.gen_range(1..60);
        let rows = if large {
            rng.gen_range(300..1200)
        } else {
            rng.gen_range(1..100)
        };
        let mut wires = vec![Field::one()];
        wires.extend((1..count).map(|_| value(rng)));
        let mut abc = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..rows {
            let (a, b) = (terms(rng, count), terms(rng, count));
            let product = dot(&a, &wires) * dot(&b, &wires);
            // C is the product itself, on a wire that has a value.
            let wire = Some(rng.gen_range(0..count))
                .filter(|wire| !wires[*wire].is_zero())
                .unwrap_or(0);
            let c = if product.is_zero() {
                Vec::new()
            } else {
                vec![(product / wires[wire], wire)]
            };
            abc[0].push(a);
            abc[1].push(b);
            abc[2].push(c);
        }
        Self { inputs, wires, abc }
    }
}

/// A wire's value: often one of those that provers treat apart.
fn value(rng: &mut ChaCha20Rng) -> Field {
    match rng.gen_range(0..8) {
        0 | 1 => Field::zero(),
        2 | 3 => Field::one(),
        4 => -Field::one(),
        5 => Field::from(rng.r#gen::<u64>() >> rng.gen_range(0..64)),
        6 => -Field::from(rng.r#gen::<u32>()),
        _ => Field::rand(rng),
    }
}

fn terms(rng: &mut ChaCha20Rng, wires: usize) -> Vec<(Field, usize)> {
    let count = rng.gen_range(0..5);
    let mut places: Vec<usize> = (0..count).map(|_| rng.gen_range(0..wires)).collect();
    places.sort_unstable();
    places.dedup();
    places
        .into_iter()
        .map(|wire| (value(rng), wire))
        .filter(|(c, _)| !c.is_zero())
        .collect()
}

fn dot(terms: &[(Field, usize)], wires: &[Field]) -> Field {
    terms
        .iter()
        .map(|(coefficient, wire)| *coefficient * wires[*wire])
        .sum()
}

impl ConstraintSynthesizer<Field> for &Random {
    fn generate_constraints(self, cs: ConstraintSystemRef<Field>) -> Result<(), SynthesisError> {
        let mut variables = vec![Variable::One];
        for (wire, value) in self.wires.iter().enumerate().skip(1) {
            variables.push(if wire < self.inputs {
                cs.new_input_variable(|| Ok(*value))?
            } else {
                cs.new_witness_variable(|| Ok(*value))?
            });
        }
        let [a, b, c] = &self.abc;
        for ((a, b), c) in a.iter().zip(b).zip(c) {
            let lc = |row: &[(Field, usize)]| {
                LinearCombination(
                    row.iter()
                        .map(|(coefficient, wire)| (*coefficient, variables[*wire]))
                        .collect(),
                )
            };
            cs.enforce_r1cs_constraint(|| lc(a), || lc(b), || lc(c))?;
        }
        Ok(())
    }
}

/// Proves `count` random circuits.
///
/// # Panics
/// Where a proof is another than ark-groth16's, or does not verify.
pub fn check(count: u64, seed: u64) {
    for number in 0..count {
        let mut rng = ChaCha20Rng::seed_from_u64(seed << 32 | number);
        let random = Random::new(&mut rng, number % 10 == 0); // vectors begin at domains of 2^9
        let key = Ark::generate_random_parameters_with_reduction(&random, &mut rng).expect("a key is generated");
        let zkey = Zkey::from_ark(&key, [&random.abc[0], &random.abc[1]]);
        let (back, rows) = zkey.to_ark();
        assert_eq!(back, key, "circuit {number}: the key survives being a .zkey");
        let prover = Prover::new(&zkey).expect("the key has a domain");
        // Few blinding values are zero, so zeros are put among them.
        let draw = |rng: &mut ChaCha20Rng| {
            if rng.gen_range(0..20) == 0 {
                Field::zero()
            } else {
                Field::rand(rng)
            }
        };
        let (r, s) = (draw(&mut rng), draw(&mut rng));
        let (inputs, constraints) = (random.inputs, random.abc[0].len());
        assert_eq!(rows[0].len().max(rows[1].len()), constraints);
        let theirs =
            Ark::create_proof_with_reduction_and_matrices(&key, r, s, &random.abc, inputs, constraints, &random.wires)
                .expect("ark-groth16 proves");
        let theirs = bytes(&theirs);
        let ours = || {
            prover
                .prove_blinded(&random.wires, [r, s])
                .expect("the witness is the key's")
                .to_bytes()
        };
        assert_eq!(ours()[..], theirs, "circuit {number}");
        // At the same time: provers that share buffers have given wrong proofs.
        let both: Vec<_> = (0..2).into_par_iter().map(|_| ours()).collect();
        assert!(
            both.iter().all(|proof| proof[..] == theirs),
            "circuit {number}, concurrently"
        );
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn proofs_of_random_circuits_are_ark_groth16s_to_the_byte() {
        super::check(100, 2);
    }

    #[test]
    fn proofs_do_not_depend_on_how_many_threads_there_are() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("threads start");
            pool.install(|| super::check(10, 3));
        }
    }
}
