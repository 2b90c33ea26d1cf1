//! Nothing of one bank is visible to another, and nothing of one enterprise is the same at two banks.

use std::collections::BTreeSet;

use covenant_api::documents::Outcome;
use covenant_api::types::Hex32;
use serde_json::Value;

use super::enterprise::{attestor_id, statement};
use super::house::{House, POLICY};
use super::place::Place;

#[test]
fn another_banks_data_is_as_good_as_none() {
    let place = Place::new();
    let mut bank = House::new(&place, 71);
    let mut other = House::new(&place, 72);
    let policy = bank.policy(POLICY);
    other.policy(POLICY);
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

/// Every string in a value that is long enough to tell things apart.
fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() >= 24 => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, found)),
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
        assert_eq!(events["events"].as_array().unwrap().len(), bank.number as usize + 2);
        let mut found = BTreeSet::new();
        strings(&events, &mut found);
        records.push((found, bank.key));
    }
    let shared: BTreeSet<_> = records[0].0.intersection(&records[1].0).cloned().collect();
    // What both banks rely on is the same; who applied, with which key and which figures, is not.
    let known: BTreeSet<_> = [attestor_id().to_string(), records[0].1.to_string()].into();
    let unknown: Vec<_> = shared
        .difference(&known)
        .filter(|text| !says_what_is_public(text))
        .collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

/// The origin, the key's blob, the program that both policies compile to.
fn says_what_is_public(text: &str) -> bool {
    use sha2::{Digest as _, Sha256};
    let key = super::enterprise::proving_key().verifying().to_bytes();
    let program = covenant_policy::compile(POLICY).unwrap().canonical_bytes;
    let public = [
        crate::world::ORIGIN.to_owned(),
        Hex32(Sha256::digest(&key).into()).to_string(),
        covenant_api::ids::hash_bytes("covenant/program/v1", &program).to_string(),
    ];
    public.iter().any(|public| public == text) || text.starts_with("covenant/") || text.starts_with("covenant-")
}
