//! A mirror's directory: its parts, what log they are of, and how far they were checked.

use std::cmp::Reverse;
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use covenant_api::files;
use covenant_api::refusals::{FILE_UNREADABLE, FILE_UNWRITABLE};
use covenant_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};

use super::pieces::record;
use crate::export::part::Edge;
use crate::export::{Blinding, SEAL, Walk, mark};
use crate::findings::{MIRROR, MIRROR_BUSY, MIRROR_PART};
use crate::hash::{self, Hash};
use crate::note::{self, Checkpoint, LogKey, NOTE_BYTES_MAX};
use crate::tree::Frontier;

/// The file by which a mirror is known.
pub const MIRROR_FILE: &str = "mirror.json";
const FORMAT: &str = "covenant-mirror/v1";
const STATE_FILE: &str = "state";
const STATE_FORMAT: &str = "covenant-mirror-state/v1";
/// The largest of its small files.
const BYTES_MAX: usize = 1 << 18;
/// The folder of parts, and the one that a part is made in.
const LOG: &str = "log";
const INCOMING: &str = "incoming";
/// Whoever reads the parts holds this.
const READING: &str = "reading";
/// Mark and length before a record's content.
const HEAD_BYTES: usize = 5;

/// What the mirror is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    r#type: String,
    log: String,
    /// The secret that unique keys are blinded under, where bodies are mirrored: for an auditor's eyes.
    blinding: Option<Hash>,
}

/// How far the parts were checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    r#type: String,
    /// Size and complete subtrees of the tree of all entries but the last.
    before: u64,
    peaks: Vec<Hash>,
    last: Option<Hash>,
    time: u64,
    link: Hash,
    checkpoint: String,
}

/// A part that is kept: these entries, the checkpoint behind them, and the blobs that came with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The first entry.
    pub from: u64,
    /// The first that is no longer in it.
    pub to: u64,
    directory: PathBuf,
}

impl Part {
    /// The part in this directory.
    pub(super) fn new(directory: PathBuf, from: u64, to: u64) -> Self {
        Self { from, to, directory }
    }

    /// Its directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its entries, what lies beside them, and the checkpoints before and among them: an export's records.
    pub(super) fn entries(&self) -> PathBuf {
        self.directory.join("entries")
    }

    /// The record of the checkpoint behind it.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.directory.join("checkpoint")
    }

    /// Beside a part that was made of others, as long as they are there: what was read of them.
    pub(super) fn joined(&self) -> PathBuf {
        self.directory.join("joined")
    }

    /// The records of its blobs, where it has any.
    pub(super) fn blobs(&self) -> PathBuf {
        self.directory.join("blobs")
    }

    /// How many bytes its entries and blobs have.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        let blobs = match self.blobs().metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            blobs => blobs?.len(),
        };
        Ok(self.entries().metadata()?.len() + blobs)
    }

    /// Whether the next part begins with the checkpoint behind this one. It may bear more cosignatures there than when this part was
    /// fetched.
    pub(super) fn goes_on_in(&self, next: &Self) -> io::Result<bool> {
        let behind = fs::read(self.checkpoint())?;
        let mut walk = Walk::new(File::open(next.entries())?);
        let mut first = Vec::new();
        if !matches!(walk.next(&mut first), Ok(Some((mark::CHECKPOINT, _)))) {
            // That is found in the entries themselves.
            return Ok(true);
        }
        let first = record(mark::CHECKPOINT, &[&first]);
        let note = |record: &[u8]| record.get(HEAD_BYTES + SEAL..).unwrap_or_default().to_vec();
        let (mut walk, mut one) = (Walk::new(behind.as_slice()), Vec::new());
        let whole =
            matches!(walk.next(&mut one), Ok(Some((mark::CHECKPOINT, _)))) && matches!(walk.next(&mut one), Ok(None));
        Ok(behind == first || whole && extends(&note(&first), &note(&behind)))
    }

    /// The note of the checkpoint behind it.
    fn note(&self) -> Result<Vec<u8>, Refusal> {
        let mut record = files::read(&self.checkpoint(), HEAD_BYTES + SEAL + NOTE_BYTES_MAX)?;
        Ok(record.split_off(record.len().min(HEAD_BYTES + SEAL)))
    }
}

