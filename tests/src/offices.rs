//! An enterprise, an attestor and banks in folders of their own beside a service, each acting with the real programs: every key,
//! pseudonym, link and salt comes from where it comes from in earnest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use covenant_api::client::Filing;
use covenant_api::client::answers::Proven;
use covenant_api::types::Hex32;
use serde_json::Value;

use crate::programs::Programs;
use crate::service::Service;
use crate::service::wire::{Request, call};

/// The company of the sample books.
pub const COMPANY: &str = "FR-SIREN:000343878";
/// Whom banks admit, by this name.
pub const ATTESTOR: &str = "Cabinet Exact";
/// Options by which a bank names its registry and key.
const OFFICE: [&str; 4] = ["--registry", "registry", "--key", "bank.key"];

/// A command in somebody's folder.
pub fn as_party(service: &Service, who: &str, program: &str, words: &[&str]) -> Command {
    let mut command = service.programs().command(program);
    command
        .args(words)
        .current_dir(service.world().join(who))
        .env("HOME", service.world())
        .env("XDG_DATA_HOME", service.world().join("data"));
    command
}

/// What a command of the enterprise printed.
///
/// # Panics
/// Where it was refused.
pub fn enterprise(service: &Service, words: &[&str]) -> String {
    fs::write(service.world().join("enterprise/passphrase"), "one enterprise\n").expect("a passphrase");
    let mut command = as_party(service, "enterprise", "covenant", words);
    Programs::done(command.args(["--passphrase-file", "passphrase"]))
}

/// What a command of a bank printed for programs.
///
/// # Panics
/// Where it was refused.
pub fn bank(service: &Service, name: &str, words: &[&str]) -> Value {
    let mut command = as_party(service, name, "covenant-bank", words);
    serde_json::from_str(&Programs::done(command.args(OFFICE).arg("--json"))).expect("JSON")
}

/// A new secret key that needs no passphrase; its public key.
///
/// # Panics
/// Where it was refused.
pub fn key(service: &Service, who: &str, role: &str, file: &str) -> String {
    let new = ["key", "new", "--role", role, "--out", file, "--no-passphrase"];
    Programs::done(&mut as_party(service, who, "covenant-bank", &new));
    let public = as_party(service, who, "covenant-bank", &["key", "public", file, "--json"]);
    let shown: Value = serde_json::from_str(&Programs::done(&mut { public })).expect("JSON");
    shown["public"].as_str().expect("a key").to_owned()
}

/// Makes everybody's folder, the enterprise's vault and development key, and the attestor's key, which is returned.
///
/// # Panics
/// Where it cannot be done.
pub fn prepare(service: &Service, banks: &[&str]) -> String {
    for who in ["enterprise", "attestor"].iter().chain(banks) {
        fs::create_dir(service.world().join(who)).expect(who);
    }
    enterprise(service, &["init", "--phrase-out", "phrase.txt"]);
    enterprise(service, &["keys", "make", "--development", "--keys", "../keys"]);
    key(service, "attestor", "attestor", "attestor.key")
}

/// Books of the sample company for a year are imported; the statement's id.
///
/// # Panics
/// Where it is refused.
pub fn import(service: &Service, year: &str, more: &[&str]) -> String {
    let books = format!("books/000343878FEC{year}1231.txt");
    if !service.world().join("enterprise").join(&books).exists() {
        enterprise(service, &["sample", "--seed", "7", "--year", year, "--out", "books"]);
    }
    let import = [
        "import",
        &books,
        "--currency",
        "EUR",
        "--registry-id",
        COMPANY,
        "--json",
    ];
    let said: Value = serde_json::from_str(&enterprise(service, &[&import, more].concat())).expect("JSON");
    said["statement"].as_str().expect("a statement").to_owned()
}

/// The attestor signs a statement, and the enterprise keeps that.
///
/// # Panics
/// Where it is refused.
pub fn attest(service: &Service, statement: &str, assurance: &str) {
    let (please, signed) = (
        format!("please-{statement}.json"),
        format!("attestation-{statement}.json"),
    );
    enterprise(service, &["attest", "request", statement, "--out", &please]);
    let please = format!("../enterprise/{please}");
    let attest = [
        "attest",
        &please,
        "--key",
        "attestor.key",
        "--assurance",
        assurance,
        "--yes",
    ];
    let mut attest = as_party(service, "attestor", "covenant-bank", &attest);
    Programs::done(attest.args(["--ledger", "ledger.json", "--out", &signed]));
    enterprise(service, &["attest", "add", &format!("../attestor/{signed}")]);
}

