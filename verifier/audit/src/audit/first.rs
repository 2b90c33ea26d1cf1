//! The first reading's own questions: whose log it is, who has cosigned it, whether it continues what was seen
//! elsewhere, and which verdicts a sample falls on.

use std::collections::{BTreeSet, BinaryHeap};

use covenant_api::document::Document as _;
use covenant_api::documents::Verdict;
use covenant_policy::refusal::Refusal;

use super::known::{Compared, Known};
use super::resume::Resume;
use super::{Anchor, Options, Sample};
use crate::cosign::Policy;
use crate::export::{Header, Recorded, Signed, Summary, Visitor};
use crate::findings::{COSIGNATURE, Finding, Place, QUORUM, Stopped};
use crate::hash::Hash;

/// What witnesses have cosigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnessed {
    /// Checkpoints that bear as many cosignatures as the policy demands.
    pub checkpoints: u64,
    /// Checkpoints that do not.
    pub unwitnessed: u64,
    /// The size of the first that does.
    pub since: Option<u64>,
    /// Who has cosigned the last checkpoint.
    pub last_by: Vec<String>,
}

/// The first reading's visitor.
pub(super) struct First<'a> {
    anchor: Option<&'a Anchor>,
    policy: Option<&'a Policy>,
    known: Vec<Known>,
    resume: Option<&'a Resume>,
    compared: Compared,
    sample: Option<&'a Sample>,
    drawn: BinaryHeap<(Hash, u64)>,
    seen: Seen,
    /// The size of the last checkpoint that was read, and what is wrong with its cosignatures.
    doubt: Option<Finding>,
}

/// What was found out.
#[derive(Default)]
pub(super) struct Seen {
    /// Verdicts.
    pub(super) verdicts: u64,
    pub(super) witnessed: Option<Witnessed>,
    /// Checkpoints seen elsewhere that were compared.
    pub(super) compared: u64,
    pub(super) findings: Vec<Finding>,
    /// Whether the state file's tree is a beginning of the log's.
    pub(super) state_holds: bool,
    drawn: Option<BTreeSet<u64>>,
}

impl Seen {
    /// The entries that the sample falls on, where there is one.
    pub(super) fn chosen(&self) -> Option<BTreeSet<u64>> {
        self.drawn.clone()
    }
}

impl<'a> First<'a> {
    pub(super) fn new(options: &'a Options, sample: Option<&'a Sample>) -> Self {
        let resume = options.resume.as_deref();
        Self {
            anchor: options.anchor.as_ref(),
            policy: options.policy.as_ref(),
            known: options
                .known
                .iter()
                .cloned()
                .chain(resume.and_then(Resume::known))
                .collect(),
            resume,
            compared: Compared::default(),
            sample,
            drawn: BinaryHeap::new(),
            seen: Seen {
                witnessed: options.policy.as_ref().map(|_| Witnessed::default()),
                ..Seen::default()
            },
            doubt: None,
        }
    }

    /// What was found out, once the export was read to its end and holds.
    ///
    /// # Errors
    /// `audit-state` where a state file is of other entries.
    pub(super) fn finish(mut self, summary: &Summary) -> Result<Seen, Refusal> {
        self.seen.state_holds = self.compared.state_holds();
        (self.seen.compared, self.seen.findings) = self.compared.finish(summary);
        // What the log signed and does not contain is said first: then the state file is not to blame.
        if let Some(resume) = self.resume.filter(|resume| resume.tree().is_some())
            && !self.seen.state_holds
            && self.seen.findings.is_empty()
        {
            return Err(resume.foreign());
        }
        // Entries that were acknowledged are under a checkpoint that enough have cosigned, so the last one has to be.
        self.seen.findings.extend(self.doubt);
        self.seen.drawn = self
            .sample
            .map(|_| self.drawn.into_iter().map(|(_, index)| index).collect());
        Ok(self.seen)
    }
}

impl Visitor for First<'_> {
    fn header(&mut self, header: &Header) -> Result<(), Stopped> {
        if let Some(anchor) = self.anchor {
            anchor.header(header)?;
        }
        self.compared =
            Compared::new(&self.known, self.resume.and_then(Resume::tree), &header.key).map_err(Stopped::Fault)?;
        Ok(())
    }

    fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), Stopped> {
        self.compared.entry(recorded.hash);
        if recorded.entry.kind == Verdict::TYPE {
            self.seen.verdicts += 1;
            if let Some(sample) = self.sample {
                sample.draw(&mut self.drawn, recorded.entry.index);
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, signed: &Signed<'_>) -> Result<(), Stopped> {
        let (Some(policy), Some(witnessed)) = (self.policy, &mut self.seen.witnessed) else {
            return Ok(());
        };
        let place = Place::Checkpoint {
            number: signed.number,
            size: Some(signed.checkpoint.size),
        };
        let found = |code, what: String| Finding::new(code, place.clone(), signed.offset, what);
        let examined = policy.examine(signed.note).map_err(|what| found(&COSIGNATURE, what))?;
        if examined.quorum {
            witnessed.checkpoints += 1;
            witnessed.since.get_or_insert(signed.checkpoint.size);
            self.doubt = None;
        } else {
            witnessed.unwitnessed += 1;
            let finding = found(&QUORUM, format!("cosigned by {}", examined.by()));
            self.doubt = Some(finding.expected(format!("the quorum {}", policy.quorum())));
        }
        witnessed.last_by = examined.cosigned.into_iter().map(|by| by.name).collect();
        Ok(())
    }
}
