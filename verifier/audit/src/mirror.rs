//! A mirror: the whole log in a directory, of which each run fetches what is new.
//!
//! ```text
//! mirror.json                     which log; with bodies, the secret that unique keys are blinded under
//! log/<from>-<to>/entries         an export's records, byte for byte: entries, what lies beside them, checkpoints before them
//! log/<from>-<to>/checkpoint      the record of the checkpoint behind them
//! log/<from>-<to>/blobs           the records of the blobs that came with them
//! state                           how far the parts were checked, so that they need not be read again; may be lost
//! evidence/                       what the log showed that does not fit
//! lock, reading                   held by the one process that mirrors, and by those that read
//! ```
//!
//! A part is fetched, checked against everything before it, written, synced, and becomes one of the mirror by one rename. Together the parts are the log's export,
//! which [`Mirror`] puts together while it is read, whatever parts it has, so that a mirror is audited like any export and with the same result.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use covenant_api::refusals::{FILE_UNREADABLE, FILE_UNWRITABLE};
use covenant_policy::refusal::Refusal;
use rand::RngCore;

use crate::cosign::Policy;
use crate::export::part;
use crate::export::{Input, Source};
use crate::findings::{
    CHECKPOINT, FORK, Finding, HEADER, MIRROR_PART, MIRROR_UNPROVEN, Place as Where, SHORTER, SIGNATURE, Stopped,
};
use crate::hash;
use crate::note::{Checkpoint, LogKey, Refused};
use crate::tree;

use check::Check;
use pieces::Pieces;
use place::{Part, Position};

pub use place::{MIRROR_FILE, Place};
pub use upstream::Upstream;

mod again;
mod check;
mod evidence;
mod join;
mod keep;
mod pieces;
mod place;
mod upstream;

/// Entries that are asked for at once, if nothing else is said: what an interruption can cost.
pub const PART_ENTRIES: u64 = 32_768;

/// How to mirror.
pub struct How<'a> {
    /// Where to.
    pub directory: &'a Path,
    /// The log's key, obtained elsewhere than from the log.
    pub key: &'a LogKey,
    /// Who must have cosigned.
    pub policy: Option<&'a Policy>,
    /// How many entries to ask for at once, at least one.
    pub part_entries: u64,
    /// Told how many entries are mirrored, and how many there are to be.
    pub progress: &'a dyn Fn(u64, u64),
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// How many entries the mirror holds, from the first on.
    pub size: u64,
    /// How many of them were fetched now.
    pub new: u64,
    /// In how many parts, and their bytes as they were fetched.
    pub parts: u64,
    /// The bytes that were fetched.
    pub bytes: u64,
    /// The signed note of the checkpoint behind all of them.
    pub note: Option<Vec<u8>>,
    /// The last entry's time, in Unix milliseconds.
    pub last_ms: Option<u64>,
    /// Who of the policy's witnesses has cosigned that checkpoint, and when, in Unix seconds.
    pub cosigned: Vec<(String, u64)>,
    /// Whether bodies are mirrored.
    pub bodies: bool,
    /// How many entries of earlier runs were asked for again, and were the same.
    pub again: u64,
    /// What is wrong, and where the evidence is. The mirror keeps what it had.
    pub wrong: Option<(Finding, Option<PathBuf>)>,
}

/// Fetches what the mirror does not hold yet.
///
/// # Errors
/// Only what says nothing about the log: a service that does not answer, a disk that is full, a directory that is another's.
pub fn run(log: &dyn Upstream, how: &How<'_>, rng: &mut dyn RngCore) -> Result<Mirrored, Refusal> {
    let (place, _lock) = Place::open(how.directory, how.key)?;
    let position = place.position(how.key);
    let mut run = Run {
        log,
        how,
        remembered: place.remembered(how.key),
        place,
        position,
        expected: Vec::new(),
        head: None,
        tile: None,
        cosigned: Vec::new(),
        new: 0,
        parts: 0,
        bytes: 0,
        again: 0,
    };
    let wrong = match run.all(rng) {
        Ok(()) => None,
        Err(Stopped::Fault(fault)) => return Err(fault),
        Err(Stopped::Found(finding)) => {
            let evidence = run.evidence(&finding)?;
            Some((*finding, evidence))
        }
    };
    Ok(run.done(wrong))
}

