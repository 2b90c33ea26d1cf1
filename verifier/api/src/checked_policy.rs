//! A policy whose source was compiled again by its reader.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use covenant_gadgets::circuit::Field;
use covenant_policy::analysis::lint;
use covenant_policy::policy::Scope;
use covenant_policy::program::Program;
use covenant_policy::refusal::Refusal;
use covenant_policy::render::{Rendering, render};
use covenant_policy::{COMPILER_VERSION, Compiled, compile};
use covenant_statements::commitments::{bank_field, scope_field_of_consortium};
use covenant_statements::compliance::PolicyInputs;

use crate::documents::{AcceptedAttestor, Policy};
use crate::ids;
use crate::refusals::{POLICY_MISMATCH, UNENCODABLE};
use crate::sign::{Signer, Verified};
use crate::types::{Hex32, Text};

/// A bank's policy: signed, and compiled here to the program that was signed.
#[derive(Debug, Clone)]
pub struct CheckedPolicy {
    document: Verified<Policy>,
    compiled: Compiled,
    program: Arc<Program>,
    further: Vec<Arc<Program>>,
    bank: Field,
    scope: Field,
    inputs: Arc<Mutex<Kept>>,
}

/// A tier, and the attestors that count: each with its key and the greatest assurance granted.
type Tiered = (String, Vec<([u8; 32], u8)>);
/// The public values that a policy fixes, by what they depend on beside the policy.
type Kept = BTreeMap<Tiered, Arc<[PolicyInputs]>>;

/// Tiers and lists of attestors whose public values are kept: attestors' keys are decoded and hashed once, and not for each answer.
const KEPT_MAX: usize = 64;

impl CheckedPolicy {
    /// Compiles a source text and signs what came out.
    ///
    /// # Errors
    /// Whatever the compiler refuses, and rules or tiers that no figures can meet.
    pub fn sign(source: &str, signer: &Signer) -> Result<Self, Refusal> {
        let compiled = lint(source).result?;
        let document = Policy {
            compiler: Text::parse(COMPILER_VERSION).map_err(|e| Refusal::new(&UNENCODABLE, e))?,
            source: source.to_owned(),
            program: program_hash(&compiled),
        };
        Self::from_parts(signer.sign(document)?, compiled)
    }

    /// Compiles a signed policy's source again.
    ///
    /// # Errors
    /// `policy-mismatch` where the compiler has another version or makes another program; whatever the compiler refuses.
    pub fn check(document: Verified<Policy>) -> Result<Self, Refusal> {
        if document.compiler.as_str() != COMPILER_VERSION {
            return Err(
                Refusal::new(&POLICY_MISMATCH, format!("compiled by version {COMPILER_VERSION} here"))
                    .at("policy: compiler")
                    .expected(format!("version {}", document.compiler)),
            );
        }
        let compiled = compile(&document.source)?;
        let found = program_hash(&compiled);
        if found != document.program {
            return Err(
                Refusal::new(&POLICY_MISMATCH, format!("the source compiles to program {found}"))
                    .at("policy: program")
                    .expected(document.program.to_string()),
            );
        }
        Self::from_parts(document, compiled)
    }

    fn from_parts(document: Verified<Policy>, compiled: Compiled) -> Result<Self, Refusal> {
        for (program, _) in compiled.parts() {
            program.validate()?;
        }
        let program = Arc::new(compiled.program.clone());
        let further = compiled.further.iter().map(|part| Arc::new(part.program.clone()));
        let further = further.collect();
        let bank = bank_field(&document.signer().0);
        Ok(Self {
            bank,
            scope: scope_field(&compiled.texts.scope, bank),
            document,
            compiled,
            program,
            further,
            inputs: Arc::default(),
        })
    }

    /// The policy's id.
    pub fn id(&self) -> Hex32 {
        self.document.id()
    }

    /// The signed document.
    pub fn document(&self) -> &Verified<Policy> {
        &self.document
    }

    /// What the compiler made of it.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The program over the first and the second statement, of which every tier takes a proof.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The public values that the policy fixes at this tier, for these attestors: made once, and kept within bounds.
    pub(crate) fn inputs(
        &self,
        tier: &str,
        attestors: &[AcceptedAttestor],
        make: impl FnOnce() -> Result<Vec<PolicyInputs>, Refusal>,
    ) -> Result<Arc<[PolicyInputs]>, Refusal> {
        let attestors = attestors.iter().map(|a| (a.attestor.0, a.assurance_max)).collect();
        let name = (tier.to_owned(), attestors);
        // Every change is a single insertion or a clearing, so a panic elsewhere leaves the map whole.
        let kept = || self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept().get(&name) {
            return Ok(Arc::clone(found));
        }
        let made: Arc<[PolicyInputs]> = make()?.into();
        let mut kept = kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(name, Arc::clone(&made));
        Ok(made)
    }

    /// The policy in plain language, written from the bytes that are hashed.
    ///
    /// # Errors
    /// None that the compiler's own bytes can bring about.
    pub fn plain_language(&self) -> Result<Rendering, Refusal> {
        render(&self.compiled.canonical_bytes)
    }

    /// Within whom a period's figures are compared.
    pub fn scope(&self) -> &Scope {
        &self.compiled.texts.scope
    }

    /// Its bank as circuits see it: whoever signed it.
    pub fn bank_field(&self) -> Field {
        self.bank
    }

    /// Its scope as circuits see it.
    pub fn scope_field(&self) -> Field {
        self.scope
    }

    /// All programs, the first one first.
    pub fn programs(&self) -> impl Iterator<Item = &Arc<Program>> {
        std::iter::once(&self.program).chain(&self.further)
    }

    /// The programs of which the tier of this name takes proofs, and its number in each; the first one first, and none where there is
    /// no such tier.
    pub fn demanded(&self, name: &str) -> Vec<(&Arc<Program>, usize)> {
        let place = |program: &Arc<Program>| program.tiers.iter().position(|tier| tier.name == name);
        self.programs()
            .filter_map(|program| Some((program, place(program)?)))
            .collect()
    }
}

/// The scope as circuits see it.
fn scope_field(scope: &Scope, bank: Field) -> Field {
    match scope {
        Scope::Bank => bank,
        Scope::Consortium(name) => scope_field_of_consortium(name),
    }
}

/// SHA-256 over `covenant/program/v1`, a zero byte and the program's canonical bytes.
/// The hash of a compiled policy's canonical bytes, which its document commits to.
pub fn program_hash(compiled: &Compiled) -> Hex32 {
    ids::hash_bytes("covenant/program/v1", &compiled.canonical_bytes)
}
