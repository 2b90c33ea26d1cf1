//! Who may read what an entry commits to.

use covenant_api::log::cells;
use covenant_api::types::Hex32;
use covenant_ledger::{Entry, Ledger, Receipt, StreamId};

use crate::http::{Caller, Problem};

/// Whether the caller may read this entry's body: an auditor may read every one, a bank those of its own stream and of its
/// applicants'.
///
/// # Errors
/// What the ledger says where it cannot be read.
pub fn may_read(ledger: &Ledger, caller: &Caller, entry: &Entry) -> Result<bool, Problem> {
    match caller {
        Caller::Nobody => Ok(false),
        Caller::Auditor => Ok(true),
        Caller::Bank(bank) => Ok(owner(ledger, entry.stream)? == Some(*bank)),
    }
}

/// The bank whose stream this is; the operator's own has none.
///
/// # Errors
/// What the ledger says where it cannot be read.
pub fn owner(ledger: &Ledger, stream: StreamId) -> Result<Option<Hex32>, Problem> {
    let cell = ledger.cell(&cells::stream(&Hex32(stream.0)))?;
    // The bank stands first, in an applicant's stream before the invitation.
    Ok(cell.and_then(|cell| cell.value.first_chunk().map(|bank| Hex32(*bank))))
}

/// An entry's receipt under the last checkpoint, with the body for whoever may read it.
///
/// # Errors
/// What the ledger says where it cannot be read.
pub fn receipt(ledger: &Ledger, caller: &Caller, index: u64) -> Result<Receipt, Problem> {
    let entry = ledger.entry(index)?;
    let receipt = ledger.receipt(index)?;
    let entitled = may_read(ledger, caller, &entry)?;
    Ok(if entitled { receipt } else { receipt.without_body() })
}
