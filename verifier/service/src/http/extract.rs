//! What may come in: bodies within their limits of size and time, JSON read strictly, parameters in one spelling. What does not fit is
//! a problem like any other.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use covenant_api::refusals::{MALFORMED_DOCUMENT, UNKNOWN_FIELD};
use covenant_policy::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, de};
use tokio::time::{Instant, timeout_at};
use tokio_stream::StreamExt as _;

use super::Problem;
use crate::app::App;
use crate::refusals::{BODY_INCOMPLETE, BODY_TOO_LARGE, BODY_TOO_SLOW, PARAMETER_MALFORMED, UNSUPPORTED_MEDIA_TYPE};
use crate::settings::Settings;

/// A kind of body: how large it may be, and of which media type it is.
pub trait Kind: Send + Sync + 'static {
    /// The media type.
    const MEDIA_TYPE: &'static str = "application/json";
    /// The most bytes.
    fn bytes_max(settings: &Settings) -> usize;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $setting:ident $($media:literal)?;)*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Kind for $name {
            $(const MEDIA_TYPE: &'static str = $media;)?
            fn bytes_max(settings: &Settings) -> usize {
                settings.$setting
            }
        })*
    };
}

kinds! {
    /// A filing with its document, or an enrolment.
    DocumentBody document_body_bytes_max;
    /// A filing with a policy.
    PolicyBody policy_body_bytes_max;
    /// A filing with a verifying key.
    KeyBody key_body_bytes_max;
    /// A proof bundle.
    BundleBody bundle_body_bytes_max;
    /// Bundles, one a line.
    BatchBody batch_body_bytes_max "application/x-ndjson";
}

/// A body as it came, complete and within its limits.
#[derive(Debug)]
pub struct Raw<K: Kind> {
    /// The body.
    pub bytes: Bytes,
    kind: PhantomData<K>,
}

/// A body of JSON, read strictly. The bytes stay beside what they say, because idempotency compares them.
#[derive(Debug)]
pub struct Json<T, K: Kind> {
    /// What the body says.
    pub value: T,
    /// The body as it came.
    pub bytes: Bytes,
    kind: PhantomData<K>,
}

impl<K: Kind> FromRequest<Arc<App>> for Raw<K> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        expect_media_type(request.headers(), K::MEDIA_TYPE)?;
        let bytes = read(request, K::bytes_max(&app.settings), &app.settings).await?;
        Ok(Self {
            bytes,
            kind: PhantomData,
        })
    }
}

impl<T: DeserializeOwned, K: Kind> FromRequest<Arc<App>> for Json<T, K> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let Raw { bytes, kind } = Raw::<K>::from_request(request, app).await?;
        Ok(Self {
            value: parse(&bytes, "the body")?,
            bytes,
            kind,
        })
    }
}

/// JSON, read strictly.
///
/// # Errors
/// `malformed-document`, `unknown-field`, with line and column.
pub fn parse<T: DeserializeOwned>(bytes: &[u8], place: &str) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        // serde_json puts the position at the end of its message; it is said once, in its own place.
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        let entry = if what.starts_with("unknown field") {
            &UNKNOWN_FIELD
        } else {
            &MALFORMED_DOCUMENT
        };
        let place = format!("{place}, line {}, column {}", error.line(), error.column());
        Refusal::new(entry, what).at(place).into()
    })
}

fn expect_media_type(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let given = headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let essence = given
        .as_deref()
        .map(|given| given.split(';').next().unwrap_or_default().trim());
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case(expected)) {
        return Ok(());
    }
    let what = given.map_or_else(
        || "there is no Content-Type".to_owned(),
        |given| format!("{:?}", given.chars().take(64).collect::<String>()),
    );
    Err(Refusal::new(&UNSUPPORTED_MEDIA_TYPE, what)
        .at("the header Content-Type")
        .expected(expected)
        .into())
}

/// Bytes that are still read and thrown away when a body is too large, so that the answer is not lost in a reset connection.
const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long that may take.
const LINGER_TIME_MAX: Duration = Duration::from_secs(2);

/// Reads a body.
async fn read(request: Request, bytes_max: usize, settings: &Settings) -> Result<Bytes, Problem> {
    let too_large = |what: String| {
        Problem::from(
            Refusal::new(&BODY_TOO_LARGE, what)
                .at("the body")
                .expected(format!("at most {bytes_max} bytes")),
        )
    };
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse::<u64>().ok());
    if let Some(declared) = declared.filter(|declared| *declared > bytes_max as u64) {
        linger(request.into_body()).await;
        return Err(too_large(format!("{declared} bytes")));
    }
    let began = Instant::now();
    let mut chunks = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    loop {
        let deadline = began + settings.body_deadline(bytes.len());
        let chunk = timeout_at(deadline, chunks.next()).await.map_err(|_| {
            let what = format!("{} bytes in {} ms", bytes.len(), began.elapsed().as_millis());
            Refusal::new(&BODY_TOO_SLOW, what).at("the body")
        })?;
        match chunk {
            None => return Ok(bytes.into()),
            Some(Err(error)) => return Err(Refusal::new(&BODY_INCOMPLETE, error.to_string()).at("the body").into()),
            Some(Ok(chunk)) if bytes.len() + chunk.len() > bytes_max => {
                linger(Body::from_stream(chunks)).await;
                return Err(too_large(format!("more than {bytes_max} bytes")));
            }
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
        }
    }
}

