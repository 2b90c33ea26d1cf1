//! A service to try: a bank, an attestor and a company that do not exist, and bundles that pass, reach a lower tier, come too late,
//! come twice and were tampered with.
//!
//! Nothing is put past the rules. A server runs on a port of its own while the parties call it with the client that everybody uses,
//! so that each entry of the log got there as one of a real bank or company does; the parties' files are what their own programs
//! write. Only the keys are of a development setup.
//!
//! - `keys`: the proving key, made once and kept.
//! - `bank`: the bank with its registry, filing its documents.
//! - `company`: the company with its figures, attested and proven.

mod bank;
mod company;
mod keys;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use covenant_api::client::{Client, LogTrust, Options, Token};
use covenant_api::document;
use covenant_api::documents::{Bundle, Trust};
use covenant_api::refusals::{MALFORMED_DOCUMENT, PROOFS, UNENCODABLE};
use covenant_api::sign::Verified;
use covenant_api::types::{Hex32, Name, RegistryId, Text, UtcTime};
use covenant_api::{files, host};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::ProvingKey;
use serde_json::json;

use crate::records::keys as registry;
use crate::refusals::INTERNAL_FAULT;
use crate::server::Running;
use crate::settings::Settings;
use crate::startup;
use crate::tokens::{Role, Tokens};
use bank::Bank;
use company::Company;

/// The log's name.
pub const ORIGIN: &str = "sandbox.example/covenant";
/// The folder in the service's directory that is the parties'.
pub const FOLDER: &str = "sandbox";

/// For how many days requests can be answered.
const VALID_DAYS: u32 = 14;
/// When the request was signed whose time is over.
const EXPIRED_DAYS_AGO: u32 = 30;
/// The policies: the company reaches tier A of the one and tier B of the other.
const TRADE_CREDIT: &str = include_str!("sandbox/trade-credit.toml");
const TERM_LOAN: &str = include_str!("sandbox/term-loan.toml");

/// Makes a service in the settings' directory and seeds it. `say` hears what takes its time. The parties' folder.
///
/// # Errors
/// `already-initialised` where there is a service already; `file-unwritable`; what keeps a server from starting; and what the
/// service refuses, which would be a fault of this program.
pub fn make(settings: &Settings, say: &dyn Fn(&str)) -> Result<PathBuf, Refusal> {
    let opened = startup::init(settings)?;
    let folder = settings.directory.join(FOLDER);
    files::create_directory(&folder)?;
    let key = keys::proving_key(&settings.directory, say)?;
    register(settings, &opened, &key)?;
    drop(opened);
    say("the parties call the service");
    let private = Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..settings.clone()
    };
    let running = Running::start(private)?;
    let seeded = Seeding::new(settings, &folder, &running, &key)?.seed(say);
    running.stop().and(seeded)?;
    Ok(folder)
}

/// The operator enters the key into the log's registry, as what it is: one made for development.
fn register(settings: &Settings, opened: &startup::Opened, key: &ProvingKey) -> Result<(), Refusal> {
    let manifest = opened
        .key
        .operator()?
        .sign(covenant_api::keys::describe(key.verifying(), None, host::now()?)?)?;
    registry::register(settings, opened, &manifest, key.verifying().to_bytes()).map(drop)
}

/// A file of the parties' folder.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        files::create_new(&self.0.join(name), bytes)
    }

    fn line(&self, name: &str, text: &str) -> Result<(), Refusal> {
        self.write(name, format!("{text}\n").as_bytes())
    }
}

/// The parties while they call the service.
struct Seeding<'a> {
    folder: Folder<'a>,
    key: &'a ProvingKey,
    trust: LogTrust,
    bank: Bank,
    enterprise: Client,
}

