//! What the proof system asks of a statement.

use covenant_gadgets::circuit::{Circuit, Field, Result, Var};

/// A relation between public and private values, in plain Rust and as constraints.
pub trait Statement {
    /// Name and version; bound into keys and proofs ("covenant/compliance/v1").
    const ID: &'static str;
    /// The public values.
    type Public;
    /// The private values.
    type Witness;
    /// Why the relation does not hold, naming the rule.
    type Violation: std::error::Error + Send + Sync + 'static;

    /// The public inputs' names, in order, the constant one left out. The order is written here and nowhere else.
    fn input_names() -> Vec<String>;

    /// How many of the first inputs are fixed by the policy; the verifier folds these into a prepared key.
    fn policy_inputs() -> usize;

    /// The public inputs, in the order of [`Statement::input_names`].
    fn inputs(public: &Self::Public) -> Vec<Field>;

    /// The relation in plain Rust.
    fn check(public: &Self::Public, witness: &Self::Witness) -> std::result::Result<(), Self::Violation>;

    /// The same rules, in the same order, as constraints. `inputs` are the allocated public inputs in order; `witness` is
    /// `None` while keys are made, and the shape must not depend on it.
    fn enforce(circuit: &mut Circuit, inputs: &[Var], witness: Option<(&Self::Public, &Self::Witness)>) -> Result<()>;
}
