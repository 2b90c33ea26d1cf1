use ark_ff::{One as _, UniformRand as _};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::parameters::{FULL_ROUNDS, PARTIAL_ROUNDS, generate_plain};
use super::*;
use crate::circuit::{Circuit, FinishedCircuit, Var, value_of};
use crate::field::{field_from_decimal, field_from_i64, field_from_u64};
use crate::testing::{loose_wires, unsatisfied_rows};

/// The permutation as the paper writes it: every round adds all constants and multiplies by the whole matrix.
fn hash_plain(inputs: &[Field]) -> Field {
    let (constants, matrix) = generate_plain(inputs.len());
    let mut state = [&[Field::zero()], inputs].concat();
    let partial = FULL_ROUNDS / 2..FULL_ROUNDS / 2 + PARTIAL_ROUNDS[inputs.len() - 1];
    for (round, constants) in constants.iter().enumerate() {
        state
            .iter_mut()
            .zip(constants)
            .for_each(|(lane, constant)| *lane += constant);
        let raised = if partial.contains(&round) { 1 } else { state.len() };
        state[..raised].iter_mut().for_each(|lane| *lane = sbox(*lane));
        state = matrix
            .iter()
            .map(|row| row.iter().zip(&state).map(|(a, b)| *a * b).sum())
            .collect();
    }
    state[0]
}

#[test]
fn the_sparse_form_is_the_plain_one() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for inputs in 1..=INPUTS_MAX {
        let random: Vec<Field> = (0..inputs).map(|_| Field::rand(&mut rng)).collect();
        for case in [random, vec![Field::zero(); inputs], vec![-Field::one(); inputs]] {
            assert_eq!(hash(&case), hash_plain(&case), "{inputs} inputs");
        }
    }
}

#[test]
fn published_hashes() {
    let sequence = |count: u64| -> Vec<Field> { (1..=count).map(field_from_u64).collect() };
    let mut padded = sequence(9);
    padded.resize(16, Field::zero());
    for (inputs, expected) in [
        (
            sequence(1),
            "18586133768512220936620570745912940619677854269274689475585506675881198879027",
        ),
        (
            sequence(2),
            "7853200120776062878684798364095072458815029376092732009249414926327459813530",
        ),
        (
            sequence(4),
            "18821383157269793795438455681495246036402687001665670618754263018637548127333",
        ),
        (
            sequence(16),
            "9989051620750914585850546081941653841776809718687451684622678807385399211877",
        ),
        (
            padded,
            "11882816200654282475720830292386643970958445617880627439994635298904836126497",
        ),
    ] {
        assert_eq!(hash(&inputs), field_from_decimal(expected).unwrap());
    }
}

#[test]
fn circomlibjs_hashes() {
    let Some(vectors) = crate::test_data::read("zk/poseidon/circomlibjs_0.1.7_vectors.json") else {
        return;
    };
    let cases = vectors["poseidon"].as_array().unwrap();
    assert!(cases.len() >= 64);
    for case in cases {
        let inputs: Vec<Field> = case["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(crate::test_data::element)
            .collect();
        assert_eq!(hash(&inputs), crate::test_data::element(&case["hash"]), "{case}");
    }
}

#[test]
fn upstream_hashes() {
    let Some(vectors) = crate::test_data::read("zk/poseidon/upstream_published_vectors.json") else {
        return;
    };
    let cases = vectors["poseidon"].as_array().unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let inputs: Vec<Field> = case["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(crate::test_data::element)
            .collect();
        let expected = case.get("hash").unwrap_or_else(|| &case["hash_hex"]);
        assert_eq!(hash(&inputs), crate::test_data::element(expected), "{case}");
    }
}

#[test]
fn tags_are_big_endian_ascii() {
    assert_eq!(tag("a"), field_from_u64(0x61));
    assert_eq!(tag("ab"), field_from_u64(0x6162));
    assert_ne!(tag("covenant/figures/1"), tag("covenant/figures/2"));
    assert_ne!(
        hash(&[tag("a"), field_from_i64(1)]),
        hash(&[tag("b"), field_from_i64(1)])
    );
}

/// A circuit that hashes these inputs, the first few as constants, and compares the result with a public input.
fn circuit_of(inputs: &[Field], constants: usize) -> FinishedCircuit {
    let mut circuit = Circuit::for_witness(true);
    let expected = circuit.input(Some(hash(inputs))).unwrap();
    let wires: Vec<Var> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            if index < constants {
                Var::Constant(*input)
            } else {
                circuit.witness(Some(*input)).unwrap()
            }
        })
        .collect();
    circuit
        .rule("hash", |c| {
            let result = hash_var(c, &wires)?;
            assert_eq!(value_of(&result), Some(hash(inputs)));
            crate::rows::enforce_product(c, &result, &crate::rows::constant(1u64), &expected)
        })
        .unwrap();
    circuit.finish()
}

#[test]
fn the_twin_hashes_alike_and_holds_every_wire() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    for inputs in 1..=INPUTS_MAX {
        let random: Vec<Field> = (0..inputs).map(|_| Field::rand(&mut rng)).collect();
        for case in [random, vec![Field::zero(); inputs], vec![-Field::one(); inputs]] {
            let finished = circuit_of(&case, 0);
            assert_eq!(unsatisfied_rows(&finished), [0usize; 0]);
            assert_eq!(loose_wires(&finished), [0usize; 0]);
            // 3 rows for each S-box but the first, whose input is a constant; and the comparison.
            let sboxes = FULL_ROUNDS * (inputs + 1) + PARTIAL_ROUNDS[inputs - 1] - 1;
            assert_eq!(finished.cs.num_constraints(), 3 * sboxes + 1);
        }
    }
}

#[test]
fn constants_cost_nothing() {
    let inputs: Vec<Field> = (1..=5).map(field_from_u64).collect();
    let rows: Vec<usize> = (0..=5)
        .map(|constants| circuit_of(&inputs, constants).cs.num_constraints())
        .collect();
    assert_eq!(rows, [322, 319, 316, 313, 310, 1]);
    let finished = circuit_of(&inputs, 2);
    assert_eq!(unsatisfied_rows(&finished), [0usize; 0]);
    assert_eq!(loose_wires(&finished), [0usize; 0]);
}

#[test]
fn the_shape_does_not_depend_on_values_or_mode() {
    let build = |mut circuit: Circuit, values: [Option<Field>; 2]| {
        let wires = values.map(|value| circuit.witness(value).unwrap());
        circuit.rule("hash", |c| hash_var(c, &wires).map(drop)).unwrap();
        circuit.finish().cs
    };
    let setup = build(Circuit::for_setup(), [None; 2]);
    let full = build(Circuit::for_witness(true), [1, 2].map(|n| Some(field_from_u64(n))));
    let quick = build(Circuit::for_witness(false), [1, 2].map(|n| Some(field_from_u64(n))));
    assert_eq!(setup.to_matrices().unwrap(), full.to_matrices().unwrap());
    assert_eq!(full.witness_assignment().unwrap(), quick.witness_assignment().unwrap());
    assert_eq!(setup.num_witness_variables(), quick.num_witness_variables());
}