/// Where the checked parts end.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub(super) edge: Edge,
    /// The link of the last checkpoint in the entries' files.
    pub(super) link: Hash,
    /// The note of the checkpoint behind all of them; nothing before the first part.
    pub(super) note: Option<Vec<u8>>,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            edge: Edge::default(),
            link: hash::ZEROS,
            note: None,
        }
    }
}

/// The directory.
#[derive(Debug)]
pub struct Place {
    directory: PathBuf,
    named: Option<Named>,
    parts: Vec<Part>,
    /// Parts that lie within those.
    within: Vec<Part>,
}

impl Place {
    /// Whether there is a mirror in this directory.
    pub fn is_one(directory: &Path) -> bool {
        directory.join(MIRROR_FILE).is_file()
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// `file-unreadable`, `audit-mirror`.
    pub fn read(directory: &Path) -> Result<Self, Refusal> {
        let path = directory.join(MIRROR_FILE);
        let malformed = |what: String| Refusal::new(&MIRROR, what).at(path.display());
        let named = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => {
                let bytes = files::read(&path, BYTES_MAX)?;
                let named: Named = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
                if named.r#type != FORMAT {
                    return Err(malformed(format!("type {:?}", named.r#type)).expected(FORMAT));
                }
                Some(named)
            }
        };
        let mut parts = Vec::new();
        let log = directory.join(LOG);
        if named.is_some() {
            let unreadable = |error: io::Error| Refusal::new(&FILE_UNREADABLE, error.to_string()).at(log.display());
            for entry in fs::read_dir(&log).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if let Some((from, to)) = entry.file_name().to_str().and_then(range).filter(|_| directory) {
                    parts.push(Part::new(entry.path(), from, to));
                }
            }
        }
        parts.sort_by_key(|part| (part.from, Reverse(part.to)));
        // From each end on the longest part goes on; one that lies within such a part is one that it was made of.
        let (mut end, mut chain) = (0, Vec::new());
        for part in &parts {
            if part.from == end {
                end = part.to;
                chain.push((part.from, part.to));
            }
        }
        let own = |part: &Part| {
            let inside =
                |&(from, to): &(u64, u64)| from <= part.from && part.to <= to && (from, to) != (part.from, part.to);
            !chain.iter().any(inside)
        };
        let (parts, within) = parts.into_iter().partition(own);
        Ok(Self {
            directory: directory.to_owned(),
            named,
            parts,
            within,
        })
    }

    /// Makes the directory, takes it for this process, and reads what is there.
    ///
    /// # Errors
    /// `audit-mirror-busy`; `audit-mirror` where it is of another log; what keeps files from being read or written.
    pub(super) fn open(directory: &Path, key: &LogKey) -> Result<(Self, File), Refusal> {
        let unwritable = |error: io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(directory.display());
        files::create_directory(&directory.join(LOG))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join("lock"))
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Refusal::new(&MIRROR_BUSY, "another process has it").at(directory.display()));
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        let place = Self::read(directory)?;
        if let Some(named) = place.named.as_ref().filter(|named| named.log != key.to_string()) {
            let what = format!("it mirrors the log {}", named.log);
            return Err(Refusal::new(&MIRROR, what)
                .at(directory.display())
                .expected(key.to_string()));
        }
        // What an interrupted run left behind was never called mirrored.
        match fs::remove_dir_all(place.incoming()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
        // So that whoever reads can say so, who may not make a file here.
        let _ = place.reading_file();
        Ok((place, lock))
    }

    /// Says that somebody reads the parts, until the file is dropped. Nothing comes where that cannot be said: then a part that was made one
    /// with others can be gone when it is read.
    pub(super) fn reading(directory: &Path) -> Option<File> {
        let place = Self::is_one(directory).then(|| Self::reading_in(directory))?;
        let file = place.ok()?;
        file.lock_shared().ok()?;
        Some(file)
    }

