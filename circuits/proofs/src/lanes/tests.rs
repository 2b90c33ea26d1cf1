use std::arch::x86_64::__m512i;

use ark_bn254::{Fq, Fq2, FqConfig, Fr, FrConfig};
use ark_ff::fields::models::fp::{Fp, MontBackend};
use ark_ff::{
    AdditiveGroup as _, BigInt, Field as _, MontConfig, One as _, PrimeField as _, UniformRand as _, Zero as _,
};
use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::constants::{Constants, MASK};
use super::*;

type Element<C> = Fp<MontBackend<C, 4>, 4>;

/// Stops where limbs are not of 52 bits, or a number passes what is claimed of it, or the claim passes what is bearable.
pub(super) fn check_bound<C: MontConfig<4>>(limbs: &[__m512i; 5], bound: u64, max: u64) {
    assert!(bound <= max, "numbers may pass 2^260: {bound} thousandths of p");
    // SAFETY: a vector and eight numbers have the same size, and any bits are numbers.
    let lanes: [[u64; WIDTH]; 5] = limbs.map(|limb| unsafe { std::mem::transmute(limb) });
    for lane in 0..WIDTH {
        assert!(lanes.iter().all(|limb| limb[lane] <= MASK), "a limb was not carried");
        let claimed = u128::from(Constants::<C>::MODULUS[4] + 1) * u128::from(bound) / 1000;
        assert!(
            u128::from(lanes[4][lane]) <= claimed,
            "lane {lane} passes {bound} thousandths"
        );
    }
}

fn ifma() -> Option<Ifma> {
    let found = Ifma::detected();
    if found.is_none() {
        eprintln!("this processor has no AVX-512 IFMA: nothing to test");
    }
    found
}

/// Zero, one and their neighbours from below the modulus, one bit, all bits of a limb; then anything.
fn edges<C: MontConfig<4>>() -> Vec<Element<C>> {
    let mut edges = vec![Element::<C>::zero(), Element::<C>::one(), -Element::<C>::one()];
    // By their Montgomery form, which is what the arithmetic sees.
    let raw = |limbs: [u64; 4]| Element::<C>::new_unchecked(BigInt::new(limbs));
    let mut last = C::MODULUS;
    last.0[0] -= 1;
    edges.extend([
        raw([1, 0, 0, 0]),
        raw(last.0),
        raw([u64::MAX, 0, 0, 0]),
        raw([0, 0, 0, 1 << 61]),
    ]);
    edges.extend([raw([u64::MAX; 4].map(|l| l >> 3)), raw([(1 << 52) - 1, 0, 1 << 51, 0])]);
    edges.push(Element::<C>::from(2u8).inverse().expect("2 is not zero"));
    edges
}

fn numbers<C: MontConfig<4>>(rng: &mut ChaCha20Rng) -> [Element<C>; WIDTH] {
    let edges = edges::<C>();
    if rng.gen_range(0..16) == 0 {
        return [edges[rng.gen_range(0..edges.len())]; WIDTH];
    }
    std::array::from_fn(|_| match rng.gen_range(0..4) {
        0 => edges[rng.gen_range(0..edges.len())],
        _ => Element::<C>::rand(rng),
    })
}

/// Adds multiples of the modulus, so that a residue stands as a number near the given multiple of p.
fn lifted<C: MontConfig<4>>(ifma: Ifma, value: Lanes<C>, times: u64) -> Lanes<C> {
    let limbs = Constants::<C>::multiple(times);
    value.canonical().plus(Lanes::constant(ifma, limbs, 1000 * times))
}

fn mapped<C: MontConfig<4>>(
    a: [Element<C>; WIDTH],
    b: [Element<C>; WIDTH],
    f: impl Fn(Element<C>, Element<C>) -> Element<C>,
) -> [Element<C>; WIDTH] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

/// The mask of lanes for which something holds.
fn mask(f: impl Fn(usize) -> bool) -> u8 {
    (0..WIDTH).fold(0, |mask, i| mask | u8::from(f(i)) << i)
}

