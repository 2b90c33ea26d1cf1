//! Every way in which a bundle is refused, with the operator's signed no.

use covenant_api::documents::Bundle;
use covenant_api::host;
use covenant_api::ids;
use covenant_api::sign::Verified;
use covenant_api::types::UtcTime;

use super::enterprise::statement;
use super::house::{House, POLICY};
use super::journey::signed_no;
use super::place::Place;
use crate::world::Answer;

/// Status and code of a refused bundle; the signed no fits what was sent, and nothing was recorded.
fn refused(place: &Place, body: &[u8]) -> (u16, String) {
    let before = place.size();
    let answer = place.post("/v1/proofs", body);
    let (status, code) = answer.problem();
    let (sent, signed) = signed_no(place, &answer.json());
    assert_eq!(sent, ids::hash_bytes("covenant/refused/v1", body));
    assert_eq!(signed, code);
    assert_eq!(place.size(), before, "{code} changed something");
    (status, code)
}

fn status_and_code((status, code): &(u16, String)) -> (u16, &str) {
    (*status, code)
}

fn days_ago(days: u64) -> UtcTime {
    UtcTime::from_unix_seconds(host::now().unwrap().unix_seconds() - days * 86_400).unwrap()
}

#[test]
fn a_bundle_is_refused_with_a_signed_no() {
    let place = Place::new();
    let mut bank = House::new(&place, 11);
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(11);
    let request = bank.ask(policy, &enterprise);
    let good = enterprise.prove(&bank.registry, &request, &statement(150), "A");
    let bytes = enterprise.sign(good.clone());

    let changed = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        enterprise.sign(bundle)
    };
    let cases: Vec<(&str, Vec<u8>, (u16, &str))> = vec![
        ("not JSON", b"{".to_vec(), (400, "malformed-document")),
        ("nothing", Vec::new(), (400, "malformed-document")),
        (
            "another document",
            serde_json::to_vec(&request.to_signed()).unwrap(),
            (400, "wrong-document-type"),
        ),
        (
            "unknown request",
            changed(&|bundle| bundle.request.0[0] ^= 1),
            (404, "unknown-request"),
        ),
        (
            "another policy",
            changed(&|bundle| bundle.policy.0[0] ^= 1),
            (422, "wrong-policy"),
        ),
        (
            "another key",
            changed(&|bundle| bundle.verifying_key.0[0] ^= 1),
            (422, "wrong-key"),
        ),
        (
            "a better tier than proven",
            changed(&|bundle| bundle.tier = covenant_api::types::TierName::parse("B").unwrap()),
            (422, "proof-invalid"),
        ),
        (
            "a damaged proof",
            changed(&|bundle| bundle.proof.0[0] ^= 1),
            (422, "proof-malformed"),
        ),
        (
            "a signature that does not fit",
            String::from_utf8(bytes.clone())
                .unwrap()
                .replace("\"tier\": \"A\"", "\"tier\": \"B\"")
                .into_bytes(),
            (422, "wrong-signature"),
        ),
    ];
    for (what, body, expected) in &cases {
        let found = refused(&place, body);
        if *what == "a damaged proof" {
            // Which one depends on whether the changed bytes are a point.
            assert_eq!(found.0, 422, "{found:?}");
            continue;
        }
        assert_eq!(status_and_code(&found), *expected, "{what}");
    }

    // An expired request.
    let expired = bank.ask_at(policy, &enterprise, days_ago(30));
    let late = Bundle {
        request: expired.id(),
        ..good.clone()
    };
    assert_eq!(
        status_and_code(&refused(&place, &enterprise.sign(late))),
        (410, "request-expired")
    );
    let seen = place.get(&format!("/v1/requests/{}", expired.id())).json();
    assert_eq!(seen["state"], "expired");

    // After all that the good one is as good as before, once.
    assert_eq!(place.post("/v1/proofs", &bytes).status, 201);
    assert_eq!(status_and_code(&refused(&place, &bytes)), (409, "request-used"));

    // Other figures of the same year are one version too many.
    let again = bank.ask(policy, &enterprise);
    let other = enterprise.sign(enterprise.prove(&bank.registry, &again, &statement(160), "A"));
    assert_eq!(
        status_and_code(&refused(&place, &other)),
        (422, "too-many-restatements")
    );

    // A struck attestor counts no longer, whatever was asked before.
    let same = enterprise.sign(enterprise.prove(&bank.registry, &again, &statement(150), "A"));
    bank.revoke();
    assert_eq!(status_and_code(&refused(&place, &same)), (422, "attestors-changed"));
}

#[test]
fn a_body_out_of_bounds_is_refused_before_it_is_read() {
    let place = Place::with(|settings| settings.bundle_body_bytes_max = 1000);
    let code = |answer: Answer| answer.problem();
    let long = vec![b' '; 1001];
    assert_eq!(
        code(place.post("/v1/proofs", &long)),
        (413, "body-too-large".to_owned())
    );
    let plain = [("content-type", "text/plain")];
    let answer = place.server().call("POST", "/v1/proofs", &plain, b"{}");
    assert_eq!(code(answer), (415, "unsupported-media-type".to_owned()));
}

#[test]
fn development_keys_are_refused_where_the_setting_does_not_allow_them() {
    let place = Place::with(|_| {});
    let mut bank = House::outside(&place, 12);
    bank.take_part();
    bank.grant();
    let body = bank.key_body();
    let answer = bank.send("/v1/keys", &body);
    assert_eq!(answer.problem(), (422, "development-key".to_owned()));
    assert!(bank.get("/v1/keys").json()["keys"].as_array().unwrap().is_empty());
}

#[test]
fn another_applicants_bundle_is_refused() {
    let place = Place::new();
    let mut bank = House::new(&place, 13);
    let policy = bank.policy(POLICY);
    let (one, other) = (bank.customer(13), bank.customer(14));
    let request: Verified<_> = bank.ask(policy, &one);
    let bundle = one.prove(&bank.registry, &request, &statement(150), "A");
    // The same proof under another applicant's signature.
    let found = refused(&place, &other.sign(bundle));
    assert_eq!(status_and_code(&found), (422, "wrong-signer"));
}
