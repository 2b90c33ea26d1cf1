//! Every document: round trip in JSON and CBOR, and what is refused in each.

use std::fmt::Debug;

use covenant_gadgets::field::field_from_u64;
use covenant_policy::statement::{Assurance, Basis, Coverage, Currency, Day, Figures, Period, Statement};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::document::{self, Document};
use crate::seal::{Cost, Passphrase};
use crate::sign::{Signed, Signer};
use crate::types::*;
use crate::{canonical, ids};

mod keys;

fn field(value: u64) -> FieldElement {
    FieldElement(field_from_u64(value))
}

fn time(text: &str) -> UtcTime {
    UtcTime::parse(text).unwrap()
}

fn day(text: &str) -> IsoDate {
    IsoDate::parse(text).unwrap()
}

fn company() -> RegistryId {
    RegistryId::parse("FR-SIREN:123456789").unwrap()
}

const HEX: Hex32 = Hex32([0xab; 32]);

/// The page that describes every document names this type and each of its fields.
fn is_described<T: Document>(document: &T) {
    const PAGE: &str = include_str!("../../../../docs/formats/documents.md");
    assert!(PAGE.contains(&format!("**`{}`**", T::TYPE)), "{}", T::TYPE);
    let mut values = vec![serde_json::to_value(document).unwrap()];
    while let Some(value) = values.pop() {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    assert!(PAGE.contains(&format!("`{name}`")), "{}: {name}", T::TYPE);
                    // The figures' names are the schema's, which has its own page.
                    if name != "figures" {
                        values.push(value);
                    }
                }
            }
            serde_json::Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
}

/// What every document keeps, signed or not: its envelope is read strictly.
fn reads_strictly<T: Document + PartialEq + Debug>(
    document: &T,
    json: &str,
    read: impl Fn(&[u8]) -> Result<T, &'static str>,
) {
    is_described(document);
    assert_eq!(read(json.as_bytes()).as_ref(), Ok(document), "{json}");
    let bytes = canonical::to_vec(document).unwrap();
    assert_eq!(bytes, canonical::tests::through_values(document).unwrap());
    assert_eq!(&canonical::from_slice::<T>(&bytes).unwrap(), document);
    assert_eq!(
        document.id().unwrap(),
        ids::hash_bytes(&format!("covenant/id/{}/v1", T::TYPE), &bytes)
    );

    let refused = |text: String, code: &str| assert_eq!(read(text.as_bytes()).unwrap_err(), code, "{text}");
    refused(
        json.replacen("\"document\": {", "\"document\": {\"extra\": 1,", 1),
        "unknown-field",
    );
    refused(json.replacen('{', "{\"extra\": 1,", 1), "unknown-field");
    refused(
        json.replace("\"version\": 1,", "\"version\": 9,"),
        "unsupported-version",
    );
    refused(
        json.replace(&format!("\"type\": \"{}\"", T::TYPE), "\"type\": \"letter\""),
        "wrong-document-type",
    );
    refused(format!("{json}{}", " ".repeat(T::BYTES_MAX)), "document-too-large");
    refused(json[..json.len() / 2].to_owned(), "malformed-document");
    if json.contains("abab") {
        refused(json.replacen("abab", "ABAB", 1), "malformed-document");
        refused(json.replacen("abab", "ab", 1), "malformed-document");
    }
}

fn plain<T: Document + PartialEq + Debug>(document: &T) {
    let json = String::from_utf8(document::to_json(document).unwrap()).unwrap();
    reads_strictly(document, &json, |bytes| {
        document::from_json(bytes).map_err(|r| r.code())
    });
}

fn signed<T: Document + Clone + PartialEq + Debug>(document: &T) {
    let signer = Signer::from_seed(&[7; 32]);
    let read = |bytes: &[u8]| {
        Signed::<T>::from_json(bytes)
            .and_then(|s| s.verify(&signer.public()))
            .map_err(|r| r.code())
    };
    let json = String::from_utf8(signer.sign(document.clone()).unwrap().to_json().unwrap()).unwrap();
    reads_strictly(document, &json, |bytes| read(bytes).map(|v| v.into_document()));

    let at = json.find("\"signature\": \"").unwrap() + 20;
    let mut changed = json.clone().into_bytes();
    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
    assert_eq!(read(&changed).unwrap_err(), "wrong-signature");
    let stranger = Signed::<T>::from_json(json.as_bytes())
        .unwrap()
        .verify(&HEX)
        .unwrap_err();
    assert_eq!(stranger.code(), "wrong-signer");
}

