//! The calls of a bank, which are made with its token.

use covenant_policy::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answers::{Event, Events, Filed, Indexed, InvitationEvent, Participant};
use super::transport::{HTML, malformed};
use super::{Client, check};
use crate::document::Document as _;
use crate::documents::{
    AttestorGrant, AttestorRevocation, Bank, Decision, Enrolled, Invitation, PinnedKey, Policy, Request,
};
use crate::refusals::MALFORMED_DOCUMENT;
use crate::types::Hex32;

/// What a bank files, and where it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filing {
    /// The bank itself.
    Participant,
    /// A grant to an attestor.
    Grant,
    /// The striking of an attestor's key.
    Revocation,
    /// A policy.
    Policy,
    /// A verifying key.
    Key,
    /// An invitation.
    Invitation,
    /// An applicant's enrolment.
    Applicant,
    /// A request.
    Request,
    /// A decision.
    Decision,
}

impl Filing {
    /// Every kind, with the type of its document and the path that takes it.
    const ALL: [(Self, &'static str, &'static str); 9] = [
        (Self::Participant, Bank::TYPE, "/v1/participants"),
        (Self::Grant, AttestorGrant::TYPE, "/v1/attestors"),
        (Self::Revocation, AttestorRevocation::TYPE, "/v1/revocations"),
        (Self::Policy, Policy::TYPE, "/v1/policies"),
        (Self::Key, PinnedKey::TYPE, "/v1/keys"),
        (Self::Invitation, Invitation::TYPE, "/v1/invitations"),
        (Self::Applicant, Enrolled::TYPE, "/v1/applicants"),
        (Self::Request, Request::TYPE, "/v1/requests"),
        (Self::Decision, Decision::TYPE, "/v1/decisions"),
    ];

    /// The kind of a filed document, by the document's type.
    ///
    /// # Errors
    /// `malformed-document` where the body holds none that is filed.
    pub fn of(body: &[u8]) -> Result<Self, Refusal> {
        let body = read(body)?;
        let named = body
            .pointer("/document/type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let found = Self::ALL.into_iter().find(|(_, name, _)| *name == named);
        found.map(|(kind, ..)| kind).ok_or_else(|| {
            Refusal::new(&MALFORMED_DOCUMENT, "no document of a type that is filed").at("filing: document.type")
        })
    }

    /// The path that takes it.
    pub fn path(self) -> &'static str {
        // Every kind stands in the table.
        let found = Self::ALL.into_iter().find(|(kind, ..)| *kind == self);
        found.map_or("", |(.., path)| path)
    }
}

fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e.to_string()).at("filing"))
}

impl Client {
    /// Files a document: the bytes that `covenant-bank sign` wrote.
    ///
    /// # Errors
    /// What the log's rules refuse; `receipt-mismatch` where the receipt is of something else, the ledger's codes where it does
    /// not hold; as [`Client::log_info`].
    pub fn file(&self, kind: Filing, body: &[u8]) -> Result<Filed, Refusal> {
        let sent = read(body)?;
        let filed: Filed = self.transport.post_json(kind.path(), body)?;
        check::filed(self.trust.as_ref(), &filed, &sent)?;
        Ok(filed)
    }

    /// The bank that the token is bound to.
    ///
    /// # Errors
    /// `unknown-participant`; as [`Client::log_info`].
    pub fn participant(&self) -> Result<Participant, Refusal> {
        self.transport.get_json("/v1/participants/me")
    }

    /// The bank's attestors, as the service lists them; the page after this id.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn attestors(&self, after: Option<&Hex32>) -> Result<Value, Refusal> {
        self.list("/v1/attestors", after)
    }

    /// The bank's policies, as the service lists them; the page after this id.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn policies(&self, after: Option<&Hex32>) -> Result<Value, Refusal> {
        self.list("/v1/policies", after)
    }

    /// One of the bank's policies, with its text in plain language.
    ///
    /// # Errors
    /// `unknown-policy`; as [`Client::log_info`].
    pub fn policy(&self, id: &Hex32) -> Result<Value, Refusal> {
        self.transport.get_json(&format!("/v1/policies/{id}"))
    }

    /// The verifying keys that the bank relies on, as the service lists them; the page after this id.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn keys(&self, after: Option<&Hex32>) -> Result<Value, Refusal> {
        self.list("/v1/keys", after)
    }

    /// The bank's applications: its requests, and how far each has got, as the service lists them; the page after this id.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn applications(&self, after: Option<&Hex32>) -> Result<Value, Refusal> {
        self.list("/v1/applications", after)
    }

    fn list(&self, path: &str, after: Option<&Hex32>) -> Result<Value, Refusal> {
        let after = after.map_or_else(String::new, |after| format!("?after={after}"));
        self.transport.get_json(&format!("{path}{after}"))
    }

    /// One application, by its request.
    ///
    /// # Errors
    /// `unknown-request`; as [`Client::log_info`].
    pub fn application(&self, request: &Hex32) -> Result<Value, Refusal> {
        self.transport.get_json(&format!("/v1/applications/{request}"))
    }

    /// An application as a page for people to print.
    ///
    /// # Errors
    /// `unknown-request`; as [`Client::log_info`].
    pub fn memo(&self, request: &Hex32) -> Result<String, Refusal> {
        let path = format!("/v1/applications/{request}/memo");
        let page = self.transport.get(&path, HTML)?;
        String::from_utf8(page).map_err(|_| malformed(&path, "not UTF-8"))
    }

    /// What happened to the bank from this index on, at most so many.
    ///
    /// # Errors
    /// As [`Client::log_info`].
    pub fn events(&self, since: u64, limit: Option<u64>) -> Result<Events<Event>, Refusal> {
        let limit = limit.map_or_else(String::new, |limit| format!("&limit={limit}"));
        self.page(&format!("/v1/events?since={since}{limit}"), since)
    }

    /// What happened to an invitation from this index on: for whoever holds its id.
    ///
    /// # Errors
    /// `unknown-invitation`; as [`Client::log_info`].
    pub fn invitation_events(&self, invitation: &Hex32, since: u64) -> Result<Events<InvitationEvent>, Refusal> {
        self.page(&format!("/v1/invitations/{invitation}/events?since={since}"), since)
    }

    /// A page of events, which moves forward: whoever goes on from `next` neither misses one nor turns in a circle.
    fn page<E: Indexed + DeserializeOwned>(&self, path: &str, since: u64) -> Result<Events<E>, Refusal> {
        let page: Events<E> = self.transport.get_json(path)?;
        let indices: Vec<u64> = page.events.iter().map(Indexed::index).collect();
        let inside = indices.iter().all(|index| (since..page.next).contains(index));
        if page.next >= since && inside && indices.is_sorted_by(|a, b| a < b) {
            return Ok(page);
        }
        Err(malformed(path, "events out of order, or outside the page"))
    }
}
