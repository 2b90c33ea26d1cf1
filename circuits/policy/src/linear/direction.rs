//! Directions: half-spaces sorted by what they bound. A direction is a form of whole coefficients without a common divisor, the first
//! of them positive; every half-space is a lower or an upper limit of one.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

use super::{Certificate, Constraint, Form, Sense, System};

/// One end of a direction: the value, and the constraint that times the factor gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) value: BigRational,
    pub(super) constraint: Constraint,
    pub(super) factor: BigRational,
}

/// Both ends of a direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Limits {
    pub(super) lower: Option<Limit>,
    pub(super) upper: Option<Limit>,
}

impl Limits {
    /// The value within the limits that is nearest to 0.
    pub(super) fn nearest_to_zero(&self) -> BigRational {
        match (&self.lower, &self.upper) {
            (Some(lower), _) if lower.value.is_positive() => lower.value.clone(),
            (_, Some(upper)) if upper.value.is_negative() => upper.value.clone(),
            _ => BigRational::zero(),
        }
    }
}

/// A direction of more than one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slanted {
    pub(super) terms: Vec<(usize, BigInt)>,
    pub(super) limits: Limits,
}

/// A system's directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directions {
    /// The columns, each a direction of its own.
    pub(super) columns: BTreeMap<usize, Limits>,
    pub(super) slanted: Vec<Slanted>,
}

impl Directions {
    /// Sorts a system's constraints; fails where two limits of one direction exclude each other, or a row reads nothing and does
    /// not hold.
    pub(super) fn of(system: &System) -> Result<Self, Certificate> {
        let mut columns: BTreeMap<usize, Limits> = BTreeMap::new();
        let mut slanted: BTreeMap<Vec<(usize, BigInt)>, Limits> = BTreeMap::new();
        for (column, (lower, upper)) in &system.boxes {
            let limits = columns.entry(*column).or_default();
            let end = |value: &BigRational, constraint| Limit {
                value: value.clone(),
                constraint,
                factor: BigRational::one(),
            };
            limits.lower = lower.as_ref().map(|value| end(value, Constraint::Lower(*column)));
            limits.upper = upper.as_ref().map(|value| end(value, Constraint::Upper(*column)));
        }
        for (k, row) in system.rows.iter().enumerate() {
            let constraint = Constraint::Row(k);
            let Some((terms, content)) = primitive(&row.form) else {
                empty(row.sense, &row.bound, constraint)?;
                continue;
            };
            for (column, _) in &terms {
                columns.entry(*column).or_default();
            }
            let limits = match terms.as_slice() {
                [(column, _)] => columns.entry(*column).or_default(),
                _ => slanted.entry(terms).or_default(),
            };
            limit(limits, row.sense, &row.bound / &content, content.recip(), constraint);
        }
        columns.values().chain(slanted.values()).try_for_each(agreed)?;
        let slanted = slanted.into_iter().map(|(terms, limits)| Slanted { terms, limits });
        Ok(Self {
            columns,
            slanted: slanted.collect(),
        })
    }
}

/// The direction of a form, and the number (negative where the signs turn) that times the direction gives the form.
fn primitive(form: &Form) -> Option<(Vec<(usize, BigInt)>, BigRational)> {
    let (_, first) = form.terms().next()?;
    let content = form.content() * first.signum();
    let terms = form.terms().map(|(column, c)| (column, (c / &content).to_integer()));
    Some((terms.collect(), content))
}

/// A row that reads nothing says 0 ≥ bound.
fn empty(sense: Sense, bound: &BigRational, constraint: Constraint) -> Result<(), Certificate> {
    if bound.is_positive() || sense == Sense::Equal && !bound.is_zero() {
        let mut certificate = Certificate::default();
        certificate.add(constraint, bound.signum());
        return Err(certificate);
    }
    Ok(())
}

/// Takes in a constraint that times `factor` says direction ≥ value (where the factor is negative: that times its opposite says
/// −direction ≥ −value). An equality gives both ends. Of two limits the closer one stays.
fn limit(limits: &mut Limits, sense: Sense, value: BigRational, factor: BigRational, constraint: Constraint) {
    let end = |factor| Limit {
        value: value.clone(),
        constraint,
        factor,
    };
    if (sense == Sense::Equal || factor.is_positive()) && limits.lower.as_ref().is_none_or(|old| old.value < value) {
        limits.lower = Some(end(factor.clone()));
    }
    if (sense == Sense::Equal || factor.is_negative()) && limits.upper.as_ref().is_none_or(|old| old.value > value) {
        limits.upper = Some(end(-factor));
    }
}

fn agreed(limits: &Limits) -> Result<(), Certificate> {
    if let (Some(lower), Some(upper)) = (&limits.lower, &limits.upper)
        && lower.value > upper.value
    {
        let mut certificate = Certificate::default();
        certificate.add(lower.constraint, lower.factor.clone());
        certificate.add(upper.constraint, upper.factor.clone());
        return Err(certificate);
    }
    Ok(())
}