#[test]
fn what_a_bank_signs() {
    let name = Name::parse("Banque Exemple").unwrap();
    let now = time("2026-11-23T14:00:00Z");
    let signer = Signer::from_seed(&[7; 32]).public();
    signed(&Bank {
        name: name.clone(),
        key: signer,
        issued: now,
    });
    signed(&AttestorGrant {
        attestor: HEX,
        name: name.clone(),
        assurance_max: 3,
        issued: now,
    });
    signed(&AttestorRevocation {
        attestor: HEX,
        reason: Text::parse("key lost").unwrap(),
        revoked: now,
    });
    signed(&PinnedKey {
        verifying_key: HEX,
        statement: Text::parse("covenant/compliance/v1").unwrap(),
        development: true,
        manifest: Some(HEX),
        pinned: now,
    });
    signed(&Policy {
        compiler: Text::parse("1").unwrap(),
        source: "# naïve\n".into(),
        program: HEX,
    });
    signed(&Invitation {
        bank_name: name,
        bank: signer,
        registry_id: company(),
        blinding: field(5),
        issued: now,
        expires: now.plus_days(30),
    });
    signed(&Enrolled {
        invitation: HEX,
        registry_id: company(),
        nym: field(9),
        key: HEX,
        enrolled: now,
    });
    signed(&Request {
        policy: HEX,
        invitation: HEX,
        nym: field(9),
        statement: Text::parse("covenant/compliance/v1").unwrap(),
        verifying_key: HEX,
        log_origin: LogOrigin::parse("offline").unwrap(),
        attestors: vec![AcceptedAttestor {
            attestor: HEX,
            assurance_max: 3,
        }],
        as_of: day("2026-03-31"),
        nonce: HEX,
        issued: now,
        expires: now.plus_days(14),
    });
    signed(&Verdict {
        request: HEX,
        policy: HEX,
        verifying_key: HEX,
        development_key: false,
        tier: TierName::parse("A").unwrap(),
        nym: field(9),
        registry_id: company(),
        ends_from: day("2025-10-03"),
        ends_to: day("2026-03-31"),
        bases: [Some(StatementBasis::Solo), None],
        assurance_floors: [2, 0],
        attestors: vec![AcceptedAttestor {
            attestor: HEX,
            assurance_max: 3,
        }],
        as_of: day("2026-03-31"),
        decided: now,
        period_tags: [field(1), field(0)],
        statement_links: [field(2), field(0)],
        restated_or_shopped: 0,
        further: Vec::new(),
        bundle: HEX,
    });
}

#[test]
fn nobody_invites_in_another_banks_name() {
    let (bank, other) = (Signer::from_seed(&[7; 32]), Signer::from_seed(&[8; 32]));
    let now = time("2026-11-23T14:00:00Z");
    let invitation = Invitation {
        bank_name: Name::parse("Banque Exemple").unwrap(),
        bank: bank.public(),
        registry_id: company(),
        blinding: field(5),
        issued: now,
        expires: now,
    };
    assert_eq!(
        other.sign(invitation.clone()).map(|_| ()).unwrap_err().code(),
        "wrong-signer"
    );
    // The other bank signs its own invitation, and names the first bank afterwards or before: neither is read.
    let own = Invitation {
        bank: other.public(),
        ..invitation
    };
    let json = String::from_utf8(other.sign(own).unwrap().to_json().unwrap()).unwrap();
    let forged = json.replacen(&other.public().to_string(), &bank.public().to_string(), 1);
    let signed = Signed::<Invitation>::from_json(forged.as_bytes()).unwrap();
    assert_eq!(
        (signed.unverified().bank, signed.claimed_signer()),
        (bank.public(), other.public())
    );
    assert_eq!(
        signed.verify(&other.public()).map(|_| ()).unwrap_err().code(),
        "wrong-signer"
    );
}

