//! Eight numbers side by side, in the lanes of vector registers.

use ark_bn254::{Fq, Fq2, FqConfig};
use ark_ff::AdditiveGroup as _;

use super::inverse::invert_each;
use super::{Mask, Number, Prime, Quadratic};
use crate::lanes::{Ifma, Lanes, Lanes2, WIDTH, each};

/// Eight numbers of Fq.
pub(crate) type Eight = Lanes<FqConfig>;

/// References to eight values, of which the last stand for zero where fewer are there.
#[inline(always)]
fn filled<'a, T>(values: &'a [T], zero: &'a T) -> [&'a T; WIDTH] {
    each!(8, place => values.get(place).unwrap_or(zero))
}

impl Number for Eight {
    const WIDTH: usize = WIDTH;
    type One = Fq;
    type Token = Ifma;

    #[inline(always)]
    fn run<R>(token: Ifma, f: impl FnOnce() -> R) -> R {
        token.run(f)
    }
    #[inline(always)]
    fn splat(token: Ifma, value: &Fq) -> Self {
        Self::splat(token, value)
    }
    #[inline(always)]
    fn load(token: Ifma, values: &[Fq]) -> Self {
        Self::load(token, filled(values, &Fq::ZERO))
    }
    #[inline(always)]
    fn store(self, out: &mut [Fq]) {
        out.iter_mut()
            .zip(self.store())
            .for_each(|(place, value)| *place = value);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
    #[inline(always)]
    fn sub<const K: u64>(self, other: Self) -> Self {
        self.minus::<K>(other)
    }
    #[inline(always)]
    fn neg<const K: u64>(self) -> Self {
        self.negative::<K>()
    }
    #[inline(always)]
    fn double(self) -> Self {
        self.double()
    }
    #[inline(always)]
    fn mul<const K: u64>(self, other: Self) -> Self {
        product(&self, &other)
    }
    #[inline(always)]
    fn square<const K: u64>(self) -> Self {
        square(&self)
    }
    #[inline(always)]
    fn reduced(self) -> Self {
        self.reduced()
    }
    #[inline(always)]
    fn zeros(self) -> Mask {
        self.zeros()
    }
    #[inline(always)]
    fn select(mask: Mask, yes: Self, no: Self) -> Self {
        no.select(mask, yes)
    }
    #[inline(always)]
    fn inverse(self, token: Ifma) -> Self {
        let mut values = self.store();
        invert_each(&mut values);
        Self::load(token, values.each_ref())
    }
}

impl Prime for Eight {}

// Products are functions of their own: they are some hundred instructions each, and where hundreds of them stand in a row, the
// instructions would no longer fit the first cache.

/// The largest K of a product in Fq2.
const K_MAX: u64 = 8;

#[inline(never)]
fn product(a: &Eight, b: &Eight) -> Eight {
    a.token().run(
        #[inline(always)]
        || a.times(*b),
    )
}

#[inline(never)]
fn square(a: &Eight) -> Eight {
    a.token().run(
        #[inline(always)]
        || a.square(),
    )
}

#[inline(never)]
fn quadratic_product(a: &Lanes2, b: &Lanes2) -> Lanes2 {
    a.c0.token().run(
        #[inline(always)]
        || a.times::<K_MAX>(*b),
    )
}

#[inline(never)]
fn quadratic_square(a: &Lanes2) -> Lanes2 {
    a.c0.token().run(
        #[inline(always)]
        || a.square::<K_MAX>(),
    )
}

impl Number for Lanes2 {
    const WIDTH: usize = WIDTH;
    type One = Fq2;
    type Token = Ifma;

    #[inline(always)]
    fn run<R>(token: Ifma, f: impl FnOnce() -> R) -> R {
        token.run(f)
    }
    #[inline(always)]
    fn splat(token: Ifma, value: &Fq2) -> Self {
        Self::splat(token, value)
    }
    #[inline(always)]
    fn load(token: Ifma, values: &[Fq2]) -> Self {
        Self::load(token, filled(values, &Fq2::ZERO))
    }
    #[inline(always)]
    fn store(self, out: &mut [Fq2]) {
        out.iter_mut()
            .zip(self.store())
            .for_each(|(place, value)| *place = value);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
    #[inline(always)]
    fn sub<const K: u64>(self, other: Self) -> Self {
        self.minus::<K>(other)
    }
    #[inline(always)]
    fn neg<const K: u64>(self) -> Self {
        self.negative::<K>()
    }
    #[inline(always)]
    fn double(self) -> Self {
        self.double()
    }
    #[inline(always)]
    fn mul<const K: u64>(self, other: Self) -> Self {
        const { assert!(K <= K_MAX) }
        quadratic_product(&self, &other)
    }
    #[inline(always)]
    fn square<const K: u64>(self) -> Self {
        const { assert!(K <= K_MAX) }
        quadratic_square(&self)
    }
    #[inline(always)]
    fn reduced(self) -> Self {
        self.reduced()
    }
    #[inline(always)]
    fn zeros(self) -> Mask {
        self.zeros()
    }
    #[inline(always)]
    fn select(mask: Mask, yes: Self, no: Self) -> Self {
        no.select(mask, yes)
    }
    #[inline(always)]
    fn inverse(self, token: Ifma) -> Self {
        // 1/(c0 + c1·u) = (c0 − c1·u)/(c0² + c1²).
        let norm = square(&self.c0).plus(square(&self.c1));
        let inverse = Number::inverse(norm, token);
        self.conjugate::<4>().scale(inverse)
    }
}

impl Quadratic for Lanes2 {
    type Base = Eight;

    #[inline(always)]
    fn new(c0: Eight, c1: Eight) -> Self {
        Self::new(c0, c1)
    }
    #[inline(always)]
    fn parts(self) -> (Eight, Eight) {
        (self.c0, self.c1)
    }
    #[inline(always)]
    fn scale(self, by: Eight) -> Self {
        Self::new(product(&self.c0, &by), product(&self.c1, &by))
    }
    #[inline(always)]
    fn conjugate<const K: u64>(self) -> Self {
        self.conjugate::<K>()
    }
    #[inline(always)]
    fn times_xi<const K: u64>(self) -> Self {
        self.mul_xi::<K>()
    }
}
