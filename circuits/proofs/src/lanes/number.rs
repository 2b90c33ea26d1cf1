//! The arithmetic itself: [`Lanes`], and [`Wide`] for sums of products that are reduced once.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_blend_epi64, _mm512_movepi64_mask, _mm512_or_si512, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_slli_epi64, _mm512_srai_epi64, _mm512_srli_epi64, _mm512_sub_epi64,
};
use std::marker::PhantomData;

use ark_ff::MontConfig;

use super::Ifma;
use super::constants::{Constants, MASK};
use crate::numbers::inverse::invert_each;

/// Eight elements of the field with modulus p. Each is a number below 2^260 that stands for its residue: five limbs of 52 bits
/// in 64-bit lanes, Montgomery radix 2^260.
pub struct Lanes<C> {
    pub(super) limbs: [__m512i; 5],
    /// The numbers are below this many thousandths of p.
    #[cfg(test)]
    bound: u64,
    field: PhantomData<C>,
}

impl<C> Clone for Lanes<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Lanes<C> {}

/// Thousandths of p below which all numbers are.
#[cfg(test)]
const BOUND_MAX: u64 = 84_000;

// SAFETY of all blocks below: a value of `Lanes` or an `Ifma` is at hand, which exist only where the processor has the
// instructions; none of those used here touches memory.
impl<C: MontConfig<4>> Lanes<C> {
    /// Limbs of 52 bits as a number below `bound` thousandths of p.
    #[inline(always)]
    pub(super) fn new(limbs: [__m512i; 5], bound: u64) -> Self {
        #[cfg(test)]
        super::tests::check_bound::<C>(&limbs, bound, BOUND_MAX);
        let _ = bound;
        Self {
            limbs,
            #[cfg(test)]
            bound,
            field: PhantomData,
        }
    }

    /// Thousandths of p; known in tests only.
    #[inline(always)]
    pub(super) fn bound(&self) -> u64 {
        #[cfg(test)]
        return self.bound;
        #[cfg(not(test))]
        0
    }

    /// The same number in all lanes.
    #[inline(always)]
    pub(super) fn constant(_: Ifma, limbs: [u64; 5], bound: u64) -> Self {
        // SAFETY: see above.
        Self::new(unsafe { each!(5, i => _mm512_set1_epi64(limbs[i] as i64)) }, bound)
    }

    /// Zeros.
    #[inline(always)]
    pub fn zero(ifma: Ifma) -> Self {
        Self::constant(ifma, [0; 5], 0)
    }

    /// Ones.
    #[inline(always)]
    pub fn one(ifma: Ifma) -> Self {
        Self::constant(ifma, Constants::<C>::ONE, 1000)
    }

