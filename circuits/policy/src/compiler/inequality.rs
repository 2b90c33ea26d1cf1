//! Integer inequalities: the exact form `Σ a·x + Σ c·(u·x)(v·x) >= bound` of a comparison, and what ranges tell about it.
//!
//! Figures are whole numbers of minor units, so that `f > b` is `f >= floor(b) + 1` and `f >= b` is `f >= ceil(b)` once the
//! coefficients of `f` are whole numbers. No precision is lost anywhere.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

use super::algebra::{Linear, Polynomial, content};
use crate::schema::column_range;

/// A linear form with whole coefficients and no constant.
pub(super) type Form = BTreeMap<usize, BigInt>;

/// An integer inequality.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Inequality {
    /// The linear part.
    pub(super) linear: Form,
    /// Products of primitive forms, each with its factor; sorted, each pair once.
    pub(super) products: Vec<(BigInt, Form, Form)>,
    /// The bound.
    pub(super) bound: BigInt,
}

/// What the figures' ranges tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Always,
    Never,
    Depends,
}

type Product = (BigRational, Form, Form);

impl Inequality {
    /// `polynomial > 0` (strict) or `>= 0`; `Err` with its truth where no figure is left.
    pub(super) fn new(polynomial: &Polynomial, strict: bool) -> Result<Self, bool> {
        let mut linear = polynomial.linear.clone();
        let mut products: Vec<Product> = Vec::new();
        for (u, v) in &polynomial.products {
            // (u + α)(v + β) = uv + αv + βu + αβ
            linear = linear
                .plus(&homogeneous(v).times(&u.constant))
                .plus(&homogeneous(u).times(&v.constant));
            linear.constant += &u.constant * &v.constant;
            products.extend(product(BigRational::one(), homogeneous(u), homogeneous(v)));
        }
        merge(&mut products);
        if linear.is_constant() && products.is_empty() {
            return Err(if strict {
                linear.constant.is_positive()
            } else {
                !linear.constant.is_negative()
            });
        }
        let scale = content(linear.terms.values().chain(products.iter().map(|(c, ..)| c))).recip();
        let least = -(&linear.constant * &scale);
        let bound = if strict {
            least.floor().to_integer() + 1
        } else {
            least.ceil().to_integer()
        };
        let whole = |value: &BigRational| (value * &scale).to_integer();
        products.sort_by(|a, b| (&a.1, &a.2).cmp(&(&b.1, &b.2)));
        Ok(Self {
            linear: linear.terms.iter().map(|(column, c)| (*column, whole(c))).collect(),
            products: products.into_iter().map(|(c, u, v)| (whole(&c), u, v)).collect(),
            bound,
        })
    }

    /// The guard `form > 0`.
    pub(super) fn guard(form: &Linear) -> Result<Self, bool> {
        Self::new(
            &Polynomial {
                linear: form.clone(),
                products: Vec::new(),
            },
            true,
        )
    }

    /// What the ranges of the figures tell, each figure taken for itself.
    pub(super) fn verdict(&self) -> Verdict {
        let (mut least, mut greatest) = range(&self.linear);
        for (factor, u, v) in &self.products {
            let (u, v) = (range(u), range(v));
            let corners = [&u.0 * &v.0, &u.0 * &v.1, &u.1 * &v.0, &u.1 * &v.1].map(|corner| corner * factor);
            least += corners.iter().min().cloned().unwrap_or_default();
            greatest += corners.iter().max().cloned().unwrap_or_default();
        }
        if least >= self.bound {
            Verdict::Always
        } else if greatest < self.bound {
            Verdict::Never
        } else {
            Verdict::Depends
        }
    }

