//! One number of Fq12 = Fq2\[w\]/(w⁶ − ξ), the coefficient of w^k in lane k. Lanes 6 and 7 are zero.
//!
//! A product is Σⱼ bⱼ·(wʲ·a): six rotations of a, of which what passes w⁵ is multiplied by ξ, each times one coefficient of b in
//! all lanes. All six are added up before they are reduced, once. Coefficients are at most 1.5·p.

use ark_bn254::{Fq, Fq2, Fq6, Fq12, Fq12Config};
use ark_ff::{AdditiveGroup as _, Field as _, Fp12Config as _};

use crate::lanes::{Ifma, Lanes2, WIDTH, Wide};
use crate::numbers::eight::Eight;

/// A number of Fq12.
#[derive(Clone, Copy)]
pub(super) struct Twelve(Lanes2);

/// Lanes of odd powers of w.
const ODD: u8 = 0b10_1010;

/// A sum of products in Fq2 that is reduced once.
#[derive(Clone, Copy)]
struct Sum {
    c0: Wide<ark_bn254::FqConfig>,
    c1: Wide<ark_bn254::FqConfig>,
}

impl Sum {
    /// a·b, with a of at most 3·p.
    #[inline(always)]
    fn product(a: Lanes2, b: Lanes2) -> Self {
        Self {
            c0: Wide::product(a.c0, b.c0).and(a.c1.negative::<3>(), b.c1),
            c1: Wide::product(a.c0, b.c1).and(a.c1, b.c0),
        }
    }

    /// The sum so far, and a·b.
    #[inline(always)]
    fn and(self, a: Lanes2, b: Lanes2) -> Self {
        Self {
            c0: self.c0.and(a.c0, b.c0).and(a.c1.negative::<3>(), b.c1),
            c1: self.c1.and(a.c0, b.c1).and(a.c1, b.c0),
        }
    }

    #[inline(always)]
    fn reduced(self) -> Lanes2 {
        Lanes2::new(self.c0.reduced(), self.c1.reduced())
    }
}

/// A number and its product with ξ, from which rotations take their coefficients.
#[derive(Clone, Copy)]
struct Rotations {
    plain: Lanes2,
    xi: Lanes2,
}

impl Rotations {
    #[inline(always)]
    fn of(number: Lanes2) -> Self {
        Self {
            plain: number,
            xi: number.mul_xi::<2>().reduced(),
        }
    }

    /// Coefficients from these lanes, times ξ where the mask has a bit.
    #[inline(always)]
    fn take(self, from: [u8; WIDTH], xi: u8) -> Lanes2 {
        self.plain.permuted(from).select(xi, self.xi.permuted(from))
    }

    /// w^J times the number.
    #[inline(always)]
    fn times_w<const J: u8>(self) -> Lanes2 {
        let from = const {
            let mut from = [6, 6, 6, 6, 6, 6, 6, 7];
            let mut place = 0;
            while place < 6 {
                from[place] = (place as u8 + 6 - J) % 6;
                place += 1;
            }
            from
        };
        self.take(from, (1 << J) - 1)
    }
}

/// A lane's number in all lanes.
#[inline(always)]
fn everywhere(numbers: Lanes2, lane: u8) -> Lanes2 {
    numbers.permuted([lane; WIDTH])
}

/// One factor of Fq for each lane.
pub(super) fn load_factors(ifma: Ifma, factors: &[Fq; WIDTH]) -> Eight {
    ifma.run(
        #[inline(always)]
        || Eight::load(ifma, factors.each_ref()),
    )
}

impl Twelve {
    /// 1.
    pub(super) fn one(ifma: Ifma) -> Self {
        Self::load(ifma, &Fq12::ONE)
    }

    /// A number of arkworks.
    pub(super) fn load(ifma: Ifma, value: &Fq12) -> Self {
        let (low, high) = (&value.c0, &value.c1);
        let coefficients = [
            &low.c0,
            &high.c0,
            &low.c1,
            &high.c1,
            &low.c2,
            &high.c2,
            &Fq2::ZERO,
            &Fq2::ZERO,
        ];
        ifma.run(
            #[inline(always)]
            || Self(Lanes2::load(ifma, coefficients)),
        )
    }

    /// As a number of arkworks.
    pub(super) fn store(&self) -> Fq12 {
        let ifma = self.0.c0.token();
        let [a, b, c, d, e, f, _, _] = ifma.run(
            #[inline(always)]
            || self.0.store(),
        );
        Fq12::new(Fq6::new(a, c, e), Fq6::new(b, d, f))
    }

    /// a·b.
    #[inline(never)]
    pub(super) fn times(&self, other: &Self) -> Self {
        self.0.c0.token().run(
            #[inline(always)]
            || {
                let a = Rotations::of(self.0);
                let b = other.0;
                let sum = Sum::product(a.plain, everywhere(b, 0))
                    .and(a.times_w::<1>(), everywhere(b, 1))
                    .and(a.times_w::<2>(), everywhere(b, 2))
                    .and(a.times_w::<3>(), everywhere(b, 3))
                    .and(a.times_w::<4>(), everywhere(b, 4))
                    .and(a.times_w::<5>(), everywhere(b, 5));
                Self(sum.reduced())
            },
        )
    }

