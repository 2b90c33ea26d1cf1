//! Verifying keys over all programs: none of them takes a development key unasked, and none takes a key for a ceremony's because its
//! bytes say so.

use std::fs;
use std::process::Command;

use covenant_api::documents::PinnedKey;
use covenant_tests::fixture::Fixture;
use covenant_tests::keys::{self, BankFiles, bundle_for, path, post, refused, request_under, said};
use covenant_tests::programs::Programs;
use covenant_tests::service::{Service, file};

/// The same command with `--allow-development-keys`: it gets further.
fn not_for_the_key(command: &mut Command) {
    let (_, text) = said(command.arg("--allow-development-keys"));
    assert!(!text.contains("development-key]"), "{command:?}: {text}");
}

fn pinned(fixture: &Fixture, key: &[u8], development: bool) -> PinnedKey {
    PinnedKey {
        verifying_key: keys::id_of(key),
        development,
        manifest: None,
        ..fixture.house().key.document().clone()
    }
}

/// A service with the fixture's bank and applicants, one verdict under a development key, and the receipt of it in a file.
fn answered(fixture: &Fixture) -> (Service, String, std::path::PathBuf) {
    let service = Service::started(fixture.origin().as_str());
    let token = service.bank_token(&fixture.bank(), "Banque Exemple");
    service.seed(fixture, &token);
    let bundle = &fixture.bundles[0].body;
    let answer = post(&service, None, "/v1/proofs", bundle);
    service.proven(bundle, &answer);
    let receipt = service.world().join("receipt.json");
    fs::write(&receipt, &answer.body).expect("written");
    (service, token, receipt)
}

#[test]
fn no_program_takes_a_development_key_unasked() {
    let fixture = Fixture::load(1, 1);
    let (mut service, _, receipt) = answered(&fixture);
    let world = service.world().to_owned();
    let request = fixture.request(0).expect("a request");
    let key = fixture.key_bytes();
    let bank = BankFiles::write(
        &fixture,
        &world,
        &pinned(&fixture, key, true),
        key,
        std::slice::from_ref(&request),
    );
    bank.trust(fixture.bank_signer(), &service);
    let folder = keys::folder(&world.join("keys"), key, None);
    for (name, bytes) in [
        ("bundle.json", fixture.bundles[0].body.clone()),
        ("request.json", request.to_json().expect("JSON")),
        (
            "policy.json",
            fixture.house().policy.document().to_json().expect("JSON"),
        ),
        ("phrase", b"a passphrase\n".to_vec()),
    ] {
        fs::write(world.join(name), bytes).expect("written");
    }
    let export = service.export(Some(service.auditor()), "log.export");
    let trust = service.trust_file(&[fixture.key_id()], &[fixture.bank()]);
    service.stop();

    let programs = service.programs();
    let run = |program: &str, words: &[&str]| {
        let mut command = programs.command(program);
        command.current_dir(&world).args(words);
        command
    };
    Programs::done(&mut run(
        "covenant",
        &[
            "init",
            "--home",
            "vault",
            "--passphrase-file",
            "phrase",
            "--phrase-out",
            "words",
        ],
    ));
    let (registry, secret) = (path(&bank.registry), path(&bank.key));
    let office = ["--registry", registry, "--key", secret];
    let verifying = folder.join("verifying.bin");
    let decide: &[&str] = &[
        "decide",
        path(&receipt),
        "--approve",
        "--officer",
        "A. Officer",
        "--reason",
        "x",
        "--out",
        "d.json",
    ];
    let pin: &[&str] = &["registry", "pin", path(&verifying)];
    let sign = &["manifest", "sign", path(&folder), "--key", secret, "--out", "m.json"];
    // `covenant check` evaluates figures, and opens no key.
    let table: &[(&str, Vec<&str>)] = &[
        (
            "covenant",
            vec![
                "prove",
                "--request",
                "request.json",
                "--policy",
                "policy.json",
                "--keys",
                "keys",
                "--out",
                "b.json",
                "--home",
                "vault",
                "--passphrase-file",
                "phrase",
            ],
        ),
        ("covenant", vec!["verify", "bundle.json", "--registry", registry]),
        (
            "covenant-bank",
            vec!["verify", "bundle.json", "--dry-run", "--registry", registry],
        ),
        ("covenant-bank", [pin, &office].concat()),
        ("covenant-bank", [decide, &office].concat()),
        ("covenant-bank", sign.to_vec()),
        (
            "covenant-verifier",
            vec![
                "key",
                "sign",
                path(&folder),
                "--out",
                "s.json",
                "--directory",
                "service",
            ],
        ),
        (
            "covenant-verifier",
            vec!["key", "register", path(&folder), "--directory", "service"],
        ),
        ("covenant-audit", vec![path(&export), "--trust", path(&trust)]),
    ];
    for (program, words) in table {
        if *program == "covenant-audit" {
            let (exit, text) = said(&mut run(program, words));
            assert!(exit == Some(1) && text.contains("development-key"), "{exit:?} {text}");
            continue;
        }
        refused(&mut run(program, words), "development-key");
    }
    for (program, words) in table {
        not_for_the_key(&mut run(program, words));
    }
    // The manifest that was signed just now is of a development key, and says so to whoever checks it.
    let check = &["manifest", "check", "m.json", "--verifying-key", path(&verifying)];
    refused(&mut run("covenant-bank", check), "development-key");

    // A service for production, to which the bank files all that comes before the key.
    let mut production = Service::new(fixture.origin().as_str());
    production.start_in_production();
    let token = production.bank_token(&fixture.bank(), "Banque Exemple");
    let client = production.client(Some(&token));
    for call in [&fixture.participant, &fixture.grant, &fixture.policy] {
        file(&client, call);
    }
    let answer = post(&production, Some(&token), "/v1/keys", &fixture.key.body);
    assert_eq!(answer.code(), "development-key", "covenant-verifier serve");
}

