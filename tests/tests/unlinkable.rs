//! Two banks with the same applicant put everything together that they hold, and find nothing in common that the applicant's proofs
//! brought there; and whoever reads the public log learns less than either of them.
//!
//! What both may hold is listed below, each kind with its reason. Every other text or run of eight bytes that both hold fails the test.

#[path = "unlinkable/scene.rs"]
mod scene;
#[path = "unlinkable/values.rs"]
mod values;

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::document::Document;
use covenant_api::documents::{AttestorGrant, PinnedKey};
use covenant_api::ids::{self, prefix};
use covenant_api::log::Record;
use covenant_api::sign::{Signed, Signer};
use covenant_api::types::Hex32;
use covenant_ledger::Entry;
use covenant_tests::company::sample_policy;
use covenant_tests::offices::{ATTESTOR, COMPANY};
use covenant_tests::service::wire::{Request, call};
use scene::{BankSide, ORIGIN, POLICY, Scene};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use values::{Holdings, hex};

/// Names of formats, kinds and states: the same in every log, whoever acts.
const WORDS: &[&str] = &[
    "approved",
    "attestor-grant",
    "covenant-policy/2",
    "covenant/compliance/v1",
    "decision",
    "enrolled",
    "enrolment",
    "invitation",
    "participant",
    "pinned-key",
    "trusted-log",
];

/// A bank's part of the log.
struct Part {
    /// What it can read of the service, and what lies in its own files.
    records: Holdings,
    /// What anybody can read of its entries.
    entries: Holdings,
}

/// Everything that a bank can read of the service, and all that lies in its own files.
fn held_by(scene: &Scene, bank: &BankSide) -> Part {
    let (mut records, mut entries) = (Holdings::default(), Holdings::default());
    let token = Some(bank.token.as_str());
    let mut read = |path: &str| {
        let answer = scene.service.get(path, token);
        records.json(path, &answer);
        answer
    };
    for path in [
        "participants/me",
        "attestors",
        "policies",
        "keys",
        "applications",
        "events?limit=1000",
    ] {
        read(&format!("/v1/{path}"));
    }
    for event in scene.service.events(&bank.token) {
        read(&format!("/v1/ledger/receipts/{}", event.index));
        let entry = scene.service.client(None).entry(event.index).expect("an entry");
        entries.entry(&format!("entry {}", event.index), &entry);
    }
    let application = format!("/v1/applications/{}", bank.request);
    let policy = read(&application)["application"]["policy"]["id"].clone();
    read(&format!("/v1/policies/{}", policy.as_str().expect("an id")));
    let memo = Request::get(&format!("{application}/memo"), token);
    let memo = call(scene.service.address(), &memo).expect("a memo");
    let page = String::from_utf8(memo.body).expect("UTF-8");
    // Every memo has the same style.
    let (_, body) = page.split_once("<body").expect("a page");
    records.text("memo", body);
    for (name, document) in scene.files(bank) {
        records.json(&name, &document);
    }
    Part { records, entries }
}

/// What everybody knows of a log, and so may stand in the public part.
fn known_of_the_log(scene: &Scene) -> Holdings {
    let mut known = Holdings::default();
    let (log_key, operator) = (
        scene.service.trust().log_key.to_string(),
        scene.service.trust().operator,
    );
    let reason = "both file with this log";
    for text in [ORIGIN, &log_key, &operator.to_string(), &operator.to_string()[..16]] {
        known.text(reason, text);
    }
    // The key's last part, which is base64, stands by itself too.
    known.text(reason, log_key.rsplit('+').next().expect("a key"));
    let checkpoint = scene.service.client(None).checkpoint(&scene.service.trust().log_key);
    let root = checkpoint.expect("a checkpoint").root().0;
    known.bytes("the log's checkpoint, on each memo", &root);
    known.text("the log's checkpoint, on each memo", &hex(&root));
    for word in WORDS {
        known.text("a name", word);
    }
    known
}

