//! 1/x in a prime field, by steps of division that need only the lowest bits of both numbers (Bernstein and Yang, eprint 2019/266),
//! 62 of them at a time, as in libsecp256k1's `modinv64_var`: about four times as fast as arkworks' binary algorithm. How long it takes
//! depends on the number, as it does with arkworks.
//!
//! With f = p and g = x in the beginning, f and g are replaced again and again by combinations of both until g is zero and f is 1 or −1;
//! d and e go along, such that d·x = f and e·x = g modulo p. Then ±d is the inverse.

use ark_ff::fields::models::fp::{Fp, MontBackend, MontConfig};
use ark_ff::{BigInt, Field as _, Zero as _};

/// Limbs of a number, of 62 bits each; the highest has the sign.
const LIMBS: usize = 5;
/// Bits of a limb, and steps that are taken at a time.
const BITS: u32 = 62;
/// The bits of a limb.
const MASK: u64 = (1 << BITS) - 1;

/// A number between −2^310 and 2^310.
type Signed = [i64; LIMBS];

/// What 62 steps do to f and g, times 2^62: f becomes uf + vg, and g becomes qf + rg.
struct Steps {
    u: i64,
    v: i64,
    q: i64,
    r: i64,
}

/// A prime field of arkworks with four limbs.
type Prime<C> = Fp<MontBackend<C, 4>, 4>;

/// 1/x; `None` for zero.
pub(crate) fn inverse<C: MontConfig<4>>(x: &Prime<C>) -> Option<Prime<C>> {
    if x.is_zero() {
        return None;
    }
    let modulus = const { split(&C::MODULUS.0) };
    let lowest_inverse = const { inverse_of_odd(C::MODULUS.0[0]) };
    let (mut f, mut g) = (modulus, split(&x.0.0));
    let (mut d, mut e) = ([0; LIMBS], [1, 0, 0, 0, 0]);
    let (mut eta, mut limbs) = (-1, LIMBS);
    loop {
        let steps = Steps::of(&mut eta, f[0] as u64, g[0] as u64);
        steps.combine_modulo(&mut d, &mut e, &modulus, lowest_inverse);
        steps.combine(&mut f[..limbs], &mut g[..limbs]);
        if g[..limbs].iter().all(|limb| *limb == 0) {
            break;
        }
        // The numbers become smaller: where the highest limbs hold nothing but signs, these go into the limbs below.
        let (top_f, top_g) = (f[limbs - 1], g[limbs - 1]);
        if limbs > 1 && [top_f, top_g].iter().all(|top| matches!(top, 0 | -1)) {
            f[limbs - 2] |= top_f << BITS;
            g[limbs - 2] |= top_g << BITS;
            limbs -= 1;
        }
    }
    let found = join(&between(d, f[limbs - 1] < 0, &modulus));
    // x stood for itself times R = 2^256, so this is the inverse over R; a product with R² in arkworks' form, R³, over R is it times R.
    Some(Fp::new_unchecked(BigInt::new(found)) * const { Prime::<C>::new(C::R2) })
}

/// 1/x for each number with one inversion (Montgomery's trick); zeros stay zeros.
pub(crate) fn invert_each<C: MontConfig<4>, const N: usize>(numbers: &mut [Prime<C>; N]) {
    let mut before = [Prime::<C>::ONE; N];
    let mut product = Prime::<C>::ONE;
    for (number, before) in numbers.iter().zip(&mut before) {
        *before = product;
        if !number.is_zero() {
            product *= number;
        }
    }
    // A product of numbers that are not zero is not zero.
    let Some(mut rest) = inverse(&product) else { return };
    for (number, before) in numbers.iter_mut().zip(&before).rev() {
        if !number.is_zero() {
            let inverted = rest * before;
            rest *= &*number;
            *number = inverted;
        }
    }
}

const fn split(x: &[u64; 4]) -> Signed {
    [
        (x[0] & MASK) as i64,
        ((x[0] >> 62 | x[1] << 2) & MASK) as i64,
        ((x[1] >> 60 | x[2] << 4) & MASK) as i64,
        ((x[2] >> 58 | x[3] << 6) & MASK) as i64,
        (x[3] >> 56) as i64,
    ]
}

