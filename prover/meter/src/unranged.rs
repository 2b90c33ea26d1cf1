//! What an answer tells that is not turned into ranges, described so that the very same thing, told again, is known to be no news.
//!
//! A row's description is a hash over what it reads: its terms over the columns of all statements, its products, the descriptions of the
//! rows whose bits it reads, and its bound. A claim's is one over sums of such rows. So it does not matter where a row stands in its
//! program, nor what the rest of the policy is; and rows that read rows that read rows take no more room than others.

use std::collections::BTreeSet;

use covenant_policy::program::{FIGURES, ROWS, STATEMENTS};
use sha2::{Digest as _, Sha256};

use crate::facts::{Bits, Clause, Formula};
use crate::{Part, column};

const OF_ROW: &[u8] = b"covenant/meter/row/v1";
const OF_SUM: &[u8] = b"covenant/meter/sum/v1";
const OF_CLAIM: &[u8] = b"covenant/meter/claim/v1";
const OF_WITHHELD: &[u8] = b"covenant/meter/withheld/v1";

type Hash = [u8; 32];

/// Something told of columns that no range shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unranged {
    /// Equal for what says the same of the same columns.
    description: Hash,
    columns: BTreeSet<usize>,
}

impl Unranged {
    /// The columns that it is about.
    pub fn columns(&self) -> &BTreeSet<usize> {
        &self.columns
    }
}

/// A row, whatever else its program holds.
struct Meaning {
    description: Hash,
    columns: BTreeSet<usize>,
}

/// The rows of all parts, one part's after another's.
pub(crate) struct Meanings(Vec<Meaning>);

impl Meanings {
    pub(crate) fn of(parts: &[Part<'_>]) -> Self {
        let mut all = Self(Vec::new());
        for (number, part) in parts.iter().enumerate() {
            for row in 0..ROWS {
                let meaning = all.row(part, number * ROWS, row);
                all.0.push(meaning);
            }
        }
        all
    }

    /// A row of a part whose rows start at `first`; those before it are there already, and no row reads a later one.
    fn row(&self, part: &Part<'_>, first: usize, index: usize) -> Meaning {
        let mut columns = BTreeSet::new();
        let mut hash = Sha256::new_with_prefix(OF_ROW);
        let Some(row) = part.program.rows.get(index) else {
            return Meaning {
                description: hash.finalize().into(),
                columns,
            };
        };
        let mut terms = |coefficients: &[i64]| {
            let terms = terms(part.statements, coefficients);
            columns.extend(terms.iter().map(|(column, _)| *column));
            encoded(terms.iter().map(|(column, c)| (column.to_le_bytes(), c.to_le_bytes())))
        };
        hash.update(terms(&row.a));
        let slots = row.slots.iter().zip(&part.program.slots);
        let products = slots.filter(|(factor, _)| **factor != 0).map(|(factor, slot)| {
            let sides = [terms(&slot.u), terms(&slot.v)].concat();
            (factor.to_le_bytes(), sides)
        });
        let mut products: Vec<_> = products.collect();
        products.sort();
        hash.update(encoded(products));
        let read = row.passes.iter().enumerate().filter(|(_, factor)| **factor != 0);
        let read = read.filter_map(|(k, factor)| Some((self.0.get(first + k)?, factor)));
        let mut bits: Vec<_> = read
            .map(|(bit, factor)| {
                columns.extend(&bit.columns);
                (bit.description, factor.to_le_bytes())
            })
            .collect();
        bits.sort_unstable();
        hash.update(encoded(bits));
        hash.update(row.bound.to_le_bytes());
        Meaning {
            description: hash.finalize().into(),
            columns,
        }
    }

    /// One of the sums reaches its bound; `None` where no column has to do with it.
    pub(crate) fn claim(&self, clause: &Clause, bits: &Bits) -> Option<Unranged> {
        let mut columns = BTreeSet::new();
        let description = self.hash_of(OF_CLAIM, clause, bits, &mut columns);
        (!columns.is_empty()).then_some(Unranged { description, columns })
    }

    /// No proof came, although one of these tiers may be reached: each by what it takes for it.
    pub(crate) fn withheld(&self, tiers: &[Clause], bits: &Bits) -> Option<Unranged> {
        let mut columns = BTreeSet::new();
        let tiers = tiers.iter();
        let claims: Vec<_> = tiers
            .map(|tier| (self.hash_of(OF_CLAIM, tier, bits, &mut columns), []))
            .collect();
        let mut hash = Sha256::new_with_prefix(OF_WITHHELD);
        hash.update(encoded(claims));
        let description = hash.finalize().into();
        (!columns.is_empty()).then_some(Unranged { description, columns })
    }

    fn hash_of(&self, domain: &[u8], clause: &Clause, bits: &Bits, columns: &mut BTreeSet<usize>) -> Hash {
        let mut sums: Vec<_> = clause
            .iter()
            .map(|formula| (self.sum(formula, bits, columns), []))
            .collect();
        sums.sort_unstable();
        let mut hash = Sha256::new_with_prefix(domain);
        hash.update(encoded(sums));
        hash.finalize().into()
    }

    /// The open rows of a sum, and what they have to come to.
    fn sum(&self, formula: &Formula, bits: &Bits, columns: &mut BTreeSet<usize>) -> Hash {
        let (open, missing) = formula.rest(bits);
        let open = open.into_iter().filter_map(|(row, c)| Some((self.0.get(row)?, c)));
        let mut terms: Vec<_> = open
            .map(|(row, c)| {
                columns.extend(&row.columns);
                (row.description, c.to_le_bytes())
            })
            .collect();
        terms.sort_unstable();
        let mut hash = Sha256::new_with_prefix(OF_SUM);
        hash.update(encoded(terms));
        hash.update(missing.to_le_bytes());
        hash.finalize().into()
    }
}

/// Coefficients by the columns of all statements; an absent statement's are read as the zeros that they stand beside.
fn terms(statements: [Option<usize>; STATEMENTS], coefficients: &[i64]) -> Vec<(usize, i64)> {
    let there = coefficients.iter().enumerate().filter(|(_, c)| **c != 0);
    let mut terms: Vec<_> = there
        .filter_map(|(j, c)| Some((column((*statements.get(j / FIGURES)?)?, j % FIGURES), *c)))
        .collect();
    terms.sort_unstable();
    terms
}

/// How many there are, and then each.
fn encoded<A: AsRef<[u8]>, B: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (A, B)>) -> Vec<u8> {
    let (mut count, mut bytes) = (0u64, Vec::new());
    for (a, b) in pairs {
        count += 1;
        bytes.extend_from_slice(a.as_ref());
        bytes.extend_from_slice(b.as_ref());
    }
    [&count.to_le_bytes()[..], &bytes].concat()
}
