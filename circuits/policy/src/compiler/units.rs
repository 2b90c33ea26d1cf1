//! From a parsed expression to exact algebra, with units: money, counts and ratios do not mix.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;

use super::algebra::{Impossible, Linear, Rational};
use crate::catalogue as codes;
use crate::expression::{Expression, ExpressionKind, Fault, NumberKind, Operator, Period};
use crate::program::{FIGURES, Relation, STATEMENTS};
use crate::schema::{Figure, Schema, Unit as FigureUnit};
use crate::spelling::distance;
use crate::statement::Currency;

/// Powers of money and of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    money: i32,
    count: i32,
}

impl Unit {
    const RATIO: Self = Self { money: 0, count: 0 };
    const MONEY: Self = Self { money: 1, count: 0 };
    const COUNT: Self = Self { money: 0, count: 1 };

    fn name(self) -> String {
        match (self.money, self.count) {
            (0, 0) => "a ratio".into(),
            (1, 0) => "money".into(),
            (0, 1) => "a count".into(),
            (1, -1) => "money per head".into(),
            (m, c) => format!("money^{m} · count^{c}"),
        }
    }
}

/// An algebraic value with its unit; `None` is a plain number, which takes the unit of what it meets.
#[derive(Debug, Clone)]
pub(super) struct Quantity {
    pub(super) value: Rational,
    unit: Option<Unit>,
}

/// What names mean in this policy.
pub(super) struct Context {
    /// The schemas of the first and of the second statement.
    pub(super) schemas: [Option<&'static Schema>; STATEMENTS],
    pub(super) currency: Currency,
    pub(super) relation: Relation,
    /// The month, from 0, that a series' name means at the moment.
    pub(super) month: Option<usize>,
}

type Span = std::ops::Range<usize>;

impl Context {
    /// A plain number, as a quantity that takes the unit of what it meets.
    pub(super) fn plain(value: BigRational) -> Quantity {
        Quantity {
            value: Rational::linear(Linear::constant(value)),
            unit: None,
        }
    }

    /// Lowers an expression.
    pub(super) fn lower(&self, expression: &Expression) -> Result<Quantity, Fault> {
        let span = &expression.span;
        match &expression.kind {
            ExpressionKind::Number(value, kind) => self.number(value, kind, span),
            ExpressionKind::Figure(period, name) => self.named(*period, name, span),
            ExpressionKind::Negate(inner) => {
                let inner = self.lower(inner)?;
                Ok(Quantity {
                    value: inner.value.negated(),
                    unit: inner.unit,
                })
            }
            ExpressionKind::Binary(operator, left, right) => {
                let (a, b) = (self.lower(left)?, self.lower(right)?);
                match operator {
                    Operator::Add => self.sum(&a, &b, span),
                    Operator::Subtract => self.difference(&a, &b, span),
                    Operator::Multiply => self.product(&a, &b, span),
                    Operator::Divide => self.quotient(&a, &b, &right.span),
                }
            }
        }
    }

    fn number(&self, value: &BigRational, kind: &NumberKind, span: &Span) -> Result<Quantity, Fault> {
        let plain = Self::plain(value.clone());
        match kind {
            NumberKind::Plain => Ok(plain),
            NumberKind::Percent => Ok(Quantity {
                unit: Some(Unit::RATIO),
                ..plain
            }),
            NumberKind::Money(code) if code == self.currency.code => {
                let minor = value * BigInt::from(self.currency.minor_per_major());
                if !minor.is_integer() {
                    let what = format!("{value} {code} is not a whole number of minor units");
                    return Err(Fault::new(&codes::AMOUNT_INVALID, what, span.clone())
                        .expected(format!("at most {} decimals", self.currency.minor_digits)));
                }
                Ok(Quantity {
                    unit: Some(Unit::MONEY),
                    ..Self::plain(minor)
                })
            }
            NumberKind::Money(code) => {
                Err(
                    Fault::new(&codes::POLICY_UNITS, format!("an amount in {code}"), span.clone()).expected(format!(
                        "{}, the policy's currency: amounts are never converted",
                        self.currency
                    )),
                )
            }
        }
    }

    /// The figure of a column.
    pub(super) fn figure(&self, column: usize) -> Option<&'static Figure> {
        self.schemas
            .get(column / FIGURES)?
            .as_ref()?
            .figures
            .get(column % FIGURES)
    }

    /// The statement that a name's prefix means, and its schema.
    pub(super) fn statement(&self, period: Period, span: &Span) -> Result<(usize, &'static Schema), Fault> {
        let statement = match (period, self.relation) {
            (Period::Current, _) => 0,
            (Period::Prior, Relation::Prior) | (Period::Companion, Relation::Companion) => 1,
            _ => STATEMENTS,
        };
        match self.schemas.get(statement) {
            Some(Some(schema)) => Ok((statement, schema)),
            _ => {
                let what = format!(
                    "a second statement is read, and the policy's relation is `{}`",
                    self.relation.name()
                );
                Err(Fault::new(&codes::POLICY_NO_SECOND, what, span.clone()))
            }
        }
    }