/// The other way, for a number between 0 and 2^256.
fn join(x: &Signed) -> [u64; 4] {
    let x = x.map(|limb| limb as u64);
    [
        x[0] | x[1] << 62,
        x[1] >> 2 | x[2] << 60,
        x[2] >> 4 | x[3] << 58,
        x[3] >> 6 | x[4] << 56,
    ]
}

/// 1/x modulo 2^64 by Newton's iteration: x is its own inverse modulo 8, and each turn doubles the bits.
const fn inverse_of_odd(x: u64) -> u64 {
    let mut inverse = x;
    let mut bits = 3;
    while bits < 64 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(x.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse
}

fn wide(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// The lowest limb of a sum, which loses it.
fn lowest(sum: &mut i128) -> i64 {
    let limb = *sum as i64 & MASK as i64;
    *sum >>= BITS;
    limb
}

impl Steps {
    /// The next 62 steps, of which the lowest 62 bits of f and g are all that matters. `eta` is −δ of the paper.
    fn of(eta: &mut i64, mut f: u64, mut g: u64) -> Self {
        let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
        let mut left = BITS;
        loop {
            // As many steps as g has zeros only halve it.
            let zeros = (g | u64::MAX << left).trailing_zeros();
            g >>= zeros;
            u <<= zeros;
            v <<= zeros;
            *eta -= i64::from(zeros);
            left -= zeros;
            if left == 0 {
                break;
            }
            // Several steps at once: the multiple of f that clears the next bits of g, as many as come before the sign of eta turns again.
            let swapped = *eta < 0;
            if swapped {
                *eta = -*eta;
                (f, g) = (g, f.wrapping_neg());
                (u, q) = (q, u.wrapping_neg());
                (v, r) = (r, v.wrapping_neg());
            }
            let count = (eta.unsigned_abs() + 1).min(u64::from(left));
            let mask = u64::MAX >> (64 - count);
            // −g/f modulo 2^6 or 2^4, of which the latter needs less.
            let times = if swapped {
                f.wrapping_mul(g).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)) & mask & 63
            } else {
                let inverse = f.wrapping_add((f.wrapping_add(1) & 4) << 1);
                inverse.wrapping_neg().wrapping_mul(g) & mask & 15
            };
            g = g.wrapping_add(f.wrapping_mul(times));
            q = q.wrapping_add(u.wrapping_mul(times));
            r = r.wrapping_add(v.wrapping_mul(times));
        }
        let [u, v, q, r] = [u, v, q, r].map(|entry| entry as i64);
        Self { u, v, q, r }
    }

    /// What becomes of f and g; the division by 2^62 leaves no rest.
    fn combine(&self, f: &mut [i64], g: &mut [i64]) {
        let (mut sum_f, mut sum_g) = (0, 0);
        for place in 0..f.len() {
            sum_f += wide(self.u, f[place]) + wide(self.v, g[place]);
            sum_g += wide(self.q, f[place]) + wide(self.r, g[place]);
            let (low_f, low_g) = (lowest(&mut sum_f), lowest(&mut sum_g));
            if place > 0 {
                (f[place - 1], g[place - 1]) = (low_f, low_g);
            }
        }
        if let (Some(f), Some(g)) = (f.last_mut(), g.last_mut()) {
            (*f, *g) = (sum_f as i64, sum_g as i64);
        }
    }

    /// The same to d and e modulo p: multiples of p are added that make the division by 2^62 leave no rest. Both stay between −2p and p.
    fn combine_modulo(&self, d: &mut Signed, e: &mut Signed, modulus: &Signed, lowest_inverse: u64) {
        // As if p had been added to what is negative.
        let (sign_d, sign_e) = (d[LIMBS - 1] >> 63, e[LIMBS - 1] >> 63);
        let times = |low: i128, times: i64| {
            let wrong = lowest_inverse.wrapping_mul(low as u64).wrapping_add(times as u64);
            times - (wrong & MASK) as i64
        };
        let low_d = wide(self.u, d[0]) + wide(self.v, e[0]);
        let low_e = wide(self.q, d[0]) + wide(self.r, e[0]);
        let times_d = times(low_d, (self.u & sign_d) + (self.v & sign_e));
        let times_e = times(low_e, (self.q & sign_d) + (self.r & sign_e));
        let (mut sum_d, mut sum_e) = (0, 0);
        for place in 0..LIMBS {
            sum_d += wide(self.u, d[place]) + wide(self.v, e[place]) + wide(modulus[place], times_d);
            sum_e += wide(self.q, d[place]) + wide(self.r, e[place]) + wide(modulus[place], times_e);
            let (low_d, low_e) = (lowest(&mut sum_d), lowest(&mut sum_e));
            if place > 0 {
                (d[place - 1], e[place - 1]) = (low_d, low_e);
            }
        }
        (d[LIMBS - 1], e[LIMBS - 1]) = (sum_d as i64, sum_e as i64);
    }
}

