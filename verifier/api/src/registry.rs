//! What a bank keeps: a directory of documents that it signed itself.
//!
//! ```text
//! bank.json                     who keeps this registry
//! attestors/KEY.json            grants, one per attestor's key     revocations/KEY.json   struck keys
//! policies/ID.json              keys/ID.json, keys/ID.bin          pinned verifying keys
//! manifests/KEY.json            what a key was pinned by           retirements/KEY.json   keys that are used no longer
//! invitations/ID.json           codes/ID.secret                    what checks the one-time code, until it is redeemed
//! enrolments/INVITATION.json    requests/ID.json                   verdicts/REQUEST.json    decisions/REQUEST.json
//! logs/LOG.json                 filings/LOG/000000.json, ...       what was filed with a log, by number
//! ```
//!
//! Opening a registry checks every signature, that each file is what its name says, and that each policy compiles to what was
//! signed; a registry with one bad file is not used at all. Files are replaced atomically, or made where none may exist: the
//! verdict file is what uses up a request, so that of two verifications at once one succeeds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use covenant_gadgets::eddsa::PublicKey;
use covenant_policy::refusal::Refusal;

use crate::asked::{Asked, attestor_key};
use crate::checked_policy::CheckedPolicy;
use crate::document::Document;
use crate::documents::{
    AttestorGrant, AttestorRevocation, Bank, Decision, Enrolled, Invitation, KeyManifest, KeyRetirement, PinnedKey,
    Request, TrustedLog, Verdict,
};
use crate::files;
use crate::refusals::{
    ATTESTOR_REVOKED, NOT_ENROLLED, UNKNOWN_ATTESTOR, UNKNOWN_INVITATION, UNKNOWN_POLICY, UNKNOWN_REQUEST, WRONG_SIGNER,
};
use crate::sign::{Signer, Verified};
use crate::types::{Hex32, Name, UtcTime};

mod acts;
mod decide;
mod facts;
mod filings;
mod keys;
mod load;
mod paper;
mod pricing;

pub use acts::RequestTerms;
pub use decide::{Decided, Resolution};
pub use filings::Act;
pub use pricing::Pricing;

const BANK: &str = "bank.json";
const ATTESTORS: &str = "attestors";
const REVOCATIONS: &str = "revocations";
const POLICIES: &str = "policies";
const KEYS: &str = "keys";
const MANIFESTS: &str = "manifests";
const RETIREMENTS: &str = "retirements";
const INVITATIONS: &str = "invitations";
const CODES: &str = "codes";
const ENROLMENTS: &str = "enrolments";
const REQUESTS: &str = "requests";
const VERDICTS: &str = "verdicts";
const DECISIONS: &str = "decisions";
const LOGS: &str = "logs";
const FILINGS: &str = "filings";

/// A bank's registry, checked as a whole.
pub struct Registry {
    directory: PathBuf,
    bank: Verified<Bank>,
    grants: BTreeMap<Hex32, Verified<AttestorGrant>>,
    revocations: BTreeMap<Hex32, Verified<AttestorRevocation>>,
    policies: BTreeMap<Hex32, Arc<CheckedPolicy>>,
    keys: BTreeMap<Hex32, Verified<PinnedKey>>,
    manifests: BTreeMap<Hex32, Verified<KeyManifest>>,
    retirements: BTreeMap<Hex32, Verified<KeyRetirement>>,
    invitations: BTreeMap<Hex32, Verified<Invitation>>,
    enrolments: BTreeMap<Hex32, Verified<Enrolled>>,
    requests: BTreeMap<Hex32, Verified<Request>>,
    verdicts: BTreeMap<Hex32, Verified<Verdict>>,
    decisions: BTreeMap<Hex32, Verified<Decision>>,
    logs: BTreeMap<Hex32, Verified<TrustedLog>>,
    books: BTreeMap<Hex32, filings::Book>,
}

impl Registry {
    /// Makes a registry in a directory that is none yet.
    ///
    /// # Errors
    /// `file-exists` where there is one already; `file-unwritable`.
    pub fn create(directory: &Path, name: Name, signer: &Signer, now: UtcTime) -> Result<Self, Refusal> {
        let bank = signer.sign(Bank {
            name,
            key: signer.public(),
            issued: now,
        })?;
        for part in [
            ATTESTORS,
            REVOCATIONS,
            POLICIES,
            KEYS,
            INVITATIONS,
            CODES,
            ENROLMENTS,
            REQUESTS,
            VERDICTS,
            DECISIONS,
            LOGS,
            FILINGS,
        ] {
            files::create_directory(&directory.join(part))?;
        }
        files::create_new(&directory.join(BANK), &bank.to_json()?)?;
        Self::open(directory)
    }

    /// The bank.
    pub fn bank(&self) -> &Verified<Bank> {
        &self.bank
    }

    /// Grants that were not struck, by key.
    pub fn standing_grants(&self) -> impl Iterator<Item = &Verified<AttestorGrant>> {
        self.grants
            .values()
            .filter(|g| !self.revocations.contains_key(&g.attestor))
    }

    /// The struck keys.
    pub fn revocations(&self) -> impl Iterator<Item = &Verified<AttestorRevocation>> {
        self.revocations.values()
    }

