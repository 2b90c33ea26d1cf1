use ark_bn254::{Bn254, G2Affine, G2Projective};
use ark_ec::CurveGroup as _;
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ff::{CyclotomicMultSubgroup as _, One as _, PrimeField as _, UniformRand as _};

use super::*;
use crate::test_statement::rng;

/// Nothing here runs where the processor lacks the instructions; what stands in for it there is arkworks' own.
fn ifma() -> Option<Ifma> {
    Ifma::detected()
}

/// Some numbers, the last of which are special.
fn numbers() -> Vec<Fq12> {
    let mut rng = rng(1);
    let mut numbers: Vec<Fq12> = (0..12).map(|_| Fq12::rand(&mut rng)).collect();
    let mut minus_one = Fq12::one();
    minus_one = -minus_one;
    numbers.extend([Fq12::one(), minus_one, Fq12::ZERO]);
    numbers
}

#[test]
fn products_and_squares_are_those_of_arkworks() {
    let Some(ifma) = ifma() else { return };
    for a in numbers() {
        let wide = Twelve::load(ifma, &a);
        assert_eq!(wide.store(), a);
        assert_eq!(wide.square().store(), a.square());
        for power in 0..12 {
            let mut expected = a;
            expected.frobenius_map_in_place(power);
            assert_eq!(wide.frobenius(ifma, power).store(), expected, "power {power}");
        }
        for b in numbers() {
            assert_eq!(wide.times(&Twelve::load(ifma, &b)).store(), a * b);
        }
    }
}

#[test]
fn the_cyclotomic_subgroup_is_that_of_arkworks() {
    let Some(ifma) = ifma() else { return };
    let mut rng = rng(2);
    for _ in 0..6 {
        let f = Fq12::rand(&mut rng);
        let mut easy = f;
        easy.conjugate_in_place();
        easy *= f.inverse().unwrap();
        let mut squared = easy;
        squared.frobenius_map_in_place(2);
        let unit = squared * easy;
        let wide = Twelve::load(ifma, &unit);
        assert_eq!(wide.cyclotomic_square().store(), unit.cyclotomic_square());
        assert_eq!(wide.conjugate().store(), unit.cyclotomic_inverse().unwrap());
        assert_eq!(wide.power_of_x().store(), unit.cyclotomic_exp(Config::X));
        let expected = Bn254::final_exponentiation(MillerLoopOutput(f)).unwrap().0;
        assert_eq!(final_exponentiation(ifma, &f), Some(expected));
    }
    assert_eq!(final_exponentiation(ifma, &Fq12::ZERO), None);
    assert_eq!(final_exponentiation(ifma, &Fq12::one()), Some(Fq12::one()));
}

#[test]
fn powers_by_halves_are_those_of_whole_numbers() {
    use ark_bn254::{Fr, g1};
    use ark_ec::scalar_mul::glv::GLVConfig as _;

    let Some(ifma) = ifma() else { return };
    let mut rng = rng(4);
    let e = Bn254::pairing(G1Projective::rand(&mut rng), G2Projective::rand(&mut rng)).0;
    let random = u128::rand(&mut rng);
    for (a, b) in [
        (0, 0),
        (1, 0),
        (0, 1),
        (3, 5),
        (random, 0),
        (0, random),
        (random, !random),
        (u128::MAX, u128::MAX),
    ] {
        let whole = Fr::from(a) + Fr::from(b) * g1::Config::LAMBDA;
        assert_eq!(
            power(ifma, &e, a, b),
            e.cyclotomic_exp(whole.into_bigint()),
            "{a} and {b}"
        );
    }
}

#[test]
fn three_pairs_are_as_in_arkworks() {
    let Some(ifma) = ifma() else { return };
    let mut rng = rng(3);
    for case in 0..8 {
        let g2: [G2Affine; 3] = std::array::from_fn(|_| G2Projective::rand(&mut rng).into_affine());
        let mut g1: [G1Projective; 3] = std::array::from_fn(|_| G1Projective::rand(&mut rng));
        // Infinite points of G1, one after the other and together.
        for (place, point) in g1.iter_mut().enumerate().skip(1) {
            if case >> (place - 1) & 1 == 1 {
                *point = G1Projective::default();
            }
        }
        if case > 3 {
            // From where Z is not 1.
            g1[1] = g1[1].double();
        }
        let affine = g1.map(|p| p.into_affine());
        let fixed = Fixed::of(&g2[1], &g2[2]);
        let b: G2Prepared<Config> = g2[0].into();
        let all = miller_loop(ifma, &fixed, Some((&b, &affine[0])), &g1[1], &g1[2]);
        let expected = Bn254::multi_pairing(affine, g2).0;
        assert_eq!(final_exponentiation(ifma, &all), Some(expected), "case {case}");
        let two = miller_loop(ifma, &fixed, None, &g1[1], &g1[2]);
        let expected = Bn254::multi_pairing(&affine[1..], &g2[1..]).0;
        assert_eq!(final_exponentiation(ifma, &two), Some(expected), "case {case}");
    }
}
