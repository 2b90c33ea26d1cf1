//! A bank with its registry, an attestor, and enterprises that prove.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use covenant_api::asked::{Answer, Asked};
use covenant_api::attest::{CheckedStatement, check_attestation};
use covenant_api::documents::*;
use covenant_api::registry::{Registry, RequestTerms};
use covenant_api::sign::{Signer, Verified};
use covenant_api::types::*;
use covenant_gadgets::circuit::Field;
use covenant_gadgets::eddsa;
use covenant_gadgets::field::field_from_u64;
use covenant_policy::schema::Schema;
use covenant_policy::statement::{Assurance, Basis, Coverage, Currency, Figures, Period, Statement};
use covenant_proofs::keys::{KeyPolicy, KeyStore, ProvingKey, development};
use covenant_proofs::prove::prove;
use covenant_proofs::shape::matrices_of;
use covenant_statements::commitments::*;
use covenant_statements::compliance::{self, Compliance, StatementWitness, Witness};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;

pub const DEVELOPMENT: KeyPolicy = KeyPolicy {
    allow_development: true,
};
pub const NOW: &str = "2026-03-31T10:00:00Z";
pub const GRANT: u8 = 3;

pub fn time(text: &str) -> UtcTime {
    UtcTime::parse(text).unwrap()
}

pub fn company(number: u64) -> RegistryId {
    RegistryId::parse(&format!("FR-SIREN:{number:09}")).unwrap()
}

pub fn attestor_key() -> eddsa::SecretKey {
    eddsa::SecretKey::from_seed(&[2; 32])
}

pub fn attestor_id() -> Hex32 {
    Hex32(attestor_key().public().packed())
}

/// The development key, made once and kept in the target directory. A key of another shape of the circuit is not used.
pub fn proving_key() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("covenant-keys");
        fs::create_dir_all(&folder).unwrap();
        // Several test processes may come here at once; one makes the key, the others wait for it.
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let store = KeyStore::new(folder.join("store"));
        let shape = Hex32(matrices_of::<Compliance>().unwrap().0.hash()).to_string();
        let held = store
            .list_of::<Compliance>()
            .unwrap()
            .into_iter()
            .find(|m| m.matrices_sha256 == shape);
        match held.and_then(|m| m.key_id()) {
            Some(id) => store.proving::<Compliance>(id, DEVELOPMENT).unwrap(),
            None => {
                let key = development::<Compliance>("covenant-api tests").unwrap();
                store.save(&key).unwrap();
                key
            }
        }
    })
}

/// A development key's bytes with another origin written into them: they say that the key comes from a ceremony of this transcript,
/// which is a lie that anybody can tell. Magic (8 bytes), origin (1), the seed's length (2) and the seed; then the rest.
pub fn as_of_a_ceremony(key: &[u8], transcript: [u8; 64]) -> Vec<u8> {
    let seed = usize::from(u16::from_le_bytes([key[9], key[10]]));
    [&key[..8], &[2], &transcript, &key[11 + seed..]].concat()
}

/// Where the verifying key lies as a file.
pub fn verifying_key_file(directory: &Path) -> PathBuf {
    let path = directory.join("verifying.bin");
    fs::write(&path, proving_key().verifying().to_bytes()).unwrap();
    path
}

/// A bank with an attestor granted and a key pinned.
pub struct House {
    pub directory: TempDir,
    pub signer: Signer,
    pub registry: Registry,
    pub rng: ChaCha20Rng,
    pub key: Hex32,
}

impl House {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let signer = Signer::from_seed(&[1; 32]);
        let name = Name::parse("Banque Exemple").unwrap();
        let mut registry = Registry::create(directory.path(), name, &signer, time(NOW)).unwrap();
        let name = Name::parse("Cabinet Exact").unwrap();
        registry.grant(&signer, attestor_id(), name, GRANT, time(NOW)).unwrap();
        let bytes = proving_key().verifying().to_bytes();
        let key = registry
            .pin_key(&signer, &bytes, DEVELOPMENT, time(NOW))
            .unwrap()
            .verifying_key;
        Self {
            directory,
            signer,
            registry,
            rng: ChaCha20Rng::from_seed([9; 32]),
            key,
        }
    }

    /// The registry as it lies on disk.
    pub fn reopened(&self) -> Registry {
        Registry::open(self.directory.path()).unwrap()
    }

    pub fn policy(&mut self, source: &str) -> Hex32 {
        self.registry.sign_policy(&self.signer, source).unwrap().id()
    }

    /// Invites and enrols an enterprise.
    pub fn customer(&mut self, number: u64) -> Enterprise {
        let (invitation, code) = self
            .registry
            .invite(&self.signer, company(number), 30, time(NOW), &mut self.rng)
            .unwrap();
        let enterprise = Enterprise::new(number, invitation);
        let enrolment = enterprise.enrolment(&code);
        self.registry.enrol(&self.signer, &enrolment, time(NOW)).unwrap();
        enterprise
    }

    pub fn terms(&self, policy: Hex32, invitation: Hex32) -> RequestTerms {
        RequestTerms {
            policy,
            invitation,
            verifying_key: self.key,
            log_origin: LogOrigin::parse("offline").unwrap(),
            as_of: IsoDate::parse("2026-03-31").unwrap(),
            valid_days: 14,
        }
    }

    pub fn ask(&mut self, policy: Hex32, enterprise: &Enterprise) -> Verified<Request> {
        let terms = self.terms(policy, enterprise.invitation.id());
        self.registry
            .ask(&self.signer, &terms, time(NOW), &mut self.rng)
            .unwrap()
    }
}

