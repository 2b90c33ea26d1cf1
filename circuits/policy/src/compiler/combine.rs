//! Combinations of rules as threshold tests of pass bits: `Σ weight·literal >= minimum`.
//!
//! `and` and `or` of literals are threshold tests, and so is one threshold test joined with literals by `and` or `or`; any two
//! levels are therefore one row. What nests deeper gets rows of its own for the inner parts.

use std::collections::BTreeMap;

use super::table::{RowId, Table};
use crate::refusal::Refusal;

/// A row's pass bit (`true`), or its opposite.
pub(super) type Literal = (RowId, bool);

/// `Σ weight·literal >= minimum`, with positive weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Threshold {
    terms: BTreeMap<Literal, i64>,
    minimum: i64,
}

impl Threshold {
    /// All of these rows pass.
    pub(super) fn all(rows: impl IntoIterator<Item = RowId>) -> Self {
        let terms: BTreeMap<Literal, i64> = rows.into_iter().map(|row| ((row, true), 1)).collect();
        let minimum = terms.len() as i64;
        Self { terms, minimum }
    }

    /// The opposite: Σ w·x >= c fails exactly when Σ w·(1 − x) >= W − c + 1.
    pub(super) fn negated(&self) -> Self {
        let terms = self
            .terms
            .iter()
            .map(|(&(row, positive), &w)| ((row, !positive), w))
            .collect();
        Self {
            terms,
            minimum: self.total() - self.minimum + 1,
        }
    }

    fn total(&self) -> i64 {
        self.terms.values().sum()
    }

    fn single(&self) -> Option<Literal> {
        (self.terms.len() == 1)
            .then(|| self.terms.keys().next().copied())
            .flatten()
    }

    fn is_conjunction(&self) -> bool {
        self.minimum == self.total() && self.terms.values().all(|w| *w == 1)
    }

    fn is_disjunction(&self) -> bool {
        self.minimum == 1 && self.terms.values().all(|w| *w == 1)
    }

    /// The rows, where this says that all of them pass and nothing else.
    pub(super) fn as_rows(&self) -> Option<Vec<RowId>> {
        let positive = self.terms.keys().all(|(_, positive)| *positive);
        (positive && self.is_conjunction()).then(|| self.terms.keys().map(|(row, _)| *row).collect())
    }

    /// A row whose pass bit is this.
    pub(super) fn row(&self, table: &mut Table) -> Result<RowId, Refusal> {
        if let Some((row, true)) = self.single() {
            return Ok(row);
        }
        let (mut terms, mut minimum) = (BTreeMap::new(), self.minimum);
        for (&(row, positive), &weight) in &self.terms {
            // w·(1 − x) = w − w·x
            let signed = if positive { weight } else { -weight };
            minimum -= if positive { 0 } else { weight };
            *terms.entry(row).or_insert(0) += signed;
        }
        terms.retain(|_, weight| *weight != 0);
        table.passes(terms, minimum)
    }

    fn literal(&self, table: &mut Table) -> Result<Literal, Refusal> {
        match self.single() {
            Some(literal) => Ok(literal),
            None => Ok((self.row(table)?, true)),
        }
    }

    /// All parts hold. One part may be any threshold; further ones that are no conjunctions get rows of their own.
    pub(super) fn and(parts: Vec<Self>, table: &mut Table) -> Result<Self, Refusal> {
        let (plain, mut others): (Vec<_>, Vec<_>) = parts.into_iter().partition(Self::is_conjunction);
        let mut literals: BTreeMap<Literal, i64> = plain.into_iter().flat_map(|p| p.terms).collect();
        let Some(inner) = others.pop() else {
            let minimum = literals.len() as i64;
            return Ok(Self {
                terms: literals,
                minimum,
            });
        };
        for other in others {
            literals.insert(other.literal(table)?, 1);
        }
        // Each literal gets the weight W − c + 1, so that without it even all of the inner weight falls short by one.
        let weight = inner.total() - inner.minimum + 1;
        let minimum = inner.minimum + weight * literals.len() as i64;
        let mut terms = inner.terms;
        for literal in literals.into_keys() {
            *terms.entry(literal).or_insert(0) += weight;
        }
        Ok(Self { terms, minimum })
    }

    /// One part at least holds. One part may be any threshold; further ones that are no disjunctions get rows of their own.
    pub(super) fn or(parts: Vec<Self>, table: &mut Table) -> Result<Self, Refusal> {
        let (plain, mut others): (Vec<_>, Vec<_>) = parts.into_iter().partition(Self::is_disjunction);
        let mut literals: BTreeMap<Literal, i64> = plain.into_iter().flat_map(|p| p.terms).collect();
        let Some(inner) = others.pop() else {
            return Ok(Self {
                terms: literals,
                minimum: 1,
            });
        };
        for other in others {
            literals.insert(other.literal(table)?, 1);
        }
        let minimum = inner.minimum;
        let mut terms = inner.terms;
        for literal in literals.into_keys() {
            *terms.entry(literal).or_insert(0) += minimum;
        }
        Ok(Self { terms, minimum })
    }

    /// At least so many parts hold.
    pub(super) fn at_least(count: u32, parts: &[Self], table: &mut Table) -> Result<Self, Refusal> {
        let mut terms = BTreeMap::new();
        for part in parts {
            *terms.entry(part.literal(table)?).or_insert(0) += 1;
        }
        Ok(Self {
            terms,
            minimum: i64::from(count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The truth of a threshold for pass bits given as a mask, where no inner row was made.
    fn holds(t: &Threshold, bits: u32) -> bool {
        let sum: i64 = t
            .terms
            .iter()
            .filter(|((row, positive), _)| (bits >> row.0 & 1 == 1) == *positive)
            .map(|(_, w)| w)
            .sum();
        sum >= t.minimum
    }

    #[test]
    fn two_levels_are_one_threshold() {
        let mut table = Table::default();
        let literal = |i: usize| Threshold::all([RowId(i)]);
        for bits in 0..32u32 {
            let bit = |i: usize| bits >> i & 1 == 1;
            let or = Threshold::or(
                vec![literal(0), Threshold::all([RowId(1), RowId(2)]), literal(3)],
                &mut table,
            )
            .unwrap();
            assert_eq!(holds(&or, bits), bit(0) || (bit(1) && bit(2)) || bit(3));
            let two = Threshold::at_least(2, &[literal(0), literal(1), literal(2)], &mut table).unwrap();
            let and = Threshold::and(vec![two.clone(), literal(3), literal(0).negated()], &mut table).unwrap();
            let two_of = [bit(0), bit(1), bit(2)].iter().filter(|b| **b).count() >= 2;
            assert_eq!(holds(&and, bits), two_of && bit(3) && !bit(0));
            assert_eq!(holds(&and.negated(), bits), !(two_of && bit(3) && !bit(0)));
            let shared = Threshold::or(vec![two, literal(4), literal(1)], &mut table).unwrap();
            assert_eq!(holds(&shared, bits), two_of || bit(4) || bit(1));
        }
    }
}
