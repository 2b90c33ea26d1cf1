//! The program itself: what it says, and its exit codes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use covenant_api::document::from_json;
use covenant_api::documents::Trust;

use crate::{replay, world};

fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covenant-audit"))
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

#[test]
fn exit_codes_say_how_it_went() {
    let directory = tempfile::tempdir().expect("a directory");
    replay::files(directory.path());
    let development = "--allow-development-keys";
    let cases: &[(&[&str], i32, &str)] = &[
        (&["log.export", "--trust", "trust.json", development], 0, "SOUND"),
        (&["log.export", development], 1, "CONSISTENT, NOT ANCHORED"),
        (&["log.export", "--trust", "trust.json"], 1, "development-key"),
        (&["changed.export", "--trust", "trust.json", development], 1, "entry 7"),
        (&["trust.json"], 1, "audit-format"),
        (&["nothing"], 2, "file-unreadable"),
        (&["log.export", "--trust", "nothing"], 2, "file-unreadable"),
        (&["log.export", "--trust", "log.export"], 2, "refused"),
        (&["log.export", "--unknown"], 2, "unexpected argument"),
        (&["--json", "changed.export", development], 1, "\"entry\": 7"),
        (&["--json", "nothing"], 2, "\"code\": \"file-unreadable\""),
    ];
    for (arguments, code, text) in cases {
        let (found, said) = said(&run(directory.path(), arguments));
        assert_eq!(found, Some(*code), "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    }
}

#[test]
fn a_report_is_written_once() {
    let directory = tempfile::tempdir().expect("a directory");
    replay::files(directory.path());
    let arguments = [
        "log.export",
        "--trust",
        "trust.json",
        "--allow-development-keys",
        "--out",
        "report.txt",
    ];
    let (code, text) = said(&run(directory.path(), &arguments));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("sound: ") && text.contains("report.txt"), "{text}");
    let report = std::fs::read_to_string(directory.path().join("report.txt")).expect("the report");
    assert!(report.starts_with("Audit of a Covenant ledger\n") && report.contains("SOUND"));
    let (code, text) = said(&run(directory.path(), &arguments));
    assert!(code == Some(2) && text.contains("file-exists"), "{text}");
}

#[test]
fn a_trust_file_is_written_from_keys() {
    let directory = tempfile::tempdir().expect("a directory");
    replay::files(directory.path());
    let bytes = std::fs::read(directory.path().join("trust.json")).expect("the trust file");
    let trust: Trust = from_json(&bytes).expect("a trust file");
    let (operator, key, bank) = (
        trust.operator.to_string(),
        trust.verifying_keys[0].to_string(),
        trust.participants[0].to_string(),
    );
    let mut arguments = vec![
        "trust",
        "--log-key",
        trust.log_key.as_str(),
        "--operator",
        &operator,
        "--verifying-key",
        &key,
    ];
    arguments.extend(["--participant", &bank, "--participant", &bank, "--out", "again.json"]);
    let (code, text) = said(&run(directory.path(), &arguments));
    assert_eq!(code, Some(0), "{text}");
    let again = std::fs::read(directory.path().join("again.json")).expect("the trust file");
    assert_eq!(from_json::<Trust>(&again), Ok(trust.clone()));
    let weak = "0100000000000000000000000000000000000000000000000000000000000000";
    for (log_key, operator, place) in [
        ("nothing", operator.as_str(), "log_key"),
        (trust.log_key.as_str(), weak, "--operator"),
    ] {
        let (code, text) = said(&run(
            directory.path(),
            &["trust", "--log-key", log_key, "--operator", operator],
        ));
        assert!(code == Some(1) && text.contains(place), "{text}");
    }
}

#[test]
fn a_receipt_is_checked_against_the_trust_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let house = replay::small(directory.path());
    let receipt = house.ledger.receipt(1).expect("a receipt");
    std::fs::write(directory.path().join("receipt"), receipt.encode()).expect("written");
    let json = serde_json::to_vec(&receipt).expect("JSON");
    std::fs::write(directory.path().join("receipt.json"), &json).expect("written");
    let mut changed = receipt.encode();
    let last = changed.len() - 200;
    changed[last] ^= 1;
    std::fs::write(directory.path().join("changed"), changed).expect("written");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let other = world::open_other(elsewhere.path()).key().to_string();
    let operator = house.operator.public().to_string();
    run(
        directory.path(),
        &[
            "trust",
            "--log-key",
            &other,
            "--operator",
            &operator,
            "--out",
            "other.json",
        ],
    );
    let cases: &[(&[&str], i32, &str)] = &[
        (
            &["receipt", "receipt", "--trust", "trust.json"],
            0,
            "The receipt holds.",
        ),
        (
            &["receipt", "receipt.json", "--trust", "trust.json"],
            0,
            "a participant in the trust file",
        ),
        (
            &["--json", "receipt", "receipt.json", "--trust", "trust.json"],
            0,
            "\"kind\": \"participant\"",
        ),
        (&["receipt", "changed", "--trust", "trust.json"], 1, "refused"),
        (
            &["receipt", "receipt", "--trust", "other.json"],
            1,
            "audit-checkpoint-signature",
        ),
        (
            &["receipt", "trust.json", "--trust", "trust.json"],
            1,
            "audit-receipt-form",
        ),
        (&["receipt", "nothing", "--trust", "trust.json"], 2, "file-unreadable"),
        (&["receipt", "receipt"], 2, "--trust"),
        (
            &["log.export", "receipt", "receipt", "--trust", "trust.json"],
            2,
            "not both",
        ),
    ];
    for (arguments, code, text) in cases {
        let (found, said) = said(&run(directory.path(), arguments));
        assert_eq!(found, Some(*code), "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    }
}

#[test]
fn an_export_is_fetched_from_a_service() {
    let directory = tempfile::tempdir().expect("a directory");
    replay::files(directory.path());
    let export = std::fs::read(directory.path().join("log.export")).expect("the export");
    std::fs::write(directory.path().join("token"), "cvt_abc123\n").expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let service = thread::spawn(move || {
        let mut asked = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request");
                request.push(byte[0]);
            }
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nconnection: close\r\n";
            let length = format!("content-length: {}\r\n\r\n", export.len());
            stream
                .write_all(&[head.as_bytes(), length.as_bytes(), &export].concat())
                .expect("answered");
            asked.push(String::from_utf8(request).expect("ASCII").to_ascii_lowercase());
        }
        asked
    });
    let common = [
        "--trust",
        "trust.json",
        "--allow-development-keys",
        "--token-file",
        "token",
    ];
    let (code, text) = said(&run(directory.path(), &[&[address.as_str()], &common[..]].concat()));
    assert!(
        code == Some(0) && text.contains("SOUND") && text.contains(&address),
        "{text}"
    );
    let (code, text) = said(&run(
        directory.path(),
        &[&[address.as_str(), "--keep", "kept"], &common[..]].concat(),
    ));
    assert!(code == Some(0) && text.contains("covenant-audit kept"), "{text}");
    let kept = std::fs::read(directory.path().join("kept")).expect("the export");
    assert_eq!(
        kept,
        std::fs::read(directory.path().join("log.export")).expect("the export")
    );
    for request in service.join().expect("served") {
        assert!(request.starts_with("get /v1/ledger/export http/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: bearer cvt_abc123\r\n"), "{request}");
    }
    // Nobody listens any more; and a file that is there is not written over.
    let (code, text) = said(&run(directory.path(), &[address.as_str()]));
    assert!(code == Some(2) && text.contains("service-unreachable"), "{text}");
    let (code, text) = said(&run(directory.path(), &[address.as_str(), "--keep", "kept"]));
    assert!(code == Some(2) && text.contains("file-exists"), "{text}");
}

