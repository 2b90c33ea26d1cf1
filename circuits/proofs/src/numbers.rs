//! Arithmetic in Fq and Fq2, of one number or of eight side by side, behind the same traits: what verifies eight proofs at once
//! and what verifies one are then the same code, and the tests of one are tests of the other.
//!
//! Whoever writes for several numbers cannot branch on them: comparisons give a mask with a bit for each, lowest first, and
//! [`Number::select`] takes from either of two by such a mask. Nor is a sum of [lanes reduced: the constants K
//! of the operations below say that what is subtracted is at most K·p, and tests on lanes hold them to it. For a single number
//! of arkworks they mean nothing.

#[cfg(target_arch = "x86_64")]
pub(crate) mod eight;
pub(crate) mod inverse;
pub(crate) mod points;
pub(crate) mod roots;
mod single;

use ark_bn254::{Fq, Fq2};

/// One bit for each number, lowest first.
pub(crate) type Mask = u8;

/// A number of a field, or several of them side by side.
pub(crate) trait Number: Copy + Send + Sync {
    /// How many numbers there are: 1 or 8.
    const WIDTH: usize;
    /// What one of them is.
    type One: Copy + Default;
    /// What shows that the processor can compute with them.
    type Token: Copy + Send + Sync;

    /// Runs a function compiled with the instructions that the numbers take. All that computes with them runs in here, in
    /// functions that are always inlined.
    fn run<R>(token: Self::Token, f: impl FnOnce() -> R) -> R;
    /// The same number everywhere.
    fn splat(token: Self::Token, value: &Self::One) -> Self;
    /// The numbers given, and zeros where fewer are given than there are places.
    fn load(token: Self::Token, values: &[Self::One]) -> Self;
    /// Each number, in canonical form; `out` may be shorter than there are places. Below 15·p.
    fn store(self, out: &mut [Self::One]);
    /// a + b.
    fn add(self, other: Self) -> Self;
    /// a − b.
    fn sub<const K: u64>(self, other: Self) -> Self;
    /// −a.
    fn neg<const K: u64>(self) -> Self;
    /// 2·a.
    fn double(self) -> Self;
    /// a·b, with a of at most K·p.
    fn mul<const K: u64>(self, other: Self) -> Self;
    /// a², with a of at most K·p.
    fn square<const K: u64>(self) -> Self;
    /// The same number, below 1.02·p.
    fn reduced(self) -> Self;
    /// Where the number is zero.
    fn zeros(self) -> Mask;
    /// From `yes` where the mask has a bit, from `no` elsewhere.
    fn select(mask: Mask, yes: Self, no: Self) -> Self;
    /// 1/x, and zero for zero.
    fn inverse(self, token: Self::Token) -> Self;
}

/// A number of Fq.
pub(crate) trait Prime: Number<One = Fq> {}

/// A number c0 + c1·u of Fq2 = Fq\[u\]/(u² + 1).
pub(crate) trait Quadratic: Number<One = Fq2> {
    /// What the coefficients are.
    type Base: Prime<Token = Self::Token>;
    /// Puts coefficients together.
    fn new(c0: Self::Base, c1: Self::Base) -> Self;
    /// The coefficients.
    fn parts(self) -> (Self::Base, Self::Base);
    /// Times a number of Fq.
    fn scale(self, by: Self::Base) -> Self;
    /// c0 − c1·u, which is the p-th power.
    fn conjugate<const K: u64>(self) -> Self;
    /// Times ξ = 9 + u, of which Fq6 takes the cube root. Lanes grow to (9α + K)·p.
    fn times_xi<const K: u64>(self) -> Self;
}

/// 1/x for each number with one inversion (Montgomery's trick), for numbers of at most 4·p. No number is zero: with one that
/// is, all become zero.
#[inline(always)]
pub(crate) fn invert_all<N: Number>(token: N::Token, numbers: &mut [N], scratch: &mut Vec<N>) {
    let Some(first) = numbers.first() else { return };
    scratch.clear();
    let mut product = *first;
    for number in numbers.iter().skip(1) {
        scratch.push(product);
        product = product.mul::<4>(*number);
    }
    let mut inverse = product.inverse(token);
    for (number, before) in numbers.iter_mut().skip(1).zip(scratch.iter()).rev() {
        let value = *number;
        *number = inverse.mul::<2>(*before);
        inverse = inverse.mul::<2>(value);
    }
    if let Some(first) = numbers.first_mut() {
        *first = inverse;
    }
}

#[cfg(test)]
mod tests;