impl<'a> Seeding<'a> {
    /// Gives the bank and an auditor their tokens, and everybody the log's keys.
    fn new(settings: &Settings, folder: &'a Path, running: &Running, key: &'a ProvingKey) -> Result<Self, Refusal> {
        let url = format!("http://{}", running.address());
        let info = Client::new(&url, Options::default())?.log_info()?;
        let trust = LogTrust {
            log_key: info.log_key,
            operator: info.operator,
        };
        let client = |token| {
            let options = Options {
                token,
                trust: Some(trust.clone()),
                ..Options::default()
            };
            Client::new(&url, options)
        };
        let files = Folder(folder);
        let mut bank = Bank::new(&folder.join("bank"), &trust)?;
        let mut tokens = Tokens::open(&settings.directory, settings.tokens_max)?;
        let role = Role::Bank { bank: bank.key() };
        let (_, token) = tokens.create(name("Sandbox Bank")?, role)?;
        files.line("token", &token)?;
        bank.call_with(client(Some(Token::parse(&token)?))?);
        let (_, token) = tokens.create(name("Sandbox Auditor")?, Role::Auditor {})?;
        files.line("auditor-token", &token)?;
        Ok(Self {
            enterprise: client(None)?,
            folder: files,
            key,
            trust,
            bank,
        })
    }

    fn seed(mut self, say: &dyn Fn(&str)) -> Result<(), Refusal> {
        let (now, bank) = (host::now()?, &mut self.bank);
        bank.take_part()?;
        let verifying_key = bank.pin(self.key.verifying())?;
        bank.grant()?;
        let (trade_credit, term_loan) = (bank.publish(TRADE_CREDIT)?, bank.publish(TERM_LOAN)?);
        let company = self.enrol("FR-SIREN:100000001")?;
        let due = days_before(now, EXPIRED_DAYS_AGO)?;
        let mut lines = Vec::new();
        for (file, policy, tier, asked) in [
            ("pass.json", trade_credit, "A", now),
            ("lower-tier.json", term_loan, "B", now),
            ("expired.json", trade_credit, "A", due),
            ("replayed.json", trade_credit, "A", now),
            ("tampered.json", trade_credit, "A", now),
        ] {
            say(&format!("the company proves {file}"));
            let request = self.bank.ask(policy, &company.invitation, verifying_key, asked)?;
            let (policy, attestor) = (self.bank.policy(&policy)?, self.bank.attestor());
            let mut bundle = company.prove(self.key, policy, &request, attestor, tier)?;
            if file == "tampered.json" {
                bundle = company.sign(tampered(bundle.document()))?;
            }
            let bytes = bundle.to_json()?;
            if file == "replayed.json" {
                self.enterprise.post_proof(&bytes)?;
            }
            self.folder.write(file, &bytes)?;
            lines.push(line(&bundle)?);
        }
        self.folder.write("batch.ndjson", lines.concat().as_bytes())?;
        self.invite("FR-SIREN:100000002")?;
        self.describe(&verifying_key)
    }

    /// A company that the bank invites, that redeems the invitation, and that the bank recognises.
    fn enrol(&mut self, id: &str) -> Result<Company, Refusal> {
        let (invitation, code) = self.bank.invite(registry_id(id)?)?;
        let company = Company::new(invitation, &mut host::rng()?)?;
        let enrolment = company.enrolment(&code)?;
        self.enterprise.post_enrolment(&enrolment)?;
        self.bank.recognise(&enrolment)?;
        Ok(company)
    }

    /// A company whose enrolment is still to be sent.
    fn invite(&mut self, id: &str) -> Result<(), Refusal> {
        let (invitation, code) = self.bank.invite(registry_id(id)?)?;
        let enrolment = Company::new(invitation, &mut host::rng()?)?.enrolment(&code)?;
        self.folder.write("enrolment.json", &document::to_json(&enrolment)?)
    }

