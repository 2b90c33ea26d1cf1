//! `GET /v1/applications`: the bank's applications.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::host;
use covenant_api::ids::{self, prefix};
use covenant_api::types::{Hex32, IsoDate, RegistryId, TierName, UtcTime};
use serde::Serialize;
use utoipa::ToSchema;

use super::list;
use crate::app::App;
use crate::endpoints::answers::Page;
use crate::http::extract::Query;
use crate::http::{Bank, Problem};
use crate::records::applications::{OnRecord, Stage};

/// A page of applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationPage {
    applications: Vec<Application>,
    /// Where to go on; nothing after the last page.
    #[schema(value_type = Option<String>)]
    next: Option<Hex32>,
}

/// An application: a request of the bank's, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Application {
    /// The request's id, 64 hexadecimal digits.
    #[schema(value_type = String)]
    request: Hex32,
    /// The request's id as people see it.
    shown: String,
    /// The applicant, as the bank invited it.
    #[schema(value_type = String)]
    registry_id: RegistryId,
    invitation: Named,
    policy: Named,
    state: Stage,
    /// The tier that was proven, once there is a verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    tier: Option<TierName>,
    /// Whether the proof was made under a development key: then it shows nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    development_key: Option<bool>,
    dates: Dates,
    entries: Entries,
}

/// A document by its id.
#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    /// 64 hexadecimal digits.
    #[schema(value_type = String)]
    id: Hex32,
    /// As people see it.
    shown: String,
    /// A policy's title; an invitation's bank.
    name: String,
}

/// When what happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dates {
    /// The day from which ages count.
    #[schema(value_type = String)]
    as_of: IsoDate,
    /// When the bank asked.
    #[schema(value_type = String)]
    asked: UtcTime,
    /// Until when it can be answered.
    #[schema(value_type = String)]
    expires: UtcTime,
    /// When the proof was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    answered: Option<UtcTime>,
    /// When the bank decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    decided: Option<UtcTime>,
}

/// The entries that say so.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entries {
    invitation: u64,
    request: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<u64>,
}

impl Application {
    /// An application in brief.
    pub fn new(found: &OnRecord, now: UtcTime) -> Self {
        let (request, invitation) = (&found.request.document, &found.invitation.document);
        let (verdict, decision) = (found.verdict.as_ref(), found.decision.as_ref());
        Self {
            request: request.id(),
            shown: request.display_id(),
            registry_id: invitation.registry_id.clone(),
            invitation: Named {
                id: invitation.id(),
                shown: invitation.display_id(),
                name: invitation.bank_name.to_string(),
            },
            policy: Named {
                id: found.policy.id(),
                shown: ids::display(prefix::POLICY, &found.policy.id()),
                name: found.policy.compiled().texts.title.clone(),
            },
            state: found.stage(now),
            tier: verdict.map(|verdict| verdict.document.tier.clone()),
            development_key: verdict.map(|verdict| verdict.document.development_key),
            dates: Dates {
                as_of: request.as_of,
                asked: request.issued,
                expires: request.expires,
                answered: verdict.map(|verdict| verdict.document.decided),
                decided: decision.map(|decision| decision.document.decided),
            },
            entries: Entries {
                invitation: found.invitation.index,
                request: found.request.index,
                verdict: verdict.map(|verdict| verdict.index),
                decision: decision.map(|decision| decision.index),
            },
        }
    }
}

/// The bank's applications, by the request's id.
#[utoipa::path(
    get,
    path = "/v1/applications",
    tag = "bank",
    params(Page),
    responses((status = 200, description = "The page", body = ApplicationPage)),
    security(("token" = [])),
)]
pub async fn applications(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Query(page): Query<Page>,
) -> Result<Json<ApplicationPage>, Problem> {
    app.blocking(move |app| {
        let now = host::now()?;
        let listed = list(app, "application", &bank, &page)?;
        let applications = listed
            .items
            .iter()
            .map(|(id, _)| Ok(Application::new(&OnRecord::of_bank(app, &bank, id)?, now)));
        Ok(Json(ApplicationPage {
            applications: applications.collect::<Result<_, Problem>>()?,
            next: listed.next,
        }))
    })
    .await
}
