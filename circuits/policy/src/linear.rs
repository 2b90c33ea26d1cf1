//! Exact linear programming: the least and the greatest value of a linear form over a system of half-spaces, equalities and boxes.
//!
//! Everything is exact: coefficients, bounds, optima and points are rational numbers of any length, and nothing is ever rounded,
//! so an answer is a theorem about the *rational* points of the system. Figures are whole numbers; whoever wants to use that
//! rounds a half-space inwards first ([`Form::whole_at_least`]) or an optimum inwards afterwards, both of which keep every whole
//! point. The least value over whole points alone can be greater still: that is integer programming, and is not decided here.
//!
//! The method is the simplex algorithm for bounded variables. Each different direction (a form up to a factor) is one variable with
//! a lower and an upper limit, so boxes, parallel half-spaces and both sides of `between` cost no rows; a column that no other
//! direction reads never enters a tableau, and directions that share no column have tableaux of their own. The feasible start is found as Dutertre and de Moura do ("A Fast Linear-Arithmetic
//! Solver for DPLL(T)", CAV 2006), both phases choose by Bland's rule ("New Finite Pivoting Rules for the Simplex Method", 1977)
//! and therefore end, and tableau rows are whole numbers without a common divisor.
//!
//! Each answer carries a [`Certificate`]: multipliers that add half-spaces of the system up to the answer. Whoever doubts the
//! method adds them up ([`Certificate::sum`]); the tests do so for every answer that they see.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_integer::Integer as _;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

mod direction;
mod polyhedron;
mod ratio;
mod simplex;

pub use polyhedron::Polyhedron;
pub use ratio::Interval;

use direction::Directions;

/// A linear form without a constant: column and coefficient, no coefficient zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Form(BTreeMap<usize, BigRational>);

impl Form {
    /// The sum of these terms; a column may come twice.
    pub fn new(terms: impl IntoIterator<Item = (usize, BigRational)>) -> Self {
        let mut form = Self::default();
        for (column, coefficient) in terms {
            form.add(column, coefficient);
        }
        form
    }

    /// The form of a row's coefficients: entry `j` belongs to column `j`.
    pub fn of_row(coefficients: &[i64]) -> Self {
        let terms = coefficients.iter().enumerate();
        Self::new(terms.map(|(column, c)| (column, BigRational::from(BigInt::from(*c)))))
    }

    /// One column.
    pub fn column(column: usize) -> Self {
        Self(BTreeMap::from([(column, BigRational::one())]))
    }

    /// The terms, by column.
    pub fn terms(&self) -> impl Iterator<Item = (usize, &BigRational)> {
        self.0.iter().map(|(column, c)| (*column, c))
    }

    /// The coefficient of a column.
    pub fn coefficient(&self, column: usize) -> BigRational {
        self.0.get(&column).cloned().unwrap_or_default()
    }

    /// Whether it has no terms.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The form times a number.
    #[must_use]
    pub fn times(&self, factor: &BigRational) -> Self {
        Self::new(self.terms().map(|(column, c)| (column, c * factor)))
    }

    /// The sum of two forms.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (column, c) in other.terms() {
            sum.add(column, c.clone());
        }
        sum
    }

    /// The form's value at a point; a column that the point does not name counts as 0.
    pub fn value_at(&self, point: &BTreeMap<usize, BigRational>) -> BigRational {
        let terms = self.terms();
        terms.filter_map(|(column, c)| point.get(&column).map(|x| c * x)).sum()
    }

    /// The positive number by which dividing makes the coefficients whole numbers without a common divisor; 1 for the zero form.
    pub fn content(&self) -> BigRational {
        let (mut numerator, mut denominator) = (BigInt::zero(), BigInt::one());
        for c in self.0.values() {
            numerator = numerator.gcd(c.numer());
            denominator = denominator.lcm(c.denom());
        }
        if numerator.is_zero() {
            BigRational::one()
        } else {
            BigRational::new(numerator, denominator)
        }
    }

    /// The half-space form ≥ bound, tightened for whole-numbered columns: divided by the content of its coefficients, the bound rounded
    /// up. It holds the same whole points: for whole x, 2·x ≥ 3 says x ≥ 2. The zero form is given back as it is.
    pub fn whole_at_least(&self, bound: &BigRational) -> (Self, BigRational) {
        if self.is_zero() {
            return (self.clone(), bound.clone());
        }
        let content = self.content();
        (self.times(&content.recip()), (bound / content).ceil())
    }

    fn add(&mut self, column: usize, coefficient: BigRational) {
        let sum = self.0.remove(&column).unwrap_or_default() + coefficient;
        if !sum.is_zero() {
            self.0.insert(column, sum);
        }
    }
}

/// How a row's form relates to its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    AtLeast,
    Equal,
}

/// One row of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    form: Form,
    sense: Sense,
    bound: BigRational,
}

/// The lower and the upper end of a column, where there is one.
type Ends = (Option<BigRational>, Option<BigRational>);

/// Half-spaces, equalities and boxes over columns, which are known by number and need no declaration. A column without a box is any
/// rational number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    boxes: BTreeMap<usize, Ends>,
    rows: Vec<Row>,
}

/// One inequality of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constraint {
    /// The row of this number, counted from 0 in the order in which [`System::at_least`], [`System::at_most`] and [`System::equal`]
    /// were called. An at-most row counts with its signs turned, as −form ≥ −bound.
    Row(usize),
    /// column ≥ its lower end.
    Lower(usize),
    /// −column ≥ −its upper end.
    Upper(usize),
}