fn check_field<C: MontConfig<4>>(ifma: Ifma, seed: u64, rounds: usize) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for _ in 0..rounds {
        let (a, b) = (numbers::<C>(&mut rng), numbers::<C>(&mut rng));
        let (x, y) = (Lanes::load(ifma, a.each_ref()), Lanes::load(ifma, b.each_ref()));
        assert_eq!(x.store(), a);
        assert_eq!(x.canonical().store(), a);
        assert_eq!(x.plus(y).store(), mapped(a, b, |a, b| a + b));
        assert_eq!(x.double().store(), a.map(|a| a.double()));
        assert_eq!(x.shifted::<3>().store(), a.map(|a| a * Fp::from(8u8)));
        assert_eq!(x.minus::<2>(y).store(), mapped(a, b, |a, b| a - b));
        assert_eq!(x.negative::<2>().store(), a.map(|a| -a));
        assert_eq!(x.times(y).store(), mapped(a, b, |a, b| a * b));
        assert_eq!(x.square().store(), a.map(|a| a.square()));
        let wide = Wide::product(x, y).and(x, x).and(y, y);
        assert_eq!(wide.reduced().store(), mapped(a, b, |a, b| a * b + a * a + b * b));
        assert_eq!(x.zeros(), mask(|i| a[i].is_zero()));
        assert_eq!(x.equal(y), mask(|i| a[i] == b[i]));
        let chosen = rng.r#gen();
        let expected: [_; WIDTH] = std::array::from_fn(|i| if chosen >> i & 1 == 1 { b[i] } else { a[i] });
        assert_eq!(x.select(chosen, y).store(), expected);
        let expected: [_; WIDTH] = std::array::from_fn(|i| if chosen >> i & 1 == 1 { -a[i] } else { a[i] });
        assert_eq!(x.negated::<2>(chosen).store(), expected);
        let inverses = a.map(|a| a.inverse().unwrap_or_default());
        assert_eq!(x.inverse(ifma).store(), inverses);

        // The same residues as larger numbers.
        let (i, j) = (rng.gen_range(0..83), rng.gen_range(0..83));
        let (large, other) = (lifted(ifma, x, i), lifted(ifma, y, j));
        assert_eq!(large.reduced().store(), a, "{i}");
        assert_eq!(large.canonical().store(), a, "{i}");
        assert_eq!(large.zeros(), x.zeros());
        if i * j < 84 * 80 {
            assert_eq!(
                large.times(other).reduced().store(),
                mapped(a, b, |a, b| a * b),
                "{i} {j}"
            );
        }
        if i < 80 {
            assert_eq!(large.square().reduced().store(), a.map(|a| a.square()));
        }
        let near = lifted(ifma, x, 1);
        assert_eq!(near.once_less().store(), a);
        assert_eq!(lifted(ifma, x, 14).store(), a);

        let integers = a.map(|a| a.into_bigint().0);
        assert_eq!(x.to_integers(ifma), integers);
        assert_eq!(Lanes::<C>::from_integers(ifma, integers.each_ref()).store(), a);
        let mut rows = [[0; 4]; WIDTH];
        lifted(ifma, x, 4).pack(rows.each_mut());
        assert_eq!(Lanes::<C>::unpack(ifma, rows.each_ref()).store(), a);
        assert_eq!(
            Lanes::<C>::from_integers(ifma, [&[u64::MAX; 4]; WIDTH]).store()[0],
            all_ones()
        );
    }
    assert_eq!(Lanes::<C>::one(ifma).store(), [Fp::one(); WIDTH]);
    assert_eq!(Lanes::<C>::zero(ifma).store(), [Fp::zero(); WIDTH]);
}

/// 2^256 − 1.
fn all_ones<C: MontConfig<4>>() -> Element<C> {
    Element::<C>::from(2u8).pow([256]) - Element::<C>::one()
}

#[test]
fn each_operation_is_what_arkworks_computes() {
    let Some(ifma) = ifma() else { return };
    check_field::<FqConfig>(ifma, 1, 20_000);
    check_field::<FrConfig>(ifma, 2, 20_000);
}

