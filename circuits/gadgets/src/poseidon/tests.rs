use ark_ff::{One as _, UniformRand as _};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::parameters::{FULL_ROUNDS, PARTIAL_ROUNDS, generate_plain};
use super::*;
use crate::field::{field_from_decimal, field_from_i64, field_from_u64};

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
