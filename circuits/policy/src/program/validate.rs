//! What the verifier demands of any program, whoever compiled it: the overflow budget, and that nothing proves something.

use std::collections::BTreeSet;

use super::*;
use crate::catalogue::PROGRAM_INVALID;
use crate::refusal::Refusal;
use crate::schema::{Figure, Schema};
use crate::statement::{Basis, Day};

/// Tiers that one program can have.
pub const TIERS_MAX: usize = 32;

/// Bytes of a tier's name.
pub const NAME_BYTES_MAX: usize = 64;

fn invalid(place: impl std::fmt::Display, what: impl Into<String>, expected: impl Into<String>) -> Refusal {
    Refusal::new(&PROGRAM_INVALID, what).at(place).expected(expected)
}

fn within(place: &dyn std::fmt::Display, name: &str, values: &[i64], bits: u32) -> Result<(), Refusal> {
    match values.iter().find(|c| c.unsigned_abs() >> bits != 0) {
        None => Ok(()),
        Some(c) => Err(invalid(
            place,
            format!("{name} {c}"),
            format!("a magnitude below 2^{bits}"),
        )),
    }
}

impl Relation {
    /// The relation's name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Prior => "prior",
            Self::Companion => "companion",
        }
    }
}

impl Source {
    /// The source's name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::SelfDeclared => "self",
            Self::Proven => "proven",
            Self::Absent => "absent",
        }
    }
}

impl Tier {
    /// The sum of all weights.
    pub fn total(&self) -> u64 {
        self.weights.iter().map(|w| u64::from(*w)).sum()
    }

    /// The rows without which the minimum cannot be reached.
    pub fn mandatory_rows(&self) -> Vec<usize> {
        let total = self.total();
        let mandatory = |w: &u32| *w > 0 && total - u64::from(*w) < u64::from(self.minimum);
        self.weights
            .iter()
            .enumerate()
            .filter(|(_, w)| mandatory(w))
            .map(|(row, _)| row)
            .collect()
    }
}

impl StatementTerms {
    /// The terms of a statement that there is not.
    pub const ABSENT: Self = Self {
        source: Source::Absent,
        schema: "",
        basis: Basis::None,
        need: 0,
        assurance_floor: 0,
        restatement_cap: 0,
        length_min_days: 0,
        length_max_days: 0,
    };
}

