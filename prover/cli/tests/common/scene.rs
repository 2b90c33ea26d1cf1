//! An enterprise with its vault, and a bank with its registry beside it.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{NOW, World, repository};
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

/// What the attestor may give.
pub const COMPILED: u8 = 1;

/// A folder with the development key alone, made once for all runs of these tests. Keys of earlier versions stay beside it.
pub fn keys() -> &'static Path {
    static KEYS: OnceLock<PathBuf> = OnceLock::new();
    KEYS.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("development-keys");
        let keys = all.to_str().expect("UTF-8");
        let made = World::new().ok(&["keys", "make", "--development", "--keys", keys]);
        let id = made["key"]["key"].as_str().expect("a key").to_owned();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("development-key").join(&id);
        std::fs::create_dir_all(&folder).expect("a folder");
        match symlink(all.join(&id), folder.join(&id)) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => panic!("{e}"),
            _ => folder,
        }
    })
}

/// An enterprise with its vault, and a bank with its registry beside it.
pub struct Scene {
    pub world: World,
    pub registry: Registry,
    pub bank: Signer,
    pub attestor: SecretKey,
    pub registry_id: String,
    pub rng: StdRng,
    pub key_id: Hex32,
}

pub fn now() -> UtcTime {
    UtcTime::parse(NOW).expect("an instant")
}

impl Scene {
    /// The screen of suppliers, and a healthy French company.
    pub fn screen() -> Self {
        Self::new(&source(SCREEN), &["--profile", "healthy"], "EUR")
    }

    /// Books imported, invitation accepted and enrolled, policy signed, attestor granted up to [`COMPILED`].
    pub fn new(policy: &str, sample: &[&str], currency: &str) -> Self {
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

    pub fn invite(&mut self) {
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
    pub fn attest(&self, assurance: u8) {
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

    pub fn ask(&mut self, as_of: &str) {
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

    pub fn prove_args<'a>(&self, out: &'a str) -> Vec<&'a str> {
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

    pub fn verify_args<'a>(&self, bundle: &'a str) -> Vec<&'a str> {
        vec!["verify", bundle, "--registry", "registry", "--allow-development-keys"]
    }
}

/// The policy with the most rules.
pub const SCREEN: &str = "policies/supplier-screen.toml";

/// A sample policy's source text.
pub fn source(path: &str) -> String {
    std::fs::read_to_string(repository(path)).expect("a policy")
}

/// The screen over figures that nobody attests.
pub fn unattested(from: &str) -> String {
    source(SCREEN)
        .replace("source = \"attested\"", &format!("source = \"{from}\""))
        .replace("attestors = \"registry\"\n", "")
        .replace("assurance_floor = \"compiled\"\n", "")
}
