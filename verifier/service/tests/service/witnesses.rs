//! A service under a policy on witnesses: what they have not cosigned is not acknowledged.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use covenant_ledger::{AppendError, Checkpoint, Draft, Kind, Receipt, StreamId, WitnessKey, WitnessPolicy};
use ed25519_dalek::SigningKey;

use crate::ledger::key;
use crate::world::{Server, World};

/// How a witness behaves.
const HONEST: u64 = 0;
const SILENT: u64 = 1;
const BROKEN: u64 = 2;

/// A witness of a few lines, which cosigns whatever it is shown.
struct Witness {
    key: WitnessKey,
    address: SocketAddr,
    mood: Arc<AtomicU64>,
    /// The old sizes that it was asked with.
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Witness {
    fn start(number: u8) -> Self {
        let secret = SigningKey::from_bytes(&[number; 32]);
        let key = WitnessKey::new(format!("w.example/{number}"), secret.verifying_key()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let witness = Self {
            key,
            address: listener.local_addr().unwrap(),
            mood: Arc::default(),
            asked: Arc::default(),
        };
        let (key, mood, asked) = (
            witness.key.clone(),
            Arc::clone(&witness.mood),
            Arc::clone(&witness.asked),
        );
        let seen = Arc::new(AtomicU64::new(0));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (key, secret, mood) = (key.clone(), secret.clone(), Arc::clone(&mood));
                let (asked, seen) = (Arc::clone(&asked), Arc::clone(&seen));
                thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while let Some(body) = body(&mut stream) {
                        let (status, kind, text) = match mood.load(Ordering::Relaxed) {
                            HONEST => answer(&key, &secret, &asked, &seen, &body),
                            SILENT => return thread::sleep(Duration::from_secs(2)),
                            _ => (200, "text/plain", "\u{2014} nonsense AAAA\n".to_owned()),
                        };
                        let head = format!(
                            "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
                            text.len()
                        );
                        let _ = stream.get_mut().write_all((head + &text).as_bytes());
                    }
                });
            }
        });
        witness
    }

    fn line(&self) -> String {
        format!(
            "witness {} {} http://{}/\n",
            self.key.name().replace('/', "-"),
            self.key,
            self.address
        )
    }

    fn is(&self, mood: u64) {
        self.mood.store(mood, Ordering::Relaxed);
    }
}

