//! What comes from others is checked before it is kept, and `inspect` says what any file is.

mod common;

use common::repository;
use common::scene::{COMPILED, SCREEN, Scene};

#[test]
fn attestations_and_invitations_are_checked() {
    let scene = Scene::screen();
    scene.attest(COMPILED);
    let world = &scene.world;
    let before = world.vault();
    let attested = world.read("attested.json");
    let at = attested.find("\"signature\": \"").unwrap() + 80;
    let mut changed = attested.clone().into_bytes();
    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
    std::fs::write(world.path("changed.json"), changed).unwrap();
    world.refused(&["attest", "add", "changed.json"], 1, "wrong-signature");
    world.write("raised.json", &attested.replace("\"assurance\": 1", "\"assurance\": 3"));
    world.refused(&["attest", "add", "raised.json"], 1, "attestation-of-another-statement");
    world.refused(&["attest", "add", "enrolment.json"], 1, "wrong-document-type");
    world.refused(
        &["accept", "invitation.json", "--out", "e2.json"],
        2,
        "passphrase-missing",
    );
    world.write("wrong", "not a code");
    world.refused(
        &["accept", "invitation.json", "--code-file", "wrong", "--out", "e2.json"],
        1,
        "wrong-code",
    );
    let key = "00".repeat(32);
    let accept = [
        "accept",
        "invitation.json",
        "--code-file",
        "code",
        "--bank-key",
        &key,
        "--out",
        "e2.json",
    ];
    world.refused(&accept, 1, "wrong-bank-key");
    let invitation = world.read("invitation.json");
    world.write(
        "forged.json",
        &invitation.replace(&scene.registry_id, "FR-SIREN:000000001"),
    );
    world.refused(
        &["accept", "forged.json", "--code-file", "code", "--out", "e2.json"],
        1,
        "wrong-signature",
    );
    assert_eq!(world.vault(), before);
}

#[test]
fn inspect_says_what_a_file_is() {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    let world = &scene.world;
    world.ok(&["attest", "request", "--out", "please.json"]);
    for (file, kind) in [
        ("invitation.json", "invitation"),
        ("enrolment.json", "enrolment"),
        ("request.json", "request"),
        ("policy.json", "policy"),
        ("please.json", "attestation-request"),
        ("attested.json", "attestation"),
        ("home/vault.key", "sealed"),
        ("home/vault.data", "vault"),
        ("registry/bank.json", "bank"),
    ] {
        assert_eq!(world.ok(&["inspect", file])["type"], kind, "{file}");
    }
    let source = repository(SCREEN);
    assert_eq!(
        world.ok(&["inspect", source.to_str().unwrap()])["type"],
        "policy-source"
    );
    let changed = world
        .read("request.json")
        .replace("\"as_of\": \"2026-03-31\"", "\"as_of\": \"2026-03-30\"");
    world.write("changed.json", &changed);
    world.refused(&["inspect", "changed.json"], 1, "wrong-signature");
    for (text, name) in [
        ("{\"type\": \"letter\"}", "a"),
        ("{", "b"),
        ("just words", "c"),
        ("[1]", "d"),
        ("{}", "e"),
    ] {
        world.write(name, text);
        world.refused(&["inspect", name], 1, "unknown-file");
    }
    world.refused(&["inspect", "nowhere"], 2, "file-unreadable");
}
