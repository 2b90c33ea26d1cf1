//! The schema of figures: which 32 numbers a statement holds, in which order, with which sign, and which sums must agree.
//!
//! Index `j` is the figure's place in [`Figures`](crate::statement::Figures), its bit in
//! [`Coverage`](crate::statement::Coverage), and column `j` (first statement) or `32 + j` (second statement) of a policy's rows.
//! The order is fixed for all time by the schema's version; the text that upper rooms hash is [`Schema::canonical_text`].

use std::fmt::Write as _;

use num_bigint::BigInt;

use crate::program::FIGURES;
use crate::refusal::Refusal;

mod financials;
mod monthly;

/// Figures below this index are never negative; the others are signed. The circuit enforces it, because guards rely on it.
pub const SIGNED_FROM: usize = 20;
/// A statement in whole units may be off by rounding: |`rounding_difference`| < 2^`ROUNDING_BITS` minor units.
pub const ROUNDING_BITS: u32 = 20;
/// Identities are packed into one row by powers of 2^72: each identity's value is below 2^66 in magnitude, so that no
/// identity can make up for another.
pub const IDENTITY_SHIFT: u32 = 72;
/// The one figure that may be a rounding difference: the circuit bounds coefficient × figure of this place, in the schema's
/// identities, to less than 2^`ROUNDING_BITS`. A schema whose identities leave the figure out has an ordinary figure there.
pub const ROUNDING_FIGURE: usize = 26;
/// Months of a series.
pub const MONTHS: usize = 12;

/// The range that the circuit enforces on a column, whatever its schema: its sign and 63 bits. Tighter bounds (that of the
/// rounding difference) are left out of account on purpose, so that no guard rests on them.
pub fn column_range(column: usize) -> (i64, i64) {
    let signed = column % FIGURES >= SIGNED_FROM;
    (if signed { -i64::MAX } else { 0 }, i64::MAX)
}

/// Whether a figure can be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// In [0, 2^63).
    NonNegative,
    /// In (−2^63, 2^63).
    Signed,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Minor units of the statement's currency.
    Money,
    /// A plain number.
    Count,
}

/// One figure of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The name in policies and files.
    pub name: &'static str,
    /// Short names that policy authors may write instead.
    pub aliases: &'static [&'static str],
    /// The name in sentences.
    pub label: &'static str,
    /// Whether the label takes a plural verb ("current assets are").
    pub plural: bool,
    /// Whether it can be negative.
    pub sign: Sign,
    /// What it counts.
    pub unit: Unit,
    /// What it is, in one sentence.
    pub definition: &'static str,
}

/// An equality that every statement keeps: the sum of coefficient × figure is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The identity's name.
    pub name: &'static str,
    /// The identity as an accountant writes it.
    pub text: &'static str,
    /// Figure index and coefficient (1 or −1).
    pub terms: &'static [(usize, i8)],
}

/// Twelve figures in a row, one for each month of the period: `name_1` to `name_12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// The name in policies; with `_1` to `_12`, the names of its figures.
    pub name: &'static str,
    /// Names that policy authors may write instead.
    pub aliases: &'static [&'static str],
    /// The name in sentences.
    pub label: &'static str,
    /// The index of month 1.
    pub first: usize,
    /// What a month of it is, in one sentence.
    pub definition: &'static str,
}

/// A schema: named figures and the identities between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Name and version.
    pub name: &'static str,
    /// The family, which survives versions (period tags are made over it).
    pub family: &'static str,
    /// The figures, in order.
    pub figures: &'static [Figure; FIGURES],
    /// The identities.
    pub identities: &'static [Identity],
    /// The figures that every statement of this schema gives: a policy always needs them, whatever its rules read.
    pub always: &'static [usize],
    /// Runs of twelve monthly figures.
    pub series: &'static [Series],
}

/// The balance sheet, income statement and cash flow of a trading company.
pub const ENTERPRISE_FINANCIALS: Schema = Schema {
    name: "enterprise-financials/v1",
    family: "enterprise-financials",
    figures: &financials::FIGURES_V1,
    identities: &[
        Identity {
            name: "balance",
            text: "total_assets = total_liabilities + equity + rounding_difference",
            terms: &[(5, 1), (8, -1), (20, -1), (26, -1)],
        },
        Identity {
            name: "assets",
            text: "total_assets = current_assets + non_current_assets",
            terms: &[(5, 1), (0, -1), (1, -1)],
        },
        Identity {
            name: "liabilities",
            text: "total_liabilities = current_liabilities + non_current_liabilities",
            terms: &[(8, 1), (6, -1), (7, -1)],
        },
    ],
    // The balance sheet, because the identities are over it.
    always: &[0, 1, 5, 6, 7, 8, 20],
    series: &[],
};

