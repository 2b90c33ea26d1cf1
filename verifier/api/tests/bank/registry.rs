//! What a bank writes into its registry, and what is refused; what is read from it, and what is refused.

use std::fs;
use std::path::Path;

use covenant_api::documents::*;
use covenant_api::registry::Registry;
use covenant_api::sign::Signer;
use covenant_api::types::*;
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;

use crate::world::*;

fn code<T>(result: Result<T, Refusal>) -> &'static str {
    result.map(|_| ()).unwrap_err().code()
}

fn text(text: &str) -> Text {
    Text::parse(text).unwrap()
}

#[test]
fn what_was_written_is_read_back() {
    let mut bank = House::new();
    let policy = bank.policy(POLICY);
    let customer = bank.customer(1);
    let request = bank.ask(policy, &customer);
    let registry = bank.reopened();
    assert_eq!(registry.bank().name.as_str(), "Banque Exemple");
    assert_eq!(registry.request(&request.id()).unwrap().document(), request.document());
    assert_eq!(registry.policy(&policy).unwrap().document().source, POLICY);
    assert_eq!(
        registry.enrolled(&customer.invitation.id()).unwrap().key,
        customer.signer.public()
    );
    assert_eq!(registry.standing_grants().count(), 1);
    assert_eq!(registry.keys().map(|k| k.verifying_key).collect::<Vec<_>>(), [bank.key]);
    assert_eq!(
        request.attestors,
        [AcceptedAttestor {
            attestor: attestor_id(),
            assurance_max: GRANT
        }]
    );
    let secrets = fs::read_dir(bank.directory.path().join("codes")).unwrap().count();
    assert_eq!(secrets, 0, "a redeemed code leaves nothing behind");
    let again = Registry::create(
        bank.directory.path(),
        Name::parse("x").unwrap(),
        &bank.signer,
        time(NOW),
    );
    assert_eq!(code(again), "file-exists");
}

#[test]
fn only_the_bank_writes() {
    let mut bank = House::new();
    let policy = bank.policy(POLICY);
    let customer = bank.customer(1);
    let (other, now) = (Signer::from_seed(&[66; 32]), time(NOW));
    let registry = &mut bank.registry;
    let name = Name::parse("x").unwrap();
    assert_eq!(
        code(registry.grant(&other, attestor_id(), name, 9, now)),
        "wrong-signer"
    );
    assert_eq!(
        code(registry.revoke(&other, attestor_id(), text("x"), now)),
        "wrong-signer"
    );
    assert_eq!(code(registry.sign_policy(&other, POLICY)), "wrong-signer");
    assert_eq!(code(registry.pin_key(&other, &[], DEVELOPMENT, now)), "wrong-signer");
    assert_eq!(
        code(registry.invite(&other, company(2), 1, now, &mut bank.rng)),
        "wrong-signer"
    );
    let terms = bank.terms(policy, customer.invitation.id());
    assert_eq!(
        code(bank.registry.ask(&other, &terms, now, &mut bank.rng)),
        "wrong-signer"
    );
    let enrolment = customer.enrolment(&Code::random(&mut bank.rng));
    assert_eq!(code(bank.registry.enrol(&other, &enrolment, now)), "wrong-signer");
}

#[test]
fn attestors_are_granted_and_struck_for_good() {
    let mut bank = House::new();
    let (registry, signer, now) = (&mut bank.registry, &bank.signer, time(NOW));
    let name = || Name::parse("Cabinet Exact").unwrap();
    let mut identity = [0; 32];
    identity[0] = 1;
    assert_eq!(
        code(registry.grant(signer, Hex32(identity), name(), 3, now)),
        "invalid-key"
    );
    assert_eq!(
        code(registry.grant(signer, Hex32([0xff; 32]), name(), 3, now)),
        "invalid-key"
    );
    registry.grant(signer, attestor_id(), name(), 2, now).unwrap();
    assert_eq!(
        registry.grant_to(&attestor_id()).unwrap().assurance_max,
        2,
        "a later grant replaces the earlier one"
    );
    assert_eq!(code(registry.grant_to(&Hex32([5; 32]))), "unknown-attestor");
    assert_eq!(
        code(registry.revoke(signer, Hex32([5; 32]), text("x"), now)),
        "unknown-attestor"
    );
    registry.revoke(signer, attestor_id(), text("key lost"), now).unwrap();
    assert_eq!(code(registry.grant_to(&attestor_id())), "attestor-revoked");
    assert_eq!(
        code(registry.revoke(signer, attestor_id(), text("x"), now)),
        "attestor-revoked"
    );
    assert_eq!(
        code(registry.grant(signer, attestor_id(), name(), 3, now)),
        "attestor-revoked"
    );
    assert_eq!(bank.reopened().standing_grants().count(), 0);
}

