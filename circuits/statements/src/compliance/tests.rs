//! Every case, honest or forged, runs the relation and the circuit; every wire is nudged on the matrices.

mod cases;
mod fixture;
mod forgeries;
mod policy_inputs;
mod properties;
mod proving;
mod rules;
mod shape;
mod wires;

use covenant_gadgets::{
    circuit::{Circuit, Field, FinishedCircuit, Var},
    testing::{rules_of_rows, unsatisfied_rows},
};

use super::{Assignment, Inputs, enforce};

/// The circuit of these inputs and wires, with values and matrices.
fn synthesize(inputs: &Inputs<Field>, assignment: &Assignment) -> FinishedCircuit {
    let mut circuit = Circuit::for_witness(true);
    let values = inputs.to_vec();
    let wires: Vec<Var> = values
        .iter()
        .map(|value| circuit.input(Some(*value)).unwrap())
        .collect();
    let places = Inputs::from_slice(&wires, covenant_gadgets::circuit::zero());
    enforce::enforce(&mut circuit, &places, Some(assignment)).unwrap();
    circuit.finish()
}

/// The rules that these inputs and wires break, each once, in order.
fn broken_rules(inputs: &Inputs<Field>, assignment: &Assignment) -> Vec<&'static str> {
    let finished = synthesize(inputs, assignment);
    rules_of_rows(&finished, &unsatisfied_rows(&finished))
}
