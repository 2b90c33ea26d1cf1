//! Eight elements of Fq2 = Fq[u]/(u² + 1) at once. Products are sums of two products in Fq that are reduced once, which costs as
//! much as Karatsuba's three and needs no carries in between.

use ark_bn254::{Fq, Fq2, FqConfig};

use super::number::{Lanes, Wide};
use super::{Ifma, WIDTH};

/// c0 + c1·u. What is said of bounds at [`Lanes`] holds for each coordinate.
#[derive(Clone, Copy)]
pub struct Lanes2 {
    pub c0: Lanes<FqConfig>,
    pub c1: Lanes<FqConfig>,
}

impl Lanes2 {
    /// From coordinates.
    #[inline(always)]
    pub fn new(c0: Lanes<FqConfig>, c1: Lanes<FqConfig>) -> Self {
        Self { c0, c1 }
    }

    /// Zeros.
    #[inline(always)]
    pub fn zero(ifma: Ifma) -> Self {
        Self::new(Lanes::zero(ifma), Lanes::zero(ifma))
    }

    /// Ones.
    #[inline(always)]
    pub fn one(ifma: Ifma) -> Self {
        Self::new(Lanes::one(ifma), Lanes::zero(ifma))
    }

    /// Field elements of arkworks.
    #[inline(always)]
    pub fn load(ifma: Ifma, values: [&Fq2; WIDTH]) -> Self {
        Self::new(
            Lanes::load(ifma, each!(8, i => &values[i].c0)),
            Lanes::load(ifma, each!(8, i => &values[i].c1)),
        )
    }

    /// Field elements of arkworks, not reduced: coordinates are below 16·p.
    #[inline(always)]
    pub fn take(ifma: Ifma, values: [&Fq2; WIDTH]) -> Self {
        Self::new(
            Lanes::take(ifma, each!(8, i => &values[i].c0)),
            Lanes::take(ifma, each!(8, i => &values[i].c1)),
        )
    }

    /// The same field element of arkworks in all lanes.
    #[inline(always)]
    pub fn splat(ifma: Ifma, value: &Fq2) -> Self {
        Self::load(ifma, [value; WIDTH])
    }

    /// Field elements of arkworks, for coordinates below 15·p.
    #[inline(always)]
    pub fn store(self) -> [Fq2; WIDTH] {
        let (c0, c1): ([Fq; WIDTH], [Fq; WIDTH]) = (self.c0.store(), self.c1.store());
        each!(8, i => Fq2::new(c0[i], c1[i]))
    }

    /// a + b, not reduced.
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        Self::new(self.c0.plus(other.c0), self.c1.plus(other.c1))
    }

    /// 2·a, not reduced.
    #[inline(always)]
    pub fn double(self) -> Self {
        Self::new(self.c0.double(), self.c1.double())
    }

    /// a − b, not reduced: coordinates grow by K·p, for b of at most K·p.
    #[inline(always)]
    pub fn minus<const K: u64>(self, other: Self) -> Self {
        Self::new(self.c0.minus::<K>(other.c0), self.c1.minus::<K>(other.c1))
    }

    /// a − b − c, not reduced: coordinates grow by K·p, for b + c of at most K·p.
    #[inline(always)]
    pub fn minus_both<const K: u64>(self, b: Self, c: Self) -> Self {
        Self::new(self.c0.minus_both::<K>(b.c0, c.c0), self.c1.minus_both::<K>(b.c1, c.c1))
    }

    /// −a, at most K·p, for a of at most K·p.
    #[inline(always)]
    pub fn negative<const K: u64>(self) -> Self {
        Self::new(self.c0.negative::<K>(), self.c1.negative::<K>())
    }

    /// The conjugate c0 − c1·u, for c1 of at most K·p.
    #[inline(always)]
    pub fn conjugate<const K: u64>(self) -> Self {
        Self::new(self.c0, self.c1.negative::<K>())
    }

    /// a·b, for coordinates of a of at most K·p. With α and β for the bounds of a and b, below (1 + (α + K)β/84)·p.
    #[inline(always)]
    pub fn times<const K: u64>(self, other: Self) -> Self {
        let negative = self.c1.negative::<K>();
        Self::new(
            Wide::product(self.c0, other.c0).and(negative, other.c1).reduced(),
            Wide::product(self.c0, other.c1).and(self.c1, other.c0).reduced(),
        )
    }

    /// a², for coordinates of at most K·p: (c0 + c1)(c0 − c1) and 2·c0·c1.
    #[inline(always)]
    pub fn square<const K: u64>(self) -> Self {
        Self::new(
            self.c0.plus(self.c1).times(self.c0.minus::<K>(self.c1)),
            self.c0.double().times(self.c1),
        )
    }

    /// Both coordinates times a number of Fq.
    #[inline(always)]
    pub fn scale(self, factor: Lanes<FqConfig>) -> Self {
        Self::new(self.c0.times(factor), self.c1.times(factor))
    }

    /// a·(9 + u), not reduced: 9·c0 − c1 and 9·c1 + c0, for coordinates of at most K·p. They grow to (9α + K)·p.
    #[inline(always)]
    pub fn mul_xi<const K: u64>(self) -> Self {
        let (nine0, nine1) = (
            self.c0.shifted::<3>().plus(self.c0),
            self.c1.shifted::<3>().plus(self.c1),
        );
        Self::new(nine0.minus::<K>(self.c1), nine1.plus(self.c0))
    }

    /// The same residues, with coordinates below 1.02·p.
    #[inline(always)]
    pub fn reduced(self) -> Self {
        Self::new(self.c0.reduced(), self.c1.reduced())
    }

    /// 1/a, and 0 for 0, for coordinates of at most K·p with 2α² below 84·14. All lanes share one inversion.
    #[inline(always)]
    pub fn inverse<const K: u64>(self, ifma: Ifma) -> Self {
        let norm = Wide::square(self.c0).and(self.c1, self.c1).reduced();
        self.conjugate::<K>().scale(norm.inverse(ifma))
    }

    /// The lanes that are zero.
    #[inline(always)]
    pub fn zeros(self) -> u8 {
        self.c0.zeros() & self.c1.zeros()
    }

    /// The lanes that hold 0 or p in both coordinates, and perhaps others.
    #[inline(always)]
    pub fn may_be_zero(self) -> u8 {
        self.c0.may_be_zero() & self.c1.may_be_zero()
    }

    /// The lanes that are equal, for b of at most 8·p.
    #[inline(always)]
    pub fn equal(self, other: Self) -> u8 {
        self.c0.equal(other.c0) & self.c1.equal(other.c1)
    }

    /// b in the lanes of the mask, a in the others.
    #[inline(always)]
    pub fn select(self, mask: u8, other: Self) -> Self {
        Self::new(self.c0.select(mask, other.c0), self.c1.select(mask, other.c1))
    }
}
