//! Square roots in Fq and Fq2, by fixed powers: p ≡ 3 (mod 4).

use ark_bn254::Fq;
use ark_ff::{BigInt, MontConfig as _, MontFp};

use super::{Mask, Number, Prime, Quadratic};

/// (p − 3)/4. As p ≡ 3 (mod 4), a · a^((p − 3)/4) is a square root of a where there is one, and of −a where there is none.
const EXPONENT: BigInt<4> = {
    let modulus = ark_bn254::FqConfig::MODULUS.0;
    // p = 4k + 3, and k is the modulus without its two lowest bits.
    BigInt::new([
        modulus[0] >> 2 | modulus[1] << 62,
        modulus[1] >> 2 | modulus[2] << 62,
        modulus[2] >> 2 | modulus[3] << 62,
        modulus[3] >> 2,
    ])
};

/// Bits of a window.
const WINDOW: usize = 5;
/// The power as steps, first to last: so many squarings, then the product with this odd power (as its half, rounded down).
const STEPS: ([(u8, u8); 64], usize) = {
    let mut steps = [(0, 0); 64];
    let (mut count, mut place) = (0, 252);
    let mut squarings = 0;
    while place > 0 {
        if EXPONENT.0[(place - 1) / 64] >> ((place - 1) % 64) & 1 == 0 {
            squarings += 1;
            place -= 1;
            continue;
        }
        // The longest window that begins here and ends with a one.
        let mut end = place.saturating_sub(WINDOW);
        while EXPONENT.0[end / 64] >> (end % 64) & 1 == 0 {
            end += 1;
        }
        let mut digit = 0;
        while place > end {
            place -= 1;
            digit = digit << 1 | (EXPONENT.0[place / 64] >> (place % 64) & 1) as u8;
            squarings += 1;
        }
        steps[count] = (squarings, digit / 2);
        squarings = 0;
        count += 1;
    }
    // The exponent is odd, so that nothing remains after its last window.
    assert!(squarings == 0 && EXPONENT.0[3] >> 60 == 0);
    (steps, count)
};

/// x^((p − 3)/4), by windows of five bits that slide over the exponent.
#[inline(always)]
fn power<N: Number>(x: N) -> N {
    let square = x.square::<4>();
    let mut odd = [x; 1 << (WINDOW - 1)];
    for place in 1..odd.len() {
        odd[place] = odd[place - 1].mul::<4>(square);
    }
    let steps = &STEPS.0[..STEPS.1];
    let mut power = odd[usize::from(steps[0].1)];
    for (squarings, digit) in &steps[1..] {
        for _ in 0..*squarings {
            power = power.square::<4>();
        }
        power = power.mul::<4>(odd[usize::from(*digit)]);
    }
    power
}

/// √a, and where it is one.
#[inline(always)]
pub(crate) fn root<B: Prime>(a: B) -> (B, Mask) {
    let root = a.mul::<4>(power(a));
    (root, root.square::<4>().sub::<4>(a).zeros())
}

/// √a, and where it is one. Where the coefficient of u is zero, no root may be found although there is one.
///
/// The complex method with two exponentiations and no inversion: with s = √(a₀² + a₁²) and δ = (a₀ + s)/2, a root is
/// x + a₁/(2x)·u for x = √δ, or for x = √δ′ with δ′ = (a₀ − s)/2. As δδ′ = −a₁²/4 and −1 is no square, exactly one of them is a
/// square. With t = δ^((p − 3)/4) and x = δt: if x² = δ, then 1/x = t and the root is x + (a₁t/2)·u; otherwise x² = −δ,
/// 1/x = −t, and with √δ′ = a₁/(2x) the root is −a₁t/2 + x·u. (Adj and Rodríguez-Henríquez, eprint 2012/685, algorithm 8, with
/// the inversion and the second symbol read off one power.)
#[inline(always)]
pub(crate) fn root_quadratic<Q: Quadratic>(token: Q::Token, a: Q) -> (Q, Mask) {
    let (a0, a1) = a.parts();
    let half = Q::Base::splat(token, &HALF);
    let (s, _) = root(a0.square::<4>().add(a1.square::<4>()));
    let delta = a0.add(s).mul::<4>(half);
    let t = power(delta);
    let x = delta.mul::<4>(t);
    let square = x.square::<4>().sub::<4>(delta).zeros();
    let other = a1.mul::<4>(half).mul::<4>(t);
    let root = Q::new(
        Q::Base::select(square, x, other.neg::<2>()),
        Q::Base::select(square, other, x),
    );
    (root, root.square::<4>().sub::<4>(a).zeros())
}

/// 1/2.
const HALF: Fq = MontFp!("10944121435919637611123202872628637544348155578648911831344518947322613104292");
