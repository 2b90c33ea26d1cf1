//! One applicant's records: invitation, enrolment, request, decision.

use covenant_api::documents::*;
use covenant_api::log::{Filed, Record};
use covenant_api::types::*;
use covenant_gadgets::field::field_from_u64;

use super::filing::other_participant;
use super::story::*;
use crate::world::*;

/// The story up to a place, and another bank that takes part.
fn with_another_bank(place: usize) -> (Log, covenant_api::sign::Signer) {
    let mut log = story().before(place);
    let (signer, participant) = other_participant(71);
    log.add(&participant);
    (log, signer)
}

#[test]
fn an_invitation_is_its_banks_own() {
    let honest = filed::<Invitation>(story().honest(INVITATION));
    let (log, other) = with_another_bank(INVITATION);
    let mut json = serde_json::to_value(&honest).unwrap();
    json["document"]["signer"] = other.public().to_string().into();
    let forged = Record::Invitation(serde_json::from_value(json).unwrap());
    assert_eq!(log.refused(&forged), "wrong-signer", "the invitation names its bank");
    let stranger = covenant_api::sign::Signer::from_seed(&[34; 32]);
    let forged = forge(&stranger, &honest, |d| d.bank = stranger.public(), |f| f.number = 0);
    assert_eq!(log.refused(&Record::Invitation(forged)), "unknown-participant");
}

#[test]
fn enrolments_answer_an_invitation_at_most_eight_times_and_until_it_is_redeemed() {
    let story = story();
    let Record::Enrolment { document: honest } = story.honest(ENROLMENT) else {
        panic!("an enrolment");
    };
    let mut log = story.before(ENROLMENT);
    let record = |document: Enrolment| Record::Enrolment { document };
    let elsewhere = Enrolment {
        invitation: Hex32([5; 32]),
        ..honest.clone()
    };
    assert_eq!(log.refused(&record(elsewhere)), "unknown-invitation");
    let weak = Enrolment {
        key: Hex32([0xff; 32]),
        ..honest.clone()
    };
    assert_eq!(log.refused(&record(weak)), "invalid-key");
    for n in 0..8 {
        let guess = Enrolment {
            mac: Hex32([n; 32]),
            ..honest.clone()
        };
        log.add(&record(guess));
    }
    assert_eq!(log.refused(&record(honest.clone())), "too-many-enrolments");
    assert!(
        log.admits(story.honest(ENROLLED)),
        "the bank can still recognise its applicant"
    );
    let after = story.before(REQUEST);
    let again = Enrolment {
        mac: Hex32([9; 32]),
        ..honest.clone()
    };
    assert_eq!(after.refused(&record(again)), "invitation-used");
    let mut twice = story.before(ENROLLED);
    let planned = twice.plan_at(&record(honest.clone()), time(NOW)).unwrap();
    assert_eq!(twice.state.apply(planned.plan).unwrap_err().code(), "already-recorded");
}

#[test]
fn an_applicant_is_whom_the_bank_invited_in_time_and_once() {
    let (story, bank) = (story(), story_bank());
    let honest = filed::<Enrolled>(story.honest(ENROLLED));
    let log = story.before(ENROLLED);
    let changed =
        |change: &dyn Fn(&mut Enrolled)| log.refused(&Record::Enrolled(forge(&bank, &honest, |d| change(d), |_| {})));
    assert_eq!(changed(&|d| d.invitation = Hex32([5; 32])), "unknown-invitation");
    assert_eq!(changed(&|d| d.registry_id = company(2)), "applicant-conflict");
    assert_eq!(changed(&|d| d.key = Hex32([0xff; 32])), "invalid-key");
    let late = time(NOW).plus_days(31);
    let expired = Record::Enrolled(forge(&bank, &honest, |d| d.enrolled = late, |_| {}));
    assert_eq!(
        log.plan_at(&expired, late).map(|_| ()).unwrap_err().code(),
        "invitation-expired"
    );
    let second = Record::Enrolled(forge(
        &bank,
        &honest,
        |d| d.enrolled = time("2026-03-31T10:00:01Z"),
        |f| f.number += 1,
    ));
    assert_eq!(story.before(REQUEST).refused(&second), "invitation-used");
    let (log, other) = with_another_bank(ENROLLED);
    let foreign = forge(&other, &honest, |_| {}, |f| f.number = 1);
    assert_eq!(log.refused(&Record::Enrolled(foreign)), "unknown-invitation");
}

/// A second invitation of the bank, for this company, in the log.
fn second_invitation(log: &mut Log, number: u64) -> (Hex32, Filing) {
    let honest = filed::<Invitation>(story().honest(INVITATION));
    let change = |d: &mut Invitation| {
        d.registry_id = company(number);
        d.blinding = FieldElement(field_from_u64(5));
    };
    let next = filed::<Request>(story().honest(REQUEST)).filing.unverified().number;
    let forged: Filed<Invitation> = forge(&story_bank(), &honest, change, |f| {
        (f.stream, f.number) = (Hex32([45; 32]), next)
    });
    let filing = forged.filing.unverified().clone();
    let id = filing.document;
    log.add(&Record::Invitation(forged));
    (id, filing)
}

