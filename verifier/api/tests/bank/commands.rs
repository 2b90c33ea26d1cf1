//! The command line, as a bank and an attestor type it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use covenant_api::document;
use covenant_api::documents::*;
use covenant_api::registry::Registry;
use covenant_api::sign::Signed;
use covenant_api::types::*;
use covenant_gadgets::circuit::Field;
use covenant_proofs::foreign::ForeignKey;
use covenant_proofs::formats::json;
use serde_json::Value;

use crate::world::*;

pub struct Shell<'a>(pub &'a Path);

impl Shell<'_> {
    pub fn run(&self, line: &str) -> Output {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.extend(["--now", NOW]);
        Command::new(env!("CARGO_BIN_EXE_covenant-bank"))
            .args(words)
            .current_dir(self.0)
            .output()
            .unwrap()
    }

    pub fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --json"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}\n{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn text(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{line}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// The refusal's code in JSON, and that text says it on standard error with the same exit code.
    pub fn refused(&self, line: &str, exit: i32) -> String {
        let output = self.run(&format!("{line} --json"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{line}\n{text}");
        let code = serde_json::from_str::<Value>(&text).unwrap()["refused"]["code"]
            .as_str()
            .unwrap()
            .to_owned();
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(exit));
        assert!(String::from_utf8(output.stderr).unwrap().contains(&format!("[{code}]")));
        code
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }
}

const OFFICE: &str = "--registry reg --key bank.key --passphrase-file phrase";

#[test]
fn from_an_empty_directory_to_a_verdict() {
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell(directory.path());
    fs::write(directory.path().join("phrase"), "correct horse battery staple\n").unwrap();
    fs::write(directory.path().join("wrong"), "another phrase\n").unwrap();
    fs::write(directory.path().join("policy.toml"), POLICY).unwrap();
    verifying_key_file(directory.path());

    shell.json("key new --role bank --out bank.key --passphrase-file phrase");
    let attestor = shell.json("key new --role attestor --out attestor.key --no-passphrase");
    assert_eq!(shell.json("key public attestor.key")["public"], attestor["public"]);
    let attestor = attestor["public"].as_str().unwrap();
    assert_eq!(
        shell.refused("key new --role bank --out bank.key --passphrase-file phrase", 2),
        "file-exists"
    );
    assert_eq!(shell.refused("registry show reg", 2), "not-a-registry");
    assert_eq!(
        shell.refused("registry new --name Bank --registry reg --key attestor.key", 1),
        "wrong-key-role"
    );
    assert_eq!(
        shell.refused("registry new --name Bank --registry reg --key bank.key", 2),
        "passphrase-missing"
    );
    let wrong = "registry new --name Bank --registry reg --key bank.key --passphrase-file wrong";
    assert_eq!(shell.refused(wrong, 1), "wrong-passphrase");
    shell.json(&format!("registry new --name Bank {OFFICE}"));

    assert_eq!(
        shell.refused(&format!("registry pin verifying.bin {OFFICE}"), 1),
        "development-key"
    );
    let pinned = shell.text(&format!("registry pin verifying.bin --allow-development-keys {OFFICE}"));
    assert!(pinned.contains("WARNING"), "{pinned}");
    shell.json(&format!(
        "attestor grant {attestor} --name Cabinet --assurance-max {GRANT} {OFFICE}"
    ));
    assert_eq!(
        shell.refused(&format!("request --out r.json {OFFICE}"), 2),
        "unknown-reference"
    );
    shell.json(&format!("policy sign policy.toml --out policy.json {OFFICE}"));
    let invited = shell.json(&format!(
        "invite FR-SIREN:000000001 --out invitation.json --code-out code {OFFICE}"
    ));
    assert!(invited.get("one_time_code").is_none());

    // The enterprise, which has its own program.
    let bank = Registry::open(&directory.path().join("reg")).unwrap();
    let invitation: Signed<Invitation> = Signed::from_json(&shell.read("invitation.json")).unwrap();
    let enterprise = Enterprise::new(1, invitation.verify(&bank.bank().key).unwrap());
    let code = Code::parse(&String::from_utf8(shell.read("code")).unwrap()).unwrap();
    fs::write(
        directory.path().join("enrolment.json"),
        document::to_json(&enterprise.enrolment(&code)).unwrap(),
    )
    .unwrap();
    unwritable_answers(&shell);
    shell.json(&format!("enrol enrolment.json {OFFICE}"));
    unwritable_request(&shell);
    assert_eq!(
        shell.refused(&format!("enrol enrolment.json {OFFICE}"), 1),
        "invitation-used"
    );
    let asked = shell.json(&format!("request --out request.json --as-of 2026-03-31 {OFFICE}"));

    let attestation = attest(&shell, &enterprise);
    assert_eq!(attestation.attestor.to_string(), attestor);
    shell.json(&format!(
        "attestor grant {} --name Cabinet --assurance-max {GRANT} {OFFICE}",
        attestor_id()
    ));
    judge(&shell, &enterprise, asked["request"].as_str().unwrap());
}

