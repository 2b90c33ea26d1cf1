//! A witness (C2SP `tlog-witness` v1.1): cosigns a log's checkpoint only where it continues the last one that it cosigned, so that two
//! histories of one log never get its word, and keeps what the log signed where they do not fit together.
//!
//! What it has cosigned lies in one file for each log, which is replaced whole and synced before the cosignature goes out. Checking and
//! replacing are one step under one lock, and one process has the directory.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::files;
use covenant_api::refusals::{FILE_UNREADABLE, FILE_UNWRITABLE};
use covenant_policy::refusal::Refusal;
use ed25519_dalek::SigningKey;

use crate::cosign::WitnessKey;
use crate::findings::{WITNESS_BUSY, WITNESS_STATE};
use crate::hash::{self, Hash};
use crate::note::{self, Checkpoint, LogKey, NOTE_BYTES_MAX, Refused};
use crate::tree;

/// The most lines of a proof.
const PROOF_LINES_MAX: usize = 63;
/// The largest request: every line of a proof, and a note.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 64 * 64;
/// Pieces of evidence of one kind that are kept of one log. Of forks the first ones say it all. Of checkpoints without a proof the newest
/// are kept: anybody can send those that the log has signed lately, and must not use up the room before a fork.
const EVIDENCE_MAX: usize = 64;
/// Two checkpoints of one size with different roots: the log's key signed two histories.
const FORKED: &str = ".fork";
/// A checkpoint that came with a proof that does not hold: the log may have forked, or whoever sent it made the proof up.
const UNPROVEN: &str = ".unproven";
/// The folder for them.
const EVIDENCE: &str = "evidence";

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    fn text(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            media_type: "text/plain; charset=utf-8",
            body: body.into(),
        }
    }

    fn no(status: u16, why: &str) -> Self {
        Self::text(status, format!("{why}\n"))
    }
}

/// The last checkpoint that was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// When it was cosigned, in Unix seconds.
    pub time: u64,
    /// The log's note with the cosignature.
    pub note: String,
}

/// What the log signed and does not fit, as it is told to whoever runs the witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The log's origin.
    pub log: String,
    /// Whether it is a proof that the log's key signed two histories; otherwise somebody sent a proof that does not hold.
    pub fork: bool,
    /// How many entries the checkpoint is of.
    pub size: u64,
    /// Where it is kept, with the one cosigned last; nothing where it could not be written.
    pub kept: Option<PathBuf>,
    /// Where the one cosigned last lies.
    pub cosigned: PathBuf,
}

/// Who is told of evidence.
type Told = Box<dyn Fn(&Evidence) + Send + Sync>;

/// A witness, with what it has cosigned.
pub struct Witness {
    key: WitnessKey,
    secret: SigningKey,
    /// The keys of each log, by origin.
    logs: BTreeMap<String, Vec<LogKey>>,
    directory: PathBuf,
    seen: Mutex<BTreeMap<String, Seen>>,
    told: Told,
    _lock: File,
}

