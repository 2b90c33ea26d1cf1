//! Two banks on one log, and one enterprise that answers both: played with the real programs, so that every key, pseudonym, link and
//! salt comes from where it comes from in earnest. The banks publish the same policy and admit the same attestor, and the
//! enterprise proves the same attested statement to both, which is when two answers are most alike.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use covenant_api::client::Filing;
use covenant_api::types::Hex32;
use covenant_tests::company::sample_policy;
use covenant_tests::programs::Programs;
use covenant_tests::service::Service;
use covenant_tests::service::wire::{Request, call};
use serde_json::Value;

/// The log that both file with.
pub const ORIGIN: &str = "unlinkable.example/log";
/// The company of the sample books.
pub const COMPANY: &str = "FR-SIREN:000343878";
/// Whom both banks admit, by this name.
pub const ATTESTOR: &str = "Cabinet Exact";
/// The policy that both publish.
pub const POLICY: &str = "supplier-screen";

/// A bank, after its applicant was approved.
pub struct BankSide {
    /// Its name, which is its folder's.
    pub name: &'static str,
    /// Its token.
    pub token: String,
    /// The id of its request.
    pub request: String,
}

/// Everybody.
pub struct Scene {
    /// The service, running.
    pub service: Service,
    /// The two banks.
    pub banks: [BankSide; 2],
    /// The attestor's public key.
    pub attestor: String,
    /// The verifying key's bytes.
    pub key: Vec<u8>,
    /// Its id.
    pub key_id: String,
}

/// Options by which a bank names its registry and key.
const OFFICE: [&str; 4] = ["--registry", "registry", "--key", "bank.key"];

impl Scene {
    /// Plays it.
    pub fn play() -> Self {
        let service = Service::started(ORIGIN);
        for who in ["enterprise", "attestor", "bank-a", "bank-b"] {
            fs::create_dir(service.world().join(who)).expect(who);
        }
        let attestor = statement(&service);
        let key = verifying_key(&service.world().join("keys"));
        let banks = [("bank-a", "A. Aubert"), ("bank-b", "B. Berger")].map(|(name, officer)| {
            let token = opening(&service, name, &attestor, &key);
            let request = application(&service, name, &token, officer);
            BankSide { name, token, request }
        });
        Self {
            attestor,
            key_id: key_id(&key),
            key: fs::read(key).expect("the verifying key"),
            service,
            banks,
        }
    }

    /// What a bank keeps in its own files, its secret key aside: by file.
    pub fn files(&self, bank: &BankSide) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let mut folders = vec![self.service.world().join(bank.name)];
        while let Some(folder) = folders.pop() {
            for item in fs::read_dir(folder).expect("a folder") {
                let path = item.expect("an item").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    let value = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
                    found.push((path.file_name().expect("a name").to_string_lossy().into_owned(), value));
                }
            }
        }
        found
    }
}

/// A command in somebody's folder.
fn as_party(service: &Service, who: &str, program: &str, words: &[&str]) -> Command {
    let mut command = service.programs().command(program);
    command
        .args(words)
        .current_dir(service.world().join(who))
        .env("HOME", service.world())
        .env("XDG_DATA_HOME", service.world().join("data"));
    command
}

fn enterprise(service: &Service, words: &[&str]) -> String {
    fs::write(service.world().join("enterprise/passphrase"), "one enterprise\n").expect("a passphrase");
    let mut command = as_party(service, "enterprise", "covenant", words);
    Programs::done(command.args(["--passphrase-file", "passphrase"]))
}

fn bank(service: &Service, name: &str, words: &[&str]) -> Value {
    let mut command = as_party(service, name, "covenant-bank", words);
    serde_json::from_str(&Programs::done(command.args(OFFICE).arg("--json"))).expect("JSON")
}

/// A new secret key that needs no passphrase; its public key.
fn key(service: &Service, who: &str, role: &str, file: &str) -> String {
    let new = ["key", "new", "--role", role, "--out", file, "--no-passphrase"];
    Programs::done(&mut as_party(service, who, "covenant-bank", &new));
    let public = as_party(service, who, "covenant-bank", &["key", "public", file, "--json"]);
    let shown: Value = serde_json::from_str(&Programs::done(&mut { public })).expect("JSON");
    shown["public"].as_str().expect("a key").to_owned()
}

/// The enterprise imports its books and has them attested; the attestor's public key.
fn statement(service: &Service) -> String {
    enterprise(service, &["init", "--phrase-out", "phrase.txt"]);
    enterprise(service, &["sample", "--seed", "7", "--out", "books"]);
    let books = "books/000343878FEC20251231.txt";
    let import = [
        "import",
        books,
        "--currency",
        "EUR",
        "--registry-id",
        COMPANY,
        "--sheet",
        "sheet.txt",
    ];
    enterprise(service, &import);
    enterprise(service, &["attest", "request", "--out", "please.json"]);
    let attestor = key(service, "attestor", "attestor", "attestor.key");
    let attest = [
        "attest",
        "../enterprise/please.json",
        "--key",
        "attestor.key",
        "--assurance",
        "2",
        "--yes",
    ];
    let mut attest = as_party(service, "attestor", "covenant-bank", &attest);
    Programs::done(attest.args(["--ledger", "ledger.json", "--out", "attestation.json"]));
    enterprise(service, &["attest", "add", "../attestor/attestation.json"]);
    enterprise(service, &["keys", "make", "--development", "--keys", "../keys"]);
    attestor
}

