use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Projective};
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{UniformRand as _, Zero as _};

use super::super::weights::{Weight, scaled};
use super::*;
use crate::lanes::{Ifma, Lanes2};
use crate::test_statement::rng;

fn points(count: usize, seed: u64) -> (Vec<G1Affine>, Vec<G2Affine>) {
    let mut rng = rng(seed);
    (0..count)
        .map(|_| {
            (
                G1Projective::rand(&mut rng).into_affine(),
                G2Projective::rand(&mut rng).into_affine(),
            )
        })
        .unzip()
}

fn with<Q: Quadratic>(token: Q::Token, a: &[G1Affine], b: &[G2Affine], weights: &[Weight]) -> Fq12 {
    let f = product::<Q>(token, &scaled(token, a, weights), b);
    Bn254::final_exponentiation(MillerLoopOutput(f)).unwrap().0
}

/// Π e(rᵢAᵢ, Bᵢ), one by one and, where the processor can, side by side: both must agree.
fn weighted(a: &[G1Affine], b: &[G2Affine], weights: &[Weight]) -> Fq12 {
    let alone = with::<Fq2>((), a, b, weights);
    if let Some(ifma) = Ifma::detected() {
        assert_eq!(with::<Lanes2>(ifma, a, b, weights), alone, "{} pairs in lanes", a.len());
    }
    alone
}

fn pairing_product(a: &[G1Affine], b: &[G2Affine]) -> Fq12 {
    weighted(a, b, &vec![Weight { a: 1, b: 0 }; a.len()])
}

#[test]
fn the_product_is_that_of_arkworks() {
    for count in [0, 1, 2, 3, 5, 7, 8, 9, 17, 64] {
        let (a, b) = points(count, count as u64);
        assert_eq!(pairing_product(&a, &b), Bn254::multi_pairing(&a, &b).0, "{count} pairs");
    }
}

#[test]
fn weights_multiply_points() {
    let edges = [0, 1, 2, 3, 1 << 63, u64::MAX - 1, u64::MAX, 0x5555_5555_5555_5555];
    let weights: Vec<Weight> = edges
        .iter()
        .flat_map(|a| edges.iter().map(|b| Weight { a: *a, b: *b }))
        .collect();
    let (mut a, b) = points(weights.len(), 9);
    a[5] = G1Affine::identity();
    let multiplied: Vec<G1Affine> = a
        .iter()
        .zip(&weights)
        .map(|(a, weight)| (*a * weight.field()).into_affine())
        .collect();
    for count in [1, 8, 13, 64] {
        let expected = Bn254::multi_pairing(&multiplied[..count], &b[..count]).0;
        assert_eq!(
            weighted(&a[..count], &b[..count], &weights[..count]),
            expected,
            "{count}"
        );
    }
    // Pair by pair, so that no error hides in the product.
    for place in 0..weights.len() {
        let expected = Bn254::pairing(multiplied[place], b[place]).0;
        assert_eq!(
            weighted(&a[place..=place], &b[place..=place], &weights[place..=place]),
            expected,
            "{:?}",
            weights[place]
        );
    }
    assert!(multiplied[0].is_zero());
}

#[test]
fn special_points_are_as_in_arkworks() {
    let (mut a, mut b) = points(8, 1);
    // Infinite, equal, opposite, generators.
    a[0] = G1Affine::identity();
    (a[3], b[3]) = (a[2], b[2]);
    (a[5], b[5]) = (-a[4], b[4]);
    (a[6], b[6]) = (G1Affine::generator(), G2Affine::generator());
    assert_eq!(pairing_product(&a, &b), Bn254::multi_pairing(&a, &b).0);
    assert_eq!(pairing_product(&a[..1], &b[..1]), Fq12::one());
    assert_eq!(pairing_product(&a[4..6], &b[4..6]), Fq12::one(), "e(A, B)·e(−A, B)");
}

#[test]
fn it_is_bilinear() {
    let (a, b) = points(1, 2);
    let (r, s) = (Fr::from(12_345u64), Fr::from(678u64));
    let left = pairing_product(&[(a[0] * r).into_affine()], &[(b[0] * s).into_affine()]);
    let right = pairing_product(&[(a[0] * (r * s)).into_affine()], &b);
    assert_eq!(left, right);
    assert_ne!(left, pairing_product(&a, &b));
}

#[test]
fn a_point_of_g1_times_zero_counts_as_absent() {
    let (a, b) = points(9, 3);
    let mut weights = vec![Weight { a: 3, b: 5 }; 9];
    weights[4] = Weight { a: 0, b: 0 };
    assert!(weights[4].field().is_zero());
    let (mut a_without, mut b_without) = (a.clone(), b.clone());
    let _ = (a_without.remove(4), b_without.remove(4));
    assert_eq!(
        weighted(&a, &b, &weights),
        weighted(&a_without, &b_without, &[Weight { a: 3, b: 5 }; 8])
    );
}
