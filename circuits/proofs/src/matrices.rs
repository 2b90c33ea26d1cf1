//! The matrices A, B and C of a constraint system, kept compactly: a prover takes them from its key, because building them
//! costs more than evaluating them.
//!
//! Nearly all coefficients of a circuit repeat (1, −1, powers of two, Poseidon's constants), so an entry is two 32-bit
//! numbers: the column, and the place of the coefficient in one table.

use std::collections::BTreeMap;

use ark_ff::{BigInteger as _, One as _, PrimeField as _, Zero as _};
use ark_relations::gr1cs::{ConstraintSystemRef, Matrix, R1CS_PREDICATE_LABEL, SynthesisError};
use covenant_gadgets::circuit::Field;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize;

use crate::formats::zkey::Entry;

/// The first bytes of what [`Matrices::hash`] hashes.
const HASH_TAG: &[u8] = b"covenant/matrices/v1";
/// Place of the coefficient 1 in every table.
const ONE: u32 = 0;
/// Place of the coefficient −1 in every table.
const MINUS_ONE: u32 = 1;
/// Rows that one parallel task evaluates.
const ROWS_PER_TASK: usize = 1024;

/// One sparse matrix in compressed rows; columns of a row ascend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SparseMatrix {
    /// Where each row ends in the two vectors below.
    pub(crate) row_ends: Vec<u32>,
    /// Wire of each entry: the constant one, the public inputs, then the witnesses.
    pub(crate) columns: Vec<u32>,
    /// Place of each entry's coefficient in the table.
    pub(crate) coefficients: Vec<u32>,
}

/// The three matrices of a constraint system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// Public inputs, the constant one included.
    pub(crate) inputs: usize,
    /// Private wires.
    pub(crate) witnesses: usize,
    /// The coefficients that occur: 1, −1, then the others in the order of their first appearance.
    pub(crate) table: Vec<Field>,
    /// A, B and C.
    pub(crate) abc: [SparseMatrix; 3],
}

impl Matrices {
    /// Takes the matrices out of a finalized constraint system that built them.
    pub(crate) fn from_system(cs: &ConstraintSystemRef<Field>) -> Result<Self, SynthesisError> {
        let mut all = cs.to_matrices()?;
        let r1cs = all
            .remove(R1CS_PREDICATE_LABEL)
            .ok_or(SynthesisError::PredicateNotFound)?;
        if all.values().any(|matrices| matrices.iter().any(|m| !m.is_empty())) {
            // Another kind of constraint would be left out of the proof.
            return Err(SynthesisError::PredicateNotFound);
        }
        let abc = <[Matrix<Field>; 3]>::try_from(r1cs).map_err(|_| SynthesisError::ArityMismatch)?;
        Self::from_rows(cs.num_instance_variables(), cs.num_witness_variables(), &abc)
    }

    /// Compresses A, B and C, each given as its rows of coefficients and wires.
    pub(crate) fn from_rows(
        inputs: usize,
        witnesses: usize,
        [a, b, c]: &[Matrix<Field>; 3],
    ) -> Result<Self, SynthesisError> {
        let mut table = Table::default();
        let abc = [table.compress(a)?, table.compress(b)?, table.compress(c)?];
        Ok(Self {
            inputs,
            witnesses,
            table: table.coefficients,
            abc,
        })
    }

    /// Compresses the entries of A and B that a `.zkey` holds, which leaves C out; the rows of the public inputs are among them.
    pub(crate) fn from_entries(inputs: usize, witnesses: usize, entries: &[Entry]) -> Result<Self, SynthesisError> {
        let rows = entries.iter().map(|entry| entry.row as usize + 1).max().unwrap_or(0);
        let mut ab: [Matrix<Field>; 2] = [vec![Vec::new(); rows], vec![Vec::new(); rows]];
        for entry in entries {
            let matrix = ab.get_mut(entry.matrix as usize).ok_or(SynthesisError::ArityMismatch)?;
            matrix[entry.row as usize].push((entry.coefficient, entry.wire as usize));
        }
        let [a, b] = ab;
        Self::from_rows(inputs, witnesses, &[a, b, Vec::new()])
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.abc[0].row_ends.len()
    }

