//! The whole journey on files: invitation, books, attestation, request, proof, verdict; and what is refused on the way.
//!
//! The enterprise runs the real program; bank and attestor act through the library that their program is made of.

mod common;

use common::World;
use common::scene::{COMPILED, Scene, keys, now, source, unattested};
use covenant_api::documents::{Role, SecretKey};
use covenant_proofs::keys::KeyPolicy;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

#[test]
fn books_become_a_verdict_without_figures() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let world = &scene.world;
    let best = world.ok(&["check", "--policy", "policy.json"])["policies"][0]["best"].clone();
    let proven = world.ok(&scene.prove_args("bundle.json"));
    assert_eq!(proven["tier"], best);
    let verdict = world.ok(&scene.verify_args("bundle.json"))["verdict"].clone();
    assert_eq!(verdict["tier"], best);
    assert_eq!(verdict["registry_id"], Value::String(scene.registry_id.clone()));

    // No figure of the books is in the bundle, in any spelling that the vault knows.
    let bundle = world.read("bundle.json");
    let figures = world.ok(&["figures"])["statements"][0]["figures"]["figures"].clone();
    for (name, amount) in figures.as_object().unwrap() {
        let digits = amount.as_str().unwrap().trim_start_matches('-');
        assert!(digits.len() < 6 || !bundle.contains(digits), "{name} shows");
    }
    // A claim of a tier that is not reached, and of one that does not exist.
    let claim = |tier| [&scene.prove_args("other.json")[..], &["--tier", tier]].concat();
    world.refused(&claim("AAAA"), 1, "unknown-tier");
    assert_ne!(best, "AAA");
    world.refused(&claim("AAA"), 1, "tier-not-reached");
    assert!(!world.path("other.json").exists());

    // The bank records the verdict: the same bundle is refused from then on.
    let accepted = covenant_api::verdict::verify_bundle(
        &scene.registry,
        bundle.as_bytes(),
        now(),
        KeyPolicy {
            allow_development: true,
        },
    );
    scene.registry.record(&scene.bank, accepted.unwrap()).unwrap();
    scene
        .world
        .refused(&scene.verify_args("bundle.json"), 1, "request-used");
}

#[test]
fn a_changed_bundle_is_refused() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let world = &scene.world;
    world.ok(&scene.prove_args("bundle.json"));
    let bundle = world.read("bundle.json");
    let at = bundle.find("\"proof\": \"").unwrap() + 12;
    let mut changed = bundle.clone().into_bytes();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(world.path("changed.json"), changed).unwrap();
    world.refused(&scene.verify_args("changed.json"), 1, "wrong-signature");
    world.write("tier.json", &bundle.replace("\"tier\": \"A", "\"tier\": \"B"));
    world.refused(&scene.verify_args("tier.json"), 1, "unknown-tier");
    // Without the flag a development key is refused on both sides.
    world.refused(
        &["verify", "bundle.json", "--registry", "registry"],
        1,
        "development-key",
    );
    let prove: Vec<_> = scene
        .prove_args("b.json")
        .into_iter()
        .filter(|a| *a != "--allow-development-keys")
        .collect();
    let before = world.vault();
    world.refused(&prove, 1, "development-key");
    assert_eq!(world.vault(), before);
    assert!(!world.path("b.json").exists());
}

