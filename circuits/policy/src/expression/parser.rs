//! Recursive descent over the tokens, with bounded depth.

use std::ops::Range;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive as _;

use super::lexer::{Token, split};
use super::{
    Combination, Comparator, Condition, DEPTH_MAX, Expression, ExpressionKind, Fault, NumberKind, Operator, Period,
    fault,
};
use crate::schema::MONTHS;

/// Reads what a rule demands: a comparison where there is a comparison sign, a combination of rule names otherwise.
///
/// # Errors
/// A [`Fault`] with the code `policy-expression`.
pub fn parse(text: &str) -> Result<Condition, Fault> {
    if is_comparison(text) {
        let mut parser = Parser::new(text, false)?;
        let condition = parser.condition()?;
        parser.end("one comparison; `and` and `or` combine named rules: give each comparison a rule of its own")?;
        Ok(condition)
    } else {
        let mut parser = Parser::new(text, true)?;
        if parser.tokens.is_empty() {
            return Err(fault("the expression is empty", 0..text.len()));
        }
        let combination = parser.any(0)?;
        parser.end("`and`, `or`, or the end")?;
        Ok(Condition::Combination(combination))
    }
}

/// Reads a bare arithmetic expression (a scorecard factor).
///
/// # Errors
/// A [`Fault`] with the code `policy-expression`.
pub fn parse_expression(text: &str) -> Result<Expression, Fault> {
    let mut parser = Parser::new(text, false)?;
    let expression = parser.sum(0)?;
    parser.end("an expression without a comparison")?;
    Ok(expression)
}

fn is_comparison(text: &str) -> bool {
    text.contains(['<', '>', '=', '≥', '≤'])
        || text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .any(|word| word == "between")
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    length: usize,
}

impl Parser {
    fn new(text: &str, hyphens: bool) -> Result<Self, Fault> {
        Ok(Self {
            tokens: split(text, hyphens)?,
            next: 0,
            length: text.len(),
        })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    fn span(&self) -> Range<usize> {
        self.tokens
            .get(self.next)
            .map_or(self.length..self.length, |(_, span)| span.clone())
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w == word);
        self.next += usize::from(found);
        found
    }

