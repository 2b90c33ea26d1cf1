//! All that somebody was told, put together: half-spaces of every answer, the ranges and identities that the proof enforces anyway,
//! and the alternatives that stayed open.
//!
//! An alternative that contradicts what else is known is struck out; where one is left, it is a fact. Where several are left, each is
//! looked at by itself, and a range is the hull of theirs: several open questions at once could narrow it further together.

use std::collections::BTreeSet;

use covenant_policy::linear::{Form, Interval, Polyhedron, System};
use covenant_policy::program::FIGURES;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed as _;

use crate::facts::{Facts, HalfSpace};
use crate::{Schemas, column};

/// Open questions whose alternatives are looked at, the first ones in their order; nothing is concluded from others.
pub const OPEN_QUESTIONS_MAX: usize = 12;

/// The answers exclude each other, so that they cannot all be true of one company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction;

/// A range of whole numbers, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The least value that is possible.
    pub lower: BigInt,
    /// The greatest value that is possible.
    pub upper: BigInt,
}

impl Range {
    /// Whether the value is in it.
    pub fn contains(&self, value: &BigInt) -> bool {
        self.lower <= *value && *value <= self.upper
    }

    /// The distance of its ends.
    pub fn width(&self) -> BigInt {
        &self.upper - &self.lower
    }

    /// The magnitude of the end that is further from zero.
    pub fn magnitude(&self) -> BigInt {
        self.lower.abs().max(self.upper.abs())
    }

    /// How often the range was cut in half to get to `after`: the difference of the numbers of binary digits of the widths.
    pub fn halvings(&self, after: &Self) -> u64 {
        let digits = |range: &Self| (range.width().magnitude() + 1u32).bits();
        digits(self).saturating_sub(digits(after))
    }
}

/// What somebody knows.
pub struct View {
    points: Polyhedron,
    /// For each open question, what is possible under each of its alternatives.
    open: Vec<Vec<Polyhedron>>,
}

impl View {
    /// Puts facts together, open questions aside: quicker, and never narrower.
    ///
    /// # Errors
    /// Where no figures fit them.
    pub fn of_half_spaces<'f>(
        schemas: Schemas<'_>,
        facts: impl IntoIterator<Item = &'f Facts>,
    ) -> Result<Self, Contradiction> {
        let mut known = enforced(schemas);
        facts.into_iter().for_each(|facts| add(&mut known, &facts.spaces));
        let points = known.points().map_err(|_| Contradiction)?;
        let open = Vec::new();
        Ok(Self { points, open })
    }

    /// Puts facts together.
    ///
    /// # Errors
    /// Where no figures fit them.
    pub fn new<'f>(schemas: Schemas<'_>, facts: impl IntoIterator<Item = &'f Facts>) -> Result<Self, Contradiction> {
        let mut known = enforced(schemas);
        let mut questions: BTreeSet<&Vec<Vec<HalfSpace>>> = BTreeSet::new();
        for facts in facts {
            add(&mut known, &facts.spaces);
            questions.extend(&facts.choices);
        }
        let mut questions: Vec<Vec<&Vec<HalfSpace>>> = questions
            .into_iter()
            .take(OPEN_QUESTIONS_MAX)
            .map(|choice| choice.iter().collect())
            .collect();
        let mut open = Vec::new();
        while !questions.is_empty() {
            open.clear();
            let mut settled = false;
            let mut left = Vec::new();
            for mut question in std::mem::take(&mut questions) {
                let mut possible = Vec::new();
                question.retain(|alternative| {
                    let mut system = known.clone();
                    add(&mut system, *alternative);
                    system.points().map(|points| possible.push(points)).is_ok()
                });
                match question.as_slice() {
                    [] => return Err(Contradiction),
                    [only] => {
                        add(&mut known, *only);
                        settled = true;
                    }
                    _ => {
                        left.push(question);
                        open.push(possible);
                    }
                }
            }
            // A question that was settled may settle others.
            if !settled {
                break;
            }
            questions = left;
        }
        let points = known.points().map_err(|_| Contradiction)?;
        Ok(Self { points, open })
    }

    /// The range of a figure.
    pub fn figure(&mut self, statement: usize, figure: usize) -> Range {
        self.form(&Form::column(column(statement, figure)))
    }

    /// The range of a form with whole coefficients.
    pub fn form(&mut self, form: &Form) -> Range {
        let whole = self.hull(|points| points.range(form));
        // Every column has a box, so that both ends are there.
        let end = |end: Option<BigRational>| end.unwrap_or_default();
        Range {
            lower: end(whole.lower).ceil().to_integer(),
            upper: end(whole.upper).floor().to_integer(),
        }
    }

    /// The range of numerator / denominator; `None` where the denominator is not known to be above zero.
    pub fn ratio(&mut self, numerator: &Form, denominator: &Form) -> Option<Interval> {
        let range = self.hull(|points| points.ratio(numerator, denominator));
        (range.lower.is_some() && range.upper.is_some()).then_some(range)
    }

    /// Whether it follows from what is known for certain, open questions aside.
    pub fn implies(&mut self, space: &HalfSpace) -> bool {
        let least = self.points.minimum(&space.form);
        least.is_some_and(|least| least.value.ceil().to_integer() >= space.bound)
    }

    /// What holds of all points, and of the points of one alternative of each open question.
    fn hull(&mut self, mut range: impl FnMut(&mut Polyhedron) -> Interval) -> Interval {
        let mut whole = range(&mut self.points);
        for alternatives in &mut self.open {
            let mut hull: Option<Interval> = None;
            for points in alternatives {
                let one = range(points);
                hull = Some(match hull {
                    None => one,
                    Some(so_far) => Interval {
                        lower: wider(so_far.lower, one.lower, |a, b| a < b),
                        upper: wider(so_far.upper, one.upper, |a, b| a > b),
                    },
                });
            }
            if let Some(hull) = hull {
                whole.lower = closer(whole.lower, hull.lower, |a, b| a > b);
                whole.upper = closer(whole.upper, hull.upper, |a, b| a < b);
            }
        }
        whole
    }
}

/// The end that lies further out; none where one of them is unknown.
fn wider<T>(a: Option<T>, b: Option<T>, further: impl Fn(&T, &T) -> bool) -> Option<T> {
    let (a, b) = (a?, b?);
    Some(if further(&a, &b) { a } else { b })
}

/// The end that lies further in; the known one where the other is not.
fn closer<T>(a: Option<T>, b: Option<T>, inner: impl Fn(&T, &T) -> bool) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if inner(&a, &b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// What holds of every statement: ranges and identities.
fn enforced(schemas: Schemas<'_>) -> System {
    let whole = |value: i64| BigRational::from(BigInt::from(value));
    let mut system = System::default();
    for (statement, schema) in schemas.iter().enumerate() {
        for figure in 0..FIGURES {
            let (lower, upper) = schema.range(figure);
            system.bound(column(statement, figure), Some(whole(lower)), Some(whole(upper)));
        }
        for identity in schema.identities {
            let terms = identity.terms.iter();
            let form = Form::new(terms.map(|(figure, sign)| (column(statement, *figure), whole(i64::from(*sign)))));
            system.equal(form, whole(0));
        }
    }
    system
}

fn add<'h>(system: &mut System, spaces: impl IntoIterator<Item = &'h HalfSpace>) {
    for space in spaces {
        system.at_least(space.form.clone(), BigRational::from(space.bound.clone()));
    }
}
