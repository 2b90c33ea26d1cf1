//! The policy's part of the constraints: product slots, rows, pass bits and the score.

use ark_r1cs_std::fields::FieldVar as _;
use covenant_gadgets::{
    circuit::{Circuit, Field, Result, Var},
    range::enforce_range,
};
use covenant_policy::program::{FIRST_RICH_ROW, PLAIN_DIFFERENCE_BITS, RICH_DIFFERENCE_BITS, ROWS, SLOTS, WEIGHT_BITS};

use super::wires::{both, inner_product, number};
use crate::compliance::{assignment::Assignment, inputs::Inputs, rules::Rule};

/// Bits of a score: 32 weights of [`WEIGHT_BITS`].
pub const SCORE_BITS: u32 = WEIGHT_BITS + 6;

/// Slots, rows, pass bits and score over the 64 columns `x`.
pub(super) fn policy(
    circuit: &mut Circuit,
    inputs: &Inputs<Var>,
    x: &[Var],
    assignment: Option<&Assignment>,
) -> Result<()> {
    let slots = product_slots(circuit, inputs, x, assignment)?;

    let wires = |circuit: &mut Circuit, pick: fn(&Assignment, usize) -> Field| {
        (0..ROWS)
            .map(|i| circuit.witness(assignment.map(|a| pick(a, i))))
            .collect::<Result<Vec<_>>>()
    };
    let difference = wires(circuit, |a, i| a.difference[i])?;
    let pass = wires(circuit, |a, i| a.pass[i])?;
    circuit.rule(Rule::RowValue.name(), |c| {
        for i in 0..ROWS {
            let total = &difference[i] + &inputs.bound[i];
            let Some(rich) = i.checked_sub(FIRST_RICH_ROW) else {
                inner_product(c, &inputs.a[i], x, &total)?;
                continue;
            };
            let left = [&inputs.slot_factors[rich][..], &inputs.pass_factors[rich], &inputs.a[i]].concat();
            let right = [&slots[..], &pass[..i], x].concat();
            inner_product(c, &left, &right, &total)?;
        }
        Ok(())
    })?;
    circuit.rule(Rule::PassBit.name(), |_| {
        pass.iter()
            .try_for_each(|bit| bit.mul_equals(&(bit - number(1)), &number(0)))
    })?;
    circuit.rule(Rule::RowDecision.name(), |c| {
        for i in 0..ROWS {
            let bits = if i < FIRST_RICH_ROW {
                PLAIN_DIFFERENCE_BITS
            } else {
                RICH_DIFFERENCE_BITS
            };
            row_decision(c, &pass[i], &difference[i], bits)?;
        }
        Ok(())
    })?;
    let score = circuit.witness(assignment.map(|a| a.score))?;
    circuit.rule(Rule::TierScore.name(), |c| {
        inner_product(c, &inputs.weight, &pass, &score)
    })?;
    circuit.rule(Rule::TierReached.name(), |c| {
        enforce_range(c, &(&score - &inputs.minimum), SCORE_BITS as usize)
    })
}

fn product_slots(
    circuit: &mut Circuit,
    inputs: &Inputs<Var>,
    x: &[Var],
    assignment: Option<&Assignment>,
) -> Result<Vec<Var>> {
    (0..SLOTS)
        .map(|q| {
            let left = circuit.witness(assignment.map(|a| a.left[q]))?;
            let right = circuit.witness(assignment.map(|a| a.right[q]))?;
            let slot = circuit.witness(assignment.map(|a| a.slot[q]))?;
            circuit.rule(Rule::ProductSlot.name(), |c| {
                inner_product(c, &inputs.u[q], x, &left)?;
                inner_product(c, &inputs.v[q], x, &right)?;
                left.mul_equals(&right, &slot)
            })?;
            Ok(slot)
        })
        .collect()
}

/// pass·d + (1 − pass)(−1 − d) = pass·(2d + 1) − 1 − d lies in [0, 2^bits): d where the row passes, −1 − d where it does not.
fn row_decision(circuit: &mut Circuit, pass: &Var, difference: &Var, bits: u32) -> Result<()> {
    let doubled = difference * Field::from(2u64) + number(1);
    let chosen = circuit.witness(both(pass, &doubled).map(|(a, b)| a * b))?;
    pass.mul_equals(&doubled, &chosen)?;
    enforce_range(circuit, &(chosen - number(1) - difference), bits as usize)
}