    /// a + b, not reduced: bounds add up.
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        // SAFETY: see above.
        let sums = unsafe { each!(5, i => _mm512_add_epi64(self.limbs[i], other.limbs[i])) };
        Self::new(carried(sums), self.bound() + other.bound())
    }

    /// 2·a, not reduced.
    #[inline(always)]
    pub fn double(self) -> Self {
        self.shifted::<1>()
    }

    /// 2^S·a, not reduced.
    #[inline(always)]
    pub fn shifted<const S: u32>(self) -> Self {
        const { assert!(S <= 6) };
        // SAFETY: see above.
        let limbs = unsafe { each!(5, i => _mm512_slli_epi64::<S>(self.limbs[i])) };
        Self::new(carried(limbs), self.bound() << S)
    }

    /// a − b + K·p, not reduced, for b of at most K·p.
    #[inline(always)]
    pub fn minus<const K: u64>(self, other: Self) -> Self {
        let limbs = self.less::<K>(&other);
        Self::new(carried(limbs), self.bound() + 1000 * K)
    }

    /// a − b − c + K·p, not reduced, for b + c of at most K·p.
    #[inline(always)]
    pub fn minus_both<const K: u64>(self, b: Self, c: Self) -> Self {
        #[cfg(test)]
        assert!(b.bound + c.bound <= 1000 * K, "{} and {} pass {K}", b.bound, c.bound);
        let multiple = const { Constants::<C>::multiple(K) };
        // SAFETY: see above.
        let limbs = unsafe {
            each!(5, i => {
                let larger = _mm512_add_epi64(self.limbs[i], _mm512_set1_epi64(multiple[i] as i64));
                _mm512_sub_epi64(larger, _mm512_add_epi64(b.limbs[i], c.limbs[i]))
            })
        };
        Self::new(carried(limbs), self.bound() + 1000 * K)
    }

    /// K·p − a, not reduced, for a of at most K·p.
    #[inline(always)]
    pub fn negative<const K: u64>(self) -> Self {
        let multiple = const { Constants::<C>::multiple(K) };
        #[cfg(test)]
        assert!(self.bound <= 1000 * K, "{} passes {K}", self.bound);
        // SAFETY: see above.
        let limbs = unsafe { each!(5, i => _mm512_sub_epi64(_mm512_set1_epi64(multiple[i] as i64), self.limbs[i])) };
        Self::new(carried(limbs), 1000 * K)
    }

    /// The limbs of a − b + K·p before carrying.
    #[inline(always)]
    fn less<const K: u64>(&self, other: &Self) -> [__m512i; 5] {
        let multiple = const { Constants::<C>::multiple(K) };
        #[cfg(test)]
        assert!(other.bound <= 1000 * K, "{} passes {K}", other.bound);
        // SAFETY: see above.
        unsafe {
            each!(5, i => {
                let larger = _mm512_add_epi64(self.limbs[i], _mm512_set1_epi64(multiple[i] as i64));
                _mm512_sub_epi64(larger, other.limbs[i])
            })
        }
    }

    /// a·b, below (1 + αβ/84)·p.
    #[inline(always)]
    pub fn times(self, other: Self) -> Self {
        Wide::product(self, other).reduced()
    }

    /// a².
    #[inline(always)]
    pub fn square(self) -> Self {
        Wide::square(self).reduced()
    }

    /// The same residues, as numbers below 1.02·p.
    #[inline(always)]
    pub fn reduced(self) -> Self {
        let complement = Constants::<C>::COMPLEMENT;
        // SAFETY: see above.
        let limbs = unsafe {
            // With t the number and Q = ⌊2^266/p⌋, q = ⌊⌊t/2^208⌋·Q/2^58⌋ is at most t/p, and above it by less than
            // 1 + 2^208/p + 1/64.
            let zero = _mm512_setzero_si512();
            let quotient = _mm512_set1_epi64(Constants::<C>::QUOTIENT as i64);
            let q = _mm512_srli_epi64::<6>(_mm512_madd52hi_epu64(zero, self.limbs[4], quotient));
            // t − q·p, as t + q·(2^260 − p) mod 2^260.
            let mut limbs = self.limbs;
            for i in 0..5 {
                let factor = _mm512_set1_epi64(complement[i] as i64);
                limbs[i] = _mm512_madd52lo_epu64(limbs[i], q, factor);
                if i < 4 {
                    limbs[i + 1] = _mm512_madd52hi_epu64(limbs[i + 1], q, factor);
                }
            }
            let mut limbs = carried(limbs);
            limbs[4] = _mm512_and_si512(limbs[4], _mm512_set1_epi64(MASK as i64));
            limbs
        };
        Self::new(limbs, 1020)
    }

    /// The numbers less p where they are not below it, for numbers below 2·p.
    #[inline(always)]
    pub(super) fn once_less(self) -> Self {
        #[cfg(test)]
        assert!(self.bound <= 2000, "{}", self.bound);
        let modulus = Constants::<C>::MODULUS;
        // SAFETY: see above.
        unsafe {
            let less = each!(5, i => _mm512_sub_epi64(self.limbs[i], _mm512_set1_epi64(modulus[i] as i64)));
            let less = carried(less);
            let negative = _mm512_movepi64_mask(less[4]);
            let limbs = each!(5, i => _mm512_mask_blend_epi64(negative, less[i], self.limbs[i]));
            Self::new(limbs, 1000)
        }
    }

    /// The same residues, below p.
    #[inline(always)]
    pub fn canonical(self) -> Self {
        self.reduced().once_less()
    }

    /// The lanes (bit i for lane i) that are zero in the field.
    #[inline(always)]
    pub fn zeros(self) -> u8 {
        let [a, b, c, d, e] = self.canonical().limbs;
        // SAFETY: see above.
        unsafe {
            let any = _mm512_or_si512(_mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d)), e);
            _mm512_cmpeq_epi64_mask(any, _mm512_setzero_si512())
        }
    }

    /// The lanes that hold 0 or p, told by the lowest limb; another one of 2^51 is among them.
    #[inline(always)]
    pub fn may_be_zero(self) -> u8 {
        // SAFETY: see above.
        unsafe {
            let modulus = _mm512_set1_epi64(Constants::<C>::MODULUS[0] as i64);
            _mm512_cmpeq_epi64_mask(self.limbs[0], _mm512_setzero_si512())
                | _mm512_cmpeq_epi64_mask(self.limbs[0], modulus)
        }
    }

    /// The lanes that are equal in the field, for b of at most 8·p.
    #[inline(always)]
    pub fn equal(self, other: Self) -> u8 {
        self.minus::<8>(other).zeros()
    }

    /// 1/a, and 0 for 0, for numbers below 15·p. All lanes share one inversion.
    #[inline(always)]
    pub fn inverse(self, ifma: Ifma) -> Self {
        let mut values = self.store();
        invert_each(&mut values);
        Self::load(ifma, values.each_ref())
    }

    /// b in the lanes of the mask, a in the others.
    #[inline(always)]
    pub fn select(self, mask: u8, other: Self) -> Self {
        // SAFETY: see above.
        let limbs = unsafe { each!(5, i => _mm512_mask_blend_epi64(mask, self.limbs[i], other.limbs[i])) };
        Self::new(limbs, self.bound().max(other.bound()))
    }

    /// K·p − a in the lanes of the mask, a in the others; for a of at most K·p.
    #[inline(always)]
    pub fn negated<const K: u64>(self, mask: u8) -> Self {
        self.select(mask, self.negative::<K>())
    }

    /// a/16 as numbers below (α/16 + 1)·p. This is the step from the radix 2^260 to arkworks' 2^256.
    #[inline(always)]
    pub(super) fn sixteenth(self) -> Self {
        let modulus = Constants::<C>::MODULUS;
        // SAFETY: see above.
        let limbs = unsafe {
            // a + m·p is a multiple of 16 for m = −a/p mod 16.
            let zero = _mm512_setzero_si512();
            let inverse = _mm512_set1_epi64((Constants::<C>::NEGATIVE_INVERSE & 15) as i64);
            let m = _mm512_madd52lo_epu64(zero, self.limbs[0], inverse);
            let m = _mm512_and_si512(m, _mm512_set1_epi64(15));
            let mut limbs = self.limbs;
            for i in 0..5 {
                let factor = _mm512_set1_epi64(modulus[i] as i64);
                limbs[i] = _mm512_madd52lo_epu64(limbs[i], m, factor);
                if i < 4 {
                    limbs[i + 1] = _mm512_madd52hi_epu64(limbs[i + 1], m, factor);
                }
            }
            let limbs = carried(limbs);
            let mask = _mm512_set1_epi64(MASK as i64);
            each!(5, i => {
                let low = _mm512_srli_epi64::<4>(limbs[i]);
                if i < 4 {
                    _mm512_and_si512(_mm512_or_si512(low, _mm512_slli_epi64::<48>(limbs[i + 1])), mask)
                } else {
                    low
                }
            })
        };
        Self::new(limbs, self.bound() / 16 + 1001)
    }
}

