//! Verifying keys in folders, as the programs that register and pin them read them: honest ones, and one whose bytes lie.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use covenant_api::document::Document;
use covenant_api::documents::{Bundle, Filing, PinnedKey, Request, TrustedLog};
use covenant_api::ids;
use covenant_api::log::Record;
use covenant_api::sign::{Signed, Signer, Verified};
use covenant_api::types::{Hex32, LogOrigin, Text};
use covenant_proofs::keys::provenance::{Contribution, Provenance};
use covenant_proofs::keys::{KeyPolicy, Manifest, Origin};
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::programs::Programs;
use crate::service::Service;
use crate::service::wire::{self, Answer, call};

const ALL: KeyPolicy = KeyPolicy {
    allow_development: true,
};

/// A development key's bytes with another origin written into them: they say that the key comes from a ceremony of this transcript,
/// which is a lie that anybody can tell. Magic (8 bytes), origin (1), the seed's length (2) and the seed; then the rest.
pub fn as_of_a_ceremony(key: &[u8], transcript: [u8; 64]) -> Vec<u8> {
    let seed = usize::from(u16::from_le_bytes([key[9], key[10]]));
    [&key[..8], &[2], &transcript, &key[11 + seed..]].concat()
}

/// What a ceremony of this transcript left behind, with one contributor.
pub fn ceremony(transcript: [u8; 64]) -> Provenance {
    let hex: String = transcript.iter().map(|byte| format!("{byte:02x}")).collect();
    Provenance {
        powers: "1".repeat(128),
        first_key: "2".repeat(128),
        transcript: hex,
        powers_contributions: vec![Contribution {
            name: None,
            hash: "4".repeat(128),
            beacon: None,
        }],
        contributions: vec![Contribution {
            name: Some("Example Bank".to_owned()),
            hash: "3".repeat(128),
            beacon: None,
        }],
    }
}

/// The id of a verifying key.
///
/// # Panics
/// Where the bytes are none.
pub fn id_of(key: &[u8]) -> Hex32 {
    covenant_api::keys::id(&covenant_api::keys::open(key, ALL).expect("a verifying key"))
}

/// Writes a verifying key's folder below this one, without the proving key: what there is to sign and to pin.
///
/// # Panics
/// Where it cannot be written.
pub fn folder(below: &Path, key: &[u8], ceremony: Option<Provenance>) -> PathBuf {
    let opened = covenant_api::keys::open(key, ALL).expect("a verifying key");
    let (seed, transcript) = match opened.origin() {
        Origin::Development { seed } => (Some(seed.clone()), None),
        Origin::Ceremony { .. } => (None, ceremony.as_ref().map(|ceremony| ceremony.transcript.clone())),
    };
    let manifest = Manifest {
        kind: "key-manifest".to_owned(),
        version: 1,
        statement: opened.statement().to_owned(),
        key: opened.id().to_string(),
        matrices_sha256: Hex32(opened.matrices_hash()).to_string(),
        rows: 0,
        witnesses: 0,
        domain: 0,
        public_inputs: opened.inputs(),
        development: opened.origin().is_development(),
        seed,
        transcript,
        ceremony,
        proving_sha256: String::new(),
        proving_bytes: 0,
        tool: "covenant-tests".to_owned(),
    };
    let folder = below.join(&manifest.key);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("verifying.bin"), key).expect("written");
    let json = serde_json::to_vec(&manifest).expect("JSON");
    fs::write(folder.join("manifest.json"), json).expect("written");
    folder
}

/// The bank's registry of files as its own programs would have written it, with this key pinned and these requests asked; and the
/// bank's secret key beside it.
pub struct BankFiles {
    /// The registry.
    pub registry: PathBuf,
    /// The secret key.
    pub key: PathBuf,
}

