//! The compliance statement: private books satisfy a bank's policy at a tier.
//!
//! The statement's own page is `docs/statements/compliance.md`. One circuit serves every policy: coefficients, bounds, weights,
//! identities, terms and attestors are public inputs that the verifier takes from the policy, never from the proof file.

pub mod assignment;
pub mod binding;
mod check;
pub mod circuit_version;
pub mod enforce;
pub mod inputs;
pub mod public;
pub mod refusals;
pub mod rules;
pub mod witness;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use covenant_gadgets::circuit::{Circuit, Field, Result, Var};
use covenant_proofs::statement::Statement;

pub use assignment::Assignment;
pub use binding::{BindingParts, binding};
pub use inputs::Inputs;
pub use public::{PolicyInputs, ProofInputs, Public};
pub use refusals::CATALOGUE;
pub use rules::{Rule, Violation};
pub use witness::{Attestation, StatementWitness, Witness};

/// The compliance statement.
pub struct Compliance;

impl Statement for Compliance {
    const ID: &'static str = "covenant/compliance/v1";
    type Public = Public;
    type Witness = Witness;
    type Violation = Violation;

    fn input_names() -> Vec<String> {
        inputs::names()
    }

    fn policy_inputs() -> usize {
        // Asked for with every proof, and naming three thousand inputs takes longer than checking one in a batch.
        static COUNT: OnceLock<usize> = OnceLock::new();
        *COUNT.get_or_init(|| inputs::names().len() - inputs::PROOF_INPUTS)
    }

    fn inputs(public: &Public) -> Vec<Field> {
        public.inputs().to_vec()
    }

    fn check(public: &Public, witness: &Witness) -> std::result::Result<(), Violation> {
        check::check(public, witness)
    }

    fn enforce(circuit: &mut Circuit, inputs: &[Var], witness: Option<(&Public, &Witness)>) -> Result<()> {
        let assignment = witness.map(|(public, witness)| Assignment::honest(&public.inputs(), witness));
        let inputs = Inputs::from_slice(inputs, covenant_gadgets::circuit::zero());
        enforce::enforce(circuit, &inputs, assignment.as_ref())
    }
}
