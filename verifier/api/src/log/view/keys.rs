//! The log's registry of verifying keys: which stand in it, since which entry, and until which.

use std::sync::Arc;

use covenant_policy::refusal::Refusal;

use super::{State, View, damaged};
use crate::documents::{KeyManifest, RetirementCause};
use crate::log::cells;
use crate::refusals::{KEY_RETIRED, UNLISTED_KEY};
use crate::sign::Verified;
use crate::types::Hex32;

/// A key of the log's registry.
#[derive(Debug, Clone)]
pub struct RegisteredKey {
    /// What the operator vouches for.
    pub manifest: Arc<Verified<KeyManifest>>,
    /// SHA-256 of the key's bytes, which are a blob.
    pub blob: Hex32,
    /// The entry from which it is active.
    pub from: u64,
}

/// The end of a key of the log's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// Why.
    pub cause: RetirementCause,
    /// The entry from which it is active no longer, or was found compromised.
    pub index: u64,
}

impl<S: State> View<'_, S> {
    /// A key of the log's registry, retired or not.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn registered(&self, id: &Hex32) -> Result<Option<RegisteredKey>, Refusal> {
        let Some(cell) = self.cell(cells::registered(id))? else {
            return Ok(None);
        };
        let blob = cells::single(&cell.value).ok_or_else(|| damaged(cell.version, "registered key"))?;
        let operator = self.opened()?.operator;
        Ok(Some(RegisteredKey {
            manifest: self.document(cell.version, &operator)?,
            blob,
            from: cell.version,
        }))
    }

    /// The end of a key of the log's registry, where it came.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn retired(&self, id: &Hex32) -> Result<Option<Retired>, Refusal> {
        let Some(cell) = self.cell(cells::retired(id))? else {
            return Ok(None);
        };
        let cause = cells::read_cause(&cell.value).ok_or_else(|| damaged(cell.version, "retirement"))?;
        Ok(Some(Retired {
            cause,
            index: cell.version,
        }))
    }

    /// A key that may be pinned and asked for at this place: it stands in the registry and was not retired. A development key need
    /// not be registered: no record would make it sound, and whoever allows such keys knows it.
    pub(crate) fn expect_active(&self, id: &Hex32, development: bool) -> Result<(), Refusal> {
        self.expect_listed(id, development)?;
        match self.retired(id)? {
            None => Ok(()),
            Some(retired) => Err(of_retired(id, retired)),
        }
    }

    /// A key under which a request that was recorded before can still be answered: not one that was found compromised.
    pub(crate) fn expect_sound(&self, id: &Hex32, development: bool) -> Result<(), Refusal> {
        self.expect_listed(id, development)?;
        match self.retired(id)? {
            Some(retired) if retired.cause == RetirementCause::Compromised => Err(of_retired(id, retired)),
            _ => Ok(()),
        }
    }

    fn expect_listed(&self, id: &Hex32, development: bool) -> Result<(), Refusal> {
        if development || self.cell(cells::registered(id))?.is_some() {
            return Ok(());
        }
        Err(Refusal::new(&UNLISTED_KEY, format!("key {id}")).expected("a key of this log's registry"))
    }
}

fn of_retired(id: &Hex32, retired: Retired) -> Refusal {
    let Retired { cause, index } = retired;
    Refusal::new(
        &KEY_RETIRED,
        format!("key {id} was retired in entry {index}: {}", cause.name()),
    )
}
