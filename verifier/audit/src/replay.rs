//! Replays a log: each record is planned again by the rules that the service runs before it appends, and must be the
//! entry that stands there.
//!
//! The rules say what a record needs of earlier ones, where it stands and what it claims. So signatures, numbering,
//! grants and revocations, expiry, the verdicts' every condition and what each of them says are judged again, in log
//! order. Proofs go to [`Proofs`], which verifies them in batches meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use covenant_api::log::{Planned, Record, Shelf, View, plan};
use covenant_api::refusals::FILE_UNREADABLE;
use covenant_api::types::UtcTime;
use covenant_policy::refusal::Refusal;

use crate::audit::resume::{Choice, Chosen};
use crate::entry::Entry;
use crate::export::{Header, Opening, Recorded, Visitor};
use crate::findings::{CHANGED, CLAIMS, ENTRY_TIME, Finding, MISPLACED, OPENING, Place, Stopped, UNNAMED_BLOB};
use crate::hash::Hash;
use crate::proofs::{Proofs, Recheck};
use crate::state::Replayed;
use crate::tally::Tally;

/// Entries after which what was verified may be kept, if they hold few proofs.
const TOGETHER: u64 = 1 << 16;

/// A log that is being replayed.
pub(crate) struct Replay {
    header: Option<Header>,
    state: Replayed,
    shelf: Arc<Shelf>,
    proofs: Proofs,
    named_blobs: BTreeSet<Hash>,
    /// Whether an entry has shown that the blinding secret is the log's, and the first that has not.
    secret_fits: bool,
    doubt: Option<Finding>,
    tally: Tally,
    missing: Option<u64>,
    choice: Choice,
    /// Verdicts whose proofs an earlier run has verified, and entries since proofs were handed over.
    skipped: u64,
    since: u64,
}

/// What was replayed.
pub(crate) struct Done {
    /// The header.
    pub(crate) header: Option<Header>,
    /// What the records say.
    pub(crate) tally: Tally,
    /// Proofs verified.
    pub(crate) proofs: u64,
    /// Verdicts whose proofs an earlier run has verified.
    pub(crate) skipped: u64,
    /// Proofs that do not verify.
    pub(crate) proof_findings: Vec<Finding>,
    /// The first entry whose claims do not fit the secret, where none fits.
    pub(crate) doubt: Option<Finding>,
    /// Blobs that no record names.
    pub(crate) blob_findings: Vec<Finding>,
    /// The first entry whose body is not there: nothing was replayed from there on.
    pub(crate) missing: Option<u64>,
}

impl Replay {
    pub(crate) fn new(state: Replayed, shelf: Shelf, choice: Choice) -> Self {
        let shelf = Arc::new(shelf);
        Self {
            header: None,
            state,
            proofs: Proofs::new(shelf.clone()),
            shelf,
            named_blobs: BTreeSet::new(),
            secret_fits: false,
            doubt: None,
            tally: Tally::default(),
            missing: None,
            choice,
            skipped: 0,
            since: 0,
        }
    }

    /// Waits for the proofs, and looks at what only the end shows. `None` where verifying failed.
    pub(crate) fn finish(mut self) -> Option<Result<Done, Refusal>> {
        let keep = self.choice.keeper().map(|keeper| keeper.here());
        let (proofs, proof_findings) = match self.proofs.finish(keep)? {
            Ok(found) => found,
            Err(refusal) => return Some(Err(refusal)),
        };
        let mut blob_findings = Vec::new();
        if self.missing.is_none() {
            for (number, (name, offset)) in self.state.blobs().names().enumerate() {
                if !self.named_blobs.contains(name) {
                    let place = Place::Blob {
                        number: number as u64,
                        name: Some(*name),
                    };
                    blob_findings.push(Finding::new(&UNNAMED_BLOB, place, offset, "no record names it"));
                }
            }
        }
        Some(Ok(Done {
            header: self.header,
            tally: self.tally,
            proofs,
            skipped: self.skipped,
            proof_findings,
            doubt: self.doubt,
            blob_findings,
            missing: self.missing,
        }))
    }

    fn record(&mut self, recorded: &Recorded<'_>, body: &[u8]) -> Result<(), Stopped> {
        let entry = recorded.entry;
        let wrong = |refusal| of_rules(refusal, entry.index, recorded.offset);
        let record = Record::from_bytes(body).map_err(wrong)?;
        let time = UtcTime::from_unix_seconds(entry.time / 1000).ok_or_else(|| {
            let what = format!("its time is {} ms", entry.time);
            Finding::new(&ENTRY_TIME, Place::Entry(entry.index), recorded.offset, what)
                .expected("a time before the year 10000")
        })?;
        let planned = plan(View::new(&self.state, &self.shelf), &record, time).map_err(wrong)?;
        self.same(recorded, &record, &planned)?;
        if let Some(document) = planned.document {
            self.shelf.keep(entry.index, document);
        }
        let development = planned
            .judged
            .as_ref()
            .is_some_and(|judged| judged.verdict.development_key);
        let verdict = planned.judged.is_some();
        let chosen = verdict.then(|| self.choice.of(entry.index));
        self.skipped += u64::from(chosen == Some(Chosen::Before));
        if let Some(judged) = planned.judged.filter(|_| chosen == Some(Chosen::Verified)) {
            let view = View::new(&self.state, &self.shelf);
            let bank = view.request(&judged.verdict.request).map_err(wrong)?.signer();
            let key = view
                .verifying_key(&bank, &judged.verdict.verifying_key)
                .map_err(wrong)?;
            self.proofs.add(Recheck {
                index: entry.index,
                offset: recorded.offset,
                judged,
                key,
            });
        }
        match &record {
            Record::PinnedKey(filed) => drop(self.named_blobs.insert(filed.blob)),
            Record::KeyRegistration(filed) => drop(self.named_blobs.insert(filed.blob)),
            _ => {}
        }
        self.tally.count(&record, entry, development);
        self.state.apply(planned.plan, recorded.beside, entry.body_hash);
        self.hand_over(recorded.hash, verdict);
        Ok(())
    }

