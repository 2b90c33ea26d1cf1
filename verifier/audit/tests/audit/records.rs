//! A log of real records: an operator, a bank, attested enterprises and their proofs, written by the rules that the
//! service runs.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use covenant_api::asked::{Answer, Asked};
use covenant_api::attest::{CheckedStatement, check_attestation};
use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::document::Document;
use covenant_api::documents::*;
use covenant_api::log::{Filed, FiledKey, Memory, Plan, Record, Shelf, View, plan};
use covenant_api::sign::{Signed, Signer, Verified};
use covenant_api::types::*;
use covenant_api::verdict::judge;
use covenant_gadgets::circuit::Field;
use covenant_gadgets::eddsa;
use covenant_gadgets::field::field_from_u64;
use covenant_ledger::{Config, Draft, Kind, Ledger, Limits, StreamId, Witnessing};
use covenant_policy::schema::Schema;
use covenant_policy::statement::{Assurance, Basis, Coverage, Currency, Figures, Period, Statement};
use covenant_proofs::keys::{KeyPolicy, KeyStore, ProvingKey, development};
use covenant_proofs::prove::prove;
use covenant_proofs::shape::matrices_of;
use covenant_proofs::statement::Statement as _;
use covenant_statements::commitments::*;
use covenant_statements::compliance::{self, Compliance, StatementWitness, Witness};
use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use crate::world::witnesses;

pub const NOW: &str = "2026-03-31T10:00:00Z";
pub const ORIGIN: &str = "example.com/covenant";
const GRANT: u8 = 3;
const POLICY: &str = include_str!("policy.toml");

pub fn now() -> UtcTime {
    UtcTime::parse(NOW).unwrap()
}

/// The development key, made once and kept in the target directory.
fn proving_key() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let policy = KeyPolicy {
            allow_development: true,
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("covenant-keys");
        fs::create_dir_all(&folder).unwrap();
        // Several test processes may come here at once; one makes the key, the others wait for it.
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let store = KeyStore::new(folder.join("store"));
        let shape = Hex32(matrices_of::<Compliance>().unwrap().0.hash()).to_string();
        let kept = store
            .list_of::<Compliance>()
            .unwrap()
            .into_iter()
            .find(|m| m.matrices_sha256 == shape);
        match kept.and_then(|m| m.key_id()) {
            Some(id) => store.proving::<Compliance>(id, policy).unwrap(),
            None => {
                let key = development::<Compliance>("covenant-audit tests").unwrap();
                store.save(&key).unwrap();
                key
            }
        }
    })
}

pub fn key_id() -> Hex32 {
    Hex32(proving_key().verifying().id().0)
}

/// The verifying key's bytes.
pub fn key_bytes() -> Vec<u8> {
    proving_key().verifying().to_bytes()
}

fn attestor_key() -> eddsa::SecretKey {
    eddsa::SecretKey::from_seed(&[2; 32])
}

/// An enterprise that was invited and enrolled.
pub struct Enterprise {
    sk: Field,
    pub invitation: Verified<Invitation>,
    pub stream: Hex32,
    signer: Signer,
    enrolled: Enrolled,
}

/// A log, and those who write to it.
pub struct House {
    pub ledger: Ledger,
    pub memory: Memory,
    pub operator: Signer,
    pub bank: Signer,
    pub stream: Hex32,
    pub number: u64,
    pub policy: Hex32,
    shelf: Shelf,
    rng: ChaCha20Rng,
    _directory: tempfile::TempDir,
}

impl House {
    /// A log that is opened, and nothing else.
    pub fn empty() -> Self {
        Self::empty_under(None)
    }

    /// A log with a bank, whose checkpoints two witnesses cosign.
    pub fn witnessed() -> Self {
        let mut house = Self::empty_under(Some(witnesses::witnessing()));
        house.open(&house.ledger.key().to_string());
        house.join();
        house
    }

