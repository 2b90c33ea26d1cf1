//! `GET /v1/ledger/export`: the whole log as a stream.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use covenant_ledger::{Ledger, LedgerError, Scope};
use covenant_policy::refusal::Refusal;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use crate::app::App;
use crate::http::{Caller, Problem};
use crate::refusals::OVERLOADED;

/// Bytes of a chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that may wait for the reader.
const CHUNKS_MAX: usize = 4;

/// An export: see the format's description.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct ExportFile(pub Vec<u8>);

/// The log up to its last checkpoint, in one file (`covenant-export/v2`). An auditor gets everything; anybody else entries and
/// checkpoints without bodies.
#[utoipa::path(
    get,
    path = "/v1/ledger/export",
    tag = "ledger",
    responses((status = 200, description = "The export", body = ExportFile, content_type = "application/octet-stream")),
    security((), ("token" = [])),
)]
pub async fn export(State(app): State<Arc<App>>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let everything = caller == Caller::Auditor;
    let body = stream(&app, move |ledger, out| {
        let scope = if everything {
            Scope::everything()
        } else {
            Scope::public()
        };
        Ok(ledger.export(out, &scope)?.entries)
    })?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment; filename=\"ledger.covenant-export\""),
    ];
    Ok((headers, body))
}

/// A body that `write` fills on a thread of its own, as fast as it is read; `write` says how many entries it wrote. Only so many at once.
///
/// # Errors
/// `overloaded`.
pub(super) fn stream<F>(app: &Arc<App>, write: F) -> Result<Body, Refusal>
where
    F: FnOnce(&Ledger, &mut dyn Write) -> Result<u64, LedgerError> + Send + 'static,
{
    let permit = Arc::clone(&app.exports)
        .try_acquire_owned()
        .map_err(|_| Refusal::new(&OVERLOADED, "as many exports are being streamed as may be"))?;
    let (chunks, stream) = mpsc::channel(CHUNKS_MAX);
    let mut out = Chunks {
        buffer: Vec::with_capacity(CHUNK_BYTES),
        chunks,
        runtime: Handle::current(),
        stall_max: Duration::from_millis(app.settings.export_stall_ms),
    };
    let whole = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&whole);
    let span = tracing::Span::current();
    let log = app.log.clone();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let _span = span.entered();
        match write(log.ledger(), &mut out) {
            Ok(entries) => {
                done.store(true, Ordering::Release);
                tracing::info!(entries, "exported");
            }
            Err(error) => tracing::warn!(%error, "an export was broken off"),
        }
    });
    // Where it was broken off the stream ends in an error, so that nobody takes a part for the whole.
    let ending = tokio_stream::once(()).filter_map(move |()| {
        let broken = || Err(io::Error::other("the export was broken off"));
        (!whole.load(Ordering::Acquire)).then(broken)
    });
    Ok(Body::from_stream(ReceiverStream::new(stream).chain(ending)))
}

/// Gathers what is written into chunks, and hands them over as fast as they are read.
struct Chunks {
    buffer: Vec<u8>,
    chunks: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
    stall_max: Duration,
}

impl Chunks {
    fn hand_over(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_BYTES));
        let sent = self
            .runtime
            .block_on(self.chunks.send_timeout(Ok(chunk.into()), self.stall_max));
        sent.map_err(|_| io::Error::other("the reader has gone away, or waits for too long"))
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.hand_over()
    }
}
