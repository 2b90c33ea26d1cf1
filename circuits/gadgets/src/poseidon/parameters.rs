//! Round constants and matrices of each width, generated once, in the form that makes partial rounds cheap.
//!
//! A partial round changes only the first lane, so that (a) the constants of the other lanes can be moved behind the following
//! matrix, and (b) its matrix M factors into a sparse one and a block that leaves the first lane alone, which moves in front of the
//! round (appendix B of the Poseidon paper). Written M = [[m, v], [w, N]], the partial round with k − 1 partial rounds after it
//! keeps the sparse matrix [[m, v·N^-k], [N^(k-1)·w, 1]], and the first half's last full round is left with diag(1, N^R_P)·M.

use std::sync::OnceLock;

use ark_ff::{Field as _, One as _, Zero as _};

use super::INPUTS_MAX;
use super::grain::Grain;
use crate::circuit::Field;

/// Full rounds, half of them before the partial ones.
pub(super) const FULL_ROUNDS: usize = 8;

/// Partial rounds for t = 2 to 17: circomlib's `N_ROUNDS_P`, from the paper's security script.
pub(super) const PARTIAL_ROUNDS: [usize; INPUTS_MAX] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];

type Matrix = Vec<Vec<Field>>;

/// One partial round: add `constant` to lane 0, raise it, then multiply by [[corner, row], [column, 1]].
pub(super) struct PartialRound {
    pub constant: Field,
    pub row: Vec<Field>,
    pub column: Vec<Field>,
}

/// One width's parameters.
pub(super) struct Parameters {
    /// Constants of the eight full rounds.
    full_constants: Vec<Vec<Field>>,
    /// The matrix of the paper.
    matrix: Matrix,
    /// The matrix of the fourth full round, which has absorbed what the sparse ones leave out.
    before_partial: Matrix,
    /// The partial rounds, in order.
    pub partial: Vec<PartialRound>,
    /// The sparse matrices' common top left entry.
    pub corner: Field,
}

impl Parameters {
    /// The parameters for so many inputs, generated at first use.
    pub fn for_inputs(inputs: usize) -> &'static Self {
        static WIDTHS: [OnceLock<Parameters>; INPUTS_MAX] = [const { OnceLock::new() }; INPUTS_MAX];
        assert!(
            (1..=INPUTS_MAX).contains(&inputs),
            "Poseidon takes 1 to {INPUTS_MAX} inputs, not {inputs}"
        );
        WIDTHS[inputs - 1].get_or_init(|| Self::generate(inputs))
    }

    /// Constants and matrix of the full rounds before the partial ones.
    pub fn first_rounds(&self) -> impl Iterator<Item = (&[Field], &Matrix)> {
        let last = FULL_ROUNDS / 2 - 1;
        let matrix = move |round| {
            if round == last {
                &self.before_partial
            } else {
                &self.matrix
            }
        };
        self.full_constants[..=last]
            .iter()
            .enumerate()
            .map(move |(round, constants)| (&constants[..], matrix(round)))
    }

    /// Constants and matrix of the full rounds after the partial ones.
    pub fn last_rounds(&self) -> impl Iterator<Item = (&[Field], &Matrix)> {
        self.full_constants[FULL_ROUNDS / 2..]
            .iter()
            .map(|constants| (&constants[..], &self.matrix))
    }

    fn generate(inputs: usize) -> Self {
        let rounds = PARTIAL_ROUNDS[inputs - 1];
        let (mut constants, matrix) = generate_plain(inputs);
        for round in FULL_ROUNDS / 2..FULL_ROUNDS / 2 + rounds {
            let mut rest = constants[round].clone();
            rest[0] = Field::zero();
            constants[round].truncate(1);
            for (constant, moved) in constants[round + 1].iter_mut().zip(apply(&matrix, &rest)) {
                *constant += moved;
            }
        }
        let block: Matrix = matrix[1..].iter().map(|row| row[1..].to_vec()).collect();
        let inverse = invert(&block);
        let mut row = matrix[0][1..].to_vec();
        let mut column: Vec<Field> = matrix[1..].iter().map(|row| row[0]).collect();
        let mut partial = Vec::with_capacity(rounds);
        // From the last partial round back to the first.
        for round in (FULL_ROUNDS / 2..FULL_ROUNDS / 2 + rounds).rev() {
            row = apply_left(&row, &inverse);
            partial.push(PartialRound {
                constant: constants[round][0],
                row: row.clone(),
                column: column.clone(),
            });
            column = apply(&block, &column);
        }
        partial.reverse();
        let mut absorbed = matrix.clone();
        let power = power(&block, rounds);
        for (index, row) in power.iter().enumerate() {
            absorbed[index + 1] = apply_left(row, &matrix[1..]);
        }
        let full_constants = constants[..FULL_ROUNDS / 2]
            .iter()
            .chain(&constants[FULL_ROUNDS / 2 + rounds..])
            .cloned()
            .collect();
        Self {
            full_constants,
            corner: matrix[0][0],
            before_partial: absorbed,
            matrix,
            partial,
        }
    }
}