    /// What whoever relies on the log needs to know of it.
    fn describe(&self, verifying_key: &Hex32) -> Result<(), Refusal> {
        let info = self.enterprise.log_info()?;
        let log = json!({
            "origin": info.origin,
            "log_key": info.log_key.to_string(),
            "operator": info.operator,
            "size": info.size,
        });
        self.folder.line("log.json", &format!("{log:#}"))?;
        let trust = Trust {
            log_key: text(&self.trust.log_key.to_string())?,
            operator: self.trust.operator,
            verifying_keys: vec![*verifying_key],
            manifests: Vec::new(),
            participants: vec![self.bank.key()],
        };
        self.folder.write("trust.json", &document::to_json(&trust)?)
    }
}

/// The bundle with another proof: its point A is negated, by the bit that says which y is meant. The point is on the curve and in
/// its group, and everything else in the bundle is as it should be, so that only the pairing equation tells that this is no proof.
fn tampered(bundle: &Bundle) -> Bundle {
    const LAST_BYTE_OF_A: usize = 31;
    const LARGER_Y: u8 = 0b1000_0000;
    let mut changed = bundle.clone();
    if let Some(byte) = changed.proof.0.get_mut(LAST_BYTE_OF_A) {
        *byte ^= LARGER_Y;
    }
    changed
}

/// A bundle as a line of a batch.
fn line(bundle: &Verified<Bundle>) -> Result<String, Refusal> {
    let line = serde_json::to_string(&bundle.to_signed());
    line.map(|line| format!("{line}\n"))
        .map_err(|error| Refusal::new(&UNENCODABLE, error.to_string()))
}

fn malformed(what: String) -> Refusal {
    Refusal::new(&MALFORMED_DOCUMENT, what)
}

fn name(name: &str) -> Result<Name, Refusal> {
    Name::parse(name).map_err(malformed)
}

fn text(text: &str) -> Result<Text, Refusal> {
    Text::parse(text).map_err(malformed)
}

fn registry_id(id: &str) -> Result<RegistryId, Refusal> {
    RegistryId::parse(id).map_err(malformed)
}

fn days_before(now: UtcTime, days: u32) -> Result<UtcTime, Refusal> {
    let seconds = now.unix_seconds().saturating_sub(u64::from(days) * 24 * 60 * 60);
    UtcTime::from_unix_seconds(seconds).ok_or_else(|| malformed(format!("{days} days before {now}")))
}

/// What the proof system says about keys and provers, by its code.
fn of_proofs(code: &str, what: String) -> Refusal {
    let entry = PROOFS.iter().find(|entry| entry.code == code);
    Refusal::new(entry.unwrap_or(&INTERNAL_FAULT), what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use covenant_api::types::{Base64, FieldElement, TierName};
    use covenant_policy::compile;

    #[test]
    fn one_bit_of_the_proof_is_changed_and_nothing_else() {
        let zero = FieldElement::default();
        let bundle = Bundle {
            request: Hex32([1; 32]),
            policy: Hex32([2; 32]),
            verifying_key: Hex32([3; 32]),
            tier: TierName::parse("A").unwrap(),
            nym: zero,
            period_tags: [zero; 2],
            statement_links: [zero; 2],
            proven_links: [zero; 2],
            further: Vec::new(),
            proof: Base64([7; 128]),
        };
        let changed = tampered(&bundle);
        let bits = changed
            .proof
            .0
            .iter()
            .zip(bundle.proof.0)
            .map(|(a, b)| (a ^ b).count_ones());
        assert_eq!(bits.sum::<u32>(), 1);
        let proof = bundle.proof;
        assert_eq!(Bundle { proof, ..changed }, bundle);
    }

    #[test]
    fn the_policies_are_decision_lists_of_two_tiers() {
        for source in [TRADE_CREDIT, TERM_LOAN] {
            let compiled = compile(source).unwrap();
            let tiers: Vec<_> = compiled.program.tiers.iter().map(|tier| tier.name.as_str()).collect();
            assert_eq!(tiers, ["A", "B"]);
            assert!(compiled.warnings.len() <= 1, "{:?}", compiled.warnings);
        }
    }
}
