//! A listener on this machine that answers each connection with the next of some prepared bytes, and keeps what it was sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Client, Options};

/// What one connection was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// The first line.
    pub line: String,
    /// The headers, names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Sent {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What a connection is answered with.
pub(super) enum Reply {
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// These bytes, and nothing more for as long as the client waits.
    Stall(Vec<u8>),
}

pub(super) struct Server {
    pub address: String,
    thread: JoinHandle<Vec<Sent>>,
}

impl Server {
    /// Answers as many connections as there are replies.
    pub(super) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let answer = |reply| answer(&listener.accept().unwrap().0, reply);
            replies.into_iter().map(answer).collect()
        });
        Self { address, thread }
    }

    /// What was sent: exactly as many calls as there were replies.
    pub(super) fn sent(self) -> Vec<Sent> {
        self.thread.join().unwrap()
    }
}

fn answer(mut stream: &TcpStream, reply: Reply) -> Sent {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let mut headers = Vec::new();
    while let Some((name, value)) = line().split_once(": ") {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut sent = Sent {
        line: first,
        headers,
        body: Vec::new(),
    };
    let length = sent
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    sent.body = vec![0; length];
    reader.read_exact(&mut sent.body).unwrap();
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).unwrap(),
        Reply::Stall(bytes) => {
            stream.write_all(&bytes).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            // Until the client hangs up.
            let _ = reader.read(&mut [0]);
        }
    }
    sent
}

/// A whole answer.
pub(super) fn http(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

pub(super) fn json(status: &str, body: &Value) -> Vec<u8> {
    http(
        status,
        &[("Content-Type", "application/json")],
        body.to_string().as_bytes(),
    )
}

/// A problem; with `Retry-After`, where there is one.
pub(super) fn problem(status: &str, body: &Value, retry_after: Option<&str>) -> Vec<u8> {
    let mut headers = vec![("Content-Type", "application/problem+json")];
    headers.extend(retry_after.map(|value| ("Retry-After", value)));
    http(status, &headers, body.to_string().as_bytes())
}

/// A client that does not wait for long.
pub(super) fn client(server: &Server) -> Client {
    let options = Options {
        timeout: Duration::from_secs(5),
        stall: Duration::from_millis(200),
        answer_bytes_max: 100_000,
        export_bytes_max: 100_000,
        ..Options::default()
    };
    Client::new(&server.address, options).unwrap()
}

/// One call of a service that answers like this.
pub(super) fn once<T>(reply: Vec<u8>, call: impl FnOnce(&Client) -> T) -> T {
    let server = Server::start(vec![Reply::Bytes(reply)]);
    let answer = call(&client(&server));
    assert_eq!(server.sent().len(), 1);
    answer
}
