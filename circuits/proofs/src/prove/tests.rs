use crate::keys::development;
use crate::shape::Assignment;
use crate::test_statement::{
    Lying, MoreRows, MoreWires, Order, Other, Public, Uncomputable, Violation, Witness, honest, key, rng,
};

use super::*;

#[test]
fn an_honest_proof_is_made_verified_and_blinded() {
    let (public, witness) = honest();
    let key = key();
    let first = prove::<Order>(&key, &public, &witness, &mut rng(1)).unwrap();
    let second = prove::<Order>(&key, &public, &witness, &mut rng(2)).unwrap();
    assert_ne!(first.to_bytes(), second.to_bytes());
    assert_eq!(
        first.to_bytes(),
        prove::<Order>(&key, &public, &witness, &mut rng(1)).unwrap().to_bytes()
    );
    for proof in [first, second] {
        assert_eq!(
            verify::<Order>(key.verifying(), &Order::inputs(&public), &proof),
            Ok(())
        );
    }
}

#[test]
fn a_relation_that_does_not_hold_is_refused_before_the_circuit() {
    let (public, mut witness) = honest();
    witness.quantity += 1;
    match prove::<Order>(&key(), &public, &witness, &mut rng(1)) {
        Err(e @ ProveError::Violation(Violation::Product)) => assert_eq!(e.code(), "statement-violated"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lying_check_is_caught_by_the_rule_of_the_first_broken_row() {
    let key = key();
    let (public, witness) = honest();
    let mut forgeries = vec![];
    forgeries.push(("product", public.clone(), witness.clone()));
    forgeries[0].1.total += 1;
    let large = Witness {
        quantity: 65_536,
        salt: 0,
    };
    forgeries.push((
        "quantity-range",
        Public {
            limit: 500_000,
            price: 7,
            total: 458_752,
            tag: 0,
        },
        large,
    ));
    forgeries.push((
        "limit",
        Public {
            limit: 839,
            ..public.clone()
        },
        witness.clone(),
    ));
    forgeries.push((
        "tag",
        Public {
            tag: public.tag + 1,
            ..public.clone()
        },
        witness.clone(),
    ));
    for (expected, public, witness) in forgeries {
        assert!(Order::check(&public, &witness).is_err(), "{expected} is a forgery");
        match prove::<Lying>(&key, &public, &witness, &mut rng(1)) {
            Err(ref e @ ProveError::Unsatisfied { rule, row }) => {
                assert_eq!(rule, expected, "row {row}");
                assert_eq!(e.code(), "circuit-unsatisfied");
            }
            other => panic!("{expected}: {other:?}"),
        }
        let assignment = Assignment::of::<Lying>(&public, &witness).unwrap();
        assert!(key.matrices().first_broken_row(&assignment.values).is_some());
    }
}

#[test]
fn a_circuit_of_another_shape_is_refused() {
    let (key, (public, witness)) = (key(), honest());
    let forged = Public {
        tag: public.tag + 1,
        ..public.clone()
    };
    let rows = prove::<MoreRows>(&key, &forged, &witness, &mut rng(1)).unwrap_err();
    assert!(matches!(rows, ProveError::OtherCircuit), "{rows:?}");
    assert_eq!(rows.code(), "circuit-mismatch");
    let wires = prove::<MoreWires>(&key, &public, &witness, &mut rng(1)).unwrap_err();
    assert!(
        matches!(wires, ProveError::CircuitMismatch { what: "witnesses", .. }),
        "{wires:?}"
    );
    assert_eq!(wires.code(), "circuit-mismatch");
}

#[test]
fn a_key_of_another_statement_is_refused() {
    let (public, witness) = honest();
    let other = development::<Other>("tests").unwrap();
    let refused = prove::<Order>(&other, &public, &witness, &mut rng(1)).unwrap_err();
    assert_eq!(refused.code(), "key-of-another-statement");
}

#[test]
fn a_value_that_cannot_be_computed_is_an_error() {
    let (public, witness) = honest();
    let refused = prove::<Uncomputable>(&key(), &public, &witness, &mut rng(1)).unwrap_err();
    assert_eq!(refused.code(), "synthesis-failed");
}

#[test]
fn a_damaged_key_is_noticed_by_the_proof_verifying_itself() {
    let (public, witness) = honest();
    let damages: [fn(&mut ProvingKey); 5] = [
        |k| k.queries.l[0] = -k.queries.l[0],
        |k| k.queries.h.swap(0, 1),
        |k| k.queries.a.swap(1, 2),
        |k| k.queries.delta_g1 = k.queries.beta_g1,
        |k| k.queries.b_g2[5] = -k.queries.b_g2[5],
    ];
    for (place, damage) in damages.into_iter().enumerate() {
        let mut key = key();
        damage(&mut key);
        let refused = prove::<Order>(&key, &public, &witness, &mut rng(1)).unwrap_err();
        assert_eq!(refused.code(), "proof-self-check", "damage {place}: {refused}");
    }
}

#[test]
fn proofs_made_at_the_same_time_are_right() {
    let (key, (public, witness)) = (key(), honest());
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let (key, public, witness) = (&key, &public, &witness);
            scope.spawn(move || {
                let proof = prove::<Order>(key, public, witness, &mut rng(seed)).unwrap();
                assert_eq!(verify::<Order>(key.verifying(), &Order::inputs(public), &proof), Ok(()));
            });
        }
    });
}