fn body(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

fn answer(
    key: &WitnessKey,
    secret: &SigningKey,
    asked: &Mutex<Vec<u64>>,
    seen: &AtomicU64,
    body: &str,
) -> (u16, &'static str, String) {
    let (head, note) = body.split_once("\n\n").unwrap();
    let old: u64 = head
        .lines()
        .next()
        .unwrap()
        .strip_prefix("old ")
        .unwrap()
        .parse()
        .unwrap();
    asked.lock().unwrap().push(old);
    let known = seen.load(Ordering::Relaxed);
    if old != known {
        return (409, "text/x.tlog.size", format!("{known}\n"));
    }
    let (text, _) = note.split_once("\n\n").unwrap();
    let text = format!("{text}\n");
    let size = Checkpoint::parse(&text).unwrap().size;
    assert_eq!(
        head.lines().count() == 1,
        old == 0 || old == size,
        "a proof where one is needed"
    );
    seen.store(size, Ordering::Relaxed);
    (200, "text/plain", key.cosign(&text, 1_700_000_000 + size, secret))
}

/// A service that needs two of three witnesses.
fn world(witnesses: &[Witness]) -> (World, WitnessPolicy) {
    let mut text = String::new();
    let mut names = Vec::new();
    for witness in witnesses {
        text += &witness.line();
        names.push(witness.key.name().replace('/', "-"));
    }
    text += &format!("group all 2 {}\nquorum all\n", names.join(" "));
    let policy = WitnessPolicy::parse(&text).unwrap();
    let mut world = World::with(|settings| settings.witness_timeout_ms = 500);
    let path = world.directory.path().join("policy");
    std::fs::write(&path, text).unwrap();
    world.settings.witness_policy = Some(path);
    (world, policy)
}

fn append(server: &Server, body: &str) -> Result<Receipt, AppendError> {
    let app = server.0.app().unwrap();
    let draft = Draft::new(Kind::new("test").unwrap(), StreamId([9; 32]), body);
    app.log.ledger().append(draft)
}

fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_acknowledgement_bears_the_quorum() {
    let witnesses = [Witness::start(1), Witness::start(2), Witness::start(3)];
    let (world, policy) = world(&witnesses);
    // One of three may be away, or talk nonsense.
    witnesses[0].is(SILENT);
    let server = world.start();
    until(|| server.get("/readyz").status == 200);
    let key = key(&server);
    for body in ["one", "two", "three"] {
        let receipt = append(&server, body).unwrap();
        receipt.verify(&key).unwrap();
        assert_eq!(policy.check(&receipt.checkpoint, &key).unwrap().len(), 2);
    }
    witnesses[0].is(BROKEN);
    let receipt = append(&server, "four").unwrap();
    assert_eq!(policy.check(&receipt.checkpoint, &key).unwrap().len(), 2);
    assert_eq!(server.get("/v1/ledger/checkpoint").text(), receipt.checkpoint);
    // One that was away is told the size that it names, once it has been given up on.
    witnesses[0].is(HONEST);
    thread::sleep(Duration::from_secs(1));
    witnesses[1].is(SILENT);
    let receipt = append(&server, "five").unwrap();
    let by = policy.check(&receipt.checkpoint, &key).unwrap();
    assert_eq!(
        by.iter().map(|by| by.name.as_str()).collect::<Vec<_>>(),
        ["w.example-1", "w.example-3"]
    );
}

#[test]
fn without_a_quorum_nothing_is_acknowledged_until_there_is_one() {
    let witnesses = [Witness::start(1), Witness::start(2), Witness::start(3)];
    let (world, _) = world(&witnesses);
    witnesses.iter().for_each(|witness| witness.is(SILENT));
    let server = world.start();
    // Of a log that nobody has cosigned nothing is shown.
    let ready = server.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("witnesses"), "{}", ready.text());
    assert_eq!(server.get("/v1/log").json()["size"], 0);
    let refused = append(&server, "first").unwrap_err();
    assert_eq!(refused.code(), "ledger-unwitnessed");
    let problem = covenant_verifier::http::Problem::from(refused);
    assert_eq!((problem.status().as_u16(), problem.code()), (503, "ledger-unwitnessed"));
    witnesses[0].is(HONEST);
    witnesses[2].is(HONEST);
    until(|| server.get("/readyz").status == 200);
    assert_eq!(
        server.get("/v1/log").json()["size"],
        1,
        "what was refused was not written"
    );
    append(&server, "first").unwrap();
    drop(server);
    // After a restart the cosigned checkpoint is there, whoever answers.
    witnesses.iter().for_each(|witness| witness.is(SILENT));
    let server = world.start();
    assert_eq!(server.get("/v1/log").json()["size"], 2);
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn a_policy_that_cannot_be_met_is_refused_at_start() {
    let witness = Witness::start(1);
    let refused = |text: &str| {
        let mut world = World::new();
        let path = world.directory.path().join("policy");
        std::fs::write(&path, text).unwrap();
        world.settings.witness_policy = Some(path);
        covenant_verifier::server::Running::start(world.settings.clone())
            .map(drop)
            .unwrap_err()
            .code()
    };
    assert_eq!(refused("quorum w\n"), "config-invalid");
    assert_eq!(
        refused(&format!("witness w {}\nquorum w\n", witness.key)),
        "config-invalid"
    );
    let other = "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n";
    assert_eq!(
        refused(&format!("{other}{}quorum w.example-1\n", witness.line())),
        "config-invalid"
    );
}
