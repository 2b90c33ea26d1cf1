//! What the records of a log say, counted and listed for the report.

use std::collections::BTreeMap;

use covenant_api::documents::{KeyManifest, Outcome, RetirementCause};
use covenant_api::log::Record;
use covenant_api::types::{Hex32, UtcTime};

use crate::entry::Entry;

/// A bank that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Its name.
    pub name: String,
    /// Its first key.
    pub key: Hex32,
    /// The entry with which it began.
    pub entry: u64,
    /// Its acts so far, numbered without a gap.
    pub acts: u64,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: Hex32,
    /// The bank's key.
    pub bank: Hex32,
    /// Its entry.
    pub entry: u64,
}

/// A verifying key that a bank relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: Hex32,
    /// The bank's key.
    pub bank: Hex32,
    /// Its entry.
    pub entry: u64,
    /// Whether it comes from a development setup.
    pub development: bool,
}

/// A key of the log's registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredKey {
    /// What the operator vouches for.
    pub manifest: KeyManifest,
    /// The signed manifest's id.
    pub manifest_id: Hex32,
    /// The entry from which it is active.
    pub from: u64,
    /// The entry from which it is active no longer, and why.
    pub until: Option<(u64, RetirementCause)>,
}

impl RegisteredKey {
    /// Whether somebody may be able to forge under it, as the operator found.
    pub fn is_compromised(&self) -> bool {
        matches!(self.until, Some((_, RetirementCause::Compromised)))
    }
}

/// How often a key was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Use {
    /// Requests that name it.
    pub requests: u64,
    /// Verdicts under it.
    pub verdicts: u64,
}

/// An attestor whom a bank granted something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestor {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: Hex32,
    /// The bank's key.
    pub bank: Hex32,
    /// The entry that said so last.
    pub entry: u64,
    /// Whether the grant stands.
    pub standing: bool,
}

/// The operator's opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The operator's key.
    pub operator: Hex32,
    /// When.
    pub opened: UtcTime,
    /// Schemas by name.
    pub schemas: Vec<String>,
}

/// Approved and refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Approved.
    pub approved: u64,
    /// Refused.
    pub refused: u64,
}

/// What the records say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The opening.
    pub opened: Option<Opened>,
    /// Records by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The banks, in the order in which they began.
    pub participants: Vec<Participant>,
    /// The policies.
    pub policies: Vec<Policy>,
    /// The verifying keys on which banks rely.
    pub keys: Vec<Key>,
    /// The log's registry of verifying keys.
    pub registry: Vec<RegisteredKey>,
    /// How often each verifying key was used.
    pub used: BTreeMap<Hex32, Use>,
    /// The operator's acts so far, numbered without a gap.
    pub operator_acts: u64,
    /// The attestors.
    pub attestors: Vec<Attestor>,
    /// Verdicts by policy and tier.
    pub verdicts: BTreeMap<(Hex32, String), u64>,
    /// Verdicts under a development key.
    pub development_verdicts: u64,
    /// Decisions by bank.
    pub decisions: BTreeMap<Hex32, Decisions>,
}

