//! The Rust client takes an empty server to an approved request, and the auditor rechecks what came of it.

use covenant_api::client::answers::{Events, RequestState};
use covenant_api::client::{Client, Filing};
use covenant_api::documents::Outcome;
use covenant_api::host;
use covenant_api::log::Record;
use covenant_tests::fixture::{Call, Fixture};
use covenant_tests::service::{Service, file};
use serde_json::Value;

/// All of the bank's events, a few at a time.
fn events(client: &Client) -> Vec<(u64, Record)> {
    let (mut all, mut since) = (Vec::new(), 0);
    loop {
        let Events { events, next } = client.events(since, Some(3)).expect("a page");
        if next == since {
            return all;
        }
        assert!(events.len() <= 3);
        for event in events {
            let record = event.record.expect("nothing was erased");
            all.push((event.index, record));
        }
        since = next;
    }
}

#[test]
fn from_an_empty_server_to_an_approved_request() {
    let fixture = Fixture::load(1, 1);
    let service = Service::started(fixture.origin().as_str());
    let token = service.bank_token(&fixture.bank(), "Banque Exemple");
    let (bank, enterprise) = (service.client(Some(&token)), service.client(None));
    let info = bank.log_info().expect("the log that was made");
    assert_eq!(
        (info.size, &info.origin),
        (1, fixture.origin()),
        "the operator's opening alone"
    );
    assert_eq!(
        bank.participant().expect_err("nobody takes part yet").code(),
        "unknown-participant"
    );

    // The bank sets itself up, and invites; its applicant redeems the invitation, which the bank recognises; it asks.
    let filings: Vec<&Call> = fixture.filings().collect();
    for call in &filings {
        let is_enrolment = matches!(call.record, Record::Enrolment { .. });
        file(if is_enrolment { &enterprise } else { &bank }, call);
    }
    let participant = bank.participant().expect("the bank");
    assert_eq!(
        (participant.bank, participant.number),
        (fixture.bank(), fixture.next_number())
    );
    assert_eq!(
        bank.attestors(None).expect("a list")["attestors"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );

    // The enterprise finds request and policy, and answers.
    let request = fixture.bundles[0].request;
    let asked = enterprise.request(&request).expect("the request");
    assert_eq!(asked.state, RequestState::Open);
    assert_eq!(asked.request.claimed_signer(), fixture.bank());
    let proven = enterprise.post_proof(&fixture.bundles[0].body).expect("a verdict");
    assert_eq!(proven.tier.as_str(), "A");
    let again = enterprise
        .post_proof(&fixture.bundles[0].body)
        .expect("the same verdict");
    assert_eq!((again.index, again.verdict), (proven.index, proven.verdict.clone()));
    assert_eq!(
        enterprise.request(&request).expect("the request").state,
        RequestState::Answered
    );

    // The bank decides, and prints.
    let now = host::now().expect("a clock");
    let decision = fixture
        .decision(0, &proven.verdict, fixture.next_number(), now)
        .expect("a decision");
    let decided = bank.file(Filing::Decision, &decision.body).expect("a receipt");
    assert_eq!(
        enterprise.request(&request).expect("the request").state,
        RequestState::Approved
    );
    let application = bank.application(&request).expect("the application");
    assert_eq!(application["application"]["state"], "approved");
    assert_eq!(application["application"]["tier"], "A");
    let memo = bank.memo(&request).expect("a memo");
    for shown in ["FR-SIREN:000000001", "A. Dupont", "Policy of the fixture"] {
        assert!(memo.contains(shown), "{shown} is not in the memo");
    }

    // The cursor misses nothing: what the bank and its applicant did, in the order in which it was done.
    let seen = events(&bank);
    let mut expected: Vec<Record> = filings.iter().map(|call| call.record.clone()).collect();
    let [
        ..,
        (index, Record::Verdict { bundle, verdict }),
        (last, Record::Decision(filed)),
    ] = seen.as_slice()
    else {
        panic!(
            "the last two events: {:?}",
            seen.iter().map(|(_, r)| r.kind()).collect::<Vec<_>>()
        );
    };
    assert_eq!(
        (*index, bundle, verdict),
        (proven.index, &fixture.bundles[0].signed, &proven.verdict)
    );
    assert_eq!(
        (*last, filed.document.unverified().outcome),
        (decided.index, Outcome::Approved)
    );
    expected.extend(seen[seen.len() - 2..].iter().map(|(_, record)| record.clone()));
    let records: Vec<Record> = seen.into_iter().map(|(_, record)| record).collect();
    assert_eq!(records, expected);

    let [anchored, loose] = audited(&service, &fixture);
    assert_eq!(
        (&anchored["log"]["size"], &anchored["proofs"]),
        (&(decided.index + 1).into(), &1.into())
    );
    assert_eq!(
        [&anchored["result"], &loose["result"]],
        ["sound", "consistent, not anchored"]
    );
    println!(
        "{} entries: {}; without trust: {}",
        decided.index + 1,
        anchored["result"],
        loose["result"]
    );
}

/// The auditor, from an export alone: with a trust file, and without.
fn audited(service: &Service, fixture: &Fixture) -> [Value; 2] {
    let export = service.export(Some(service.auditor()), "log.export");
    let trust = service.trust_file(&[fixture.key_id()], &[fixture.bank()]);
    [service.audit(&export, Some(&trust), 0), service.audit(&export, None, 1)]
}
