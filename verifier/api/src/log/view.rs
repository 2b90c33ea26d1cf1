//! What earlier records say, read through one window that remembers what was read.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use covenant_proofs::verify::PreparedCache;
use quick_cache::sync::Cache;

use super::cells;
use super::record::{Record, Recorded};
use crate::checked_policy::CheckedPolicy;
use crate::documents::{
    AttestorGrant, AttestorRevocation, Enrolled, Invitation, LogOpened, PinnedKey, Policy, Request, StatementBasis,
    Verdict,
};
use crate::keys::open as open_key;
use crate::refusals::{
    ATTESTOR_REVOKED, LOG_DAMAGED, NOT_ENROLLED, UNKNOWN_ATTESTOR, UNKNOWN_INVITATION, UNKNOWN_PARTICIPANT,
    UNKNOWN_POLICY, UNKNOWN_REQUEST, UNKNOWN_VERIFYING_KEY,
};
use crate::sign::Verified;
use crate::types::{FieldElement, Hex32, UtcTime};
use crate::verdict::{Case, Facts};

mod keys;

pub use keys::{RegisteredKey, Retired};

/// A cell: the index of the entry that last set it, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The entry's index.
    pub version: u64,
    /// The value.
    pub value: Vec<u8>,
}

/// A log's working memory, wherever it is kept.
pub trait State {
    /// A cell as it was last set.
    ///
    /// # Errors
    /// Faults of the store.
    fn cell(&self, name: &[u8]) -> Result<Option<Cell>, Refusal>;
    /// The record in the entry of this index, which the rules admitted.
    ///
    /// # Errors
    /// Faults of the store.
    fn record(&self, index: u64) -> Result<Record, Refusal>;
    /// A blob by its SHA-256.
    ///
    /// # Errors
    /// Faults of the store, and where there is none.
    fn blob(&self, sha256: &Hex32) -> Result<Vec<u8>, Refusal>;
}

/// What was checked once and need not be checked again, within bounds. It belongs to one log.
pub struct Shelf {
    /// By entry, and by what its document was made into: a policy is looked up as its bank signed it, and compiled.
    documents: Cache<(u64, TypeId), Arc<dyn Any + Send + Sync>>,
    keys: Cache<Hex32, VerifyingKey>,
    prepared: PreparedCache,
    policy: KeyPolicy,
}

/// A document whose signature was checked when its record was planned.
pub struct Vouched(TypeId, Arc<dyn Any + Send + Sync>);

impl Vouched {
    pub(super) fn new<T: Recorded>(document: Verified<T>) -> Self {
        Self(TypeId::of::<Verified<T>>(), Arc::new(document))
    }
}

/// Documents, keys and prepared policies that a shelf holds.
const SHELF_DOCUMENTS: usize = 8192;
const SHELF_KEYS: usize = 16;
const SHELF_POLICIES: NonZeroUsize = NonZeroUsize::new(64).unwrap();

impl Shelf {
    /// An empty shelf. `policy` says whether keys of a development setup are accepted.
    pub fn new(policy: KeyPolicy) -> Self {
        Self {
            documents: Cache::new(SHELF_DOCUMENTS),
            keys: Cache::new(SHELF_KEYS),
            prepared: PreparedCache::new(SHELF_POLICIES),
            policy,
        }
    }

    /// Policies folded into keys.
    pub fn prepared(&self) -> &PreparedCache {
        &self.prepared
    }

    /// Puts in what was checked when the record was planned that has become the entry of this index.
    pub fn keep(&self, index: u64, document: Vouched) {
        let Vouched(what, document) = document;
        self.documents.insert((index, what), document);
    }

    fn get<T: Send + Sync + 'static>(
        &self,
        index: u64,
        make: impl Fn() -> Result<T, Refusal>,
    ) -> Result<Arc<T>, Refusal> {
        // Of several that ask at once, one makes it and the others wait: a policy is compiled once, not by every caller.
        let make_any = || Ok::<Arc<dyn Any + Send + Sync>, Refusal>(Arc::new(make()?));
        let found = self
            .documents
            .get_or_insert_with(&(index, TypeId::of::<T>()), make_any)?;
        // Under a type nothing of another type stands.
        found.downcast().or_else(|_| make().map(Arc::new))
    }
}

