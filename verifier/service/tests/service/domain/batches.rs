//! Many bundles in one call.

use covenant_api::ids;
use serde_json::Value;

use super::enterprise::statement;
use super::house::{House, POLICY};
use super::journey::{recorded, signed_no};
use super::place::Place;
use crate::world::Answer;

fn send(place: &Place, body: &[u8], more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("content-type", "application/x-ndjson")];
    headers.extend(more);
    place.server().call("POST", "/v1/proofs/batch", &headers, body)
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert!(answer.text().ends_with('\n'));
    let lines: Vec<Value> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (number, line) in (1..).zip(&lines) {
        assert_eq!(line["line"], number, "the order is kept");
    }
    lines
}

fn outcome(line: &Value) -> (u64, Option<&str>) {
    (line["status"].as_u64().unwrap(), line["problem"]["code"].as_str())
}

/// On one line.
fn compact(json: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&serde_json::from_slice::<Value>(json).unwrap()).unwrap()
}

#[test]
fn good_lines_and_bad_ones_each_get_their_answer() {
    let place = Place::new();
    let mut bank = House::new(&place, 31);
    let policy = bank.policy(POLICY);
    let mut good = Vec::new();
    let mut tampered = None;
    for number in 31..34 {
        let enterprise = bank.customer(number);
        let request = bank.ask(policy, &enterprise);
        let bundle = enterprise.prove(&bank.registry, &request, &statement(150), "A");
        if tampered.is_none() {
            let request = bank.ask(policy, &enterprise);
            // A proof for another request.
            let other = covenant_api::documents::Bundle {
                request: request.id(),
                ..bundle.clone()
            };
            tampered = Some(compact(&enterprise.sign(other)));
        }
        good.push(compact(&enterprise.sign(bundle)));
    }
    let tampered = tampered.unwrap();
    let body = [
        good[0].as_slice(),
        b"{\"type\":\"bundle\"",
        &good[1],
        b"",
        &tampered,
        &good[2],
    ]
    .join(&b'\n');
    let key = [("idempotency-key", "batch-1")];
    let answer = send(&place, &body, &key);
    let first = lines(&answer);
    let outcomes: Vec<_> = first.iter().map(outcome).collect();
    assert_eq!(
        outcomes,
        [
            (201, None),
            (400, Some("malformed-document")),
            (201, None),
            (400, Some("malformed-document")),
            (422, Some("proof-invalid")),
            (201, None),
        ]
    );
    for (line, bundle) in first.iter().zip(body.split(|byte| *byte == b'\n')) {
        if line["status"] == 201 {
            assert_eq!(line["tier"], "A");
            let alone = Answer {
                status: 201,
                headers: Vec::new(),
                body: line.to_string().into_bytes(),
            };
            recorded(&place, &alone);
        } else {
            let (sent, code) = signed_no(&place, &line["problem"]);
            assert_eq!(sent, ids::hash_bytes("covenant/refused/v1", bundle));
            assert_eq!(line["problem"]["code"], code);
        }
    }

    // The same call again: what was recorded is answered again, and nothing is recorded twice.
    let size = place.size();
    let again = lines(&send(&place, &body, &key));
    let statuses: Vec<_> = again.iter().map(|line| outcome(line).0).collect();
    assert_eq!(statuses, [200, 400, 200, 400, 422, 200]);
    assert_eq!(again[5]["verdict"], first[5]["verdict"]);
    assert_eq!(place.size(), size);
    // Without the key the requests are used.
    let without = lines(&send(&place, &good[0], &[]));
    assert_eq!(outcome(&without[0]), (409, Some("request-used")));
}

#[test]
fn a_batch_has_bounds() {
    let place = Place::with(|settings| {
        settings.batch_lines_max = 4;
        settings.batch_body_bytes_max = 4000;
        settings.bundle_body_bytes_max = 1000;
    });
    let code = |body: &[u8]| send(&place, body, &[]).problem();
    assert_eq!(code(b"{}\n{}\n{}\n{}\n{}"), (413, "body-too-large".to_owned()));
    assert_eq!(code(&[b' '; 4001]), (413, "body-too-large".to_owned()));
    let long = [b"{}\n".as_slice(), &[b' '; 1001], b"\n{}\n"].concat();
    let answered = lines(&send(&place, &long, &[]));
    let outcomes: Vec<_> = answered.iter().map(outcome).collect();
    assert_eq!(
        outcomes,
        [
            (400, Some("malformed-document")),
            (413, Some("body-too-large")),
            (400, Some("malformed-document")),
        ]
    );
}
