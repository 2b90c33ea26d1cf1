//! A server in this process on a port of its own, and ways to call it: with ureq, and byte by byte.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use covenant_api::types::{LogOrigin, Name};
use covenant_verifier::server::Running;
use covenant_verifier::tokens::{Role, Tokens};
use covenant_verifier::{Settings, startup};
use serde_json::Value;
use tempfile::TempDir;

pub const ORIGIN: &str = "example.com/covenant/test";

/// A directory with a new service in it.
pub struct World {
    pub directory: TempDir,
    pub settings: Settings,
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            directory: directory.path().join("service"),
            origin: Some(LogOrigin::parse(ORIGIN).unwrap()),
            ..Settings::default()
        };
        change(&mut settings);
        startup::init(&settings).map(drop).unwrap();
        Self { directory, settings }
    }

    pub fn start(&self) -> Server {
        Server(Running::start(self.settings.clone()).unwrap())
    }

    /// A new token, with its id.
    pub fn token(&self, role: Role) -> (String, String) {
        let mut tokens = Tokens::open(&self.settings.directory, 100).unwrap();
        let (kept, text) = tokens.create(Name::parse("Test").unwrap(), role).unwrap();
        (kept.id, text.to_string())
    }
}

/// A running server.
pub struct Server(pub Running);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// Checks that this is a whole problem, and returns status and code.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let json = self.json();
        let code = json["code"].as_str().unwrap().to_owned();
        assert_eq!(json["type"], format!("urn:covenant:refusal:{code}"));
        assert_eq!(json["status"], self.status);
        for field in ["title", "detail", "advice"] {
            assert!(
                json[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {json}"
            );
        }
        (self.status, code)
    }
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0.address())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"")
    }

    pub fn get_as(&self, token: &str, path: &str) -> Answer {
        self.call("GET", path, &[("authorization", &format!("Bearer {token}"))], b"")
    }

    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body).unwrap()).unwrap();
        let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Answer {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body,
        }
    }

    /// Opens a connection and sends these bytes.
    pub fn raw(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.0.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }
}

/// Everything that a connection still says, read as one answer.
pub fn read_answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("an answer's head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    });
    Answer {
        status,
        headers: headers.collect(),
        body: bytes[end + 4..].to_vec(),
    }
}