impl BankFiles {
    /// Writes all of it into this folder.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(
        fixture: &Fixture,
        folder: &Path,
        pinned: &PinnedKey,
        key: &[u8],
        requests: &[Verified<Request>],
    ) -> Self {
        let registry = folder.join("registry");
        for part in [
            "attestors",
            "revocations",
            "policies",
            "keys",
            "invitations",
            "codes",
            "enrolments",
            "requests",
            "verdicts",
            "decisions",
            "logs",
            "filings",
        ] {
            fs::create_dir_all(registry.join(part)).expect("a folder");
        }
        let house = fixture.house();
        fs::write(registry.join("bank.json"), house.bank.to_json().expect("JSON")).expect("written");
        put(&registry, "attestors", &house.grant.attestor, &house.grant);
        put(&registry, "policies", &house.policy.id(), house.policy.document());
        for who in fixture.people() {
            put(&registry, "invitations", &who.invitation.id(), &who.invitation);
            put(&registry, "enrolments", &who.invitation.id(), &who.enrolled);
        }
        for request in requests {
            put(&registry, "requests", &request.id(), request);
        }
        let id = pinned.verifying_key;
        fs::write(registry.join(format!("keys/{id}.bin")), key).expect("written");
        put(
            &registry,
            "keys",
            &id,
            &house.signer.sign(pinned.clone()).expect("signed"),
        );
        let secret = json!({
            "type": "secret-key", "version": 1,
            "document": { "role": "bank", "public": fixture.bank(), "secret": { "clear": fixture.bank_secret() } },
        });
        let key = folder.join("bank.key");
        fs::write(&key, secret.to_string()).expect("written");
        Self { registry, key }
    }

    /// The bank relies on the service's log.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn trust(&self, signer: &Signer, service: &Service) {
        let trust = service.trust();
        let log = LogOrigin::parse(trust.log_key.name()).expect("an origin");
        let id = ids::hash_bytes("covenant/log-origin/v1", log.as_str().as_bytes());
        let trusted = TrustedLog {
            log,
            log_key: Text::parse(&trust.log_key.to_string()).expect("a text"),
            operator: trust.operator,
            trusted: covenant_api::host::now().expect("a clock"),
        };
        put(&self.registry, "logs", &id, &signer.sign(trusted).expect("signed"));
    }
}

fn put<T: Document>(registry: &Path, part: &str, id: &Hex32, document: &Verified<T>) {
    let path = registry.join(part).join(format!("{id}.json"));
    fs::write(path, document.to_json().expect("JSON")).expect("written");
}

/// The fixture's `n`-th request again, under this key and with another nonce.
///
/// # Panics
/// Where there is none.
pub fn request_under(fixture: &Fixture, n: usize, key: Hex32, nonce: u8) -> Verified<Request> {
    let request = fixture.request(n).expect("a request");
    let changed = Request {
        verifying_key: key,
        nonce: Hex32([nonce; 32]),
        ..request.document().clone()
    };
    fixture.bank_signer().sign(changed).expect("signed")
}

/// The body that files a request of the `n`-th one's applicant, as the bank's act of this number.
///
/// # Panics
/// Where it cannot be made.
pub fn filing_of(fixture: &Fixture, n: usize, request: &Verified<Request>, number: u64) -> Value {
    let Record::Request(filed) = &fixture.requests[n].record else {
        panic!("a request");
    };
    let filing = Filing {
        number,
        document: request.id(),
        ..filed.filing.unverified().clone()
    };
    let filing = fixture.bank_signer().sign(filing).expect("signed");
    json!({ "filing": filing.to_signed(), "document": request.to_signed() })
}

/// The `n`-th bundle, sent in answer to another request: well formed and signed by the applicant, and its proof is of something else.
///
/// # Panics
/// Where it cannot be made.
pub fn bundle_for(fixture: &Fixture, n: usize, request: &Verified<Request>) -> Signed<Bundle> {
    let proved = &fixture.bundles[n];
    let changed = Bundle {
        request: request.id(),
        verifying_key: request.verifying_key,
        ..proved.signed.unverified().clone()
    };
    let signer = &fixture.people()[proved.applicant].signer;
    signer.sign(changed).expect("signed").to_signed()
}

/// What a command said, with its exit code.
///
/// # Panics
/// Where the program does not run.
pub fn said(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().expect("the program runs");
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// A command that must be refused with this code.
///
/// # Panics
/// Where it is not.
pub fn refused(command: &mut Command, code: &str) {
    let (exit, text) = said(command);
    assert!(
        exit != Some(0) && text.contains(&format!("[{code}]")),
        "{command:?}: {exit:?} {text}"
    );
}

/// A program's JSON answer.
///
/// # Panics
/// Where it does not end well.
pub fn answer(command: &mut Command) -> Value {
    serde_json::from_str(&Programs::done(command.arg("--json"))).expect("JSON")
}

/// A call with a body.
///
/// # Panics
/// Where nobody answers.
pub fn post(service: &Service, token: Option<&str>, path: &str, body: &[u8]) -> Answer {
    call(service.address(), &wire::Request::post(path, token, None, body)).expect("an answer")
}

/// A path as an argument.
///
/// # Panics
/// Where it is no UTF-8.
pub fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
