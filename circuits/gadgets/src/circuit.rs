//! The constraint system as a statement sees it: variables, and rows that each belong to one named rule.

use std::ops::Range;

use ark_ff::Zero as _;
use ark_r1cs_std::{GR1CSVar as _, alloc::AllocVar as _, fields::FieldVar as _, fields::fp::FpVar};
use ark_relations::gr1cs::{ConstraintSystem, ConstraintSystemRef, OptimizationGoal, SynthesisMode};

/// The scalar field of BN254, in which everything is computed.
pub type Field = ark_bn254::Fr;
/// A wire, a constant, or a linear combination of wires.
pub type Var = FpVar<Field>;
/// A wire that is 0 or 1.
pub type Bit = ark_r1cs_std::boolean::Boolean<Field>;
/// What building a circuit returns.
pub type Result<T> = std::result::Result<T, ark_relations::gr1cs::SynthesisError>;

/// The name of a rule: kebab-case, the same in the constraint namespace, the `Violation` and the documentation.
pub type RuleName = &'static str;

/// A constraint system under construction.
///
/// Rows can be added only inside [`Circuit::rule`]; [`Circuit::finish`] refuses a circuit with a row that has no rule.
pub struct Circuit {
    cs: ConstraintSystemRef<Field>,
    rules: Vec<(RuleName, Range<usize>)>,
    open: bool,
}

impl Circuit {
    /// A circuit without values, from which keys and shapes are made.
    pub fn for_setup() -> Self {
        Self::with_mode(SynthesisMode::Setup)
    }

    /// A circuit with values; its matrices are built only where asked for (a prover takes them from its key).
    pub fn for_witness(matrices: bool) -> Self {
        Self::with_mode(SynthesisMode::Prove {
            construct_matrices: matrices,
            generate_lc_assignments: false,
        })
    }

    fn with_mode(mode: SynthesisMode) -> Self {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(mode);
        Self {
            cs,
            rules: Vec::new(),
            open: false,
        }
    }

    /// The arkworks constraint system below, for gadgets.
    pub fn cs(&self) -> ConstraintSystemRef<Field> {
        self.cs.clone()
    }

    /// Allocates a public input. Only the proof system does this, in the statement's one order.
    pub fn input(&mut self, value: Option<Field>) -> Result<Var> {
        Var::new_input(self.cs(), || {
            value.ok_or(ark_relations::gr1cs::SynthesisError::AssignmentMissing)
        })
    }

    /// Allocates a private wire.
    pub fn witness(&mut self, value: Option<Field>) -> Result<Var> {
        Var::new_witness(self.cs(), || {
            value.ok_or(ark_relations::gr1cs::SynthesisError::AssignmentMissing)
        })
    }

    /// Everything that `build` constrains belongs to the rule of this name. Rules do not nest; a name may return.
    pub fn rule<T>(&mut self, name: RuleName, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        assert!(!self.open, "rule {name} opened inside another rule");
        self.open = true;
        let start = self.cs.num_constraints();
        let result = build(self);
        self.open = false;
        let end = self.cs.num_constraints();
        if end > start {
            self.rules.push((name, start..end));
        }
        result
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.cs.num_constraints()
    }

    /// Ends construction: linear combinations are inlined, and every row must belong to a rule.
    pub fn finish(self) -> FinishedCircuit {
        let mut next = 0;
        for (name, rows) in &self.rules {
            assert_eq!(
                rows.start, next,
                "rows {next}..{} before rule {name} belong to no rule",
                rows.start
            );
            next = rows.end;
        }
        assert_eq!(next, self.cs.num_constraints(), "the last rows belong to no rule");
        self.cs.finalize();
        FinishedCircuit {
            cs: self.cs,
            rules: self.rules,
        }
    }
}

/// A finished constraint system, and which rule each row belongs to.
pub struct FinishedCircuit {
    /// The arkworks constraint system, finalized.
    pub cs: ConstraintSystemRef<Field>,
    /// The rows of each rule, in order and without gaps; a name may appear several times.
    pub rules: Vec<(RuleName, Range<usize>)>,
}

/// A value known to the prover; `None` while keys are made.
pub fn value_of(var: &Var) -> Option<Field> {
    var.value().ok()
}

/// The constant zero.
pub fn zero() -> Var {
    Var::constant(Field::zero())
}
