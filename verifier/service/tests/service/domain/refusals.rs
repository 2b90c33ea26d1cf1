//! Refusals of a bank's filings, with status, code and the whole problem: `golden/problems.json`.

use std::path::Path;

use covenant_api::documents::{Outcome, Policy};
use covenant_api::host;
use serde_json::{Map, Value};

use super::enterprise::{Enterprise, statement};
use super::house::{House, POLICY, random};
use super::place::Place;
use crate::world::{Answer, ORIGIN};

/// What differs from run to run, put in words: ids, times, signatures.
fn settled(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(settled_text(text)),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| {
                let field = if name == "answer" {
                    "the operator's signed no".into()
                } else {
                    settled(field)
                };
                (name.clone(), field)
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn settled_text(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let id = bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let nym = bare.len() > 60 && bare.bytes().all(|byte| byte.is_ascii_digit());
        let time = bare.len() == 20 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T';
        match (id || nym, time) {
            (true, _) => word.replace(bare, "ID"),
            (_, true) => word.replace(bare, "TIME"),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Problems by what led to them, and whether the ledger grew meanwhile.
struct Cases<'a> {
    place: &'a Place,
    size: u64,
    problems: Map<String, Value>,
}

impl Cases<'_> {
    fn add(&mut self, what: &str, answer: &Answer, status: u16, code: &str) {
        assert_eq!(answer.problem(), (status, code.to_owned()), "{what}: {}", answer.text());
        assert_eq!(self.place.size(), self.size, "{what} changed something");
        self.problems.insert(what.to_owned(), settled(&answer.json()));
    }

    /// Something was recorded between the cases.
    fn moved_on(&mut self) {
        self.size = self.place.size();
    }
}

#[test]
fn refusals_are_as_they_were() {
    let place = Place::new();
    let mut bank = House::outside(&place, 81);
    let mut cases = Cases {
        place: &place,
        size: place.size(),
        problems: Map::new(),
    };
    newcomer(&mut cases, &mut bank);
    filings(&mut cases, &mut bank);
    applicants(&mut cases, &mut bank);
    bundles(&mut cases, &mut bank);
    let mut printed = serde_json::to_string_pretty(&Value::from(cases.problems)).unwrap();
    printed.push('\n');
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/problems.json");
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&page, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        kept == printed,
        "golden/problems.json is not what the service says; look at it with COVENANT_GOLDEN=write:\n{printed}"
    );
}

/// Before the bank takes part.
fn newcomer(cases: &mut Cases<'_>, bank: &mut House<'_>) {
    let answer = bank.get("/v1/participants/me");
    cases.add("a bank that does not take part", &answer, 404, "unknown-participant");
    let grant = bank.grant_document(3);
    let answer = bank.file("/v1/attestors", &grant, bank.stream);
    cases.add("an act before taking part", &answer, 404, "unknown-participant");
    let document = bank.registry.bank().clone();
    let body = bank.filing_as(&document, bank.stream, 0, "example.com/another");
    cases.add(
        "a filing with another log",
        &bank.send("/v1/participants", &body),
        422,
        "wrong-log",
    );
    bank.take_part();
    cases.moved_on();
    let answer = bank.file("/v1/participants", &document, bank.stream);
    cases.add("taking part twice", &answer, 422, "filing-mismatch");
    let other = House::outside(cases.place, 82);
    let theirs = other.registry.bank().clone();
    let body = other.filing(&theirs, bank.stream).to_string();
    let answer = other.post("/v1/participants", body.as_bytes(), &[]);
    cases.add("a stream that another has", &answer, 409, "stream-taken");
}

/// The form of filings.
fn filings(cases: &mut Cases<'_>, bank: &mut House<'_>) {
    let grant = bank.grant_document(3);
    let mut post = |what: &str, body: &[u8], status, code| {
        let answer = bank.post("/v1/attestors", body, &[]);
        cases.add(what, &answer, status, code);
    };
    post("not JSON", b"{\"filing\":", 400, "malformed-document");
    post("another field", b"{\"filling\":1}", 400, "unknown-field");
    let text = bank.filing(&grant, bank.stream).to_string();
    let long = text.clone() + &" ".repeat(200_000);
    post("an oversize body", long.as_bytes(), 413, "body-too-large");
    let body = bank.filing_as(&grant, bank.stream, bank.number + 1, ORIGIN).to_string();
    post("a number too far", body.as_bytes(), 409, "wrong-number");
    let body = bank.filing_as(&grant, bank.stream, 0, ORIGIN).to_string();
    post("a number again", body.as_bytes(), 409, "wrong-number");
    let elsewhere = random(&mut bank.rng);
    let body = bank.filing(&grant, elsewhere).to_string();
    let policy = bank
        .registry
        .sign_policy(&bank.signer, POLICY)
        .unwrap()
        .document()
        .clone();
    let mut post = |what: &str, path: &str, body: &str, status, code| {
        let answer = bank.post(path, body.as_bytes(), &[]);
        cases.add(what, &answer, status, code);
    };
    post("another stream", "/v1/attestors", &body, 422, "wrong-stream");
    let mut mixed = bank.filing(&grant, bank.stream);
    mixed["document"] = bank.filing(&bank.grant_document(1), bank.stream)["document"].clone();
    post(
        "a filing of another document",
        "/v1/attestors",
        &mixed.to_string(),
        422,
        "filing-mismatch",
    );
    let changed = text.replace("\"assurance_max\":3", "\"assurance_max\":9");
    post(
        "a document changed after signing",
        "/v1/attestors",
        &changed,
        422,
        "wrong-signature",
    );
    let body = bank
        .filing(&policy, bank.stream)
        .to_string()
        .replace("Test policy", "Best policy");
    post(
        "a policy changed after signing",
        "/v1/policies",
        &body,
        422,
        "wrong-signature",
    );
    let unlike = Policy {
        source: policy.source.replace("1.2", "1.1"),
        ..policy.document().clone()
    };
    let body = bank.filing(&bank.signer.sign(unlike).unwrap(), bank.stream).to_string();
    post(
        "a policy that compiles to something else",
        "/v1/policies",
        &body,
        422,
        "policy-mismatch",
    );
    let mut key = bank.key_body();
    key["key"] = "????".into();
    post(
        "a key that is not base64",
        "/v1/keys",
        &key.to_string(),
        400,
        "malformed-document",
    );
    let answer = bank.get("/v1/policies/pol_zz");
    cases.add("an id that is none", &answer, 400, "parameter-malformed");
    let answer = cases.place.get("/v1/events");
    cases.add("no token", &answer, 401, "token-missing");
    let answer = cases.place.server().get_as("cvt_nobody", "/v1/events");
    cases.add("a wrong token", &answer, 401, "token-unknown");
    let other = House::outside(cases.place, 83);
    let answer = other.post("/v1/attestors", text.as_bytes(), &[]);
    cases.add("another bank's data", &answer, 403, "another-banks-data");
    bank.grant();
    bank.pin();
    cases.moved_on();
}

/// Invitations and enrolments.
fn applicants(cases: &mut Cases<'_>, bank: &mut House<'_>) {
    let (invitation, code) = bank.invite(81);
    cases.moved_on();
    let stream = bank.streams[&invitation.id()];
    let answer = bank.file("/v1/invitations", &invitation, random(&mut bank.rng.clone()));
    cases.add("a document again", &answer, 409, "already-recorded");
    let enterprise = Enterprise::new(81, invitation.clone());
    let mut unknown = enterprise.enrolment(&code);
    unknown.invitation.0[0] ^= 1;
    let json = covenant_api::document::to_json(&unknown).unwrap();
    let answer = cases.place.post("/v1/enrolments", &json);
    cases.add("an enrolment without an invitation", &answer, 404, "unknown-invitation");
    let answer = cases.place.post("/v1/enrolments", b"[]");
    cases.add("an enrolment that is none", &answer, 400, "malformed-document");
    let enrolment = enterprise.enrolment(&code);
    let enrolled = bank
        .registry
        .enrol(&bank.signer, &enrolment, host::now().unwrap())
        .unwrap();
    assert_eq!(bank.file("/v1/applicants", &enrolled, stream).status, 201);
    cases.moved_on();
    let json = covenant_api::document::to_json(&enrolment).unwrap();
    let answer = cases.place.post("/v1/enrolments", &json);
    cases.add("an enrolment too late", &answer, 409, "invitation-used");
    let answer = cases.place.get("/v1/invitations/00");
    cases.add("an invitation's id that is none", &answer, 400, "parameter-malformed");
    let answer = cases.place.get(&format!("/v1/requests/{}", "0".repeat(64)));
    cases.add("a request that is none", &answer, 404, "unknown-request");
}

/// Requests, bundles and decisions.
fn bundles(cases: &mut Cases<'_>, bank: &mut House<'_>) {
    let policy = bank.policy(POLICY);
    let enterprise = bank.customer(82);
    let request = bank.ask(policy, &enterprise);
    let stream = bank.streams[&enterprise.invitation.id()];
    cases.moved_on();
    let decision = bank.decision(request.id(), random(&mut bank.rng.clone()), Outcome::Refused);
    let answer = bank.file("/v1/decisions", &decision, stream);
    cases.add("a decision without a verdict", &answer, 422, "unknown-verdict");
    let mut other = request.document().clone();
    other.attestors[0].assurance_max = 1;
    let answer = bank.file("/v1/requests", &bank.signer.sign(other).unwrap(), stream);
    cases.add("a request that does not fit", &answer, 422, "request-mismatch");

    let bundle = enterprise.prove(&bank.registry, &request, &statement(150), "A");
    let mut unknown = bundle.clone();
    unknown.request.0[0] ^= 1;
    let answer = cases.place.post("/v1/proofs", &enterprise.sign(unknown));
    cases.add("a bundle for no request", &answer, 404, "unknown-request");
    let mut tier = bundle.clone();
    tier.tier = covenant_api::types::TierName::parse("B").unwrap();
    let answer = cases.place.post("/v1/proofs", &enterprise.sign(tier));
    cases.add("a proof of another tier", &answer, 422, "proof-invalid");
    let bytes = enterprise.sign(bundle);
    let answer = cases.place.post("/v1/proofs", &bytes);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let verdict: covenant_api::sign::Signed<covenant_api::documents::Verdict> =
        serde_json::from_value(answer.json()["verdict"].clone()).unwrap();
    let verdict = verdict.verify(&cases.place.operator).unwrap();
    cases.moved_on();
    cases.add(
        "a used request",
        &cases.place.post("/v1/proofs", &bytes),
        409,
        "request-used",
    );

    let decision = bank.decision(request.id(), verdict.id(), Outcome::Refused);
    assert_eq!(bank.file("/v1/decisions", &decision, stream).status, 201);
    cases.moved_on();
    let decision = bank.decision(request.id(), verdict.id(), Outcome::Approved);
    let answer = bank.file("/v1/decisions", &decision, stream);
    cases.add("a second decision", &answer, 409, "already-decided");
}
