//! `covenant-bank log trust`, `sign` and `decide`, as a bank types them.

use std::fs;

use covenant_api::log::Record;

use super::deciding::undecided;
use super::story::*;
use crate::commands::Shell;
use crate::world::*;

const OFFICE: &str = "--registry . --key bank.key";

#[test]
fn from_a_receipt_to_a_decision_that_the_log_takes() {
    let (directory, _) = undecided();
    let shell = Shell(directory.path());
    let write = |name: &str, text: String| fs::write(directory.path().join(name), text).unwrap();
    let (public, secret) = (story_bank().public(), "01".repeat(32));
    write(
        "bank.key",
        format!(
            "{{\"type\":\"secret-key\",\"version\":1,\"document\":{{\"role\":\"bank\",\"public\":\"{public}\",\
             \"secret\":{{\"clear\":\"{secret}\"}}}}}}"
        ),
    );
    let receipt = serde_json::to_string(&story().receipt).unwrap();
    write(
        "answer.json",
        format!("{{\"index\":9,\"tier\":\"A\",\"receipt\":{receipt}}}"),
    );

    let (key, operator) = (checkpoints().key().to_string(), operator().public());
    let trust = format!("log trust --log-key {key} --operator {operator} --out trusted.json {OFFICE}");
    assert_eq!(shell.json(&trust)["trusted"]["log"], ORIGIN);
    assert!(!shell.read("trusted.json").is_empty());
    let nobody = format!(
        "log trust --log-key {} --operator {operator} {OFFICE}",
        key.replacen("log", "lag", 1)
    );
    assert_eq!(shell.run(&nobody).status.code(), Some(2), "a key id of another name");

    let decide = "decide answer.json --officer Officer --reason fits --out decision.json";
    for misuse in ["", "--approve --refuse", "--refuse --terms EUR"] {
        assert_eq!(
            shell.run(&format!("{decide} {misuse} {OFFICE}")).status.code(),
            Some(2),
            "{misuse}"
        );
    }
    assert_eq!(
        shell.refused(&format!("{decide} --approve {OFFICE}"), 1),
        "development-key"
    );
    let other = format!("{decide} --approve --log log.example/other {OFFICE}");
    assert_eq!(shell.refused(&other, 1), "unknown-log");
    let approve = format!("{decide} --approve --terms EUR --allow-development-keys {OFFICE}");
    let text = shell.text(&approve);
    for part in ["APPROVED", "FR-SIREN:000000001", "own judgement is the same", "WARNING"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let refuse = format!("{decide} --refuse {OFFICE}");
    assert_eq!(shell.refused(&refuse, 1), "already-decided");

    assert_eq!(
        shell.refused(&format!("sign nothing.json --out filing.json {OFFICE}"), 2),
        "file-unreadable"
    );
    let sign = format!("sign decision.json --out filing.json {OFFICE}");
    let filed = shell.json(&sign);
    assert_eq!(
        (filed["filing"]["number"].as_u64(), filed["path"].as_str()),
        (Some(7), Some("/v1/decisions"))
    );
    let body = shell.read("filing.json");
    shell.json(&sign);
    assert_eq!(shell.read("filing.json"), body, "the same again");
    let record = Record::Decision(serde_json::from_slice(&body).unwrap());
    assert!(story().before(DECISION).admits(&record));
    assert_eq!(shell.refused(&format!("{sign} --number 9"), 1), "wrong-number");

    let shown = shell.text("registry show .");
    for part in [
        "Decisions",
        "approved",
        "Filed with log.example/covenant",
        "attestor-grant",
        "Logs relied on",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let shown = shell.json("registry show .");
    assert_eq!(shown["filings"].as_array().map(Vec::len), Some(8));
    assert_eq!(shown["decisions"][0]["outcome"], "approved");
}

#[test]
fn every_signing_verb_writes_its_document_where_told() {
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell(directory.path());
    verifying_key_file(directory.path());
    shell.json("key new --role bank --out bank.key --no-passphrase");
    let office = "--registry reg --key bank.key";
    let log = "--log log.example/covenant";
    shell.json(&format!("registry new --name Bank --out bank.json {office}"));
    let attestor = attestor_id();
    shell.json(&format!(
        "attestor grant {attestor} --name Cabinet --assurance-max 3 --out grant.json {office}"
    ));
    shell.json(&format!(
        "registry pin verifying.bin --allow-development-keys --out key.json {office}"
    ));
    shell.json(&format!(
        "attestor revoke {attestor} --reason lost --out revocation.json {office}"
    ));
    assert_eq!(
        shell.refused(&format!("sign bank.json --out filing.json {office}"), 2),
        "unknown-reference"
    );
    assert_eq!(
        shell.refused(&format!("sign key.json --out filing.json {log} {office}"), 1),
        "not-filed"
    );
    for (number, (document, path)) in [
        ("bank.json", "/v1/participants"),
        ("grant.json", "/v1/attestors"),
        ("key.json", "/v1/keys"),
        ("revocation.json", "/v1/revocations"),
    ]
    .into_iter()
    .enumerate()
    {
        let filed = shell.json(&format!("sign {document} --out filing.json {log} {office}"));
        assert_eq!(filed["filing"]["number"].as_u64(), Some(number as u64));
        assert_eq!(filed["path"], path);
        let body: serde_json::Value = serde_json::from_slice(&shell.read("filing.json")).unwrap();
        assert_eq!(body.get("key").is_some(), document == "key.json");
    }
}