#[test]
fn each_operation_of_the_extension_is_what_arkworks_computes() {
    let Some(ifma) = ifma() else { return };
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    for _ in 0..5_000 {
        let pair = |rng: &mut ChaCha20Rng| -> [Fq2; WIDTH] {
            let (c0, c1) = (numbers::<FqConfig>(rng), numbers::<FqConfig>(rng));
            std::array::from_fn(|i| Fq2::new(c0[i], c1[i]))
        };
        let (a, b) = (pair(&mut rng), pair(&mut rng));
        let (x, y) = (Lanes2::load(ifma, a.each_ref()), Lanes2::load(ifma, b.each_ref()));
        let mapped = |f: fn(Fq2, Fq2) -> Fq2| -> [Fq2; WIDTH] { std::array::from_fn(|i| f(a[i], b[i])) };
        assert_eq!(x.store(), a);
        assert_eq!(x.plus(y).store(), mapped(|a, b| a + b));
        assert_eq!(x.double().store(), mapped(|a, _| a.double()));
        assert_eq!(x.minus::<2>(y).store(), mapped(|a, b| a - b));
        assert_eq!(x.negative::<2>().store(), mapped(|a, _| -a));
        assert_eq!(x.conjugate::<2>().store(), mapped(|a, _| Fq2::new(a.c0, -a.c1)));
        assert_eq!(x.times::<2>(y).store(), mapped(|a, b| a * b));
        assert_eq!(
            x.double().times::<4>(y.double()).store(),
            mapped(|a, b| (a * b).double().double())
        );
        assert_eq!(x.square::<2>().store(), mapped(|a, _| a.square()));
        assert_eq!(x.scale(y.c0).store(), mapped(|a, b| Fq2::new(a.c0 * b.c0, a.c1 * b.c0)));
        let xi = Fq2::new(Fq::from(9u8), Fq::one());
        let expected: [Fq2; WIDTH] = a.map(|a| a * xi);
        assert_eq!(x.mul_xi::<2>().store(), expected);
        assert_eq!(x.double().mul_xi::<4>().reduced().store(), expected.map(|a| a.double()));
        assert_eq!(x.inverse::<2>(ifma).store(), a.map(|a| a.inverse().unwrap_or_default()));
        assert_eq!(x.zeros(), mask(|i| a[i].is_zero()));
        assert_eq!(x.equal(y), mask(|i| a[i] == b[i]));
        assert_eq!(x.equal(x), u8::MAX);
        let chosen = rng.r#gen();
        let expected: [_; WIDTH] = std::array::from_fn(|i| if chosen >> i & 1 == 1 { b[i] } else { a[i] });
        assert_eq!(x.select(chosen, y).store(), expected);
    }
    assert_eq!(Lanes2::one(ifma).store(), [Fq2::one(); WIDTH]);
    assert_eq!(Lanes2::zero(ifma).store(), [Fq2::zero(); WIDTH]);
}

proptest! {
    /// A polynomial in numbers given by their limbs, over both fields.
    #[test]
    fn formulas_agree(limbs in prop::array::uniform8(prop::array::uniform4(any::<u64>())), rotation in 0..WIDTH) {
        if let Some(ifma) = ifma() {
            check_formula::<FqConfig>(ifma, limbs, rotation);
            check_formula::<FrConfig>(ifma, limbs, rotation);
        }
    }
}

fn check_formula<C: MontConfig<4>>(ifma: Ifma, limbs: [[u64; 4]; WIDTH], rotation: usize) {
    let a: [Element<C>; WIDTH] =
        limbs.map(|l| Element::<C>::from_le_bytes_mod_order(&l.map(u64::to_le_bytes).concat()));
    let mut b = a;
    b.rotate_left(rotation);
    let (x, y) = (Lanes::load(ifma, a.each_ref()), Lanes::load(ifma, b.each_ref()));
    let found = x
        .times(y)
        .plus(x)
        .minus::<4>(y.double())
        .square()
        .minus::<2>(y.square())
        .times(x.negative::<2>());
    let expected = mapped(a, b, |a, b| ((a * b + a - b.double()).square() - b.square()) * -a);
    assert_eq!(found.store(), expected);
}

#[test]
fn without_vectors_there_is_no_token() {
    // Other tests may run meanwhile: they compute the same either way.
    force_scalar(true);
    assert!(Ifma::detected().is_none());
    force_scalar(false);
    assert_eq!(
        Ifma::detected().is_some(),
        is_x86_feature_detected!("avx512ifma") && is_x86_feature_detected!("avx512vl")
    );
    assert_eq!(Fr::one().double(), Fr::from(2u8));
}
