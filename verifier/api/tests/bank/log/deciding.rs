//! Receipts, decisions on them, and the registry's filings.

use std::fs;

use covenant_api::documents::*;
use covenant_api::log::Record;
use covenant_api::receipt::{self, Receipt};
use covenant_api::registry::{Act, Registry, Resolution};
use covenant_api::sign::Signer;
use covenant_api::types::*;
use covenant_ledger::checkpoint::CheckpointSigner;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

use super::story::*;
use crate::world::*;

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// The story's registry as it was before the decision, on a disk of its own.
pub fn undecided() -> (TempDir, Registry) {
    let directory = tempfile::tempdir().unwrap();
    copy(story().house.directory.path(), directory.path());
    let id = story().request.id();
    fs::remove_file(directory.path().join(format!("decisions/{id}.json"))).unwrap();
    fs::remove_file(directory.path().join(format!("verdicts/{id}.json"))).unwrap();
    let filings = fs::read_dir(directory.path().join("filings")).unwrap().next().unwrap();
    fs::remove_file(filings.unwrap().path().join("000007.json")).unwrap();
    let registry = Registry::open(directory.path()).unwrap();
    (directory, registry)
}

fn resolution(outcome: Outcome) -> Resolution {
    Resolution {
        outcome,
        officer: name("A. Officer"),
        terms: None,
        reason: text("as the policy says"),
    }
}

fn decide(registry: &mut Registry, receipt: &Receipt, outcome: Outcome) -> Result<Option<&'static str>, &'static str> {
    registry
        .decide(
            &story_bank(),
            &origin(),
            receipt,
            resolution(outcome),
            DEVELOPMENT,
            time(NOW),
        )
        .map(|decided| decided.doubt.map(|refusal| refusal.code()))
        .map_err(|refusal| refusal.code())
}

/// A receipt of a verdict that the operator signed after changing it.
fn receipt_of(change: impl FnOnce(&mut Verdict)) -> Receipt {
    let Record::Verdict { bundle, verdict } = story().honest(VERDICT) else {
        panic!("a verdict");
    };
    let mut verdict = verdict.unverified().clone();
    change(&mut verdict);
    let record = Record::Verdict {
        bundle: bundle.clone(),
        verdict: operator().sign(verdict).unwrap().to_signed(),
    };
    receipt(&record, time(NOW).unix_seconds() * 1000, &mut checkpoints())
}

#[test]
fn a_receipt_is_read_alone_or_inside_an_answer() {
    let receipt = &story().receipt;
    let json = serde_json::to_string(receipt).unwrap();
    assert_eq!(&receipt::from_json(json.as_bytes()).unwrap(), receipt);
    let answer = format!("{{\"index\":9,\"tier\":\"A\",\"verdict\":{{}},\"receipt\":{json}}}");
    assert_eq!(&receipt::from_json(answer.as_bytes()).unwrap(), receipt);
    let code = |text: String| receipt::from_json(text.as_bytes()).unwrap_err().code();
    for wrong in [
        "{}".to_owned(),
        "[]".to_owned(),
        String::new(),
        json.replacen("covenant-receipt/v1", "covenant-receipt/v2", 1),
        json.replacen("{\"type\"", "{\"extra\":1,\"type\"", 1),
        json.replacen("{\"type\"", &format!("{{\"receipt\":{json},\"type\""), 1),
        answer.replacen("\"index\"", &format!("\"receipt\":{json},\"index\""), 1),
    ] {
        assert_eq!(code(wrong.clone()), "receipt-malformed", "{wrong}");
    }
    assert_eq!(
        code(" ".repeat(covenant_api::limits::RECEIPT_BYTES_MAX + 1)),
        "document-too-large"
    );
    assert_eq!(
        receipt::log_key("log.example+00000000+AAAA").unwrap_err().code(),
        "log-key-malformed"
    );
}

