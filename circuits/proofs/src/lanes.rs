//! Eight field elements at once, on processors with AVX-512 IFMA: the one module of the workspace that may say `unsafe`. What takes
//! other instructions lies here too: [`Carries`].
//!
//! IFMA multiplies 52-bit numbers in each of eight 64-bit lanes and adds the low or the high half of the product to a lane.
//! A field element is therefore five limbs of 52 bits, in Montgomery form with radix 2^260 (Gueron, Krasnov, "Software
//! Implementation of Modular Exponentiation, Using Advanced Vector Instructions Architectures", WAIFI 2012; the reduction is
//! "almost Montgomery", without a last subtraction). 2^260 is 84 times BN254's moduli, and this room is used for laziness:
//! sums and differences are not reduced at all, and a product of numbers below α·p and β·p is below (1 + αβ/84)·p. Any
//! number below 2^260 may be multiplied. Tests of this crate carry a bound with every value and stop where one could pass
//! 2^260; the bounds do not depend on data, so a path that was run once is proven.
//!
//! [`Ifma`] is a token: it exists only where the processor has the instructions, and every value of [`Lanes`] was made with
//! one. This is what makes the operations safe to call. Whoever computes on lanes does it inside [`Ifma::run`], in functions
//! marked `#[inline(always)]`, so that all of it is compiled with the instructions; what is not inlined is correct, but slow.

#![expect(
    unsafe_code,
    reason = "instructions that not every processor has; each block says why it is sound"
)]

/// The values of an expression for the places 0 to 4, or 0 to 7, as an array: `each!(5, i => …)`. Written out, because the closures
/// that `array::from_fn` and `map` take may be left functions of their own, which are compiled without the instructions; then
/// each instruction in them is a call, and every vector goes through memory.
macro_rules! each {
    (5, $i:ident => $value:expr) => {
        each!(@ $i $value; 0 1 2 3 4)
    };
    (8, $i:ident => $value:expr) => {
        each!(@ $i $value; 0 1 2 3 4 5 6 7)
    };
    (@ $i:ident $value:expr; $($place:literal)+) => {
        [$({
            let $i: usize = $place;
            $value
        }),+]
    };
}
pub(crate) use each;

mod carries;
mod common;
mod constants;
mod number;
mod pack;
mod permute;
mod quadratic;
mod spread;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

pub use carries::Carries;
pub use common::Number;
pub use number::{Lanes, Wide};
pub use pack::Packed;
pub use quadratic::Lanes2;
pub use spread::Spread;
pub(crate) use steps::Steps;

/// How many field elements go together.
pub const WIDTH: usize = 8;

/// Set by benches and tests that measure the other path.
static SCALAR: AtomicBool = AtomicBool::new(false);

/// That the processor has AVX-512 F, VL, DQ and IFMA.
#[derive(Clone, Copy, Debug)]
pub struct Ifma(());

impl Ifma {
    /// The token, where the processor has the instructions and nobody has asked to do without.
    pub fn detected() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512ifma");
        (has && !SCALAR.load(Ordering::Relaxed)).then_some(Self(()))
    }

    /// Runs a function compiled with the instructions.
    #[inline(always)]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512ifma")]
        fn with_features<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        // SAFETY: the token shows that the processor has these features.
        unsafe { with_features(f) }
    }

    /// Runs something long compiled with the instructions.
    #[inline(always)]
    pub fn work(self, work: impl Work) {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512ifma")]
        fn with_features(ifma: Ifma, work: impl Work) {
            work.run(ifma);
        }
        // SAFETY: the token shows that the processor has these features.
        unsafe { with_features(self, work) }
    }
}

/// Something long. A closure given to [`Ifma::run`] is a function without the instructions until it is inlined, and a long one is
/// not; a method marked `#[inline(always)]` is.
pub trait Work {
    /// Does it.
    fn run(self, ifma: Ifma);
}

/// From now on, in this process, everything is computed without vectors (or with them again). For benches.
pub fn force_scalar(yes: bool) {
    SCALAR.store(yes, Ordering::Relaxed);
}
