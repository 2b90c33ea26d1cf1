//! The ledger as the rules of the log see it, and their plans as the ledger takes them.
//!
//! - [`write`](mod@write) records what a caller filed; [`verdicts`] judges a bundle and records the verdict.
//! - [`keys`] is the log's registry of verifying keys.
//! - [`recheck`](mod@recheck) rebuilds from the records what decisions rest on, and compares.
//! - [`applications`] puts together what is on record about a request.

pub mod applications;
pub mod keys;
pub mod recheck;
pub mod verdicts;
pub mod write;

use std::thread;
use std::time::{Duration, Instant};

use covenant_api::log::{Cell, Plan, Record, State};
use covenant_api::types::Hex32;
use covenant_ledger::{Draft, Expectation, Expected, Hash, Kind, Ledger, StateCell, StreamId};
use covenant_policy::refusal::Refusal;

use crate::idempotency::Seen;
use crate::refusals::{INTERNAL_FAULT, OVERLOADED, of_ledger, stopped};

/// How long an entry that is stored may take until readers see it: one small synced write.
const SETTLE_MAX: Duration = Duration::from_secs(5);
/// How often to look.
const SETTLE_STEP: Duration = Duration::from_micros(200);

/// A ledger's cells, records and blobs. Reading may wait for the disk: call it on the blocking pool.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a>(pub &'a Ledger);

impl Records<'_> {
    /// Waits until the entry of this index can be read. A group's cells are stored a moment before its checkpoint is published, and
    /// what a cell points to is asked for at once.
    ///
    /// # Errors
    /// `ledger-stopped` where the writer ended in between; `overloaded` where it takes too long.
    pub fn settled(&self, index: u64) -> Result<(), Refusal> {
        let began = Instant::now();
        while index >= self.0.size() {
            if self.0.stopped().is_some() {
                return Err(stopped());
            }
            if began.elapsed() > SETTLE_MAX {
                return Err(Refusal::new(&OVERLOADED, "the ledger is slow to write"));
            }
            thread::sleep(SETTLE_STEP);
        }
        Ok(())
    }
}

impl State for Records<'_> {
    fn cell(&self, name: &[u8]) -> Result<Option<Cell>, Refusal> {
        let Some(cell) = self.0.cell(name).map_err(|error| of_ledger(&error))? else {
            return Ok(None);
        };
        self.settled(cell.version)?;
        Ok(Some(Cell {
            version: cell.version,
            value: cell.value,
        }))
    }

    fn record(&self, index: u64) -> Result<Record, Refusal> {
        let opening = self.0.body(index).map_err(|error| of_ledger(&error))?;
        Record::from_bytes(&opening.body)
    }

    fn blob(&self, sha256: &Hex32) -> Result<Vec<u8>, Refusal> {
        self.0.blob(&Hash(sha256.0)).map_err(|error| of_ledger(&error))
    }
}

/// A plan as the ledger takes it, with what an idempotency key adds.
///
/// # Errors
/// `internal-fault` where the plan's kind is none of a ledger, which would be a fault of this program; and where a call that was done
/// before is planned again.
pub fn draft(plan: Plan, seen: Seen) -> Result<Draft, Refusal> {
    let fault = |what: String| Refusal::new(&INTERNAL_FAULT, what);
    let Seen::Fresh { expect, set } = seen else {
        return Err(fault("what was done before is not done again".to_owned()));
    };
    let kind = Kind::new(plan.kind).ok_or_else(|| fault(format!("{} is no kind of entry", plan.kind)))?;
    let read = plan.expect.into_iter().map(|(cell, version)| Expectation {
        cell,
        is: version.map_or(Expected::Absent, Expected::Version),
    });
    let written = plan.set.into_iter().map(|(cell, value)| StateCell {
        cell,
        value: Some(value),
    });
    Ok(Draft {
        kind,
        stream: StreamId(plan.stream.0),
        unique: plan.unique,
        expect: read.chain(expect).collect(),
        set: written.chain(set).collect(),
        body: plan.body,
        blobs: plan.blobs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kind: &'static str) -> Plan {
        Plan {
            kind,
            stream: Hex32([1; 32]),
            unique: vec![b"claim".to_vec()],
            expect: vec![(b"unset".to_vec(), None), (b"set".to_vec(), Some(3))],
            set: vec![(b"set".to_vec(), b"value".to_vec())],
            body: b"body".to_vec(),
            blobs: vec![b"blob".to_vec()],
        }
    }

    #[test]
    fn a_plan_and_a_key_become_one_draft() {
        let fresh = Seen::Fresh {
            expect: Some(Expectation {
                cell: b"key".to_vec(),
                is: Expected::Absent,
            }),
            set: Some(StateCell {
                cell: b"key".to_vec(),
                value: Some(b"hash".to_vec()),
            }),
        };
        let draft = draft(plan("request"), fresh).unwrap();
        let expected: Vec<_> = draft.expect.iter().map(|e| (e.cell.as_slice(), &e.is)).collect();
        assert_eq!(
            expected,
            [
                (&b"unset"[..], &Expected::Absent),
                (b"set", &Expected::Version(3)),
                (b"key", &Expected::Absent)
            ]
        );
        assert_eq!(draft.set.len(), 2);
        assert_eq!((draft.unique, draft.blobs), (plan("a").unique, plan("a").blobs));
    }

    #[test]
    fn what_cannot_be_is_a_fault() {
        let none = || Seen::Fresh {
            expect: None,
            set: None,
        };
        assert_eq!(draft(plan("No Kind"), none()).unwrap_err().code(), "internal-fault");
        assert_eq!(
            draft(plan("request"), Seen::Replay(1)).unwrap_err().code(),
            "internal-fault"
        );
    }
}
