//! The points of a system, in independent parts: directions that share no column, not even by way of others, do not influence each
//! other, so each connected part has a small tableau of its own.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _};

use super::direction::{Directions, Limits, Slanted};
use super::simplex::Tableau;
use super::{Certificate, Form, Optimum};

/// The points of a system that has some, and the one from which the next optimum is searched.
#[derive(Debug, Clone)]
pub struct Polyhedron {
    /// Columns that no slanted direction reads.
    loose: BTreeMap<usize, Limits>,
    parts: Vec<Tableau>,
}

impl Polyhedron {
    /// Finds a first point.
    pub(super) fn new(directions: Directions) -> Result<Self, Certificate> {
        let Directions { mut columns, slanted } = directions;
        let mut parts = Vec::new();
        for part in connected(slanted) {
            let read = part.iter().flat_map(|s| s.terms.iter().map(|(column, _)| *column));
            let read: std::collections::BTreeSet<usize> = read.collect();
            let limits = read
                .into_iter()
                .map(|c| (c, columns.remove(&c).unwrap_or_default()))
                .collect();
            parts.push(Tableau::new(&limits, &part)?);
        }
        Ok(Self { loose: columns, parts })
    }

    /// The greatest value of a form; `None` where there is none.
    pub fn maximum(&mut self, form: &Form) -> Option<Optimum> {
        let content = form.content();
        let whole: Vec<(usize, BigInt)> = form
            .terms()
            .map(|(column, c)| (column, (c / &content).to_integer()))
            .collect();
        let mut certificate = Certificate::default();
        let mut point: BTreeMap<usize, BigRational> = BTreeMap::new();
        for part in &mut self.parts {
            part.climb_to(&whole, &content, &mut certificate)?;
            point.extend(part.point());
        }
        for (column, limits) in &self.loose {
            point.insert(*column, limits.nearest_to_zero());
        }
        for (column, c) in form.terms() {
            // What no part holds and no box names is any number.
            let Some(limits) = self.loose.get(&column) else {
                point.get(&column)?;
                continue;
            };
            let limit = if c.is_positive() { &limits.upper } else { &limits.lower };
            let limit = limit.as_ref()?;
            certificate.add(limit.constraint, c.abs() * &limit.factor);
            point.insert(column, limit.value.clone());
        }
        let value = form.value_at(&point);
        Some(Optimum {
            value,
            point,
            certificate,
        })
    }

    /// The least value of a form; `None` where there is none.
    pub fn minimum(&mut self, form: &Form) -> Option<Optimum> {
        let greatest = self.maximum(&form.times(&-BigRational::one()))?;
        Some(Optimum {
            value: -greatest.value,
            ..greatest
        })
    }
}

/// Directions in groups that share columns.
fn connected(slanted: Vec<Slanted>) -> Vec<Vec<Slanted>> {
    let mut groups: Vec<Vec<Slanted>> = Vec::new();
    let reads = |group: &[Slanted], column: usize| group.iter().any(|s| s.terms.iter().any(|(c, _)| *c == column));
    for direction in slanted {
        let (mut joined, others): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|group| direction.terms.iter().any(|(column, _)| reads(group, *column)));
        let mut group: Vec<Slanted> = joined.drain(..).flatten().collect();
        group.push(direction);
        groups = others;
        groups.push(group);
    }
    groups
}
