//! The wires that the statement itself allocates, as field elements: the bridge between a typed witness and the constraints.
//!
//! [`enforce`](super::enforce) takes every hint from here and computes none of its own, so a test plays the malicious prover
//! by changing an [`Assignment`], without a switch in production code.

use covenant_gadgets::{
    circuit::Field,
    eddsa::{PublicKey, circuit::SignatureAssignment},
    field::{field_from_i64, field_from_u64, field_to_i128},
    poseidon::{hash, tag},
    range::pack,
};
use covenant_policy::{
    program::{COLUMNS, FIGURES, FIRST_RICH_ROW, ROWS, SLOTS, STATEMENTS},
    statement::{DAYS_IN_400_YEARS, Day, MONTHS_IN_400_YEARS},
};
use zeroize::Zeroize as _;

use super::{
    inputs::{Inputs, TermsInputs},
    witness::{StatementWitness, Witness},
};
use crate::commitments::{self, domain, figure_offset, header};

/// The wires of one statement. An absent one is all zeros, with a dummy signature.
#[derive(Clone)]
pub struct StatementAssignment {
    /// The figures.
    pub figures: [Field; FIGURES],
    /// First day.
    pub start: Field,
    /// Last day.
    pub end: Field,
    /// Restatement number.
    pub restatement: Field,
    /// Assurance.
    pub assurance: Field,
    /// Coverage mask.
    pub coverage: Field,
    /// The hiding salt.
    pub salt: Field,
    /// The figures root.
    pub root: Field,
    /// The statement hash.
    pub hash: Field,
    /// Fiscal month, and the remainder of its division.
    pub month: [Field; 2],
    /// Length class, and the remainder of its division.
    pub length_class: [Field; 2],
    /// The attestor's greatest assurance.
    pub grant: Field,
    /// The attestation, or a dummy where none is wanted.
    pub signature: SignatureAssignment,
    /// The blinding of the link to a book proof.
    pub link_blinding: Field,
}

/// All wires that the statement itself allocates.
#[derive(Clone)]
pub struct Assignment {
    /// The enterprise's secret key.
    pub sk: Field,
    /// The enterprise's identity.
    pub eid: Field,
    /// The legal person.
    pub entity: Field,
    /// The blinding of the subject.
    pub subject_blinding: Field,
    /// Both statements.
    pub statements: [StatementAssignment; STATEMENTS],
    /// u·x of each slot.
    pub left: [Field; SLOTS],
    /// v·x of each slot.
    pub right: [Field; SLOTS],
    /// The product of each slot.
    pub slot: [Field; SLOTS],
    /// The difference of each row.
    pub difference: [Field; ROWS],
    /// The pass bit of each row.
    pub pass: [Field; ROWS],
    /// Σ weight · pass.
    pub score: Field,
}

impl Assignment {
    /// The honest wires of a witness. What the witness lacks (an attestation, a statement) is filled with dummies, which then
    /// break the rule that asks for it.
    pub fn honest(inputs: &Inputs<Field>, witness: &Witness) -> Self {
        let eid = commitments::eid(witness.sk);
        let statements = [0, 1].map(|k| {
            let attested = inputs.terms[k].attested != Field::from(0u64);
            let mut wires = StatementAssignment::of(witness.statements[k].as_ref(), attested);
            wires.derive(&inputs.terms[k], eid, witness.entity);
            wires
        });
        let zero = Field::from(0u64);
        let mut assignment = Self {
            sk: witness.sk,
            eid,
            entity: witness.entity,
            subject_blinding: witness.subject_blinding,
            statements,
            left: [zero; SLOTS],
            right: [zero; SLOTS],
            slot: [zero; SLOTS],
            difference: [zero; ROWS],
            pass: [zero; ROWS],
            score: zero,
        };
        assignment.evaluate(inputs);
        assignment
    }

    /// The columns: the figures of both statements.
    pub fn columns(&self) -> [Field; COLUMNS] {
        std::array::from_fn(|j| self.statements[j / FIGURES].figures[j % FIGURES])
    }

    /// Computes slots, rows, pass bits and score from the figures, as an honest prover does.
    pub fn evaluate(&mut self, inputs: &Inputs<Field>) {
        let x = self.columns();
        for q in 0..SLOTS {
            self.left[q] = dot(&inputs.u[q], &x);
            self.right[q] = dot(&inputs.v[q], &x);
            self.slot[q] = self.left[q] * self.right[q];
        }
        for i in 0..ROWS {
            let mut value = dot(&inputs.a[i], &x) - inputs.bound[i];
            if let Some(rich) = i.checked_sub(FIRST_RICH_ROW) {
                value += dot(&inputs.slot_factors[rich], &self.slot) + dot(&inputs.pass_factors[rich], &self.pass[..i]);
            }
            self.difference[i] = value;
            self.pass[i] = field_from_u64(u64::from(!is_negative(value)));
        }
        self.score = dot(&inputs.weight, &self.pass);
    }
}

