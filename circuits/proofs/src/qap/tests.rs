use ark_bn254::Bn254;
use ark_ff::UniformRand as _;
use ark_groth16::{Groth16, prepare_verifying_key};
use ark_poly::{DenseUVPolynomial as _, Polynomial as _, univariate::DensePolynomial};

use crate::decode::Proof;
use crate::formats::zkey::Zkey;
use crate::prove::prove;
use crate::shape::Assignment;
use crate::statement::Statement as _;
use crate::test_statement::{Order, honest, key, rng};
use crate::verify::verify;

use super::*;

type Ark = Groth16<Bn254, CircomReduction>;

#[test]
fn ark_groth16_verifies_our_proofs_and_makes_proofs_under_our_keys() {
    let (key, (public, witness)) = (key(), honest());
    let inputs = Order::inputs(&public);
    let (theirs, _) = Zkey::of(&key).to_ark();
    let prepared = prepare_verifying_key(&theirs.vk);

    let ours = prove::<Order>(&key, &public, &witness, &mut rng(1)).unwrap();
    let ark_proof = ark_groth16::Proof {
        a: ours.a,
        b: ours.b,
        c: ours.c,
    };
    assert_eq!(Ark::verify_proof(&prepared, &ark_proof, &inputs), Ok(true));

    let assignment = Assignment::of::<Order>(&public, &witness).unwrap();
    let matrices = key.matrices();
    let full: Vec<Matrix<Field>> = (0..3)
        .map(|m| {
            (0..matrices.rows())
                .map(|r| matrices.row(m, r).map(|(wire, c)| (c, wire)).collect())
                .collect()
        })
        .collect();
    let (r, s) = (Field::from(3u64), Field::from(5u64));
    let made = Ark::create_proof_with_reduction_and_matrices(
        &theirs,
        r,
        s,
        &full,
        matrices.inputs(),
        matrices.rows(),
        &assignment.values,
    )
    .unwrap();
    let made = Proof {
        a: made.a,
        b: made.b,
        c: made.c,
    };
    assert_eq!(verify::<Order>(key.verifying(), &inputs, &made), Ok(()));
}

#[test]
fn odd_positions_determine_a_polynomial_that_vanishes_on_the_domain() {
    let mut rng = rng(3);
    let domain = Domain::new(16).unwrap();
    let tau = Field::rand(&mut rng);
    let factor = Field::rand(&mut rng);
    let points = odd_lagrange(domain.size(), tau, factor).unwrap();
    let (a, b): (Vec<Field>, Vec<Field>) = (0..16).map(|_| (Field::rand(&mut rng), Field::rand(&mut rng))).unzip();
    let values = quotient_values(&domain, a.clone(), b.clone()).unwrap();
    let polynomial = |values: &[Field]| DensePolynomial::from_coefficients_vec(domain.ifft(values));
    let c: Vec<Field> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
    let expected =
        (polynomial(&a).evaluate(&tau) * polynomial(&b).evaluate(&tau) - polynomial(&c).evaluate(&tau)) * factor;
    let sum: Field = values.iter().zip(&points).map(|(v, p)| *v * p).sum();
    assert_eq!(sum, expected);
    assert_eq!(
        CircomReduction::h_query_scalars::<Field, Domain>(15, tau, Field::zero(), factor),
        Ok(points)
    );
}

#[test]
fn public_inputs_have_rows_of_their_own() {
    let key = key();
    let matrices = key.matrices();
    assert_eq!(matrices.inputs(), Order::input_names().len() + 1);
    let tau = Field::from(7u64);
    let lagrange = domain(matrices).unwrap().evaluate_all_lagrange_coefficients(tau);
    let [a, b, _] = polynomials_at(matrices, tau).unwrap();
    // Input 4 (tag) occurs in C only, so its A is its own row's Lagrange polynomial and its B is zero.
    assert_eq!(a[4], lagrange[matrices.rows() + 4]);
    assert!(b[4].is_zero());
}

#[test]
fn a_tau_on_the_double_domain_is_not_used() {
    let domain = Domain::new(8).unwrap();
    let root = odd_offset::<Field>(8).unwrap();
    assert!(!is_outside(&domain, root) && !is_outside(&domain, Field::one()) && !is_outside(&domain, Field::zero()));
    assert!(is_outside(&domain, Field::from(12345u64)));
    assert_eq!(odd_lagrange(8, root, Field::one()), Err(SynthesisError::DivisionByZero));
}