    /// Public inputs, the constant one included.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Private wires.
    pub fn witnesses(&self) -> usize {
        self.witnesses
    }

    /// All wires: the constant one, the public inputs, the witnesses.
    pub fn wires(&self) -> usize {
        self.inputs + self.witnesses
    }

    /// Entries of A, B and C.
    pub fn non_zeros(&self) -> [usize; 3] {
        [0, 1, 2].map(|i| self.abc[i].columns.len())
    }

    /// The entries of one row of A (0), B (1) or C (2): wire and coefficient.
    pub fn row(&self, matrix: usize, row: usize) -> impl Iterator<Item = (usize, Field)> + '_ {
        self.abc[matrix]
            .row(row)
            .map(|(column, place)| (column as usize, self.table[place as usize]))
    }

    /// The first row where A z ∘ B z = C z does not hold.
    pub fn first_broken_row(&self, z: &[Field]) -> Option<usize> {
        let [a, b, c] = &self.abc;
        let dot = |matrix, row| self.dot(matrix, row, z);
        let rows = (0..self.rows()).into_par_iter().with_min_len(ROWS_PER_TASK);
        rows.find_first(|row| dot(a, *row) * dot(b, *row) != dot(c, *row))
    }

    /// A z and B z for the values `z` of all wires, each continued with zeros to `size`, in one pass. A prover needs no C: it takes
    /// the products, and a witness that breaks a row makes a proof that does not verify.
    #[doc(hidden)] // open for benches
    pub fn multiply(&self, z: &[Field], size: usize) -> Rows {
        let [a, b, _] = &self.abc;
        let mut rows = Rows {
            a: vec![Field::zero(); size],
            b: vec![Field::zero(); size],
        };
        let chunks = rows.a.par_chunks_mut(ROWS_PER_TASK);
        let chunks = chunks.zip(rows.b.par_chunks_mut(ROWS_PER_TASK));
        chunks.enumerate().for_each(|(chunk, (left, right))| {
            let places = left.iter_mut().zip(right);
            for (row, (left, right)) in (chunk * ROWS_PER_TASK..self.rows()).zip(places) {
                *left = self.dot(a, row, z);
                *right = self.dot(b, row, z);
            }
        });
        rows
    }

    /// One row times the wires' values.
    fn dot(&self, matrix: &SparseMatrix, row: usize, z: &[Field]) -> Field {
        let mut sum = Field::zero();
        for (column, place) in matrix.row(row) {
            let value = &z[column as usize];
            match place {
                ONE => sum += value,
                MINUS_ONE => sum -= value,
                _ if value.is_zero() => {}
                _ => sum += *value * self.table[place as usize],
            }
        }
        sum
    }

    /// SHA-256 of the canonical encoding: the tag `covenant/matrices/v1`; inputs (with the constant one), witnesses and
    /// rows as u32; then A, B and C, each as its rows in order, a row being its number of entries as u32 and its entries by
    /// ascending wire: wire as u32, coefficient as 32 bytes. All numbers little-endian; coefficients are never zero.
    pub fn hash(&self) -> [u8; 32] {
        let coefficients: Vec<[u8; 32]> = self.table.iter().map(le_bytes).collect();
        let mut hash = Sha256::new();
        hash.update(HASH_TAG);
        for count in [self.inputs, self.witnesses, self.rows()] {
            hash.update((count as u32).to_le_bytes());
        }
        let mut buffer = Vec::new();
        for matrix in &self.abc {
            for row in 0..matrix.row_ends.len() {
                buffer.extend_from_slice(&(matrix.row(row).len() as u32).to_le_bytes());
                for (column, place) in matrix.row(row) {
                    buffer.extend_from_slice(&column.to_le_bytes());
                    buffer.extend_from_slice(&coefficients[place as usize]);
                }
                if buffer.len() > 1 << 16 {
                    hash.update(&buffer);
                    buffer.clear();
                }
            }
        }
        hash.update(&buffer);
        hash.finalize().into()
    }

    /// Whether every index lies inside its table, so that evaluation cannot go astray.
    pub(crate) fn is_consistent(&self) -> bool {
        let (wires, table) = (self.wires(), self.table.len());
        let rows = self.rows();
        table >= 2
            && self.table[ONE as usize].is_one()
            && self.table[MINUS_ONE as usize] == -Field::one()
            && self.abc.iter().all(|m| {
                m.row_ends.len() == rows
                    && m.row_ends.is_sorted()
                    && m.row_ends.last().copied().unwrap_or(0) as usize == m.columns.len()
                    && m.columns.len() == m.coefficients.len()
                    && m.columns.iter().all(|c| (*c as usize) < wires)
                    && m.coefficients.iter().all(|c| (*c as usize) < table)
            })
    }
}

