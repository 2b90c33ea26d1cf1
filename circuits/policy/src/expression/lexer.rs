//! Words, numbers and signs, each with its bytes.

use std::ops::Range;

use num_bigint::BigInt;
use num_rational::BigRational;

use super::{DIGITS_MAX, EXPRESSION_BYTES_MAX, Fault, fault};

/// One word, number or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Number(BigRational),
    Word(String),
    Sign(&'static str),
}

/// Longest first, so that `>=` is not read as `>`.
const SIGNS: [&str; 16] = [
    ">=", "<=", "==", "≥", "≤", ">", "<", "=", "+", "-", "*", "/", "(", ")", ".", ",",
];
const PERCENT: &str = "%";

/// Splits a text. In combinations, words may hold hyphens.
pub(super) fn split(text: &str, hyphens: bool) -> Result<Vec<(Token, Range<usize>)>, Fault> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(fault(format!("an expression of {} bytes", text.len()), 0..text.len())
            .expected(format!("at most {EXPRESSION_BYTES_MAX} bytes")));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let (token, len) = if first.is_ascii_digit() && !(hyphens && starts_word(rest)) {
            let len = number_length(rest);
            let digits = rest.get(..len).unwrap_or_default();
            let value = decimal(digits).ok_or_else(|| {
                fault(format!("`{digits}` is no number"), start..start + len).expected(format!(
                    "digits with at most one decimal point, at most {DIGITS_MAX} digits"
                ))
            })?;
            (Token::Number(value), len)
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let len = rest.find(|c: char| !is_word(c, hyphens)).unwrap_or(rest.len());
            (Token::Word(rest.get(..len).unwrap_or_default().to_owned()), len)
        } else if let Some(sign) = SIGNS.iter().chain([&PERCENT]).find(|s| rest.starts_with(**s)) {
            (Token::Sign(sign), sign.len())
        } else {
            let span = start..start + first.len_utf8();
            return Err(fault(format!("`{}` has no meaning here", first.escape_debug()), span)
                .advice("Use figure names, numbers, + - * / ( ) and one of >= <= > < ==."));
        };
        tokens.push((token, start..start + len));
        rest = rest.get(len..).unwrap_or_default();
    }
}

fn is_word(c: char, hyphens: bool) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (hyphens && c == '-')
}

/// Whether a run of word characters that starts with a digit holds a letter ("90-days").
fn starts_word(rest: &str) -> bool {
    rest.chars()
        .take_while(|c| is_word(*c, true))
        .any(|c| c.is_ascii_alphabetic())
}

/// Digits, `_`, and a decimal point that a digit follows.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut len = 0;
    while bytes.get(len).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        || (bytes.get(len) == Some(&b'.') && digit(len + 1))
    {
        len += 1;
    }
    len
}

/// An unsigned exact decimal; `_` only between digits.
pub(super) fn decimal(text: &str) -> Option<BigRational> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let clean = |part: &str| -> Option<String> {
        let fine = !part.is_empty()
            && part
                .split('_')
                .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
        fine.then(|| part.replace('_', ""))
    };
    let whole = clean(whole)?;
    let fraction = fraction.map_or(Some(String::new()), clean)?;
    if whole.len() + fraction.len() > DIGITS_MAX {
        return None;
    }
    let numerator: BigInt = format!("{whole}{fraction}").parse().ok()?;
    Some(BigRational::new(numerator, BigInt::from(10).pow(fraction.len() as u32)))
}
