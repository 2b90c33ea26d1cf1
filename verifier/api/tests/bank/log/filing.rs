//! What every filing must fit, tried on every kind of record that is filed; and the bank's own records.

use covenant_api::document::Document;
use covenant_api::documents::*;
use covenant_api::log::{Filed, FiledKey, Record};
use covenant_api::sign::Signer;
use covenant_api::types::*;
use covenant_proofs::keys::KeyPolicy;
use serde::de::DeserializeOwned;

use super::story::*;
use crate::world::*;

fn other_bank() -> Signer {
    Signer::from_seed(&[33; 32])
}

/// Another bank that takes part, with this stream.
pub fn other_participant(stream: u8) -> (Signer, Record) {
    let signer = other_bank();
    let bank = Bank {
        name: name("Autre Banque"),
        key: signer.public(),
        issued: time(NOW),
    };
    let document = signer.sign(bank).unwrap();
    let filing = Filing {
        log: origin(),
        stream: Hex32([stream; 32]),
        number: 0,
        document: document.id(),
    };
    let filing = signer.sign(filing).unwrap().to_signed();
    let document = document.to_signed();
    (signer, Record::Participant(Filed { filing, document }))
}

/// Every rule on filings, on one kind of record. `elsewhere` is a stream that this kind must not stand in.
fn filing_rules<T: Document + Clone + DeserializeOwned>(
    place: usize,
    wrap: impl Fn(Filed<T>) -> Record,
    elsewhere: (Hex32, &str),
) {
    let story = story();
    let (log, honest) = (story.before(place), filed::<T>(story.honest(place)));
    let kind = story.honest(place).kind();
    let bank = story_bank();
    let refiled = |change: &dyn Fn(&mut Filing)| log.refused(&wrap(forge(&bank, &honest, |_| {}, |f| change(f))));
    assert_eq!(
        refiled(&|f| f.log = LogOrigin::parse("log.example/other").unwrap()),
        "wrong-log",
        "{kind}"
    );
    assert_eq!(refiled(&|f| f.number += 1), "wrong-number", "{kind}: a gap");
    if honest.filing.unverified().number > 0 {
        assert_eq!(refiled(&|f| f.number -= 1), "wrong-number", "{kind}: a repeat");
    }
    assert_eq!(refiled(&|f| f.document = Hex32([5; 32])), "filing-mismatch", "{kind}");
    assert_eq!(refiled(&|f| f.stream = elsewhere.0), elsewhere.1, "{kind}");
    let signed_by_another = Filed {
        filing: other_bank()
            .sign(honest.filing.unverified().clone())
            .unwrap()
            .to_signed(),
        document: honest.document.clone(),
    };
    assert_eq!(log.refused(&wrap(signed_by_another)), "wrong-signer", "{kind}");
    // A signature of another document by the same key.
    let stranger = bank.sign(PinnedKey {
        verifying_key: Hex32([1; 32]),
        statement: text("x"),
        development: true,
        manifest: None,
        pinned: time(NOW),
    });
    let signature = serde_json::to_value(stranger.unwrap().to_signed()).unwrap()["signature"].clone();
    for part in ["filing", "document"] {
        let mut json = serde_json::to_value(&honest).unwrap();
        json[part]["signature"] = signature.clone();
        let forged: Filed<T> = serde_json::from_value(json).unwrap();
        assert_eq!(log.refused(&wrap(forged)), "wrong-signature", "{kind}: {part}");
    }
    assert!(log.admits(&wrap(honest)), "{kind}");
}

fn blob() -> Hex32 {
    match story().honest(KEY_ENTRY) {
        Record::PinnedKey(filed) => filed.blob,
        other => panic!("{}", other.kind()),
    }
}

fn with_blob(filed: Filed<PinnedKey>, blob: Hex32) -> Record {
    Record::PinnedKey(FiledKey {
        filing: filed.filing,
        document: filed.document,
        blob,
    })
}

#[test]
fn every_filing_is_of_this_log_this_document_this_number_this_stream_and_this_signer() {
    let (bank, applicant) = (story().stream_of(PARTICIPANT), story().stream_of(INVITATION));
    filing_rules::<Bank>(PARTICIPANT, Record::Participant, (OPERATORS, "stream-taken"));
    let fresh = Hex32([44; 32]);
    filing_rules::<AttestorGrant>(GRANT_ENTRY, Record::AttestorGrant, (fresh, "wrong-stream"));
    filing_rules::<Policy>(POLICY_ENTRY, Record::Policy, (OPERATORS, "wrong-stream"));
    filing_rules::<PinnedKey>(KEY_ENTRY, |f| with_blob(f, blob()), (fresh, "wrong-stream"));
    filing_rules::<Invitation>(INVITATION, Record::Invitation, (bank, "stream-taken"));
    filing_rules::<Enrolled>(ENROLLED, Record::Enrolled, (bank, "wrong-stream"));
    filing_rules::<Request>(REQUEST, Record::Request, (bank, "wrong-stream"));
    filing_rules::<Decision>(DECISION, Record::Decision, (fresh, "wrong-stream"));
    assert_ne!(bank, applicant);
}

