//! From an empty log to a decision, every record made by the programs that make it in earnest.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use covenant_api::document::Document;
use covenant_api::documents::*;
use covenant_api::log::{Filed, FiledKey, Memory, Planned, Record, Shelf, State, View, plan, plan_verdict};
use covenant_api::receipt::Receipt;
use covenant_api::registry::Resolution;
use covenant_api::sign::{Signed, Signer, Verified};
use covenant_api::types::*;
use covenant_api::verdict::judge;
use covenant_ledger::checkpoint::CheckpointSigner;
use covenant_ledger::entry::Opening;
use covenant_ledger::{Entry, Hash, Kind, StreamId};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::world::*;

pub const ORIGIN: &str = "log.example/covenant";

pub fn origin() -> LogOrigin {
    LogOrigin::parse(ORIGIN).unwrap()
}

pub fn text(text: &str) -> Text {
    Text::parse(text).unwrap()
}

pub fn name(name: &str) -> Name {
    Name::parse(name).unwrap()
}

pub fn operator() -> Signer {
    Signer::from_seed(&[77; 32])
}

/// The stream of the operator's own records.
pub const OPERATORS: Hex32 = Hex32([70; 32]);

/// The key that signs checkpoints.
pub fn checkpoints() -> CheckpointSigner {
    CheckpointSigner::new(ORIGIN, SigningKey::from_bytes(&[78; 32])).unwrap()
}

/// A log in memory that knows the verifying key's bytes.
pub struct Log {
    pub state: Memory,
    pub shelf: Shelf,
    /// Every cell that a record set.
    pub cells: BTreeSet<Vec<u8>>,
}

impl Log {
    pub fn new(keys: KeyPolicy) -> Self {
        let mut state = Memory::default();
        state.add_blob(proving_key().verifying().to_bytes());
        Self {
            state,
            shelf: Shelf::new(keys),
            cells: BTreeSet::new(),
        }
    }

    /// The log after these records.
    pub fn after(records: &[Record]) -> Self {
        let mut log = Self::new(DEVELOPMENT);
        for record in records {
            log.add(record);
        }
        log
    }

    pub fn view(&self) -> View<'_, Memory> {
        View::new(&self.state, &self.shelf)
    }

    pub fn plan_at(&self, record: &Record, when: UtcTime) -> Result<Planned, Refusal> {
        plan(self.view(), record, when)
    }

    /// The code with which a record is refused.
    pub fn refused(&self, record: &Record) -> &'static str {
        match self.plan_at(record, time(NOW)) {
            Ok(_) => panic!("a forged record of kind {} was admitted", record.kind()),
            Err(refusal) => refusal.code(),
        }
    }

    pub fn admits(&self, record: &Record) -> bool {
        self.plan_at(record, time(NOW)).is_ok()
    }

    pub fn add(&mut self, record: &Record) -> u64 {
        let planned = self.plan_at(record, time(NOW)).unwrap_or_else(|r| panic!("{r}"));
        assert_eq!(planned.plan.kind, record.kind());
        assert_eq!(planned.plan.body, record.to_bytes().unwrap());
        self.cells.extend(planned.plan.set.iter().map(|(name, _)| name.clone()));
        self.state.apply(planned.plan).unwrap()
    }

    /// Plans twice over one state, and applies both: what happens when two submissions meet.
    pub fn meet(&mut self, first: &Record, second: &Record) -> &'static str {
        let [first, second] = [first, second].map(|record| self.plan_at(record, time(NOW)).unwrap().plan);
        self.state.apply(first).unwrap();
        self.state.apply(second).unwrap_err().code()
    }
}

/// The honest records, by what they are.
pub struct Story {
    pub house: House,
    pub enterprise: Enterprise,
    pub request: Verified<Request>,
    pub receipt: Receipt,
    pub records: Vec<Record>,
}

/// Places of the records in the story.
pub const PARTICIPANT: usize = 1;
pub const GRANT_ENTRY: usize = 2;
pub const POLICY_ENTRY: usize = 3;
pub const KEY_ENTRY: usize = 4;
pub const INVITATION: usize = 5;
pub const ENROLMENT: usize = 6;
pub const ENROLLED: usize = 7;
pub const REQUEST: usize = 8;
pub const VERDICT: usize = 9;
pub const DECISION: usize = 10;

pub fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(tell)
}

impl Story {
    /// The log as it stands before the record of this place.
    pub fn before(&self, place: usize) -> Log {
        Log::after(&self.records[..place])
    }

    pub fn honest(&self, place: usize) -> &Record {
        &self.records[place]
    }

    pub fn stream_of(&self, place: usize) -> Hex32 {
        let record = serde_json::to_value(self.honest(place)).unwrap();
        Hex32::parse(record["filing"]["document"]["stream"].as_str().unwrap()).unwrap()
    }
}

