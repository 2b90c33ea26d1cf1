//! An operator with a log, an applicant's bundle, and the answers that an honest service gives to it.

use covenant_ledger::checkpoint::CheckpointSigner;
use covenant_ledger::tree::{self, Edge, Nodes};
use covenant_ledger::{Entry, Hash, Kind, LogKey, Opening, Receipt, SignedCheckpoint, StreamId};
use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::client::LogTrust;
use crate::documents::{Bundle, Code, Enrolment, Verdict};
use crate::log::Record;
use crate::sign::{Signer, Verified};
use crate::types::{Base64, FieldElement, Hex32, IsoDate, RegistryId, TierName, UtcTime};

pub(super) const ORIGIN: &str = "example.com/covenant";

/// A log of some entries, all of whose tree is kept.
#[derive(Default)]
pub(super) struct Log {
    nodes: Vec<tree::Node>,
    edge: Edge,
}

impl Nodes for Log {
    type Error = std::convert::Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error> {
        let found = self
            .nodes
            .iter()
            .find(|node| (node.level, node.index) == (level, index));
        Ok(found.unwrap().hash)
    }
}

pub(super) struct Scene {
    pub operator: Signer,
    pub bundle: Verified<Bundle>,
    pub verdict: Verified<Verdict>,
    pub enrolment: Enrolment,
    secret: SigningKey,
}

impl Scene {
    pub(super) fn new() -> Self {
        let applicant = Signer::from_seed(&[2; 32]);
        let operator = Signer::from_seed(&[3; 32]);
        let mut rng = StdRng::seed_from_u64(1);
        let mut field = || FieldElement::random(&mut rng);
        let tier = TierName::parse("AA").unwrap();
        let (nym, tags, links) = (field(), [field(), field()], [field(), field()]);
        let bundle = applicant.sign(Bundle {
            request: Hex32([4; 32]),
            policy: Hex32([5; 32]),
            verifying_key: Hex32([6; 32]),
            tier: tier.clone(),
            nym,
            period_tags: tags,
            statement_links: links,
            proven_links: [field(), field()],
            further: Vec::new(),
            proof: Base64([7; 128]),
        });
        let bundle = bundle.unwrap();
        let day = |text| IsoDate::parse(text).unwrap();
        let verdict = operator.sign(Verdict {
            request: bundle.request,
            policy: bundle.policy,
            verifying_key: bundle.verifying_key,
            development_key: false,
            tier,
            nym,
            registry_id: RegistryId::parse("FR-SIREN:000000001").unwrap(),
            ends_from: day("2025-01-01"),
            ends_to: day("2025-12-31"),
            bases: [None, None],
            assurance_floors: [0, 0],
            attestors: Vec::new(),
            as_of: day("2026-03-31"),
            decided: UtcTime::parse("2026-03-31T10:00:00Z").unwrap(),
            period_tags: tags,
            statement_links: links,
            restated_or_shopped: 0,
            further: Vec::new(),
            bundle: bundle.id(),
        });
        let code = Code::random(&mut StdRng::seed_from_u64(2));
        let enrolment = Enrolment::redeem(Hex32([8; 32]), nym, applicant.public(), &code).unwrap();
        Self {
            operator,
            bundle,
            verdict: verdict.unwrap(),
            enrolment,
            secret: SigningKey::from_bytes(&[5; 32]),
        }
    }

    pub(super) fn trust(&self) -> LogTrust {
        LogTrust {
            log_key: LogKey::new(ORIGIN, self.secret.verifying_key()).unwrap(),
            operator: self.operator.public(),
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.bundle.to_json().unwrap()
    }

    pub(super) fn record(&self) -> Record {
        Record::Verdict {
            bundle: self.bundle.to_signed(),
            verdict: self.verdict.to_signed(),
        }
    }

    /// A receipt for entry 3 of 6.
    pub(super) fn receipt(&self, record: &Record) -> Receipt {
        let opening = Opening {
            salt: [8; 32],
            body: record.to_bytes().unwrap(),
        };
        let entry = Entry {
            index: 3,
            time_ms: 1_774_951_200_000,
            kind: Kind::new(record.kind()).unwrap(),
            stream: StreamId([1; 32]),
            sequence: 0,
            previous: Hash([2; 32]),
            stream_previous: Hash::ZERO,
            unique: Vec::new(),
            body_hash: opening.hash(),
        };
        let log = self.log(6, Some(entry.hash()));
        Receipt {
            entry: entry.encode(),
            opening: Some(opening),
            proof: tree::inclusion(&log, 3, 6).unwrap().unwrap(),
            checkpoint: self.checkpoint(&log).note().to_owned(),
        }
    }

    /// A log of this size; entry 3 may be somebody's.
    pub(super) fn log(&self, size: u8, third: Option<Hash>) -> Log {
        let mut log = Log::default();
        for index in 0..size {
            let leaf = third.filter(|_| index == 3).unwrap_or_else(|| Hash::leaf(&[index]));
            let nodes = &mut log.nodes;
            log.edge.append(leaf, |node| nodes.push(node));
        }
        log
    }

    pub(super) fn checkpoint(&self, log: &Log) -> SignedCheckpoint {
        let mut signer = CheckpointSigner::new(ORIGIN, self.secret.clone()).unwrap();
        signer.sign(log.edge.size(), log.edge.root(), &[]).unwrap()
    }

    /// The answer to the bundle.
    pub(super) fn proven(&self) -> Value {
        json!({
            "index": 3, "tier": "AA", "verdict": self.verdict.to_signed(), "receipt": self.receipt(&self.record()),
        })
    }
}
