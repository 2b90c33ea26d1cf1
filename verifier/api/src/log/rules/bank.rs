//! The operator's opening, and what a bank files about itself: attestors, policies.

use covenant_policy::refusal::Refusal;

use super::admit::{admit, admit_to_bank, fresh_stream, not_ahead};
use super::{Effects, document_claim};
use crate::asked::attestor_key;
use crate::checked_policy::CheckedPolicy;
use crate::documents::{AttestorGrant, AttestorRevocation, Bank, LogOpened, Policy};
use crate::log::cells;
use crate::log::record::Filed;
use crate::log::view::{STANDING, STRUCK, State, View};
use crate::refusals::{ATTESTOR_REVOKED, FILING_MISMATCH, LOG_ALREADY_OPEN};
use crate::sign::Signed;
use crate::types::UtcTime;

pub(super) fn log_opened<S: State>(
    view: &View<'_, S>,
    document: &Signed<LogOpened>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    if view.cell(cells::log())?.is_some() {
        return Err(Refusal::new(&LOG_ALREADY_OPEN, "a log is opened once"));
    }
    let operator = document.claimed_signer();
    let opened = document.clone().verify(&operator)?;
    not_ahead("log-opened: opened", opened.opened, time)?;
    let effects = Effects::of(opened.stream, document_claim(&operator, &opened.id()));
    Ok(effects
        .set(cells::log(), operator.0)
        .set(cells::stream(&opened.stream), []))
}

pub(super) fn participant<S: State>(
    view: &View<'_, S>,
    filed: &Filed<Bank>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit(view, &filed.filing, &filed.document)?;
    let bank = admitted.document.signer();
    not_ahead("bank: issued", admitted.document.issued, time)?;
    // The first act makes a bank a participant, so number 0 says that it is none yet.
    if view.cell(cells::participant(&bank))?.is_some() {
        return Err(Refusal::new(&FILING_MISMATCH, format!("{bank} takes part already")));
    }
    fresh_stream(view, &admitted.stream)?;
    Ok(admitted
        .effects()
        .set(cells::participant(&bank), admitted.stream.0)
        .set(cells::stream(&admitted.stream), bank.0))
}

pub(super) fn attestor_grant<S: State>(
    view: &View<'_, S>,
    filed: &Filed<AttestorGrant>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit_to_bank(view, filed)?;
    let grant = &admitted.document;
    not_ahead("attestor-grant: issued", grant.issued, time)?;
    attestor_key(&grant.attestor)?;
    let cell = cells::grant(&grant.signer(), &grant.attestor);
    if view.cell(cell.clone())?.is_some_and(|cell| cell.value == STRUCK) {
        return Err(Refusal::new(&ATTESTOR_REVOKED, grant.attestor.to_string()));
    }
    Ok(admitted.effects().set(cell, STANDING))
}

pub(super) fn attestor_revocation<S: State>(
    view: &View<'_, S>,
    filed: &Filed<AttestorRevocation>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit_to_bank(view, filed)?;
    let (bank, attestor) = (admitted.document.signer(), admitted.document.attestor);
    not_ahead("attestor-revocation: revoked", admitted.document.revoked, time)?;
    view.grant(&bank, &attestor)?;
    Ok(admitted.effects().set(cells::grant(&bank, &attestor), STRUCK))
}

pub(super) fn policy<S: State>(view: &View<'_, S>, filed: &Filed<Policy>) -> Result<Effects, Refusal> {
    let admitted = admit_to_bank(view, filed)?;
    let policy = CheckedPolicy::check(admitted.document.clone())?;
    let cell = cells::policy(&admitted.document.signer(), &policy.id());
    Ok(admitted.effects().set(cell, []))
}
