//! What a part is held to, beyond that it holds together.

use super::place::Position;
use crate::cosign::Policy;
use crate::export::{Header, Recorded, Signed, Visitor};
use crate::findings::{CHECKPOINT, COSIGNATURE, FORK, Finding, NOT_TRUSTED, Place, QUORUM, ROOT, Stopped};
use crate::note::{Checkpoint, LogKey};
use crate::tree::Frontier;

/// Looks at a part while it is read.
pub(super) struct Check<'a> {
    key: &'a LogKey,
    policy: Option<&'a Policy>,
    /// From this size on checkpoints must bear enough cosignatures.
    witnessed_from: u64,
    /// Trees that the log has signed: the entries must make those that they reach.
    expected: &'a [Checkpoint],
    tree: Frontier,
    from: u64,
    /// Where the entries do not make such a tree, though they make those that the part's own checkpoints say.
    missed: Option<Finding>,
    /// The note of the last checkpoint.
    note: Option<Vec<u8>>,
}

impl<'a> Check<'a> {
    /// Of what goes on behind this position.
    pub(super) fn new(
        key: &'a LogKey,
        policy: Option<&'a Policy>,
        witnessed_from: u64,
        expected: &'a [Checkpoint],
        position: &Position,
    ) -> Self {
        Self {
            key,
            policy,
            witnessed_from,
            expected,
            tree: position.edge.whole(),
            from: position.edge.size(),
            missed: None,
            note: None,
        }
    }

    /// The note of the last checkpoint, once the part was read and holds.
    ///
    /// # Errors
    /// Where its entries do not make the trees that they have to.
    pub(super) fn done(self) -> Result<Option<Vec<u8>>, Finding> {
        match self.missed {
            None => Ok(self.note),
            Some(missed) => Err(missed),
        }
    }
}

/// Under a policy: whether every cosignature holds, and there are enough where that is demanded.
///
/// # Errors
/// What is wrong with them.
pub(super) fn cosigned(
    policy: Option<&Policy>,
    note: &[u8],
    demanded: bool,
    found: &dyn Fn(&'static covenant_policy::refusal::Entry, String) -> Finding,
) -> Result<Vec<(String, u64)>, Finding> {
    let Some(policy) = policy else {
        return Ok(Vec::new());
    };
    let examined = policy.examine(note).map_err(|what| found(&COSIGNATURE, what))?;
    if demanded && !examined.quorum {
        let finding = found(&QUORUM, format!("cosigned by {}", examined.by()));
        return Err(finding.expected(format!("the quorum {}", policy.quorum())));
    }
    Ok(examined.cosigned.into_iter().map(|by| (by.name, by.time)).collect())
}

impl Visitor for Check<'_> {
    fn header(&mut self, header: &Header) -> Result<(), Stopped> {
        if header.key == *self.key {
            return Ok(());
        }
        let what = format!("the log's key is {}", header.key);
        let finding = Finding::new(&NOT_TRUSTED, Place::Header, 0, what);
        Err(finding.expected(self.key.to_string()).into())
    }

    fn entry(&mut self, recorded: &Recorded<'_>) -> Result<(), Stopped> {
        self.tree.push(recorded.hash);
        let size = self.tree.size();
        let Some(expected) = self.expected.iter().find(|expected| expected.size == size) else {
            return Ok(());
        };
        let root = self.tree.root();
        if root != expected.root {
            let place = Place::Entries(self.from..=recorded.entry.index);
            let what = format!("the entries make the root {root} at size {size}");
            let finding = Finding::new(&ROOT, place, recorded.offset, what);
            self.missed = Some(finding.expected(format!("{}, which the log has signed", expected.root)));
        }
        Ok(())
    }

    fn checkpoint(&mut self, signed: &Signed<'_>) -> Result<(), Stopped> {
        let size = signed.checkpoint.size;
        let place = Place::Checkpoint {
            number: signed.number,
            size: Some(size),
        };
        let found = |code, what: String| Finding::new(code, place.clone(), signed.offset, what);
        if signed.number == 0 && self.from > 0 && size != self.from {
            let finding = found(
                &CHECKPOINT,
                "the part does not begin with the checkpoint that it goes on behind".to_owned(),
            );
            return Err(finding.expected(format!("the checkpoint of size {}", self.from)).into());
        }
        let root = signed.checkpoint.root;
        if let Some(other) = self
            .expected
            .iter()
            .find(|other| other.size == size && other.root != root)
        {
            let finding = found(&FORK, format!("the log signed the root {root} at size {size}"));
            return Err(finding
                .expected(format!("{}, which it has signed too", other.root))
                .into());
        }
        cosigned(self.policy, signed.note, size >= self.witnessed_from, &found)?;
        self.note = Some(signed.note.to_vec());
        Ok(())
    }
}
