//! What concerns one applicant: invitation, enrolment, request, decision.

use covenant_policy::refusal::Refusal;

use super::admit::{admit, admit_to_applicant, fresh_stream, not_ahead};
use super::{ENROLMENTS_MAX, Effects, document_claim};
use crate::asked::Asked;
use crate::document::Document as _;
use crate::documents::{AcceptedAttestor, Decision, Enrolled, Enrolment, Invitation, Outcome, Request};
use crate::ids;
use crate::log::cells::{self, element};
use crate::log::record::Filed;
use crate::log::view::{State, View};
use crate::refusals::{
    ALREADY_DECIDED, APPLICANT_CONFLICT, INVITATION_EXPIRED, INVITATION_USED, MALFORMED_DOCUMENT, REQUEST_MISMATCH,
    TOO_MANY_ENROLMENTS, UNKNOWN_VERDICT,
};
use crate::sign::verifying_key;
use crate::types::{Hex32, RegistryId, TierName, UtcTime};

pub(super) fn invitation<S: State>(
    view: &View<'_, S>,
    filed: &Filed<Invitation>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let admitted = admit(view, &filed.filing, &filed.document)?;
    let (bank, invitation) = (admitted.document.signer(), &admitted.document);
    view.bank_stream(&bank)?;
    not_ahead("invitation: issued", invitation.issued, time)?;
    fresh_stream(view, &admitted.stream)?;
    let (stream, id) = (admitted.stream, invitation.id());
    Ok(admitted
        .effects()
        .set(cells::invitation(&id), [bank.0, stream.0].concat())
        .set(cells::stream(&stream), [bank.0, id.0].concat()))
}

pub(super) fn enrolment<S: State>(view: &View<'_, S>, document: &Enrolment) -> Result<Effects, Refusal> {
    let (invitation, stream) = view.invitation(&document.invitation)?;
    if view.cell(cells::enrolled(&invitation.id()))?.is_some() {
        return Err(Refusal::new(
            &INVITATION_USED,
            format!("invitation {}", invitation.id()),
        ));
    }
    verifying_key(&document.key)?;
    let cell = cells::enrolments(&invitation.id());
    let before = view
        .cell(cell.clone())?
        .and_then(|cell| cell.value.first().copied())
        .unwrap_or(0);
    if before >= ENROLMENTS_MAX {
        return Err(
            Refusal::new(&TOO_MANY_ENROLMENTS, format!("{before} were sent already"))
                .at("enrolment: invitation")
                .expected(format!("at most {ENROLMENTS_MAX} for one invitation")),
        );
    }
    let claim = document_claim(&document.key, &document.id()?);
    Ok(Effects::of(stream, claim).set(cell, [before + 1]))
}

/// The digest by which cells name a company.
fn company(registry_id: &RegistryId) -> Hex32 {
    ids::hash_bytes("covenant/company/v1", registry_id.as_str().as_bytes())
}

pub(super) fn enrolled<S: State>(
    view: &View<'_, S>,
    filed: &Filed<Enrolled>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let (admitted, invitation) = admit_to_applicant(view, filed, &filed.document.unverified().invitation)?;
    let (bank, enrolled) = (admitted.document.signer(), &admitted.document);
    not_ahead("enrolled: enrolled", enrolled.enrolled, time)?;
    if view.cell(cells::enrolled(&invitation.id()))?.is_some() {
        return Err(Refusal::new(
            &INVITATION_USED,
            format!("invitation {}", invitation.id()),
        ));
    }
    if enrolled.enrolled > invitation.expires {
        return Err(
            Refusal::new(&INVITATION_EXPIRED, format!("redeemed on {}", enrolled.enrolled))
                .at("invitation: expires")
                .expected(format!("no later than {}", invitation.expires)),
        );
    }
    if enrolled.registry_id != invitation.registry_id {
        return Err(Refusal::new(&APPLICANT_CONFLICT, enrolled.registry_id.to_string())
            .at("enrolled: registry_id")
            .expected(invitation.registry_id.to_string()));
    }
    verifying_key(&enrolled.key)?;
    // A company keeps its pseudonym, and a pseudonym its company.
    let digest = company(&enrolled.registry_id);
    let (by_company, by_nym) = (cells::company(&bank, &digest), cells::pseudonym(&bank, &enrolled.nym));
    let nym = element(&enrolled.nym);
    let other_nym = view.cell(by_company.clone())?.is_some_and(|cell| cell.value != nym);
    let other_company = view.cell(by_nym.clone())?.is_some_and(|cell| cell.value != digest.0);
    if other_nym || other_company {
        let what = format!("pseudonym {} for {}", enrolled.nym, enrolled.registry_id);
        return Err(Refusal::new(&APPLICANT_CONFLICT, what).at("enrolled: nym"));
    }
    Ok(admitted
        .effects()
        .set(cells::enrolled(&invitation.id()), [])
        .set(by_company, nym)
        .set(by_nym, digest.0))
}