#[test]
fn no_program_takes_a_keys_own_word_for_its_ceremony() {
    let fixture = Fixture::load(1, 1);
    let world = tempfile::tempdir().expect("a folder");
    let programs = Programs::built();
    let key = keys::as_of_a_ceremony(fixture.key_bytes(), [9; 64]);
    let id = keys::id_of(&key);
    let request = request_under(&fixture, 0, id, 1);
    let bank = BankFiles::write(
        &fixture,
        world.path(),
        &pinned(&fixture, &key, false),
        &key,
        std::slice::from_ref(&request),
    );
    let bundle = serde_json::to_vec(&bundle_for(&fixture, 0, &request)).expect("JSON");
    fs::write(world.path().join("bundle.json"), bundle).expect("written");
    let folder = keys::folder(&world.path().join("keys"), &key, Some(keys::ceremony([9; 64])));
    let verifying = folder.join("verifying.bin");
    let (registry, secret) = (path(&bank.registry), path(&bank.key));
    let run = |program: &str, words: &[&str]| {
        let mut command = programs.command(program);
        command.current_dir(world.path()).args(words);
        command
    };
    let pin = |more: &[&str]| {
        let words = [
            "registry",
            "pin",
            path(&verifying),
            "--registry",
            registry,
            "--key",
            secret,
        ];
        run("covenant-bank", &[&words, more].concat())
    };
    let verify = &["verify", "bundle.json", "--registry", registry];
    // Pinned, by the bank's own signature, and yet nobody signed for where it comes from.
    refused(&mut run("covenant", verify), "unlisted-key");
    refused(
        &mut run("covenant-bank", &[verify.as_slice(), &["--dry-run"]].concat()),
        "unlisted-key",
    );
    refused(&mut pin(&[]), "unlisted-key");

    // The risk department signs; a manifest of a stranger, or of another key, does not do.
    Programs::done(&mut run(
        "covenant-bank",
        &["manifest", "sign", path(&folder), "--key", secret, "--out", "m.json"],
    ));
    Programs::done(&mut run(
        "covenant-bank",
        &["key", "new", "--role", "bank", "--no-passphrase", "--out", "other.key"],
    ));
    Programs::done(&mut run(
        "covenant-bank",
        &[
            "manifest",
            "sign",
            path(&folder),
            "--key",
            "other.key",
            "--out",
            "o.json",
        ],
    ));
    let other = keys::as_of_a_ceremony(fixture.key_bytes(), [8; 64]);
    let swapped = keys::folder(&world.path().join("keys"), &other, Some(keys::ceremony([8; 64])));
    Programs::done(&mut run(
        "covenant-bank",
        &["manifest", "sign", path(&swapped), "--key", secret, "--out", "s.json"],
    ));
    refused(&mut pin(&["--manifest", "o.json"]), "wrong-signer");
    refused(&mut pin(&["--manifest", "s.json"]), "manifest-mismatch");
    let check = |words: &[&str]| run("covenant-bank", &[&["manifest", "check"], words].concat());
    refused(
        &mut check(&["s.json", "--verifying-key", path(&verifying)]),
        "manifest-mismatch",
    );
    refused(
        &mut check(&["o.json", "--signer", &fixture.bank().to_string()]),
        "wrong-signer",
    );
    let text = Programs::done(&mut check(&["m.json", "--verifying-key", path(&verifying)]));
    assert!(
        text.contains("Example Bank") && text.contains("the ceremony was not checked here"),
        "{text}"
    );
    println!("{text}");
    println!("{}", Programs::done(&mut pin(&["--manifest", "m.json"])));
    // From now on the key is opened, and the proof is looked at: it is of something else.
    refused(&mut run("covenant", verify), "proof-invalid");

    // A registry whose manifest was exchanged is not used at all.
    fs::copy(
        world.path().join("s.json"),
        bank.registry.join(format!("manifests/{id}.json")),
    )
    .expect("copied");
    refused(&mut run("covenant", verify), "registry-damaged");
    fs::copy(
        world.path().join("m.json"),
        bank.registry.join(format!("manifests/{id}.json")),
    )
    .expect("copied");
    let retire = |cause: &str| {
        let words = [
            "registry",
            "retire",
            "--cause",
            cause,
            "--reason",
            "x",
            "--registry",
            registry,
            "--key",
            secret,
        ];
        run("covenant-bank", &words)
    };
    Programs::done(&mut retire("superseded"));
    refused(&mut retire("superseded"), "key-retired");
    refused(&mut run("covenant", verify), "proof-invalid");
    Programs::done(&mut retire("compromised"));
    refused(&mut run("covenant", verify), "key-retired");
    println!(
        "{}",
        Programs::done(&mut run("covenant-bank", &["registry", "show", registry]))
    );
}