#[test]
fn what_does_not_fit_the_request_is_refused() {
    let mut scene = Scene::screen();
    scene.ask("2026-03-31");
    let prove = scene.prove_args("bundle.json");
    scene.world.refused(&prove, 1, "not-attested");
    // Audited by somebody who may only compile.
    scene.attest(3);
    scene.world.refused(&prove, 1, "assurance-beyond-grant");
    scene.attest(COMPILED);
    // Figures too old on the day from which the request counts.
    scene.ask("2027-01-31");
    scene.world.refused(&prove, 1, "period-stale");
    scene.ask("2025-06-30");
    scene.world.refused(&prove, 1, "period-in-future");
    scene.ask("2026-03-31");
    let world = &scene.world;
    // Another policy, and one that somebody changed.
    let signed = world.read("policy.json");
    world.write("policy.json", &signed.replace("1.2", "1.1"));
    world.refused(&prove, 1, "wrong-signature");
    world.write("policy.json", &signed);
    // After the request's end.
    world.refused(
        &[&prove[..], &["--now", "2026-06-01T00:00:00Z"]].concat(),
        1,
        "request-expired",
    );
    // Before it was issued; a clock that runs a little behind the bank's is no reason.
    let early = |now: &'static str| [&prove[..], &["--tier", "AAAA", "--now", now]].concat();
    world.refused(&early("2026-03-31T09:54:59Z"), 1, "request-not-yet-issued");
    world.refused(&early("2026-03-31T09:55:00Z"), 1, "unknown-tier");
    // A request of a bank that invited somebody else.
    let stranger = World::with_vault();
    for file in ["request.json", "policy.json"] {
        stranger.write(file, &world.read(file));
    }
    stranger.refused(&prove, 1, "not-invited");
    // Another company's statement.
    let (other, other_id) = world.sample(&["--seed", "2"]);
    let other = world.ok(&["import", &other, "--registry-id", &other_id, "--currency", "EUR"]);
    let named = [&prove[..], &["--statement", other["statement"].as_str().unwrap()]].concat();
    world.refused(&named, 1, "wrong-addressee");
    // A key that is not there.
    let elsewhere: Vec<&str> = prove
        .iter()
        .map(|a| if *a == keys().to_str().unwrap() { "nowhere" } else { a })
        .collect();
    world.refused(&elsewhere, 2, "key-not-found");
    assert!(!world.path("bundle.json").exists());
    world.ok(&prove);
    world.refused(&prove, 2, "file-exists");
}

/// Other books of the same company and period, as a restatement; its id.
fn restate(scene: &Scene, sample: &[&str], number: &str) -> Value {
    let (books, _) = scene.world.sample(sample);
    let sheet = format!("sheet{number}.txt");
    let args = [
        "import",
        &books,
        "--registry-id",
        &scene.registry_id,
        "--currency",
        "EUR",
    ];
    let restated = [&args[..], &["--sheet", &sheet, "--restatement", number]].concat();
    scene.world.ok(&restated)["statement"].clone()
}

#[test]
fn newer_figures_that_are_not_used_are_named() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let first = scene.world.ok(&["figures"])["statements"][0].clone();
    let second = restate(&scene, &["--seed", "2"], "1");
    let proven = scene.world.ok(&scene.prove_args("first.json"));
    assert_eq!(proven["statements"], serde_json::json!([first["hash"]]));
    let passed = &proven["passed_over"][0];
    assert_eq!(
        (&passed["restatement"], &passed["refused"]["code"]),
        (&1.into(), &"not-attested".into())
    );
    assert_eq!(proven["passed_over"].as_array().unwrap().len(), 1);
    let said = scene.world.run(&scene.prove_args("text.json")).stdout;
    let warning = format!("! Newer figures were not used: {} (", second.as_str().unwrap());
    assert!(said.contains(&warning) && said.contains("[not-attested]"), "{said}");
    // Neither version reaches this tier, so an attestation is not what is missing.
    let claim = [&scene.prove_args("other.json")[..], &["--tier", "AAA"]].concat();
    let refusal = scene.world.refused(&claim, 1, "tier-not-reached");
    assert_eq!(refusal["where"], first["statement"]);
    // Attested, the newer one is used, and there is nothing to say.
    scene.attest(COMPILED);
    let proven = scene.world.ok(&scene.prove_args("second.json"));
    assert_ne!(proven["statements"], serde_json::json!([first["hash"]]));
    assert_eq!(proven["passed_over"], serde_json::json!([]));
    // Once more than the policy accepts.
    restate(&scene, &["--seed", "3"], "2");
    let proven = scene.world.ok(&scene.prove_args("third.json"));
    assert_eq!(proven["passed_over"][0]["refused"]["code"], "restatement-limit");
}

#[test]
fn older_figures_are_no_substitute_for_worse_ones() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let first = scene.world.ok(&["figures"])["statements"][0]["statement"].clone();
    let worse = restate(&scene, &["--seed", "2", "--profile", "stretched"], "1");
    scene.attest(COMPILED);
    let prove = scene.prove_args("bundle.json");
    let refusal = scene.world.refused(&prove, 1, "tier-not-reached");
    assert_eq!(refusal["where"], worse);
    let claim = [&prove[..], &["--tier", "A"]].concat();
    assert_eq!(scene.world.refused(&claim, 1, "tier-not-reached")["where"], worse);
    // Who means the older ones says so.
    let named = [&prove[..], &["--statement", first.as_str().unwrap()]].concat();
    scene.world.ok(&named);
}

