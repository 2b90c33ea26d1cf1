//! The log's registry of verifying keys: who may enter and retire one, and what a key in it can be used for.

use covenant_api::document::Document;
use covenant_api::documents::*;
use covenant_api::keys;
use covenant_api::log::{Filed, FiledKey, Record};
use covenant_api::sign::{Signer, Verified};
use covenant_api::types::*;
use covenant_proofs::keys::KeyPolicy;
use covenant_proofs::keys::provenance::{Contribution, Provenance};
use sha2::{Digest as _, Sha256};

use super::story::*;
use crate::world::*;

const STRICT: KeyPolicy = KeyPolicy {
    allow_development: false,
};

fn blob_of(bytes: &[u8]) -> Hex32 {
    Hex32(Sha256::digest(bytes).into())
}

/// What the operator says of a key.
fn manifest(bytes: &[u8], ceremony: Option<&Provenance>) -> KeyManifest {
    keys::describe(&keys::open(bytes, DEVELOPMENT).unwrap(), ceremony, time(NOW)).unwrap()
}

fn act<T: Document + Clone>(signer: &Signer, document: T, number: u64) -> Filed<T> {
    let document: Verified<T> = signer.sign(document).unwrap();
    let filing = Filing {
        log: origin(),
        stream: OPERATORS,
        number,
        document: document.id(),
    };
    Filed {
        filing: signer.sign(filing).unwrap().to_signed(),
        document: document.to_signed(),
    }
}

fn with_blob(filed: Filed<KeyManifest>, blob: Hex32) -> Record {
    let Filed { filing, document } = filed;
    Record::KeyRegistration(FiledKey { filing, document, blob })
}

fn registration(manifest: KeyManifest, bytes: &[u8], number: u64) -> Record {
    with_blob(act(&operator(), manifest, number), blob_of(bytes))
}

fn retirement_of(key: Hex32, cause: RetirementCause) -> KeyRetirement {
    KeyRetirement {
        verifying_key: key,
        cause,
        reason: text("a new circuit"),
        retired: time(NOW),
    }
}

fn retirement(key: Hex32, cause: RetirementCause, number: u64) -> Record {
    Record::KeyRetirement(act(&operator(), retirement_of(key, cause), number))
}

fn development() -> Vec<u8> {
    proving_key().verifying().to_bytes()
}

/// What a made-up ceremony left behind.
fn ceremony(transcript: [u8; 64]) -> Provenance {
    Provenance {
        powers: "1".repeat(128),
        first_key: "2".repeat(128),
        transcript: Bytes64(transcript).to_string(),
        powers_contributions: vec![Contribution {
            name: None,
            hash: "4".repeat(128),
            beacon: None,
        }],
        contributions: vec![Contribution {
            name: Some("Example Bank".into()),
            hash: "3".repeat(128),
            beacon: None,
        }],
    }
}

/// The development key with another origin written into it: whoever reads its bytes alone takes it for a ceremony's.
fn marked() -> (Vec<u8>, Provenance) {
    (as_of_a_ceremony(&development(), [9; 64]), ceremony([9; 64]))
}

/// A log that takes no development keys, before a key is pinned; it knows the blob.
fn strict(blob: &[u8]) -> Log {
    let mut log = Log::new(STRICT);
    for record in &story().records[..KEY_ENTRY] {
        log.add(record);
    }
    log.state.add_blob(blob.to_vec());
    log
}

/// The bank pins this key, as its act number 3.
fn pin(bytes: &[u8], development: bool) -> Record {
    let set = |d: &mut PinnedKey| {
        d.verifying_key = keys::id(&keys::open(bytes, DEVELOPMENT).unwrap());
        d.development = development;
    };
    let Filed { filing, document } = forge(&story_bank(), &filed(story().honest(KEY_ENTRY)), set, |_| {});
    Record::PinnedKey(FiledKey {
        filing,
        document,
        blob: blob_of(bytes),
    })
}

/// The story's request, under this key.
fn request(key: Hex32) -> Record {
    let set = |d: &mut Request| d.verifying_key = key;
    Record::Request(forge(&story_bank(), &filed(story().honest(REQUEST)), set, |_| {}))
}

