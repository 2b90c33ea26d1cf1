//! Numbers, sums and proofs: what is computed on eight lanes is what arkworks computes, limb by limb; a multi-scalar multiplication
//! is the sum that it should be; proofs read eight at a time are those read alone, and those that arkworks reads.
//!
//! The bytes are a program, or the limbs of its numbers.

use std::sync::OnceLock;

use ark_bn254::{Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1};
use ark_ec::scalar_mul::glv::GLVConfig as _;
use ark_ec::{AffineRepr as _, CurveGroup as _, PrimeGroup as _};
use ark_ff::fields::models::fp::{Fp, MontBackend};
use ark_ff::{
    AdditiveGroup as _, BigInt, BigInteger as _, Field as _, MontConfig, One as _, PrimeField as _, UniformRand as _,
    Zero as _,
};
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _};
use covenant_proofs::decode::Proof;
use covenant_proofs::measure;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

/// Bytes that are taken off the front; zeros once there are no more.
struct Tape<'a>(&'a [u8]);

impl Tape<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte().unwrap_or_default())
    }

    /// A number whose Montgomery form, which is what the arithmetic sees, has the limbs that the bytes say.
    fn element<C: MontConfig<4>>(&mut self) -> Fp<MontBackend<C, 4>, 4> {
        let mut limbs = BigInt::new(std::array::from_fn(|_| u64::from_le_bytes(self.take())));
        limbs.0[3] >>= 2;
        if limbs >= C::MODULUS {
            limbs.sub_with_borrow(&C::MODULUS);
        }
        Fp::new_unchecked(limbs)
    }

    /// A scalar: one of those that are treated apart, or a longer one.
    fn scalar(&mut self) -> Fr {
        match self.byte().unwrap_or_default() % 8 {
            0 => Fr::zero(),
            1 => Fr::one(),
            2 => -Fr::one(),
            3 => Fr::from(u64::from_le_bytes(self.take())),
            4 => -Fr::from(u64::from_le_bytes(self.take())),
            5 => Fr::from(u128::from_le_bytes(self.take())),
            6 => Fr::from(2u8).pow([u64::from(self.byte().unwrap_or_default())]),
            _ => self.element(),
        }
    }
}

