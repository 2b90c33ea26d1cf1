//! An audit from the file to the result: read, replay, anchor.
//!
//! The first reading rests on nothing but the file and checks whatever can be checked without understanding what is
//! recorded. The second, if the first found nothing, replays the records and verifies their proofs: all of them, those of a
//! [`sample`], or those that an earlier run has not verified ([`resume`]).

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::Arc;

use covenant_api::log::Shelf;
use covenant_api::refusals::{FILE_UNREADABLE, HOST_FAULT};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use sha2::{Digest as _, Sha256};

use crate::cosign::Policy;
use crate::export::{self, Input, Source, Summary};
use crate::findings::{CHANGED, Finding, NOT_TRUSTED, Place, SECRET, Stopped};
use crate::hash::{self, Hash};
use crate::replay::{Done, Replay};
use crate::state::Replayed;
use crate::tally::Tally;

use first::{First, Seen};
use known::Known;
use resume::{Choice, Resume};
use sample::Sample;

pub use anchor::Anchor;
pub use first::Witnessed;

mod anchor;
mod first;
pub mod known;
pub mod resume;
pub mod sample;

/// What an audit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything holds, and rests on keys that were obtained elsewhere.
    Sound,
    /// Everything that was looked at holds, and rests on such keys; not every proof was looked at.
    Sampled,
    /// Everything holds together, but an operator could have made it up.
    NotAnchored,
    /// What could be read holds, but bodies are missing, so not everything could be audited.
    Incomplete,
    /// Something is wrong.
    Wrong,
}

impl Outcome {
    /// As the report says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Sampled => "sound, proofs by sample",
            Self::NotAnchored => "consistent, not anchored",
            Self::Incomplete => "not fully audited",
            Self::Wrong => "wrong",
        }
    }

    /// Whether the audit is passed: everything that was to be looked at holds and is anchored.
    pub fn passed(self) -> bool {
        matches!(self, Self::Sound | Self::Sampled)
    }
}

/// What was found out.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The result.
    pub outcome: Outcome,
    /// The file's length.
    pub bytes: u64,
    /// The file's SHA-256.
    pub file: Hash,
    /// What the file holds; nothing where reading stopped at a finding.
    pub summary: Option<Summary>,
    /// What the records say; nothing where they could not be replayed.
    pub tally: Option<Tally>,
    /// Proofs verified.
    pub proofs: u64,
    /// Verdicts whose proofs an earlier run has verified, by the state file.
    pub verified_before: u64,
    /// How deep the audit went.
    pub depth: Depth,
    /// The sample whose proofs were verified, where that was asked for.
    pub sample: Option<Sample>,
    /// What witnesses have cosigned, where a policy names them.
    pub witnessed: Option<Witnessed>,
    /// Checkpoints seen elsewhere with which the log was compared.
    pub known: u64,
    /// The first entry whose body is not there.
    pub missing: Option<u64>,
    /// What is wrong, in the order in which it stands in the file, as far as it was read.
    pub findings: Vec<Finding>,
    /// What does not rest on the trust file.
    pub unanchored: Vec<Finding>,
    /// Whether there was a trust file.
    pub trusted: bool,
    /// Whether development keys were allowed.
    pub development_allowed: bool,
}

/// How deep an audit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Every record by the rules of the log, and every proof.
    #[default]
    Full,
    /// Every record, and the proofs of so many verdicts.
    Sample(u64),
    /// Hashes and signatures of checkpoints alone: chain, tree, bodies, uniqueness.
    Hashes,
}

/// How an audit is made.
#[derive(Debug, Default)]
pub struct Options {
    /// What is trusted.
    pub anchor: Option<Anchor>,
    /// Whether keys of a development setup count.
    pub allow_development: bool,
    /// Who must have cosigned the checkpoints.
    pub policy: Option<Policy>,
    /// Checkpoints that were seen elsewhere, which the log must continue or contain.
    pub known: Vec<Known>,
    /// How deep it goes.
    pub depth: Depth,
    /// What an earlier run has verified, and where to keep what this one does.
    pub resume: Option<Arc<Resume>>,
}

/// Shows how far an audit is; gets a reader, and what is being done with it.
pub type Watch<'a> = dyn Fn(Input, &'static str) -> Box<dyn Read + Send> + 'a;