/// The same on a time ahead of the log's clock: a quarter of an hour is let pass, a second more is not.
fn time_rule<T: Document + Clone + DeserializeOwned>(
    place: usize,
    wrap: impl Fn(Filed<T>) -> Record,
    set: impl Fn(&mut T, UtcTime),
) {
    let (log, honest) = (story().before(place), filed::<T>(story().honest(place)));
    let at = |seconds: u64| {
        let when = UtcTime::from_unix_seconds(time(NOW).unix_seconds() + seconds).unwrap();
        wrap(forge(&story_bank(), &honest, |d| set(d, when), |_| {}))
    };
    assert_eq!(log.refused(&at(901)), "wrong-time", "{}", T::TYPE);
    assert!(log.admits(&at(900)), "{}", T::TYPE);
}

#[test]
fn no_document_is_of_the_future() {
    time_rule::<Bank>(PARTICIPANT, Record::Participant, |d, t| d.issued = t);
    time_rule::<AttestorGrant>(GRANT_ENTRY, Record::AttestorGrant, |d, t| d.issued = t);
    time_rule::<PinnedKey>(KEY_ENTRY, |f| with_blob(f, blob()), |d, t| d.pinned = t);
    time_rule::<Invitation>(INVITATION, Record::Invitation, |d, t| d.issued = t);
    time_rule::<Enrolled>(ENROLLED, Record::Enrolled, |d, t| d.enrolled = t);
    time_rule::<Request>(REQUEST, Record::Request, |d, t| d.issued = t);
    time_rule::<Decision>(DECISION, Record::Decision, |d, t| d.decided = t);
}

#[test]
fn a_log_is_opened_first_once_and_by_its_operator() {
    let story = story();
    let nothing = Log::new(DEVELOPMENT);
    assert_eq!(
        nothing.refused(story.honest(PARTICIPANT)),
        "log-damaged",
        "a log without an opening"
    );
    let again = Record::LogOpened {
        document: operator().sign(opened()).unwrap().to_signed(),
    };
    assert_eq!(story.before(PARTICIPANT).refused(&again), "log-already-open");
    let mut json = serde_json::to_value(&again).unwrap();
    json["document"]["signer"] = other_bank().public().to_string().into();
    assert_eq!(nothing.refused(&serde_json::from_value(json).unwrap()), "wrong-signer");
    let late = LogOpened {
        opened: time(NOW).plus_days(1),
        ..opened()
    };
    let document = operator().sign(late).unwrap().to_signed();
    assert_eq!(nothing.refused(&Record::LogOpened { document }), "wrong-time");
    assert!(nothing.admits(&again));
}

#[test]
fn a_bank_takes_part_once_in_a_stream_of_its_own() {
    let story = story();
    let log = story.before(GRANT_ENTRY);
    let honest = filed::<Bank>(story.honest(PARTICIPANT));
    let again = forge(&story_bank(), &honest, |d| d.name = name("B"), |f| f.number = 1);
    assert_eq!(log.refused(&Record::Participant(again)), "filing-mismatch");
    let (_, taken) = other_participant(70);
    assert_eq!(log.refused(&taken), "stream-taken");
    assert!(log.admits(&other_participant(71).1));
    // Before it takes part, a bank files nothing else.
    let grant = forge(
        &other_bank(),
        &filed::<AttestorGrant>(story.honest(GRANT_ENTRY)),
        |_| {},
        |f| f.number = 0,
    );
    assert_eq!(log.refused(&Record::AttestorGrant(grant)), "unknown-participant");
    let policy = filed::<AttestorGrant>(story.honest(GRANT_ENTRY));
    let first = forge(&story_bank(), &policy, |_| {}, |f| f.number = 0);
    assert_eq!(
        story.before(PARTICIPANT).refused(&Record::AttestorGrant(first)),
        "unknown-participant"
    );
}

