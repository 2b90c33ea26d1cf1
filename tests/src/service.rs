//! The service as it is run: the program `covenant-verifier` as a child process on a directory of its own, started, killed and
//! stopped at will, and the calls that tests make of it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use covenant_api::client::answers::Proven;
use covenant_api::client::{Client, LogTrust, Options, Token};
use covenant_api::log::Record;
use covenant_api::receipt;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::{Call, Fixture};
use crate::programs::Programs;

pub mod wire;

use wire::{Answer, Request, call};

/// Events of a page.
const PAGE: u64 = 1000;

/// A service with its directory, and who may call it.
pub struct Service {
    programs: Programs,
    world: TempDir,
    serving: Option<Serving>,
    trust: LogTrust,
    auditor: String,
}

/// A running process. It is killed when it is forgotten.
struct Serving {
    child: Mutex<Child>,
    address: SocketAddr,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child().kill());
        drop(self.child().wait());
    }
}

impl Serving {
    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event of a bank's.
#[derive(Debug, Clone)]
pub struct Event {
    /// The entry.
    pub index: u64,
    /// What it says.
    pub record: Record,
}

impl Service {
    /// A new service for a log of this origin; it does not run yet.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn new(origin: &str) -> Self {
        let programs = Programs::built();
        let world = tempfile::tempdir().expect("a scratch folder");
        let verifier = |words: &[&str]| json(verifier(&programs, world.path()).args(words));
        let made = verifier(&["init", "--origin", origin, "--json"]);
        let trust = LogTrust {
            log_key: receipt::log_key(text(&made["log_key"])).expect("the log's key"),
            operator: Hex32::parse(text(&made["operator"])).expect("the operator's key"),
        };
        let role = ["token", "new", "--role", "auditor", "--name", "Auditor", "--json"];
        let auditor = text(&verifier(&role)["token"]).to_owned();
        Self {
            programs,
            world,
            serving: None,
            trust,
            auditor,
        }
    }

    /// A new service that runs.
    ///
    /// # Panics
    /// Where it cannot be made or started.
    pub fn started(origin: &str) -> Self {
        let mut service = Self::new(origin);
        service.start();
        service
    }

    /// Makes a bank's token.
    ///
    /// # Panics
    /// Where the program refuses.
    pub fn bank_token(&self, bank: &Hex32, name: &str) -> String {
        let bank = bank.to_string();
        let mut command = verifier(&self.programs, self.world.path());
        command.args([
            "token", "new", "--role", "bank", "--bank", &bank, "--name", name, "--json",
        ]);
        text(&json(&mut command)["token"]).to_owned()
    }