struct Run<'a> {
    log: &'a dyn Upstream,
    how: &'a How<'a>,
    place: Place,
    /// Where the checked parts end.
    position: Position,
    /// The largest checkpoint that the directory remembers.
    remembered: Option<(Checkpoint, Vec<u8>)>,
    /// What the entries must make: that one's tree, and the one that the log shows now.
    expected: Vec<Checkpoint>,
    /// What the log shows now.
    head: Option<(Checkpoint, Vec<u8>)>,
    /// What it served of earlier entries, where that is something else.
    tile: Option<Vec<u8>>,
    cosigned: Vec<(String, u64)>,
    new: u64,
    parts: u64,
    bytes: u64,
    again: u64,
}

impl Run<'_> {
    fn all(&mut self, rng: &mut dyn RngCore) -> Result<(), Stopped> {
        self.expected
            .extend(self.remembered.as_ref().map(|(checkpoint, _)| *checkpoint));
        while self.stored()? {}
        let head = self.head()?;
        self.expected.push(head);
        if self.position.edge.size() > 0 {
            let asked = again::ask(self.log, &self.place, self.position.edge.size(), rng).map_err(Stopped::Fault)?;
            self.again = asked.entries;
            if let Some(finding) = asked.finding {
                self.tile = Some(asked.tile);
                return Err(finding.into());
            }
        }
        loop {
            (self.how.progress)(self.position.edge.size(), head.size);
            if !self.stored()? {
                if self.position.edge.size() >= head.size {
                    break;
                }
                self.fetch(head.size)?;
            }
        }
        let found = |code, what: String| Finding::new(code, Where::File("the last checkpoint".to_owned()), 0, what);
        // Of the same checkpoint the log may show more cosignatures than when it was mirrored.
        let shown = self
            .head
            .as_ref()
            .filter(|(head, _)| head.size == self.position.edge.size());
        let note = shown.map(|(_, note)| note).or(self.position.note.as_ref()).cloned();
        if let Some(note) = note {
            self.cosigned = check::cosigned(self.how.policy, &note, true, &found)?;
            self.cosigned_since(note).map_err(Stopped::Fault)?;
        }
        if self
            .place
            .whole()
            .is_ok_and(|parts| parts.last().map(|part| part.to) == Some(self.position.edge.size()))
        {
            join::small(&mut self.place, self.how.part_entries);
        }
        Ok(())
    }

    /// Keeps the checkpoint behind everything as it is shown now, where it got cosignatures since it was mirrored: who audits the mirror
    /// may demand them.
    fn cosigned_since(&mut self, note: Vec<u8>) -> Result<(), Refusal> {
        let more = |kept: &Vec<u8>| place::extends(&note, kept);
        let Some(part) = self
            .place
            .parts()
            .last()
            .filter(|_| self.position.note.as_ref().is_some_and(more))
        else {
            return Ok(());
        };
        keep::checkpoint(part, self.position.link, &note)?;
        self.position.note = Some(note);
        self.place.keep(&self.position)
    }

    /// Checks the part that is kept of what comes next, if one is.
    fn stored(&mut self) -> Result<bool, Stopped> {
        let (Some(part), _) = self.place.part_from(self.position.edge.size()) else {
            return Ok(false);
        };
        let part = part.clone();
        let wrong = |what: String| {
            let place = Where::File(part.directory().display().to_string());
            Stopped::from(Finding::new(&MIRROR_PART, place, 0, what))
        };
        let pieces = Pieces::single(self.place.key(), self.place.blinding().as_ref(), &part);
        let pieces = Arc::new(pieces.map_err(|error| wrong(error.to_string()))?);
        let mut check = Check::new(self.how.key, None, u64::MAX, &self.expected, &self.position);
        let read = part::read(pieces.open(), &self.position.edge, self.position.link, &mut check);
        let read = read.and_then(|(_, edge)| Ok((edge, check.done()?)));
        let (edge, note) = read.map_err(|stopped| match stopped {
            Stopped::Found(finding) => {
                let file = pieces.file_at(finding.offset);
                let file = file.map_or(String::new(), |(path, at)| format!(" ({}, byte {at})", path.display()));
                wrong(format!("{finding}: {}: {}{file}", finding.code.code, finding.what))
            }
            Stopped::Fault(fault) => Stopped::Fault(fault),
        })?;
        let link = keep::link_of(&part, self.position.link).map_err(|error| wrong(error.to_string()))?;
        self.position = Position { edge, link, note };
        self.place.keep(&self.position).map_err(Stopped::Fault)?;
        Ok(true)
    }

    /// The checkpoint that the log shows now: signed, cosigned, and going on behind the one that was mirrored.
    fn head(&mut self) -> Result<Checkpoint, Stopped> {
        let note = self.log.note(None).map_err(Stopped::Fault)?;
        let found = |code, what: String| Finding::new(code, Where::File("the log's checkpoint".to_owned()), 0, what);
        let opened = Checkpoint::open(&note, self.how.key);
        let head = match opened {
            Ok(head) => head,
            Err(refused) => {
                self.head = Some((
                    Checkpoint {
                        size: 0,
                        root: hash::ZEROS,
                    },
                    note,
                ));
                let finding = match refused {
                    Refused::Form(expected) => {
                        found(&CHECKPOINT, "the note is malformed".to_owned()).expected(expected)
                    }
                    Refused::Origin => {
                        found(&CHECKPOINT, "it is of another log".to_owned()).expected(self.how.key.origin())
                    }
                    Refused::Unsigned => found(&SIGNATURE, "the log's key has not signed it".to_owned())
                        .expected(self.how.key.to_string()),
                    Refused::Signature => found(&SIGNATURE, "the log's signature does not fit the text".to_owned()),
                };
                return Err(finding.into());
            }
        };
        self.head = Some((head, note.clone()));
        check::cosigned(self.how.policy, &note, true, &found)?;
        self.continues(head)?;
        Ok(head)
    }

    /// What the log shows goes on behind what the directory remembers.
    fn continues(&mut self, head: Checkpoint) -> Result<(), Stopped> {
        let Some(before) = self.remembered.as_ref().map(|(before, _)| *before) else {
            return Ok(());
        };
        let place = |size| Where::Checkpoint {
            number: 0,
            size: Some(size),
        };
        let forked = |root: hash::Hash| {
            let what = format!("the log signed the root {root} at size {}", before.size);
            let finding = Finding::new(&FORK, place(before.size), 0, what);
            Stopped::from(finding.expected(format!("{}, which it signed before", before.root)))
        };
        if head.size < before.size {
            let what = format!("the log shows {} entries, and signed {} before", head.size, before.size);
            let finding = Finding::new(&SHORTER, place(head.size), 0, what);
            return Err(finding.expected("a log that only grows").into());
        }
        if head.size == before.size {
            return if head.root == before.root {
                Ok(())
            } else {
                Err(forked(head.root))
            };
        }
        let proof = match before.size {
            0 => Vec::new(),
            _ => self.log.consistency(before.size, head.size).map_err(Stopped::Fault)?,
        };
        if tree::consistent(before.size, before.root, head.size, head.root, &proof) {
            return Ok(());
        }
        // Two roots of one size under the log's signature are a proof for everybody; a proof that does not hold may be an accident.
        if let Ok(note) = self.log.note(Some(before.size))
            && let Ok(other) = Checkpoint::open(&note, self.how.key)
            && other.size == before.size
            && other.root != before.root
        {
            self.head = Some((other, note));
            return Err(forked(other.root));
        }
        let what = format!(
            "the proof does not lead from {} entries to the {} that it shows",
            before.size, head.size
        );
        Err(Finding::new(&MIRROR_UNPROVEN, place(head.size), 0, what).into())
    }

    /// Fetches the next part, checks it, and keeps it.
    fn fetch(&mut self, witnessed_from: u64) -> Result<(), Stopped> {
        let from = self.position.edge.size();
        let (_, next) = self.place.part_from(from);
        let most = self.how.part_entries;
        let most = next.map_or(most, |next| most.min(next - from));
        let unwritable = |error: io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at("the part");
        let mut out = io::BufWriter::new(keep::begin(&self.place).map_err(Stopped::Fault)?);
        self.bytes += self.log.part(from, most, &mut out).map_err(Stopped::Fault)?;
        out.flush().map_err(|error| Stopped::Fault(unwritable(error)))?;
        drop(out);
        let fetched = File::open(self.place.incoming().join(keep::FETCHED))
            .map_err(|error| Stopped::Fault(Refusal::new(&FILE_UNREADABLE, error.to_string()).at("the part")))?;
        let mut check = Check::new(
            self.how.key,
            self.how.policy,
            witnessed_from,
            &self.expected,
            &self.position,
        );
        let (summary, edge) = part::read(fetched, &self.position.edge, hash::ZEROS, &mut check)?;
        let to = edge.size();
        if to == from || next.is_some_and(|next| to > next) {
            let finding = Finding::new(
                &HEADER,
                Where::Header,
                0,
                format!("a part of the entries from {from} to {to}"),
            );
            return Err(finding
                .expected(format!("at least one entry, and at most {most}"))
                .into());
        }
        let note = check.done()?;
        self.place
            .name(self.how.key, summary.header.blinding.as_ref())
            .map_err(Stopped::Fault)?;
        let (part, link) = keep::finish(&self.place, from, to, self.position.link).map_err(Stopped::Fault)?;
        self.place.add(part);
        self.position = Position { edge, link, note };
        self.new += to - from;
        self.parts += 1;
        self.place.keep(&self.position).map_err(Stopped::Fault)
    }

    /// Keeps what shows that something is wrong.
    fn evidence(&self, finding: &Finding) -> Result<Option<PathBuf>, Refusal> {
        let mut files: Vec<(&str, &[u8])> = Vec::new();
        let mirrored = self.remembered.as_ref().map(|(_, note)| note.as_slice());
        files.extend(mirrored.map(|note| ("mirrored.checkpoint", note)));
        files.extend(
            self.head
                .as_ref()
                .map(|(_, note)| ("shown.checkpoint", note.as_slice())),
        );
        files.extend(self.tile.as_deref().map(|tile| ("tile", tile)));
        evidence::keep(&self.place, finding, &files)
    }

    fn done(self, wrong: Option<(Finding, Option<PathBuf>)>) -> Mirrored {
        let size = self.position.edge.size();
        Mirrored {
            size,
            new: self.new,
            parts: self.parts,
            bytes: self.bytes,
            note: self.position.note,
            last_ms: (size > 0).then_some(self.position.edge.time),
            cosigned: self.cosigned,
            bodies: self.place.blinding().is_some(),
            again: self.again,
            wrong,
        }
    }
}

