//! An audit from the file to the result: read, replay, anchor.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::thread;

use covenant_api::documents::Trust;
use covenant_api::log::Shelf;
use covenant_api::refusals::{FILE_UNREADABLE, HOST_FAULT};
use covenant_api::types::Hex32;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use sha2::{Digest as _, Sha256};

use crate::export::{self, Header, Summary, Visitor};
use crate::findings::{CHANGED, Finding, NOT_ANCHORED, NOT_TRUSTED, Place, SECRET, SUM, Stopped};
use crate::hash::{self, Hash};
use crate::note::LogKey;
use crate::replay::{Done, Replay};
use crate::state::Replayed;
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
    fn header(&self, header: &Header) -> Result<(), Finding> {
        if header.key == self.key {
            return Ok(());
        }
        let what = format!("the log's key is {}", header.key);
        Err(Finding::new(&NOT_TRUSTED, Place::Header, 0, what).expected(self.key.to_string()))
    }

    /// Operator, participants and verifying keys are those that are trusted.
    fn records(&self, tally: &Tally) -> Vec<Finding> {
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

/// What an audit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything holds, and rests on keys that were obtained elsewhere.
    Sound,
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
            Self::NotAnchored => "consistent, not anchored",
            Self::Incomplete => "not fully audited",
            Self::Wrong => "wrong",
        }
    }

    /// Whether the audit is passed: everything holds and is anchored.
    pub fn passed(self) -> bool {
        self == Self::Sound
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

/// How an audit is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is trusted.
    pub anchor: Option<Anchor>,
    /// Whether keys of a development setup count.
    pub allow_development: bool,
}

/// Shows how far an audit is; gets a reader, and what is being done with it.
pub type Watch<'a> = dyn Fn(File, &'static str) -> Box<dyn Read + Send> + 'a;

/// Audits an export.
///
/// # Errors
/// Only what says nothing about the log: a file that cannot be read, or that changes meanwhile.
pub fn audit(path: &Path, options: &Options, watch: &Watch<'_>) -> Result<Audit, Refusal> {
    let open = || File::open(path).map_err(|error| unreadable(&error).at(path.display()));
    let mut audit = Audit {
        outcome: Outcome::Wrong,
        bytes: 0,
        file: hash::ZEROS,
        summary: None,
        tally: None,
        proofs: 0,
        missing: None,
        findings: Vec::new(),
        unanchored: Vec::new(),
        trusted: options.anchor.is_some(),
        development_allowed: options.allow_development,
    };
    let shelf = Shelf::new(KeyPolicy {
        allow_development: options.allow_development,
    });
    let blobs = export::blobs(open()?).map_err(|error| unreadable(&error))?;
    let state = Replayed::new(open()?, blobs);
    let (reader, replayer) = (watch(open()?, "reading"), watch(open()?, "replaying"));
    let (read, replayed) = thread::scope(|scope| {
        let mut first = First(options.anchor.as_ref());
        let reading = scope.spawn(move || export::read(reader, &mut first));
        let replayed = replay(replayer, state, shelf);
        (reading.join(), replayed)
    });
    let stopped = |_| Refusal::new(&HOST_FAULT, "reading the export stopped");
    match read.map_err(stopped)? {
        Ok(summary) => {
            audit.take(&summary, replayed?)?;
            (audit.bytes, audit.file) = (summary.bytes, summary.file);
            audit.summary = Some(summary);
        }
        // What is wrong with the file comes before whatever its records seemed to say.
        Err(Stopped::Found(finding)) => {
            // Of the secret, the file says only that some byte is wrong; the records say which.
            if finding.code.code == SUM.code
                && let Ok((Ok(_), done)) = replayed
            {
                audit.findings.extend(done.doubt.map(|doubt| secret(&doubt)));
            }
            audit.findings.push(*finding);
            (audit.bytes, audit.file) = hash_all(watch(open()?, "hashing"))?;
        }
        Err(Stopped::Fault(fault)) => return Err(fault),
    }
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
        // An export without the secret shows no claims.
        Audit {
            summary: Some(summary), ..
        } if summary.header.blinding.is_none() => Outcome::Incomplete,
        Audit {
            trusted, unanchored, ..
        } if !trusted || !unanchored.is_empty() => Outcome::NotAnchored,
        _ => Outcome::Sound,
    }
}

impl Audit {
    /// Takes in what was replayed, if that was the same log.
    fn take(&mut self, summary: &Summary, (ended, done): Replaying) -> Result<(), Refusal> {
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
        self.proofs = done.proofs;
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

/// How replaying ended, and what was replayed.
type Replaying = (Result<Hash, Stopped>, Done);

/// Replays the records of an export.
fn replay(input: Box<dyn Read + Send>, state: Replayed, shelf: Shelf) -> Result<Replaying, Refusal> {
    let mut replay = Replay::new(state, shelf);
    let ended = export::entries(input, &mut replay);
    let done = replay.finish();
    Ok((
        ended,
        done.ok_or_else(|| Refusal::new(&HOST_FAULT, "verifying the proofs stopped"))?,
    ))
}

/// The first reading: whose log it is.
struct First<'a>(Option<&'a Anchor>);

impl Visitor for First<'_> {
    fn header(&mut self, header: &Header) -> Result<(), Stopped> {
        match self.0 {
            Some(anchor) => Ok(anchor.header(header)?),
            None => Ok(()),
        }
    }
}