/// A number between −2p and p, or its negative, modulo p: at least 0 and below p.
fn between(mut x: Signed, negative: bool, modulus: &Signed) -> Signed {
    let carry = |x: &mut Signed| {
        for place in 0..LIMBS - 1 {
            x[place + 1] += x[place] >> BITS;
            x[place] &= MASK as i64;
        }
    };
    let lift = |x: &mut Signed| {
        if x[LIMBS - 1] < 0 {
            x.iter_mut().zip(modulus).for_each(|(limb, p)| *limb += p);
            carry(x);
        }
    };
    lift(&mut x);
    if negative {
        x = x.map(|limb| -limb);
        carry(&mut x);
    }
    lift(&mut x);
    x
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fq, Fr};
    use ark_ff::{AdditiveGroup as _, PrimeField, UniformRand as _};
    use proptest::prelude::*;

    use super::*;
    use crate::test_statement::rng;

    fn agrees<C: MontConfig<4>>(x: Prime<C>) {
        assert_eq!(inverse(&x), x.inverse(), "{x}");
        assert_eq!(inverse(&-x), (-x).inverse(), "-{x}");
    }

    /// What goes wrong first: small numbers, powers of two and their neighbours, as they are and as they lie in memory.
    #[test]
    fn edges_are_inverted_as_arkworks_does() {
        fn edges<C: MontConfig<4>>() {
            assert_eq!(inverse(&Prime::<C>::ZERO), None);
            for small in 1..300u64 {
                agrees(Prime::<C>::from(small));
                agrees(Prime::<C>::new_unchecked(BigInt::new([small, 0, 0, 0])));
            }
            for bit in 0..254u64 {
                let power = Prime::<C>::from(2u64).pow([bit]);
                for number in [power, power + Prime::<C>::ONE, power - Prime::<C>::ONE] {
                    if !number.is_zero() {
                        agrees(number);
                    }
                }
                let mut limbs = [0; 4];
                limbs[bit as usize / 64] = 1u64 << (bit % 64);
                if BigInt::new(limbs) < <Prime<C> as PrimeField>::MODULUS {
                    agrees(Prime::<C>::new_unchecked(BigInt::new(limbs)));
                }
            }
        }
        edges::<ark_bn254::FqConfig>();
        edges::<ark_bn254::FrConfig>();
    }

    #[test]
    fn many_numbers_are_inverted_as_arkworks_does() {
        let mut rng = rng(1);
        for _ in 0..20_000 {
            agrees(Fq::rand(&mut rng));
            agrees(Fr::rand(&mut rng));
        }
    }

    proptest! {
        /// Numbers with long runs of equal bits, where the steps are uneven, and zeros among them.
        #[test]
        fn several_together_are_inverted_one_by_one(
            limbs in proptest::array::uniform8(proptest::array::uniform4(prop_oneof![Just(0), Just(u64::MAX), 0..8u64, any::<u64>()])),
        ) {
            let numbers: [Fq; 8] = limbs.map(|mut limbs| {
                limbs[3] >>= 3;
                Fq::from_bigint(BigInt::new(limbs)).unwrap_or_default()
            });
            let mut found = numbers;
            invert_each(&mut found);
            for (found, number) in found.iter().zip(&numbers) {
                prop_assert_eq!(*found, number.inverse().unwrap_or_default());
            }
        }
    }
}