    fn empty_under(witnessing: Option<Witnessing>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = Config {
            origin: ORIGIN.to_owned(),
            signing_key: SigningKey::from_bytes(&[42; 32]),
            limits: Limits::default(),
            create: true,
            witnessing,
        };
        let clock = || now().unix_seconds() * 1000;
        let ledger = Ledger::open(directory.path(), config, clock, ChaCha20Rng::from_seed([3; 32])).unwrap();
        Self {
            ledger,
            memory: Memory::default(),
            operator: Signer::from_seed(&[50; 32]),
            bank: Signer::from_seed(&[51; 32]),
            stream: Hex32([61; 32]),
            number: 0,
            policy: Hex32([0; 32]),
            shelf: Shelf::new(KeyPolicy {
                allow_development: true,
            }),
            rng: ChaCha20Rng::from_seed([9; 32]),
            _directory: directory,
        }
    }

    /// A log with a bank, its attestor, key and policy.
    pub fn new() -> Self {
        let mut house = Self::empty();
        house.open(&house.ledger.key().to_string());
        house.join();
        house
    }

    /// The operator opens the log under this key.
    pub fn open(&mut self, log_key: &str) {
        self.open_with(log_key, |_| {});
    }

    /// The operator opens the log, and changes the plan before it is recorded.
    pub fn open_with(&mut self, log_key: &str, change: impl FnOnce(&mut Plan)) {
        let schema = Schema::named("enterprise-financials/v1").unwrap();
        let opened = LogOpened {
            log: LogOrigin::parse(ORIGIN).unwrap(),
            log_key: Text::parse(log_key).unwrap(),
            operator: self.operator.public(),
            stream: Hex32([60; 32]),
            schemas: vec![SchemaText {
                name: Text::parse(schema.name).unwrap(),
                text: "the schema's text".to_owned(),
            }],
            opened: now(),
        };
        let document = self.operator.sign(opened).unwrap().to_signed();
        let mut plan = self.plan(&Record::LogOpened { document });
        change(&mut plan);
        self.append(plan);
    }

    /// The bank takes part, admits an attestor, pins a key and publishes a policy.
    pub fn join(&mut self) {
        let bank = self.bank.sign(Bank {
            name: Name::parse("Banque Exemple").unwrap(),
            key: self.bank.public(),
            issued: now(),
        });
        let filed = self.file(&bank.unwrap(), self.stream);
        self.record(&Record::Participant(filed));
        let grant = self.bank.sign(AttestorGrant {
            attestor: Hex32(attestor_key().public().packed()),
            name: Name::parse("Cabinet Exact").unwrap(),
            assurance_max: GRANT,
            issued: now(),
        });
        let filed = self.file(&grant.unwrap(), self.stream);
        self.record(&Record::AttestorGrant(filed));
        let bytes = key_bytes();
        let blob = Hex32(covenant_audit::hash::of(&[&bytes]).0);
        self.memory.add_blob(bytes);
        let pinned = self.bank.sign(PinnedKey {
            verifying_key: key_id(),
            statement: Text::parse(Compliance::ID).unwrap(),
            development: true,
            manifest: None,
            pinned: now(),
        });
        let Filed { filing, document } = self.file(&pinned.unwrap(), self.stream);
        self.record(&Record::PinnedKey(FiledKey { filing, document, blob }));
        let policy = CheckedPolicy::sign(POLICY, &self.bank).unwrap();
        self.policy = policy.id();
        let filed = self.file(policy.document(), self.stream);
        self.record(&Record::Policy(filed));
    }

    /// A document, filed as the bank's next act.
    pub fn file<T: Document + Clone>(&mut self, document: &Verified<T>, stream: Hex32) -> Filed<T> {
        let filing = Filing {
            log: LogOrigin::parse(ORIGIN).unwrap(),
            stream,
            number: self.number,
            document: document.id(),
        };
        self.number += 1;
        Filed {
            filing: self.bank.sign(filing).unwrap().to_signed(),
            document: document.to_signed(),
        }
    }

    /// What the rules make of a record now.
    pub fn plan(&self, record: &Record) -> Plan {
        plan(View::new(&self.memory, &self.shelf), record, now()).unwrap().plan
    }

