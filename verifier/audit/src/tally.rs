//! What the records of a log say, counted and listed for the report.

use std::collections::BTreeMap;

use covenant_api::documents::Outcome;
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
    /// The verifying keys.
    pub keys: Vec<Key>,
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
        let filer = match record {
            Record::LogOpened { document } => {
                let opened = document.unverified();
                self.opened = Some(Opened {
                    operator: opened.operator,
                    opened: opened.opened,
                    schemas: opened.schemas.iter().map(|schema| schema.name.to_string()).collect(),
                });
                None
            }
            Record::Participant(filed) => {
                let bank = filed.document.unverified();
                self.participants.push(Participant {
                    name: bank.name.to_string(),
                    key: bank.key,
                    entry: index,
                    acts: 0,
                });
                Some(&filed.filing)
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
                Some(&filed.filing)
            }
            Record::AttestorRevocation(filed) => {
                let (bank, key) = (filed.document.claimed_signer(), filed.document.unverified().attestor);
                for attestor in self.attestors.iter_mut().filter(|a| (a.key, a.bank) == (key, bank)) {
                    (attestor.standing, attestor.entry) = (false, index);
                }
                Some(&filed.filing)
            }
            Record::Policy(filed) => {
                self.policies.push(Policy {
                    id: filed.filing.unverified().document,
                    bank: filed.document.claimed_signer(),
                    entry: index,
                });
                Some(&filed.filing)
            }
            Record::PinnedKey(filed) => {
                let pinned = filed.document.unverified();
                self.keys.push(Key {
                    id: pinned.verifying_key,
                    bank: filed.document.claimed_signer(),
                    entry: index,
                    development: pinned.development,
                });
                Some(&filed.filing)
            }
            Record::Verdict { verdict, .. } => {
                let verdict = verdict.unverified();
                let name = (verdict.policy, verdict.tier.to_string());
                *self.verdicts.entry(name).or_default() += 1;
                self.development_verdicts += u64::from(development);
                None
            }
            Record::Decision(filed) => {
                let decisions = self.decisions.entry(filed.document.claimed_signer()).or_default();
                match filed.document.unverified().outcome {
                    Outcome::Approved => decisions.approved += 1,
                    Outcome::Refused => decisions.refused += 1,
                }
                Some(&filed.filing)
            }
            Record::Invitation(filed) => Some(&filed.filing),
            Record::Enrolled(filed) => Some(&filed.filing),
            Record::Request(filed) => Some(&filed.filing),
            Record::Enrolment { .. } => None,
        };
        // The rules admit a bank's acts only in the order of their numbers.
        if let Some(filing) = filer {
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

    /// The name of a participant.
    pub fn name_of(&self, bank: &Hex32) -> String {
        let participant = self.participants.iter().find(|participant| participant.key == *bank);
        participant.map_or_else(|| bank.to_string(), |participant| participant.name.clone())
    }
}
