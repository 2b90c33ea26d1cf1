//! What the verifier refuses before it looks at a proof: programs and grants under which a proof would say less than it seems to.

use std::sync::Arc;

use covenant_gadgets::eddsa::{PublicKey, SecretKey};
use covenant_policy::{
    program::{Program, Relation, Source},
    refusal::Refusal,
    schema::ENTERPRISE_FINANCIALS,
};

use super::fixture::{self, CASH, EQUITY, FLOOR, GRANT, TOTAL_ASSETS, World, attestor, grants};
use crate::{
    commitments::StatementOpening,
    compliance::{Attestation, PolicyInputs},
};

fn key(seed: u8) -> PublicKey {
    SecretKey::from_seed(&[seed; 32]).public()
}

fn inputs(program: Program, tier: usize, grants: &[(PublicKey, u8)]) -> Result<PolicyInputs, Refusal> {
    PolicyInputs::new(&Arc::new(program), tier, grants)
}

fn code(result: Result<PolicyInputs, Refusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.code(), |_| "accepted")
}

fn attested() -> Program {
    fixture::program([Source::Attested, Source::Absent], Relation::None)
}

#[test]
fn a_floor_on_what_nobody_attests_is_refused() {
    for source in [Source::SelfDeclared, Source::Proven] {
        let mut program = fixture::program([source, Source::Absent], Relation::None);
        assert_eq!(code(inputs(program.clone(), 0, &[])), "accepted");
        program.statements[0].assurance_floor = 1;
        let refusal = inputs(program, 0, &[]).unwrap_err();
        assert_eq!(refusal.code(), "program-invalid");
        assert!(refusal.what.contains("statement"), "{}", refusal.what);
        assert!(refusal.what.contains("assurance floor"), "{}", refusal.what);
    }
}

#[test]
fn the_figures_of_the_identities_must_be_needed() {
    for figure in [TOTAL_ASSETS, EQUITY] {
        let mut program = fixture::program([Source::SelfDeclared, Source::SelfDeclared], Relation::Prior);
        // Nothing reads the figure, so that only the identities are left to ask for it.
        for side in program.slots.iter_mut().flat_map(|slot| [&mut slot.u, &mut slot.v]) {
            side[32 + CASH] += std::mem::take(&mut side[32 + figure]);
        }
        program.statements[1].need &= !(1 << figure);
        let refusal = inputs(program.clone(), 0, &[]).unwrap_err();
        assert_eq!(refusal.code(), "program-invalid");
        let name = ENTERPRISE_FINANCIALS.figures[figure].name;
        let what = format!("{name}, which every statement of enterprise-financials/v1 gives, need not be covered");
        assert_eq!(refusal.what, what);
        // The output of a book proof gives the figures of that book only.
        program.statements[1].source = Source::Proven;
        assert_eq!(code(inputs(program, 0, &[])), "accepted");
    }
}

#[test]
fn tiers_and_attestors_that_are_not_there_are_refused() {
    assert_eq!(code(inputs(attested(), 1, &grants())), "unknown-tier");
    assert_eq!(code(inputs(attested(), 0, &[])), "no-attestor");
    let mut named = attested();
    named.attestors_from_registry = false;
    named.attestors = vec![attestor().public().packed()];
    assert_eq!(code(inputs(named.clone(), 0, &grants())), "accepted");
    assert_eq!(code(inputs(named, 0, &[(key(20), 4)])), "no-attestor");
}

#[test]
fn attestors_below_every_floor_take_up_no_place() {
    let good = (attestor().public(), GRANT);
    let below = FLOOR.0 - 1;
    assert_eq!(code(inputs(attested(), 0, &[(key(20), below)])), "no-attestor");
    let crowd: Vec<_> = (50..90).map(|seed| (key(seed), below)).chain([good]).collect();
    let policy = inputs(attested(), 0, &crowd).unwrap();
    assert_eq!(policy.attestors(), [good]);
    let crowd: Vec<_> = (50..90).map(|seed| (key(seed), FLOOR.0)).collect();
    assert_eq!(code(inputs(attested(), 0, &crowd)), "too-many-attestors");
}

#[test]
fn of_two_grants_to_one_key_the_lower_counts() {
    let key = attestor().public();
    let policy = inputs(attested(), 0, &[(key, 4), (key, GRANT), (key, 4)]).unwrap();
    assert_eq!(policy.attestors(), [(key, GRANT)]);
    // Whatever the order, a lowered grant is not outlived by the old one.
    assert_eq!(code(inputs(attested(), 0, &[(key, 4), (key, 0)])), "no-attestor");
}

#[test]
fn an_opening_shows_nothing_in_logs() {
    let opening: StatementOpening = World::attested().witness.opening(0).unwrap();
    assert_eq!(format!("{opening:?}"), "StatementOpening(secret)");
}

/// An attestation that the policy does not ask for changes nothing: its grant does not bound the assurance.
#[test]
fn an_attestation_that_nobody_asks_for_is_left_out() {
    let mut world = World::new([Source::Proven, Source::Absent], Relation::None).edit(0, |s| s.assurance.0 = GRANT + 1);
    let hash = world.witness.opening(0).unwrap().hash(&ENTERPRISE_FINANCIALS);
    world.witness.statements[0].as_mut().unwrap().attestation = Some(Attestation {
        key: attestor().public(),
        grant: GRANT,
        signature: attestor().sign(hash),
    });
    super::cases::assert_honest(&world);
}

/// A row over an empty slot is blank in all but name: it would pass whatever the figures are.
#[test]
fn a_row_over_an_empty_product_slot_is_refused() {
    let mut program = attested();
    program.rows[fixture::ROW_BOTH].slots[3] = 1;
    assert_eq!(code(inputs(program, 0, &grants())), "program-invalid");
}
