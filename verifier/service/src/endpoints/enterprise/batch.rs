//! `POST /v1/proofs/batch`: many bundles in one call, a verdict for each.
//!
//! Lines are worked on side by side within a window, so that their proofs are checked together, and answered in their order, each as
//! soon as it and all before it are done.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use covenant_policy::refusal::Refusal;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::{VerdictAnswer, answer};
use crate::app::App;
use crate::endpoints::answers::Repeatable;
use crate::http::extract::{BatchBody, Raw};
use crate::http::problem::Body9457;
use crate::http::{Caller, Problem};
use crate::idempotency::IdempotencyKey;
use crate::records::verdicts;
use crate::records::write::Call;
use crate::refusals::{BODY_TOO_LARGE, OVERLOADED};

/// The media type of lines.
const NDJSON: &str = "application/x-ndjson";

/// The answer to one line.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineAnswer {
    /// Which line, counted from 1.
    line: usize,
    /// What the call with this line alone would have answered.
    status: u16,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictAnswer>,
    /// Why this line was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Body9457>,
}

/// Many bundles in one call, one a line; a line that is refused does not spoil the others. Each is answered by a line, in their order.
/// With an Idempotency-Key, lines that were recorded before are answered with 200.
#[utoipa::path(
    post,
    path = "/v1/proofs/batch",
    tag = "enterprise",
    params(Repeatable),
    request_body(content = String, description = "Signed documents of type bundle, one a line", content_type = "application/x-ndjson"),
    responses((status = 200, description = "An answer a line", body = LineAnswer, content_type = "application/x-ndjson")),
)]
pub async fn batch(
    State(app): State<Arc<App>>,
    caller: Caller,
    key: IdempotencyKey,
    Raw { bytes: body, .. }: Raw<BatchBody>,
) -> Result<impl IntoResponse, Problem> {
    let lines = split(&body, app.settings.batch_lines_max)?;
    let permit = Arc::clone(&app.batches)
        .try_acquire_owned()
        .map_err(|_| Refusal::new(&OVERLOADED, "as many batches are being judged as may be"))?;
    let (window, answers) = mpsc::channel::<io::Result<JoinHandle<Bytes>>>(app.settings.batch_window_max);
    let stall_max = Duration::from_millis(app.settings.export_stall_ms);
    let work = async move {
        let _permit = permit;
        for (number, line) in (1..).zip(lines) {
            let call = Call {
                caller,
                key: key.line(number),
                body: line,
            };
            let app = Arc::clone(&app);
            let judging = async move { judged(&app, number, call).await };
            let judging = tokio::spawn(judging.in_current_span());
            if window.send_timeout(Ok(judging), stall_max).await.is_err() {
                // The reader has gone away, or waits for too long. Where it still listens it must not take a part for the whole.
                let broken = Err(io::Error::other("the batch was broken off"));
                let _ = window.try_send(broken);
                return;
            }
        }
    };
    tokio::spawn(work.in_current_span());
    let stream = ReceiverStream::new(answers).then(|judging| async move { judging?.await.map_err(io::Error::other) });
    Ok(([(CONTENT_TYPE, NDJSON)], Body::from_stream(stream)))
}

/// The lines of a body, without copying. The last newline may be left out.
fn split(body: &Bytes, lines_max: usize) -> Result<Vec<Bytes>, Refusal> {
    let whole = body.strip_suffix(b"\n").unwrap_or(body);
    let lines: Vec<Bytes> = whole
        .split(|byte| *byte == b'\n')
        .take(lines_max.saturating_add(1))
        .map(|line| body.slice_ref(line))
        .collect();
    if lines.len() > lines_max {
        return Err(Refusal::new(&BODY_TOO_LARGE, format!("more than {lines_max} lines"))
            .at("the body")
            .expected(format!("at most {lines_max} lines")));
    }
    Ok(lines)
}

/// The answer to one line, as a line.
async fn judged(app: &Arc<App>, line: usize, call: Call) -> Bytes {
    let bytes_max = app.settings.bundle_body_bytes_max;
    let outcome = if call.body.len() > bytes_max {
        let refusal = Refusal::new(&BODY_TOO_LARGE, format!("{} bytes", call.body.len()));
        Err(refusal.expected(format!("at most {bytes_max} bytes a line")).into())
    } else {
        verdicts::submit(app, call).await.and_then(answer)
    };
    let answered = match outcome {
        Ok((status, verdict)) => LineAnswer {
            line,
            status: status.as_u16(),
            verdict: Some(verdict),
            problem: None,
        },
        Err(problem) => {
            app.metrics.refused(problem.code());
            LineAnswer {
                line,
                status: problem.status().as_u16(),
                verdict: None,
                problem: Some(problem.body()),
            }
        }
    };
    let mut json = serde_json::to_vec(&answered).unwrap_or_else(|error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        tracing::error!(%error, "an answer has no JSON form");
        format!("{{\"line\":{line},\"status\":{status}}}").into_bytes()
    });
    json.push(b'\n');
    json.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_bounded() {
        let read = |text: &'static str| {
            let lines = split(&Bytes::from_static(text.as_bytes()), 3).map_err(|refusal| refusal.code())?;
            Ok::<_, &str>(
                lines
                    .iter()
                    .map(|line| String::from_utf8(line.to_vec()).unwrap())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(read("a\nb\nc\n"), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(read("a\n\nc"), Ok(vec!["a".into(), String::new(), "c".into()]));
        assert_eq!(read(""), Ok(vec![String::new()]));
        assert_eq!(read("a\nb\nc\nd"), Err("body-too-large"));
        assert_eq!(read("\n\n\n\n"), Err("body-too-large"));
    }
}
