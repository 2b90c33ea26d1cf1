//! The bank: its registry of files, its secret key, and its calls. Each document is filed by the registry's own numbering, as
//! `covenant-bank sign` does it, so that `covenant-bank` can go on from there.

use std::path::Path;

use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::client::{Client, Filing, LogTrust};
use covenant_api::documents::{Code, Enrolment, Invitation, Request, Role, SecretKey};
use covenant_api::refusals::TOKEN_MALFORMED;
use covenant_api::registry::{Registry, RequestTerms};
use covenant_api::sign::{Signer, Verified};
use covenant_api::types::{Hex32, IsoDate, LogOrigin, RegistryId, UtcTime};
use covenant_api::{document, files, host};
use covenant_gadgets::eddsa;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use rand_chacha::ChaCha20Rng;

use super::{VALID_DAYS, malformed, name};

/// The greatest assurance that the attestor may give.
pub(super) const GRANT: u8 = 3;

/// The bank.
pub(super) struct Bank {
    signer: Signer,
    attestor: eddsa::SecretKey,
    registry: Registry,
    log: LogOrigin,
    client: Option<Client>,
    rng: ChaCha20Rng,
}

impl Bank {
    /// A new bank that relies on this log: its registry, its key, and the key of the attestor that it will grant, all in this
    /// folder. The keys are not sealed; they are worth nothing.
    pub(super) fn new(folder: &Path, trust: &LogTrust) -> Result<Self, Refusal> {
        files::create_directory(folder)?;
        let mut rng = host::rng()?;
        let mut key = |role, file: &str| {
            let key = SecretKey::random(role, &mut rng);
            let stored = key.store(None, &mut rng)?;
            files::create_new(&folder.join(file), &document::to_json(&stored)?)?;
            Ok::<_, Refusal>(key)
        };
        let signer = key(Role::Bank, "bank.key")?.signer()?;
        let attestor = key(Role::Attestor, "attestor.key")?.attestor()?;
        let now = host::now()?;
        let mut registry = Registry::create(&folder.join("registry"), name("Sandbox Bank")?, &signer, now)?;
        let trusted = registry.trust_log(&signer, &trust.log_key, trust.operator, now)?;
        Ok(Self {
            log: trusted.log.clone(),
            signer,
            attestor,
            registry,
            client: None,
            rng,
        })
    }

    /// From now on it calls the service.
    pub(super) fn call_with(&mut self, client: Client) {
        self.client = Some(client);
    }

    /// Its first key.
    pub(super) fn key(&self) -> Hex32 {
        self.signer.public()
    }

    /// A policy that it published.
    pub(super) fn policy(&self, id: &Hex32) -> Result<&CheckedPolicy, Refusal> {
        self.registry.policy(id)
    }

    fn file(&mut self, document: &[u8]) -> Result<(), Refusal> {
        let client = self.client.as_ref();
        let client = client.ok_or_else(|| Refusal::new(&TOKEN_MALFORMED, "the bank has no token yet"))?;
        let (_, body) = self
            .registry
            .file(&self.signer, &self.log, document, None, &mut self.rng)?;
        client.file(Filing::of(&body)?, &body).map(drop)
    }

    pub(super) fn take_part(&mut self) -> Result<(), Refusal> {
        self.file(&self.registry.bank().to_json()?)
    }

    /// Pins the key, of a development setup as it is.
    pub(super) fn pin(&mut self, key: &VerifyingKey) -> Result<Hex32, Refusal> {
        let policy = KeyPolicy {
            allow_development: true,
        };
        let pinned = self
            .registry
            .pin_key(&self.signer, &key.to_bytes(), policy, host::now()?)?;
        self.file(&pinned.to_json()?)?;
        Ok(pinned.verifying_key)
    }

    /// The attestor's secret key.
    pub(super) fn attestor(&self) -> &eddsa::SecretKey {
        &self.attestor
    }

    /// Admits the attestor.
    pub(super) fn grant(&mut self) -> Result<(), Refusal> {
        let attestor = Hex32(self.attestor.public().packed());
        let grant = self
            .registry
            .grant(&self.signer, attestor, name("Sandbox Audit")?, GRANT, host::now()?)?;
        self.file(&grant.to_json()?)
    }

    pub(super) fn publish(&mut self, source: &str) -> Result<Hex32, Refusal> {
        let policy = self.registry.sign_policy(&self.signer, source)?.document().clone();
        self.file(&policy.to_json()?)?;
        Ok(policy.id())
    }

    pub(super) fn invite(&mut self, company: RegistryId) -> Result<(Verified<Invitation>, Code), Refusal> {
        let (invitation, code) =
            self.registry
                .invite(&self.signer, company, VALID_DAYS, host::now()?, &mut self.rng)?;
        self.file(&invitation.to_json()?)?;
        Ok((invitation, code))
    }

    pub(super) fn recognise(&mut self, enrolment: &Enrolment) -> Result<(), Refusal> {
        let enrolled = self.registry.enrol(&self.signer, enrolment, host::now()?)?;
        self.file(&enrolled.to_json()?)
    }

    /// Asks for a proof under a policy; ages count from the day on which the request is signed.
    pub(super) fn ask(
        &mut self,
        policy: Hex32,
        invitation: &Verified<Invitation>,
        verifying_key: Hex32,
        signed: UtcTime,
    ) -> Result<Verified<Request>, Refusal> {
        let terms = RequestTerms {
            policy,
            invitation: invitation.id(),
            verifying_key,
            log_origin: self.log.clone(),
            as_of: IsoDate::new(signed.day()).ok_or_else(|| malformed(format!("the day of {signed}")))?,
            valid_days: VALID_DAYS,
        };
        let request = self.registry.ask(&self.signer, &terms, signed, &mut self.rng)?;
        self.file(&request.to_json()?)?;
        Ok(request)
    }
}
