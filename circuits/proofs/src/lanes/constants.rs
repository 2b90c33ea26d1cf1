//! What the arithmetic needs to know of a modulus, computed when compiling.

use ark_ff::MontConfig;

/// The low 52 bits.
pub(super) const MASK: u64 = (1 << 52) - 1;

/// Constants of a modulus p of four limbs.
pub(super) struct Constants<C>(C);

impl<C: MontConfig<4>> Constants<C> {
    /// p. That 84·p is below 2^260 is what all bounds rest on; 2^256 < 6·p bounds what four limbs can hold.
    pub(super) const MODULUS: [u64; 5] = {
        let limbs = split(C::MODULUS.0);
        let top = limbs[4] + 1;
        assert!(84 * top < 1 << 52 && 6 * (top - 1) > 1 << 48);
        limbs
    };
    /// 2^260 − p.
    pub(super) const COMPLEMENT: [u64; 5] = {
        let p = Self::MODULUS;
        let mut limbs = [0; 5];
        let mut borrow = 0;
        let mut i = 0;
        while i < 5 {
            limbs[i] = ((1 << 52) - p[i] - borrow) & MASK;
            borrow = (p[i] + borrow > 0) as u64;
            i += 1;
        }
        limbs
    };
    /// −1/p mod 2^52.
    pub(super) const NEGATIVE_INVERSE: u64 = C::INV & MASK;
    /// ⌊2^266/p⌋, or a little less: 2^74 over the top limb plus one.
    pub(super) const QUOTIENT: u64 = ((1u128 << 74) / (C::MODULUS.0[3] as u128 + 1)) as u64;
    /// 1 in Montgomery form, 2^260 mod p.
    pub(super) const ONE: [u64; 5] = {
        // R of arkworks is 2^256 mod p.
        let mut value = C::R.0;
        let mut i = 0;
        while i < 4 {
            value = doubled(value, C::MODULUS.0);
            i += 1;
        }
        split(value)
    };
    /// 2^520 mod p, which takes a number into Montgomery form.
    pub(super) const SQUARE: [u64; 5] = {
        // R2 of arkworks is 2^512 mod p.
        let mut value = C::R2.0;
        let mut i = 0;
        while i < 8 {
            value = doubled(value, C::MODULUS.0);
            i += 1;
        }
        split(value)
    };

    /// k·p.
    pub(super) const fn multiple(k: u64) -> [u64; 5] {
        let p = Self::MODULUS;
        let mut limbs = [0; 5];
        let mut carry = 0u128;
        let mut i = 0;
        while i < 5 {
            let sum = p[i] as u128 * k as u128 + carry;
            limbs[i] = sum as u64 & MASK;
            carry = sum >> 52;
            i += 1;
        }
        assert!(carry == 0);
        limbs
    }
}

/// Four limbs of 64 bits as five of 52.
pub(super) const fn split(x: [u64; 4]) -> [u64; 5] {
    [
        x[0] & MASK,
        (x[0] >> 52 | x[1] << 12) & MASK,
        (x[1] >> 40 | x[2] << 24) & MASK,
        (x[2] >> 28 | x[3] << 36) & MASK,
        x[3] >> 16,
    ]
}

/// 2·x mod p, for x below p and p below 2^255.
const fn doubled(x: [u64; 4], p: [u64; 4]) -> [u64; 4] {
    let twice = [
        x[0] << 1,
        x[1] << 1 | x[0] >> 63,
        x[2] << 1 | x[1] >> 63,
        x[3] << 1 | x[2] >> 63,
    ];
    let mut less = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (difference, first) = twice[i].overflowing_sub(p[i]);
        let (difference, second) = difference.overflowing_sub(borrow as u64);
        less[i] = difference;
        borrow = first || second;
        i += 1;
    }
    if borrow { twice } else { less }
}
