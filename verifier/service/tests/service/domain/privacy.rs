//! Nothing of one bank is visible to another, and nothing of one enterprise is the same at two banks.

use std::collections::BTreeMap;

use covenant_api::documents::Outcome;
use covenant_api::types::Hex32;
use serde_json::Value;

use super::enterprise::{attestor_id, statement};
use super::house::{House, POLICY};
use super::place::Place;
use crate::world::ORIGIN;

#[test]
fn another_banks_data_is_as_good_as_none() {
    let place = Place::new();
    let mut bank = House::new(&place, 71);
    let mut other = House::new(&place, 72);
    let policy = bank.policy(POLICY);
    other.policy(&POLICY.replace("Test policy", "Their title"));
    let enterprise = bank.customer(71);
    let request = bank.ask(policy, &enterprise);
    let (id, none) = (request.id(), Hex32([9; 32]));
    for path in ["/v1/applications/", "/v1/policies/"] {
        let wanted = if path.contains("app") { id } else { policy };
        let (theirs, nobodys) = (
            other.get(&format!("{path}{wanted}")),
            other.get(&format!("{path}{none}")),
        );
        assert_eq!(theirs.problem(), nobodys.problem());
        let said = |text: &str, id: Hex32| text.replace(&id.to_string(), "ID");
        assert_eq!(said(theirs.text(), wanted), said(nobodys.text(), none));
        assert_eq!(theirs.status, 404);
    }
    assert_eq!(other.get(&format!("/v1/applications/{id}/memo")).status, 404);
    assert_eq!(
        other.get(&format!("/v1/applications/{}", request.display_id())).status,
        404
    );
    let events = other.get("/v1/events").text().to_owned();
    for theirs in [id.to_string(), policy.to_string(), bank.signer.public().to_string()] {
        assert!(!events.contains(&theirs));
    }

    // Nor can anything be filed with another's token, or on another's applicant.
    let body = bank.filing(&bank.grant_document(1), bank.stream).to_string();
    let refused = other.post("/v1/attestors", body.as_bytes(), &[]);
    assert_eq!(refused.problem(), (403, "another-banks-data".to_owned()));
    let stream = bank.streams[&enterprise.invitation.id()];
    let decision = other.decision(id, none, Outcome::Approved);
    let refused = other.file("/v1/decisions", &decision, stream);
    assert_eq!(refused.problem(), (404, "unknown-invitation".to_owned()));
    let theirs = bank.registry.request(&id).unwrap().document().clone();
    let copied = other.signer.sign(theirs).unwrap();
    let refused = other.file("/v1/requests", &copied, stream);
    assert_eq!(refused.problem(), (404, "unknown-invitation".to_owned()));

    // Without a token, with a wrong one, with an auditor's.
    assert_eq!(
        place.get("/v1/applications").problem(),
        (401, "token-missing".to_owned())
    );
    let answer = place.server().get_as("cvt_wrong", "/v1/applications");
    assert_eq!(answer.problem(), (401, "token-unknown".to_owned()));
    let (_, auditor) = place.world.token(covenant_verifier::tokens::Role::Auditor {});
    let answer = place.server().get_as(&auditor, "/v1/applications");
    assert_eq!(answer.problem(), (403, "role-not-allowed".to_owned()));
    assert_eq!(
        place.post("/v1/attestors", body.as_bytes()).problem(),
        (401, "token-missing".to_owned())
    );
}

/// Every string in a value that is long enough to tell things apart, and where it stands.
fn strings(value: &Value, place: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::String(text) if text.len() >= 24 => drop(found.insert(text.clone(), place.to_owned())),
        Value::Array(items) => items.iter().for_each(|item| strings(item, place, found)),
        Value::Object(fields) => {
            for (name, field) in fields {
                strings(field, &format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn two_banks_records_of_one_enterprise_do_not_match() {
    let place = Place::new();
    let mut records = Vec::new();
    for seed in [73, 74] {
        let mut bank = House::new(&place, seed);
        let policy = bank.policy(&POLICY.replace("Test policy", &format!("Policy of bank {seed}")));
        let enterprise = bank.customer(73);
        let request = bank.ask(policy, &enterprise);
        let bundle = enterprise.sign(enterprise.prove(&bank.registry, &request, &statement(150), "A"));
        assert_eq!(place.post("/v1/proofs", &bundle).status, 201);
        let events = bank.get("/v1/events").json();
        let events = events["events"].as_array().unwrap();
        assert_eq!(events.len(), bank.number as usize + 2);
        // What is about the applicant; banks may well grant one attestor, pin one key and publish one policy.
        let about = |event: &&Value| {
            let kind = event["record"]["record"].as_str().unwrap();
            ["invitation", "enrolment", "enrolled", "request", "verdict"].contains(&kind)
        };
        let about: Vec<Value> = events.iter().filter(about).cloned().collect();
        assert_eq!(about.len(), 5);
        let mut found = BTreeMap::new();
        strings(&about.into(), "", &mut found);
        records.push((found, bank.key));
    }
    // What both banks rely on is the same; who applied, with which key and which figures, is not.
    let (attestor, key) = (attestor_id().to_string(), records[0].1.to_string());
    let known = [attestor, key, ORIGIN.to_owned(), place.operator.to_string()];
    let shared: Vec<_> = records[0]
        .0
        .iter()
        .filter(|(text, _)| records[1].0.contains_key(*text) && !known.contains(text))
        .collect();
    assert_eq!(shared, Vec::<(&String, &String)>::new());
}
