//! The schema of figures: which 32 numbers a statement holds, in which order, with which sign, and which sums must agree.
//!
//! Index `j` is the figure's place in [`Figures`](crate::statement::Figures), its bit in
//! [`Coverage`](crate::statement::Coverage), and column `j` (first statement) or `32 + j` (second statement) of a policy's rows.
//! The order is fixed for all time by the schema's version; the text that upper rooms hash is [`Schema::canonical_text`].

use std::fmt::Write as _;

use num_bigint::BigInt;

use crate::program::FIGURES;
use crate::refusal::Refusal;

mod figures;

/// Figures below this index are never negative; the others are signed. The circuit enforces it, because guards rely on it.
pub const SIGNED_FROM: usize = 20;
/// A statement in whole units may be off by rounding: |`rounding_difference`| < 2^`ROUNDING_BITS` minor units.
pub const ROUNDING_BITS: u32 = 20;
/// Identities are packed into one row by powers of 2^72: each identity's value is below 2^66 in magnitude, so that no
/// identity can make up for another.
pub const IDENTITY_SHIFT: u32 = 72;
/// The figures that every balance sheet gives; a policy always needs them, because the identities are over them.
pub const BALANCE_SHEET: [usize; 7] = [0, 1, 5, 6, 7, 8, 20];

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
}

/// The balance sheet, income statement and cash flow of a trading company.
pub const ENTERPRISE_FINANCIALS: Schema = Schema {
    name: "enterprise-financials/v1",
    family: "enterprise-financials",
    figures: &figures::FIGURES_V1,
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
};

/// Every schema that this version knows.
pub const SCHEMAS: &[&Schema] = &[&ENTERPRISE_FINANCIALS];

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

    /// The least and greatest value of figure `j`.
    pub fn range(&self, j: usize) -> (i64, i64) {
        match self.figures.get(j) {
            Some(f) if f.name == "rounding_difference" => (1 - (1 << ROUNDING_BITS), (1 << ROUNDING_BITS) - 1),
            Some(f) if f.sign == Sign::NonNegative => (0, i64::MAX),
            _ => (-i64::MAX, i64::MAX),
        }
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
        let mut text = format!("schema {}\nrounding-bits {ROUNDING_BITS}\n", self.name);
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

/// The packed identity row of `enterprise-financials/v1`; see [`Schema::identity_coefficients`].
pub fn identity_coefficients() -> [BigInt; FIGURES] {
    ENTERPRISE_FINANCIALS.identity_coefficients()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_aliases_and_signs_are_consistent() {
        let s = &ENTERPRISE_FINANCIALS;
        let mut seen = std::collections::BTreeSet::new();
        for (j, f) in s.figures.iter().enumerate() {
            assert_eq!(s.index_of(f.name), Some(j));
            assert_eq!(f.sign == Sign::Signed, j >= SIGNED_FROM, "{}", f.name);
            for name in f.aliases.iter().chain([&f.name]) {
                assert!(seen.insert(*name), "{name} twice");
                assert!(
                    name.chars()
                        .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
                );
            }
            assert!(f.definition.ends_with('.'), "{}", f.name);
        }
        assert_eq!(s.figures[31].unit, Unit::Count);
        assert_eq!(s.index_of("nothing"), None);
        assert_eq!(Schema::named("x/v1").map_err(|r| r.code()), Err("schema-unknown"));
    }

    #[test]
    fn identities_say_what_their_text_says() {
        let s = &ENTERPRISE_FINANCIALS;
        for identity in s.identities {
            let (left, right) = identity.text.split_once(" = ").unwrap();
            let mut expected: Vec<(usize, i8)> = vec![(s.index_of(left).unwrap(), 1)];
            expected.extend(right.split(" + ").map(|n| (s.index_of(n).unwrap(), -1)));
            assert_eq!(identity.terms, expected.as_slice());
        }
    }

    #[test]
    fn packed_identities_cannot_make_up_for_each_other() {
        let packed = identity_coefficients();
        let eval = |x: &[i64; FIGURES]| packed.iter().zip(x).map(|(c, x)| c * x).sum::<BigInt>();
        let mut x = [0i64; FIGURES];
        (x[0], x[1], x[5], x[6], x[7], x[8], x[20], x[26]) = (700, 300, 1000, 400, 100, 500, 499, 1);
        assert_eq!(eval(&x), BigInt::ZERO);
        for j in BALANCE_SHEET.into_iter().chain([26]) {
            for d in [1, -1, i64::MAX - 2000] {
                let mut y = x;
                y[j] += d;
                assert_ne!(eval(&y), BigInt::ZERO, "figure {j} moved by {d}");
            }
        }
        // The greatest value of one identity stays below half a shift.
        assert!(BigInt::from(4) * BigInt::from(i64::MAX) < BigInt::from(1) << (IDENTITY_SHIFT as usize - 2));
    }

    #[test]
    fn canonical_text_is_pinned() {
        let text = ENTERPRISE_FINANCIALS.canonical_text();
        assert!(text.starts_with(
            "schema enterprise-financials/v1\nrounding-bits 20\nfigure 0 current_assets non-negative money "
        ));
        assert_eq!(text.lines().count(), 2 + FIGURES + 3);
        assert!(text.contains("figure 31 headcount signed count "));
    }
}
