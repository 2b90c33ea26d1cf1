//! Between memory and lanes: eight numbers of four 64-bit limbs, each in a row of its own, and five vectors of 52-bit limbs.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_and_si512, _mm512_castsi256_si512,
    _mm512_castsi512_si256, _mm512_extracti64x4_epi64, _mm512_inserti64x4, _mm512_or_si512, _mm512_permutex2var_epi64,
    _mm512_set1_epi64, _mm512_setr_epi64, _mm512_shuffle_i64x2, _mm512_slli_epi64, _mm512_srli_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use ark_ff::fields::models::fp::{Fp, MontBackend};
use ark_ff::{BigInt, MontConfig};

use super::constants::{Constants, MASK};
use super::{Ifma, Lanes, WIDTH};

/// A number below 2^256 in memory, for [`Lanes::unpack`]: the radix is lanes' own, 2^260.
pub type Packed = [u64; 4];

impl<C: MontConfig<4>> Lanes<C> {
    /// Field elements of arkworks.
    #[inline(always)]
    pub fn load(ifma: Ifma, values: [&Fp<MontBackend<C, 4>, 4>; WIDTH]) -> Self {
        Self::take(ifma, values).reduced()
    }

    /// Field elements of arkworks, not reduced: below 16·p.
    #[inline(always)]
    pub fn take(ifma: Ifma, values: [&Fp<MontBackend<C, 4>, 4>; WIDTH]) -> Self {
        let words = transposed(ifma, each!(8, i => &values[i].0.0));
        // SAFETY: the token is at hand; nothing touches memory.
        let limbs = unsafe {
            // Times 16, from the radix 2^256 to 2^260: split four bits lower.
            let [w0, w1, w2, w3] = words;
            let mask = _mm512_set1_epi64(MASK as i64);
            [
                _mm512_and_si512(_mm512_slli_epi64::<4>(w0), mask),
                joined::<48, 16>(w0, w1, mask),
                joined::<36, 28>(w1, w2, mask),
                joined::<24, 40>(w2, w3, mask),
                _mm512_srli_epi64::<12>(w3),
            ]
        };
        Self::new(limbs, 16_000)
    }

    /// The same field element of arkworks in all lanes.
    #[inline(always)]
    pub fn splat(ifma: Ifma, value: &Fp<MontBackend<C, 4>, 4>) -> Self {
        Self::load(ifma, [value; WIDTH])
    }

    /// Field elements of arkworks, for numbers below 15·p.
    #[inline(always)]
    pub fn store(self) -> [Fp<MontBackend<C, 4>, 4>; WIDTH] {
        let mut rows = [[0; 4]; WIDTH];
        self.sixteenth().once_less().pack(rows.each_mut());
        each!(8, i => Fp::new_unchecked(BigInt::new(rows[i])))
    }

    /// Numbers below 2^256 that are not in Montgomery form, into it.
    #[inline(always)]
    pub fn from_integers(ifma: Ifma, integers: [&[u64; 4]; WIDTH]) -> Self {
        Self::unpack(ifma, integers).times(Self::constant(ifma, Constants::<C>::SQUARE, 1000))
    }

    /// The numbers out of Montgomery form, below p.
    #[inline(always)]
    pub fn to_integers(self, ifma: Ifma) -> [[u64; 4]; WIDTH] {
        let mut rows = [[0; 4]; WIDTH];
        self.times(Self::constant(ifma, [1, 0, 0, 0, 0], 1))
            .once_less()
            .pack(rows.each_mut());
        rows
    }

    /// Numbers as [`Lanes::pack`] left them, below 2^256 (which is below 6·p).
    #[inline(always)]
    pub fn unpack(ifma: Ifma, rows: [&Packed; WIDTH]) -> Self {
        Self::unpack_below(ifma, rows, 6000)
    }

    /// The same, where more is known of the numbers: they are below `bound` thousandths of p.
    #[inline(always)]
    pub fn unpack_below(ifma: Ifma, rows: [&Packed; WIDTH], bound: u64) -> Self {
        let [w0, w1, w2, w3] = transposed(ifma, rows);
        // SAFETY: the token is at hand; nothing touches memory.
        let limbs = unsafe {
            let mask = _mm512_set1_epi64(MASK as i64);
            [
                _mm512_and_si512(w0, mask),
                joined::<52, 12>(w0, w1, mask),
                joined::<40, 24>(w1, w2, mask),
                joined::<28, 36>(w2, w3, mask),
                _mm512_srli_epi64::<16>(w3),
            ]
        };
        Self::new(limbs, bound)
    }

