//! A regulator's mirror of a running service: it grows through restarts of both, is killed with SIGKILL at any moment, and meets a log that was
//! set back and forked. What it holds is judged like a fresh export.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use covenant_tests::fixture::Fixture;
use covenant_tests::keys::{path, post};
use covenant_tests::programs::Programs;
use covenant_tests::service::{Service, file};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

/// How often a run is killed.
const KILLS: usize = 30;

/// `covenant-audit mirror` into this directory, with an auditor's token.
fn mirror(service: &Service, trust: &Path, directory: &Path, more: &[&str]) -> Command {
    let token = service.world().join("auditor.token");
    fs::write(&token, service.auditor()).expect("written");
    let mut command = service.programs().command("covenant-audit");
    command.args([
        "--json",
        "mirror",
        &format!("http://{}", service.address()),
        path(directory),
    ]);
    command.args(["--trust", path(trust), "--token-file", path(&token)]);
    command.args(more);
    command
}

fn said(command: &mut Command, code: i32) -> Value {
    let output = Programs::ended(command, code);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What an audit says, but for where and when it was made.
fn verdict(mut report: Value) -> Value {
    let fields = report.as_object_mut().expect("an object");
    for field in ["source", "audited", "repeat", "took"] {
        fields.remove(field).unwrap_or_else(|| panic!("no {field}"));
    }
    report
}

/// The mirror is judged like a fresh export, to the last word.
fn same(service: &Service, trust: &Path, directory: &Path, name: &str) -> Value {
    let export = service.export(Some(service.auditor()), name);
    let fresh = verdict(service.audit(&export, Some(trust), 0));
    assert_eq!(verdict(service.audit(directory, Some(trust), 0)), fresh);
    fresh
}

fn copy(from: &Path, to: &Path) {
    Programs::done(Command::new("cp").args(["-a", path(from), path(to)]));
}

/// A service with everything filed but the bundles, its trust file, and where its mirror is to be.
fn scene(fixture: &Fixture) -> (Service, PathBuf, PathBuf, String) {
    let mut service = Service::new(fixture.origin().as_str());
    service.start();
    let token = service.bank_token(&fixture.bank(), "Banque Exemple");
    let trust = service.trust_file(&[fixture.key_id()], &[fixture.bank()]);
    let directory = service.world().join("mirror");
    (service, trust, directory, token)
}

#[test]
fn a_mirror_grows_with_its_log_and_is_judged_like_a_fresh_export() {
    let fixture = Fixture::load(3, 1);
    let (mut service, trust, directory, token) = scene(&fixture);
    let first = said(&mut mirror(&service, &trust, &directory, &["--part", "2"]), 0);
    assert_eq!((&first["size"], &first["bodies"]), (&1.into(), &true.into()));
    service.seed(&fixture, &token);
    let mut size = 1;
    for (round, bundle) in fixture.bundles.iter().enumerate() {
        service.proven(&bundle.body, &post(&service, None, "/v1/proofs", &bundle.body));
        let run = said(&mut mirror(&service, &trust, &directory, &["--part", "5"]), 0);
        let now = run["size"].as_u64().expect("a size");
        assert_eq!(
            (&run["result"], run["new"].as_u64()),
            (&"mirrored".into(), Some(now - size))
        );
        size = now;
        let report = same(&service, &trust, &directory, &format!("{round}.export"));
        assert_eq!(
            (&report["result"], &report["proofs"]),
            (&"sound".into(), &(round + 1).into())
        );
        service.stop();
        service.start();
    }
    let nothing = said(&mut mirror(&service, &trust, &directory, &[]), 0);
    assert_eq!((&nothing["new"], &nothing["fetched"]["bytes"]), (&0.into(), &0.into()));
    // For people.
    let mut command = service.programs().command("covenant-audit");
    command.args([
        "mirror",
        &format!("http://{}", service.address()),
        path(&directory),
        "--trust",
        path(&trust),
    ]);
    command.args(["--token-file", path(&service.world().join("auditor.token"))]);
    let text = Programs::done(&mut command);
    assert!(
        text.contains("The mirror holds the whole log") && text.contains("Nothing is new."),
        "{text}"
    );
    // A bundle that is made of it is audited like it.
    let bundle = service.world().join("bundle");
    let mut command = service.programs().command("covenant-audit");
    command.args(["--json", "export", path(&directory), "--out", path(&bundle)]);
    command.args(["--trust", path(&trust), "--allow-development-keys"]);
    said(&mut command, 0);
    let mirrored = service.audit(&directory, Some(&trust), 0);
    let bundled = service.audit(&bundle, Some(&trust), 0);
    for field in ["result", "file", "log", "records", "proofs", "findings"] {
        assert_eq!(bundled[field], mirrored[field], "{field}");
    }
    // Without a token there are no bodies, and another mirror.
    let public = service.world().join("public");
    let mut command = service.programs().command("covenant-audit");
    command.args([
        "--json",
        "mirror",
        &format!("http://{}", service.address()),
        path(&public),
        "--trust",
        path(&trust),
    ]);
    assert_eq!(said(&mut command, 0)["bodies"], false);
    let export = service.export(None, "public.export");
    let fresh = verdict(service.audit(&export, Some(&trust), 1));
    assert_eq!(verdict(service.audit(&public, Some(&trust), 1)), fresh);
    assert_eq!(fresh["result"], "not fully audited");
}

#[test]
fn a_mirror_that_is_killed_goes_on_where_it_was() {
    let fixture = Fixture::load(3, 1);
    let (service, trust, directory, token) = scene(&fixture);
    service.seed(&fixture, &token);
    for bundle in &fixture.bundles {
        service.proven(&bundle.body, &post(&service, None, "/v1/proofs", &bundle.body));
    }
    // How many entries are mirrored, by the names of the parts.
    let mirrored = || {
        let parts = fs::read_dir(directory.join("log")).into_iter().flatten().flatten();
        let ends = parts.filter_map(|part| part.file_name().to_str()?.split_once('-')?.1.parse::<u64>().ok());
        ends.max().unwrap_or(0)
    };
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let (mut killed, mut held, mut whole) = (0, 0, 0);
    while killed < KILLS {
        let mut run = mirror(&service, &trust, &directory, &["--part", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        thread::sleep(Duration::from_micros(rng.gen_range(0..40_000)));
        run.kill().expect("killed");
        let ended = run.wait().expect("it ended");
        if ended.code().is_none() {
            killed += 1;
        }
        let now = mirrored();
        assert!(now >= held, "{now} entries, and {held} before");
        held = now;
        if held > 0 {
            // Whatever is there is a beginning of the log, and holds.
            let report = service.audit(&directory, Some(&trust), 0);
            assert_eq!(
                (&report["result"], &report["log"]["size"]),
                (&"sound".into(), &held.into())
            );
        }
        if ended.success() || killed % 10 == 9 {
            // Begun anew, so that it is killed early and late.
            whole += usize::from(ended.success());
            fs::remove_dir_all(&directory).expect("removed");
            held = 0;
        }
    }
    let run = said(&mut mirror(&service, &trust, &directory, &["--part", "1"]), 0);
    let total = run["size"].as_u64().expect("a size");
    assert_eq!(
        run["new"].as_u64(),
        Some(total - held),
        "what was there is not fetched again"
    );
    same(&service, &trust, &directory, "whole.export");
    eprintln!("killed {killed} times, {whole} runs ended before; {total} entries");
}

#[test]
fn a_log_that_is_set_back_and_goes_on_otherwise_is_found() {
    let fixture = Fixture::load(3, 1);
    let (mut service, trust, directory, token) = scene(&fixture);
    let client = |service: &Service| service.client(Some(&token));
    let filings: Vec<_> = fixture.filings().collect();
    let (early, late) = filings.split_at(filings.len() - 3);
    early.iter().for_each(|call| file(&client(&service), call));
    let live = service.world().join("service");
    let kept = service.world().join("kept");
    service.stop();
    copy(&live, &kept);
    service.start();
    late.iter().for_each(|call| file(&client(&service), call));
    let run = said(&mut mirror(&service, &trust, &directory, &["--part", "4"]), 0);
    let size = run["size"].clone();
    let before = verdict(service.audit(&directory, Some(&trust), 0));
    // The operator restores a copy from before.
    service.stop();
    fs::remove_dir_all(&live).expect("removed");
    copy(&kept, &live);
    service.start();
    let told = |service: &Service| {
        let run = said(&mut mirror(service, &trust, &directory, &[]), 1);
        assert_eq!(
            (&run["result"], &run["size"], &run["new"]),
            (&"wrong".into(), &size, &0.into())
        );
        let finding = &run["findings"][0];
        let evidence = Path::new(finding["evidence"].as_str().expect("evidence")).to_owned();
        assert!(evidence.join("mirrored.checkpoint").is_file() && evidence.join("shown.checkpoint").is_file());
        finding["code"].as_str().expect("a code").to_owned()
    };
    assert_eq!(told(&service), "audit-shorter");
    // It goes on, with the same filings at other times: another history.
    late.iter().for_each(|call| file(&client(&service), call));
    assert_eq!(told(&service), "audit-fork");
    for bundle in &fixture.bundles {
        service.proven(&bundle.body, &post(&service, None, "/v1/proofs", &bundle.body));
    }
    assert_eq!(told(&service), "audit-fork");
    assert_eq!(
        verdict(service.audit(&directory, Some(&trust), 0)),
        before,
        "the mirror keeps what it had"
    );
}