#[test]
fn an_invitation_is_redeemed_once_in_time_and_with_its_code() {
    let mut bank = House::new();
    let now = time(NOW);
    let (invitation, right) = bank
        .registry
        .invite(&bank.signer, company(1), 30, now, &mut bank.rng)
        .unwrap();
    let enterprise = Enterprise::new(1, invitation);
    let wrong = enterprise.enrolment(&Code::random(&mut bank.rng));
    assert_eq!(code(bank.registry.enrol(&bank.signer, &wrong, now)), "wrong-code");
    let honest = enterprise.enrolment(&right);
    assert_eq!(
        code(bank.registry.enrol(&bank.signer, &honest, now.plus_days(31))),
        "invitation-expired"
    );
    let elsewhere = Enrolment {
        invitation: Hex32([5; 32]),
        ..honest.clone()
    };
    assert_eq!(
        code(bank.registry.enrol(&bank.signer, &elsewhere, now)),
        "unknown-invitation"
    );

    let mut late = bank.reopened();
    bank.registry.enrol(&bank.signer, &honest, now).unwrap();
    assert_eq!(code(bank.registry.enrol(&bank.signer, &honest, now)), "invitation-used");
    // A process that opened the registry before finds the code gone.
    assert_eq!(code(late.enrol(&bank.signer, &honest, now)), "invitation-used");
}

#[test]
fn a_company_keeps_its_pseudonym() {
    let mut bank = House::new();
    let first = bank.customer(1);
    let mut enrol = |number: u64, sk: u64| {
        let (invitation, right) = bank
            .registry
            .invite(&bank.signer, company(number), 30, time(NOW), &mut bank.rng)
            .unwrap();
        let enterprise = Enterprise {
            sk: Enterprise::new(sk, invitation.clone()).sk,
            ..Enterprise::new(9, invitation)
        };
        bank.registry
            .enrol(&bank.signer, &enterprise.enrolment(&right), time(NOW))
            .map(|_| ())
            .map_err(|r| r.code())
    };
    assert_eq!(enrol(1, 1), Ok(()), "the same company with a new key");
    assert_eq!(
        enrol(1, 2),
        Err("applicant-conflict"),
        "the same company under another pseudonym"
    );
    assert_eq!(
        enrol(2, 1),
        Err("applicant-conflict"),
        "another company under the same pseudonym"
    );
    assert_eq!(enrol(2, 2), Ok(()));
    assert_eq!(first.registry_id, company(1));
}

#[test]
fn a_weak_key_is_not_enrolled() {
    let mut bank = House::new();
    let (invitation, right) = bank
        .registry
        .invite(&bank.signer, company(1), 30, time(NOW), &mut bank.rng)
        .unwrap();
    let enrolment = Enrolment::redeem(invitation.id(), FieldElement::default(), Hex32([0xff; 32]), &right).unwrap();
    assert_eq!(
        code(bank.registry.enrol(&bank.signer, &enrolment, time(NOW))),
        "invalid-key"
    );
}

#[test]
fn a_request_refers_to_what_the_registry_has() {
    let mut bank = House::new();
    let policy = bank.policy(POLICY);
    let customer = bank.customer(1);
    let (open, _) = bank
        .registry
        .invite(&bank.signer, company(2), 30, time(NOW), &mut bank.rng)
        .unwrap();
    let honest = bank.terms(policy, customer.invitation.id());
    let nothing = Hex32([5; 32]);
    let mut ask = |terms| code(bank.registry.ask(&bank.signer, &terms, time(NOW), &mut bank.rng));
    use covenant_api::registry::RequestTerms as Terms;
    assert_eq!(
        ask(Terms {
            policy: nothing,
            ..honest.clone()
        }),
        "unknown-policy"
    );
    assert_eq!(
        ask(Terms {
            invitation: nothing,
            ..honest.clone()
        }),
        "unknown-invitation"
    );
    assert_eq!(
        ask(Terms {
            invitation: open.id(),
            ..honest.clone()
        }),
        "not-enrolled"
    );
    assert_eq!(
        ask(Terms {
            verifying_key: nothing,
            ..honest.clone()
        }),
        "unknown-verifying-key"
    );
    bank.registry
        .revoke(&bank.signer, attestor_id(), text("gone"), time(NOW))
        .unwrap();
    assert_eq!(
        code(bank.registry.ask(&bank.signer, &honest, time(NOW), &mut bank.rng)),
        "no-attestor"
    );
}