#[test]
fn a_document_stands_in_a_log_once() {
    let story = story();
    let mut log = story.before(POLICY_ENTRY);
    let honest = filed::<AttestorGrant>(story.honest(GRANT_ENTRY));
    let again = Record::AttestorGrant(forge(&story_bank(), &honest, |_| {}, |f| f.number = 2));
    // The rules cannot tell; its claim can.
    let planned = log.plan_at(&again, time(NOW)).unwrap();
    assert_eq!(log.state.apply(planned.plan).unwrap_err().code(), "already-recorded");
    let renewed = forge(&story_bank(), &honest, |d| d.assurance_max = 2, |f| f.number = 2);
    log.add(&Record::AttestorGrant(renewed));
}

#[test]
fn two_banks_may_publish_the_same_policy() {
    let mut log = story().before(KEY_ENTRY);
    let honest = filed::<Policy>(story().honest(POLICY_ENTRY));
    let (other, participant) = other_participant(71);
    log.add(&participant);
    let same = forge(&other, &honest, |_| {}, |f| (f.stream, f.number) = (Hex32([71; 32]), 1));
    assert_eq!(same.filing.unverified().document, honest.filing.unverified().document);
    log.add(&Record::Policy(same));
}

#[test]
fn attestors_are_struck_for_good() {
    let story = story();
    let mut log = story.before(INVITATION);
    let bank = story_bank();
    let honest = filed::<AttestorGrant>(story.honest(GRANT_ENTRY));
    let revocation = |attestor, number, revoked| {
        let document = AttestorRevocation {
            attestor,
            reason: text("key lost"),
            revoked,
        };
        let document = bank.sign(document).unwrap();
        let filing = Filing {
            document: document.id(),
            number,
            ..honest.filing.unverified().clone()
        };
        let filing = bank.sign(filing).unwrap().to_signed();
        Record::AttestorRevocation(Filed {
            filing,
            document: document.to_signed(),
        })
    };
    assert_eq!(
        log.refused(&revocation(Hex32([5; 32]), 4, time(NOW))),
        "unknown-attestor"
    );
    assert_eq!(
        log.refused(&revocation(attestor_id(), 4, time(NOW).plus_days(1))),
        "wrong-time"
    );
    let grant = |number, attestor| {
        let set = |d: &mut AttestorGrant| (d.attestor, d.assurance_max) = (attestor, 2);
        Record::AttestorGrant(forge(&bank, &honest, set, |f| f.number = number))
    };
    assert_eq!(log.refused(&grant(4, Hex32([0xff; 32]))), "invalid-key");
    log.add(&revocation(attestor_id(), 4, time(NOW)));
    assert_eq!(log.refused(&grant(5, attestor_id())), "attestor-revoked");
    let second = revocation(attestor_id(), 5, time(NOW).plus_days(0));
    assert_eq!(log.refused(&second), "attestor-revoked");
}

#[test]
fn a_policy_is_the_program_that_was_signed() {
    let (story, bank) = (story(), story_bank());
    let honest = filed::<Policy>(story.honest(POLICY_ENTRY));
    let log = story.before(POLICY_ENTRY);
    let other = forge(&bank, &honest, |d| d.source = policy_with(">= 1.2", ">= 1.3"), |_| {});
    assert_eq!(log.refused(&Record::Policy(other)), "policy-mismatch");
}

#[test]
fn a_pinned_key_is_the_one_in_its_blob() {
    let (story, bank) = (story(), story_bank());
    let honest = filed::<PinnedKey>(story.honest(KEY_ENTRY));
    let mut log = story.before(KEY_ENTRY);
    assert_eq!(
        log.refused(&with_blob(honest.clone(), Hex32([6; 32]))),
        "log-damaged",
        "no such blob"
    );
    log.state.add_blob(b"no key".to_vec());
    let sha256 = Hex32(<sha2::Sha256 as sha2::Digest>::digest(b"no key").into());
    assert_eq!(log.refused(&with_blob(honest.clone(), sha256)), "key-malformed");
    let changed =
        |change: &dyn Fn(&mut PinnedKey)| log.refused(&with_blob(forge(&bank, &honest, |d| change(d), |_| {}), blob()));
    assert_eq!(changed(&|d| d.verifying_key = Hex32([6; 32])), "wrong-key");
    assert_eq!(changed(&|d| d.development = false), "wrong-key");
    assert_eq!(changed(&|d| d.statement = text("covenant/book/v1")), "wrong-key");
    let mut strict = Log::new(KeyPolicy {
        allow_development: false,
    });
    for record in &story.records[..KEY_ENTRY] {
        strict.add(record);
    }
    assert_eq!(strict.refused(story.honest(KEY_ENTRY)), "development-key");
}
