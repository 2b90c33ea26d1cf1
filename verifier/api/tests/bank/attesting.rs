//! What an attestor signs, and what it refuses to.

use covenant_api::attest::{CheckedStatement, check_attestation};
use covenant_api::documents::*;
use covenant_api::types::*;
use covenant_gadgets::field::field_from_u64;
use covenant_policy::statement::Assurance;

use crate::world::*;

fn request() -> AttestationRequest {
    let mut bank = House::new();
    bank.customer(1).attestation_request(&statement(150))
}

#[test]
fn the_assurance_stands_inside_what_is_signed() {
    let request = request();
    let checked = CheckedStatement::new(&request).unwrap();
    let [reviewed, audited] = [2, 3].map(|a| checked.attest(&attestor_key(), Assurance(a)));
    assert_ne!(reviewed.statement, audited.statement);
    check_attestation(&reviewed).unwrap();
    let code = |attestation: Attestation| check_attestation(&attestation).map(|_| ()).unwrap_err().code();
    assert_eq!(
        code(Attestation {
            statement: audited.statement,
            ..reviewed.clone()
        }),
        "wrong-signature"
    );
    assert_eq!(
        code(Attestation {
            signature: audited.signature,
            ..reviewed.clone()
        }),
        "wrong-signature"
    );
    assert_eq!(
        code(Attestation {
            signature: Bytes64([0xff; 64]),
            ..reviewed.clone()
        }),
        "wrong-signature"
    );
    assert_eq!(
        code(Attestation {
            attestor: Hex32([0xff; 32]),
            ..reviewed.clone()
        }),
        "invalid-key"
    );
    let mut changed = reviewed.clone();
    changed.signature.0[40] ^= 1;
    assert_eq!(code(changed), "wrong-signature");
}

#[test]
fn hash_and_figures_belong_together() {
    let honest = request();
    let code = |request: AttestationRequest| CheckedStatement::new(&request).map(|_| ()).unwrap_err().code();
    let other = FieldElement(field_from_u64(5));
    assert_eq!(
        code(AttestationRequest {
            statement_hash: other,
            ..honest.clone()
        }),
        "statement-mismatch"
    );
    assert_eq!(
        code(AttestationRequest {
            salt: other,
            ..honest.clone()
        }),
        "statement-mismatch"
    );
    assert_eq!(
        code(AttestationRequest {
            eid: other,
            ..honest.clone()
        }),
        "statement-mismatch"
    );
    assert_eq!(
        code(AttestationRequest {
            registry_id: company(2),
            ..honest.clone()
        }),
        "statement-mismatch"
    );
    let mut restated = honest.clone();
    restated.statement.restatement = 1;
    assert_eq!(code(restated), "statement-mismatch");
    // A figure that is not covered is not the same as one that is 0.
    let mut uncovered = honest.clone();
    assert!(
        uncovered
            .statement
            .figures
            .0
            .remove("non_current_liabilities")
            .is_some()
    );
    assert_eq!(code(uncovered), "statement-mismatch");
    let mut unbalanced = honest;
    unbalanced.statement.figures.0.insert("equity".into(), Amount(1));
    assert_eq!(code(unbalanced), "identity-broken");
}
