use ark_ec::AffineRepr as _;
use ark_ff::UniformRand as _;
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::baby_jubjub::point_from_coordinates;
use crate::circuit::{FinishedCircuit, value_of};
use crate::eddsa::verify;
use crate::field::{field_from_integer, field_from_u64, field_to_integer};
use crate::testing::{broken_rules, loose_wires, unsatisfied_rows};

fn synthesize(assignment: &SignatureAssignment, message: Field, enabled: bool) -> FinishedCircuit {
    let mut circuit = Circuit::for_witness(true);
    let message = circuit.input(Some(message)).unwrap();
    let enabled = circuit.input(Some(Field::from(enabled))).unwrap();
    let signature = SignatureVars::witness(&mut circuit, Some(assignment)).unwrap();
    verify_var(&mut circuit, &SignatureRules::default(), &signature, &message, &enabled).unwrap();
    circuit.finish()
}

fn signed(seed: u8, message: Field) -> SignatureAssignment {
    let secret = SecretKey::from_seed(&[seed; 32]);
    SignatureAssignment::new(&secret.public(), &secret.sign(message))
}

#[test]
fn honest_signatures_pass_both_twins_and_every_wire_is_held() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for message in [
        Field::zero(),
        -Field::one(),
        Field::rand(&mut rng),
        Field::rand(&mut rng),
    ] {
        let mut seed = [0u8; 32];
        rng.fill_bytes(&mut seed);
        let secret = SecretKey::from_seed(&seed);
        let (key, signature) = (secret.public(), secret.sign(message));
        assert_eq!(verify(&key, message, &signature), Ok(()));
        let finished = synthesize(&SignatureAssignment::new(&key, &signature), message, true);
        assert_eq!(broken_rules(&finished), [""; 0]);
        assert_eq!(loose_wires(&finished), [0usize; 0]);
    }
}

#[test]
fn circomlibjs_signatures_pass() {
    let Some(vectors) = crate::test_data::read("zk/poseidon/circomlibjs_0.1.7_vectors.json") else {
        return;
    };
    for case in vectors["eddsa_poseidon"].as_array().unwrap() {
        let element = |value: &serde_json::Value| crate::test_data::element(value);
        let assignment = SignatureAssignment {
            key: (element(&case["pub"][0]), element(&case["pub"][1])),
            nonce: (element(&case["R8"][0]), element(&case["R8"][1])),
            scalar: element(&case["S"]),
            challenge: None,
        };
        assert_eq!(
            unsatisfied_rows(&synthesize(&assignment, element(&case["msg"]), true)),
            [0usize; 0]
        );
    }
}

/// Where no signature is, the ladders still divide by nothing that is zero, whatever the message.
#[test]
fn the_dummy_satisfies_a_disabled_signature() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let random: Vec<Field> = (0..20).map(|_| Field::rand(&mut rng)).collect();
    for message in [Field::zero(), Field::one(), -Field::one()].into_iter().chain(random) {
        let finished = synthesize(&SignatureAssignment::dummy(), message, false);
        assert_eq!(unsatisfied_rows(&finished), [0usize; 0]);
    }
    let message = field_from_u64(77);
    let finished = synthesize(&SignatureAssignment::dummy(), message, true);
    assert_eq!(
        broken_rules(&finished),
        ["signature-equation"],
        "the dummy signs nothing but 0"
    );
    let disabled = synthesize(&SignatureAssignment::dummy(), message, false);
    assert_eq!(loose_wires(&disabled), [0usize; 0]);
}

/// The point of order 2.
fn torsion() -> Point {
    Point::new_unchecked(Field::zero(), -Field::one())
}

#[test]
fn each_forgery_breaks_its_rule() {
    let message = field_from_u64(1_000);
    let honest = signed(9, message);
    let one = Field::one();
    let order = field_from_integer(&Scalar::MODULUS.into()).unwrap();
    let other = signed(10, message);
    let off_curve = |(x, y): (Field, Field)| (x + one, y);
    for (name, forged, rule) in [
        (
            "another scalar",
            SignatureAssignment {
                scalar: honest.scalar + one,
                ..honest
            },
            "signature-equation",
        ),
        (
            "zero as scalar",
            SignatureAssignment {
                scalar: Field::zero(),
                ..honest
            },
            "signature-equation",
        ),
        (
            "another nonce",
            SignatureAssignment {
                nonce: other.nonce,
                ..honest
            },
            "signature-equation",
        ),
        (
            "another key",
            SignatureAssignment {
                key: other.key,
                ..honest
            },
            "signature-equation",
        ),
        (
            "the scalar and the order",
            SignatureAssignment {
                scalar: honest.scalar + order,
                ..honest
            },
            "scalar-canonical",
        ),
        (
            "a scalar of 253 bits",
            SignatureAssignment { scalar: -one, ..honest },
            "scalar-canonical",
        ),
        (
            "a key off the curve",
            SignatureAssignment {
                key: off_curve(honest.key),
                ..honest
            },
            "attestor-key-on-curve",
        ),
        (
            "a nonce off the curve",
            SignatureAssignment {
                nonce: off_curve(honest.nonce),
                ..honest
            },
            "nonce-on-curve",
        ),
        (
            "the identity as key",
            SignatureAssignment {
                key: (Field::zero(), one),
                ..honest
            },
            "attestor-key-order",
        ),
        (
            "a key of order 2",
            SignatureAssignment {
                key: (Field::zero(), -one),
                ..honest
            },
            "attestor-key-order",
        ),
    ] {
        let broken = broken_rules(&synthesize(&forged, message, true));
        assert!(broken.contains(&rule), "{name}: {broken:?}");
    }
    let finished = synthesize(&honest, message + one, true);
    assert_eq!(broken_rules(&finished), ["signature-equation"], "another message");
}