#[test]
fn a_receipt_holds_under_its_logs_key_alone() {
    let key = checkpoints().key().clone();
    let honest = &story().receipt;
    let checked = receipt::check(honest, &key).unwrap();
    assert_eq!(checked.record.as_ref(), Some(story().honest(VERDICT)));
    assert_eq!((checked.index, checked.size, checked.kind.as_str()), (0, 1, "verdict"));
    let code = |receipt: &Receipt| receipt::check(receipt, &key).unwrap_err().code();
    let other = CheckpointSigner::new(ORIGIN, SigningKey::from_bytes(&[79; 32])).unwrap();
    assert_eq!(receipt::check(honest, other.key()).unwrap_err().code(), "note-unsigned");
    let mut changed = honest.clone();
    changed.opening.as_mut().unwrap().body.push(b' ');
    assert_eq!(code(&changed), "receipt-body");
    let mut changed = honest.clone();
    changed.entry.push(0);
    assert_eq!(code(&changed), "entry-malformed");
    let withheld = receipt::check(&honest.clone().without_body(), &key).unwrap();
    assert_eq!(withheld.record, None);
    // The log commits to a body that is no record, or to one of another kind.
    let kind = receipt(story().honest(GRANT_ENTRY), 0, &mut checkpoints());
    let mut entry = covenant_ledger::Entry::decode(&kind.entry).unwrap();
    entry.kind = covenant_ledger::Kind::new("policy").unwrap();
    let lying = Receipt {
        entry: entry.encode(),
        checkpoint: checkpoints().sign(1, entry.hash(), &[]).unwrap().note().to_owned(),
        ..kind
    };
    assert_eq!(code(&lying), "receipt-mismatch");
}

#[test]
fn an_approval_needs_the_banks_own_judgement() {
    for (change, expected) in [
        (
            receipt_of(|v| v.tier = TierName::parse("B").unwrap()),
            "verdict-mismatch",
        ),
        (
            receipt_of(|v| v.ends_to = IsoDate::parse("2026-03-30").unwrap()),
            "verdict-mismatch",
        ),
    ] {
        let (_directory, mut registry) = undecided();
        assert_eq!(decide(&mut registry, &change, Outcome::Approved), Err(expected));
        assert!(registry.verdict_on(&story().request.id()).is_none(), "nothing was kept");
        assert_eq!(decide(&mut registry, &change, Outcome::Refused), Ok(Some(expected)));
    }
    // What the operator knows of other banks' verdicts, this bank need not know.
    let (_directory, mut registry) = undecided();
    let more = receipt_of(|v| v.restated_or_shopped = 1);
    assert_eq!(decide(&mut registry, &more, Outcome::Approved), Ok(None));
    let own = registry.verdict_on(&story().request.id()).unwrap();
    assert_eq!((own.signer(), own.restated_or_shopped), (story_bank().public(), 0));
}

#[test]
fn the_bank_checks_the_proof_itself() {
    let Record::Verdict { bundle, verdict } = story().honest(VERDICT) else {
        panic!("a verdict");
    };
    // Operator and applicant together: a proof of tier A that is said to be of tier B.
    let mut lowered = bundle.unverified().clone();
    lowered.tier = TierName::parse("B").unwrap();
    let lowered = story().enterprise.signer.sign(lowered).unwrap();
    let verdict = Verdict {
        tier: TierName::parse("B").unwrap(),
        bundle: lowered.id(),
        ..verdict.unverified().clone()
    };
    let record = Record::Verdict {
        bundle: lowered.to_signed(),
        verdict: operator().sign(verdict).unwrap().to_signed(),
    };
    let receipt = receipt(&record, time(NOW).unix_seconds() * 1000, &mut checkpoints());
    let (_directory, mut registry) = undecided();
    assert_eq!(decide(&mut registry, &receipt, Outcome::Approved), Err("proof-invalid"));
    let honest = &story().receipt;
    let strict = KeyPolicy {
        allow_development: false,
    };
    let resolution = resolution(Outcome::Approved);
    let refused = registry.decide(&story_bank(), &origin(), honest, resolution, strict, time(NOW));
    assert_eq!(refused.unwrap_err().code(), "development-key");
    registry
        .revoke(&story_bank(), attestor_id(), text("key lost"), time(NOW))
        .unwrap();
    assert_eq!(
        decide(&mut registry, honest, Outcome::Approved),
        Err("attestors-changed")
    );
    assert_eq!(
        decide(&mut registry, honest, Outcome::Refused),
        Ok(Some("attestors-changed"))
    );
}

