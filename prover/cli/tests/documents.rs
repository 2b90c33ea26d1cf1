//! What comes from others is checked before it is kept, and `inspect` says what any file is.

mod common;

use common::scene::{COMPILED, SCREEN, Scene};
use common::{NOW, World, repository};

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
    std::fs::write(world.path("wrong"), b"\xe9t\xe9").unwrap();
    world.refused(
        &["accept", "invitation.json", "--code-file", "wrong", "--out", "e2.json"],
        1,
        "not-text",
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

/// No enrolment leaves a vault that does not know of it: whether saving the vault is refused, or ends the program.
#[cfg(unix)]
#[test]
fn an_enrolment_is_written_after_the_vault() {
    use std::os::unix::process::ExitStatusExt as _;

    let scene = Scene::screen();
    let world = &scene.world;
    let sizes = ["enrolment.json", "home/vault.data"].map(|file| std::fs::metadata(world.path(file)).unwrap().len());
    assert!(sizes[0] < 1024 && sizes[1] > 1024, "{sizes:?}");
    let data = std::fs::read(world.path("home/vault.data")).unwrap();
    // No file may become longer than two blocks of 512 bytes. Where the signal is not ignored, the program ends at the third.
    for (signal, ends) in [("trap '' XFSZ", false), ("true", true)] {
        let accept = "--passphrase-file passphrase accept invitation.json --code-file code --out again.json";
        let script = format!("{signal}; ulimit -c 0; ulimit -f 2; exec \"$0\" --home home --now {NOW} {accept}");
        let status = std::process::Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_covenant")])
            .current_dir(world.path(""))
            .output()
            .unwrap()
            .status;
        assert_eq!(
            (status.signal().is_some(), status.code()),
            (ends, (!ends).then_some(2)),
            "{status}"
        );
        assert_eq!(std::fs::read(world.path("home/vault.data")).unwrap(), data);
        assert!(!world.path("again.json").exists());
    }
    world.ok(&[
        "accept",
        "invitation.json",
        "--code-file",
        "code",
        "--out",
        "again.json",
    ]);
    assert_eq!(world.read("again.json"), world.read("enrolment.json"));
    assert_ne!(std::fs::read(world.path("home/vault.data")).unwrap(), data);
}

#[test]
fn a_policy_that_is_not_text_is_refused_as_such() {
    let world = World::with_vault();
    let policy = std::fs::read_to_string(repository(SCREEN))
        .unwrap()
        .replace("Supplier screen", "Crible n° 1");
    let latin: Vec<u8> = policy.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    std::fs::write(world.path("latin.toml"), latin).unwrap();
    for verb in [
        &["check", "--policy", "latin.toml"][..],
        &["policy", "show", "latin.toml"],
    ] {
        let refusal = world.refused(verb, 1, "policy-not-text");
        assert!(refusal["advice"].as_str().unwrap().contains("UTF-8"), "{refusal}");
        assert!(
            refusal["where"].as_str().unwrap().starts_with("latin.toml:"),
            "{refusal}"
        );
    }
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