/// The largest scalar below the order passes its rule, and the order itself does not.
#[test]
fn scalars_end_at_the_order() {
    let order = BigUint::from(Scalar::MODULUS);
    for (scalar, canonical) in [
        (order.clone() - 1u8, true),
        (order.clone(), false),
        (order + 1u8, false),
    ] {
        let forged = SignatureAssignment {
            scalar: field_from_integer(&scalar).unwrap(),
            ..SignatureAssignment::dummy()
        };
        let broken = broken_rules(&synthesize(&forged, Field::zero(), false));
        assert_eq!(broken.is_empty(), canonical, "{broken:?}");
        assert!(canonical || broken == ["scalar-canonical"], "{broken:?}");
    }
}

/// Every point of small order has order 1, 2, 4 or 8.
#[test]
fn keys_of_small_order_break_the_order_rule_even_where_disabled() {
    // A point of order 8: ℓ times a generator of the whole group.
    let generator = point_from_coordinates(
        crate::field::field_from_decimal("995203441582195749578291179787384436505546430278305826713579947235728471134")
            .unwrap(),
        crate::field::field_from_decimal(
            "5472060717959818805561601436314318772137091100104008585924551046643952123905",
        )
        .unwrap(),
    )
    .unwrap();
    let eighth = generator.mul_bigint(Scalar::MODULUS).into_affine();
    let mut point = Point::zero();
    for multiple in 0..8 {
        let forged = SignatureAssignment {
            key: (point.x, point.y),
            ..SignatureAssignment::dummy()
        };
        let broken = broken_rules(&synthesize(&forged, Field::zero(), false));
        assert!(broken.contains(&"attestor-key-order"), "{multiple}: {broken:?}");
        assert!(!broken.contains(&"attestor-key-on-curve"));
        point = (point + eighth).into_affine();
    }
    assert!(point.is_zero());
}

/// A key with a small-order part signs as circomlib's verifier allows: the part vanishes from 8A. The registry refuses such keys.
#[test]
fn a_small_order_part_of_the_key_vanishes() {
    let secret = SecretKey::from_seed(&[3; 32]);
    let (x, y) = secret.public().coordinates();
    let mixed = (Point::new_unchecked(x, y) + torsion()).into_affine();
    assert!(PublicKey::from_coordinates(mixed.x, mixed.y).is_err());
    // R = r·Base8, S = r + 8·h·a with h over the mixed key.
    let message = field_from_u64(5);
    let r = Scalar::from(123_456_789u64);
    let nonce = (BASE8 * r).into_affine();
    let h = crate::poseidon::hash(&[nonce.x, nonce.y, mixed.x, mixed.y, message]);
    let (eight_a, _) = secret.expand();
    let s = r + super::super::to_scalar(&h) * *eight_a;
    let scalar = Field::from(s.into_bigint());
    let assignment = SignatureAssignment {
        key: (mixed.x, mixed.y),
        nonce: (nonce.x, nonce.y),
        scalar,
        challenge: None,
    };
    assert_eq!(unsatisfied_rows(&synthesize(&assignment, message, true)), [0usize; 0]);
    // The same part on R does not vanish.
    let shifted = (nonce + torsion()).into_affine();
    let assignment = SignatureAssignment {
        nonce: (shifted.x, shifted.y),
        ..assignment
    };
    assert_eq!(
        broken_rules(&synthesize(&assignment, message, true)),
        ["signature-equation"]
    );
}