    /// Writes numbers below 5·p, which is below 2^256, as they are.
    #[inline(always)]
    pub fn pack(self, rows: [&mut Packed; WIDTH]) {
        #[cfg(test)]
        assert!(self.bound() <= 5000, "{}", self.bound());
        let [l0, l1, l2, l3, l4] = self.limbs;
        // SAFETY: a number is at hand; each store is to a row of four limbs.
        unsafe {
            let w0 = _mm512_or_si512(l0, _mm512_slli_epi64::<52>(l1));
            let w1 = _mm512_or_si512(_mm512_srli_epi64::<12>(l1), _mm512_slli_epi64::<40>(l2));
            let w2 = _mm512_or_si512(_mm512_srli_epi64::<24>(l2), _mm512_slli_epi64::<28>(l3));
            let w3 = _mm512_or_si512(_mm512_srli_epi64::<36>(l3), _mm512_slli_epi64::<16>(l4));
            // Limbs 0, 1 of lanes 0, 2, 4, 6, then of the odd ones; limbs 2, 3 likewise.
            let (even, odd) = (_mm512_unpacklo_epi64(w0, w1), _mm512_unpackhi_epi64(w0, w1));
            let (even_high, odd_high) = (_mm512_unpacklo_epi64(w2, w3), _mm512_unpackhi_epi64(w2, w3));
            let first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
            let last = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
            let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
            write(_mm512_permutex2var_epi64(even, first, even_high), r0, r2);
            write(_mm512_permutex2var_epi64(odd, first, odd_high), r1, r3);
            write(_mm512_permutex2var_epi64(even, last, even_high), r4, r6);
            write(_mm512_permutex2var_epi64(odd, last, odd_high), r5, r7);
        }
    }
}

/// Two rows from the halves of a vector.
#[inline(always)]
unsafe fn write(pair: __m512i, low: &mut Packed, high: &mut Packed) {
    // SAFETY: the caller's processor has the instructions; each store is to a row of four limbs.
    unsafe {
        _mm256_storeu_si256(low.as_mut_ptr().cast::<__m256i>(), _mm512_castsi512_si256(pair));
        let upper = _mm512_extracti64x4_epi64::<1>(pair);
        _mm256_storeu_si256(high.as_mut_ptr().cast::<__m256i>(), upper);
    }
}

/// Limb i of all eight rows, for each i.
#[inline(always)]
fn transposed(_: Ifma, rows: [&[u64; 4]; WIDTH]) -> [__m512i; 4] {
    // SAFETY: the token is at hand; each load is of a row of four limbs.
    unsafe {
        let row = each!(8, i => _mm256_loadu_si256(rows[i].as_ptr().cast::<__m256i>()));
        let z0 = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(row[0]), row[2]);
        let z1 = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(row[1]), row[3]);
        let z2 = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(row[4]), row[6]);
        let z3 = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(row[5]), row[7]);
        let (even_low, odd_low) = (_mm512_unpacklo_epi64(z0, z1), _mm512_unpackhi_epi64(z0, z1));
        let (even_high, odd_high) = (_mm512_unpacklo_epi64(z2, z3), _mm512_unpackhi_epi64(z2, z3));
        [
            _mm512_shuffle_i64x2::<0x88>(even_low, even_high),
            _mm512_shuffle_i64x2::<0x88>(odd_low, odd_high),
            _mm512_shuffle_i64x2::<0xdd>(even_low, even_high),
            _mm512_shuffle_i64x2::<0xdd>(odd_low, odd_high),
        ]
    }
}

/// The 52 bits that begin DOWN bits up in `low` and go on UP bits up with `high`.
#[inline(always)]
unsafe fn joined<const DOWN: u32, const UP: u32>(low: __m512i, high: __m512i, mask: __m512i) -> __m512i {
    // SAFETY: the caller's processor has the instructions; nothing touches memory.
    unsafe {
        let both = _mm512_or_si512(_mm512_srli_epi64::<DOWN>(low), _mm512_slli_epi64::<UP>(high));
        _mm512_and_si512(both, mask)
    }
}
