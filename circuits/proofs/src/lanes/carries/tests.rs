use ark_bn254::{FqConfig, FrConfig};
use ark_ff::{AdditiveGroup as _, BigInteger as _, Field as _, One as _, UniformRand as _, Zero as _};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::*;

/// The smallest and largest Montgomery forms, single bits, limbs of ones; then anything.
fn number<C: MontConfig<4>>(rng: &mut ChaCha20Rng) -> Element<C> {
    let raw = |mut limbs: BigInt<4>| {
        limbs.0[3] >>= 2;
        if limbs >= C::MODULUS {
            limbs.sub_with_borrow(&C::MODULUS);
        }
        Fp::new_unchecked(limbs)
    };
    let mut last = C::MODULUS;
    last.0[0] -= rng.gen_range(1..4);
    match rng.gen_range(0..12) {
        0 => Element::<C>::zero(),
        1 => Element::<C>::one(),
        2 => Fp::new_unchecked(last),
        3 => raw(BigInt(std::array::from_fn(|_| [0, u64::MAX][rng.gen_range(0..2)]))),
        4 => Fp::new_unchecked(BigInt([rng.gen_range(0..4), 0, 0, 0])),
        5 => {
            let mut limbs = [0; 4];
            limbs[rng.gen_range(0..4)] = 1 << rng.gen_range(0..62);
            raw(BigInt(limbs))
        }
        6 => raw(BigInt(C::MODULUS.0.map(|limb| limb >> 1))),
        _ => Element::<C>::rand(rng),
    }
}

fn check_field<C: MontConfig<4>>(carries: Carries, seed: u64) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    for _ in 0..200_000 {
        let (a, b) = (number::<C>(&mut rng), number::<C>(&mut rng));
        // Limb by limb: equality of elements is equality of limbs.
        assert_eq!(carries.product(&a, &b).0.0, (a * b).0.0, "{a} · {b}");
        assert_eq!(carries.product(&a, &a).0.0, a.square().0.0, "{a}²");
        assert_eq!(carries.sum(&a, &b).0.0, (a + b).0.0, "{a} + {b}");
        assert_eq!(carries.difference(&a, &b).0.0, (a - b).0.0, "{a} − {b}");
        // Factors that were not reduced, as large as they may be.
        let (x, y) = (added(&a.0.0, &b.0.0), added(&a.0.0, &a.0.0));
        let expected = (a + b) * a.double();
        assert_eq!(carries.multiplied::<C>(&x, &y).0.0, expected.0.0);
        // 2·p − 1, which stands for what has −1 as its Montgomery form.
        let mut most = added(&C::MODULUS.0, &C::MODULUS.0);
        most[0] -= 1;
        let mut last = C::MODULUS;
        last.0[0] -= 1;
        let last = Element::<C>::new_unchecked(last);
        assert_eq!(carries.multiplied::<C>(&most, &most).0.0, last.square().0.0);
        assert_eq!(carries.multiplied::<C>(&most, &x).0.0, (last * (a + b)).0.0);
    }
}

#[test]
fn each_operation_is_what_arkworks_computes() {
    let Some(carries) = Carries::detected() else {
        eprintln!("this processor has no BMI2 and ADX: nothing to test");
        return;
    };
    check_field::<FqConfig>(carries, 1);
    check_field::<FrConfig>(carries, 2);
}

#[test]
fn each_operation_of_the_extension_is_what_arkworks_computes() {
    let Some(carries) = Carries::detected() else { return };
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    for _ in 0..200_000 {
        let mut pair = || Fq2::new(number::<FqConfig>(&mut rng), number::<FqConfig>(&mut rng));
        let (a, b) = (pair(), pair());
        assert_eq!(carries.quadratic_product(&a, &b), a * b, "{a} · {b}");
        assert_eq!(carries.quadratic_square(&a), a.square(), "{a}²");
    }
}
