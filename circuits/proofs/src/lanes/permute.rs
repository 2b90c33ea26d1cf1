//! Moving numbers between lanes, for what computes on the coefficients of one number of an extension field side by side.

use std::arch::x86_64::{_mm512_permutexvar_epi64, _mm512_setr_epi64};

use ark_ff::MontConfig;

use super::{Ifma, Lanes, Lanes2, WIDTH};

impl<C: MontConfig<4>> Lanes<C> {
    /// The token with which the value was made.
    #[inline(always)]
    pub fn token(&self) -> Ifma {
        Ifma(())
    }

    /// Lane i of the result is lane `from[i]`, of which the three lowest bits count.
    #[inline(always)]
    pub fn permuted(self, from: [u8; WIDTH]) -> Self {
        let [a, b, c, d, e, f, g, h] = each!(8, i => i64::from(from[i]));
        // SAFETY: a value is at hand, so the processor has the instructions; none of them touches memory.
        let limbs = unsafe {
            let places = _mm512_setr_epi64(a, b, c, d, e, f, g, h);
            each!(5, i => _mm512_permutexvar_epi64(places, self.limbs[i]))
        };
        Self::new(limbs, self.bound())
    }
}

impl Lanes2 {
    /// Lane i of the result is lane `from[i]`.
    #[inline(always)]
    pub fn permuted(self, from: [u8; WIDTH]) -> Self {
        Self::new(self.c0.permuted(from), self.c1.permuted(from))
    }
}
