//! A single number: arkworks' own.

use ark_bn254::{Fq, Fq2, Fq6Config};
use ark_ff::Zero as _;
use ark_ff::fields::models::fp6_3over2::Fp6Config as _;

use super::inverse::inverse;
use super::{Mask, Number, Prime, Quadratic};

/// The operations that arkworks has for both fields under the same names.
macro_rules! number {
    ($field:ty, $inverse:path) => {
        impl Number for $field {
            const WIDTH: usize = 1;
            type One = Self;
            type Token = ();

            #[inline(always)]
            fn run<R>((): (), f: impl FnOnce() -> R) -> R {
                f()
            }
            #[inline(always)]
            fn splat((): (), value: &Self) -> Self {
                *value
            }
            #[inline(always)]
            fn load((): (), values: &[Self]) -> Self {
                values.first().copied().unwrap_or_default()
            }
            #[inline(always)]
            fn store(self, out: &mut [Self]) {
                out.iter_mut().take(1).for_each(|place| *place = self);
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn sub<const K: u64>(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn neg<const K: u64>(self) -> Self {
                -self
            }
            #[inline(always)]
            fn double(self) -> Self {
                ark_ff::AdditiveGroup::double(&self)
            }
            #[inline(always)]
            fn mul<const K: u64>(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn square<const K: u64>(self) -> Self {
                ark_ff::Field::square(&self)
            }
            #[inline(always)]
            fn reduced(self) -> Self {
                self
            }
            #[inline(always)]
            fn zeros(self) -> Mask {
                Mask::from(self.is_zero())
            }
            #[inline(always)]
            fn select(mask: Mask, yes: Self, no: Self) -> Self {
                if mask & 1 == 1 { yes } else { no }
            }
            #[inline(always)]
            fn inverse(self, (): ()) -> Self {
                $inverse(&self).unwrap_or_default()
            }
        }
    };
}

number!(Fq, inverse);
number!(Fq2, inverse_quadratic);

/// 1/(c0 + c1·u) = (c0 − c1·u)/(c0² + c1²); `None` for zero.
fn inverse_quadratic(x: &Fq2) -> Option<Fq2> {
    let over_norm = inverse(&x.norm())?;
    Some(Fq2::new(x.c0 * over_norm, -x.c1 * over_norm))
}

impl Prime for Fq {}

impl Quadratic for Fq2 {
    type Base = Fq;

    #[inline(always)]
    fn new(c0: Fq, c1: Fq) -> Self {
        Self { c0, c1 }
    }
    #[inline(always)]
    fn parts(self) -> (Fq, Fq) {
        (self.c0, self.c1)
    }
    #[inline(always)]
    fn scale(self, by: Fq) -> Self {
        Self {
            c0: self.c0 * by,
            c1: self.c1 * by,
        }
    }
    #[inline(always)]
    fn conjugate<const K: u64>(self) -> Self {
        Self {
            c0: self.c0,
            c1: -self.c1,
        }
    }
    #[inline(always)]
    fn times_xi<const K: u64>(self) -> Self {
        Fq6Config::mul_fp2_by_nonresidue(self)
    }
}
