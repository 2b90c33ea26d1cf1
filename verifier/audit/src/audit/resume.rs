//! What an earlier run has verified, in a file: the proofs of the first entries of a log.
//!
//! Only proofs are taken on its word. It is bound to a tree: to the root over exactly those entries, and to the last checkpoint that
//! was seen, which the log must still contain. So it cannot be carried to another log, another history, or other entries. Whoever
//! can write it can claim that proofs were verified which never were; against that, about [`AGAIN`] of them, drawn anew by this
//! machine in each run, are verified again, and each run checks everything but proofs from the beginning.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use covenant_api::files;
use covenant_api::host;
use covenant_policy::refusal::Refusal;
use rand::RngCore;
use serde::{Deserialize, Serialize};

use super::known::Known;
use crate::findings::STATE;
use crate::hash::Hash;
use crate::note::Checkpoint;
use crate::tree::Frontier;

/// What the file calls itself.
const FORMAT: &str = "covenant-audit-state/v1";
/// The largest file.
const BYTES_MAX: usize = 1 << 18;
/// Of the proofs that were verified before, about so many are verified again.
pub const AGAIN: u64 = 64;
/// How often the file is written while proofs are verified.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    r#type: String,
    /// The program's version: another one begins anew.
    version: String,
    /// The last checkpoint that was seen, as its signed note.
    checkpoint: String,
    /// The proofs of all verdicts among so many first entries hold.
    entries: u64,
    /// The root of the tree over these entries.
    root: Hash,
    /// How many verdicts that are.
    verdicts: u64,
}

/// The file, and what it held.
#[derive(Debug)]
pub struct Resume {
    path: PathBuf,
    found: Option<Verified>,
    kept: Mutex<Option<Instant>>,
}

impl Resume {
    /// Reads the file, if it is there.
    ///
    /// # Errors
    /// `audit-state` where it is not such a file, `file-unreadable`.
    pub fn open(path: &Path) -> Result<Self, Refusal> {
        let refuse = |what: String| Refusal::new(&STATE, what).at(path.display());
        let found = if path.exists() {
            let bytes = files::read(path, BYTES_MAX)?;
            let found: Verified = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
            if found.r#type != FORMAT {
                return Err(refuse(format!("type {:?}", found.r#type)).expected(FORMAT));
            }
            Some(found)
        } else {
            None
        };
        Ok(Self {
            path: path.to_owned(),
            found: found.filter(|found| found.version == env!("CARGO_PKG_VERSION")),
            kept: Mutex::new(None),
        })
    }

    /// The checkpoint that the earlier run saw last: the log must contain it.
    pub fn known(&self) -> Option<Known> {
        self.found.as_ref().map(|found| Known {
            from: self.path.display().to_string(),
            note: found.checkpoint.clone().into_bytes(),
        })
    }

    /// The tree of the entries whose proofs it says were verified.
    pub(super) fn tree(&self) -> Option<Checkpoint> {
        self.found.as_ref().map(|found| Checkpoint {
            size: found.entries,
            root: found.root,
        })
    }

    /// The file is of another log, or was changed.
    pub(super) fn foreign(&self) -> Refusal {
        Refusal::new(
            &STATE,
            "the entries of this export are not those whose proofs it says were verified",
        )
        .at(self.path.display())
    }

    /// Keeps what is verified by now, now and then; in any case at the end.
    fn keep(&self, verified: &Verified, end: bool) -> Result<(), Refusal> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !end && kept.is_some_and(|kept| kept.elapsed() < KEEP_EVERY) {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(verified)
            .map_err(|error| Refusal::new(&STATE, error.to_string()).at(self.path.display()))?;
        files::replace(&self.path, format!("{text}\n").as_bytes())?;
        *kept = Some(Instant::now());
        Ok(())
    }
}

/// Which proofs this run verifies.
pub(crate) struct Choice {
    sample: Option<BTreeSet<u64>>,
    /// The entries whose proofs were verified before, and one in how many of these is verified again.
    before: u64,
    one_in: u64,
    rng: Box<dyn RngCore>,
    keeper: Option<Keeper>,
}

/// What becomes of one verdict's proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// They are verified.
    Verified,
    /// An earlier run has verified them.
    Before,
    /// The sample does not fall on them.
    Left,
}

impl Choice {
    /// `resume` only where its tree is that of the log; `checkpoint` is the log's last, as its signed note.
    pub(super) fn new(
        sample: Option<BTreeSet<u64>>,
        resume: Option<(&Arc<Resume>, &[u8])>,
        trusted: bool,
    ) -> Result<Self, Refusal> {
        let found = resume.and_then(|(resume, _)| resume.found.as_ref()).filter(|_| trusted);
        Ok(Self {
            sample,
            before: found.map_or(0, |found| found.entries),
            one_in: found.map_or(1, |found| found.verdicts.div_ceil(AGAIN).max(1)),
            rng: Box::new(host::rng()?),
            keeper: resume.map(|(resume, note)| Keeper {
                resume: Arc::clone(resume),
                checkpoint: String::from_utf8_lossy(note).into_owned(),
                tree: Frontier::default(),
                verdicts: 0,
            }),
        })
    }

    /// What becomes of the proofs of the verdict at this index.
    pub(crate) fn of(&mut self, index: u64) -> Chosen {
        match &self.sample {
            Some(sample) if !sample.contains(&index) => Chosen::Left,
            _ if index < self.before && !self.rng.next_u64().is_multiple_of(self.one_in) => Chosen::Before,
            _ => Chosen::Verified,
        }
    }

    /// Where the state is kept, if it is.
    pub(crate) fn keeper(&mut self) -> Option<&mut Keeper> {
        self.keeper.as_mut()
    }
}

/// Follows the entries, to say what was verified once their proofs are.
pub(crate) struct Keeper {
    resume: Arc<Resume>,
    checkpoint: String,
    tree: Frontier,
    verdicts: u64,
}

impl Keeper {
    /// One more entry, which holds but for its proofs.
    pub(crate) fn entry(&mut self, leaf: Hash, verdict: bool) {
        self.tree.push(leaf);
        self.verdicts += u64::from(verdict);
    }

    /// What may be kept once every proof up to here holds.
    pub(crate) fn here(&self) -> Keep {
        Keep {
            resume: Arc::clone(&self.resume),
            verified: Verified {
                r#type: FORMAT.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                checkpoint: self.checkpoint.clone(),
                entries: self.tree.size(),
                root: self.tree.root(),
                verdicts: self.verdicts,
            },
        }
    }
}

/// Something to be kept.
pub(crate) struct Keep {
    resume: Arc<Resume>,
    verified: Verified,
}

impl Keep {
    /// Every proof up to here holds: keeps that, now and then or at the end.
    pub(crate) fn keep(&self, end: bool) -> Result<(), Refusal> {
        self.resume.keep(&self.verified, end)
    }
}