/// The verifying key in a key store with one key.
fn verifying_key(keys: &Path) -> PathBuf {
    let mut folders = fs::read_dir(keys)
        .expect("keys")
        .map(|item| item.expect("an item").path());
    let folder = folders.find(|path| path.join("verifying.bin").exists());
    folder.expect("a key").join("verifying.bin")
}

/// A key's folder has its id for a name.
fn key_id(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name).expect("a folder");
    folder.to_string_lossy().into_owned()
}

/// Files a signed document: `covenant-bank sign`, then the call that it prepared.
fn file(service: &Service, name: &str, token: &str, document: &str) {
    let out = format!("filed-{document}");
    bank(service, name, &["sign", document, "--out", &out]);
    let body = fs::read(service.world().join(name).join(out)).expect("a filing");
    let kind = Filing::of(&body).expect("a filing");
    service.client(Some(token)).file(kind, &body).expect("a receipt");
}

/// A bank takes part, admits the attestor, publishes the policy and pins the key; its token.
fn opening(service: &Service, name: &str, attestor: &str, verifying_key: &Path) -> String {
    let public = key(service, name, "bank", "bank.key");
    let folder = service.world().join(name);
    fs::write(folder.join("policy.toml"), sample_policy(POLICY)).expect("the policy");
    bank(
        service,
        name,
        &["registry", "new", "--name", name, "--out", "bank.json"],
    );
    let verifying_key = verifying_key.to_str().expect("a path");
    bank(
        service,
        name,
        &[
            "registry",
            "pin",
            verifying_key,
            "--allow-development-keys",
            "--out",
            "key.json",
        ],
    );
    let grant = [
        "attestor",
        "grant",
        attestor,
        "--name",
        ATTESTOR,
        "--assurance-max",
        "3",
        "--out",
        "grant.json",
    ];
    bank(service, name, &grant);
    bank(
        service,
        name,
        &["policy", "sign", "policy.toml", "--out", "policy.json"],
    );
    let (log_key, operator) = (
        service.trust().log_key.to_string(),
        service.trust().operator.to_string(),
    );
    bank(
        service,
        name,
        &["log", "trust", "--log-key", &log_key, "--operator", &operator],
    );
    let token = service.bank_token(&Hex32::parse(&public).expect("a key"), name);
    for document in ["bank.json", "grant.json", "policy.json", "key.json"] {
        file(service, name, &token, document);
    }
    token
}

/// The enterprise becomes the bank's applicant, answers its request and is approved; the request's id.
fn application(service: &Service, name: &str, token: &str, officer: &str) -> String {
    bank(
        service,
        name,
        &["invite", COMPANY, "--out", "invitation.json", "--code-out", "code.txt"],
    );
    file(service, name, token, "invitation.json");
    let (invitation, code) = (format!("../{name}/invitation.json"), format!("../{name}/code.txt"));
    let enrolment = format!("enrolment-{name}.json");
    enterprise(
        service,
        &["accept", &invitation, "--code-file", &code, "--out", &enrolment],
    );
    let path = service.world().join("enterprise").join(&enrolment);
    let sent = covenant_api::document::from_json(&fs::read(path).expect("an enrolment")).expect("an enrolment");
    service.client(None).post_enrolment(&sent).expect("a receipt");
    bank(
        service,
        name,
        &["enrol", &format!("../enterprise/{enrolment}"), "--out", "enrolled.json"],
    );
    file(service, name, token, "enrolled.json");
    let request = [
        "request",
        "--as-of",
        "2026-03-31",
        "--log-origin",
        ORIGIN,
        "--out",
        "request.json",
    ];
    bank(service, name, &request);
    file(service, name, token, "request.json");

    let (request, policy) = (format!("../{name}/request.json"), format!("../{name}/policy.json"));
    let bundle = format!("bundle-{name}.json");
    let prove = [
        "prove",
        "--request",
        &request,
        "--policy",
        &policy,
        "--out",
        &bundle,
        "--keys",
        "../keys",
    ];
    enterprise(service, &[&prove[..], &["--allow-development-keys"]].concat());
    let bundle = fs::read(service.world().join("enterprise").join(bundle)).expect("a bundle");
    let answer = call(service.address(), &Request::post("/v1/proofs", None, None, &bundle)).expect("an answer");
    let proven = service.proven(&bundle, &answer);
    fs::write(service.world().join(name).join("answer.json"), &answer.body).expect("the answer");

    let reason = format!("decided at {name}");
    let decide = [
        "decide",
        "answer.json",
        "--approve",
        "--officer",
        officer,
        "--reason",
        &reason,
    ];
    let terms = format!("the terms of {name}");
    let more = ["--terms", &terms, "--allow-development-keys", "--out", "decision.json"];
    bank(service, name, &[&decide[..], &more].concat());
    file(service, name, token, "decision.json");
    proven.verdict.unverified().request.to_string()
}
