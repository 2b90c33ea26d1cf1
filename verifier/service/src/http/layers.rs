//! What surrounds every call: an id, a line in the log, the metrics, the headers that every answer carries, and the bounds on time and
//! on calls at once.
//!
//! The log knows a call by its id, method, matched route, status, code and duration. It never holds bodies, tokens, paths as they were
//! asked (ids stand in them) or queries.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::error_handling::HandleErrorLayer;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use covenant_policy::refusal::Refusal;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::problem::Code;
use super::{Problem, request_id};
use crate::app::App;
use crate::metrics::Metrics;
use crate::refusals::{METHOD_NOT_ALLOWED, NOT_FOUND, OVERLOADED, REQUEST_TIMED_OUT, TOO_MANY_CALLS};

/// A page may hold its own styles and nothing else; nothing may frame it.
const CSP_HTML: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What is no page loads nothing.
const CSP: &str = "default-src 'none'; frame-ancestors 'none'";

/// Calls that do work: only so many at once, and only for so long.
pub fn bounded(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    let shed = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(overloaded))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(app.settings.requests_max));
    router.layer(from_fn_with_state(Arc::clone(app), in_time)).layer(shed)
}

/// What every call gets, whatever its path.
pub fn around(router: Router<Arc<App>>, app: &Arc<App>) -> Router<Arc<App>> {
    router
        .fallback(async || Problem::from(Refusal::new(&NOT_FOUND, "there is nothing under this path")))
        .method_not_allowed_fallback(async |method: Method| {
            let method: String = method.as_str().chars().take(16).collect();
            Problem::from(Refusal::new(&METHOD_NOT_ALLOWED, method).expected("a method that the Allow header names"))
        })
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state(Arc::clone(app), observe))
}

async fn overloaded(_: BoxError) -> Problem {
    Refusal::new(&OVERLOADED, "as many calls are being answered as may be").into()
}

/// A handler that broke down. What it said went to standard error; it may hold anything, so the caller does not get it.
fn broken(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal("a handler broke down").into_response()
}

/// Bounds the time until an answer is ready.
async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let settings = &app.settings;
    let time_max = Duration::from_millis(settings.body_timeout_ms.saturating_add(settings.request_timeout_ms));
    let answer = tokio::time::timeout(time_max, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let what = format!("no answer after {} ms", time_max.as_millis());
        Problem::from(Refusal::new(&REQUEST_TIMED_OUT, what)).into_response()
    })
}

/// Counts a call as in flight until it is dropped, also when its caller goes away.
struct InFlight(Metrics);

impl InFlight {
    fn new(metrics: &Metrics) -> Self {
        metrics.call_began();
        Self(metrics.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.call_ended();
    }
}

async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = app.request_ids.next();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let method = label(request.method());
    let began = Instant::now();
    let in_flight = InFlight::new(&app.metrics);
    let span = tracing::info_span!("call", request_id = %id);
    let mut response = next.run(request).instrument(span).await;
    drop(in_flight);
    let took = began.elapsed();
    let status = response.status();
    let code = response.extensions().get::<Code>().map(|code| code.0);
    if let Some(code) = code {
        app.metrics.refused(code);
    }
    app.metrics.answered(method, route, status.as_u16(), took);
    let (status, ms) = (status.as_u16(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    tracing::info!(request_id = %id, method, route, status, code, ms, "answered");
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    guard(response.headers_mut(), StatusCode::from_u16(status).ok());
    if code == Some(TOO_MANY_CALLS.code) {
        // Here, where it holds nobody's place among the calls that are worked on.
        tokio::time::sleep(Duration::from_millis(app.settings.too_many_calls_pause_ms)).await;
    }
    response
}

/// Methods are a label of metrics: a caller cannot make new ones up.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The headers that every answer carries: nothing is cached that does not say so, nothing is guessed, and no page does more than show itself.
fn guard(headers: &mut HeaderMap, status: Option<StatusCode>) {
    let html = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let policy = if html { CSP_HTML } else { CSP };
    // What never changes says so itself.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, policy),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What is left of a body that was refused would be read as the next call.
    if matches!(
        status,
        Some(StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT)
    ) {
        headers.insert(axum::http::header::CONNECTION, HeaderValue::from_static("close"));
    }
}

#[cfg(test)]
mod tests;
