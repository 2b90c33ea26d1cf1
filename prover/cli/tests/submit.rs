//! `covenant submit` against a service over HTTP: the receipt is kept, and a log that is not what it was is refused.

mod common;

use common::scene::{COMPILED, Scene};
use common::service::{ORIGIN, Service};
use common::{NOW, World};
use covenant_api::registry::Registry;
use serde_json::Value;

/// A bundle for the scene's request, and a service of the scene's bank.
fn proven() -> (Scene, Service) {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    scene.world.ok(&scene.prove_args("bundle.json"));
    let registry = Registry::open(&scene.world.path("registry")).expect("a registry");
    (scene, Service::start(registry))
}

fn submit<'a>(file: &'a str, service: &'a Service, more: &[&'a str]) -> Vec<&'a str> {
    [&["submit", file, "--service", &service.address], more].concat()
}

#[test]
fn a_bundle_becomes_a_verdict_and_a_receipt() {
    let (scene, service) = proven();
    let world = &scene.world;
    // Nobody needs the vault's passphrase for it.
    let ran = world.run_plain(&submit("bundle.json", &service, &[]));
    assert_eq!(ran.code, 0, "{ran:?}");
    for said in [
        "✓ The proof holds: ",
        " reaches tier AA.",
        "evidence",
        "for the first time",
        "development key",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    assert_eq!(ran.stderr, "");
    assert_eq!(service.acts(), ["POST /v1/proofs"]);
    // Sent again, it is answered with what it was answered with, and the log is known now.
    service.with(|log| log.grow(3));
    let again = world.ok(&submit("bundle.json", &service, &["--receipt", "again.json"]));
    assert_eq!((&again["index"], &again["tier"]), (&5.into(), &"AA".into()));
    assert_eq!(
        (&again["log"]["size"], &again["log"]["trusted_by"]),
        (&9.into(), &"remembered".into())
    );
    assert_eq!(world.read("again.json"), world.read("bundle.receipt.json"));
    world.refused(&submit("bundle.json", &service, &[]), 2, "file-exists");

    // The receipt, offline.
    let shown = world.ok(&["inspect", "again.json"]);
    assert_eq!(
        (&shown["type"], &shown["checked"]),
        (&"covenant-receipt/v1".into(), &false.into())
    );
    let key = service.with(|log| log.key().to_string());
    let shown = world.ok(&["inspect", "again.json", "--log-key", &key]);
    assert_eq!(
        (&shown["checked"], &shown["index"], &shown["size"]),
        (&true.into(), &5.into(), &6.into())
    );
    let ran = world.run(&["inspect", "again.json", "--log-key", &key]);
    let said = format!("✓ The receipt holds: the log {ORIGIN} signed a tree of 6 entries");
    assert!(
        ran.stdout.contains(&said) && ran.stdout.contains("reached tier AA"),
        "{ran:?}"
    );
    let other = service.with(|log| {
        log.seed = 6;
        log.key().to_string()
    });
    world.refused(&["inspect", "again.json", "--log-key", &other], 1, "note-unsigned");
    let changed = world
        .read("again.json")
        .replace("\"proof\": [\n    \"", "\"proof\": [\n    \"AAAA");
    world.write("changed.json", &changed);
    world.refused(&["inspect", "changed.json"], 1, "receipt-malformed");
    assert_eq!(world.ok(&["inspect", "home/logs.json"])["checked"], true);
}

#[test]
fn an_enrolment_is_submitted_too() {
    let (scene, service) = proven();
    let key = service.with(|log| log.key().to_string());
    let sent = scene
        .world
        .ok(&submit("enrolment.json", &service, &["--log-key", &key]));
    assert_eq!((&sent["sent"], &sent["index"]), (&"enrolment".into(), &5.into()));
    assert_eq!(sent["log"]["trusted_by"], "pinned");
    assert_eq!(service.acts(), ["POST /v1/enrolments"]);
    let shown = scene
        .world
        .ok(&["inspect", "enrolment.receipt.json", "--log-key", &key]);
    assert_eq!((&shown["kind"], &shown["time"]), (&"enrolment".into(), &NOW.into()));
}

#[test]
fn what_is_neither_bundle_nor_enrolment_is_not_sent() {
    let (scene, service) = proven();
    let world = &scene.world;
    world.refused(&submit("request.json", &service, &[]), 1, "wrong-document-type");
    world.refused(&submit("code", &service, &[]), 1, "malformed-document");
    world.write(
        "tier.json",
        &world
            .read("bundle.json")
            .replace("\"tier\": \"AA\"", "\"tier\": \"AAA\""),
    );
    world.refused(&submit("tier.json", &service, &[]), 1, "wrong-signature");
    world.refused(&submit("nothing.json", &service, &[]), 2, "file-unreadable");
    let elsewhere = ["submit", "bundle.json", "--service", "http://covenant.example.org"];
    world.refused(&elsewhere, 2, "insecure-url");
    let nowhere = ["submit", "bundle.json", "--service", "http://127.0.0.1:1"];
    world.refused(&nowhere, 2, "service-unreachable");
    assert_eq!(service.acts(), Vec::<String>::new());
    assert_eq!(left_behind(world), Vec::<String>::new());
}

/// Receipts, and what was set aside for one.
fn left_behind(world: &World) -> Vec<String> {
    let names = std::fs::read_dir(world.path("")).expect("a directory");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    names
        .filter(|name| name.contains("receipt") || name.starts_with('.'))
        .collect()
}

#[test]
fn a_refused_proof_comes_with_a_signed_refusal() {
    let (mut scene, service) = proven();
    let bundle = scene.world.read("bundle.json");
    let verdict = covenant_api::verdict::verify_bundle(
        &scene.registry,
        bundle.as_bytes(),
        common::scene::now(),
        covenant_proofs::keys::KeyPolicy {
            allow_development: true,
        },
    );
    scene.registry.record(&scene.bank, verdict.unwrap()).unwrap();
    service.with(|log| log.registry = Registry::open(&scene.world.path("registry")).unwrap());
    let refusal = scene
        .world
        .refused(&submit("bundle.json", &service, &[]), 1, "request-used");
    assert!(
        refusal["advice"]
            .as_str()
            .unwrap()
            .ends_with("signed refusal is in bundle.refused.json."),
        "{refusal}"
    );
    let shown = scene.world.ok(&["inspect", "bundle.refused.json"]);
    assert_eq!(
        (&shown["type"], &shown["document"]["code"]),
        (&"refused".into(), &"request-used".into())
    );
    assert_eq!(left_behind(&scene.world), Vec::<String>::new());
}

#[test]
fn another_log_gets_nothing() {
    let (scene, service) = proven();
    let world = &scene.world;
    service.with(|log| log.origin = "example.com/other".to_owned());
    world.refused(&submit("bundle.json", &service, &[]), 1, "request-of-another-log");
    assert_eq!(service.acts(), Vec::<String>::new());
    // Nothing is remembered of a log that nothing was sent to.
    assert!(!world.path("home/logs.json").exists());
    // A service that does not know the request.
    let empty = World::new();
    let registry = Registry::create(
        &empty.path("registry"),
        covenant_api::types::Name::parse("Another").unwrap(),
        &covenant_api::sign::Signer::from_seed(&[7; 32]),
        common::scene::now(),
    );
    let other = Service::start(registry.unwrap());
    world.refused(&submit("bundle.json", &other, &[]), 1, "unknown-request");
    world.refused(&submit("enrolment.json", &other, &[]), 1, "unknown-invitation");
    assert_eq!(other.acts(), Vec::<String>::new());
    assert_eq!(left_behind(world), Vec::<String>::new());
}

#[test]
fn a_log_whose_key_changes_is_refused() {
    let (scene, service) = proven();
    let world = &scene.world;
    let right = service.with(|log| log.key().to_string());
    service.with(|log| log.seed = 6);
    let wrong = service.with(|log| log.key().to_string());
    // By the key that was given.
    let pinned = |key| submit("bundle.json", &service, &["--log-key", key]);
    let refusal = world.refused(&pinned(&right), 1, "log-key-changed");
    assert_eq!(refusal["expected"], Value::String(right.clone()));
    assert!(!world.path("home/logs.json").exists());
    // By the key that was shown first, under the same address or under another.
    service.with(|log| log.seed = 5);
    world.ok(&submit("enrolment.json", &service, &[]));
    service.acts();
    service.with(|log| log.seed = 6);
    world.refused(&submit("bundle.json", &service, &[]), 1, "log-key-changed");
    let elsewhere = Service::start(Registry::open(&world.path("registry")).unwrap());
    elsewhere.with(|log| log.seed = 6);
    world.refused(&submit("bundle.json", &elsewhere, &[]), 1, "log-key-changed");
    // The operator's.
    service.with(|log| log.seed = 5);
    let operator = |seed| service.with(|log| log.operator = covenant_api::sign::Signer::from_seed(&[seed; 32]));
    operator(4);
    world.refused(&submit("bundle.json", &service, &[]), 1, "log-key-changed");
    operator(3);
    assert_eq!(service.acts(), Vec::<String>::new());
    // Who is told the new key from elsewhere says so, and it counts from then on.
    service.with(|log| {
        log.truncate(0);
        log.seed = 6;
        log.grow(2);
    });
    world.ok(&pinned(&wrong));
    world.ok(&submit("bundle.json", &service, &["--receipt", "again.receipt.json"]));
    let malformed = world.run(&pinned("key"));
    assert_eq!(malformed.code, 2, "{malformed:?}");
}

#[test]
fn a_log_that_goes_back_or_forks_is_refused() {
    let (scene, service) = proven();
    let world = &scene.world;
    world.ok(&submit("enrolment.json", &service, &[]));
    assert_eq!(service.with(|log| log.size()), 6);
    service.acts();
    let bundle = || submit("bundle.json", &service, &[]);
    service.with(|log| log.truncate(4));
    let refusal = world.refused(&bundle(), 1, "log-rewound");
    assert_eq!(refusal["what"], "the log shows 4 entries");
    service.with(|log| log.grow(2));
    world.refused(&bundle(), 1, "log-rewound");
    service.with(|log| log.grow(3));
    let refusal = world.refused(&bundle(), 1, "log-rewound");
    assert!(
        refusal["what"]
            .as_str()
            .unwrap()
            .starts_with("its 9 entries do not continue those"),
        "{refusal}"
    );
    assert_eq!(service.acts(), Vec::<String>::new());
    assert_eq!(left_behind(world), ["enrolment.receipt.json"]);
    // What is remembered is checked as it is read.
    let known = world.read("home/logs.json");
    world.write("home/logs.json", &known.replace("\\n6\\n", "\\n5\\n"));
    world.refused(&bundle(), 1, "note-signature-invalid");
    world.write("home/logs.json", "{");
    world.refused(&bundle(), 1, "malformed-document");
}

#[test]
fn a_fork_behind_the_receipt_is_noticed_and_the_receipt_kept() {
    let (scene, service) = proven();
    let world = &scene.world;
    world.ok(&submit("enrolment.json", &service, &["--receipt", "first.json"]));
    // Remembered without this: the log that is shown before sending is another than the one that signed the receipt.
    std::fs::remove_file(world.path("home/logs.json")).unwrap();
    service.with(|log| {
        log.rewrite();
        log.grow(1);
    });
    let refusal = world.refused(
        &submit("enrolment.json", &service, &["--receipt", "second.json"]),
        1,
        "log-rewound",
    );
    assert!(
        refusal["advice"]
            .as_str()
            .unwrap()
            .ends_with("The receipt is in second.json."),
        "{refusal}"
    );
    assert_eq!(world.read("first.json"), world.read("second.json"));
}
