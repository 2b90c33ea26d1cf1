//! Exact algebra of figures: every expression becomes a rational function whose numerator has degree at most two.
//!
//! Products stay factored as they were written, because a product slot is a product of two linear forms. Denominators are kept
//! in two ways: those still to be multiplied out, and all those ever divided by (the *guards*). Cancelling a denominator never
//! cancels its guard.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

/// A linear form with a constant, over columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Linear {
    /// Coefficients, none of them zero.
    pub(super) terms: BTreeMap<usize, BigRational>,
    /// The constant.
    pub(super) constant: BigRational,
}

impl Linear {
    pub(super) fn constant(constant: BigRational) -> Self {
        Self {
            terms: BTreeMap::new(),
            constant,
        }
    }

    pub(super) fn column(column: usize) -> Self {
        Self {
            terms: BTreeMap::from([(column, BigRational::one())]),
            constant: BigRational::zero(),
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.is_constant() && self.constant.is_zero()
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.constant += &other.constant;
        for (column, c) in &other.terms {
            let entry = sum.terms.entry(*column).or_insert_with(BigRational::zero);
            *entry += c;
            if entry.is_zero() {
                sum.terms.remove(column);
            }
        }
        sum
    }

    pub(super) fn times(&self, factor: &BigRational) -> Self {
        if factor.is_zero() {
            return Self::default();
        }
        let terms = self.terms.iter().map(|(column, c)| (*column, c * factor)).collect();
        Self {
            terms,
            constant: &self.constant * factor,
        }
    }

    /// The positive rational by which dividing makes the coefficients whole numbers without a common divisor.
    pub(super) fn content(&self) -> BigRational {
        content(self.terms.values())
    }

    /// The `c` with self = c · other, where there is one.
    pub(super) fn ratio_to(&self, other: &Self) -> Option<BigRational> {
        let (column, c) = other.terms.first_key_value()?;
        let factor = self.terms.get(column)? / c;
        (*self == other.times(&factor)).then_some(factor)
    }
}

/// The greatest positive rational of which all of these are whole multiples; 1 where there are none.
pub(super) fn content<'a>(values: impl Iterator<Item = &'a BigRational>) -> BigRational {
    let (mut numerators, mut denominators) = (BigInt::ZERO, BigInt::one());
    for value in values.filter(|v| !v.is_zero()) {
        numerators = gcd(numerators, value.numer().abs());
        denominators = &denominators / gcd(denominators.clone(), value.denom().clone()) * value.denom();
    }
    if numerators.is_zero() {
        BigRational::one()
    } else {
        BigRational::new(numerators, denominators)
    }
}

pub(super) fn gcd(mut a: BigInt, mut b: BigInt) -> BigInt {
    while !b.is_zero() {
        (a, b) = (b.clone(), a % b);
    }
    a.abs()
}

/// A polynomial of degree at most two: a linear part and products of linear forms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Polynomial {
    pub(super) linear: Linear,
    /// Products of two forms, neither of them constant.
    pub(super) products: Vec<(Linear, Linear)>,
}

impl Polynomial {
    fn plus(mut self, other: Self) -> Self {
        self.linear = self.linear.plus(&other.linear);
        self.products.extend(other.products);
        self
    }

    fn scaled(&self, factor: &BigRational) -> Self {
        if factor.is_zero() {
            return Self::default();
        }
        let products = self
            .products
            .iter()
            .map(|(u, v)| (u.times(factor), v.clone()))
            .collect();
        Self {
            linear: self.linear.times(factor),
            products,
        }
    }

    fn is_constant(&self) -> bool {
        self.products.is_empty() && self.linear.is_constant()
    }

    /// `None` where the degree would exceed two.
    fn times(&self, other: &Self) -> Option<Self> {
        if other.is_constant() {
            return Some(self.scaled(&other.linear.constant));
        }
        if self.is_constant() {
            return Some(other.scaled(&self.linear.constant));
        }
        if !self.products.is_empty() || !other.products.is_empty() {
            return None;
        }
        Some(Self {
            linear: Linear::default(),
            products: vec![(self.linear.clone(), other.linear.clone())],
        })
    }

    /// The quotient by a linear form, where the division leaves nothing in every term.
    fn divided_by(&self, form: &Linear) -> Option<Self> {
        let mut quotient = Self::default();
        if !self.linear.is_zero() {
            quotient.linear = Linear::constant(self.linear.ratio_to(form)?);
        }
        for (u, v) in &self.products {
            let part = match (u.ratio_to(form), v.ratio_to(form)) {
                (Some(factor), _) => v.times(&factor),
                (None, Some(factor)) => u.times(&factor),
                (None, None) => return None,
            };
            quotient.linear = quotient.linear.plus(&part);
        }
        Some(quotient)
    }
}

/// A polynomial over a product of linear forms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rational {
    pub(super) numerator: Polynomial,
    /// Primitive forms still to be multiplied out, sorted.
    denominators: Vec<Linear>,
    /// Every form that was divided by: each must be above zero for the expression to mean anything.
    pub(super) guards: BTreeSet<Linear>,
}

