//! `GET /v1/policies`: the bank's policies.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::ids::{self, prefix};
use covenant_api::log::View;
use covenant_api::types::Hex32;
use serde::Serialize;
use utoipa::ToSchema;

use super::list;
use crate::app::App;
use crate::endpoints::answers::Page;
use crate::http::extract::Query;
use crate::http::{Bank, Problem};
use crate::records::Records;

/// A page of policies.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyPage {
    policies: Vec<PolicySummary>,
    /// Where to go on; nothing after the last page.
    #[schema(value_type = Option<String>)]
    next: Option<Hex32>,
}

/// A policy in brief.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicySummary {
    /// Its id, 64 hexadecimal digits.
    #[schema(value_type = String)]
    id: Hex32,
    /// Its id as people see it.
    shown: String,
    /// Its title.
    title: String,
    /// Its tiers, best first.
    tiers: Vec<String>,
    /// The entry that holds it.
    index: u64,
}

/// The bank's policies, by id.
#[utoipa::path(
    get,
    path = "/v1/policies",
    tag = "bank",
    params(Page),
    responses((status = 200, description = "The page", body = PolicyPage)),
    security(("token" = [])),
)]
pub async fn policies(
    State(app): State<Arc<App>>,
    Bank(bank): Bank,
    Query(page): Query<Page>,
) -> Result<Json<PolicyPage>, Problem> {
    app.blocking(move |app| {
        let listed = list(app, "policy", &bank, &page)?;
        let records = Records(app.log.ledger());
        let view = View::new(&records, &app.shelf);
        let policies = listed.items.iter().map(|(id, cell)| {
            let policy = view.policy(&bank, id)?;
            Ok(PolicySummary {
                id: *id,
                shown: ids::display(prefix::POLICY, id),
                title: policy.compiled().texts.title.clone(),
                tiers: policy.program().tiers.iter().map(|tier| tier.name.clone()).collect(),
                index: cell.version,
            })
        });
        Ok(Json(PolicyPage {
            policies: policies.collect::<Result<_, Problem>>()?,
            next: listed.next,
        }))
    })
    .await
}
