//! Numbers, figures and linear forms as people read them.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, ToPrimitive as _, Zero as _};

use crate::program::{FIGURES, Program, Relation};
use crate::schema::{Figure, Unit};

/// A linear form with whole coefficients: column and coefficient, no zeros.
pub(crate) type Form = BTreeMap<usize, BigInt>;

/// Decimals that an exact number may take before it is written as a fraction.
const DECIMALS_MAX: u32 = 12;

/// An exact number: a decimal where it ends, days of 365 or a plain fraction where it does not.
pub(crate) fn decimal(value: &BigRational) -> String {
    let sign = if value.is_negative() { "−" } else { "" };
    let absolute = value.abs();
    if let Some(text) = terminating(&absolute) {
        return format!("{sign}{text}");
    }
    let days = &absolute * BigInt::from(365);
    if days.is_integer() {
        return format!("{sign}{}/365", days.to_integer());
    }
    format!("{sign}{}/{}", absolute.numer(), absolute.denom())
}

/// An exact decimal for names: ASCII only.
pub(crate) fn decimal_name(value: &BigRational) -> String {
    decimal(value).replace('−', "-")
}

fn terminating(value: &BigRational) -> Option<String> {
    let digits = (0..=DECIMALS_MAX).find(|k| (value * BigInt::from(10).pow(*k)).is_integer())?;
    let whole = (value * BigInt::from(10).pow(digits)).to_integer().to_string();
    let width = digits as usize + 1;
    let padded = format!("{whole:0>width$}");
    let (major, fraction) = padded.split_at(padded.len() - digits as usize);
    Some(if fraction.is_empty() {
        major.to_owned()
    } else {
        format!("{major}.{fraction}")
    })
}

/// A number rounded towards zero to four decimals, for showing how far something is from a threshold.
pub(crate) fn rounded(value: &BigRational) -> String {
    let scaled = (value.abs() * BigInt::from(10_000)).to_integer();
    let text = terminating(&BigRational::new(scaled.clone(), BigInt::from(10_000))).unwrap_or_default();
    let about = if value.abs() * BigInt::from(10_000) == BigRational::from(scaled) {
        ""
    } else {
        "…"
    };
    format!("{}{text}{about}", if value.is_negative() { "−" } else { "" })
}

/// What the columns of a program are called.
#[derive(Clone, Copy)]
pub(crate) struct Names<'p> {
    pub(crate) program: &'p Program,
    /// Whether months go by the name of their series, because what is said holds for any of them.
    pub(crate) any_month: bool,
}

impl<'p> Names<'p> {
    /// Each month by its own name.
    pub(crate) fn of(program: &'p Program) -> Self {
        Self {
            program,
            any_month: false,
        }
    }

    /// The figure of a column.
    pub(crate) fn figure(self, column: usize) -> Option<&'static Figure> {
        self.program.figure(column)
    }

    /// A column as "revenue", or "revenue of the prior period".
    pub(crate) fn label(self, column: usize) -> String {
        let schema = self.program.schema(column / FIGURES);
        let series = schema.and_then(|schema| schema.month_of(column % FIGURES));
        let name = match series.filter(|_| self.any_month) {
            Some((series, _)) => series.label,
            None => self.figure(column).map_or("?", |f| f.label),
        };
        match (column / FIGURES, self.program.relation) {
            (0, _) => name.to_owned(),
            (_, Relation::Companion) => format!("{name} of the companion statement"),
            _ => format!("{name} of the prior period"),
        }
    }

    /// "is" or "are", for a form in words.
    pub(crate) fn verb(self, form: &Form) -> &'static str {
        match in_order(form).first() {
            Some((column, c)) if self.figure(**column).is_some_and(|f| f.plural) && c.is_one() => "are",
            _ => "is",
        }
    }

    /// Whether a form is over counts alone.
    pub(crate) fn counts(self, form: &Form) -> bool {
        form.keys()
            .all(|column| self.figure(*column).is_some_and(|f| f.unit == Unit::Count))
    }

    /// A form in words: "current assets less inventory", "3 times EBITDA".
    pub(crate) fn words(self, form: &Form) -> String {
        let mut text = String::new();
        for (column, c) in in_order(form) {
            text += match (text.is_empty(), c.is_negative()) {
                (true, false) => "",
                (true, true) => "minus ",
                (false, false) => " plus ",
                (false, true) => " less ",
            };
            if !c.abs().is_one() {
                text += &format!("{} times ", c.abs());
            }
            text += &self.label(*column);
        }
        text
    }

    /// A form in brackets where it has several terms.
    pub(crate) fn bracketed(self, form: &Form) -> String {
        if form.len() > 1 {
            format!("({})", self.words(form))
        } else {
            self.words(form)
        }
    }

    /// A form as a formula: "5 × current assets − 6 × current liabilities".
    pub(crate) fn formula(self, form: &Form) -> String {
        let terms = in_order(form)
            .into_iter()
            .map(|(column, c)| (c.clone(), self.label(*column)));
        sum_of(terms)
    }
}

