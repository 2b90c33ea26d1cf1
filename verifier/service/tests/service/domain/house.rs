//! A bank: its registry of files, from which documents come, and its acts in the log, one filing after another.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::document::Document;
use covenant_api::documents::*;
use covenant_api::host;
use covenant_api::registry::{Registry, RequestTerms};
use covenant_api::sign::{Signer, Verified};
use covenant_api::types::*;
use covenant_verifier::tokens::Role;
use rand::{RngCore as _, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::enterprise::{DEVELOPMENT, Enterprise, GRANT, attestor_id, company, proving_key};
use super::place::Place;
use crate::world::{Answer, ORIGIN};

/// Two tiers by the current ratio: A from 1.2, B from 0.1.
pub const POLICY: &str = include_str!("../../../../api/tests/bank/policy.toml");

/// A bank whose documents and filings are signed here.
pub struct House<'a> {
    pub place: &'a Place,
    pub signer: Signer,
    pub registry: Registry,
    pub token: String,
    pub stream: Hex32,
    pub number: u64,
    pub rng: ChaCha20Rng,
    pub key: Hex32,
    /// Each invitation's stream.
    pub streams: BTreeMap<Hex32, Hex32>,
    _directory: TempDir,
}

impl<'a> House<'a> {
    /// A bank that takes part, with an attestor granted and a key pinned.
    pub fn new(place: &'a Place, seed: u8) -> Self {
        let mut house = Self::outside(place, seed);
        house.take_part();
        house.grant();
        house.pin();
        house
    }

    /// A bank with a token and a registry, of which the log does not know yet.
    pub fn outside(place: &'a Place, seed: u8) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let signer = Signer::from_seed(&[seed; 32]);
        let name = Name::parse(&format!("Bank {seed}")).unwrap();
        let mut registry = Registry::create(directory.path(), name, &signer, host::now().unwrap()).unwrap();
        let bytes = proving_key().verifying().to_bytes();
        let pinned = registry
            .pin_key(&signer, &bytes, DEVELOPMENT, host::now().unwrap())
            .unwrap();
        let name = Name::parse("Cabinet Exact").unwrap();
        registry
            .grant(&signer, attestor_id(), name, GRANT, host::now().unwrap())
            .unwrap();
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let (_, token) = place.world.token(Role::Bank { bank: signer.public() });
        Self {
            stream: random(&mut rng),
            place,
            signer,
            registry,
            token,
            number: 0,
            rng,
            key: pinned.verifying_key,
            streams: BTreeMap::new(),
            _directory: directory,
        }
    }

    pub fn take_part(&mut self) {
        let bank = self.registry.bank().clone();
        assert_eq!(self.file("/v1/participants", &bank, self.stream).status, 201);
    }

    pub fn grant_document(&self, assurance_max: u8) -> Verified<AttestorGrant> {
        let grant = AttestorGrant {
            attestor: attestor_id(),
            name: Name::parse("Cabinet Exact").unwrap(),
            assurance_max,
            issued: host::now().unwrap(),
        };
        self.signer.sign(grant).unwrap()
    }

    pub fn grant(&mut self) {
        let grant = self.grant_document(GRANT);
        assert_eq!(self.file("/v1/attestors", &grant, self.stream).status, 201);
    }

    pub fn revoke(&mut self) {
        let revocation = AttestorRevocation {
            attestor: attestor_id(),
            reason: Text::parse("The key was lost").unwrap(),
            revoked: host::now().unwrap(),
        };
        let revocation = self.signer.sign(revocation).unwrap();
        assert_eq!(self.file("/v1/revocations", &revocation, self.stream).status, 201);
    }

    /// The call that pins the key.
    pub fn key_body(&self) -> Value {
        let pinned = PinnedKey {
            verifying_key: self.key,
            statement: Text::parse("covenant/compliance/v1").unwrap(),
            development: true,
            manifest: None,
            pinned: host::now().unwrap(),
        };
        let mut body = self.filing(&self.signer.sign(pinned).unwrap(), self.stream);
        body["key"] = STANDARD.encode(proving_key().verifying().to_bytes()).into();
        body
    }

