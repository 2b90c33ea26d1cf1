//! Races over the network: what may happen once happens once, and nothing is recorded on grounds that are gone.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use covenant_api::documents::{AttestorRevocation, Filing};
use covenant_api::host;
use covenant_api::log::{Filed, Record};
use covenant_api::types::{Hex32, Text};
use covenant_tests::fixture::Fixture;
use covenant_tests::service::wire::{Answer, Connection, Request, call};
use covenant_tests::service::{Event, Service};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

/// Submissions that race.
const RACERS: usize = 64;
/// Calls under way at once while a revocation races against them.
const STREAMS: usize = 8;
/// How often a revocation races against submissions.
const REVOCATIONS: usize = 6;

/// Sends all calls at the same instant, each on a connection that was opened before.
fn race(service: &Service, calls: &[Request]) -> Vec<Answer> {
    let start = Barrier::new(calls.len());
    thread::scope(|scope| {
        let racers: Vec<_> = calls
            .iter()
            .map(|request| {
                let start = &start;
                scope.spawn(move || {
                    let connection = Connection::open(service.address()).expect("a connection");
                    start.wait();
                    connection
                        .send(request)
                        .and_then(|sent| sent.answer())
                        .expect("an answer")
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("it ran")).collect()
    })
}

/// How many answers had each status.
fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}

/// The entries that hold verdicts on a request.
fn verdicts_on(service: &Service, token: &str, request: &Hex32) -> Vec<u64> {
    let events = service.events(token).into_iter();
    let verdicts = events.filter(|event| match &event.record {
        Record::Verdict { verdict, .. } => verdict.unverified().request == *request,
        _ => false,
    });
    verdicts.map(|event| event.index).collect()
}

fn seeded(fixture: &Fixture) -> (Service, String) {
    let service = Service::started(fixture.origin().as_str());
    let token = service.bank_token(&fixture.bank(), "Banque Exemple");
    service.seed(fixture, &token);
    (service, token)
}

#[test]
fn of_sixty_four_submissions_for_one_request_one_leads_to_a_verdict() {
    let fixture = Fixture::load(8, 4);
    let (service, token) = seeded(&fixture);
    for (n, with_rival) in [(0, false), (1, false), (2, true), (4, true), (6, true)] {
        let first = &fixture.bundles[n];
        let mut bodies = vec![first.body.clone()];
        if with_rival {
            bodies.push(fixture.rival(n).expect("another tier").body);
        }
        let bodies: Vec<&Vec<u8>> = bodies.iter().cycle().take(RACERS).collect();
        let calls: Vec<Request> = bodies
            .iter()
            .map(|body| Request::post("/v1/proofs", None, None, body))
            .collect();
        let answers = race(&service, &calls);
        println!(
            "{RACERS} submissions for request {n}, rival {with_rival}: {:?}",
            statuses(&answers)
        );
        assert_eq!(
            statuses(&answers),
            BTreeMap::from([(201, 1), (409, RACERS - 1)]),
            "request {n}"
        );
        for (answer, body) in answers.iter().zip(&bodies) {
            if answer.status == 201 {
                let proven = service.proven(body, answer);
                assert_eq!(verdicts_on(&service, &token, &first.request), [proven.index]);
            } else {
                assert_eq!(answer.code(), "request-used");
            }
        }
    }
}

#[test]
fn of_sixty_four_calls_under_one_key_all_get_the_same_verdict() {
    let fixture = Fixture::load(2, 2);
    let (service, token) = seeded(&fixture);
    let proved = &fixture.bundles[0];
    let calls = vec![Request::post("/v1/proofs", None, Some("one key"), &proved.body); RACERS];
    // A key has visible characters only: a space is refused, whoever is first.
    assert_eq!(statuses(&race(&service, &calls)), BTreeMap::from([(400, RACERS)]));
    let calls = vec![Request::post("/v1/proofs", None, Some("one-key"), &proved.body); RACERS];
    let answers = race(&service, &calls);
    println!("{RACERS} calls under one key: {:?}", statuses(&answers));
    assert_eq!(statuses(&answers), BTreeMap::from([(200, RACERS - 1), (201, 1)]));
    let proven: Vec<_> = answers
        .iter()
        .map(|answer| service.proven(&proved.body, answer))
        .collect();
    assert!(
        proven
            .iter()
            .all(|p| p.index == proven[0].index && p.verdict == proven[0].verdict)
    );
    assert_eq!(verdicts_on(&service, &token, &proved.request), [proven[0].index]);
}

/// The bank strikes its attestor.
fn revocation(fixture: &Fixture, token: &str) -> Request {
    let house = fixture.house();
    let document = AttestorRevocation {
        attestor: house.grant.attestor,
        reason: Text::parse("The key was lost.").expect("a reason"),
        revoked: host::now().expect("a clock"),
    };
    let document = house.signer.sign(document).expect("signed");
    let filing = Filing {
        log: house.origin.clone(),
        stream: house.stream,
        number: fixture.next_number(),
        document: document.id(),
    };
    let filed = Filed {
        filing: house.signer.sign(filing).expect("signed").to_signed(),
        document: document.to_signed(),
    };
    let body = serde_json::to_vec(&filed).expect("JSON");
    Request::post("/v1/revocations", Some(token), None, &body)
}

/// Sends all calls over a few connections' worth of threads, and one more call as soon as so many were answered: the answers to all, in
/// order, and the one to that.
fn interrupt(service: &Service, calls: &[Request], after: usize, with: &Request) -> (Vec<Answer>, Answer) {
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ask = |request: &Request| call(service.address(), request).expect("an answer");
    let work = || {
        let mut answers = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::SeqCst);
            let Some(request) = calls.get(n) else { return answers };
            answers.push((n, ask(request)));
            answered.fetch_add(1, Ordering::SeqCst);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..STREAMS).map(|_| scope.spawn(work)).collect();
        while answered.load(Ordering::SeqCst) < after {
            thread::sleep(Duration::from_micros(50));
        }
        let interrupted = ask(with);
        let answers: BTreeMap<usize, Answer> = workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("it ran"))
            .collect();
        (answers.into_values().collect(), interrupted)
    })
}

