//! The few shapes of row that gadgets are built from. Linear combinations cost nothing; each function says how many rows it adds.
//!
//! In a row a·b = c every wire of b costs the prover a point of G2, three times dearer than one of G1: long combinations go to a.

use ark_ff::{Field as _, One as _, Zero as _};
use ark_r1cs_std::GR1CSVar as _;
use ark_r1cs_std::fields::fp::AllocatedFp;
use ark_relations::gr1cs::{LinearCombination, Variable};

use crate::circuit::{Bit, Circuit, Field, Result, Var, value_of};

/// A constant.
pub fn constant(value: impl Into<Field>) -> Var {
    Var::Constant(value.into())
}

/// A bit as a number. No row.
pub fn number(bit: &Bit) -> Var {
    match bit {
        Bit::Constant(value) => constant(*value),
        Bit::Var(allocated) => {
            let value = allocated.value().ok().map(Field::from);
            Var::Var(AllocatedFp::new(value, allocated.variable(), bit.cs()))
        }
    }
}

/// constant + Σ coefficient·variable, as one linear combination. No row.
pub fn linear(circuit: &Circuit, terms: &[(Field, &Var)], constant: Field) -> Result<Var> {
    if let Some(value) = terms.iter().try_fold(constant, |sum, (coefficient, var)| match var {
        Var::Constant(value) => Some(sum + *coefficient * value),
        Var::Var(_) => None,
    }) {
        return Ok(Var::Constant(value));
    }
    let value = terms.iter().try_fold(constant, |sum, (coefficient, var)| {
        Some(sum + *coefficient * value_of(var)?)
    });
    let variable = circuit.cs().new_lc(|| combination(terms, constant))?;
    Ok(Var::Var(AllocatedFp::new(value, variable, circuit.cs())))
}

/// a·b = c, in one row.
pub fn enforce_product(circuit: &Circuit, a: &Var, b: &Var, c: &Var) -> Result<()> {
    circuit.cs().enforce_r1cs_constraint(|| lc(a), || lc(b), || lc(c))
}

/// a = 0, in one row.
pub fn enforce_zero(circuit: &Circuit, a: &Var) -> Result<()> {
    enforce_product(circuit, a, &constant(1u64), &constant(0u64))
}

/// a·b: one row, or none if one of them is a constant.
pub fn product(circuit: &mut Circuit, a: &Var, b: &Var) -> Result<Var> {
    match (a, b) {
        (Var::Constant(a), other) | (other, Var::Constant(a)) => linear(circuit, &[(*a, other)], Field::zero()),
        _ => {
            let value = value_of(a).zip(value_of(b)).map(|(a, b)| a * b);
            let result = circuit.witness(value)?;
            enforce_product(circuit, a, b, &result)?;
            Ok(result)
        }
    }
}

/// a/b in one row, b·q = a. Where b is zero, q is 0 for a prover who follows the rules and **anything** for one who does not
/// (if a is zero too): the caller shows that b is not zero.
pub fn quotient(circuit: &mut Circuit, a: &Var, b: &Var) -> Result<Var> {
    let value = value_of(a)
        .zip(value_of(b))
        .map(|(a, b)| a * b.inverse().unwrap_or_default());
    let result = circuit.witness(value)?;
    enforce_product(circuit, b, &result, a)?;
    Ok(result)
}

/// a ≠ 0, by its inverse; one row.
pub fn enforce_not_zero(circuit: &mut Circuit, a: &Var) -> Result<()> {
    let inverse = circuit.witness(value_of(a).map(|a| a.inverse().unwrap_or_default()))?;
    enforce_product(circuit, a, &inverse, &constant(1u64))
}

fn lc(var: &Var) -> LinearCombination<Field> {
    match var {
        Var::Constant(value) if value.is_zero() => LinearCombination::zero(),
        Var::Constant(value) => LinearCombination(vec![(*value, Variable::One)]),
        Var::Var(allocated) => LinearCombination(vec![(Field::one(), allocated.variable)]),
    }
}

fn combination(terms: &[(Field, &Var)], mut constant: Field) -> LinearCombination<Field> {
    let mut entries = Vec::with_capacity(terms.len() + 1);
    for (coefficient, var) in terms {
        match var {
            Var::Constant(value) => constant += *coefficient * value,
            Var::Var(allocated) => entries.push((*coefficient, allocated.variable)),
        }
    }
    if !constant.is_zero() {
        entries.push((constant, Variable::One));
    }
    let mut result = LinearCombination(entries);
    result.compactify();
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{loose_wires, unsatisfied_rows};

    #[test]
    fn products_and_quotients() {
        let mut circuit = Circuit::for_witness(true);
        let six = circuit.witness(Some(Field::from(6u64))).unwrap();
        let three = circuit.witness(Some(Field::from(3u64))).unwrap();
        circuit
            .rule("arithmetic", |c| {
                let two = quotient(c, &six, &three)?;
                assert_eq!(value_of(&two), Some(Field::from(2u64)));
                let twelve = product(c, &six, &two)?;
                let rows = c.rows();
                let again = product(c, &six, &constant(2u64))?;
                let sum = linear(c, &[(Field::one(), &twelve), (-Field::one(), &again)], Field::zero())?;
                assert_eq!(c.rows(), rows, "constants multiply for free");
                enforce_zero(c, &sum)?;
                enforce_not_zero(c, &two)
            })
            .unwrap();
        assert_eq!(circuit.rows(), 4);
        let finished = circuit.finish();
        assert_eq!(unsatisfied_rows(&finished), [0usize; 0]);
        assert_eq!(loose_wires(&finished), [0usize; 0]);
    }

    #[test]
    fn zero_has_no_inverse() {
        let mut circuit = Circuit::for_witness(true);
        let zero = circuit.witness(Some(Field::zero())).unwrap();
        circuit.rule("not-zero", |c| enforce_not_zero(c, &zero)).unwrap();
        assert_eq!(unsatisfied_rows(&circuit.finish()), [0]);
    }
}