/// Every file of the registry with its bytes.
fn registry_files(world: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![world.join("reg")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

/// What cannot be handed out is not kept either.
fn unwritable_answers(shell: &Shell<'_>) {
    let before = registry_files(shell.0);
    let invite = format!("invite FR-SIREN:000000001 --out invitation.json {OFFICE}");
    assert_eq!(shell.refused(&invite, 2), "file-exists");
    let invite = format!("invite FR-SIREN:000000001 --out second --code-out nowhere/code {OFFICE}");
    assert_eq!(shell.refused(&invite, 2), "file-unwritable");
    assert!(!shell.0.join("second").exists());
    let sign = format!("policy sign policy.toml --out nowhere/policy.json {OFFICE}");
    assert_eq!(shell.refused(&sign, 2), "file-unwritable");
    assert_eq!(registry_files(shell.0), before, "what cannot be handed out is not kept");
}

/// Nor is a request that cannot be handed out, or that nobody could answer.
fn unwritable_request(shell: &Shell<'_>) {
    let before = registry_files(shell.0);
    let ask = format!("request --out invitation.json --as-of 2026-03-31 {OFFICE}");
    assert_eq!(shell.refused(&ask, 2), "file-exists");
    let never = format!("request --out never.json --valid-days 0 {OFFICE}");
    assert_eq!(shell.run(&never).status.code(), Some(2));
    assert_eq!(registry_files(shell.0), before);
}

/// The attestor's part: it sees the figures, and one identity stands for one company.
fn attest(shell: &Shell<'_>, enterprise: &Enterprise) -> Attestation {
    let request = enterprise.attestation_request(&statement(150));
    fs::write(shell.0.join("figures.json"), document::to_json(&request).unwrap()).unwrap();
    let line = "attest figures.json --key attestor.key --assurance 2 --ledger ledger.json --out attestation.json";
    assert_eq!(shell.refused(line, 1), "not-confirmed");
    assert!(
        !shell.0.join("ledger.json").exists(),
        "what was not confirmed is not bound"
    );
    let text = shell.text(&format!("{line} --yes"));
    for part in [
        "FR-SIREN:000000001",
        "current_assets",
        "1.50",
        "not covered",
        "2025-01-01 to 2025-12-31",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(shell.refused(&format!("{line} --yes"), 2), "file-exists");
    let impostor = Enterprise {
        registry_id: company(2),
        ..Enterprise::new(1, enterprise.invitation.clone())
    };
    let request = impostor.attestation_request(&statement(150));
    fs::write(shell.0.join("figures.json"), document::to_json(&request).unwrap()).unwrap();
    assert_eq!(shell.refused(&format!("{line} --yes"), 1), "entity-bound");
    document::from_json(&shell.read("attestation.json")).unwrap()
}

/// The bank's part: a verdict once, and a registry that shows it.
fn judge(shell: &Shell<'_>, enterprise: &Enterprise, first: &str) {
    // The request was made before the tests' attestor was granted, so the bank asks again.
    let asked = shell.json(&format!("request --out second.json --as-of 2026-03-31 {OFFICE}"));
    assert_ne!(asked["request"].as_str().unwrap(), first);
    let registry = Registry::open(&shell.0.join("reg")).unwrap();
    let id = Hex32::parse(asked["request"].as_str().unwrap()).unwrap();
    let bundle = enterprise.prove(&registry, registry.request(&id).unwrap(), &statement(150), "A");
    fs::write(shell.0.join("bundle.json"), enterprise.sign(bundle)).unwrap();
    assert_eq!(
        shell.refused("verify bundle.json --registry reg --dry-run", 1),
        "development-key"
    );
    let dry = shell.json("verify bundle.json --registry reg --dry-run --allow-development-keys");
    assert_eq!(dry["recorded"], false);
    let before = registry_files(shell.0);
    let line = format!("verify bundle.json --allow-development-keys --out nowhere/verdict.json {OFFICE}");
    assert_eq!(shell.refused(&line, 2), "file-unwritable");
    assert_eq!(registry_files(shell.0), before, "the request stays open");
    let line = format!("verify bundle.json --allow-development-keys --out verdict.json {OFFICE}");
    let text = shell.text(&line);
    for part in ["TIER", "FR-SIREN:000000001", "none were disclosed", "WARNING"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(shell.refused(&line, 1), "request-used");
    let verdict: Signed<Verdict> = Signed::from_json(&shell.read("verdict.json")).unwrap();
    assert_eq!(verdict.verify(&registry.bank().key).unwrap().tier.as_str(), "A");
    let shown = shell.text("registry show reg");
    for part in [
        "every signature holds",
        "tier A",
        "redeemed",
        "development: demonstrations only",
        "Cabinet",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(shell.json("registry show reg")["verdicts"][0]["tier"], "A");
    exported(shell);
}

/// An answered bundle's proof in the forms of other programs: it holds there, under the whole key and under the prepared one.
fn exported(shell: &Shell<'_>) {
    assert_eq!(
        shell.refused("export bundle.json --registry reg --out exported", 1),
        "development-key"
    );
    let line = "export bundle.json --registry reg --out exported --allow-development-keys";
    assert_eq!(shell.json(line)["files"].as_array().map(Vec::len), Some(8));
    assert_eq!(shell.refused(line, 2), "file-exists");
    for (folder, count) in [("exported", 3_074), ("exported/prepared", 13)] {
        let read = |name: &str| shell.read(&format!("{folder}/{name}"));
        let key = ForeignKey::from_json(&read("verification_key.json")).unwrap();
        let (proof, inputs) = (read("proof.json"), read("public.json"));
        let (proof, mut inputs) = (json::read_proof(&proof).unwrap(), json::read_public(&inputs).unwrap());
        assert_eq!((inputs.len(), key.verify(&inputs, &proof)), (count, Ok(())));
        let call_data = json::solidity_call_data(&proof, &inputs) + "\n";
        assert_eq!(read("calldata.txt"), call_data.into_bytes());
        inputs[1] += Field::from(1u8);
        assert!(key.verify(&inputs, &proof).is_err());
    }
    // What somebody changed in a bundle is not exported.
    let bundle = String::from_utf8(shell.read("bundle.json")).unwrap();
    fs::write(
        shell.0.join("changed.json"),
        bundle.replace("\"tier\": \"A\"", "\"tier\": \"B\""),
    )
    .unwrap();
    let line = "export changed.json --registry reg --out more --allow-development-keys";
    assert_eq!(shell.refused(line, 1), "wrong-signature");
}

#[test]
fn a_policy_reads_in_plain_language_signed_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell(directory.path());
    fs::write(directory.path().join("policy.toml"), POLICY).unwrap();
    let unsigned = shell.json("policy render policy.toml")["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut bank = House::new();
    let id = bank.policy(POLICY);
    let signed = bank.registry.policy(&id).unwrap().document().to_json().unwrap();
    fs::write(directory.path().join("policy.json"), signed).unwrap();
    let shown = shell.json("policy show policy.json");
    assert_eq!(shown["text"].as_str(), Some(unsigned.as_str()));
    assert_eq!(shown["policy"].as_str(), Some(id.to_string().as_str()));
}

/// `/dev/full` is Linux's file that is always full.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("policy.toml"), POLICY).unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_covenant-bank"))
        .args(["policy", "show", "policy.toml"])
        .current_dir(directory.path())
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("could not be written")
    );
}

#[test]
fn misuse_is_told_apart_from_a_refusal() {
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell(directory.path());
    assert_eq!(
        shell.run("verify bundle.json --registry reg").status.code(),
        Some(2),
        "neither key nor dry run"
    );
    assert_eq!(shell.run("key new --role king --out k").status.code(), Some(2));
    assert_eq!(shell.refused("policy show nothing.toml", 2), "file-unreadable");
    fs::write(directory.path().join("empty"), "\n").unwrap();
    assert_eq!(
        shell.refused("key new --role bank --out k --passphrase-file empty", 2),
        "passphrase-unusable"
    );
}