    /// Hands proofs over to be verified, once there are some, or many entries since.
    fn hand_over(&mut self, leaf: Hash, verdict: bool) {
        if let Some(keeper) = self.choice.keeper() {
            keeper.entry(leaf, verdict);
        }
        self.since += 1;
        if self.proofs.is_handful() || self.since == TOGETHER {
            self.since = 0;
            let keep = self.choice.keeper().map(|keeper| keeper.here());
            self.proofs.hand_over(keep);
        }
    }

    /// The entry is the one that the rules make of its record.
    fn same(&mut self, recorded: &Recorded<'_>, record: &Record, planned: &Planned) -> Result<(), Finding> {
        let (entry, plan) = (recorded.entry, &planned.plan);
        let found = |code, what: String| Finding::new(code, Place::Entry(entry.index), recorded.offset, what);
        if entry.kind != plan.kind {
            return Err(found(&MISPLACED, format!("kind {}", entry.kind)).expected(plan.kind));
        }
        if entry.stream != plan.stream {
            return Err(
                found(&MISPLACED, format!("stream {}", entry.stream)).expected(format!("stream {}", plan.stream))
            );
        }
        if let Record::LogOpened { document } = record {
            self.opening(document.unverified(), entry, recorded.offset)?;
        }
        self.claims(entry, &plan.unique, recorded.offset)
    }

    /// The entry shows what its record claims, blinded with the header's secret. Where nothing has fitted yet, the
    /// secret may be wrong, so the next entries are asked before anybody is blamed.
    fn claims(&mut self, entry: &Entry<'_>, claims: &[Vec<u8>], offset: u64) -> Result<(), Finding> {
        let Some(secret) = self.header.as_ref().and_then(|header| header.blinding.as_ref()) else {
            return Ok(());
        };
        let mut claims: Vec<Hash> = claims.iter().map(|key| secret.blind(key)).collect();
        claims.sort_unstable();
        if claims != entry.unique {
            let finding = Finding::new(&CLAIMS, Place::Entry(entry.index), offset, list(&entry.unique));
            let finding = finding.expected(list(&claims));
            if self.secret_fits {
                return Err(finding);
            }
            self.doubt.get_or_insert(finding);
        } else if !claims.is_empty() {
            self.secret_fits = true;
            if let Some(doubt) = self.doubt.take() {
                return Err(doubt);
            }
        }
        Ok(())
    }

    /// The opening names the log that signed the checkpoints.
    fn opening(
        &self,
        opened: &covenant_api::documents::LogOpened,
        entry: &Entry<'_>,
        offset: u64,
    ) -> Result<(), Finding> {
        let Some(key) = self.header.as_ref().map(|header| &header.key) else {
            return Ok(());
        };
        let written = key.to_string();
        let found = |what: String| Finding::new(&OPENING, Place::Entry(entry.index), offset, what);
        if opened.log.as_str() != key.origin() {
            return Err(found(format!("log {}", opened.log)).expected(key.origin()));
        }
        if opened.log_key.as_str() != written {
            return Err(found(format!("key {}", opened.log_key)).expected(written));
        }
        Ok(())
    }
}

impl Visitor for Replay {
    fn header(&mut self, header: &Header) -> Result<(), Stopped> {
        self.header = Some(header.clone());
        Ok(())
    }

    fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), Stopped> {
        match recorded.opening {
            _ if self.missing.is_some() => Ok(()),
            Opening::Body { body, .. } => self.record(recorded, body),
            Opening::Withheld | Opening::Erased => {
                self.missing = Some(recorded.entry.index);
                Ok(())
            }
        }
    }
}

fn list(keys: &[Hash]) -> String {
    if keys.is_empty() {
        return "no keys".to_owned();
    }
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What the rules refuse, as a finding about the entry; what the machine could not do, as a fault.
fn of_rules(refusal: Refusal, index: u64, offset: u64) -> Stopped {
    if [FILE_UNREADABLE.code, CHANGED.code].contains(&refusal.code()) {
        Stopped::Fault(refusal)
    } else {
        Finding::of_rules(refusal, index, offset).into()
    }
}