    fn reading_in(directory: &Path) -> io::Result<File> {
        let path = directory.join(READING);
        let made = File::options().create(true).truncate(false).write(true).open(&path);
        made.or_else(|_| File::open(&path))
    }

    fn reading_file(&self) -> io::Result<File> {
        Self::reading_in(&self.directory)
    }

    /// Keeps readers out until the file is dropped, if there is none now and there is something to remove.
    pub(super) fn unread(&self) -> Option<File> {
        if self.within.is_empty() {
            return None;
        }
        let file = self.reading_file().ok()?;
        file.try_lock().ok()?;
        Some(file)
    }

    /// One part takes the place of these, which it was made of.
    pub(super) fn stands_for(&mut self, group: Range<usize>, whole: Part) {
        self.within.extend(self.parts.splice(group, [whole]));
    }

    /// The parts that lie within this one.
    pub(super) fn within(&self, whole: &Part) -> impl Iterator<Item = &Part> {
        let (from, to) = (whole.from, whole.to);
        self.within
            .iter()
            .filter(move |part| from <= part.from && part.to <= to)
    }

    /// Forgets those that are no longer there.
    pub(super) fn forget_removed(&mut self) {
        self.within.retain(|part| part.directory.exists());
    }

    /// Where it is.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where a part is made.
    pub(super) fn incoming(&self) -> PathBuf {
        self.directory.join(LOG).join(INCOMING)
    }

    /// Where a part lies.
    pub(super) fn of(&self, from: u64, to: u64) -> PathBuf {
        self.directory.join(LOG).join(format!("{from:020}-{to:020}"))
    }

    /// The log's key, as the mirror says.
    pub(super) fn key(&self) -> &str {
        self.named.as_ref().map_or("", |named| named.log.as_str())
    }

    /// The blinding secret, where bodies are mirrored.
    pub(super) fn blinding(&self) -> Option<Blinding> {
        self.named.as_ref()?.blinding.map(|secret| Blinding::new(secret.0))
    }

    /// The parts, ascending.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts in the order in which they make the log.
    ///
    /// # Errors
    /// `audit-mirror-part` where one is missing.
    pub fn whole(&self) -> Result<&[Part], Refusal> {
        let mut next = 0;
        for part in &self.parts {
            if part.from < next {
                let what = format!("the part of the entries {}..{} lies across others", part.from, part.to);
                return Err(Refusal::new(&MIRROR_PART, what).at(part.directory.display()));
            }
            if part.from != next {
                let what = format!("no part holds the entries from {next} on, and others follow");
                return Err(Refusal::new(&MIRROR_PART, what).at(self.directory.join(LOG).display()));
            }
            next = part.to;
        }
        if next == 0 {
            return Err(Refusal::new(&MIRROR_PART, "nothing is mirrored yet").at(self.directory.display()));
        }
        Ok(&self.parts)
    }

    /// The part that begins here; and the first entry of the next one that is there, behind it or not.
    pub(super) fn part_from(&self, from: u64) -> (Option<&Part>, Option<u64>) {
        let here = self.parts.iter().find(|part| part.from == from);
        let next = self.parts.iter().map(|part| part.from).find(|next| *next > from);
        (here, next)
    }

    /// Says what the mirror is of, with the first part; every later one has to be of the same kind.
    ///
    /// # Errors
    /// `audit-mirror`; `file-unwritable`.
    pub(super) fn name(&mut self, key: &LogKey, blinding: Option<&Blinding>) -> Result<(), Refusal> {
        let blinding = blinding.map(|secret| Hash(*secret.reveal()));
        let refuse = |what: &str| Err(Refusal::new(&MIRROR, what).at(self.directory.display()));
        match self.named.as_ref().map(|named| named.blinding) {
            Some(before) if before == blinding => Ok(()),
            Some(Some(_)) if blinding.is_none() => {
                refuse("it holds bodies, and the log gives none without an auditor's token")
            }
            Some(None) => refuse("it was begun without an auditor's token, and holds no bodies"),
            Some(Some(_)) => refuse("the log gives another blinding secret than before"),
            None => {
                let named = Named {
                    r#type: FORMAT.to_owned(),
                    log: key.to_string(),
                    blinding,
                };
                let text = serde_json::to_string_pretty(&named)
                    .map_err(|error| Refusal::new(&MIRROR, error.to_string()).at(MIRROR_FILE))?;
                files::replace(&self.directory.join(MIRROR_FILE), format!("{text}\n").as_bytes())?;
                self.named = Some(named);
                Ok(())
            }
        }
    }