impl Program {
    /// The schema of a statement; `None` where the policy asks for none (or where [`Program::validate`] would refuse).
    pub fn schema(&self, statement: usize) -> Option<&'static Schema> {
        let terms = self.statements.get(statement)?;
        Schema::named(terms.schema).ok()
    }

    /// The figure of a column.
    pub fn figure(&self, column: usize) -> Option<&'static Figure> {
        self.schema(column / FIGURES)?.figures.get(column % FIGURES)
    }

    /// Checks everything that the circuit's soundness and the meaning of "tier" rest on.
    ///
    /// # Errors
    /// `program-invalid`, naming the row, slot, statement or tier.
    pub fn validate(&self) -> Result<(), Refusal> {
        self.validate_rows()?;
        self.validate_slots()?;
        self.validate_statements()?;
        self.validate_need()?;
        self.validate_attestors()?;
        self.validate_tiers()
    }

    fn validate_rows(&self) -> Result<(), Refusal> {
        if self.rows.len() != ROWS {
            return Err(invalid(
                "rows",
                format!("{} rows", self.rows.len()),
                format!("exactly {ROWS}"),
            ));
        }
        for (i, row) in self.rows.iter().enumerate() {
            let place = format!("row {i}");
            within(&place, "coefficient", &row.a, COEFFICIENT_BITS)?;
            within(&place, "slot factor", &row.slots, SLOT_FACTOR_BITS)?;
            within(&place, "pass factor", &row.passes, PASS_FACTOR_BITS)?;
            if row.bound.unsigned_abs() >> BOUND_BITS != 0 {
                return Err(invalid(
                    place,
                    format!("bound {}", row.bound),
                    format!("a magnitude below 2^{BOUND_BITS}"),
                ));
            }
            if i < FIRST_RICH_ROW && row.slots.iter().chain(&row.passes).any(|&c| c != 0) {
                let expected = format!(
                    "product slots and pass bits in rows {FIRST_RICH_ROW} to {} only",
                    ROWS - 1
                );
                return Err(invalid(
                    place,
                    "a plain row reads a product slot or a pass bit",
                    expected,
                ));
            }
            if row.passes[i..].iter().any(|&c| c != 0) {
                return Err(invalid(
                    place,
                    "a row reads its own or a later pass bit",
                    "earlier pass bits only",
                ));
            }
            if row
                .passes
                .iter()
                .zip(&self.rows)
                .any(|(c, read)| *c != 0 && read.is_blank())
            {
                return Err(invalid(
                    place,
                    "the pass bit of a blank row is read",
                    "rows that test something",
                ));
            }
            if row
                .slots
                .iter()
                .zip(&self.slots)
                .any(|(c, slot)| *c != 0 && slot.is_empty())
            {
                return Err(invalid(
                    place,
                    "a row reads an empty product slot",
                    "slots with two factors",
                ));
            }
            if row.is_blank() && row.bound != 0 {
                return Err(invalid(place, "a blank row has a bound", "0"));
            }
        }
        Ok(())
    }

    fn validate_slots(&self) -> Result<(), Refusal> {
        for (q, slot) in self.slots.iter().enumerate() {
            let place = format!("slot {q}");
            within(&place, "coefficient", &slot.u, SLOT_COEFFICIENT_BITS)?;
            within(&place, "coefficient", &slot.v, SLOT_COEFFICIENT_BITS)?;
        }
        Ok(())
    }

    fn validate_statements(&self) -> Result<(), Refusal> {
        let [first, second] = &self.statements;
        if first.source == Source::Absent {
            return Err(invalid("first statement", "absent", "a source"));
        }
        for (terms, place) in [(first, "first statement"), (second, "second statement")] {
            if terms.source == Source::Absent {
                if *terms != StatementTerms::ABSENT {
                    return Err(invalid(place, "an absent statement has terms", "all of them empty"));
                }
                continue;
            }
            let schema = Schema::named(terms.schema).map_err(|r| invalid(place, r.what, "a known schema"))?;
            if terms.basis == Basis::None {
                return Err(invalid(place, "no basis", "solo or consolidated"));
            }
            if terms.length_min_days == 0
                || terms.length_min_days > terms.length_max_days
                || terms.length_max_days > Day::MAX.0
            {
                let found = format!("{} to {} days", terms.length_min_days, terms.length_max_days);
                return Err(invalid(
                    place,
                    found,
                    format!("bounds in order, from 1 to {}", Day::MAX.0),
                ));
            }
            if terms.source != Source::Attested && terms.assurance_floor > 0 {
                return Err(invalid(
                    place,
                    "a statement that nobody attests has an assurance floor",
                    "floor 0",
                ));
            }
            // The output of a book proof gives the figures of that book only; every other statement gives what its schema says.
            let missing = schema.always.iter().find(|j| terms.need >> **j & 1 == 0);
            if let Some(figure) = missing.filter(|_| terms.source != Source::Proven) {
                let name = schema.figures[*figure].name;
                let what = format!(
                    "{name}, which every statement of {} gives, need not be covered",
                    schema.name
                );
                return Err(invalid(
                    place,
                    what,
                    "every figure that the schema always gives in `need`",
                ));
            }
        }
        if (self.relation == Relation::None) != (second.source == Source::Absent) {
            return Err(invalid(
                "second statement",
                "presence and relation disagree",
                "absent exactly where unrelated",
            ));
        }
        if self.relation == Relation::Prior && (first.schema, first.basis) != (second.schema, second.basis) {
            return Err(invalid(
                "second statement",
                "the prior period has other terms",
                "the same schema and basis",
            ));
        }
        if self.age_max_days > Day::MAX.0 {
            return Err(invalid(
                "age_max_days",
                self.age_max_days.to_string(),
                format!("at most {}", Day::MAX.0),
            ));
        }
        Ok(())
    }

    /// Every column that a row or slot reads belongs to a figure that must be covered: absent is not zero.
    fn validate_need(&self) -> Result<(), Refusal> {
        let read = self
            .rows
            .iter()
            .map(|row| &row.a)
            .chain(self.slots.iter().flat_map(|s| [&s.u, &s.v]));
        for a in read {
            for (column, _) in a.iter().enumerate().filter(|(_, c)| **c != 0) {
                let (statement, figure) = (column / FIGURES, column % FIGURES);
                if self.statements[statement].need >> figure & 1 == 0 {
                    let what = format!("figure {figure} is read and need not be covered");
                    return Err(invalid(
                        format!("statement {statement}"),
                        what,
                        "every figure read in `need`",
                    ));
                }
            }
        }
        Ok(())
    }

    fn validate_attestors(&self) -> Result<(), Refusal> {
        let attested = self.statements.iter().any(|t| t.source == Source::Attested);
        let listed = !self.attestors.is_empty();
        if self.attestors.len() > ATTESTORS {
            return Err(invalid(
                "attestors",
                self.attestors.len().to_string(),
                format!("at most {ATTESTORS}"),
            ));
        }
        if self.attestors.iter().collect::<BTreeSet<_>>().len() != self.attestors.len() {
            return Err(invalid("attestors", "a key appears twice", "distinct keys"));
        }
        if listed && self.attestors_from_registry {
            return Err(invalid("attestors", "both a list and the registry", "one of them"));
        }
        if attested != (listed || self.attestors_from_registry) {
            return Err(invalid(
                "attestors",
                "attestors and sources disagree",
                "attestors exactly where one attests",
            ));
        }
        Ok(())
    }

    fn validate_tiers(&self) -> Result<(), Refusal> {
        if self.tiers.is_empty() || self.tiers.len() > TIERS_MAX {
            return Err(invalid(
                "tiers",
                self.tiers.len().to_string(),
                format!("1 to {TIERS_MAX}"),
            ));
        }
        let mut names = BTreeSet::new();
        for tier in &self.tiers {
            let place = format!("tier `{}`", tier.name.escape_debug());
            if tier.name.is_empty() || tier.name.len() > NAME_BYTES_MAX || !names.insert(&tier.name) {
                return Err(invalid(
                    place,
                    "empty, too long or repeated",
                    format!("1 to {NAME_BYTES_MAX} bytes, distinct"),
                ));
            }
            if tier.minimum < 1 {
                return Err(invalid(place, "minimum 0", "at least 1: a tier must prove something"));
            }
            if tier.weights.iter().any(|w| w >> WEIGHT_BITS != 0) {
                return Err(invalid(
                    place,
                    "a weight is too great",
                    format!("below 2^{WEIGHT_BITS}"),
                ));
            }
            if self
                .rows
                .iter()
                .zip(&tier.weights)
                .any(|(row, w)| row.is_blank() && *w != 0)
            {
                return Err(invalid(place, "a blank row weighs", "0: a blank row always passes"));
            }
            let total: u32 = tier.weights.iter().sum();
            if total < tier.minimum {
                return Err(invalid(
                    place,
                    format!("minimum {} of {total}", tier.minimum),
                    "a sum that can be reached",
                ));
            }
        }
        Ok(())
    }
}

/// Whether two rows without slots or pass bits exclude each other because they bound the same linear form from both sides:
/// a·x >= b and −k·a·x >= c with k > 0 and k·b + c > 0.
pub fn contradiction(p: &Row, q: &Row) -> bool {
    let plain = |r: &Row| r.slots.iter().chain(&r.passes).all(|&c| c == 0);
    let Some(lead) = p.a.iter().position(|&c| c != 0) else {
        return false;
    };
    let (s, t) = (i128::from(p.a[lead]), i128::from(q.a[lead]));
    if !plain(p) || !plain(q) || s.signum() != -t.signum() {
        return false;
    }
    // |t|·p + |s|·q cancels exactly when the directions are opposite.
    let opposite =
        p.a.iter()
            .zip(&q.a)
            .all(|(&x, &y)| t.abs() * i128::from(x) + s.abs() * i128::from(y) == 0);
    let sum = num_bigint::BigInt::from(t.abs()) * p.bound + num_bigint::BigInt::from(s.abs()) * q.bound;
    opposite && sum.sign() == num_bigint::Sign::Plus
}
