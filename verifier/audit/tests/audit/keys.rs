//! The log's registry of verifying keys, audited: an operator who goes on after a key was retired is found, at the entry.

use covenant_api::document::Document;
use covenant_api::documents::{Filing, KeyRetirement, RetirementCause, Trust, TrustedManifest};
use covenant_api::keys;
use covenant_api::log::{Filed, FiledKey, Plan, Record};
use covenant_api::sign::Verified;
use covenant_api::types::{Hex32, LogOrigin, Text};
use covenant_audit::audit::Outcome;
use covenant_ledger::Scope;
use covenant_proofs::keys::KeyPolicy;

use crate::records::{House, ORIGIN, key_bytes, key_id, now};
use crate::replay::{blamed, check};
use crate::world;

/// The operator's act of this number.
fn act<T: Document + Clone>(house: &House, document: &Verified<T>, number: u64) -> Filed<T> {
    let filing = Filing {
        log: LogOrigin::parse(ORIGIN).unwrap(),
        stream: Hex32([60; 32]),
        number,
        document: document.id(),
    };
    Filed {
        filing: house.operator.sign(filing).unwrap().to_signed(),
        document: document.to_signed(),
    }
}

/// The operator registers the key, and the bank joins: the house, and the manifest's id.
fn registered() -> (House, Hex32) {
    let mut house = House::empty();
    house.open(&house.ledger.key().to_string());
    let bytes = key_bytes();
    let policy = KeyPolicy {
        allow_development: true,
    };
    let manifest = keys::describe(&keys::open(&bytes, policy).unwrap(), None, now()).unwrap();
    let manifest = house.operator.sign(manifest).unwrap();
    let blob = Hex32(covenant_audit::hash::of(&[&bytes]).0);
    house.memory.add_blob(bytes);
    let Filed { filing, document } = act(&house, &manifest, 0);
    house.record(&Record::KeyRegistration(FiledKey { filing, document, blob }));
    house.join();
    (house, manifest.id())
}

fn retire(house: &mut House, cause: RetirementCause, number: u64) -> u64 {
    let retirement = KeyRetirement {
        verifying_key: key_id(),
        cause,
        reason: Text::parse("a test").unwrap(),
        retired: now(),
    };
    let retirement = house.operator.sign(retirement).unwrap();
    let filed = act(house, &retirement, number);
    house.record(&Record::KeyRetirement(filed))
}

/// A plan as it was before something that it rests on changed.
fn outdated(mut plan: Plan) -> Plan {
    plan.expect.clear();
    plan
}

#[test]
fn a_verdict_under_a_compromised_key_is_found() {
    let (mut house, _) = registered();
    let customer = house.customer(1);
    let request = house.ask(&customer);
    let verdict = house.verdict(&house.answer(&customer, &request, 150, "A"));
    let plan = house.plan(&verdict);
    retire(&mut house, RetirementCause::Compromised, 1);
    let index = house.append(outdated(plan));
    assert_eq!(blamed(&house), ("key-retired", Some(index)));
}

#[test]
fn a_registry_that_was_retired_in_order_is_sound_and_reported() {
    let (mut house, manifest) = registered();
    let customer = house.customer(1);
    let (first, second) = (house.ask(&customer), house.ask(&customer));
    let verdict = house.verdict(&house.answer(&customer, &first, 150, "A"));
    house.record(&verdict);
    let end = retire(&mut house, RetirementCause::Superseded, 1);
    // The request was recorded before.
    let verdict = house.verdict(&house.answer(&customer, &second, 150, "A"));
    house.record(&verdict);
    let file = world::export(&house.ledger, &Scope::everything());
    let pinned = |manifest| Trust {
        manifests: vec![TrustedManifest {
            verifying_key: key_id(),
            manifest,
        }],
        ..house.trust()
    };
    let audit = check(&file, Some(&pinned(manifest)), true);
    assert_eq!(
        (audit.outcome, audit.proofs),
        (Outcome::Sound, 2),
        "{:?}",
        audit.findings
    );
    let tally = audit.tally.expect("a tally");
    let [key] = tally.registry.as_slice() else {
        panic!("one key");
    };
    assert_eq!((key.from, key.until), (1, Some((end, RetirementCause::Superseded))));
    assert_eq!(
        (tally.use_of(&key_id()).requests, tally.use_of(&key_id()).verdicts),
        (2, 2)
    );
    assert_eq!((tally.operator_acts, tally.compromised_verdicts()), (2, 0));
    let audit = check(&file, Some(&pinned(Hex32([7; 32]))), true);
    assert_eq!(audit.outcome, Outcome::Wrong, "another manifest of the same key");
    let finding = &audit.findings[0];
    assert_eq!(
        (finding.code.code, finding.place.entry()),
        ("audit-not-trusted", Some(1))
    );
}
