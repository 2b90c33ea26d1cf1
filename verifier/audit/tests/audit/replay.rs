//! Audits of logs with real records and proofs: honest ones, and those of operators who are not.

use std::path::Path;
use std::sync::OnceLock;

use covenant_api::documents::{Bundle, Trust};
use covenant_api::log::{Record, rules};
use covenant_api::types::{Hex32, Name, TierName, UtcTime};
use covenant_audit::audit::{Anchor, Audit, Options, Outcome, audit};
use covenant_audit::report::{Report, Took};
use covenant_audit::{Place, hash};
use covenant_ledger::Scope;

use crate::records::{House, key_id, now};
use crate::world::{self, records};

/// The honest log, exported: two enterprises, tiers A and B, one approved and one refused; and what is to be trusted.
fn honest() -> &'static (Vec<u8>, Trust) {
    static EXPORT: OnceLock<(Vec<u8>, Trust)> = OnceLock::new();
    EXPORT.get_or_init(|| {
        let mut house = House::new();
        let decided = covenant_api::documents::Outcome::Approved;
        let refused = covenant_api::documents::Outcome::Refused;
        for (number, assets, tier, outcome) in [(1, 150, "A", decided), (2, 50, "B", refused)] {
            let customer = house.customer(number);
            let request = house.ask(&customer);
            let bundle = house.answer(&customer, &request, assets, tier);
            let verdict = house.verdict(&bundle);
            house.record(&verdict);
            house.decide(&customer, &verdict, outcome);
        }
        (world::export(&house.ledger, &Scope::everything()), house.trust())
    })
}

pub fn check(file: &[u8], trust: Option<&Trust>, allow_development: bool) -> Audit {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("export");
    std::fs::write(&path, file).expect("written");
    let options = Options {
        anchor: trust.map(|trust| Anchor::new(trust.clone()).expect("a trust file")),
        allow_development,
        ..Options::default()
    };
    audit(&path, &options, &|file, _| Box::new(file)).expect("audited")
}

/// What a dishonest log's audit finds: the code, and the entry.
pub fn blamed(house: &House) -> (&'static str, Option<u64>) {
    let audit = check(
        &world::export(&house.ledger, &Scope::everything()),
        Some(&house.trust()),
        true,
    );
    assert_eq!(audit.outcome, Outcome::Wrong);
    assert_eq!(audit.findings.len(), 1, "{:?}", audit.findings);
    (audit.findings[0].code.code, audit.findings[0].place.entry())
}

