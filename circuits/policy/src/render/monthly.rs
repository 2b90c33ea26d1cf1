//! Counts over the months of a series, recognised from the rows: the same comparison once for each of twelve months, and windows
//! of consecutive months whose sums are above zero.

use std::collections::BTreeMap;

use num_traits::One;

use super::sentences::Scene;
use super::words::{Form, capitalised, form, listed};
use crate::program::{FIGURES, Relation, Row};
use crate::schema::{MONTHS, Series};

/// A run of months, of which no window of a certain length may be all zero.
pub(crate) struct Gap {
    /// What the series is called.
    pub(crate) label: String,
    /// The columns of its months, in time.
    pub(crate) months: Vec<usize>,
    /// The longest run of zeros that is accepted.
    pub(crate) most: usize,
}

impl Gap {
    /// The longest run of months that are zero.
    pub(crate) fn longest(&self, zero: impl Fn(usize) -> bool) -> usize {
        let (mut longest, mut run) = (0, 0);
        for column in &self.months {
            run = if zero(*column) { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        longest
    }
}

impl Scene<'_> {
    /// The series that a column is a month of, and the month, from 0.
    fn month_of(&self, column: usize) -> Option<(&'static Series, usize)> {
        self.program.schema(column / FIGURES)?.month_of(column % FIGURES)
    }

    /// What a column is, by name: that of its series where it is a month of one.
    pub(crate) fn definition(&self, column: usize) -> Option<(String, String)> {
        let figure = self.names().figure(column)?;
        Some(match self.month_of(column) {
            Some((series, _)) => (capitalised(series.label), series.definition.to_owned()),
            None => (capitalised(figure.label), figure.definition.to_owned()),
        })
    }

    /// A row over figures of one month, carried back to the first month; and the month.
    fn in_month(&self, row: &Row) -> Option<(Form, usize)> {
        if row.slots.iter().chain(&row.passes).any(|c| *c != 0) {
            return None;
        }
        let mut months: Vec<usize> = Vec::new();
        let mut carried = Form::new();
        for (column, c) in form(&row.a) {
            match self.month_of(column) {
                Some((series, month)) => {
                    months.push(month);
                    carried.insert(column / FIGURES * FIGURES + series.first, c);
                }
                None => drop(carried.insert(column, c)),
            }
        }
        let month = *months.first()?;
        months.iter().all(|other| *other == month).then_some((carried, month))
    }

    /// What rows say that are the same comparison once for each of twelve months: one clause for each such comparison.
    pub(crate) fn monthly(&self, rows: &[usize]) -> Option<Vec<String>> {
        let mut groups: BTreeMap<(Form, i128), (usize, Vec<usize>)> = BTreeMap::new();
        for &index in rows {
            let row = self.program.rows.get(index)?;
            let (carried, month) = self.in_month(row)?;
            let group = groups.entry((carried, row.bound)).or_insert((index, Vec::new()));
            if group.1.contains(&month) {
                return None;
            }
            group.1.push(month);
        }
        let whole = groups.values().all(|(_, months)| months.len() == MONTHS);
        (whole && !groups.is_empty()).then(|| {
            let clauses = groups.values().map(|(index, _)| self.clause_of_any_month(*index));
            clauses.collect()
        })
    }

    /// "in at least 9 of the 12 months, operating cash flow is above zero", for so many of these rows.
    pub(crate) fn monthly_count(&self, rows: &[usize], count: usize) -> Option<String> {
        let clauses = self.monthly(rows)?;
        let total = rows.len();
        let together = listed(&clauses, "or");
        Some(match (clauses.len(), count == total) {
            (1, true) => format!("in each of the {total} months, {together}"),
            (1, false) => format!("in at least {count} of the {total} months, {together}"),
            (_, true) => format!("in each month, {}", listed(&clauses, "and")),
            (_, false) => format!("in at least {count} of {total} months, counting each of these: {together}"),
        })
    }

    /// The gap that rows exclude: every window of so many consecutive months has a sum above zero.
    pub(crate) fn gap(&self, rows: &[usize]) -> Option<Gap> {
        let mut windows: Vec<Vec<usize>> = Vec::new();
        for index in rows {
            let row = self.program.rows.get(*index)?;
            let terms = form(&row.a);
            let plain = row.slots.iter().chain(&row.passes).all(|c| *c == 0);
            if !plain || row.bound != 1 || !terms.values().all(One::is_one) {
                return None;
            }
            let mut columns: Vec<usize> = terms.into_keys().collect();
            columns.sort_by_key(|column| self.place_in_time(*column));
            windows.push(columns);
        }
        windows.sort_by_key(|window| window.first().map(|column| self.place_in_time(*column)));
        let length = windows.first()?.len();
        let (series, _) = self.month_of(*windows.first()?.first()?)?;
        let mut months: Vec<usize> = windows.iter().filter_map(|window| window.first().copied()).collect();
        months.extend(windows.last()?.iter().skip(1));
        let expected: Vec<&[usize]> = months.windows(length).collect();
        let same = |column: &usize| self.month_of(*column).is_some_and(|(other, _)| other == series);
        let consecutive = months.windows(2).all(|pair| {
            pair.iter()
                .map(|c| self.place_in_time(*c))
                .is_sorted_by(|a, b| a + 1 == *b)
        });
        let complete = months.len().is_multiple_of(MONTHS) && self.month_of(*months.first()?)?.1 == 0;
        if length < 2 || !complete || !consecutive || !months.iter().all(same) || expected != windows {
            return None;
        }
        Some(Gap {
            label: series.label.to_owned(),
            most: length - 1,
            months,
        })
    }

    /// A month's place in time: those of a prior period come before those of this one.
    fn place_in_time(&self, column: usize) -> usize {
        let month = self.month_of(column).map_or(0, |(_, month)| month);
        let before = self.program.relation == Relation::Prior;
        match (column / FIGURES, before) {
            (0, true) => MONTHS + month,
            (0, false) => month,
            (_, true) => month,
            (_, false) => 2 * MONTHS + month,
        }
    }

    /// The gap in words.
    pub(crate) fn gap_clause(&self, gap: &Gap) -> String {
        let months = match gap.most {
            1 => "1 month".to_owned(),
            n => format!("{n} months"),
        };
        let second = gap.months.first().is_some_and(|column| *column >= FIGURES);
        let over = match (gap.months.len(), second, self.program.relation) {
            (MONTHS, false, _) => "the 12 months of the period".to_owned(),
            (MONTHS, true, Relation::Companion) => "the 12 months of the companion statement".to_owned(),
            (MONTHS, true, _) => "the 12 months of the prior period".to_owned(),
            (n, ..) => format!("the {n} months of the prior period and this one"),
        };
        format!("{} is zero for at most {months} in a row, over {over}", gap.label)
    }
}
