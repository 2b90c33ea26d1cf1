//! `GET /v1/attestors`: whose attestations count.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::ids::{self, prefix};
use covenant_api::log::Record;
use covenant_api::types::{Hex32, Name, Text, UtcTime};
use serde::Serialize;
use utoipa::ToSchema;

use super::{list, record_of};
use crate::app::App;
use crate::endpoints::answers::Page;
use crate::http::extract::Query;
use crate::http::{Bank, Problem};

/// A page of attestors.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttestorPage {
    attestors: Vec<Attestor>,
    /// Where to go on; nothing after the last page.
    #[schema(value_type = Option<String>)]
    next: Option<Hex32>,
}

/// An attestor's key, as the bank last decided on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attestor {
    /// The packed key, 64 hexadecimal digits.
    #[schema(value_type = String)]
    attestor: Hex32,
    /// The key as people see it.
    shown: String,
    /// Whether its attestations count.
    standing: bool,
    /// The grant, while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<Grant>,
    /// How it was struck.
    #[serde(skip_serializing_if = "Option::is_none")]
    struck: Option<Struck>,
    /// The entry that says so.
    index: u64,
}

/// A standing grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Grant {
    #[schema(value_type = String)]
    name: Name,
    /// The greatest assurance that the attestor may give.
    assurance_max: u8,
    #[schema(value_type = String)]
    issued: UtcTime,
}

/// A struck key.
#[derive(Debug, Serialize, ToSchema)]
pub struct Struck {
    #[schema(value_type = String)]
    revoked: UtcTime,
    #[schema(value_type = String)]
    reason: Text,
}

/// The attestors' keys that the bank granted or struck, by key.
#[utoipa::path(
    get,
    path = "/v1/attestors",
    tag = "bank",
    params(Page),
    responses((status = 200, description = "The page", body = AttestorPage)),
    security(("token" = [])),
)]
pub async fn attestors(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Query(page): Query<Page>,
) -> Result<Json<AttestorPage>, Problem> {
    app.blocking(move |app| {
        let listed = list(app, "grant", &bank, &page)?;
        let attestors = listed.items.iter().map(|(id, cell)| {
            let (grant, struck) = match record_of(app, cell)? {
                Record::AttestorGrant(filed) => (Some(Grant::from(filed.document.unverified().clone())), None),
                Record::AttestorRevocation(filed) => (None, Some(Struck::from(filed.document.unverified().clone()))),
                other => return Err(Problem::internal(format!("a grant's cell names a {}", other.kind()))),
            };
            Ok(Attestor {
                attestor: *id,
                shown: ids::display(prefix::ATTESTOR, id),
                standing: grant.is_some(),
                grant,
                struck,
                index: cell.version,
            })
        });
        Ok(Json(AttestorPage {
            attestors: attestors.collect::<Result<_, _>>()?,
            next: listed.next,
        }))
    })
    .await
}

impl From<covenant_api::documents::AttestorGrant> for Grant {
    fn from(grant: covenant_api::documents::AttestorGrant) -> Self {
        Self {
            name: grant.name,
            assurance_max: grant.assurance_max,
            issued: grant.issued,
        }
    }
}

impl From<covenant_api::documents::AttestorRevocation> for Struck {
    fn from(revocation: covenant_api::documents::AttestorRevocation) -> Self {
        Self {
            revoked: revocation.revoked,
            reason: revocation.reason,
        }
    }
}