#[test]
fn the_operator_alone_registers_a_key_in_its_stream_under_its_next_number() {
    let bytes = development();
    let log = story().before(PARTICIPANT);
    let honest = act(&operator(), manifest(&bytes, None), 0);
    let blob = blob_of(&bytes);
    let forged = |change: &dyn Fn(&mut Filing)| {
        log.refused(&with_blob(forge(&operator(), &honest, |_| {}, |f| change(f)), blob))
    };
    assert_eq!(
        forged(&|f| f.log = LogOrigin::parse("log.example/other").unwrap()),
        "wrong-log"
    );
    assert_eq!(forged(&|f| f.number = 1), "wrong-number");
    assert_eq!(forged(&|f| f.stream = Hex32([44; 32])), "wrong-stream");
    assert_eq!(forged(&|f| f.document = Hex32([5; 32])), "filing-mismatch");
    let banks = act(&story_bank(), manifest(&bytes, None), 0);
    assert_eq!(log.refused(&with_blob(banks.clone(), blob)), "wrong-signer", "a bank");
    let banks_filing = Filed {
        filing: banks.filing,
        document: honest.document.clone(),
    };
    assert_eq!(
        log.refused(&with_blob(banks_filing, blob)),
        "wrong-signer",
        "a bank's filing"
    );
    let mut json = serde_json::to_value(with_blob(honest.clone(), blob)).unwrap();
    json["document"]["document"]["public_inputs"] = 1.into();
    assert_eq!(log.refused(&serde_json::from_value(json).unwrap()), "wrong-signature");
    let late = |d: &mut KeyManifest| d.signed = UtcTime::from_unix_seconds(d.signed.unix_seconds() + 901).unwrap();
    assert_eq!(
        log.refused(&with_blob(forge(&operator(), &honest, late, |_| {}), blob)),
        "wrong-time"
    );
    assert!(log.admits(&with_blob(honest, blob)));
    assert_eq!(
        Log::new(DEVELOPMENT).refused(&registration(manifest(&bytes, None), &bytes, 0)),
        "log-damaged",
        "a log without an opening"
    );
    assert_eq!(
        strict(&bytes).refused(&registration(manifest(&bytes, None), &bytes, 0)),
        "development-key"
    );
}

/// A change of a manifest.
type Change<'a> = &'a dyn Fn(&mut KeyManifest);

