//! One call: what is sent, how long it may take, how much may come back, and calling again where the service is overloaded.

use std::io::{self, Read as _, Write};
use std::time::Duration;

use covenant_policy::refusal::Refusal;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderValue, Method, Request, Response};
use ureq::{Agent, Body};

use super::problem::{self, Said};
use super::url::Base;
use super::{Options, Token};
use crate::ids;
use crate::refusals::{
    FILE_UNWRITABLE, SERVICE_ANSWER_MALFORMED, SERVICE_REDIRECTS, SERVICE_UNREACHABLE, SERVICE_URL_MALFORMED,
};

/// The media type of documents.
pub(super) const JSON: &str = "application/json";
/// The media type of one document a line.
pub(super) const NDJSON: &str = "application/x-ndjson";
/// The media type of notes.
pub(super) const TEXT: &str = "text/plain";
/// The media type of memos.
pub(super) const HTML: &str = "text/html";
/// The media type of exports and tiles.
pub(super) const OCTETS: &str = "application/octet-stream";
/// Bytes of an answer's headers.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a problem.
const PROBLEM_BYTES_MAX: u64 = 256 * 1024;
/// Letters of an idempotency key.
const IDEMPOTENCY_LETTERS: usize = 32;

/// An answer that is not what this call may get.
pub(super) fn malformed(path: &str, what: impl Into<String>) -> Refusal {
    Refusal::new(&SERVICE_ANSWER_MALFORMED, problem::said(&what.into())).at(path)
}

/// What to send.
struct Call<'c> {
    path: &'c str,
    /// Media type and body of an act; a question has none.
    body: Option<(&'static str, &'c [u8])>,
    /// The media type that a good answer has.
    accept: &'static str,
}

/// A call's answer, read whole: yes with its body, or no with its reason.
pub(super) struct Answer {
    path: String,
    body: Result<Vec<u8>, Box<Said>>,
}

impl Answer {
    /// The body of a yes.
    pub(super) fn success(self) -> Result<Vec<u8>, Box<Said>> {
        self.body
    }

    /// The document in a yes.
    pub(super) fn json<T: DeserializeOwned>(self) -> Result<T, Box<Said>> {
        let body = self.body?;
        serde_json::from_slice(&body).map_err(|e| malformed(&self.path, e.to_string()).into())
    }
}

/// How calls reach the service.
pub(super) struct Transport {
    base: Base,
    calls: Agent,
    exports: Agent,
    options: Options,
}

impl Transport {
    pub(super) fn new(base: Base, options: Options) -> Result<Self, Refusal> {
        // What stays on this machine goes past every proxy, or it would not stay there.
        let common = || {
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .max_response_header_size(HEADER_BYTES_MAX)
                .user_agent(concat!("covenant/", env!("CARGO_PKG_VERSION")));
            if base.is_local() { config.proxy(None) } else { config }
        };
        let calls = common().timeout_global(Some(options.timeout)).build();
        let exports = common()
            .timeout_connect(Some(options.timeout))
            .timeout_recv_response(Some(options.timeout))
            .timeout_per_read(Some(options.stall))
            .build();
        let transport = Self {
            calls: calls.new_agent(),
            exports: exports.new_agent(),
            base,
            options,
        };
        // What cannot be called at all shows now, not in the first call.
        transport.request("/v1/log", JSON)?;
        Ok(transport)
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Asks for something, of this media type.
    pub(super) fn get(&self, path: &str, accept: &'static str) -> Result<Vec<u8>, Refusal> {
        let body = None;
        Ok(self.call(&Call { path, body, accept })?.success()?)
    }

    /// Asks for a document.
    pub(super) fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        let (body, accept) = (None, JSON);
        Ok(self.call(&Call { path, body, accept })?.json()?)
    }

    /// Does something.
    pub(super) fn post(
        &self,
        path: &str,
        media: &'static str,
        body: &[u8],
        accept: &'static str,
    ) -> Result<Answer, Refusal> {
        let body = Some((media, body));
        self.call(&Call { path, body, accept })
    }

    /// Sends a document, and gets one.
    pub(super) fn post_json<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, Refusal> {
        Ok(self.post(path, JSON, body, JSON)?.json()?)
    }

