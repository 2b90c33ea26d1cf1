use crate::test_statement::{Lying, MoreRows, Order, OwnInput, honest};

use super::*;

#[test]
fn the_shape_is_pinned() {
    let text = Shape::of::<Order>().unwrap().to_text();
    assert_eq!(
        text,
        "statement covenant/test-order/v1\n\
         rows 52\nwitnesses 50\npublic-inputs 4\npolicy-inputs 2\nnon-zeros 102 52 50\ndomain 64\n\
         matrices sha256 fa090aff65df649060533eaf1f147231d48d96e0c7a4b895367d2fee72baac56\n\n\
         rules\n  product 1\n  quantity-range 17\n  limit 33\n  tag 1\n\n\
         inputs\n  1 limit\n  2 price\n  3 total\n  4 tag\n"
    );
    assert_eq!(text, Shape::of::<Order>().unwrap().to_text());
}

#[test]
fn another_circuit_has_another_hash() {
    let [order, lying, more] =
        [Shape::of::<Order>(), Shape::of::<Lying>(), Shape::of::<MoreRows>()].map(|s| s.unwrap().matrices);
    assert_eq!(order, lying);
    assert_ne!(order, more);
}

#[test]
fn only_the_proof_system_allocates_public_inputs() {
    assert_eq!(Shape::of::<OwnInput>(), Err(SynthesisError::ArityMismatch));
}

#[test]
fn the_assignment_satisfies_the_matrices_and_every_wire_matters() {
    let (public, witness) = honest();
    let (matrices, rules) = matrices_of::<Order>().unwrap();
    let mut assignment = Assignment::of::<Order>(&public, &witness).unwrap();
    assert_eq!(matrices.first_broken_row(&assignment.values), None);
    // The constant one is not a wire that a prover could choose.
    for wire in 1..matrices.wires() {
        assignment.values[wire] += Field::from(1u64);
        assert!(matrices.first_broken_row(&assignment.values).is_some(), "wire {wire}");
        assignment.values[wire] -= Field::from(1u64);
    }
    assert_eq!(rule_of(&rules, 0), Some("product"));
    assert_eq!(rule_of(&rules, matrices.rows() - 1), Some("tag"));
    assert_eq!(rule_of(&rules, matrices.rows()), None);
}