#[test]
fn a_company_keeps_its_pseudonym_and_a_pseudonym_its_company() {
    let honest = filed::<Enrolled>(story().honest(ENROLLED));
    let enrolled = |number: u64, nym: Option<u64>| {
        let mut log = story().before(REQUEST);
        let (invitation, filing) = second_invitation(&mut log, number);
        let change = |d: &mut Enrolled| {
            (d.invitation, d.registry_id) = (invitation, company(number));
            if let Some(nym) = nym {
                d.nym = FieldElement(field_from_u64(nym));
            }
        };
        let file = |f: &mut Filing| (f.stream, f.number) = (filing.stream, filing.number + 1);
        let record = Record::Enrolled(forge(&story_bank(), &honest, change, file));
        log.plan_at(&record, time(NOW)).map(|_| ()).map_err(|r| r.code())
    };
    assert_eq!(
        enrolled(1, Some(6)),
        Err("applicant-conflict"),
        "the same company, another pseudonym"
    );
    assert_eq!(
        enrolled(2, None),
        Err("applicant-conflict"),
        "the same pseudonym, another company"
    );
    assert_eq!(enrolled(1, None), Ok(()), "the same company under its pseudonym");
    assert_eq!(enrolled(2, Some(6)), Ok(()), "another company under another");
}

#[test]
fn a_request_fits_what_is_on_record() {
    let (story, bank) = (story(), story_bank());
    let honest = filed::<Request>(story.honest(REQUEST));
    let log = story.before(REQUEST);
    let changed =
        |change: &dyn Fn(&mut Request)| log.refused(&Record::Request(forge(&bank, &honest, |d| change(d), |_| {})));
    assert_eq!(
        changed(&|d| d.nym = FieldElement(field_from_u64(6))),
        "request-mismatch"
    );
    assert_eq!(
        changed(&|d| d.log_origin = LogOrigin::parse("offline").unwrap()),
        "request-mismatch"
    );
    assert_eq!(changed(&|d| d.attestors[0].assurance_max += 1), "request-mismatch");
    assert_eq!(
        changed(&|d| d.attestors[0].attestor = Hex32([5; 32])),
        "unknown-attestor"
    );
    assert_eq!(changed(&|d| d.policy = Hex32([5; 32])), "unknown-policy");
    assert_eq!(changed(&|d| d.verifying_key = Hex32([5; 32])), "unknown-verifying-key");
    assert_eq!(changed(&|d| d.invitation = Hex32([5; 32])), "unknown-invitation");
    assert_eq!(changed(&|d| d.statement = text("covenant/book/v1")), "wrong-key");
    let early = Record::Request(forge(&bank, &honest, |_| {}, |f| f.number -= 1));
    assert_eq!(story.before(ENROLLED).refused(&early), "not-enrolled");
    let (log, other) = with_another_bank(REQUEST);
    let foreign = forge(&other, &honest, |_| {}, |f| f.number = 1);
    assert_eq!(log.refused(&Record::Request(foreign)), "unknown-invitation");
    assert!(log.admits(story.honest(REQUEST)));
}

#[test]
fn a_decision_rests_on_the_verdict_on_record_and_is_made_once() {
    let (story, bank) = (story(), story_bank());
    let honest = filed::<Decision>(story.honest(DECISION));
    assert_eq!(story.before(VERDICT).refused(story.honest(DECISION)), "unknown-verdict");
    let log = story.before(DECISION);
    let changed =
        |change: &dyn Fn(&mut Decision)| log.refused(&Record::Decision(forge(&bank, &honest, |d| change(d), |_| {})));
    assert_eq!(changed(&|d| d.verdict = Hex32([5; 32])), "unknown-verdict");
    assert_eq!(changed(&|d| d.request = Hex32([5; 32])), "unknown-request");
    assert_eq!(
        changed(&|d| d.outcome = Outcome::Refused),
        "malformed-document",
        "a refusal with terms"
    );
    let no_terms = |d: &mut Decision| (d.outcome, d.terms) = (Outcome::Refused, None);
    let other = Record::Decision(forge(&bank, &honest, no_terms, |_| {}));
    assert!(log.admits(&other), "a bank may refuse whom its policy admits");
    let second = Record::Decision(forge(&bank, &honest, no_terms, |f| f.number += 1));
    assert_eq!(Log::after(&story.records).refused(&second), "already-decided");
    let (log, other) = with_another_bank(DECISION);
    let foreign = forge(&other, &honest, |_| {}, |f| f.number = 1);
    assert_eq!(log.refused(&Record::Decision(foreign)), "unknown-invitation");
}