/// Limbs of 52 bits from limbs of either sign below 2^62 that stand for a number that is not negative.
#[inline(always)]
fn carried(mut limbs: [__m512i; 5]) -> [__m512i; 5] {
    // SAFETY: see above; only called with limbs of numbers that exist.
    unsafe {
        let mask = _mm512_set1_epi64(MASK as i64);
        for i in 0..4 {
            limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], _mm512_srai_epi64::<52>(limbs[i]));
            limbs[i] = _mm512_and_si512(limbs[i], mask);
        }
    }
    limbs
}

/// A sum of products that has not been reduced: ten columns of 52 bits, of which none has been carried. A product adds at
/// most 2·5·2^52 to a column, so that 64 products fit.
pub struct Wide<C> {
    columns: [__m512i; 10],
    /// The sum of αβ, in thousandths.
    #[cfg(test)]
    bound: u64,
    field: PhantomData<C>,
}

impl<C> Clone for Wide<C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Wide<C> {}

// SAFETY of all blocks below: as above.
impl<C: MontConfig<4>> Wide<C> {
    #[inline(always)]
    fn new(columns: [__m512i; 10], bound: u64) -> Self {
        let _ = bound;
        Self {
            columns,
            #[cfg(test)]
            bound,
            field: PhantomData,
        }
    }

