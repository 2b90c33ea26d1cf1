//! Faults of the network and of whoever answers.

use std::time::{Duration, Instant};

use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use super::scene::Scene;
use super::server::{Reply, Server, client, http, json as answer, once, problem};
use crate::client::{Client, Options, Token};
use crate::types::Hex32;

fn info(reply: Vec<u8>) -> Refusal {
    once(reply, Client::log_info).unwrap_err()
}

fn a_problem(status: u16, code: &str) -> Value {
    json!({
        "type": format!("urn:covenant:refusal:{code}"), "title": "A title.", "status": status, "detail": "what was found",
        "code": code, "where": "here", "expected": "something else", "advice": "Do this.",
    })
}

#[test]
fn what_is_no_answer_is_refused() {
    let typed = |media| http("200 OK", &[("Content-Type", media)], b"{}");
    let cases = [
        ("the wrong type", typed("text/html"), "content of type text/html"),
        ("no type", http("200 OK", &[], b"{}"), "content of type none"),
        ("not a log", typed("application/json"), "missing field `origin`"),
        (
            "not JSON",
            http("200 OK", &[("Content-Type", "application/json")], b"{"),
            "EOF",
        ),
        (
            "too large",
            answer("200 OK", &json!({ "origin": "x".repeat(200_000) })),
            "too large",
        ),
        ("another status", answer("202 Accepted", &json!({})), "status 202"),
        (
            "a page",
            http("404 Not Found", &[("Content-Type", "text/html")], b"<p>"),
            "status 404",
        ),
        (
            "another protocol",
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(),
            "no answer in HTTP",
        ),
        (
            "cut short",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"origin\":".to_vec(),
            "breaks off",
        ),
        (
            "a chunk cut short",
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{}".to_vec(),
            "breaks off",
        ),
        (
            "endless",
            [
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n".as_slice(),
                &[b' '; 150_000],
            ]
            .concat(),
            "too large",
        ),
    ];
    for (name, reply, what) in cases {
        let refusal = info(reply);
        assert_eq!(refusal.code(), "service-answer-malformed", "{name}: {refusal}");
        assert!(refusal.what.contains(what), "{name}: {refusal}");
    }
}

#[test]
fn who_does_not_answer_is_unreachable() {
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = Client::new(&format!("http://{gone}"), Options::default())
        .unwrap()
        .log_info();
    assert_eq!(refused.unwrap_err().code(), "service-unreachable");
    for reply in [
        Vec::new(),
        http("502 Bad Gateway", &[("Content-Type", "text/html")], b"<p>"),
        http("503 Service Unavailable", &[], b""),
    ] {
        assert_eq!(info(reply).code(), "service-unreachable");
    }
}

#[test]
fn a_slow_service_is_not_waited_for() {
    for begun in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let server = Server::start(vec![Reply::Stall(begun.as_bytes().to_vec())]);
        let options = Options {
            timeout: Duration::from_millis(300),
            ..Options::default()
        };
        let started = Instant::now();
        let refusal = Client::new(&server.address, options).unwrap().log_info().unwrap_err();
        assert_eq!(refusal.code(), "service-unreachable", "{refusal}");
        assert!(started.elapsed() < Duration::from_secs(10));
        assert_eq!(server.sent().len(), 1);
    }
}

#[test]
fn redirects_are_not_followed() {
    for status in [
        "301 Moved",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let reply = http(status, &[("Location", "https://elsewhere.example/\u{1b}")], b"");
        // A header with a control character is refused already by the parser; without one the target is named.
        assert!(matches!(
            info(reply).code(),
            "service-redirects" | "service-answer-malformed"
        ));
        let refusal = info(http(status, &[("Location", "https://elsewhere.example/")], b""));
        assert_eq!(refusal.code(), "service-redirects");
        assert!(refusal.what.contains("elsewhere.example"), "{refusal}");
    }
    let scene = Scene::new();
    let reply = http("307 Temporary Redirect", &[("Location", "/v1/log")], b"");
    let refused = once(reply, |client| client.post_proof(&scene.bytes())).unwrap_err();
    assert_eq!(refused.refusal.code(), "service-redirects");
}