/// Reads and throws away what is left of a body, within bounds.
async fn linger(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut left = LINGER_BYTES_MAX;
    let deadline = Instant::now() + LINGER_TIME_MAX;
    while let Ok(Some(Ok(chunk))) = timeout_at(deadline, chunks.next()).await {
        let Some(rest) = left.checked_sub(chunk.len()) else {
            return;
        };
        left = rest;
    }
}

/// Parameters in the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let read =
            read.map_err(|error: PathRejection| Refusal::new(&PARAMETER_MALFORMED, error.body_text()).at("the path"))?;
        Ok(Self(read.0))
    }
}

/// Parameters in the query. `T` denies unknown fields.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        let read = read
            .map_err(|error: QueryRejection| Refusal::new(&PARAMETER_MALFORMED, error.body_text()).at("the query"))?;
        Ok(Self(read.0))
    }
}

/// A number as a parameter: decimal digits, no sign, no zero in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let one_way = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let number = one_way.then(|| text.parse().ok()).flatten();
        number
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected a number in plain decimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn numbers_have_one_spelling() {
        let read = |text: &str| serde_json::from_value::<Number>(text.into()).ok();
        assert_eq!(read("0"), Some(Number(0)));
        assert_eq!(read("18446744073709551615"), Some(Number(u64::MAX)));
        for text in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1.0",
            "0x1",
            "18446744073709551616",
            "١",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn media_types_are_compared_without_parameters_and_case() {
        let check = |value: Option<&[u8]>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(value).unwrap());
            }
            expect_media_type(&headers, "application/json").map_err(|problem| problem.code())
        };
        assert_eq!(check(Some(b"application/json")), Ok(()));
        assert_eq!(check(Some(b"Application/JSON; charset=utf-8")), Ok(()));
        for other in [
            None,
            Some(&b"text/plain"[..]),
            Some(b"application/jsonx"),
            Some(b"\xff"),
        ] {
            assert_eq!(check(other), Err("unsupported-media-type"));
        }
    }

    #[test]
    fn json_is_refused_with_its_place() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct One {
            #[expect(dead_code, reason = "only reading it is tested")]
            a: u8,
        }
        let refused = |text: &str| {
            let problem = parse::<One>(text.as_bytes(), "the body").unwrap_err();
            (problem.code(), problem.refusal().place.clone().unwrap())
        };
        assert!(parse::<One>(br#"{"a":1}"#, "the body").is_ok());
        assert_eq!(
            refused("{\n  \"b\": 1}"),
            ("unknown-field", "the body, line 2, column 5".into())
        );
        assert_eq!(
            refused("{"),
            ("malformed-document", "the body, line 1, column 1".into())
        );
        assert_eq!(refused(r#"{"a":1}{"#).0, "malformed-document");
        assert_eq!(refused(r#"{"a":1,"a":1}"#).0, "malformed-document");
    }

    #[tokio::test]
    async fn bodies_are_bounded_in_size_and_time() {
        let call = async |body: Body| {
            let settings = Settings {
                body_timeout_ms: 50,
                ..Settings::default()
            };
            let request = Request::new(body);
            read(request, 4, &settings).await
        };
        assert_eq!(call(Body::from("four")).await.unwrap(), "four");
        assert_eq!(call(Body::from("fives")).await.unwrap_err().code(), "body-too-large");
        let pieces = tokio_stream::iter(["thr", "ee"]).map(Ok::<_, std::io::Error>);
        assert_eq!(
            call(Body::from_stream(pieces)).await.unwrap_err().code(),
            "body-too-large"
        );
        let never = tokio_stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(
            call(Body::from_stream(never)).await.unwrap_err().code(),
            "body-too-slow"
        );
        // A byte now and then is too slow, long before the body's time is over.
        let settings = Settings {
            body_grace_ms: 100,
            body_bytes_per_second_min: 1_000,
            ..Settings::default()
        };
        let drips = tokio_stream::iter(std::iter::repeat_n("x", 1_000)).map(Ok::<_, std::io::Error>);
        let drips = Body::from_stream(drips.throttle(Duration::from_millis(20)));
        let began = std::time::Instant::now();
        let refused = read(Request::new(drips), 10_000, &settings).await.unwrap_err();
        assert_eq!(refused.code(), "body-too-slow");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let broken = tokio_stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
        assert_eq!(
            call(Body::from_stream(broken)).await.unwrap_err().code(),
            "body-incomplete"
        );
    }
}