/// Arithmetic on eight lanes, and of single numbers with two chains of carries, over both fields and the extension, against
/// arkworks'.
pub fn lanes(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(ifma) = covenant_proofs::lanes::Ifma::detected() {
        let (which, rest) = bytes.split_first().unwrap_or((&0, &[]));
        match which % 3 {
            0 => vectors::field::<ark_bn254::FqConfig>(ifma, rest),
            1 => vectors::field::<ark_bn254::FrConfig>(ifma, rest),
            _ => vectors::extension(ifma, rest),
        }
    }
    let _ = bytes;
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use covenant_proofs::lanes::{Carries, Ifma, Lanes, Lanes2, WIDTH, Wide};

    use super::*;

    type Element<C> = Fp<MontBackend<C, 4>, 4>;

    /// How many numbers a program has.
    const PLACES: usize = 4;

    /// Runs the program on both.
    pub(super) fn field<C: MontConfig<4>>(ifma: Ifma, bytes: &[u8]) {
        let mut tape = Tape(bytes);
        let mut theirs: [[Element<C>; WIDTH]; PLACES] =
            std::array::from_fn(|_| std::array::from_fn(|_| tape.element::<C>()));
        let mut ours = theirs
            .each_ref()
            .map(|numbers| Lanes::<C>::load(ifma, numbers.each_ref()));
        while let Some(operation) = tape.byte() {
            let places = tape.take::<2>();
            let place = |nibble: u8| usize::from(nibble) % PLACES;
            let (to, one, two) = (place(places[0]), place(places[0] >> 4), place(places[1]));
            let (a, b, x, y) = (theirs[one], theirs[two], ours[one], ours[two]);
            let mapped = |f: &dyn Fn(Element<C>, Element<C>) -> Element<C>| std::array::from_fn(|i| f(a[i], b[i]));
            let mask = tape.byte().unwrap_or_default();
            let chosen = |lane: usize| mask >> lane & 1 == 1;
            (theirs[to], ours[to]) = match operation % 16 {
                0 => (mapped(&|a, b| a + b), x.plus(y).reduced()),
                1 => (mapped(&|a, b| a - b), x.minus::<2>(y).reduced()),
                2 => (mapped(&|a, b| a * b), x.times(y)),
                3 => (mapped(&|a, _| a.square()), x.square()),
                4 => (mapped(&|a, _| a.double()), x.double().reduced()),
                5 => (mapped(&|a, _| -a), x.negative::<2>().reduced()),
                6 => (mapped(&|a, _| a * Fp::from(32u8)), x.shifted::<5>().reduced()),
                7 => (
                    std::array::from_fn(|i| if chosen(i) { b[i] } else { a[i] }),
                    x.select(mask, y),
                ),
                8 => (mapped(&|a, _| a.inverse().unwrap_or_default()), x.inverse(ifma)),
                9 => {
                    let from = std::array::from_fn(|i| mask.rotate_left(i as u32) & 7);
                    (std::array::from_fn(|i| a[usize::from(from[i])]), x.permuted(from))
                }
                10 => (
                    mapped(&|a, b| a * b + a.square() + b.square()),
                    Wide::product(x, y).and(x, x).and(y, y).reduced(),
                ),
                11 => {
                    let integers = a.map(|a| a.into_bigint().0);
                    assert_eq!(x.to_integers(ifma), integers);
                    (a, Lanes::from_integers(ifma, integers.each_ref()))
                }
                12 => {
                    let mut rows = [[0; 4]; WIDTH];
                    x.pack(rows.each_mut());
                    (a, Lanes::unpack_below(ifma, rows.each_ref(), 2000))
                }
                13 => (
                    std::array::from_fn(|i| if chosen(i) { -a[i] } else { a[i] }),
                    x.negated::<2>(mask).reduced(),
                ),
                14 => (
                    mapped(&|a, b| a - b - b.double()),
                    x.minus_both::<6>(y, y.double()).reduced(),
                ),
                // Not reduced in between: what laziness is for.
                _ => (
                    mapped(&|a, b| (a * b + a - b.double()).square() * -a),
                    x.times(y)
                        .plus(x)
                        .minus::<4>(y.double())
                        .square()
                        .times(x.negative::<2>()),
                ),
            };
            assert_eq!(ours[to].store(), theirs[to], "operation {}", operation % 16);
            let (a, b, x, y) = (theirs[to], theirs[two], ours[to], ours[two]);
            if let Some(carries) = Carries::detected() {
                for (a, b) in a.iter().zip(&b) {
                    assert_eq!(carries.sum(a, b), *a + b);
                    assert_eq!(carries.difference(a, b), *a - b);
                    assert_eq!(carries.product(a, b), *a * b);
                }
            }
            let each = |f: &dyn Fn(usize) -> bool| (0..WIDTH).fold(0, |mask, i| mask | u8::from(f(i)) << i);
            assert_eq!(x.zeros(), each(&|i| a[i].is_zero()));
            assert_eq!(x.equal(y), each(&|i| a[i] == b[i]));
            assert_eq!(x.canonical().store(), a);
        }
    }

    /// The same over Fq2.
    pub(super) fn extension(ifma: Ifma, bytes: &[u8]) {
        let mut tape = Tape(bytes);
        let mut theirs: [[Fq2; WIDTH]; PLACES] =
            std::array::from_fn(|_| std::array::from_fn(|_| Fq2::new(tape.element(), tape.element())));
        let mut ours = theirs.each_ref().map(|numbers| Lanes2::load(ifma, numbers.each_ref()));
        while let Some(operation) = tape.byte() {
            let places = tape.take::<2>();
            let place = |nibble: u8| usize::from(nibble) % PLACES;
            let (to, one, two) = (place(places[0]), place(places[0] >> 4), place(places[1]));
            let (a, b, x, y) = (theirs[one], theirs[two], ours[one], ours[two]);
            let mapped = |f: &dyn Fn(Fq2, Fq2) -> Fq2| std::array::from_fn(|i| f(a[i], b[i]));
            (theirs[to], ours[to]) = match operation % 10 {
                0 => (mapped(&|a, b| a + b), x.plus(y).reduced()),
                1 => (mapped(&|a, b| a - b), x.minus::<2>(y).reduced()),
                2 => (mapped(&|a, b| a * b), x.times::<2>(y).reduced()),
                3 => (mapped(&|a, _| a.square()), x.square::<2>().reduced()),
                4 => (mapped(&|a, _| Fq2::new(a.c0, -a.c1)), x.conjugate::<2>().reduced()),
                5 => (
                    mapped(&|a, _| a * Fq2::new(9u8.into(), 1u8.into())),
                    x.mul_xi::<2>().reduced(),
                ),
                6 => (
                    mapped(&|a, _| a.inverse().unwrap_or_default()),
                    x.inverse::<2>(ifma).reduced(),
                ),
                7 => (
                    mapped(&|a, b| Fq2::new(a.c0 * b.c1, a.c1 * b.c1)),
                    x.scale(y.c1).reduced(),
                ),
                8 => (
                    mapped(&|a, b| a - b - b.double()),
                    x.minus_both::<6>(y, y.double()).reduced(),
                ),
                _ => (
                    mapped(&|a, b| (a.double() * b.double() - a).square()),
                    x.double().times::<4>(y.double()).minus::<2>(x).square::<8>().reduced(),
                ),
            };
            assert_eq!(ours[to].store(), theirs[to], "operation {}", operation % 10);
            if let Some(carries) = Carries::detected() {
                for (a, b) in theirs[to].iter().zip(&theirs[two]) {
                    assert_eq!(carries.quadratic_product(a, b), *a * b);
                    assert_eq!(carries.quadratic_square(a), a.square());
                }
            }
        }
    }
}

