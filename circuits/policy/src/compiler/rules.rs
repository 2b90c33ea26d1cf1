//! Rules to rows: comparisons with their guards, and combinations of named rules.

use std::collections::BTreeSet;
use std::ops::Range;

use num_rational::BigRational;

use super::combine::Threshold;
use super::inequality::{Inequality, Verdict};
use super::table::{RowId, Table};
use super::units::{Context, Quantity};
use super::{RuleKind, Warning};
use crate::catalogue as codes;
use crate::expression::{Combination, Comparator, Condition, Expression, Fault, parse, parse_expression};
use crate::policy::{Factor, Located, Rule, source};
use crate::refusal::{Entry, Refusal};
use crate::schema::column_range;
use crate::spelling::nearest;

/// A rule that has rows.
#[derive(Debug, Clone)]
pub(super) struct RuleRows {
    pub(super) name: String,
    pub(super) why: String,
    pub(super) kind: RuleKind,
    pub(super) span: Range<usize>,
    /// The comparisons.
    pub(super) tests: Vec<RowId>,
    /// The denominators.
    pub(super) guards: Vec<RowId>,
    /// The row that passes exactly when all of them do, where one was needed.
    pub(super) together: Option<RowId>,
    /// Whether something is divided by, even where no guard row was needed.
    divides: bool,
}

impl RuleRows {
    /// Everything that must pass.
    pub(super) fn rows(&self) -> BTreeSet<RowId> {
        self.tests.iter().chain(&self.guards).copied().collect()
    }
}

/// The rules of a policy while they are compiled.
pub(super) struct Rules<'s> {
    pub(super) source: &'s str,
    pub(super) context: Context,
    pub(super) table: Table,
    pub(super) rules: Vec<RuleRows>,
    pub(super) warnings: Vec<Warning>,
    /// Names that a combination or a tier uses.
    pub(super) used: BTreeSet<String>,
    /// Guard rows so far.
    pub(super) guards: BTreeSet<RowId>,
    /// The bytes of the combination that is being compiled.
    pub(super) whole: Range<usize>,
    /// Names of rules that were refused; what reads them is refused in silence.
    pub(super) refused: BTreeSet<String>,
    /// Whether the names of all rules are known.
    pub(super) all_named: bool,
}

/// A comparison's rows.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) tests: Vec<RowId>,
    pub(super) guards: Vec<RowId>,
    pub(super) divides: bool,
    pub(super) combined: bool,
}

impl Rows {
    /// As a rule without a name, written at these bytes.
    fn placed(self, span: &Range<usize>) -> RuleRows {
        RuleRows {
            name: String::new(),
            why: String::new(),
            kind: if self.combined {
                RuleKind::Combination
            } else {
                RuleKind::Comparison
            },
            span: span.clone(),
            tests: self.tests,
            guards: self.guards,
            together: None,
            divides: self.divides,
        }
    }
}

/// Gives a refusal the place that it lacks.
pub(super) fn at(span: &Range<usize>) -> impl Fn(Refusal) -> Fault + use<> {
    let span = span.clone();
    move |refusal| Fault::of(refusal, span.clone())
}

