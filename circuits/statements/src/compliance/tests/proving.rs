//! Real proofs under a development key: what verifies, and that nothing else does.

use std::sync::OnceLock;

use covenant_gadgets::circuit::Field;
use covenant_policy::program::{Relation, Source};
use covenant_proofs::{
    decode::Proof,
    keys::{ProvingKey, development},
    prove::{ProveError, prove},
    statement::Statement as _,
    verify::{PreparedKey, VerifyError, verify},
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

use super::fixture::World;
use crate::compliance::{Compliance, Rule, circuit_version};

pub(super) fn key() -> &'static ProvingKey {
    static KEY: OnceLock<ProvingKey> = OnceLock::new();
    KEY.get_or_init(|| development::<Compliance>("tests of the compliance statement").unwrap())
}

fn proof_of(world: &World) -> (Vec<Field>, Proof) {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let proof = prove::<Compliance>(key(), &world.public, &world.witness, &mut rng).unwrap();
    (Compliance::inputs(&world.public), proof)
}

#[test]
fn one_key_proves_every_source_and_relation() {
    for world in [
        World::attested(),
        World::new([Source::SelfDeclared, Source::Absent], Relation::None),
        World::new([Source::Proven, Source::Attested], Relation::Companion),
    ] {
        let (inputs, proof) = proof_of(&world);
        assert_eq!(proof.to_bytes().len(), 128);
        assert_eq!(verify::<Compliance>(key().verifying(), &inputs, &proof), Ok(()));
        let (policy, rest) = inputs.split_at(Compliance::policy_inputs());
        let prepared = PreparedKey::new::<Compliance>(key().verifying(), policy).unwrap();
        assert_eq!(prepared.verify(rest, &proof), Ok(()));
    }
}

#[test]
fn changing_any_single_public_input_is_refused() {
    let (inputs, proof) = proof_of(&World::attested());
    let accepted: Vec<usize> = (0..inputs.len())
        .into_par_iter()
        .filter(|&place| {
            let mut changed = inputs.clone();
            changed[place] += Field::from(1u64);
            verify::<Compliance>(key().verifying(), &changed, &proof) != Err(VerifyError::Invalid)
        })
        .collect();
    assert_eq!(accepted, Vec::<usize>::new());
}

#[test]
fn an_input_more_or_less_is_refused() {
    let (inputs, proof) = proof_of(&World::new([Source::SelfDeclared, Source::Absent], Relation::None));
    assert_eq!(
        inputs.last(),
        Some(&Field::from(0u64)),
        "the last input is 0, so dropping it changes no sum"
    );
    let expected = inputs.len();
    let refused = |found| Err(VerifyError::InputCount { expected, found });
    assert_eq!(
        verify::<Compliance>(key().verifying(), &inputs[..expected - 1], &proof),
        refused(expected - 1)
    );
    let longer = [&inputs[..], &[Field::from(0u64)]].concat();
    assert_eq!(
        verify::<Compliance>(key().verifying(), &longer, &proof),
        refused(expected + 1)
    );
}

#[test]
fn a_key_is_held_to_the_pinned_circuit() {
    assert_eq!(circuit_version::check_key(key().verifying()), Ok(()));
}

#[test]
fn what_the_relation_refuses_is_not_proven() {
    let world = World::attested().edit(0, |s| s.figures.0[super::fixture::EQUITY] += 1);
    let mut rng = ChaCha20Rng::seed_from_u64(12);
    match prove::<Compliance>(key(), &world.public, &world.witness, &mut rng) {
        Err(ProveError::Violation(violation)) => assert_eq!(violation.rule, Rule::SchemaIdentity),
        other => panic!("{other:?}"),
    }
}
