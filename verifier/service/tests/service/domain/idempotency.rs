//! The same call again.

use super::house::House;
use super::journey::recorded;
use super::place::Place;

#[test]
fn the_same_key_and_body_give_the_same_answer() {
    let place = Place::new();
    let mut bank = House::outside(&place, 41);
    let document = bank.registry.bank().clone();
    let body = bank.filing(&document, bank.stream).to_string();
    let key = [("idempotency-key", "first")];
    let first = bank.post("/v1/participants", body.as_bytes(), &key);
    assert_eq!(first.status, 201, "{}", first.text());
    bank.number += 1;
    bank.grant();
    let again = bank.post("/v1/participants", body.as_bytes(), &key);
    assert_eq!(again.status, 200, "{}", again.text());
    let fields = |answer: &crate::world::Answer| {
        let json = answer.json();
        (json["index"].clone(), json["id"].clone(), recorded(&place, answer))
    };
    assert_eq!(fields(&first), fields(&again));
    // Without the key it is a number that was used.
    let without = bank.post("/v1/participants", body.as_bytes(), &[]);
    assert_eq!(without.problem(), (409, "wrong-number".to_owned()));
}

#[test]
fn a_key_is_bound_to_its_body_and_its_caller() {
    let place = Place::new();
    let mut bank = House::new(&place, 42);
    let size = place.size();
    let grant = bank.filing(&bank.grant_document(2), bank.stream).to_string();
    let key = [("idempotency-key", "key")];
    let answer = bank.post("/v1/attestors", grant.as_bytes(), &key);
    assert_eq!(answer.status, 201, "{}", answer.text());
    bank.number += 1;
    let other = bank.filing(&bank.grant_document(1), bank.stream).to_string();
    let refused = bank.post("/v1/attestors", other.as_bytes(), &key);
    assert_eq!(refused.problem(), (422, "idempotency-key-reused".to_owned()));
    // Even on another path.
    let refused = bank.post("/v1/policies", other.as_bytes(), &key);
    assert_eq!(
        refused.status,
        400,
        "what is read first is the body's form: {}",
        refused.text()
    );
    // Another bank's key of the same name is another key.
    let second = House::outside(&place, 43);
    let document = second.registry.bank().clone();
    let body = second.filing(&document, second.stream).to_string();
    assert_eq!(second.post("/v1/participants", body.as_bytes(), &key).status, 201);
    // A call that was refused has not used its key.
    let key = [("idempotency-key", "later")];
    let early = bank.filing_as(
        &bank.grant_document(1),
        bank.stream,
        bank.number + 1,
        crate::world::ORIGIN,
    );
    let refused = bank.post("/v1/attestors", early.to_string().as_bytes(), &key);
    assert_eq!(refused.problem(), (409, "wrong-number".to_owned()));
    let right = bank.filing(&bank.grant_document(1), bank.stream).to_string();
    assert_eq!(bank.post("/v1/attestors", right.as_bytes(), &key).status, 201);
    assert_eq!(place.size(), size + 3);
}
