//! What every statement keeps, whoever made it: the same rules that the circuit enforces, in plain arithmetic.

use num_bigint::BigInt;

use super::{Assurance, Basis, Coverage, Statement, format_big_amount};
use crate::catalogue::{BASIS_UNKNOWN, FIGURE_NOT_COVERED, FIGURE_OUT_OF_RANGE, FIGURE_UNCOVERED, IDENTITY_BROKEN};
use crate::program::FIGURES;
use crate::refusal::Refusal;
use crate::schema::{Schema, Unit};

impl Coverage {
    /// Coverage of these figures.
    pub fn of(figures: impl IntoIterator<Item = usize>) -> Self {
        Self(
            figures
                .into_iter()
                .filter(|j| *j < FIGURES)
                .fold(0, |mask, j| mask | 1 << j),
        )
    }

    /// Demands that every figure of `need` is covered: absent is not zero.
    ///
    /// # Errors
    /// `figure-not-covered`, listing the figures.
    pub fn demand(self, need: u32, schema: &Schema) -> Result<(), Refusal> {
        let missing = need & !self.0;
        if missing == 0 {
            return Ok(());
        }
        let names: Vec<_> = (0..FIGURES)
            .filter(|j| missing >> j & 1 == 1)
            .map(|j| schema.figures[j].name)
            .collect();
        Err(Refusal::new(
            &FIGURE_NOT_COVERED,
            format!("the books do not give {}", names.join(", ")),
        )
        .expected("every figure that the policy reads; a missing one is never read as 0"))
    }
}

impl Statement {
    /// Figure `j`, by index; `None` beyond the schema.
    pub fn figure(&self, j: usize) -> Option<i64> {
        self.figures.0.get(j).copied()
    }

    /// Checks schema, period, signs, ranges, coverage and identities.
    ///
    /// # Errors
    /// `schema-unknown`, `period-invalid`, `basis-unknown`, `figure-out-of-range`, `figure-uncovered`, `identity-broken`.
    pub fn validate(&self) -> Result<(), Refusal> {
        let schema = Schema::named(self.schema)?;
        self.period.validate()?;
        if self.basis == Basis::None {
            return Err(Refusal::new(
                &BASIS_UNKNOWN,
                "the statement says neither solo nor consolidated",
            ));
        }
        for (j, (figure, &value)) in schema.figures.iter().zip(&self.figures.0).enumerate() {
            let (least, greatest) = schema.range(j);
            if value < least || value > greatest {
                return Err(Refusal::new(
                    &FIGURE_OUT_OF_RANGE,
                    format!("{} is {}", figure.name, self.shown(j, value)),
                )
                .at(figure.name)
                .expected(format!("from {least} to {greatest}")));
            }
            if value != 0 && !self.coverage.covers(j) {
                let what = format!(
                    "{} is {}, but the coverage does not list it",
                    figure.name,
                    self.shown(j, value)
                );
                return Err(Refusal::new(&FIGURE_UNCOVERED, what).at(figure.name).expected("0"));
            }
        }
        for identity in schema.identities {
            let sum: i128 = identity
                .terms
                .iter()
                .map(|&(j, c)| i128::from(c) * i128::from(self.figures.0[j]))
                .sum();
            if sum != 0 {
                let off = format_big_amount(&BigInt::from(sum), self.currency);
                return Err(
                    Refusal::new(&IDENTITY_BROKEN, format!("{} is off by {off}", identity.text))
                        .at(format!("identity {}", identity.name))
                        .expected("both sides equal to the minor unit"),
                );
            }
        }
        Ok(())
    }

    /// Whether somebody attests to it.
    pub fn is_attested(&self) -> bool {
        self.assurance > Assurance::SELF_DECLARED
    }

    fn shown(&self, j: usize, value: i64) -> String {
        match Schema::named(self.schema).map(|s| s.figures[j].unit) {
            Ok(Unit::Money) => super::format_amount(value, self.currency),
            _ => value.to_string(),
        }
    }
}
