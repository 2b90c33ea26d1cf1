use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use axum::routing::{get, post};
use covenant_api::types::LogOrigin;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{around, bounded};
use crate::app::App;
use crate::http::extract::{BatchBody, BundleBody, Json, Raw};
use crate::http::{Auditor, Bank, Problem};
use crate::idempotency::{IdempotencyKey, Seen};
use crate::settings::Settings;
use crate::startup;
use crate::tokens::{Role, Tokens};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    text: String,
}

async fn panics() -> &'static str {
    panic!("secret");
}

async fn never() {
    std::future::pending().await
}

async fn echo(Json { value, .. }: Json<Note, BundleBody>) -> String {
    value.text
}

async fn lines(Raw { bytes, .. }: Raw<BatchBody>) -> String {
    bytes.len().to_string()
}

async fn for_bank(Bank(bank): Bank) -> String {
    bank.to_string()
}

async fn for_auditor(_: Auditor) {}

async fn fails() -> Result<(), Problem> {
    Err(Problem::internal("secret"))
}

/// A service with routes that misbehave, and its directory.
fn service(change: impl FnOnce(&mut Settings)) -> (tempfile::TempDir, Arc<App>, Router) {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings {
        directory: directory.path().to_owned(),
        origin: Some(LogOrigin::parse("example.com/layers").unwrap()),
        bundle_body_bytes_max: 100,
        ..Settings::default()
    };
    change(&mut settings);
    drop(startup::init(&settings).unwrap_or_else(|refusal| panic!("{refusal}")));
    let app = startup::app(settings).unwrap_or_else(|refusal| panic!("{refusal}"));
    let routes = Router::new()
        .route("/panics", get(panics))
        .route("/never", get(never))
        .route("/fails", get(fails))
        .route("/bank", get(for_bank))
        .route("/auditor", get(for_auditor))
        .route("/echo", post(echo))
        .route("/lines", post(lines));
    let free = Router::new().route("/free", get(async || "free"));
    let routes = free.merge(bounded(routes, &app));
    let service = around(routes, &app).with_state(Arc::clone(&app));
    (directory, app, service)
}

/// Status, code and headers of an answer.
async fn ask(service: &Router, request: Request<Body>) -> (u16, String, HeaderMap) {
    let response = service.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(!text.contains("secret"), "{text}");
    assert!(parts.headers.contains_key("x-request-id"));
    let code = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|json| Some(json.get("code")?.as_str()?.to_owned()));
    (parts.status.as_u16(), code.unwrap_or(text), parts.headers)
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post_request(path: &str, media_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", media_type)
        .body(body.into())
        .unwrap()
}

