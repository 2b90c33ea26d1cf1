//! What a request asks, put together from its documents: the same public values for who proves and for who verifies.
//!
//! Everything here comes from what the bank signed (policy, invitation, request) and from the applicant's enrolled key. Only
//! the tier's name and the tags are the bundle's own.

use std::sync::{Arc, LazyLock};

use covenant_gadgets::circuit::Field;
use covenant_gadgets::eddsa::PublicKey;
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;
use covenant_proofs::statement::Statement as _;
use covenant_statements::commitments::{entity, subject};
use covenant_statements::compliance::{
    BindingParts, Compliance, PolicyInputs, ProofInputs, Public, binding, refusals::UNKNOWN_TIER,
};
use quick_cache::sync::Cache;

use crate::checked_policy::CheckedPolicy;
use crate::documents::{AcceptedAttestor, Invitation, Request};
use crate::refusals::{
    INVALID_KEY, LINKED_PROOF_MISSING, LINKED_PROOF_UNEXPECTED, UNKNOWN_INVITATION, WRONG_KEY, WRONG_POLICY,
};
use crate::sign::Verified;
use crate::types::{FieldElement, Hex32, TierName};

/// Applicants as circuits see them, by the id of the invitation that says who they are: two Poseidon hashes, which every answer to
/// every request of the same applicant needs.
static SUBJECTS: LazyLock<Cache<Hex32, Field>> = LazyLock::new(|| Cache::new(SUBJECTS_MAX));
const SUBJECTS_MAX: usize = 4096;

/// A request with everything that it refers to.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    policy: &'a CheckedPolicy,
    invitation: &'a Verified<Invitation>,
    request: &'a Verified<Request>,
    applicant: Hex32,
}

/// The public values that only a bundle can bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The tier claimed.
    pub tier: TierName,
    /// One period tag per statement.
    pub period_tags: [FieldElement; 2],
    /// One statement link per statement.
    pub statement_links: [FieldElement; 2],
    /// One link to a book proof per statement.
    pub proven_links: [FieldElement; 2],
    /// The same of each further statement.
    pub further: Vec<FurtherAnswer>,
}

/// The public values that only a linked proof can bring: those of its second statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherAnswer {
    /// Its period tag.
    pub period_tag: FieldElement,
    /// Its statement link.
    pub statement_link: FieldElement,
    /// Its link to a book proof.
    pub proven_link: FieldElement,
}

impl<'a> Asked<'a> {
    /// Joins a request to its policy, its invitation and the applicant's per-bank key.
    ///
    /// # Errors
    /// `wrong-policy`, `unknown-invitation` where the request names another one, or another bank signed it; `wrong-key` where
    /// it asks for another statement than compliance.
    pub fn new(
        policy: &'a CheckedPolicy,
        invitation: &'a Verified<Invitation>,
        request: &'a Verified<Request>,
        applicant: Hex32,
    ) -> Result<Self, Refusal> {
        let one_bank = [policy.document().signer(), request.signer(), invitation.signer()];
        if request.policy != policy.id() || one_bank[0] != one_bank[1] {
            return Err(
                Refusal::new(&WRONG_POLICY, format!("policy {} of bank {}", policy.id(), one_bank[0]))
                    .at("request: policy")
                    .expected(format!("policy {} of bank {}", request.policy, one_bank[1])),
            );
        }
        if request.invitation != invitation.id() || one_bank[1] != one_bank[2] {
            return Err(Refusal::new(
                &UNKNOWN_INVITATION,
                format!("invitation {} of bank {}", invitation.id(), one_bank[2]),
            )
            .at("request: invitation")
            .expected(format!("invitation {} of bank {}", request.invitation, one_bank[1])));
        }
        if request.statement.as_str() != Compliance::ID {
            return Err(Refusal::new(&WRONG_KEY, format!("statement {}", request.statement))
                .at("request: statement")
                .expected(Compliance::ID));
        }
        Ok(Self {
            policy,
            invitation,
            request,
            applicant,
        })
    }