#[test]
fn an_honest_log_is_sound() {
    let (file, trust) = honest();
    let audit = check(file, Some(trust), true);
    assert_eq!((audit.outcome, &audit.findings[..]), (Outcome::Sound, &[][..]));
    assert_eq!((audit.proofs, audit.missing), (2, None));
    let tally = audit.tally.as_ref().expect("a tally");
    assert_eq!(tally.verdicts.values().copied().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(tally.development_verdicts, 2);
    assert_eq!((tally.participants[0].acts, tally.participants[0].entry), (12, 1));
    assert!(tally.keys[0].development && tally.attestors[0].standing);
    let decisions = tally.decisions.values().next().expect("decisions");
    assert_eq!((decisions.approved, decisions.refused), (1, 1));
}

#[test]
fn without_trust_the_best_is_consistent() {
    let (file, trust) = honest();
    assert_eq!(check(file, None, true).outcome, Outcome::NotAnchored);
    let stranger = Trust {
        participants: Vec::new(),
        verifying_keys: vec![Hex32([1; 32])],
        ..trust.clone()
    };
    let audit = check(file, Some(&stranger), true);
    assert_eq!((audit.outcome, audit.unanchored.len()), (Outcome::NotAnchored, 2));
    let named: Vec<_> = audit
        .unanchored
        .iter()
        .map(|f| (f.code.code, f.place.entry()))
        .collect();
    assert_eq!(
        named,
        [("audit-not-anchored", Some(1)), ("audit-not-anchored", Some(3))]
    );
}

#[test]
fn another_log_or_operator_is_wrong() {
    let (file, trust) = honest();
    let operator = Trust {
        operator: Hex32([1; 32]),
        ..trust.clone()
    };
    let audit = check(file, Some(&operator), true);
    assert_eq!(
        (audit.outcome, audit.findings[0].code.code),
        (Outcome::Wrong, "audit-not-trusted")
    );
    let directory = tempfile::tempdir().expect("a directory");
    let other = world::open_other(directory.path());
    let log = Trust {
        log_key: covenant_api::types::Text::parse(&other.key().to_string()).expect("a text"),
        ..trust.clone()
    };
    let audit = check(file, Some(&log), true);
    assert_eq!(
        (audit.outcome, &audit.findings[0].place),
        (Outcome::Wrong, &Place::Header)
    );
    assert_eq!(audit.findings[0].code.code, "audit-not-trusted");
    assert_eq!(audit.file, hash::of(&[file]));
}

#[test]
fn development_keys_count_only_when_allowed() {
    let (file, trust) = honest();
    let audit = check(file, Some(trust), false);
    assert_eq!(
        (audit.outcome, audit.findings[0].code.code),
        (Outcome::Wrong, "development-key")
    );
    assert_eq!(audit.findings[0].place.entry(), Some(3));
}

#[test]
fn what_is_not_there_is_not_audited() {
    let mut house = House::new();
    house.customer(1);
    let audit = check(
        &world::export(&house.ledger, &Scope::public()),
        Some(&house.trust()),
        true,
    );
    assert_eq!((audit.outcome, audit.missing), (Outcome::Incomplete, Some(0)));
    house.ledger.erase_body(6).expect("erased");
    let audit = check(
        &world::export(&house.ledger, &Scope::everything()),
        Some(&house.trust()),
        true,
    );
    assert_eq!((audit.outcome, audit.missing), (Outcome::Incomplete, Some(6)));
    let tally = audit.tally.expect("a tally");
    assert_eq!(tally.kinds.values().sum::<u64>(), 6);
    let unblinded = Scope {
        blinding: false,
        ..Scope::everything()
    };
    let house = House::new();
    let audit = check(&world::export(&house.ledger, &unblinded), Some(&house.trust()), true);
    assert_eq!((audit.outcome, audit.missing), (Outcome::Incomplete, None));
}

#[test]
fn proofs_of_something_else_are_found_all() {
    let mut house = House::new();
    let mut expected = Vec::new();
    for number in 1..=2 {
        let customer = house.customer(number);
        let request = house.ask(&customer);
        let honest = house.answer(&customer, &request, 150, "A");
        // The same proof for another tier: everything but the pairing holds.
        let forged = Bundle {
            tier: TierName::parse("B").expect("a tier"),
            ..honest.unverified().clone()
        };
        let verdict = house.verdict(&customer.sign(forged));
        expected.push(("audit-proof", Some(house.record(&verdict))));
    }
    let audit = check(
        &world::export(&house.ledger, &Scope::everything()),
        Some(&house.trust()),
        true,
    );
    let found: Vec<_> = audit.findings.iter().map(|f| (f.code.code, f.place.entry())).collect();
    assert_eq!((audit.outcome, found), (Outcome::Wrong, expected));
}

#[test]
fn a_verdict_that_says_something_else_is_found() {
    let mut house = House::new();
    let customer = house.customer(1);
    let request = house.ask(&customer);
    let bundle = house.answer(&customer, &request, 50, "B");
    let Record::Verdict { bundle, verdict } = house.verdict(&bundle) else {
        panic!("a verdict");
    };
    let mut better = verdict.unverified().clone();
    better.tier = TierName::parse("A").expect("a tier");
    let honest = house.plan(&Record::Verdict {
        bundle: bundle.clone(),
        verdict: verdict.clone(),
    });
    let verdict = house.operator.sign(better).expect("signed").to_signed();
    let body = Record::Verdict { bundle, verdict }.to_bytes().expect("bytes");
    let index = house.append(rules::Plan { body, ..honest });
    assert_eq!(blamed(&house), ("verdict-mismatch", Some(index)));
}

#[test]
fn an_act_left_out_or_recorded_twice_is_found() {
    let mut house = House::new();
    house.number += 1;
    let (skipped, index) = (house.number, house.memory.size());
    let name = Name::parse("Somebody").expect("a name");
    let grant = AttestorGrantOf(name).of(&mut house);
    house.append(grant);
    assert_eq!(blamed(&house), ("wrong-number", Some(index)), "number {skipped}");

    let mut house = House::new();
    let customer = house.customer(1);
    let again = house.memory.size();
    let plan = {
        let index = again - 3;
        let record = covenant_api::log::State::record(&house.memory, index).expect("a record");
        let mut plan = rules::Plan {
            kind: record.kind(),
            stream: customer.stream,
            unique: Vec::new(),
            expect: Vec::new(),
            set: Vec::new(),
            body: record.to_bytes().expect("bytes"),
            blobs: Vec::new(),
        };
        plan.unique.push(b"another".to_vec());
        plan
    };
    house.append(plan);
    assert_eq!(blamed(&house), ("wrong-number", Some(again)));
}

/// A grant to this attestor, planned by nobody's rules.
struct AttestorGrantOf(Name);

impl AttestorGrantOf {
    fn of(self, house: &mut House) -> rules::Plan {
        let grant = house.bank.sign(covenant_api::documents::AttestorGrant {
            attestor: Hex32([7; 32]),
            name: self.0,
            assurance_max: 1,
            issued: now(),
        });
        let filed = house.file(&grant.expect("signed"), house.stream);
        let record = Record::AttestorGrant(filed);
        rules::Plan {
            kind: record.kind(),
            stream: house.stream,
            unique: vec![b"anything".to_vec()],
            expect: Vec::new(),
            set: Vec::new(),
            body: record.to_bytes().expect("bytes"),
            blobs: Vec::new(),
        }
    }
}

/// The house with one more act, whose plan is changed before it is recorded.
fn changed(change: impl Fn(&mut rules::Plan)) -> (&'static str, Option<u64>) {
    let mut house = House::new();
    let policy = include_str!("policy.toml").replace("1.2", "1.3");
    let policy = covenant_api::checked_policy::CheckedPolicy::sign(&policy, &house.bank).expect("a policy");
    let filed = house.file(policy.document(), house.stream);
    let mut plan = house.plan(&Record::Policy(filed));
    change(&mut plan);
    let index = house.append(plan);
    let (code, entry) = blamed(&house);
    assert!(entry.is_none_or(|entry| entry == index));
    (code, entry)
}

#[test]
fn an_entry_that_is_not_what_its_record_says_is_found() {
    assert_eq!(changed(|plan| plan.kind = "request").0, "audit-misplaced");
    assert_eq!(changed(|plan| plan.stream = Hex32([5; 32])).0, "audit-misplaced");
    assert_eq!(changed(|plan| plan.unique.clear()).0, "audit-claims");
    assert_eq!(changed(|plan| plan.unique.push(b"more".to_vec())).0, "audit-claims");
    assert_eq!(changed(|plan| plan.body.push(b' ')).0, "not-canonical");
    assert_eq!(changed(|plan| plan.body = b"{}".to_vec()).0, "not-canonical");
    assert_eq!(
        changed(|plan| plan.blobs.push(b"anything".to_vec())),
        ("audit-unnamed-blob", None)
    );
}

#[test]
fn claims_of_the_first_entry_are_not_laid_on_the_secret() {
    let mut house = House::empty();
    house.open_with(&house.ledger.key().to_string(), |plan| {
        plan.unique = vec![b"another".to_vec()]
    });
    house.join();
    assert_eq!(blamed(&house), ("audit-claims", Some(0)));
}

#[test]
fn a_log_that_opens_as_another_is_found() {
    let mut house = House::empty();
    let directory = tempfile::tempdir().expect("a directory");
    let other = world::open_other(directory.path());
    house.open(&other.key().to_string());
    assert_eq!(blamed(&house), ("audit-opening", Some(0)));
}

#[test]
fn another_secret_fits_no_entry() {
    let (file, trust) = honest();
    let (first_line, mut records) = records(file);
    let header = &mut records[0].bytes;
    *header.last_mut().expect("the secret") ^= 1;
    let audit = check(&world::sealed(&first_line, &records), Some(trust), true);
    assert_eq!(
        (&audit.findings[0].place, audit.findings[0].code.code),
        (&Place::Header, "audit-blinding-secret")
    );
}

#[test]
fn the_report_says_it_all() {
    let (file, trust) = honest();
    let report = |audit: Audit| Report {
        audit,
        source: "export".to_owned(),
        trust: Some("trust.json".to_owned()),
        witness_policy: None,
        known: Vec::new(),
        bundle: None,
        took: Took::default(),
        at: UtcTime::parse("2026-04-01T08:00:00Z").expect("a time"),
    };
    let sound = report(check(file, Some(trust), true));
    let text = sound.text();
    println!("{text}");
    let sha256 = hash::of(&[file]).to_string();
    for said in [
        "What was audited",
        "Result",
        "SOUND",
        "Checks that were made",
        "proofs verified",
        "Participants",
        "Banque Exemple",
        "Policies",
        "Verifying keys",
        "Attestors",
        "Cabinet Exact",
        "Verdicts by tier",
        "Decisions",
        "What this does not show",
        "2 verdicts rest",
        "covenant-audit export --trust trust.json --allow-development-keys",
        &sha256,
        &key_id().to_string(),
        "2026-04-01T08:00:00Z",
        "2026-03-31T10:00:00Z",
    ] {
        assert!(text.contains(said), "{said}");
    }
    let json = sound.json();
    assert_eq!(json["result"], "sound");
    assert_eq!(json["file"]["sha256"], sha256.as_str());
    assert_eq!(json["records"]["verdicts"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(0));

    let mut changed = file.clone();
    let (_, records) = records(file);
    let body = records
        .iter()
        .find(|record| record.tag == b'B' && record.number == 9)
        .expect("body 9");
    changed[body.at + 100] ^= 1;
    let wrong = report(check(&changed, Some(trust), true));
    let text = wrong.text();
    for said in [
        "WRONG",
        "Wrong at entry 9",
        "audit-body",
        &hash::of(&[&changed]).to_string(),
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let finding = &wrong.json()["findings"][0];
    assert_eq!(
        (finding["entry"].as_u64(), finding["code"].as_str()),
        (Some(9), Some("audit-body"))
    );
}

/// The honest log's files in a directory: the export, the trust file, a changed export.
pub fn files(directory: &Path) {
    let (file, trust) = honest();
    std::fs::write(directory.join("log.export"), file).expect("written");
    let trust = covenant_api::document::to_json(trust).expect("JSON");
    std::fs::write(directory.join("trust.json"), trust).expect("written");
    let mut changed = file.clone();
    let (_, records) = records(file);
    let entry = records
        .iter()
        .find(|record| record.tag == b'E' && record.number == 7)
        .expect("entry 7");
    changed[entry.at + 5 + 3 + 8] ^= 1;
    std::fs::write(directory.join("changed.export"), changed).expect("written");
}

/// A log with a bank, and its trust file in the directory.
pub fn small(directory: &Path) -> House {
    let house = House::new();
    let trust = covenant_api::document::to_json(&house.trust()).expect("JSON");
    std::fs::write(directory.join("trust.json"), trust).expect("written");
    house
}