#[tokio::test]
async fn a_handler_that_breaks_down_is_a_fault_and_nothing_else() {
    let (_directory, app, service) = service(|_| {});
    for path in ["/panics", "/fails"] {
        let (status, code, _) = ask(&service, get_request(path)).await;
        assert_eq!((status, code.as_str()), (500, "internal-fault"), "{path}");
    }
    let (status, text, _) = ask(&service, get_request("/free")).await;
    assert_eq!((status, text.as_str()), (200, "free"));
    let metrics = app.metrics.text(0, false, 0);
    assert!(metrics.contains("covenant_http_in_flight 0\n"), "{metrics}");
    assert!(
        metrics.contains("covenant_refusals_total{code=\"internal-fault\"} 2\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn more_calls_than_may_be_are_told_to_come_again_and_operations_go_on() {
    let (_directory, app, service) = service(|settings| settings.requests_max = 2);
    let waiting: Vec<_> = (0..2)
        .map(|_| tokio::spawn(service.clone().oneshot(get_request("/never"))))
        .collect();
    while !app.metrics.text(0, false, 0).contains("covenant_http_in_flight 2\n") {
        tokio::task::yield_now().await;
    }
    let (status, code, headers) = ask(&service, get_request("/fails")).await;
    assert_eq!((status, code.as_str()), (503, "overloaded"));
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(ask(&service, get_request("/free")).await.0, 200);
    for call in waiting {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    // Callers that went away give their places back.
    assert_eq!(ask(&service, get_request("/fails")).await.1, "internal-fault");
    assert!(app.metrics.text(0, false, 0).contains("covenant_http_in_flight 0\n"));
}

#[tokio::test]
async fn an_answer_that_is_never_ready_is_given_up() {
    let (_directory, _app, service) = service(|settings| {
        settings.request_timeout_ms = 20;
        settings.body_timeout_ms = 20;
    });
    let (status, code, headers) = ask(&service, get_request("/never")).await;
    assert_eq!((status, code.as_str()), (503, "request-timed-out"));
    assert_eq!(headers["retry-after"], "1");
}

#[tokio::test]
async fn bodies_are_refused_by_type_size_time_and_form() {
    let (_directory, _app, service) = service(|settings| settings.body_timeout_ms = 50);
    let json = "application/json";
    let good = r#"{"text":"hello"}"#;
    assert_eq!(ask(&service, post_request("/echo", json, good)).await.1, "hello");
    let refused = async |request| {
        let (status, code, headers) = ask(&service, request).await;
        (status, code, headers.contains_key("connection"))
    };
    let plain = post_request("/echo", "text/plain", good);
    assert_eq!(refused(plain).await, (415, "unsupported-media-type".into(), false));
    let lines = post_request("/lines", json, good);
    assert_eq!(refused(lines).await, (415, "unsupported-media-type".into(), false));
    let large = post_request("/echo", json, "x".repeat(101));
    assert_eq!(refused(large).await, (413, "body-too-large".into(), true));
    let mut lying = post_request("/echo", json, good);
    lying.headers_mut().insert("content-length", "101".parse().unwrap());
    assert_eq!(refused(lying).await, (413, "body-too-large".into(), true));
    let never = Body::from_stream(tokio_stream::pending::<Result<String, std::io::Error>>());
    assert_eq!(
        refused(post_request("/echo", json, never)).await,
        (408, "body-too-slow".into(), true)
    );
    for (body, code) in [
        ("", "malformed-document"),
        ("{", "malformed-document"),
        ("[]", "malformed-document"),
        (r#"{"text":1}"#, "malformed-document"),
        (r#"{"text":"a"} {}"#, "malformed-document"),
        ("{\"text\":\"\u{0}\"}", "malformed-document"),
        (r#"{"text":"a","more":1}"#, "unknown-field"),
    ] {
        assert_eq!(
            refused(post_request("/echo", json, body)).await,
            (400, code.into(), false),
            "{body}"
        );
    }
    let bytes = Body::from(&b"{\"text\":\"\xff\"}"[..]);
    assert_eq!(
        refused(post_request("/echo", json, bytes)).await.1,
        "malformed-document"
    );
}

#[tokio::test]
async fn each_role_answers_to_its_own_token() {
    let (directory, _app, service) = service(|_| {});
    let mut tokens = Tokens::open(directory.path(), 9).unwrap();
    let name = covenant_api::types::Name::parse("n").unwrap();
    let bank = covenant_api::types::Hex32([9; 32]);
    let (_, for_bank) = tokens.create(name.clone(), Role::Bank { bank }).unwrap();
    let (_, for_auditor) = tokens.create(name, Role::Auditor {}).unwrap();
    let call = async |path: &str, token: Option<&str>| {
        let mut request = get_request(path);
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        let (status, code, _) = ask(&service, request).await;
        (status, code)
    };
    assert_eq!(call("/bank", Some(&for_bank)).await, (200, bank.to_string()));
    assert_eq!(call("/auditor", Some(&for_auditor)).await.0, 200);
    assert_eq!(call("/bank", None).await, (401, "token-missing".into()));
    assert_eq!(call("/auditor", None).await, (401, "token-missing".into()));
    assert_eq!(
        call("/bank", Some(&for_auditor)).await,
        (403, "role-not-allowed".into())
    );
    assert_eq!(
        call("/auditor", Some(&for_bank)).await,
        (403, "role-not-allowed".into())
    );
    assert_eq!(call("/bank", Some("cvt_nobody")).await, (401, "token-unknown".into()));
}

/// Whoever calls too often waits for its refusals, and nobody else does: they hold no place among the calls that are worked on.
#[tokio::test]
async fn too_many_calls_are_refused_slowly() {
    let pause = std::time::Duration::from_millis(300);
    let (directory, _app, service) = service(|settings| {
        settings.calls_per_minute_max = 1;
        settings.too_many_calls_pause_ms = 300;
        settings.requests_max = 1;
    });
    let mut tokens = Tokens::open(directory.path(), 9).unwrap();
    let name = covenant_api::types::Name::parse("n").unwrap();
    let (_, token) = tokens.create(name, Role::Auditor {}).unwrap();
    let call = || {
        let mut request = get_request("/auditor");
        let value = format!("Bearer {}", *token).parse().unwrap();
        request.headers_mut().insert("authorization", value);
        request
    };
    assert_eq!(ask(&service, call()).await.0, 200);
    let began = std::time::Instant::now();
    let refused = tokio::spawn(service.clone().oneshot(call()));
    while began.elapsed() < pause / 3 {
        tokio::task::yield_now().await;
        assert_eq!(ask(&service, get_request("/fails")).await.1, "internal-fault");
    }
    assert_eq!(refused.await.unwrap().unwrap().status(), 429);
    assert!(began.elapsed() >= pause, "{:?}", began.elapsed());
}

/// What an idempotency key does to the ledger: fresh, the same again, another body, and two at once.
#[tokio::test]
async fn an_idempotency_key_is_used_once() {
    use axum::extract::FromRequestParts as _;
    use covenant_ledger::{Draft, Kind, StreamId};
    let (_directory, app, _service) = service(|_| {});
    let request = Request::get("/").header("idempotency-key", "k-1").body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    let key = IdempotencyKey::from_request_parts(&mut parts, &()).await.unwrap();
    let caller = crate::http::Caller::Bank(covenant_api::types::Hex32([1; 32]));
    let look_up = |body: &[u8]| key.look_up(app.log.ledger(), &caller, body);
    let draft = |seen: Seen| {
        let Seen::Fresh { expect, set } = seen else {
            panic!("{seen:?}")
        };
        let mut draft = Draft::new(Kind::new("test").unwrap(), StreamId([1; 32]), "entry");
        draft.expect.extend(expect);
        draft.set.extend(set);
        draft
    };
    let (one, other) = (look_up(b"body").unwrap(), look_up(b"body").unwrap());
    let appended = app.log.append(draft(one)).await.unwrap();
    // Whoever looked at the same time is told to look again, and finds the answer.
    let raced = app.log.append(draft(other)).await.unwrap_err();
    assert_eq!(raced.code(), "expectation-failed");
    assert_eq!(look_up(b"body").unwrap(), Seen::Replay(appended.index));
    assert_eq!(look_up(b"other").unwrap_err().code(), "idempotency-key-reused");
    let somebody = crate::http::Caller::Nobody;
    let fresh = key.look_up(app.log.ledger(), &somebody, b"other").unwrap();
    assert!(matches!(fresh, Seen::Fresh { .. }), "keys are each caller's own");
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready() {
    let (_directory, app, _service) = service(|_| {});
    assert_eq!(app.unready(), None);
    app.stop();
    assert_eq!(app.unready(), Some("the service is stopping"));
}
