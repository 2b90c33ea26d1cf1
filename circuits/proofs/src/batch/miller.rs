//! The Miller loop over many pairs at once: they share the squarings, and the inversions that affine coordinates need.
//!
//! arkworks computes lines in projective coordinates, which need no inversion. With many points in step, one inversion serves
//! all of them (Montgomery's trick), and an affine line, divided by the coordinate y of its point of G1, has a coefficient 1:
//! both lines and the products with them become cheaper. Dividing by elements of proper subfields changes the result only by
//! factors that the final exponentiation removes.
//!
//! Where the processor has lanes for eight numbers, eight such loops run side by side, each over an eighth of the pairs.

use ark_bn254::{Config, Fq2, Fq6, Fq12, G2Affine};
use ark_ec::bn::BnConfig;
use ark_ff::{One as _, Zero as _};

use crate::numbers::{Quadratic, invert_all};

/// A pair on its way through the loop, or as many as there are lanes.
#[derive(Clone, Copy)]
struct Pair<Q: Quadratic> {
    /// The point of G2.
    b: (Q, Q),
    /// The multiple of it that the loop has come to.
    t: (Q, Q),
    /// 1/y and −x/y of the point of G1; both zero where the pair counts as absent, so that its lines are 1.
    line: (Q::Base, Q::Base),
}

/// A number of Fq12 = Fq6\[w\]/(w² − v), Fq6 = Fq2\[v\]/(v³ − ξ): the coefficients of 1, v, v² and of w, vw, v²w.
#[derive(Clone, Copy)]
struct Twelve<Q> {
    low: [Q; 3],
    high: [Q; 3],
}

/// A line through T and another point, before the division.
struct Slope<Q> {
    numerator: Q,
    other_x: Q,
}

/// Π f(Aᵢ, Bᵢ), whose final exponentiation is Π e(Aᵢ, Bᵢ), for 1/y and −x/y of each Aᵢ, as many vectors of them as the Bᵢ
/// fill. Every Bᵢ is finite and in the subgroup: then no step meets a vertical line, because the multiples that it adds differ.
pub(super) fn product<Q: Quadratic>(token: Q::Token, lines: &[(Q::Base, Q::Base)], b: &[G2Affine]) -> Fq12 {
    let mut pairs: Vec<Pair<Q>> = b
        .chunks(Q::WIDTH)
        .zip(lines)
        .map(|(b, line)| Pair::new(token, b, *line))
        .collect();
    let pairs = &mut pairs;
    let mut f = Q::run(
        token,
        #[inline(always)]
        || Twelve::one(token),
    );
    let mut scratch = Scratch::default();
    for digit in Config::ATE_LOOP_COUNT.iter().rev().skip(1) {
        f = f.square(token);
        step::<Q, 0>(token, &mut f, pairs, &mut scratch);
        match digit {
            1 => step::<Q, PLUS>(token, &mut f, pairs, &mut scratch),
            -1 => step::<Q, MINUS>(token, &mut f, pairs, &mut scratch),
            _ => {}
        }
    }
    step::<Q, FROBENIUS>(token, &mut f, pairs, &mut scratch);
    step::<Q, MINUS_FROBENIUS_TWICE>(token, &mut f, pairs, &mut scratch);
    Q::run(
        token,
        #[inline(always)]
        || f.lanes_product(),
    )
}

/// Room that is used again in each step.
struct Scratch<Q> {
    slopes: Vec<Slope<Q>>,
    inverses: Vec<Q>,
    products: Vec<Q>,
}

impl<Q> Default for Scratch<Q> {
    fn default() -> Self {
        Self {
            slopes: Vec::new(),
            inverses: Vec::new(),
            products: Vec::new(),
        }
    }
}

/// What is added to T in a step: T itself, or one of these, made from B.
const PLUS: u8 = 1;
const MINUS: u8 = 2;
const FROBENIUS: u8 = 3;
const MINUS_FROBENIUS_TWICE: u8 = 4;