/// A record's document and filing, of the type that is known to stand there.
pub fn filed<T: DeserializeOwned>(record: &Record) -> Filed<T> {
    let mut json = serde_json::to_value(record).unwrap();
    let fields = json.as_object_mut().unwrap();
    fields.remove("record");
    fields.remove("blob");
    serde_json::from_value(json).unwrap()
}

/// An honest filing with something changed in document or filing, both properly signed.
pub fn forge<T: Document + Clone>(
    signer: &Signer,
    honest: &Filed<T>,
    document: impl FnOnce(&mut T),
    filing: impl FnOnce(&mut Filing),
) -> Filed<T> {
    let mut changed = honest.document.unverified().clone();
    document(&mut changed);
    let changed = signer.sign(changed).unwrap();
    let mut number = Filing {
        document: changed.id(),
        ..honest.filing.unverified().clone()
    };
    filing(&mut number);
    Filed {
        filing: signer.sign(number).unwrap().to_signed(),
        document: changed.to_signed(),
    }
}

pub fn opened() -> LogOpened {
    let schema = covenant_policy::schema::SCHEMAS[0];
    LogOpened {
        log: origin(),
        log_key: text(&checkpoints().key().to_string()),
        operator: operator().public(),
        stream: OPERATORS,
        schemas: vec![SchemaText {
            name: text(schema.name),
            text: schema.canonical_text(),
        }],
        opened: time(NOW),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    filing: Signed<Filing>,
    document: Signed<PinnedKey>,
    key: String,
}

fn pinned(body: &[u8]) -> FiledKey {
    let body: KeyBody = serde_json::from_slice(body).unwrap();
    let bytes = BASE64.decode(body.key.as_bytes()).unwrap();
    assert_eq!(bytes, proving_key().verifying().to_bytes());
    FiledKey {
        filing: body.filing,
        document: body.document,
        blob: Hex32(Sha256::digest(&bytes).into()),
    }
}

fn file(house: &mut House, document: &[u8]) -> Vec<u8> {
    let (registry, rng) = (&mut house.registry, &mut house.rng);
    registry.file(&house.signer, &origin(), document, None, rng).unwrap().1
}

fn filed_in<T: DeserializeOwned>(house: &mut House, document: &[u8]) -> Filed<T> {
    serde_json::from_slice(&file(house, document)).unwrap()
}

/// The receipt of an entry that holds this record, alone in its log.
pub fn receipt(record: &Record, time_ms: u64, signer: &mut CheckpointSigner) -> Receipt {
    let opening = Opening {
        salt: [8; 32],
        body: record.to_bytes().unwrap(),
    };
    let entry = Entry {
        index: 0,
        time_ms,
        kind: Kind::new(record.kind()).unwrap(),
        stream: StreamId([1; 32]),
        sequence: 0,
        previous: Hash::ZERO,
        stream_previous: Hash::ZERO,
        unique: Vec::new(),
        body_hash: opening.hash(),
    };
    Receipt {
        entry: entry.encode(),
        opening: Some(opening),
        proof: Vec::new(),
        checkpoint: signer.sign(1, entry.hash(), &[]).unwrap().note().to_owned(),
    }
}

/// What the bank's own documents become: records 1 to 4.
fn of_bank(house: &mut House, records: &mut Vec<Record>) -> Hex32 {
    let bank = house.registry.bank().to_json().unwrap();
    records.push(Record::Participant(filed_in(house, &bank)));
    let grant = house.registry.grant_to(&attestor_id()).unwrap().to_json().unwrap();
    records.push(Record::AttestorGrant(filed_in(house, &grant)));
    let policy = house.policy(POLICY);
    let signed = house.registry.policy(&policy).unwrap().document().to_json().unwrap();
    records.push(Record::Policy(filed_in(house, &signed)));
    let key = house.registry.pinned(&house.key).unwrap().to_json().unwrap();
    records.push(Record::PinnedKey(pinned(&file(house, &key))));
    policy
}

/// The operator judges a bundle on the log, checks its proof, and signs.
fn judged(log: &Log, bundle: &Signed<Bundle>) -> Record {
    let view = log.view();
    let judged = judge(&view, bundle, time(NOW)).unwrap();
    let key = view
        .verifying_key(&story_bank().public(), &judged.verdict.verifying_key)
        .unwrap();
    let verdict = operator().sign(judged.verdict.clone()).unwrap();
    plan_verdict(view, &judged, bundle, &verdict, time(NOW)).unwrap();
    judged.verify(&key).unwrap();
    Record::Verdict {
        bundle: bundle.clone(),
        verdict: verdict.to_signed(),
    }
}

/// The key of the bank in the story.
pub fn story_bank() -> Signer {
    Signer::from_seed(&[1; 32])
}

fn tell() -> Story {
    let mut house = House::new();
    let mut records = vec![Record::LogOpened {
        document: operator().sign(opened()).unwrap().to_signed(),
    }];
    let policy = of_bank(&mut house, &mut records);
    let (registry, rng) = (&mut house.registry, &mut house.rng);
    let (invitation, code) = registry.invite(&house.signer, company(1), 30, time(NOW), rng).unwrap();
    let enterprise = Enterprise::new(1, invitation.clone());
    let enrolment = enterprise.enrolment(&code);
    records.push(Record::Invitation(filed_in(&mut house, &invitation.to_json().unwrap())));
    records.push(Record::Enrolment {
        document: enrolment.clone(),
    });
    let enrolled = house.registry.enrol(&house.signer, &enrolment, time(NOW)).unwrap();
    records.push(Record::Enrolled(filed_in(&mut house, &enrolled.to_json().unwrap())));
    let mut terms = house.terms(policy, invitation.id());
    terms.log_origin = origin();
    let (registry, rng) = (&mut house.registry, &mut house.rng);
    let request = registry.ask(&house.signer, &terms, time(NOW), rng).unwrap();
    records.push(Record::Request(filed_in(&mut house, &request.to_json().unwrap())));
    let bundle = enterprise.prove(&house.registry, &request, &statement(150), "A");
    let bundle = enterprise.signer.sign(bundle).unwrap().to_signed();
    records.push(judged(&Log::after(&records), &bundle));
    let mut signer = checkpoints();
    let receipt = receipt(&records[VERDICT], time(NOW).unix_seconds() * 1000, &mut signer);
    let resolution = Resolution {
        outcome: Outcome::Approved,
        officer: name("A. Officer"),
        terms: Some(text("EUR 100,000 over five years")),
        reason: text("within the policy"),
    };
    house
        .registry
        .trust_log(&house.signer, signer.key(), operator().public(), time(NOW))
        .unwrap();
    let decided = house
        .registry
        .decide(&house.signer, &origin(), &receipt, resolution, DEVELOPMENT, time(NOW))
        .unwrap();
    assert!(decided.doubt.is_none());
    records.push(Record::Decision(filed_in(
        &mut house,
        &decided.decision.to_json().unwrap(),
    )));
    Story {
        house,
        enterprise,
        request,
        receipt,
        records,
    }
}

#[test]
fn the_story_is_admitted_and_its_bodies_replay_to_the_same_cells() {
    let story = story();
    let first = Log::after(&story.records);
    let mut replayed = Log::new(DEVELOPMENT);
    for index in 0..first.state.size() {
        let body = first.state.record(index).unwrap().to_bytes().unwrap();
        assert_eq!(replayed.add(&Record::from_bytes(&body).unwrap()), index);
    }
    assert_eq!(first.cells, replayed.cells);
    assert!(first.cells.len() > 15, "{}", first.cells.len());
    for cell in &first.cells {
        assert_eq!(first.state.cell(cell), replayed.state.cell(cell));
    }
}

#[test]
fn kinds_streams_and_numbers_are_as_the_contract_says() {
    let story = story();
    let kinds: Vec<&str> = story.records.iter().map(Record::kind).collect();
    let expected = [
        "log-opened",
        "participant",
        "attestor-grant",
        "policy",
        "pinned-key",
        "invitation",
        "enrolment",
        "enrolled",
        "request",
        "verdict",
        "decision",
    ];
    assert_eq!(kinds, expected);
    let bank = story.stream_of(PARTICIPANT);
    let applicant = story.stream_of(INVITATION);
    assert_ne!(bank, applicant);
    for (place, stream) in [
        (PARTICIPANT, bank),
        (KEY_ENTRY, bank),
        (INVITATION, applicant),
        (DECISION, applicant),
    ] {
        let planned = story.before(place).plan_at(story.honest(place), time(NOW)).unwrap();
        assert_eq!(planned.plan.stream, stream);
        assert!(!planned.plan.expect.is_empty());
    }
    let planned = story.before(VERDICT).plan_at(story.honest(VERDICT), time(NOW)).unwrap();
    assert_eq!(
        planned.plan.stream, applicant,
        "a verdict needs no filing, and stands with its applicant"
    );
    assert!(planned.judged.is_some(), "the proof is still to be checked");
}

#[test]
fn a_record_that_was_overtaken_is_not_applied() {
    let story = story();
    let (policy, grant) = (story.honest(POLICY_ENTRY), story.honest(GRANT_ENTRY));
    let mut log = story.before(GRANT_ENTRY);
    // Both are honest with number 1; of two that meet, the second finds the number taken.
    let other: Filed<Policy> = forge(&story_bank(), &filed(policy), |_| {}, |filing| filing.number = 1);
    assert_eq!(log.meet(grant, &Record::Policy(other)), "log-damaged");
    assert!(log.admits(policy), "planned again, it stands");
}
