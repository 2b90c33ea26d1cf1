//! What an auditor relies on, and whether a log rests on it.

use covenant_api::documents::Trust;
use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;

use crate::export::Header;
use crate::findings::{Finding, NOT_ANCHORED, NOT_TRUSTED, Place};
use crate::note::LogKey;
use crate::tally::Tally;

/// What an auditor relies on, its log's key read.
#[derive(Debug, Clone)]
pub struct Anchor {
    /// The log's key.
    pub key: LogKey,
    /// The rest.
    pub trust: Trust,
}

impl Anchor {
    /// Reads what is to be trusted.
    ///
    /// # Errors
    /// `audit-log-key`.
    pub fn new(trust: Trust) -> Result<Self, Refusal> {
        let key = LogKey::parse(trust.log_key.as_str()).map_err(|refusal| refusal.at("trust: log_key"))?;
        Ok(Self { key, trust })
    }

    /// The header is of the log that is trusted.
    pub(super) fn header(&self, header: &Header) -> Result<(), Finding> {
        if header.key == self.key {
            return Ok(());
        }
        let what = format!("the log's key is {}", header.key);
        Err(Finding::new(&NOT_TRUSTED, Place::Header, 0, what).expected(self.key.to_string()))
    }

    /// Operator, participants and verifying keys are those that are trusted.
    pub(super) fn records(&self, tally: &Tally) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut expect = |code, entry, what: String, expected: String| {
            findings.push(Finding::new(code, Place::Entry(entry), 0, what).expected(expected));
        };
        if let Some(opened) = tally
            .opened
            .as_ref()
            .filter(|opened| opened.operator != self.trust.operator)
        {
            let expected = format!("operator {}", self.trust.operator);
            expect(&NOT_TRUSTED, 0, format!("operator {}", opened.operator), expected);
        }
        let listed = |list: &[Hex32], key: &Hex32| list.binary_search(key).is_ok();
        for bank in tally
            .participants
            .iter()
            .filter(|bank| !listed(&self.trust.participants, &bank.key))
        {
            let what = format!("participant {}, {}", bank.key, bank.name);
            expect(
                &NOT_ANCHORED,
                bank.entry,
                what,
                "a participant in the trust file".to_owned(),
            );
        }
        for key in tally
            .keys
            .iter()
            .filter(|key| !listed(&self.trust.verifying_keys, &key.id))
        {
            let what = format!("verifying key {}", key.id);
            expect(
                &NOT_ANCHORED,
                key.entry,
                what,
                "a verifying key in the trust file".to_owned(),
            );
        }
        for key in &tally.registry {
            let id = key.manifest.verifying_key;
            let pinned = self.trust.manifests.iter().find(|pinned| pinned.verifying_key == id);
            if let Some(pinned) = pinned.filter(|pinned| pinned.manifest != key.manifest_id) {
                let code = &NOT_TRUSTED;
                let what = format!("manifest {} of verifying key {id}", key.manifest_id);
                let finding = Finding::new(code, Place::Entry(key.from), 0, what);
                findings.push(finding.expected(format!("manifest {}", pinned.manifest)));
            }
        }
        findings
    }
}
