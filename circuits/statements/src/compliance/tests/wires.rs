//! Loose wires: each private wire, nudged alone on the matrices, must break a row. Forgeries find missing rules, this finds
//! wires that no rule holds.

use covenant_gadgets::testing::loose_wires;
use covenant_policy::program::{Relation, Source};

use super::{fixture::World, synthesize};
use crate::compliance::Assignment;

fn assert_no_loose_wire(world: &World) {
    let inputs = world.public.inputs();
    let finished = synthesize(&inputs, &Assignment::honest(&inputs, &world.witness));
    assert_eq!(loose_wires(&finished), Vec::<usize>::new());
}

#[test]
fn no_wire_is_loose_when_both_statements_are_attested() {
    assert_no_loose_wire(&World::attested());
}

#[test]
fn no_wire_is_loose_when_nothing_is_attested_and_one_statement_is_absent() {
    assert_no_loose_wire(&World::new([Source::SelfDeclared, Source::Absent], Relation::None));
}

#[test]
fn no_wire_is_loose_under_a_schema_without_identities() {
    assert_no_loose_wire(&World::monthly());
}

#[test]
fn no_wire_is_loose_when_a_statement_is_proven() {
    assert_no_loose_wire(&World::new([Source::Proven, Source::Attested], Relation::Companion));
}
