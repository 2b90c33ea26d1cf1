//! Poseidon as rows: three for each S-box whose input is not a constant, none for anything linear.
//!
//! The values of all S-boxes come from one run of the native permutation. Only while matrices are built does a lane have to be
//! known as a linear combination; each is kept as one flat combination of the latest S-boxes' outputs, never of other lanes.

use ark_ff::Zero as _;
use ark_r1cs_std::fields::fp::AllocatedFp;
use ark_relations::gr1cs::{LinearCombination, SynthesisError, Variable};

use super::parameters::{Parameters, PartialRound};
use super::{hash, permute, sbox};
use crate::circuit::{Circuit, Field, Result, Var, value_of};

/// [`hash`] in a circuit. Inputs that are constants cost nothing; if all are, so is the result.
///
/// # Panics
/// If there are none or more than [`super::INPUTS_MAX`] inputs.
pub fn hash_var(circuit: &mut Circuit, inputs: &[Var]) -> Result<Var> {
    let parameters = Parameters::for_inputs(inputs.len());
    let values: Option<Vec<Field>> = inputs.iter().map(value_of).collect();
    if let (true, Some(values)) = (inputs.iter().all(|input| matches!(input, Var::Constant(_))), &values) {
        return Ok(Var::Constant(hash(values)));
    }
    let (mut trace, mut result) = (Vec::new(), None);
    if let Some(values) = values {
        let mut state = [vec![Field::zero()], values].concat();
        permute(parameters, &mut state, |input| trace.push(input));
        result = Some(state[0]);
    }
    let mut permutation = Permutation::new(circuit, inputs, trace);
    for (constants, matrix) in parameters.first_rounds() {
        permutation.full_round(constants, matrix)?;
    }
    for round in &parameters.partial {
        permutation.partial_round(parameters, round)?;
    }
    for (constants, matrix) in parameters.last_rounds() {
        permutation.full_round(constants, matrix)?;
    }
    permutation.result(result)
}

/// One lane: constant + Σ coefficient·basis. The coefficients are left out where no matrices are built.
struct Lane {
    constant: Field,
    coefficients: Vec<Field>,
    /// Whether no wire stands in it.
    fixed: bool,
}

/// The permutation under construction.
struct Permutation<'a> {
    circuit: &'a mut Circuit,
    /// Whether linear combinations are wanted.
    symbolic: bool,
    /// Inputs of the S-boxes still to come; empty while keys are made.
    trace: std::vec::IntoIter<Field>,
    /// What the lanes are combinations of.
    basis: Vec<Variable>,
    lanes: Vec<Lane>,
}

/// What an S-box gives.
enum Output {
    Constant(Field),
    Wire(Variable),
}

impl<'a> Permutation<'a> {
    fn new(circuit: &'a mut Circuit, inputs: &[Var], trace: Vec<Field>) -> Self {
        let variables: Vec<Variable> = inputs
            .iter()
            .filter_map(|input| match input {
                Var::Constant(_) => None,
                Var::Var(allocated) => Some(allocated.variable),
            })
            .collect();
        let mut place = 0;
        let mut lanes = vec![Lane {
            constant: Field::zero(),
            coefficients: Vec::new(),
            fixed: true,
        }];
        lanes.extend(inputs.iter().map(|input| match input {
            Var::Constant(constant) => Lane {
                constant: *constant,
                coefficients: Vec::new(),
                fixed: true,
            },
            Var::Var(_) => {
                let mut coefficients = vec![Field::zero(); variables.len()];
                coefficients[place] = Field::from(1u64);
                place += 1;
                Lane {
                    constant: Field::zero(),
                    coefficients,
                    fixed: false,
                }
            }
        }));
        let symbolic = circuit.cs().should_construct_matrices();
        Self {
            circuit,
            symbolic,
            trace: trace.into_iter(),
            basis: variables,
            lanes,
        }
    }