/// A mirror as the export that its parts make.
#[derive(Debug)]
pub struct Mirror {
    directory: PathBuf,
    pieces: Arc<Pieces>,
    findings: Vec<Finding>,
    /// As long as this is held no part is removed.
    _reading: Option<File>,
}

impl Mirror {
    /// Opens what is mirrored now; parts that come later are not in it.
    ///
    /// # Errors
    /// `audit-mirror-part` where a part is missing; `audit-mirror`; `file-unreadable`.
    pub fn open(directory: &Path) -> Result<Self, Refusal> {
        let reading = Place::reading(directory);
        let place = Place::read(directory)?;
        let parts: &[Part] = place.whole()?;
        let pieces = Pieces::whole(place.key(), place.blinding().as_ref(), parts);
        let missing = |error: io::Error| Refusal::new(&MIRROR_PART, error.to_string()).at(directory.display());
        let mut findings = Vec::new();
        for (part, next) in parts.iter().zip(parts.iter().skip(1)) {
            if !part.goes_on_in(next).map_err(missing)? {
                let path = part.checkpoint();
                let path = path.strip_prefix(directory).unwrap_or(&path);
                let place = Where::File(path.display().to_string());
                let finding = Finding::new(
                    &MIRROR_PART,
                    place,
                    0,
                    "it is not the checkpoint that the next part begins with",
                );
                findings.push(finding);
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            pieces: Arc::new(pieces.map_err(missing)?),
            findings,
            _reading: reading,
        })
    }

    /// What is wrong beside the export that the parts make: with checkpoints between them.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.clone()
    }

    /// Says of a finding in which file of the mirror it is.
    pub fn locate(&self, finding: &mut Finding) {
        let file = self.pieces.file_at(finding.offset).filter(|_| finding.offset > 0);
        if let Some((path, at)) = file {
            let path = path.strip_prefix(&self.directory).unwrap_or(path);
            finding.what += &format!(" (in the mirror: {}, byte {at})", path.display());
        }
    }
}

impl Source for Mirror {
    fn open(&self) -> io::Result<Input> {
        Ok(self.pieces.open())
    }

    fn shown(&self) -> String {
        self.directory.display().to_string()
    }
}