/// The line through T and what is added to it, and the denominator of its slope.
#[inline(always)]
fn slope<Q: Quadratic, const ADDED: u8>(token: Q::Token, pair: &Pair<Q>) -> (Slope<Q>, Q) {
    let (x, y) = pair.t;
    let (other_x, other_y) = match ADDED {
        PLUS => pair.b,
        MINUS => (pair.b.0, pair.b.1.neg::<2>()),
        FROBENIUS => frobenius(token, pair.b),
        MINUS_FROBENIUS_TWICE => {
            let (x, y) = frobenius(token, frobenius(token, pair.b));
            (x, y.neg::<2>())
        }
        _ => {
            let square = x.square::<2>();
            let numerator = square.double().add(square);
            return (Slope { numerator, other_x: x }, y.double());
        }
    };
    let numerator = y.sub::<2>(other_y);
    (Slope { numerator, other_x }, x.sub::<2>(other_x))
}

/// One step for all pairs: T becomes 2T or the sum, and f takes in the line.
#[inline(never)]
fn step<Q: Quadratic, const ADDED: u8>(
    token: Q::Token,
    f: &mut Twelve<Q>,
    pairs: &mut [Pair<Q>],
    scratch: &mut Scratch<Q>,
) {
    Q::run(
        token,
        #[inline(always)]
        || {
            scratch.slopes.clear();
            scratch.inverses.clear();
            for pair in pairs.iter() {
                let (slope, denominator) = slope::<Q, ADDED>(token, pair);
                scratch.slopes.push(slope);
                scratch.inverses.push(denominator);
            }
            invert_all(token, &mut scratch.inverses, &mut scratch.products);
            for ((pair, slope), inverse) in pairs.iter_mut().zip(&scratch.slopes).zip(&scratch.inverses) {
                let (c3, c4) = pair.follow(slope, *inverse);
                f.times_line(token, c3, c4);
            }
        },
    );
}

impl<Q: Quadratic> Pair<Q> {
    /// As many points of G2 as there are lanes. Places without one take the last once more; their lines are 1.
    fn new(token: Q::Token, b: &[G2Affine], line: (Q::Base, Q::Base)) -> Self {
        let all = || b.iter().chain(b.last().into_iter().cycle()).take(Q::WIDTH);
        let (x, y): (Vec<Fq2>, Vec<Fq2>) = all().map(|p| (p.x, p.y)).unzip();
        let b = Q::run(
            token,
            #[inline(always)]
            || (Q::load(token, &x), Q::load(token, &y)),
        );
        Self { b, t: b, line }
    }

    /// Moves T along a line, whose coefficients of w and vw come out: y_A − λx_A + (λx_T − y_T), divided by y_A.
    #[inline(always)]
    fn follow(&mut self, slope: &Slope<Q>, inverse: Q) -> (Q, Q) {
        let (tx, ty) = self.t;
        let lambda = slope.numerator.mul::<4>(inverse);
        let constant = lambda.mul::<2>(tx).sub::<2>(ty);
        let x = lambda.square::<2>().sub::<2>(tx).sub::<2>(slope.other_x).reduced();
        let y = lambda.mul::<2>(tx.sub::<2>(x)).sub::<2>(ty).reduced();
        self.t = (x, y);
        (lambda.scale(self.line.1), constant.scale(self.line.0))
    }
}

/// The untwisted Frobenius endomorphism of the twist.
#[inline(always)]
fn frobenius<Q: Quadratic>(token: Q::Token, (x, y): (Q, Q)) -> (Q, Q) {
    (
        x.conjugate::<2>().mul::<2>(Q::splat(token, &Config::TWIST_MUL_BY_Q_X)),
        y.conjugate::<2>().mul::<2>(Q::splat(token, &Config::TWIST_MUL_BY_Q_Y)),
    )
}

/// In lanes, coefficients are at most 2.1·p.
impl<Q: Quadratic> Twelve<Q> {
    #[inline(always)]
    fn one(token: Q::Token) -> Self {
        let zero = Q::load(token, &[]);
        Self {
            low: [Q::splat(token, &Fq2::one()), zero, zero],
            high: [zero; 3],
        }
    }