    /// a². The coefficient of w^k sums aᵢaⱼ over all i + j = k and, times ξ, over all i + j = k + 6; each pair is taken once, the
    /// unequal ones with 2·aᵢ. There are four pairs for even k and three for odd k.
    #[inline(never)]
    pub(super) fn square(&self) -> Self {
        self.0.c0.token().run(
            #[inline(always)]
            || {
                let a = Rotations::of(self.0);
                let twice = self.0.double();
                let first = self.0.permuted([0, 0, 1, 1, 2, 2, 6, 7]);
                let second = self.0.permuted([3, 2, 4, 0, 5, 1, 6, 7]);
                let sum = Sum::product(first.select(ODD, first.double()), a.take([0, 1, 1, 2, 2, 3, 6, 7], 0))
                    .and(
                        second.select(ODD, second.double()),
                        a.take([3, 5, 4, 3, 5, 4, 6, 7], 0b01_0111),
                    )
                    .and(
                        twice.permuted([1, 3, 2, 4, 3, 0, 6, 7]),
                        a.take([5, 4, 0, 5, 1, 5, 6, 7], 0b00_1011),
                    )
                    .and(
                        twice.permuted([2, 6, 3, 6, 4, 6, 6, 7]),
                        a.take([4, 6, 5, 6, 0, 6, 6, 7], 0b00_0101),
                    );
                Self(sum.reduced())
            },
        )
    }

    /// a², for a of the cyclotomic subgroup (Granger and Scott, eprint 2009/565): a₀ and a₃ become 3(a₀² + ξa₃²) − 2a₀ and
    /// 6a₀a₃ + 2a₃, a₂ and a₅ the same of a₁ and a₄, and a₄ and a₁ the same of a₂ and a₅, the product times ξ.
    #[inline(never)]
    pub(super) fn cyclotomic_square(&self) -> Self {
        self.0.c0.token().run(
            #[inline(always)]
            || {
                let a = Rotations::of(self.0);
                let sum = Sum::product(
                    self.0.permuted([0, 2, 1, 0, 2, 1, 6, 7]),
                    a.take([0, 5, 1, 3, 2, 4, 6, 7], 0b00_0010),
                )
                .and(
                    self.0.permuted([3, 2, 4, 0, 5, 1, 6, 7]),
                    a.take([3, 5, 4, 3, 5, 4, 6, 7], 0b01_0111),
                )
                .reduced();
                let sign = self.0.negative::<2>().select(ODD, self.0);
                Self(sum.double().plus(sum).plus(sign.double()).reduced())
            },
        )
    }

    /// 1/a for a of the cyclotomic subgroup, which is a^(p⁶).
    #[inline(never)]
    pub(super) fn conjugate(&self) -> Self {
        self.0.c0.token().run(
            #[inline(always)]
            || Self(self.0.select(ODD, self.0.negative::<2>().reduced())),
        )
    }

    /// a^(p^power).
    pub(super) fn frobenius(&self, ifma: Ifma, power: usize) -> Self {
        let w = Fq12Config::FROBENIUS_COEFF_FP12_C1[power % 12];
        let mut factors = [Fq2::ONE; WIDTH];
        for place in 1..6 {
            factors[place] = factors[place - 1] * w;
        }
        ifma.run(
            #[inline(always)]
            || {
                let a = if power % 2 == 1 {
                    self.0.conjugate::<2>()
                } else {
                    self.0
                };
                Self(a.times::<3>(Lanes2::load(ifma, factors.each_ref())))
            },
        )
    }

    /// a^x with x the curve's parameter, for a of the cyclotomic subgroup.
    pub(super) fn power_of_x(&self) -> Self {
        let inverse = self.conjugate();
        let mut power = *self;
        for digit in crate::numbers::points::DIGITS.iter().rev().skip(1) {
            power = power.cyclotomic_square();
            match digit {
                1 => power = power.times(self),
                -1 => power = power.times(&inverse),
                _ => {}
            }
        }
        power
    }

    /// f times the lines of γ, of δ and, where there is one, of B: coefficients of w and w³ of the first two, then of 1, w and w³.
    /// Each is multiplied by its factor first.
    #[inline(never)]
    pub(super) fn times_lines(&mut self, ifma: Ifma, lines: [&Fq2; WIDTH], factors: &Eight, third: bool) {
        ifma.run(
            #[inline(always)]
            || {
                let lines = Lanes2::load(ifma, lines).scale(*factors);
                for (c1, c3) in [(0, 1), (2, 3)] {
                    let f = Rotations::of(self.0);
                    let sum = Sum::product(f.times_w::<1>(), everywhere(lines, c1))
                        .and(f.times_w::<3>(), everywhere(lines, c3));
                    self.0 = self.0.plus(sum.reduced()).reduced();
                }
                if third {
                    let f = Rotations::of(self.0);
                    let sum = Sum::product(f.plain, everywhere(lines, 4))
                        .and(f.times_w::<1>(), everywhere(lines, 5))
                        .and(f.times_w::<3>(), everywhere(lines, 6));
                    self.0 = sum.reduced();
                }
            },
        );
    }
}