    fn full_round(&mut self, constants: &[Field], matrix: &[Vec<Field>]) -> Result<()> {
        let mut outputs = Vec::with_capacity(constants.len());
        for (index, constant) in constants.iter().enumerate() {
            outputs.push(self.raise(index, *constant)?);
        }
        self.basis = outputs
            .iter()
            .filter_map(|output| match output {
                Output::Constant(_) => None,
                Output::Wire(variable) => Some(*variable),
            })
            .collect();
        if !self.symbolic {
            self.lanes.iter_mut().for_each(|lane| lane.fixed = false);
            return Ok(());
        }
        self.lanes = matrix
            .iter()
            .map(|row| {
                let mut lane = Lane {
                    constant: Field::zero(),
                    coefficients: Vec::with_capacity(row.len()),
                    fixed: false,
                };
                for (coefficient, output) in row.iter().zip(&outputs) {
                    match output {
                        Output::Constant(value) => lane.constant += *coefficient * value,
                        Output::Wire(_) => lane.coefficients.push(*coefficient),
                    }
                }
                lane
            })
            .collect();
        Ok(())
    }

    fn partial_round(&mut self, parameters: &Parameters, round: &PartialRound) -> Result<()> {
        let Output::Wire(variable) = self.raise(0, round.constant)? else {
            return Err(SynthesisError::AssignmentMissing);
        };
        if !self.symbolic {
            return Ok(());
        }
        let before = self.basis.len();
        self.basis.push(variable);
        let mut first = Lane {
            constant: Field::zero(),
            coefficients: vec![Field::zero(); before],
            fixed: false,
        };
        for ((lane, row), column) in self.lanes[1..].iter_mut().zip(&round.row).zip(&round.column) {
            first.constant += *row * lane.constant;
            for (sum, coefficient) in first.coefficients.iter_mut().zip(&lane.coefficients) {
                *sum += *row * coefficient;
            }
            lane.coefficients.push(*column);
        }
        first.coefficients.push(parameters.corner);
        self.lanes[0] = first;
        Ok(())
    }

    /// (lane + constant)^5: x², x⁴ and x⁵ are wires.
    fn raise(&mut self, index: usize, constant: Field) -> Result<Output> {
        let lane = &self.lanes[index];
        let input = self.trace.next();
        if lane.fixed {
            return Ok(Output::Constant(sbox(lane.constant + constant)));
        }
        let cs = self.circuit.cs();
        let x = cs.new_lc(|| combination(lane, constant, &self.basis))?;
        let value = |power: fn(Field) -> Field| move || input.map(power).ok_or(SynthesisError::AssignmentMissing);
        let square = cs.new_witness_variable(value(|x| x * x))?;
        let fourth = cs.new_witness_variable(value(|x| (x * x) * (x * x)))?;
        let fifth = cs.new_witness_variable(value(sbox))?;
        cs.enforce_r1cs_constraint(|| x.into(), || x.into(), || square.into())?;
        cs.enforce_r1cs_constraint(|| square.into(), || square.into(), || fourth.into())?;
        // x stands on the B side, where its wires are anyway, so that x⁴ needs no point of G2 in the proving key.
        cs.enforce_r1cs_constraint(|| fourth.into(), || x.into(), || fifth.into())?;
        Ok(Output::Wire(fifth))
    }

    fn result(self, value: Option<Field>) -> Result<Var> {
        let cs = self.circuit.cs();
        let variable = cs.new_lc(|| combination(&self.lanes[0], Field::zero(), &self.basis))?;
        Ok(Var::Var(AllocatedFp::new(value, variable, cs)))
    }
}

fn combination(lane: &Lane, constant: Field, basis: &[Variable]) -> LinearCombination<Field> {
    let mut entries: Vec<(Field, Variable)> = lane
        .coefficients
        .iter()
        .copied()
        .zip(basis.iter().copied())
        .filter(|(coefficient, _)| !coefficient.is_zero())
        .collect();
    let constant = lane.constant + constant;
    if !constant.is_zero() {
        entries.push((constant, Variable::One));
    }
    let mut result = LinearCombination(entries);
    result.compactify();
    result
}
