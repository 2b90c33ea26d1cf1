//! The vault as a user meets it: made, restored, locked, damaged.

mod common;

use common::{PHRASE, World};

#[test]
fn a_fresh_vault_shows_its_phrase_once() {
    let world = World::new();
    let made = world.ok(&["init"]);
    let phrase = made["phrase"].as_str().unwrap().to_owned();
    assert_eq!(phrase.split_whitespace().count(), 24);
    let listed = world.run(&["figures"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(!listed.stdout.contains(phrase.split_whitespace().next().unwrap()));

    // Restoring elsewhere from that phrase gives the same identity.
    let other = World::new();
    other.write("phrase", &phrase);
    let restored = other.ok(&["init", "--restore", "--phrase-file", "phrase"]);
    assert_eq!(restored["eid"], made["eid"]);
    assert_eq!(restored["phrase"], serde_json::Value::Null);
}

#[test]
fn two_fresh_vaults_differ() {
    let eids = [World::new(), World::new()].map(|world| world.ok(&["init"])["eid"].clone());
    assert_ne!(eids[0], eids[1]);
}

#[test]
fn the_phrase_can_go_to_a_file_for_scripts() {
    let world = World::new();
    let made = world.ok(&["init", "--phrase-out", "phrase"]);
    assert_eq!(made["phrase"], serde_json::Value::Null);
    assert_eq!(world.read("phrase").split_whitespace().count(), 24);
    // A phrase that exists is never overwritten, and no vault is made without its phrase.
    let other = World::new();
    other.write("phrase", "mine");
    other.refused(&["init", "--phrase-out", "phrase"], 2, "file-exists");
    assert_eq!(other.read("phrase"), "mine");
    assert!(other.vault().is_empty());
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let world = World::new();
    world.refused(&["figures"], 2, "vault-missing");
    world.write("phrase", &PHRASE.replace("art", "abandon"));
    let refusal = world.refused(&["init", "--restore", "--phrase-file", "phrase"], 1, "phrase-invalid");
    assert!(!refusal.to_string().contains("abandon"), "{refusal}");
    std::fs::write(world.path("phrase"), b"\xe9t\xe9").unwrap();
    world.refused(&["init", "--restore", "--phrase-file", "phrase"], 1, "not-text");
    world.refused(&["init", "--restore"], 2, "passphrase-missing");
    world.refused(&["init", "--restore", "--phrase-file", "nowhere"], 2, "file-unreadable");
    assert!(world.vault().is_empty());

    world.write("phrase", PHRASE);
    world.ok(&["init", "--restore", "--phrase-file", "phrase"]);
    let before = world.vault();
    world.refused(&["init"], 2, "vault-exists");
    world.write("wrong", "incorrect horse\n");
    let ran = world.run_plain(&["--passphrase-file", "wrong", "figures"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("refused [wrong-passphrase]"), "{}", ran.stderr);
    let ran = world.run_plain(&["figures"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.starts_with("refused [passphrase-missing]"), "{}", ran.stderr);
    world.write("wrong", "");
    let ran = world.run_plain(&["--passphrase-file", "wrong", "figures", "--json"]);
    assert!(ran.stdout.contains("passphrase-unusable"), "{ran:?}");
    assert_eq!(world.vault(), before);
}

#[test]
fn a_damaged_vault_says_so() {
    let world = World::with_vault();
    let path = world.path("home/vault.data");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    world.refused(&["figures"], 1, "vault-damaged");
    std::fs::write(world.path("home/vault.key"), b"nonsense").unwrap();
    world.refused(&["figures"], 1, "seal-malformed");
}

#[test]
fn a_vault_that_is_being_written_is_busy() {
    let world = World::with_vault();
    let (books, id) = world.sample(&["--entries", "100"]);
    let lock = std::fs::File::open(world.path("home/vault.lock")).unwrap();
    lock.lock().unwrap();
    world.refused(
        &["import", &books, "--registry-id", &id, "--currency", "EUR"],
        2,
        "vault-busy",
    );
    lock.unlock().unwrap();
    world.ok(&["import", &books, "--registry-id", &id, "--currency", "EUR"]);
}

#[test]
fn misuse_is_told_apart_from_refusal() {
    let world = World::new();
    for args in [
        &["nonsense"][..],
        &["import"],
        &["keys", "make"],
        &["init", "--phrase-file", "phrase"],
    ] {
        assert_eq!(world.run(args).code, 2, "{args:?}");
    }
    assert_eq!(world.run_plain(&["--help"]).code, 0);
    assert_eq!(world.run_plain(&["--now", "yesterday", "refusals"]).code, 2);
}