/// The verifying key in a key store with one key.
///
/// # Panics
/// Where there is none.
pub fn verifying_key(keys: &Path) -> PathBuf {
    let mut folders = fs::read_dir(keys)
        .expect("keys")
        .map(|item| item.expect("an item").path());
    let folder = folders.find(|path| path.join("verifying.bin").exists());
    folder.expect("a key").join("verifying.bin")
}

/// A key's folder has its id for a name.
///
/// # Panics
/// Where the file lies in no folder.
pub fn key_id(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name).expect("a folder");
    folder.to_string_lossy().into_owned()
}

/// Files a signed document: `covenant-bank sign`, then the call that it prepared.
///
/// # Panics
/// Where it is refused.
pub fn file(service: &Service, name: &str, token: &str, document: &str) {
    let out = format!("filed-{document}");
    bank(service, name, &["sign", document, "--out", &out]);
    let body = fs::read(service.world().join(name).join(out)).expect("a filing");
    let kind = Filing::of(&body).expect("a filing");
    service.client(Some(token)).file(kind, &body).expect("a receipt");
}

/// A bank takes part, admits the attestor up to a degree of assurance, publishes the policy and pins the key; its token.
///
/// # Panics
/// Where something is refused.
pub fn open(service: &Service, name: &str, (attestor, most): (&str, &str), policy: &str) -> String {
    let public = key(service, name, "bank", "bank.key");
    fs::write(service.world().join(name).join("policy.toml"), policy).expect("the policy");
    let verifying_key = verifying_key(&service.world().join("keys"));
    let pin = ["registry", "pin", verifying_key.to_str().expect("a path")];
    let grant = [
        "attestor",
        "grant",
        attestor,
        "--name",
        ATTESTOR,
        "--assurance-max",
        most,
    ];
    let log_key = service.trust().log_key.to_string();
    let operator = service.trust().operator.to_string();
    let acts: [&[&str]; 5] = [
        &["registry", "new", "--name", name, "--out", "bank.json"],
        &[&pin[..], &["--allow-development-keys", "--out", "key.json"]].concat(),
        &[&grant[..], &["--out", "grant.json"]].concat(),
        &["policy", "sign", "policy.toml", "--out", "policy.json"],
        &["log", "trust", "--log-key", &log_key, "--operator", &operator],
    ];
    for act in acts {
        bank(service, name, act);
    }
    let token = service.bank_token(&Hex32::parse(&public).expect("a key"), name);
    for document in ["bank.json", "grant.json", "policy.json", "key.json"] {
        file(service, name, &token, document);
    }
    token
}

/// The enterprise becomes a bank's applicant, answers its request and is approved; what the service proved of its answer.
///
/// # Panics
/// Where something is refused.
pub fn apply(service: &Service, name: &str, token: &str, (origin, officer): (&str, &str)) -> Proven {
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
        origin,
        "--out",
        "request.json",
    ];
    bank(service, name, &request);
    file(service, name, token, "request.json");

    let (request, policy) = (format!("../{name}/request.json"), format!("../{name}/policy.json"));
    let bundle = format!("bundle-{name}.json");
    let prove = ["prove", "--request", &request, "--policy", &policy, "--out", &bundle];
    enterprise(
        service,
        &[&prove[..], &["--keys", "../keys", "--allow-development-keys"]].concat(),
    );
    let bundle = fs::read(service.world().join("enterprise").join(bundle)).expect("a bundle");
    let answer = call(service.address(), &Request::post("/v1/proofs", None, None, &bundle)).expect("an answer");
    let proven = service.proven(&bundle, &answer);
    fs::write(service.world().join(name).join("answer.json"), &answer.body).expect("the answer");

    let (reason, terms) = (format!("decided at {name}"), format!("the terms of {name}"));
    let decide = [
        "decide",
        "answer.json",
        "--approve",
        "--officer",
        officer,
        "--reason",
        &reason,
    ];
    let more = ["--terms", &terms, "--allow-development-keys", "--out", "decision.json"];
    bank(service, name, &[&decide[..], &more].concat());
    file(service, name, token, "decision.json");
    proven
}
