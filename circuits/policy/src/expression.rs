//! The language in which people write rules: comparisons of figures, and combinations of named rules.
//!
//! ```text
//! comparison   = sum ( ">=" | "<=" | ">" | "<" | "==" ) sum  |  sum "between" sum "and" sum
//! sum          = product { ( "+" | "-" ) product }
//! product      = unary { ( "*" | "/" ) unary }
//! unary        = "-" unary | "(" sum ")" | number [ "%" | CURRENCY ] | [ ( "prior" | "companion" ) "." ] figure
//! combination  = conjunction { "or" conjunction }
//! conjunction  = term { "and" term }
//! term         = "not" term | "at" "least" number "of" "(" combination { "," combination } ")" | "(" combination ")" | rule-name
//! ```
//!
//! Numbers are exact decimals, `_` may separate digits. There are no floats anywhere: `1.2` is 6/5.

use std::ops::Range;

use num_rational::BigRational;

use crate::catalogue::POLICY_EXPRESSION;
use crate::refusal::{Entry, Refusal};

mod lexer;
mod parser;

pub use parser::{parse, parse_expression};

/// Bytes that one expression can have.
pub const EXPRESSION_BYTES_MAX: usize = 2_000;
/// How deeply parentheses and signs can be nested.
pub const DEPTH_MAX: usize = 32;
/// Digits of a number.
pub const DIGITS_MAX: usize = 40;

/// A refusal and the bytes that it is about, before the source's lines are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong; boxed, so that a `Result` stays small.
    pub refusal: Box<Refusal>,
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
    /// It follows from another fault, which is reported already.
    pub follows: bool,
}

impl Fault {
    /// A fault with this code at these bytes.
    pub fn new(entry: &'static Entry, what: impl Into<String>, span: Range<usize>) -> Self {
        Self::of(Refusal::new(entry, what), span)
    }

    /// A refusal at these bytes.
    pub fn of(refusal: Refusal, span: Range<usize>) -> Self {
        Self {
            refusal: Box::new(refusal),
            span,
            follows: false,
        }
    }

    /// Says that it follows from another fault, which is reported already.
    #[must_use]
    pub fn following(mut self) -> Self {
        self.follows = true;
        self
    }

    /// Says what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.refusal = Box::new(self.refusal.expected(expected));
        self
    }

    /// Replaces the catalogue's advice.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.refusal = Box::new(self.refusal.advice(advice));
        self
    }
}

/// How a number was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberKind {
    /// Digits alone: a ratio, a count, or money in major units, whatever it is compared with.
    Plain,
    /// With a percent sign: a ratio; the value is already divided by 100.
    Percent,
    /// With a currency code: money in major units.
    Money(String),
}

/// Which statement a figure is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// The first statement.
    Current,
    /// The second, as the prior period.
    Prior,
    /// The second, as a companion.
    Companion,
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// An arithmetic expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// The bytes that it was written in.
    pub span: Range<usize>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpressionKind {
    /// An exact number.
    Number(BigRational, NumberKind),
    /// A figure, by the name that was written.
    Figure(Period, String),
    /// A negation.
    Negate(Box<Expression>),
    /// An operation.
    Binary(Operator, Box<Expression>, Box<Expression>),
}

/// How two expressions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
    /// `==`
    Equal,
}

/// What a rule demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `left op right`
    Compare(Expression, Comparator, Expression),
    /// `value between low and high`, both included.
    Between(Expression, Expression, Expression),
    /// A combination of named rules.
    Combination(Combination),
    /// `months(condition, …) >= count`: the conditions, which name series, hold in so many of their months together.
    Months(Vec<Condition>, u32, Range<usize>),
    /// `longest_gap(series, …) <= most`: no longer run of months in which the series is 0, over the series one after the other.
    LongestGap(Vec<(Period, String)>, u32, Range<usize>),
}

/// A combination of named rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Combination {
    /// A rule by name, and where it was written.
    Rule(String, Range<usize>),
    /// The opposite, and where the `not` was written.
    Not(Box<Combination>, Range<usize>),
    /// All of them.
    And(Vec<Combination>),
    /// Any of them.
    Or(Vec<Combination>),
    /// At least so many of them, and where that was written.
    AtLeast(u32, Vec<Combination>, Range<usize>),
}

/// Reads an exact decimal such as `1.2`, `-3` or `50_000.00`; `None` for anything else (exponents, infinities, bare points).
pub fn parse_decimal(text: &str) -> Option<BigRational> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let value = lexer::decimal(unsigned)?;
    Some(if negative { -value } else { value })
}

pub(crate) fn fault(what: impl Into<String>, span: Range<usize>) -> Fault {
    Fault::new(&POLICY_EXPRESSION, what, span)
}

#[cfg(test)]
mod tests;