impl Tally {
    /// Counts a record that the rules admitted: its signatures hold.
    pub(crate) fn count(&mut self, record: &Record, entry: &Entry<'_>, development: bool) {
        *self.kinds.entry(record.kind()).or_default() += 1;
        let index = entry.index;
        match record {
            Record::LogOpened { document } => {
                let opened = document.unverified();
                self.opened = Some(Opened {
                    operator: opened.operator,
                    opened: opened.opened,
                    schemas: opened.schemas.iter().map(|schema| schema.name.to_string()).collect(),
                });
            }
            Record::Participant(filed) => {
                let bank = filed.document.unverified();
                self.participants.push(Participant {
                    name: bank.name.to_string(),
                    key: bank.key,
                    entry: index,
                    acts: 0,
                });
            }
            Record::AttestorGrant(filed) => {
                let grant = filed.document.unverified();
                let bank = filed.document.claimed_signer();
                self.attestors
                    .retain(|attestor| (attestor.key, attestor.bank) != (grant.attestor, bank));
                self.attestors.push(Attestor {
                    name: grant.name.to_string(),
                    key: grant.attestor,
                    bank,
                    entry: index,
                    standing: true,
                });
            }
            Record::AttestorRevocation(filed) => {
                let (bank, key) = (filed.document.claimed_signer(), filed.document.unverified().attestor);
                for attestor in self.attestors.iter_mut().filter(|a| (a.key, a.bank) == (key, bank)) {
                    (attestor.standing, attestor.entry) = (false, index);
                }
            }
            Record::Policy(filed) => {
                self.policies.push(Policy {
                    id: filed.filing.unverified().document,
                    bank: filed.document.claimed_signer(),
                    entry: index,
                });
            }
            Record::PinnedKey(filed) => {
                let pinned = filed.document.unverified();
                self.keys.push(Key {
                    id: pinned.verifying_key,
                    bank: filed.document.claimed_signer(),
                    entry: index,
                    development: pinned.development,
                });
            }
            Record::Verdict { verdict, .. } => {
                let verdict = verdict.unverified();
                let name = (verdict.policy, verdict.tier.to_string());
                *self.verdicts.entry(name).or_default() += 1;
                self.development_verdicts += u64::from(development);
                self.used.entry(verdict.verifying_key).or_default().verdicts += 1;
            }
            Record::Decision(filed) => {
                let decisions = self.decisions.entry(filed.document.claimed_signer()).or_default();
                match filed.document.unverified().outcome {
                    Outcome::Approved => decisions.approved += 1,
                    Outcome::Refused => decisions.refused += 1,
                }
            }
            Record::Request(filed) => {
                self.used
                    .entry(filed.document.unverified().verifying_key)
                    .or_default()
                    .requests += 1;
            }
            Record::KeyRegistration(filed) => self.registry.push(RegisteredKey {
                manifest: filed.document.unverified().clone(),
                manifest_id: filed.filing.unverified().document,
                from: index,
                until: None,
            }),
            Record::KeyRetirement(filed) => {
                let retirement = filed.document.unverified();
                let id = retirement.verifying_key;
                for key in self.registry.iter_mut().filter(|key| key.manifest.verifying_key == id) {
                    // It is active until the first one; what is found out later is why.
                    let until = key.until.map_or(index, |(until, _)| until);
                    key.until = Some((until, retirement.cause));
                }
            }
            Record::Invitation(_) | Record::Enrolled(_) | Record::Enrolment { .. } => {}
        }
        // The rules admit acts only in the order of their numbers.
        if let Some(filing) = record.filing() {
            if matches!(record, Record::KeyRegistration(_) | Record::KeyRetirement(_)) {
                self.operator_acts = filing.unverified().number + 1;
                return;
            }
            let key = filing.claimed_signer();
            for participant in self
                .participants
                .iter_mut()
                .filter(|participant| participant.key == key)
            {
                participant.acts = filing.unverified().number + 1;
            }
        }
    }

    /// How often a key was used.
    pub fn use_of(&self, key: &Hex32) -> Use {
        self.used.get(key).copied().unwrap_or_default()
    }

    /// Verdicts under keys that were found compromised.
    pub fn compromised_verdicts(&self) -> u64 {
        let compromised = self.registry.iter().filter(|key| key.is_compromised());
        compromised
            .map(|key| self.use_of(&key.manifest.verifying_key).verdicts)
            .sum()
    }

    /// The name of a participant.
    pub fn name_of(&self, bank: &Hex32) -> String {
        let participant = self.participants.iter().find(|participant| participant.key == *bank);
        participant.map_or_else(|| bank.to_string(), |participant| participant.name.clone())
    }
}