impl Rules<'_> {
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.name == name)
    }

    /// The rule of this name, which counts as used.
    pub(super) fn lookup(&mut self, name: &str, span: &Range<usize>) -> Result<usize, Fault> {
        self.used.insert(name.to_owned());
        self.find(name).ok_or_else(|| {
            let what = format!("no rule above is named `{name}`");
            let fault = Fault::new(&codes::POLICY_UNKNOWN_RULE, what, span.clone());
            if self.refused.contains(name) || !self.all_named {
                return fault.following();
            }
            let known: Vec<_> = self.rules.iter().map(|rule| rule.name.as_str()).collect();
            let fault = match nearest(name, known.iter().copied()) {
                Some(meant) => fault.advice(format!("Did you mean `{meant}`?")),
                None => fault,
            };
            if known.is_empty() {
                fault.expected("a rule that stands earlier")
            } else {
                fault.expected(known.join(", "))
            }
        })
    }

    /// Notes what the author should know.
    pub(super) fn warn(&mut self, entry: &'static Entry, span: &Range<usize>, text: String) {
        self.warnings.push(Warning::new(entry, self.source, span, text));
    }

    /// Compiles one rule.
    pub(super) fn add(&mut self, rule: &Rule) -> Result<(), Fault> {
        if self.find(&rule.name.value).is_some() {
            let what = format!("the rule `{}` is written twice", rule.name.value);
            return Err(Fault::new(&codes::POLICY_DUPLICATE, what, rule.name.span.clone()));
        }
        let relocate = self.relocation(&rule.require);
        let condition = parse(&rule.require.value).map_err(&relocate)?;
        self.whole = 0..rule.require.value.len();
        let compiled = match &condition {
            Condition::Combination(combination) => {
                self.combination(combination, &rule.require.span).map_err(relocate)?
            }
            Condition::Months(parts, count, span) => self
                .months(parts, *count, span, &rule.name)
                .map_err(relocate)?
                .placed(&rule.require.span),
            Condition::LongestGap(series, most, span) => self
                .longest_gap(series, *most, span)
                .map_err(relocate)?
                .placed(&rule.require.span),
            comparison => self
                .comparison(comparison, &rule.name)
                .map_err(relocate)?
                .placed(&rule.require.span),
        };
        let compiled = RuleRows {
            name: rule.name.value.clone(),
            why: rule.why.clone(),
            ..compiled
        };
        if let Some(twin) = self.rules.iter().find(|other| other.rows() == compiled.rows()) {
            let text = format!("`{}` says the same as `{}`", compiled.name, twin.name);
            self.warn(&codes::SAME_RULE, &rule.name.span, text);
        }
        self.rules.push(compiled);
        Ok(())
    }

    /// Moves a fault from within a string to where the string stands in the source.
    fn relocation(&self, text: &Located<String>) -> impl Fn(Fault) -> Fault + use<> {
        let full = self.source.to_owned();
        let text = text.clone();
        move |fault| Fault {
            span: source::within(&full, &text.span, &text.value, &fault.span),
            ..fault
        }
    }

    pub(super) fn comparison(&mut self, condition: &Condition, name: &Located<String>) -> Result<Rows, Fault> {
        let mut rows = Rows::default();
        match condition {
            Condition::Compare(left, comparator, right) => {
                let span = left.span.start..right.span.end;
                let (a, b) = (self.context.lower(left)?, self.context.lower(right)?);
                match comparator {
                    Comparator::AtLeast => self.inequality(&a, &b, false, &span, name, &mut rows)?,
                    Comparator::Above => self.inequality(&a, &b, true, &span, name, &mut rows)?,
                    Comparator::AtMost => self.inequality(&b, &a, false, &span, name, &mut rows)?,
                    Comparator::Below => self.inequality(&b, &a, true, &span, name, &mut rows)?,
                    Comparator::Equal => {
                        let difference = self.context.difference(&a, &b, &span)?.value;
                        if !difference.guards.is_empty() || !difference.numerator.products.is_empty() {
                            return Err(Fault::new(
                                &codes::POLICY_EQUALITY,
                                "an equality with a division or a product",
                                span,
                            ));
                        }
                        self.inequality(&a, &b, false, &span, name, &mut rows)?;
                        self.inequality(&b, &a, false, &span, name, &mut rows)?;
                    }
                }
            }
            Condition::Between(value, low, high) => {
                let span = value.span.start..high.span.end;
                let (value, low, high) = (
                    self.context.lower(value)?,
                    self.context.lower(low)?,
                    self.context.lower(high)?,
                );
                self.inequality(&value, &low, false, &span, name, &mut rows)?;
                self.inequality(&high, &value, false, &span, name, &mut rows)?;
            }
            Condition::Combination(_) | Condition::Months(..) | Condition::LongestGap(..) => {}
        }
        Ok(rows)
    }

    /// `greater − less >= 0` (or `> 0`), with a guard for every denominator unless the row itself proves it.
    fn inequality(
        &mut self,
        greater: &Quantity,
        less: &Quantity,
        strict: bool,
        span: &Range<usize>,
        name: &Located<String>,
        rows: &mut Rows,
    ) -> Result<(), Fault> {
        let difference = self.context.difference(greater, less, span)?.value;
        let test = Inequality::new(&difference.numerator, strict).map_err(|truth| {
            let what = format!("the comparison reads no figure: it is always {truth}");
            Fault::new(&codes::POLICY_EXPRESSION, what, span.clone()).expected("a figure whose value decides")
        })?;
        match test.verdict() {
            Verdict::Depends => {}
            Verdict::Never => {
                return Err(Fault::new(
                    &codes::POLICY_NEVER,
                    "the comparison can never hold",
                    span.clone(),
                ));
            }
            Verdict::Always => {
                let text = format!("`{}` always holds: no figures in their ranges fail it", name.value);
                self.warn(&codes::ALWAYS_HOLDS, &name.span, text);
            }
        }
        rows.divides |= !difference.guards.is_empty();
        let id = self.table.figures(&test).map_err(at(span))?;
        rows.tests.push(id);
        for form in &difference.guards {
            let Ok(guard) = Inequality::guard(form) else { continue };
            match guard.verdict() {
                // The ranges that the circuit enforces already say that the denominator is above zero.
                Verdict::Always => continue,
                Verdict::Never => {
                    return Err(Fault::new(
                        &codes::POLICY_DIVISION,
                        "a denominator can never be above zero",
                        span.clone(),
                    ));
                }
                Verdict::Depends if test.proves(&guard) => continue,
                Verdict::Depends => {}
            }
            let id = self.table.figures(&guard).map_err(at(span))?;
            if !rows.guards.contains(&id) {
                rows.guards.push(id);
                if self.guards.insert(id) {
                    self.warn_of_zero(&guard, name);
                }
            }
        }
        Ok(())
    }

    /// A denominator such as interest expense is 0 in sound companies, too: the author should know that they fail the rule.
    fn warn_of_zero(&mut self, guard: &Inequality, name: &Located<String>) {
        const RARELY_ZERO: [&str; 2] = ["total_assets", "revenue"];
        let figure = |column: usize| self.context.figure(column).map(|f| f.name).unwrap_or_default();
        let can_be_zero = guard
            .columns()
            .all(|j| column_range(j).0 >= 0 && !RARELY_ZERO.contains(&figure(j)));
        if can_be_zero {
            let names: Vec<_> = guard.columns().map(figure).collect();
            let text = format!(
                "every rule that divides by {} fails where that is 0 (here `{}`); multiply out the division if it should pass",
                names.join(" + "),
                name.value
            );
            self.warn(&codes::ZERO_DENOMINATOR, &name.span, text);
        }
    }

    fn combination(&mut self, combination: &Combination, span: &Range<usize>) -> Result<RuleRows, Fault> {
        let (threshold, divides) = self.threshold(combination)?;
        let tests = match threshold.as_rows() {
            Some(rows) => rows,
            None => vec![threshold.row(&mut self.table).map_err(at(&self.whole))?],
        };
        let (name, why, span) = (String::new(), String::new(), span.clone());
        Ok(RuleRows {
            name,
            why,
            kind: RuleKind::Combination,
            span,
            tests,
            guards: Vec::new(),
            together: None,
            divides,
        })
    }

    fn threshold(&mut self, combination: &Combination) -> Result<(Threshold, bool), Fault> {
        let everywhere = at(&self.whole);
        match combination {
            Combination::Rule(name, span) => {
                let index = self.lookup(name, span)?;
                let rule = &self.rules[index];
                Ok((Threshold::all(rule.rows()), rule.divides))
            }
            Combination::Not(inner, span) => {
                let (threshold, divides) = self.threshold(inner)?;
                if divides {
                    return Err(Fault::new(
                        &codes::POLICY_NEGATED_RATIO,
                        "`not` stands before a rule that divides",
                        span.clone(),
                    ));
                }
                Ok((threshold.negated(), false))
            }
            Combination::And(parts) => {
                let (parts, divides) = self.thresholds(parts)?;
                Ok((Threshold::and(parts, &mut self.table).map_err(everywhere)?, divides))
            }
            Combination::Or(parts) => {
                let (parts, divides) = self.thresholds(parts)?;
                Ok((Threshold::or(parts, &mut self.table).map_err(everywhere)?, divides))
            }
            Combination::AtLeast(count, parts, span) => {
                let (parts, divides) = self.thresholds(parts)?;
                Ok((
                    Threshold::at_least(*count, &parts, &mut self.table).map_err(at(span))?,
                    divides,
                ))
            }
        }
    }

    fn thresholds(&mut self, parts: &[Combination]) -> Result<(Vec<Threshold>, bool), Fault> {
        let parts = parts
            .iter()
            .map(|part| self.threshold(part))
            .collect::<Result<Vec<_>, _>>()?;
        let divides = parts.iter().any(|(_, divides)| *divides);
        Ok((parts.into_iter().map(|(threshold, _)| threshold).collect(), divides))
    }

    /// A row whose pass bit says that the whole rule holds.
    pub(super) fn bit(&mut self, index: usize, span: &Range<usize>) -> Result<RowId, Fault> {
        let rows = self.rules[index].rows();
        Threshold::all(rows).row(&mut self.table).map_err(at(span))
    }

    /// Notes for each rule of several rows which row passes exactly when all of them do.
    pub(super) fn note_joint_rows(&mut self) {
        for rule in &mut self.rules {
            rule.together = self.table.joint(&rule.rows());
        }
    }

    /// A factor's break points as rules, each with the points that it adds.
    pub(super) fn factor(&mut self, factor: &Factor) -> Result<Vec<(usize, u32)>, Fault> {
        let relocate = self.relocation(&factor.expression);
        let expression: Expression = parse_expression(&factor.expression.value).map_err(&relocate)?;
        let value = self.context.lower(&expression).map_err(&relocate)?;
        let mut steps = Vec::new();
        let mut before = 0;
        for Located {
            value: (threshold, points),
            span,
        } in &factor.points
        {
            let sign = if factor.at_most { "at-most" } else { "at-least" };
            let name = format!(
                "{}-{sign}-{}",
                factor.name.value,
                crate::render::words::decimal_name(threshold)
            );
            if self.find(&name).is_some() {
                return Err(Fault::new(
                    &codes::POLICY_DUPLICATE,
                    format!("`{name}` is written twice"),
                    span.clone(),
                ));
            }
            let located = Located {
                value: name.clone(),
                span: span.clone(),
            };
            let plain = Context::plain(BigRational::clone(threshold));
            let mut rows = Rows::default();
            let (greater, less) = if factor.at_most {
                (&plain, &value)
            } else {
                (&value, &plain)
            };
            self.inequality(greater, less, false, &expression.span, &located, &mut rows)
                .map_err(|fault| Fault {
                    span: span.clone(),
                    ..fault
                })?;
            self.rules.push(RuleRows {
                name: name.clone(),
                why: factor.why.clone(),
                kind: RuleKind::FactorStep,
                span: span.clone(),
                tests: rows.tests,
                guards: rows.guards,
                together: None,
                divides: rows.divides,
            });
            self.used.insert(name);
            steps.push((self.rules.len() - 1, points - before));
            before = *points;
        }
        Ok(steps)
    }
}
