//! What a bank sees of its own, page by page.

use std::collections::BTreeSet;

use serde_json::Value;

use super::house::{House, POLICY};
use super::place::Place;

/// All pages of a list, two at a time.
fn pages(bank: &House<'_>, path: &str, field: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    for _ in 0..20 {
        let answer = bank.get(&format!("{path}?limit=2{after}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        let items = json[field].as_array().unwrap();
        assert!(items.len() <= 2);
        all.extend(items.iter().cloned());
        match json["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
    panic!("the pages do not end");
}

#[test]
fn a_bank_sees_its_own_page_by_page() {
    let place = Place::new();
    let mut bank = House::new(&place, 51);
    let mut other = House::new(&place, 52);
    let policy = bank.policy(POLICY);
    let policies: BTreeSet<String> = ["Another title", "A third title"]
        .iter()
        .map(|title| bank.policy(&POLICY.replace("Test policy", title)).to_string())
        .chain([policy.to_string()])
        .collect();
    // Two banks may publish the same policy: each has its own.
    assert_eq!(other.policy(POLICY), policy);
    let theirs = other.policy(&POLICY.replace("Test policy", "Their title"));

    let me = bank.get("/v1/participants/me").json();
    assert_eq!(me["bank"], bank.signer.public().to_string());
    assert_eq!(me["stream"], bank.stream.to_string());
    assert_eq!(me["number"], bank.number);
    assert_eq!(me["name"], "Bank 51");

    let found = pages(&bank, "/v1/policies", "policies");
    let ids: BTreeSet<String> = found.iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((found.len(), ids), (3, policies));
    assert_eq!(found[0]["tiers"], serde_json::json!(["A", "B"]));
    for id in ["id", "shown"] {
        let one = bank
            .get(&format!("/v1/policies/{}", found[1][id].as_str().unwrap()))
            .json();
        assert_eq!(one["id"], found[1]["id"]);
        assert!(one["text"].as_str().unwrap().contains("current"));
        assert_eq!(one["document"]["signer"], bank.signer.public().to_string());
    }
    assert_eq!(
        bank.get(&format!("/v1/policies/{theirs}")).problem(),
        (404, "unknown-policy".to_owned())
    );

    let keys = pages(&bank, "/v1/keys", "keys");
    assert_eq!((keys.len(), &keys[0]["development"]), (1, &Value::from(true)));
    assert_eq!(keys[0]["id"], bank.key.to_string());
    let attestors = pages(&bank, "/v1/attestors", "attestors");
    assert_eq!((attestors.len(), &attestors[0]["standing"]), (1, &Value::from(true)));
    assert_eq!(attestors[0]["grant"]["name"], "Cabinet Exact");
    bank.revoke();
    let attestors = pages(&bank, "/v1/attestors", "attestors");
    assert_eq!((attestors.len(), &attestors[0]["standing"]), (1, &Value::from(false)));
    assert_eq!(attestors[0]["struck"]["reason"], "The key was lost");
    assert_eq!(pages(&other, "/v1/attestors", "attestors")[0]["standing"], true);

    for bad in ["limit=0", "limit=-1", "after=00", "offset=3"] {
        assert_eq!(
            bank.get(&format!("/v1/policies?{bad}")).problem(),
            (400, "parameter-malformed".to_owned())
        );
    }
}

#[test]
fn applications_and_events_are_paged() {
    let place = Place::with(|settings| {
        settings.allow_development_keys = true;
        settings.events_scan_max = 3;
    });
    let mut bank = House::new(&place, 53);
    let mut other = House::new(&place, 54);
    let (policy, theirs) = (bank.policy(POLICY), other.policy(POLICY));
    let mut expected = BTreeSet::new();
    for number in 0..3 {
        let enterprise = bank.customer(100 + number);
        expected.insert(bank.ask(policy, &enterprise).id().to_string());
        let enterprise = other.customer(100 + number);
        other.ask(theirs, &enterprise);
    }
    let found = pages(&bank, "/v1/applications", "applications");
    let ids: BTreeSet<String> = found
        .iter()
        .map(|a| a["request"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((found.len(), ids), (3, expected));
    assert!(found.iter().all(|application| application["state"] == "asked"));

    // Every entry is somebody's, the operator's opening apart; together the cursors see all of them once.
    let mut seen = BTreeSet::new();
    for bank in [&bank, &other] {
        let mut since = 0;
        while since < place.size() {
            let page = bank.get(&format!("/v1/events?since={since}&limit=2")).json();
            for event in page["events"].as_array().unwrap() {
                assert!(event["index"].as_u64().unwrap() >= since);
                assert!(event["record"]["record"].is_string() && event["time"].is_string());
                assert!(seen.insert(event["index"].as_u64().unwrap()));
            }
            let next = page["next"].as_u64().unwrap();
            assert!(next > since, "the cursor moves");
            since = next;
        }
        let page = bank.get(&format!("/v1/events?since={since}")).json();
        assert_eq!(
            (page["events"].as_array().unwrap().len(), page["next"].as_u64()),
            (0, Some(since))
        );
    }
    assert_eq!(seen, (1..place.size()).collect());
}
