//! The whole journey on files: invitation, books, attestation, request, proof, verdict; and what is refused on the way.
//!
//! The enterprise runs the real program; bank and attestor act through the library that their program is made of.

mod common;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use common::{NOW, World, repository};
use covenant_api::attest::CheckedStatement;
use covenant_api::document;
use covenant_api::documents::{AttestationRequest, Enrolment, Role, SecretKey};
use covenant_api::registry::{Registry, RequestTerms};
use covenant_api::sign::Signer;
use covenant_api::types::{Hex32, IsoDate, LogOrigin, Name, UtcTime};
use covenant_policy::statement::Assurance;
use covenant_proofs::keys::KeyPolicy;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

const COMPILED: u8 = 1;

/// The development keys, made once for all runs of these tests.
fn keys() -> &'static Path {
    static KEYS: OnceLock<PathBuf> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("development-keys");
        let world = World::new();
        world.ok(&[
            "keys",
            "make",
            "--development",
            "--keys",
            folder.to_str().expect("UTF-8"),
        ]);
        folder
    })
}

/// An enterprise with its vault, and a bank with its registry beside it.
struct Scene {
    world: World,
    registry: Registry,
    bank: Signer,
    attestor: SecretKey,
    registry_id: String,
    rng: StdRng,
    key_id: Hex32,
}

fn now() -> UtcTime {
    UtcTime::parse(NOW).expect("an instant")
}

impl Scene {
    /// The screen of suppliers, and a healthy French company.
    fn screen() -> Self {
        Self::new(&source(SCREEN), &["--profile", "healthy"], "EUR")
    }

    /// Books imported, invitation accepted and enrolled, policy signed, attestor granted up to [`COMPILED`].
    fn new(policy: &str, sample: &[&str], currency: &str) -> Self {
        let world = World::with_vault();
        let (books, registry_id) = world.sample(sample);
        world.ok(&[
            "import",
            &books,
            "--registry-id",
            &registry_id,
            "--currency",
            currency,
            "--sheet",
            "sheet.txt",
        ]);
        let mut rng = StdRng::seed_from_u64(5);
        let bank = Signer::from_seed(&[1; 32]);
        let attestor = SecretKey::random(Role::Attestor, &mut rng);
        let name = |text: &str| Name::parse(text).expect("a name");
        let mut registry =
            Registry::create(&world.path("registry"), name("Banque Exemple"), &bank, now()).expect("a registry");
        registry
            .grant(&bank, attestor.public(), name("Cabinet Exemple"), COMPILED, now())
            .expect("granted");
        let signed = registry
            .sign_policy(&bank, policy)
            .expect("signed")
            .document()
            .to_json()
            .expect("JSON");
        std::fs::write(world.path("policy.json"), signed).expect("written");
        let listed = world.ok(&["keys", "list", "--keys", keys().to_str().expect("UTF-8")]);
        let id = listed["keys"][0]["key"].as_str().expect("a key").to_owned();
        let verifying = std::fs::read(keys().join(&id).join("verifying.bin")).expect("a verifying key");
        registry
            .pin_key(
                &bank,
                &verifying,
                KeyPolicy {
                    allow_development: true,
                },
                now(),
            )
            .expect("pinned");
        let key_id = Hex32::parse(&id).expect("an id");
        let mut scene = Self {
            world,
            registry,
            bank,
            attestor,
            registry_id,
            rng,
            key_id,
        };
        scene.invite();
        scene
    }

    fn invite(&mut self) {
        let id = covenant_api::types::RegistryId::parse(&self.registry_id).expect("an id");
        let (invitation, code) = self
            .registry
            .invite(&self.bank, id, 30, now(), &mut self.rng)
            .expect("invited");
        std::fs::write(self.world.path("invitation.json"), invitation.to_json().expect("JSON")).expect("written");
        self.world.write("code", &code.reveal());
        self.world.ok(&[
            "accept",
            "invitation.json",
            "--code-file",
            "code",
            "--out",
            "enrolment.json",
        ]);
        let enrolment: Enrolment = document::from_json(self.world.read("enrolment.json").as_bytes()).expect("JSON");
        self.registry.enrol(&self.bank, &enrolment, now()).expect("enrolled");
    }

    /// Every statement is attested at this level.
    fn attest(&self, assurance: u8) {
        let held = self.world.ok(&["figures"])["statements"].clone();
        for held in held.as_array().expect("statements") {
            self.world.ok(&[
                "attest",
                "request",
                held["statement"].as_str().expect("an id"),
                "--out",
                "please.json",
            ]);
            let request: AttestationRequest =
                document::from_json(self.world.read("please.json").as_bytes()).expect("JSON");
            std::fs::remove_file(self.world.path("please.json")).expect("removed");
            assert!(request.review_sheet.is_some());
            let key = self.attestor.attestor().expect("an attestor's key");
            let attestation = CheckedStatement::new(&request)
                .expect("sound")
                .attest(&key, Assurance(assurance));
            let json = document::to_json(&attestation).expect("JSON");
            std::fs::write(self.world.path("attested.json"), json).expect("written");
            self.world.ok(&["attest", "add", "attested.json"]);
        }
    }

    fn ask(&mut self, as_of: &str) {
        let terms = RequestTerms {
            policy: self.registry.policies().next().expect("a policy").id(),
            invitation: self.registry.invitations().next().expect("an invitation").id(),
            verifying_key: self.key_id,
            log_origin: LogOrigin::parse("offline").expect("an origin"),
            as_of: IsoDate::parse(as_of).expect("a date"),
            valid_days: 14,
        };
        let request = self
            .registry
            .ask(&self.bank, &terms, now(), &mut self.rng)
            .expect("asked");
        std::fs::write(self.world.path("request.json"), request.to_json().expect("JSON")).expect("written");
    }

    fn prove_args<'a>(&self, out: &'a str) -> Vec<&'a str> {
        let keys = keys().to_str().expect("UTF-8");
        let mut args = vec![
            "prove",
            "--request",
            "request.json",
            "--policy",
            "policy.json",
            "--out",
            out,
        ];
        args.extend(["--keys", keys, "--allow-development-keys"]);
        args
    }

    fn verify_args<'a>(&self, bundle: &'a str) -> Vec<&'a str> {
        vec!["verify", bundle, "--registry", "registry", "--allow-development-keys"]
    }
}

const SCREEN: &str = "policies/supplier-screen.toml";

/// A sample policy's source text.
fn source(path: &str) -> String {
    std::fs::read_to_string(repository(path)).expect("a policy")
}

/// The screen over figures that nobody attests.
fn unattested(from: &str) -> String {
    source(SCREEN)
        .replace("source = \"attested\"", &format!("source = \"{from}\""))
        .replace("attestors = \"registry\"\n", "")
        .replace("assurance_floor = \"compiled\"\n", "")
}

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