/// Cells as they were read, by name.
pub type Cells = BTreeMap<Vec<u8>, Option<Cell>>;

/// A window on a state, which remembers every cell that was read: what a plan rests on. A cell is read once and stays as it was, so that
/// all that is decided through one window is decided on the same.
pub struct View<'a, S> {
    state: &'a S,
    shelf: &'a Shelf,
    read: RefCell<Cells>,
}

impl<'a, S: State> View<'a, S> {
    /// A window through which nothing was read yet.
    pub fn new(state: &'a S, shelf: &'a Shelf) -> Self {
        Self {
            state,
            shelf,
            read: RefCell::default(),
        }
    }

    /// A window through which these cells were read already.
    pub fn resumed(state: &'a S, shelf: &'a Shelf, cells: Cells) -> Self {
        Self {
            state,
            shelf,
            read: RefCell::new(cells),
        }
    }

    /// Each cell that was read.
    pub fn into_cells(self) -> Cells {
        self.read.into_inner()
    }

    /// Each cell that was read, and the version that was found.
    pub fn into_read(self) -> Vec<(Vec<u8>, Option<u64>)> {
        let cells = self.into_cells().into_iter();
        cells
            .map(|(name, cell)| (name, cell.map(|cell| cell.version)))
            .collect()
    }

