//! What is refused before any rule is asked: paths, methods, parameters, tokens, headers; and what every answer carries.

use std::io::Write as _;

use crate::world::{ORIGIN, World, read_answer};
use covenant_api::types::Hex32;
use covenant_verifier::tokens::{Role, Tokens};

#[test]
fn paths_and_methods_that_are_none_are_refused() {
    let world = World::new();
    let server = world.start();
    assert_eq!(server.get("/").problem(), (404, "not-found".into()));
    assert_eq!(server.get("/v1/nothing").problem(), (404, "not-found".into()));
    assert_eq!(server.get("/v1/log/").problem(), (404, "not-found".into()));
    assert_eq!(
        server.get("/v1/schemas/enterprise-financials/v9").problem(),
        (404, "not-found".into())
    );
    for method in ["POST", "DELETE", "BREW"] {
        let answer = server.call(method, "/v1/log", &[], b"");
        assert_eq!(answer.problem(), (405, "method-not-allowed".into()), "{method}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    }
    let head = server.call("HEAD", "/v1/log", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn parameters_have_one_spelling() {
    let world = World::new();
    let server = world.start();
    for path in [
        "/v1/ledger/entries/00",
        "/v1/ledger/entries/+0",
        "/v1/ledger/entries/-1",
        "/v1/ledger/entries/0x0",
        "/v1/ledger/entries/18446744073709551616",
        "/v1/ledger/entries/%FF",
        "/v1/ledger/checkpoints/one",
        "/v1/ledger/entries?from=01",
        "/v1/ledger/entries?form=1",
        "/v1/ledger/entries?from=1&from=1",
        "/v1/ledger/entries?from=2&to=1",
        "/v1/ledger/inclusion?index=0",
        "/v1/ledger/inclusion?index=0&size=1&more=1",
        "/v1/ledger/consistency?old=a&new=1",
    ] {
        assert_eq!(
            server.get(path).problem(),
            (400, "parameter-malformed".into()),
            "{path}"
        );
    }
    assert_eq!(
        server.get("/v1/ledger/consistency?old=1&new=0").problem(),
        (400, "proof-sizes-reversed".into())
    );
    for path in [
        "/v1/ledger/inclusion?index=0&size=9",
        "/v1/ledger/inclusion?index=1&size=1",
    ] {
        assert_eq!(server.get(path).problem(), (404, "proof-beyond-size".into()), "{path}");
    }
    for path in [
        "/v1/ledger/entries/9",
        "/v1/ledger/checkpoints/9",
        "/v1/ledger/receipts/9",
    ] {
        assert_eq!(server.get(path).problem(), (404, "not-in-ledger".into()), "{path}");
    }
}

#[test]
fn tokens_are_known_or_refused_and_revoked_at_once() {
    let world = World::new();
    let server = world.start();
    let path = "/v1/ledger/receipts/0";
    let has_body = |token: &str| server.get_as(token, path).json().get("body").is_some();

    assert!(server.get(path).json().get("body").is_none(), "nobody reads no bodies");
    // Made while the server runs.
    let (id, auditor) = world.token(Role::Auditor {});
    assert!(has_body(&auditor));
    let (_, bank) = world.token(Role::Bank { bank: Hex32([7; 32]) });
    assert!(!has_body(&bank), "the operator's record is no bank's");

    for wrong in [
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer cvt_abc",
        &format!("Bearer {bank}x"),
        &bank,
    ] {
        let answer = server.call("GET", path, &[("authorization", wrong)], b"");
        assert_eq!(answer.problem(), (401, "token-unknown".into()), "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(!answer.text().contains("cvt_"), "what was sent is not repeated");
    }
    let lower = server.call("GET", path, &[("authorization", &format!("bearer {auditor}"))], b"");
    assert_eq!(lower.status, 200, "the scheme is written in any case");
    let twice = format!("Bearer {auditor}");
    let answer = server.call(
        "GET",
        path,
        &[("authorization", &twice), ("authorization", &twice)],
        b"",
    );
    assert_eq!(answer.problem(), (400, "header-malformed".into()));

    let mut tokens = Tokens::open(&world.settings.directory, 100).unwrap();
    tokens.revoke(&id).unwrap();
    assert_eq!(server.get_as(&auditor, path).problem(), (401, "token-unknown".into()));
    assert_eq!(server.get_as(&bank, path).status, 200);
    std::fs::write(world.settings.directory.join("tokens.json"), "{}").unwrap();
    assert_eq!(
        server.get_as(&bank, path).problem(),
        (401, "token-unknown".into()),
        "a damaged file admits nobody"
    );
}

#[test]
fn every_answer_is_guarded_and_named() {
    let world = World::new();
    let server = world.start();
    let mut ids = Vec::new();
    for path in ["/healthz", "/v1/log", "/v1/nothing", "/v1/ledger/export"] {
        let answer = server.get(path);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .starts_with("default-src 'none'")
        );
        ids.push(answer.header("x-request-id").unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

#[test]
fn the_service_says_what_it_is() {
    let world = World::new();
    let server = world.start();
    assert_eq!(server.get("/healthz").text(), "ok\n");
    assert_eq!(server.get("/readyz").text(), "ready\n");
    let log = server.get("/v1/log").json();
    assert_eq!((log["origin"].as_str(), log["size"].as_u64()), (Some(ORIGIN), Some(1)));
    assert!(log["log_key"].as_str().unwrap().starts_with(&format!("{ORIGIN}+")));
    assert_eq!(log["operator"].as_str().unwrap().len(), 64);
    assert_eq!(
        server.get("/v1/schemas").json()["schemas"][0]["name"],
        "enterprise-financials/v1"
    );
    let schema = server.get("/v1/schemas/enterprise-financials/v1").json();
    assert_eq!(schema["figures"].as_array().unwrap().len(), 32);
    assert!(schema["canonical_text"].as_str().unwrap().contains("current_assets"));
    let refusals = server.get("/v1/refusals").json();
    let described = refusals["refusals"].as_array().unwrap().iter();
    let status: Vec<_> = described.filter(|refusal| refusal["code"] == "request-used").collect();
    assert_eq!((status.len(), &status[0]["status"]), (1, &409.into()));
}

#[test]
fn calls_are_counted_by_route() {
    let world = World::new();
    let server = world.start();
    server.get("/v1/ledger/entries/0");
    server.get("/v1/ledger/entries/77");
    server.get("/secret-in-a-path");
    let metrics = server.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "covenant_http_requests_total{method=\"GET\",route=\"/v1/ledger/entries/{index}\",status=\"200\"} 1",
        "covenant_http_requests_total{method=\"GET\",route=\"/v1/ledger/entries/{index}\",status=\"404\"} 1",
        "covenant_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "covenant_refusals_total{code=\"not-in-ledger\"} 1",
        "covenant_http_in_flight 1",
        "covenant_ledger_entries 1",
        "covenant_ledger_stopped 0",
    ] {
        assert!(
            metrics.text().lines().any(|found| found == line),
            "{line} is not in\n{}",
            metrics.text()
        );
    }
    assert!(!metrics.text().contains("secret"));
}

#[test]
fn what_is_no_call_is_refused_and_the_connection_closed() {
    let world = World::with(|settings| settings.header_timeout_ms = 300);
    let server = world.start();
    let garbage = read_answer(server.raw(b"\x16\x03\x01 no http\r\n\r\n"));
    assert_eq!(garbage.status, 400);
    let huge = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(read_answer(server.raw(huge.as_bytes())).status, 431);
    let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: a\r\n".repeat(100));
    assert_eq!(read_answer(server.raw(many.as_bytes())).status, 431);

    // A head that never ends, and a connection that says nothing: both are closed in time, and nobody else waits for them.
    let began = std::time::Instant::now();
    let mut slow = server.raw(b"GET / HTTP/1.1\r\nhost: a\r\nx: ");
    let silent = server.raw(b"");
    assert_eq!(server.get("/healthz").status, 200);
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut slow, &mut rest).unwrap();
    std::io::Read::read_to_end(&mut &silent, &mut rest).unwrap();
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    drop(slow.write(b"a"));
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_token_is_good_for_so_many_calls_a_minute() {
    let world = World::with(|settings| settings.calls_per_minute_max = 3);
    let server = world.start();
    let (_, auditor) = world.token(Role::Auditor {});
    let ask = || server.get_as(&auditor, "/v1/ledger/receipts/0");
    assert!((0..3).all(|_| ask().status == 200));
    let refused = ask();
    assert_eq!(refused.problem(), (429, "too-many-calls".into()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        server.get("/v1/ledger/receipts/0").status,
        200,
        "others are not held up"
    );
}