/// The bits of h + p satisfy the sum but not the limit.
#[test]
fn a_challenge_has_one_decomposition() {
    let small = field_from_u64(5);
    let mut circuit = Circuit::for_witness(true);
    let wire = circuit.witness(Some(small)).unwrap();
    let alias = modulus() + field_to_integer(&small);
    assert!(alias.bits() <= CHALLENGE_BITS as u64);
    circuit
        .rule("challenge-canonical", |c| {
            let bits = decompose(c, &wire, CHALLENGE_BITS, None)?;
            enforce_bits_at_most(c, &bits, &(modulus() - 1u8))
        })
        .unwrap();
    let finished = circuit.finish();
    let evaluation = crate::testing::Evaluation::new(&finished);
    assert_eq!(evaluation.unsatisfied_rows(evaluation.wires()), [0usize; 0]);
    let mut wires = evaluation.wires().to_vec();
    for index in 0..CHALLENGE_BITS {
        wires[2 + index] = Field::from(alias.bit(index as u64));
    }
    let broken = evaluation.unsatisfied_rows(&wires);
    assert!(
        !broken.is_empty() && broken.iter().all(|&row| row > CHALLENGE_BITS),
        "{broken:?}"
    );
}

/// Both multiplications against the native ones, for scalars at the edges.
#[test]
fn multiplications_agree_with_the_native_ones() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let key = SecretKey::from_seed(&[4; 32]).public();
    let (x, y) = key.coordinates();
    let quadruple = (Point::new_unchecked(x, y) * Scalar::from(4u64)).into_affine();
    let shift = offset() * Scalar::from(2u64).pow([CHALLENGE_BITS as u64]);
    let order: BigUint = Scalar::MODULUS.into();
    for h in [
        Field::zero(),
        Field::one(),
        -Field::one(),
        Field::rand(&mut rng),
        field_from_integer(&order).unwrap(),
    ] {
        let mut circuit = Circuit::for_witness(true);
        let wires = [quadruple.x, quadruple.y, h].map(|value| circuit.witness(Some(value)).unwrap());
        let base = Edwards {
            x: wires[0].clone(),
            y: wires[1].clone(),
        };
        let product = circuit
            .rule("ladder", |c| {
                let bits = decompose(c, &wires[2], CHALLENGE_BITS, None)?;
                multiply_quadruple(c, &base, &bits)
            })
            .unwrap();
        let h = super::super::to_scalar(&h);
        let expected = (shift + quadruple * (h + h + Scalar::one())).into_affine();
        assert_eq!(
            (value_of(&product.x), value_of(&product.y)),
            (Some(expected.x), Some(expected.y))
        );
        assert_eq!(unsatisfied_rows(&circuit.finish()), [0usize; 0]);
    }
    for s in [Scalar::zero(), Scalar::one(), -Scalar::one(), Scalar::rand(&mut rng)] {
        let mut circuit = Circuit::for_witness(true);
        let wire = circuit.witness(Some(Field::from(s.into_bigint()))).unwrap();
        let product = circuit
            .rule("windows", |c| {
                let bits = scalar_bits(c, &wire)?;
                multiply_base(c, &bits)
            })
            .unwrap();
        let expected = (shift + BASE8 * s).into_affine();
        assert_eq!(
            (value_of(&product.x), value_of(&product.y)),
            (Some(expected.x), Some(expected.y))
        );
        assert_eq!(unsatisfied_rows(&circuit.finish()), [0usize; 0]);
    }
}

#[test]
fn rows_are_pinned() {
    let finished = synthesize(&SignatureAssignment::dummy(), Field::zero(), true);
    let rows: Vec<(RuleName, usize)> = finished.rules.iter().map(|(name, rows)| (*name, rows.len())).collect();
    assert_eq!(
        rows,
        [
            ("attestor-key-on-curve", 3),
            ("attestor-key-order", 10),
            ("nonce-on-curve", 3),
            ("scalar-canonical", 346),
            ("challenge-canonical", 662),
            ("signature-equation", 2050),
        ]
    );
}

#[test]
fn the_shape_does_not_depend_on_values_or_mode() {
    let build = |mut circuit: Circuit, values: Option<(SignatureAssignment, Field)>| {
        let message = circuit.input(values.map(|(_, message)| message)).unwrap();
        let enabled = circuit.input(values.map(|_| Field::one())).unwrap();
        let signature = SignatureVars::witness(&mut circuit, values.map(|(a, _)| a).as_ref()).unwrap();
        verify_var(&mut circuit, &SignatureRules::default(), &signature, &message, &enabled).unwrap();
        circuit.finish().cs
    };
    let message = field_from_u64(3);
    let setup = build(Circuit::for_setup(), None);
    let full = build(Circuit::for_witness(true), Some((signed(1, message), message)));
    let quick = build(Circuit::for_witness(false), Some((signed(1, message), message)));
    assert!(setup.to_matrices().unwrap() == full.to_matrices().unwrap());
    assert_eq!(full.witness_assignment().unwrap(), quick.witness_assignment().unwrap());
}