    /// f²: with m = low · high, low·low + v·high·high = (low + high)(low + v·high) − m − vm.
    #[inline(never)]
    fn square(&self, token: Q::Token) -> Self {
        let (low, high) = (&self.low, &self.high);
        let m = multiply(token, low, high);
        let (left, right) = Q::run(
            token,
            #[inline(always)]
            || {
                let left = [
                    low[0].add(high[0]).reduced(),
                    low[1].add(high[1]).reduced(),
                    low[2].add(high[2]).reduced(),
                ];
                let right = [
                    low[0].add(high[2].times_xi::<3>()).reduced(),
                    low[1].add(high[0]).reduced(),
                    low[2].add(high[1]).reduced(),
                ];
                (left, right)
            },
        );
        let all = multiply(token, &left, &right);
        Q::run(
            token,
            #[inline(always)]
            || Self {
                low: [
                    all[0].sub::<13>(m[0].add(m[2].times_xi::<2>())).reduced(),
                    all[1].sub::<3>(m[1].add(m[0])).reduced(),
                    all[2].sub::<3>(m[2].add(m[1])).reduced(),
                ],
                high: [m[0].double(), m[1].double(), m[2].double()],
            },
        )
    }

    /// f · (1 + (c₃ + c₄v)w), with w² = v.
    #[inline(never)]
    fn times_line(&mut self, token: Q::Token, c3: Q, c4: Q) {
        Q::run(
            token,
            #[inline(always)]
            || {
                let low = multiply_by_two(&self.low, c3, c4);
                let high = multiply_by_two(&self.high, c3, c4);
                self.low = [
                    self.low[0].add(high[2].times_xi::<6>()).reduced(),
                    self.low[1].add(high[0]).reduced(),
                    self.low[2].add(high[1]).reduced(),
                ];
                self.high = [
                    self.high[0].add(low[0]).reduced(),
                    self.high[1].add(low[1]).reduced(),
                    self.high[2].add(low[2]).reduced(),
                ];
            },
        );
    }

    /// The product of what the lanes hold.
    #[inline(always)]
    fn lanes_product(&self) -> Fq12 {
        let mut lanes = [[Fq2::zero(); 6]; 8];
        for (place, coefficient) in self.low.iter().chain(&self.high).enumerate() {
            let mut of_lane = [Fq2::zero(); 8];
            coefficient.store(&mut of_lane);
            for (lane, value) in lanes.iter_mut().zip(of_lane) {
                lane[place] = value;
            }
        }
        let number = |[a, b, c, d, e, f]: [Fq2; 6]| Fq12::new(Fq6::new(a, b, c), Fq6::new(d, e, f));
        lanes.into_iter().take(Q::WIDTH).map(number).product()
    }
}

/// a · b in Fq6, by Karatsuba: six products, of numbers of at most 2.1·p.
#[inline(never)]
fn multiply<Q: Quadratic>(token: Q::Token, a: &[Q; 3], b: &[Q; 3]) -> [Q; 3] {
    Q::run(
        token,
        #[inline(always)]
        || {
            let (m0, m1, m2) = (a[0].mul::<3>(b[0]), a[1].mul::<3>(b[1]), a[2].mul::<3>(b[2]));
            let m12 = a[1].add(a[2]).mul::<5>(b[1].add(b[2])).sub::<2>(m1).sub::<2>(m2);
            let m01 = a[0].add(a[1]).mul::<5>(b[0].add(b[1])).sub::<2>(m0).sub::<2>(m1);
            let m02 = a[0].add(a[2]).mul::<5>(b[0].add(b[2])).sub::<2>(m0).sub::<2>(m2);
            [
                m0.add(m12.times_xi::<6>()).reduced(),
                m01.add(m2.times_xi::<2>()).reduced(),
                m02.add(m1).reduced(),
            ]
        },
    )
}

/// a · (b₀ + b₁v) in Fq6: five products, of numbers of at most 2.1·p.
#[inline(always)]
fn multiply_by_two<Q: Quadratic>(a: &[Q; 3], b0: Q, b1: Q) -> [Q; 3] {
    let (m0, m1) = (a[0].mul::<3>(b0), a[1].mul::<3>(b1));
    let m12 = a[1].add(a[2]).mul::<5>(b1).sub::<2>(m1);
    let m01 = a[0].add(a[1]).mul::<5>(b0.add(b1)).sub::<2>(m0).sub::<2>(m1);
    let m02 = a[0].add(a[2]).mul::<5>(b0).sub::<2>(m0);
    [m0.add(m12.times_xi::<4>()), m01, m02.add(m1)]
}

#[cfg(test)]
mod tests;