    /// The policy.
    pub fn policy(&self) -> &'a CheckedPolicy {
        self.policy
    }

    /// The invitation.
    pub fn invitation(&self) -> &'a Verified<Invitation> {
        self.invitation
    }

    /// The request.
    pub fn request(&self) -> &'a Verified<Request> {
        self.request
    }

    /// The bank as circuits see it: it signed the policy, the request and the invitation.
    pub fn bank(&self) -> Field {
        self.policy.bank_field()
    }

    /// The scope as circuits see it.
    pub fn scope(&self) -> Field {
        self.policy.scope_field()
    }

    /// The applicant as circuits see it, computed once for each invitation.
    fn subject(&self) -> Result<Field, Refusal> {
        SUBJECTS.get_or_insert_with(&self.invitation.id(), || {
            Ok(subject(
                entity(self.invitation.registry_id.as_str())?,
                self.invitation.blinding.0,
            ))
        })
    }

    /// The days on which the first statement's period may have ended: from the policy's age limit before `as_of`, to `as_of`.
    pub fn window(&self) -> (Day, Day) {
        let as_of = self.request.as_of.day();
        (Day(as_of.0.saturating_sub(self.policy.program().age_max_days)), as_of)
    }

    /// The policy's part of the public values, at one tier: of each proof that the tier takes, the first one first.
    ///
    /// # Errors
    /// `unknown-tier`, `invalid-key` and whatever [`PolicyInputs::new`] refuses.
    pub fn policy_inputs(&self, tier: &TierName) -> Result<Arc<[PolicyInputs]>, Refusal> {
        policy_inputs(self.policy, self.request, tier)
    }

    /// All public values of each proof that the claimed tier takes, the first one first. Linked proofs share the first statement's tag
    /// and link, the binding, and whatever else is not their own statement's.
    ///
    /// # Errors
    /// As [`Asked::policy_inputs`]; `linked-proof-missing`, `linked-proof-unexpected`, `registry-id-invalid`.
    pub fn publics(&self, answer: &Answer) -> Result<Vec<Public>, Refusal> {
        let inputs = self.policy_inputs(&answer.tier)?;
        self.expect_proofs(&answer.tier, inputs.len(), answer.further.len() + 1)?;
        let shared = self.proof_inputs(answer)?;
        let mut publics = Vec::with_capacity(inputs.len());
        for (k, policy) in inputs.iter().cloned().enumerate() {
            let mut proof = shared.clone();
            if let Some(linked) = k.checked_sub(1).and_then(|k| answer.further.get(k)) {
                proof.period_tags[1] = linked.period_tag.0;
                proof.statement_links[1] = linked.statement_link.0;
                proof.proven_links[1] = linked.proven_link.0;
            }
            publics.push(Public { policy, proof });
        }
        Ok(publics)
    }

    /// All public values of the first proof.
    ///
    /// # Errors
    /// As [`Asked::publics`].
    pub fn public(&self, answer: &Answer) -> Result<Public, Refusal> {
        Ok(self.publics(answer)?.swap_remove(0))
    }

    fn expect_proofs(&self, tier: &TierName, expected: usize, found: usize) -> Result<(), Refusal> {
        let entry = match found.cmp(&expected) {
            std::cmp::Ordering::Equal => return Ok(()),
            std::cmp::Ordering::Less => &LINKED_PROOF_MISSING,
            std::cmp::Ordering::Greater => &LINKED_PROOF_UNEXPECTED,
        };
        Err(Refusal::new(entry, format!("the bundle holds {found}"))
            .at("bundle: further")
            .expected(format!("{expected} proofs for tier {tier}")))
    }

    /// What request and answer set, for the first proof.
    fn proof_inputs(&self, answer: &Answer) -> Result<ProofInputs, Refusal> {
        let (bank, nym) = (self.bank(), self.request.nym.0);
        let (end_min, end_max) = self.window();
        let binding = binding(&BindingParts {
            key_id: &self.request.verifying_key.0,
            log_origin: self.request.log_origin.as_str(),
            policy_id: &self.policy.id().0,
            tier: answer.tier.as_str(),
            bank,
            nym,
            enterprise_key: &self.applicant.0,
            request_id: &self.request.id().0,
            nonce: &self.request.nonce.0,
            expires_unix_s: self.request.expires.unix_seconds(),
        });
        Ok(ProofInputs {
            bank,
            nym,
            subject: self.subject()?,
            scope: self.scope(),
            end_min,
            end_max,
            binding,
            period_tags: answer.period_tags.map(|t| t.0),
            statement_links: answer.statement_links.map(|t| t.0),
            proven_links: answer.proven_links.map(|t| t.0),
        })
    }
}

/// The policy's part of the public values, for the attestors that a request counts on, at one tier: of each proof that the tier takes,
/// the first one first.
///
/// # Errors
/// As [`Asked::policy_inputs`].
pub fn policy_inputs(
    policy: &CheckedPolicy,
    request: &Request,
    tier: &TierName,
) -> Result<Arc<[PolicyInputs]>, Refusal> {
    policy.inputs(tier.as_str(), &request.attestors, || {
        make_policy_inputs(policy, request, tier)
    })
}

fn make_policy_inputs(
    policy: &CheckedPolicy,
    request: &Request,
    tier: &TierName,
) -> Result<Vec<PolicyInputs>, Refusal> {
    let demanded = policy.demanded(tier.as_str());
    if demanded.is_empty() {
        let names: Vec<_> = policy.program().tiers.iter().map(|t| t.name.as_str()).collect();
        return Err(Refusal::new(&UNKNOWN_TIER, format!("tier {tier}"))
            .at("bundle: tier")
            .expected(names.join(", ")));
    }
    let keys = attestor_keys(&request.attestors)?;
    demanded
        .into_iter()
        .map(|(program, tier)| PolicyInputs::new(program, tier, &keys))
        .collect()
}

/// An attestor's key, decoded strictly.
///
/// # Errors
/// `invalid-key`.
pub fn attestor_key(key: &Hex32) -> Result<PublicKey, Refusal> {
    PublicKey::from_packed(&key.0).map_err(|e| {
        Refusal::new(&INVALID_KEY, format!("{key}: {e}"))
            .expected("a Baby Jubjub key of the prime-order subgroup, packed as circomlib packs it")
    })
}

fn attestor_keys(attestors: &[AcceptedAttestor]) -> Result<Vec<(PublicKey, u8)>, Refusal> {
    attestors
        .iter()
        .map(|a| Ok((attestor_key(&a.attestor)?, a.assurance_max)))
        .collect()
}
