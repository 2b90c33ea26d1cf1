//! Amounts of SAF-T files: XML Schema decimals, summed exactly in the ten-thousandth part of minor units, because products write up
//! to four more decimals than the currency has.

use covenant_policy::refusal::Refusal;

use crate::amount::{Notation, format_amount, parse_fine_amount};

/// Decimals beyond the currency's own.
const FINER: u8 = 4;
/// Units of one minor unit.
pub(super) const UNIT: i128 = 10_000;

/// The amount in ten-thousandths of minor units. XML Schema lets the digits before or after the point be left out.
pub(super) fn parse(text: &str, minor_digits: u8) -> Result<i128, Refusal> {
    let notation = Notation {
        decimal: &['.'],
        thousands: None,
        minor_digits,
    };
    let unsigned = text.trim_start_matches(['-', '+']);
    match unsigned.strip_prefix('.') {
        Some(fraction) if !fraction.is_empty() => {
            let sign = text.get(..text.len() - unsigned.len()).unwrap_or_default();
            parse_fine_amount(&format!("{sign}0.{fraction}"), notation, FINER)
        }
        _ => parse_fine_amount(text, notation, FINER),
    }
}

/// Whole minor units; `None` where the amount is finer, or beyond 64 bits.
pub(super) fn whole(amount: i128) -> Option<i64> {
    let minor = (amount % UNIT == 0).then_some(amount / UNIT)?;
    i64::try_from(minor).ok().filter(|m| *m != i64::MIN)
}

/// The amount with the decimals that it has, at least the currency's.
pub(super) fn show(amount: i128, minor_digits: u8) -> String {
    if amount % UNIT == 0 {
        return format_amount(amount / UNIT, minor_digits);
    }
    let text = format_amount(amount, minor_digits + FINER);
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_to_four_more_places() {
        let parse = |text| parse(text, 2).map_err(|r| r.code());
        assert_eq!(parse("9487049.35"), Ok(9_487_049_350_000));
        assert_eq!(parse("23.3938"), Ok(23_393_800));
        assert_eq!(parse(".359"), Ok(359_000));
        assert_eq!(parse("-.5"), Ok(-500_000));
        assert_eq!(parse("5."), Ok(5_000_000));
        assert_eq!(parse("0.000001"), Ok(1));
        assert_eq!(parse("1.50000000"), Ok(1_500_000));
        for bad in [
            "",
            ".",
            "-",
            "1,5",
            "1e3",
            "--1",
            "-.",
            "0.0000001",
            "INF",
            "+-1",
            "1 000",
        ] {
            assert_eq!(parse(bad), Err("bad-amount"), "{bad:?}");
        }
        assert_eq!(parse("92233720368547758.08"), Err("amount-too-large"));
    }

    #[test]
    fn whole_minor_units_are_told_from_finer_ones() {
        assert_eq!((whole(10_000), whole(-20_000), whole(1)), (Some(1), Some(-2), None));
        assert_eq!(show(23_393_800, 2), "23.3938");
        assert_eq!(show(-10_000, 2), "-0.01");
        assert_eq!(show(5_000_000, 0), "500");
    }
}