    /// The shelf.
    pub fn shelf(&self) -> &'a Shelf {
        self.shelf
    }

    /// A cell, remembered as read.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn cell(&self, name: Vec<u8>) -> Result<Option<Cell>, Refusal> {
        if let Some(known) = self.read.borrow().get(&name) {
            return Ok(known.clone());
        }
        let cell = self.state.cell(&name)?;
        self.read.borrow_mut().insert(name, cell.clone());
        Ok(cell)
    }

    /// The record at an index.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn record(&self, index: u64) -> Result<Record, Refusal> {
        self.state.record(index)
    }

    /// A blob.
    ///
    /// # Errors
    /// Faults of the store, and where there is none.
    pub fn blob(&self, sha256: &Hex32) -> Result<Vec<u8>, Refusal> {
        self.state.blob(sha256)
    }

    /// A recorded document. The rules admitted it, so its signer is known; the signature is checked all the same, once.
    fn document<T: Recorded>(&self, index: u64, signer: &Hex32) -> Result<Arc<Verified<T>>, Refusal> {
        self.shelf.get(index, || {
            let signed = T::of(self.state.record(index)?).ok_or_else(|| damaged(index, T::TYPE))?;
            signed.verify(signer)
        })
    }

    /// The log's opening.
    ///
    /// # Errors
    /// `log-damaged` where there is none.
    pub fn opened(&self) -> Result<Arc<Verified<LogOpened>>, Refusal> {
        let cell = self.cell(cells::log())?;
        let cell = cell.ok_or_else(|| Refusal::new(&LOG_DAMAGED, "the log has no opening"))?;
        let operator = cells::single(&cell.value).ok_or_else(|| damaged(cell.version, "opening"))?;
        self.document(cell.version, &operator)
    }

    /// The stream of a bank that takes part.
    ///
    /// # Errors
    /// `unknown-participant`.
    pub fn bank_stream(&self, bank: &Hex32) -> Result<Hex32, Refusal> {
        self.cell(cells::participant(bank))?
            .and_then(|cell| cells::single(&cell.value))
            .ok_or_else(|| Refusal::new(&UNKNOWN_PARTICIPANT, bank.to_string()))
    }

    /// The number of a bank's next act.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn next_number(&self, bank: &Hex32) -> Result<u64, Refusal> {
        self.next_number_in(cells::number(bank))
    }

    /// The number of the operator's next act.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn next_operator_number(&self) -> Result<u64, Refusal> {
        self.next_number_in(cells::operator_number())
    }

    pub(super) fn next_number_in(&self, numbers: cells::Name) -> Result<u64, Refusal> {
        match self.cell(numbers)? {
            None => Ok(0),
            Some(cell) => match cell.value.try_into() {
                Ok(number) => Ok(u64::from_be_bytes(number)),
                Err(_) => Err(damaged(cell.version, "number")),
            },
        }
    }

    /// A bank's policy, compiled again.
    ///
    /// # Errors
    /// `unknown-policy`, and what [`CheckedPolicy::check`] refuses.
    pub fn policy(&self, bank: &Hex32, id: &Hex32) -> Result<Arc<CheckedPolicy>, Refusal> {
        let cell = self.cell(cells::policy(bank, id))?;
        let index = cell
            .ok_or_else(|| Refusal::new(&UNKNOWN_POLICY, id.to_string()))?
            .version;
        self.shelf.get(index, || {
            let signed = Policy::of(self.state.record(index)?).ok_or_else(|| damaged(index, "policy"))?;
            CheckedPolicy::check(signed.verify(bank)?)
        })
    }

    /// An invitation, and its applicant's stream.
    ///
    /// # Errors
    /// `unknown-invitation`.
    pub fn invitation(&self, id: &Hex32) -> Result<(Arc<Verified<Invitation>>, Hex32), Refusal> {
        let cell = self.cell(cells::invitation(id))?;
        let cell = cell.ok_or_else(|| Refusal::new(&UNKNOWN_INVITATION, id.to_string()))?;
        let (bank, stream) = cells::pair(&cell.value).ok_or_else(|| damaged(cell.version, "invitation"))?;
        Ok((self.document(cell.version, &bank)?, stream))
    }

    /// The applicant whom a bank recognised by an invitation.
    ///
    /// # Errors
    /// `not-enrolled`.
    pub fn enrolled(&self, invitation: &Verified<Invitation>) -> Result<Arc<Verified<Enrolled>>, Refusal> {
        let cell = self.cell(cells::enrolled(&invitation.id()))?;
        let index = cell
            .ok_or_else(|| Refusal::new(&NOT_ENROLLED, format!("invitation {}", invitation.id())))?
            .version;
        self.document(index, &invitation.bank)
    }

    /// A request. Its signer is its bank.
    ///
    /// # Errors
    /// `unknown-request`.
    pub fn request(&self, id: &Hex32) -> Result<Arc<Verified<Request>>, Refusal> {
        let cell = self.cell(cells::request(id))?;
        let cell = cell.ok_or_else(|| Refusal::new(&UNKNOWN_REQUEST, id.to_string()))?;
        let bank = cells::single(&cell.value).ok_or_else(|| damaged(cell.version, "request"))?;
        self.document(cell.version, &bank)
    }

    /// The verdict on a request.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn verdict(&self, request: &Hex32) -> Result<Option<Arc<Verified<Verdict>>>, Refusal> {
        let Some(cell) = self.cell(cells::verdict(request))? else {
            return Ok(None);
        };
        let operator = self.opened()?.operator;
        self.document(cell.version, &operator).map(Some)
    }

    /// A bank's grant to an attestor, if it stands.
    ///
    /// # Errors
    /// `attestor-revoked`, `unknown-attestor`.
    pub fn grant(&self, bank: &Hex32, attestor: &Hex32) -> Result<Arc<Verified<AttestorGrant>>, Refusal> {
        let cell = self.cell(cells::grant(bank, attestor))?;
        let cell = cell.ok_or_else(|| Refusal::new(&UNKNOWN_ATTESTOR, attestor.to_string()))?;
        if cell.value == STRUCK {
            let revocation: Arc<Verified<AttestorRevocation>> = self.document(cell.version, bank)?;
            let what = format!("{attestor} was struck on {}: {}", revocation.revoked, revocation.reason);
            return Err(Refusal::new(&ATTESTOR_REVOKED, what));
        }
        self.document(cell.version, bank)
    }

    /// The record of a key that a bank pinned, and the blob with the key.
    ///
    /// # Errors
    /// `unknown-verifying-key`.
    pub fn pinned(&self, bank: &Hex32, id: &Hex32) -> Result<(Arc<Verified<PinnedKey>>, Hex32), Refusal> {
        let cell = self.cell(cells::key(bank, id))?;
        let cell = cell.ok_or_else(|| Refusal::new(&UNKNOWN_VERIFYING_KEY, id.to_string()))?;
        let blob = cells::single(&cell.value).ok_or_else(|| damaged(cell.version, "pinned key"))?;
        Ok((self.document(cell.version, bank)?, blob))
    }

    /// A verifying key that a bank pinned, decoded and examined for weaknesses.
    ///
    /// # Errors
    /// `unknown-verifying-key`, `development-key` unless they are allowed, and whatever else the proof system refuses in a key.
    pub fn verifying_key(&self, bank: &Hex32, id: &Hex32) -> Result<VerifyingKey, Refusal> {
        let (_, blob) = self.pinned(bank, id)?;
        self.key_in(&blob)
    }

    /// The verifying key in a blob.
    ///
    /// # Errors
    /// As [`View::verifying_key`].
    pub fn key_in(&self, blob: &Hex32) -> Result<VerifyingKey, Refusal> {
        let open = || open_key(&self.state.blob(blob)?, self.shelf.policy);
        self.shelf.keys.get_or_insert_with(blob, open)
    }
}

