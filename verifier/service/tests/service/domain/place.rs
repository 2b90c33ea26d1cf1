//! A running service in a directory of its own, whose ledger is checked when it is left.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use covenant_api::types::Hex32;
use covenant_verifier::{Settings, startup};

use crate::world::{Answer, Server, World};

/// Everything that the services of this process have logged.
pub fn logged() -> String {
    let bytes = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).into_owned()
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Not to the proof system: it has a span for every constraint.
fn listen_to_the_log() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(
                "off,covenant_verifier=trace,covenant_ledger=trace,axum=trace,hyper=trace,tower=trace,tower_http=trace",
            )
            .with_writer(|| Log)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// A running service.
pub struct Place {
    pub world: World,
    server: Option<Server>,
    pub operator: Hex32,
    pub log_key: String,
}

impl Place {
    /// Where keys of a development setup are accepted.
    pub fn new() -> Self {
        Self::with(|settings| settings.allow_development_keys = true)
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        listen_to_the_log();
        let world = World::with(change);
        let server = world.start();
        let about = server.get("/v1/log").json();
        Self {
            operator: Hex32::parse(about["operator"].as_str().unwrap()).unwrap(),
            log_key: about["log_key"].as_str().unwrap().to_owned(),
            world,
            server: Some(server),
        }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.server().get(path)
    }

    /// A POST of JSON without a token.
    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.server()
            .call("POST", path, &[("content-type", "application/json")], body)
    }

    /// Entries in the ledger.
    pub fn size(&self) -> u64 {
        self.get("/v1/log").json()["size"].as_u64().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let stopped = self.server.take().unwrap().0.stop();
        if std::thread::panicking() {
            return;
        }
        stopped.unwrap();
        let opened = startup::open(&self.world.settings).map_err(|refusal| refusal.to_string());
        let summary = opened.unwrap().ledger.check().unwrap();
        assert_eq!(summary.entries, summary.bodies);
        let left: BTreeSet<String> = fs::read_dir(&self.world.settings.directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected = ["ledger", "service.key", "service.toml", "tokens.json"];
        assert!(left.iter().all(|name| expected.contains(&name.as_str())), "{left:?}");
    }
}
