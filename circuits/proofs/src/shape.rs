//! The shape of a statement: what its keys depend on, pinned in golden files so that a changed circuit shows in review.

use std::fmt::Write as _;
use std::ops::Range;

use ark_poly::EvaluationDomain as _;
use ark_relations::gr1cs::SynthesisError;
use covenant_gadgets::circuit::{Circuit, Field, RuleName};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::matrices::Matrices;
use crate::qap;
use crate::statement::Statement;

/// What the keys of a statement depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// [`Statement::ID`].
    pub statement: &'static str,
    /// Names of the public inputs, the constant one left out.
    pub inputs: Vec<String>,
    /// How many of the first inputs the policy fixes.
    pub policy_inputs: usize,
    /// Rows (constraints).
    pub rows: usize,
    /// Private wires.
    pub witnesses: usize,
    /// Entries of A, B and C.
    pub non_zeros: [usize; 3],
    /// Size of the evaluation domain: the power of two that holds rows and public inputs.
    pub domain: usize,
    /// [`Matrices::hash`].
    pub matrices: [u8; 32],
    /// Rows of each rule, in the order of first appearance.
    pub rules: Vec<(RuleName, usize)>,
}

impl Shape {
    /// Builds the statement's circuit without values and describes it.
    ///
    /// # Errors
    /// Where the circuit cannot be built without values, or is too large for the field's evaluation domains.
    pub fn of<S: Statement>() -> Result<Self, SynthesisError> {
        let (matrices, rules) = matrices_of::<S>()?;
        let mut sums: Vec<(RuleName, usize)> = Vec::new();
        for (name, rows) in rules {
            match sums.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += rows.len(),
                None => sums.push((name, rows.len())),
            }
        }
        Ok(Self {
            statement: S::ID,
            inputs: S::input_names(),
            policy_inputs: S::policy_inputs(),
            rows: matrices.rows(),
            witnesses: matrices.witnesses(),
            non_zeros: matrices.non_zeros(),
            domain: qap::domain(&matrices)?.size(),
            matrices: matrices.hash(),
            rules: sums,
        })
    }

    /// A rendering for golden files: one fact a line, the same bytes for the same shape.
    pub fn to_text(&self) -> String {
        let [a, b, c] = self.non_zeros;
        let mut text = format!(
            "statement {}\nrows {}\nwitnesses {}\npublic-inputs {}\npolicy-inputs {}\nnon-zeros {a} {b} {c}\ndomain {}\n\
             matrices sha256 {}\n\nrules\n",
            self.statement,
            self.rows,
            self.witnesses,
            self.inputs.len(),
            self.policy_inputs,
            self.domain,
            HEXLOWER.encode(&self.matrices),
        );
        for (name, rows) in &self.rules {
            let _ = writeln!(text, "  {name} {rows}");
        }
        text.push_str("\ninputs\n");
        for (index, name) in self.inputs.iter().enumerate() {
            let _ = writeln!(text, "  {} {name}", index + 1);
        }
        text
    }
}

/// The values of all wires.
pub struct Assignment {
    /// The constant one, the public inputs, the witnesses.
    pub values: Zeroizing<Vec<Field>>,
    /// Public inputs, the constant one included.
    pub inputs: usize,
}

impl Assignment {
    /// Computes every wire. Nothing is checked: a relation that does not hold yields wires that break a row.
    ///
    /// # Errors
    /// Where a value cannot be computed (a division by zero, for instance).
    pub fn of<S: Statement>(public: &S::Public, witness: &S::Witness) -> Result<Self, SynthesisError> {
        let mut circuit = Circuit::for_witness(false);
        let inputs = S::inputs(public)
            .into_iter()
            .map(|v| circuit.input(Some(v)))
            .collect::<Result<Vec<_>, _>>()?;
        S::enforce(&mut circuit, &inputs, Some((public, witness)))?;
        let finished = circuit.finish();
        let system = finished.cs.borrow().ok_or(SynthesisError::MissingCS)?;
        let (instance, private) = (system.instance_assignment()?, system.witness_assignment()?);
        Ok(Self {
            values: Zeroizing::new([instance, private].concat()),
            inputs: instance.len(),
        })
    }
}

/// The rows of each rule, in order and without gaps; a name may return.
pub type Rules = Vec<(RuleName, Range<usize>)>;

/// The rule that a row belongs to.
pub fn rule_of(rules: &Rules, row: usize) -> Option<RuleName> {
    rules
        .iter()
        .find(|(_, rows)| rows.contains(&row))
        .map(|(name, _)| *name)
}

/// The matrices of a statement's circuit, and the rows of its rules.
///
/// # Errors
/// Where the circuit cannot be built without values.
pub fn matrices_of<S: Statement>() -> Result<(Matrices, Rules), SynthesisError> {
    let mut circuit = Circuit::for_setup();
    let count = S::input_names().len();
    if S::policy_inputs() > count {
        return Err(SynthesisError::ArityMismatch);
    }
    let inputs = (0..count).map(|_| circuit.input(None)).collect::<Result<Vec<_>, _>>()?;
    S::enforce(&mut circuit, &inputs, None)?;
    let finished = circuit.finish();
    let matrices = Matrices::from_system(&finished.cs)?;
    if matrices.inputs() != count + 1 {
        // The statement allocated a public input of its own: nobody would set or compare it.
        return Err(SynthesisError::ArityMismatch);
    }
    Ok((matrices, finished.rules))
}

#[cfg(test)]
mod tests;