#[test]
fn a_problem_becomes_the_refusal_that_it_is() {
    let known = info(problem("410 Gone", &a_problem(410, "request-expired"), None));
    assert_eq!(known.entry, &crate::refusals::REQUEST_EXPIRED);
    assert_eq!(known.what, "what was found");
    let said = [&known.place, &known.expected, &known.advice].map(Option::as_deref);
    assert_eq!(said, [Some("here"), Some("something else"), Some("Do this.")]);
    // The catalogue's own advice is not said twice.
    let mut usual = a_problem(410, "request-expired");
    usual["advice"] = crate::refusals::REQUEST_EXPIRED.advice.into();
    assert_eq!(info(problem("410 Gone", &usual, None)).advice, None);
    for code in ["proof-invalid", "not-in-ledger"] {
        assert_eq!(
            info(problem("422 Unprocessable", &a_problem(422, code), None)).code(),
            code
        );
    }
    let unknown = info(problem("422 Unprocessable", &a_problem(422, "a-later-code"), None));
    assert_eq!(unknown.code(), "service-refused");
    assert_eq!(unknown.what, "[a-later-code] what was found");
    assert_eq!(unknown.advice_text(), "Do this.");
    // Not repeatable: somebody has to put it right first.
    let stopped = info(problem(
        "503 Service Unavailable",
        &a_problem(503, "ledger-stopped"),
        None,
    ));
    assert_eq!(stopped.code(), "ledger-stopped");
}

#[test]
fn a_terminal_does_not_obey_a_problem() {
    let mut hostile = a_problem(410, "request-expired");
    hostile["detail"] = format!("\u{1b}[2J\u{202e}done{}", "x".repeat(5000)).into();
    let refusal = info(problem("410 Gone", &hostile, None));
    assert!(!refusal.what.contains(['\u{1b}', '\u{202e}']), "{refusal:?}");
    assert!(refusal.what.chars().count() <= 1000);
}

#[test]
fn a_problem_that_is_none_is_refused() {
    let base = a_problem(410, "request-expired");
    for (field, value) in [
        ("status", json!(409)),
        ("type", json!("urn:covenant:refusal:request-used")),
        ("code", json!("Request Expired")),
        ("code", json!("")),
        ("more", json!(1)),
        ("detail", json!(1)),
    ] {
        let mut changed = base.clone();
        changed[field] = value;
        let refusal = info(problem("410 Gone", &changed, None));
        assert_eq!(refusal.code(), "service-answer-malformed", "{field}");
    }
}

#[test]
fn an_overloaded_service_is_called_again_with_the_same_key() {
    let scene = Scene::new();
    let busy = || {
        Reply::Bytes(problem(
            "503 Service Unavailable",
            &a_problem(503, "overloaded"),
            Some("0"),
        ))
    };
    let server = Server::start(vec![
        busy(),
        busy(),
        Reply::Bytes(answer("201 Created", &scene.proven())),
    ]);
    let proven = client(&server).post_proof(&scene.bytes()).unwrap();
    assert_eq!(proven.index, 3);
    let sent = server.sent();
    assert_eq!(sent.len(), 3);
    for call in &sent {
        assert_eq!(
            (call.line.as_str(), &call.body),
            ("POST /v1/proofs HTTP/1.1", &scene.bytes())
        );
        assert_eq!(call.header("content-type"), Some("application/json"));
        let key = call.header("idempotency-key").unwrap();
        assert_eq!((key.len(), key), (32, sent[0].header("idempotency-key").unwrap()));
    }
    // For ever busy, and asking for more patience than there is.
    let server = Server::start((0..4).map(|_| busy()).collect());
    let refused = client(&server).post_proof(&scene.bytes()).unwrap_err();
    assert_eq!(refused.refusal.code(), "service-overloaded");
    assert_eq!(refused.refusal.what, "[overloaded] what was found");
    assert_eq!(server.sent().len(), 4);
    let later = info(problem(
        "503 Service Unavailable",
        &a_problem(503, "overloaded"),
        Some("3600"),
    ));
    assert_eq!(later.code(), "service-overloaded");
    assert!(later.advice_text().contains("3600 seconds"), "{later}");
}

