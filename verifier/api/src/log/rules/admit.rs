//! What every filing must fit: two signatures, this log, the bank's next number, the stream that the document belongs to.

use std::sync::Arc;

use covenant_policy::refusal::Refusal;

use super::{AHEAD_S_MAX, Effects, document_claim, wrong_time};
use crate::document::Document;
use crate::documents::{Filing, Invitation};
use crate::log::cells;
use crate::log::record::{Filed, Recorded};
use crate::log::view::{State, View, Vouched};
use crate::refusals::{FILING_MISMATCH, STREAM_TAKEN, UNKNOWN_INVITATION, WRONG_LOG, WRONG_NUMBER, WRONG_STREAM};
use crate::sign::{Signed, Verified};
use crate::types::{Hex32, UtcTime};

/// A document that a bank, or the operator, filed: both signatures, the log, the party's number.
pub(super) struct Admitted<T> {
    pub(super) document: Verified<T>,
    pub(super) stream: Hex32,
    number: (Vec<u8>, Vec<u8>),
}

impl<T: Recorded> Admitted<T> {
    /// The beginning of every filing's effects.
    pub(super) fn effects(&self) -> Effects {
        let (cell, value) = self.number.clone();
        let claim = document_claim(&self.document.signer(), &self.document.id());
        let mut effects = Effects::of(self.stream, claim).set(cell, value);
        effects.document = Some(Vouched::new(self.document.clone()));
        effects
    }
}

pub(super) fn admit<S: State, T: Document + Clone>(
    view: &View<'_, S>,
    filing: &Signed<Filing>,
    document: &Signed<T>,
) -> Result<Admitted<T>, Refusal> {
    let bank = document.claimed_signer();
    admit_act(view, filing, document, &bank, cells::number(&bank))
}

/// A document of the operator, in the operator's own stream. Its acts have numbers of their own, whoever else the operator may be.
pub(super) fn admit_operator<S: State, T: Document + Clone>(
    view: &View<'_, S>,
    filing: &Signed<Filing>,
    document: &Signed<T>,
) -> Result<Admitted<T>, Refusal> {
    let opened = view.opened()?;
    let admitted = admit_act(view, filing, document, &opened.operator, cells::operator_number())?;
    expect_stream(&admitted.stream, &opened.stream)?;
    Ok(admitted)
}

/// A document as the next act of the party whose numbers are kept in this cell.
fn admit_act<S: State, T: Document + Clone>(
    view: &View<'_, S>,
    filing: &Signed<Filing>,
    document: &Signed<T>,
    signer: &Hex32,
    numbers: cells::Name,
) -> Result<Admitted<T>, Refusal> {
    let document = document.clone().verify(signer)?;
    let filing = filing.clone().verify(signer)?;
    if filing.document != document.id() {
        return Err(
            Refusal::new(&FILING_MISMATCH, format!("the filing is of {}", filing.document))
                .at("filing: document")
                .expected(document.id().to_string()),
        );
    }
    let log = view.opened()?.log.clone();
    if filing.log != log {
        return Err(Refusal::new(&WRONG_LOG, format!("filed with {}", filing.log))
            .at("filing: log")
            .expected(log.to_string()));
    }
    let next = view.next_number_in(numbers.clone())?;
    if filing.number != next {
        return Err(Refusal::new(&WRONG_NUMBER, format!("number {}", filing.number))
            .at("filing: number")
            .expected(format!("number {next}, its signer's next act in this log")));
    }
    let after = next
        .checked_add(1)
        .ok_or_else(|| Refusal::new(&WRONG_NUMBER, "no numbers are left"))?;
    Ok(Admitted {
        stream: filing.stream,
        number: (numbers, after.to_be_bytes().to_vec()),
        document,
    })
}

/// A document in its bank's own stream.
pub(super) fn admit_to_bank<S: State, T: Document + Clone>(
    view: &View<'_, S>,
    filed: &Filed<T>,
) -> Result<Admitted<T>, Refusal> {
    let admitted = admit(view, &filed.filing, &filed.document)?;
    let stream = view.bank_stream(&admitted.document.signer())?;
    expect_stream(&admitted.stream, &stream)?;
    Ok(admitted)
}

/// A document in an applicant's stream, by the bank that invited it.
pub(super) fn admit_to_applicant<S: State, T: Document + Clone>(
    view: &View<'_, S>,
    filed: &Filed<T>,
    invitation: &Hex32,
) -> Result<(Admitted<T>, Arc<Verified<Invitation>>), Refusal> {
    let admitted = admit(view, &filed.filing, &filed.document)?;
    let (invitation, stream) = view.invitation(invitation)?;
    expect_bank(&invitation, &admitted.document)?;
    expect_stream(&admitted.stream, &stream)?;
    Ok((admitted, invitation))
}

/// Another bank's invitation is as good as none: that it exists is nobody else's business.
pub(super) fn expect_bank<T: Document>(
    invitation: &Verified<Invitation>,
    document: &Verified<T>,
) -> Result<(), Refusal> {
    if invitation.bank == document.signer() {
        return Ok(());
    }
    Err(Refusal::new(&UNKNOWN_INVITATION, invitation.id().to_string()))
}

pub(super) fn expect_stream(found: &Hex32, expected: &Hex32) -> Result<(), Refusal> {
    if found == expected {
        return Ok(());
    }
    Err(Refusal::new(&WRONG_STREAM, format!("stream {found}"))
        .at("filing: stream")
        .expected(format!("stream {expected}")))
}

/// A stream that nobody has.
pub(super) fn fresh_stream<S: State>(view: &View<'_, S>, stream: &Hex32) -> Result<(), Refusal> {
    match view.cell(cells::stream(stream))? {
        None => Ok(()),
        Some(_) => Err(Refusal::new(&STREAM_TAKEN, format!("stream {stream}")).at("filing: stream")),
    }
}

/// A document's time is not ahead of the log's.
pub(super) fn not_ahead(place: &str, found: UtcTime, time: UtcTime) -> Result<(), Refusal> {
    if found.unix_seconds() > time.unix_seconds().saturating_add(AHEAD_S_MAX) {
        return Err(wrong_time(place, found, time));
    }
    Ok(())
}
