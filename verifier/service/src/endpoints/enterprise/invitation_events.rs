//! `GET /v1/invitations/{id}/events`: what happened since, for whoever holds the invitation's id.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::log::{Record, View};
use covenant_api::types::UtcTime;
use covenant_ledger::StreamId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::endpoints::answers::{self, Since};
use crate::endpoints::bank::events;
use crate::http::Problem;
use crate::http::extract::{Path, Query};
use crate::http::id;
use crate::records::Records;

/// A page of what happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationEvents {
    events: Vec<InvitationEvent>,
    /// Where to go on, also when nothing matched.
    next: u64,
}

/// An entry about the applicant.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationEvent {
    /// Its place in the log.
    index: u64,
    /// When the log wrote it down.
    #[schema(value_type = Option<String>)]
    time: Option<UtcTime>,
    /// What it is about: the kind of its record.
    kind: String,
    /// The signed document; nothing where it was erased.
    #[schema(value_type = Option<Object>)]
    document: Option<Value>,
}

/// What a record says, without its filing: how many acts a bank has filed with the log is not its applicants' business.
fn document(record: Record) -> Result<Value, Problem> {
    let value = match record {
        Record::LogOpened { document } => serde_json::to_value(document),
        Record::KeyRegistration(filed) => serde_json::to_value(filed.document),
        Record::KeyRetirement(filed) => serde_json::to_value(filed.document),
        Record::Participant(filed) => serde_json::to_value(filed.document),
        Record::AttestorGrant(filed) => serde_json::to_value(filed.document),
        Record::AttestorRevocation(filed) => serde_json::to_value(filed.document),
        Record::Policy(filed) => serde_json::to_value(filed.document),
        Record::PinnedKey(filed) => serde_json::to_value(filed.document),
        Record::Invitation(filed) => serde_json::to_value(filed.document),
        Record::Enrolment { document } => serde_json::to_value(document),
        Record::Enrolled(filed) => serde_json::to_value(filed.document),
        Record::Request(filed) => serde_json::to_value(filed.document),
        Record::Verdict { verdict, .. } => serde_json::to_value(verdict),
        Record::Decision(filed) => serde_json::to_value(filed.document),
    };
    value.map_err(Problem::internal)
}

/// What happened since, in log order: enrolments, requests, verdicts and decisions about the one whom this invitation invited.
#[utoipa::path(
    get,
    path = "/v1/invitations/{id}/events",
    tag = "enterprise",
    params(("id" = String, Path, description = "The invitation's id, 64 hexadecimal digits"), Since),
    responses((status = 200, description = "The page", body = InvitationEvents)),
)]
pub async fn invitation_events(
    State(app): State<Arc<App>>,
    Path(text): Path<String>,
    Query(since): Query<Since>,
) -> Result<Json<InvitationEvents>, Problem> {
    let id = id::whole(&text)?;
    app.blocking(move |app| {
        let limit = answers::limit(app, since.limit)?;
        let from = since.since.map_or(0, |since| since.0);
        let records = Records(app.log.ledger());
        let (_, stream) = View::new(&records, &app.shelf).invitation(&id)?;
        let size = app.log.ledger().size();
        let (mut found, mut next) = (Vec::new(), from.max(size));
        for entry in app.log.ledger().stream(StreamId(stream.0), 0) {
            let entry = entry?;
            if entry.index < from || entry.index >= size {
                continue;
            }
            if found.len() == limit {
                next = entry.index;
                break;
            }
            found.push(InvitationEvent {
                index: entry.index,
                time: events::time(&entry),
                kind: entry.kind.to_string(),
                document: events::record(app, &entry)?.map(document).transpose()?,
            });
        }
        Ok(Json(InvitationEvents { events: found, next }))
    })
    .await
}