/// The bank strikes the attestor while its applicants answer. A verdict relies on the attestor's standing, so none may stand in the log
/// after the revocation, however far its judging had come.
#[test]
fn no_verdict_stands_after_the_revocation_that_forbids_it() {
    let fixture = Fixture::load(64, 8);
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let (mut before, mut refused) = (0, 0);
    for turn in 0..REVOCATIONS {
        let (service, token) = seeded(&fixture);
        let after = rng.gen_range(0..fixture.bundles.len() / 2);
        let proofs = fixture.bundles.iter();
        let proofs: Vec<Request> = proofs
            .map(|p| Request::post("/v1/proofs", None, None, &p.body))
            .collect();
        let (answers, struck) = interrupt(&service, &proofs, after, &revocation(&fixture, &token));
        assert_eq!((answers.len(), struck.status), (proofs.len(), 201), "{}", struck.json());
        let struck = struck.json()["index"].as_u64().expect("an index");
        for (answer, proved) in answers.iter().zip(&fixture.bundles) {
            if answer.status == 201 {
                assert!(service.proven(&proved.body, answer).index < struck);
                before += 1;
            } else {
                assert_eq!(answer.code(), "attestors-changed", "{}", answer.json());
                refused += 1;
            }
        }
        let events = service.events(&token);
        let is_verdict = |event: &&Event| matches!(event.record, Record::Verdict { .. });
        let (earlier, later): (Vec<&Event>, Vec<&Event>) = events.iter().partition(|event| event.index < struck);
        assert_eq!(later.iter().copied().filter(is_verdict).count(), 0);
        let recorded = earlier.iter().copied().filter(is_verdict).count();
        assert_eq!(statuses(&answers).get(&201).copied().unwrap_or_default(), recorded);
        assert!(matches!(later[0].record, Record::AttestorRevocation(_)));
        println!(
            "revocation {turn}, sent after {after:2} answers: entry {struck}; {:?}",
            statuses(&answers)
        );
    }
    println!("{before} verdicts stand before a revocation, {refused} submissions were refused for it");
    assert!(before > 0 && refused > 0, "the race was never close");
}
