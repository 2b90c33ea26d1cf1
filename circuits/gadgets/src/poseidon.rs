//! Poseidon over BN254 with circomlib's parameters, natively and in a circuit.
//!
//! One permutation of width t = inputs + 1 over the state [0, inputs…], whose first lane is the hash (circomlib's `Poseidon(n)`,
//! Grassi et al., "Poseidon", USENIX Security 2021). S-box x^5, 8 full rounds, 56 to 70 partial ones; round constants and matrix
//! come out of the reference's Grain generator. Different statements about the same numbers are kept apart by a [`tag`] as the
//! first input, and different lengths by the width itself.

mod circuit;
mod grain;
mod parameters;

use ark_ff::{Field as _, PrimeField as _, Zero as _};

pub use self::circuit::hash_var;
use self::parameters::Parameters;
use crate::circuit::Field;

/// The most inputs that one hash takes.
pub const INPUTS_MAX: usize = 16;

/// The hash of 1 to 16 elements.
///
/// # Panics
/// If there are none or more than [`INPUTS_MAX`]: the number of inputs is part of a format, never data.
pub fn hash(inputs: &[Field]) -> Field {
    let parameters = Parameters::for_inputs(inputs.len());
    let mut state = Vec::with_capacity(inputs.len() + 1);
    state.push(Field::zero());
    state.extend_from_slice(inputs);
    permute(parameters, &mut state, |_| ());
    state[0]
}

/// A domain tag: the big-endian integer of at most 31 ASCII characters.
///
/// # Panics
/// If the text is longer, empty or not ASCII: tags are constants of formats.
pub fn tag(text: &'static str) -> Field {
    assert!(
        text.is_ascii() && (1..=31).contains(&text.len()),
        "a domain tag is 1 to 31 ASCII characters: {text}"
    );
    Field::from_be_bytes_mod_order(text.as_bytes())
}

/// x^5.
fn sbox(x: Field) -> Field {
    x.square().square() * x
}

/// The permutation, with sparse matrices in its partial rounds; `on_sbox` sees the input of each S-box in order.
fn permute(parameters: &Parameters, state: &mut [Field], mut on_sbox: impl FnMut(Field)) {
    let mut scratch = state.to_vec();
    let mut full_round =
        |state: &mut [Field], constants: &[Field], matrix: &[Vec<Field>], on_sbox: &mut dyn FnMut(Field)| {
            for ((lane, constant), out) in state.iter().zip(constants).zip(&mut scratch) {
                let input = *lane + constant;
                on_sbox(input);
                *out = sbox(input);
            }
            for (lane, row) in state.iter_mut().zip(matrix) {
                *lane = row
                    .iter()
                    .zip(&scratch)
                    .map(|(coefficient, out)| *coefficient * out)
                    .sum();
            }
        };
    for (constants, matrix) in parameters.first_rounds() {
        full_round(state, constants, matrix, &mut on_sbox);
    }
    for round in &parameters.partial {
        let input = state[0] + round.constant;
        on_sbox(input);
        let out = sbox(input);
        let mut first = parameters.corner * out;
        for ((lane, row), column) in state[1..].iter_mut().zip(&round.row).zip(&round.column) {
            first += *row * *lane;
            *lane += *column * out;
        }
        state[0] = first;
    }
    for (constants, matrix) in parameters.last_rounds() {
        full_round(state, constants, matrix, &mut on_sbox);
    }
}

#[cfg(test)]
mod tests;
