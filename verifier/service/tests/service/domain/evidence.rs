//! What a service leaves behind: metrics that count, and a log without anybody's business.

use super::enterprise::statement;
use super::house::{House, POLICY};
use super::place::{Place, logged};

#[test]
fn metrics_count_and_the_log_tells_nothing() {
    let place = Place::new();
    let mut bank = House::new(&place, 61);
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(61);
    let request = bank.ask(policy, &enterprise);
    let bundle = enterprise.sign(enterprise.prove(&bank.registry, &request, &statement(150), "A"));
    assert_eq!(place.post("/v1/proofs", &bundle).status, 201);
    assert_eq!(place.post("/v1/proofs", &bundle).status, 409);
    assert_eq!(bank.get(&format!("/v1/applications/{}", request.id())).status, 200);
    assert_eq!(bank.get("/v1/applications?after=zz").status, 400);

    let metrics = place.get("/metrics");
    for line in [
        "covenant_verdicts_total{outcome=\"recorded\"} 1",
        "covenant_verdicts_total{outcome=\"refused\"} 1",
        "covenant_refusals_total{code=\"request-used\"} 1",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line}");
    }

    let log = logged();
    assert!(
        log.contains("/v1/proofs") && log.contains("request-used"),
        "the log was not heard"
    );
    let secrets = [
        ("request", request.id().to_string()),
        ("shown request", request.display_id()),
        ("invitation", enterprise.invitation.id().to_string()),
        ("policy", policy.to_string()),
        ("company", enterprise.registry_id.to_string()),
        ("token", bank.token.clone()),
        ("bank", bank.signer.public().to_string()),
        ("query", "after=zz".to_owned()),
    ];
    for (what, text) in secrets {
        assert!(!log.contains(&text), "the log holds the {what}");
        assert!(!metrics.text().contains(&text), "the metrics hold the {what}");
    }
}
