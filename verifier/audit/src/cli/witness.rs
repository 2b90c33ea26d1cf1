//! Making a witness, and running it: HTTP around [`Witness`], within limits of size, time and number.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path as Named, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use covenant_api::types::Hex32;
use covenant_api::{files, host};
use covenant_audit::cosign::WitnessKey;
use covenant_audit::findings::{WITNESS_LISTEN, WITNESS_STATE};
use covenant_audit::note::LogKey;
use covenant_audit::witness::{Answer, Evidence, REQUEST_BYTES_MAX, Witness};
use covenant_policy::refusal::Refusal;
use ed25519_dalek::SigningKey;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::args::{self, WitnessInit, WitnessServe};
use super::output::{self, Fail, Said};

/// The secret: 64 hexadecimal digits, a space, the witness's name.
const KEY_FILE: &str = "witness.key";
const KEY_BYTES_MAX: usize = 65 + 256;
/// Requests that are worked on at once; more are told to come again.
const REQUESTS_MAX: usize = 64;
/// Time for a request to arrive.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Does what was asked.
pub fn run(asked: &args::Witness, as_json: bool) -> Result<Said, Fail> {
    match asked {
        args::Witness::Init(asked) => init(asked),
        args::Witness::Serve(asked) => listen(asked, as_json),
    }
    .map_err(Fail::Fault)
}

fn init(asked: &WitnessInit) -> Result<Said, Refusal> {
    files::create_directory(&asked.directory)?;
    let seed = host::entropy()?;
    let secret = SigningKey::from_bytes(&seed);
    let key = WitnessKey::new(&asked.name, secret.verifying_key())?;
    let text = Zeroizing::new(format!("{} {}\n", Hex32(*seed), asked.name));
    files::create_new(&asked.directory.join(KEY_FILE), text.as_bytes())?;
    let facts = vec![
        ("directory", asked.directory.display().to_string()),
        ("witness key", key.to_string()),
    ];
    Ok(output::facts(
        "The witness is made. Publish its key, and keep its directory: what it saw last lies there.",
        facts,
    ))
}

/// The secret and the name.
fn open_key(directory: &Path) -> Result<(SigningKey, String), Refusal> {
    let path = directory.join(KEY_FILE);
    let malformed = |what: String| Refusal::new(&WITNESS_STATE, what).at(path.display());
    let text = Zeroizing::new(files::read(&path, KEY_BYTES_MAX)?);
    let mode = fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        return Err(malformed(format!("others may read the key: its mode is {mode:03o}")).expected("600"));
    }
    let none = || malformed("the file is not what `witness init` writes".to_owned());
    let text = str::from_utf8(&text)
        .ok()
        .and_then(|text| text.strip_suffix('\n'))
        .ok_or_else(none)?;
    let (digits, name) = text.split_once(' ').ok_or_else(none)?;
    let seed = Zeroizing::new(Hex32::parse(digits).map_err(|_| none())?.0);
    Ok((SigningKey::from_bytes(&seed), name.to_owned()))
}

/// What handlers share.
struct Shared {
    witness: Witness,
    room: Semaphore,
}

fn listen(asked: &WitnessServe, as_json: bool) -> Result<Said, Refusal> {
    let (secret, name) = open_key(&asked.directory)?;
    let logs = asked
        .log_keys
        .iter()
        .map(|key| LogKey::parse(key))
        .collect::<Result<_, _>>()?;
    let witness = Witness::open(&asked.directory, &name, secret, logs)?.telling(tell);
    let failed = |error: std::io::Error| Refusal::new(&WITNESS_LISTEN, error.to_string()).at(asked.listen);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let listener = TcpListener::bind(asked.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        output::say(&if as_json {
            json!({ "listening": address, "witness_key": witness.key().to_string() }).to_string()
        } else {
            format!("listening on http://{address}\n{}", witness.key())
        });
        if witness.forks() > 0 {
            output::say(&warned(&witness, as_json));
        }
        let shared = Arc::new(Shared {
            witness,
            room: Semaphore::new(REQUESTS_MAX),
        });
        let routes = Router::new()
            .route("/add-checkpoint", post(add_checkpoint))
            .route("/{origin}/checkpoint", get(checkpoint))
            .route("/healthz", get(health))
            .with_state(Arc::clone(&shared));
        let served = serve(listener, routes).with_graceful_shutdown(stop()).await;
        served.map_err(failed)?;
        Ok(stopped(&shared.witness))
    })
}

/// How it ended: with exit code 1 where it holds a proof that a log forked, so that nobody misses it.
fn stopped(witness: &Witness) -> Said {
    let forks = witness.forks();
    let text = match forks {
        0 => "stopped".to_owned(),
        _ => format!("stopped\n{}", warned(witness, false)),
    };
    Said {
        text,
        json: if forks == 0 {
            json!("stopped")
        } else {
            json!({ "stopped": true, "forks": forks })
        },
        passed: forks == 0,
    }
}

fn warned(witness: &Witness, as_json: bool) -> String {
    let forks = witness.forks();
    if as_json {
        return json!({ "forks": forks }).to_string();
    }
    format!(
        "FORK: {forks} proofs that a log's key signed two histories are in evidence/. Show them to everybody who relies on the log."
    )
}

/// One line of JSON on standard error for each piece of evidence.
fn tell(evidence: &Evidence) {
    let event = if evidence.fork {
        "witness-fork"
    } else {
        "witness-unproven"
    };
    let line = json!({
        "event": event,
        "log": evidence.log,
        "size": evidence.size,
        "evidence": evidence.kept.as_ref().map(|path| path.display().to_string()),
        "cosigned": evidence.cosigned.display().to_string(),
    });
    output::warn(&line.to_string());
}

/// It works, and whether it holds a proof of a fork. The status is 200 either way: a witness must not be restarted, or taken out, because of
/// what a log did.
async fn health(State(shared): State<Arc<Shared>>) -> String {
    match shared.witness.forks() {
        0 => "ok\n".to_owned(),
        forks => format!("forks {forks}\n"),
    }
}

/// Done when the process is told to stop.
async fn stop() {
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn plain(status: StatusCode, why: &'static str) -> Response {
    (status, why).into_response()
}

async fn add_checkpoint(State(shared): State<Arc<Shared>>, body: Body) -> Response {
    let Ok(_permit) = shared.room.try_acquire() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], "busy\n").into_response();
    };
    let body = match tokio::time::timeout(TIME_MAX, to_bytes(body, REQUEST_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the request is too large, or was broken off\n",
            );
        }
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time\n"),
    };
    let work = Arc::clone(&shared);
    let answered = tokio::task::spawn_blocking(move || work.witness.add_checkpoint(&body, host::now_ms() / 1000));
    match answered.await {
        Ok(answer) => response(answer),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness broke down\n"),
    }
}

fn response(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = HeaderValue::from_static(answer.media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// The last checkpoint that was cosigned, for monitors.
async fn checkpoint(State(shared): State<Arc<Shared>>, Named(origin): Named<String>) -> Response {
    match shared.witness.last(&origin) {
        Some(note) => note.into_response(),
        None => plain(StatusCode::NOT_FOUND, "nothing was cosigned under this name\n"),
    }
}
