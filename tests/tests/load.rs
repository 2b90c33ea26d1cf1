//! Load in small: whatever else happens on the service, every good call is answered, rightly, once. How fast, the bench `service` says.

use std::thread;
use std::time::Duration;

use covenant_api::log::Record;
use covenant_tests::fixture::Proved;
use covenant_tests::load::Load;
use covenant_tests::load::bad::{self, Bad, Statuses};
use covenant_tests::load::line::{self, Line};
use covenant_tests::load::scene::Scene;
use covenant_tests::service::wire::Answer;

/// Good callers at once.
const GOOD: usize = 16;
/// Bundles that they send.
const BUNDLES: usize = 192;

/// Every call has led to its own verdict, with a receipt that holds, and stands in the log once.
fn all_proven(scene: &Scene, load: &Load, first: usize) {
    let mut indices = std::collections::BTreeSet::new();
    for answered in &load.answers {
        let proved = &scene.fixture.bundles[first + answered.call];
        let answer = Answer {
            status: answered.status,
            body: answered.body.clone(),
        };
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let proven = scene.service.proven(&proved.body, &answer);
        assert_eq!(proven.verdict.unverified().tier.as_str(), proved.tier);
        assert!(indices.insert(proven.index), "two answers name one entry");
    }
    assert_eq!(indices.len(), load.answers.len());
}

/// How many verdicts stand in the log, each on a request of its own.
fn verdicts(scene: &Scene) -> usize {
    let mut requests = std::collections::BTreeSet::new();
    for event in scene.service.events(&scene.token) {
        if let Record::Verdict { verdict, .. } = event.record {
            assert!(
                requests.insert(verdict.unverified().request),
                "two verdicts on one request"
            );
        }
    }
    requests.len()
}

#[test]
fn among_bad_callers_every_good_call_is_answered_rightly_and_once() {
    // Slow callers are to be cut off while the test looks.
    let quick = [
        "header_timeout_ms=1000",
        "body_grace_ms=500",
        "body_bytes_per_second_min=500",
    ];
    let mut scene = Scene::asking(BUNDLES + 8, 40, &[]);
    scene.restart(&[&quick[..], &["calls_per_minute_max=60"]].concat());
    let address = scene.service.address();
    let wrong: Vec<Vec<u8>> = (BUNDLES..BUNDLES + 8)
        .map(|n| scene.fixture.spoiled(n).expect("a bundle"))
        .collect();
    let kinds = [
        Bad::SlowHeaders,
        Bad::SlowBody,
        Bad::HalfClosed,
        Bad::Oversized,
        Bad::Garbage,
        Bad::Wrong(wrong),
        Bad::Flood(scene.service.auditor().to_owned()),
    ];
    let (load, said) = bad::meanwhile(&kinds, address, || {
        let load = Load::run(address, &scene.proofs(0..BUNDLES), GOOD);
        // The slow ones need their time to be slow.
        thread::sleep(Duration::from_millis(2_500));
        load
    });
    println!("good: {:.0} a second, p99 {:?}", load.rate(), load.quantile(0.99));
    for (kind, said) in kinds.iter().zip(&said) {
        let name = format!("{kind:?}");
        println!("{}: {said:?}", name.split('(').next().unwrap_or_default());
    }
    all_proven(&scene, &load, 0);
    assert_eq!(verdicts(&scene), BUNDLES, "no wrong proof has led to a verdict");
    let only = |said: &Statuses, allowed: &[u16]| {
        assert!(
            said.keys().all(|status| allowed.contains(status)),
            "{said:?}, not {allowed:?}"
        );
    };
    only(&said[0], &[0]);
    only(&said[1], &[0, 408]);
    assert!(said[1].contains_key(&408), "a slow body is told so: {:?}", said[1]);
    only(&said[2], &[0, 400]);
    only(&said[3], &[0, 413]);
    only(&said[4], &[0, 400, 431]);
    only(&said[5], &[422]);
    only(&said[6], &[200, 429]);
    assert!(
        said[6].contains_key(&429),
        "a flood is told to come again: {:?}",
        said[6]
    );
}

#[test]
fn wrong_proofs_among_many_are_told_apart() {
    let scene = Scene::asking(256, 64, &[]);
    // Every fifth bundle is spoiled at first, and sent rightly afterwards.
    let spoiled = |n: usize| n % 5 == 2;
    let body = |(n, proved): (usize, &Proved)| {
        let body = if spoiled(n) {
            scene.fixture.spoiled(n).expect("a bundle")
        } else {
            proved.body.clone()
        };
        line::post("/v1/proofs", None, &body)
    };
    let calls: Vec<Vec<u8>> = scene.fixture.bundles.iter().enumerate().map(body).collect();
    let load = Load::run(scene.service.address(), &calls, 64);
    for answer in &load.answers {
        let expected = if spoiled(answer.call) { 422 } else { 201 };
        assert_eq!(answer.status, expected, "{}", String::from_utf8_lossy(&answer.body));
    }
    assert_eq!(verdicts(&scene), (0..256).filter(|n| !spoiled(*n)).count());
    let mut line = Line::open(scene.service.address()).expect("a connection");
    for call in scene
        .proofs(0..256)
        .iter()
        .enumerate()
        .filter(|(n, _)| spoiled(*n))
        .map(|(_, call)| call)
    {
        let (status, body) = line.call(call).expect("an answer");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }
    assert_eq!(verdicts(&scene), 256);
}

#[test]
fn enrolments_that_come_together_all_stand_in_the_log() {
    let scene = Scene::inviting(64, &[]);
    let calls = scene.enrolments(4);
    let load = Load::run(scene.service.address(), &calls, 32);
    assert_eq!(load.others_than(201), 0);
    let events = scene.service.events(&scene.token).into_iter();
    let enrolled = events.filter(|event| matches!(event.record, Record::Enrolment { .. }));
    assert_eq!(enrolled.count(), calls.len());
}