/// Why an operation is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Impossible {
    /// The degree would exceed two.
    Degree,
    /// Division by the constant zero.
    Zero,
    /// Division by a sum of products.
    SumOfProducts,
}

impl Rational {
    pub(super) fn linear(linear: Linear) -> Self {
        Self {
            numerator: Polynomial {
                linear,
                products: Vec::new(),
            },
            ..Self::default()
        }
    }

    /// The value, where no figure is left in it.
    pub(super) fn as_constant(&self) -> Option<&BigRational> {
        (self.numerator.is_constant() && self.denominators.is_empty()).then_some(&self.numerator.linear.constant)
    }

    pub(super) fn negated(&self) -> Self {
        self.scaled(&-BigRational::one())
    }

    pub(super) fn scaled(&self, factor: &BigRational) -> Self {
        Self {
            numerator: self.numerator.scaled(factor),
            ..self.clone()
        }
    }

    fn over(numerator: Polynomial, denominators: Vec<Linear>, guards: BTreeSet<Linear>) -> Self {
        let mut result = Self {
            numerator,
            denominators: Vec::new(),
            guards,
        };
        for form in denominators {
            match result.numerator.divided_by(&form) {
                Some(quotient) => result.numerator = quotient,
                None => result.denominators.push(form),
            }
        }
        result.denominators.sort();
        result
    }

    pub(super) fn plus(&self, other: &Self) -> Result<Self, Impossible> {
        let (common, mine, theirs) = split(&self.denominators, &other.denominators);
        let left = multiply_all(&self.numerator, &theirs)?;
        let right = multiply_all(&other.numerator, &mine)?;
        let guards = self.guards.union(&other.guards).cloned().collect();
        Ok(Self::over(left.plus(right), [common, mine, theirs].concat(), guards))
    }

    pub(super) fn times(&self, other: &Self) -> Result<Self, Impossible> {
        let (mut left, mut right) = (self.clone(), other.clone());
        left.cancel_into(&mut right);
        right.cancel_into(&mut left);
        let numerator = left.numerator.times(&right.numerator).ok_or(Impossible::Degree)?;
        let guards = self.guards.union(&other.guards).cloned().collect();
        Ok(Self::over(
            numerator,
            [left.denominators, right.denominators].concat(),
            guards,
        ))
    }

    /// Cancels this numerator against the other's denominators.
    fn cancel_into(&mut self, other: &mut Self) {
        let mut i = 0;
        while let Some(form) = other.denominators.get(i) {
            match self.numerator.divided_by(form) {
                Some(quotient) => {
                    self.numerator = quotient;
                    other.denominators.remove(i);
                }
                None => i += 1,
            }
        }
    }

    pub(super) fn divided_by(&self, other: &Self) -> Result<Self, Impossible> {
        let divisor = &other.numerator;
        let factors: Vec<&Linear> = match divisor.products.as_slice() {
            [] => vec![&divisor.linear],
            [(u, v)] if divisor.linear.is_zero() => vec![u, v],
            _ => return Err(Impossible::SumOfProducts),
        };
        let mut inverse = Self {
            guards: other.guards.clone(),
            ..Self::default()
        };
        let mut scale = BigRational::one();
        for factor in factors {
            if factor.is_zero() {
                return Err(Impossible::Zero);
            }
            if factor.is_constant() {
                scale /= &factor.constant;
                continue;
            }
            let content = factor.content();
            let primitive = factor.times(&content.recip());
            scale /= content;
            inverse.guards.insert(primitive.clone());
            inverse.denominators.push(primitive);
        }
        inverse.denominators.sort();
        let one = Polynomial {
            linear: Linear::constant(scale),
            products: Vec::new(),
        };
        inverse.numerator = one;
        // 1/(n/d) = d/n: what the divisor was over comes up, as far as the dividend does not cancel it.
        let mut dividend = self.clone();
        let (_, mine, theirs) = split(&dividend.denominators, &other.denominators);
        dividend.denominators = mine;
        dividend.numerator = multiply_all(&dividend.numerator, &theirs)?;
        dividend.times(&inverse)
    }
}

/// What two sorted multisets have in common, what only the first has, and what only the second has.
fn split(left: &[Linear], right: &[Linear]) -> (Vec<Linear>, Vec<Linear>, Vec<Linear>) {
    let mut rest = right.to_vec();
    let (mut common, mut mine) = (Vec::new(), Vec::new());
    for form in left {
        match rest.iter().position(|other| other == form) {
            Some(i) => common.push(rest.remove(i)),
            None => mine.push(form.clone()),
        }
    }
    (common, mine, rest)
}

fn multiply_all(polynomial: &Polynomial, forms: &[Linear]) -> Result<Polynomial, Impossible> {
    forms.iter().try_fold(polynomial.clone(), |product, form| {
        let form = Polynomial {
            linear: form.clone(),
            products: Vec::new(),
        };
        product.times(&form).ok_or(Impossible::Degree)
    })
}