    /// Records what the rules admit; the entry's index.
    pub fn record(&mut self, record: &Record) -> u64 {
        let plan = self.plan(record);
        self.append(plan)
    }

    /// Appends what a plan says, whether the rules made it or not.
    pub fn append(&mut self, plan: Plan) -> u64 {
        let mut draft = Draft::new(
            Kind::new(plan.kind).unwrap(),
            StreamId(plan.stream.0),
            plan.body.clone(),
        );
        draft.unique.clone_from(&plan.unique);
        draft.blobs.clone_from(&plan.blobs);
        let entry = self.ledger.append(draft).unwrap();
        let index = covenant_audit::receipt::Receipt::read(&entry.encode()).unwrap();
        assert!(format!("{index:?}").contains("body: true"));
        self.memory.apply(plan).unwrap()
    }

    /// Invites and enrols a company.
    pub fn customer(&mut self, number: u64) -> Enterprise {
        let registry_id = RegistryId::parse(&format!("FR-SIREN:{number:09}")).unwrap();
        let invitation = self.bank.sign(Invitation {
            bank_name: Name::parse("Banque Exemple").unwrap(),
            bank: self.bank.public(),
            registry_id: registry_id.clone(),
            blinding: FieldElement::random(&mut self.rng),
            issued: now(),
            expires: now().plus_days(30),
        });
        let invitation = invitation.unwrap();
        let stream = Hex32(covenant_audit::hash::of(&[&number.to_be_bytes()]).0);
        let filed = self.file(&invitation, stream);
        self.record(&Record::Invitation(filed));
        let mut seed = [77; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let (sk, signer) = (field_from_u64(1_000 + number), Signer::from_seed(&seed));
        let nym = FieldElement(nym(sk, bank_field(&self.bank.public().0)));
        let code = Code::random(&mut self.rng);
        let enrolment = Enrolment::redeem(invitation.id(), nym, signer.public(), &code).unwrap();
        self.record(&Record::Enrolment { document: enrolment });
        let enrolled = Enrolled {
            invitation: invitation.id(),
            registry_id,
            nym,
            key: signer.public(),
            enrolled: now(),
        };
        let document = self.bank.sign(enrolled.clone()).unwrap();
        let filed = self.file(&document, stream);
        self.record(&Record::Enrolled(filed));
        Enterprise {
            sk,
            invitation,
            stream,
            signer,
            enrolled,
        }
    }

    /// Asks a company for a proof.
    pub fn ask(&mut self, of: &Enterprise) -> Verified<Request> {
        let mut nonce = [0; 32];
        rand::RngCore::fill_bytes(&mut self.rng, &mut nonce);
        let request = self.bank.sign(Request {
            policy: self.policy,
            invitation: of.invitation.id(),
            nym: of.enrolled.nym,
            statement: Text::parse(Compliance::ID).unwrap(),
            verifying_key: key_id(),
            attestors: vec![AcceptedAttestor {
                attestor: Hex32(attestor_key().public().packed()),
                assurance_max: GRANT,
            }],
            log_origin: LogOrigin::parse(ORIGIN).unwrap(),
            as_of: IsoDate::parse("2026-03-31").unwrap(),
            nonce: Hex32(nonce),
            issued: now(),
            expires: now().plus_days(14),
        });
        let request = request.unwrap();
        let filed = self.file(&request, of.stream);
        self.record(&Record::Request(filed));
        request
    }

    /// The policy, as its reader has it.
    fn checked_policy(&self) -> Arc<CheckedPolicy> {
        View::new(&self.memory, &self.shelf)
            .policy(&self.bank.public(), &self.policy)
            .unwrap()
    }

    /// A signed bundle that proves this tier; with a proof, if `prove` is set, and otherwise with a well-formed one of
    /// another.
    pub fn answer(
        &self,
        of: &Enterprise,
        request: &Verified<Request>,
        current_assets: i64,
        tier: &str,
    ) -> Signed<Bundle> {
        let policy = self.checked_policy();
        let asked = Asked::new(&policy, &of.invitation, request, of.signer.public()).unwrap();
        let (answer, witness) = of.witness(&asked, &statement(current_assets), tier);
        let public = asked.public(&answer).unwrap();
        let mut rng = ChaCha20Rng::from_seed([8; 32]);
        let proof = prove::<Compliance>(proving_key(), &public, &witness, &mut rng).unwrap();
        of.sign(Bundle {
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
        })
    }

    /// The record of what the operator found, its proof aside.
    pub fn verdict(&self, bundle: &Signed<Bundle>) -> Record {
        let judged = judge(&View::new(&self.memory, &self.shelf), bundle, now()).unwrap();
        Record::Verdict {
            bundle: bundle.clone(),
            verdict: self.operator.sign(judged.verdict).unwrap().to_signed(),
        }
    }

    /// The bank decides.
    pub fn decide(&mut self, of: &Enterprise, verdict: &Record, outcome: Outcome) {
        let Record::Verdict { verdict, .. } = verdict else {
            panic!("a verdict");
        };
        let decision = self.bank.sign(Decision {
            request: verdict.unverified().request,
            verdict: verdict.unverified().id().unwrap(),
            outcome,
            officer: Name::parse("A. Officer").unwrap(),
            terms: None,
            reason: Text::parse("the tier").unwrap(),
            decided: now(),
        });
        let filed = self.file(&decision.unwrap(), of.stream);
        self.record(&Record::Decision(filed));
    }

    /// What to trust about this log.
    pub fn trust(&self) -> Trust {
        Trust {
            log_key: Text::parse(&self.ledger.key().to_string()).unwrap(),
            operator: self.operator.public(),
            verifying_keys: vec![key_id()],
            manifests: Vec::new(),
            participants: vec![self.bank.public()],
        }
    }
}

impl Enterprise {
    pub fn sign(&self, bundle: Bundle) -> Signed<Bundle> {
        self.signer.sign(bundle).unwrap().to_signed()
    }