    pub fn pin(&mut self) {
        let body = self.key_body();
        let answer = self.send("/v1/keys", &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    pub fn policy(&mut self, source: &str) -> Hex32 {
        let policy = self
            .registry
            .sign_policy(&self.signer, source)
            .unwrap()
            .document()
            .clone();
        let answer = self.file("/v1/policies", &policy, self.stream);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.json()["id"], policy.id().to_string());
        policy.id()
    }

    /// Invites a company, and files the invitation in a new stream.
    pub fn invite(&mut self, number: u64) -> (Verified<Invitation>, Code) {
        let now = host::now().unwrap();
        let (invitation, code) = self
            .registry
            .invite(&self.signer, company(number), 30, now, &mut self.rng)
            .unwrap();
        let stream = random(&mut self.rng);
        assert_eq!(self.file("/v1/invitations", &invitation, stream).status, 201);
        self.streams.insert(invitation.id(), stream);
        (invitation, code)
    }

    /// Invites a company, which enrols, and recognises it.
    pub fn customer(&mut self, number: u64) -> Enterprise {
        let (invitation, code) = self.invite(number);
        let enterprise = Enterprise::new(number, invitation);
        let enrolment = enterprise.enrolment(&code);
        let body = covenant_api::document::to_json(&enrolment).unwrap();
        assert_eq!(self.place.post("/v1/enrolments", &body).status, 201);
        let enrolled = self
            .registry
            .enrol(&self.signer, &enrolment, host::now().unwrap())
            .unwrap();
        let stream = self.streams[&enterprise.invitation.id()];
        assert_eq!(self.file("/v1/applicants", &enrolled, stream).status, 201);
        enterprise
    }

    pub fn terms(&self, policy: Hex32, invitation: Hex32) -> RequestTerms {
        RequestTerms {
            policy,
            invitation,
            verifying_key: self.key,
            log_origin: LogOrigin::parse(ORIGIN).unwrap(),
            as_of: IsoDate::parse("2026-03-31").unwrap(),
            valid_days: 14,
        }
    }

    /// Asks, and files the request.
    pub fn ask(&mut self, policy: Hex32, enterprise: &Enterprise) -> Verified<Request> {
        self.ask_at(policy, enterprise, host::now().unwrap())
    }

    pub fn ask_at(&mut self, policy: Hex32, enterprise: &Enterprise, now: UtcTime) -> Verified<Request> {
        let terms = self.terms(policy, enterprise.invitation.id());
        let request = self.registry.ask(&self.signer, &terms, now, &mut self.rng).unwrap();
        let stream = self.streams[&enterprise.invitation.id()];
        let answer = self.file("/v1/requests", &request, stream);
        assert_eq!(answer.status, 201, "{}", answer.text());
        request
    }

    pub fn decision(&self, request: Hex32, verdict: Hex32, outcome: Outcome) -> Verified<Decision> {
        let decision = Decision {
            request,
            verdict,
            outcome,
            officer: Name::parse("A. Officer").unwrap(),
            terms: (outcome == Outcome::Approved).then(|| Text::parse("As the policy says").unwrap()),
            reason: Text::parse("The policy is met").unwrap(),
            decided: host::now().unwrap(),
        };
        self.signer.sign(decision).unwrap()
    }

    /// The body of a filing under the bank's next number.
    pub fn filing<T: Document + Clone>(&self, document: &Verified<T>, stream: Hex32) -> Value {
        self.filing_as(document, stream, self.number, ORIGIN)
    }

    pub fn filing_as<T: Document + Clone>(
        &self,
        document: &Verified<T>,
        stream: Hex32,
        number: u64,
        log: &str,
    ) -> Value {
        let filing = Filing {
            log: LogOrigin::parse(log).unwrap(),
            stream,
            number,
            document: document.id(),
        };
        let filing = self.signer.sign(filing).unwrap().to_signed();
        json!({ "filing": filing, "document": document.to_signed() })
    }

    /// Files a document; the number moves on where it was recorded.
    pub fn file<T: Document + Clone>(&mut self, path: &str, document: &Verified<T>, stream: Hex32) -> Answer {
        let body = self.filing(document, stream);
        self.send(path, &body)
    }

    /// Sends a call with the bank's token; the number moves on where it was recorded.
    pub fn send(&mut self, path: &str, body: &Value) -> Answer {
        let answer = self.post(path, body.to_string().as_bytes(), &[]);
        if answer.status == 201 {
            self.number += 1;
        }
        answer
    }

    /// Sends bytes with the bank's token.
    pub fn post(&self, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("content-type", "application/json"), ("authorization", &bearer)];
        all.extend(headers);
        self.place.server().call("POST", path, &all, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.place.server().get_as(&self.token, path)
    }
}

pub fn random(rng: &mut ChaCha20Rng) -> Hex32 {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    Hex32(bytes)
}
