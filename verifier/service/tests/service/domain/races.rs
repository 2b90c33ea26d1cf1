//! Many at once: one wins, the others are told so.

use std::collections::BTreeMap;
use std::thread;

use super::enterprise::statement;
use super::house::{House, POLICY};
use super::place::Place;
use crate::world::Answer;

/// Calls at once, and what each was answered.
pub fn at_once(count: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let barrier = std::sync::Barrier::new(count);
    thread::scope(|scope| {
        let calls: Vec<_> = (0..count)
            .map(|number| {
                let (call, barrier) = (&call, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    call(number)
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

/// How often each answer was given: status and code.
pub fn tally(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let key = match answer.status {
            200 | 201 => (answer.status, String::new()),
            _ => answer.problem(),
        };
        *tally.entry(key).or_default() += 1;
    }
    tally
}

#[test]
fn of_64_submissions_for_one_request_one_is_recorded() {
    let place = Place::new();
    let mut bank = House::new(&place, 21);
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(21);
    let request = bank.ask(policy, &enterprise);
    let bundle = enterprise.sign(enterprise.prove(&bank.registry, &request, &statement(150), "A"));
    let before = place.size();
    let answers = at_once(64, |_| place.post("/v1/proofs", &bundle));
    let expected = BTreeMap::from([((201, String::new()), 1), ((409, "request-used".to_owned()), 63)]);
    assert_eq!(tally(&answers), expected);
    assert_eq!(place.size(), before + 1);
}

#[test]
fn one_applicants_answers_to_many_requests_do_not_wait_for_each_other() {
    let place = Place::new();
    let mut bank = House::new(&place, 24);
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(24);
    // More than a record is tried again.
    let bundles: Vec<_> = (0..covenant_verifier::records::write::TRIES_MAX + 2)
        .map(|_| {
            let request = bank.ask(policy, &enterprise);
            enterprise.sign(enterprise.prove(&bank.registry, &request, &statement(150), "A"))
        })
        .collect();
    let answers = at_once(bundles.len(), |number| place.post("/v1/proofs", &bundles[number]));
    assert_eq!(tally(&answers), BTreeMap::from([((201, String::new()), bundles.len())]));
}

#[test]
fn of_16_calls_with_one_key_one_is_done_and_all_get_its_answer() {
    let place = Place::new();
    let mut bank = House::new(&place, 22);
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(22);
    let request = bank.ask(policy, &enterprise);
    let bundle = enterprise.sign(enterprise.prove(&bank.registry, &request, &statement(150), "A"));
    let headers = [("content-type", "application/json"), ("idempotency-key", "the-one")];
    let answers = at_once(16, |_| place.server().call("POST", "/v1/proofs", &headers, &bundle));
    let expected = BTreeMap::from([((200, String::new()), 15), ((201, String::new()), 1)]);
    assert_eq!(tally(&answers), expected);
    let first = answers[0].json();
    for answer in &answers {
        let json = answer.json();
        assert_eq!((&json["index"], &json["verdict"]), (&first["index"], &first["verdict"]));
    }
}

#[test]
fn enrolments_at_once_are_counted_each() {
    let place = Place::new();
    let mut bank = House::new(&place, 23);
    let (invitation, code) = bank.invite(23);
    let enterprise = super::enterprise::Enterprise::new(23, invitation);
    let good = enterprise.enrolment(&code);
    // Whoever knows the invitation can send one; only the bank can tell which is right.
    let answers = at_once(12, |number| {
        let mut enrolment = good.clone();
        enrolment.mac.0[0] ^= number as u8;
        place.post("/v1/enrolments", &covenant_api::document::to_json(&enrolment).unwrap())
    });
    let expected = BTreeMap::from([((201, String::new()), 8), ((422, "too-many-enrolments".to_owned()), 4)]);
    assert_eq!(tally(&answers), expected);
}
