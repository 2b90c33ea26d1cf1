//! What comes back is about what was sent, and holds under the pinned keys.

use covenant_ledger::tree;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::scene::{ORIGIN, Scene};
use super::server::{Reply, Server, client, http, json as answer, once, problem};
use crate::client::answers::Proven;
use crate::client::{Client, Filing, ProofRefused};
use crate::document::Document as _;
use crate::documents::Refused;
use crate::ids;
use crate::log::Record;
use crate::sign::Signer;
use crate::types::{Hex32, Text, UtcTime};

/// The bundle sent to a service that answers like this, with the log pinned.
fn pinned(scene: &Scene, reply: &Value) -> Result<Proven, ProofRefused> {
    let server = Server::start(vec![Reply::Bytes(answer("201 Created", reply))]);
    let mut client = client(&server);
    client.pin(scene.trust());
    let proven = client.post_proof(&scene.bytes());
    server.sent();
    proven
}

#[test]
fn a_verdict_comes_with_its_receipt() {
    let scene = Scene::new();
    let proven = pinned(&scene, &scene.proven()).unwrap();
    assert_eq!((proven.index, proven.tier.as_str()), (3, "AA"));
    assert_eq!(proven.verdict, scene.verdict.to_signed());
    assert_eq!(proven.receipt, scene.receipt(&scene.record()));
}

#[test]
fn each_thing_that_does_not_fit_is_refused() {
    let scene = Scene::new();
    let proven = scene.proven();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = proven.clone();
        change(&mut changed);
        assert_ne!(changed, proven);
        pinned(&scene, &changed).unwrap_err().refusal.code()
    };
    assert_eq!(refused(&|a| a["index"] = 4.into()), "receipt-mismatch");
    assert_eq!(refused(&|a| a["tier"] = "A".into()), "receipt-mismatch");
    assert_eq!(
        refused(&|a| a["verdict"]["document"]["tier"] = "A".into()),
        "receipt-mismatch"
    );
    assert_eq!(refused(&|a| a["more"] = 1.into()), "service-answer-malformed");
    assert_eq!(
        refused(&|a| a["receipt"]["proof"][0] = a["receipt"]["proof"][1].clone()),
        "proof-root"
    );
    let shown = |a: &mut Value, field: &str| a["receipt"].as_object_mut().unwrap().remove(field).unwrap();
    let without_body = |a: &mut Value| drop((shown(a, "salt"), shown(a, "body")));
    assert_eq!(refused(&without_body), "receipt-mismatch");
    let by = |seed: u8, a: &mut Value| {
        let verdict = Signer::from_seed(&[seed; 32])
            .sign(scene.verdict.document().clone())
            .unwrap()
            .to_signed();
        let record = Record::Verdict {
            bundle: scene.bundle.to_signed(),
            verdict: verdict.clone(),
        };
        a["verdict"] = serde_json::to_value(verdict).unwrap();
        a["receipt"] = serde_json::to_value(scene.receipt(&record)).unwrap();
    };
    assert_eq!(refused(&|a| by(9, a)), "wrong-signer", "not the operator");
    let other = |a: &mut Value| {
        let mut bundle = scene.bundle.document().clone();
        bundle.request = Hex32([0; 32]);
        let bundle = Signer::from_seed(&[2; 32]).sign(bundle).unwrap().to_signed();
        let record = Record::Verdict {
            bundle,
            verdict: scene.verdict.to_signed(),
        };
        a["receipt"] = serde_json::to_value(scene.receipt(&record)).unwrap();
    };
    assert_eq!(refused(&other), "receipt-mismatch", "of another bundle");
    let enrolment = Record::Enrolment {
        document: scene.enrolment.clone(),
    };
    let other = |a: &mut Value| a["receipt"] = serde_json::to_value(scene.receipt(&enrolment)).unwrap();
    assert_eq!(refused(&other), "receipt-mismatch", "of no verdict");
}

#[test]
fn a_verdict_on_something_else_is_refused_whoever_signs_it() {
    let scene = Scene::new();
    type Change = fn(&mut crate::documents::Verdict);
    let changes: [Change; 4] = [
        |v| v.bundle = Hex32([0; 32]),
        |v| v.request = Hex32([0; 32]),
        |v| v.policy = Hex32([0; 32]),
        |v| v.nym = v.period_tags[0],
    ];
    for change in changes {
        let mut verdict = scene.verdict.document().clone();
        change(&mut verdict);
        let verdict = scene.operator.sign(verdict).unwrap().to_signed();
        let record = Record::Verdict {
            bundle: scene.bundle.to_signed(),
            verdict: verdict.clone(),
        };
        let reply = json!({ "index": 3, "tier": "AA", "verdict": verdict, "receipt": scene.receipt(&record) });
        assert_eq!(pinned(&scene, &reply).unwrap_err().refusal.code(), "receipt-mismatch");
    }
}

