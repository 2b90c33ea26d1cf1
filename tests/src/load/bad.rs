//! Callers that a service must bear without letting others suffer. Each goes on until it is told to stop, and says how often it was
//! answered with what.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::line::{self, Line};

/// Time between two bytes of a slow caller.
const SLOW: Duration = Duration::from_millis(200);
/// Between two connections of one caller: on one machine, a caller that does nothing else would measure its own appetite.
const PAUSE: Duration = Duration::from_millis(20);
/// How long to wait for a word from the service before going on.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a body that is too large for a bundle.
const LARGE: usize = 200_000;

/// How a caller is bad.
#[derive(Debug, Clone)]
pub enum Bad {
    /// Sends its headers a byte at a time.
    SlowHeaders,
    /// Sends its body a byte at a time.
    SlowBody,
    /// Ends its side of the connection in the middle of a body.
    HalfClosed,
    /// Sends more than the path takes.
    Oversized,
    /// Sends bytes that are no HTTP, or goes away without a word.
    Garbage,
    /// Sends bundles in which all but the proof is right.
    Wrong(Vec<Vec<u8>>),
    /// Calls as fast as it can with one token.
    Flood(String),
}

/// Thirty-two bad callers of every kind: with these bundles of which the proof is wrong, and this token.
pub fn of_every_kind(wrong: Vec<Vec<u8>>, token: &str) -> Vec<Bad> {
    let mut kinds = vec![Bad::SlowHeaders; 6];
    kinds.extend(vec![Bad::SlowBody; 6]);
    for kind in [
        Bad::HalfClosed,
        Bad::Oversized,
        Bad::Garbage,
        Bad::Wrong(wrong),
        Bad::Flood(token.to_owned()),
    ] {
        kinds.extend(vec![kind; 4]);
    }
    kinds
}

/// Runs bad callers for as long as some work takes: what it gave, and what each of them was answered.
pub fn meanwhile<T>(callers: &[Bad], address: SocketAddr, work: impl FnOnce() -> T) -> (T, Vec<Statuses>) {
    let stop = AtomicBool::new(false);
    let run = |(caller, seed): (&Bad, u64)| caller.run(address, seed, &stop);
    let run = &run;
    thread::scope(|scope| {
        let callers = callers.iter().zip(0..);
        let callers: Vec<_> = callers.map(|caller| scope.spawn(move || run(caller))).collect();
        let done = work();
        stop.store(true, Ordering::Relaxed);
        let said = callers.into_iter().map(|caller| caller.join().expect("it ran"));
        (done, said.collect())
    })
}

/// How often each status came; 0 stands for a connection that ended without an answer.
pub type Statuses = BTreeMap<u16, usize>;

impl Bad {
    /// Goes on until told to stop.
    pub fn run(&self, address: SocketAddr, seed: u64, stop: &AtomicBool) -> Statuses {
        let mut statuses = Statuses::new();
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut line = None;
        let mut turn = 0_usize;
        while !stop.load(Ordering::Relaxed) {
            let status = match self {
                Self::SlowHeaders => drip(address, "", "GET /v1/log HTTP/1.1\r\nhost: covenant\r\nx-slow: ", stop),
                Self::SlowBody => drip(address, &head(4_000), "{", stop),
                Self::HalfClosed => half_closed(address),
                Self::Oversized => keep(&mut line, address, &line::post("/v1/proofs", None, &[b' '; LARGE])),
                Self::Garbage => garbage(address, &mut rng),
                Self::Wrong(bodies) => {
                    let body = bodies.get(turn % bodies.len().max(1)).map_or(&[][..], Vec::as_slice);
                    keep(&mut line, address, &line::post("/v1/proofs", None, body))
                }
                Self::Flood(token) => keep(&mut line, address, &line::get("/v1/ledger/receipts/0", Some(token))),
            };
            *statuses.entry(status).or_default() += 1;
            turn += 1;
            if matches!(self, Self::HalfClosed | Self::Oversized | Self::Garbage) {
                thread::sleep(PAUSE);
            }
        }
        statuses
    }
}

/// The head of a call whose body is to have this length.
fn head(length: usize) -> String {
    format!(
        "POST /v1/proofs HTTP/1.1\r\nhost: covenant\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn open(address: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

/// The status that the service still says, if it says anything.
fn last_word(mut stream: TcpStream) -> u16 {
    let mut said = [0; 512];
    let count = stream.read(&mut said).unwrap_or(0);
    let said = String::from_utf8_lossy(said.get(..count).unwrap_or_default()).into_owned();
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or(0)
}

/// Sends a beginning, then a byte at a time until the service has enough of it.
fn drip(address: SocketAddr, first: &str, then: &str, stop: &AtomicBool) -> u16 {
    let Some(mut stream) = open(address) else { return 0 };
    let mut sent = stream.write_all(first.as_bytes());
    let mut bytes = then.bytes().chain(std::iter::repeat(b'x'));
    while sent.is_ok() && !stop.load(Ordering::Relaxed) {
        sent = stream.write_all(&[bytes.next().unwrap_or(b'x')]);
        // An answer may be there before the connection is gone.
        let mut one = [0];
        if stream.set_nonblocking(true).is_ok() && stream.peek(&mut one).is_ok() {
            break;
        }
        drop(stream.set_nonblocking(false));
        thread::sleep(SLOW);
    }
    drop(stream.set_nonblocking(false));
    last_word(stream)
}

fn half_closed(address: SocketAddr) -> u16 {
    let Some(mut stream) = open(address) else { return 0 };
    drop(stream.write_all(format!("{}{{\"document\":", head(4_000)).as_bytes()));
    drop(stream.shutdown(Shutdown::Write));
    last_word(stream)
}

fn garbage(address: SocketAddr, rng: &mut ChaCha20Rng) -> u16 {
    let Some(mut stream) = open(address) else { return 0 };
    let mut bytes = vec![0; (rng.next_u32() % 2_000) as usize];
    rng.fill_bytes(&mut bytes);
    drop(stream.write_all(&bytes));
    if rng.next_u32().is_multiple_of(2) {
        return 0;
    }
    drop(stream.shutdown(Shutdown::Write));
    last_word(stream)
}

/// One call on a connection that is opened again where it broke.
fn keep(line: &mut Option<Line>, address: SocketAddr, bytes: &[u8]) -> u16 {
    if line.is_none() {
        *line = Line::open(address).ok();
    }
    let answer = line.as_mut().map(|line| line.call(bytes));
    match answer {
        // The service closes a connection after a body that it did not read.
        Some(Ok((status, _))) => {
            if matches!(status, 408 | 413) {
                *line = None;
            }
            status
        }
        _ => {
            *line = None;
            0
        }
    }
}