pub(super) fn request<S: State>(view: &View<'_, S>, filed: &Filed<Request>, time: UtcTime) -> Result<Effects, Refusal> {
    let (admitted, invitation) = admit_to_applicant(view, filed, &filed.document.unverified().invitation)?;
    let (bank, request) = (admitted.document.signer(), &admitted.document);
    not_ahead("request: issued", request.issued, time)?;
    let applicant = view.enrolled(&invitation)?;
    if request.nym != applicant.nym {
        return Err(mismatch("nym", &request.nym, &applicant.nym));
    }
    let log = view.opened()?.log.clone();
    if request.log_origin != log {
        return Err(mismatch("log_origin", &request.log_origin, &log));
    }
    let policy = view.policy(&bank, &request.policy)?;
    let (pinned, _) = view.pinned(&bank, &request.verifying_key)?;
    view.expect_active(&request.verifying_key, pinned.development)?;
    standing(view, &bank, &request.attestors)?;
    // Joining them says whether policy, invitation, request and statement belong together.
    let asked = Asked::new(&policy, &invitation, request, applicant.key)?;
    for tier in &policy.program().tiers {
        let name = TierName::parse(&tier.name).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e))?;
        asked.policy_inputs(&name)?;
    }
    let id = request.id();
    Ok(admitted
        .effects()
        .set(cells::request(&id), bank.0)
        .set(cells::application(&bank, &id), invitation.id().0))
}

/// Every attestor that a request counts on has a standing grant of the assurance it names.
fn standing<S: State>(view: &View<'_, S>, bank: &Hex32, attestors: &[AcceptedAttestor]) -> Result<(), Refusal> {
    for accepted in attestors {
        let granted = view.grant(bank, &accepted.attestor)?.assurance_max;
        if granted != accepted.assurance_max {
            return Err(mismatch("attestors", &accepted.assurance_max, &granted));
        }
    }
    Ok(())
}

fn mismatch(field: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display) -> Refusal {
    Refusal::new(&REQUEST_MISMATCH, found.to_string())
        .at(format!("request: {field}"))
        .expected(expected.to_string())
}

pub(super) fn decision<S: State>(
    view: &View<'_, S>,
    filed: &Filed<Decision>,
    time: UtcTime,
) -> Result<Effects, Refusal> {
    let id = filed.document.unverified().request;
    let (admitted, _) = admit_to_applicant(view, filed, &view.request(&id)?.invitation)?;
    let decision = &admitted.document;
    not_ahead("decision: decided", decision.decided, time)?;
    let verdict = view.verdict(&id)?;
    let recorded = verdict.map(|verdict| verdict.id());
    if recorded != Some(decision.verdict) {
        return Err(Refusal::new(&UNKNOWN_VERDICT, format!("verdict {}", decision.verdict))
            .at("decision: verdict")
            .expected(recorded.map_or_else(|| "a request with a verdict".into(), |id| id.to_string())));
    }
    if view.cell(cells::decision(&id))?.is_some() {
        return Err(Refusal::new(&ALREADY_DECIDED, format!("request {id}")));
    }
    if decision.outcome == Outcome::Refused && decision.terms.is_some() {
        return Err(Refusal::new(&MALFORMED_DOCUMENT, "a refusal with terms").at("decision: terms"));
    }
    Ok(admitted.effects().set(cells::decision(&id), []))
}
