//! What an integer row says, recognised from its numbers alone.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed, Zero as _};
use rounding::{ceil_div, floor_div};

use super::words::{Form, form, primitive};
use crate::program::{Program, Row};

/// Division with the rounding that bounds of whole numbers need.
pub(crate) mod rounding {
    use num_bigint::BigInt;
    use num_rational::BigRational;

    /// The greatest whole number at most a/b.
    pub(crate) fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
        BigRational::new(a.clone(), b.clone()).floor().to_integer()
    }

    /// The least whole number at least a/b.
    pub(crate) fn ceil_div(a: &BigInt, b: &BigInt) -> BigInt {
        BigRational::new(a.clone(), b.clone()).ceil().to_integer()
    }
}

/// One term of a sum of quotients: factor × numerator / denominator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quotient {
    pub(crate) factor: BigRational,
    pub(crate) numerator: Form,
    pub(crate) denominator: Form,
}

/// What a ratio is held against: >= (<=, >, <) threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) threshold: BigRational,
    pub(crate) at_least: bool,
    pub(crate) strict: bool,
}

impl Limit {
    /// The comparison in words.
    pub(crate) fn comparison(&self) -> &'static str {
        match (self.at_least, self.strict) {
            (true, false) => "at least",
            (true, true) => "more than",
            (false, false) => "at most",
            (false, true) => "less than",
        }
    }
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One form against a number: form >= least (or <= greatest).
    Amount { form: Form, at_least: bool, number: BigInt },
    /// One form against a multiple of another: form / base within the limit.
    Ratio { form: Form, base: Form, limit: Limit },
    /// A sum of quotients against a number.
    Quotients { terms: Vec<Quotient>, limit: Limit },
    /// Anything else: the formula itself.
    Formula,
    /// A test of pass bits.
    Passes,
}

/// The shape of a row, given the denominators that guards of the same rule keep above zero.
pub(crate) fn shape(program: &Program, row: &Row, guards: &[Form]) -> Shape {
    if row.passes.iter().any(|c| *c != 0) {
        return Shape::Passes;
    }
    if row.slots.iter().any(|c| *c != 0) {
        return quotients(program, row, guards).unwrap_or(Shape::Formula);
    }
    let linear = form(&row.a);
    let bound = BigInt::from(row.bound);
    guards
        .iter()
        .find_map(|guard| over_guard(&linear, &bound, guard))
        .or_else(|| amount(&linear, &bound))
        .or_else(|| two_sides(program, &linear, &bound))
        .unwrap_or(Shape::Formula)
}

/// The form that a guard row keeps above zero: linear, with the bound 1.
pub(crate) fn guarded_form(row: &Row) -> Option<Form> {
    let plain = row.slots.iter().chain(&row.passes).all(|c| *c == 0);
    (plain && row.bound == 1).then(|| form(&row.a))
}

/// The β with form = rest − β·guard, where the rest has none of the guard's columns.
fn peel(linear: &Form, guard: &Form) -> Option<(BigRational, Form)> {
    let (column, h) = guard.first_key_value()?;
    let zero = BigInt::ZERO;
    let beta = BigRational::new(-linear.get(column).unwrap_or(&zero), h.clone());
    let consistent = guard
        .iter()
        .all(|(j, h)| BigRational::from(linear.get(j).unwrap_or(&zero).clone()) + &beta * h == BigRational::zero());
    let rest: Form = linear
        .iter()
        .filter(|(j, _)| !guard.contains_key(j))
        .map(|(j, c)| (*j, c.clone()))
        .collect();
    consistent.then_some((beta, rest))
}

fn strictness(bound: &BigInt) -> Option<bool> {
    if bound.is_zero() {
        Some(false)
    } else if bound.is_one() {
        Some(true)
    } else {
        None
    }
}

fn over_guard(linear: &Form, bound: &BigInt, guard: &Form) -> Option<Shape> {
    let (beta, rest) = peel(linear, guard)?;
    let (content, mut form) = primitive(&rest)?;
    if beta.is_zero() {
        return None;
    }
    let mut limit = Limit {
        at_least: content.is_positive(),
        threshold: beta / content,
        strict: strictness(bound)?,
    };
    if limit.threshold.is_negative() && form.values().any(Signed::is_negative) {
        // "Debt less cash is at most 3 times" reads better than "cash less debt is at least −3 times".
        form = form.into_iter().map(|(column, c)| (column, -c)).collect();
        limit.threshold = -limit.threshold;
        limit.at_least = !limit.at_least;
    }
    let base = guard.clone();
    Some(Shape::Ratio { form, base, limit })
}