#[test]
fn another_log_is_noticed_where_one_is_pinned() {
    let scene = Scene::new();
    let mut trust = scene.trust();
    let described = |operator: Hex32| json!({ "origin": ORIGIN, "log_key": scene.trust().log_key.to_string(), "operator": operator, "size": 6 });
    let log_info = |trust, operator| {
        let server = Server::start(vec![Reply::Bytes(answer("200 OK", &described(operator)))]);
        let mut client = client(&server);
        client.pin(trust);
        let info = client.log_info();
        server.sent();
        info.map(|info| info.size).map_err(|r| r.code())
    };
    assert_eq!(log_info(trust.clone(), trust.operator), Ok(6));
    assert_eq!(log_info(trust.clone(), Hex32([1; 32])), Err("log-key-changed"));
    let secret = ed25519_dalek::SigningKey::from_bytes(&[6; 32]);
    trust.log_key = covenant_ledger::LogKey::new(ORIGIN, secret.verifying_key()).unwrap();
    assert_eq!(log_info(trust.clone(), trust.operator), Err("log-key-changed"));
    let mut renamed = described(trust.operator);
    renamed["origin"] = "example.com/other".into();
    let refusal = once(answer("200 OK", &renamed), Client::log_info).unwrap_err();
    assert_eq!(refusal.code(), "service-answer-malformed");
}

#[test]
fn a_signed_no_is_passed_on() {
    let scene = Scene::new();
    let refused = Refused {
        sent: ids::hash_bytes("covenant/refused/v1", &scene.bytes()),
        code: Text::parse("request-expired").unwrap(),
        decided: UtcTime::parse("2026-03-31T10:00:00Z").unwrap(),
    };
    let reply = |refused: &Refused, signer: &Signer| {
        let problem = json!({
            "type": "urn:covenant:refusal:request-expired", "title": "A title.", "status": 410, "detail": "what",
            "code": "request-expired", "advice": "Do this.", "answer": signer.sign(refused.clone()).unwrap().to_signed(),
        });
        Reply::Bytes(super::server::problem("410 Gone", &problem, None))
    };
    let post = |reply| {
        let server = Server::start(vec![reply]);
        let mut client = client(&server);
        client.pin(scene.trust());
        let no = client.post_proof(&scene.bytes()).unwrap_err();
        server.sent();
        no
    };
    let no = post(reply(&refused, &scene.operator));
    assert_eq!(no.refusal.code(), "request-expired");
    assert_eq!(no.answer.unwrap().unverified(), &refused);
    let no = post(reply(&refused, &Signer::from_seed(&[9; 32])));
    assert_eq!((no.refusal.code(), no.answer.is_none()), ("wrong-signer", true));
    let mut other = refused.clone();
    other.sent = Hex32([0; 32]);
    assert_eq!(
        post(reply(&other, &scene.operator)).refusal.code(),
        "service-answer-malformed"
    );
    other = refused;
    other.code = Text::parse("request-used").unwrap();
    assert_eq!(
        post(reply(&other, &scene.operator)).refusal.code(),
        "service-answer-malformed"
    );
}

#[test]
fn a_batch_has_an_answer_for_each() {
    let scene = Scene::new();
    let mut good = scene.proven();
    good["line"] = 1.into();
    good["status"] = 201.into();
    let bad = json!({ "line": 2, "status": 409, "problem": {
        "type": "urn:covenant:refusal:request-used", "title": "A title.", "status": 409, "detail": "what",
        "code": "request-used", "advice": "Do this.",
    }});
    let bundles = [scene.bundle.to_signed(), scene.bundle.to_signed()];
    let post = |lines: &[&Value]| {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let reply = http("200 OK", &[("Content-Type", "application/x-ndjson")], body.as_bytes());
        once(reply, |client| client.post_proofs(&bundles))
    };
    let answers = post(&[&good, &bad]).unwrap();
    assert_eq!(answers[0].as_ref().unwrap().index, 3);
    assert_eq!(answers[1].as_ref().unwrap_err().refusal.code(), "request-used");
    let mut both = bad.clone();
    both["tier"] = "AA".into();
    for lines in [&[&good][..], &[&bad, &good], &[&good, &bad, &bad], &[&good, &both]] {
        assert_eq!(post(lines).unwrap_err().code(), "service-answer-malformed");
    }
    let mut status = bad.clone();
    status["status"] = 410.into();
    assert_eq!(post(&[&good, &status]).unwrap_err().code(), "service-answer-malformed");
}

