//! Amounts: decimal text to 64-bit minor units and back, exactly. No floating point, no guessing of separators.

use covenant_policy::refusal::Refusal;

use crate::catalogue;
use crate::clip;

/// How a file writes its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    /// Characters that may stand before the fraction.
    pub decimal: &'static [char],
    /// The character between groups of three digits, where the format has one.
    pub thousands: Option<char>,
    /// Digits after the decimal point in the currency.
    pub minor_digits: u8,
}

impl Notation {
    /// FEC: decimal comma, or point (some products), no grouping.
    pub const FEC: Self = Self {
        decimal: &[',', '.'],
        thousands: None,
        minor_digits: 2,
    };
    /// SIE: decimal point, no grouping.
    pub const SIE: Self = Self {
        decimal: &['.'],
        thousands: None,
        minor_digits: 2,
    };
}

/// The amount in minor units.
///
/// Grammar: optional sign, digits (in groups of three where a thousands character is declared and used), optionally a decimal
/// character and digits. More fraction digits than the currency has are accepted only where they are zeros.
///
/// # Errors
/// `bad-amount`, `amount-too-large`; without a place, which the caller knows.
pub fn parse_amount(text: &str, notation: Notation) -> Result<i64, Refusal> {
    let value = parse_fine_amount(text, notation, 0)?;
    i64::try_from(value).map_err(|_| too_large(text))
}

/// The amount with `extra` more digits than the currency has: in 10^-`extra` of a minor unit. Otherwise as [`parse_amount`].
///
/// # Errors
/// `bad-amount`, `amount-too-large` beyond 64 bits of minor units; without a place.
pub fn parse_fine_amount(text: &str, notation: Notation, extra: u8) -> Result<i128, Refusal> {
    let bad = || {
        Refusal::new(&catalogue::BAD_AMOUNT, format!("{:?} is not an amount", clip(text, 40)))
            .expected(example(notation))
    };
    let trimmed = text.trim_matches(' ');
    let (negative, unsigned) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (whole, fraction) = match unsigned.find(notation.decimal) {
        Some(at) => (&unsigned[..at], &unsigned[at + 1..]),
        None => (unsigned, ""),
    };
    let whole_digits = ungroup(whole, notation.thousands).ok_or_else(bad)?;
    if whole_digits.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let digits = usize::from(notation.minor_digits.saturating_add(extra));
    if fraction.bytes().skip(digits).any(|b| b != b'0') {
        return Err(bad());
    }
    let limit = i128::from(i64::MAX) * 10i128.pow(u32::from(extra).min(18));
    let mut value: i128 = 0;
    let padding = std::iter::repeat_n(b'0', digits.saturating_sub(fraction.len()));
    for digit in whole_digits.bytes().chain(fraction.bytes().take(digits)).chain(padding) {
        value = value * 10 + i128::from(digit - b'0');
        if value > limit {
            return Err(too_large(text));
        }
    }
    Ok(if negative { -value } else { value })
}

/// The digits of the whole part with the grouping removed; `None` where the grouping is wrong or something else stands there.
fn ungroup(whole: &str, thousands: Option<char>) -> Option<String> {
    let groups: Vec<&str> = match thousands {
        Some(c) if whole.contains(c) => whole.split(c).collect(),
        _ => vec![whole],
    };
    for (i, group) in groups.iter().enumerate() {
        let digits = group.bytes().all(|b| b.is_ascii_digit());
        let length = groups.len() == 1
            || if i == 0 {
                (1..=3).contains(&group.len())
            } else {
                group.len() == 3
            };
        if !digits || !length {
            return None;
        }
    }
    Some(groups.concat())
}

fn too_large(text: &str) -> Refusal {
    Refusal::new(
        &catalogue::AMOUNT_TOO_LARGE,
        format!("{} has too many digits", clip(text, 40)),
    )
    .expected("an amount below 2^63 minor units")
}

/// An example of the notation, for messages.
fn example(notation: Notation) -> String {
    let decimal = notation.decimal.first().copied().unwrap_or('.');
    let grouped = notation
        .thousands
        .map_or_else(|| "1234".to_owned(), |c| format!("1{c}234"));
    match notation.minor_digits {
        0 => format!("a number such as {grouped}"),
        n => format!(
            "a number with at most {n} decimals, such as {grouped}{decimal}{}",
            &"567"[..usize::from(n).min(3)]
        ),
    }
}

/// The amount with its decimals and a sign, without grouping: what documents carry.
pub fn format_amount(amount: i128, minor_digits: u8) -> String {
    let scale = 10u128.pow(u32::from(minor_digits).min(18));
    let magnitude = amount.unsigned_abs();
    let sign = if amount < 0 { "-" } else { "" };
    if minor_digits == 0 {
        return format!("{sign}{magnitude}");
    }
    format!(
        "{sign}{}.{:0width$}",
        magnitude / scale,
        magnitude % scale,
        width = usize::from(minor_digits)
    )
}

/// The amount grouped for people's eyes: `1,050,982.35`.
pub fn group_amount(amount: i128, minor_digits: u8) -> String {
    let plain = format_amount(amount, minor_digits);
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain.as_str()), |r| ("-", r));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(f) = fraction {
        grouped.push('.');
        grouped.push_str(f);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fec(text: &str) -> Result<i64, &'static str> {
        parse_amount(text, Notation::FEC).map_err(|r| r.code())
    }

    #[test]
    fn notation_is_strict() {
        assert_eq!(fec("0,00"), Ok(0));
        assert_eq!(fec("13500,00"), Ok(1_350_000));
        assert_eq!(fec("-12.5"), Ok(-1250));
        assert_eq!(fec("+7"), Ok(700));
        assert_eq!(fec(" 1,2300 "), Ok(123));
        for bad in [
            "", "-", ",5", "1 234,00", "1,234", "1.234,00", "12,3x", "1e5", "--1", "٣,00", "0x10", "1,2,3", "NaN",
        ] {
            assert_eq!(fec(bad), Err("bad-amount"), "{bad:?}");
        }
    }

    #[test]
    fn sixty_four_bits_are_the_limit() {
        assert_eq!(fec("92233720368547758,07"), Ok(i64::MAX));
        assert_eq!(fec("-92233720368547758,07"), Ok(-i64::MAX));
        assert_eq!(fec("92233720368547758,08"), Err("amount-too-large"));
        assert_eq!(fec("-92233720368547758,08"), Err("amount-too-large"));
        assert_eq!(fec(&"9".repeat(5000)), Err("amount-too-large"));
    }

    #[test]
    fn grouping_is_only_what_was_declared() {
        let n = Notation {
            decimal: &[','],
            thousands: Some('.'),
            minor_digits: 3,
        };
        let parse = |t: &str| parse_amount(t, n).map_err(|r| r.code());
        assert_eq!(parse("1.234.567,891"), Ok(1_234_567_891));
        assert_eq!(parse("1234,5"), Ok(1_234_500));
        for bad in ["1.23,0", "12.34.567", ".123", "1..234", "1.234.56"] {
            assert_eq!(parse(bad), Err("bad-amount"), "{bad}");
        }
    }

    #[test]
    fn amounts_are_written_with_their_minor_units() {
        assert_eq!(format_amount(-5, 2), "-0.05");
        assert_eq!(format_amount(1234, 0), "1234");
        assert_eq!(format_amount(1234, 3), "1.234");
        assert_eq!(group_amount(-105_098_235, 2), "-1,050,982.35");
        assert_eq!(group_amount(i128::from(i64::MIN), 2), "-92,233,720,368,547,758.08");
        assert_eq!(group_amount(999, 0), "999");
    }
}