#[test]
fn a_bundle_is_made_and_audited_again() {
    let directory = tempfile::tempdir().expect("a directory");
    replay::files(directory.path());
    let (trust, development) = (["--trust", "trust.json"], "--allow-development-keys");
    let audit = |arguments: &[&str]| said(&run(directory.path(), arguments));
    let make = [
        "export",
        "log.export",
        "--out",
        "bundle",
        trust[0],
        trust[1],
        development,
    ];
    let (code, text) = audit(&make);
    assert!(code == Some(0) && text.contains("bundle's id"), "{text}");
    let (code, text) = audit(&make);
    assert!(code == Some(2) && text.contains("file-exists"), "{text}");
    // The same verdict, by the command that the bundle names.
    let (code, text) = audit(&["bundle", trust[0], trust[1], development]);
    assert!(code == Some(0) && text.contains("SOUND"), "{text}");
    assert!(text.contains("files of the bundle against its manifest"), "{text}");
    let (code, text) = audit(&["--json", "bundle", development]);
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &report["result"]), (Some(1), &"consistent, not anchored".into()));
    assert_eq!(report["bundle"]["result"], "sound");
    assert!(
        report["took"]["memory_peak_bytes"]
            .as_u64()
            .is_none_or(|bytes| bytes > 1 << 20)
    );
    // Every field that the page describes is there, and no other.
    let page = include_str!("../../../../docs/audit.md");
    let described: std::collections::BTreeSet<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| field |"))
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|fields| fields.split('`').skip(1).step_by(2))
        .collect();
    let there: std::collections::BTreeSet<&str> = report
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(described, there);
    // One bit of an entry's time.
    let path = directory.path().join("bundle/log.export");
    let changed = std::fs::read(directory.path().join("changed.export")).expect("a file");
    std::fs::write(&path, changed).expect("written");
    let (code, text) = audit(&["bundle", trust[0], trust[1], development]);
    assert!(
        code == Some(1) && text.contains("file log.export") && text.contains("entry 7"),
        "{text}"
    );
}

