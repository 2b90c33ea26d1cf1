//! The ratios that policies divide by: numerator and guarded denominator of each rule that compiled to one row and its guard.

use std::collections::BTreeSet;

use covenant_policy::linear::Form;
use covenant_policy::program::Row;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

use crate::facts::form_of;
use crate::{Answer, Part};

/// A ratio of two forms with whole coefficients.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio {
    /// What is divided.
    pub numerator: Form,
    /// What it is divided by; a guard keeps it above zero.
    pub denominator: Form,
}

/// The ratios of an answer's rows, over the columns of all statements; none of a part whose statements are not known.
pub fn ratios(answer: &Answer<'_>) -> BTreeSet<Ratio> {
    let known = answer.parts.iter().filter(|part| part.is_known());
    known.flat_map(ratios_of).collect()
}

fn ratios_of(part: &Part<'_>) -> BTreeSet<Ratio> {
    let mut found = BTreeSet::new();
    let rows = || part.program.rows.iter().filter(|row| is_plain(row));
    for guard in rows().filter(|row| row.bound == 1) {
        let denominator = form_of(&part.statements, &guard.a);
        for row in rows().filter(|row| row.bound.abs() <= 1) {
            found.extend(over(&form_of(&part.statements, &row.a), &denominator));
        }
    }
    found
}

fn is_plain(row: &Row) -> bool {
    row.slots.iter().chain(&row.passes).all(|c| *c == 0)
}

/// The form as N − t·D with t ≠ 0 and no column of D in N.
fn over(form: &Form, denominator: &Form) -> Option<Ratio> {
    let (first, coefficient) = denominator.terms().next()?;
    let times = form.coefficient(first) / coefficient;
    if times.is_zero() {
        return None;
    }
    let rest = form.plus(&denominator.times(&-times));
    if rest.is_zero()
        || denominator
            .terms()
            .any(|(column, _)| !rest.coefficient(column).is_zero())
    {
        return None;
    }
    let sign = rest.terms().next().map_or_else(BigRational::one, |(_, c)| c.signum());
    Some(Ratio {
        numerator: rest.times(&(sign / rest.content())),
        denominator: denominator.clone(),
    })
}

/// A form in words: figures by name, those of later statements with the name that `statement` gives.
pub fn words(form: &Form, name: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for (k, (column, c)) in form.terms().enumerate() {
        let sign = match (k, c.is_negative()) {
            (0, false) => "",
            (0, true) => "−",
            (_, false) => " + ",
            (_, true) => " − ",
        };
        text += sign;
        if !c.abs().is_one() {
            text += &format!("{} × ", c.abs());
        }
        text += &name(column);
    }
    text
}

/// The columns of all statements that an answer's rows read.
pub fn columns_read(answer: &Answer<'_>) -> BTreeSet<usize> {
    answer.parts.iter().flat_map(columns_of).collect()
}

fn columns_of(part: &Part<'_>) -> BTreeSet<usize> {
    let rows = part.program.rows.iter().map(|row| &row.a);
    let slots = part.program.slots.iter().flat_map(|slot| [&slot.u, &slot.v]);
    let forms = rows.chain(slots).map(|a| form_of(&part.statements, a));
    let read = |form: Form| form.terms().map(|(column, _)| column).collect::<Vec<_>>();
    forms.flat_map(read).collect()
}