/// The round constants and the matrix as the paper has them.
pub(super) fn generate_plain(inputs: usize) -> (Matrix, Matrix) {
    let (width, partial) = (inputs + 1, PARTIAL_ROUNDS[inputs - 1]);
    let mut grain = Grain::new(width, FULL_ROUNDS, partial);
    let constants = (0..FULL_ROUNDS + partial).map(|_| grain.numbers(width)).collect();
    // A Cauchy matrix, 1/(xᵢ + yⱼ).
    let (x, y) = (grain.numbers_reduced(width), grain.numbers_reduced(width));
    let mut entries: Vec<Field> = x.iter().flat_map(|x| y.iter().map(move |y| *x + y)).collect();
    ark_ff::batch_inversion(&mut entries);
    (constants, entries.chunks(width).map(<[Field]>::to_vec).collect())
}

/// matrix · vector
fn apply(matrix: &[Vec<Field>], vector: &[Field]) -> Vec<Field> {
    matrix
        .iter()
        .map(|row| row.iter().zip(vector).map(|(a, b)| *a * b).sum())
        .collect()
}

/// vector · matrix
fn apply_left(vector: &[Field], matrix: &[Vec<Field>]) -> Vec<Field> {
    let width = matrix.first().map_or(0, Vec::len);
    (0..width)
        .map(|column| vector.iter().zip(matrix).map(|(a, row)| *a * row[column]).sum())
        .collect()
}

fn identity(size: usize) -> Matrix {
    (0..size)
        .map(|i| {
            (0..size)
                .map(|j| if i == j { Field::one() } else { Field::zero() })
                .collect()
        })
        .collect()
}

fn power(matrix: &Matrix, exponent: usize) -> Matrix {
    let multiply = |a: &Matrix, b: &Matrix| -> Matrix { a.iter().map(|row| apply_left(row, b)).collect() };
    let mut result = identity(matrix.len());
    for bit in (0..usize::BITS - exponent.leading_zeros()).rev() {
        result = multiply(&result, &result);
        if exponent >> bit & 1 == 1 {
            result = multiply(&result, matrix);
        }
    }
    result
}

/// The inverse, by Gauss and Jordan. Every square block of a Cauchy matrix is invertible, and so is each pivot found here.
fn invert(matrix: &Matrix) -> Matrix {
    let size = matrix.len();
    let mut rows: Matrix = matrix
        .iter()
        .zip(identity(size))
        .map(|(row, unit)| [row.clone(), unit].concat())
        .collect();
    for pivot in 0..size {
        let found = (pivot..size).find(|&row| !rows[row][pivot].is_zero()).unwrap_or(pivot);
        rows.swap(pivot, found);
        let scale = rows[pivot][pivot].inverse().unwrap_or_default();
        rows[pivot].iter_mut().for_each(|entry| *entry *= scale);
        let pivot_row = rows[pivot].clone();
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = row[pivot];
            if index != pivot && !factor.is_zero() {
                row.iter_mut()
                    .zip(&pivot_row)
                    .for_each(|(entry, above)| *entry -= factor * above);
            }
        }
    }
    rows.into_iter().map(|row| row[size..].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use ark_crypto_primitives::sponge::poseidon::find_poseidon_ark_and_mds;
    use ark_ff::PrimeField as _;

    use super::*;

    #[test]
    fn constants_and_matrices_are_arkworks() {
        for (inputs, partial) in (1..).zip(PARTIAL_ROUNDS) {
            let bits = u64::from(Field::MODULUS_BIT_SIZE);
            let theirs = find_poseidon_ark_and_mds(bits, inputs, FULL_ROUNDS as u64, partial as u64, 0);
            assert_eq!(generate_plain(inputs), theirs, "{inputs} inputs");
        }
    }

    #[test]
    fn inverse_and_power_are_what_they_say() {
        let (_, matrix) = generate_plain(4);
        let inverse = invert(&matrix);
        let product: Matrix = matrix.iter().map(|row| apply_left(row, &inverse)).collect();
        assert_eq!(product, identity(5));
        let cube: Matrix = (0..2).fold(matrix.clone(), |m, _| {
            m.iter().map(|row| apply_left(row, &matrix)).collect()
        });
        assert_eq!(power(&matrix, 3), cube);
    }
}