#[test]
fn how_far_to_look_is_said_and_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    replay::files(directory.path());
    let common = ["log.export", "--trust", "trust.json", "--allow-development-keys"];
    let audit = |more: &[&str]| said(&run(directory.path(), &[&common[..], more].concat()));
    let (code, text) = audit(&["--hashes-only"]);
    assert!(code == Some(1) && text.contains("NOT FULLY AUDITED"), "{text}");
    let (code, text) = audit(&["--sample", "3"]);
    assert!(code == Some(2) && text.contains("--witness-policy"), "{text}");
    std::fs::write(directory.path().join("none.txt"), "quorum none\n").expect("written");
    let (code, text) = audit(&["--sample", "3", "--witness-policy", "none.txt"]);
    assert!(code == Some(2) && text.contains("audit-sample"), "{text}");
    for proofs in [2, 2] {
        let (code, text) = audit(&["--state", "state.json", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        // So few are all verified again.
        assert_eq!((code, report["proofs"].as_u64()), (Some(0), Some(proofs)));
    }
    let state = std::fs::read_to_string(directory.path().join("state.json")).expect("a state");
    assert!(state.contains("covenant-audit-state/v1"), "{state}");
    let (code, text) = audit(&["--known", "log.export"]);
    assert!(code == Some(0) && text.contains("checkpoints seen elsewhere"), "{text}");
}

#[test]
fn a_witness_that_holds_a_fork_says_so_everywhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = world::open(&directory.path().join("log"));
    let fork = world::open_as(&directory.path().join("fork"), 5);
    for log in [&ledger, &fork] {
        world::append(log, 6);
    }
    let init = ["witness", "init", "--directory", "witness", "--name", "w.example/1"];
    assert_eq!(said(&run(directory.path(), &init)).0, Some(0));
    let serve = || {
        let mut child = Command::new(env!("CARGO_BIN_EXE_covenant-audit"))
            .current_dir(directory.path())
            .args([
                "witness",
                "serve",
                "--directory",
                "witness",
                "--listen",
                "127.0.0.1:0",
                "--log-key",
            ])
            .arg(ledger.key().to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = lines.next().expect("a line").expect("text");
        let address = first
            .strip_prefix("listening on http://")
            .expect("an address")
            .to_owned();
        (child, address, lines)
    };
    let call = |address: &str, head: &str, body: &str| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    let stop = |mut child: std::process::Child| {
        let told = Command::new("kill").arg(child.id().to_string()).status().expect("told");
        assert!(told.success());
        let mut errors = String::new();
        let mut stderr = child.stderr.take().expect("its errors");
        stderr.read_to_string(&mut errors).expect("text");
        (child.wait().expect("it ends").code(), errors)
    };
    let note = |log: &covenant_ledger::Ledger| log.checkpoint().note().to_owned();
    let (child, address, _lines) = serve();
    let answer = call(&address, "POST /add-checkpoint", &format!("old 0\n\n{}", note(&ledger)));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(call(&address, "GET /healthz", "").ends_with("\r\n\r\nok\n"));
    let answer = call(&address, "POST /add-checkpoint", &format!("old 6\n\n{}", note(&fork)));
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    let health = call(&address, "GET /healthz", "");
    assert!(
        health.starts_with("HTTP/1.1 200") && health.ends_with("\r\n\r\nforks 1\n"),
        "{health}"
    );
    let (code, errors) = stop(child);
    assert_eq!(code, Some(1), "{errors}");
    let line: serde_json::Value = serde_json::from_str(errors.trim()).expect("one line of JSON");
    assert_eq!((&line["event"], &line["size"]), (&"witness-fork".into(), &6.into()));
    for file in ["evidence", "cosigned"] {
        assert!(
            directory.path().join(line[file].as_str().expect("a path")).is_file(),
            "{line}"
        );
    }
    // It goes on after a restart, and says it from the start.
    let (child, address, mut lines) = serve();
    lines.next();
    assert!(lines.next().expect("a line").expect("text").starts_with("FORK: "));
    assert!(call(&address, "GET /healthz", "").ends_with("forks 1\n"));
    assert_eq!(stop(child).0, Some(1));
}