    fn witness(&self, asked: &Asked<'_>, statement: &Statement, tier: &str) -> (Answer, Witness) {
        let registry_id = &self.enrolled.registry_id;
        let salt = field_from_u64(77);
        let entity = entity(registry_id.as_str()).unwrap();
        let opening = StatementOpening {
            statement: Statement {
                assurance: Assurance(0),
                ..statement.clone()
            },
            eid: eid(self.sk),
            entity,
            salt,
        };
        let schema = Schema::named(statement.schema).unwrap();
        let request = AttestationRequest {
            registry_id: registry_id.clone(),
            eid: FieldElement(opening.eid),
            statement: StatedFigures::from_statement(statement).unwrap(),
            salt: FieldElement(salt),
            statement_hash: FieldElement(opening.hash(schema)),
            review_sheet: None,
        };
        let checked = CheckedStatement::new(&request).unwrap();
        let attestation = checked.attest(&attestor_key(), statement.assurance);
        let (key, signature) = check_attestation(&attestation).unwrap();
        let (scope, zero) = (asked.scope(), FieldElement::default());
        let tag = period_tag(self.sk, scope, schema_family_field(schema), statement.period);
        let link = statement_link(self.sk, scope, figures_root(&statement.figures), statement.period);
        let answer = Answer {
            tier: TierName::parse(tier).unwrap(),
            period_tags: [FieldElement(tag), zero],
            statement_links: [FieldElement(link), zero],
            proven_links: [zero; 2],
            further: Vec::new(),
        };
        let first = StatementWitness {
            statement: statement.clone(),
            salt,
            attestation: Some(compliance::Attestation {
                key,
                grant: GRANT,
                signature,
            }),
            link_blinding: zero.0,
        };
        let witness = Witness {
            sk: self.sk,
            entity,
            subject_blinding: self.invitation.blinding.0,
            statements: [Some(first), None],
        };
        (answer, witness)
    }
}

/// The year 2025 of a company with a current ratio of `current_assets` to 100.
fn statement(current_assets: i64) -> Statement {
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
