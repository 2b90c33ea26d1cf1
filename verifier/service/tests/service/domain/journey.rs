//! The main job by HTTP: from an empty server to a decision, with receipts that are checked offline.

use covenant_api::documents::{Outcome, Refused, Verdict};
use covenant_api::log::Record;
use covenant_api::sign::Signed;
use covenant_api::types::Hex32;
use covenant_ledger::{LogKey, Receipt};
use serde_json::Value;

use super::enterprise::statement;
use super::house::{House, POLICY};
use super::place::Place;
use crate::world::Answer;

/// Checks an answer's receipt against the log's key alone, and gives the record in it.
pub fn recorded(place: &Place, answer: &Answer) -> Record {
    let json = answer.json();
    let receipt: Receipt = serde_json::from_value(json["receipt"].clone()).unwrap();
    let verified = receipt.verify(&LogKey::parse(&place.log_key).unwrap()).unwrap();
    assert_eq!(json["index"], verified.entry.index);
    let record = Record::from_bytes(&receipt.opening.unwrap().body).unwrap();
    assert_eq!(record.kind(), verified.entry.kind.as_str());
    record
}

/// The operator's signed no in a problem: what was sent, and the code.
pub fn signed_no(place: &Place, problem: &Value) -> (Hex32, String) {
    let answer: Signed<Refused> = serde_json::from_value(problem["answer"].clone()).unwrap();
    let refused = answer.verify(&place.operator).unwrap();
    (refused.sent, refused.code.to_string())
}

#[test]
fn from_an_empty_server_to_a_decision() {
    let place = Place::new();
    let mut bank = House::new(&place, 1);
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(1);
    let request = bank.ask(policy, &enterprise);

    // The enterprise sees the invitation and the request under their ids.
    let invitation = enterprise.invitation.id();
    let seen = place.get(&format!("/v1/invitations/{invitation}"));
    assert_eq!(
        seen.json(),
        serde_json::to_value(enterprise.invitation.to_signed()).unwrap()
    );
    let seen = place.get(&format!("/v1/requests/{}", request.id())).json();
    assert_eq!(seen["state"], "open");
    assert_eq!(seen["request"], serde_json::to_value(request.to_signed()).unwrap());
    assert_eq!(seen["policy"]["type"], "policy");

    // A bundle becomes a verdict.
    let bundle = enterprise.sign(enterprise.prove(&bank.registry, &request, &statement(150), "A"));
    let answer = place.post("/v1/proofs", &bundle);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["tier"], "A");
    let verdict: Signed<Verdict> = serde_json::from_value(answer.json()["verdict"].clone()).unwrap();
    let verdict = verdict.verify(&place.operator).unwrap();
    assert_eq!((verdict.request, verdict.tier.as_str()), (request.id(), "A"));
    let Record::Verdict { verdict: inside, .. } = recorded(&place, &answer) else {
        panic!("the receipt is of another record");
    };
    assert_eq!(inside, verdict.to_signed());

    // The bank decides.
    let application = |state: &str| {
        let seen = bank.get(&format!("/v1/applications/{}", request.display_id())).json();
        assert_eq!(seen["application"]["state"], state);
        seen
    };
    let seen = application("answered");
    assert_eq!(seen["application"]["request"], request.id().to_string());
    assert_eq!(seen["application"]["registry_id"], "FR-SIREN:000000001");
    assert_eq!(seen["application"]["policy"]["name"], "Test policy");
    assert_eq!(seen["application"]["tier"], "A");
    assert_eq!(seen["application"]["entries"]["verdict"], answer.json()["index"]);
    assert_eq!(seen["documents"]["verdict"], answer.json()["verdict"]);
    let decision = bank.decision(request.id(), verdict.id(), Outcome::Approved);
    let body = bank.filing(&decision, bank.streams[&invitation]);
    let answer = bank.post("/v1/decisions", body.to_string().as_bytes(), &[]);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["id"], decision.id().to_string());
    assert!(matches!(recorded(&place, &answer), Record::Decision(_)));
    let seen = application("approved");
    assert_eq!(seen["documents"]["decision"], body["document"]);
    assert_eq!(
        place.get(&format!("/v1/requests/{}", request.id())).json()["state"],
        "approved"
    );

    // And the page that goes with it.
    let memo = bank.get(&format!("/v1/applications/{}/memo", request.id()));
    assert_eq!(memo.status, 200);
    assert_eq!(memo.header("content-type"), Some("text/html; charset=utf-8"));
    // It shows itself and does nothing else: no scripts, no other files, its own styles.
    assert_eq!(
        memo.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    );
    assert!(!memo.text().contains("<script") && !memo.text().contains("src="));
    for words in ["FR-SIREN:000000001", "Test policy", "Approved", "Cabinet Exact"] {
        assert!(memo.text().contains(words), "{words}");
    }

    // The applicant's stream tells the story, in order, without the bank's numbers.
    let events = place.get(&format!("/v1/invitations/{invitation}/events")).json();
    let kinds: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["invitation", "enrolment", "enrolled", "request", "verdict", "decision"]
    );
    assert!(!events.to_string().contains("\"filing\""));
    assert_eq!(events["next"], place.size());
}
