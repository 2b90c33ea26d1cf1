//! Amounts as people write them, exactly: minor units on one side, decimal text on the other, never a float between.

use super::Currency;
use crate::catalogue::{AMOUNT_INVALID, FIGURE_OUT_OF_RANGE};
use crate::refusal::Refusal;

/// Digits with thousands separated by commas.
pub(crate) fn group_thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// An amount in minor units of any size, as "1,234.56 EUR".
pub fn format_big_amount(minor: &num_bigint::BigInt, currency: Currency) -> String {
    let sign = if minor.sign() == num_bigint::Sign::Minus {
        "−"
    } else {
        ""
    };
    let width = usize::from(currency.minor_digits) + 1;
    let digits = format!("{:0>width$}", minor.magnitude().to_string());
    let (major, fraction) = digits.split_at(digits.len() + 1 - width);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction} {}", group_thousands(major), currency.code)
}

/// An amount in minor units, as "1,234.56 EUR"; negative ones with a minus sign (U+2212) in front.
pub fn format_amount(minor: i64, currency: Currency) -> String {
    format_big_amount(&minor.into(), currency)
}

/// The decimal string of documents: "1234.56", "-0.05", without separators or currency; [`parse_amount`] reads it back.
pub fn amount_to_decimal(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let width = usize::from(currency.minor_digits) + 1;
    let digits = format!("{:0>width$}", minor.unsigned_abs());
    let (major, fraction) = digits.split_at(digits.len() + 1 - width);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{major}{point}{fraction}")
}

/// Reads a decimal string exactly: an optional `-`, digits, and at most as many decimals as the currency has.
///
/// # Errors
/// `amount-invalid` for anything else; `figure-out-of-range` beyond 63 bits.
pub fn parse_amount(text: &str, currency: Currency) -> Result<i64, Refusal> {
    let wrong = |why: &str| {
        Refusal::new(&AMOUNT_INVALID, format!("`{}` {why}", text.escape_debug())).expected(format!(
            "a decimal such as 1234 or -1234.5, with at most {} decimals",
            currency.minor_digits
        ))
    };
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (major, fraction) = match unsigned.split_once('.') {
        Some((major, fraction)) if !fraction.is_empty() => (major, fraction),
        Some(_) => return Err(wrong("ends in a decimal point")),
        None => (unsigned, ""),
    };
    if major.is_empty() || !major.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(wrong("is not a decimal number"));
    }
    if fraction.len() > usize::from(currency.minor_digits) {
        return Err(wrong(&format!("has more decimals than {} has", currency.code)));
    }
    let mut minor: i64 = 0;
    let padding = std::iter::repeat_n(b'0', usize::from(currency.minor_digits) - fraction.len());
    for digit in major.bytes().chain(fraction.bytes()).chain(padding) {
        minor = minor
            .checked_mul(10)
            .and_then(|m| m.checked_add(i64::from(digit - b'0')))
            .ok_or_else(|| {
                Refusal::new(
                    &FIGURE_OUT_OF_RANGE,
                    format!("{text} {} does not fit into 63 bits of minor units", currency.code),
                )
            })?;
    }
    Ok(if negative { -minor } else { minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_and_read_back() {
        let [eur, jpy, bhd] = ["EUR", "JPY", "BHD"].map(|c| Currency::from_code(c).unwrap());
        for (minor, currency, shown, decimal) in [
            (0, eur, "0.00 EUR", "0.00"),
            (5, eur, "0.05 EUR", "0.05"),
            (-5, eur, "−0.05 EUR", "-0.05"),
            (123_456, eur, "1,234.56 EUR", "1234.56"),
            (100_000_000, eur, "1,000,000.00 EUR", "1000000.00"),
            (1_234, jpy, "1,234 JPY", "1234"),
            (1_234, bhd, "1.234 BHD", "1.234"),
            (i64::MAX, jpy, "9,223,372,036,854,775,807 JPY", "9223372036854775807"),
        ] {
            assert_eq!(format_amount(minor, currency), shown);
            assert_eq!(amount_to_decimal(minor, currency), decimal);
            assert_eq!(parse_amount(decimal, currency), Ok(minor));
        }
        assert_eq!(parse_amount("12.5", eur), Ok(1250));
        assert_eq!(parse_amount("-0", eur), Ok(0));
        assert_eq!(parse_amount("-9223372036854775807", jpy), Ok(-i64::MAX));
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        let eur = Currency::from_code("EUR").unwrap();
        for wrong in [
            "", "-", ".", "1.", ".5", "1.005", "1e3", "1,000", "+1", " 1", "--1", "0x1", "1_000", "NaN", "١",
        ] {
            assert_eq!(
                parse_amount(wrong, eur).map_err(|r| r.code()),
                Err("amount-invalid"),
                "{wrong}"
            );
        }
        for big in ["92233720368547758.08", "99999999999999999999999999"] {
            assert_eq!(
                parse_amount(big, eur).map_err(|r| r.code()),
                Err("figure-out-of-range"),
                "{big}"
            );
        }
    }
}