fn amount(linear: &Form, bound: &BigInt) -> Option<Shape> {
    let one_sign = linear.values().all(Signed::is_positive) || linear.values().all(Signed::is_negative);
    let plain_sum = linear.values().all(|c| c.abs().is_one()) && strictness(bound).is_none();
    if !one_sign && !plain_sum {
        return None;
    }
    let (content, form) = if one_sign {
        primitive(linear)?
    } else {
        (BigInt::one(), linear.clone())
    };
    let at_least = content.is_positive();
    let number = if at_least {
        ceil_div(bound, &content)
    } else {
        floor_div(bound, &content)
    };
    Some(Shape::Amount { form, at_least, number })
}

/// p·P − q·Q >= 0 with P, Q of positive terms: whichever side reads better.
fn two_sides(program: &Program, linear: &Form, bound: &BigInt) -> Option<Shape> {
    let strict = strictness(bound)?;
    let side = |positive: bool| -> Form {
        linear
            .iter()
            .filter(|(_, c)| c.is_positive() == positive)
            .map(|(j, c)| (*j, c.abs()))
            .collect()
    };
    let (p, greater) = primitive(&side(true))?;
    let (q, less) = primitive(&side(false))?;
    let (up, down) = (BigRational::new(q.clone(), p.clone()), BigRational::new(p, q));
    let ends = |r: &BigRational| (0..=6).any(|k| (r * BigInt::from(10).pow(k)).is_integer());
    let is_debt = |column: &usize| program.figure(*column).is_some_and(|f| f.name == "financial_debt");
    let of_debt = less.len() == 1 && less.keys().all(is_debt);
    let backwards = ends(&down) && (of_debt || !ends(&up));
    let (form, base, threshold) = if backwards {
        (less, greater, down)
    } else {
        (greater, less, up)
    };
    let limit = Limit {
        threshold,
        at_least: !backwards,
        strict,
    };
    Some(Shape::Ratio { form, base, limit })
}

/// c·u·v with u and v over two guards: divided by both, each product becomes a quotient.
fn quotients(program: &Program, row: &Row, guards: &[Form]) -> Option<Shape> {
    let [left, right] = guards else { return None };
    if row.a.iter().any(|c| *c != 0) {
        return None;
    }
    let strict = strictness(&BigInt::from(row.bound))?;
    let mut threshold = BigRational::zero();
    let mut terms: Vec<Quotient> = Vec::new();
    for (slot, factor) in program.slots.iter().zip(&row.slots).filter(|(_, c)| **c != 0) {
        let (u, v) = (form(&slot.u), form(&slot.v));
        let factor = BigRational::from(BigInt::from(*factor));
        let candidates = [
            (&u, &v, left, right),
            (&u, &v, right, left),
            (&v, &u, left, right),
            (&v, &u, right, left),
        ];
        let (numerator, denominator) = candidates
            .into_iter()
            .find(|(one, _, guard, _)| one == guard)
            .map(|(_, other, _, rest)| (other, rest))?;
        let (beta, rest) = peel(numerator, denominator).unwrap_or((BigRational::zero(), numerator.clone()));
        threshold += &factor * beta;
        if !rest.is_empty() {
            let (content, numerator) = primitive(&rest)?;
            let factor = factor * content;
            terms.push(Quotient {
                factor,
                numerator,
                denominator: denominator.clone(),
            });
        }
    }
    let scale = readable_scale(&terms, &threshold);
    let at_least = terms.iter().any(|t| t.factor.is_positive());
    terms.sort_by_key(|t| t.factor.is_positive() != at_least);
    let scale = if at_least { scale } else { -scale };
    for term in &mut terms {
        term.factor = &term.factor * &scale;
    }
    let limit = Limit {
        threshold: threshold * scale,
        at_least,
        strict,
    };
    (!terms.is_empty()).then_some(Shape::Quotients { terms, limit })
}

/// Days of 365 and decimals of the size of the threshold read better than the least whole numbers.
fn readable_scale(terms: &[Quotient], threshold: &BigRational) -> BigRational {
    let multiple = |of: i64| terms.iter().all(|t| (&t.factor / BigInt::from(of)).is_integer());
    if let [first, rest @ ..] = terms
        && rest.iter().all(|t| t.factor.abs() == first.factor.abs())
        && !multiple(73)
    {
        return first.factor.abs().recip();
    }
    if multiple(365) {
        return BigRational::one();
    }
    if multiple(73) {
        return BigRational::from(BigInt::from(5));
    }
    let digits = threshold.abs().to_integer().to_string().len() as u32;
    BigRational::new(BigInt::one(), BigInt::from(10).pow(digits.saturating_sub(1)))
}