#[test]
fn what_an_enterprise_and_an_attestor_write() {
    signed(&Bundle {
        request: HEX,
        policy: HEX,
        verifying_key: HEX,
        tier: TierName::parse("A").unwrap(),
        nym: field(9),
        period_tags: [field(1), field(0)],
        statement_links: [field(2), field(0)],
        proven_links: [field(0); 2],
        further: Vec::new(),
        proof: Base64([3; 128]),
    });
    plain(&Enrolment {
        invitation: HEX,
        nym: field(9),
        key: HEX,
        mac: HEX,
    });
    plain(&Attestation {
        statement: field(4),
        assurance: 2,
        attestor: HEX,
        signature: Bytes64([0xab; 64]),
    });
    plain(&AttestationRequest {
        registry_id: company(),
        eid: field(1),
        statement: StatedFigures::from_statement(&statement()).unwrap(),
        salt: field(2),
        statement_hash: field(3),
        review_sheet: Some(HEX),
    });
    plain(&AttestorLedger {
        entries: vec![LedgerEntry {
            eid: field(1),
            registry_id: company(),
            since: time("2026-11-23T14:00:00Z"),
        }],
    });
}

#[test]
fn a_policy_source_is_bounded() {
    let policy = Policy {
        compiler: Text::parse("1").unwrap(),
        source: " ".repeat(256 * 1024 + 1),
        program: HEX,
    };
    let refusal = Signer::from_seed(&[7; 32]).sign(policy).map(|_| ()).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.place.as_deref()),
        ("malformed-document", Some("policy: source"))
    );
}

fn statement() -> Statement {
    let mut figures = [0; 32];
    // current_assets, non_current_assets, total_assets; current_liabilities, total_liabilities; equity
    for (j, value) in [(0, 60), (1, 40), (5, 100), (6, 70), (8, 70), (20, 30)] {
        figures[j] = value;
    }
    Statement {
        schema: "enterprise-financials/v1",
        period: Period {
            start: Day(20_089),
            end: Day(20_453),
        },
        basis: Basis::Solo,
        currency: Currency::from_code("EUR").unwrap(),
        restatement: 1,
        assurance: Assurance(2),
        coverage: Coverage(1 << 20 | 0b1_1110_0011),
        figures: Figures(figures),
    }
}

#[test]
fn figures_go_by_name_and_absent_is_not_zero() {
    let stated = StatedFigures::from_statement(&statement()).unwrap();
    assert_eq!(stated.to_statement(Assurance(2)).unwrap(), statement());
    assert_eq!(stated.figures.0.len(), 7, "non-current liabilities are covered, and 0");

    let code = |change: &dyn Fn(&mut StatedFigures)| {
        let mut changed = stated.clone();
        change(&mut changed);
        changed.to_statement(Assurance(0)).unwrap_err().code()
    };
    let set = |name: &str, value| {
        let name = name.to_owned();
        move |s: &mut StatedFigures| {
            s.figures.0.insert(name.clone(), Amount(value));
        }
    };
    assert_eq!(code(&set("goodwill_of_the_king", 1)), "unknown-figure");
    assert_eq!(code(&set("equity", 31)), "identity-broken");
    assert_eq!(code(&set("current_assets", -1)), "figure-out-of-range");
    assert_eq!(code(&|s| s.schema = Text::parse("other/v1").unwrap()), "schema-unknown");
    assert_eq!(code(&|s| s.currency = Text::parse("DEM").unwrap()), "currency-unknown");
    assert_eq!(code(&|s| s.end = day("2020-01-01")), "period-invalid");

    let json = serde_json::to_string(&stated.figures).unwrap();
    let twice = json.replacen('{', "{\"equity\":\"30\",", 1);
    assert!(
        serde_json::from_str::<FigureMap>(&twice)
            .unwrap_err()
            .to_string()
            .contains("stands twice")
    );
}

#[test]
fn an_identity_stands_for_one_legal_person() {
    let (mut ledger, now) = (AttestorLedger::default(), time("2026-11-23T14:00:00Z"));
    assert_eq!(ledger.bind(field(1), &company(), now), Ok(true));
    assert_eq!(ledger.bind(field(1), &company(), now), Ok(false));
    let other = RegistryId::parse("FR-SIREN:987654321").unwrap();
    assert_eq!(ledger.bind(field(1), &other, now).unwrap_err().code(), "entity-bound");
    assert_eq!(ledger.bind(field(2), &other, now), Ok(true));
}

