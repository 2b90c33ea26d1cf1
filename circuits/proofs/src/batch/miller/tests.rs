use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ec::CurveGroup as _;
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ff::UniformRand as _;

use crate::test_statement::rng;

use super::*;

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

fn pairing_product(a: &[G1Affine], b: &[G2Affine]) -> Fq12 {
    Bn254::final_exponentiation(MillerLoopOutput(product(a, b))).unwrap().0
}

#[test]
fn the_product_is_that_of_arkworks() {
    for count in [0, 1, 2, 3, 5, 17, 64] {
        let (a, b) = points(count, count as u64);
        assert_eq!(pairing_product(&a, &b), Bn254::multi_pairing(&a, &b).0, "{count} pairs");
    }
}

#[test]
fn special_points_are_as_in_arkworks() {
    let (mut a, mut b) = points(8, 1);
    // Infinite, equal, opposite, generators.
    a[0] = G1Affine::identity();
    b[1] = G2Affine::identity();
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
