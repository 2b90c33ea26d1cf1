//! How single numbers are added and multiplied: by arkworks, or with instructions that not every processor has, the results being
//! the same.

use ark_ff::Field;

/// Operations in a field F; all numbers are canonical.
pub(crate) trait Arithmetic<F>: Copy + Send + Sync + 'static {
    /// a + b.
    fn plus(self, a: &F, b: &F) -> F;
    /// a − b.
    fn minus(self, a: &F, b: &F) -> F;
    /// a·b.
    fn times(self, a: &F, b: &F) -> F;
    /// a².
    fn square(self, a: &F) -> F;
}

/// arkworks' own.
#[derive(Clone, Copy)]
pub(crate) struct Plain;

impl<F: Field> Arithmetic<F> for Plain {
    #[inline(always)]
    fn plus(self, a: &F, b: &F) -> F {
        *a + b
    }
    #[inline(always)]
    fn minus(self, a: &F, b: &F) -> F {
        *a - b
    }
    #[inline(always)]
    fn times(self, a: &F, b: &F) -> F {
        *a * b
    }
    #[inline(always)]
    fn square(self, a: &F) -> F {
        a.square()
    }
}

#[cfg(target_arch = "x86_64")]
mod carries {
    use ark_bn254::Fq2;
    use ark_ff::MontConfig;
    use ark_ff::fields::models::fp::{Fp, MontBackend};

    use super::Arithmetic;
    use crate::lanes::Carries;

    impl<C: MontConfig<4>> Arithmetic<Fp<MontBackend<C, 4>, 4>> for Carries {
        #[inline(always)]
        fn plus(self, a: &Fp<MontBackend<C, 4>, 4>, b: &Fp<MontBackend<C, 4>, 4>) -> Fp<MontBackend<C, 4>, 4> {
            self.sum(a, b)
        }
        #[inline(always)]
        fn minus(self, a: &Fp<MontBackend<C, 4>, 4>, b: &Fp<MontBackend<C, 4>, 4>) -> Fp<MontBackend<C, 4>, 4> {
            self.difference(a, b)
        }
        #[inline(always)]
        fn times(self, a: &Fp<MontBackend<C, 4>, 4>, b: &Fp<MontBackend<C, 4>, 4>) -> Fp<MontBackend<C, 4>, 4> {
            self.product(a, b)
        }
        #[inline(always)]
        fn square(self, a: &Fp<MontBackend<C, 4>, 4>) -> Fp<MontBackend<C, 4>, 4> {
            self.product(a, a)
        }
    }

    impl Arithmetic<Fq2> for Carries {
        #[inline(always)]
        fn plus(self, a: &Fq2, b: &Fq2) -> Fq2 {
            Fq2::new(self.sum(&a.c0, &b.c0), self.sum(&a.c1, &b.c1))
        }
        #[inline(always)]
        fn minus(self, a: &Fq2, b: &Fq2) -> Fq2 {
            Fq2::new(self.difference(&a.c0, &b.c0), self.difference(&a.c1, &b.c1))
        }
        #[inline(always)]
        fn times(self, a: &Fq2, b: &Fq2) -> Fq2 {
            self.quadratic_product(a, b)
        }
        #[inline(always)]
        fn square(self, a: &Fq2) -> Fq2 {
            self.quadratic_square(a)
        }
    }
}