    #[inline(always)]
    fn bound(&self) -> u64 {
        #[cfg(test)]
        return self.bound;
        #[cfg(not(test))]
        0
    }

    /// a·b.
    #[inline(always)]
    pub fn product(a: Lanes<C>, b: Lanes<C>) -> Self {
        // SAFETY: see above.
        let zero = unsafe { _mm512_setzero_si512() };
        Self::new([zero; 10], 0).and(a, b)
    }

    /// The sum so far, and a·b.
    #[inline(always)]
    pub fn and(self, a: Lanes<C>, b: Lanes<C>) -> Self {
        let mut columns = self.columns;
        // SAFETY: see above.
        unsafe {
            for i in 0..5 {
                for j in 0..5 {
                    columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a.limbs[j], b.limbs[i]);
                }
                for j in 0..5 {
                    columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a.limbs[j], b.limbs[i]);
                }
            }
        }
        Self::new(columns, self.bound() + a.bound() * b.bound() / 1000 + 1)
    }

    /// a².
    #[inline(always)]
    pub fn square(a: Lanes<C>) -> Self {
        // SAFETY: see above.
        unsafe {
            let mut columns = [_mm512_setzero_si512(); 10];
            for i in 0..5 {
                for j in i + 1..5 {
                    columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a.limbs[i], a.limbs[j]);
                    columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a.limbs[i], a.limbs[j]);
                }
            }
            for column in &mut columns[1..9] {
                *column = _mm512_add_epi64(*column, *column);
            }
            for i in 0..5 {
                columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], a.limbs[i], a.limbs[i]);
                columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], a.limbs[i], a.limbs[i]);
            }
            Self::new(columns, a.bound() * a.bound() / 1000 + 1)
        }
    }

    /// The sum divided by 2^260: with Σαβ for the sum's bound, below (1 + Σαβ/84)·p.
    #[inline(always)]
    pub fn reduced(self) -> Lanes<C> {
        let modulus = Constants::<C>::MODULUS;
        let mut columns = self.columns;
        // SAFETY: see above.
        let limbs = unsafe {
            let zero = _mm512_setzero_si512();
            let inverse = _mm512_set1_epi64(Constants::<C>::NEGATIVE_INVERSE as i64);
            for i in 0..5 {
                // m·p makes the column's low 52 bits zero; what is above them goes to the next.
                let m = _mm512_madd52lo_epu64(zero, columns[i], inverse);
                for j in 0..5 {
                    let factor = _mm512_set1_epi64(modulus[j] as i64);
                    columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], m, factor);
                    columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], m, factor);
                }
                columns[i + 1] = _mm512_add_epi64(columns[i + 1], _mm512_srli_epi64::<52>(columns[i]));
            }
            carried([columns[5], columns[6], columns[7], columns[8], columns[9]])
        };
        Lanes::new(limbs, 1001 + self.bound() / 84)
    }
}