#[test]
fn a_filing_comes_with_its_receipt() {
    let scene = Scene::new();
    let record = Record::Enrolment {
        document: scene.enrolment.clone(),
    };
    let filed = json!({ "index": 3, "id": scene.enrolment.id().unwrap(), "receipt": scene.receipt(&record) });
    let post = |reply: &Value| {
        let filed = once(answer("201 Created", reply), |client| {
            client.post_enrolment(&scene.enrolment)
        });
        filed.map(|filed| filed.index).map_err(|r| r.code())
    };
    assert_eq!(post(&filed), Ok(3));
    let mut other = filed.clone();
    other["id"] = Hex32([0; 32]).to_string().into();
    assert_eq!(post(&other), Err("receipt-mismatch"));
    let mut document = scene.enrolment.clone();
    document.mac = Hex32([0; 32]);
    other = filed.clone();
    other["receipt"] = serde_json::to_value(scene.receipt(&Record::Enrolment { document })).unwrap();
    assert_eq!(post(&other), Err("receipt-mismatch"));
    // A bank's filing is sent to the path of its document, and compared field by field.
    let body = br#"{"filing":{},"document":{"type":"decision"}}"#;
    assert_eq!(Filing::of(body).unwrap().path(), "/v1/decisions");
    assert_eq!(Filing::of(b"{}").unwrap_err().code(), "malformed-document");
    let refusal = once(answer("201 Created", &filed), |client| {
        client.file(Filing::Decision, body)
    })
    .unwrap_err();
    assert_eq!(refusal.code(), "receipt-mismatch");
}

#[test]
fn what_has_an_id_is_held_against_it() {
    let scene = Scene::new();
    let gone = json!({
        "type": "urn:covenant:refusal:unknown-request", "title": "A title.", "status": 404, "detail": "what",
        "code": "unknown-request", "advice": "Do this.",
    });
    let refusal = once(problem("404 Not Found", &gone, None), |client| {
        client.request(&Hex32([4; 32]))
    })
    .unwrap_err();
    assert_eq!(refusal.code(), "unknown-request");
    let receipt = scene.receipt(&scene.record());
    let reply = || answer("200 OK", &serde_json::to_value(&receipt).unwrap());
    assert_eq!(once(reply(), |client| client.receipt(3)).unwrap(), receipt);
    assert_eq!(
        once(reply(), |client| client.receipt(2)).unwrap_err().code(),
        "receipt-mismatch"
    );
    let entry = json!({ "index": 3, "entry": BASE64.encode(&receipt.entry) });
    assert_eq!(
        once(answer("200 OK", &entry), |client| client.entry(3)).unwrap().index,
        3
    );
    assert_eq!(
        once(answer("200 OK", &entry), |client| client.entry(2))
            .unwrap_err()
            .code(),
        "service-answer-malformed"
    );
    let page = |next: u64| {
        let event = json!({ "index": 7, "time": "2026-03-31T10:00:00Z", "record": scene.record() });
        let page = json!({ "events": [event], "next": next });
        once(answer("200 OK", &page), |client| client.events(5, Some(9)))
    };
    assert_eq!(page(8).unwrap().next, 8);
    assert_eq!(page(7).unwrap_err().code(), "service-answer-malformed");
}

#[test]
fn a_log_that_goes_back_or_forks_is_noticed() {
    let scene = Scene::new();
    let (short, long) = (scene.log(4, None), scene.log(7, None));
    let forked = scene.log(7, Some(covenant_ledger::Hash([1; 32])));
    let [old, new, fork] = [&short, &long, &forked].map(|log| scene.checkpoint(log));
    let proof: Vec<String> = tree::consistency(&long, 4, 7)
        .unwrap()
        .unwrap()
        .iter()
        .map(|hash| BASE64.encode(&hash.0))
        .collect();
    let reply = || answer("200 OK", &json!({ "old": 4, "new": 7, "hashes": proof }));
    once(reply(), |client| client.continues(&old, &new)).unwrap();
    let refusal = once(reply(), |client| client.continues(&old, &fork)).unwrap_err();
    assert_eq!(refusal.code(), "log-rewound");
    let other = answer("200 OK", &json!({ "old": 4, "new": 6, "hashes": proof }));
    let refusal = once(other, |client| client.continues(&old, &new)).unwrap_err();
    assert_eq!(refusal.code(), "service-answer-malformed");
    // Seen without asking.
    let silent = Server::start(Vec::new());
    let client = client(&silent);
    assert_eq!(client.continues(&new, &old).unwrap_err().code(), "log-rewound");
    assert_eq!(client.continues(&new, &fork).unwrap_err().code(), "log-rewound");
    client.continues(&new, &new).unwrap();
    silent.sent();
    let text = |note: &str| {
        http(
            "200 OK",
            &[("Content-Type", "text/plain; charset=utf-8")],
            note.as_bytes(),
        )
    };
    let key = scene.trust().log_key;
    assert_eq!(once(text(new.note()), |client| client.checkpoint(&key)).unwrap(), new);
    assert_eq!(
        once(text(new.note()), |client| client.checkpoint_at(7, &key)).unwrap(),
        new
    );
    let refusal = once(text(new.note()), |client| client.checkpoint_at(4, &key)).unwrap_err();
    assert_eq!(refusal.code(), "service-answer-malformed");
    let forged = new.note().replace("\n7\n", "\n8\n");
    let refusal = once(text(&forged), |client| client.checkpoint(&key)).unwrap_err();
    assert_eq!(refusal.code(), "note-signature-invalid");
}
