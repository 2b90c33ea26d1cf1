//! The public values: what the verifier takes from its own registry, and the few that a proof brings.

use std::sync::{Arc, OnceLock};

use covenant_gadgets::{
    circuit::Field,
    eddsa::PublicKey,
    field::{field_from_i64, field_from_i128, field_from_u64},
};
use covenant_policy::{
    program::{ATTESTORS, FIRST_RICH_ROW, Program, Relation, STATEMENTS, Source, StatementTerms},
    refusal::Refusal,
    schema::Schema,
    statement::Day,
};
use covenant_proofs::verify::digest_of_inputs;
use num_bigint::{BigInt, Sign};

use super::inputs::Inputs;
use super::refusals::{NO_ATTESTOR, TOO_MANY_ATTESTORS, UNKNOWN_TIER};
use crate::commitments::{attestor_hash, schema_family_field, schema_field};

/// One policy at one tier, with the attestors that the registry grants: validated, so that whoever holds it knows that the
/// overflow budget is kept. The raw parts are checked by [`PolicyInputs::new`]; there is no other constructor.
#[derive(Debug, Clone)]
pub struct PolicyInputs {
    program: Arc<Program>,
    tier: usize,
    attestors: Vec<(PublicKey, u8)>,
    attestor_hashes: Vec<Field>,
    schemas: [Option<&'static Schema>; STATEMENTS],
    /// Of what [`PolicyInputs::inputs`] gives, once it was asked for; clones share it.
    digest: Arc<OnceLock<[u8; 32]>>,
}

impl PolicyInputs {
    /// Takes a program, the index of a tier in it, and the registry's grants (attestor key, greatest assurance).
    ///
    /// Of the grants, those count that the policy names, or all of them where it accepts whomever the registry accepts; of
    /// these, those that reach the floor of some attested statement, because the others attest nothing that counts and would
    /// only take up places. Of several grants to one key the lowest counts.
    ///
    /// # Errors
    /// Whatever [`Program::validate`] refuses; `unknown-tier`, `schema-unknown`, `no-attestor`, `too-many-attestors`.
    pub fn new(program: &Arc<Program>, tier: usize, grants: &[(PublicKey, u8)]) -> Result<Self, Refusal> {
        program.validate()?;
        if tier >= program.tiers.len() {
            return Err(Refusal::new(&UNKNOWN_TIER, format!("tier number {tier}"))
                .expected(format!("one of the policy's {} tiers", program.tiers.len())));
        }
        let schema = |terms: &StatementTerms| match terms.source {
            Source::Absent => Ok(None),
            _ => Schema::named(terms.schema).map(Some),
        };
        let schemas = [schema(&program.statements[0])?, schema(&program.statements[1])?];
        let mut attestors: Vec<(PublicKey, u8)> = grants
            .iter()
            .filter(|(key, _)| program.attestors_from_registry || program.attestors.contains(&key.packed()))
            .copied()
            .collect();
        attestors.sort_by_key(|(key, grant)| (key.packed(), *grant));
        attestors.dedup_by_key(|(key, _)| key.packed());
        let attested = program.statements.iter().filter(|t| t.source == Source::Attested);
        let floor = attested.map(|t| t.assurance_floor).min().unwrap_or(0);
        attestors.retain(|(_, grant)| *grant >= floor);
        if attestors.len() > ATTESTORS {
            return Err(
                Refusal::new(&TOO_MANY_ATTESTORS, format!("{} attestors", attestors.len()))
                    .expected(format!("at most {ATTESTORS}")),
            );
        }
        if attestors.is_empty() && program.statements.iter().any(|terms| terms.source == Source::Attested) {
            return Err(Refusal::new(
                &NO_ATTESTOR,
                "no attestor that the policy accepts is granted in the registry",
            ));
        }
        let attestor_hashes = attestors
            .iter()
            .map(|(key, grant)| attestor_hash(key, *grant))
            .collect();
        Ok(Self {
            program: Arc::clone(program),
            tier,
            attestors,
            attestor_hashes,
            schemas,
            digest: Arc::default(),
        })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The index of the tier that is claimed.
    pub fn tier(&self) -> usize {
        self.tier
    }

    /// The accepted attestors with their grants.
    pub fn attestors(&self) -> &[(PublicKey, u8)] {
        &self.attestors
    }

    /// The schemas of both statements; `None` where absent.
    pub fn schemas(&self) -> [Option<&'static Schema>; STATEMENTS] {
        self.schemas
    }

    /// The hash of the accepted attestors, for circuits and witnesses.
    pub fn attestor_hashes(&self) -> &[Field] {
        &self.attestor_hashes
    }

    /// The public inputs that the policy sets, in their order: the first [`Statement::policy_inputs`] of all.
    ///
    /// [`Statement::policy_inputs`]: covenant_proofs::statement::Statement::policy_inputs
    pub fn inputs(&self) -> Vec<Field> {
        let mut inputs = Inputs::filled(Field::from(0u64));
        self.write(&mut inputs);
        let mut inputs = inputs.to_vec();
        inputs.truncate(inputs.len() - super::inputs::PROOF_INPUTS);
        inputs
    }

    /// The digest of these inputs, by which prepared keys are kept ([`digest_of_inputs`]); computed once.
    pub fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| digest_of_inputs(&self.inputs()))
    }

