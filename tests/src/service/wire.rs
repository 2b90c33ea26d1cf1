//! HTTP/1.1 on one connection for one call, so that a test knows when a call has left and whether its answer came whole.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long a service that is alive may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A call, as its bytes go out.
#[derive(Debug, Clone)]
pub struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A call without a body.
    pub fn get(path: &str, token: Option<&str>) -> Self {
        Self::new("GET", path, token, None, &[])
    }

    /// A call with a body of JSON; a token and an idempotency key where there are any.
    pub fn post(path: &str, token: Option<&str>, key: Option<&str>, body: &[u8]) -> Self {
        Self::new("POST", path, token, key, body)
    }

    fn new(method: &str, path: &str, token: Option<&str>, key: Option<&str>, body: &[u8]) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: covenant\r\nconnection: close\r\n");
        if let Some(token) = token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        if let Some(key) = key {
            head += &format!("idempotency-key: {key}\r\n");
        }
        if method == "POST" {
            head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        let bytes = [head.as_bytes(), b"\r\n", body].concat();
        Self { bytes }
    }
}

/// A connection on which nothing was sent yet.
#[derive(Debug)]
pub struct Connection(TcpStream);

/// A connection on which a whole call has left, and whose answer is awaited.
#[derive(Debug)]
pub struct Waiting(TcpStream);

/// An answer that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Where nobody listens.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    /// Sends a call.
    ///
    /// # Errors
    /// Where the connection broke before all of it had left.
    pub fn send(mut self, request: &Request) -> io::Result<Waiting> {
        self.0.write_all(&request.bytes)?;
        Ok(Waiting(self.0))
    }
}

impl Waiting {
    /// Waits for the answer.
    ///
    /// # Errors
    /// Where the connection broke before all of it had come.
    pub fn answer(mut self) -> io::Result<Answer> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        parse(&bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of a problem.
    ///
    /// # Panics
    /// Where the answer is none.
    pub fn code(&self) -> String {
        let problem = self.json();
        let code = problem["code"].as_str();
        code.unwrap_or_else(|| panic!("status {}: {problem}", self.status))
            .to_owned()
    }
}

/// One call on a connection of its own.
///
/// # Errors
/// Where there is no whole answer.
pub fn call(address: SocketAddr, request: &Request) -> io::Result<Answer> {
    Connection::open(address)?.send(request)?.answer()
}

/// An answer that nothing follows, if it is all there.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let (status, body, end) = whole(bytes)?;
    (bytes.len() == end).then(|| Answer {
        status,
        body: bytes[body..].to_vec(),
    })
}

/// Status, and where body and answer end, once the answer is all there. The service gives the length of everything but its streams,
/// which are not asked for here.
pub(crate) fn whole(bytes: &[u8]) -> Option<(u16, usize, usize)> {
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..head_end)?).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length: usize = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let found = name.eq_ignore_ascii_case("content-length");
        found.then(|| value.trim().parse().ok()).flatten()
    })?;
    let body = head_end + 4;
    (bytes.len() >= body + length).then_some((status, body, body + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_no_answer() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n1234";
        let answer = parse(whole).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (201, &b"1234"[..]));
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length}");
        }
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n\r\n{}"), None, "no length");
    }
}