#[test]
fn a_decision_is_made_once_on_a_verdict_of_a_log_that_the_bank_relies_on() {
    let (directory, mut registry) = undecided();
    let honest = &story().receipt;
    let elsewhere = LogOrigin::parse("log.example/other").unwrap();
    let refused = |result: Result<_, Refusal>| result.map(|_: covenant_api::registry::Decided| ()).unwrap_err().code();
    let approve = || resolution(Outcome::Approved);
    let result = registry.decide(&story_bank(), &elsewhere, honest, approve(), DEVELOPMENT, time(NOW));
    assert_eq!(refused(result), "unknown-log");
    let stranger = Signer::from_seed(&[66; 32]);
    let result = registry.decide(&stranger, &origin(), honest, approve(), DEVELOPMENT, time(NOW));
    assert_eq!(refused(result), "wrong-signer");
    let grant = receipt(story().honest(GRANT_ENTRY), 0, &mut checkpoints());
    assert_eq!(decide(&mut registry, &grant, Outcome::Refused), Err("receipt-mismatch"));
    assert_eq!(
        decide(&mut registry, &honest.clone().without_body(), Outcome::Refused),
        Err("receipt-mismatch")
    );
    let seconds = time(NOW).unix_seconds();
    let late = receipt(story().honest(VERDICT), (seconds + 901) * 1000, &mut checkpoints());
    assert_eq!(decide(&mut registry, &late, Outcome::Refused), Err("wrong-time"));
    let unknown = receipt_of(|v| v.request = Hex32([5; 32]));
    assert_eq!(
        decide(&mut registry, &unknown, Outcome::Refused),
        Err("unknown-request")
    );

    assert_eq!(decide(&mut registry, honest, Outcome::Approved), Ok(None));
    assert_eq!(
        decide(&mut registry, honest, Outcome::Approved),
        Ok(None),
        "the same again changes nothing"
    );
    assert_eq!(decide(&mut registry, honest, Outcome::Refused), Err("already-decided"));
    let reopened = Registry::open(directory.path()).unwrap();
    let decision = reopened.decision_on(&story().request.id()).unwrap();
    assert_eq!(decision.outcome, Outcome::Approved);
    assert_eq!(
        reopened
            .verdict_on(&story().request.id())
            .map(|v| v.tier.as_str().to_owned()),
        Some("A".into())
    );

    // With another operator's key on record, the verdict is nobody's.
    let (_directory, mut registry) = undecided();
    registry
        .trust_log(&story_bank(), checkpoints().key(), stranger.public(), time(NOW))
        .unwrap();
    assert_eq!(decide(&mut registry, honest, Outcome::Refused), Err("wrong-signer"));
}

/// A registry to file from, with a policy and one invitation.
fn desk() -> (House, Vec<Vec<u8>>) {
    let mut house = House::new();
    let policy = house.policy(POLICY);
    let customer = house.customer(1);
    let mut terms = house.terms(policy, customer.invitation.id());
    terms.log_origin = origin();
    let request = house
        .registry
        .ask(&house.signer, &terms, time(NOW), &mut house.rng)
        .unwrap();
    let registry = &house.registry;
    let documents = vec![
        registry.bank().to_json().unwrap(),
        registry.grant_to(&attestor_id()).unwrap().to_json().unwrap(),
        registry.policy(&policy).unwrap().document().to_json().unwrap(),
        registry.pinned(&house.key).unwrap().to_json().unwrap(),
        customer.invitation.to_json().unwrap(),
        registry.enrolled(&customer.invitation.id()).unwrap().to_json().unwrap(),
        request.to_json().unwrap(),
    ];
    (house, documents)
}

