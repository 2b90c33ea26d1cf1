//! What a bank does with its registry; each act signs one document and writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use covenant_policy::refusal::Refusal;
use covenant_proofs::statement::Statement as _;
use covenant_statements::compliance::{Compliance, PolicyInputs};
use rand::{CryptoRng, RngCore};

use super::{ATTESTORS, CODES, ENROLMENTS, INVITATIONS, POLICIES, REQUESTS, REVOCATIONS, Registry, VERDICTS};
use crate::asked::attestor_key;
use crate::checked_policy::CheckedPolicy;
use crate::documents::{
    AcceptedAttestor, AttestorGrant, AttestorRevocation, Code, Enrolled, Enrolment, Invitation, RedemptionKey, Request,
    Verdict,
};
use crate::refusals::{
    APPLICANT_CONFLICT, ATTESTOR_REVOKED, FILE_EXISTS, INVITATION_EXPIRED, INVITATION_USED, MALFORMED_DOCUMENT,
    REQUEST_USED,
};
use crate::sign::{Signer, Verified, verifying_key};
use crate::types::{FieldElement, Hex32, IsoDate, LogOrigin, Name, RegistryId, Text, UtcTime};
use crate::{files, limits};

/// What a bank asks for.
#[derive(Debug, Clone)]
pub struct RequestTerms {
    /// The policy's id.
    pub policy: Hex32,
    /// The invitation's id.
    pub invitation: Hex32,
    /// The pinned verifying key's id.
    pub verifying_key: Hex32,
    /// The log in which the verdict will be recorded.
    pub log_origin: LogOrigin,
    /// The day from which ages count.
    pub as_of: IsoDate,
    /// For how many days the request can be answered.
    pub valid_days: u32,
}

impl Registry {
    /// Admits an attestor's key, or changes its grant.
    ///
    /// # Errors
    /// `wrong-signer`, `invalid-key`, `attestor-revoked`, `file-unwritable`.
    pub fn grant(
        &mut self,
        signer: &Signer,
        attestor: Hex32,
        name: Name,
        assurance_max: u8,
        now: UtcTime,
    ) -> Result<Verified<AttestorGrant>, Refusal> {
        self.expect_bank(signer)?;
        attestor_key(&attestor)?;
        if self.revocations.contains_key(&attestor) {
            return Err(Refusal::new(&ATTESTOR_REVOKED, attestor.to_string()));
        }
        let grant = signer.sign(AttestorGrant {
            attestor,
            name,
            assurance_max,
            issued: now,
        })?;
        self.replace(ATTESTORS, &attestor, &grant)?;
        self.grants.insert(attestor, grant.clone());
        Ok(grant)
    }

    /// Strikes an attestor's key, for good.
    ///
    /// # Errors
    /// `wrong-signer`, `unknown-attestor`, `attestor-revoked`, `file-unwritable`.
    pub fn revoke(
        &mut self,
        signer: &Signer,
        attestor: Hex32,
        reason: Text,
        now: UtcTime,
    ) -> Result<Verified<AttestorRevocation>, Refusal> {
        self.expect_bank(signer)?;
        self.grant_to(&attestor)?;
        let revocation = signer.sign(AttestorRevocation {
            attestor,
            reason,
            revoked: now,
        })?;
        self.create_new(REVOCATIONS, &attestor, &revocation)?;
        self.revocations.insert(attestor, revocation.clone());
        Ok(revocation)
    }

    /// Compiles a policy's source, signs it and keeps it. Signing the same source again changes nothing.
    ///
    /// # Errors
    /// `wrong-signer`, `file-unwritable`, and whatever the compiler refuses.
    pub fn sign_policy(&mut self, signer: &Signer, source: &str) -> Result<&CheckedPolicy, Refusal> {
        self.expect_bank(signer)?;
        let policy = CheckedPolicy::sign(source, signer)?;
        let id = policy.id();
        self.replace(POLICIES, &id, policy.document())?;
        Ok(self.policies.entry(id).or_insert_with(|| Arc::new(policy)))
    }

    /// Invites a company. The code is to be delivered outside this channel; the registry keeps what checks it.
    ///
    /// # Errors
    /// `wrong-signer`, `file-unwritable`.
    pub fn invite<R: RngCore + CryptoRng>(
        &mut self,
        signer: &Signer,
        registry_id: RegistryId,
        valid_days: u32,
        now: UtcTime,
        rng: &mut R,
    ) -> Result<(Verified<Invitation>, Code), Refusal> {
        self.expect_bank(signer)?;
        let invitation = signer.sign(Invitation {
            bank_name: self.bank.name.clone(),
            bank: self.bank.key,
            registry_id,
            blinding: FieldElement::random(rng),
            issued: now,
            expires: now.plus_days(valid_days),
        })?;
        let (id, code) = (invitation.id(), Code::random(rng));
        files::create_new(&self.code_path(&id), code.redemption_key(&id).reveal())?;
        self.create_new(INVITATIONS, &id, &invitation)?;
        self.invitations.insert(id, invitation.clone());
        Ok((invitation, code))
    }