/// The secret is not shown.
impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Witness {
    /// Opens the witness in this directory, for these logs.
    ///
    /// # Errors
    /// `audit-witness-busy` where another process has the directory; `audit-witness-state` where what it cosigned last does not hold;
    /// what keeps files from being read.
    pub fn open(directory: &Path, name: &str, secret: SigningKey, logs: Vec<LogKey>) -> Result<Self, Refusal> {
        let key = WitnessKey::new(name, secret.verifying_key())?;
        let unwritable =
            |error: std::io::Error| Refusal::new(&FILE_UNWRITABLE, error.to_string()).at(directory.display());
        files::create_directory(&directory.join(EVIDENCE))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(directory.join("lock"))
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Refusal::new(&WITNESS_BUSY, "another process has it").at(directory.display()));
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        let mut by_origin: BTreeMap<String, Vec<LogKey>> = BTreeMap::new();
        for log in logs {
            by_origin.entry(log.origin().to_owned()).or_default().push(log);
        }
        let mut seen = BTreeMap::new();
        for (origin, keys) in &by_origin {
            if let Some(last) = last(directory, origin, keys, &key)? {
                seen.insert(origin.clone(), last);
            }
        }
        Ok(Self {
            key,
            secret,
            logs: by_origin,
            directory: directory.to_owned(),
            seen: Mutex::new(seen),
            told: Box::new(|_| {}),
            _lock: lock,
        })
    }

    /// Tells this of each new piece of evidence.
    #[must_use]
    pub fn telling(mut self, told: impl Fn(&Evidence) + Send + Sync + 'static) -> Self {
        self.told = Box::new(told);
        self
    }

    /// The key that its cosignatures verify under.
    pub fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// Answers `add-checkpoint`, at this instant in Unix seconds. Writes to disk.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Answer {
        let Some(request) = Request::read(body) else {
            return Answer::no(
                400,
                "expected: old <size>, at most 63 hashes in base64, an empty line, a signed checkpoint",
            );
        };
        let origin = request.note.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let keys = str::from_utf8(origin).ok().and_then(|origin| self.logs.get(origin));
        let Some(keys) = keys else {
            return Answer::no(404, "this witness does not know the log");
        };
        let checkpoint = match open(request.note, keys) {
            Ok(checkpoint) => checkpoint,
            Err(Refused::Form(expected)) => return Answer::no(400, &format!("expected {expected}")),
            Err(Refused::Origin) => return Answer::no(404, "this witness does not know the log"),
            Err(Refused::Unsigned | Refused::Signature) => {
                return Answer::no(403, "the log has not signed this checkpoint");
            }
        };
        if request.old > checkpoint.size {
            return Answer::no(400, "the old size is larger than the checkpoint's");
        }
        // From here on one request at a time: what is checked is what is replaced.
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = String::from_utf8_lossy(origin).into_owned();
        let last = all.get(&origin);
        let answer = self.decide(&request, &checkpoint, last, now);
        match answer {
            Err(answer) => answer,
            Ok(seen) => {
                let line = seen.note.get(request.note.len()..).unwrap_or_default().to_owned();
                if let Err(refusal) = files::replace(&path(&self.directory, &origin), seen.note.as_bytes()) {
                    return Answer::no(503, &format!("it could not be written down: {}", refusal.code()));
                }
                // Whatever was sent with it before: it continues the tree.
                drop(fs::remove_file(self.piece(request.note, UNPROVEN)));
                all.insert(origin, seen);
                Answer::text(200, line)
            }
        }
    }

    /// What is to be remembered, or the answer where the checkpoint is not cosigned.
    fn decide(
        &self,
        request: &Request<'_>,
        checkpoint: &Checkpoint,
        last: Option<&Seen>,
        now: u64,
    ) -> Result<Seen, Answer> {
        let empty = Checkpoint {
            size: 0,
            root: hash::of(&[]),
        };
        let known = last.map_or(&empty, |last| &last.checkpoint);
        if checkpoint.size == known.size && checkpoint.root != known.root {
            // Two trees of one size under the log's signature: whatever the request says of its old size.
            self.keep(request.note, checkpoint.size, last, FORKED);
        }
        if request.old != known.size {
            return Err(Answer {
                status: 409,
                media_type: "text/x.tlog.size",
                body: format!("{}\n", known.size),
            });
        }
        if !tree::consistent(known.size, known.root, checkpoint.size, checkpoint.root, &request.proof) {
            if checkpoint.size != known.size {
                self.keep(request.note, checkpoint.size, last, UNPROVEN);
            }
            return Err(Answer::no(
                422,
                "the proof does not show that the tree continues the one cosigned last",
            ));
        }
        let time = last.map_or(0, |last| last.time);
        if now < time {
            return Err(Answer::no(
                503,
                "the witness's clock stands before its last cosignature",
            ));
        }
        // The text is UTF-8, as opening the note has shown.
        let whole = String::from_utf8_lossy(request.note).into_owned();
        let text = note::split(request.note).map(|(text, _)| text.to_owned());
        let text = text.map_err(|_| Answer::no(400, "not a note"))?;
        let line = self.key.cosign(&text, now, &self.secret);
        Ok(Seen {
            checkpoint: *checkpoint,
            time: now,
            note: whole + &line,
        })
    }

    /// Keeps what the log signed beside what it had signed before. Each kind has its own room for each log: anybody can send a sound
    /// checkpoint with a proof that is none, and must not thereby use up the room for a fork.
    fn keep(&self, note: &[u8], size: u64, last: Option<&Seen>, kind: &str) {
        let piece = self.piece(note, kind);
        if piece.exists() {
            return;
        }
        let origin = note.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let log = hash::of(&[origin]).to_string();
        let mut pieces = self.pieces(&|name| name.starts_with(&log) && name.ends_with(kind));
        if kind == UNPROVEN {
            pieces.sort_by_key(|path| path.metadata().and_then(|found| found.modified()).ok());
            let over = (pieces.len() + 1).saturating_sub(EVIDENCE_MAX);
            for oldest in pieces.drain(..over) {
                drop(fs::remove_file(oldest));
            }
        }
        let mut kept = None;
        if pieces.len() < EVIDENCE_MAX {
            let before = last.map_or("", |last| last.note.as_str());
            let both = [before.as_bytes(), b"\n", note].concat();
            // Where it cannot be kept, the checkpoint is refused all the same, and whoever runs the witness is told.
            kept = files::create_new(&piece, &both).is_ok().then_some(piece);
        }
        let origin = String::from_utf8_lossy(origin).into_owned();
        (self.told)(&Evidence {
            cosigned: path(&self.directory, &origin),
            log: origin,
            fork: kind == FORKED,
            size,
            kept,
        });
    }

    /// Where a checkpoint is kept as evidence: by what was signed, as signatures of others under it, which anybody can add, make no other
    /// piece of it.
    fn piece(&self, note: &[u8], kind: &str) -> PathBuf {
        let origin = note.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let signed = note::split(note).map_or(note, |(text, _)| text.as_bytes());
        let name = format!("{}-{}{kind}", hash::of(&[origin]), hash::of(&[signed]));
        self.directory.join(EVIDENCE).join(name)
    }

    /// The files of evidence that have such a name.
    fn pieces(&self, named: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
        let files = fs::read_dir(self.directory.join(EVIDENCE))
            .into_iter()
            .flatten()
            .flatten();
        let named = files.filter(|file| file.file_name().to_str().is_some_and(named));
        named.map(|file| file.path()).collect()
    }

    /// The last checkpoint cosigned of a log, by the SHA-256 of its origin in hexadecimal.
    pub fn last(&self, origin: &str) -> Option<String> {
        let all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |name: &str| hash::of(&[name.as_bytes()]).to_string() == origin;
        all.iter()
            .find(|(name, _)| named(name))
            .map(|(_, seen)| seen.note.clone())
    }

    /// What it has cosigned last, by origin.
    pub fn seen(&self) -> BTreeMap<String, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many proofs it keeps that a log's key signed two histories.
    pub fn forks(&self) -> usize {
        self.pieces(&|name| name.ends_with(FORKED)).len()
    }

    /// How many checkpoints it keeps of which nobody could show that they continue what was cosigned.
    pub fn unproven(&self) -> usize {
        self.pieces(&|name| name.ends_with(UNPROVEN)).len()
    }
}

