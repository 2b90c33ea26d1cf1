//! A key of the log's registry from its first entry on: registered, asked under, proven under, superseded, found compromised; and what
//! an auditor says of it years later.

use std::fs;
use std::path::Path;
use std::process::Command;

use covenant_api::types::Hex32;
use covenant_tests::fixture::Fixture;
use covenant_tests::keys::{self, answer, filing_of, path, post, refused, request_under};
use covenant_tests::programs::Programs;
use covenant_tests::service::Service;
use serde_json::Value;

/// Registers the key in this folder with the log, for development where the flag says so.
fn register(service: &Service, folder: &Path, flags: &[&str]) -> Value {
    answer(service.operator().args(["key", "register", path(folder)]).args(flags))
}

fn retire(service: &Service, key: &Hex32, cause: &str) -> Command {
    let mut command = service.operator();
    command.args([
        "key",
        "retire",
        &key.to_string(),
        "--cause",
        cause,
        "--reason",
        "A test.",
    ]);
    command
}

#[test]
fn a_key_is_registered_asked_under_retired_and_checked_for_ever() {
    const DEVELOPMENT: &str = "--allow-development-keys";
    let fixture = Fixture::load(3, 1);
    let mut service = Service::new(fixture.origin().as_str());
    let world = service.world().to_owned();
    let (old, new) = (fixture.key_id(), keys::as_of_a_ceremony(fixture.key_bytes(), [9; 64]));
    let old_folder = keys::folder(&world.join("keys"), fixture.key_bytes(), None);
    let new_folder = keys::folder(&world.join("keys"), &new, Some(keys::ceremony([9; 64])));
    let new_id = keys::id_of(&new);
    let registered = register(
        &service,
        &old_folder,
        &[DEVELOPMENT, "--out", path(&world.join("old.json"))],
    );
    assert_eq!(registered["index"], 1, "right after the opening");
    assert_eq!(registered["manifest"]["development"], true);
    refused(
        service
            .operator()
            .args(["key", "register", path(&old_folder), DEVELOPMENT]),
        "key-registered",
    );
    refused(&mut retire(&service, &new_id, "superseded"), "unlisted-key");

    // Under the key in use: asked, proven, judged. Two more requests stay open.
    service.start();
    let token = service.bank_token(&fixture.bank(), "Banque Exemple");
    service.seed(&fixture, &token);
    let prove = |service: &Service, n: usize| post(service, None, "/v1/proofs", &fixture.bundles[n].body);
    service.proven(&fixture.bundles[0].body, &prove(&service, 0));
    let receipt = world.join("receipt.json");
    let kept = service.get("/v1/log/keys", None);
    assert_eq!(kept["keys"][0]["id"], old.to_string());
    assert_eq!(
        (&kept["keys"][0]["active_from"], &kept["keys"][0]["retired_at"]),
        (&1.into(), &Value::Null)
    );

    // Another key takes its place: no new request names the old one, and what was asked for before is answered still.
    service.stop();
    let registered = register(&service, &new_folder, &[]);
    let superseded = answer(&mut retire(&service, &old, "superseded"));
    refused(&mut retire(&service, &old, "superseded"), "key-retired");
    service.start();
    let number = fixture.next_number();
    let file = |service: &Service, key: Hex32, nonce: u8| {
        let request = request_under(&fixture, 0, key, nonce);
        let body = filing_of(&fixture, 0, &request, number).to_string();
        post(service, Some(&token), "/v1/requests", body.as_bytes())
    };
    assert_eq!(file(&service, old, 1).code(), "key-retired");
    assert_eq!(
        file(&service, new_id, 2).code(),
        "unknown-verifying-key",
        "the bank has not pinned it"
    );
    let second = prove(&service, 1);
    service.proven(&fixture.bundles[1].body, &second);
    let judged: Value = second.json();
    fs::write(&receipt, judged["receipt"].to_string()).expect("written");

    // It is found compromised: nothing under it is answered any more.
    service.stop();
    let compromised = answer(&mut retire(&service, &old, "compromised"));
    refused(&mut retire(&service, &old, "superseded"), "key-retired");
    service.start();
    assert_eq!(prove(&service, 2).code(), "key-retired");
    let kept = service.get("/v1/log/keys", None);
    let of = |id: Hex32| {
        let keys = kept["keys"].as_array().expect("keys");
        keys.iter()
            .find(|key| key["id"] == id.to_string())
            .cloned()
            .expect("the key")
    };
    assert_eq!(
        (&of(old)["retired_at"], &of(old)["cause"]),
        (&compromised["index"], &"compromised".into())
    );
    assert_eq!(
        of(new_id)["manifest"]["document"]["ceremony"]["contributions"][0]["name"],
        "Example Bank"
    );
    fs::write(world.join("new.json"), of(new_id)["manifest"].to_string()).expect("written");

    audited(
        &service,
        &fixture,
        &[&superseded["index"], &registered["index"]],
        &receipt,
    );
}

/// The auditor passes the log, reports both keys, checks the old receipt, and holds the registry to the manifests that it was given.
fn audited(service: &Service, fixture: &Fixture, indices: &[&Value; 2], receipt: &Path) {
    let export = service.export(Some(service.auditor()), "log.export");
    let world = service.world();
    let trust = |name: &str, manifests: &[&str]| {
        let mut command = service.programs().command("covenant-audit");
        let trust = service.trust();
        command
            .current_dir(world)
            .args(["trust", "--log-key", &trust.log_key.to_string()]);
        command.args([
            "--operator",
            &trust.operator.to_string(),
            "--participant",
            &fixture.bank().to_string(),
        ]);
        for manifest in manifests {
            command.args(["--manifest", manifest]);
        }
        Programs::done(command.args(["--out", name]));
        world.join(name)
    };
    let report = service.audit(&export, Some(&trust("trust.json", &["old.json", "new.json"])), 0);
    assert_eq!((&report["result"], &report["proofs"]), (&"sound".into(), &2.into()));
    let keys = report["records"]["key_registry"].as_array().expect("the registry");
    let shown: Vec<_> = keys
        .iter()
        .map(|key| {
            json_of(
                key,
                &["setup", "active_from", "retired_at", "cause", "requests", "verdicts"],
            )
        })
        .collect();
    let [superseded, registered] = indices;
    assert_eq!(
        shown,
        [
            vec![
                "development".into(),
                1.into(),
                (*superseded).clone(),
                "compromised".into(),
                3.into(),
                2.into()
            ],
            vec![
                "ceremony".into(),
                (*registered).clone(),
                Value::Null,
                Value::Null,
                0.into(),
                0.into()
            ],
        ]
    );
    assert_eq!(report["records"]["operator_acts"], 4);
    assert!(
        report["not_shown"]
            .to_string()
            .contains("2 verdicts rest on one, judged before that was known")
    );
    let mut old = service.programs().command("covenant-audit");
    old.current_dir(world)
        .args(["receipt", path(receipt), "--trust", "trust.json"]);
    assert!(Programs::done(&mut old).contains("The receipt holds."));

    // A manifest of the same key that says something else: signed again, a moment later.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let folder = world.join("keys").join(fixture.key_id().to_string());
    Programs::done(
        service
            .operator()
            .args(["key", "sign", path(&folder), "--out"])
            .args([path(&world.join("again.json")), "--allow-development-keys"]),
    );
    let report = service.audit(&export, Some(&trust("swapped.json", &["again.json"])), 1);
    assert_eq!(report["findings"][0]["code"], "audit-not-trusted");
    assert_eq!(report["findings"][0]["entry"], 1);
}

fn json_of(value: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| value[name].clone()).collect()
}