    /// Redeems an invitation: checks the MAC, and records the applicant's pseudonym and key.
    ///
    /// # Errors
    /// `wrong-signer`, `unknown-invitation`, `invitation-expired`, `invitation-used`, `wrong-code`, `invalid-key`,
    /// `applicant-conflict`, `file-unwritable`.
    pub fn enrol(
        &mut self,
        signer: &Signer,
        enrolment: &Enrolment,
        now: UtcTime,
    ) -> Result<Verified<Enrolled>, Refusal> {
        self.expect_bank(signer)?;
        let id = enrolment.invitation;
        let invitation = self.invitation(&id)?;
        if let Some(earlier) = self.enrolments.get(&id) {
            return Err(Refusal::new(
                &INVITATION_USED,
                format!("invitation {id} was redeemed on {}", earlier.enrolled),
            ));
        }
        if now > invitation.expires {
            return Err(Refusal::new(&INVITATION_EXPIRED, format!("it is {now}"))
                .at("invitation: expires")
                .expected(format!("no later than {}", invitation.expires)));
        }
        if !self.code_path(&id).exists() {
            // Another process has redeemed it since this registry was opened.
            return Err(Refusal::new(
                &INVITATION_USED,
                format!("invitation {id} has no code left"),
            ));
        }
        let bytes = files::read(&self.code_path(&id), 32)?;
        let key: [u8; 32] = bytes.try_into().map_err(|_| {
            Refusal::new(&crate::refusals::REGISTRY_DAMAGED, "not 32 bytes").at(self.code_path(&id).display())
        })?;
        enrolment.check(&RedemptionKey::from_bytes(key))?;
        verifying_key(&enrolment.key)?;
        let registry_id = invitation.registry_id.clone();
        self.one_pseudonym_for(&registry_id, &enrolment.nym)?;
        let enrolled = signer.sign(Enrolled {
            invitation: id,
            registry_id,
            nym: enrolment.nym,
            key: enrolment.key,
            enrolled: now,
        })?;
        self.create_new(ENROLMENTS, &id, &enrolled)
            .map_err(|r| if_exists(r, &INVITATION_USED))?;
        files::remove(&self.code_path(&id))?;
        self.enrolments.insert(id, enrolled.clone());
        Ok(enrolled)
    }

    /// A company keeps its pseudonym, and a pseudonym its company: tags under two pseudonyms cannot be compared, so a company
    /// with two could prove other figures under each.
    fn one_pseudonym_for(&self, registry_id: &RegistryId, nym: &FieldElement) -> Result<(), Refusal> {
        let conflict = self
            .enrolments()
            .find(|e| (e.registry_id == *registry_id) != (e.nym == *nym));
        match conflict {
            Some(earlier) => Err(
                Refusal::new(&APPLICANT_CONFLICT, format!("pseudonym {nym} for {registry_id}"))
                    .at("enrolment: nym")
                    .expected(format!(
                        "{} for {}, as enrolled on {}",
                        earlier.nym, earlier.registry_id, earlier.enrolled
                    )),
            ),
            None => Ok(()),
        }
    }

    /// Asks an enrolled applicant for a proof.
    ///
    /// # Errors
    /// `wrong-signer`, `unknown-policy`, `unknown-invitation`, `not-enrolled`, `unknown-verifying-key`, `key-retired`, `no-attestor` where
    /// nobody whom the policy accepts is granted, `malformed-document`, `file-unwritable`.
    pub fn ask<R: RngCore + CryptoRng>(
        &mut self,
        signer: &Signer,
        terms: &RequestTerms,
        now: UtcTime,
        rng: &mut R,
    ) -> Result<Verified<Request>, Refusal> {
        self.expect_bank(signer)?;
        self.invitation(&terms.invitation)?;
        self.expect_in_use(&terms.verifying_key)?;
        let standing = self.standing_keys()?;
        // Whoever counts in one of the policy's proofs; each proof takes of these whom it accepts.
        let mut accepted = BTreeMap::new();
        for program in self.policy(&terms.policy)?.programs() {
            let inputs = PolicyInputs::new(program, 0, &standing)?;
            accepted.extend(inputs.attestors().iter().map(|(key, grant)| (key.packed(), *grant)));
        }
        let attestors = accepted.into_iter().map(|(key, assurance_max)| AcceptedAttestor {
            attestor: Hex32(key),
            assurance_max,
        });
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let request = signer.sign(Request {
            policy: terms.policy,
            invitation: terms.invitation,
            nym: self.enrolled(&terms.invitation)?.nym,
            statement: text(Compliance::ID)?,
            verifying_key: terms.verifying_key,
            attestors: attestors.collect(),
            log_origin: terms.log_origin.clone(),
            as_of: terms.as_of,
            nonce: Hex32(nonce),
            issued: now,
            expires: now.plus_days(terms.valid_days),
        })?;
        self.create_new(REQUESTS, &request.id(), &request)?;
        self.requests.insert(request.id(), request.clone());
        Ok(request)
    }

    /// Signs and keeps a verdict, which uses up its request. Of several at once, one succeeds.
    ///
    /// # Errors
    /// `wrong-signer`, `unknown-request`, `request-used`, `file-unwritable`.
    pub fn record(&mut self, signer: &Signer, verdict: Verdict) -> Result<Verified<Verdict>, Refusal> {
        self.expect_bank(signer)?;
        let id = self.request(&verdict.request)?.id();
        let verdict = signer.sign(verdict)?;
        self.create_new(VERDICTS, &id, &verdict)
            .map_err(|r| if_exists(r, &REQUEST_USED))?;
        self.verdicts.insert(id, verdict.clone());
        Ok(verdict)
    }

    fn code_path(&self, invitation: &Hex32) -> std::path::PathBuf {
        self.directory.join(CODES).join(format!("{invitation}.secret"))
    }
}

/// Says what a file that exists already means here.
pub(super) fn if_exists(refusal: Refusal, entry: &'static covenant_policy::refusal::Entry) -> Refusal {
    if refusal.entry == &FILE_EXISTS {
        Refusal { entry, ..refusal }
    } else {
        refusal
    }
}

fn text(text: &str) -> Result<Text, Refusal> {
    Text::parse(text).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e))
}

const _: () = assert!(limits::VERIFYING_KEY_BYTES_MAX >= 3_000 * 64 + 4_096);
