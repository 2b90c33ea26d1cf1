//! What tests of circuits ask of a finished one: which rows are broken, whose they are, and which wires nothing holds.
//!
//! Forged cases find rows that are missing. [`loose_wires`] finds the opposite fault, a wire that a prover may set as he likes: it
//! adds 1 to each wire in turn and recomputes, on the matrices, only the rows that the wire stands in.

use std::ops::Range;

use ark_ff::Zero as _;
use ark_relations::gr1cs::{Matrix, R1CS_PREDICATE_LABEL};

use crate::circuit::{Field, FinishedCircuit, RuleName};

/// A, B and C, and the values of all wires: the constant one, the inputs, the witnesses.
pub struct Evaluation {
    matrices: [Matrix<Field>; 3],
    wires: Vec<Field>,
    inputs: usize,
}

impl Evaluation {
    /// Of a finished circuit with values and matrices.
    ///
    /// # Panics
    /// If it was made without one of them, or has rows that are not rank-1 constraints.
    pub fn new(finished: &FinishedCircuit) -> Self {
        let mut all = finished.cs.to_matrices().unwrap_or_default();
        let matrices = all
            .remove(R1CS_PREDICATE_LABEL)
            .and_then(|list| <[Matrix<Field>; 3]>::try_from(list).ok());
        let Some(matrices) = matrices else {
            panic!("the circuit has no matrices")
        };
        let mut wires = finished.cs.instance_assignment().unwrap_or_default();
        let inputs = wires.len();
        wires.extend(finished.cs.witness_assignment().unwrap_or_default());
        assert_eq!(wires.len(), finished.cs.num_variables(), "the circuit has no values");
        assert_eq!(
            matrices[0].len(),
            finished.cs.num_constraints(),
            "the circuit has no matrices"
        );
        Self {
            matrices,
            wires,
            inputs,
        }
    }

    /// The values of all wires.
    pub fn wires(&self) -> &[Field] {
        &self.wires
    }

    /// The places of the private wires.
    pub fn witnesses(&self) -> Range<usize> {
        self.inputs..self.wires.len()
    }

    /// The places of the public inputs, without the constant one.
    pub fn inputs(&self) -> Range<usize> {
        1..self.inputs
    }

    /// The rows where A z ∘ B z = C z fails for these values of all wires.
    pub fn unsatisfied_rows(&self, wires: &[Field]) -> Vec<usize> {
        let [a, b, c] = self.products(wires);
        (0..a.len()).filter(|&row| a[row] * b[row] != c[row]).collect()
    }

    /// For each wire in this range, the rows that break when 1 is added to it alone.
    pub fn nudge(&self, range: Range<usize>) -> Vec<Vec<usize>> {
        let [a, b, c] = self.products(&self.wires);
        let columns: [Vec<Vec<(usize, Field)>>; 3] = [0, 1, 2].map(|matrix| {
            let mut columns = vec![Vec::new(); self.wires.len()];
            for (row, entries) in self.matrices[matrix].iter().enumerate() {
                for (coefficient, column) in entries {
                    columns[*column].push((row, *coefficient));
                }
            }
            columns
        });
        range
            .map(|wire| {
                let change = |matrix: usize, row: usize| -> Field {
                    let column = &columns[matrix][wire];
                    let start = column.partition_point(|(found, _)| *found < row);
                    column[start..]
                        .iter()
                        .take_while(|(found, _)| *found == row)
                        .map(|(_, value)| value)
                        .sum()
                };
                let mut rows: Vec<usize> = columns
                    .iter()
                    .flat_map(|m| m[wire].iter().map(|(row, _)| *row))
                    .collect();
                rows.sort_unstable();
                rows.dedup();
                rows.retain(|&row| (a[row] + change(0, row)) * (b[row] + change(1, row)) != c[row] + change(2, row));
                rows
            })
            .collect()
    }

    fn products(&self, wires: &[Field]) -> [Vec<Field>; 3] {
        let dot = |entries: &Vec<(Field, usize)>| -> Field {
            entries.iter().fold(Field::zero(), |sum, (coefficient, column)| {
                sum + *coefficient * wires[*column]
            })
        };
        [0, 1, 2].map(|matrix| self.matrices[matrix].iter().map(dot).collect())
    }
}

/// The rows that a finished circuit's own values break.
pub fn unsatisfied_rows(finished: &FinishedCircuit) -> Vec<usize> {
    let evaluation = Evaluation::new(finished);
    evaluation.unsatisfied_rows(evaluation.wires())
}

/// The private wires that can be nudged without breaking a row, by their place among all wires. The values must satisfy the rows.
pub fn loose_wires(finished: &FinishedCircuit) -> Vec<usize> {
    let evaluation = Evaluation::new(finished);
    let witnesses = evaluation.witnesses();
    let broken = evaluation.nudge(witnesses.clone());
    witnesses
        .zip(broken)
        .filter(|(_, rows)| rows.is_empty())
        .map(|(wire, _)| wire)
        .collect()
}

/// The rule that a row belongs to.
pub fn rule_of_row(finished: &FinishedCircuit, row: usize) -> Option<RuleName> {
    finished
        .rules
        .iter()
        .find(|(_, rows)| rows.contains(&row))
        .map(|(name, _)| *name)
}

/// The rules that these rows belong to, each once, in the order of the rows.
pub fn rules_of_rows(finished: &FinishedCircuit, rows: &[usize]) -> Vec<RuleName> {
    let mut names = Vec::new();
    for name in rows.iter().filter_map(|&row| rule_of_row(finished, row)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The rules that a finished circuit's own values break, each once, in order.
pub fn broken_rules(finished: &FinishedCircuit) -> Vec<RuleName> {
    rules_of_rows(finished, &unsatisfied_rows(finished))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::Circuit;
    use crate::rows::{enforce_product, enforce_zero};

    #[test]
    fn finds_broken_rows_their_rules_and_loose_wires() {
        let mut circuit = Circuit::for_witness(true);
        let two = circuit.input(Some(Field::from(2u64))).unwrap();
        let three = circuit.witness(Some(Field::from(3u64))).unwrap();
        let seven = circuit.witness(Some(Field::from(7u64))).unwrap();
        let zero = circuit.witness(Some(Field::from(0u64))).unwrap();
        let unused = circuit.witness(Some(Field::from(5u64))).unwrap();
        circuit.rule("zero", |c| enforce_zero(c, &zero)).unwrap();
        circuit
            .rule("product", |c| enforce_product(c, &two, &three, &seven))
            .unwrap();
        // 0·unused = 0 holds for any value
        circuit
            .rule("zero", |c| enforce_product(c, &zero, &unused, &zero))
            .unwrap();
        let finished = circuit.finish();
        assert_eq!(unsatisfied_rows(&finished), [1]);
        assert_eq!(broken_rules(&finished), ["product"]);
        assert_eq!(rule_of_row(&finished, 2), Some("zero"));
        assert_eq!(rule_of_row(&finished, 3), None);
        assert_eq!(rules_of_rows(&finished, &[0, 1, 2]), ["zero", "product"]);

        let evaluation = Evaluation::new(&finished);
        let mut wires = evaluation.wires().to_vec();
        assert_eq!(wires, [1u64, 2, 3, 7, 0, 5].map(Field::from));
        wires[3] = Field::from(6u64);
        assert_eq!(evaluation.unsatisfied_rows(&wires), [0usize; 0]);
        assert_eq!(loose_wires(&finished), [5]);
        assert_eq!(evaluation.nudge(4..5), [vec![0, 2]]);
        assert_eq!(evaluation.inputs(), 1..2);
    }
}