#[test]
fn a_key_is_pinned_whole_and_marked() {
    let mut bank = House::new();
    let bytes = proving_key().verifying().to_bytes();
    let (signer, now) = (&bank.signer, time(NOW));
    let strict = KeyPolicy {
        allow_development: false,
    };
    assert_eq!(
        code(bank.registry.pin_key(signer, &bytes, strict, now)),
        "development-key"
    );
    assert_eq!(
        code(bank.registry.pin_key(signer, &bytes[..100], DEVELOPMENT, now)),
        "key-malformed"
    );
    assert!(bank.registry.pinned(&bank.key).unwrap().development);
    assert_eq!(code(bank.registry.verifying_key(&bank.key, strict)), "development-key");
    assert_eq!(
        code(bank.registry.verifying_key(&Hex32([5; 32]), DEVELOPMENT)),
        "unknown-verifying-key"
    );
    assert_eq!(
        bank.registry.verifying_key(&bank.key, DEVELOPMENT).unwrap().id().0,
        bank.key.0
    );
    let record = bank.directory.path().join(format!("keys/{}.json", bank.key));
    // A record that was signed over another marking does not let a development key pass for a ceremony's.
    let forged = bank.signer.sign(PinnedKey {
        development: false,
        ..bank.registry.pinned(&bank.key).unwrap().document().clone()
    });
    fs::write(record, forged.unwrap().to_json().unwrap()).unwrap();
    assert_eq!(
        code(bank.reopened().verifying_key(&bank.key, DEVELOPMENT)),
        "registry-damaged"
    );
}

fn files_of(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_of(&path)),
            false if path.extension().is_some_and(|e| e == "json") => files.push(path),
            false => {}
        }
    }
    files
}

#[test]
fn one_bad_file_spoils_the_registry() {
    let mut bank = House::new();
    let policy = bank.policy(POLICY);
    let customer = bank.customer(1);
    bank.ask(policy, &customer);
    let revoked = Hex32(
        covenant_gadgets::eddsa::SecretKey::from_seed(&[3; 32])
            .public()
            .packed(),
    );
    bank.registry
        .grant(&bank.signer, revoked, Name::parse("Old").unwrap(), 1, time(NOW))
        .unwrap();
    bank.registry
        .revoke(&bank.signer, revoked, text("retired"), time(NOW))
        .unwrap();
    let files = files_of(bank.directory.path());
    assert_eq!(
        files.len(),
        9,
        "bank, 2 grants, revocation, policy, key, invitation, enrolment, request"
    );
    for path in files {
        let good = fs::read_to_string(&path).unwrap();
        let at = good.find("\"signature\": \"").unwrap() + 20;
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'0' { b'1' } else { b'0' };
        fs::write(&path, &bad).unwrap();
        let refusal = Registry::open(bank.directory.path()).map(|_| ()).unwrap_err();
        assert_eq!(refusal.code(), "wrong-signature", "{}", path.display());
        assert!(
            refusal
                .place
                .unwrap()
                .contains(path.file_name().unwrap().to_str().unwrap())
        );
        fs::write(&path, &good).unwrap();

        // The same file under another file's name.
        if path.file_name().unwrap() != "bank.json" {
            let elsewhere = path.with_file_name(format!("{}.json", Hex32([7; 32])));
            fs::write(&elsewhere, &good).unwrap();
            assert_eq!(
                code(Registry::open(bank.directory.path())),
                "registry-damaged",
                "{}",
                path.display()
            );
            fs::remove_file(elsewhere).unwrap();
        }
    }
    bank.reopened();
    fs::remove_file(bank.directory.path().join("bank.json")).unwrap();
    assert_eq!(code(Registry::open(bank.directory.path())), "not-a-registry");
}

#[test]
fn a_policy_compiles_to_what_was_signed() {
    let mut bank = House::new();
    let id = bank.policy(POLICY);
    assert_eq!(bank.policy(POLICY), id, "signing it again changes nothing");
    let honest = bank.registry.policy(&id).unwrap().document().document().clone();
    let open = |policy: Policy| {
        let directory = tempfile::tempdir().unwrap();
        let name = Name::parse("x").unwrap();
        Registry::create(directory.path(), name, &bank.signer, time(NOW)).unwrap();
        let signed = bank.signer.sign(policy).unwrap();
        let path = directory.path().join(format!("policies/{}.json", signed.id()));
        fs::write(path, signed.to_json().unwrap()).unwrap();
        Registry::open(directory.path()).map(|_| ()).map_err(|r| r.code())
    };
    assert_eq!(open(honest.clone()), Ok(()));
    assert_eq!(
        open(Policy {
            program: Hex32([5; 32]),
            ..honest.clone()
        }),
        Err("policy-mismatch")
    );
    assert_eq!(
        open(Policy {
            compiler: text("0.0.0"),
            ..honest.clone()
        }),
        Err("policy-mismatch")
    );
    let other = policy_with(">= 1.2", ">= 1.1");
    assert_ne!(other, honest.source);
    assert_eq!(
        open(Policy {
            source: other,
            ..honest
        }),
        Err("policy-mismatch")
    );
}