/// What a grant's cell holds while it stands, and after the key was struck.
pub(crate) const STANDING: &[u8] = &[1];
pub(crate) const STRUCK: &[u8] = &[0];

/// Whether a key comes from a development setup.
pub(crate) fn is_development(key: &VerifyingKey) -> bool {
    key.origin().is_development()
}

pub(super) fn damaged(index: u64, what: &str) -> Refusal {
    Refusal::new(
        &LOG_DAMAGED,
        format!("entry {index} does not hold the {what} that it should"),
    )
}

impl<S: State> Facts for View<'_, S> {
    fn case(&self, id: &Hex32) -> Result<Case, Refusal> {
        let request = self.request(id)?;
        let (invitation, _) = self.invitation(&request.invitation)?;
        Ok(Case {
            policy: self.policy(&request.signer(), &request.policy)?,
            applicant: self.enrolled(&invitation)?,
            invitation,
            request,
        })
    }

    fn granted(&self, bank: &Hex32, attestor: &Hex32) -> Result<u8, Refusal> {
        Ok(self.grant(bank, attestor)?.assurance_max)
    }

    fn pinned_key(&self, bank: &Hex32, id: &Hex32) -> Result<Arc<Verified<PinnedKey>>, Refusal> {
        let pinned = self.pinned(bank, id)?.0;
        self.expect_sound(id, pinned.development)?;
        Ok(pinned)
    }

    fn answered(&self, request: &Hex32) -> Result<Option<UtcTime>, Refusal> {
        Ok(self.verdict(request)?.map(|verdict| verdict.decided))
    }

    fn versions(&self, tag: &FieldElement) -> Result<Vec<(FieldElement, StatementBasis)>, Refusal> {
        match self.cell(cells::versions(tag))? {
            None => Ok(Vec::new()),
            Some(cell) => cells::read_versions(&cell.value).ok_or_else(|| damaged(cell.version, "versions")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// What was kept when an entry was recorded does not stand in the way of what is made of it later, which is made once.
    #[test]
    fn each_form_of_a_document_is_made_once() {
        let shelf = Shelf::new(KeyPolicy {
            allow_development: true,
        });
        shelf.keep(7, Vouched(TypeId::of::<u32>(), Arc::new(70_u32)));
        let made = AtomicUsize::new(0);
        let compile = || {
            made.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(20));
            Ok("compiled".to_owned())
        };
        let got: Vec<String> = thread::scope(|scope| {
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(|| shelf.get(7, compile).unwrap())).collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap().to_string())
                .collect()
        });
        assert!(got.iter().all(|made| made == "compiled"));
        assert_eq!(made.load(Ordering::Relaxed), 1);
        let signed: Arc<u32> = shelf.get(7, || panic!("it was kept")).unwrap();
        assert_eq!(*signed, 70);
    }
}