    /// Writes what lies under a path; how many bytes it was.
    pub(super) fn stream(&self, path: &str, out: &mut dyn Write) -> Result<u64, Refusal> {
        let accept = OCTETS;
        let call = Call {
            path,
            body: None,
            accept,
        };
        let mut response = self.patiently(&self.exports, &call)?;
        if response.status() != 200 {
            self.read(&call, response)?.success()?;
            return Err(malformed(path, "neither an export nor a problem"));
        }
        expect_media(&call, &response)?;
        let bytes_max = self.options.export_bytes_max;
        let mut reader = response
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .reader()
            .take(bytes_max.saturating_add(1));
        let mut buffer = vec![0; 64 * 1024];
        let mut total: u64 = 0;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(total),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(path, error)),
            };
            total += count as u64;
            if total > bytes_max {
                return Err(too_large(path, bytes_max));
            }
            out.write_all(buffer.get(..count).unwrap_or_default())
                .map_err(|e| Refusal::new(&FILE_UNWRITABLE, e.to_string()).at("the export"))?;
        }
    }

    fn call(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let response = self.patiently(&self.calls, call)?;
        self.read(call, response)
    }

    /// Calls, and calls again where the service asks for it and not for too much.
    fn patiently(&self, agent: &Agent, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
        let mut left = self.options.retries;
        loop {
            let response = self.once(agent, call)?;
            let wait = retry_after(&response).filter(|wait| left > 0 && *wait <= self.options.wait_max);
            match wait {
                Some(wait) if response.status() == 503 => std::thread::sleep(wait),
                _ => return Ok(response),
            }
            left -= 1;
        }
    }

    fn once(&self, agent: &Agent, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
        let request = self.request(call.path, call.accept)?;
        let answered = match call.body {
            None => agent.run(request),
            Some((media, body)) => {
                let (mut parts, ()) = request.into_parts();
                parts.method = Method::POST;
                parts.headers.insert("content-type", HeaderValue::from_static(media));
                let key = idempotency_key(call.path, body);
                // 32 hexadecimal digits always are a header's value.
                if let Ok(key) = HeaderValue::from_str(&key) {
                    parts.headers.insert("idempotency-key", key);
                }
                agent.run(Request::from_parts(parts, body))
            }
        };
        answered.map_err(|error| self.fault(call.path, &error))
    }

    /// A call without a body.
    fn request(&self, path: &str, accept: &'static str) -> Result<Request<()>, Refusal> {
        let wrong = || Refusal::new(&SERVICE_URL_MALFORMED, "the address gives no call").at(self.base.as_str());
        let mut request = Request::get(self.base.join(path))
            .header("accept", format!("{accept}, {}", problem::MEDIA_TYPE))
            .body(())
            .map_err(|_| wrong())?;
        if let Some(token) = &self.options.token {
            request
                .headers_mut()
                .insert("authorization", bearer(token).ok_or_else(wrong)?);
        }
        Ok(request)
    }

    /// Reads an answer within its bounds, and sorts it.
    fn read(&self, call: &Call<'_>, mut response: Response<Body>) -> Result<Answer, Refusal> {
        let status = response.status().as_u16();
        let answer = |body| Answer {
            path: call.path.to_owned(),
            body,
        };
        if matches!(status, 200 | 201) {
            expect_media(call, &response)?;
            let body = self.body(call.path, &mut response, self.options.answer_bytes_max)?;
            return Ok(answer(Ok(body)));
        }
        if (300..400).contains(&status) {
            let to = response
                .headers()
                .get("location")
                .and_then(|to| to.to_str().ok())
                .unwrap_or("nowhere");
            let what = format!("status {status}, to {}", problem::said(to));
            return Err(Refusal::new(&SERVICE_REDIRECTS, what).at(self.base.join(call.path)));
        }
        if media(&response) != Some(problem::MEDIA_TYPE.to_owned()) {
            let what = format!("status {status}, and no problem document");
            // What stands before a service answers like this while the service itself is down.
            if matches!(status, 502..=504) {
                return Err(Refusal::new(&SERVICE_UNREACHABLE, what).at(self.base.as_str()));
            }
            return Err(malformed(call.path, what));
        }
        let wait = retry_after(&response);
        let body = self.body(call.path, &mut response, PROBLEM_BYTES_MAX)?;
        Ok(answer(Err(problem::read(call.path, status, wait, &body)?)))
    }

    fn body(&self, path: &str, response: &mut Response<Body>, bytes_max: u64) -> Result<Vec<u8>, Refusal> {
        if response
            .body()
            .content_length()
            .is_some_and(|length| length > bytes_max)
        {
            return Err(too_large(path, bytes_max));
        }
        let mut body = Vec::new();
        let reader = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut bounded = reader.take(bytes_max.saturating_add(1));
        bounded
            .read_to_end(&mut body)
            .map_err(|error| self.broken(path, error))?;
        if body.len() as u64 > bytes_max {
            return Err(too_large(path, bytes_max));
        }
        Ok(body)
    }

    /// No answer, or none that is HTTP.
    fn fault(&self, path: &str, error: &ureq::Error) -> Refusal {
        match error {
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                malformed(path, format!("no answer in HTTP: {error}"))
            }
            ureq::Error::Timeout(_) => self.unreachable(format!("no answer in time: {error}")),
            _ => self.unreachable(error.to_string()),
        }
    }

    /// An answer that breaks off.
    fn broken(&self, path: &str, error: io::Error) -> Refusal {
        match ureq::Error::from(error) {
            error @ ureq::Error::Timeout(_) => self.unreachable(format!("the answer came too slowly: {error}")),
            error => malformed(path, format!("the answer breaks off: {error}"))
                .advice("Call again: an act that was done already is answered with what it was answered with then."),
        }
    }

    fn unreachable(&self, what: String) -> Refusal {
        Refusal::new(&SERVICE_UNREACHABLE, problem::said(&what)).at(self.base.as_str())
    }
}

fn too_large(path: &str, bytes_max: u64) -> Refusal {
    malformed(path, "the answer is too large").expected(format!("at most {bytes_max} bytes"))
}

fn bearer(token: &Token) -> Option<HeaderValue> {
    let text = zeroize::Zeroizing::new(format!("Bearer {}", token.reveal()));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The same for the same body on the same path, whenever it is sent.
fn idempotency_key(path: &str, body: &[u8]) -> String {
    let path = ids::hash_bytes("covenant/idempotency/path/v1", path.as_bytes());
    let mut key = ids::hash_bytes(&format!("covenant/idempotency/v1/{path}"), body).to_string();
    key.truncate(IDEMPOTENCY_LETTERS);
    key
}

/// The media type, without its parameters, in small letters.
fn media(response: &Response<Body>) -> Option<String> {
    let value = response.headers().get("content-type")?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

fn expect_media(call: &Call<'_>, response: &Response<Body>) -> Result<(), Refusal> {
    match media(response) {
        Some(media) if media == call.accept => Ok(()),
        other => {
            let found = other.unwrap_or_else(|| "none".into());
            Err(malformed(call.path, format!("content of type {found}")).expected(call.accept))
        }
    }
}

/// The time that the service asks to wait, where it says it in seconds.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    value
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| value.parse().ok())
        .flatten()
        .map(Duration::from_secs)
}