    /// Starts it, and waits until it says where it listens; how long that took.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start(&mut self) -> Duration {
        self.start_with(&["--allow-development-keys"])
    }

    /// Starts it as in production: no keys made for development.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_in_production(&mut self) -> Duration {
        self.start_with(&[])
    }

    /// Starts it with these flags.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_with(&mut self, flags: &[&str]) -> Duration {
        let began = Instant::now();
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("a file for what it says");
        let mut child = verifier(&self.programs, self.world.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--set", "log_filter=warn"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.and_then(|address| address.parse().ok());
        let Some(address) = address else {
            let said = std::fs::read_to_string(self.log_file()).unwrap_or_default();
            panic!("the service did not start: {line}{said}");
        };
        self.serving = Some(Serving {
            child: Mutex::new(child),
            address,
        });
        began.elapsed()
    }

    fn log_file(&self) -> PathBuf {
        self.world.path().join("said.txt")
    }

    /// Kills it with SIGKILL, which no program can prepare for. Calls may be under way.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill(&self) {
        self.serving.as_ref().expect("it runs").child().kill().expect("killed");
    }

    /// Waits until the killed process is gone, and its locks with it.
    pub fn bury(&mut self) {
        self.serving = None;
    }

    /// Stops it with SIGTERM.
    ///
    /// # Panics
    /// Where it does not end in order.
    pub fn stop(&mut self) {
        let serving = self.serving.take().expect("it runs");
        let process = serving.child().id().to_string();
        Programs::done(Command::new("kill").arg(process));
        let ended = serving.child().wait().expect("it ends");
        assert_eq!(ended.code(), Some(0), "it ends in order");
    }

    /// The operator's program on this directory, to be given a command; no server may be running.
    pub fn operator(&self) -> Command {
        verifier(&self.programs, self.world.path())
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn address(&self) -> SocketAddr {
        self.serving.as_ref().expect("it runs").address
    }

    /// The number of its process.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn process(&self) -> u32 {
        self.serving.as_ref().expect("it runs").child().id()
    }

    /// The log's key and operator, as `init` printed them.
    pub fn trust(&self) -> &LogTrust {
        &self.trust
    }

    /// The auditor's token.
    pub fn auditor(&self) -> &str {
        &self.auditor
    }

    /// A scratch folder beside the service's directory.
    pub fn world(&self) -> &Path {
        self.world.path()
    }

    /// The programs.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// A client that relies on the log's keys, and never calls twice.
    ///
    /// # Panics
    /// Where the token is none.
    pub fn client(&self, token: Option<&str>) -> Client {
        let options = Options {
            token: token.map(|token| Token::parse(token).expect("a token")),
            trust: Some(self.trust.clone()),
            retries: 0,
            ..Options::default()
        };
        Client::new(&format!("http://{}", self.address()), options).expect("a client")
    }

    /// What the service answers to a question.
    ///
    /// # Panics
    /// Where it is no yes.
    pub fn get(&self, path: &str, token: Option<&str>) -> Value {
        let answer = call(self.address(), &Request::get(path, token)).expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// Files everything of a fixture that comes before its bundles. Every receipt is checked.
    ///
    /// # Panics
    /// Where something is refused.
    pub fn seed(&self, fixture: &Fixture, token: &str) {
        let client = self.client(Some(token));
        for call in fixture.filings() {
            file(&client, call);
        }
    }

    /// All of a bank's events, in log order.
    ///
    /// # Panics
    /// Where the service does not give them.
    pub fn events(&self, token: &str) -> Vec<Event> {
        let (mut events, mut since) = (Vec::new(), 0);
        loop {
            let page = self.get(&format!("/v1/events?since={since}&limit={PAGE}"), Some(token));
            for event in page["events"].as_array().expect("events") {
                events.push(Event {
                    index: event["index"].as_u64().expect("an index"),
                    record: serde_json::from_value(event["record"].clone()).expect("a record"),
                });
            }
            let next = page["next"].as_u64().expect("where to go on");
            if next == since {
                return events;
            }
            since = next;
        }
    }

    /// What an answer to a bundle proves: the receipt holds under the log's key, and is of this bundle and of a verdict by the
    /// operator.
    ///
    /// # Panics
    /// Where it does not.
    pub fn proven(&self, bundle: &[u8], answer: &Answer) -> Proven {
        let said = || String::from_utf8_lossy(&answer.body).into_owned();
        assert!(matches!(answer.status, 200 | 201), "{}", said());
        let proven: Proven = serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", said()));
        let checked = receipt::check(&proven.receipt, &self.trust.log_key).expect("a receipt that holds");
        assert_eq!(checked.index, proven.index);
        let Some(Record::Verdict {
            bundle: recorded,
            verdict,
        }) = checked.record
        else {
            panic!("the receipt is of no verdict: {}", said());
        };
        assert_eq!(recorded, Signed::from_json(bundle).expect("a bundle"));
        assert_eq!(verdict, proven.verdict);
        verdict.verify(&self.trust.operator).expect("the operator's verdict");
        proven
    }

    /// Runs the auditor on an export, as a process of its own that knows nothing of the service: how it ended must be this exit code.
    /// The report for programs.
    ///
    /// # Panics
    /// Where it ends otherwise.
    pub fn audit(&self, export: &Path, trust: Option<&Path>, code: i32) -> Value {
        let mut command = self.programs.command("covenant-audit");
        command.arg("--json").arg(export).arg("--allow-development-keys");
        if let Some(trust) = trust {
            command.arg("--trust").arg(trust);
        }
        let output = Programs::ended(&mut command, code);
        serde_json::from_slice(&output.stdout).expect("a report")
    }

    /// Writes a trust file with the auditor: this log, these keys and participants.
    ///
    /// # Panics
    /// Where the program refuses.
    pub fn trust_file(&self, verifying_keys: &[Hex32], participants: &[Hex32]) -> PathBuf {
        let path = self.world().join("trust.json");
        let mut command = self.programs.command("covenant-audit");
        command.args(["trust", "--log-key", &self.trust.log_key.to_string()]);
        command.args(["--operator", &self.trust.operator.to_string()]);
        for key in verifying_keys {
            command.args(["--verifying-key", &key.to_string()]);
        }
        for participant in participants {
            command.args(["--participant", &participant.to_string()]);
        }
        Programs::done(command.arg("--out").arg(&path));
        path
    }

    /// Fetches an export over HTTP: an auditor's has everything, nobody's has no bodies.
    ///
    /// # Panics
    /// Where the service refuses.
    pub fn export(&self, token: Option<&str>, name: &str) -> PathBuf {
        let path = self.world().join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        self.client(token).export_to(&mut file).expect("an export");
        path
    }
}

/// Files one of a fixture's calls with the client: a bank's filing, or an enrolment.
///
/// # Panics
/// Where it is refused.
pub fn file(client: &Client, call: &Call) {
    let filed = match &call.record {
        Record::Enrolment { document } => client.post_enrolment(document),
        _ => covenant_api::client::Filing::of(&call.body).and_then(|kind| client.file(kind, &call.body)),
    };
    filed.unwrap_or_else(|refusal| panic!("{}: {refusal}", call.path));
}

fn verifier(programs: &Programs, world: &Path) -> Command {
    let mut command = programs.command("covenant-verifier");
    command.arg("--directory").arg(world.join("service"));
    command
}

fn json(command: &mut Command) -> Value {
    serde_json::from_str(&Programs::done(command)).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}
