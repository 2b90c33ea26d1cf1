//! Rows and combinations of rows as sentences.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One as _, Signed as _, Zero as _};

use super::shape::{Quotient, Shape, guarded_form, shape};
use super::words::{Form, Names, capitalised, decimal, form, listed, sum_of};
use crate::compiler::{RuleKind, RuleMap, Texts};
use crate::program::Program;
use crate::statement::{format_big_amount, group_thousands};

/// A decoded policy, from which sentences are made.
pub(crate) struct Scene<'p> {
    pub(crate) program: &'p Program,
    pub(crate) texts: &'p Texts,
}

/// A row's pass bit or its opposite, with its weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighted {
    pub(crate) row: usize,
    pub(crate) positive: bool,
    pub(crate) weight: i128,
}

impl<'p> Scene<'p> {
    /// What the columns are called.
    pub(crate) fn names(&self) -> Names<'p> {
        Names::of(self.program)
    }

    /// The forms that a rule's guards keep above zero.
    pub(crate) fn guards_of(&self, rule: &RuleMap) -> Vec<Form> {
        rule.guards
            .iter()
            .filter_map(|row| self.program.rows.get(*row))
            .filter_map(guarded_form)
            .collect()
    }

    /// What a rule demands.
    pub(crate) fn rule_sentence(&self, rule: &RuleMap) -> String {
        let guards = self.guards_of(rule);
        let mut clauses: Vec<String> = match rule.kind {
            RuleKind::Combination if rule.tests.len() > 1 && self.monthly(&rule.tests).is_some() => {
                self.monthly_count(&rule.tests, rule.tests.len()).into_iter().collect()
            }
            RuleKind::Combination if rule.tests.len() > 1 => {
                let names = self.cover(&rule.tests.iter().copied().collect(), Some(&rule.name));
                vec![format!("all of these hold: {}", listed(&names, "and"))]
            }
            _ => match self.gap(&rule.tests) {
                Some(gap) => vec![self.gap_clause(&gap)],
                None => rule.tests.iter().map(|row| self.clause(*row, &guards)).collect(),
            },
        };
        clauses.extend(rule.guards.iter().map(|row| self.clause(*row, &[])));
        let text = match clauses.as_slice() {
            [front @ .., end] if !front.is_empty() => format!("{}, and {end}", front.join(", ")),
            _ => clauses.concat(),
        };
        format!("{}.", capitalised(&text))
    }

    /// What one row says, without a capital or a full stop.
    pub(crate) fn clause(&self, index: usize, guards: &[Form]) -> String {
        self.clause_named(index, guards, self.names())
    }

    /// What one row says of a month, said of any month.
    pub(crate) fn clause_of_any_month(&self, index: usize) -> String {
        let names = Names {
            any_month: true,
            ..self.names()
        };
        self.clause_named(index, &[], names)
    }

    fn clause_named(&self, index: usize, guards: &[Form], names: Names<'_>) -> String {
        let Some(row) = self.program.rows.get(index) else {
            return String::new();
        };
        match shape(self.program, row, guards) {
            Shape::Amount { form, at_least, number } => self.amount_clause(names, &form, at_least, &number),
            Shape::Ratio { form, base, limit } => {
                let times = match &limit.threshold {
                    t if t.is_one() => names.bracketed(&base),
                    t => format!("{} times {}", self.factor(&form, &base, t), names.bracketed(&base)),
                };
                format!(
                    "{} {} {} {times}",
                    names.words(&form),
                    names.verb(&form),
                    limit.comparison()
                )
            }
            Shape::Quotients { terms, limit } => {
                let sum = self.quotient_sum(&terms);
                format!("{sum} is {} {}", limit.comparison(), decimal(&limit.threshold))
            }
            Shape::Formula => self.row_formula(index),
            Shape::Passes => {
                let weights = row.passes.iter().enumerate().filter(|(_, c)| **c != 0);
                let mut minimum = row.bound;
                let weighted = weights.map(|(row, &c)| Weighted {
                    row,
                    positive: c > 0,
                    weight: i128::from(c).abs(),
                });
                let weighted: Vec<Weighted> = weighted.collect();
                // −w·x = w·(1 − x) − w
                minimum += weighted.iter().filter(|w| !w.positive).map(|w| w.weight).sum::<i128>();
                self.threshold(&weighted, minimum)
            }
        }
    }

    fn amount_clause(&self, names: Names<'_>, form: &Form, at_least: bool, number: &BigInt) -> String {
        let subject = format!("{} {}", names.words(form), names.verb(form));
        let one = BigInt::one();
        match (at_least, number) {
            (true, n) if *n == one => format!("{subject} above zero"),
            (true, n) if n.is_zero() => format!("{subject} not negative"),
            (false, n) if *n == -one => format!("{subject} below zero"),
            (false, n) if n.is_zero() => format!("{subject} at most zero"),
            (true, n) => format!("{subject} at least {}", self.quantity(form, n)),
            (false, n) => format!("{subject} at most {}", self.quantity(form, n)),
        }
    }

    /// A factor between two forms: an amount where the one is money and the other a count, else a number.
    pub(crate) fn factor(&self, form: &Form, base: &Form, factor: &BigRational) -> String {
        if factor.is_integer() && !self.names().counts(form) && self.names().counts(base) {
            return format_big_amount(&factor.to_integer(), self.program.currency);
        }
        decimal(factor)
    }

    /// A number in the unit of the form's figures.
    pub(crate) fn quantity(&self, form: &Form, number: &BigInt) -> String {
        if self.names().counts(form) {
            let sign = if number.is_negative() { "−" } else { "" };
            return format!("{sign}{}", group_thousands(&number.magnitude().to_string()));
        }
        format_big_amount(number, self.program.currency)
    }

    pub(crate) fn quotient_sum(&self, terms: &[Quotient]) -> String {
        let names = self.names();
        let mut text = String::new();
        for term in terms {
            text += match (text.is_empty(), term.factor.is_negative()) {
                (true, false) => "",
                (true, true) => "−",
                (false, false) => " + ",
                (false, true) => " − ",
            };
            let factor = term.factor.abs();
            let scaled: Vec<(BigRational, usize)> = term
                .numerator
                .iter()
                .map(|(column, c)| (&factor * c, *column))
                .collect();
            text += &match scaled.as_slice() {
                [(c, column)] if c.is_one() => names.label(*column),
                [(c, column)] => format!("{} × {}", decimal(c), names.label(*column)),
                several
                    if factor.is_one()
                        || term.numerator.values().all(|c| c.abs().is_one())
                        || several.iter().any(|(c, _)| decimal(c).contains('/')) =>
                {
                    let inner = format!("({})", names.formula(&term.numerator));
                    if factor.is_one() {
                        inner
                    } else {
                        format!("{} × {inner}", decimal(&factor))
                    }
                }
                several => format!("({})", decimal_sum(several, names)),
            };
            text += &format!(" / {}", names.bracketed(&term.denominator));
        }
        text
    }

    /// The integer row itself.
    pub(crate) fn row_formula(&self, index: usize) -> String {
        let Some(row) = self.program.rows.get(index) else {
            return String::new();
        };
        let names = self.names();
        let linear = form(&row.a);
        let products = self
            .program
            .slots
            .iter()
            .zip(&row.slots)
            .filter(|(_, c)| **c != 0)
            .map(|(slot, c)| {
                let side = |dense: &[i64]| format!("({})", names.formula(&form(dense)));
                (BigInt::from(*c), format!("{} × {}", side(&slot.u), side(&slot.v)))
            });
        let passes = row.passes.iter().enumerate().filter(|(_, c)| **c != 0);
        let passes = passes.map(|(k, c)| (BigInt::from(*c), format!("[row {} passes]", k + 1)));
        let figures = linear.iter().map(|(column, c)| (c.clone(), names.label(*column)));
        let (positive, negative): (Vec<_>, Vec<_>) = figures
            .chain(products)
            .chain(passes)
            .partition(|(c, _)| c.is_positive());
        let left = sum_of(positive.into_iter().chain(negative));
        let bound = BigInt::from(row.bound);
        let plain = bound.is_zero() || linear.is_empty() || row.slots.iter().any(|c| *c != 0);
        let right = if plain {
            bound.to_string()
        } else {
            self.quantity(&linear, &bound)
        };
        format!("row {}: {left} ≥ {right}", index + 1)
    }

    /// Every column that a rule's rows read.
    pub(crate) fn columns_of(&self, rule: &RuleMap) -> Vec<usize> {
        let mut columns = BTreeSet::new();
        for row in rule
            .tests
            .iter()
            .chain(&rule.guards)
            .filter_map(|i| self.program.rows.get(*i))
        {
            columns.extend(form(&row.a).into_keys());
            for (slot, _) in self.program.slots.iter().zip(&row.slots).filter(|(_, c)| **c != 0) {
                columns.extend(form(&slot.u).into_keys().chain(form(&slot.v).into_keys()));
            }
        }
        columns.into_iter().collect()
    }

    /// `Σ weight·literal >= minimum` in words: what is indispensable, what is enough, and how many of the rest.
    pub(crate) fn threshold(&self, weighted: &[Weighted], minimum: i128) -> String {
        let total: i128 = weighted.iter().map(|w| w.weight).sum();
        if minimum <= 0 || total < minimum {
            return (if minimum <= 0 {
                "nothing is asked"
            } else {
                "this can never hold"
            })
            .to_owned();
        }
        let (needed, rest): (Vec<Weighted>, Vec<Weighted>) = weighted.iter().partition(|w| total - w.weight < minimum);
        if !needed.is_empty() {
            let left = minimum - needed.iter().map(|w| w.weight).sum::<i128>();
            let mut parts = self.literals(&needed, true);
            if left > 0 {
                parts.push(nested(self.threshold(&rest, left)));
            }
            return listed(&parts, "and");
        }
        let (enough, rest): (Vec<Weighted>, Vec<Weighted>) = weighted.iter().partition(|w| w.weight >= minimum);
        if !enough.is_empty() {
            let mut parts = self.literals(&enough, false);
            if rest.iter().map(|w| w.weight).sum::<i128>() >= minimum {
                parts.push(nested(self.threshold(&rest, minimum)));
            }
            return listed(&parts, "or");
        }
        let even = weighted.iter().all(|w| w.weight == 1 && w.positive);
        let rows: Vec<usize> = weighted.iter().map(|w| w.row).collect();
        let counted = usize::try_from(minimum).ok().filter(|_| even);
        if let Some(months) = counted.and_then(|count| self.monthly_count(&rows, count)) {
            return months;
        }
        let names = self.literals(weighted, false);
        match weighted.first() {
            Some(first) if weighted.iter().all(|w| w.weight == first.weight) => {
                let count = (minimum + first.weight - 1) / first.weight;
                format!("at least {count} of {}", listed(&names, "and"))
            }
            _ => {
                let points = names
                    .iter()
                    .zip(weighted)
                    .map(|(name, w)| format!("{name} ({})", w.weight));
                format!(
                    "at least {minimum} points of {}",
                    listed(&points.collect::<Vec<_>>(), "and")
                )
            }
        }
    }

    /// Literals by name; those that must all hold may be put together into the rules that they make up.
    fn literals(&self, literals: &[Weighted], together: bool) -> Vec<String> {
        let negated = literals
            .iter()
            .filter(|w| !w.positive)
            .map(|w| format!("not {}", self.row_name(w.row)));
        let positive = literals.iter().filter(|w| w.positive).map(|w| w.row);
        if together {
            return self
                .cover(&positive.collect(), None)
                .into_iter()
                .chain(negated)
                .collect();
        }
        literals
            .iter()
            .map(|w| {
                if w.positive {
                    self.row_name(w.row)
                } else {
                    format!("not {}", self.row_name(w.row))
                }
            })
            .collect()
    }

    /// One row by the name of the rule that it alone decides, or by what it says.
    pub(crate) fn row_name(&self, row: usize) -> String {
        let alone =
            |rule: &&RuleMap| rule.together == Some(row) || (rule.tests.as_slice() == [row] && rule.guards.is_empty());
        match self.texts.rules.iter().find(alone) {
            Some(rule) => format!("“{}”", rule.name),
            None => format!("that {}", self.clause(row, &self.nearby_guards(row))),
        }
    }

    /// The guards of the first rule that tests this row, so that its ratio is recognised.
    fn nearby_guards(&self, row: usize) -> Vec<Form> {
        self.texts
            .rules
            .iter()
            .find(|rule| rule.tests.contains(&row))
            .map_or_else(Vec::new, |rule| self.guards_of(rule))
    }

    /// Rows that must all pass, as rule names where all of a rule's rows are among them, and as clauses otherwise.
    pub(crate) fn cover(&self, rows: &BTreeSet<usize>, except: Option<&str>) -> Vec<String> {
        let mut names = Vec::new();
        let mut covered = BTreeSet::new();
        for rule in self
            .texts
            .rules
            .iter()
            .filter(|rule| Some(rule.name.as_str()) != except)
        {
            let own: BTreeSet<usize> = rule.tests.iter().chain(&rule.guards).copied().collect();
            let joint = rule.together.filter(|row| rows.contains(row));
            if own.is_subset(rows) || joint.is_some() {
                let new = own
                    .iter()
                    .chain(&joint)
                    .any(|row| rows.contains(row) && !covered.contains(row));
                covered.extend(own.into_iter().chain(joint));
                if new {
                    names.push(format!("“{}”", rule.name));
                }
            }
        }
        names.extend(rows.difference(&covered).map(|row| self.row_name(*row)));
        names
    }
}

/// A part of a combination, in brackets where it is itself a combination.
fn nested(text: String) -> String {
    let single = text.starts_with('“') && text.matches('“').count() == 1;
    if single { text } else { format!("({text})") }
}

/// Terms with decimal coefficients: "6.56 × current assets − 2.6 × …".
fn decimal_sum(terms: &[(BigRational, usize)], names: Names<'_>) -> String {
    let mut text = String::new();
    for (c, column) in terms {
        text += match (text.is_empty(), c.is_negative()) {
            (true, false) => "",
            (true, true) => "−",
            (false, false) => " + ",
            (false, true) => " − ",
        };
        let absolute = c.abs();
        if !absolute.is_one() {
            text += &format!("{} × ", decimal(&absolute));
        }
        text += &names.label(*column);
    }
    text
}