    fn found(&self) -> String {
        match self.peek() {
            None => "the expression ends here".to_owned(),
            Some(Token::Number(n)) => format!("the number {n} stands here"),
            Some(Token::Word(w)) => format!("`{w}` stands here"),
            Some(Token::Sign(s)) => format!("`{s}` stands here"),
        }
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, Fault> {
        Err(fault(self.found(), self.span()).expected(expected))
    }

    fn end(&self, expected: &str) -> Result<(), Fault> {
        if self.peek().is_none() {
            Ok(())
        } else {
            self.wrong(expected)
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        if depth >= DEPTH_MAX {
            return Err(fault("the expression is nested too deeply", self.span())
                .expected(format!("at most {DEPTH_MAX} levels")));
        }
        Ok(depth + 1)
    }

    /// A comparison, or a count over the months of series.
    fn condition(&mut self) -> Result<Condition, Fault> {
        let start = self.span().start;
        let call = matches!(self.tokens.get(self.next + 1), Some((Token::Sign("("), _)));
        if call && self.word("months") {
            return self.months(start);
        }
        if call && self.word("longest_gap") {
            return self.longest_gap(start);
        }
        self.comparison()
    }

    fn months(&mut self, start: usize) -> Result<Condition, Fault> {
        self.sign("(");
        let mut parts = vec![self.comparison()?];
        while self.sign(",") {
            parts.push(self.comparison()?);
        }
        if !self.sign(")") {
            return self.wrong("`,` and another comparison, or `)`");
        }
        let strict = match self.peek() {
            Some(Token::Sign(">=" | "≥")) => 0,
            Some(Token::Sign(">")) => 1,
            _ => {
                return self
                    .wrong("`>=` and a number of months: to limit them, count those in which the opposite holds");
            }
        };
        self.next += 1;
        let (number, span) = self.whole_number()?;
        let most = (MONTHS * parts.len()) as u32;
        match number.checked_add(strict) {
            Some(count) if (1..=most).contains(&count) => Ok(Condition::Months(parts, count, start..span.end)),
            _ => Err(fault(format!("{number} of {most} months"), span).expected(format!("from 1 to {most} months"))),
        }
    }

    fn longest_gap(&mut self, start: usize) -> Result<Condition, Fault> {
        self.sign("(");
        let mut series = Vec::new();
        loop {
            let span = self.span();
            let Some(Token::Word(word)) = self.peek().cloned() else {
                return self.wrong("a series of months");
            };
            self.next += 1;
            if let ExpressionKind::Figure(period, name) = self.figure(word, span)?.kind {
                series.push((period, name));
            }
            if !self.sign(",") {
                break;
            }
        }
        if !self.sign(")") {
            return self.wrong("`,` and another series, or `)`");
        }
        let strict = match self.peek() {
            Some(Token::Sign("<=" | "≤")) => 0,
            Some(Token::Sign("<")) => 1,
            _ => return self.wrong("`<=` and a number of months"),
        };
        self.next += 1;
        let (number, span) = self.whole_number()?;
        let all = (MONTHS * series.len()) as u32;
        match number.checked_sub(strict) {
            Some(most) if most < all => Ok(Condition::LongestGap(series, most, start..span.end)),
            _ => Err(fault(format!("{number} of {all} months"), span).expected(format!("fewer than {all} months"))),
        }
    }

    fn whole_number(&mut self) -> Result<(u32, Range<usize>), Fault> {
        let span = self.span();
        let number = match self.peek() {
            Some(Token::Number(n)) if n.is_integer() => n.to_u32(),
            _ => None,
        };
        let Some(number) = number else {
            return self.wrong("a whole number of months");
        };
        self.next += 1;
        Ok((number, span))
    }

    fn comparison(&mut self) -> Result<Condition, Fault> {
        let left = self.sum(0)?;
        if self.word("between") {
            let low = self.sum(0)?;
            if !self.word("and") {
                return self.wrong("`and` and the upper bound");
            }
            return Ok(Condition::Between(left, low, self.sum(0)?));
        }
        let comparator = match self.peek() {
            Some(Token::Sign(">=" | "≥")) => Comparator::AtLeast,
            Some(Token::Sign("<=" | "≤")) => Comparator::AtMost,
            Some(Token::Sign(">")) => Comparator::Above,
            Some(Token::Sign("<")) => Comparator::Below,
            Some(Token::Sign("==" | "=")) => Comparator::Equal,
            _ => return self.wrong("a comparison: >=, <=, >, <, == or between"),
        };
        self.next += 1;
        Ok(Condition::Compare(left, comparator, self.sum(0)?))
    }

    fn sum(&mut self, depth: usize) -> Result<Expression, Fault> {
        let depth = self.deeper(depth)?;
        let mut left = self.product(depth)?;
        loop {
            let operator = match self.peek() {
                Some(Token::Sign("+")) => Operator::Add,
                Some(Token::Sign("-")) => Operator::Subtract,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.product(depth)?;
            left = binary(operator, left, right);
        }
    }

    fn product(&mut self, depth: usize) -> Result<Expression, Fault> {
        let mut left = self.unary(depth)?;
        loop {
            let operator = match self.peek() {
                Some(Token::Sign("*")) => Operator::Multiply,
                Some(Token::Sign("/")) => Operator::Divide,
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.unary(depth)?;
            left = binary(operator, left, right);
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, Fault> {
        let depth = self.deeper(depth)?;
        let span = self.span();
        if self.sign("-") {
            let inner = self.unary(depth)?;
            let span = span.start..inner.span.end;
            return Ok(Expression {
                kind: ExpressionKind::Negate(Box::new(inner)),
                span,
            });
        }
        if self.sign("(") {
            let inner = self.sum(depth)?;
            let end = self.span().end;
            if !self.sign(")") {
                return self.wrong("`)`");
            }
            return Ok(Expression {
                kind: inner.kind,
                span: span.start..end,
            });
        }
        match self.peek().cloned() {
            Some(Token::Number(value)) => {
                self.next += 1;
                Ok(self.number(value, span))
            }
            Some(Token::Word(word)) => {
                self.next += 1;
                self.figure(word, span)
            }
            _ => self.wrong("a figure, a number or `(`"),
        }
    }

    /// A number with what follows it: `%` or a currency code.
    fn number(&mut self, value: BigRational, span: Range<usize>) -> Expression {
        let end = self.span().end;
        if self.sign("%") {
            let value = value / BigInt::from(100);
            return Expression {
                kind: ExpressionKind::Number(value, NumberKind::Percent),
                span: span.start..end,
            };
        }
        if let Some(Token::Word(word)) = self.peek()
            && word.len() == 3
            && word.bytes().all(|b| b.is_ascii_uppercase())
        {
            let kind = ExpressionKind::Number(value, NumberKind::Money(word.clone()));
            self.next += 1;
            return Expression {
                kind,
                span: span.start..end,
            };
        }
        Expression {
            kind: ExpressionKind::Number(value, NumberKind::Plain),
            span,
        }
    }

    fn figure(&mut self, word: String, span: Range<usize>) -> Result<Expression, Fault> {
        let period = match word.as_str() {
            "prior" => Period::Prior,
            "companion" => Period::Companion,
            _ => {
                return Ok(Expression {
                    kind: ExpressionKind::Figure(Period::Current, word),
                    span,
                });
            }
        };
        if !self.sign(".") {
            return self.wrong("`.` and a figure");
        }
        let end = self.span().end;
        let Some(Token::Word(name)) = self.peek().cloned() else {
            return self.wrong("a figure");
        };
        self.next += 1;
        Ok(Expression {
            kind: ExpressionKind::Figure(period, name),
            span: span.start..end,
        })
    }

    fn any(&mut self, depth: usize) -> Result<Combination, Fault> {
        let depth = self.deeper(depth)?;
        let mut parts = vec![self.all(depth)?];
        while self.word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Combination::Or(parts)
        })
    }

    fn all(&mut self, depth: usize) -> Result<Combination, Fault> {
        let mut parts = vec![self.term(depth)?];
        while self.word("and") {
            parts.push(self.term(depth)?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Combination::And(parts)
        })
    }

    fn term(&mut self, depth: usize) -> Result<Combination, Fault> {
        let depth = self.deeper(depth)?;
        let span = self.span();
        if self.word("not") {
            return Ok(Combination::Not(Box::new(self.term(depth)?), span));
        }
        if self.word("at") {
            return self.at_least(depth, span.start);
        }
        if self.sign("(") {
            let inner = self.any(depth)?;
            return if self.sign(")") { Ok(inner) } else { self.wrong("`)`") };
        }
        match self.peek().cloned() {
            Some(Token::Word(name)) if !matches!(name.as_str(), "and" | "or" | "of" | "least") => {
                self.next += 1;
                Ok(Combination::Rule(name, span))
            }
            _ => self.wrong("a rule's name, `not`, `at least` or `(`, or a comparison such as a >= b"),
        }
    }

    fn at_least(&mut self, depth: usize, start: usize) -> Result<Combination, Fault> {
        if !self.word("least") {
            return self.wrong("`least`");
        }
        let Some(count) = self.peek().and_then(|t| match t {
            Token::Number(n) if n.is_integer() => n.to_u32(),
            _ => None,
        }) else {
            return self.wrong("a whole number");
        };
        self.next += 1;
        if !(self.word("of") && self.sign("(")) {
            return self.wrong("`of (`");
        }
        let mut parts = vec![self.any(depth)?];
        while self.sign(",") {
            parts.push(self.any(depth)?);
        }
        let end = self.span().end;
        if !self.sign(")") {
            return self.wrong("`,` or `)`");
        }
        let span = start..end;
        if count == 0 || count as usize > parts.len() {
            return Err(fault(format!("at least {count} of {} rules", parts.len()), span)
                .expected("a number from 1 to that of the rules"));
        }
        Ok(Combination::AtLeast(count, parts, span))
    }
}

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    let span = left.span.start..right.span.end;
    Expression {
        kind: ExpressionKind::Binary(operator, Box::new(left), Box::new(right)),
        span,
    }
}