/// A year month by month: invoiced revenue and operating cash flow, and counts of filings and repayments.
pub const MONTHLY_SERIES: Schema = Schema {
    name: "monthly-series/v1",
    family: "monthly-series",
    figures: &monthly::FIGURES_V1,
    identities: &[],
    // A tax authority knows the filings and not the cash flows, a ledger the reverse: each source covers its part.
    always: &[],
    series: &monthly::SERIES,
};

/// Whether figure 26 stands in the first identity alone, once, if at all: packing leaves the first identity's coefficients as
/// they are (shift 0), so that coefficient × figure is ± the figure or 0, which is what the circuit bounds.
const fn rounding_stands_first(schema: &Schema) -> bool {
    let (mut k, mut count) = (0, 0);
    while k < schema.identities.len() {
        let terms = schema.identities[k].terms;
        let mut t = 0;
        while t < terms.len() {
            if terms[t].0 == ROUNDING_FIGURE {
                count += 1;
                if k > 0 || (terms[t].1 != 1 && terms[t].1 != -1) {
                    return false;
                }
            }
            t += 1;
        }
        k += 1;
    }
    count <= 1
}

const _: () = assert!(rounding_stands_first(&ENTERPRISE_FINANCIALS) && rounding_stands_first(&MONTHLY_SERIES));

/// Every schema that this version knows.
pub const SCHEMAS: &[&Schema] = &[&ENTERPRISE_FINANCIALS, &MONTHLY_SERIES];

impl Schema {
    /// The schema of this name.
    ///
    /// # Errors
    /// `schema-unknown`.
    pub fn named(name: &str) -> Result<&'static Schema, Refusal> {
        SCHEMAS.iter().copied().find(|s| s.name == name).ok_or_else(|| {
            let known: Vec<_> = SCHEMAS.iter().map(|s| s.name).collect();
            Refusal::new(
                &crate::catalogue::SCHEMA_UNKNOWN,
                format!("there is no schema `{name}`"),
            )
            .expected(known.join(", "))
        })
    }

    /// The index of the figure of this name or alias.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.figures
            .iter()
            .position(|f| f.name == name || f.aliases.contains(&name))
    }

    /// The series of this name or alias.
    pub fn series_named(&self, name: &str) -> Option<&'static Series> {
        self.series.iter().find(|s| s.name == name || s.aliases.contains(&name))
    }

    /// The series that figure `j` is a month of, and the month, from 0.
    pub fn month_of(&self, j: usize) -> Option<(&'static Series, usize)> {
        self.series
            .iter()
            .find_map(|s| Some((s, j.checked_sub(s.first).filter(|month| *month < MONTHS)?)))
    }

    /// The least and greatest value of figure `j`.
    pub fn range(&self, j: usize) -> (i64, i64) {
        match self.figures.get(j) {
            Some(_) if self.rounding_figure() == Some(j) => (1 - (1 << ROUNDING_BITS), (1 << ROUNDING_BITS) - 1),
            Some(f) if f.sign == Sign::NonNegative => (0, i64::MAX),
            _ => (-i64::MAX, i64::MAX),
        }
    }

    /// The figure that takes up rounding, where an identity has one.
    pub fn rounding_figure(&self) -> Option<usize> {
        let mut terms = self.identities.iter().flat_map(|identity| identity.terms);
        terms.any(|&(j, _)| j == ROUNDING_FIGURE).then_some(ROUNDING_FIGURE)
    }

    /// All identities in one row: identity `k` times 2^(72·k). The row is 0 exactly when every identity holds.
    ///
    /// Each identity is a sum of at most four figures below 2^63, so its value `e_k` has |e_k| < 2^66. If the packed sum is 0,
    /// e_0 is a multiple of 2^72 and therefore 0; divide by 2^72 and repeat. The sum is below 2^(144 + 67) in magnitude,
    /// far below the field's size, so the same holds modulo the field.
    pub fn identity_coefficients(&self) -> [BigInt; FIGURES] {
        let mut packed: [BigInt; FIGURES] = std::array::from_fn(|_| BigInt::ZERO);
        for (k, identity) in self.identities.iter().enumerate() {
            for &(j, sign) in identity.terms {
                packed[j] += BigInt::from(sign) << (IDENTITY_SHIFT as usize * k);
            }
        }
        packed
    }

    /// The schema as deterministic text: what upper rooms hash.
    pub fn canonical_text(&self) -> String {
        let mut text = format!("schema {}\n", self.name);
        if self.rounding_figure().is_some() {
            let _ = writeln!(text, "rounding-bits {ROUNDING_BITS}");
        }
        for (j, f) in self.figures.iter().enumerate() {
            let sign = if f.sign == Sign::Signed {
                "signed"
            } else {
                "non-negative"
            };
            let unit = if f.unit == Unit::Money { "money" } else { "count" };
            let _ = writeln!(text, "figure {j} {} {sign} {unit} {}", f.name, f.definition);
        }
        for identity in self.identities {
            let _ = writeln!(text, "identity {} {}", identity.name, identity.text);
        }
        text
    }
}

#[cfg(test)]
mod tests;
