//! HTTP/1.1 on a connection that stays open: one call after another, each written and read whole.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Answered;
use crate::service::wire::whole;

/// How long a service that is alive may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A call as its bytes go out, on a connection that stays open.
pub fn post(path: &str, token: Option<&str>, body: &[u8]) -> Vec<u8> {
    let token = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: covenant\r\n{token}content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A question as its bytes go out.
pub fn get(path: &str, token: Option<&str>) -> Vec<u8> {
    let token = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    format!("GET {path} HTTP/1.1\r\nhost: covenant\r\n{token}\r\n").into_bytes()
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// Where nobody listens.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let read = Vec::with_capacity(16 * 1024);
        Ok(Self { stream, read })
    }

    /// One call: status and body of its answer.
    ///
    /// # Errors
    /// Where the connection broke before all of the answer had come.
    pub fn call(&mut self, bytes: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.stream.write_all(bytes)?;
        self.answer()
    }

    /// The next answer.
    ///
    /// # Errors
    /// Where the connection broke before all of it had come.
    pub fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let mut part = [0; 16 * 1024];
        loop {
            if let Some((status, body, end)) = whole(&self.read) {
                let body = self.read.get(body..end).unwrap_or_default().to_vec();
                self.read.drain(..end);
                return Ok((status, body));
            }
            match self.stream.read(&mut part)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.read.extend_from_slice(part.get(..count).unwrap_or_default()),
            }
        }
    }

    /// One call and its time; `false` where the connection cannot be used again.
    pub fn timed(&mut self, call: usize, bytes: &[u8]) -> (Answered, bool) {
        let began = Instant::now();
        let answer = self.call(bytes);
        let whole = answer.is_ok();
        let (status, body) = answer.unwrap_or_default();
        let took = began.elapsed();
        (
            Answered {
                call,
                status,
                body,
                took,
            },
            whole,
        )
    }

    /// The connection itself, for what is no call.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let two = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\n1234HTTP/1.1 200 OK\r\n";
        let (status, body, end) = whole(two).unwrap();
        assert_eq!((status, &two[body..end]), (201, &b"1234"[..]));
        assert!((0..end).all(|length| whole(&two[..length]).is_none()));
        assert_eq!(whole(&two[end..]), None);
    }
}