/// What two banks may have in common, and why.
fn allowed(scene: &Scene, known: &Holdings) -> Holdings {
    let mut allowed = known.clone();
    let mut allow = |reason: &str, values: &[&str]| values.iter().for_each(|value| allowed.text(reason, value));
    let attestor = Hex32::parse(&scene.attestor).expect("a key");
    let shown = ids::display(prefix::ATTESTOR, &attestor);
    allow("both admit this attestor", &[ATTESTOR, &scene.attestor, &shown]);
    // Banks that compare their customers' names learn what names tell.
    allow("both invited this company, by its number in the register", &[COMPANY]);

    let source = sample_policy(POLICY);
    let policy = CheckedPolicy::sign(&source, &Signer::from_seed(&[0; 32])).expect("a policy");
    let (id, program) = (policy.id(), policy.document().program.to_string());
    let text = policy.plain_language().expect("a text").to_string();
    let title = source
        .lines()
        .find_map(|line| line.strip_prefix("title = \"")?.strip_suffix('"'));
    let policy = [&source, &text, title.expect("a title"), &program, &id.to_string()];
    allow("both publish this text as their policy", &policy);
    allow(
        "both publish this text as their policy",
        &[&ids::display(prefix::POLICY, &id)],
    );

    let key = Hex32::parse(&scene.key_id).expect("an id");
    let sum = hex(&Sha256::digest(&scene.key));
    let shown = ids::display(prefix::KEY, &key);
    allow(
        "both pinned this key",
        &[&scene.key_id, &shown, &sum, &STANDARD.encode(&scene.key)],
    );
    // These say whom, which key and when, in seconds: both banks' are the same where both did it within one.
    for (_, file) in scene.banks.iter().flat_map(|bank| scene.files(bank)) {
        let id = match file["type"].as_str() {
            Some("attestor-grant") => id_of::<AttestorGrant>(&file),
            Some("pinned-key") => id_of::<PinnedKey>(&file),
            _ => continue,
        };
        allow("both admitted this attestor, or pinned this key, in one second", &[&id]);
    }
    allowed
}

/// The id of a signed document in a file.
fn id_of<T: Document>(file: &serde_json::Value) -> String {
    let signed = Signed::<T>::from_json(file.to_string().as_bytes()).expect("a signed document");
    signed.unverified().id().expect("an id").to_string()
}

