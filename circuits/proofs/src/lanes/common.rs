//! What [`Lanes`] and [`Lanes2`] have in common, so that curves can be written once.

use ark_bn254::{Fq, Fq2, FqConfig};

use super::{Ifma, Lanes, Lanes2, WIDTH};

/// Eight elements of Fq or Fq2. Bounds are as said at [`Lanes`]; where an operation names K, its second operand (or only one)
/// is at most K·p, coordinate by coordinate.
pub trait Number: Copy {
    /// arkworks' type of one of them.
    type Element: Copy + Send + Sync;

    /// Zeros.
    fn zero(ifma: Ifma) -> Self;
    /// Ones.
    fn one(ifma: Ifma) -> Self;
    /// Field elements of arkworks.
    fn load(ifma: Ifma, values: [&Self::Element; WIDTH]) -> Self;
    /// Field elements of arkworks, not reduced: below 16·p.
    fn take(ifma: Ifma, values: [&Self::Element; WIDTH]) -> Self;
    /// The same field element in all lanes.
    fn splat(ifma: Ifma, value: &Self::Element) -> Self;
    /// Field elements of arkworks, for numbers below 15·p.
    fn store(self) -> [Self::Element; WIDTH];
    /// a + b.
    fn plus(self, other: Self) -> Self;
    /// 2·a.
    fn double(self) -> Self;
    /// a − b.
    fn minus<const K: u64>(self, other: Self) -> Self;
    /// a − b − c, where K bounds the sum of b and c.
    fn minus_both<const K: u64>(self, b: Self, c: Self) -> Self;
    /// −a.
    fn negative<const K: u64>(self) -> Self;
    /// a·b; K bounds a.
    fn times<const K: u64>(self, other: Self) -> Self;
    /// a².
    fn square<const K: u64>(self) -> Self;
    /// The same residues below 1.02·p.
    fn reduced(self) -> Self;
    /// 1/a, and 0 for 0, for a below 15·p.
    fn inverse(self, ifma: Ifma) -> Self;
    /// The lanes that are zero.
    fn zeros(self) -> u8;
    /// Lanes that hold 0 or p, and perhaps others.
    fn may_be_zero(self) -> u8;
    /// b in the lanes of the mask, a in the others.
    fn select(self, mask: u8, other: Self) -> Self;
}

macro_rules! forward {
    () => {
        #[inline(always)]
        fn zero(ifma: Ifma) -> Self {
            Self::zero(ifma)
        }
        #[inline(always)]
        fn one(ifma: Ifma) -> Self {
            Self::one(ifma)
        }
        #[inline(always)]
        fn load(ifma: Ifma, values: [&Self::Element; WIDTH]) -> Self {
            Self::load(ifma, values)
        }
        #[inline(always)]
        fn take(ifma: Ifma, values: [&Self::Element; WIDTH]) -> Self {
            Self::take(ifma, values)
        }
        #[inline(always)]
        fn splat(ifma: Ifma, value: &Self::Element) -> Self {
            Self::splat(ifma, value)
        }
        #[inline(always)]
        fn store(self) -> [Self::Element; WIDTH] {
            self.store()
        }
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            self.plus(other)
        }
        #[inline(always)]
        fn double(self) -> Self {
            self.double()
        }
        #[inline(always)]
        fn minus<const K: u64>(self, other: Self) -> Self {
            self.minus::<K>(other)
        }
        #[inline(always)]
        fn minus_both<const K: u64>(self, b: Self, c: Self) -> Self {
            self.minus_both::<K>(b, c)
        }
        #[inline(always)]
        fn negative<const K: u64>(self) -> Self {
            self.negative::<K>()
        }
        #[inline(always)]
        fn reduced(self) -> Self {
            self.reduced()
        }
        #[inline(always)]
        fn zeros(self) -> u8 {
            self.zeros()
        }
        #[inline(always)]
        fn may_be_zero(self) -> u8 {
            self.may_be_zero()
        }
        #[inline(always)]
        fn select(self, mask: u8, other: Self) -> Self {
            self.select(mask, other)
        }
    };
}

impl Number for Lanes<FqConfig> {
    type Element = Fq;
    forward!();
    #[inline(always)]
    fn times<const K: u64>(self, other: Self) -> Self {
        self.times(other)
    }
    #[inline(always)]
    fn square<const K: u64>(self) -> Self {
        self.square()
    }
    #[inline(always)]
    fn inverse(self, ifma: Ifma) -> Self {
        self.inverse(ifma)
    }
}

impl Number for Lanes2 {
    type Element = Fq2;
    forward!();
    #[inline(always)]
    fn times<const K: u64>(self, other: Self) -> Self {
        self.times::<K>(other)
    }
    #[inline(always)]
    fn square<const K: u64>(self) -> Self {
        self.square::<K>()
    }
    #[inline(always)]
    fn inverse(self, ifma: Ifma) -> Self {
        self.inverse::<15>(ifma)
    }
}