#[test]
fn another_body_or_path_has_another_key() {
    let scene = Scene::new();
    let unknown = || Reply::Bytes(problem("404 Not Found", &a_problem(404, "unknown-request"), None));
    let server = Server::start(vec![unknown(), unknown(), unknown()]);
    let client = client(&server);
    let mut spaced = scene.bytes();
    spaced.push(b'\n');
    assert_eq!(
        client.post_proof(&scene.bytes()).unwrap_err().refusal.code(),
        "unknown-request"
    );
    assert_eq!(
        client.post_proof(&spaced).unwrap_err().refusal.code(),
        "unknown-request"
    );
    assert_eq!(
        client.post_enrolment(&scene.enrolment).unwrap_err().code(),
        "unknown-request"
    );
    let keys: std::collections::BTreeSet<_> = server
        .sent()
        .iter()
        .map(|call| call.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn the_token_is_sent_and_never_said() {
    const TOKEN: &str = "cvt_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst";
    let reply = problem("403 Forbidden", &a_problem(403, "role-not-allowed"), None);
    let server = Server::start(vec![Reply::Bytes(reply)]);
    let options = Options {
        token: Some(Token::parse(&format!(" {TOKEN}\n")).unwrap()),
        ..Options::default()
    };
    let refusal = Client::new(&server.address, options)
        .unwrap()
        .participant()
        .unwrap_err();
    assert_eq!(refusal.code(), "service-refused");
    assert!(!format!("{refusal:?}").contains("abcdefgh"));
    let sent = server.sent();
    assert_eq!(
        sent[0].header("authorization"),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert_eq!(
        (sent[0].line.as_str(), sent[0].header("idempotency-key")),
        ("GET /v1/participants/me HTTP/1.1", None)
    );
    for wrong in [
        "",
        "cvt_",
        "secret",
        "cvt_se\ncret",
        "cvt_SECRET",
        &"cvt_secret".repeat(20),
    ] {
        let refusal = Token::parse(wrong).err().unwrap();
        assert_eq!(refusal.code(), "token-malformed");
        assert!(!refusal.to_string().to_lowercase().contains("secret"), "{refusal}");
    }
}

#[test]
fn an_export_is_written_within_bounds() {
    let octets = |body: &[u8]| http("200 OK", &[("Content-Type", "application/octet-stream")], body);
    let export = |reply| {
        let mut out = Vec::new();
        once(reply, |client| client.export_to(&mut out)).map(|count| (count, out))
    };
    let (count, out) = export(octets(b"an export")).unwrap();
    assert_eq!((count, out.as_slice()), (9, b"an export".as_slice()));
    let refused = |reply| export(reply).unwrap_err().code();
    assert_eq!(refused(octets(&[0; 100_001])), "service-answer-malformed");
    assert_eq!(refused(answer("200 OK", &json!({}))), "service-answer-malformed");
    assert_eq!(
        refused(problem("429 Too Many", &a_problem(429, "a-code"), None)),
        "service-refused"
    );
    let chunked =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    assert_eq!(refused(chunked.to_vec()), "service-answer-malformed");
    let stalled = Server::start(vec![Reply::Stall(chunked.to_vec())]);
    let refusal = client(&stalled).export_to(&mut Vec::new()).unwrap_err();
    assert_eq!(refusal.code(), "service-unreachable", "{refusal}");
    stalled.sent();
    let full = &mut [0; 4][..];
    let refusal = once(octets(b"an export"), |client| client.export_to(&mut &mut *full)).unwrap_err();
    assert_eq!(refusal.code(), "file-unwritable");
}

#[test]
fn nothing_is_sent_where_everybody_could_read_it() {
    let refused = |address| Client::new(address, Options::default()).err().unwrap().code();
    assert_eq!(refused("http://covenant.example.org"), "insecure-url");
    assert_eq!(refused("covenant.example.org"), "service-url-malformed");
    let allowed = Options {
        allow_insecure: true,
        ..Options::default()
    };
    let client = Client::new("http://covenant.example.org/", allowed).unwrap();
    assert_eq!(client.address(), "http://covenant.example.org");
    assert!(Hex32::parse(client.address()).is_err());
}