#[test]
fn a_manifest_says_what_the_key_says() {
    let (bytes, provenance) = marked();
    let log = strict(&bytes);
    let changed = |change: &dyn Fn(&mut KeyManifest)| {
        let mut manifest = manifest(&bytes, Some(&provenance));
        change(&mut manifest);
        log.refused(&registration(manifest, &bytes, 0))
    };
    let wrong: [(&str, Change<'_>); 6] = [
        ("another key's", &|m| m.verifying_key = Hex32([6; 32])),
        ("another statement", &|m| m.statement = text("covenant/book/v1")),
        ("another circuit", &|m| m.circuit = Hex32([6; 32])),
        ("another number of inputs", &|m| m.public_inputs += 1),
        ("another transcript", &|m| {
            m.ceremony.as_mut().unwrap().transcript = Bytes64([1; 64])
        }),
        ("a development key", &|m| {
            m.development = true;
            m.seed = Some(text("a seed"));
        }),
    ];
    for (name, change) in wrong {
        assert_eq!(changed(change), "manifest-mismatch", "{name}");
    }
    assert!(log.admits(&registration(manifest(&bytes, Some(&provenance)), &bytes, 0)));
    // A swapped manifest: whole and signed, and of another key.
    let other = manifest(&development(), None);
    assert_eq!(log.refused(&registration(other, &bytes, 0)), "manifest-mismatch");
}

#[test]
fn a_registered_key_is_one_of_this_circuit_without_weaknesses() {
    let (bytes, provenance) = marked();
    let honest = act(&operator(), manifest(&bytes, Some(&provenance)), 0);
    let mut log = strict(&bytes);
    assert_eq!(
        log.refused(&with_blob(honest.clone(), Hex32([6; 32]))),
        "log-damaged",
        "no such blob"
    );
    let mut blob = |bytes: Vec<u8>| {
        log.state.add_blob(bytes.clone());
        log.refused(&with_blob(honest.clone(), blob_of(&bytes)))
    };
    assert_eq!(blob(b"no key".to_vec()), "key-malformed");
    let statement = "covenant/compliance/v1".len();
    // Magic, origin and transcript; the statement with its length; then the matrices' hash.
    let circuit = 8 + 1 + 64 + 2 + statement;
    let mut other = bytes.clone();
    other[circuit] ^= 1;
    assert_eq!(blob(other), "key-of-another-circuit");
    let mut other = bytes.clone();
    other[8 + 1 + 64 + 2 + statement - 1] = b'2';
    assert_eq!(blob(other), "key-of-another-statement");
    // The count of IC points; alpha; beta, gamma and delta.
    let (gamma, delta) = (circuit + 32 + 4 + 64 + 128, circuit + 32 + 4 + 64 + 2 * 128);
    let mut weak = bytes.clone();
    weak.copy_within(gamma..gamma + 128, delta);
    assert_eq!(blob(weak), "key-weak", "delta = gamma");
}

#[test]
fn a_key_is_registered_once_and_retired_once() {
    use RetirementCause::{Compromised, Superseded};
    let (bytes, provenance) = marked();
    let manifest = manifest(&bytes, Some(&provenance));
    let id = manifest.verifying_key;
    let mut log = strict(&bytes);
    assert_eq!(log.refused(&retirement(id, Superseded, 0)), "unlisted-key");
    log.add(&registration(manifest.clone(), &bytes, 0));
    let again = KeyManifest {
        signed: time(NOW).plus_days(0),
        ..manifest.clone()
    };
    assert_eq!(log.refused(&registration(again, &bytes, 1)), "key-registered");
    assert_eq!(log.refused(&retirement(id, Superseded, 0)), "wrong-number", "a repeat");
    let banks = act(&story_bank(), retirement_of(id, Superseded), 1);
    assert_eq!(log.refused(&Record::KeyRetirement(banks)), "wrong-signer");
    let late = KeyRetirement {
        retired: time(NOW).plus_days(1),
        ..retirement_of(id, Superseded)
    };
    assert_eq!(
        log.refused(&Record::KeyRetirement(act(&operator(), late, 1))),
        "wrong-time"
    );
    log.add(&retirement(id, Superseded, 1));
    // The very record again, under its old number and under a new one.
    assert_eq!(log.refused(&retirement(id, Superseded, 1)), "wrong-number");
    assert_eq!(log.refused(&retirement(id, Superseded, 2)), "key-retired");
    assert_eq!(
        log.refused(&registration(manifest, &bytes, 2)),
        "key-registered",
        "not again"
    );
    log.add(&retirement(id, Compromised, 2));
    for cause in [Superseded, Compromised] {
        assert_eq!(log.refused(&retirement(id, cause, 3)), "key-retired");
    }
}

#[test]
fn a_ceremonys_key_is_pinned_and_asked_for_while_the_registry_has_it_in_use() {
    let (bytes, provenance) = marked();
    let manifest = manifest(&bytes, Some(&provenance));
    let id = manifest.verifying_key;
    let mut log = strict(&bytes);
    // Its own bytes say that it comes from a ceremony. Anybody can write them.
    assert_eq!(log.refused(&pin(&bytes, false)), "unlisted-key");
    let retire = |number| retirement(id, RetirementCause::Superseded, number);
    log.add(&registration(manifest, &bytes, 0));
    {
        let mut log = strict(&bytes);
        log.add(&registration(manifest_of_marked(), &bytes, 0));
        log.add(&retire(1));
        assert_eq!(log.refused(&pin(&bytes, false)), "key-retired");
    }
    log.add(&pin(&bytes, false));
    for record in &story().records[INVITATION..REQUEST] {
        log.add(record);
    }
    assert!(log.admits(&request(id)));
    // Of a request and a retirement that meet, the second one is decided anew.
    let mut meeting = strict(&bytes);
    meeting.add(&registration(manifest_of_marked(), &bytes, 0));
    meeting.add(&pin(&bytes, false));
    for record in &story().records[INVITATION..REQUEST] {
        meeting.add(record);
    }
    assert_eq!(meeting.meet(&retire(1), &request(id)), "log-damaged");
    assert_eq!(meeting.refused(&request(id)), "key-retired");
    log.add(&retire(1));
    assert_eq!(log.refused(&request(id)), "key-retired");
}

fn manifest_of_marked() -> KeyManifest {
    let (bytes, provenance) = marked();
    manifest(&bytes, Some(&provenance))
}

#[test]
fn open_requests_are_answered_under_a_superseded_key_and_not_under_a_compromised_one() {
    use RetirementCause::{Compromised, Superseded};
    let (bytes, story) = (development(), story());
    let manifest = manifest(&bytes, None);
    let id = manifest.verifying_key;
    for (cause, admitted) in [(Superseded, true), (Compromised, false)] {
        let mut log = Log::new(DEVELOPMENT);
        log.add(&story.records[0]);
        log.add(&registration(manifest.clone(), &bytes, 0));
        for record in &story.records[1..VERDICT] {
            log.add(record);
        }
        log.add(&retirement(id, cause, 1));
        let verdict = story.honest(VERDICT);
        if admitted {
            // And what was judged before the key was found compromised stays, with the decision on it.
            log.add(verdict);
            log.add(&retirement(id, Compromised, 2));
            log.add(story.honest(DECISION));
        } else {
            assert_eq!(log.refused(verdict), "key-retired");
        }
    }
}

#[test]
fn operator_and_bank_of_one_key_keep_two_counts() {
    let bytes = development();
    let mut log = Log::new(DEVELOPMENT);
    let signer = operator();
    log.add(&story().records[0]);
    log.add(&registration(manifest(&bytes, None), &bytes, 0));
    let bank = Bank {
        name: name("The operator as a bank"),
        key: signer.public(),
        issued: time(NOW),
    };
    let mut own = act(&signer, bank, 0);
    own.filing = signer
        .sign(Filing {
            stream: Hex32([72; 32]),
            ..own.filing.unverified().clone()
        })
        .unwrap()
        .to_signed();
    log.add(&Record::Participant(own));
}
