//! Counts over the months of a series, as plain rows.
//!
//! `months(c) >= n` is the comparison `c` once for each month, and one row that counts their pass bits. `longest_gap(s) <= k` needs
//! no pass bits: `s` is never negative, so a run of k + 1 months in which it is 0 is a run whose sum is 0, and the rule holds
//! exactly where the sum of every k + 1 consecutive months is at least 1.

use std::ops::Range;

use num_rational::BigRational;
use num_traits::One as _;

use super::algebra::Linear;
use super::combine::Threshold;
use super::inequality::Inequality;
use super::rules::{Rows, Rules, at};
use crate::catalogue as codes;
use crate::expression::{Condition, Fault, Period};
use crate::policy::Located;
use crate::program::FIGURES;
use crate::schema::{MONTHS, column_range};

impl Rules<'_> {
    /// The conditions hold in at least `count` of their months together.
    pub(super) fn months(
        &mut self,
        parts: &[Condition],
        count: u32,
        span: &Range<usize>,
        name: &Located<String>,
    ) -> Result<Rows, Fault> {
        let mut rows = Rows {
            combined: true,
            ..Rows::default()
        };
        let mut literals = Vec::new();
        for part in parts {
            for month in 0..MONTHS {
                self.context.month = Some(month);
                let one = self.comparison(part, name);
                self.context.month = None;
                let one = one?;
                rows.divides |= one.divides;
                literals.push(Threshold::all(one.tests.into_iter().chain(one.guards)));
            }
        }
        let repeated = literals.iter().enumerate().any(|(i, one)| literals[..i].contains(one));
        if repeated {
            return Err(Fault::new(
                &codes::POLICY_EXPRESSION,
                "the comparison is the same in every month, or written twice",
                span.clone(),
            )
            .expected("a series, such as `cash_flow` of monthly-series/v1"));
        }
        let threshold = Threshold::at_least(count, &literals, &mut self.table).map_err(at(span))?;
        rows.tests = match threshold.as_rows() {
            Some(all) => all,
            None => vec![threshold.row(&mut self.table).map_err(at(span))?],
        };
        Ok(rows)
    }

    /// No run of more than `most` months in which the series is 0, over the series one after the other.
    pub(super) fn longest_gap(
        &mut self,
        series: &[(Period, String)],
        most: u32,
        span: &Range<usize>,
    ) -> Result<Rows, Fault> {
        let mut columns = Vec::new();
        for (period, name) in series {
            let (statement, schema) = self.context.statement(*period, span)?;
            let known: Vec<_> = schema.series.iter().map(|s| s.name).collect();
            let found = schema.series_named(name).ok_or_else(|| {
                let what = format!("there is no series `{}` in {}", name.escape_debug(), schema.name);
                let known = if known.is_empty() {
                    "a schema with series".to_owned()
                } else {
                    known.join(", ")
                };
                Fault::new(&codes::POLICY_UNKNOWN_FIGURE, what, span.clone()).expected(known)
            })?;
            columns.push((statement, found));
        }
        let in_time = match (series, columns.as_slice()) {
            ([_], [_]) => true,
            ([(Period::Prior, _), (Period::Current, _)], [(_, before), (_, now)]) => before == now,
            _ => false,
        };
        if !in_time {
            let what = "the series do not follow each other in time";
            return Err(Fault::new(&codes::POLICY_EXPRESSION, what, span.clone()).expected(
                "one series, or the same of the prior period and of this one: longest_gap(prior.invoiced, invoiced)",
            ));
        }
        let months: Vec<usize> = columns
            .iter()
            .flat_map(|(statement, s)| (0..MONTHS).map(move |month| statement * FIGURES + s.first + month))
            .collect();
        if months.iter().any(|column| column_range(*column).0 < 0) {
            let what = "a gap of a series that can be negative";
            return Err(Fault::new(&codes::POLICY_EXPRESSION, what, span.clone())
                .expected("a series that is never negative; count months of others with months(… > 0)"));
        }
        let mut rows = Rows::default();
        for window in months.windows(most as usize + 1) {
            let sum = Linear {
                terms: window.iter().map(|column| (*column, BigRational::one())).collect(),
                ..Linear::default()
            };
            if let Ok(above_zero) = Inequality::guard(&sum) {
                rows.tests.push(self.table.figures(&above_zero).map_err(at(span))?);
            }
        }
        Ok(rows)
    }
}
