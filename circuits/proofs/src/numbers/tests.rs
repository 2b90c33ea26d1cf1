use ark_bn254::{Fq, Fq2, Fr, G1Projective, G2Affine, G2Projective, g2};
use ark_ec::short_weierstrass::Affine;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{AdditiveGroup as _, Field as _, PrimeField as _, UniformRand as _};
use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;

use super::points::{Jacobian, in_subgroup};
use super::roots::{root, root_quadratic};
use super::{Number, Prime, Quadratic, invert_all};
use crate::test_statement::rng;

/// The other prime orders of points of the twist: 2p − r is their product.
const ORDERS: [&str; 4] = [
    "10069",
    "5864401",
    "1875725156269",
    "197620364512881247228717050342013327560683201906968909",
];

fn number(text: &str) -> BigUint {
    text.parse().unwrap()
}

fn order_of_the_group() -> BigUint {
    Fr::MODULUS.into()
}

/// A random point of the twist, hardly ever of the subgroup.
fn twist_point(rng: &mut ChaCha20Rng) -> G2Affine {
    loop {
        if let Some(point) = Affine::<g2::Config>::get_point_from_x_unchecked(Fq2::rand(rng), true) {
            return point;
        }
    }
}

/// By arkworks' formulas, which are complete.
fn times(point: &G2Affine, by: &BigUint) -> G2Affine {
    point.mul_bigint(by.to_u64_digits()).into_affine()
}

/// What is said of each point, one by one and side by side, which must agree.
fn found(points: &[G2Affine]) -> Vec<bool> {
    let alone: Vec<bool> = points.iter().map(|p| in_subgroup((), p.x, p.y) & 1 == 1).collect();
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        let eight = |points: &[G2Affine]| {
            let (x, y): (Vec<Fq2>, Vec<Fq2>) = points.iter().map(|p| (p.x, p.y)).unzip();
            let mask = ifma.run(|| {
                let load = |values: &[Fq2]| <crate::lanes::Lanes2 as Number>::load(ifma, values);
                in_subgroup(ifma, load(&x), load(&y))
            });
            (0..points.len()).map(|lane| mask >> lane & 1 == 1).collect::<Vec<_>>()
        };
        let together: Vec<bool> = points.chunks(8).flat_map(eight).collect();
        assert_eq!(together, alone);
    }
    alone
}

#[test]
fn the_twists_order_is_known() {
    let p: BigUint = Fq::MODULUS.into();
    let cofactor: BigUint = ORDERS.iter().map(|order| number(order)).product();
    assert_eq!(cofactor, BigUint::from(2u8) * p - order_of_the_group());
    let mut rng = rng(1);
    for _ in 0..4 {
        let all = &cofactor * order_of_the_group();
        assert!(times(&twist_point(&mut rng), &all).is_zero());
    }
}

/// The difference of both sides of the equation is an endomorphism of a cyclic group of order r·q₁·q₂·q₃·q₄: where it is not
/// zero on one point of order qᵢ, it is injective on all of them. This test is the proof that the check is right.
#[test]
fn points_of_every_other_order_are_outside() {
    let mut rng = rng(2);
    let all: BigUint = ORDERS.iter().map(|order| number(order)).product::<BigUint>() * order_of_the_group();
    let inside = G2Projective::rand(&mut rng).into_affine();
    let mut outside = Vec::new();
    for order in ORDERS.map(number) {
        let mut point = G2Affine::identity();
        while point.is_zero() {
            point = times(&twist_point(&mut rng), &(&all / &order));
        }
        assert!(times(&point, &order).is_zero() && point.is_on_curve());
        for k in 1u8..5 {
            let multiple = times(&point, &BigUint::from(k));
            outside.extend([multiple, (multiple + inside).into_affine()]);
        }
    }
    // Of two of these orders at once, and of all of them but r.
    outside.push((outside[0] + outside[8]).into_affine());
    outside.push(times(&twist_point(&mut rng), &order_of_the_group()));
    assert_eq!(found(&outside), vec![false; outside.len()]);
}

#[test]
fn the_check_agrees_with_the_order() {
    let mut rng = rng(3);
    let r = order_of_the_group();
    let mut points: Vec<G2Affine> = (0..40).map(|_| twist_point(&mut rng)).collect();
    points.extend((0..40).map(|_| G2Projective::rand(&mut rng).into_affine()));
    let generator = G2Affine::generator();
    points.extend([generator, -generator, (generator + generator).into_affine()]);
    let expected: Vec<bool> = points.iter().map(|p| times(p, &r).is_zero()).collect();
    assert_eq!(found(&points), expected);
    assert_eq!(expected.iter().filter(|inside| **inside).count(), 43);
}