    fn named(&self, period: Period, name: &str, span: &Span) -> Result<Quantity, Fault> {
        let (statement, schema) = self.statement(period, span)?;
        let monthly = self
            .month
            .and_then(|month| Some(schema.series_named(name)?.first + month));
        let Some(index) = monthly.or_else(|| schema.index_of(name)) else {
            let close = schema
                .figures
                .iter()
                .map(|f| f.name)
                .min_by_key(|known| distance(known, name));
            return Err(Fault::new(
                &codes::POLICY_UNKNOWN_FIGURE,
                format!("there is no figure `{name}`"),
                span.clone(),
            )
            .expected(format!(
                "a figure of {}, such as {}",
                schema.name,
                close.unwrap_or("total_assets")
            )));
        };
        let column = statement * FIGURES + index;
        let unit = match self.figure(column).map(|f| f.unit) {
            Some(FigureUnit::Count) => Unit::COUNT,
            _ => Unit::MONEY,
        };
        Ok(Quantity {
            value: Rational::linear(Linear::column(column)),
            unit: Some(unit),
        })
    }

    /// Gives a plain number the unit of the other side: money in major units becomes minor units.
    fn adapted(&self, quantity: &Quantity, unit: Unit, span: &Span) -> Result<Rational, Fault> {
        match quantity.unit {
            Some(own) if own == unit => Ok(quantity.value.clone()),
            None if quantity.value.as_constant().is_some_and(Zero::is_zero) => Ok(quantity.value.clone()),
            None if unit.money == 0 => Ok(quantity.value.clone()),
            None if unit.money == 1 => Ok(quantity
                .value
                .scaled(&BigRational::from(BigInt::from(self.currency.minor_per_major())))),
            own => {
                let own = own.map_or_else(|| "a plain number".to_owned(), Unit::name);
                Err(Fault::new(
                    &codes::POLICY_UNITS,
                    format!("{own} meets {}", unit.name()),
                    span.clone(),
                )
                .expected("the same unit on both sides"))
            }
        }
    }

    fn sum(&self, a: &Quantity, b: &Quantity, span: &Span) -> Result<Quantity, Fault> {
        let unit = a.unit.or(b.unit);
        let (left, right) = match unit {
            None => (a.value.clone(), b.value.clone()),
            Some(unit) => (self.adapted(a, unit, span)?, self.adapted(b, unit, span)?),
        };
        Ok(Quantity {
            value: left.plus(&right).map_err(|e| impossible(e, span))?,
            unit,
        })
    }

    /// `a − b`; also what a comparison looks at.
    pub(super) fn difference(&self, a: &Quantity, b: &Quantity, span: &Span) -> Result<Quantity, Fault> {
        self.sum(
            a,
            &Quantity {
                value: b.value.negated(),
                unit: b.unit,
            },
            span,
        )
    }

    fn product(&self, a: &Quantity, b: &Quantity, span: &Span) -> Result<Quantity, Fault> {
        let value = a.value.times(&b.value).map_err(|e| impossible(e, span))?;
        Ok(Quantity {
            value,
            unit: combined(a, b, 1),
        })
    }

    fn quotient(&self, a: &Quantity, b: &Quantity, span: &Span) -> Result<Quantity, Fault> {
        let value = a.value.divided_by(&b.value).map_err(|e| impossible(e, span))?;
        Ok(Quantity {
            value,
            unit: combined(a, b, -1),
        })
    }
}

/// A plain number leaves the other's unit as it is; plain numbers and percentages among themselves stay plain.
fn combined(a: &Quantity, b: &Quantity, sign: i32) -> Option<Unit> {
    let constant = |q: &Quantity| q.value.as_constant().is_some();
    let (own, other) = (a.unit.unwrap_or(Unit::RATIO), b.unit.unwrap_or(Unit::RATIO));
    let ratios = own == Unit::RATIO && other == Unit::RATIO;
    if constant(a) && constant(b) && ratios && (a.unit.is_none() || b.unit.is_none()) {
        return None;
    }
    let (a, b) = (own, other);
    Some(Unit {
        money: a.money + sign * b.money,
        count: a.count + sign * b.count,
    })
}

fn impossible(why: Impossible, span: &Span) -> Fault {
    match why {
        Impossible::Degree => Fault::new(
            &codes::POLICY_TOO_LARGE,
            "the expression needs a product of three figures",
            span.clone(),
        )
        .expected("at most two factors that hold figures, after multiplying out the denominators")
        .advice("Split the rule, or divide by one denominator instead of several."),
        Impossible::Zero => Fault::new(&codes::POLICY_DIVISION, "a division by zero", span.clone()),
        Impossible::SumOfProducts => {
            Fault::new(&codes::POLICY_DIVISION, "a division by a sum of products", span.clone())
                .expected("a denominator that is linear, or a product of linear expressions")
        }
    }
}
