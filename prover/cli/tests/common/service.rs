//! A service as `submit` meets it: a log in memory, over HTTP on this machine. Documents, verdict, tree, checkpoints and receipts are real,
//! so that the service can also be dishonest in ways that the real one cannot be made to be.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use covenant_api::document::{self, Document as _};
use covenant_api::documents::{Bundle, Enrolment, Refused};
use covenant_api::ids;
use covenant_api::log::Record;
use covenant_api::registry::Registry;
use covenant_api::sign::{Signed, Signer};
use covenant_api::types::{Base64, Hex32, Text};
use covenant_api::verdict::verify_bundle;
use covenant_ledger::checkpoint::CheckpointSigner;
use covenant_ledger::tree::{self, Edge, Nodes};
use covenant_ledger::{Entry, Hash, Kind, LogKey, Opening, Receipt, StreamId};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use super::scene::now;

/// The origin that the scene's requests name.
pub const ORIGIN: &str = "offline";

/// What the service keeps, which a test may change under way.
pub struct Log {
    /// The seed of the log's key.
    pub seed: u8,
    pub origin: String,
    pub operator: Signer,
    pub registry: Registry,
    leaves: Vec<Hash>,
    answered: BTreeMap<Vec<u8>, Value>,
    /// Every path that was called.
    pub calls: Vec<String>,
}

#[derive(Default)]
struct Tree {
    edge: Edge,
    nodes: BTreeMap<(u32, u64), Hash>,
}

impl Nodes for Tree {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.nodes[&(level, index)])
    }
}

impl Log {
    fn signer(&self) -> CheckpointSigner {
        CheckpointSigner::new(&self.origin, SigningKey::from_bytes(&[self.seed; 32])).expect("an origin")
    }

    pub fn key(&self) -> LogKey {
        self.signer().key().clone()
    }

    /// Others write to the log.
    pub fn grow(&mut self, entries: u8) {
        let start = self.leaves.len();
        let new = (0..entries).map(|i| Hash::leaf(&[self.seed, u8::try_from(start).expect("small") + i]));
        self.leaves.extend(new.collect::<Vec<_>>());
    }

    /// The log loses what was written after this.
    pub fn truncate(&mut self, entries: usize) {
        self.leaves.truncate(entries);
        self.answered.clear();
    }

    /// The log's past becomes another.
    pub fn rewrite(&mut self) {
        self.leaves[0] = Hash::leaf(b"another past");
    }

    pub fn size(&self) -> usize {
        self.leaves.len()
    }

    fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        for leaf in &self.leaves {
            let nodes = &mut tree.nodes;
            tree.edge.append(*leaf, |node| {
                nodes.insert((node.level, node.index), node.hash);
            });
        }
        tree
    }

    fn checkpoint(&self) -> String {
        let edge = self.tree().edge;
        let signed = self.signer().sign(edge.size(), edge.root(), &[]);
        signed.expect("signed").note().to_owned()
    }

    fn append(&mut self, record: &Record) -> (u64, Receipt) {
        let opening = Opening {
            salt: [8; 32],
            body: record.to_bytes().expect("a record"),
        };
        let index = self.leaves.len() as u64;
        let entry = Entry {
            index,
            time_ms: now().unix_seconds() * 1000,
            kind: Kind::new(record.kind()).expect("a kind"),
            stream: StreamId([1; 32]),
            sequence: 0,
            previous: Hash([2; 32]),
            stream_previous: Hash::ZERO,
            unique: Vec::new(),
            body_hash: opening.hash(),
        };
        self.leaves.push(entry.hash());
        let proof = tree::inclusion(&self.tree(), index, index + 1);
        let receipt = Receipt {
            entry: entry.encode(),
            opening: Some(opening),
            proof: proof.expect("nodes").expect("a leaf"),
            checkpoint: self.checkpoint(),
        };
        (index, receipt)
    }

    /// The answer to a call: status, media type, body.
    fn answer(&mut self, method: &str, path: &str, body: &[u8]) -> (u16, &'static str, String) {
        self.calls.push(format!("{method} {path}"));
        if path == "/v1/ledger/checkpoint" {
            return (200, "text/plain; charset=utf-8", self.checkpoint());
        }
        let answered = match self.answered.get(body).filter(|_| method == "POST") {
            Some(before) => Ok((200, before.clone())),
            None => self.fresh(path, body),
        };
        match answered {
            Ok((status, value)) => {
                if method == "POST" {
                    self.answered.insert(body.to_vec(), value.clone());
                }
                (status, "application/json", value.to_string())
            }
            Err(refusal) => (
                422,
                "application/problem+json",
                self.problem(&refusal, body).to_string(),
            ),
        }
    }

    fn fresh(&mut self, path: &str, body: &[u8]) -> Result<(u16, Value), Refusal> {
        if let Some((path, query)) = path.split_once('?') {
            assert_eq!(path, "/v1/ledger/consistency");
            let numbers = query
                .split('&')
                .map(|pair| pair.split_once('=').expect("a pair").1.parse());
            let [old, new] = numbers.collect::<Result<Vec<u64>, _>>().expect("numbers")[..] else {
                panic!("{query}");
            };
            let proof = tree::consistency(&self.tree(), old, new)
                .expect("nodes")
                .unwrap_or_default();
            let hashes: Vec<String> = proof.iter().map(|hash| base64(&hash.0)).collect();
            return Ok((200, json!({ "old": old, "new": new, "hashes": hashes })));
        }
        match path.rsplit_once('/').expect("a path") {
            ("/v1", "log") => Ok((
                200,
                json!({
                    "origin": self.origin, "log_key": self.key().to_string(), "operator": self.operator.public(),
                    "size": self.leaves.len(),
                }),
            )),
            ("/v1/requests", id) => {
                let request = self.registry.request(&Hex32::parse(id).expect("an id"))?;
                let policy = self.registry.policy(&request.policy)?.document().to_signed();
                let answer = json!({ "request": request.to_signed(), "policy": policy, "state": "open" });
                Ok((200, answer))
            }
            ("/v1/invitations", id) => {
                let invitation = self.registry.invitation(&Hex32::parse(id).expect("an id"))?;
                Ok((200, json!(invitation.to_signed())))
            }
            ("/v1", "enrolments") => {
                let document: Enrolment = document::from_json(body)?;
                let id = document.id()?;
                let (index, receipt) = self.append(&Record::Enrolment { document });
                Ok((201, json!({ "index": index, "id": id, "receipt": receipt })))
            }
            ("/v1", "proofs") => {
                let policy = KeyPolicy {
                    allow_development: true,
                };
                let verdict = verify_bundle(&self.registry, body, now(), policy)?;
                let tier = verdict.tier.clone();
                let (bundle, verdict): (Signed<Bundle>, _) = (Signed::from_json(body)?, self.operator.sign(verdict)?);
                let verdict = verdict.to_signed();
                let (index, receipt) = self.append(&Record::Verdict {
                    bundle,
                    verdict: verdict.clone(),
                });
                Ok((
                    201,
                    json!({ "index": index, "tier": tier, "verdict": verdict, "receipt": receipt }),
                ))
            }
            _ => panic!("{path}"),
        }
    }

    fn problem(&self, refusal: &Refusal, sent: &[u8]) -> Value {
        let answer = self.operator.sign(Refused {
            sent: ids::hash_bytes("covenant/refused/v1", sent),
            code: Text::parse(refusal.code()).expect("a code"),
            decided: now(),
        });
        json!({
            "type": format!("urn:covenant:refusal:{}", refusal.code()), "title": refusal.entry.meaning, "status": 422,
            "detail": refusal.what, "code": refusal.code(), "advice": refusal.advice_text(),
            "answer": (!sent.is_empty()).then(|| answer.expect("signed").to_signed()),
        })
    }
}

fn base64(bytes: &[u8; 32]) -> String {
    let json = serde_json::to_value(Base64(*bytes)).expect("JSON");
    json.as_str().expect("text").to_owned()
}

/// A service that runs until the test ends.
pub struct Service {
    pub address: String,
    pub log: Arc<Mutex<Log>>,
}

impl Service {
    pub fn start(registry: Registry) -> Self {
        let log = Arc::new(Mutex::new(Log {
            seed: 5,
            origin: ORIGIN.to_owned(),
            operator: Signer::from_seed(&[3; 32]),
            registry,
            leaves: Vec::new(),
            answered: BTreeMap::new(),
            calls: Vec::new(),
        }));
        log.lock().expect("a lock").grow(5);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(&stream.expect("a connection"), &shared);
            }
        });
        Self { address, log }
    }

    /// Changes the log, or looks at it.
    pub fn with<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut self.log.lock().expect("a lock"))
    }

    /// The paths of the acts that were called since the last time.
    pub fn acts(&self) -> Vec<String> {
        let calls = self.with(|log| std::mem::take(&mut log.calls));
        calls.into_iter().filter(|call| call.starts_with("POST")).collect()
    }
}

/// Answers one call, and hangs up.
fn serve(mut stream: &TcpStream, log: &Mutex<Log>) {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_ascii_lowercase()
    };
    let first = line();
    let mut length = 0;
    while let Some((name, value)) = line().split_once(": ") {
        if name == "content-length" {
            length = value.parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    let mut words = first.split(' ');
    let (method, path) = (
        words.next().expect("a method").to_uppercase(),
        words.next().expect("a path"),
    );
    let (status, media, text) = log.lock().expect("a lock").answer(&method, path, &body);
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: {media}\r\n");
    let answer = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
    stream.write_all(answer.as_bytes()).expect("written");
}