    /// One more part.
    pub(super) fn add(&mut self, part: Part) {
        self.parts.push(part);
        self.parts.sort_by_key(|part| (part.from, part.to));
    }

    /// How far the parts were checked, as far as that was written down and fits them; otherwise they are checked again from the first on.
    pub(super) fn position(&self, key: &LogKey) -> Position {
        let found = self.kept().and_then(|kept| {
            let tree = Frontier::of(kept.before, kept.peaks)?;
            let edge = Edge {
                tree,
                last: kept.last,
                time: kept.time,
            };
            let checkpoint = Checkpoint::open(kept.checkpoint.as_bytes(), key).ok()?;
            let whole = self.whole().ok()?;
            let there = whole.iter().any(|part| part.to == edge.size());
            let fits = checkpoint.size == edge.size() && checkpoint.root == edge.whole().root();
            (there && fits).then_some(Position {
                edge,
                link: kept.link,
                note: Some(kept.checkpoint.into_bytes()),
            })
        });
        found.unwrap_or_default()
    }

    fn kept(&self) -> Option<Kept> {
        let bytes = files::read(&self.directory.join(STATE_FILE), BYTES_MAX).ok()?;
        let (sum, text) = str::from_utf8(&bytes).ok()?.split_once('\n')?;
        let kept: Kept = serde_json::from_str(text).ok()?;
        (sum == hash::of(&[text.as_bytes()]).to_string() && kept.r#type == STATE_FORMAT).then_some(kept)
    }

    /// Writes down how far the parts were checked.
    ///
    /// # Errors
    /// `file-unwritable`.
    pub(super) fn keep(&self, position: &Position) -> Result<(), Refusal> {
        let kept = Kept {
            r#type: STATE_FORMAT.to_owned(),
            before: position.edge.tree.size(),
            peaks: position.edge.tree.peaks().to_vec(),
            last: position.edge.last,
            time: position.edge.time,
            link: position.link,
            checkpoint: String::from_utf8_lossy(position.note.as_deref().unwrap_or_default()).into_owned(),
        };
        let text = serde_json::to_string_pretty(&kept)
            .map_err(|error| Refusal::new(&MIRROR, error.to_string()).at(STATE_FILE))?
            + "\n";
        let sum = hash::of(&[text.as_bytes()]);
        files::replace(&self.directory.join(STATE_FILE), format!("{sum}\n{text}").as_bytes())
    }

    /// The largest checkpoint of this log that the directory remembers, wherever its parts stand.
    pub(super) fn remembered(&self, key: &LogKey) -> Option<(Checkpoint, Vec<u8>)> {
        let parts = self.parts.iter().chain(&self.within);
        let notes = parts.filter_map(|part| part.note().ok());
        let kept = self.kept().map(|kept| kept.checkpoint.into_bytes());
        notes
            .chain(kept)
            .filter_map(|note| Some((Checkpoint::open(&note, key).ok()?, note)))
            .max_by_key(|(checkpoint, _)| checkpoint.size)
    }
}

/// Whether a note is another one with more signatures.
pub(super) fn extends(more: &[u8], note: &[u8]) -> bool {
    let split = |note| note::split(note).ok();
    matches!((split(more), split(note)), (Some((text, more)), Some((same, lines))) if text == same && more.len() > lines.len())
}

/// The entries of a part, by its directory's name.
fn range(name: &str) -> Option<(u64, u64)> {
    let (from, to) = name.split_once('-')?;
    let number = |digits: &str| {
        let plain = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u64>().ok()).flatten()
    };
    number(from).zip(number(to)).filter(|(from, to)| from < to)
}
