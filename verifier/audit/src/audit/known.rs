//! Checkpoints that were seen elsewhere: in receipts, in earlier exports, by witnesses, by other readers. The log must
//! contain the tree of each of them, or it has shown two histories.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::files;
use covenant_api::refusals::FILE_UNREADABLE;
use covenant_policy::refusal::Refusal;

use crate::export::{self, Summary};
use crate::findings::{CHECKPOINT, FORK, Finding, Place, SHORTER};
use crate::hash::Hash;
use crate::note::{self, Checkpoint, LogKey, NOTE_BYTES_MAX};
use crate::receipt::{RECEIPT_BYTES_MAX, Receipt};
use crate::tree::Frontier;

/// What an export begins with, whatever its version.
const EXPORT: &[u8] = b"covenant-export/";

/// A checkpoint's signed note, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Where it was found.
    pub from: String,
    /// The note, unchecked.
    pub note: Vec<u8>,
}

impl Known {
    /// The checkpoints in a file: a signed note, a receipt in any of its forms, or another export, all of whose checkpoints count.
    ///
    /// # Errors
    /// `file-unreadable`, `document-too-large`; `audit-receipt-form` where it is none of them.
    pub fn read(path: &Path) -> Result<Vec<Self>, Refusal> {
        let from = path.display().to_string();
        let unreadable = |error: std::io::Error| Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display());
        let mut begins = [0; EXPORT.len()];
        let mut file = File::open(path).map_err(unreadable)?;
        if file.read_exact(&mut begins).is_ok() && begins == EXPORT {
            let notes = export::index(file, true).map_err(unreadable)?.notes;
            return Ok(notes
                .into_iter()
                .map(|note| Self {
                    from: from.clone(),
                    note,
                })
                .collect());
        }
        let bytes = files::read(path, RECEIPT_BYTES_MAX)?;
        // A receipt in CBOR holds a note too, and is no UTF-8.
        let is_text = bytes.len() <= NOTE_BYTES_MAX && str::from_utf8(&bytes).is_ok();
        let is_note = is_text && note::claimed_size(&bytes).is_some();
        let found = if is_note {
            bytes
        } else {
            let receipt = Receipt::read(&bytes).map_err(|refusal| refusal.at(path.display()))?;
            receipt.note().as_bytes().to_vec()
        };
        Ok(vec![Self { from, note: found }])
    }
}

/// Compares them with the tree as it grows.
#[derive(Default)]
pub(super) struct Compared {
    /// From the largest size to the smallest, with where each comes from; a state file's own tree without.
    rest: Vec<(Checkpoint, Option<String>)>,
    tree: Frontier,
    compared: u64,
    state_holds: bool,
    findings: Vec<Finding>,
}

impl Compared {
    /// The log's key must have signed each of them; but nobody the tree of a state file.
    pub(super) fn new(known: &[Known], state: Option<Checkpoint>, key: &LogKey) -> Result<Self, Refusal> {
        let open = |known: &Known| {
            let checkpoint = Checkpoint::open(&known.note, key).map_err(|_| {
                Refusal::new(&CHECKPOINT, "it is not a checkpoint that this log has signed")
                    .at(&known.from)
                    .expected(key.to_string())
            })?;
            Ok((checkpoint, Some(known.from.clone())))
        };
        let mut rest = known.iter().map(open).collect::<Result<Vec<_>, Refusal>>()?;
        rest.extend(state.map(|state| (state, None)));
        rest.sort_by_key(|(checkpoint, _)| std::cmp::Reverse(checkpoint.size));
        let mut compared = Self {
            rest,
            ..Self::default()
        };
        compared.compare();
        Ok(compared)
    }

    /// One more entry.
    pub(super) fn entry(&mut self, leaf: Hash) {
        if !self.rest.is_empty() {
            self.tree.push(leaf);
            self.compare();
        }
    }

    fn compare(&mut self) {
        while let Some((checkpoint, from)) = self.rest.pop_if(|(checkpoint, _)| checkpoint.size == self.tree.size()) {
            let found = self.tree.root();
            let Some(from) = from else {
                self.state_holds = found == checkpoint.root;
                continue;
            };
            self.compared += 1;
            if found != checkpoint.root {
                let root = |hash: Hash| STANDARD.encode(hash.0);
                let what = format!(
                    "the log signed the root {} at size {}; the entries of this export have {}",
                    root(checkpoint.root),
                    checkpoint.size,
                    root(found)
                );
                let expected = "a beginning of this log's tree";
                self.findings
                    .push(Finding::new(&FORK, Place::File(from), 0, what).expected(expected));
            }
        }
    }

    /// Whether the tree of the state file is a beginning of this one.
    pub(super) fn state_holds(&self) -> bool {
        self.state_holds
    }

    /// How many were compared, and what is wrong. Those that are left are of more entries than there are.
    pub(super) fn finish(mut self, summary: &Summary) -> (u64, Vec<Finding>) {
        let size = summary.header.size;
        for (checkpoint, from) in self.rest.iter().rev() {
            let (Some(last), Some(from)) = (checkpoint.size.checked_sub(1), from) else {
                continue;
            };
            let what = format!(
                "{from} shows that the log signed {} entries, and the export holds {size}",
                checkpoint.size
            );
            let finding = Finding::new(&SHORTER, Place::Entries(size..=last), 0, what);
            self.findings.push(finding.expected("an export of all of them"));
        }
        (self.compared, self.findings)
    }
}