    fn write(&self, inputs: &mut Inputs<Field>) {
        let program = &self.program;
        for (i, row) in program.rows.iter().enumerate() {
            inputs.a[i] = row.a.iter().map(|&c| field_from_i64(c)).collect();
            inputs.bound[i] = field_from_i128(row.bound);
            if let Some(rich) = i.checked_sub(FIRST_RICH_ROW) {
                inputs.slot_factors[rich] = row.slots.iter().map(|&c| field_from_i64(c)).collect();
                inputs.pass_factors[rich] = row.passes[..i].iter().map(|&c| field_from_i64(c)).collect();
            }
        }
        for (q, slot) in program.slots.iter().enumerate() {
            inputs.u[q] = slot.u.iter().map(|&c| field_from_i64(c)).collect();
            inputs.v[q] = slot.v.iter().map(|&c| field_from_i64(c)).collect();
        }
        let tier = &program.tiers[self.tier];
        inputs.weight = tier.weights.iter().map(|&w| field_from_u64(u64::from(w))).collect();
        inputs.minimum = field_from_u64(u64::from(tier.minimum));
        for (k, terms) in program.statements.iter().enumerate() {
            self.write_terms(k, terms, inputs);
        }
        inputs.prior = flag(program.relation == Relation::Prior);
        inputs.companion = flag(program.relation == Relation::Companion);
        inputs.attestors[..self.attestor_hashes.len()].copy_from_slice(&self.attestor_hashes);
    }

    fn write_terms(&self, k: usize, terms: &StatementTerms, inputs: &mut Inputs<Field>) {
        let out = &mut inputs.terms[k];
        let Some(schema) = self.schemas[k] else {
            // Absent: everything is 0 but the longest length, which an empty header's length of one day must not exceed.
            out.length_max = field_from_u64(1);
            return;
        };
        out.attested = flag(terms.source == Source::Attested);
        out.self_declared = flag(terms.source == Source::SelfDeclared);
        out.proven = flag(terms.source == Source::Proven);
        out.schema = schema_field(schema);
        out.family = schema_family_field(schema);
        out.basis = field_from_u64(terms.basis as u64);
        out.currency = field_from_u64(u64::from(self.program.currency.number));
        out.assurance_floor = field_from_u64(u64::from(terms.assurance_floor));
        out.restatement_cap = field_from_u64(u64::from(terms.restatement_cap));
        out.length_min = field_from_u64(u64::from(terms.length_min_days));
        out.length_max = field_from_u64(u64::from(terms.length_max_days));
        out.need = (0..out.need.len()).map(|j| flag(terms.need >> j & 1 == 1)).collect();
        out.identity = schema.identity_coefficients().iter().map(field_from_bigint).collect();
    }
}

/// A whole number of either sign, in the field.
fn field_from_bigint(value: &BigInt) -> Field {
    let magnitude = Field::from(value.magnitude().clone());
    if value.sign() == Sign::Minus {
        -magnitude
    } else {
        magnitude
    }
}

fn flag(set: bool) -> Field {
    field_from_u64(u64::from(set))
}

/// What request and proof set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofInputs {
    /// The bank ([`crate::commitments::bank_field`]).
    pub bank: Field,
    /// The enterprise's pseudonym towards the bank.
    pub nym: Field,
    /// The invited legal person, blinded.
    pub subject: Field,
    /// The scope in which restatements are counted.
    pub scope: Field,
    /// The first acceptable last day of the first statement.
    pub end_min: Day,
    /// The last acceptable last day of the first statement.
    pub end_max: Day,
    /// What this proof answers ([`super::binding`]).
    pub binding: Field,
    /// Period tags; 0 when absent.
    pub period_tags: [Field; STATEMENTS],
    /// Statement links; 0 when absent.
    pub statement_links: [Field; STATEMENTS],
    /// Links to book proofs; 0 unless the source is `proven`.
    pub proven_links: [Field; STATEMENTS],
}

impl ProofInputs {
    /// The public inputs that request and proof set, in their order: those that follow the policy's.
    pub fn inputs(&self) -> Vec<Field> {
        let day = |day: Day| field_from_u64(u64::from(day.0));
        let mut inputs = vec![self.bank, self.nym, self.subject, self.scope];
        inputs.extend([day(self.end_min), day(self.end_max), self.binding]);
        for of_statements in [self.period_tags, self.statement_links, self.proven_links] {
            inputs.extend(of_statements);
        }
        inputs
    }
}

/// The public values of one proof.
#[derive(Debug, Clone)]
pub struct Public {
    /// The policy at the claimed tier.
    pub policy: PolicyInputs,
    /// What request and proof set.
    pub proof: ProofInputs,
}

impl Public {
    /// The public values as field elements in their places.
    pub fn inputs(&self) -> Inputs<Field> {
        let mut inputs = Inputs::filled(Field::from(0u64));
        self.policy.write(&mut inputs);
        let proof = &self.proof;
        inputs.bank = proof.bank;
        inputs.nym = proof.nym;
        inputs.subject = proof.subject;
        inputs.scope = proof.scope;
        inputs.end_min = field_from_u64(u64::from(proof.end_min.0));
        inputs.end_max = field_from_u64(u64::from(proof.end_max.0));
        inputs.binding = proof.binding;
        inputs.period_tags = proof.period_tags.to_vec();
        inputs.statement_links = proof.statement_links.to_vec();
        inputs.proven_links = proof.proven_links.to_vec();
        inputs
    }
}