fn file(house: &mut House, document: &[u8], number: Option<u64>) -> Result<(Act, Vec<u8>), &'static str> {
    house
        .registry
        .file(&house.signer, &origin(), document, number, &mut house.rng)
        .map_err(|refusal| refusal.code())
}

#[test]
fn filings_are_numbered_and_the_same_document_is_filed_once() {
    let (mut house, documents) = desk();
    assert_eq!(
        file(&mut house, &documents[1], None).unwrap_err(),
        "not-filed",
        "the bank comes first"
    );
    assert_eq!(file(&mut house, &documents[1], Some(0)).unwrap_err(), "not-filed");
    let bodies: Vec<Vec<u8>> = documents.iter().map(|d| file(&mut house, d, None).unwrap().1).collect();
    let acts: Vec<Act> = house.registry.filings(&origin()).to_vec();
    let numbers: Vec<u64> = acts.iter().map(|act| act.filing.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6]);
    let streams: Vec<Hex32> = acts.iter().map(|act| act.filing.stream).collect();
    assert!(streams[..4].iter().all(|s| *s == streams[0]) && streams[4..].iter().all(|s| *s == streams[4]));
    assert_ne!(streams[0], streams[4]);
    // From disk, the same.
    house.registry = house.reopened();
    assert_eq!(house.registry.filings(&origin()).len(), 7);
    assert_eq!(house.registry.books().count(), 1);
    for (document, body) in documents.iter().zip(&bodies) {
        assert_eq!(&file(&mut house, document, None).unwrap().1, body);
    }
    assert_eq!(house.registry.filings(&origin()).len(), 7);
    // Another log has its own numbers and streams.
    let other = LogOrigin::parse("log.example/other").unwrap();
    let (act, _) = house
        .registry
        .file(&house.signer, &other, &documents[0], None, &mut house.rng)
        .unwrap();
    assert_eq!(act.filing.number, 0);
    assert_ne!(act.filing.stream, streams[0]);
    let asked = house
        .registry
        .file(&house.signer, &other, &documents[6], None, &mut house.rng);
    assert_eq!(asked.unwrap_err().code(), "wrong-log", "a request names its log");
    let applicant = house
        .registry
        .file(&house.signer, &other, &documents[5], None, &mut house.rng);
    assert_eq!(applicant.unwrap_err().code(), "not-filed", "its invitation was not");
}

#[test]
fn a_number_is_filled_again_where_the_service_refused() {
    let (mut house, documents) = desk();
    for document in &documents[..4] {
        file(&mut house, document, None).unwrap();
    }
    assert_eq!(file(&mut house, &documents[4], Some(9)).unwrap_err(), "wrong-number");
    assert_eq!(
        file(&mut house, &documents[2], Some(3)).unwrap_err(),
        "wrong-number",
        "it is number 2"
    );
    assert_eq!(
        file(&mut house, &documents[4], Some(0)).unwrap_err(),
        "not-filed",
        "number 0 is the bank's"
    );
    let (act, _) = file(&mut house, &documents[4], Some(3)).unwrap();
    assert_eq!((act.filing.number, act.kind), (3, "invitation"));
    let (again, _) = file(&mut house, &documents[4], Some(3)).unwrap();
    assert_ne!(again.filing.stream, act.filing.stream, "a new stream is drawn");
    let kinds: Vec<&str> = house.reopened().filings(&origin()).iter().map(|act| act.kind).collect();
    assert_eq!(kinds, ["bank", "attestor-grant", "policy", "invitation"]);
    let (act, _) = file(&mut house, &documents[3], None).unwrap();
    assert_eq!(act.filing.number, 4, "what was replaced is filed anew");
}

