//! `GET /v1/participants/me`: the bank as this log knows it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use covenant_api::log::{View, cells};
use covenant_api::refusals::UNKNOWN_PARTICIPANT;
use covenant_api::types::{Hex32, Name};
use covenant_policy::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::{Bank, Problem};
use crate::records::{Records, applications};

/// A bank in this log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Participant {
    /// Its first key, 64 hexadecimal digits.
    #[schema(value_type = String)]
    bank: Hex32,
    /// Its name.
    #[schema(value_type = String)]
    name: Name,
    /// The stream of its own acts.
    #[schema(value_type = String)]
    stream: Hex32,
    /// The number of its next act.
    number: u64,
    /// The entry with which it began to take part.
    index: u64,
}

/// The bank whose token this is, as this log knows it: the stream and the number that its next filing needs.
#[utoipa::path(
    get,
    path = "/v1/participants/me",
    tag = "bank",
    responses((status = 200, description = "The bank", body = Participant)),
    security(("token" = [])),
)]
pub async fn participant(State(app): State<Arc<App>>, Bank(bank): Bank) -> Result<Json<Participant>, Problem> {
    app.blocking(move |app| {
        let records = Records(app.log.ledger());
        let view = View::new(&records, &app.shelf);
        let unknown = || Refusal::new(&UNKNOWN_PARTICIPANT, bank.to_string());
        let cell = view.cell(cells::participant(&bank))?.ok_or_else(unknown)?;
        let document = applications::participant(app.log.ledger(), &bank)?.ok_or_else(unknown)?;
        Ok(Json(Participant {
            bank,
            name: document.name.clone(),
            stream: view.bank_stream(&bank)?,
            number: view.next_number(&bank)?,
            index: cell.version,
        }))
    })
    .await
}
