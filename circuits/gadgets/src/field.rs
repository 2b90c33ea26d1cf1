//! Conversions between field elements and integers, bytes and decimal strings.
//!
//! What is read from outside has exactly one spelling: a number at or above the modulus, a leading zero or a sign is refused, so
//! that two byte strings never stand for one element.

use ark_ff::{BigInteger as _, PrimeField as _};
use num_bigint::BigUint;

pub use crate::circuit::Field;

/// The modulus p of the field.
pub fn modulus() -> BigUint {
    Field::MODULUS.into()
}

/// The element of an unsigned integer.
pub fn field_from_u64(value: u64) -> Field {
    Field::from(value)
}

/// The element of a signed integer: a negative one is p minus its magnitude.
pub fn field_from_i64(value: i64) -> Field {
    field_from_i128(i128::from(value))
}

/// The element of a signed integer: a negative one is p minus its magnitude.
pub fn field_from_i128(value: i128) -> Field {
    let magnitude = Field::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The element of 31 bytes read as a big-endian integer, which is always below p.
pub fn field_from_bytes_be_31(bytes: &[u8; 31]) -> Field {
    Field::from_be_bytes_mod_order(bytes)
}

/// The element of 32 little-endian bytes; `None` unless the number is below p.
pub fn field_from_bytes(bytes: &[u8; 32]) -> Option<Field> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*chunk);
    }
    Field::from_bigint(ark_ff::BigInt::new(limbs))
}

/// The 32 little-endian bytes of an element, canonical.
pub fn field_to_bytes(value: &Field) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(value.into_bigint().0) {
        *chunk = limb.to_le_bytes();
    }
    bytes
}

/// The element that 64 bytes, a little-endian integer, leave modulo p: for hashes, whose bias is then below 2^-250.
pub fn field_from_wide(bytes: &[u8; 64]) -> Field {
    Field::from_le_bytes_mod_order(bytes)
}

/// The element of a canonical decimal string: digits only, no leading zero, below p. `None` for anything else.
pub fn field_from_decimal(text: &str) -> Option<Field> {
    // p has 77 digits: a longer text is refused before any arithmetic on it.
    let canonical = (1..=77).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    let number: BigUint = canonical.then(|| text.parse().ok()).flatten()?;
    field_from_integer(&number)
}

/// The canonical decimal string of an element.
pub fn field_to_decimal(value: &Field) -> String {
    value.into_bigint().to_string()
}

/// The element of a non-negative integer; `None` unless it is below p.
pub fn field_from_integer(value: &BigUint) -> Option<Field> {
    Field::from_bigint(ark_ff::BigInt::<4>::try_from(value.clone()).ok()?)
}

/// The integer in [0, p) of an element.
pub fn field_to_integer(value: &Field) -> BigUint {
    value.into_bigint().into()
}

/// Bit `index` (0 is the least significant) of the integer in [0, p).
pub fn field_bit(value: &Field, index: usize) -> bool {
    value.into_bigint().get_bit(index)
}

/// The signed 128-bit integer that an element stands for, where there is one: the inverse of [`field_from_i128`].
pub fn field_to_i128(value: &Field) -> Option<i128> {
    let small = |element: &Field| -> Option<u128> {
        let [low, high, rest @ ..] = element.into_bigint().0;
        (rest == [0, 0]).then(|| u128::from(low) | u128::from(high) << 64)
    };
    match small(value) {
        Some(magnitude) => i128::try_from(magnitude).ok(),
        None => 0i128.checked_sub_unsigned(small(&-*value)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULUS_TEXT: &str = "21888242871839275222246405745257275088548364400416034343698204186575808495617";

    #[test]
    fn signed_integers_come_back() {
        for value in [
            0,
            1,
            -1,
            12_345,
            i128::from(i64::MAX),
            i128::from(i64::MIN),
            i128::MAX,
            i128::MIN,
        ] {
            assert_eq!(field_to_i128(&field_from_i128(value)), Some(value));
        }
        assert_eq!(field_from_i64(-3) + field_from_u64(3), Field::from(0u64));
        assert_eq!(field_to_i128(&field_from_bytes_be_31(&[0xff; 31])), None);
        assert_eq!(field_to_i128(&(field_from_i128(i128::MAX) + field_from_u64(1))), None);
        assert_eq!(field_to_i128(&(field_from_i128(i128::MIN) - field_from_u64(1))), None);
    }

    #[test]
    fn bytes_are_canonical() {
        let last = field_from_i64(-1);
        assert_eq!(field_from_bytes(&field_to_bytes(&last)), Some(last));
        let mut bytes = [0u8; 32];
        let modulus = modulus().to_bytes_le();
        bytes.copy_from_slice(&modulus);
        assert_eq!(
            field_from_bytes(&bytes),
            None,
            "the modulus is a second spelling of zero"
        );
        assert_eq!(field_from_bytes(&[0xff; 32]), None);
        let mut wide = [0u8; 64];
        wide[..32].copy_from_slice(&bytes);
        wide[0] += 5;
        assert_eq!(field_from_wide(&wide), field_from_u64(5));
        let mut short = [0u8; 31];
        short[30] = 7;
        assert_eq!(field_from_bytes_be_31(&short), field_from_u64(7));
    }

    #[test]
    fn decimals_are_canonical() {
        assert_eq!(modulus().to_string(), MODULUS_TEXT);
        let last = MODULUS_TEXT.replace("5617", "5616");
        assert_eq!(field_from_decimal(&last), Some(field_from_i64(-1)));
        assert_eq!(field_to_decimal(&field_from_i64(-1)), last);
        assert_eq!(field_from_decimal("0"), Some(field_from_u64(0)));
        assert_eq!(field_to_decimal(&field_from_u64(0)), "0");
        for refused in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "0x1",
            "1_0",
            "١",
            MODULUS_TEXT,
            &"9".repeat(400),
        ] {
            assert_eq!(field_from_decimal(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn bits_and_integers_agree() {
        let value = field_from_u64(0b1010);
        assert_eq!(
            (0..5).map(|index| field_bit(&value, index)).collect::<Vec<_>>(),
            [false, true, false, true, false]
        );
        assert_eq!(field_from_integer(&field_to_integer(&value)), Some(value));
        assert_eq!(field_from_integer(&modulus()), None);
        assert_eq!(field_from_integer(&(BigUint::from(1u8) << 300)), None);
    }
}