#[test]
fn an_enrolment_needs_the_code() {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let code = Code::random(&mut rng);
    let typed = Code::parse(&code.reveal().to_uppercase().replace('-', " ")).unwrap();
    let honest = Enrolment::redeem(HEX, field(9), Hex32([1; 32]), &typed).unwrap();
    let key = RedemptionKey::from_bytes(*code.redemption_key(&HEX).reveal());
    honest.check(&key).unwrap();

    let wrong = |enrolment: Enrolment, key: &RedemptionKey| enrolment.check(key).unwrap_err().code();
    assert_eq!(
        wrong(
            Enrolment {
                nym: field(8),
                ..honest.clone()
            },
            &key
        ),
        "wrong-code"
    );
    assert_eq!(
        wrong(
            Enrolment {
                key: Hex32([2; 32]),
                ..honest.clone()
            },
            &key
        ),
        "wrong-code"
    );
    assert_eq!(
        wrong(
            Enrolment {
                invitation: Hex32([2; 32]),
                ..honest.clone()
            },
            &key
        ),
        "wrong-code"
    );
    assert_eq!(
        wrong(
            Enrolment {
                mac: Hex32([2; 32]),
                ..honest.clone()
            },
            &key
        ),
        "wrong-code"
    );
    assert_eq!(
        wrong(honest.clone(), &Code::random(&mut rng).redemption_key(&HEX)),
        "wrong-code"
    );
    assert_eq!(wrong(honest, &code.redemption_key(&Hex32([2; 32]))), "wrong-code");
    for text in [
        "",
        "abc",
        "0189",
        &"a".repeat(27),
        &"a".repeat(200),
        "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-b",
    ] {
        assert_eq!(
            Code::parse(text).map(|_| ()).unwrap_err().code(),
            "wrong-code",
            "{text}"
        );
    }
}

const CHEAP: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

#[test]
fn secret_keys_open_for_their_owner() {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let phrase = Passphrase::new("correct horse".into()).unwrap();
    for role in [Role::Bank, Role::Attestor] {
        let key = SecretKey::random(role, &mut rng);
        let clear = key.store(None, &mut rng).unwrap();
        let sealed = key.store(Some((&phrase, CHEAP)), &mut rng).unwrap();
        for (file, passphrase) in [(&clear, None), (&clear, Some(&phrase)), (&sealed, Some(&phrase))] {
            let json = document::to_json(file).unwrap();
            let file: SecretKeyFile = document::from_json(&json).unwrap();
            assert_eq!(SecretKey::load(&file, passphrase).unwrap().public(), key.public());
        }
        let code = |file: &SecretKeyFile, passphrase| SecretKey::load(file, passphrase).map(|_| ()).unwrap_err().code();
        let other = Passphrase::new("battery staple".into()).unwrap();
        assert_eq!(code(&sealed, None), "passphrase-missing");
        assert_eq!(code(&sealed, Some(&other)), "wrong-passphrase");
        assert_eq!(
            code(
                &SecretKeyFile {
                    public: HEX,
                    ..sealed.clone()
                },
                Some(&phrase)
            ),
            "key-mismatch"
        );
        let garbled = SecretKeyFile {
            secret: StoredSecret::Sealed("*".into()),
            ..sealed
        };
        assert_eq!(code(&garbled, Some(&phrase)), "seal-malformed");
        let short = SecretKeyFile {
            secret: StoredSecret::Clear("abab".into()),
            ..clear
        };
        assert_eq!(code(&short, None), "malformed-document");
    }
}

#[test]
fn keys_sign_in_their_role() {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let (bank, attestor) = (
        SecretKey::random(Role::Bank, &mut rng),
        SecretKey::random(Role::Attestor, &mut rng),
    );
    assert_eq!(attestor.signer().map(|_| ()).unwrap_err().code(), "wrong-key-role");
    assert_eq!(bank.attestor().map(|_| ()).unwrap_err().code(), "wrong-key-role");
    assert_eq!(bank.signer().unwrap().public(), bank.public());
    assert_eq!(attestor.attestor().unwrap().public().packed(), attestor.public().0);
}