/// Where a log's last checkpoint lies.
fn path(directory: &Path, origin: &str) -> PathBuf {
    directory.join(format!("{}.checkpoint", hash::of(&[origin.as_bytes()])))
}

/// What was cosigned last, checked: the log's signature, and the witness's own.
fn last(directory: &Path, origin: &str, keys: &[LogKey], own: &WitnessKey) -> Result<Option<Seen>, Refusal> {
    let path = path(directory, origin);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display())),
    };
    let damaged = |what: &str| Refusal::new(&WITNESS_STATE, what).at(path.display());
    let checkpoint = open(&bytes, keys).map_err(|_| damaged("the log has not signed it"))?;
    let time = note::split(&bytes)
        .and_then(|(text, lines)| own.cosigned(text, &lines))
        .map(|found| found.map(|(time, _)| time));
    let time = time
        .ok()
        .flatten()
        .ok_or_else(|| damaged("this witness has not cosigned it"))?;
    Ok(Some(Seen {
        checkpoint,
        time,
        note: String::from_utf8_lossy(&bytes).into_owned(),
    }))
}

/// A checkpoint that one of the log's keys signed; a known key's wrong signature counts against it.
fn open(note: &[u8], keys: &[LogKey]) -> Result<Checkpoint, Refused> {
    let mut found = Err(Refused::Unsigned);
    for key in keys {
        match Checkpoint::open(note, key) {
            Ok(checkpoint) => found = Ok(checkpoint),
            Err(Refused::Unsigned) => {}
            Err(refused) => return Err(refused),
        }
    }
    found
}

/// A request, taken apart.
struct Request<'a> {
    old: u64,
    proof: Vec<Hash>,
    note: &'a [u8],
}

impl<'a> Request<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let end = body.windows(2).position(|two| two == b"\n\n")?;
        let (head, rest) = body.split_at(end);
        let mut lines = str::from_utf8(head).ok()?.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(note::decimal)?;
        let proof = lines
            .map(|line| STANDARD.decode(line).ok()?.try_into().ok().map(Hash))
            .collect::<Option<Vec<_>>>()?;
        (proof.len() <= PROOF_LINES_MAX).then_some(Self {
            old,
            proof,
            note: rest.get(2..)?,
        })
    }
}
