//! What is computed once per key: the lines of γ and δ.

use ark_bn254::{Config, Fq2, G2Affine};
use ark_ec::bn::BnConfig;
use ark_ff::{AdditiveGroup as _, Field as _};

/// λ and λx − y of a line through (x, y) with slope λ: y_P − λx_P + (λx − y), for a point P of G1, is y_P times
/// 1 − λ(x_P/y_P)·w + (λx − y)(1/y_P)·w³.
pub(super) type Line = (Fq2, Fq2);

/// The lines of −γ and −δ, in the order in which the loop meets them.
pub(crate) struct Fixed(Vec<(Line, Line)>);

impl Fixed {
    /// For finite points of the subgroup.
    pub(crate) fn of(gamma: &G2Affine, delta: &G2Affine) -> Self {
        Self(lines(gamma).into_iter().zip(lines(delta)).collect())
    }

    /// How many steps the loop takes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The lines of a step.
    pub(super) fn lines(&self, step: usize) -> (&Line, &Line) {
        let (gamma, delta) = &self.0[step];
        (gamma, delta)
    }
}

fn lines(point: &G2Affine) -> Vec<Line> {
    let mut multiple = *point;
    let mut lines = Vec::with_capacity(90);
    let mut step = |other: Option<G2Affine>| {
        let (x, y) = (multiple.x, multiple.y);
        let (numerator, denominator, other_x) = match other {
            None => (x.square() * Fq2::from(3u64), y.double(), x),
            Some(other) => (y - other.y, x - other.x, other.x),
        };
        // Never zero: the multiples that are added differ, and the group's order is odd.
        let lambda = numerator * denominator.inverse().unwrap_or_default();
        lines.push((lambda, lambda * x - y));
        let third = lambda.square() - x - other_x;
        multiple = G2Affine::new_unchecked(third, lambda * (x - third) - y);
    };
    for digit in Config::ATE_LOOP_COUNT.iter().rev().skip(1) {
        step(None);
        match digit {
            1 => step(Some(*point)),
            -1 => step(Some(-*point)),
            _ => {}
        }
    }
    let frobenius = |p: G2Affine| {
        let (mut x, mut y) = (p.x, p.y);
        x.frobenius_map_in_place(1);
        y.frobenius_map_in_place(1);
        G2Affine::new_unchecked(x * Config::TWIST_MUL_BY_Q_X, y * Config::TWIST_MUL_BY_Q_Y)
    };
    step(Some(frobenius(*point)));
    step(Some(-frobenius(frobenius(*point))));
    lines
}