#[test]
fn the_attestation_that_would_mend_it_is_asked_for() {
    let mut scene = Scene::new(
        &source("policies/supplier-screen.toml"),
        &["--profile", "stretched"],
        "EUR",
    );
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let better = restate(&scene, &["--seed", "2"], "1");
    let prove = scene.prove_args("bundle.json");
    for (tier, code) in [
        (None, "not-attested"),
        (Some("AA"), "not-attested"),
        (Some("AAA"), "tier-not-reached"),
    ] {
        let claim: Vec<&str> = tier.iter().flat_map(|tier| ["--tier", tier]).collect();
        let refusal = scene.world.refused(&[&prove[..], &claim].concat(), 1, code);
        let named = refusal["what"].as_str().unwrap().contains(better.as_str().unwrap());
        assert_eq!(named, code == "not-attested", "{refusal}");
    }
}

#[test]
fn an_attestor_whom_the_bank_does_not_know_does_not_count() {
    let mut scene = Scene::screen();
    let known = std::mem::replace(
        &mut scene.attestor,
        SecretKey::random(Role::Attestor, &mut StdRng::seed_from_u64(99)),
    );
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let prove = scene.prove_args("bundle.json");
    scene.world.refused(&prove, 1, "attestor-not-accepted");
    scene.attestor = known;
    scene.attest(COMPILED);
    scene.world.ok(&prove);
}

#[test]
fn two_years_prove_growth() {
    let mut scene = Scene::new(&source("policies/growth-with-prior.toml"), &["--format", "sie"], "SEK");
    scene.ask("2026-03-31");
    scene.world.refused(&scene.prove_args("bundle.json"), 1, "not-attested");
    scene.attest(COMPILED);
    let proven = scene.world.ok(&scene.prove_args("bundle.json"));
    assert_eq!(proven["statements"].as_array().unwrap().len(), 2);
    let verdict = scene.world.ok(&scene.verify_args("bundle.json"))["verdict"].clone();
    assert_eq!(verdict["tier"], proven["tier"]);
    let tags = verdict["period_tags"].as_array().unwrap();
    assert_ne!(tags[0], tags[1]);
}

#[test]
fn an_own_word_counts_where_the_policy_takes_it() {
    let mut scene = Scene::new(&unattested("self"), &[], "EUR");
    scene.ask("2026-03-31");
    let proven = scene.world.ok(&scene.prove_args("bundle.json"));
    let verdict = scene.world.ok(&scene.verify_args("bundle.json"))["verdict"].clone();
    assert_eq!(verdict["tier"], proven["tier"]);
    assert_eq!(verdict["assurance_floors"][0], 0);
}

#[test]
fn figures_from_a_book_proof_are_not_made_up() {
    let mut scene = Scene::new(&unattested("proven"), &[], "EUR");
    scene.ask("2026-03-31");
    scene
        .world
        .refused(&scene.prove_args("bundle.json"), 1, "book-proof-unsupported");
}

#[test]
fn a_restored_vault_is_the_same_applicant() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let restored = World::with_vault();
    let copied = [
        "invitation.json",
        "code",
        "request.json",
        "policy.json",
        "attested.json",
    ];
    for file in copied {
        restored.write(file, &scene.world.read(file));
    }
    let (books, id) = restored.sample(&["--profile", "healthy"]);
    restored.ok(&["import", &books, "--registry-id", &id, "--currency", "EUR"]);
    restored.ok(&["attest", "add", "attested.json"]);
    restored.ok(&[
        "accept",
        "invitation.json",
        "--code-file",
        "code",
        "--out",
        "enrolment.json",
    ]);
    assert_eq!(
        restored.read("enrolment.json"),
        scene.world.read("enrolment.json"),
        "pseudonym and per-bank key"
    );
    restored.ok(&scene.prove_args("bundle.json"));
    scene.world.write("bundle.json", &restored.read("bundle.json"));
    let first = scene.world.ok(&scene.verify_args("bundle.json"))["verdict"].clone();
    scene.world.ok(&scene.prove_args("mine.json"));
    let second = scene.world.ok(&scene.verify_args("mine.json"))["verdict"].clone();
    for field in ["nym", "period_tags", "statement_links", "tier"] {
        assert_eq!(first[field], second[field], "{field}");
    }
}