    /// Whether this inequality alone proves `guard`, so that the guard needs no row of its own.
    ///
    /// With this inequality T·x >= b and the guard h·x >= g: where some p > 0 makes p·h − T a form whose coefficients are
    /// non-negative on figures that the circuit keeps non-negative and zero on signed ones, p·h·x >= T·x >= b, hence
    /// h·x >= b/p, and as h·x is whole, h·x >= ceil(b/p). The guard follows where ceil(b/p) >= g, that is b > p·(g − 1).
    /// So `debt / ebitda < 3` (3·ebitda − debt >= 1 with debt >= 0) needs no guard, and `debt / ebitda <= 3` does: it would
    /// pass at debt = ebitda = 0.
    pub(super) fn proves(&self, guard: &Self) -> bool {
        if !self.products.is_empty() || !guard.products.is_empty() {
            return false;
        }
        guard.linear.iter().any(|(column, h)| {
            let p = BigRational::new(self.linear.get(column).cloned().unwrap_or_default(), h.clone());
            let rest_is_safe = guard.linear.keys().chain(self.linear.keys()).all(|j| {
                let zero = BigInt::ZERO;
                let rest = &p * guard.linear.get(j).unwrap_or(&zero) - self.linear.get(j).unwrap_or(&zero);
                rest.is_zero() || (rest.is_positive() && column_range(*j).0 == 0)
            });
            p.is_positive() && rest_is_safe && BigRational::from(self.bound.clone()) > &p * (&guard.bound - 1)
        })
    }

    /// Every column that is read.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> + '_ {
        let factors = self.products.iter().flat_map(|(_, u, v)| u.keys().chain(v.keys()));
        self.linear.keys().chain(factors).copied()
    }
}

fn range(form: &Form) -> (BigInt, BigInt) {
    let (mut least, mut greatest) = (BigInt::ZERO, BigInt::ZERO);
    for (column, c) in form {
        let (low, high) = column_range(*column);
        let (a, b) = (c * low, c * high);
        least += (&a).min(&b);
        greatest += a.max(b);
    }
    (least, greatest)
}

fn homogeneous(form: &Linear) -> Linear {
    Linear {
        terms: form.terms.clone(),
        constant: BigRational::zero(),
    }
}

/// A product in its one form: primitive factors with positive leading coefficients, the smaller one first.
fn product(factor: BigRational, u: Linear, v: Linear) -> Option<Product> {
    let (cu, u) = primitive(&u)?;
    let (cv, v) = primitive(&v)?;
    let (u, v) = if u <= v { (u, v) } else { (v, u) };
    Some((factor * cu * cv, u, v))
}

fn primitive(form: &Linear) -> Option<(BigRational, Form)> {
    let (_, lead) = form.terms.first_key_value()?;
    let content = if lead.is_negative() {
        -form.content()
    } else {
        form.content()
    };
    let whole = form
        .terms
        .iter()
        .map(|(column, c)| (*column, (c / &content).to_integer()))
        .collect();
    Some((content, whole))
}

/// Puts products with a common factor together until no two share one: u·w + v·w = (u + v)·w.
fn merge(products: &mut Vec<Product>) {
    while let Some((i, j, shared)) = sharing(products) {
        let second = products.swap_remove(j);
        let first = products.swap_remove(i);
        let other = |p: &Product| {
            let rest = if p.1 == shared { &p.2 } else { &p.1 };
            rational(rest).times(&p.0)
        };
        let sum = other(&first).plus(&other(&second));
        products.extend(product(BigRational::one(), sum, rational(&shared)));
    }
}

fn sharing(products: &[Product]) -> Option<(usize, usize, Form)> {
    for (j, b) in products.iter().enumerate() {
        for (i, a) in products.iter().enumerate().take(j) {
            let shared = [&a.1, &a.2].into_iter().find(|form| **form == b.1 || **form == b.2);
            if let Some(shared) = shared {
                return Some((i, j, shared.clone()));
            }
        }
    }
    None
}

fn rational(form: &Form) -> Linear {
    let terms = form
        .iter()
        .map(|(column, c)| (*column, BigRational::from(c.clone())))
        .collect();
    Linear {
        terms,
        constant: BigRational::zero(),
    }
}
