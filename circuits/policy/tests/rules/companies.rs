//! Companies at random, most of them unlike any: zeros, ones, the ends of the ranges, magnitudes of every size, denominators
//! below zero, balance sheets that agree and figures that nothing holds together.

use covenant_policy::program::{COLUMNS, FIGURES};
use covenant_policy::schema::{ENTERPRISE_FINANCIALS, Schema, Unit, column_range};

use super::fragments::Columns;

/// A generator of numbers (SplitMix64, Steele, Lea and Flood 2014), so that every run sees the same companies.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A magnitude: an end of the range, any number of bits, or of the company's size.
    fn magnitude(&mut self, size: u64) -> u64 {
        match self.below(12) {
            0 | 1 => 0,
            2 => 1,
            3 => i64::MAX as u64,
            4 => i64::MAX as u64 - self.below(3),
            5 | 6 => self.next() >> (1 + self.below(63)),
            _ => (u128::from(size) * u128::from(self.below(4_000)) / 1_000).min(i64::MAX as u128) as u64,
        }
    }

    /// A company, for statements of these schemas.
    pub fn company(&mut self, schemas: [Option<&'static Schema>; 2]) -> Columns {
        let size = 1 + (self.next() >> (2 + self.below(60)));
        let mut columns = [0; COLUMNS];
        for (column, x) in columns.iter_mut().enumerate() {
            let Some(schema) = schemas[column / FIGURES] else {
                continue;
            };
            let magnitude = match schema.figures[column % FIGURES].unit {
                Unit::Count if self.below(4) > 0 => {
                    let most = 5 + 35 * self.below(2);
                    self.below(most)
                }
                _ if schema.series.is_empty() => self.magnitude(size),
                _ if self.below(3) == 0 => 0,
                _ => self.magnitude(size),
            };
            let negative = column_range(column).0 < 0 && self.below(3) == 0;
            *x = if negative {
                -(magnitude as i64)
            } else {
                magnitude as i64
            };
        }
        for (statement, schema) in schemas.into_iter().enumerate() {
            if schema == Some(&ENTERPRISE_FINANCIALS) && self.below(4) > 0 {
                agree(&mut columns[statement * FIGURES..(statement + 1) * FIGURES]);
            }
        }
        columns
    }
}

/// Makes a balance sheet agree.
pub fn agree(x: &mut [i64]) {
    let index = |name: &str| ENTERPRISE_FINANCIALS.index_of(name).expect("a figure");
    let parts = [
        ["current_assets", "non_current_assets", "total_assets"],
        ["current_liabilities", "non_current_liabilities", "total_liabilities"],
    ];
    for names in parts {
        let [a, b, total] = names.map(index);
        if x[a].checked_add(x[b]).is_none() {
            (x[a], x[b]) = (x[a] / 2, x[b] / 2);
        }
        x[total] = x[a] + x[b];
    }
    let [assets, liabilities] = [parts[0][2], parts[1][2]].map(index);
    x[index("rounding_difference")] %= 4;
    // At either end of the range there is no room for rounding.
    let difference = i128::from(x[assets]) - i128::from(x[liabilities]) - i128::from(x[index("rounding_difference")]);
    if difference.unsigned_abs() > i64::MAX as u128 {
        x[index("rounding_difference")] = 0;
    }
    x[index("equity")] = x[assets] - x[liabilities] - x[index("rounding_difference")];
}