/// Terms with positive coefficients first, so that no sentence starts with "less".
fn in_order(form: &Form) -> Vec<(&usize, &BigInt)> {
    let (positive, negative): (Vec<_>, Vec<_>) = form.iter().partition(|(_, c)| c.is_positive());
    [positive, negative].concat()
}

/// Terms with coefficients, as a formula.
pub(crate) fn sum_of(terms: impl Iterator<Item = (BigInt, String)>) -> String {
    let mut text = String::new();
    for (c, name) in terms {
        text += match (text.is_empty(), c.is_negative()) {
            (true, false) => "",
            (true, true) => "−",
            (false, false) => " + ",
            (false, true) => " − ",
        };
        if !c.abs().is_one() {
            text += &format!("{} × ", c.abs());
        }
        text += &name;
    }
    if text.is_empty() { "0".to_owned() } else { text }
}

/// The first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "a", "a and b", "a, b and c".
pub(crate) fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., end] => format!("{} {last} {end}", front.join(", ")),
    }
}

/// Basis points as a percentage: "1.50 %".
pub fn basis_points(bps: i32) -> String {
    let sign = if bps < 0 { "−" } else { "" };
    format!("{sign}{}.{:02} %", bps.unsigned_abs() / 100, bps.unsigned_abs() % 100)
}

/// The form of a row's or slot's dense coefficients.
pub(crate) fn form(dense: &[i64]) -> Form {
    dense
        .iter()
        .enumerate()
        .filter(|(_, c)| **c != 0)
        .map(|(column, c)| (column, BigInt::from(*c)))
        .collect()
}

/// A form divided by its greatest common divisor; the sign of the divisor is that of the leading coefficient.
pub(crate) fn primitive(form: &Form) -> Option<(BigInt, Form)> {
    let lead = form.values().next()?;
    let mut divisor = BigInt::zero();
    for c in form.values() {
        let (mut a, mut b) = (divisor, c.abs());
        while !b.is_zero() {
            (a, b) = (b.clone(), a % b);
        }
        divisor = a;
    }
    let divisor = if lead.is_negative() { -divisor } else { divisor };
    let form = form.iter().map(|(column, c)| (*column, c / &divisor)).collect();
    Some((divisor, form))
}

/// A small whole number, for choices of words.
pub(crate) fn small(value: &BigInt) -> Option<i64> {
    value.to_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let ratio = |n: i64, d: i64| BigRational::new(n.into(), d.into());
        for (value, text) in [
            (ratio(6, 5), "1.2"),
            (ratio(-1, 10), "−0.1"),
            (ratio(18, 73), "90/365"),
            (ratio(1, 3), "1/3"),
            (ratio(7, 1), "7"),
            (ratio(0, 1), "0"),
            (ratio(1, 1000), "0.001"),
        ] {
            assert_eq!(decimal(&value), text);
        }
        assert_eq!(rounded(&ratio(1, 3)), "0.3333…");
        assert_eq!(rounded(&ratio(-5, 4)), "−1.25");
        assert_eq!(
            (basis_points(150), basis_points(-5)),
            ("1.50 %".into(), "−0.05 %".into())
        );
    }
}
