//! Small pieces of rows: constants, sums and inner products.

use ark_r1cs_std::{eq::EqGadget as _, fields::FieldVar as _};
use covenant_gadgets::{
    circuit::{Circuit, Field, Result, Var, value_of},
    poseidon::tag,
};

use crate::compliance::inputs::TermsInputs;

pub(super) fn constant(domain: &'static str) -> Var {
    Var::constant(tag(domain))
}

pub(super) fn number(value: u128) -> Var {
    Var::constant(Field::from(value))
}

pub(super) fn power_of_two(bit: u32) -> Field {
    Field::from(1u128 << bit)
}

/// a = b, one row.
pub(super) fn equal(a: &Var, b: &Var) -> Result<()> {
    a.enforce_equal(b)
}

pub(super) fn sum(terms: impl IntoIterator<Item = Var>) -> Var {
    terms.into_iter().sum()
}

/// 1 where the statement is there.
pub(super) fn present(terms: &TermsInputs<Var>) -> Var {
    sum([
        terms.attested.clone(),
        terms.self_declared.clone(),
        terms.proven.clone(),
    ])
}

/// Enforces Σ left·right = total in as many rows as there are products: the last product closes the sum.
pub(super) fn inner_product(circuit: &mut Circuit, left: &[Var], right: &[Var], total: &Var) -> Result<()> {
    let last = left.len() - 1;
    let mut products = Vec::with_capacity(last);
    for (a, b) in left[..last].iter().zip(&right[..last]) {
        let value = both(a, b).map(|(a, b)| a * b);
        let product = circuit.witness(value)?;
        a.mul_equals(b, &product)?;
        products.push(product);
    }
    left[last].mul_equals(&right[last], &(total - sum(products)))
}

pub(super) fn both(a: &Var, b: &Var) -> Option<(Field, Field)> {
    Some((value_of(a)?, value_of(b)?))
}
