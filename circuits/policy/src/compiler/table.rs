//! The rows and slots under construction: equal rows are one row, equal products one slot, and what does not fit is refused.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_traits::{Signed as _, ToPrimitive as _};

use super::inequality::{Form, Inequality};
use crate::catalogue as codes;
use crate::program::{
    BOUND_BITS, COEFFICIENT_BITS, COLUMNS, FIRST_RICH_ROW, PASS_FACTOR_BITS, RICH_ROWS, ROWS, Row,
    SLOT_COEFFICIENT_BITS, SLOT_FACTOR_BITS, SLOTS, Slot,
};
use crate::refusal::Refusal;

/// A row before it has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId(pub(super) usize);

/// A row's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Draft {
    /// A test of figures; products refer to slots.
    Figures(Inequality, Vec<(usize, BigInt)>),
    /// A test of earlier pass bits.
    Passes(BTreeMap<RowId, i64>, i64),
}

impl Draft {
    fn is_rich(&self) -> bool {
        match self {
            Self::Figures(_, products) => !products.is_empty(),
            Self::Passes(..) => true,
        }
    }
}

/// Rows and slots so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Draft>,
    slots: Vec<(Form, Form)>,
}

fn too_large(what: String, expected: String) -> Refusal {
    Refusal::new(&codes::POLICY_TOO_LARGE, what).expected(expected)
}

fn fit(value: &BigInt, bits: u32, name: &str) -> Result<(), Refusal> {
    if value.abs().bits() <= u64::from(bits) {
        return Ok(());
    }
    Err(Refusal::new(
        &codes::POLICY_OVER_BUDGET,
        format!("the {name} {value} has {} bits", value.bits()),
    )
    .expected(format!("at most {bits} bits")))
}

impl Table {
    /// The row of this inequality, made where it is new.
    pub(super) fn figures(&mut self, inequality: &Inequality) -> Result<RowId, Refusal> {
        for c in inequality.linear.values() {
            fit(c, COEFFICIENT_BITS, "coefficient")?;
        }
        fit(&inequality.bound, BOUND_BITS, "bound")?;
        for (factor, u, v) in &inequality.products {
            fit(factor, SLOT_FACTOR_BITS, "factor of a product")?;
            for c in u.values().chain(v.values()) {
                fit(c, SLOT_COEFFICIENT_BITS, "coefficient in a product")?;
            }
        }
        let mut products = Vec::new();
        for (factor, u, v) in &inequality.products {
            products.push((self.slot(u, v)?, factor.clone()));
        }
        products.sort();
        self.intern(Draft::Figures(inequality.clone(), products))
    }

    /// The row that passes when so much weight of earlier pass bits is there.
    pub(super) fn passes(&mut self, terms: BTreeMap<RowId, i64>, minimum: i64) -> Result<RowId, Refusal> {
        for weight in terms.values() {
            fit(&BigInt::from(*weight), PASS_FACTOR_BITS, "factor of a pass bit")?;
        }
        self.intern(Draft::Passes(terms, minimum))
    }

    /// The row that passes exactly when all of these do, where there is one already.
    pub(super) fn joint(&self, rows: &BTreeSet<RowId>) -> Option<RowId> {
        let terms = rows.iter().map(|row| (*row, 1)).collect();
        let joint = Draft::Passes(terms, rows.len() as i64);
        self.rows.iter().position(|row| *row == joint).map(RowId)
    }

    fn slot(&mut self, u: &Form, v: &Form) -> Result<usize, Refusal> {
        if let Some(q) = self.slots.iter().position(|(a, b)| a == u && b == v) {
            return Ok(q);
        }
        if self.slots.len() == SLOTS {
            return Err(too_large(
                format!("the policy needs more than {SLOTS} different products of figures"),
                format!(
                    "at most {SLOTS} product slots over all rules; rules share the products that they have in common"
                ),
            ));
        }
        self.slots.push((u.clone(), v.clone()));
        Ok(self.slots.len() - 1)
    }

    fn intern(&mut self, draft: Draft) -> Result<RowId, Refusal> {
        if let Some(i) = self.rows.iter().position(|row| *row == draft) {
            return Ok(RowId(i));
        }
        let rich = self.rows.iter().chain([&draft]).filter(|row| row.is_rich()).count();
        if rich > RICH_ROWS && draft.is_rich() {
            return Err(too_large(
                format!("the policy needs {rich} rows that read products of figures or other rules' results"),
                format!("at most {RICH_ROWS}: products, `or`/`not`/`at least`, and points on a ratio take one each"),
            ));
        }
        if self.rows.len() == ROWS {
            return Err(too_large(
                format!("the policy needs more than {ROWS} rows"),
                format!("at most {ROWS} rows: one per comparison, and one per different denominator"),
            ));
        }
        self.rows.push(draft);
        Ok(RowId(self.rows.len() - 1))
    }

    /// The places of all rows: plain ones from the front, rich ones from row 24 on in the order in which they were made, so
    /// that each reads earlier ones only. Plain rows beyond 24 stand before the rich ones.
    pub(super) fn places(&self) -> BTreeMap<RowId, usize> {
        let plain: Vec<usize> = (0..self.rows.len()).filter(|i| !self.rows[*i].is_rich()).collect();
        let first_rich = plain.len().max(FIRST_RICH_ROW);
        let rich = (0..self.rows.len()).filter(|i| self.rows[*i].is_rich());
        let places = plain.iter().copied().enumerate().map(|(place, id)| (RowId(id), place));
        places
            .chain(rich.enumerate().map(|(k, id)| (RowId(id), first_rich + k)))
            .collect()
    }

    /// The program's rows and slots.
    pub(super) fn build(&self) -> (Vec<Row>, [Slot; SLOTS]) {
        let places = self.places();
        let mut rows = vec![Row::BLANK; ROWS];
        for (i, draft) in self.rows.iter().enumerate() {
            let Some(row) = places.get(&RowId(i)).and_then(|place| rows.get_mut(*place)) else {
                continue;
            };
            match draft {
                Draft::Figures(inequality, products) => {
                    row.a = dense(&inequality.linear);
                    row.bound = inequality.bound.to_i128().unwrap_or(i128::MAX);
                    for (q, factor) in products {
                        row.slots[*q] = factor.to_i64().unwrap_or(i64::MAX);
                    }
                }
                Draft::Passes(terms, minimum) => {
                    for (id, weight) in terms {
                        if let Some(place) = places.get(id) {
                            row.passes[*place] = *weight;
                        }
                    }
                    row.bound = i128::from(*minimum);
                }
            }
        }
        let slots = std::array::from_fn(|q| match self.slots.get(q) {
            Some((u, v)) => Slot {
                u: dense(u),
                v: dense(v),
            },
            None => Slot::EMPTY,
        });
        (rows, slots)
    }

    /// Every column that some row reads.
    pub(super) fn columns(&self) -> BTreeSet<usize> {
        let read = self.rows.iter().filter_map(|row| match row {
            Draft::Figures(inequality, _) => Some(inequality.columns()),
            Draft::Passes(..) => None,
        });
        read.flatten().collect()
    }
}

/// A form as a dense array; its coefficients were found to fit, and would be refused by `Program::validate` otherwise.
fn dense(form: &Form) -> [i64; COLUMNS] {
    let mut a = [0; COLUMNS];
    for (column, c) in form {
        if let Some(cell) = a.get_mut(*column) {
            *cell = c.to_i64().unwrap_or(i64::MAX);
        }
    }
    a
}