impl Drop for Assignment {
    fn drop(&mut self) {
        self.sk.zeroize();
        self.subject_blinding.zeroize();
        for statement in &mut self.statements {
            statement.salt.zeroize();
            statement.link_blinding.zeroize();
            statement.figures.zeroize();
        }
    }
}

impl StatementAssignment {
    /// The wires that a statement sets; [`Self::derive`] computes the rest. An attestation that nobody asks for stays out: its
    /// grant would bound the assurance, which the relation does not demand there.
    fn of(witness: Option<&StatementWitness>, attested: bool) -> Self {
        let zero = Field::from(0u64);
        let mut wires = Self {
            figures: [zero; FIGURES],
            start: zero,
            end: zero,
            restatement: zero,
            assurance: zero,
            coverage: zero,
            salt: zero,
            root: zero,
            hash: zero,
            month: [zero; 2],
            length_class: [zero; 2],
            grant: field_from_u64(u64::from(u8::MAX)),
            signature: SignatureAssignment::dummy(),
            link_blinding: zero,
        };
        let Some(witness) = witness else { return wires };
        let statement = &witness.statement;
        wires.figures = statement.figures.0.map(field_from_i64);
        wires.start = field_from_u64(u64::from(statement.period.start.0));
        wires.end = field_from_u64(u64::from(statement.period.end.0));
        wires.restatement = field_from_u64(u64::from(statement.restatement));
        wires.assurance = field_from_u64(u64::from(statement.assurance.0));
        wires.coverage = field_from_u64(u64::from(statement.coverage.0));
        wires.salt = witness.salt;
        wires.link_blinding = witness.link_blinding;
        if let Some(attestation) = witness.attestation.as_ref().filter(|_| attested) {
            wires.grant = field_from_u64(u64::from(attestation.grant));
            wires.signature = SignatureAssignment::new(&attestation.key, &attestation.signature);
        }
        wires
    }

    /// Computes root, hash, fiscal month and length class from the other wires.
    pub fn derive(&mut self, terms: &TermsInputs<Field>, eid: Field, entity: Field) {
        self.root = commitments::figures_root_of_packed(&self.packed());
        self.hash = self.statement_hash(terms, eid, entity);
        let one = Field::from(1u64);
        self.month = divide_into_months(self.end + one);
        self.length_class = divide_into_months(self.end - self.start + one);
    }

    /// The packed figures.
    pub fn packed(&self) -> Vec<Field> {
        let encoded: Vec<Field> = self
            .figures
            .iter()
            .enumerate()
            .map(|(j, x)| *x + figure_offset(j))
            .collect();
        pack(&encoded)
    }

    /// What an attestor signs for these wires.
    pub fn statement_hash(&self, terms: &TermsInputs<Field>, eid: Field, entity: Field) -> Field {
        let header: Field = [
            (self.start, header::START),
            (self.end, header::END),
            (terms.basis, header::BASIS),
            (terms.currency, header::CURRENCY),
            (self.restatement, header::RESTATEMENT),
            (self.assurance, header::ASSURANCE),
            (self.coverage, header::COVERAGE),
        ]
        .iter()
        .map(|&(value, bit)| value * Field::from(1u128 << bit))
        .sum();
        hash(&[
            tag(domain::STATEMENT),
            terms.schema,
            eid,
            entity,
            header,
            self.root,
            self.salt,
        ])
    }

    /// Replaces the attestation.
    pub fn sign(&mut self, key: &PublicKey, signature: &covenant_gadgets::eddsa::Signature, grant: u8) {
        self.grant = field_from_u64(u64::from(grant));
        self.signature = SignatureAssignment::new(key, signature);
    }
}

/// Σ a·x.
fn dot(a: &[Field], x: &[Field]) -> Field {
    a.iter()
        .zip(x)
        .filter(|(a, _)| **a != Field::from(0u64))
        .map(|(a, x)| *a * x)
        .sum()
}

/// Whether a value is to be read as negative: honest differences are far below half the field's size.
pub fn is_negative(value: Field) -> bool {
    use ark_ff::PrimeField as _;
    value.into_bigint() > Field::MODULUS_MINUS_ONE_DIV_TWO
}

/// Quotient and remainder of days in average Gregorian months, rounded to the nearest.
fn divide_into_months(days: Field) -> [Field; 2] {
    // Dates that the header's ranges refuse give any quotient.
    let days = field_to_i128(&days)
        .and_then(|d| u64::try_from(d).ok())
        .unwrap_or(0)
        .min(1 << (Day::BITS + 1));
    let scaled = days * u64::from(MONTHS_IN_400_YEARS) + u64::from(DAYS_IN_400_YEARS / 2);
    let by = u64::from(DAYS_IN_400_YEARS);
    [field_from_u64(scaled / by), field_from_u64(scaled % by)]
}