impl SparseMatrix {
    fn row(&self, row: usize) -> impl ExactSizeIterator<Item = (u32, u32)> + '_ {
        let start = if row == 0 { 0 } else { self.row_ends[row - 1] as usize };
        let end = self.row_ends[row] as usize;
        self.columns[start..end]
            .iter()
            .copied()
            .zip(self.coefficients[start..end].iter().copied())
    }
}

/// The rows' values for a witness, A z and B z. They tell the witness, so they are wiped.
#[doc(hidden)] // open for benches
pub struct Rows {
    pub(crate) a: Vec<Field>,
    pub(crate) b: Vec<Field>,
}

impl Drop for Rows {
    fn drop(&mut self) {
        for values in [&mut self.a, &mut self.b] {
            values
                .par_iter_mut()
                .with_min_len(ROWS_PER_TASK)
                .for_each(Zeroize::zeroize);
        }
    }
}

/// A field element as 32 little-endian bytes.
fn le_bytes(value: &Field) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&value.into_bigint().to_bytes_le());
    bytes
}

/// The coefficients met so far.
struct Table {
    coefficients: Vec<Field>,
    places: BTreeMap<Field, u32>,
}

impl Default for Table {
    fn default() -> Self {
        let coefficients = vec![Field::one(), -Field::one()];
        let places = coefficients.iter().copied().zip([ONE, MINUS_ONE]).collect();
        Self { coefficients, places }
    }
}

impl Table {
    fn compress(&mut self, matrix: &Matrix<Field>) -> Result<SparseMatrix, SynthesisError> {
        let index = |n: usize| u32::try_from(n).map_err(|_| SynthesisError::PolynomialDegreeTooLarge);
        let mut compact = SparseMatrix::default();
        for row in matrix {
            let mut merged: BTreeMap<usize, Field> = BTreeMap::new();
            for (coefficient, wire) in row {
                *merged.entry(*wire).or_default() += coefficient;
            }
            for (wire, coefficient) in merged.into_iter().filter(|(_, c)| !c.is_zero()) {
                compact.columns.push(index(wire)?);
                compact.coefficients.push(self.place(coefficient)?);
            }
            compact.row_ends.push(index(compact.columns.len())?);
        }
        Ok(compact)
    }

    fn place(&mut self, coefficient: Field) -> Result<u32, SynthesisError> {
        if let Some(place) = self.places.get(&coefficient) {
            return Ok(*place);
        }
        let place = u32::try_from(self.coefficients.len()).map_err(|_| SynthesisError::PolynomialDegreeTooLarge)?;
        self.coefficients.push(coefficient);
        self.places.insert(coefficient, place);
        Ok(place)
    }
}
