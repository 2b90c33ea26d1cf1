//! The program as operators use it: its commands, exit codes, refusals and signals.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_covenant-verifier"));
    command.arg("--directory").arg(directory);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COVENANT_VERIFIER_")) {
        command.env_remove(name);
    }
    command
}

fn run(directory: &Path, args: &[&str]) -> Output {
    program(directory).args(args).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Exit code and code of a refusal, in its form for programs.
fn refused(directory: &Path, args: &[&str]) -> (i32, String) {
    let output = program(directory).arg("--json").args(args).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = said["refused"]["code"].as_str().unwrap().to_owned();
    (output.status.code().unwrap(), code)
}

/// A running service that is killed when it is forgotten.
struct Served(Child, String);

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn serve(directory: &Path, args: &[&str]) -> Served {
    let mut child = program(directory)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .trim()
        .strip_prefix("listening on ")
        .expect("an address")
        .to_owned();
    Served(child, url)
}

fn get(url: &str) -> String {
    ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap()
}

#[test]
fn an_operators_day() {
    let world = tempfile::tempdir().unwrap();
    let directory = world.path().join("service");
    let made = json(&run(&directory, &["init", "--origin", "example.com/log", "--json"]));
    let operator = made["operator"].as_str().unwrap();
    assert_eq!(
        refused(&directory, &["init", "--origin", "example.com/log"]),
        (2, "already-initialised".into())
    );

    let bank = "0b".repeat(32);
    let token = json(&run(
        &directory,
        &[
            "token",
            "new",
            "--role",
            "bank",
            "--bank",
            &bank,
            "--name",
            "First Bank",
            "--json",
        ],
    ));
    assert!(token["token"].as_str().unwrap().starts_with("cvt_"));
    let listed = json(&run(&directory, &["token", "list", "--json"]));
    assert_eq!(listed[0]["bank"], bank);
    assert!(listed[0].get("token").is_none());

    let mut served = serve(&directory, &["--log-format", "json"]);
    let log: Value = serde_json::from_str(&get(&format!("{}/v1/log", served.1))).unwrap();
    assert_eq!(log["operator"], operator);
    assert_eq!(log["size"], 1, "the operator's opening");
    let token = token["token"].as_str().unwrap();
    let asked = ureq::get(format!("{}/v1/ledger/receipts/0?name=private", served.1))
        .header("authorization", format!("Bearer {token}"))
        .call();
    assert_eq!(asked.unwrap().status(), 200);
    // While the server runs nobody else opens the ledger.
    assert_eq!(refused(&directory, &["check"]), (2, "ledger-locked".into()));
    assert_eq!(refused(&directory, &["serve"]), (2, "ledger-locked".into()));
    let terminated = Command::new("kill").arg(served.0.id().to_string()).status().unwrap();
    assert!(terminated.success());
    assert_eq!(served.0.wait().unwrap().code(), Some(0), "SIGTERM ends it in order");
    let mut lines = String::new();
    std::io::Read::read_to_string(served.0.stderr.as_mut().unwrap(), &mut lines).unwrap();
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert!(lines.contains("\"route\":\"/v1/ledger/receipts/{index}\""), "{lines}");
    for private in [token, "private", "receipts/0"] {
        assert!(!lines.contains(private), "{private} is in the log:\n{lines}");
    }

    let id = listed[0]["id"].as_str().unwrap();
    assert!(run(&directory, &["token", "revoke", id]).status.success());
    assert_eq!(
        refused(&directory, &["token", "revoke", id]),
        (2, "unknown-token-id".into())
    );

    let checked = json(&run(&directory, &["check", "--json"]));
    assert_eq!((&checked["entries"], &checked["bodies"]), (&1.into(), &1.into()));
    let out = world.path().join("log.export");
    let exported = json(&run(&directory, &["export", "--out", out.to_str().unwrap(), "--json"]));
    assert_eq!(exported["entries"], 1);
    let bytes = fs::read(&out).unwrap();
    assert_eq!(exported["bytes"], bytes.len());
    assert!(bytes.starts_with(b"covenant-export/v2\n"));
    assert_eq!(
        refused(&directory, &["export", "--out", out.to_str().unwrap()]),
        (2, "file-exists".into())
    );
    assert_eq!(fs::read(&out).unwrap(), bytes);
}

#[test]
fn settings_come_from_file_then_environment_then_flags() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("service.toml");
    fs::write(
        &file,
        "origin = \"example.com/log\"\nrequests_max = 1\nexports_max = 1\npage_max = 500\n",
    )
    .unwrap();
    let output = program(directory.path())
        .env("COVENANT_VERIFIER_REQUESTS_MAX", "2")
        .env("COVENANT_VERIFIER_EXPORTS_MAX", "2")
        .args(["config", "--json", "--set", "exports_max=3"])
        .output()
        .unwrap();
    let settings = json(&output);
    assert_eq!(settings["page_max"], 500);
    assert_eq!(settings["requests_max"], 2);
    assert_eq!(settings["exports_max"], 3);
    assert_eq!(settings["origin"], "example.com/log");
    let printed = run(directory.path(), &["config"]);
    let again = directory.path().join("again.toml");
    fs::write(&again, &printed.stdout).unwrap();
    let same = run(directory.path(), &["config", "--config", again.to_str().unwrap()]);
    assert_eq!(same.stdout, printed.stdout, "what is printed can be read");

    fs::write(&file, "origin = \"example.com/log\"\nrequest_max = 1\n").unwrap();
    let output = run(directory.path(), &["config"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("refused [config-invalid] unknown field `request_max`"),
        "{said}"
    );
    assert!(
        said.contains("service.toml, line 2, column 1") && said.contains("\n  advice"),
        "{said}"
    );
    fs::write(&file, "").unwrap();
    let output = program(directory.path())
        .env("COVENANT_VERIFIER_REQUEST_MAX", "2")
        .args(["config"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("the environment") && said.contains("request_max"),
        "{said}"
    );
    assert_eq!(
        refused(directory.path(), &["config", "--set", "log_format=loud"]),
        (2, "config-invalid".into())
    );
    assert_eq!(
        refused(directory.path(), &["config", "--config", "no-such-file.toml"]),
        (2, "file-unreadable".into())
    );
}

#[test]
fn misuse_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let none = directory.path().join("none");
    assert_eq!(refused(&none, &["serve"]), (2, "file-unreadable".into()));
    assert_eq!(refused(&none, &["check"]), (2, "file-unreadable".into()));
    assert_eq!(refused(&none, &["token", "list"]), (2, "file-unreadable".into()));
    assert_eq!(run(&none, &["dance"]).status.code(), Some(2));
    let service = directory.path().join("service");
    assert!(run(&service, &["init", "--origin", "example.com/log"]).status.success());
    let both = [
        "token",
        "new",
        "--role",
        "auditor",
        "--bank",
        &"0b".repeat(32),
        "--name",
        "n",
    ];
    assert_eq!(refused(&service, &both), (2, "config-invalid".into()));
    let printed = run(&none, &["openapi"]).stdout;
    assert_eq!(String::from_utf8(printed).unwrap(), covenant_verifier::openapi::json());
}