fn roots_of<Q: Quadratic>(token: Q::Token) {
    let mut rng = rng(4);
    let mut numbers: Vec<Fq> = (0..30).map(|_| Fq::rand(&mut rng)).collect();
    numbers.extend([Fq::ZERO, Fq::ONE, -Fq::ONE, Fq::from(4u64)]);
    for group in numbers.chunks(Q::WIDTH) {
        let mut roots = [Fq::ZERO; 8];
        let mask = Q::run(token, || {
            let (found, mask) = root(Q::Base::load(token, group));
            found.store(&mut roots);
            mask
        });
        for (lane, number) in group.iter().enumerate() {
            assert_eq!(mask >> lane & 1 == 1, number.sqrt().is_some(), "{number}");
            assert!(
                mask >> lane & 1 == 0 || roots[lane] * roots[lane] == *number,
                "{number}"
            );
        }
    }
    let mut numbers: Vec<Fq2> = (0..60).map(|_| Fq2::rand(&mut rng)).collect();
    // With a coefficient of zero, of which those without u may be missed.
    numbers.extend((0..4).map(|_| Fq2 {
        c0: Fq::ZERO,
        c1: Fq::rand(&mut rng),
    }));
    numbers.extend((0..4).map(|_| Fq2 {
        c0: Fq::rand(&mut rng),
        c1: Fq::ZERO,
    }));
    numbers.push(Fq2::ZERO);
    for group in numbers.chunks(Q::WIDTH) {
        let mut roots = [Fq2::ZERO; 8];
        let mask = Q::run(token, || {
            let (found, mask) = root_quadratic(token, Q::load(token, group));
            found.store(&mut roots);
            mask
        });
        for (lane, number) in group.iter().enumerate() {
            let found = mask >> lane & 1 == 1;
            assert!(!found || roots[lane] * roots[lane] == *number, "{number}");
            assert!(number.c1 == Fq::ZERO || found == number.sqrt().is_some(), "{number}");
        }
    }
}

#[test]
fn roots_are_roots() {
    roots_of::<Fq2>(());
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        roots_of::<crate::lanes::Lanes2>(ifma);
    }
}

fn points_of<B: Prime>(token: B::Token) {
    let mut rng = rng(5);
    let load = |p: &G1Projective| {
        let at = |value: Fq| B::splat(token, &value);
        Jacobian {
            x: at(p.x),
            y: at(p.y),
            z: at(p.z),
        }
    };
    let store = |p: Jacobian<B>| {
        let mut all = [[Fq::ZERO; 8]; 3];
        [p.x, p.y, p.z]
            .into_iter()
            .zip(&mut all)
            .for_each(|(value, out)| value.store(out));
        G1Projective::new_unchecked(all[0][0], all[1][0], all[2][0])
    };
    for _ in 0..10 {
        let (a, b) = (
            G1Projective::rand(&mut rng).double(),
            G1Projective::rand(&mut rng).double(),
        );
        let affine = b.into_affine();
        B::run(token, || {
            let (left, right) = (load(&a), load(&b));
            let (x, y) = (B::splat(token, &affine.x), B::splat(token, &affine.y));
            assert_eq!(store(left.double()), a.double());
            assert_eq!(store(left.add(right)), a + b);
            assert_eq!(store(left.add_affine(x, y)), a + b);
            assert_eq!(left.equals(right) & 1, 0);
            assert_eq!(left.add(right).equals(right.add(left)) & 1, 1);
            // Exceptional cases give a Z of zero, which stays and equals nothing.
            for exception in [
                left.add(left),
                right.add_affine(x, y),
                right.add_affine(x, y.neg::<2>()),
            ] {
                for later in [
                    exception,
                    exception.double(),
                    exception.add(left),
                    exception.add_affine(x, y),
                ] {
                    assert_eq!(later.z.zeros() & 1, 1);
                    assert_eq!(later.equals(later) & 1, 0);
                }
            }
        });
    }
    let mut numbers: Vec<B> = (0..5).map(|_| B::splat(token, &Fq::rand(&mut rng))).collect();
    let before = numbers.clone();
    invert_all(token, &mut numbers, &mut Vec::new());
    for (number, inverse) in before.into_iter().zip(numbers) {
        let one = B::splat(token, &Fq::ONE);
        assert_eq!(number.mul::<2>(inverse).sub::<2>(one).zeros() & 1, 1);
    }
}

#[test]
fn points_are_added_as_in_arkworks() {
    points_of::<Fq>(());
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = crate::lanes::Ifma::detected() {
        points_of::<super::eight::Eight>(ifma);
    }
}