/// Multipliers of constraints: what adds up to an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate(BTreeMap<Constraint, BigRational>);

/// The greatest or least value of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Optimum {
    /// The value.
    pub value: BigRational,
    /// Where it is taken: every column of the system and of the form.
    pub point: BTreeMap<usize, BigRational>,
    /// For a least value: adds up to form ≥ value. For a greatest one: to −form ≥ −value.
    pub certificate: Certificate,
}

/// What is known of a form over a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The system has no point. The certificate adds up to 0 ≥ a number above zero; its constraints contradict each other.
    Infeasible(Certificate),
    /// The form takes values beyond every bound.
    Unbounded,
    /// It has an optimum.
    Optimum(Optimum),
}

impl System {
    /// Bounds a column from below, from above, or both, in addition to what bounds it already.
    pub fn bound(&mut self, column: usize, lower: Option<BigRational>, upper: Option<BigRational>) {
        let ends = self.boxes.entry(column).or_default();
        if let Some(lower) = lower
            && ends.0.as_ref().is_none_or(|end| *end < lower)
        {
            ends.0 = Some(lower);
        }
        if let Some(upper) = upper
            && ends.1.as_ref().is_none_or(|end| *end > upper)
        {
            ends.1 = Some(upper);
        }
    }

    /// Adds form ≥ bound.
    pub fn at_least(&mut self, form: Form, bound: BigRational) -> Constraint {
        self.row(form, Sense::AtLeast, bound)
    }

    /// Adds form ≤ bound.
    pub fn at_most(&mut self, form: &Form, bound: &BigRational) -> Constraint {
        self.row(form.times(&-BigRational::one()), Sense::AtLeast, -bound)
    }

    /// Adds form = bound.
    pub fn equal(&mut self, form: Form, bound: BigRational) -> Constraint {
        self.row(form, Sense::Equal, bound)
    }

    /// The number of rows; boxes are none.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The system's points, from one of which optima are then searched: several forms over one system cost one start.
    ///
    /// # Errors
    /// Where there is no point: the certificate of [`Outcome::Infeasible`].
    pub fn points(&self) -> Result<Polyhedron, Certificate> {
        Polyhedron::new(Directions::of(self)?)
    }

    /// The greatest value of a form.
    pub fn maximise(&self, form: &Form) -> Outcome {
        self.optimise(|points| points.maximum(form))
    }

    /// The least value of a form.
    pub fn minimise(&self, form: &Form) -> Outcome {
        self.optimise(|points| points.minimum(form))
    }

    /// Whether a point, whose unnamed columns are 0, keeps every row and box.
    pub fn holds_at(&self, point: &BTreeMap<usize, BigRational>) -> bool {
        let zero = BigRational::zero();
        let boxed = self.boxes.iter().all(|(column, (lower, upper))| {
            let x = point.get(column).unwrap_or(&zero);
            lower.as_ref().is_none_or(|end| x >= end) && upper.as_ref().is_none_or(|end| x <= end)
        });
        let kept = |row: &Row| match row.sense {
            Sense::AtLeast => row.form.value_at(point) >= row.bound,
            Sense::Equal => row.form.value_at(point) == row.bound,
        };
        boxed && self.rows.iter().all(kept)
    }

    fn optimise(&self, search: impl FnOnce(&mut Polyhedron) -> Option<Optimum>) -> Outcome {
        match self.points() {
            Err(certificate) => Outcome::Infeasible(certificate),
            Ok(mut points) => search(&mut points).map_or(Outcome::Unbounded, Outcome::Optimum),
        }
    }

    fn row(&mut self, form: Form, sense: Sense, bound: BigRational) -> Constraint {
        self.rows.push(Row { form, sense, bound });
        Constraint::Row(self.rows.len() - 1)
    }

    /// A constraint as form ≥ bound, and whether it also holds the other way round.
    fn constraint(&self, constraint: Constraint) -> Option<(Form, BigRational, bool)> {
        match constraint {
            Constraint::Row(k) => {
                let row = self.rows.get(k)?;
                Some((row.form.clone(), row.bound.clone(), row.sense == Sense::Equal))
            }
            Constraint::Lower(column) => {
                let lower = self.boxes.get(&column)?.0.clone()?;
                Some((Form::column(column), lower, false))
            }
            Constraint::Upper(column) => {
                let upper = self.boxes.get(&column)?.1.clone()?;
                Some((Form::column(column).times(&-BigRational::one()), -upper, false))
            }
        }
    }
}

impl Certificate {
    /// The constraints that are needed, each with its multiplier.
    pub fn terms(&self) -> impl Iterator<Item = (Constraint, &BigRational)> {
        self.0.iter().map(|(constraint, factor)| (*constraint, factor))
    }

    /// The half-space form ≥ bound to which the system's constraints add up; `None` where a constraint does not exist or an
    /// inequality is multiplied by a number below zero, so that nothing follows.
    pub fn sum(&self, system: &System) -> Option<(Form, BigRational)> {
        let (mut form, mut bound) = (Form::default(), BigRational::zero());
        for (constraint, factor) in self.terms() {
            let (its_form, its_bound, both_ways) = system.constraint(constraint)?;
            if factor.is_negative() && !both_ways {
                return None;
            }
            form = form.plus(&its_form.times(factor));
            bound += its_bound * factor;
        }
        Some((form, bound))
    }

    fn add(&mut self, constraint: Constraint, factor: BigRational) {
        let sum = self.0.remove(&constraint).unwrap_or_default() + factor;
        if !sum.is_zero() {
            self.0.insert(constraint, sum);
        }
    }
}

#[cfg(test)]
mod tests;
