//! `GET /v1/ledger/streams/{stream}`: one stream's own chain in one file, each entry with its proof, to be checked alone.

use std::io::{self, Write};
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_ledger::{Ledger, LedgerError, StreamId};
use covenant_policy::refusal::Refusal;
use serde_json::json;

use super::export::{ExportFile, stream};
use super::{entitlement, hashes};
use crate::app::App;
use crate::http::extract::Path;
use crate::http::{Caller, Problem, id};
use crate::refusals::of_ledger;

/// What the first line calls the format.
const FORMAT: &str = "covenant-chain/v1";

/// A stream's entries from its first on, each with its proof under one checkpoint (`covenant-chain/v1`, lines of JSON). Bodies are in it
/// only for whoever may read them.
#[utoipa::path(
    get,
    path = "/v1/ledger/streams/{stream}",
    tag = "ledger",
    params(("stream" = String, Path, description = "The stream, 64 hexadecimal digits: item 4 of its entries")),
    responses((status = 200, description = "The chain", body = ExportFile, content_type = "application/x-ndjson")),
    security((), ("token" = [])),
)]
pub async fn chain(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let stream_id = StreamId(id::whole(&text)?.0);
    app.log
        .blocking(move |ledger| match ledger.stream(stream_id, 0).next() {
            Some(first) => Ok(first.map(drop)?),
            None => Err(absent(stream_id).into()),
        })
        .await?;
    let body = stream(&app, move |ledger, out| write(ledger, &caller, stream_id, out))?;
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body))
}

fn absent(stream: StreamId) -> Refusal {
    of_ledger(&LedgerError::Absent {
        what: format!("stream {stream}"),
    })
}

/// Writes the chain; how many entries it has.
fn write(ledger: &Ledger, caller: &Caller, stream: StreamId, out: &mut dyn Write) -> Result<u64, LedgerError> {
    let checkpoint = ledger.checkpoint();
    let failed = |error: io::Error| LedgerError::Io {
        doing: "writing a chain".to_owned(),
        reason: error.to_string(),
    };
    let head = json!({ "type": FORMAT, "stream": stream.to_string(), "checkpoint": checkpoint.note() });
    writeln!(out, "{head}").map_err(failed)?;
    let mut count = 0u64;
    for entry in ledger.stream(stream, 0) {
        let entry = entry?;
        if entry.index >= checkpoint.size() {
            break;
        }
        let proof = ledger.inclusion(entry.index, checkpoint.size())?;
        let mut line = json!({ "entry": STANDARD.encode(entry.encode()), "proof": hashes(&proof) });
        // Whose stream it is does not change within it.
        let entitled = entitlement::may_read(ledger, caller, &entry).unwrap_or(false);
        match ledger.body(entry.index) {
            Ok(opening) if entitled => {
                line["salt"] = STANDARD.encode(opening.salt).into();
                line["body"] = STANDARD.encode(opening.body).into();
            }
            Ok(_) | Err(LedgerError::Erased { .. }) => {}
            Err(error) => return Err(error),
        }
        writeln!(out, "{line}").map_err(failed)?;
        count += 1;
    }
    writeln!(out, "{}", json!({ "entries": count })).map_err(failed)?;
    out.flush().map_err(failed)?;
    Ok(count)
}