/// Points of both groups and what each is of the generator: the infinite one, small multiples of either sign, some of any size.
fn points() -> &'static [(Fr, G1Affine, G2Affine)] {
    static POINTS: OnceLock<Vec<(Fr, G1Affine, G2Affine)>> = OnceLock::new();
    POINTS.get_or_init(|| {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let small = (0..8u64).flat_map(|n| [Fr::from(n), -Fr::from(n)]);
        let turned = [g1::Config::LAMBDA, -g1::Config::LAMBDA, g1::Config::LAMBDA.square()];
        let any = (0..37).map(|_| Fr::rand(&mut rng));
        let factors: Vec<Fr> = small.chain(turned).chain(any).collect();
        let of = |factor: Fr| {
            let (one, two) = (G1Projective::generator() * factor, G2Projective::generator() * factor);
            (factor, one.into_affine(), two.into_affine())
        };
        factors.into_iter().map(of).collect()
    })
}

/// Sums of products, with vectors and without, in both groups: the points are known multiples of one, so the sum is known.
pub fn products(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let [flags, repeats] = tape.take();
    let table = points();
    let mut pattern = Vec::new();
    while let Some(point) = tape.byte().filter(|_| pattern.len() < 300) {
        pattern.push((usize::from(point), tape.scalar()));
    }
    // Repeated with the points moved on, so that short inputs too fill many buckets.
    let terms: Vec<(usize, Fr)> = (0..=usize::from(repeats % 8))
        .flat_map(|turn| {
            pattern
                .iter()
                .map(move |(point, scalar)| ((point + turn) % points().len(), *scalar))
        })
        .collect();
    let expected: Fr = terms.iter().map(|(point, scalar)| table[*point].0 * scalar).sum();
    let scalars: Vec<Fr> = terms.iter().map(|(_, scalar)| *scalar).collect();
    measure::force_scalar(flags & 1 == 1);
    if flags & 2 == 0 {
        let points: Vec<G1Affine> = terms.iter().map(|(point, _)| table[*point].1).collect();
        assert_eq!(measure::msm(&points, &scalars), G1Affine::generator() * expected);
    } else {
        let points: Vec<G2Affine> = terms.iter().map(|(point, _)| table[*point].2).collect();
        assert_eq!(measure::msm(&points, &scalars), G2Affine::generator() * expected);
    }
    measure::force_scalar(false);
}

/// Proofs of 128 bytes, each after a byte that says which of its points are replaced by good ones.
pub fn proofs(bytes: &[u8]) {
    let good = |place: u8| &points()[1 + usize::from(place) % (points().len() - 1)];
    let encoded = |point: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        point(&mut out);
        out
    };
    let proofs: Vec<Vec<u8>> = bytes
        .chunks(129)
        .take(40)
        .filter_map(|chunk| {
            let (choice, proof) = chunk.split_first()?;
            let mut proof = proof.to_vec();
            if proof.len() == 128 {
                let (_, one, two) = good(choice >> 3);
                let one = encoded(&|out| one.serialize_compressed(out).expect("a vector takes it"));
                let two = encoded(&|out| two.serialize_compressed(out).expect("a vector takes it"));
                let replaced = [(1, 0..32, &one), (2, 32..96, &two), (4, 96..128, &one)];
                for (_, place, point) in replaced.into_iter().filter(|(bit, ..)| choice & bit != 0) {
                    proof[place].copy_from_slice(point);
                }
            }
            Some(proof)
        })
        .collect();
    let many = Proof::many_from_bytes(&proofs);
    assert_eq!(many.len(), proofs.len());
    for (bytes, found) in proofs.iter().zip(many) {
        assert_eq!(Proof::from_bytes(bytes), found);
        let theirs = theirs(bytes);
        match found {
            Ok(proof) => {
                assert_eq!(proof.to_bytes()[..], bytes[..]);
                assert!(theirs, "arkworks refuses what we read");
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(!theirs, "arkworks reads what we refuse");
            }
        }
    }
}

/// Whether arkworks reads three finite points from exactly these bytes.
fn theirs(bytes: &[u8]) -> bool {
    let mut reader = bytes;
    let a = G1Affine::deserialize_compressed(&mut reader);
    let b = G2Affine::deserialize_compressed(&mut reader);
    let c = G1Affine::deserialize_compressed(&mut reader);
    match (a, b, c) {
        (Ok(a), Ok(b), Ok(c)) => reader.is_empty() && !a.is_zero() && !b.is_zero() && !c.is_zero(),
        _ => false,
    }
}
