//! The dashboard for Grafana asks for nothing that the service does not count.

use std::collections::BTreeSet;

use covenant_tests::load::Load;
use covenant_tests::load::line::{self, Line};
use covenant_tests::load::scene::Scene;
use covenant_tests::repository;
use serde_json::Value;

/// Every expression of a dashboard, wherever it stands.
fn expressions(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner.as_str() {
                    Some(text) if name == "expr" || name == "query" => into.push(text.to_owned()),
                    _ => expressions(inner, into),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| expressions(inner, into)),
        _ => {}
    }
}

/// The metrics that expressions name.
fn names(expressions: &[String]) -> BTreeSet<String> {
    let part = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = expressions.iter().flat_map(|text| text.split(part));
    words
        .filter(|word| word.starts_with("covenant_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_metric_of_the_dashboard_exists_and_every_stage_is_counted() {
    let path = repository::root().join("docs/operating/grafana.json");
    let dashboard: Value = serde_json::from_slice(&std::fs::read(path).expect("the dashboard")).expect("JSON");
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    let wanted = names(&found);
    assert!(wanted.len() >= 10, "{wanted:?}");

    let scene = Scene::asking(2, 2, &[]);
    assert_eq!(
        Load::run(scene.service.address(), &scene.proofs(0..1), 1).others_than(201),
        0
    );
    let mut line = Line::open(scene.service.address()).expect("a connection");
    let wrong = scene.fixture.spoiled(1).expect("a bundle");
    assert_eq!(
        line.call(&line::post("/v1/proofs", None, &wrong)).expect("an answer").0,
        422
    );
    let (status, text) = line.call(&line::get("/metrics", None)).expect("an answer");
    assert_eq!(status, 200);
    let text = String::from_utf8(text).expect("text");
    let counted: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let missing: Vec<_> = wanted.iter().filter(|name| !counted.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "the service counts no {missing:?}, but {counted:?}");
    for stage in [
        "judge", "queue", "decode", "verify", "sign", "append", "sync", "publish", "answer",
    ] {
        let sample = format!("covenant_stage_seconds_count{{stage=\"{stage}\"}} ");
        let count = text.lines().find_map(|line| line.strip_prefix(&sample));
        assert!(count.is_some_and(|count| count != "0"), "{stage}: {count:?}");
    }
    let all: BTreeSet<String> = names(&["covenant_nothing_total".to_owned()]);
    assert!(
        all.iter().all(|name| !counted.contains(name.as_str())),
        "the test can fail"
    );
}