    /// The policies, by id.
    pub fn policies(&self) -> impl Iterator<Item = &CheckedPolicy> {
        self.policies.values().map(Arc::as_ref)
    }

    /// The invitations, by id.
    pub fn invitations(&self) -> impl Iterator<Item = &Verified<Invitation>> {
        self.invitations.values()
    }

    /// The redeemed invitations, by the invitation's id.
    pub fn enrolments(&self) -> impl Iterator<Item = &Verified<Enrolled>> {
        self.enrolments.values()
    }

    /// The requests, by id.
    pub fn requests(&self) -> impl Iterator<Item = &Verified<Request>> {
        self.requests.values()
    }

    /// The verdicts, by the request's id.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verified<Verdict>> {
        self.verdicts.values()
    }

    /// The verdict that used up this request.
    pub fn verdict_on(&self, request: &Hex32) -> Option<&Verified<Verdict>> {
        self.verdicts.get(request)
    }

    /// The decisions, by the request's id.
    pub fn decisions(&self) -> impl Iterator<Item = &Verified<Decision>> {
        self.decisions.values()
    }

    /// The decision on this request.
    pub fn decision_on(&self, request: &Hex32) -> Option<&Verified<Decision>> {
        self.decisions.get(request)
    }

    /// The logs that the bank relies on.
    pub fn trusted_logs(&self) -> impl Iterator<Item = &Verified<TrustedLog>> {
        self.logs.values()
    }

    /// The standing grant to this key.
    ///
    /// # Errors
    /// `attestor-revoked`, `unknown-attestor`.
    pub fn grant_to(&self, attestor: &Hex32) -> Result<&Verified<AttestorGrant>, Refusal> {
        if let Some(revocation) = self.revocations.get(attestor) {
            let what = format!("{attestor} was struck on {}: {}", revocation.revoked, revocation.reason);
            return Err(Refusal::new(&ATTESTOR_REVOKED, what));
        }
        self.grants
            .get(attestor)
            .ok_or_else(|| Refusal::new(&UNKNOWN_ATTESTOR, attestor.to_string()))
    }

    /// A policy.
    ///
    /// # Errors
    /// `unknown-policy`.
    pub fn policy(&self, id: &Hex32) -> Result<&CheckedPolicy, Refusal> {
        self.policies
            .get(id)
            .map(Arc::as_ref)
            .ok_or_else(|| Refusal::new(&UNKNOWN_POLICY, id.to_string()))
    }

    /// An invitation.
    ///
    /// # Errors
    /// `unknown-invitation`.
    pub fn invitation(&self, id: &Hex32) -> Result<&Verified<Invitation>, Refusal> {
        self.invitations
            .get(id)
            .ok_or_else(|| Refusal::new(&UNKNOWN_INVITATION, id.to_string()))
    }

    /// Who redeemed an invitation.
    ///
    /// # Errors
    /// `not-enrolled`.
    pub fn enrolled(&self, invitation: &Hex32) -> Result<&Verified<Enrolled>, Refusal> {
        self.enrolments
            .get(invitation)
            .ok_or_else(|| Refusal::new(&NOT_ENROLLED, format!("invitation {invitation}")))
    }

    /// A request.
    ///
    /// # Errors
    /// `unknown-request`.
    pub fn request(&self, id: &Hex32) -> Result<&Verified<Request>, Refusal> {
        self.requests
            .get(id)
            .ok_or_else(|| Refusal::new(&UNKNOWN_REQUEST, id.to_string()))
    }

    /// A request with everything that it refers to.
    ///
    /// # Errors
    /// `unknown-request`, `unknown-policy`, `unknown-invitation`, `not-enrolled`, and those of [`Asked::new`].
    pub fn asked(&self, request: &Hex32) -> Result<Asked<'_>, Refusal> {
        let request = self.request(request)?;
        let applicant = self.enrolled(&request.invitation)?.key;
        Asked::new(
            self.policy(&request.policy)?,
            self.invitation(&request.invitation)?,
            request,
            applicant,
        )
    }

    /// Standing grants as the statements crate takes them.
    fn standing_keys(&self) -> Result<Vec<(PublicKey, u8)>, Refusal> {
        self.standing_grants()
            .map(|g| Ok((attestor_key(&g.attestor)?, g.assurance_max)))
            .collect()
    }

    /// Only the bank itself writes into its registry.
    fn expect_bank(&self, signer: &Signer) -> Result<(), Refusal> {
        if signer.public() == self.bank.key {
            return Ok(());
        }
        Err(
            Refusal::new(&WRONG_SIGNER, format!("the secret key of {}", signer.public()))
                .expected(format!("the key of {}, {}", self.bank.name, self.bank.key)),
        )
    }

    fn path(&self, part: &str, id: &Hex32) -> PathBuf {
        self.directory.join(part).join(format!("{id}.json"))
    }

    fn replace<T: Document>(&self, part: &str, id: &Hex32, document: &Verified<T>) -> Result<(), Refusal> {
        files::replace(&self.path(part, id), &document.to_json()?)
    }

    fn create_new<T: Document>(&self, part: &str, id: &Hex32, document: &Verified<T>) -> Result<(), Refusal> {
        files::create_new(&self.path(part, id), &document.to_json()?)
    }
}
