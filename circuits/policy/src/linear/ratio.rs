//! The range of a ratio of two forms over a system: a linear-fractional program, by Dinkelbach's method ("On Nonlinear Fractional
//! Programming", Management Science 13, 1967).
//!
//! max N/D over points with D > 0: from a point with ratio t, the greatest N − t·D is either 0, and t is the answer, or it is taken at
//! a point with a greater ratio. Every such point belongs to one of finitely many tableaux and no ratio comes twice, so the search ends, with the
//! exact answer.

use num_rational::BigRational;
use num_traits::{One as _, Signed as _};

use super::{Form, Polyhedron};

/// A range of rational numbers; an end that is missing means that there is no bound on that side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interval {
    /// The least value.
    pub lower: Option<BigRational>,
    /// The greatest value.
    pub upper: Option<BigRational>,
}

impl Interval {
    /// Whether the value lies in it, ends included.
    pub fn contains(&self, value: &BigRational) -> bool {
        self.lower.as_ref().is_none_or(|end| end <= value) && self.upper.as_ref().is_none_or(|end| value <= end)
    }
}

impl Polyhedron {
    /// The range of a form.
    pub fn range(&mut self, form: &Form) -> Interval {
        Interval {
            lower: self.minimum(form).map(|optimum| optimum.value),
            upper: self.maximum(form).map(|optimum| optimum.value),
        }
    }

    /// The range of numerator / denominator. Ends that are given are sharp. Both are missing where the denominator is not positive at
    /// every point of the system: add a row that says so (a figure that must be above zero is at least 1), or nothing is known of the
    /// ratio. Where every column has a box both are given; without boxes an end is also missing where the search leaves every bound.
    pub fn ratio(&mut self, numerator: &Form, denominator: &Form) -> Interval {
        let positive = self.minimum(denominator).is_some_and(|least| least.value.is_positive());
        if !positive {
            return Interval::default();
        }
        let opposite = numerator.times(&-BigRational::one());
        Interval {
            lower: self.greatest_ratio(&opposite, denominator).map(|greatest| -greatest),
            upper: self.greatest_ratio(numerator, denominator),
        }
    }

    fn greatest_ratio(&mut self, numerator: &Form, denominator: &Form) -> Option<BigRational> {
        let start = self.minimum(denominator)?.point;
        let mut ratio = numerator.value_at(&start) / denominator.value_at(&start);
        loop {
            let gain = self.maximum(&numerator.plus(&denominator.times(&-&ratio)))?;
            if !gain.value.is_positive() {
                return Some(ratio);
            }
            ratio = numerator.value_at(&gain.point) / denominator.value_at(&gain.point);
        }
    }
}