/// An enterprise with its secret, and the invitation that it redeemed.
pub struct Enterprise {
    pub sk: Field,
    pub registry_id: RegistryId,
    pub invitation: Verified<Invitation>,
    pub signer: Signer,
}

impl Enterprise {
    pub fn new(number: u64, invitation: Verified<Invitation>) -> Self {
        let seed = [number as u8; 32];
        Self {
            sk: field_from_u64(1_000 + number),
            registry_id: company(number),
            invitation,
            signer: Signer::from_seed(&seed),
        }
    }

    pub fn enrolment(&self, code: &Code) -> Enrolment {
        let nym = nym(self.sk, bank_field(&self.invitation.bank.0));
        Enrolment::redeem(self.invitation.id(), FieldElement(nym), self.signer.public(), code).unwrap()
    }

    pub fn attestation_request(&self, statement: &Statement) -> AttestationRequest {
        let salt = field_from_u64(77);
        let opening = StatementOpening {
            statement: Statement {
                assurance: Assurance(0),
                ..statement.clone()
            },
            eid: eid(self.sk),
            entity: entity(self.registry_id.as_str()).unwrap(),
            salt,
        };
        AttestationRequest {
            registry_id: self.registry_id.clone(),
            eid: FieldElement(opening.eid),
            statement: StatedFigures::from_statement(statement).unwrap(),
            salt: FieldElement(salt),
            statement_hash: FieldElement(opening.hash(Schema::named(statement.schema).unwrap())),
            review_sheet: None,
        }
    }

    /// Has the statement attested and proves it: the unsigned bundle.
    pub fn prove(&self, bank: &Registry, request: &Verified<Request>, statement: &Statement, tier: &str) -> Bundle {
        let policy = bank.policy(&request.policy).unwrap();
        let asked = Asked::new(policy, &self.invitation, request, self.signer.public()).unwrap();
        let (answer, witness) = self.witness(&asked, statement, tier);
        let public = asked.public(&answer).unwrap();
        let mut rng = ChaCha20Rng::from_seed([8; 32]);
        let proof = prove::<Compliance>(proving_key(), &public, &witness, &mut rng).unwrap();
        Bundle {
            request: request.id(),
            policy: request.policy,
            verifying_key: request.verifying_key,
            tier: answer.tier,
            nym: request.nym,
            period_tags: answer.period_tags,
            statement_links: answer.statement_links,
            proven_links: answer.proven_links,
            further: Vec::new(),
            proof: Base64(proof.to_bytes()),
        }
    }

    fn witness(&self, asked: &Asked<'_>, statement: &Statement, tier: &str) -> (Answer, Witness) {
        let request = self.attestation_request(statement);
        let attestation = CheckedStatement::new(&request)
            .unwrap()
            .attest(&attestor_key(), statement.assurance);
        let (key, signature) = check_attestation(&attestation).unwrap();
        let (sk, scope, zero) = (self.sk, asked.scope(), FieldElement::default());
        let tag = period_tag(
            sk,
            scope,
            schema_family_field(Schema::named(statement.schema).unwrap()),
            statement.period,
        );
        let link = statement_link(sk, scope, figures_root(&statement.figures), statement.period);
        let answer = Answer {
            tier: TierName::parse(tier).unwrap(),
            period_tags: [FieldElement(tag), zero],
            statement_links: [FieldElement(link), zero],
            proven_links: [zero; 2],
            further: Vec::new(),
        };
        let first = StatementWitness {
            statement: statement.clone(),
            salt: request.salt.0,
            attestation: Some(compliance::Attestation {
                key,
                grant: GRANT,
                signature,
            }),
            link_blinding: zero.0,
        };
        let entity = entity(self.registry_id.as_str()).unwrap();
        let subject_blinding = self.invitation.blinding.0;
        (
            answer,
            Witness {
                sk,
                entity,
                subject_blinding,
                statements: [Some(first), None],
            },
        )
    }

    pub fn sign(&self, bundle: Bundle) -> Vec<u8> {
        self.signer.sign(bundle).unwrap().to_json().unwrap()
    }
}

/// The year 2025 of a company with a current ratio of `current_assets` to 100.
pub fn statement(current_assets: i64) -> Statement {
    let mut figures = [0; 32];
    // current_assets, non_current_assets, total_assets; current_liabilities, total_liabilities; equity
    for (j, value) in [
        (0, current_assets),
        (1, 200),
        (5, current_assets + 200),
        (6, 100),
        (8, 100),
        (20, current_assets + 100),
    ] {
        figures[j] = value;
    }
    let day = |text: &str| text.parse().unwrap();
    Statement {
        schema: "enterprise-financials/v1",
        period: Period::new(day("2025-01-01"), day("2025-12-31")).unwrap(),
        basis: Basis::Solo,
        currency: Currency::from_code("EUR").unwrap(),
        restatement: 0,
        assurance: Assurance(2),
        coverage: Coverage(1 << 26 | 1 << 20 | 0b1_1110_0011),
        figures: Figures(figures),
    }
}

/// Two tiers by the current ratio: A from 1.2, B from 0.1.
pub const POLICY: &str = include_str!("policy.toml");

/// The policy with a change in its text.
pub fn policy_with(from: &str, to: &str) -> String {
    assert!(POLICY.contains(from), "{from}");
    POLICY.replace(from, to)
}

/// A policy that tolerates one restatement.
pub fn tolerant_policy() -> String {
    policy_with("restatement_max = 0", "restatement_max = 1")
}

/// A policy that takes its figures from a book proof.
pub fn proven_policy() -> String {
    let source = policy_with("source = \"attested\"", "source = \"proven\"");
    source
        .replace("attestors = \"registry\"\n", "")
        .replace("assurance_floor = \"reviewed\"\n", "")
}
