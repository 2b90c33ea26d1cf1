//! From settings to a server's parts: the directory's key, ledger and tokens, opened or refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use covenant_api::documents::{LogOpened, SchemaText};
use covenant_api::log::Record;
use covenant_api::refusals::FILE_UNREADABLE;
use covenant_api::types::{Hex32, Text};
use covenant_api::{files, host};
use covenant_ledger::{Config, Ledger, LogKey, Witnessing};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::SCHEMAS;
use rand::RngCore as _;

use crate::app::App;
use crate::records::keys;
use crate::refusals::{ALREADY_INITIALISED, CONFIG_INVALID, of_ledger};
use crate::secrets::{self, ServiceKey};
use crate::settings::{self, Settings};
use crate::tokens::LiveTokens;
use crate::witnesses;

/// The ledger's place in the directory.
const LEDGER: &str = "ledger";

/// What a directory holds, open: one process at a time.
pub struct Opened {
    /// The secret.
    pub key: ServiceKey,
    /// The ledger.
    pub ledger: Ledger,
}

/// The ledger's place.
pub fn ledger_directory(directory: &Path) -> PathBuf {
    directory.join(LEDGER)
}

/// Opens the directory's key and ledger.
///
/// # Errors
/// `file-unreadable` and `ledger-missing` where nothing was made there yet; `service-key-exposed`, `service-key-malformed`;
/// `ledger-locked` where another server runs on it; what else the ledger says.
pub fn open(settings: &Settings) -> Result<Opened, Refusal> {
    let key = ServiceKey::open(&expect_key(settings)?)?;
    let ledger = open_ledger(settings, &key, false, None)?;
    Ok(Opened { key, ledger })
}

/// The same for a server: under the policy on witnesses, if one is set.
fn open_to_serve(settings: &Settings) -> Result<Opened, Refusal> {
    let key = ServiceKey::open(&expect_key(settings)?)?;
    let log = LogKey::new(settings.origin()?.as_str(), key.log()?.verifying_key());
    let log = log.map_err(|error| Refusal::new(&CONFIG_INVALID, error.to_string()).at("origin"))?;
    let witnessing = witnesses::from(settings, &log)?;
    let ledger = open_ledger(settings, &key, false, witnessing)?;
    Ok(Opened { key, ledger })
}

/// The path of the directory's key, where there is one: without it the directory is not a service's.
///
/// # Errors
/// `file-unreadable`.
pub fn expect_key(settings: &Settings) -> Result<PathBuf, Refusal> {
    let path = settings.directory.join(secrets::FILE);
    if path.exists() {
        return Ok(path);
    }
    Err(Refusal::new(&FILE_UNREADABLE, "there is no service key")
        .at(path.display())
        .advice("Name the right --directory, or begin with `covenant-verifier init`."))
}

fn open_ledger(
    settings: &Settings,
    key: &ServiceKey,
    create: bool,
    witnessing: Option<Witnessing>,
) -> Result<Ledger, Refusal> {
    let directory = ledger_directory(&settings.directory);
    let config = Config {
        origin: settings.origin()?.as_str().to_owned(),
        signing_key: key.log()?,
        limits: settings.ledger_limits(),
        create,
        witnessing,
    };
    Ledger::open(&directory, config, host::now_ms, host::rng()?)
        .map_err(|error| of_ledger(&error).at(directory.display()))
}

/// Makes a new service in a directory: its key, a ledger with the operator's opening as its first entry, and a settings file that names the origin.
///
/// # Errors
/// `already-initialised`; `config-invalid` where no origin is given or a setting is not valid; `file-unwritable`; what the ledger says.
pub fn init(settings: &Settings) -> Result<Opened, Refusal> {
    let directory = &settings.directory;
    let origin = settings.origin()?;
    files::create_directory(directory)?;
    let (key_path, settings_path) = (directory.join(secrets::FILE), directory.join(settings::FILE));
    let ledger_path = ledger_directory(directory);
    let taken = [&key_path, &settings_path, &ledger_path]
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok());
    if let Some(taken) = taken {
        return Err(Refusal::new(&ALREADY_INITIALISED, "there is a service here").at(taken.display()));
    }
    let line = toml::to_string(&toml::Table::from_iter([(
        "origin".to_owned(),
        toml::Value::from(origin.as_str()),
    )]));
    let line = line.map_err(|error| Refusal::new(&CONFIG_INVALID, error.to_string()).at("origin"))?;
    let key = ServiceKey::create(&key_path)?;
    let opened =
        open_ledger(settings, &key, true, None).and_then(|ledger| open_log(settings, &key, &ledger).map(|()| ledger));
    let ledger = opened.inspect_err(|_| {
        // Nobody has seen what the key signed; without it init can be tried again.
        drop(fs::remove_file(&key_path));
        drop(fs::remove_dir_all(&ledger_path));
    })?;
    files::create_new(&settings_path, line.as_bytes())?;
    Ok(Opened { key, ledger })
}

/// Records the operator's opening: entry 0.
fn open_log(settings: &Settings, key: &ServiceKey, ledger: &Ledger) -> Result<(), Refusal> {
    let operator = key.operator()?;
    let now = host::now()?;
    let mut stream = [0; 32];
    host::rng()?.fill_bytes(&mut stream);
    let text = |text: &str| Text::parse(text).map_err(|what| Refusal::new(&CONFIG_INVALID, what).at("origin"));
    let mut schemas = SCHEMAS
        .iter()
        .map(|schema| {
            Ok(SchemaText {
                name: text(schema.name)?,
                text: schema.canonical_text(),
            })
        })
        .collect::<Result<Vec<_>, Refusal>>()?;
    schemas.sort_by(|a, b| a.name.cmp(&b.name));
    let document = operator.sign(LogOpened {
        log: settings.origin()?.clone(),
        log_key: text(&ledger.key().to_string())?,
        operator: operator.public(),
        stream: Hex32(stream),
        schemas,
        opened: now,
    })?;
    let record = Record::LogOpened {
        document: document.to_signed(),
    };
    keys::append(settings, ledger, &record, None).map(drop)
}

/// Everything that a server needs.
///
/// # Errors
/// As [`open`]; `tokens-damaged`.
pub fn app(settings: Settings) -> Result<Arc<App>, Refusal> {
    let Opened { key, ledger } = open_to_serve(&settings)?;
    let tokens = LiveTokens::open(&settings.directory)?;
    let run = host::rng()?.next_u64();
    App::new(settings, ledger, tokens, key.operator()?, run).map(Arc::new)
}