/// Values of the applicant's that no other bank may know, by name: whatever the collection above misses cannot be compared.
fn sensitive(scene: &Scene, bank: &BankSide) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for event in scene.service.events(&bank.token) {
        match event.record {
            Record::Invitation(filed) => {
                found.push(("the applicant's stream", filed.filing.unverified().stream.to_string()));
                let invitation = filed.document.unverified();
                found.push(("the invitation", invitation.id().expect("an id").to_string()));
                found.push(("what blinds the company's number", invitation.blinding.to_string()));
            }
            Record::Enrolment { document } => {
                found.push(("the pseudonym", document.nym.to_string()));
                found.push(("the enterprise's key", document.key.to_string()));
            }
            Record::Request(filed) => {
                let request = filed.document.unverified();
                found.push(("the request", request.id().expect("an id").to_string()));
                found.push(("the request's nonce", request.nonce.to_string()));
            }
            Record::Verdict { bundle, verdict } => {
                let (bundle, verdict) = (bundle.unverified(), verdict.unverified());
                found.push(("the bundle", verdict.bundle.to_string()));
                found.push(("the tag of the period", bundle.period_tags[0].to_string()));
                found.push(("the link of the statement", bundle.statement_links[0].to_string()));
                found.push(("the proof", STANDARD.encode(bundle.proof.0)));
                found.push(("the verdict", verdict.id().expect("an id").to_string()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn two_banks_and_the_public_log_cannot_tell_that_they_met_the_same_enterprise() {
    let scene = Scene::play();
    let [a, b] = scene.banks.each_ref().map(|bank| held_by(&scene, bank));
    let known = known_of_the_log(&scene);
    let allowed = allowed(&scene, &known);
    println!(
        "bank A holds {} values and {} in public entries, bank B {} and {}; {} may be common",
        a.records.count(),
        a.entries.count(),
        b.records.count(),
        b.entries.count(),
        allowed.count()
    );
    for word in WORDS.iter().chain([&ATTESTOR, &COMPANY, &ORIGIN]) {
        let both = a.records.holds(word) && b.records.holds(word);
        assert!(both, "{word} is allowed, and not held by both");
    }
    let all = |part: &Part| part.records.clone().with(&part.entries);
    assert_eq!(all(&a).common(&all(&b), &allowed), [], "both banks hold these");
    assert_eq!(
        a.entries.common(&b.entries, &Holdings::default()),
        [],
        "the public log shows these twice"
    );

    let public = fs::read(scene.service.export(None, "public.export")).expect("an export");
    let mut known = known;
    for bank in &scene.banks {
        for event in scene.service.events(&bank.token) {
            let entry = scene.service.client(None).entry(event.index).expect("an entry");
            // A bank's records name its streams, which are random, and its memos an entry's leaf.
            for public in [entry.stream.0, entry.hash().0] {
                known.text("a stream or a leaf", &hex(&public));
            }
        }
    }
    for part in [&a, &b] {
        let found = part.records.found_in(&public, &known);
        assert!(found.is_empty(), "the public log shows {found:#?}");
    }
    planted(&scene, &a, &allowed, (&public, &known));
}

/// Whatever should be found is found where it is planted, however it is written.
fn planted(scene: &Scene, a: &Part, allowed: &Holdings, (public, known): (&[u8], &Holdings)) {
    let secrets = sensitive(scene, &scene.banks[0]);
    assert_eq!(secrets.len(), 12, "{secrets:?}");
    for (name, value) in &secrets {
        assert!(a.records.holds(value), "{name} was not collected");
        let bytes = values::decode(value).unwrap_or_else(|| panic!("{name}: {value}"));
        let forms = [
            json!({ "field": value }),
            json!({ "field": STANDARD.encode(&bytes) }),
            json!({ "field": hex(&bytes) }),
            json!({ "reason": format!("as agreed with {value}, and no more") }),
            json!({ "body": STANDARD.encode(json!({ "inner": value }).to_string()) }),
            json!({ "field": hex(&[&[1, 2, 3], &bytes[bytes.len() - 9..]].concat()) }),
        ];
        for form in forms {
            let mut other = Holdings::default();
            other.json("planted", &form);
            assert_ne!(a.records.common(&other, allowed), [], "{name} was not found in {form}");
        }
        if *name != "the applicant's stream" {
            for form in [bytes.clone(), value.clone().into_bytes(), hex(&bytes).into_bytes()] {
                let log = [public, &form, b"more"].concat();
                assert!(
                    !a.records.found_in(&log, known).is_empty(),
                    "{name} was not found in the log"
                );
            }
        }
    }
    let events = scene.service.events(&scene.banks[0].token);
    let entry = |index: u64| -> Entry { scene.service.client(None).entry(index).expect("an entry") };
    let verdict = events
        .iter()
        .find(|event| matches!(event.record, Record::Verdict { .. }));
    let verdict = entry(verdict.expect("a verdict").index);
    assert!(!verdict.unique.is_empty());
    for change in [
        |to: &mut Entry, from: &Entry| to.stream = from.stream,
        |to: &mut Entry, from: &Entry| to.unique.clone_from(&from.unique),
        |to: &mut Entry, from: &Entry| to.body_hash = from.body_hash,
        |to: &mut Entry, from: &Entry| to.stream_previous = from.stream_previous,
    ] {
        let mut forged = entry(0);
        change(&mut forged, &verdict);
        let mut entries = Holdings::default();
        entries.entry("planted", &forged);
        assert_ne!(a.entries.common(&entries, &Holdings::default()), [], "{forged:?}");
    }
}