#[test]
fn only_what_the_registry_holds_is_filed() {
    let (mut house, documents) = desk();
    file(&mut house, &documents[0], None).unwrap();
    let (registry, signer) = (&mut house.registry, &house.signer);
    let name = || name("Cabinet Exact");
    registry.grant(signer, attestor_id(), name(), 2, time(NOW)).unwrap();
    assert_eq!(
        file(&mut house, &documents[1], None).unwrap_err(),
        "not-in-registry",
        "it was replaced"
    );
    let verdict = story().honest(VERDICT);
    let Record::Verdict { verdict, .. } = verdict else {
        panic!()
    };
    let verdict = serde_json::to_vec(verdict).unwrap();
    assert_eq!(file(&mut house, &verdict, None).unwrap_err(), "wrong-document-type");
    assert_eq!(file(&mut house, b"{}", None).unwrap_err(), "malformed-document");
    let stranger = Signer::from_seed(&[66; 32]);
    let foreign = stranger
        .sign(Bank {
            name: name(),
            key: stranger.public(),
            issued: time(NOW),
        })
        .unwrap();
    assert_eq!(
        file(&mut house, &foreign.to_json().unwrap(), None).unwrap_err(),
        "wrong-signer"
    );
    let refused = house
        .registry
        .file(&stranger, &origin(), &documents[0], None, &mut house.rng);
    assert_eq!(refused.unwrap_err().code(), "wrong-signer");
}

#[test]
fn two_desks_do_not_take_the_same_number() {
    let (mut house, documents) = desk();
    file(&mut house, &documents[0], None).unwrap();
    let mut late = house.reopened();
    file(&mut house, &documents[1], None).unwrap();
    let (act, _) = late
        .file(&house.signer, &origin(), &documents[2], None, &mut house.rng)
        .unwrap();
    assert_eq!(act.filing.number, 2, "number 1 was taken meanwhile");
    assert_eq!(house.reopened().filings(&origin()).len(), 3);
}

#[test]
fn one_bad_filing_spoils_the_registry() {
    let (mut house, documents) = desk();
    for document in &documents {
        file(&mut house, document, None).unwrap();
    }
    let folder = fs::read_dir(house.directory.path().join("filings"))
        .unwrap()
        .next()
        .unwrap();
    let folder = folder.unwrap().path();
    let code = || Registry::open(house.directory.path()).map(|_| ()).map_err(|r| r.code());
    assert_eq!(code(), Ok(()));
    let spoil = |name: &str, change: &dyn Fn(String) -> String| {
        let path = folder.join(name);
        let honest = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(honest.clone())).unwrap();
        let code = code();
        fs::write(&path, honest).unwrap();
        code.unwrap_err()
    };
    let number = |from: &'static str, to: &'static str| move |text: String| text.replacen(from, to, 1);
    assert_eq!(
        spoil("000002.json", &number("\"number\": 2", "\"number\": 1")),
        "wrong-signature"
    );
    assert_eq!(spoil("000002.json", &number("{", "{ ")), "malformed-document");
    assert_eq!(
        spoil("000002.json", &number("{", "{\"extra\": 1,")),
        "malformed-document"
    );
    let second = fs::read_to_string(folder.join("000001.json")).unwrap();
    assert_eq!(spoil("000002.json", &|_| second.clone()), "registry-damaged");
    let key = |text: String| {
        let place = text.find("\"key\": \"").unwrap() + 8;
        let mut bytes = text.into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(spoil("000003.json", &key), "registry-damaged");
    fs::rename(folder.join("000001.json"), folder.join("000009.json")).unwrap();
    assert_eq!(code(), Err("registry-damaged"), "a gap");
    fs::rename(folder.join("000009.json"), folder.join("000001.json")).unwrap();
    let elsewhere = house.directory.path().join("filings").join("0".repeat(64));
    fs::rename(&folder, &elsewhere).unwrap();
    assert_eq!(code(), Err("registry-damaged"), "another log's folder");
}