/// Audits an export.
///
/// # Errors
/// Only what says nothing about the log: a file that cannot be read, that changes meanwhile, or that cannot be audited as asked.
pub fn audit(export: &dyn Source, options: &Options, watch: &Watch<'_>) -> Result<Audit, Refusal> {
    let open = || export.open().map_err(|error| unreadable(&error).at(export.shown()));
    let mut audit = Audit::new(options);
    let index = export::index(open()?, false).map_err(|error| unreadable(&error))?;
    let sample = sample::asked(options, index.notes.last().map(Vec::as_slice))?;
    let mut first = First::new(options, sample.as_ref());
    let reading = || export.open().map(|file| watch(file, "reading"));
    let summary = match export::read(reading, &mut first) {
        Ok(summary) => summary,
        Err(Stopped::Fault(fault)) => return Err(fault),
        Err(Stopped::Found(finding)) => {
            audit.findings.push(*finding);
            (audit.bytes, audit.file) = hash_all(watch(open()?, "hashing"))?;
            return Ok(audit);
        }
    };
    let seen = first.finish(&summary)?;
    let chosen = seen.chosen();
    audit.sample = sample.map(|sample| sample.of(seen.verdicts, chosen.as_ref().map_or(0, BTreeSet::len)));
    if options.depth != Depth::Hashes {
        let shelf = Shelf::new(KeyPolicy {
            allow_development: options.allow_development,
        });
        let state = Replayed::new(open()?, index.blobs);
        let last = index.notes.last().map(Vec::as_slice).unwrap_or_default();
        // Of a log that has shown two histories nothing is kept: the file remembers the other one.
        let resume = options.resume.as_ref().filter(|_| seen.findings.is_empty());
        let resume = resume.map(|resume| (resume, last));
        let choice = Choice::new(chosen, resume, seen.state_holds)?;
        let mut replay = Replay::new(state, shelf, choice);
        let ended = export::entries(watch(open()?, "replaying"), &mut replay);
        let done = replay.finish();
        let stopped = || Refusal::new(&HOST_FAULT, "verifying the proofs stopped");
        audit.replayed(&summary, ended, done.ok_or_else(stopped)??)?;
    }
    audit.read(summary, seen);
    if let (Some(anchor), Some(tally)) = (&options.anchor, &audit.tally) {
        let (wrong, unanchored): (Vec<_>, Vec<_>) = anchor
            .records(tally)
            .into_iter()
            .partition(|finding| finding.code.code == NOT_TRUSTED.code);
        audit.findings.extend(wrong);
        audit.unanchored = unanchored;
    }
    audit.outcome = outcome(&audit);
    Ok(audit)
}

fn unreadable(error: &io::Error) -> Refusal {
    Refusal::new(&FILE_UNREADABLE, error.to_string())
}

/// Length and SHA-256 of a file that was not read to its end.
fn hash_all(mut input: Box<dyn Read + Send>) -> Result<(u64, Hash), Refusal> {
    let mut hasher = Sha256::new();
    let bytes = io::copy(&mut input, &mut hasher).map_err(|error| unreadable(&error))?;
    Ok((bytes, Hash(hasher.finalize().into())))
}

fn outcome(audit: &Audit) -> Outcome {
    match audit {
        Audit { findings, .. } if !findings.is_empty() => Outcome::Wrong,
        Audit { missing: Some(_), .. } => Outcome::Incomplete,
        Audit {
            depth: Depth::Hashes, ..
        } => Outcome::Incomplete,
        // An export without the secret shows no claims.
        Audit {
            summary: Some(summary), ..
        } if summary.header.blinding.is_none() => Outcome::Incomplete,
        Audit {
            trusted, unanchored, ..
        } if !trusted || !unanchored.is_empty() => Outcome::NotAnchored,
        Audit { sample: Some(_), .. } => Outcome::Sampled,
        _ => Outcome::Sound,
    }
}

impl Audit {
    /// Nothing found out yet.
    fn new(options: &Options) -> Self {
        Self {
            outcome: Outcome::Wrong,
            bytes: 0,
            file: hash::ZEROS,
            summary: None,
            tally: None,
            proofs: 0,
            verified_before: 0,
            depth: options.depth,
            sample: None,
            witnessed: None,
            known: 0,
            missing: None,
            findings: Vec::new(),
            unanchored: Vec::new(),
            trusted: options.anchor.is_some(),
            development_allowed: options.allow_development,
        }
    }

    /// Takes in what is wrong beside the export, in the bundle that it lies in: that comes first.
    pub fn found_beside(&mut self, findings: Vec<Finding>) {
        self.findings.splice(0..0, findings);
        self.outcome = outcome(self);
    }

    /// Takes in what was read.
    fn read(&mut self, summary: Summary, seen: Seen) {
        (self.bytes, self.file) = (summary.bytes, summary.file);
        self.known = seen.compared;
        self.witnessed = seen.witnessed;
        self.findings.splice(0..0, seen.findings);
        self.summary = Some(summary);
    }

    /// Takes in what was replayed, if that was the same log.
    fn replayed(&mut self, summary: &Summary, ended: Result<Hash, Stopped>, done: Done) -> Result<(), Refusal> {
        let changed = || Refusal::new(&CHANGED, "the second reading found other entries than the first");
        if done.header.as_ref() != Some(&summary.header) {
            return Err(changed());
        }
        let stopped = match ended {
            Ok(last) if last == summary.last => None,
            Ok(_) => return Err(changed()),
            Err(Stopped::Found(finding)) => Some(*finding),
            Err(Stopped::Fault(fault)) => return Err(fault),
        };
        (self.proofs, self.verified_before) = (done.proofs, done.skipped);
        self.missing = done.missing;
        self.tally = Some(done.tally);
        // Proofs are of entries before the one at which the replay stopped; which blobs are named shows at the end.
        self.findings = done.proof_findings;
        match stopped {
            Some(finding) => {
                self.findings.extend(done.doubt);
                self.findings.push(finding);
            }
            None => {
                self.findings.extend(done.doubt.map(|doubt| secret(&doubt)));
                self.findings.extend(done.blob_findings);
            }
        }
        Ok(())
    }
}

/// No entry's claims fit: it is the secret that is wrong.
fn secret(doubt: &Finding) -> Finding {
    let what = format!("no entry shows what its record claims, {} first", doubt.place);
    Finding::new(&SECRET, Place::Header, doubt.offset, what)
}
