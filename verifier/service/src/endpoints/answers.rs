//! The shapes that several handlers answer with, and the parameters that several take.

use axum::Json;
use axum::http::StatusCode;
use covenant_api::types::Hex32;
use covenant_ledger::Receipt;
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::http::Problem;
use crate::http::extract::Number;
use crate::records::write::Recorded;
use crate::refusals::PARAMETER_MALFORMED;

/// What was filed stands in the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Filed {
    /// The entry's place in the log.
    pub index: u64,
    /// The document's id, 64 hexadecimal digits.
    #[schema(value_type = String)]
    pub id: Hex32,
    /// The receipt: covenant-receipt/v1, to be checked offline against the log's key alone.
    #[schema(value_type = Object)]
    pub receipt: Receipt,
}

/// A body of JSON with its status.
pub type Answer<T> = (StatusCode, Json<T>);

/// 201 for what is new, 200 for what the same call did before.
pub fn status(recorded: &Recorded) -> StatusCode {
    if recorded.again {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    }
}

/// The answer to a filing.
///
/// # Errors
/// `internal-fault`.
pub fn filed(recorded: Recorded) -> Result<Answer<Filed>, Problem> {
    let answer = Filed {
        index: recorded.index,
        id: recorded.id()?,
        receipt: recorded.receipt.clone(),
    };
    Ok((status(&recorded), Json(answer)))
}

/// The header that makes a call safe to repeat.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes a header that an extractor reads")]
pub struct Repeatable {
    /// 1 to 64 visible ASCII characters. The same key with the same body gives the same answer again, with status 200; with another
    /// body it is refused.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// The `next` of the page before; left out for the first page.
    #[param(value_type = Option<String>)]
    pub after: Option<Hex32>,
    /// How many at most.
    #[param(value_type = Option<u64>)]
    pub limit: Option<Number>,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// The first entry wanted; 0 where it is left out.
    #[param(value_type = Option<u64>)]
    pub since: Option<Number>,
    /// How many events at most.
    #[param(value_type = Option<u64>)]
    pub limit: Option<Number>,
}

/// The size of a page.
///
/// # Errors
/// `parameter-malformed` for none at all.
pub fn limit(app: &App, limit: Option<Number>) -> Result<usize, Refusal> {
    match limit {
        None => Ok(app.settings.page_default),
        Some(Number(0)) => Err(Refusal::new(&PARAMETER_MALFORMED, "a page of nothing")
            .at("the query: limit")
            .expected("at least 1")),
        Some(Number(limit)) => Ok(usize::try_from(limit).unwrap_or(usize::MAX).min(app.settings.page_max)),
    }
}
