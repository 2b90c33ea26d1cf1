//! `GET /v1/refusals`: every code that a problem may carry.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::status;
use crate::refusals;

/// Every code.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusalList {
    refusals: Vec<RefusalDescription>,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusalDescription {
    /// What programs match on.
    code: &'static str,
    /// The part that says it.
    part: &'static str,
    /// The HTTP status that it answers with.
    status: u16,
    /// What it says.
    meaning: &'static str,
    /// What to do about it.
    advice: &'static str,
}

/// Every code that a problem may carry, with its status, meaning and advice.
#[utoipa::path(
    get,
    path = "/v1/refusals",
    tag = "service",
    responses((status = 200, description = "The codes", body = RefusalList)),
)]
pub async fn refusals() -> Json<RefusalList> {
    let described = refusals::all().into_iter().flat_map(|(part, catalogue)| {
        catalogue.iter().map(move |entry| RefusalDescription {
            code: entry.code,
            part,
            status: status::of(entry.code).as_u16(),
            meaning: entry.meaning,
            advice: entry.advice,
        })
    });
    Json(RefusalList {
        refusals: described.collect(),
    })
}
